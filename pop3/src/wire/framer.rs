//! Cuts what a server sends into lines and texts.

use std::ops::Range;
use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memchr;
use memchr::memmem::Finder;

use super::{FrameError, Limits};

/// Reads a stream that comes in pieces. See the [module](super).
///
/// No byte is looked at twice, whatever the pieces. A line may end in LF alone, as some servers
/// send them, in a message too; its text then keeps the line ends that it came with.
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    input: Bytes,
    /// Where in `input` to go on.
    at: usize,
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    /// `partial` was handed out as a whole line.
    handed_out: bool,
    state: State,
    /// Lines and bytes of the listing so far.
    lines: usize,
    octets: usize,
}

/// A part of the text of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// More of it, without the dots that were stuffed in. A slice of what was
    /// [pushed](Framer::push), which it keeps in memory; never empty.
    Chunk(Bytes),
    /// There is no more.
    End,
}

/// A line of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextLine<'a> {
    /// The line without its end and without a dot that was stuffed in.
    Line(&'a [u8]),
    /// There is no more.
    End,
}

/// Where in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    LineStart,
    /// After a dot at the start of a line.
    Dot,
    /// After such a dot and a CR.
    DotCr,
    InLine,
}

#[derive(Clone)]
enum Line {
    Input(Range<usize>),
    Partial,
}

/// A line that begins with a dot, after another.
static DOT_LINE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\n."));

impl Framer {
    /// With nothing read.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            input: Bytes::new(),
            at: 0,
            partial: Vec::new(),
            handed_out: false,
            state: State::LineStart,
            lines: 0,
            octets: 0,
        }
    }

    /// Takes what came. Nothing is copied if all that was pushed before is used up, as it is once a
    /// method has asked for more.
    pub fn push(&mut self, bytes: Bytes) {
        let rest = self.rest();
        self.input = if rest.is_empty() {
            bytes
        } else {
            [rest, &bytes].concat().into()
        };
        self.at = 0;
    }

    /// What comes next, if `len` bytes of it are there; they stay.
    #[must_use]
    pub fn peek(&self, len: usize) -> Option<&[u8]> {
        self.rest().get(..len)
    }

    /// Whether there is nothing that was pushed and not given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest().is_empty() && (self.partial.is_empty() || self.handed_out)
    }

    /// Forgets all that was pushed.
    pub fn clear(&mut self) {
        *self = Self::new(self.limits);
    }

    /// The next line without its end; `None` if more input is needed.
    ///
    /// # Errors
    /// [`FrameError::LineTooLong`]; the stream is of no use then.
    pub fn line(&mut self) -> Result<Option<&[u8]>, FrameError> {
        Ok(self.next_line()?.map(|line| self.bytes_of(line)))
    }

    /// The next line of a listing, up to the lone dot; `None` if more input is needed.
    ///
    /// # Errors
    /// The line or the listing is too long; the stream is of no use then.
    pub fn text_line(&mut self) -> Result<Option<TextLine<'_>>, FrameError> {
        let Some(line) = self.next_line()? else {
            return Ok(None);
        };
        let len = self.bytes_of(line.clone()).len();
        self.lines = self.lines.saturating_add(1);
        self.octets = self.octets.saturating_add(len);
        if self.bytes_of(line.clone()) == b"." {
            (self.lines, self.octets) = (0, 0);
            return Ok(Some(TextLine::End));
        }
        if self.lines > self.limits.max_entries || self.octets > self.limits.max_listing {
            return Err(FrameError::ListingTooLong);
        }
        let line = self.bytes_of(line);
        Ok(Some(TextLine::Line(
            line.strip_prefix(b".").unwrap_or(line),
        )))
    }

    /// The next part of the text of a message, up to the lone dot; `None` if more input is needed.
    ///
    /// It may follow [`text_line`](Self::text_line) when a listing is to be skipped.
    pub fn text(&mut self) -> Option<Text> {
        if !self.partial.is_empty() && !self.handed_out {
            self.partial.clear();
            self.state = State::InLine;
        }
        loop {
            let rest = self.rest();
            let Some(&first) = rest.first() else {
                self.release();
                return None;
            };
            match (self.state, first) {
                (State::LineStart, b'.') => {
                    self.state = State::Dot;
                    self.skip(1);
                }
                (State::Dot, b'\r') => {
                    self.state = State::DotCr;
                    self.skip(1);
                }
                (State::Dot | State::DotCr, b'\n') => {
                    self.state = State::LineStart;
                    self.skip(1);
                    return Some(Text::End);
                }
                // What was stuffed is followed by a dot of the text. Another is one that the server
                // forgot to stuff: Dovecot does at the very beginning of a message.
                (State::Dot, b'.') | (State::LineStart | State::InLine, _) => {
                    return Some(Text::Chunk(self.lines_of_text()));
                }
                (State::Dot, _) => return Some(self.not_stuffed(b".")),
                (State::DotCr, _) => return Some(self.not_stuffed(b".\r")),
            }
        }
    }

    fn not_stuffed(&mut self, text: &'static [u8]) -> Text {
        self.state = State::InLine;
        Text::Chunk(Bytes::from_static(text))
    }

    /// The text up to a line that begins with a dot, or to the end of the input.
    fn lines_of_text(&mut self) -> Bytes {
        let rest = self.rest();
        let (len, dot) = match DOT_LINE.find(rest) {
            Some(at) => (at.saturating_add(1), 1),
            None => (rest.len(), 0),
        };
        self.state = if dot == 1 {
            State::Dot
        } else if rest.last() == Some(&b'\n') {
            State::LineStart
        } else {
            State::InLine
        };
        let chunk = self.input.slice(self.at..self.at.saturating_add(len));
        self.skip(len.saturating_add(dot));
        chunk
    }

    fn next_line(&mut self) -> Result<Option<Line>, FrameError> {
        if std::mem::take(&mut self.handed_out) {
            self.partial.clear();
        }
        let rest = self.rest();
        let end = memchr(b'\n', rest);
        let len = end.unwrap_or(rest.len());
        // One for a CR that may be a part of the line's end.
        let longest = self.limits.max_line.saturating_add(1);
        if self.partial.len().saturating_add(len) > longest {
            return Err(FrameError::LineTooLong);
        }
        let begin = self.at;
        let until = begin.saturating_add(len);
        let found = if end.is_some() && self.partial.is_empty() {
            Some(Line::Input(begin..until))
        } else {
            let piece = self.input.get(begin..until).unwrap_or_default();
            self.partial.extend_from_slice(piece);
            self.handed_out = end.is_some();
            end.map(|_| Line::Partial)
        };
        self.skip(len.saturating_add(usize::from(end.is_some())));
        if end.is_none() {
            self.release();
        }
        Ok(found)
    }

    fn bytes_of(&self, line: Line) -> &[u8] {
        let mut bytes = match line {
            Line::Input(range) => self.input.get(range).unwrap_or_default(),
            Line::Partial => &self.partial,
        };
        while let Some(shorter) = bytes.strip_suffix(b"\r") {
            bytes = shorter;
        }
        bytes
    }

    fn rest(&self) -> &[u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, len: usize) {
        self.at = self.at.saturating_add(len);
    }

    /// Lets go of input that is used up, so that its memory can be used again.
    fn release(&mut self) {
        self.input = Bytes::new();
        self.at = 0;
    }
}
