//! Drafts from 16.0 on: kept, changed and sent by Sync ([MS-ASEMAIL] section 2.2.2.69).

use eas::testing::Server;
use eas::wire::Status;
use eas::wire::class::{Body, BodyType, Class, Email, Item, NewAttachment, Values};
use eas::wire::command::{Change, CollectionAnswer, ServerChange};
use eas::wire::wbxml::Tag;
use eas::wire::wbxml::pages::{Email as E, Email2 as E2};
use sync_core::Source as _;
use sync_core::model::{CollectionId, Flags, Identity, ItemKind, NewItem, Role};
use sync_core::source::{Depth, Mutation, Op, Outcome};

use crate::world::{Folder, client, server, source};

const MODERN: [&str; 2] = ["16.0", "16.1"];
const WHOLE: &str = "From: alice@example.org\r\nTo: bob@example.org\r\nBcc: eve@example.org\r\n\
    Subject: tea\r\nMessage-ID: <draft@example.org>\r\n\r\nAt four?\r\n";

/// A draft by its parts.
fn draft(values: &[(Tag, &str)], text: &str) -> Email {
    Email {
        values: Values::from_iter(values.iter().copied()),
        body: Some(Body::text(text)),
        ..Email::default()
    }
}

fn whole(mime: &str) -> Email {
    Email {
        body: Some(Body {
            body_type: BodyType::Mime,
            data: Some(mime.into()),
            ..Body::default()
        }),
        ..Email::default()
    }
}

fn add(email: Email, send: bool) -> Change {
    Change::Add {
        client_id: "d1".into(),
        item: Item::Email(Box::new(email)),
        send,
    }
}

fn change(id: &str, email: Email, send: bool) -> Change {
    Change::Change {
        id: id.into(),
        instance: None,
        item: Item::Email(Box::new(email)),
        send,
    }
}

/// What the server says of the one thing that was sent; nothing is success.
fn status(answer: &CollectionAnswer) -> u16 {
    let said = answer.responses.first().and_then(|said| said.status);
    said.map_or(1, |status: Status| status.0)
}

fn stored(server: &Server) -> String {
    let item = server.store().items("Drafts").remove(0);
    String::from_utf8(item.mime.unwrap()).unwrap()
}

