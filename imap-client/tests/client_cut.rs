//! The connection is cut behind every byte that the server says; and what the log holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use std::io::Write;
use std::sync::{Arc, Mutex};

use imap_client::client::{ConnectOptions, FetchPart, Upload};
use imap_client::wire::command::{FetchItem, FetchModifiers, SearchKey, SelectOptions};
use imap_client::wire::{MailboxName, UidSet};
use imap_client::{Client, Result};
use script::{Step, options};
use sync_core::net::{Credential, Stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

const SCRIPT: &str = r#"S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello
    C: A1 AUTHENTICATE PLAIN
    S: +
    C: AGFsaWNlAHBhInNz
    S: A1 OK [CAPABILITY IMAP4rev1 UIDPLUS ESEARCH] in
    C: A2 SELECT INBOX
    S: * FLAGS (\Seen)
    S: * 2 EXISTS
    S: * OK [UIDVALIDITY 7] valid
    S: A2 OK [READ-WRITE] selected
    C: A3 UID SEARCH RETURN (ALL) ALL
    S: * ESEARCH (TAG "A3") UID ALL 1:2
    S: A3 OK found
    C: A4 UID FETCH 1:2 (UID BODY.PEEK[])
    S: * 1 FETCH (UID 1 BODY[] {5}
    S~ hello
    S: )
    S: * 2 FETCH (UID 2 BODY[] "ab")
    S: A4 OK fetched
    C: A5 APPEND INBOX {5}
    S: + go
    C: hello
    S: A5 OK [APPENDUID 7 3] stored
    "#;

/// Lives through the script; the number of messages that were read whole.
async fn live(stream: Stream, read: &mut usize) -> Result<()> {
    let mut client = Client::from_stream(stream, &options()).await?;
    let inbox = MailboxName::inbox();
    client.select(&inbox, SelectOptions::default()).await?;
    let found = client.uid_search(&SearchKey::All).await?.uids;
    let items = [FetchItem::Uid, FetchItem::message()];
    let mut fetch = client
        .uid_fetch(&found, &items, &FetchModifiers::default())
        .await?;
    while let Some(part) = fetch.next().await? {
        if let FetchPart::Message(message) = part {
            assert!(matches!(
                message.sections.full().unwrap().bytes(),
                Some(b"hello" | b"ab")
            ));
            *read += 1;
        }
    }
    let appended = client
        .append(&inbox, &mut [Upload::new(b"hello")])
        .await?
        .unwrap();
    assert_eq!(appended.uids.to_set(), UidSet::from(3));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_cut_behind_any_byte_is_an_error_that_can_be_retried() {
    let steps = script::script(SCRIPT);
    let said = steps
        .iter()
        .map(|step| if let Step::Say(b) = step { b.len() } else { 0 });
    let total: usize = said.sum();
    for cut in 0..=total {
        let steps = steps.clone();
        let (ours, mut theirs) = duplex(1 << 16);
        let peer = tokio::spawn(async move {
            let mut left = cut;
            for step in steps {
                match step {
                    Step::Say(bytes) => {
                        let now = bytes.len().min(left);
                        left -= now;
                        theirs.write_all(&bytes[..now]).await.unwrap();
                        if now < bytes.len() {
                            return;
                        }
                    }
                    Step::Expect(bytes) => {
                        theirs.read_exact(&mut vec![0; bytes.len()]).await.unwrap();
                    }
                    _ => unreachable!(),
                }
            }
        });
        let mut read = 0;
        let result = live(Stream::from_io(ours), &mut read).await;
        match result {
            Ok(()) => assert!(cut == total && read == 2, "cut behind byte {cut}"),
            Err(error) => {
                assert!(cut < total, "{error}");
                assert!(error.is_retryable(), "cut behind byte {cut}: {error:?}");
                assert!(!error.is_authentication());
            }
        }
        peer.await.unwrap();
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn the_wire_log_holds_no_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let offers = [
        (
            "AUTH=PLAIN SASL-IR",
            "C: A1 AUTHENTICATE PLAIN AGFsaWNlAHMzY3IzdC13w7ZyZA==",
        ),
        (
            "AUTH=PLAIN",
            "C: A1 AUTHENTICATE PLAIN\nS: +\nC: AGFsaWNlAHMzY3IzdC13w7ZyZA==",
        ),
        (
            "AUTH=LOGIN",
            "C: A1 AUTHENTICATE LOGIN\nS: + VQ==\nC: YWxpY2U=\nS: + UA==\nC: czNjcjN0LXfDtnJk",
        ),
        (
            "LITERAL+ X",
            "C: A1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 LITERAL+\nS: A1 OK\nC: A2 LOGIN alice {12+}\nC: s3cr3t-wörd",
        ),
    ];
    for (capabilities, login) in offers {
        let tag = if login.contains("A2") { "A2" } else { "A1" };
        let text = format!(
            "S: * OK [CAPABILITY IMAP4rev1 {capabilities}] hi\n{login}\nS: {tag} OK [CAPABILITY IMAP4rev1] in\n"
        );
        let options = ConnectOptions::new("h", Credential::password("alice", "s3cr3t-wörd"));
        script::connect(&text, &options).await.unwrap();
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("AUTHENTICATE") && log.contains("LOGIN"),
        "{log}"
    );
    for secret in ["s3cr3t", "czNjcjN0", "MzY3IzdC"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
