//! The client against a real Dovecot.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::time::Duration;

use imap_client::Client;
use imap_client::client::{
    ConnectOptions, EventKind, FetchPart, Idled, Security, Upload, UploadBody,
};
use imap_client::wire::command::{
    AppendMessage, FetchItem, FetchModifiers, ListOptions, Qresync, SearchKey, SelectOptions,
    StatusItem, StoreAction,
};
use imap_client::wire::{DateTime, Flags, MailboxName, SystemFlags, UidSet};
use sync_core::net::{Credential, CredentialSource, Secret, Tls, TlsOptions};
use testbed::Dovecot;

fn tls(server: &Dovecot) -> Tls {
    Tls::new(&TlsOptions {
        ca_pem: Some(std::fs::read(&server.ca_path).unwrap()),
        ..TlsOptions::default()
    })
    .unwrap()
}

fn as_user(server: &Dovecot, credential: impl CredentialSource + 'static) -> ConnectOptions {
    ConnectOptions::new("localhost", credential)
        .security(Security::StartTls)
        .port(server.imap_port)
        .tls(tls(server))
}

fn password(user: &str) -> Credential {
    Credential::password(user, Dovecot::password(user))
}

async fn alice(server: &Dovecot) -> Client {
    Client::connect(&as_user(server, password("alice")))
        .await
        .unwrap()
}

fn name(text: &str) -> MailboxName {
    MailboxName::from_text(text, imap_client::wire::NameEncoding::Utf7)
}

fn uids(text: &str) -> UidSet {
    text.parse().unwrap()
}

fn mail(n: u32) -> Vec<u8> {
    format!("Subject: {n}\r\nMessage-ID: <{n}@test>\r\n\r\nbody {n}\r\n").into_bytes()
}

async fn append(client: &mut Client, to: &MailboxName, count: u32) -> Vec<u32> {
    let mails: Vec<Vec<u8>> = (0..count).map(mail).collect();
    let mut uploads: Vec<Upload<'_>> = mails.iter().map(|m| Upload::new(m)).collect();
    let appended = client.append(to, &mut uploads).await.unwrap().unwrap();
    appended.uids.iter().collect()
}