#[tokio::test]
async fn a_draft_is_kept_changed_and_sent() {
    for version in MODERN {
        let server = server(version);
        let mut client = client(&server);
        let mut drafts = Folder::open(&mut client, "Drafts", Class::Email).await;
        let mut email = draft(
            &[
                (E::To, "Bob <bob@example.org>"),
                (E::Cc, "carol@example.org"),
                (E2::Bcc, "eve@example.org"),
                (E::Subject, "tea"),
                (E::Importance, "2"),
                (E::Read, "1"),
            ],
            "At four?",
        );
        email.new_attachments = vec![NewAttachment::Add {
            client_id: "f1".into(),
            name: "cup.bin".into(),
            content_type: "application/octet-stream".into(),
            content: vec![0, 1, 2],
        }];
        let answer = drafts.push(&mut client, vec![add(email, false)]).await;
        assert_eq!(status(&answer), 1, "{version}");
        let id = answer.responses[0].id.clone().unwrap();
        // The conversation is new, and the file has a reference.
        let Some(Item::Email(told)) = &answer.responses[0].item else {
            panic!("{answer:?}");
        };
        assert!(told.values.get(E2::ConversationId).is_some());
        let item = server.store().item("Drafts", &id).unwrap();
        assert_eq!(told.attachments[0].reference, item.attachments[0].reference);
        assert_eq!(item.attachments[0].content, [0, 1, 2]);
        assert!(server.store().sent().is_empty());

        // Another device reads it.
        let mut other = crate::world::options(&server, "device2");
        other.user = "alice".into();
        let mut other = eas::client::Client::new(other).unwrap();
        let mut read = Folder::open(&mut other, "Drafts", Class::Email).await;
        let page = read.pull(&mut other).await;
        let [
            ServerChange::Add {
                item: Item::Email(read),
                ..
            },
        ] = page.changes.as_slice()
        else {
            panic!("{page:?}");
        };
        for (tag, text) in [
            (E::To, "Bob <bob@example.org>"),
            (E::Cc, "carol@example.org"),
            (E2::Bcc, "eve@example.org"),
            (E::Subject, "tea"),
            (E::Importance, "2"),
            (E::Read, "1"),
            (E2::IsDraft, "1"),
        ] {
            assert_eq!(read.values.get(tag), Some(text), "{version} {tag:?}");
        }
        assert_eq!(
            read.body.as_ref().unwrap().data.as_deref(),
            Some(&b"At four?"[..])
        );

        // Another hour, one more reader less, no file.
        let mut email = draft(&[(E::Subject, "tea time"), (E::Cc, "")], "At five?");
        email.new_attachments = vec![NewAttachment::Delete(told.attachments[0].reference.clone())];
        let answer = drafts
            .push(&mut client, vec![change(&id, email, false)])
            .await;
        assert_eq!(status(&answer), 1, "{version} {answer:?}");
        let text = stored(&server);
        assert!(
            text.contains("Subject: tea time") && text.ends_with("At five?"),
            "{text}"
        );
        assert!(
            text.contains("Bcc: eve@example.org") && !text.contains("carol"),
            "{text}"
        );
        assert!(server.store().items("Drafts")[0].attachments.is_empty());

        let answer = drafts
            .push(&mut client, vec![change(&id, Email::default(), true)])
            .await;
        assert_eq!(status(&answer), 1, "{version} {answer:?}");
        let sent = server.store().sent();
        assert_eq!(sent[0].recipients, ["bob@example.org", "eve@example.org"]);
        assert!(server.store().items("Drafts").is_empty());
        assert_eq!(server.store().items("Sent Items").len(), 1);
        // The other device hears that it is gone; this one knows it.
        assert!(drafts.pull(&mut client).await.changes.is_empty());
    }
}

#[tokio::test]
async fn a_new_draft_is_sent_at_once() {
    for version in MODERN {
        for email in [
            whole(WHOLE),
            draft(
                &[(E::To, "bob@example.org"), (E2::Bcc, "eve@example.org")],
                "At four?",
            ),
        ] {
            let server = server(version);
            let mut client = client(&server);
            let mut drafts = Folder::open(&mut client, "Drafts", Class::Email).await;
            let answer = drafts.push(&mut client, vec![add(email, true)]).await;
            assert_eq!(status(&answer), 1, "{version}");
            let sent = server.store().sent();
            assert_eq!(sent[0].recipients, ["bob@example.org", "eve@example.org"]);
            assert!(server.store().items("Drafts").is_empty());
            assert_eq!(server.store().items("Sent Items").len(), 1);
        }
    }
}

#[tokio::test]
async fn what_is_no_draft_is_refused() {
    let to = [(E::To, "bob@example.org")];
    for (version, folder, email, send, expected) in [
        // A whole message says itself whom it goes to.
        (
            "16.1",
            "Drafts",
            Email {
                values: Values::from_iter(to),
                ..whole(WHOLE)
            },
            false,
            6,
        ),
        // Nobody, and nobody who has an address.
        (
            "16.1",
            "Drafts",
            draft(&[(E::Subject, "x")], "x"),
            true,
            183,
        ),
        ("16.1", "Drafts", draft(&[(E::To, "Bob")], "x"), true, 183),
        ("16.0", "Drafts", whole("Subject: x\r\n\r\n"), true, 183),
        // It may be kept so.
        ("16.1", "Drafts", draft(&[(E::To, "Bob")], "x"), false, 1),
        ("16.1", "Inbox", whole(WHOLE), false, 6),
        ("16.1", "Inbox", whole(WHOLE), true, 6),
        ("14.1", "Drafts", whole(WHOLE), false, 6),
        ("14.1", "Drafts", draft(&to, "x"), false, 6),
    ] {
        let server = server(version);
        let mut client = client(&server);
        let mut drafts = Folder::open(&mut client, folder, Class::Email).await;
        let answer = drafts.push(&mut client, vec![add(email, send)]).await;
        assert_eq!(status(&answer), expected, "{version} {folder} {send}");
        assert!(server.store().sent().is_empty());
        let kept = usize::from(expected == 1);
        assert_eq!(
            server.store().items(folder).len(),
            kept,
            "{version} {folder}"
        );
    }
}

