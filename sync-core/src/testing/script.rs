//! A peer that keeps to a script: it expects these bytes and answers those.
//!
//! The script is lines of text: `C: ` and a line that must come, `S: ` and a line to send, `C~ ` and `S~ `
//! the same without a line end, `close`, `hang`. Lines that follow each other leave in one write.
//!
//! What does not go by the script is a panic, as in a test.
#![allow(clippy::panic)]

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, duplex};
use tokio::task::JoinHandle;

use crate::net::Stream;

/// A step of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Exactly these bytes must come.
    Expect(Vec<u8>),
    /// Sends these bytes, in one write.
    Say(Vec<u8>),
    /// Closes the connection.
    Close,
    /// Keeps the connection open and silent until the client ends it.
    Hang,
}

/// Reads a [script](self).
///
/// # Panics
/// If it is none.
#[must_use]
pub fn script(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines().map(str::trim_start).filter(|l| !l.is_empty()) {
        let (step, bytes) = match line.split_at_checked(3).unwrap_or((line, "")) {
            ("C: ", rest) => (Step::Expect(Vec::new()), format!("{rest}\r\n")),
            ("S: ", rest) => (Step::Say(Vec::new()), format!("{rest}\r\n")),
            ("C~ ", rest) => (Step::Expect(Vec::new()), rest.to_owned()),
            ("S~ ", rest) => (Step::Say(Vec::new()), rest.to_owned()),
            ("S:", _) => (Step::Say(Vec::new()), "\r\n".to_owned()),
            ("clo", _) => (Step::Close, String::new()),
            ("han", _) => (Step::Hang, String::new()),
            _ => panic!("no script: {line}"),
        };
        match (&step, steps.last_mut()) {
            (Step::Expect(_), Some(Step::Expect(last))) | (Step::Say(_), Some(Step::Say(last))) => {
                last.extend_from_slice(bytes.as_bytes());
            }
            (Step::Expect(_), _) => steps.push(Step::Expect(bytes.into_bytes())),
            (Step::Say(_), _) => steps.push(Step::Say(bytes.into_bytes())),
            _ => steps.push(step),
        }
    }
    steps
}

/// Plays a script at the other end of `io`, after which the client must end the connection and say no
/// more.
///
/// # Panics
/// If anything else comes.
pub async fn play<T>(io: &mut T, steps: Vec<Step>)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    if play_part(io, steps).await {
        expect_end(io).await;
    }
}

/// Plays a part of a script; says whether the connection outlives it.
///
/// # Panics
/// If anything else comes.
pub async fn play_part<T>(io: &mut T, steps: Vec<Step>) -> bool
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    for step in steps {
        match step {
            Step::Say(bytes) => {
                // A client that gave up has closed its end.
                if io.write_all(&bytes).await.is_err() {
                    return false;
                }
                let _ = io.flush().await;
            }
            Step::Expect(expected) => expect(io, &expected).await,
            Step::Close => {
                let _ = io.shutdown().await;
                return false;
            }
            Step::Hang => {
                expect_end(io).await;
                return false;
            }
        }
    }
    true
}

/// Reads until it is clear whether these bytes come.
async fn expect<T: AsyncRead + Unpin>(io: &mut T, expected: &[u8]) {
    let mut got = Vec::new();
    while got.len() < expected.len() && expected.starts_with(&got) {
        let left = expected.len().saturating_sub(got.len());
        let mut piece = vec![0; left];
        match io.read(&mut piece).await {
            Ok(n) if n > 0 => got.extend_from_slice(piece.get(..n).unwrap_or_default()),
            _ => break,
        }
    }
    assert_eq!(
        String::from_utf8_lossy(&got),
        String::from_utf8_lossy(expected)
    );
}

async fn expect_end<T: AsyncRead + Unpin>(io: &mut T) {
    let mut rest = Vec::new();
    let _ = io.read_to_end(&mut rest).await;
    let rest = String::from_utf8_lossy(&rest);
    assert_eq!(rest, "", "more than the script has");
}

/// A peer that plays `text`, and the client's end of the connection.
///
/// # Panics
/// The task of the peer does, if anything else comes.
#[must_use]
pub fn peer(text: &str) -> (Stream, JoinHandle<()>) {
    let (ours, mut theirs) = duplex(1 << 20);
    let steps = script(text);
    let peer = tokio::spawn(async move { play(&mut theirs, steps).await });
    (Stream::from_io(ours), peer)
}
