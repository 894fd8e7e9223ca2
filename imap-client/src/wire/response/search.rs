//! SEARCH, SORT, ESEARCH and VANISHED, whole or in pieces.

use crate::wire::error::{DecodeError, DecodeErrorKind};
use crate::wire::lex::{self, Lex, keyword, number, number64};
use crate::wire::limits::Limits;
use crate::wire::set::{SequenceSet, UidSet};
use crate::wire::set_parser::SetParser;

use super::Response;

/// SEARCH (RFC 9051 appendix E, RFC 3501 section 7.2.5).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// What was found: sequence numbers, or UIDs if the command was UID SEARCH.
    pub ids: SequenceSet,
    /// MODSEQ (RFC 7162): the highest mod-sequence among them.
    pub mod_seq: Option<u64>,
}

/// SORT (RFC 5256 section 4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sort {
    /// What was found, in the order asked for.
    pub ids: Vec<u32>,
    /// MODSEQ (RFC 7162): the highest mod-sequence among them.
    pub mod_seq: Option<u64>,
}

/// ESEARCH (RFC 4731, RFC 9051 section 7.3.4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Esearch {
    /// The tag of the command that it answers.
    pub tag: Option<String>,
    /// Whether the numbers are UIDs.
    pub uid: bool,
    /// MIN
    pub min: Option<u32>,
    /// MAX
    pub max: Option<u32>,
    /// COUNT
    pub count: Option<u32>,
    /// ALL
    pub all: Option<SequenceSet>,
    /// PARTIAL (RFC 9394)
    pub partial: Option<PartialResult>,
    /// MODSEQ (RFC 7162)
    pub mod_seq: Option<u64>,
}

/// A window of the results (RFC 9394 section 3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialResult {
    /// First position asked for, from 1; negative counts from the end.
    pub from: i64,
    /// Last position asked for.
    pub to: i64,
    /// What is there; empty for NIL.
    pub ids: SequenceSet,
}

/// VANISHED (RFC 7162 section 3.2.10).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vanished {
    /// `(EARLIER)`: it answers a question about the past, and sequence numbers
    /// do not shift.
    pub earlier: bool,
    /// UIDs that are gone; may name UIDs that never were.
    pub uids: UidSet,
}

/// Most bytes of such a line that are no set.
const MAX_TEXT: usize = 4 << 10;

/// Stands in the text for a set that was read.
const MARK: u8 = b'#';

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// The set of SEARCH, VANISHED, or ESEARCH's ALL.
    Main,
    /// ESEARCH's PARTIAL.
    Window,
    /// The numbers of SORT.
    Sorted,
}

/// Decodes a SEARCH, SORT, ESEARCH or VANISHED line that arrives in pieces
/// ([`Frame::LongLine`](crate::wire::Frame::LongLine)), holding ranges alone.
///
/// ```
/// use imap_client::wire::{Limits, LongLine, Response};
///
/// let mut line = LongLine::new(&Limits::default());
/// line.push(b"* VANISHED (EARL")?;
/// line.push(b"IER) 41,43:1")?;
/// line.push(b"16,118\r\n")?;
/// let Response::Vanished(vanished) = line.finish()? else { panic!() };
/// assert_eq!(vanished.uids.to_string(), "41,43:116,118");
/// # Ok::<(), imap_client::wire::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct LongLine {
    max_ranges: usize,
    text: Vec<u8>,
    reading: Option<(Target, SetParser)>,
    main: Option<SequenceSet>,
    window: Option<SequenceSet>,
    sorted: Vec<u32>,
    sort_value: u64,
    sort_digits: bool,
    depth: i32,
    quoted: bool,
    escaped: bool,
    /// Bytes taken so far.
    taken: usize,
}

