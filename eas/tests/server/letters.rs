//! What is sent: messages, answers, and what is passed on.

use eas::client::ErrorKind;
use eas::testing::{Element, Fault, Server};
use eas::wire::Status;
use eas::wire::command::{Forwardee, Search, SendMail, SmartForward, SmartReply, Source, Store};
use eas::wire::wbxml::pages::{Calendar as C, Email2 as E2};

use crate::commands::MAIL;
use crate::world::{client, folder, server, tea};

fn letter(id: &str) -> SendMail {
    SendMail {
        client_id: id.into(),
        account: None,
        save: true,
        mime: b"From: alice@example.org\r\nTo: bob@example.org\r\nSubject: yes\r\n\r\nYes.\r\n"
            .to_vec(),
    }
}

#[tokio::test]
async fn what_is_sent_is_sent_once() {
    for version in ["12.1", "14.1", "16.1"] {
        let server = server(version);
        let mut client = client(&server);
        client.send_mail(&letter("1")).await.unwrap();
        let sent = server.store().sent();
        assert_eq!(sent[0].mime, letter("1").mime);
        assert_eq!(sent[0].recipients, ["bob@example.org"]);
        assert_eq!(server.store().items("Sent Items").len(), 1);
        if version == "12.1" {
            continue;
        }
        client.send_mail(&letter("1")).await.unwrap();
        assert_eq!(
            server.store().sent().len(),
            1,
            "the same name is the same mail"
        );
        let mut nobody = letter("2");
        nobody.mime = b"Subject: x\r\n\r\n".to_vec();
        let error = client.send_mail(&nobody).await.unwrap_err();
        assert_eq!(error.status(), Some(Status(119)));
    }
}

#[tokio::test]
async fn an_answer_and_a_forward_name_what_they_follow() {
    for version in ["12.1", "14.1", "16.1"] {
        let server = server(version);
        let id = server.store().add_mail("Inbox", MAIL).unwrap();
        let mut client = client(&server);
        let collection = folder(&mut client, "Inbox").await;
        let source = Source::Item {
            collection,
            id: id.clone(),
            instance: None,
        };
        let reply = SmartReply {
            mail: letter("1"),
            source: source.clone(),
            replace: false,
        };
        client.smart_reply(&reply).await.unwrap();
        let forward = SmartForward {
            mail: letter("2"),
            source,
            replace: version != "12.1",
            forwardees: Vec::new(),
            text: None,
        };
        client.smart_forward(&forward).await.unwrap();
        let sent = server.store().sent();
        let text = String::from_utf8_lossy(&sent[0].mime);
        assert!(text.contains("Yes.") && text.contains("At four?"), "{text}");
        assert_eq!(sent[1].command, "SmartForward");
        let stored = server.store().item("Inbox", &id).unwrap();
        assert_eq!(stored.text(E2::LastVerbExecuted).as_deref(), Some("3"));
    }
}

fn item(collection: &str, id: &str) -> Source {
    Source::Item {
        collection: collection.into(),
        id: id.into(),
        instance: None,
    }
}

