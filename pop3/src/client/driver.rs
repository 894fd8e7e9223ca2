//! Moves bytes: one buffer each way, and answers in the order of the commands.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use sync_core::net::{Stream, Tls, excerpt};
use tokio::io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _};

use crate::wire::{Command, Framer, Limits, Reply, Text, TextLine};

use super::error::{Error, ErrorKind, GREETING, Result};

/// The buffer that is read into.
const READ: usize = 256 << 10;
/// With less room than this left the buffer is used from its beginning again.
const LEAST_READ: usize = 32 << 10;

pub(super) struct Driver {
    /// Absent only while a TLS handshake runs, or after one failed.
    stream: Option<Stream>,
    framer: Framer,
    input: BytesMut,
    out: Vec<u8>,
    written: usize,
    unflushed: bool,
    /// The connection takes no more output; what can still be read may say why.
    write_error: Option<io::Error>,
    /// The commands whose answers were not read yet.
    awaited: VecDeque<Awaited>,
    /// The answer that is being read goes on up to a lone dot.
    in_text: bool,
    /// The text of the last `+OK`.
    text: Vec<u8>,
    failed: Option<Error>,
    /// Longest silence while something is expected.
    patience: Duration,
}

struct Awaited {
    name: &'static str,
    multi_line: bool,
}

/// A status line.
pub(super) enum Heard {
    Ok,
    Refused(Error),
    /// In base64; the command is not over.
    Challenge(Vec<u8>),
}

impl Driver {
    /// Begins with the greeting, which is awaited.
    pub(super) fn new(stream: Stream, limits: Limits, patience: Duration) -> Self {
        let greeting = Awaited {
            name: GREETING,
            multi_line: false,
        };
        Self {
            stream: Some(stream),
            framer: Framer::new(limits),
            input: BytesMut::new(),
            out: Vec::new(),
            written: 0,
            unflushed: false,
            write_error: None,
            awaited: VecDeque::from([greeting]),
            in_text: false,
            text: Vec::new(),
            failed: None,
            patience,
        }
    }

