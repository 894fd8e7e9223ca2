//! RETR and TOP: pipelining, refusals, cuts, and a server that does not read while it writes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use std::time::Duration;

use pop3::client::{Part, Transfer};
use pop3::wire::ListEntry;
use pop3::{Client, Result};
use script::{login, options, over, session};
use sync_core::net::Stream;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex};
use tokio::task::JoinHandle;

fn entries(numbers: impl IntoIterator<Item = u32>, octets: u64) -> Vec<ListEntry> {
    let entry = |number| ListEntry { number, octets };
    numbers.into_iter().map(entry).collect()
}

/// What a transfer gives, each message with its text or why it failed.
async fn collect(
    mut transfer: Transfer<'_>,
) -> Result<Vec<(u32, std::result::Result<Vec<u8>, String>)>> {
    let mut messages = Vec::new();
    let mut current = None;
    while let Some(part) = transfer.next().await? {
        match part {
            Part::Begin { number } => assert!(current.replace((number, Vec::new())).is_none()),
            Part::Chunk(bytes) => {
                assert!(!bytes.is_empty());
                current.as_mut().unwrap().1.extend_from_slice(&bytes);
            }
            Part::End { number } => {
                let (begun, text) = current.take().unwrap();
                assert_eq!(begun, number);
                messages.push((number, Ok(text)));
            }
            Part::Failed { number, error } => messages.push((number, Err(error.to_string()))),
            other => panic!("{other:?}"),
        }
    }
    assert!(current.is_none());
    Ok(messages)
}

