//! Creations, changes, deletions and moves: what is sent, and what each answer means.

use std::sync::atomic::{AtomicUsize, Ordering};

use eas::source::EasSource;
use sync_core::model::{
    CollectionId, Cursor, Flags, Identity, ItemId, ItemKind, NewItem, Revision, SystemFlags,
};
use sync_core::source::{Applied, Mutation, Op, Outcome};
use sync_core::{ErrorKind, Source};

use super::server::{Asked, Reply, Server, failed, folder, sync};

pub(super) fn card(name: &str) -> NewItem {
    let text = format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{name}\r\nFN:{name}\r\nN:{name};;;;\r\nEND:VCARD\r\n"
    );
    new(ItemKind::Contact, &text)
}

pub(super) fn new(kind: ItemKind, text: &str) -> NewItem {
    NewItem {
        kind,
        flags: Flags::default(),
        date: None,
        identity: Identity::default(),
        body: text.into(),
    }
}

pub(super) fn batch(ops: impl IntoIterator<Item = Op>) -> Vec<Mutation> {
    let keyed = |(key, op)| Mutation { key, op };
    (7..).zip(ops).map(keyed).collect()
}

/// The outcomes in words.
pub(super) fn words(applied: &Applied) -> Vec<String> {
    let word = |outcome: &Outcome| match outcome {
        Outcome::Done(stored) => {
            format!("done {}", stored.id.as_ref().map_or("?", |id| id.as_str()))
        }
        Outcome::Stale => "stale".into(),
        Outcome::Gone => "gone".into(),
        Outcome::Refused(_) => "refused".into(),
        Outcome::Unknown(_) => "unknown".into(),
    };
    applied.outcomes.iter().map(word).collect()
}

/// A source and a folder of its, with a cursor.
pub(super) async fn listed(server: &Server, path: &str) -> (EasSource, CollectionId, Cursor) {
    let mut source = server.source();
    let c = folder(&mut source, path).await;
    let cursor = source.changes(&c, None).await.unwrap().cursor;
    (source, c, cursor)
}

/// One answer for each `Add` of a request.
fn added(asked: &Asked, status: u16) -> String {
    let add = |id: String| {
        let server_id = match status {
            1 => format!("<ServerId>s-{}</ServerId>", &id[..4]),
            _ => String::new(),
        };
        format!("<Add><ClientId>{id}</ClientId>{server_id}<Status>{status}</Status></Add>")
    };
    let adds: String = asked.texts("ClientId").into_iter().map(add).collect();
    format!("<Responses>{adds}</Responses>")
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_with_the_same_key_and_names() {
    let calls = AtomicUsize::new(0);
    let server = Server::new("14.1", move |asked| {
        if !asked.writes() {
            return None;
        }
        match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Some(Reply::Lost),
            _ => sync("con", "k2", &added(asked, 1)),
        }
    })
    .await;
    let (mut source, c, cursor) = listed(&server, "Contacts").await;
    let ops = ["One", "Two"].map(|name| Op::Create(card(name)));
    let applied = source.apply(&c, Some(&cursor), batch(ops)).await.unwrap();
    let writes = server.writes();
    assert_eq!(writes.len(), 2);
    assert_eq!(writes[0].xml, writes[1].xml);
    assert_eq!(writes[0].text("SyncKey"), "k1");
    let names = writes[0].texts("ClientId");
    assert!(names.len() == 2 && names[0] != names[1], "{names:?}");
    assert!(names.iter().all(|name| name.len() <= 40));
    let ids: Vec<String> = names
        .iter()
        .map(|n| format!("done s-{}", &n[..4]))
        .collect();
    assert_eq!(words(&applied), ids);
    // The next process gives them the same names.
    let again = server.source();
    drop(std::mem::replace(&mut source, again));
    let ops = ["One", "Two"].map(|name| Op::Create(card(name)));
    source.apply(&c, Some(&cursor), batch(ops)).await.unwrap();
    assert_eq!(server.writes()[2].texts("ClientId"), names);
}