impl LongLine {
    /// A decoder at the start of a line. [`Limits::max_ranges`] holds.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            max_ranges: limits.max_ranges,
            text: Vec::new(),
            reading: None,
            main: None,
            window: None,
            sorted: Vec::new(),
            sort_value: 0,
            sort_digits: false,
            depth: 0,
            quoted: false,
            escaped: false,
            taken: 0,
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    ///
    /// A number out of range, or more than the limits allow. The rest of the
    /// line is then to be dropped; the stream is still in step.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let n = match self.reading.take() {
                Some((target, parser)) => self.read_set(target, parser, rest)?,
                None => self.read_text(rest)?,
            };
            self.taken += n;
            rest = rest.get(n..).unwrap_or_default();
        }
        Ok(())
    }

    /// The response, after the last piece.
    ///
    /// # Errors
    ///
    /// What came is not one of these responses.
    pub fn finish(mut self) -> Result<Response<'static>, DecodeError> {
        if let Some((target, parser)) = self.reading.take() {
            self.end_set(target, parser)?;
        }
        let text = std::mem::take(&mut self.text);
        match self.response(text.trim_ascii_end()) {
            Ok((_, response)) => Ok(response),
            Err(e) => {
                let kind = lex::to_decode_error(&text, &e).kind();
                Err(DecodeError::new(kind, self.taken))
            }
        }
    }

    /// Text up to the next space, after which a set may begin.
    fn read_text(&mut self, rest: &[u8]) -> Result<usize, DecodeError> {
        let n = memchr::memchr(b' ', rest).map_or(rest.len(), |at| at + 1);
        let part = rest.get(..n).unwrap_or_default();
        if self.text.len() + n > MAX_TEXT {
            return Err(DecodeError::new(DecodeErrorKind::Limit, self.taken));
        }
        for b in part {
            if std::mem::take(&mut self.escaped) {
                continue;
            }
            match b {
                b'\\' if self.quoted => self.escaped = true,
                b'"' => self.quoted = !self.quoted,
                b'(' if !self.quoted => self.depth += 1,
                b')' if !self.quoted => self.depth -= 1,
                _ => {}
            }
        }
        self.text.extend_from_slice(part);
        if part.last() == Some(&b' ')
            && !self.quoted
            && let Some(target) = self.target()
        {
            let parser = match (target, self.is("SEARCH")) {
                (Target::Main, true) => SetParser::spaced(self.max_ranges),
                _ => SetParser::new(self.max_ranges),
            };
            self.reading = Some((target, parser));
        }
        Ok(n)
    }

    /// Whether the line is `* NAME ...`.
    fn is(&self, name: &str) -> bool {
        let word = self.text.get(2..2 + name.len()).unwrap_or_default();
        word.eq_ignore_ascii_case(name.as_bytes()) && self.text.get(2 + name.len()) == Some(&b' ')
    }

    /// Which set begins after the text so far.
    fn target(&self) -> Option<Target> {
        let mut words = self.text.rsplit(|b| *b == b' ').filter(|w| !w.is_empty());
        let (last, before) = (words.next()?, words.next()?);
        if self.is("ESEARCH") {
            if self.depth == 0 && last.eq_ignore_ascii_case(b"ALL") {
                return Some(Target::Main);
            }
            let window = self.depth == 1
                && last.starts_with(b"(")
                && before.eq_ignore_ascii_case(b"PARTIAL");
            return window.then_some(Target::Window);
        }
        let first = before == b"*";
        if first && self.is("SEARCH")
            || self.is("VANISHED") && self.main.is_none() && self.depth == 0
        {
            return Some(Target::Main);
        }
        (first && self.is("SORT")).then_some(Target::Sorted)
    }

    fn read_set(
        &mut self,
        target: Target,
        mut parser: SetParser,
        rest: &[u8],
    ) -> Result<usize, DecodeError> {
        let n = if target == Target::Sorted {
            self.read_sorted(rest)?
        } else {
            let taken = self.taken;
            parser
                .feed(rest)
                .map_err(|e| DecodeError::new(e.kind(), taken + e.offset()))?
        };
        if n < rest.len() {
            self.end_set(target, parser)?;
            // What ends a set is text, even if that is another space.
            if n == 0 {
                return self.read_text(rest.get(..1).unwrap_or_default());
            }
        } else {
            self.reading = Some((target, parser));
        }
        Ok(n)
    }

    fn end_set(&mut self, target: Target, parser: SetParser) -> Result<(), DecodeError> {
        let slot = match target {
            Target::Sorted => return self.end_sorted(),
            Target::Main => &mut self.main,
            Target::Window => &mut self.window,
        };
        let set = parser.finish()?;
        if !set.is_empty() {
            *slot = Some(set);
            self.text.push(MARK);
        }
        Ok(())
    }

    fn read_sorted(&mut self, rest: &[u8]) -> Result<usize, DecodeError> {
        for (at, b) in rest.iter().enumerate() {
            match b {
                b'0'..=b'9' => {
                    self.sort_digits = true;
                    self.sort_value = self.sort_value * 10 + u64::from(b - b'0');
                    if self.sort_value > u64::from(u32::MAX) {
                        return Err(DecodeError::new(DecodeErrorKind::Number, self.taken + at));
                    }
                }
                b' ' => self.end_sorted()?,
                _ => return Ok(at),
            }
        }
        Ok(rest.len())
    }

    fn end_sorted(&mut self) -> Result<(), DecodeError> {
        if !self.sort_digits {
            return Ok(());
        }
        let kind = match u32::try_from(self.sort_value) {
            Ok(n) if n > 0 && self.sorted.len() < self.max_ranges => {
                self.sorted.push(n);
                self.sort_value = 0;
                self.sort_digits = false;
                return Ok(());
            }
            Ok(n) if n > 0 => DecodeErrorKind::Limit,
            _ => DecodeErrorKind::Number,
        };
        Err(DecodeError::new(kind, self.taken))
    }

    /// Reads the text, in which marks stand for the sets.
    fn response<'t>(&mut self, i: &'t [u8]) -> Lex<'t, Response<'static>> {
        let (i, ()) = keyword(b"* ")(i)?;
        let (i, name) = lex::word(i)?;
        match name.to_ascii_uppercase().as_slice() {
            // "SEARCH" *(SP nz-number) [SP search-sort-mod-seq]
            b"SEARCH" => {
                let (i, mod_seq) = mod_seq_tail(i)?;
                let ids = self.main.take().unwrap_or_default();
                Ok((i, Response::Search(Search { ids, mod_seq })))
            }
            // "SORT" *(SP nz-number) [SP search-sort-mod-seq]
            b"SORT" => {
                let (i, mod_seq) = mod_seq_tail(i)?;
                let ids = std::mem::take(&mut self.sorted);
                Ok((i, Response::Sort(Sort { ids, mod_seq })))
            }
            // "VANISHED" [SP "(EARLIER)"] SP known-uids
            b"VANISHED" => {
                let (i, ()) = lex::spaces(i)?;
                let (i, earlier) = match keyword(b"(EARLIER)")(i) {
                    Ok((rest, ())) => (lex::spaces(rest)?.0, true),
                    Err(_) => (i, false),
                };
                let (i, uids) = mark(i, &mut self.main)?;
                let (i, ()) = lex::end(i)?;
                Ok((i, Response::Vanished(Vanished { earlier, uids })))
            }
            b"ESEARCH" => self.esearch(i),
            _ => Err(lex::error(i, DecodeErrorKind::Syntax)),
        }
    }

    /// `"ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)`
    /// (RFC 9051 section 9). Unknown data are skipped.
    fn esearch<'t>(&mut self, i: &'t [u8]) -> Lex<'t, Response<'static>> {
        let mut result = Esearch::default();
        let (mut i, ()) = lex::spaces(i)?;
        if let Some(rest) = i.strip_prefix(b"(") {
            // search-correlator = SP "(" "TAG" SP tag-string ")"
            let (rest, ()) = keyword(b"TAG")(rest)?;
            let (rest, ()) = lex::sp(rest)?;
            let (rest, tag) = lex::astring_text(rest)?;
            if !tag.bytes().all(|b| matches!(b, b' '..=b'~')) {
                return Err(lex::error(rest, DecodeErrorKind::Syntax));
            }
            let (rest, ()) = lex::byte(b')')(rest)?;
            result.tag = Some(tag);
            i = rest;
        }
        loop {
            let (rest, ()) = lex::spaces(i)?;
            if rest.is_empty() {
                return Ok((rest, Response::Esearch(result)));
            }
            let (rest, name) = lex::word(rest)?;
            let (value, ()) = lex::spaces(rest)?;
            i = match name.to_ascii_uppercase().as_slice() {
                b"UID" => {
                    result.uid = true;
                    rest
                }
                b"MIN" => keep(&mut result.min, number(value))?,
                b"MAX" => keep(&mut result.max, number(value))?,
                b"COUNT" => keep(&mut result.count, number(value))?,
                b"MODSEQ" => keep(&mut result.mod_seq, number64(value))?,
                b"ALL" => keep(&mut result.all, mark(value, &mut self.main))?,
                b"PARTIAL" => keep(&mut result.partial, window(value, &mut self.window))?,
                _ => lex::skip_value(value)?.0,
            };
        }
    }
}

