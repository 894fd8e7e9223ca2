//! APPEND and SEARCH, byte by byte against a scripted peer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use imap_client::Client;
use imap_client::client::{ErrorKind, EventKind, Upload, UploadBody};
use imap_client::wire::command::{AppendMessage, SearchKey, SearchReturn, SortKey};
use imap_client::wire::{MailboxName, SystemFlags, UidSet};
use script::{over, session};

fn uids(text: &str) -> UidSet {
    text.parse().unwrap()
}

fn inbox() -> MailboxName {
    MailboxName::inbox()
}

async fn events(client: &mut Client) -> Vec<EventKind> {
    std::iter::from_fn(|| client.next_event())
        .map(|event| event.kind)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn append_with_a_literal_that_waits() {
    let (mut client, peer) = session(
        "UIDPLUS",
        "C: A1 APPEND INBOX (\\Seen) \" 1-Jan-2024 00:00:00 +0000\" {5}
         S: * 23 EXISTS
         S: * OK still here
         S: + go on
         C: hello
         S: A1 OK [APPENDUID 38505 3955] done",
    )
    .await;
    let date = imap_client::wire::DateTime::new(1_704_067_200, 0).unwrap();
    let message = AppendMessage::new(5)
        .flags(SystemFlags::SEEN.into())
        .date(date);
    let body = UploadBody::Bytes(b"hello");
    let appended = client
        .append(&inbox(), &mut [Upload { message, body }])
        .await;
    let appended = appended.unwrap().unwrap();
    assert_eq!(appended.uids.iter().collect::<Vec<_>>(), [3955]);
    assert!(matches!(
        events(&mut client).await[..],
        [EventKind::Exists(23), EventKind::Notice(_)]
    ));
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn an_append_refused_before_its_literal_sends_none() {
    let (mut client, peer) = session(
        "",
        "C: A1 APPEND Gone {5}
         S: A1 NO [TRYCREATE] No such mailbox
         C: A2 NOOP
         S: A2 OK",
    )
    .await;
    let gone = MailboxName::from_wire(*b"Gone");
    let error = client
        .append(&gone, &mut [Upload::new(b"hello")])
        .await
        .unwrap_err();
    assert!(error.is_not_found());
    client.noop().await.unwrap();
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn multiappend_streams_from_all_kinds_of_bodies() {
    let (mut client, peer) = session(
        "UIDPLUS MULTIAPPEND LITERAL+",
        "C: A1 APPEND INBOX {3+}
         C: one (\\Flagged) {3+}
         C: two {5+}
         C: three
         S: A1 OK [APPENDUID 1 4:6] done",
    )
    .await;
    let chunks = [&b"t"[..], b"", b"wo"].map(|c| Ok(bytes::Bytes::from_static(c)));
    let mut uploads = [
        Upload::new(b"one"),
        Upload {
            message: AppendMessage::new(3).flags(SystemFlags::FLAGGED.into()),
            body: UploadBody::Chunks(Box::new(chunks.into_iter())),
        },
        Upload {
            message: AppendMessage::new(5),
            body: UploadBody::Reader(Box::new(&b"three"[..])),
        },
    ];
    let appended = client
        .append(&inbox(), &mut uploads)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(appended.uids.len(), 3);
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn literal_minus_waits_above_4096_bytes() {
    let large = "x".repeat(4097);
    let text = format!(
        "C: A1 APPEND INBOX {{2+}}
         C: hi
         C: A2 APPEND INBOX {{4097}}
         S: A1 OK
         S: +
         C: {large}
         S: A2 OK"
    );
    let (mut client, peer) = session("LITERAL-", &text).await;
    let one = client
        .send_append(&inbox(), &mut [Upload::new(b"hi")])
        .await
        .unwrap();
    let two = client
        .send_append(&inbox(), &mut [Upload::new(large.as_bytes())])
        .await
        .unwrap();
    client.wait(two).await.unwrap();
    // Without UIDPLUS nobody knows the UID.
    assert_eq!(client.wait(one).await.unwrap(), None);
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn limits_of_append_are_seen_before_anything_is_sent() {
    let (mut client, peer) = session("APPENDLIMIT=4", "").await;
    let error = client.append(&inbox(), &mut [Upload::new(b"hello")]).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::TooLarge);
    let two = &mut [Upload::new(b"a"), Upload::new(b"b")];
    let error = client.append(&inbox(), two).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(client.is_usable());
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_ends_early_ends_the_connection() {
    let (mut client, peer) = session("LITERAL+", "hang").await;
    let short = Upload {
        message: AppendMessage::new(10),
        body: UploadBody::Bytes(b"hello"),
    };
    let error = client.append(&inbox(), &mut [short]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
    assert!(!client.is_usable());
    assert!(client.noop().await.is_err());
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn search_takes_the_form_that_the_server_has() {
    let (mut client, peer) = session(
        "",
        "C: A1 UID SEARCH UNSEEN
         S: * SEARCH 2 84
         S: * SEARCH 882
         S: A1 OK done",
    )
    .await;
    let found = client.uid_search(&SearchKey::Unseen).await.unwrap();
    assert_eq!(found.uids, uids("2,84,882"));
    over(client, peer).await;

    let (mut client, peer) = session(
        "ESEARCH SEARCHRES",
        "C: A1 UID SEARCH RETURN (ALL) ALL
         S: * ESEARCH (TAG \"A9\") UID ALL 1:9
         S: * ESEARCH (TAG \"A1\") UID ALL 4:18,21
         S: A1 OK done
         C: A2 UID SEARCH RETURN (ALL) DELETED
         S: * ESEARCH (TAG \"A2\") UID
         S: A2 OK done
         C: A3 UID SEARCH RETURN (MIN COUNT) ALL
         S: * ESEARCH (TAG \"A3\") UID MIN 4 COUNT 12
         S: A3 OK done",
    )
    .await;
    let found = client.uid_search(&SearchKey::All).await.unwrap();
    assert_eq!(found.uids, uids("4:18,21"));
    let found = client.uid_search(&SearchKey::Deleted).await.unwrap();
    assert!(found.uids.is_empty());
    let returned = SearchReturn {
        min: true,
        count: true,
        ..SearchReturn::default()
    };
    let found = client
        .uid_search_return(&SearchKey::All, returned)
        .await
        .unwrap();
    assert_eq!((found.min, found.count), (Some(4), Some(12)));
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_search_of_half_a_million_numbers_is_ranges() {
    let numbers: String = (1..=500_000).map(|n| format!(" {n}")).collect();
    let text = format!("C: A1 UID SEARCH ALL\nS: * SEARCH{numbers}\nS: A1 OK done");
    let (mut client, peer) = session("", &text).await;
    let found = client.uid_search(&SearchKey::All).await.unwrap();
    assert_eq!(found.uids, uids("1:500000"));
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn sort_and_thread_keep_the_order() {
    let (mut client, peer) = session(
        "SORT THREAD=REFERENCES",
        "C: A1 UID SORT (REVERSE DATE) UTF-8 UNSEEN
         S: * SORT 5 3 4
         S: A1 OK
         C: A2 UID THREAD REFERENCES UTF-8 ALL
         S: * THREAD (2)(3 6 (4 23)(44 7))
         S: A2 OK",
    )
    .await;
    let sorted = client
        .uid_sort(&[(SortKey::Date, true)], &SearchKey::Unseen)
        .await
        .unwrap();
    assert_eq!(sorted.uids, [5, 3, 4]);
    let threads = client
        .uid_thread("REFERENCES", &SearchKey::All)
        .await
        .unwrap();
    assert_eq!(threads.len(), 2);
    let error = client
        .uid_thread("REFS", &SearchKey::All)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    over(client, peer).await;
}
