//! Every other command, once to its end.

use std::time::Duration;

use eas::client::ErrorKind;
use eas::testing::{Element, Server};
use eas::wire::class::{BodyType, Class, Item};
use eas::wire::command::{
    BodyPreference, Change, EstimateOf, Fetch, FetchOf, Find, FindCriterion, FolderChange,
    FolderCreate, FolderDelete, FolderType, FolderUpdate, GetItemEstimate, ItemOperations,
    MeetingRequestId, MeetingResponse, Move, MoveItems, OofMessage, OofState, Operation,
    OutOfOffice, Ping, ResolveRecipients, Search, SendResponse, Settings, Store, Sync,
    UserResponse, Wait,
};
use eas::wire::wbxml::pages::{Calendar as C, Email as E, GAL};
use eas::wire::{Action, DateTime, Status};

use crate::world::{Folder, client, folder, server, tea};

const VERSIONS: [&str; 2] = ["14.1", "16.1"];

pub(crate) const MAIL: &str = "From: Bob <bob@example.org>\r\nTo: alice@example.org\r\n\
    Subject: tea\r\nMessage-ID: <tea@example.org>\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\n\
    At four?\r\n--x\r\nContent-Type: application/octet-stream; name=cup.bin\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n--x--\r\n";

const INVITATION: &str = "From: bob@example.org\r\nTo: alice@example.org\r\n\
    Subject: Invitation\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n\
    BEGIN:VEVENT\r\nUID:party@example.org\r\nDTSTART:20261205T180000Z\r\n\
    DTEND:20261205T200000Z\r\nSUMMARY:Party\r\nORGANIZER:mailto:bob@example.org\r\n\
    END:VEVENT\r\nEND:VCALENDAR\r\n";

#[tokio::test]
async fn folders_come_and_go() {
    for version in VERSIONS {
        let server = server(version);
        let mut client = client(&server);
        let key = client.folder_sync("0").await.unwrap().key.unwrap();
        let create = |key: &str| FolderCreate {
            key: key.to_owned(),
            parent: "0".into(),
            name: "Trips".into(),
            folder_type: FolderType::USER_CALENDAR,
        };
        let made = client.folder_create(&create(&key)).await.unwrap();
        let (key, id) = (made.key.unwrap(), made.id.unwrap());
        let error = client.folder_create(&create(&key)).await.unwrap_err();
        assert_eq!(error.status(), Some(Status(2)));
        let renamed = client
            .folder_update(&FolderUpdate {
                key,
                id: id.clone(),
                parent: "0".into(),
                name: "Journeys".into(),
            })
            .await
            .unwrap();
        let key = renamed.key.unwrap();
        assert!(
            server
                .store()
                .folders()
                .iter()
                .any(|(_, name, _)| name == "Journeys")
        );
        // What somebody else does is told.
        server.store().create("0", "Recipes", 12);
        let answer = client.folder_sync(&key).await.unwrap();
        let [FolderChange::Add(added)] = &answer.changes[..] else {
            panic!("{:?}", answer.changes);
        };
        assert_eq!(added.name, "Recipes");
        let key = answer.key.unwrap();
        let gone = client
            .folder_delete(&FolderDelete { key, id })
            .await
            .unwrap();
        let key = gone.key.unwrap();
        assert!(client.folder_sync(&key).await.unwrap().changes.is_empty());
        server.store().forget_folder_keys();
        let error = client.folder_sync(&key).await.unwrap_err();
        assert_eq!(error.action(), Action::ReprimeFolders);
    }
}