fn keep<'a, T>(
    slot: &mut Option<T>,
    parsed: Lex<'a, T>,
) -> Result<&'a [u8], nom::Err<lex::LexError>> {
    let (rest, value) = parsed?;
    *slot = Some(value);
    Ok(rest)
}

/// The mark of a set that was read before.
fn mark<'a>(i: &'a [u8], set: &mut Option<SequenceSet>) -> Lex<'a, SequenceSet> {
    let (rest, ()) = lex::byte(MARK)(i)?;
    match set.take() {
        Some(set) => Ok((rest, set)),
        None => Err(lex::error(i, DecodeErrorKind::Syntax)),
    }
}

/// `"(" partial-range SP partial-results ")"` (RFC 9394 section 4).
fn window<'a>(i: &'a [u8], set: &mut Option<SequenceSet>) -> Lex<'a, PartialResult> {
    let (i, ()) = lex::byte(b'(')(i)?;
    let (i, from) = signed(i)?;
    let (i, ()) = lex::byte(b':')(i)?;
    let (i, to) = signed(i)?;
    let (i, ()) = lex::sp(i)?;
    let (i, ids) = match lex::nil(i) {
        Ok((rest, ())) => (rest, SequenceSet::new()),
        Err(_) => mark(i, set)?,
    };
    let (i, ()) = lex::byte(b')')(i)?;
    Ok((i, PartialResult { from, to, ids }))
}

fn signed(i: &[u8]) -> Lex<'_, i64> {
    let (rest, negative) = match i.strip_prefix(b"-") {
        Some(rest) => (rest, true),
        None => (i, false),
    };
    let (rest, n) = number(rest)?;
    let n = i64::from(n);
    Ok((rest, if negative { -n } else { n }))
}

/// `[MARK] [SP "(" "MODSEQ" SP mod-sequence-value ")"]`
fn mod_seq_tail(i: &[u8]) -> Lex<'_, Option<u64>> {
    let (i, ()) = lex::spaces(i)?;
    let i = i.strip_prefix(&[MARK]).unwrap_or(i);
    let (i, ()) = lex::spaces(i)?;
    if i.is_empty() {
        return Ok((i, None));
    }
    let (i, ()) = keyword(b"(MODSEQ")(i)?;
    let (i, ()) = lex::sp(i)?;
    let (i, value) = number64(i)?;
    let (i, ()) = lex::byte(b')')(i)?;
    let (i, ()) = lex::end(i)?;
    Ok((i, Some(value)))
}
