//! Cuts a byte stream into responses: lines, and the literals inside them.
//!
//! No byte is looked at twice: line ends are found by memchr, literals are
//! jumped over. A caller reads straight into the framer's buffer:
//!
//! ```
//! use imap_client::wire::{Frame, Framer, Limits};
//!
//! let mut framer = Framer::new(Limits::default());
//! let input = b"* 3 EXISTS\r\n* 1 FETCH (BODY[] {2}\r\nhi)\r\nA1 O";
//! let n = framer.spare_mut(input.len()).len().min(input.len());
//! framer.spare_mut(n)[..n].copy_from_slice(&input[..n]);
//! framer.filled(n);
//! let mut lines = Vec::new();
//! while let Some(frame) = framer.next_frame()? {
//!     if let Frame::Response(raw) = frame {
//!         lines.push(raw.bytes().to_vec());
//!     }
//! }
//! assert_eq!(lines.len(), 2);
//! # Ok::<(), imap_client::wire::FrameError>(())
//! ```

use std::fmt;
use std::ops::Range;

use memchr::memchr;

use super::limits::Limits;

/// Capacity to which an idle buffer returns, and the least room that
/// [`Framer::spare_mut`] makes.
const BUFFER: usize = 32 << 10;

/// Why a stream cannot be framed any further. All are final: the framer no
/// longer knows where a response begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// A literal header announces more bytes than the limits allow.
    LiteralTooLarge,
    /// A response is longer than [`Limits::max_response`].
    ResponseTooLong,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LiteralTooLarge => "the peer announced a literal above the limit",
            Self::ResponseTooLong => "the peer sent a response above the limit",
        })
    }
}

impl std::error::Error for FrameError {}

/// A literal that was handed out in chunks and is absent from the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamedLiteral {
    /// Offset in the response's bytes at which the literal's data would stand:
    /// just after the line end of its header, which is kept.
    pub offset: usize,
    /// Its length in bytes.
    pub len: u64,
}

/// The bytes of one response, complete but for literals that were streamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawResponse<'a> {
    bytes: &'a [u8],
    streamed: &'a [StreamedLiteral],
}

impl<'a> RawResponse<'a> {
    /// A response of `bytes`, without the data of the literals in `streamed`.
    #[must_use]
    pub fn new(bytes: &'a [u8], streamed: &'a [StreamedLiteral]) -> Self {
        Self { bytes, streamed }
    }

    /// The bytes with the final line end.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The literals that were streamed, in order.
    #[must_use]
    pub fn streamed(&self) -> &'a [StreamedLiteral] {
        self.streamed
    }
}

impl<'a> From<&'a [u8]> for RawResponse<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            streamed: &[],
        }
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for RawResponse<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}

/// What the framer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A complete response. After streamed literals it still holds all the
    /// rest, so it decodes as a whole.
    Response(RawResponse<'a>),
    /// A body section of more than [`Limits::stream_threshold`] bytes begins.
    /// Chunks and one [`Frame::LiteralEnd`] follow, then further literals or
    /// the response.
    LiteralStart {
        /// The response so far, up to the line end of the literal's header;
        /// this literal is the last of those streamed.
        /// [`Fetch::decode_head`](crate::wire::response::Fetch::decode_head) reads it.
        head: RawResponse<'a>,
        /// Length of the literal in bytes.
        len: u64,
    },
    /// Bytes of the literal, as they arrived.
    LiteralChunk(&'a [u8]),
    /// The literal is complete.
    LiteralEnd,
    /// Part of a long SEARCH, SORT, ESEARCH or VANISHED line, for
    /// [`LongLine`](crate::wire::response::LongLine).
    LongLine {
        /// The bytes; the first part starts with `* `, the last ends with the line end.
        bytes: &'a [u8],
        /// Whether the line is now complete.
        last: bool,
    },
}

/// What [`Framer::frame`] shows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ready {
    Nothing,
    Response,
    LiteralStart(u64),
    LiteralChunk(Range<usize>),
    LiteralEnd,
    LongLine(Range<usize>, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Line,
    Inline { left: usize },
    Streaming { left: u64 },
    LongLine,
}

/// Cuts a stream into [`Frame`]s. See the [module](self).
///
/// It frames commands as well as responses; [`Framer::take_continuation`]
/// tells a server when to ask for a literal.
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    buf: Vec<u8>,
    /// Where the response in work begins.
    start: usize,
    /// Where its present line begins: `start`, or after its last literal.
    segment: usize,
    /// First byte that was not looked at.
    scan: usize,
    /// End of what was received.
    end: usize,
    state: State,
    streamed: Vec<StreamedLiteral>,
    ready: Ready,
    continuation: Option<u64>,
    failed: Option<FrameError>,
}

