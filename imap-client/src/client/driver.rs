//! Moves bytes: one buffer each way, and frames to the router.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use sync_core::net::{Stream, Tls, excerpt};
use tokio::io::{AsyncRead as _, AsyncWrite as _, AsyncWriteExt as _, ReadBuf};

use crate::wire::{Fetch, Frame, Framer, Limits, LongLine, Response};

use super::call::Collect;
use super::error::{Error, ErrorKind, Result};
use super::event::EventKind;
use super::session::{InFlight, Router, tag_text};

/// Room that a read offers at least.
const READ: usize = 32 << 10;
/// Output that may wait to be written before a sender waits.
const HIGH_WATER: usize = 256 << 10;

pub(super) struct Driver {
    /// Absent only while a TLS handshake runs, or after one failed.
    stream: Option<Stream>,
    framer: Framer,
    out: Vec<u8>,
    written: usize,
    unflushed: bool,
    /// The connection takes no more output; what can still be read may say why.
    write_error: Option<io::Error>,
    long: Option<LongLine>,
    /// Whose streamed literal the framer is in.
    showing: Option<u32>,
    last_tag: u32,
    failed: Option<Error>,
    pub(super) router: Router,
    /// Longest silence while something is expected.
    pub(super) patience: Duration,
}

/// Why [`Driver::process`] came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The framer's frame is for the reader of a FETCH.
    Show,
    /// The command is over.
    Over,
    /// More input is needed.
    Starved,
}

impl Driver {
    pub(super) fn new(stream: Stream, limits: Limits, patience: Duration) -> Self {
        Self {
            stream: Some(stream),
            framer: Framer::new(limits),
            out: Vec::new(),
            written: 0,
            unflushed: false,
            write_error: None,
            long: None,
            showing: None,
            last_tag: 0,
            failed: None,
            router: Router::default(),
            patience,
        }
    }

    pub(super) fn stream(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    pub(super) fn frame(&self) -> Option<Frame<'_>> {
        self.framer.frame()
    }

    /// Whether nothing can be sent or received any more.
    pub(super) fn is_failed(&self) -> bool {
        self.failed.is_some()
    }

    pub(super) fn check(&self) -> Result<()> {
        self.failed
            .as_ref()
            .map_or(Ok(()), |error| Err(error.again()))
    }

