//! Keys, lost answers, conflicts: the promises of Sync that a session builds on.

use eas::testing::{Element, Fault, Profile, Quirk, Server};
use eas::wire::class::{Class, Event, Item};
use eas::wire::command::{Change, Command as _, ServerChange};
use eas::wire::wbxml::Writer;
use eas::wire::wbxml::pages::{AirSync as A, AirSyncBase as B, Calendar as C};
use eas::wire::{DateTime, Status};

use crate::world::{Folder, add, client, event, post, server, tea};

const VERSIONS: [&str; 2] = ["14.1", "16.1"];

fn change(id: &str, set: impl FnOnce(&mut Event)) -> Change {
    let mut event = Event::default();
    set(&mut event);
    Change::Change {
        id: id.to_owned(),
        instance: None,
        item: Item::Event(Box::new(event)),
        send: false,
    }
}

fn subjects(server: &Server) -> Vec<String> {
    let items = server.store().items("Calendar");
    let mut all: Vec<String> = items
        .iter()
        .filter_map(|item| item.text(C::Subject))
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn what_the_server_has_is_told_in_pages() {
    for version in VERSIONS {
        let server = server(version);
        for n in 0..5 {
            server
                .store()
                .add("Calendar", tea(&format!("tea {n}")))
                .unwrap();
        }
        let mut client = client(&server);
        let mut calendar = Folder::open(&mut client, "Calendar", Class::Calendar).await;
        let mut told = 0;
        loop {
            let mut request = calendar.request(Vec::new(), Some(true));
            request.collections[0].window = Some(2);
            let answer = client
                .sync(&request)
                .await
                .unwrap()
                .collections
                .pop()
                .unwrap();
            calendar.key = answer.key.unwrap();
            assert!(answer.changes.len() <= 2);
            told += answer.changes.len();
            if !answer.more {
                break;
            }
        }
        assert_eq!(told, 5);
        assert_eq!(
            calendar.pull(&mut client).await.status,
            None,
            "nothing is said"
        );
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_doubles_nothing() {
    for version in VERSIONS {
        let server = server(version);
        let mut client = client(&server);
        let mut calendar = Folder::open(&mut client, "Calendar", Class::Calendar).await;
        // However often the answer is lost, the same request asks for it.
        server.order(Fault::on("Sync").holding("<Add>").cut_after().always());
        let changes = vec![add("one", version), add("two", version)];
        let request = calendar.request(changes, Some(false));
        let error = client.sync(&request).await.unwrap_err();
        assert!(
            error.is_outcome_unknown() && error.is_retryable(),
            "{error:?}"
        );
        server.clear_faults();
        let answer = client
            .sync(&request)
            .await
            .unwrap()
            .collections
            .pop()
            .unwrap();
        let ids: Vec<_> = answer
            .responses
            .iter()
            .map(|r| r.id.clone().unwrap())
            .collect();
        assert_eq!(ids.len(), 2);
        assert!(
            answer
                .responses
                .iter()
                .all(|r| r.status == Some(Status::OK))
        );
        assert_eq!(subjects(&server), ["one", "two"]);
        calendar.key = answer.key.unwrap();
        assert!(
            calendar.pull(&mut client).await.changes.is_empty(),
            "no echo"
        );
    }
}

#[tokio::test]
async fn lost_changes_and_deletions_are_no_conflict_with_themselves() {
    for version in VERSIONS {
        let server = server(version);
        let one = server.store().add("Calendar", tea("one")).unwrap();
        let two = server.store().add("Calendar", tea("two")).unwrap();
        let mut client = client(&server);
        let mut calendar = Folder::open(&mut client, "Calendar", Class::Calendar).await;
        calendar.pull(&mut client).await;
        let renamed = change(&one, |e| e.values.set(C::Subject, "three"));
        let gone = Change::Delete {
            id: two,
            instance: None,
        };
        let request = calendar.request(vec![renamed, gone], Some(false));
        server.order(Fault::on("Sync").cut_after().times(2));
        let answer = loop {
            if let Ok(answer) = client.sync(&request).await {
                break answer.collections.into_iter().next().unwrap();
            }
        };
        assert!(answer.responses.is_empty(), "{answer:?}");
        assert_eq!(subjects(&server), ["three"]);
    }
}

#[tokio::test]
async fn a_key_older_than_the_one_before_is_void() {
    let server = server("16.1");
    let mut client = client(&server);
    let mut calendar = Folder::open(&mut client, "Calendar", Class::Calendar).await;
    let mut keys = vec![calendar.key.clone()];
    for n in 0..2 {
        calendar
            .push(&mut client, vec![add(&n.to_string(), "16.1")])
            .await;
        keys.push(calendar.key.clone());
    }
    calendar.key = keys[1].clone();
    assert_eq!(calendar.pull(&mut client).await.status, Some(Status::OK));
    calendar.key = keys[0].clone();
    assert_eq!(calendar.pull(&mut client).await.status, Some(Status(3)));

    let profile = Profile::full().with(Quirk::KeepsOldKeys);
    let server = Server::builder().profile(profile).start().unwrap();
    let mut client = crate::world::client(&server);
    let mut calendar = Folder::open(&mut client, "Calendar", Class::Calendar).await;
    let first = calendar.key.clone();
    for n in 0..3 {
        calendar
            .push(&mut client, vec![add(&n.to_string(), "16.1")])
            .await;
    }
    calendar.key = first;
    assert_eq!(calendar.pull(&mut client).await.changes.len(), 3);
}

#[tokio::test]
async fn an_answer_that_was_not_heard_is_taken_back() {
    let server = server("14.1");
    server.store().add("Calendar", tea("one")).unwrap();
    let mut client = client(&server);
    let mut calendar = Folder::open(&mut client, "Calendar", Class::Calendar).await;
    let before = calendar.key.clone();
    assert_eq!(calendar.pull(&mut client).await.changes.len(), 1);
    calendar.key = before;
    assert_eq!(calendar.pull(&mut client).await.changes.len(), 1);
}

#[tokio::test]
async fn of_two_edits_the_servers_stays() {
    for version in VERSIONS {
        let server = server(version);
        let id = server.store().add("Calendar", tea("one")).unwrap();
        let mut client = client(&server);
        let mut calendar = Folder::open(&mut client, "Calendar", Class::Calendar).await;
        calendar.pull(&mut client).await;
        let theirs = Element::text(C::Subject, "theirs");
        assert!(server.store().set("Calendar", &id, theirs));
        let ours = change(&id, |e| e.values.set(C::Subject, "ours"));
        let answer = calendar.push(&mut client, vec![ours]).await;
        assert_eq!(answer.responses[0].status, Some(Status(7)));
        assert_eq!(subjects(&server), ["theirs"]);
        let told = calendar.pull(&mut client).await.changes;
        assert!(
            matches!(&told[..], [ServerChange::Change { .. }]),
            "{told:?}"
        );

        // An edit against a deletion: nothing is there any more.
        server.store().delete("Calendar", &id);
        let ours = change(&id, |e| e.values.set(C::Subject, "ours"));
        let answer = calendar.push(&mut client, vec![ours]).await;
        assert_eq!(answer.responses[0].status, Some(Status(8)));
    }
}

#[tokio::test]
async fn two_commands_for_one_item_are_refused_and_the_first_is_done() {
    let server = server("16.1");
    let id = server.store().add("Calendar", tea("one")).unwrap();
    let mut client = client(&server);
    let mut calendar = Folder::open(&mut client, "Calendar", Class::Calendar).await;
    calendar.pull(&mut client).await;
    let first = change(&id, |e| e.values.set(C::Subject, "first"));
    let second = change(&id, |e| e.values.set(C::Subject, "second"));
    let answer = calendar.push(&mut client, vec![first, second]).await;
    let statuses: Vec<_> = answer.responses.iter().map(|r| r.status).collect();
    assert_eq!(statuses, [Some(Status(16)), Some(Status(16))]);
    assert_eq!(subjects(&server), ["first"]);
}

#[tokio::test]
async fn what_leaves_the_window_is_released() {
    let server = server("14.1");
    let mut client = client(&server);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(now.unwrap().as_secs()).unwrap();
    let mail = "From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\n\r\ny\r\n";
    server
        .store()
        .add_mail_at("Inbox", mail, now - 5 * 86_400)
        .unwrap();
    server.store().add_mail_at("Inbox", mail, now).unwrap();
    let mut inbox = Folder::open(&mut client, "Inbox", Class::Email).await;
    assert_eq!(inbox.pull(&mut client).await.changes.len(), 2);
    inbox.options.as_mut().unwrap().filter = Some(2);
    let told = inbox.pull(&mut client).await.changes;
    assert!(
        matches!(&told[..], [ServerChange::SoftDelete { .. }]),
        "{told:?}"
    );
    assert_eq!(server.store().items("Inbox").len(), 2);
    inbox.options.as_mut().unwrap().filter = Some(0);
    let told = inbox.pull(&mut client).await.changes;
    assert!(matches!(&told[..], [ServerChange::Add { .. }]), "{told:?}");
}

#[tokio::test]
async fn sixteen_takes_no_uid_and_gives_one() {
    let server = server("16.1");
    let mut client = client(&server);
    let mut calendar = Folder::open(&mut client, "Calendar", Class::Calendar).await;
    // The client leaves it out; this is by hand.
    let mut w = Writer::new();
    w.element(A::Sync, |w| {
        w.element(A::Collections, |w| {
            w.element(A::Collection, |w| {
                w.text(A::SyncKey, &calendar.key);
                w.text(A::CollectionId, &calendar.id);
                w.element(A::Commands, |w| {
                    w.element(A::Add, |w| {
                        w.text(A::ClientId, "1");
                        w.element(A::ApplicationData, |w| {
                            w.text(C::StartTime, "20261202T090000Z");
                            w.text(C::EndTime, "20261202T100000Z");
                            w.text(C::UID, "mine");
                            w.text(C::ClientUid, "mine");
                        });
                    });
                });
            });
        });
    });
    let path = "/Microsoft-Server-ActiveSync?Cmd=Sync&User=alice&DeviceId=device1&DeviceType=T";
    let version = "MS-ASProtocolVersion: 16.1\r\n";
    let (_, body) = post(&server, path, version, &w.finish());
    let answer = calendar.request(Vec::new(), None).decode(&body).unwrap();
    let response = &answer.collections[0].responses[0];
    assert_eq!(response.status, Some(Status(6)));
    calendar.key = answer.collections[0].key.clone().unwrap();

    let answer = calendar.push(&mut client, vec![add("two", "16.1")]).await;
    let response = &answer.responses[0];
    let Some(Item::Event(made)) = &response.item else {
        panic!("{response:?}");
    };
    assert!(made.values.text(C::UID).is_some_and(|uid| uid != "two"));
    // The same appointment under another name is the same appointment.
    let item = Item::Event(Box::new(event("two", "16.1")));
    let again = Change::Add {
        client_id: "other".into(),
        item,
        send: false,
    };
    let answer = calendar.push(&mut client, vec![again]).await;
    assert_eq!(answer.responses[0].id, response.id);
    assert_eq!(subjects(&server), ["two"]);
}

#[tokio::test]
async fn occurrences_of_a_series_in_sixteen() {
    let server = server("16.1");
    let mut series = tea("standup");
    series.push(Element::new(
        C::Recurrence,
        [
            Element::text(C::Type, "0"),
            Element::text(C::Interval, "1"),
            Element::text(C::Occurrences, "5"),
        ],
    ));
    let id = server.store().add("Calendar", series).unwrap();
    let mut client = client(&server);
    let mut calendar = Folder::open(&mut client, "Calendar", Class::Calendar).await;
    calendar.pull(&mut client).await;
    let second = DateTime::parse("20261202T090000Z");
    let mut moved = Event::default();
    moved.values.set(C::Subject, "standup, in the garden");
    let item = Item::Event(Box::new(moved));
    let moved = |item| Change::Change {
        id: id.clone(),
        instance: second,
        item,
        send: false,
    };

    // Options and an occurrence do not go together.
    let answer = calendar.push(&mut client, vec![moved(item.clone())]).await;
    assert_eq!(answer.responses[0].status, Some(Status(7)));
    calendar.options = None;
    let answer = calendar.push(&mut client, vec![moved(item)]).await;
    assert!(answer.responses.is_empty(), "{answer:?}");
    let third = DateTime::parse("20261203T090000Z");
    let gone = Change::Delete {
        id: id.clone(),
        instance: third,
    };
    let answer = calendar.push(&mut client, vec![gone]).await;
    assert!(answer.responses.is_empty(), "{answer:?}");

    let stored = server.store().item("Calendar", &id).unwrap();
    let exceptions = &stored.property(C::Exceptions).unwrap().children;
    assert_eq!(exceptions.len(), 2);
    assert_eq!(exceptions[1].find(C::Deleted).as_deref(), Some("1"));
    let fetched = Change::Fetch { id };
    let answer = calendar.push(&mut client, vec![fetched]).await;
    let Some(Item::Event(event)) = &answer.responses[0].item else {
        panic!("{answer:?}");
    };
    let read = event.exceptions.as_ref().unwrap();
    assert_eq!((read[0].original_start, read[0].deleted), (second, false));
    assert_eq!((read[1].original_start, read[1].deleted), (third, true));
}

#[tokio::test]
async fn a_file_of_an_appointment_goes_up_and_down() {
    use eas::wire::class::NewAttachment;
    use eas::wire::command::{Fetch, FetchOf, ItemOperations, Operation};
    let server = server("16.1");
    let mut client = client(&server);
    let mut calendar = Folder::open(&mut client, "Calendar", Class::Calendar).await;
    let mut meeting = event("one", "16.1");
    meeting.new_attachments = vec![NewAttachment::Add {
        client_id: "f1".into(),
        name: "agenda.txt".into(),
        content_type: "text/plain".into(),
        content: b"1. tea\0".to_vec(),
    }];
    let item = Item::Event(Box::new(meeting));
    let new = Change::Add {
        client_id: "1".into(),
        item,
        send: false,
    };
    let answer = calendar.push(&mut client, vec![new]).await;
    let id = answer.responses[0].id.clone().unwrap();
    let stored = server.store().item("Calendar", &id).unwrap();
    assert_eq!(stored.attachments[0].content, b"1. tea\0");
    let reference = stored.attachments[0].reference.clone();
    let fetch = Fetch::new(FetchOf::Attachment(reference.clone()), Class::Calendar);
    let request = ItemOperations(vec![Operation::Fetch(fetch)]);
    let answer = client.item_operations(&request).await.unwrap();
    assert_eq!(answer.fetched[0].data.as_deref(), Some(&b"1. tea\0"[..]));
    let take_away = |e: &mut Event| e.new_attachments = vec![NewAttachment::Delete(reference)];
    let answer = calendar
        .push(&mut client, vec![change(&id, take_away)])
        .await;
    assert!(answer.responses.is_empty());
    let stored = server.store().item("Calendar", &id).unwrap();
    assert!(stored.attachments.is_empty());
    assert_eq!(stored.property(B::Attachments), None);
}