async fn flags(client: &mut Client, set: &str) -> Vec<(u32, Vec<String>)> {
    let items = [FetchItem::Uid, FetchItem::Flags];
    let modifiers = FetchModifiers::default();
    let mut fetch = client
        .uid_fetch(&uids(set), &items, &modifiers)
        .await
        .unwrap();
    let mut all = Vec::new();
    while let Some(part) = fetch.next().await.unwrap() {
        let FetchPart::Message(message) = part else {
            panic!("{part:?}");
        };
        let flags = message.flags.unwrap();
        let names = flags.names().filter(|f| *f != "\\Recent").map(String::from);
        all.push((message.uid.unwrap(), names.collect()));
    }
    all
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn all_ways_to_connect_and_log_in() {
    let server = Dovecot::start().unwrap();
    let starttls = Client::connect(&as_user(&server, password("alice")))
        .await
        .unwrap();
    assert!(starttls.is_tls() && starttls.session().has("MULTIAPPEND"));
    starttls.logout().await;
    let imaps = as_user(&server, password("bob"))
        .security(Security::Tls)
        .port(server.imaps_port);
    let client = Client::connect(&imaps).await.unwrap();
    assert!(client.is_tls());
    client.logout().await;
    let bearer = Credential::bearer("alice", Dovecot::bearer_token("alice"));
    Client::connect(&as_user(&server, bearer))
        .await
        .unwrap()
        .logout()
        .await;

    let wrong = Credential::password("alice", "wrong");
    let error = Client::connect(&as_user(&server, wrong)).await.unwrap_err();
    assert!(error.is_authentication(), "{error}");
    let expired = Credential::bearer("alice", Dovecot::expired_token("alice"));
    let error = Client::connect(&as_user(&server, expired))
        .await
        .unwrap_err();
    assert!(error.is_authentication(), "{error}");
    let system = ConnectOptions::new("localhost", password("alice"))
        .security(Security::StartTls)
        .port(server.imap_port);
    let error = Client::connect(&system).await.unwrap_err();
    assert!(!error.is_retryable(), "{error}");
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn every_password_mechanism_logs_in() {
    for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"] {
        let server = Dovecot::builder()
            .extra(format!("auth_mechanisms = {}", mechanism.to_lowercase()))
            .start()
            .unwrap();
        let options = as_user(&server, password("alice"));
        let client = Client::connect(&options)
            .await
            .unwrap_or_else(|e| panic!("{mechanism}: {e}"));
        client.logout().await;
    }
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn without_tls_only_what_is_allowed() {
    let server = Dovecot::builder().without_tls().start().unwrap();
    let strict = ConnectOptions::new("localhost", password("alice"))
        .security(Security::StartTls)
        .port(server.imap_port);
    let error = Client::connect(&strict).await.unwrap_err();
    assert!(error.is_authentication(), "{error}");
    let lax = strict.security(Security::AllowPlaintext);
    let client = Client::connect(&lax).await.unwrap();
    assert!(!client.is_tls());
    client.logout().await;
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn mailboxes_come_and_go() {
    let server = Dovecot::start().unwrap();
    let mut client = alice(&server).await;
    let umlaut = name("Entwürfe & Mehr");
    client.create(&umlaut, &["\\Drafts"]).await.unwrap();
    let again = client.create(&umlaut, &[]).await.unwrap_err();
    assert!(again.is_already_there(), "{again}");
    client.subscribe(&umlaut).await.unwrap();
    append(&mut client, &umlaut, 3).await;
    let options = ListOptions {
        return_status: vec![
            StatusItem::Messages,
            StatusItem::UidNext,
            StatusItem::HighestModSeq,
        ],
        return_special_use: true,
        return_subscribed: true,
        ..ListOptions::default()
    };
    let listed = client.list(&name(""), &name("*"), options).await.unwrap();
    let ours = listed.iter().find(|l| l.list.name == umlaut).unwrap();
    assert_eq!(ours.status.as_ref().unwrap().messages, Some(3));
    assert!(listed.iter().any(|l| l.list.name.is_inbox()));
    let status = client
        .status(&umlaut, &[StatusItem::UidValidity, StatusItem::Unseen])
        .await;
    assert_eq!(status.unwrap().unseen, Some(3));
    let new = name("日本語");
    client.rename(&umlaut, &new).await.unwrap();
    client.delete(&new).await.unwrap();
    let error = client.select(&new, SelectOptions::default()).await;
    let error = error.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let space = client.namespace().await.unwrap();
    assert!(space.personal[0].delimiter.is_some());
    assert!(
        client
            .id(&[("name", "test")])
            .await
            .unwrap()
            .get("name")
            .is_some()
    );
    client.logout().await;
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn messages_are_stored_copied_moved_and_expunged() {
    let server = Dovecot::start().unwrap();
    let mut client = alice(&server).await;
    let archive = name("Archive");
    client.create(&archive, &[]).await.unwrap();
    let date = DateTime::new(1_000_000_000, 120).unwrap();
    let mut message = AppendMessage::new(9)
        .flags(SystemFlags::FLAGGED.into())
        .date(date);
    message.flags.insert_keyword("$Work").unwrap();
    let body = UploadBody::Reader(Box::new(&b"A: b\r\n\r\nc"[..]));
    let inbox = MailboxName::inbox();
    client
        .append(&inbox, &mut [Upload { message, body }])
        .await
        .unwrap();
    append(&mut client, &inbox, 4).await;
    let selected = client
        .select(&inbox, SelectOptions::default())
        .await
        .unwrap();
    assert_eq!((selected.exists, selected.uid_next), (5, Some(6)));
    assert!(
        selected
            .permanent_flags
            .unwrap()
            .contains(SystemFlags::NEW_KEYWORDS)
    );

    let items = [
        FetchItem::Uid,
        FetchItem::InternalDate,
        FetchItem::message(),
    ];
    let modifiers = FetchModifiers::default();
    let mut fetch = client
        .uid_fetch(&uids("1"), &items, &modifiers)
        .await
        .unwrap();
    let Some(FetchPart::Message(first)) = fetch.next().await.unwrap() else {
        panic!("no message");
    };
    assert_eq!(first.internal_date.unwrap().unix(), 1_000_000_000);
    assert_eq!(
        first.sections.full().unwrap().bytes(),
        Some(&b"A: b\r\n\r\nc"[..])
    );
    fetch.finish().await.unwrap();

    let deleted = Flags::from(SystemFlags::DELETED);
    let stored = client
        .uid_store(&uids("2:3"), StoreAction::Add, &deleted, true, None)
        .await;
    stored.unwrap();
    let found = client.uid_search(&SearchKey::Deleted).await.unwrap();
    assert_eq!(found.uids, uids("2:3"));
    client.uid_expunge(&uids("2")).await.unwrap();
    let copied = client
        .uid_copy(&uids("1"), &archive)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(copied.destination.iter().collect::<Vec<_>>(), [1]);
    let moved = client.uid_move(&uids("4:5"), &archive).await.unwrap();
    assert_eq!(moved.copy_uid.unwrap().destination.len(), 2);
    let all = flags(&mut client, "1:*").await;
    assert_eq!(all.iter().map(|m| m.0).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(all[0].1, ["\\Flagged", "$Work"]);
    client.unselect().await.unwrap();
    assert_eq!(client.selected(), None);
    client.logout().await;
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn qresync_tells_what_changed() {
    let server = Dovecot::start().unwrap();
    let mut client = alice(&server).await;
    let inbox = MailboxName::inbox();
    append(&mut client, &inbox, 5).await;
    assert!(
        client
            .enable(&["CONDSTORE", "QRESYNC"])
            .await
            .unwrap()
            .has("QRESYNC")
    );
    let before = client
        .select(&inbox, SelectOptions::default())
        .await
        .unwrap();
    let seen = Flags::from(SystemFlags::SEEN);
    let deleted = Flags::from(SystemFlags::DELETED);
    client
        .uid_store(&uids("2"), StoreAction::Add, &seen, true, None)
        .await
        .unwrap();
    client
        .uid_store(&uids("4"), StoreAction::Add, &deleted, true, None)
        .await
        .unwrap();
    let expunged = client.uid_expunge(&uids("4")).await.unwrap();
    assert_eq!(expunged.vanished, uids("4"));
    client.unselect().await.unwrap();
    let known = Qresync {
        uid_validity: before.uid_validity.unwrap(),
        mod_seq: before.highest_mod_seq.unwrap(),
        known_uids: Some(uids("1:5")),
        sequence_match: None,
    };
    let options = SelectOptions {
        qresync: Some(known),
        ..SelectOptions::default()
    };
    let after = client.select(&inbox, options).await.unwrap();
    assert_eq!(after.vanished, uids("4"));
    let changed: Vec<_> = after.changed.iter().map(|c| c.uid).collect();
    assert_eq!(changed, [Some(2)]);
    let stale = before.highest_mod_seq;
    let stored = client
        .uid_store(&uids("1:2"), StoreAction::Add, &deleted, true, stale)
        .await;
    assert_eq!(stored.unwrap().modified, uids("2"));
    client.logout().await;
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn idle_hears_of_new_mail() {
    let server = Dovecot::start().unwrap();
    let mut client = alice(&server).await;
    client
        .select(&MailboxName::inbox(), SelectOptions::default())
        .await
        .unwrap();
    assert_eq!(
        client.idle(Duration::from_millis(50)).await.unwrap(),
        Idled::TimedOut
    );
    let mut other = alice(&server).await;
    let wait = tokio::spawn(async move {
        let idled = client.idle(Duration::from_secs(30)).await;
        (client, idled)
    });
    append(&mut other, &MailboxName::inbox(), 1).await;
    let (mut client, idled) = wait.await.unwrap();
    assert_eq!(idled.unwrap(), Idled::Changed);
    assert!(
        std::iter::from_fn(|| client.next_event()).any(|e| matches!(e.kind, EventKind::Exists(1)))
    );
    // Dropped in the middle, it is ended by the next command.
    let dropped = tokio::time::timeout(
        Duration::from_millis(100),
        client.idle(Duration::from_secs(60)),
    );
    assert!(dropped.await.is_err());
    client.noop().await.unwrap();
    client.logout().await;
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn a_large_message_passes_compressed_and_in_pieces() {
    let server = Dovecot::start().unwrap();
    let options = as_user(&server, password("alice")).compress(true);
    let mut client = Client::connect(&options).await.unwrap();
    assert!(client.is_compressed());
    let line = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n";
    let body = [b"Subject: large\r\n\r\n".to_vec(), line.repeat(160_000)].concat();
    let inbox = MailboxName::inbox();
    client
        .append(&inbox, &mut [Upload::new(&body)])
        .await
        .unwrap();
    client
        .select(&inbox, SelectOptions::default())
        .await
        .unwrap();
    let items = [FetchItem::Uid, FetchItem::message()];
    let modifiers = FetchModifiers::default();
    let mut fetch = client
        .uid_fetch(&uids("1"), &items, &modifiers)
        .await
        .unwrap();
    let mut got = Vec::new();
    while let Some(part) = fetch.next().await.unwrap() {
        if let FetchPart::Chunk(bytes) = part {
            got.extend_from_slice(bytes);
        }
    }
    assert!(got == body);
    client.logout().await;
}

#[test]
fn secrets_do_not_show() {
    let options = ConnectOptions::new("h", Credential::password("alice", Secret::from("hunter2")));
    assert!(!format!("{options:?}").contains("hunter2"));
}
