//! Commands on messages, byte by byte against a scripted peer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use imap_client::client::{Call, ErrorKind, EventKind, FetchPart};
use imap_client::wire::command::{FetchItem, FetchModifiers, SelectOptions, StoreAction};
use imap_client::wire::response::SectionData;
use imap_client::wire::{Code, Flags, MailboxName, SystemFlags, UidSet};
use imap_client::{Client, Result};
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

/// Reads a FETCH of whole messages into (uid, flags, body).
async fn bodies(client: &mut Client, set: &str) -> Result<Vec<(Option<u32>, String)>> {
    let items = [FetchItem::Uid, FetchItem::message()];
    let mut fetch = client
        .uid_fetch(&uids(set), &items, &FetchModifiers::default())
        .await?;
    let (mut all, mut large) = (Vec::new(), Vec::new());
    while let Some(part) = fetch.next().await? {
        match part {
            FetchPart::Chunk(bytes) => large.extend_from_slice(bytes),
            FetchPart::Message(message) => {
                let body = match message.sections.full().map(|s| &s.data) {
                    Some(SectionData::Inline(bytes)) => bytes.to_vec(),
                    Some(SectionData::Streamed(_)) => std::mem::take(&mut large),
                    _ => b"(none)".to_vec(),
                };
                all.push((message.uid, String::from_utf8(body).unwrap()));
            }
            _ => {}
        }
    }
    Ok(all)
}

