//! The outbox and drafts.

use std::sync::atomic::{AtomicUsize, Ordering};

use sync_core::model::{Flags, ItemKind, KindSet, NewItem, Role};
use sync_core::source::{Coverage, Op, Operation, Outcome};
use sync_core::{Source, model::CollectionId};

use super::server::{Asked, Reply, Server, folder, sync};
use super::writing::{batch, listed, new, words};

const MESSAGE: &str = "From: alice@example.test\r\nTo: bob@example.test\r\nSubject: Hi\r\n\
    Message-ID: <one@example.test>\r\n\r\nHello.\r\n";

fn mail() -> NewItem {
    new(ItemKind::Message, MESSAGE)
}

async fn outbox(source: &mut dyn Source) -> CollectionId {
    let all = source.collections().await.unwrap();
    let found = all
        .into_iter()
        .find(|c| c.role == Some(Role::Outbox))
        .unwrap();
    assert_eq!(found.path.to_string(), "Outgoing");
    assert_eq!(found.kinds, KindSet::MAIL);
    found.id
}

#[tokio::test]
async fn what_is_put_into_the_outbox_is_sent_and_not_listed() {
    let server = Server::new("14.1", |_| None).await;
    let mut source = server.source();
    let c = outbox(&mut source).await;
    let first = source.changes(&c, None).await.unwrap();
    assert!(first.coverage == Coverage::Snapshot && first.changed.is_empty());
    let ops = [Op::Create(mail())];
    let applied = source
        .apply(&c, Some(&first.cursor), batch(ops))
        .await
        .unwrap();
    assert!(words(&applied)[0].starts_with("done"), "{applied:?}");
    let asked = server.asked();
    let sent = asked
        .iter()
        .find(|asked| asked.command == "SendMail")
        .unwrap();
    let id = sent.text("ClientId");
    assert!(id.len() <= 40, "{id}");
    let text = MESSAGE
        .replace('\r', "&#13;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    assert_eq!(
        sent.xml,
        format!(
            "<SendMail xmlns=\"ComposeMail\"><ClientId>{id}</ClientId><SaveInSentItems/>\
             <Mime>{text}</Mime></SendMail>"
        )
    );
    let later = source.changes(&c, Some(&first.cursor)).await.unwrap();
    assert!(later.coverage == Coverage::Delta && later.changed.is_empty());
    assert!(later.vanished.is_empty() && !later.more);
    // The same message has the same name, whatever the journal calls it.
    let mut other = server.source();
    let mut again = batch([Op::Create(mail())]);
    again[0].key = 99;
    other.apply(&c, None, again).await.unwrap();
    let asked = server.asked();
    let all: Vec<&Asked> = asked.iter().filter(|a| a.command == "SendMail").collect();
    assert_eq!(all[1].text("ClientId"), id);
}

#[tokio::test]
async fn a_message_that_was_sent_before_is_sent() {
    let server = Server::new("14.1", |asked| {
        let answer = "<SendMail xmlns=\"ComposeMail\"><Status>118</Status></SendMail>";
        (asked.command == "SendMail").then(|| Reply::Xml(answer.into()))
    })
    .await;
    let mut source = server.source();
    let c = outbox(&mut source).await;
    let applied = source
        .apply(&c, None, batch([Op::Create(mail())]))
        .await
        .unwrap();
    assert!(words(&applied)[0].starts_with("done"), "{applied:?}");
}

#[tokio::test]
async fn a_message_that_is_not_sent_is_refused_with_the_reason() {
    let server = Server::new("14.1", |asked| {
        let answer = "<SendMail xmlns=\"ComposeMail\"><Status>119</Status></SendMail>";
        (asked.command == "SendMail").then(|| Reply::Xml(answer.into()))
    })
    .await;
    let mut source = server.source();
    let c = outbox(&mut source).await;
    let applied = source
        .apply(&c, None, batch([Op::Create(mail())]))
        .await
        .unwrap();
    let [Outcome::Refused(error)] = applied.outcomes.as_slice() else {
        panic!("{applied:?}");
    };
    assert!(error.to_string().contains("recipient"), "{error}");
}

