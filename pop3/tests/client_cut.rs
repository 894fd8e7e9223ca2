//! The connection is cut behind every byte that the server says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use pop3::client::Part;
use pop3::{Client, Result};
use script::{Step, login, options};
use sync_core::net::Stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

const SESSION: &str = "C: LIST
    C: UIDL
    S: +OK 2 messages:
    S: 1 26
    S: 2 7
    S: .
    S: +OK
    S: 1 000000016b01fbff
    S: 2 000000026b01fbff
    S: .
    C: RETR 1
    C: RETR 2
    S: +OK 26 octets
    S: Subject: hi
    S:
    S: ..dot
    S: .
    S: +OK
    S: hello
    S: .
    C: DELE 1
    C: DELE 2
    S: +OK Marked to be deleted.
    S: +OK Marked to be deleted.
    C: QUIT
    S: +OK Logging out, messages deleted.";

/// What of a session came to its end.
#[derive(Default, PartialEq, Debug)]
struct Done {
    read: usize,
    deleted: usize,
}

/// Lives through the script.
async fn live(stream: Stream, done: &mut Done) -> Result<()> {
    let mut client = Client::from_stream(stream, &options()).await?;
    let (list, ids) = client.listings().await?;
    assert_eq!((list.len(), ids.unwrap().len()), (2, 2));
    let mut transfer = client.retrieve(&list);
    let mut text = Vec::new();
    while let Some(part) = transfer.next().await? {
        match part {
            Part::Begin { .. } => text.clear(),
            Part::Chunk(bytes) => text.extend_from_slice(&bytes),
            Part::End { number } => {
                let whole: &[u8] = match number {
                    1 => b"Subject: hi\r\n\r\n.dot\r\n",
                    _ => b"hello\r\n",
                };
                assert_eq!(text, whole);
                done.read += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    for result in client.delete(&[1, 2]).await {
        result?;
        done.deleted += 1;
    }
    client.quit().await
}

#[tokio::test(start_paused = true)]
async fn a_cut_behind_any_byte_is_an_error_that_can_be_retried() {
    let steps = script::script(&format!("{}{SESSION}", login("PIPELINING, UIDL")));
    let said = steps
        .iter()
        .map(|step| if let Step::Say(b) = step { b.len() } else { 0 });
    let total: usize = said.sum();
    let farewell = "+OK Logging out, messages deleted.\r\n".len();
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
        let mut done = Done::default();
        let result = live(Stream::from_io(ours), &mut done).await;
        match result {
            Ok(()) => {
                assert_eq!(cut, total);
                assert_eq!((done.read, done.deleted), (2, 2));
            }
            Err(error) => {
                assert!(cut < total, "{error}");
                assert!(error.is_retryable(), "cut behind byte {cut}: {error:?}");
                assert!(!error.is_authentication());
                // Before QUIT left nothing is removed, for sure.
                let unknown = cut >= total - farewell;
                assert_eq!(error.is_outcome_unknown(), unknown, "behind byte {cut}");
            }
        }
        peer.await.unwrap();
    }
}
