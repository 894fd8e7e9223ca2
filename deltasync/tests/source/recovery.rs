//! What goes wrong on the way loses nothing and doubles nothing.

use deltasync::source::DeltaSyncSource;
use deltasync::testing::{Fault, Message, Profile, Server};
use sync_core::model::{Body, CollectionId, Cursor, Flags, Identity, Item, ItemKind, NewItem};
use sync_core::source::{Coverage, Mutation, Op, Outcome};
use sync_core::{ErrorKind, Source as _};

use crate::support::{account, server, source};

const INBOX: &str = "00000000-0000-0000-0000-000000000001";

fn inbox() -> CollectionId {
    INBOX.into()
}

fn filled(profile: Profile) -> Server {
    let server = server(profile);
    for n in 0..3 {
        let text = format!("Subject: {n}\r\n\r\nHello.\r\n");
        account(&server).add("ACTIVE", Message::new(text)).unwrap();
    }
    server
}

async fn listed(source: &mut DeltaSyncSource) -> (Vec<Item>, Cursor) {
    let page = source.changes(&inbox(), None).await.unwrap();
    assert_eq!((page.coverage, page.more), (Coverage::Snapshot, false));
    (page.changed, page.cursor)
}

fn flags(item: &Item, add: &str) -> Op {
    Op::SetFlags {
        id: item.id.clone(),
        guard: item.revision.clone(),
        add: Flags::parse(add),
        remove: Flags::default(),
    }
}

fn delete(item: &Item) -> Op {
    Op::Delete {
        id: item.id.clone(),
        guard: item.revision.clone(),
    }
}

fn create(text: &str) -> Op {
    Op::Create(NewItem {
        kind: ItemKind::Message,
        flags: Flags::parse("\\Seen $Forwarded Work"),
        date: None,
        identity: Identity::default(),
        body: Body::from(text),
    })
}

fn batch(ops: impl IntoIterator<Item = Op>) -> Vec<Mutation> {
    let keyed = (1..).zip(ops);
    keyed.map(|(key, op)| Mutation { key, op }).collect()
}

#[tokio::test]
async fn writes_move_the_cursor_past_themselves_alone() {
    let server = filled(Profile::default());
    let mut source = source(&server);
    let (items, cursor) = listed(&mut source).await;
    let ops = [
        flags(&items[0], "\\Seen"),
        delete(&items[1]),
        create("Subject: new\r\n\r\n"),
    ];
    let applied = source
        .apply(&inbox(), Some(&cursor), batch(ops))
        .await
        .unwrap();
    let done = applied
        .outcomes
        .iter()
        .all(|o| matches!(o, Outcome::Done(_)));
    assert!(done, "{applied:?}");
    let Outcome::Done(stored) = &applied.outcomes[2] else {
        panic!()
    };
    assert_eq!(stored.flags, Some(Flags::parse("\\Seen $Forwarded")));
    let after = applied.cursor.unwrap();
    let page = source.changes(&inbox(), Some(&after)).await.unwrap();
    assert!(
        page.changed.is_empty() && page.vanished.is_empty(),
        "{page:?}"
    );
    // Who goes on from the old cursor is told of all.
    let page = source.changes(&inbox(), Some(&cursor)).await.unwrap();
    assert_eq!((page.changed.len(), page.vanished.len()), (2, 1));
}

#[tokio::test]
async fn what_others_did_meanwhile_is_told_later() {
    // Even by a server that takes the newest key alone.
    let server = filled(Profile {
        keys_kept: 1,
        ..Profile::default()
    });
    let account = account(&server);
    let mut source = source(&server);
    let (items, cursor) = listed(&mut source).await;
    let theirs = account
        .add("ACTIVE", Message::new("Subject: theirs\r\n\r\n"))
        .unwrap();
    account.change("ACTIVE", items[0].id.as_str(), |message| message.flag = 2);
    let ops = [flags(&items[0], "\\Seen"), flags(&items[1], "\\Seen")];
    let applied = source
        .apply(&inbox(), Some(&cursor), batch(ops))
        .await
        .unwrap();
    assert!(matches!(applied.outcomes[0], Outcome::Stale), "{applied:?}");
    assert!(
        matches!(applied.outcomes[1], Outcome::Done(_)),
        "{applied:?}"
    );
    assert_eq!(applied.cursor, None);
    let page = source.changes(&inbox(), Some(&cursor)).await.unwrap();
    let ids: Vec<_> = page
        .changed
        .iter()
        .map(|item| item.id.as_str().to_owned())
        .collect();
    assert!(ids.contains(&theirs.to_ascii_lowercase()), "{ids:?}");
    let flagged = page
        .changed
        .iter()
        .find(|item| item.id == items[0].id)
        .unwrap();
    assert_eq!(flagged.flags, Flags::parse("\\Flagged"));
}

