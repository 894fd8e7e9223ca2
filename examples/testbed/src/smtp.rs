//! Takes every mail that a server sends, so that a test sees whether one was sent.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use crate::{Result, error::Doing};

/// A mail that a server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The sender's address in the envelope.
    pub from: String,
    /// The recipients' addresses in the envelope.
    pub to: Vec<String>,
    /// The content, with CRLF.
    pub content: Vec<u8>,
}

/// What is done with each mail beside keeping it.
type Deliver = Box<dyn Fn(&Mail) + Send + Sync>;

/// An SMTP server on 127.0.0.1 that takes everything. It ends when dropped.
pub(crate) struct Sink {
    port: u16,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    mails: Mutex<Vec<Mail>>,
    deliver: Deliver,
    ended: AtomicBool,
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Sink {
    pub(crate) fn start(deliver: Deliver) -> Result<Self> {
        let (listener, port) = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| {
                let port = listener.local_addr()?.port();
                Ok((listener, port))
            })
            .doing(|| "opening a port for mail".into())?;
        let shared = Arc::new(Shared {
            mails: Mutex::default(),
            deliver,
            ended: AtomicBool::new(false),
        });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for client in listener.incoming().flatten() {
                    if shared.ended.load(Ordering::Acquire) {
                        return;
                    }
                    let shared = Arc::clone(&shared);
                    // A client that breaks off sent no mail.
                    thread::spawn(move || serve(&client, &shared));
                }
            }
        });
        Ok(Self {
            port,
            shared,
            acceptor: Some(acceptor),
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Every mail so far.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let mails = self.shared.mails.lock();
        mails.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        // Wakes the acceptor.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

/// One client (RFC 5321).
fn serve(mut client: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut lines = BufReader::new(client);
    let mut say = |text: &str| client.write_all(format!("{text}\r\n").as_bytes());
    say("220 testbed ESMTP")?;
    let mut mail = empty();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let upper = line.trim_end().to_ascii_uppercase();
        if upper.starts_with("EHLO") {
            say("250-testbed\r\n250 8BITMIME")?;
        } else if upper.starts_with("MAIL FROM:") {
            mail = Mail {
                from: address(&line),
                ..empty()
            };
            say("250 OK")?;
        } else if upper.starts_with("RCPT TO:") {
            mail.to.push(address(&line));
            say("250 OK")?;
        } else if upper == "DATA" {
            say("354 go on")?;
            mail.content = content(&mut lines)?;
            (shared.deliver)(&mail);
            let done = std::mem::replace(&mut mail, empty());
            let mails = shared.mails.lock();
            mails.unwrap_or_else(PoisonError::into_inner).push(done);
            say("250 OK")?;
        } else if upper == "QUIT" {
            return say("221 bye");
        } else {
            say("250 OK")?;
        }
    }
}

fn empty() -> Mail {
    Mail {
        from: String::new(),
        to: Vec::new(),
        content: Vec::new(),
    }
}

/// What stands between angle brackets.
fn address(line: &str) -> String {
    let inside = line
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inside
        .map_or(line.trim(), |(address, _)| address)
        .to_owned()
}

fn content(lines: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match line.strip_prefix(b".") {
            Some(b"\r\n" | b"\n") => return Ok(content),
            Some(stuffed) => content.extend_from_slice(stuffed),
            None => content.extend_from_slice(&line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_kept_and_delivered() {
        let (sender, delivered) = std::sync::mpsc::channel();
        let sink = Sink::start(Box::new(move |mail| sender.send(mail.clone()).unwrap())).unwrap();
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, sink.port())).unwrap();
        client
            .write_all(
                b"EHLO me\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nDATA\r\n\
                  A: b\r\n\r\n..x\r\n.\r\nQUIT\r\n",
            )
            .unwrap();
        let mail = delivered.recv().unwrap();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut client, &mut rest).unwrap();
        assert!(rest.ends_with("221 bye\r\n"), "{rest}");
        assert_eq!(mail.to, ["b@x", "c@x"]);
        assert_eq!(mail.content, b"A: b\r\n\r\n.x\r\n");
        assert_eq!(sink.mails(), [mail]);
    }
}
