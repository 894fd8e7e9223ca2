//! The commands of a session, byte by byte against a scripted peer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use std::time::Duration;

use pop3::Client;
use pop3::client::ErrorKind;
use pop3::wire::{Code, Limits, ListEntry, UidlEntry};
use script::{Step, login, options, over, peer, play, script, session};
use sync_core::net::Stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

fn entry(number: u32, octets: u64) -> ListEntry {
    ListEntry { number, octets }
}

fn id(number: u32, unique_id: &str) -> UidlEntry {
    UidlEntry {
        number,
        unique_id: unique_id.into(),
    }
}

#[tokio::test(start_paused = true)]
async fn the_session_of_the_rfc() {
    let (mut client, peer) = session(
        "UIDL",
        "C: STAT
         S: +OK 2 320
         C: LIST
         S: +OK 2 messages (320 octets)
         S: 1 120
         S: 2 200
         S: .
         C: UIDL
         S: +OK
         S: 1 whqtswO00WBw418f9t5JxYwZ
         S: 2 QhdPYR:00WBw1Ph7x7
         S: .
         C: NOOP
         S: +OK
         C: DELE 1
         S: +OK message 1 deleted
         C: RSET
         S: +OK maildrop has 2 messages (320 octets)
         C: QUIT
         S: +OK dewey POP3 server signing off (maildrop empty)",
    )
    .await;
    let stat = client.stat().await.unwrap();
    assert_eq!((stat.messages, stat.octets), (2, 320));
    assert_eq!(client.list().await.unwrap(), [entry(1, 120), entry(2, 200)]);
    assert_eq!(
        client.uidl().await.unwrap().unwrap(),
        [
            id(1, "whqtswO00WBw418f9t5JxYwZ"),
            id(2, "QhdPYR:00WBw1Ph7x7")
        ]
    );
    client.noop().await.unwrap();
    assert!(client.delete(&[1]).await[0].is_ok());
    client.reset().await.unwrap();
    client.quit().await.unwrap();
    peer.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn odd_listings_are_read_as_far_as_they_go() {
    let (mut client, peer) = session(
        "UIDL",
        "C: LIST
         S: +OK
         S:  1   120
         S: 3 5 (octets)
         S: garbage
         S: 2
         S: 3 5
         S: .
         C: UIDL
         S: +OK unique-id listing follows
         S: 3   UID3-1795292407
         S: 1 same
         S: 2 same
         S: 4
         S: 1 again
         S: ..
         S: .
         C: NOOP
         S: +OK",
    )
    .await;
    let listed = client.list().await.unwrap();
    assert_eq!(
        listed,
        [entry(1, 120), entry(3, 5), entry(2, 0), entry(3, 5)]
    );
    let ids = client.uidl().await.unwrap().unwrap();
    assert_eq!(
        ids,
        [
            id(3, "UID3-1795292407"),
            id(1, "same"),
            id(2, "same"),
            id(1, "again")
        ]
    );
    client.noop().await.unwrap();
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_without_uidl_is_told_from_one_in_trouble() {
    let (mut client, peer) = session(
        "",
        "C: UIDL
         S: -ERR unimplemented
         C: UIDL
         S: -ERR [SYS/TEMP] index is being rebuilt
         C: UIDL
         S: -ERR [SYS/PERM] index is broken",
    )
    .await;
    assert_eq!(client.uidl().await.unwrap(), None);
    let error = client.uidl().await.unwrap_err();
    assert!(error.is_retryable() && !error.is_connection_lost());
    let error = client.uidl().await.unwrap_err();
    assert!(error.is_permanent() && !error.is_retryable());
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn both_listings_leave_in_one_write_where_that_is_offered() {
    let (mut client, peer) = session(
        "PIPELINING, UIDL",
        "C: LIST
         C: UIDL
         S: +OK
         S: 1 120
         S: .
         S: +OK
         S: 1 a
         S: .
         C: LIST
         C: UIDL
         S: -ERR [SYS/TEMP] no
         S: +OK
         S: 1 a
         S: .
         C: NOOP
         S: +OK",
    )
    .await;
    let (list, ids) = client.listings().await.unwrap();
    assert_eq!(
        (list, ids.unwrap()),
        (vec![entry(1, 120)], vec![id(1, "a")])
    );
    // The answer to the second is not taken for that of the next command.
    assert!(client.listings().await.unwrap_err().is_retryable());
    client.noop().await.unwrap();
    over(client, peer).await;

    let (mut client, peer) = session(
        "UIDL",
        "C: LIST
         S: +OK
         S: 1 120
         S: .
         C: UIDL
         S: -ERR what?",
    )
    .await;
    let (list, ids) = client.listings().await.unwrap();
    assert_eq!((list, ids), (vec![entry(1, 120)], None));
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn each_deletion_has_its_own_result() {
    let (mut client, peer) = session(
        "PIPELINING",
        "C: DELE 1
         C: DELE 2
         C: DELE 7
         S: +OK Marked to be deleted.
         S: -ERR Message is deleted.
         S: -ERR [SYS/TEMP] later
         C: QUIT
         S: +OK Logging out, messages deleted.",
    )
    .await;
    let results = client.delete(&[1, 2, 7]).await;
    assert!(results[0].is_ok());
    let error = results[1].as_ref().unwrap_err();
    assert_eq!(
        error.to_string(),
        "DELE: the server refuses: Message is deleted."
    );
    assert!(results[2].as_ref().unwrap_err().is_retryable());
    client.quit().await.unwrap();
    peer.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_pipelining_one_command_waits_for_the_other() {
    let (mut client, peer) = session(
        "",
        "C: DELE 1
         S: +OK
         C: DELE 2
         S: +OK",
    )
    .await;
    assert_eq!(client.delete(&[1, 2]).await.len(), 2);
    assert!(client.delete(&[]).await.is_empty());
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn deletions_that_a_cut_befalls_are_all_errors() {
    let (mut client, peer) = session(
        "PIPELINING",
        "C: DELE 1
         C: DELE 2
         C: DELE 3
         S: +OK
         close",
    )
    .await;
    let results = client.delete(&[1, 2, 3]).await;
    assert!(results[0].is_ok());
    for result in &results[1..] {
        assert!(result.as_ref().unwrap_err().is_connection_lost());
    }
    // QUIT was never sent: nothing was removed, for sure.
    let error = client.quit().await.unwrap_err();
    assert!(error.is_retryable() && !error.is_outcome_unknown());
    peer.await.unwrap();
}

/// What `quit` says after DELE and this answer to QUIT.
async fn quit_after_delete(answer: &str) -> Option<(bool, ErrorKind)> {
    let text = format!("C: DELE 1\nS: +OK\nC: QUIT\n{answer}");
    let (mut client, peer) = session("", &text).await;
    assert!(client.delete(&[1]).await[0].is_ok());
    let error = client.quit().await.err();
    peer.await.unwrap();
    error.map(|error| (error.is_outcome_unknown(), error.kind()))
}

#[tokio::test(start_paused = true)]
async fn deletions_count_only_when_quit_was_answered() {
    assert_eq!(quit_after_delete("S: +OK").await, None);
    let unknown = |kind| Some((true, kind));
    let refused = quit_after_delete("S: -ERR some deleted messages not removed").await;
    assert_eq!(refused, unknown(ErrorKind::Refused));
    assert_eq!(
        quit_after_delete("close").await,
        unknown(ErrorKind::Connection)
    );
    assert_eq!(
        quit_after_delete("S~ +O\nclose").await,
        unknown(ErrorKind::Connection)
    );
    assert_eq!(quit_after_delete("hang").await, unknown(ErrorKind::Timeout));
    assert_eq!(
        quit_after_delete("S: what?").await,
        unknown(ErrorKind::Protocol)
    );
}

#[tokio::test(start_paused = true)]
async fn without_deletions_a_lost_farewell_leaves_nothing_open() {
    let (client, peer) = session("", "C: QUIT\nclose").await;
    let error = client.quit().await.unwrap_err();
    assert!(error.is_connection_lost() && !error.is_outcome_unknown());
    peer.await.unwrap();
    let text = "C: DELE 1\nS: +OK\nC: RSET\nS: +OK\nC: QUIT\nclose";
    let (mut client, peer) = session("", text).await;
    assert!(client.delete(&[1]).await[0].is_ok());
    client.reset().await.unwrap();
    assert!(!client.quit().await.unwrap_err().is_outcome_unknown());
    peer.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_server_says_when_it_goes_is_no_answer() {
    // Dovecot, after ten minutes.
    let (mut client, peer) = session("", "S: -ERR Disconnected for inactivity.\nclose").await;
    tokio::task::yield_now().await;
    let error = client.stat().await.unwrap_err();
    assert!(
        error.is_retryable() && error.is_connection_lost(),
        "{error:?}"
    );
    assert!(error.to_string().contains("inactivity"), "{error}");
    assert!(!client.is_usable());
    assert!(client.noop().await.unwrap_err().is_connection_lost());
    drop(client);
    peer.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn empty_lines_between_answers_do_not_count() {
    let (mut client, peer) = session(
        "",
        "C: NOOP
         S: +OK
         S:
         C: NOOP
         S:
         S: +OK",
    )
    .await;
    client.noop().await.unwrap();
    client.noop().await.unwrap();
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_answer_ends_the_session() {
    for odd in ["S: hello", "S: + Y2hhbGxlbmdl", "S: * OK"] {
        let (mut client, peer) = session("", &format!("C: NOOP\n{odd}")).await;
        let error = client.noop().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{odd}");
        assert!(error.is_connection_lost() && !client.is_usable());
        over(client, peer).await;
    }
    let (mut client, peer) = session("", "C: STAT\nS: +OK many").await;
    assert_eq!(client.stat().await.unwrap_err().kind(), ErrorKind::Protocol);
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_session() {
    let (mut client, peer) = session("", "C: NOOP\nhang").await;
    let begun = tokio::time::Instant::now();
    let error = client.noop().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(begun.elapsed().as_secs(), 120);
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn limits_hold() {
    let limits = Limits {
        max_entries: 20,
        max_line: 40,
        ..Limits::default()
    };
    let long = "9".repeat(50);
    for answer in [
        format!("+OK {long}"),
        format!("+OK{}", "\r\n1 1".repeat(21)),
    ] {
        let text = format!(
            "{}C: LIST\nS~ {}\nhang",
            login(""),
            answer.replace("\r\n", "\nS: ")
        );
        let text = text.replacen("S~ ", "S: ", 1);
        let (stream, peer) = peer(&text);
        let options = options().limits(limits);
        let mut client = Client::from_stream(stream, &options).await.unwrap();
        let error = client.list().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
        assert!(!error.is_retryable() && !client.is_usable());
        over(client, peer).await;
    }
}

#[tokio::test(start_paused = true)]
async fn languages() {
    let (mut client, peer) = session(
        "LANG",
        "C: LANG
         S: +OK Language listing follows:
         S: en English
         S: fr French
         S: .
         C: LANG fr
         S: +OK fr la Language commande a ete execute
         C: LANG uga
         S: -ERR invalid language UGA",
    )
    .await;
    let languages = client.languages().await.unwrap();
    let tags: Vec<&str> = languages.iter().map(|l| l.tag.as_str()).collect();
    assert_eq!(tags, ["en", "fr"]);
    client.lang("fr").await.unwrap();
    let error = client.lang("uga").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(
        client.lang("a b").await.unwrap_err().kind(),
        ErrorKind::Usage
    );
    over(client, peer).await;

    let (mut client, peer) = session("", "").await;
    let error = client.languages().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_command_does_not_shift_the_answers() {
    let (ours, mut theirs) = duplex(1 << 16);
    let peer = tokio::spawn(async move {
        let begin = format!("{}C: LIST\nS: +OK\nS: 1 120\nS~ 2 2", login(""));
        for step in script(&begin) {
            match step {
                Step::Say(bytes) => theirs.write_all(&bytes).await.unwrap(),
                Step::Expect(bytes) => {
                    theirs.read_exact(&mut vec![0; bytes.len()]).await.unwrap();
                }
                _ => unreachable!(),
            }
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        let rest = "S: .\nS: 3 .\nS: .\nC: UIDL\nS: +OK\nS: 1 a\nS: .";
        play(&mut theirs, script(rest)).await;
    });
    let mut client = Client::from_stream(Stream::from_io(ours), &options())
        .await
        .unwrap();
    let cut = tokio::time::timeout(Duration::from_secs(1), client.list()).await;
    assert!(cut.is_err());
    let cut = tokio::time::timeout(Duration::from_secs(1), client.uidl()).await;
    assert!(cut.is_err());
    assert_eq!(client.uidl().await.unwrap().unwrap(), [id(1, "a")]);
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn codes_reach_the_caller() {
    let (mut client, peer) = session("", "C: NOOP\nS: -ERR [X-BUSY] no").await;
    let error = client.noop().await.unwrap_err();
    assert_eq!(error.response_code(), Some(&Code::Other("X-BUSY".into())));
    assert_eq!(error.command(), Some("NOOP"));
    over(client, peer).await;
}