#[tokio::test]
async fn of_a_mail_that_came_only_flags_change() {
    for version in ["14.1", "16.1"] {
        let server = server(version);
        let id = server.store().add_mail("Inbox", WHOLE).unwrap();
        let mut client = client(&server);
        let mut inbox = Folder::open(&mut client, "Inbox", Class::Email).await;
        inbox.pull(&mut client).await;
        for (email, send) in [
            (draft(&[(E::Subject, "x")], "x"), false),
            (Email::default(), true),
        ] {
            let answer = inbox
                .push(&mut client, vec![change(&id, email, send)])
                .await;
            assert_eq!(status(&answer), 6, "{version} {send}");
        }
        assert!(server.store().sent().is_empty());
        let read = Email {
            values: Values::from_iter([(E::Read, "1")]),
            ..Email::default()
        };
        let answer = inbox
            .push(&mut client, vec![change(&id, read, false)])
            .await;
        assert_eq!(status(&answer), 1);
        let item = server.store().item("Inbox", &id).unwrap();
        assert_eq!(item.text(E::Read).as_deref(), Some("1"));
        assert_eq!(item.text(E::Subject).as_deref(), Some("tea"));
    }
}

#[tokio::test]
async fn the_source_puts_drafts_there_reads_and_deletes_them() {
    for version in MODERN {
        let server = server(version);
        let mut source = source(&server, "device1");
        let all = source.collections().await.unwrap();
        let drafts = all.into_iter().find(|c| c.role == Some(Role::Drafts));
        let drafts: CollectionId = drafts.unwrap().id;
        let page = source.changes(&drafts, None).await.unwrap();
        let new = NewItem {
            kind: ItemKind::Message,
            flags: Flags::parse("\\Seen \\Flagged"),
            date: None,
            identity: Identity::default(),
            body: WHOLE.into(),
        };
        let put = |key, op| vec![Mutation { key, op }];
        let applied = source
            .apply(&drafts, Some(&page.cursor), put(1, Op::Create(new)))
            .await;
        let Outcome::Done(done) = applied.unwrap().outcomes.remove(0) else {
            panic!("{version}");
        };
        assert_eq!(stored(&server), WHOLE);
        assert!(server.store().sent().is_empty());

        let page = source.changes(&drafts, None).await.unwrap();
        let [seen] = page.changed.as_slice() else {
            panic!("{page:?}");
        };
        assert_eq!(seen.flags, Flags::parse("\\Seen \\Flagged \\Draft"));
        assert_eq!(Some(&seen.id), done.id.as_ref());
        let ids = [seen.id.clone()];
        let read = {
            use futures_util::StreamExt as _;
            source.fetch(&drafts, &ids, Depth::Full).next().await
        };
        let body = read.unwrap().unwrap().body.unwrap();
        assert_eq!(body.read(1 << 20).unwrap(), WHOLE.as_bytes());

        let op = Op::Delete {
            id: seen.id.clone(),
            guard: seen.revision.clone(),
        };
        let applied = source.apply(&drafts, Some(&page.cursor), put(2, op)).await;
        assert!(matches!(applied.unwrap().outcomes[0], Outcome::Done(_)));
        assert!(server.store().items("Drafts").is_empty());
    }
}