#[tokio::test]
async fn a_server_that_does_not_know_repeats_is_not_sent_any() {
    let server = Server::new("14.1", |asked| match asked.text("SyncKey").as_str() {
        "0" if asked.command == "Sync" => sync("con", "-1", ""),
        _ if asked.writes() => Some(Reply::Lost),
        _ => None,
    })
    .await;
    let (mut source, c, cursor) = listed(&server, "Contacts").await;
    let ops = [Op::Create(card("One"))];
    let applied = source.apply(&c, Some(&cursor), batch(ops)).await.unwrap();
    assert_eq!(server.writes().len(), 1);
    let [Outcome::Unknown(error)] = applied.outcomes.as_slice() else {
        panic!("{applied:?}");
    };
    assert!(error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn a_refused_key_creates_nothing_and_has_it_planned_anew() {
    let server = Server::new("14.1", |asked| match asked.writes() {
        true => failed("con", 3),
        false => None,
    })
    .await;
    let (mut source, c, cursor) = listed(&server, "Contacts").await;
    let ops = ["One", "Two"].map(|name| Op::Create(card(name)));
    let applied = source.apply(&c, Some(&cursor), batch(ops)).await.unwrap();
    assert_eq!(words(&applied), ["stale", "stale"]);
    assert_eq!(server.writes().len(), 1);
}

#[tokio::test]
async fn a_key_that_is_refused_after_a_lost_answer_leaves_it_to_the_listing() {
    let calls = AtomicUsize::new(0);
    let server = Server::new("14.1", move |asked| {
        if !asked.writes() {
            return None;
        }
        match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Some(Reply::Lost),
            _ => failed("con", 3),
        }
    })
    .await;
    let (mut source, c, cursor) = listed(&server, "Contacts").await;
    let ops = [Op::Create(card("One"))];
    let applied = source.apply(&c, Some(&cursor), batch(ops)).await.unwrap();
    let [Outcome::Unknown(error)] = applied.outcomes.as_slice() else {
        panic!("{applied:?}");
    };
    assert!(error.is_retryable(), "{error:?}");
}

const CONTACT: &str = "<FirstName xmlns=\"Contacts\">A</FirstName>\
    <LastName xmlns=\"Contacts\">B</LastName><JobTitle xmlns=\"Contacts\">C</JobTitle>\
    <Picture xmlns=\"Contacts\">aGVsbG8=</Picture>";

/// The revision of an item that a source reads.
async fn revision(source: &mut EasSource, c: &CollectionId, id: &str) -> Revision {
    use futures_util::StreamExt as _;
    let ids = [ItemId::new(id)];
    let mut items = source.fetch(c, &ids, sync_core::source::Depth::Full);
    items.next().await.unwrap().unwrap().revision
}

#[tokio::test]
async fn each_status_of_an_item_has_its_outcome() {
    for (status, create, replace, delete) in [
        (1, "done s", "done id", "done ?"),
        (4, "refused", "refused", "refused"),
        (6, "refused", "refused", "refused"),
        (7, "stale", "stale", "stale"),
        (8, "gone", "gone", "done ?"),
        (9, "refused", "refused", "refused"),
    ] {
        let server = Server::new("14.1", move |asked| {
            if !asked.writes() {
                return None;
            }
            let answer = match asked.texts("ServerId").is_empty() {
                true => added(asked, status),
                false => {
                    let kind = match asked.xml.contains("<Delete>") {
                        true => "Delete",
                        false => "Change",
                    };
                    format!(
                        "<Responses><{kind}><ServerId>id</ServerId><Status>{status}</Status>\
                         </{kind}></Responses>"
                    )
                }
            };
            sync("con", "k2", &answer)
        })
        .await;
        server.put("id", CONTACT);
        let (mut source, c, cursor) = listed(&server, "Contacts").await;
        let (id, guard) = (ItemId::new("id"), revision(&mut source, &c, "id").await);
        let replaced = Op::Replace {
            id: id.clone(),
            guard: guard.clone(),
            body: card("New").body,
        };
        let deleted = Op::Delete { id, guard };
        for (op, expected) in [
            (Op::Create(card("One")), create),
            (replaced, replace),
            (deleted, delete),
        ] {
            let applied = source.apply(&c, Some(&cursor), batch([op])).await.unwrap();
            let word = &words(&applied)[0];
            assert!(
                word.starts_with(expected),
                "{status}: {word} for {expected}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_to_be_tried_again_goes_alone() {
    let calls = AtomicUsize::new(0);
    let server = Server::new("14.1", move |asked| {
        if !asked.writes() {
            return None;
        }
        match calls.fetch_add(1, Ordering::Relaxed) {
            0 => {
                let all = added(asked, 1);
                // The second one of three.
                let at = all.match_indices("<Status>1").nth(1).unwrap().0;
                sync(
                    "con",
                    "k2",
                    &format!("{}<Status>16{}", &all[..at], &all[at + 9..]),
                )
            }
            _ => sync("con", "k3", &added(asked, 1)),
        }
    })
    .await;
    let (mut source, c, cursor) = listed(&server, "Contacts").await;
    let ops = ["One", "Two", "Three"].map(|name| Op::Create(card(name)));
    let applied = source.apply(&c, Some(&cursor), batch(ops)).await.unwrap();
    assert!(words(&applied).iter().all(|word| word.starts_with("done")));
    let writes = server.writes();
    assert_eq!(writes.len(), 2);
    let (first, second) = (writes[0].texts("ClientId"), writes[1].texts("ClientId"));
    assert_eq!(second, [first[1].clone()]);
    assert_eq!(writes[1].text("SyncKey"), "k2");
}

#[tokio::test]
async fn one_item_that_a_server_cannot_read_does_not_hold_up_the_others() {
    let server = Server::new("14.1", |asked| {
        if !asked.writes() {
            return None;
        }
        match asked.xml.contains(">Bad<") {
            true => failed("con", 4),
            false => sync("con", "k2", &added(asked, 1)),
        }
    })
    .await;
    let (mut source, c, cursor) = listed(&server, "Contacts").await;
    let ops = ["One", "Two", "Bad", "Four", "Five"].map(|name| Op::Create(card(name)));
    let applied = source.apply(&c, Some(&cursor), batch(ops)).await.unwrap();
    let words = words(&applied);
    for (n, word) in words.iter().enumerate() {
        let expected = if n == 2 { "refused" } else { "done" };
        assert!(word.starts_with(expected), "{words:?}");
    }
}

#[tokio::test]
async fn folders_that_changed_are_listed_before_the_same_is_sent_again() {
    let calls = AtomicUsize::new(0);
    let server = Server::new("14.1", move |asked| {
        if !asked.writes() {
            return None;
        }
        match calls.fetch_add(1, Ordering::Relaxed) {
            0 => failed("con", 12),
            _ => sync("con", "k2", &added(asked, 1)),
        }
    })
    .await;
    let (mut source, c, cursor) = listed(&server, "Contacts").await;
    let before = server.count("FolderSync");
    let ops = [Op::Create(card("One"))];
    let applied = source.apply(&c, Some(&cursor), batch(ops)).await.unwrap();
    assert!(words(&applied)[0].starts_with("done"), "{applied:?}");
    assert_eq!(server.count("FolderSync"), before + 1);
}

#[tokio::test]
async fn two_changes_of_one_item_go_in_two_requests() {
    let server = Server::new("14.1", |asked| match asked.writes() {
        true => sync("inbox", "k2", ""),
        false => None,
    })
    .await;
    server.put("m", "<Read xmlns=\"Email\">0</Read>");
    let (mut source, c, cursor) = listed(&server, "INBOX").await;
    let set = |flag: SystemFlags| Op::SetFlags {
        id: "m".into(),
        guard: "".into(),
        add: Flags::of(flag),
        remove: Flags::default(),
    };
    let ops = [set(SystemFlags::SEEN), set(SystemFlags::FLAGGED)];
    let applied = source.apply(&c, Some(&cursor), batch(ops)).await.unwrap();
    assert_eq!(words(&applied), ["done m", "done m"]);
    let commands: Vec<String> = server
        .writes()
        .iter()
        .map(|w| w.inside("Commands"))
        .collect();
    assert_eq!(
        commands,
        [
            "<Change><ServerId>m</ServerId><ApplicationData><Read xmlns=\"Email\">1</Read>\
             </ApplicationData></Change>",
            "<Change><ServerId>m</ServerId><ApplicationData><Flag xmlns=\"Email\">\
             <Status>2</Status><FlagType>Flag for follow up</FlagType></Flag>\
             </ApplicationData></Change>",
        ]
    );
}

#[tokio::test]
async fn a_contact_is_cleared_by_empty_elements_up_to_14_1_and_by_omission_from_16_0_on() {
    for (version, cleared) in [("14.1", true), ("16.1", false)] {
        let server = Server::new(version, |asked| match asked.writes() {
            true => sync("con", "k2", ""),
            false => None,
        })
        .await;
        server.put("id", CONTACT);
        let (mut source, c, cursor) = listed(&server, "Contacts").await;
        let guard = revision(&mut source, &c, "id").await;
        let op = Op::Replace {
            id: "id".into(),
            guard,
            body: card("New").body,
        };
        source.apply(&c, Some(&cursor), batch([op])).await.unwrap();
        let data = server.writes()[0].inside("ApplicationData");
        assert!(data.contains(">New</LastName>"), "{data}");
        let empty = data.contains("<JobTitle xmlns=\"Contacts\"/>");
        assert_eq!(empty, cleared, "{version}: {data}");
        let picture = data.contains("<Picture xmlns=\"Contacts\"/>");
        assert!(picture, "{version}: {data}");
        // A picture and a text stay when they are not named, and nothing else does.
        let rest = data.replace("<Picture xmlns=\"Contacts\"/>", "");
        let rest = rest.replace("<Data/>", "");
        assert_eq!(rest.contains("/>"), cleared, "{version}: {data}");
    }
}

#[tokio::test]
async fn each_status_of_a_move_has_its_outcome() {
    for (status, expected) in [
        (3, "done new"),
        (1, "gone"),
        (2, "refused"),
        (4, "done m"),
        (5, "unknown"),
        (7, "unknown"),
    ] {
        let server = Server::new("14.1", move |asked| {
            let answer = format!(
                "<MoveItems xmlns=\"Move\"><Response><SrcMsgId>m</SrcMsgId>\
                 <Status>{status}</Status><DstMsgId>new</DstMsgId></Response></MoveItems>"
            );
            (asked.command == "MoveItems").then_some(Reply::Xml(answer))
        })
        .await;
        server.put("m", "<Read xmlns=\"Email\">0</Read>");
        let (mut source, c, cursor) = listed(&server, "INBOX").await;
        let to = folder(&mut source, "Other").await;
        let op = Op::Move {
            id: "m".into(),
            guard: "".into(),
            to,
        };
        let applied = source.apply(&c, Some(&cursor), batch([op])).await.unwrap();
        assert_eq!(words(&applied), [expected], "{status}");
    }
}

#[tokio::test]
async fn a_full_mailbox_is_asked_once() {
    let server = Server::new("14.1", |asked| match asked.writes() {
        true => failed("con", 113),
        false => None,
    })
    .await;
    let (mut source, c, cursor) = listed(&server, "Contacts").await;
    let ops = ["One", "Two", "Three"].map(|name| Op::Create(card(name)));
    let applied = source.apply(&c, Some(&cursor), batch(ops)).await.unwrap();
    assert_eq!(server.writes().len(), 1);
    for outcome in &applied.outcomes {
        let Outcome::Refused(error) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.to_string().contains("full"), "{error}");
    }
}