impl Framer {
    /// A framer at the start of a stream. The buffer is allocated when needed.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buf: Vec::new(),
            start: 0,
            segment: 0,
            scan: 0,
            end: 0,
            state: State::Line,
            streamed: Vec::new(),
            ready: Ready::Nothing,
            continuation: None,
            failed: None,
        }
    }

    /// The limits given to [`Framer::new`].
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Room of at least `min` bytes to read into; call [`Framer::filled`] after.
    /// Ends the frame shown by [`Framer::frame`].
    pub fn spare_mut(&mut self, min: usize) -> &mut [u8] {
        self.release();
        self.reserve(min.max(1));
        self.buf.get_mut(self.end..).unwrap_or_default()
    }

    /// Says that the first `n` bytes of [`Framer::spare_mut`] now hold input.
    /// More than there is room for counts as all of it.
    pub fn filled(&mut self, n: usize) {
        self.end = self.end.saturating_add(n).min(self.buf.len());
    }

    /// Appends a copy of `input`.
    pub fn push(&mut self, input: &[u8]) {
        let spare = self.spare_mut(input.len());
        if let Some(target) = spare.get_mut(..input.len()) {
            target.copy_from_slice(input);
            self.filled(input.len());
        }
    }

    /// Bytes received and not handed out yet.
    #[must_use]
    pub fn buffered(&self) -> &[u8] {
        let from = match &self.ready {
            Ready::Nothing => self.start,
            Ready::LiteralChunk(r) | Ready::LongLine(r, _) => r.end,
            _ => self.scan,
        };
        self.buf.get(from..self.end).unwrap_or_default()
    }

    /// Forgets all that was received: what came in plain text before a TLS
    /// handshake must not be taken for what came after it.
    pub fn clear(&mut self) {
        *self = Self {
            buf: std::mem::take(&mut self.buf),
            ..Self::new(self.limits)
        };
    }

    /// Whether the stream stands between two responses; false at the end of
    /// input means that it was cut off.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state == State::Line && self.buffered().is_empty()
    }

    /// For a server: the length of a synchronising literal (`{n}`, not `{n+}`)
    /// whose data the peer holds back until told to continue. Given once.
    pub fn take_continuation(&mut self) -> Option<u64> {
        self.continuation.take()
    }

    /// Goes to the next frame and shows it; `None` asks for more input.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        self.step()?;
        Ok(self.frame())
    }

    /// Goes to the next frame, which [`Framer::frame`] then shows; false asks
    /// for more input. It borrows nothing, which suits a loop that reads.
    pub fn step(&mut self) -> Result<bool, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.release();
        let result = self.advance();
        if let Err(error) = result {
            self.failed = Some(error);
        }
        result
    }

    /// The frame found by the last [`Framer::step`].
    #[must_use]
    pub fn frame(&self) -> Option<Frame<'_>> {
        let part = |range: Range<usize>| self.buf.get(range).unwrap_or_default();
        Some(match &self.ready {
            Ready::Nothing => return None,
            Ready::Response => Frame::Response(RawResponse {
                bytes: part(self.start..self.scan),
                streamed: &self.streamed,
            }),
            Ready::LiteralStart(len) => Frame::LiteralStart {
                head: RawResponse {
                    bytes: part(self.start..self.scan),
                    streamed: &self.streamed,
                },
                len: *len,
            },
            Ready::LiteralChunk(range) => Frame::LiteralChunk(part(range.clone())),
            Ready::LiteralEnd => Frame::LiteralEnd,
            Ready::LongLine(range, last) => Frame::LongLine {
                bytes: part(range.clone()),
                last: *last,
            },
        })
    }

    fn advance(&mut self) -> Result<bool, FrameError> {
        loop {
            match self.state {
                State::Line => {
                    if !self.line()? {
                        return Ok(false);
                    }
                    if self.ready != Ready::Nothing {
                        return Ok(true);
                    }
                }
                State::Inline { left } => {
                    let take = left.min(self.end - self.scan);
                    self.scan += take;
                    if take > 0 {
                        self.continuation = None;
                    }
                    if take < left {
                        self.state = State::Inline { left: left - take };
                        return Ok(false);
                    }
                    self.segment = self.scan;
                    self.state = State::Line;
                }
                State::Streaming { left: 0 } => {
                    self.segment = self.scan;
                    self.state = State::Line;
                    self.ready = Ready::LiteralEnd;
                    return Ok(true);
                }
                State::Streaming { left } => {
                    let there = self.end - self.scan;
                    if there == 0 {
                        return Ok(false);
                    }
                    let take = usize::try_from(left).map_or(there, |left| left.min(there));
                    self.state = State::Streaming {
                        left: left - take as u64,
                    };
                    self.ready = Ready::LiteralChunk(self.scan..self.scan + take);
                    return Ok(true);
                }
                State::LongLine => {
                    if self.scan == self.end {
                        return Ok(false);
                    }
                    let fresh = self.buf.get(self.scan..self.end).unwrap_or_default();
                    let (to, last) = match memchr(b'\n', fresh) {
                        Some(at) => (self.scan + at + 1, true),
                        None => (self.end, false),
                    };
                    self.ready = Ready::LongLine(self.scan..to, last);
                    return Ok(true);
                }
            }
        }
    }

    /// Looks for the end of the present line. True: found (then either a frame
    /// is ready or a literal follows) or the state changed.
    fn line(&mut self) -> Result<bool, FrameError> {
        let fresh = self.buf.get(self.scan..self.end).unwrap_or_default();
        let Some(at) = memchr(b'\n', fresh) else {
            self.scan = self.end;
            let len = self.end - self.start;
            if len >= self.limits.long_line && self.segment == self.start {
                let head = self.buf.get(self.start..self.end).unwrap_or_default();
                if is_set_line(head) {
                    self.state = State::LongLine;
                    self.scan = self.start;
                    return Ok(true);
                }
            }
            if len > self.limits.max_response {
                return Err(FrameError::ResponseTooLong);
            }
            return Ok(false);
        };
        self.scan += at + 1;
        self.continuation = None;
        if self.scan - self.start > self.limits.max_response {
            return Err(FrameError::ResponseTooLong);
        }
        let line = self.buf.get(self.segment..self.scan).unwrap_or_default();
        let Some(header) = trailing_header(line) else {
            self.ready = Ready::Response;
            return Ok(true);
        };
        // Whether a long line was handed out before its end came depends on how
        // the stream was cut; that there is no literal at its end must not.
        let long = line.len() > self.limits.long_line && is_set_line(line);
        let first = self.segment == self.start;
        if first && (long || is_plain_text(line)) {
            self.ready = Ready::Response;
            return Ok(true);
        }
        let Some(len) = header.len.filter(|len| *len <= self.limits.max_literal) else {
            return Err(FrameError::LiteralTooLarge);
        };
        let response = self.buf.get(self.start..self.scan).unwrap_or_default();
        if len > self.limits.stream_threshold
            && response.starts_with(b"* ")
            && is_section(line.get(..header.offset).unwrap_or_default())
        {
            self.streamed.push(StreamedLiteral {
                offset: self.scan - self.start,
                len,
            });
            self.state = State::Streaming { left: len };
            self.ready = Ready::LiteralStart(len);
            return Ok(true);
        }
        let room = self.limits.max_response - response.len();
        match usize::try_from(len) {
            Ok(left) if left <= room => self.state = State::Inline { left },
            _ => return Err(FrameError::LiteralTooLarge),
        }
        if header.sync && self.scan == self.end {
            self.continuation = Some(len);
        }
        Ok(true)
    }

    /// Gives up what the last frame showed.
    fn release(&mut self) {
        match std::mem::replace(&mut self.ready, Ready::Nothing) {
            Ready::Nothing | Ready::LiteralStart(_) | Ready::LiteralEnd => {}
            Ready::Response => {
                self.start = self.scan;
                self.segment = self.scan;
                self.streamed.clear();
            }
            Ready::LongLine(range, last) => {
                self.scan = range.end;
                self.start = range.end;
                self.segment = range.end;
                if last {
                    self.state = State::Line;
                }
            }
            Ready::LiteralChunk(range) => {
                if range.end == self.end {
                    self.end = range.start;
                } else {
                    // The head is short: move it to what follows the literal.
                    let len = range.len();
                    let head = self.start..self.scan;
                    self.buf.copy_within(head, self.start + len);
                    self.start += len;
                    self.scan += len;
                }
            }
        }
    }

    /// Makes room for `n` bytes behind `end`. Bytes move only when at least as
    /// many become free, so the work stays linear.
    fn reserve(&mut self, n: usize) {
        let held = self.end - self.start;
        if held == 0 && self.start > 0 || self.start >= held.max(1) && !self.fits(n) {
            self.buf.copy_within(self.start..self.end, 0);
            self.segment -= self.start;
            self.scan -= self.start;
            self.end = held;
            self.start = 0;
        }
        if held == 0 && self.buf.len() > 8 * BUFFER && n <= BUFFER {
            self.buf.truncate(BUFFER);
            self.buf.shrink_to(BUFFER);
        }
        if !self.fits(n) {
            let want = self.end.saturating_add(n);
            let len = want.max(self.buf.len().saturating_mul(2)).max(BUFFER);
            self.buf.resize(len, 0);
        }
    }

    fn fits(&self, n: usize) -> bool {
        self.buf.len() - self.end >= n
    }
}