#[tokio::test(start_paused = true)]
async fn a_fetch_is_read_as_it_comes() {
    let (mut client, peer) = session(
        "",
        "C: A1 UID FETCH 1:9 (UID BODY.PEEK[])
         S: * 1 FETCH (UID 4 BODY[] {5}
         S~ hello
         S: )
         S: * 7 EXISTS
         S: * 2 FETCH (BODY[] NIL UID 5)
         S: * 3 FETCH (BODY[] \"\" UID 6)
         S: A1 OK done",
    )
    .await;
    let got = bodies(&mut client, "1:9").await.unwrap();
    let expected = [(Some(4), "hello"), (Some(5), "(none)"), (Some(6), "")];
    assert_eq!(got, expected.map(|(uid, body)| (uid, body.to_owned())));
    assert!(matches!(
        events(&mut client).await[..],
        [EventKind::Exists(7)]
    ));
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_large_message_comes_in_chunks_and_its_uid_may_come_last() {
    let body = "0123456789".repeat(100_000);
    let text = format!(
        "C: A1 UID FETCH 1 (UID BODY.PEEK[])
         S: * 1 FETCH (FLAGS (\\Seen) BODY[] {{{}}}
         S~ {body}
         S:  UID 4)
         S: A1 OK done",
        body.len()
    );
    let (mut client, peer) = session("", &text).await;
    let items = [FetchItem::Uid, FetchItem::message()];
    let mut fetch = client
        .uid_fetch(&uids("1"), &items, &FetchModifiers::default())
        .await
        .unwrap();
    let Some(FetchPart::SectionStart { head, len }) = fetch.next().await.unwrap() else {
        panic!("no section");
    };
    assert!(head.flags.unwrap().contains(SystemFlags::SEEN));
    assert_eq!((len, head.uid), (1_000_000, None));
    let mut got = Vec::new();
    while let Some(FetchPart::Chunk(bytes)) = fetch.next().await.unwrap() {
        assert!(bytes.len() <= 256 << 10, "memory is bounded");
        got.extend_from_slice(bytes);
    }
    assert!(got == body.as_bytes());
    let Some(FetchPart::Message(message)) = fetch.next().await.unwrap() else {
        panic!("no message");
    };
    assert_eq!(message.uid, Some(4));
    assert!(fetch.next().await.unwrap().is_none());
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_is_given_up_is_skipped() {
    let body = "x".repeat(200_000);
    let text = format!(
        "C: A1 UID FETCH 1:2 (BODY.PEEK[])
         S: * 1 FETCH (BODY[] {{{}}}
         S~ {body}
         S: )
         S: * 2 FETCH (BODY[] {{3}}
         S: abc)
         C: A2 NOOP
         S: A1 OK done
         S: A2 OK done",
        body.len()
    );
    let (mut client, peer) = session("", &text).await;
    {
        let items = [FetchItem::message()];
        let modifiers = FetchModifiers::default();
        let mut fetch = client
            .uid_fetch(&uids("1:2"), &items, &modifiers)
            .await
            .unwrap();
        let first = fetch.next().await.unwrap();
        assert!(matches!(first, Some(FetchPart::SectionStart { .. })));
    }
    client.noop().await.unwrap();
    assert!(events(&mut client).await.is_empty());
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn one_message_that_cannot_be_decoded_does_not_end_the_fetch() {
    let (mut client, peer) = session(
        "",
        "C: A1 UID FETCH 1:3 (UID FLAGS)
         S: * 1 FETCH (UID 1 FLAGS ())
         S: * 2 FETCH (UID x FLAGS ())
         S: * 3 FETCH (UID 3 FLAGS ())
         S: A1 OK done",
    )
    .await;
    let items = [FetchItem::Uid, FetchItem::Flags];
    let modifiers = FetchModifiers::default();
    let mut fetch = client
        .uid_fetch(&uids("1:3"), &items, &modifiers)
        .await
        .unwrap();
    let mut got = Vec::new();
    while let Some(part) = fetch.next().await.unwrap() {
        got.push(match part {
            FetchPart::Message(message) => format!("{:?}", message.uid),
            FetchPart::Undecodable(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(
        got,
        ["Some(1)", "* 2 FETCH (UID x FLAGS ())\r\n", "Some(3)"]
    );
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn an_unescaped_quote_in_an_envelope_costs_that_message_alone() {
    let (mut client, peer) = session(
        "",
        r#"C: A1 UID FETCH 1:2 (UID ENVELOPE)
         S: * 1 FETCH (UID 1 ENVELOPE (NIL "s" NIL NIL NIL NIL NIL NIL NIL "<a"b@c>"))
         S: * 2 FETCH (UID 2 ENVELOPE (NIL {3}
         S: a"b NIL NIL NIL NIL NIL NIL NIL "<x@y>"))
         S: A1 OK done"#,
    )
    .await;
    let items = [FetchItem::Uid, FetchItem::Envelope];
    let modifiers = FetchModifiers::default();
    let mut fetch = client
        .uid_fetch(&uids("1:2"), &items, &modifiers)
        .await
        .unwrap();
    let mut last = None;
    while let Some(part) = fetch.next().await.unwrap() {
        if let FetchPart::Message(message) = part {
            let lazy = message.envelope.unwrap();
            let subject = lazy
                .parse()
                .ok()
                .and_then(|e| e.subject.map(std::borrow::Cow::into_owned));
            last = subject.map(|subject| (message.uid, subject));
        }
    }
    assert_eq!(last, Some((Some(2), b"a\"b".to_vec())));
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn vanished_is_told_by_the_command_that_asked_and_by_events() {
    // VANISHED without EARLIER may come in any command but FETCH, STORE and SEARCH by number.
    let (mut client, peer) = session(
        "ENABLE CONDSTORE QRESYNC",
        "C: A1 ENABLE QRESYNC
         S: * ENABLED QRESYNC
         S: A1 OK enabled
         C: A2 UID STORE 5 +FLAGS.SILENT (\\Seen)
         S: * VANISHED 3
         S: * 4 FETCH (UID 5 MODSEQ (90))
         S: * VANISHED 7:8
         S: A2 OK [HIGHESTMODSEQ 91] stored
         C: A3 UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 80 VANISHED)
         S: * VANISHED (EARLIER) 1:2,9
         S: * VANISHED 10
         S: * 4 FETCH (UID 5 MODSEQ (90) FLAGS (\\Seen))
         S: A3 OK done",
    )
    .await;
    let enabled = client.enable(&["QRESYNC"]).await.unwrap();
    assert!(enabled.has("QRESYNC"));
    assert!(client.session().is_enabled("CONDSTORE"));
    let seen = Flags::from(SystemFlags::SEEN);
    let stored = client
        .uid_store(&uids("5"), StoreAction::Add, &seen, true, None)
        .await
        .unwrap();
    assert_eq!(
        (stored.changed[0].uid, stored.changed[0].mod_seq),
        (Some(5), Some(90))
    );
    let modifiers = FetchModifiers {
        changed_since: Some(80),
        vanished: true,
        ..FetchModifiers::default()
    };
    let items = [FetchItem::Uid, FetchItem::Flags];
    let fetch = client
        .uid_fetch(&uids("1:*"), &items, &modifiers)
        .await
        .unwrap();
    let end = fetch.finish().await.unwrap();
    assert_eq!(end.vanished, uids("1:2,9"));
    let events = events(&mut client).await;
    let [
        EventKind::Vanished(first),
        EventKind::HighestModSeq(91),
        EventKind::Vanished(last),
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!((first, last), (&uids("3,7:8"), &uids("10")));
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn store_names_what_it_left_alone() {
    let (mut client, peer) = session(
        "CONDSTORE",
        "C: A1 UID STORE 1:9 (UNCHANGEDSINCE 20) +FLAGS.SILENT (\\Deleted $Junk)
         S: * 1 FETCH (UID 1 MODSEQ (21))
         S: * 30 FETCH (UID 77 FLAGS (\\Seen))
         S: A1 OK [MODIFIED 7,9] conditional
         C: A2 UID STORE 3 (UNCHANGEDSINCE 20) FLAGS (\\Seen)
         S: A2 NO [MODIFIED 3] gone",
    )
    .await;
    let mut flags = Flags::from(SystemFlags::DELETED);
    flags.insert_keyword("$Junk").unwrap();
    let stored = client
        .uid_store(&uids("1:9"), StoreAction::Add, &flags, true, Some(20))
        .await
        .unwrap();
    assert_eq!(stored.modified, uids("7,9"));
    assert_eq!(stored.changed.len(), 1);
    // What another session did to another message is not our doing.
    let others = events(&mut client).await;
    assert!(matches!(&others[..], [EventKind::Fetch(fetch)] if fetch.uid == Some(77)));
    let seen = Flags::from(SystemFlags::SEEN);
    let stored = client
        .uid_store(&uids("3"), StoreAction::Replace, &seen, false, Some(20))
        .await
        .unwrap();
    assert_eq!(stored.modified, uids("3"));
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn copy_and_move_tell_the_new_uids() {
    let (mut client, peer) = session(
        "UIDPLUS MOVE",
        "C: A1 UID COPY 2:4 Archive
         S: A1 OK [COPYUID 38505 304,319:320 3956:3958] Done
         C: A2 UID MOVE 2:4 Archive
         S: * OK [COPYUID 432432 42:69 1202:1229] moved
         S: * 22 EXPUNGE
         S: * 22 EXPUNGE
         S: A2 OK Done
         C: A3 UID COPY 9 Archive
         S: A3 NO [TRYCREATE] No such mailbox
         C: A4 UID COPY 9 Archive
         S: A4 OK [COPYUID 1 1:2 5] odd",
    )
    .await;
    let archive = MailboxName::from_wire(*b"Archive");
    let copied = client
        .uid_copy(&uids("2:4"), &archive)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        copied.destination.iter().collect::<Vec<_>>(),
        [3956, 3957, 3958]
    );
    let moved = client.uid_move(&uids("2:4"), &archive).await.unwrap();
    assert_eq!(moved.copy_uid.unwrap().uid_validity, 432_432);
    assert_eq!(moved.expunged, [22, 22]);
    let error = client.uid_copy(&uids("9"), &archive).await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.response_code(), Some(&Code::TryCreate));
    assert_eq!(
        (error.kind(), error.command()),
        (ErrorKind::No, Some("UID COPY"))
    );
    // Lists of different lengths pair nothing up.
    assert_eq!(client.uid_copy(&uids("9"), &archive).await.unwrap(), None);
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn expunge_needs_uidplus_to_name_messages() {
    let (mut client, peer) = session(
        "UIDPLUS",
        "C: A1 UID EXPUNGE 3:5
         S: * VANISHED 3,5,9
         S: A1 OK [HIGHESTMODSEQ 20010715194045319] expunged",
    )
    .await;
    let expunged = client.uid_expunge(&uids("3:5")).await.unwrap();
    assert_eq!(expunged.vanished, uids("3,5"));
    // Somebody else removed 9.
    let others = events(&mut client).await;
    assert!(matches!(&others[0], EventKind::Vanished(gone) if *gone == uids("9")));
    assert_eq!(expunged.highest_mod_seq, Some(20_010_715_194_045_319));
    over(client, peer).await;
    let (mut client, peer) = session("", "").await;
    for result in [
        client.uid_expunge(&uids("3")).await.map(|_| ()),
        client.uid_move(&uids("3"), &inbox()).await.map(|_| ()),
    ] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn several_commands_leave_in_one_write_and_come_back_in_any_order() {
    let (mut client, peer) = session(
        "UIDPLUS",
        "C: A1 UID STORE 1 +FLAGS.SILENT (\\Seen)
         C: A2 UID COPY 2 Archive
         C: A3 STATUS Archive (MESSAGES)
         S: A2 OK [COPYUID 1 2 7] copied
         S: * STATUS Archive (MESSAGES 3)
         S: A3 OK status
         S: A1 NO [NOPERM] not yours",
    )
    .await;
    let archive = MailboxName::from_wire(*b"Archive");
    let seen = Flags::from(SystemFlags::SEEN);
    let store = Call::uid_store(&uids("1"), StoreAction::Add, &seen, true, None);
    let store = client.send(store).await.unwrap();
    let copy = client
        .send(Call::uid_copy(&uids("2"), &archive))
        .await
        .unwrap();
    let items = [imap_client::wire::command::StatusItem::Messages];
    let status = client.send(Call::status(&archive, &items)).await.unwrap();
    assert!(client.wait(store).await.unwrap_err().is_denied());
    assert_eq!(
        client.wait(status).await.unwrap().unwrap().messages,
        Some(3)
    );
    assert_eq!(client.wait(copy).await.unwrap().unwrap().uid_validity, 1);
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn two_fetches_in_flight_are_read_one_after_the_other() {
    let (mut client, peer) = session(
        "",
        "C: A1 UID FETCH 1 (UID)
         C: A2 UID FETCH 2 (UID)
         S: * 1 FETCH (UID 1)
         S: A1 OK one
         S: * 2 FETCH (UID 2)
         S: A2 OK two",
    )
    .await;
    let modifiers = FetchModifiers::default();
    let one = Call::uid_fetch(&uids("1"), &[FetchItem::Uid], &modifiers);
    let two = Call::uid_fetch(&uids("2"), &[FetchItem::Uid], &modifiers);
    let one = client.send(one).await.unwrap();
    let two = client.send(two).await.unwrap();
    let noop_first = client.wait(two).await;
    assert_eq!(noop_first.unwrap_err().kind(), ErrorKind::Usage);
    let mut reader = client.read_fetch(one);
    let Some(FetchPart::Message(message)) = reader.next().await.unwrap() else {
        panic!("nothing");
    };
    assert_eq!(message.uid, Some(1));
    assert!(reader.next().await.unwrap().is_none());
    // The claim on the second was dropped: it is skipped.
    client.set_response_timeout(std::time::Duration::from_secs(1));
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_throttled_command_says_how_long_to_wait() {
    let (mut client, peer) = session(
        "",
        "C: A1 UID FETCH 1 (UID)
         S: A1 NO [UNAVAILABLE] Server busy. Suggested Backoff Time: 15000 milliseconds",
    )
    .await;
    let modifiers = FetchModifiers::default();
    let mut fetch = client
        .uid_fetch(&uids("1"), &[FetchItem::Uid], &modifiers)
        .await
        .unwrap();
    let error = fetch.next().await.unwrap_err();
    assert!(error.is_retryable() && error.is_throttled());
    assert_eq!(
        error.retry_after(),
        Some(std::time::Duration::from_secs(15))
    );
    assert!(client.is_usable());
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn select_gathers_what_qresync_tells() {
    let (mut client, peer) = session(
        "ENABLE CONDSTORE QRESYNC",
        r#"C: A1 ENABLE QRESYNC
         S: * ENABLED QRESYNC
         S: A1 OK
         C: A2 SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211))
         S: * 5 EXPUNGE
         S: * OK [CLOSED] Previous mailbox closed.
         S: * 100 EXISTS
         S: * 11 RECENT
         S: * OK [UIDVALIDITY 67890007] UIDVALIDITY
         S: * OK [UIDNEXT 600] Predicted next UID
         S: * OK [HIGHESTMODSEQ 20060115205545359] Highest
         S: * OK [UNSEEN 7] There are some unseen
         S: * FLAGS (\Answered \Flagged \Draft \Deleted \Seen $Work)
         S: * OK [PERMANENTFLAGS (\Answered \Flagged \Draft \Deleted \Seen \*)] Limited
         S: * VANISHED (EARLIER) 41,43:116,118,120:211,214:540
         S: * 49 FETCH (UID 117 FLAGS (\Seen \Answered) MODSEQ (90060115194045001))
         S: * 50 FETCH (UID 119 FLAGS (\Draft $MDNSent) MODSEQ (90060115194045308))
         S: A2 OK [READ-WRITE] mailbox selected"#,
    )
    .await;
    client.enable(&["QRESYNC"]).await.unwrap();
    let known = imap_client::wire::command::Qresync {
        uid_validity: 67_890_007,
        mod_seq: 20_050_715_194_045_000,
        known_uids: Some(uids("41,43:211")),
        sequence_match: None,
    };
    let options = SelectOptions {
        qresync: Some(known),
        ..SelectOptions::default()
    };
    let selected = client.select(&inbox(), options).await.unwrap();
    assert_eq!((selected.exists, selected.recent), (100, 11));
    assert_eq!(selected.uid_validity, Some(67_890_007));
    assert_eq!(selected.uid_next, Some(600));
    assert_eq!(selected.highest_mod_seq, Some(20_060_115_205_545_359));
    assert!(
        selected
            .permanent_flags
            .unwrap()
            .contains(SystemFlags::NEW_KEYWORDS)
    );
    assert_eq!(selected.vanished, uids("41,43:116,118,120:211,214:540"));
    let changed: Vec<_> = selected
        .changed
        .iter()
        .map(|c| (c.seq, c.uid.unwrap()))
        .collect();
    assert_eq!(changed, [(49, 117), (50, 119)]);
    assert!(!selected.read_only);
    assert_eq!(client.selected(), Some(&inbox()));
    assert!(matches!(
        events(&mut client).await[..],
        [EventKind::Expunge(5)]
    ));
    over(client, peer).await;
}
