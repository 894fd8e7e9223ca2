//! What a source holds in memory, however large the maildrop and the message. Alone in its process,
//! so that what is measured is its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use futures_util::StreamExt as _;
use pop3::client::{ConnectOptions, Security};
use pop3::{Pop3Config, Pop3Source};
use sync_core::Source as _;
use sync_core::model::{CollectionId, Cursor, ItemId};
use sync_core::net::Credential;
use sync_core::source::{Coverage, Depth};
use testbed::Dovecot;
use testbed::mail::{Generator, Message};

const MEBIBYTE: usize = 1 << 20;

fn config(server: &Dovecot, user: &str) -> Pop3Config {
    let credential = Credential::password(user, Dovecot::password(user));
    let connect = ConnectOptions::new("127.0.0.1", credential)
        .security(Security::AllowPlaintext)
        .port(server.pop3_port);
    Pop3Config::new(user, connect)
}

/// Begins to measure anew (proc(5), clear_refs).
fn reset_peak() -> usize {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    peak()
}

/// The most memory that this process held at once since then, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.unwrap().trim().split(' ').next().unwrap();
    kibibytes.parse::<usize>().unwrap() * 1024
}

fn small(message: &mut Message) {
    message.bytes.truncate(0);
    message
        .bytes
        .extend_from_slice(b"Subject: small\r\n\r\nx\r\n");
}

/// A message of 50 MB in an account of its own.
fn large(server: &Dovecot) {
    let mut message = Generator::new(1).plain().next().unwrap();
    let line = b"The quick brown fox jumps over the lazy dog, and no line of this is too long.\r\n";
    message.bytes.extend(line.repeat(50_000_000 / line.len()));
    server.append_files("bob", "INBOX", [message]).unwrap();
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn memory_is_bounded() {
    let server = Dovecot::builder().without_tls().in_memory();
    let server = server.start().unwrap();
    let inbox = CollectionId::new("INBOX");

    large(&server);
    let mut source = Pop3Source::new(config(&server, "bob"));
    let page = source.changes(&inbox, None).await.unwrap();
    let id: Vec<ItemId> = page.changed.into_iter().map(|item| item.id).collect();
    let before = reset_peak();
    let mut items = source.fetch(&inbox, &id, Depth::Full);
    let item = items.next().await.unwrap().unwrap();
    let body = item.body.unwrap();
    assert!(body.len() > 49_000_000 && body.memory() == 0);
    let message = peak() - before;

    let many = Generator::new(2).plain().take(100_000).map(|mut message| {
        small(&mut message);
        message
    });
    server.append_files("alice", "INBOX", many).unwrap();
    let before = reset_peak();
    let mut source = Pop3Source::new(config(&server, "alice"));
    let mut cursor: Option<Cursor> = None;
    let mut count = 0;
    loop {
        let page = source.changes(&inbox, cursor.as_ref()).await.unwrap();
        count += page.changed.len();
        cursor = Some(page.cursor);
        if !page.more {
            break;
        }
    }
    assert_eq!(count, 100_000);
    source.close().await.unwrap();
    let page = source.changes(&inbox, cursor.as_ref()).await.unwrap();
    assert_eq!(page.coverage, Coverage::Delta);
    source.close().await.unwrap();
    let listing = peak() - before;

    eprintln!(
        "100,000 UIDLs: {} KiB; a message of 50 MB: {} KiB",
        listing / 1024,
        message / 1024
    );
    assert!(listing < 40 * MEBIBYTE, "{} KiB", listing / 1024);
    assert!(message < 8 * MEBIBYTE, "{} KiB", message / 1024);
}
