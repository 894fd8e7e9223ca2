//! Accounts to test with.

use futures_util::StreamExt as _;
use imap_client::client::{ConnectOptions, Security};
use imap_client::testing::{Profile, Server};
use imap_client::{ImapConfig, ImapSource};
use sync_core::Source as _;
use sync_core::model::{CollectionId, Cursor, Flags, Item, ItemId, ItemKind, NewItem};
use sync_core::net::{Credential, Tls, TlsOptions};
use sync_core::source::{ChangePage, Depth, Mutation, Op, Outcome};

/// A server of this profile that takes logins without TLS.
pub(crate) fn server(profile: Profile) -> Server {
    Server::builder()
        .profile(profile)
        .allow_plaintext(true)
        .start()
        .unwrap()
}

/// How alice logs in there.
pub(crate) fn config(server: &Server) -> ImapConfig {
    let tls = TlsOptions {
        ca_pem: Some(server.ca_pem().as_bytes().to_vec()),
        ..TlsOptions::default()
    };
    let connect = ConnectOptions::new("127.0.0.1", Credential::password("alice", "alicepw"))
        .security(Security::AllowPlaintext)
        .port(server.addr().port())
        .tls(Tls::new(&tls).unwrap());
    ImapConfig::new("alice", connect)
}

/// A source on alice's account.
pub(crate) fn source(server: &Server) -> ImapSource {
    ImapSource::new(config(server))
}

pub(crate) fn inbox() -> CollectionId {
    CollectionId::new("INBOX")
}

/// A message that no other number equals.
pub(crate) fn text(n: usize) -> String {
    format!(
        "From: a@example.org\r\nMessage-ID: <{n}@example.org>\r\nSubject: {n}\r\n\r\nText {n}\r\n"
    )
}

pub(crate) fn new_item(n: usize, flags: &str) -> NewItem {
    NewItem {
        kind: ItemKind::Message,
        flags: Flags::parse(flags),
        date: None,
        identity: sync_core::model::Identity::default(),
        body: text(n).as_str().into(),
    }
}

/// All pages of a listing, as one.
pub(crate) async fn list(source: &mut ImapSource, since: Option<&Cursor>) -> ChangePage {
    let inbox = inbox();
    let mut page = source.changes(&inbox, since).await.unwrap();
    while page.more {
        let next = source.changes(&inbox, Some(&page.cursor)).await.unwrap();
        assert_eq!(next.coverage, page.coverage);
        page.changed.extend(next.changed);
        page.present.extend(next.present);
        page.vanished.extend(next.vanished);
        page.unreadable.extend(next.unreadable);
        (page.cursor, page.more) = (next.cursor, next.more);
    }
    page
}

/// The UIDs of ids.
pub(crate) fn uids<'a>(ids: impl IntoIterator<Item = &'a ItemId>) -> Vec<u32> {
    let uid = |id: &ItemId| id.as_str().split_once('.').unwrap().1.parse().unwrap();
    let mut uids: Vec<u32> = ids.into_iter().map(uid).collect();
    uids.sort_unstable();
    uids
}

pub(crate) fn changed(page: &ChangePage) -> Vec<u32> {
    uids(page.changed.iter().map(|item| &item.id))
}

pub(crate) async fn fetch(
    source: &mut ImapSource,
    ids: &[ItemId],
    depth: Depth,
) -> Vec<sync_core::Result<Item>> {
    let inbox = inbox();
    source.fetch(&inbox, ids, depth).collect().await
}

pub(crate) async fn apply(source: &mut ImapSource, ops: Vec<Op>) -> Vec<Outcome> {
    let batch = (1..).zip(ops).map(|(key, op)| Mutation { key, op });
    let applied = source.apply(&inbox(), None, batch.collect()).await;
    applied.unwrap().outcomes
}

pub(crate) fn set_flags(item: &Item, add: &str, remove: &str) -> Op {
    Op::SetFlags {
        id: item.id.clone(),
        guard: item.revision.clone(),
        add: Flags::parse(add),
        remove: Flags::parse(remove),
    }
}

pub(crate) fn delete(item: &Item) -> Op {
    Op::Delete {
        id: item.id.clone(),
        guard: item.revision.clone(),
    }
}

/// In one word.
pub(crate) fn words(outcomes: &[Outcome]) -> Vec<&'static str> {
    let word = |outcome: &Outcome| match outcome {
        Outcome::Done(_) => "done",
        Outcome::Stale => "stale",
        Outcome::Gone => "gone",
        Outcome::Refused(_) => "refused",
        Outcome::Unknown(_) => "unknown",
    };
    outcomes.iter().map(word).collect()
}
