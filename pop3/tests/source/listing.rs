use pop3::testing::{Fault, Profile};
use sync_core::Source as _;
use sync_core::model::{Cursor, Role};
use sync_core::source::{Absence, Coverage, Operation};

use crate::support::{KIND, count, fetch, filled, ids, inbox, list, server, source, text};

#[tokio::test]
async fn one_inbox_into_which_nothing_can_be_put() {
    let server = filled(Profile::full(), 1);
    let mut source = source(&server);
    let all = source.collections().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(
        (all[0].id.as_str(), all[0].role),
        ("INBOX", Some(Role::Inbox))
    );
    assert!(!all[0].read_only);
    let can = source.capabilities();
    assert_eq!(can.account, "alice@127.0.0.1");
    assert_eq!(can.absence, Absence::Nothing);
    assert!(!can.moves && !can.creates_collections);
    for operation in [Operation::Create, Operation::SetFlags, Operation::Replace] {
        assert!(can.refuse(KIND, operation).is_some(), "{operation:?}");
    }
    assert_eq!(can.refuse(KIND, Operation::Delete), None);
}

#[tokio::test]
async fn where_nothing_changed_only_ids_and_sizes_travel() {
    let server = filled(Profile::full(), 200);
    let first = list(&mut source(&server), None).await;
    assert_eq!(first.coverage, Coverage::Snapshot);
    assert_eq!(first.changed.len(), 200);
    server.reset_stats();
    let mut again = source(&server);
    let second = list(&mut again, Some(&first.cursor)).await;
    assert_eq!(second.coverage, Coverage::Delta);
    assert!(second.changed.is_empty() && second.present.is_empty());
    assert_eq!(second.cursor, first.cursor);
    for command in ["RETR", "TOP", "DELE"] {
        assert_eq!(count(&server, command), 0, "{command}");
    }
    assert_eq!((count(&server, "UIDL"), count(&server, "LIST")), (1, 1));
    // Login, and two lines of at most 25 bytes for each message.
    assert!(server.stats().bytes_sent < 1_000 + 200 * 50);
    again.close().await.unwrap();
}

#[tokio::test]
async fn a_hundred_thousand_messages_come_in_pages() {
    let server = server(Profile::full());
    let small = bytes::Bytes::from_static(b"A: b\r\n\r\n");
    let many = std::iter::repeat_n(small, 100_000);
    server.maildrop().add_all(many);
    let mut source = source(&server);
    let inbox = inbox();
    let mut cursor: Option<Cursor> = None;
    let mut names = std::collections::HashSet::new();
    let mut pages = 0;
    loop {
        let page = source.changes(&inbox, cursor.as_ref()).await.unwrap();
        assert!(page.changed.len() <= 5_000);
        assert!(page.cursor.as_str().len() < 300);
        names.extend(page.changed.into_iter().map(|item| item.id));
        pages += 1;
        cursor = Some(page.cursor);
        if !page.more {
            break;
        }
    }
    assert_eq!((pages, names.len()), (20, 100_000));
    let page = source.changes(&inbox, cursor.as_ref()).await.unwrap();
    assert_eq!(page.coverage, Coverage::Delta);
    assert_eq!((count(&server, "UIDL"), count(&server, "PASS")), (1, 0));
}

#[tokio::test]
async fn what_came_and_went_is_told() {
    let server = filled(Profile::full(), 20);
    let first = list(&mut source(&server), None).await;
    let drop = server.maildrop();
    (0..5).for_each(|_| assert!(drop.remove(3)));
    let new = drop.add(text(21));
    let second = list(&mut source(&server), Some(&first.cursor)).await;
    assert_eq!(second.coverage, Coverage::Snapshot);
    assert_eq!(second.changed.len(), 16);
    assert_eq!(second.changed.last().unwrap().id.as_str(), new);
    assert!(second.vanished.is_empty() && second.unreadable.is_empty());
}

#[tokio::test]
async fn other_numbers_are_the_same_messages() {
    let server = filled(Profile::full(), 9);
    let first = list(&mut source(&server), None).await;
    server.maildrop().reverse();
    let mut source = source(&server);
    let second = list(&mut source, Some(&first.cursor)).await;
    let (mut before, mut after) = (ids(&first), ids(&second));
    let (oldest, newest) = (before[0].clone(), before[8].clone());
    before.sort();
    after.sort();
    assert_eq!(before, after);
    for (id, n) in [(oldest, 1), (newest, 9)] {
        let read = crate::support::contents(&mut source, &[id]).await;
        assert_eq!(read, [text(n)]);
    }
}

#[tokio::test]
async fn a_cursor_is_lost_when_all_names_are_new() {
    let server = filled(Profile::full(), 30);
    let first = list(&mut source(&server), None).await;
    server.maildrop().renew_uidls();
    let error = source(&server)
        .changes(&inbox(), Some(&first.cursor))
        .await
        .unwrap_err();
    assert!(error.is_cursor_lost(), "{error:?}");
    // An emptied mailbox is no other one.
    server.maildrop().clear();
    let page = list(&mut source(&server), Some(&first.cursor)).await;
    assert_eq!((page.coverage, page.changed.len()), (Coverage::Snapshot, 0));
    server.maildrop().add(text(31));
    let page = list(&mut source(&server), Some(&page.cursor)).await;
    assert_eq!(page.changed.len(), 1);
}

#[tokio::test]
async fn sizes_are_told_where_they_are_right() {
    let server = filled(Profile::full(), 5);
    let page = list(&mut source(&server), None).await;
    for (n, item) in (1..).zip(&page.changed) {
        assert_eq!(item.size, Some(text(n).len() as u64));
    }
    // One message was looked at, once.
    assert_eq!(count(&server, "RETR"), 1);
    server.maildrop().add(text(6));
    let page = list(&mut source(&server), Some(&page.cursor)).await;
    assert_eq!(page.changed[5].size, Some(text(6).len() as u64));
    assert_eq!(count(&server, "RETR"), 1);
}

#[tokio::test]
async fn sizes_that_are_wrong_are_not_told() {
    let server = filled(Profile::full(), 5);
    // As if a line end were one byte.
    for n in 1..=5 {
        let octets = text(n).replace("\r\n", "\n").len() as u64;
        server.maildrop().set_octets(n, octets);
    }
    let page = list(&mut source(&server), None).await;
    assert!(page.changed.iter().all(|item| item.size.is_none()));
    let items = fetch(
        &mut source(&server),
        &ids(&page),
        sync_core::source::Depth::Full,
    )
    .await;
    for (n, item) in (1..).zip(items) {
        let item = item.unwrap();
        assert_eq!(item.size, Some(text(n).len() as u64));
        assert_eq!(item.body.unwrap().len(), text(n).len() as u64);
    }
}

#[tokio::test]
async fn trouble_of_the_server_is_no_missing_uidl() {
    let server = filled(Profile::full(), 5);
    server.order(Fault::on("UIDL").err("[SYS/TEMP] Try again"));
    let mut source = source(&server);
    let error = source.changes(&inbox(), None).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(count(&server, "TOP"), 0);
    assert_eq!(list(&mut source, None).await.changed.len(), 5);
}