/// A server that loses the first answer, and has the message in Sent Items or not.
async fn forgetful(version: &str, is_there: bool) -> Server {
    let calls = AtomicUsize::new(0);
    let server = Server::new(version, move |asked| {
        if asked.command == "SendMail" {
            return match calls.fetch_add(1, Ordering::Relaxed) {
                0 => Some(Reply::Lost),
                _ => Some(Reply::Empty),
            };
        }
        let lists = asked.command == "Sync" && asked.text("SyncKey") == "k1";
        if lists && asked.text("CollectionId") == "sent" && is_there {
            let add = "<Commands><Add><ServerId>s1</ServerId><ApplicationData>\
                <DateReceived xmlns=\"Email\">2026-11-22T10:00:00.000Z</DateReceived>\
                <Read xmlns=\"Email\">1</Read></ApplicationData></Add></Commands>";
            return sync("sent", "k2", add);
        }
        None
    })
    .await;
    let text = MESSAGE.replace('\r', "&#13;").replace('<', "&lt;");
    server.put(
        "s1",
        &format!("<Body xmlns=\"AirSyncBase\"><Type>4</Type><Data>{text}</Data></Body>"),
    );
    server
}

#[tokio::test]
async fn after_a_lost_answer_sent_items_say_whether_it_went_out() {
    for (version, is_there, sends, expected) in [
        ("14.1", true, 1, "done"),
        ("14.1", false, 2, "done"),
        ("12.1", true, 1, "done"),
        ("12.1", false, 1, "refused"),
    ] {
        let server = forgetful(version, is_there).await;
        let mut source = server.source();
        let c = outbox(&mut source).await;
        let applied = source
            .apply(&c, None, batch([Op::Create(mail())]))
            .await
            .unwrap();
        let word = &words(&applied)[0];
        assert!(
            word.starts_with(expected),
            "{version} {is_there}: {applied:?}"
        );
        assert_eq!(server.count("SendMail"), sends, "{version} {is_there}");
    }
}

#[tokio::test]
async fn only_drafts_from_16_0_on_take_messages() {
    for (version, takes) in [("14.1", false), ("16.0", true), ("16.1", true)] {
        let server = Server::new(version, |_| None).await;
        let all = server.source().collections().await.unwrap();
        for collection in all {
            let refuses = collection
                .refuses
                .iter()
                .any(|(op, _)| *op == Operation::Create);
            let is_draft = takes && collection.role == Some(Role::Drafts);
            let is_mail = collection.kinds == KindSet::MAIL;
            let sends = collection.role == Some(Role::Outbox);
            assert_eq!(
                refuses,
                is_mail && !is_draft && !sends,
                "{version} {collection:?}"
            );
            assert_ne!(collection.path.to_string(), "RecipientInfo");
        }
        let mut source = server.source();
        let c = folder(&mut source, "INBOX").await;
        let applied = source
            .apply(&c, None, batch([Op::Create(mail())]))
            .await
            .unwrap();
        assert_eq!(words(&applied), ["refused"]);
        assert!(server.writes().is_empty());
    }
}

#[tokio::test]
async fn a_draft_is_added_as_a_whole_message() {
    let server = Server::new("16.1", |asked| match asked.writes() {
        true => sync(
            "drafts",
            "k2",
            &format!(
                "<Responses><Add><ClientId>{}</ClientId><ServerId>d1</ServerId>\
                 <Status>1</Status></Add></Responses>",
                asked.text("ClientId")
            ),
        ),
        false => None,
    })
    .await;
    server.put(
        "d1",
        "<Read xmlns=\"Email\">1</Read><IsDraft xmlns=\"Email2\">1</IsDraft>",
    );
    let (mut source, c, cursor) = listed(&server, "Drafts").await;
    let mut draft = mail();
    draft.flags = Flags::parse("\\Seen \\Flagged");
    let applied = source
        .apply(&c, Some(&cursor), batch([Op::Create(draft)]))
        .await
        .unwrap();
    let [Outcome::Done(stored)] = applied.outcomes.as_slice() else {
        panic!("{applied:?}");
    };
    assert_eq!(stored.flags, Some(Flags::parse("\\Seen \\Draft")));
    assert!(stored.revision.is_some());
    let text = MESSAGE
        .replace('\r', "&#13;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let add = server.writes()[0].inside("Add");
    let (_, data) = add.split_once("</ClientId>").unwrap();
    assert_eq!(
        data,
        format!(
            "<ApplicationData><Read xmlns=\"Email\">1</Read><Flag xmlns=\"Email\">\
             <Status>2</Status><FlagType>Flag for follow up</FlagType></Flag>\
             <Body xmlns=\"AirSyncBase\"><Type>4</Type><Data>{text}</Data></Body>\
             </ApplicationData>"
        )
    );
}