    /// Makes `error` the end of the connection.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        if let Some(first) = &self.failed {
            return first.again();
        }
        let copy = error.again();
        self.failed = Some(copy);
        self.router.in_flight.clear();
        error
    }

    pub(super) fn next_tag(&mut self) -> u32 {
        self.last_tag = self.last_tag.wrapping_add(1);
        self.last_tag
    }

    pub(super) fn register(
        &mut self,
        tag: u32,
        name: &'static str,
        collect: Box<dyn Collect>,
        claim: Weak<()>,
    ) {
        self.router.in_flight.push(InFlight {
            tag,
            name,
            collect,
            claim,
        });
    }

    /// Puts bytes into the output buffer; they leave with the next wait.
    pub(super) fn queue(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// How many bytes wait to be written.
    fn unwritten(&self) -> usize {
        self.out.len().saturating_sub(self.written)
    }

    /// Waits, if needed, until the output buffer has room.
    pub(super) async fn make_room(&mut self) -> Result<()> {
        while self.unwritten() > HIGH_WATER {
            self.exclusive()?;
            self.process(None, None)?;
            self.io().await?;
        }
        Ok(())
    }

    /// Reading must not swallow what another reader waits for.
    pub(super) fn exclusive(&self) -> Result<()> {
        if self.router.has_stream() {
            return Err(Error::new(
                ErrorKind::Usage,
                "a FETCH is in flight; read it to its end first",
            ));
        }
        Ok(())
    }

    /// Waits for the completion of `tag`.
    pub(super) async fn wait(&mut self, tag: u32) -> Result<Box<dyn Collect>> {
        loop {
            if let Some(result) = self.router.take_completed(tag) {
                return result;
            }
            self.check()?;
            if !self.router.is_in_flight(tag) {
                return Err(Error::new(ErrorKind::Usage, "no such command in flight"));
            }
            if self.router.is_behind_stream(tag) {
                self.exclusive()?;
            }
            if self.process(None, Some(tag))? == Step::Starved {
                self.io().await?;
            }
        }
    }

    /// Waits for a `+`; `None` if the command was over before it.
    pub(super) async fn continuation(&mut self, tag: u32) -> Result<Option<Vec<u8>>> {
        self.router.continuation = None;
        loop {
            self.check()?;
            self.exclusive()?;
            if let Some(text) = self.router.continuation.take() {
                return Ok(Some(text));
            }
            if !self.router.is_in_flight(tag) {
                return Ok(None);
            }
            if self.process(None, Some(tag))? == Step::Starved {
                self.io().await?;
            }
        }
    }

    /// Waits for the greeting.
    pub(super) async fn greeting(&mut self) -> Result<()> {
        loop {
            self.process(None, None)?;
            if self.router.greeted {
                return Ok(());
            }
            self.io().await?;
        }
    }

    /// Hands frames on until one is for `reader`, `until` is over, a `+` came, or none is left.
    ///
    /// It stops right behind the completion: what follows may be of another layer.
    pub(super) fn process(&mut self, reader: Option<u32>, until: Option<u32>) -> Result<Step> {
        loop {
            match self.framer.step() {
                Ok(true) => {}
                Ok(false) => return Ok(Step::Starved),
                Err(error) => return Err(self.fail(error.into())),
            }
            let Some(frame) = self.framer.frame() else {
                continue;
            };
            let reads = reader.is_some() && self.router.stream_tag() == reader;
            match frame {
                Frame::Response(raw) => {
                    if reads && is_fetch(raw.bytes()) {
                        return Ok(Step::Show);
                    }
                    log_received(raw.bytes());
                    self.router.respond(Response::decode(raw));
                }
                Frame::LiteralStart { head, .. } => {
                    if reads && Fetch::decode_head(head).is_ok() {
                        self.showing = reader;
                        return Ok(Step::Show);
                    }
                    self.showing = None;
                }
                Frame::LiteralChunk(_) | Frame::LiteralEnd => {
                    if reads && self.showing == reader {
                        return Ok(Step::Show);
                    }
                }
                Frame::LongLine { bytes, last } => {
                    let limits = *self.framer.limits();
                    let line = self.long.get_or_insert_with(|| LongLine::new(&limits));
                    // An error is told again by `finish`.
                    let pushed = line.push(bytes);
                    if last {
                        let line = self.long.take();
                        match (pushed, line.map(LongLine::finish)) {
                            (Ok(_), Some(Ok(response))) => self.router.respond(response),
                            _ => self.router.event(EventKind::Unparsed("a long line".into())),
                        }
                    }
                }
            }
            if let Some(status) = &self.router.bye
                && !self.router.leaving
            {
                let error = Error::refused("", status).without_command();
                return Err(self.fail(error));
            }
            if until.is_some_and(|tag| !self.router.is_in_flight(tag)) {
                return Ok(Step::Over);
            }
            if until.is_some() && self.router.continuation.is_some() {
                return Ok(Step::Over);
            }
        }
    }

    /// Waits until some bytes were read or written, no longer than [`patience`](Self::patience).
    pub(super) async fn io(&mut self) -> Result<()> {
        let patience = self.patience;
        let done = tokio::time::timeout(patience, poll_fn(|cx| self.poll_io(cx))).await;
        match done {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                let error = match &self.router.bye {
                    // LOGOUT: the server closes the connection as it should.
                    Some(status) => Error::refused("", status).without_command(),
                    None => Error::io(error),
                };
                Err(self.fail(error))
            }
            Err(_) => {
                let text = format!("the server was silent for {patience:?}");
                Err(self.fail(Error::new(ErrorKind::Timeout, text)))
            }
        }
    }

    fn poll_io(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let mut progress = false;
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
                Poll::Pending => break,
            }
        }
        if self.written == self.out.len() {
            self.out.clear();
            self.written = 0;
            if self.unflushed {
                match Pin::new(&mut *stream).poll_flush(cx) {
                    Poll::Ready(Ok(())) => self.unflushed = false,
                    Poll::Ready(Err(error)) => {
                        self.write_error.get_or_insert(error);
                        self.unflushed = false;
                    }
                    Poll::Pending => {}
                }
            }
        }
        let mut buf = ReadBuf::new(self.framer.spare_mut(READ));
        match Pin::new(stream).poll_read(cx, &mut buf) {
            Poll::Ready(Ok(())) => {
                let n = buf.filled().len();
                if n == 0 {
                    let end = io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the server closed the connection",
                    );
                    return Poll::Ready(Err(self.write_error.take().unwrap_or(end)));
                }
                self.framer.filled(n);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.write_error.take().unwrap_or(error))),
            Poll::Pending if progress => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Writes all that is queued, without reading.
    async fn flush(&mut self) -> Result<()> {
        let patience = self.patience;
        let write = poll_fn(|cx| {
            let Some(stream) = &mut self.stream else {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            };
            while let Some(rest) = self.out.get(self.written..).filter(|r| !r.is_empty()) {
                let n = ready!(Pin::new(&mut *stream).poll_write(cx, rest))?;
                if n == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.written = self.written.saturating_add(n);
            }
            self.out.clear();
            self.written = 0;
            Pin::new(stream).poll_flush(cx)
        });
        match tokio::time::timeout(patience, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.fail(Error::io(error))),
            Err(_) => Err(self.fail(Error::new(ErrorKind::Timeout, "nothing could be sent"))),
        }
    }

    /// Takes the stream back from the reader. What was read ahead goes with it.
    async fn take_stream(&mut self) -> Result<(Stream, Bytes)> {
        if !self.router.in_flight.is_empty() {
            return Err(Error::new(
                ErrorKind::Usage,
                "commands are in flight; wait for them first",
            ));
        }
        self.flush().await?;
        let read_ahead = Bytes::copy_from_slice(self.framer.buffered());
        self.framer.clear();
        let stream = self.stream.take();
        let stream = stream.ok_or_else(|| Error::io(io::ErrorKind::NotConnected.into()))?;
        Ok((stream, read_ahead))
    }

    /// After the server's consent to STARTTLS: shakes hands, and forgets all that was said before.
    pub(super) async fn start_tls(&mut self, tls: &Tls, host: &str) -> Result<()> {
        let (stream, injected) = self.take_stream().await?;
        if !injected.is_empty() {
            tracing::warn!(
                bytes = injected.len(),
                "threw away what came behind the answer to STARTTLS"
            );
        }
        drop(injected);
        let patience = self.patience;
        let upgrade = tokio::time::timeout(patience, stream.upgrade(tls, host)).await;
        let stream = match upgrade {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(self.fail(error.into())),
            Err(_) => {
                let error = Error::new(ErrorKind::Timeout, "no TLS handshake in time");
                return Err(self.fail(error));
            }
        };
        self.stream = Some(stream);
        self.router.forget();
        Ok(())
    }

    /// After the server's consent to COMPRESS: what follows is compressed, read ahead or not.
    pub(super) async fn start_deflate(&mut self) -> Result<()> {
        let (stream, read_ahead) = self.take_stream().await?;
        self.stream = Some(stream.deflate(read_ahead));
        Ok(())
    }

    /// Ends the connection, TLS included.
    pub(super) async fn shut_down(&mut self, patience: Duration) {
        if let Some(mut stream) = self.stream.take() {
            let _ = tokio::time::timeout(patience, stream.shutdown()).await;
        }
        self.fail(Error::new(ErrorKind::Connection, "logged out"));
    }
}

/// Whether a response is `* n FETCH`.
fn is_fetch(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"* ") else {
        return false;
    };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    digits > 0
        && rest
            .get(digits..)
            .and_then(|rest| rest.get(..7))
            .is_some_and(|word| word.eq_ignore_ascii_case(b" FETCH "))
}

/// One line of the wire log; never what a continuation says, which may be part of a login.
fn log_received(bytes: &[u8]) {
    if !bytes.starts_with(b"+") {
        tracing::trace!(target: "imap_client::wire", "S: {}", excerpt(bytes.trim_ascii_end()));
    }
}

/// One line of the wire log.
pub(super) fn log_sent(tag: u32, name: &str, bytes: &[u8]) {
    if matches!(name, "LOGIN" | "AUTHENTICATE") {
        tracing::trace!(target: "imap_client::wire", "C: {} {name} ...", tag_text(tag));
    } else {
        tracing::trace!(target: "imap_client::wire", "C: {}", excerpt(bytes.trim_ascii_end()));
    }
}