#[tokio::test]
async fn a_void_key_is_a_lost_cursor_or_a_look_at_everything() {
    let server = filled(Profile::default());
    let account = account(&server);
    let mut source = source(&server);
    let (items, cursor) = listed(&mut source).await;
    account.void_keys();
    let error = source.changes(&inbox(), Some(&cursor)).await.unwrap_err();
    assert!(error.is_cursor_lost(), "{error:?}");
    let (again, cursor) = listed(&mut source).await;
    assert_eq!(again.len(), items.len());
    account.void_keys();
    let ops = [flags(&items[0], "\\Seen"), create("Subject: new\r\n\r\n")];
    let applied = source
        .apply(&inbox(), Some(&cursor), batch(ops))
        .await
        .unwrap();
    let done = applied
        .outcomes
        .iter()
        .all(|o| matches!(o, Outcome::Done(_)));
    assert!(done && applied.cursor.is_none(), "{applied:?}");
    assert_eq!(account.messages("ACTIVE").len(), 4);
    assert!(
        account
            .messages("ACTIVE")
            .iter()
            .any(|message| message.read)
    );
}

#[tokio::test]
async fn a_key_that_becomes_void_at_the_write_is_recovered_from() {
    let server = filled(Profile::default());
    let mut source = source(&server);
    let (_, cursor) = listed(&mut source).await;
    server.order(Fault::on("Sync Email Add").status(4104));
    let ops = batch([create("Subject: new\r\n\r\n")]);
    let applied = source.apply(&inbox(), Some(&cursor), ops).await.unwrap();
    assert!(
        matches!(applied.outcomes[0], Outcome::Done(_)),
        "{applied:?}"
    );
    assert_eq!(account(&server).messages("ACTIVE").len(), 4);
}

#[tokio::test]
async fn one_missing_message_does_not_stop_the_others() {
    let server = filled(Profile::default());
    let account = account(&server);
    let mut source = source(&server);
    let (items, cursor) = listed(&mut source).await;
    // It goes between the look and the write.
    let gone = items[1].id.as_str().to_owned();
    server.order(Fault::on("Sync Email Delete").edit(move |account| {
        account.remove("ACTIVE", &gone);
    }));
    let ops = items.iter().map(delete);
    let applied = source
        .apply(&inbox(), Some(&cursor), batch(ops))
        .await
        .unwrap();
    assert!(
        matches!(
            applied.outcomes.as_slice(),
            [Outcome::Done(_), Outcome::Gone, Outcome::Done(_)]
        ),
        "{applied:?}"
    );
    assert!(account.messages("ACTIVE").is_empty());
}

#[tokio::test]
async fn a_request_that_fails_for_one_message_is_sent_one_by_one() {
    let server = filled(Profile::default());
    let mut source = source(&server);
    let (items, cursor) = listed(&mut source).await;
    server.order(Fault::on("Sync Email Delete").status(4403));
    server.order(Fault::on("Sync Email Delete").status(4403));
    let ops = items.iter().map(delete);
    let applied = source
        .apply(&inbox(), Some(&cursor), batch(ops))
        .await
        .unwrap();
    assert!(
        matches!(
            applied.outcomes.as_slice(),
            [Outcome::Gone, Outcome::Done(_), Outcome::Done(_)]
        ),
        "{applied:?}"
    );
}

#[tokio::test]
async fn large_batches_go_in_parts() {
    let server = server(Profile::default());
    for n in 0..150 {
        let message = Message::new(format!("Subject: {n}\r\n\r\n"));
        account(&server).add("ACTIVE", message).unwrap();
    }
    let mut source = source(&server);
    let (items, cursor) = listed(&mut source).await;
    server.forget_lines();
    let ops = batch(items.iter().map(delete));
    let applied = source.apply(&inbox(), Some(&cursor), ops).await.unwrap();
    assert!(
        applied
            .outcomes
            .iter()
            .all(|o| matches!(o, Outcome::Done(_)))
    );
    let deletes = server.lines();
    let deletes = deletes.iter().filter(|line| *line == "Sync Email Delete");
    assert_eq!(deletes.count(), 3);
    assert!(account(&server).messages("ACTIVE").is_empty());
}

#[tokio::test]
async fn a_lost_answer_leaves_the_outcome_open() {
    let server = filled(Profile::default());
    let mut source = source(&server);
    let (_, cursor) = listed(&mut source).await;
    server.order(Fault::on("Sync Email Add").cut_after());
    let ops = batch([create("Subject: new\r\n\r\n")]);
    let error = source
        .apply(&inbox(), Some(&cursor), ops)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "{error:?}");
    // It was carried out, once, and the old cursor tells of it.
    let page = source.changes(&inbox(), Some(&cursor)).await.unwrap();
    assert_eq!(page.changed.len(), 1);
}

#[tokio::test]
async fn a_folder_that_is_gone_is_not_an_empty_one() {
    let server = filled(Profile::default());
    account(&server).create("Work");
    let mut source = source(&server);
    let all = source.collections().await.unwrap();
    let work = all.iter().find(|c| c.path.to_string() == "Work").unwrap();
    let page = source.changes(&work.id, None).await.unwrap();
    account(&server).remove_folder("Work");
    let error = source
        .changes(&work.id, Some(&page.cursor))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn there_is_mail_and_nothing_else() {
    let server = filled(Profile::default());
    let mut source = source(&server);
    let kinds = source.capabilities().kinds;
    assert_eq!(kinds.iter().collect::<Vec<_>>(), [ItemKind::Message]);
    let names: Vec<_> = source.collections().await.unwrap();
    let mut names: Vec<_> = names.iter().map(|c| c.path.to_string()).collect();
    names.sort();
    assert_eq!(names, ["Drafts", "INBOX", "Junk", "Sent", "Trash"]);
}