#[tokio::test]
async fn a_mail_is_read_flagged_moved_and_deleted() {
    for version in VERSIONS {
        let server = server(version);
        let id = server.store().add_mail("Inbox", MAIL).unwrap();
        let mut client = client(&server);
        let mut inbox = Folder::open(&mut client, "Inbox", Class::Email).await;
        let estimate = GetItemEstimate(vec![EstimateOf {
            collection: inbox.id.clone(),
            key: inbox.key.clone(),
            class: "Email",
            filter: None,
        }]);
        let answer = client.get_item_estimate(&estimate).await.unwrap();
        assert_eq!(answer[0].estimate, Some(1));
        assert_eq!(inbox.pull(&mut client).await.changes.len(), 1);
        let mut email = eas::wire::class::Email::default();
        email.values.set(E::Read, "1");
        let flag = [(E::Status, "2"), (E::FlagType, "Flag for follow up")];
        email.flag = Some(flag.into_iter().collect());
        let item = Item::Email(Box::new(email));
        let change = Change::Change {
            id: id.clone(),
            instance: None,
            item,
            send: false,
        };
        let answer = inbox.push(&mut client, vec![change]).await;
        assert!(answer.responses.is_empty(), "{answer:?}");
        let stored = server.store().item("Inbox", &id).unwrap();
        assert_eq!(stored.text(E::Read).as_deref(), Some("1"));
        assert_eq!(
            stored.property(E::Flag).unwrap().find(E::Status).as_deref(),
            Some("2")
        );

        let to = folder(&mut client, "Deleted Items").await;
        let from = inbox.id.clone();
        let moved = Move { item: id, from, to };
        let moved = client.move_items(&MoveItems(vec![moved])).await.unwrap();
        assert_eq!(moved[0].status, Status(3));
        assert_eq!(server.store().items("Inbox").len(), 0);
        let there = server.store().items("Deleted Items");
        assert_eq!(Some(&there[0].id), moved[0].new_id.as_ref());
        assert_eq!(there[0].text(E::Read).as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn bytes_come_in_parts() {
    for version in VERSIONS {
        let server = server(version);
        let id = server.store().add_mail("Inbox", MAIL).unwrap();
        let reference = server.store().items("Inbox")[0].attachments[0]
            .reference
            .clone();
        let mut client = client(&server);
        let collection = folder(&mut client, "Inbox").await;
        let mut whole = Fetch::new(FetchOf::Item { collection, id }, Class::Email);
        whole.bodies = vec![BodyPreference::whole(BodyType::Mime)];
        whole.mime_support = Some(2);
        let file = Fetch::new(FetchOf::Attachment(reference.clone()), Class::Email);
        let mut part = file.clone();
        part.range = Some((1, 2));
        let lost = Fetch::new(FetchOf::Attachment("nothing".into()), Class::Email);
        let all = [whole, file, part, lost].map(Operation::Fetch);
        let answer = client
            .item_operations(&ItemOperations(all.into()))
            .await
            .unwrap();
        let Some(Item::Email(mail)) = &answer.fetched[0].item else {
            panic!("{answer:?}");
        };
        let body = mail.body.as_ref().unwrap();
        assert_eq!(body.data.as_deref(), Some(MAIL.as_bytes()));
        assert_eq!(answer.fetched[1].data.as_deref(), Some(&[0, 1, 2, 3][..]));
        assert_eq!(answer.fetched[2].data.as_deref(), Some(&[1, 2][..]));
        assert_eq!(answer.fetched[2].total, Some(4));
        assert_eq!(answer.fetched[3].status, Some(Status(15)));
    }
}

#[tokio::test]
async fn an_invitation_is_accepted() {
    for version in VERSIONS {
        let server = server(version);
        let id = server.store().add_mail("Inbox", INVITATION).unwrap();
        let mut client = client(&server);
        let mut inbox = Folder::open(&mut client, "Inbox", Class::Email).await;
        let told = inbox.pull(&mut client).await.changes;
        let eas::wire::command::ServerChange::Add {
            item: Item::Email(mail),
            ..
        } = &told[0]
        else {
            panic!("{told:?}");
        };
        assert!(mail.meeting.is_some());
        let request = MeetingResponse {
            response: UserResponse::Accept,
            request: MeetingRequestId::Item {
                collection: inbox.id.clone(),
                id,
            },
            instance: None,
            send: (version == "16.1").then(SendResponse::default),
        };
        let answer = client.meeting_response(&request).await.unwrap();
        assert_eq!(answer.status, Some(Status::OK));
        let party = &server.store().items("Calendar")[0];
        assert_eq!(answer.appointment.as_ref(), Some(&party.id));
        assert_eq!(party.text(C::UID).as_deref(), Some("party@example.org"));
        assert!(server.store().items("Inbox").is_empty());
        // Up to 14.1 the client mails the organizer; later the server does.
        assert_eq!(server.store().sent().len(), usize::from(version == "16.1"));
        let answer = client.meeting_response(&request).await.unwrap();
        assert_eq!(answer.status, Some(Status(2)), "it is answered already");
    }
}

fn with_people() -> Server {
    let server = Server::start().unwrap();
    for (name, address) in [("Alice", "alice@example.org"), ("Bob", "bob@example.org")] {
        server.store().add_person([
            Element::text(GAL::DisplayName, name),
            Element::text(GAL::EmailAddress, address),
        ]);
    }
    server
}

#[tokio::test]
async fn people_and_mail_are_found() {
    let server = with_people();
    server.store().add_mail("Inbox", MAIL).unwrap();
    let mut client = client(&server);
    let query = "bob".to_owned();
    let store = Store::Directory {
        query: query.clone(),
        pictures: false,
    };
    let answer = client
        .search(&Search {
            store,
            range: (0, 9),
        })
        .await
        .unwrap();
    assert_eq!(answer.total, Some(1));
    assert_eq!(answer.hits[0].entry.text(GAL::DisplayName), Some("Bob"));
    let store = Store::Mailbox {
        text: "four".into(),
        collections: Vec::new(),
        after: DateTime::parse("2020-01-01T00:00:00.000Z"),
        before: None,
        deep: true,
        body: None,
    };
    let answer = client
        .search(&Search {
            store,
            range: (0, 9),
        })
        .await
        .unwrap();
    assert_eq!(answer.hits.len(), 1);
    let find = |criterion| Find {
        search_id: "1".into(),
        criterion,
        range: (0, 9),
    };
    let mail = FindCriterion::Mailbox {
        text: "tea".into(),
        collection: None,
        deep: true,
    };
    let answer = client.find(&find(mail)).await.unwrap();
    assert_eq!(answer.hits[0].values.text(E::Subject), Some("tea"));
    let answer = client
        .find(&find(FindCriterion::Directory { query }))
        .await
        .unwrap();
    assert_eq!(answer.total, Some(1));

    let old = crate::world::server("14.1");
    let mail = FindCriterion::Mailbox {
        text: "tea".into(),
        collection: None,
        deep: true,
    };
    let error = crate::world::client(&old)
        .find(&find(mail))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn it_is_seen_when_somebody_is_busy() {
    let server = with_people();
    server.store().add("Calendar", tea("tea")).unwrap();
    let mut client = client(&server);
    let span = |end| ResolveRecipients {
        to: vec!["alice".into(), "nobody".into()],
        certificates: false,
        availability: DateTime::parse("20261201T083000Z").zip(DateTime::parse(end)),
    };
    let answer = client
        .resolve_recipients(&span("20261201T103000Z"))
        .await
        .unwrap();
    let alice = &answer.resolved[0].recipients[0];
    assert_eq!(alice.email, "alice@example.org");
    assert_eq!(alice.free_busy.as_deref(), Some("0220"));
    assert_eq!(answer.resolved[1].status, Some(Status(4)));
    let error = client
        .resolve_recipients(&span("20261201T104500Z"))
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(Status(5)), "half hours alone");
}

#[tokio::test]
async fn settings_are_kept() {
    let server = server("16.1");
    let mut client = client(&server);
    let away = OutOfOffice {
        state: OofState::On,
        messages: vec![OofMessage {
            audience: None,
            enabled: true,
            text: Some("At the sea.".into()),
        }],
    };
    client
        .settings(&Settings::SetOutOfOffice(away))
        .await
        .unwrap();
    assert!(!server.store().out_of_office().is_empty());
    let answer = client.settings(&Settings::GetOutOfOffice).await.unwrap();
    let read = answer.out_of_office.unwrap();
    assert_eq!(read.state, OofState::On);
    assert_eq!(read.messages[0].text.as_deref(), Some("At the sea."));
    let answer = client
        .settings(&Settings::GetUserInformation)
        .await
        .unwrap();
    assert_eq!(answer.accounts[0].addresses[0], "alice@example.org");
}

#[tokio::test]
async fn news_end_the_waiting() {
    for version in VERSIONS {
        let server = server(version);
        let mut client = client(&server);
        let mut calendar = Folder::open(&mut client, "Calendar", Class::Calendar).await;
        let store = server.store();
        let news = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            store.add("Calendar", tea("tea")).unwrap();
        });
        let ping = Ping {
            heartbeat: Duration::from_secs(600),
            folders: vec![(calendar.id.clone(), "Calendar")],
        };
        let answer = client.ping(&ping).await.unwrap();
        assert_eq!(answer.status, Some(Status(2)));
        assert_eq!(answer.changed, [calendar.id.clone()]);
        news.join().unwrap();
        calendar.pull(&mut client).await;

        let store = server.store();
        let news = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            store.add("Calendar", tea("more tea")).unwrap();
        });
        let mut request = calendar.request(Vec::new(), Some(true));
        request.wait = Some(Wait::Heartbeat(Duration::from_secs(600)));
        let answer = client.sync(&request).await.unwrap();
        assert_eq!(answer.collections[0].changes.len(), 1);
        news.join().unwrap();

        let short = Ping {
            heartbeat: Duration::from_secs(5),
            ..ping
        };
        let answer = client.ping(&short).await.unwrap();
        assert_eq!(answer.heartbeat, Some(Duration::from_secs(60)));
        let request = Sync {
            wait: Some(Wait::Heartbeat(Duration::from_secs(5))),
            ..request
        };
        assert_eq!(client.sync(&request).await.unwrap().limit, Some(60));
    }
}