    pub(super) fn stream(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    /// The text of the last `+OK`.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether nothing can be sent or received any more.
    pub(super) fn is_failed(&self) -> bool {
        self.failed.is_some()
    }

    fn check(&self) -> Result<()> {
        self.failed
            .as_ref()
            .map_or(Ok(()), |error| Err(error.again()))
    }

    /// Makes `error` the end of the connection.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        if let Some(first) = &self.failed {
            return first.again();
        }
        self.failed = Some(error.again());
        self.awaited.clear();
        self.in_text = false;
        error
    }

    /// Sends a command and waits for its `+OK`.
    pub(super) async fn call(&mut self, command: &Command<'_>) -> Result<()> {
        self.send(command).await?;
        self.accepted().await
    }

    /// Sends a command when the answers of all before it were read.
    pub(super) async fn send(&mut self, command: &Command<'_>) -> Result<()> {
        self.ready().await?;
        self.send_behind(command)
    }

    /// Queues a command behind those that are in flight; it leaves with the next wait.
    pub(super) fn send_behind(&mut self, command: &Command<'_>) -> Result<()> {
        self.check()?;
        command.encode(&mut self.out)?;
        tracing::trace!(?command, "sent");
        self.awaited.push_back(Awaited {
            name: command.name(),
            multi_line: command.is_multi_line(),
        });
        Ok(())
    }

    /// Queues a line within a command.
    pub(super) fn respond(&mut self, line: &str) {
        self.out.extend_from_slice(line.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    /// Reads, and ignores, the answers that nobody waits for any more; sees whether the server has ended
    /// the session meanwhile.
    pub(super) async fn ready(&mut self) -> Result<()> {
        while self.in_text || !self.awaited.is_empty() {
            self.check()?;
            let progress = if self.in_text {
                self.try_text()?.is_some()
            } else {
                match self.try_heard()? {
                    Some(Heard::Challenge(_)) => return Err(self.fail(Error::out_of_step())),
                    heard => heard.is_some(),
                }
            };
            if !progress {
                self.io().await?;
            }
        }
        self.check()?;
        // A server that was left idle says why it goes, as `-ERR`: not the answer to what is sent next.
        let unasked = poll_fn(|cx| Poll::Ready(self.poll_read(cx))).await;
        self.nothing_unasked()?;
        match unasked {
            Poll::Ready(Err(error)) => Err(self.fail(Error::io(error))),
            _ => Ok(()),
        }
    }

    fn nothing_unasked(&mut self) -> Result<()> {
        while !self.framer.is_empty() {
            let line = match self.framer.line() {
                Ok(Some(line)) => excerpt(line.trim_ascii()),
                Ok(None) => "half a line".to_owned(),
                Err(error) => error.to_string(),
            };
            if !line.is_empty() {
                let text = format!("the server ended the session: {line}");
                return Err(self.fail(Error::new(ErrorKind::Connection, text)));
            }
        }
        Ok(())
    }

    /// Waits for the `+OK` of the oldest command in flight.
    pub(super) async fn accepted(&mut self) -> Result<()> {
        match self.heard().await? {
            Heard::Ok => Ok(()),
            Heard::Refused(error) => Err(error),
            Heard::Challenge(_) => Err(self.fail(Error::out_of_step())),
        }
    }

    /// Waits for the next status line.
    pub(super) async fn heard(&mut self) -> Result<Heard> {
        loop {
            if let Some(heard) = self.try_heard()? {
                return Ok(heard);
            }
            self.io().await?;
        }
    }

    /// The next status line, if it is there. A line with nothing in it is none.
    pub(super) fn try_heard(&mut self) -> Result<Option<Heard>> {
        self.check()?;
        let name = self.awaited.front().map_or("", |awaited| awaited.name);
        let reply = loop {
            match self.framer.line() {
                Ok(Some(line)) if line.trim_ascii().is_empty() => {}
                Ok(Some(line)) => match Reply::decode(line) {
                    Ok(reply) => {
                        tracing::trace!(command = name, line = %excerpt(line), "received");
                        break reply;
                    }
                    Err(error) => {
                        let text = format!("{error}: {}", excerpt(line));
                        return Err(self.fail(Error::new(ErrorKind::Protocol, text)));
                    }
                },
                Ok(None) => return Ok(None),
                Err(error) => return Err(self.fail(error.into())),
            }
        };
        let (heard, ok) = match reply {
            Reply::Ok(status) => {
                self.text.clear();
                self.text.extend_from_slice(status.text);
                (Heard::Ok, true)
            }
            Reply::Err(status) => (Heard::Refused(Error::refused(name, status)), false),
            Reply::Continue(challenge) => return Ok(Some(Heard::Challenge(challenge.to_vec()))),
        };
        let multi_line = self.awaited.pop_front().is_some_and(|a| a.multi_line);
        self.in_text = ok && multi_line;
        Ok(Some(heard))
    }

    /// The next part of the text that follows, if it is there.
    pub(super) fn try_text(&mut self) -> Result<Option<Text>> {
        self.check()?;
        let text = self.framer.text();
        if text == Some(Text::End) {
            self.in_text = false;
        }
        Ok(text)
    }

    /// After the end of a text: whether it is followed by a status line, if that can be seen. If not,
    /// the end was a part of the text, which goes on.
    pub(super) fn try_end(&mut self) -> Result<Option<bool>> {
        self.check()?;
        let Some(next) = self.framer.peek(b"+OK".len()) else {
            return Ok(None);
        };
        let ends = next.eq_ignore_ascii_case(b"+OK") || next.eq_ignore_ascii_case(b"-ER");
        self.in_text = !ends;
        Ok(Some(ends))
    }

    /// Reads the listing that follows.
    pub(super) async fn listing(&mut self, mut each: impl FnMut(&[u8])) -> Result<()> {
        while self.in_text {
            self.check()?;
            match self.framer.text_line() {
                Ok(Some(TextLine::Line(line))) => each(line),
                Ok(Some(TextLine::End)) => self.in_text = false,
                Ok(None) => self.io().await?,
                Err(error) => return Err(self.fail(error.into())),
            }
        }
        self.check()
    }

    /// Waits until some bytes were read or written, no longer than the patience.
    pub(super) async fn io(&mut self) -> Result<()> {
        let patience = self.patience;
        match tokio::time::timeout(patience, poll_fn(|cx| self.poll_io(cx))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.fail(Error::io(error))),
            Err(_) => {
                let text = format!("the server was silent for {patience:?}");
                Err(self.fail(Error::new(ErrorKind::Timeout, text)))
            }
        }
    }

    /// Both ways at once: a server that cannot get rid of its answers takes no commands.
    fn poll_io(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let progress = self.poll_write(cx);
        match self.poll_read(cx) {
            Poll::Pending if progress => Poll::Ready(Ok(())),
            read => read,
        }
    }

    /// Writes what can be written; says whether anything could.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        let Some(stream) = &mut self.stream else {
            return false;
        };
        while let Some(rest) = self.out.get(self.written..).filter(|r| !r.is_empty()) {
            match Pin::new(&mut *stream).poll_write(cx, rest) {
                Poll::Ready(Ok(n)) if n > 0 => {
                    self.written = self.written.saturating_add(n);
                    self.unflushed = true;
                    progress = true;
                }
                Poll::Ready(result) => {
                    let error = result.err().unwrap_or(io::ErrorKind::WriteZero.into());
                    self.write_error.get_or_insert(error);
                    self.written = self.out.len();
                }
                Poll::Pending => return progress,
            }
        }
        self.out.clear();
        self.written = 0;
        if self.unflushed {
            match Pin::new(stream).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => {
                    self.write_error.get_or_insert(error);
                    self.unflushed = false;
                }
                Poll::Pending => {}
            }
        }
        progress
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        if self.input.capacity() < LEAST_READ {
            self.input.reserve(READ);
        }
        let read = ready!(pin!(stream.read_buf(&mut self.input)).poll(cx));
        Poll::Ready(match read {
            Ok(0) => {
                let text = "the server closed the connection";
                let end = io::Error::new(io::ErrorKind::UnexpectedEof, text);
                Err(self.write_error.take().unwrap_or(end))
            }
            Ok(_) => {
                self.framer.push(self.input.split().freeze());
                Ok(())
            }
            Err(error) => Err(self.write_error.take().unwrap_or(error)),
        })
    }

    /// After the server's consent to STLS: shakes hands, and forgets all that was said before.
    pub(super) async fn start_tls(&mut self, tls: &Tls, host: &str) -> Result<()> {
        if !self.framer.is_empty() {
            tracing::warn!("threw away what came behind the answer to STLS");
        }
        self.framer.clear();
        self.input = BytesMut::new();
        self.text.clear();
        let stream = self.stream.take();
        let stream = stream.ok_or_else(|| Error::io(io::ErrorKind::NotConnected.into()))?;
        let upgrade = tokio::time::timeout(self.patience, stream.upgrade(tls, host)).await;
        match upgrade {
            Ok(Ok(stream)) => {
                self.stream = Some(stream);
                Ok(())
            }
            Ok(Err(error)) => Err(self.fail(error.into())),
            Err(_) => {
                let text = "no TLS handshake in time";
                Err(self.fail(Error::new(ErrorKind::Timeout, text)))
            }
        }
    }

    /// Ends the connection, TLS included.
    pub(super) async fn shut_down(&mut self, patience: Duration) {
        if let Some(mut stream) = self.stream.take() {
            let _ = tokio::time::timeout(patience, stream.shutdown()).await;
        }
    }
}