struct Header {
    /// Where in the line the header begins.
    offset: usize,
    /// `None` when the number does not fit 64 bits.
    len: Option<u64>,
    sync: bool,
}

/// Finds `{n}`, `{n+}` or `~{n}` at the end of a line.
fn trailing_header(line: &[u8]) -> Option<Header> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_suffix(b"}")?;
    let (line, sync) = match line.strip_suffix(b"+") {
        Some(line) => (line, false),
        None => (line, true),
    };
    let digits = line.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (head, digits) = line.split_at(line.len() - digits);
    let head = head.strip_suffix(b"{")?;
    if digits.is_empty() {
        return None;
    }
    let len = digits.iter().try_fold(0u64, |n, b| {
        n.checked_mul(10)?.checked_add(u64::from(b - b'0'))
    });
    Some(Header {
        offset: head.strip_suffix(b"~").unwrap_or(head).len(),
        len,
        sync,
    })
}

/// Whether a line is human-readable text, in which `{5}` at the end means
/// nothing: `A1 NO no such mailbox x{5}`. A bracket that is still open may hold
/// a literal.
fn is_plain_text(line: &[u8]) -> bool {
    if line.starts_with(b"+ ") {
        return true;
    }
    let Some(at) = memchr(b' ', line) else {
        return false;
    };
    let rest = line.get(at + 1..).unwrap_or_default();
    let word_end = memchr(b' ', rest).unwrap_or(rest.len());
    let (word, text) = rest.split_at(word_end);
    let status: [&[u8]; 5] = [b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"];
    if !status.iter().any(|s| s.eq_ignore_ascii_case(word)) {
        return false;
    }
    !text.starts_with(b" [") || memchr(b']', text).is_some()
}

/// Whether what stands before a literal names a body section.
fn is_section(head: &[u8]) -> bool {
    let head = head.trim_ascii_end();
    if matches!(head.last(), Some(b']' | b'>')) {
        return true;
    }
    let names: [&[u8]; 3] = [b"RFC822", b"RFC822.TEXT", b"RFC822.HEADER"];
    names.iter().any(|name| {
        head.len()
            .checked_sub(name.len())
            .and_then(|at| head.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(name))
    })
}

/// Whether a line is one of those whose sets may be huge.
fn is_set_line(line: &[u8]) -> bool {
    let names: [&[u8]; 4] = [b"SEARCH", b"ESEARCH", b"VANISHED", b"SORT"];
    let Some(rest) = line.strip_prefix(b"* ") else {
        return false;
    };
    names
        .iter()
        .any(|name| match rest.split_at_checked(name.len()) {
            Some((word, tail)) => word.eq_ignore_ascii_case(name) && tail.first() == Some(&b' '),
            None => false,
        })
}
