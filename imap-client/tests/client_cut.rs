//! The connection is cut behind every byte that the server says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use imap_client::client::{FetchPart, Upload};
use imap_client::wire::command::{FetchItem, FetchModifiers, SearchKey, SelectOptions};
use imap_client::wire::{MailboxName, UidSet};
use imap_client::{Client, Result};
use script::{Step, options};
use sync_core::net::Stream;
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
