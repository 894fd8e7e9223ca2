use pop3::testing::Profile;
use sync_core::Source as _;
use sync_core::source::{Coverage, Depth};

use crate::support::{contents, count, fetch, filled, ids, inbox, list, server, source, text};

fn without_uidl() -> Profile {
    Profile::full().without("UIDL")
}

#[tokio::test]
async fn odd_unique_ids_are_as_good_as_any() {
    let long = "x".repeat(500);
    for gap in [" ", "   ", "\t"] {
        let server = filled(Profile::full().id_gap(gap), 4);
        let drop = server.maildrop();
        drop.set_uidl(1, &long);
        drop.set_uidl(2, b"\xe4\xff");
        drop.set_uidl(3, "two words ");
        let mut source = source(&server);
        let page = list(&mut source, None).await;
        assert_eq!(page.changed[0].id.as_str(), long);
        assert_eq!(page.changed[2].id.as_str(), "two words");
        let read = contents(&mut source, &ids(&page)).await;
        assert_eq!(read, [text(1), text(2), text(3), text(4)]);
        assert_eq!(count(&server, "TOP"), 0);
    }
}

#[tokio::test]
async fn without_uidl_headers_name_messages() {
    let server = filled(without_uidl(), 20);
    let mut source = source(&server);
    let first = list(&mut source, None).await;
    assert_eq!(count(&server, "TOP"), 20);
    assert!(count(&server, "RETR") <= 1);
    let read = contents(&mut source, &ids(&first)).await;
    assert_eq!(read, (1..=20).map(text).collect::<Vec<_>>());
    source.close().await.unwrap();

    server.maildrop().reverse();
    server.maildrop().remove(4);
    let second = list(&mut source, Some(&first.cursor)).await;
    let mut expected = ids(&first);
    expected.reverse();
    expected.remove(3);
    assert_eq!(ids(&second), expected);
    let third = list(&mut source, Some(&second.cursor)).await;
    assert_eq!(third.coverage, Coverage::Delta);
}

#[tokio::test]
async fn equal_headers_are_told_apart_by_their_order() {
    let server = server(without_uidl());
    server
        .maildrop()
        .add_all([text(1), text(1), text(2), text(1)]);
    let mut source = source(&server);
    let page = list(&mut source, None).await;
    let all: Vec<String> = ids(&page).iter().map(ToString::to_string).collect();
    let end = |id: &String| id.rsplit('.').next().unwrap().to_owned();
    assert_eq!(
        all.iter().map(end).collect::<Vec<_>>(),
        ["1", "2", "1", "3"]
    );
    let items = fetch(&mut source, &ids(&page), Depth::Full).await;
    assert_eq!(items.len(), 4);
}

#[tokio::test]
async fn a_status_that_the_server_notes_renames_nothing() {
    let server = server(without_uidl());
    server.maildrop().add(text(1));
    let first = list(&mut source(&server), None).await;
    server.maildrop().clear();
    let read = text(1).replacen("Subject", "Status: RO\r\nX-Status: A\r\nSubject", 1);
    server.maildrop().add(read);
    let second = list(&mut source(&server), Some(&first.cursor)).await;
    assert_eq!(second.coverage, Coverage::Delta);
}

#[tokio::test]
async fn without_top_messages_are_read_once_to_be_named_and_given() {
    for profile in [Profile::rfc1939_bare(), without_uidl().without("TOP")] {
        let server = filled(profile, 12);
        let mut source = source(&server);
        let page = list(&mut source, None).await;
        assert_eq!(page.changed.len(), 12);
        let read = contents(&mut source, &ids(&page)).await;
        assert_eq!(read, (1..=12).map(text).collect::<Vec<_>>());
        assert_eq!(count(&server, "RETR"), 12);
        assert!(count(&server, "TOP") <= 1);
    }
}

#[tokio::test]
async fn repeated_and_missing_ids_change_the_names_of_all_at_once() {
    for break_one in [
        |drop: &pop3::testing::Maildrop| drop.set_uidl(3, "000000016b01fbff"),
        |drop: &pop3::testing::Maildrop| drop.set_uidl(3, ""),
        |drop: &pop3::testing::Maildrop| drop.hide_uidl(3),
    ] {
        let server = filled(Profile::full(), 6);
        let mut source = source(&server);
        let first = list(&mut source, None).await;
        source.close().await.unwrap();
        break_one(&server.maildrop());
        let error = source.changes(&inbox(), Some(&first.cursor)).await;
        assert!(error.unwrap_err().is_cursor_lost());
        let second = list(&mut source, None).await;
        assert_eq!(second.changed.len(), 6);
        let known = ids(&first);
        assert!(ids(&second).iter().all(|id| !known.contains(id)));
        // The maildrop was not listed again for that.
        assert_eq!((count(&server, "UIDL"), count(&server, "TOP")), (2, 6));
        let read = contents(&mut source, &ids(&second)).await;
        assert_eq!(read.len(), 6);
        source.close().await.unwrap();

        // What once was needed stays, so that names do not change to and fro.
        server.maildrop().renew_uidls();
        server.maildrop().add(text(7));
        let third = list(&mut source, Some(&second.cursor)).await;
        assert_eq!(ids(&third)[..6], ids(&second)[..]);
    }
}

#[tokio::test]
async fn ids_of_an_earlier_run_say_how_they_were_made() {
    let server = filled(Profile::full(), 3);
    server.maildrop().set_uidl(2, "000000016b01fbff");
    let page = list(&mut source(&server), None).await;
    server.maildrop().renew_uidls();
    // Never listed here.
    let read = contents(&mut source(&server), &ids(&page)).await;
    assert_eq!(read, [text(1), text(2), text(3)]);
}

#[tokio::test]
async fn a_message_that_cannot_be_named_is_reported() {
    let server = filled(without_uidl(), 3);
    server.maildrop().refuse(2, "cannot read it");
    let page = list(&mut source(&server), None).await;
    assert_eq!(page.changed.len(), 2);
    let why = page.unreadable[0].to_string();
    assert!(
        why.contains("message 2") && why.contains("cannot read it"),
        "{why}"
    );
}
