//! A scripted peer: expects these bytes, answers those.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use pop3::client::{ConnectOptions, Security};
use pop3::{Client, Result};
use sync_core::net::{Credential, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

/// A step of a script.
#[derive(Debug, Clone)]
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

/// Reads a script: `C: ` and a line that must come, `S: ` and a line to send, `C~ ` and `S~ ` the
/// same without a line end, `close`, `hang`. Lines that follow each other leave in one write.
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

/// Plays a script at the other end of `io`.
pub async fn play<T>(io: &mut T, steps: Vec<Step>)
where
    T: AsyncReadExt + AsyncWriteExt + Unpin,
{
    for step in steps {
        match step {
            Step::Say(bytes) => {
                // A client that gave up has closed its end.
                if io.write_all(&bytes).await.is_err() {
                    return;
                }
                let _ = io.flush().await;
            }
            Step::Expect(expected) => {
                let mut got = vec![0; expected.len()];
                let mut len = 0;
                while len < expected.len() {
                    let n = io.read(&mut got[len..]).await.unwrap_or(0);
                    len += n;
                    if n == 0 || got[..len] != expected[..len] {
                        break;
                    }
                }
                assert_eq!(
                    String::from_utf8_lossy(&got[..len]),
                    String::from_utf8_lossy(&expected),
                );
            }
            Step::Close => {
                let _ = io.shutdown().await;
                return;
            }
            Step::Hang => {
                let mut rest = Vec::new();
                let _ = io.read_to_end(&mut rest).await;
                assert_eq!(
                    String::from_utf8_lossy(&rest),
                    "",
                    "more than the script has"
                );
                return;
            }
        }
    }
    let mut rest = Vec::new();
    let _ = io.read_to_end(&mut rest).await;
    assert_eq!(
        String::from_utf8_lossy(&rest),
        "",
        "more than the script has"
    );
}

/// A peer that plays `text`, and the client's end of the connection.
pub fn peer(text: &str) -> (Stream, JoinHandle<()>) {
    let (ours, theirs) = duplex(1 << 20);
    let steps = script(text);
    (Stream::from_io(ours), tokio::spawn(run(theirs, steps)))
}

async fn run(mut io: DuplexStream, steps: Vec<Step>) {
    play(&mut io, steps).await;
}

/// Options for a connection that counts as protected; alice, `pa"ss`.
pub fn options() -> ConnectOptions {
    ConnectOptions::new("pop.example.org", Credential::password("alice", "pa\"ss"))
        .security(Security::Tls)
}

/// An exchange of CAPA, with these lines, which commas separate, as the answer.
pub fn capa(capabilities: &str) -> String {
    let lines = capabilities.split(',').map(str::trim);
    let lines = lines.filter(|line| !line.is_empty());
    let lines: String = lines.map(|line| format!("S: {line}\n")).collect();
    format!("C: CAPA\nS: +OK capabilities follow\n{lines}S: .\n")
}

/// A greeting and a login, with these capabilities, which commas separate, before and after it.
pub fn login(capabilities: &str) -> String {
    format!(
        "S: +OK ready\n{}C: AUTH PLAIN AGFsaWNlAHBhInNz\nS: +OK Logged in.\n{}",
        capa(&format!("SASL PLAIN, {capabilities}")),
        capa(capabilities),
    )
}

/// A session that is logged in, with a peer that has these capabilities and plays `text`.
pub async fn session(capabilities: &str, text: &str) -> (Client, JoinHandle<()>) {
    let (stream, peer) = peer(&format!("{}{text}", login(capabilities)));
    let client = Client::from_stream(stream, &options()).await.unwrap();
    (client, peer)
}

/// A connect with a peer that plays all of `text`.
pub async fn connect(text: &str, options: &ConnectOptions) -> Result<Client> {
    let (stream, peer) = peer(text);
    let result = Client::from_stream(stream, options).await;
    if result.is_err() {
        peer.await.unwrap();
    }
    result
}

/// Ends a session without QUIT and sees that the script was played to its end.
pub async fn over(client: Client, peer: JoinHandle<()>) {
    drop(client);
    peer.await.unwrap();
}