fn sent(server: &Server) -> Vec<String> {
    let all = server.store().sent().into_iter();
    all.map(|sent| String::from_utf8(sent.mime).unwrap())
        .collect()
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_by_the_same_name() {
    for version in ["14.1", "16.0", "16.1"] {
        for fault in [
            Fault::on("SendMail").cut_before(),
            Fault::on("SendMail").cut_after(),
        ] {
            let server = server(version);
            let mut client = client(&server);
            client.folder_sync("0").await.unwrap();
            server.order(fault);
            let error = client.send_mail(&letter("1")).await.unwrap_err();
            assert!(
                error.is_outcome_unknown() && error.is_retryable(),
                "{error:?}"
            );
            client.send_mail(&letter("1")).await.unwrap();
            assert_eq!(sent(&server).len(), 1, "{version}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_sent_says_why() {
    for version in ["14.1", "16.0", "16.1"] {
        let server = server(version);
        let mut client = client(&server);
        let inbox = folder(&mut client, "Inbox").await;
        let mut empty = letter("1");
        empty.mime.clear();
        let mut other = letter("2");
        other.account = Some("7".into());
        for (mail, expected) in [(empty, 107), (other, 166)] {
            let error = client.send_mail(&mail).await.unwrap_err();
            assert_eq!(error.status(), Some(Status(expected)), "{version}");
            assert_eq!(error.kind(), ErrorKind::Status);
        }
        // The message is not there any more: it may still go out by itself.
        let reply = SmartReply {
            mail: letter("3"),
            source: item(&inbox, "gone"),
            replace: true,
        };
        let error = client.smart_reply(&reply).await.unwrap_err();
        assert_eq!(error.status(), Some(Status(150)), "{version}");
        client.send_mail(&reply.mail).await.unwrap();
        assert_eq!(sent(&server).len(), 1);
    }
}

#[tokio::test]
async fn the_original_is_added_unless_it_is_there() {
    for version in ["14.1", "16.0", "16.1"] {
        for replace in [false, true] {
            let server = server(version);
            let id = server.store().add_mail("Inbox", MAIL).unwrap();
            let mut client = client(&server);
            let inbox = folder(&mut client, "Inbox").await;
            let mut mail = letter("1");
            mail.save = false;
            let reply = SmartReply {
                mail,
                source: item(&inbox, &id),
                replace,
            };
            client.smart_reply(&reply).await.unwrap();
            let text = sent(&server).remove(0);
            assert_eq!(text.contains("At four?"), !replace, "{version}: {text}");
            assert!(server.store().items("Sent Items").is_empty());
            let stored = server.store().item("Inbox", &id).unwrap();
            assert_eq!(stored.text(E2::LastVerbExecuted).as_deref(), Some("1"));
        }
    }
}

#[tokio::test]
async fn what_a_search_found_is_answered() {
    for version in ["14.1", "16.1"] {
        let server = server(version);
        server.store().add_mail("Inbox", MAIL).unwrap();
        let mut client = client(&server);
        client.folder_sync("0").await.unwrap();
        let store = Store::Mailbox {
            text: "four".into(),
            collections: Vec::new(),
            after: None,
            before: None,
            deep: true,
            body: None,
        };
        let found = client
            .search(&Search {
                store,
                range: (0, 9),
            })
            .await
            .unwrap();
        let reply = SmartReply {
            mail: letter("1"),
            source: Source::Found(found.hits[0].long_id.clone().unwrap()),
            replace: false,
        };
        client.smart_reply(&reply).await.unwrap();
        assert!(sent(&server)[0].contains("At four?"));
    }
}

#[tokio::test]
async fn an_appointment_is_passed_on_to_people() {
    for version in ["16.0", "16.1"] {
        let server = server(version);
        let id = server.store().add("Calendar", tea("Tea")).unwrap();
        let mail = server.store().add_mail("Inbox", MAIL).unwrap();
        let mut client = client(&server);
        let calendar = folder(&mut client, "Calendar").await;
        let inbox = folder(&mut client, "Inbox").await;
        let mut forward = SmartForward {
            // Its bytes and its copy are of a message, and stay out.
            mail: letter("1"),
            source: item(&calendar, &id),
            replace: true,
            forwardees: ["bob", "carol"]
                .map(|name| Forwardee {
                    name: name.into(),
                    email: format!("{name}@example.org"),
                })
                .into(),
            text: Some("Come too".into()),
        };
        client.smart_forward(&forward).await.unwrap();
        let first = server.store().sent().remove(0);
        assert_eq!(first.recipients, ["bob@example.org", "carol@example.org"]);
        assert_eq!(sent(&server), ["Subject: FW: Tea\r\n\r\nCome too"]);
        // The same name is the same again; a mail is no appointment.
        client.smart_forward(&forward).await.unwrap();
        forward.mail.client_id = "2".into();
        forward.source = item(&inbox, &mail);
        let error = client.smart_forward(&forward).await.unwrap_err();
        assert_eq!(error.status(), Some(Status(150)));
        assert_eq!(sent(&server).len(), 1);
    }
}

#[tokio::test]
async fn up_to_14_1_an_appointment_goes_as_a_message() {
    let server = server("14.1");
    let properties = tea("Tea")
        .into_iter()
        .chain([Element::text(C::Location, "Kitchen")]);
    let id = server.store().add("Calendar", properties).unwrap();
    let mut client = client(&server);
    let calendar = folder(&mut client, "Calendar").await;
    let forward = SmartForward {
        mail: letter("1"),
        source: item(&calendar, &id),
        replace: true,
        forwardees: vec![Forwardee {
            name: "carol".into(),
            email: "carol@example.org".into(),
        }],
        text: None,
    };
    client.smart_forward(&forward).await.unwrap();
    let first = server.store().sent().remove(0);
    assert_eq!(
        (first.recipients, first.mime),
        (vec!["bob@example.org".to_owned()], letter("1").mime)
    );
}
