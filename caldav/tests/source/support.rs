//! Accounts to test with.

use std::time::Duration;

use caldav::client::{ClientOptions, Service};
use caldav::source::{DavConfig, DavSource};
use caldav::testing::{Profile, Server};
use futures_util::StreamExt as _;
use sync_core::Source as _;
use sync_core::model::{CollectionId, Cursor, Flags, Identity, Item, ItemId, ItemKind, NewItem};
use sync_core::net::{Credential, Tls, TlsOptions};
use sync_core::source::{ChangePage, Depth, Mutation, Op, Outcome};

pub(crate) const WORK: &str = "calendars/work";
pub(crate) const PEOPLE: &str = "addressbooks/people";

/// A server of this profile with a calendar and an address book.
pub(crate) fn server(profile: Profile) -> Server {
    let server = Server::builder().profile(profile).start().unwrap();
    server.store().create(WORK);
    server.store().create(PEOPLE);
    server
}

pub(crate) fn options(url: &str, credential: Credential) -> ClientOptions {
    let tls = Tls::new(&TlsOptions::default()).unwrap();
    ClientOptions::new(url, tls, credential)
        .unwrap()
        .allow_plaintext()
}

/// How alice logs in there.
pub(crate) fn config(server: &Server, service: Service) -> DavConfig {
    let credential = Credential::password("alice", "alicepw");
    let account = format!("alice@{}", server.addr());
    let options = options(&server.url(), credential);
    DavConfig::new(service, account, options).poll(Duration::from_millis(20))
}

/// A source of alice's calendars.
pub(crate) fn calendars(server: &Server) -> DavSource {
    DavSource::new(config(server, Service::CalDav))
}

/// A source of alice's address books.
pub(crate) fn contacts(server: &Server) -> DavSource {
    DavSource::new(config(server, Service::CardDav))
}

/// The one collection of this name.
pub(crate) async fn open(source: &mut DavSource, name: &str) -> CollectionId {
    let all = source.collections().await.unwrap();
    let found = all.iter().find(|c| c.path.to_string() == name);
    found
        .unwrap_or_else(|| panic!("{name} in {all:?}"))
        .id
        .clone()
}

/// An event; `more` are further lines of it.
pub(crate) fn event(uid: &str, more: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260301T100000Z\r\nDTEND:20260301T110000Z\r\n\
         SUMMARY:{uid}\r\n{more}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

pub(crate) fn task(uid: &str) -> String {
    event(uid, "")
        .replace("VEVENT", "VTODO")
        .replace("DTEND", "DUE")
}

pub(crate) fn card(uid: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{uid}\r\nN:{uid};;;;\r\nEND:VCARD\r\n")
}

/// Puts so many events there: `0.ics`, `1.ics`...
pub(crate) fn fill(server: &Server, count: usize) {
    for n in 0..count {
        let uid = n.to_string();
        server
            .store()
            .put(WORK, &format!("{uid}.ics"), &event(&uid, ""));
    }
}

pub(crate) fn new_item(content: &str) -> NewItem {
    let kind = match content {
        c if c.contains("VTODO") => ItemKind::Task,
        c if c.contains("VCARD") => ItemKind::Contact,
        _ => ItemKind::Event,
    };
    let uid = sync_core::merge::uid(content.as_bytes());
    NewItem {
        kind,
        flags: Flags::default(),
        date: None,
        identity: Identity {
            uid,
            ..Identity::default()
        },
        body: content.into(),
    }
}

/// All pages of a listing, as one.
pub(crate) async fn list(
    source: &mut DavSource,
    c: &CollectionId,
    since: Option<&Cursor>,
) -> ChangePage {
    let mut page = source.changes(c, since).await.unwrap();
    while page.more {
        let next = source.changes(c, Some(&page.cursor)).await.unwrap();
        assert_eq!(next.coverage, page.coverage);
        page.changed.extend(next.changed);
        page.vanished.extend(next.vanished);
        page.unreadable.extend(next.unreadable);
        (page.cursor, page.more) = (next.cursor, next.more);
    }
    page
}

/// The ids of what changed, in order.
pub(crate) fn changed(page: &ChangePage) -> Vec<&str> {
    let mut ids: Vec<&str> = page.changed.iter().map(|item| item.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

pub(crate) async fn fetch(
    source: &mut DavSource,
    c: &CollectionId,
    ids: &[&str],
) -> Vec<sync_core::Result<Item>> {
    let ids: Vec<ItemId> = ids.iter().map(|id| ItemId::from(*id)).collect();
    source.fetch(c, &ids, Depth::Full).collect().await
}

pub(crate) fn text(item: &Item) -> String {
    let body = item.body.as_ref().unwrap().read(u64::MAX).unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

pub(crate) async fn apply(source: &mut DavSource, c: &CollectionId, ops: Vec<Op>) -> Vec<Outcome> {
    let batch = (1..).zip(ops).map(|(key, op)| Mutation { key, op });
    source
        .apply(c, None, batch.collect())
        .await
        .unwrap()
        .outcomes
}

pub(crate) async fn write(source: &mut DavSource, c: &CollectionId, op: Op) -> Outcome {
    apply(source, c, vec![op]).await.pop().unwrap()
}

pub(crate) fn replace(item: &Item, content: &str) -> Op {
    Op::Replace {
        id: item.id.clone(),
        guard: item.revision.clone(),
        body: content.into(),
    }
}

pub(crate) fn delete(item: &Item) -> Op {
    Op::Delete {
        id: item.id.clone(),
        guard: item.revision.clone(),
    }
}

/// In one word.
pub(crate) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done(_) => "done",
        Outcome::Stale => "stale",
        Outcome::Gone => "gone",
        Outcome::Refused(_) => "refused",
        Outcome::Unknown(_) => "unknown",
    }
}

pub(crate) fn words(outcomes: &[Outcome]) -> Vec<&'static str> {
    outcomes.iter().map(word).collect()
}

/// The methods and the last words of the paths of the requests seen.
pub(crate) fn seen(server: &Server) -> Vec<String> {
    let lines = server.requests();
    lines
        .iter()
        .map(|seen| {
            let body = ["sync-collection", "multiget", "query"]
                .into_iter()
                .find(|word| seen.body.contains(word));
            match body {
                Some(word) => format!("{} {word}", seen.method),
                None => seen.method.clone(),
            }
        })
        .collect()
}
