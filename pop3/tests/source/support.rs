//! Accounts to test with.

use futures_util::StreamExt as _;
use pop3::client::{ConnectOptions, Security};
use pop3::testing::{Profile, Server};
use pop3::{Pop3Config, Pop3Source};
use sync_core::Source as _;
use sync_core::model::{CollectionId, Cursor, Item, ItemId, ItemKind};
use sync_core::net::{Credential, Tls, TlsOptions};
use sync_core::source::{ChangePage, Depth, Mutation, Op, Outcome};

pub(crate) const KIND: ItemKind = ItemKind::Message;

/// A server of this profile that takes logins without TLS.
pub(crate) fn server(profile: Profile) -> Server {
    Server::builder()
        .profile(profile)
        .allow_plaintext(true)
        .start()
        .unwrap()
}

/// A server with so many messages.
pub(crate) fn filled(profile: Profile, count: usize) -> Server {
    let server = server(profile);
    server.maildrop().add_all((1..=count).map(text));
    server
}

/// How alice logs in there.
pub(crate) fn config(server: &Server) -> Pop3Config {
    let tls = TlsOptions {
        ca_pem: Some(server.ca_pem().as_bytes().to_vec()),
        ..TlsOptions::default()
    };
    let connect = ConnectOptions::new("127.0.0.1", Credential::password("alice", "alicepw"))
        .security(Security::AllowPlaintext)
        .port(server.addr().port())
        .tls(Tls::new(&tls).unwrap());
    Pop3Config::new("alice", connect)
}

/// A source on alice's account.
pub(crate) fn source(server: &Server) -> Pop3Source {
    Pop3Source::new(config(server))
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

/// A large one.
pub(crate) fn large(n: usize, bytes: usize) -> String {
    let mut text = text(n);
    while text.len() < bytes {
        text.push_str(&format!("{:06} {}\r\n", text.len(), "x".repeat(60)));
    }
    text
}

/// All pages of a listing, as one.
pub(crate) async fn list(source: &mut Pop3Source, since: Option<&Cursor>) -> ChangePage {
    let inbox = inbox();
    let mut page = source.changes(&inbox, since).await.unwrap();
    while page.more {
        let next = source.changes(&inbox, Some(&page.cursor)).await.unwrap();
        assert_eq!(next.coverage, page.coverage);
        page.changed.extend(next.changed);
        page.unreadable.extend(next.unreadable);
        (page.cursor, page.more) = (next.cursor, next.more);
    }
    page
}

pub(crate) fn ids(page: &ChangePage) -> Vec<ItemId> {
    page.changed.iter().map(|item| item.id.clone()).collect()
}

pub(crate) async fn fetch(
    source: &mut Pop3Source,
    ids: &[ItemId],
    depth: Depth,
) -> Vec<sync_core::Result<Item>> {
    let inbox = inbox();
    source.fetch(&inbox, ids, depth).collect().await
}

/// The contents of what must be there, in the order of the answers.
pub(crate) async fn contents(source: &mut Pop3Source, ids: &[ItemId]) -> Vec<String> {
    let content = |item: sync_core::Result<Item>| {
        let body = item.unwrap().body.unwrap().read(u64::MAX).unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    };
    let items = fetch(source, ids, Depth::Full).await;
    items.into_iter().map(content).collect()
}

pub(crate) fn delete(id: &ItemId) -> Op {
    Op::Delete {
        id: id.clone(),
        guard: "-".into(),
    }
}

pub(crate) fn batch(ops: Vec<Op>) -> Vec<Mutation> {
    let keyed = (1..).zip(ops);
    keyed.map(|(key, op)| Mutation { key, op }).collect()
}

pub(crate) async fn apply(source: &mut Pop3Source, ops: Vec<Op>) -> Vec<Outcome> {
    let applied = source.apply(&inbox(), None, batch(ops)).await;
    applied.unwrap().outcomes
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

/// How often a command was sent.
pub(crate) fn count(server: &Server, command: &str) -> usize {
    let lines = server.command_lines();
    let first = |line: &&String| line.split(' ').next() == Some(command);
    lines.iter().filter(first).count()
}