#[tokio::test(start_paused = true)]
async fn messages_come_in_order_and_a_refused_one_stands_in_nobodys_way() {
    let (mut client, peer) = session(
        "PIPELINING",
        "C: RETR 1
         C: RETR 7
         C: RETR 2
         C: RETR 3
         S: +OK 120 octets
         S: Subject: one
         S:
         S: ..dot
         S: .
         S: -ERR There's no message 7.
         S: +OK
         S: .
         S: +OK
         S~ bare
         S: ends
         S: .
         C: NOOP
         S: +OK",
    )
    .await;
    let wanted = entries([1, 7, 2, 3], 100);
    let messages = collect(client.retrieve(&wanted)).await.unwrap();
    let refused = "RETR: the server refuses: There's no message 7.".to_owned();
    assert_eq!(
        messages,
        [
            (1, Ok(b"Subject: one\r\n\r\n.dot\r\n".to_vec())),
            (7, Err(refused)),
            (2, Ok(vec![])),
            (3, Ok(b"bareends\r\n".to_vec())),
        ]
    );
    client.noop().await.unwrap();
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn without_pipelining_one_message_waits_for_the_other() {
    let (mut client, peer) = session(
        "TOP",
        "C: RETR 1
         S: +OK
         S: one
         S: .
         C: RETR 2
         S: -ERR no
         C: RETR 3
         S: +OK
         S: three
         S: .
         C: TOP 1 0
         S: +OK
         S: head
         S:
         S: .",
    )
    .await;
    let messages = collect(client.retrieve(&entries([1, 2, 3], 5)))
        .await
        .unwrap();
    assert_eq!(messages.len(), 3);
    let tops = collect(client.top(&entries([1], 5), 0)).await.unwrap();
    assert_eq!(tops, [(1, Ok(b"head\r\n\r\n".to_vec()))]);
    assert!(collect(client.retrieve(&[])).await.unwrap().is_empty());
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_begins_with_a_lone_dot_is_told_from_its_end() {
    // Dovecot stuffs each dot but one at the very beginning. By its size the first message goes on.
    let (mut client, peer) = session(
        "PIPELINING",
        "C: RETR 1
         C: RETR 2
         S: +OK 24 octets
         S: .
         S:
         S: ..
         S: ...
         S: ....dots
         S: ..
         S: .
         S: +OK 3 octets
         S: .
         S: .
         C: NOOP
         S: +OK
         C: NOOP
         S: +OK",
    )
    .await;
    let messages = collect(client.retrieve(&entries([1, 2], 24)))
        .await
        .unwrap();
    assert_eq!(
        messages,
        [
            (1, Ok(b".\r\n\r\n.\r\n..\r\n...dots\r\n.\r\n".to_vec())),
            (2, Ok(b".\r\n".to_vec())),
        ]
    );
    client.noop().await.unwrap();
    over(client, peer).await;
    // Messages that are empty though LIST has a size for them.
    let (mut client, peer) = session(
        "PIPELINING",
        "C: RETR 1
         C: RETR 2
         C: RETR 3
         S: +OK
         S: .
         S: -ERR no
         S: +OK
         S: .
         C: NOOP
         S: +OK
         C: NOOP
         S: +OK",
    )
    .await;
    let messages = collect(client.retrieve(&entries([1, 2, 3], 24)))
        .await
        .unwrap();
    assert_eq!(
        (&messages[0], &messages[2]),
        (&(1, Ok(vec![])), &(3, Ok(vec![])))
    );
    client.noop().await.unwrap();
    over(client, peer).await;
    // One after the other, where one command has to wait for the other.
    let (mut client, peer) = session(
        "",
        "C: RETR 1
         S: +OK
         S: .
         C: NOOP
         S: more
         S: .
         S: +OK
         C: RETR 2
         S: +OK
         S: two
         S: .",
    )
    .await;
    let messages = collect(client.retrieve(&entries([1, 2], 24)))
        .await
        .unwrap();
    assert_eq!(messages[0], (1, Ok(b".\r\nmore\r\n".to_vec())));
    assert_eq!(messages[1], (2, Ok(b"two\r\n".to_vec())));
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_without_top_refuses_each() {
    let (mut client, peer) = session(
        "PIPELINING",
        "C: TOP 1 0
         C: TOP 2 0
         S: -ERR Unknown command: TOP
         S: -ERR Unknown command: TOP
         C: NOOP
         S: +OK",
    )
    .await;
    let tops = collect(client.top(&entries([1, 2], 5), 0)).await.unwrap();
    assert!(tops.iter().all(|(_, text)| text.is_err()) && tops.len() == 2);
    client.noop().await.unwrap();
    over(client, peer).await;
}

/// Counts the commands that are waiting each time that it has nothing more to answer.
struct Server {
    io: BufReader<DuplexStream>,
}

impl Server {
    /// Plays the login with pipelining.
    async fn begin(io: DuplexStream) -> Self {
        let mut io = BufReader::new(io);
        let steps = script::script(&login("PIPELINING"));
        assert!(script::play_part(&mut io, steps).await);
        Self { io }
    }

    /// The next command; `None` if none comes for a while.
    async fn command(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.io.read_line(&mut line);
        let read = tokio::time::timeout(Duration::from_secs(1), read).await;
        read.ok()?.ok().filter(|n| *n > 0)?;
        Some(line.trim_end().to_owned())
    }

    async fn commands(&mut self) -> usize {
        let mut count = 0;
        while self.command().await.is_some() {
            count += 1;
        }
        count
    }

    async fn answer(&mut self, count: usize, text: &[u8]) {
        for _ in 0..count {
            self.io.write_all(b"+OK\r\n").await.unwrap();
            self.io.write_all(text).await.unwrap();
            self.io.write_all(b".\r\n").await.unwrap();
        }
    }
}

async fn logged_in(io: DuplexStream) -> Client {
    Client::from_stream(Stream::from_io(io), &options())
        .await
        .unwrap()
}

fn download(mut client: Client, wanted: Vec<ListEntry>) -> JoinHandle<usize> {
    tokio::spawn(async move { collect(client.retrieve(&wanted)).await.unwrap().len() })
}

#[tokio::test(start_paused = true)]
async fn many_small_messages_are_under_way_and_refilled_before_they_run_out() {
    let (ours, theirs) = duplex(1 << 20);
    let server = tokio::spawn(Server::begin(theirs));
    let client = logged_in(ours).await;
    let mut server = server.await.unwrap();
    let done = download(client, entries(1..=6000, 2000));
    assert_eq!(server.commands().await, 2000);
    // Nothing more is asked for until a quarter is read: one write, not one a message.
    server.answer(499, b"x\r\n").await;
    assert_eq!(server.commands().await, 0);
    server.answer(1, b"x\r\n").await;
    assert_eq!(server.commands().await, 500);
    let mut under_way = 2000;
    let mut seen = 2500;
    while under_way > 0 {
        server.answer(250, b"x\r\n").await;
        under_way -= 250;
        let more = server.commands().await;
        under_way += more;
        seen += more;
    }
    assert_eq!(seen, 6000);
    assert_eq!(done.await.unwrap(), 6000);
}

#[tokio::test(start_paused = true)]
async fn of_large_messages_a_few_are_under_way() {
    for (octets, window) in [(1 << 20, 15), (50 << 20, 2), (400_000, 41)] {
        let (ours, theirs) = duplex(1 << 20);
        let server = tokio::spawn(Server::begin(theirs));
        let client = logged_in(ours).await;
        let mut server = server.await.unwrap();
        let done = download(client, entries(1..=50, octets));
        assert_eq!(server.commands().await, window, "{octets}");
        let (mut under_way, mut seen) = (window, window);
        while under_way > 0 {
            server.answer(1, b"x\r\n").await;
            let more = server.commands().await;
            under_way = under_way - 1 + more;
            seen += more;
            // The next one waits at the server already when one is over.
            assert!(under_way <= window && (under_way >= 2.min(50 - (seen - under_way))));
        }
        assert_eq!(seen, 50);
        assert_eq!(done.await.unwrap(), 50);
    }
}

#[tokio::test(start_paused = true)]
async fn sizes_that_are_wrong_or_absurd_do_no_harm() {
    for octets in [0, u64::MAX] {
        let (ours, theirs) = duplex(1 << 20);
        let server = tokio::spawn(Server::begin(theirs));
        let client = logged_in(ours).await;
        let mut server = server.await.unwrap();
        let done = download(client, entries(1..=3, octets));
        server.commands().await;
        server
            .answer(3, b"a longer text than was promised\r\n")
            .await;
        server.commands().await;
        assert_eq!(done.await.unwrap(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_read_while_it_writes_is_no_deadlock() {
    // Neither side's output fits into the pipe.
    let (ours, theirs) = duplex(64);
    let server = tokio::spawn(async move {
        let mut server = Server::begin(theirs).await;
        let text = [b'x'; 500];
        for number in 1..=300 {
            assert_eq!(server.command().await.unwrap(), format!("RETR {number}"));
            server.answer(1, &[&text[..], b"\r\n"].concat()).await;
        }
        let mut deletions = String::new();
        for number in 1..=300 {
            assert_eq!(server.command().await.unwrap(), format!("DELE {number}"));
            deletions.push_str("+OK\r\n");
        }
        server.io.write_all(deletions.as_bytes()).await.unwrap();
        server
    });
    let mut client = logged_in(ours).await;
    let wanted = entries(1..=300, 500);
    assert_eq!(collect(client.retrieve(&wanted)).await.unwrap().len(), 300);
    let numbers: Vec<u32> = (1..=300).collect();
    let deleted = client.delete(&numbers).await;
    assert!(deleted.iter().all(Result::is_ok) && deleted.len() == 300);
    drop(client);
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_is_dropped_is_read_to_its_end_by_the_next_command() {
    let text = "C: RETR 1
         C: RETR 2
         C: RETR 3
         S: +OK
         S: one
         S: two
         S: .
         S: -ERR no
         S: +OK
         S: +OK not an answer
         S: .
         C: STAT
         S: +OK 3 30";
    for parts in 0..4 {
        let (mut client, peer) = session("PIPELINING", text).await;
        let wanted = entries([1, 2, 3], 10);
        let mut transfer = client.retrieve(&wanted);
        for _ in 0..parts {
            transfer.next().await.unwrap().unwrap();
        }
        drop(transfer);
        if parts == 0 {
            // Nothing was asked for.
            drop(client);
            peer.abort();
            continue;
        }
        assert_eq!(client.stat().await.unwrap().messages, 3);
        over(client, peer).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_in_a_message_is_an_error_that_can_be_retried() {
    for text in [
        "S~ +O",
        "S: +OK",
        "S: +OK\nS~ one",
        "S: +OK\nS: one\nS~ .",
        "S: +OK\nS: .\nS~ +OK",
    ] {
        let text = format!("C: RETR 1\nC: RETR 2\n{text}\nclose");
        let (mut client, peer) = session("PIPELINING", &text).await;
        let wanted = entries([1, 2], 10);
        let mut transfer = client.retrieve(&wanted);
        let error = loop {
            match transfer.next().await {
                Ok(part) => assert!(part.is_some(), "{text}"),
                Err(error) => break error,
            }
        };
        assert!(
            error.is_retryable() && error.is_connection_lost(),
            "{error}"
        );
        assert!(transfer.next().await.is_err());
        over(client, peer).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_that_nobody_waits_for_any_more_is_not_lost() {
    let (mut client, peer) = session(
        "PIPELINING",
        "C: RETR 1
         S: +OK
         S: one
         S: .",
    )
    .await;
    let wanted = entries([1], 10);
    let mut transfer = client.retrieve(&wanted);
    let mut parts = Vec::new();
    loop {
        // Each future is polled once and dropped if it is not done.
        let polled = tokio::select! {
            biased;
            part = transfer.next() => Some(part.unwrap()),
            () = std::future::ready(()) => None,
        };
        match polled {
            Some(Some(part)) => parts.push(format!("{part:?}")),
            Some(None) => break,
            None => tokio::task::yield_now().await,
        }
    }
    assert_eq!(
        parts,
        [
            "Begin { number: 1 }",
            "Chunk(b\"one\\r\\n\")",
            "End { number: 1 }"
        ]
    );
    over(client, peer).await;
}
