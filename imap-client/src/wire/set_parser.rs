//! Reads sets piece by piece.

use super::error::{DecodeError, DecodeErrorKind};
use super::lex::{digits8, power_of_ten};
use super::set::{SequenceSet, SetBuilder};

/// Reads a `sequence-set`, or the numbers of a SEARCH response, from bytes that
/// arrive in pieces. Holds nothing but the ranges.
#[derive(Debug)]
pub struct SetParser {
    builder: SetBuilder,
    open: Option<u32>,
    max_ranges: usize,
    /// The number in work, and whether it has a digit yet.
    value: u64,
    digits: bool,
    star: bool,
    /// What stood before the colon.
    first: Option<End>,
    separator: u8,
    /// Bytes taken by earlier calls.
    taken: usize,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Number(u32),
    Star,
}

impl SetParser {
    /// A parser of sets such as `1,3:5`, of at most `max_ranges` ranges.
    #[must_use]
    pub fn new(max_ranges: usize) -> Self {
        Self::with_separator(max_ranges, b',')
    }

    /// A parser of numbers that are separated by spaces, as in SEARCH.
    #[must_use]
    pub fn spaced(max_ranges: usize) -> Self {
        Self::with_separator(max_ranges, b' ')
    }

    fn with_separator(max_ranges: usize, separator: u8) -> Self {
        Self {
            builder: SetBuilder::default(),
            open: None,
            max_ranges,
            value: 0,
            digits: false,
            star: false,
            first: None,
            separator,
            taken: 0,
        }
    }

    /// Takes bytes up to the first one that cannot belong to the set; says how
    /// many. Less than all: the set has ended.
    ///
    /// # Errors
    ///
    /// A number that is zero or above 32 bits, a colon out of place, or more
    /// ranges than allowed. The offset counts from the first byte fed.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<usize, DecodeError> {
        let mut at = 0usize;
        let mut fresh = self.separator == b' ';
        while let Some(b) = bytes.get(at) {
            if b.is_ascii_digit() {
                at = self.number(bytes, at)?;
            } else if *b == self.separator {
                self.commit(at)?;
                at += 1;
                if std::mem::take(&mut fresh) {
                    at = self.ascending(bytes, at)?;
                }
            } else if *b == b':' && self.separator == b',' {
                match self.take(at)? {
                    Some(first) if self.first.is_none() => self.first = Some(first),
                    _ => return Err(self.error(DecodeErrorKind::Syntax, at)),
                }
                at += 1;
            } else if *b == b'*' && self.separator == b',' && !self.digits && !self.star {
                self.star = true;
                at += 1;
            } else {
                break;
            }
        }
        self.taken += at;
        Ok(at)
    }

    /// The set, complete.
    ///
    /// # Errors
    ///
    /// As [`SetParser::feed`], for the last number.
    pub fn finish(mut self) -> Result<SequenceSet, DecodeError> {
        self.commit(0)?;
        Ok(self.builder.finish(self.open))
    }

    /// Reads numbers from `at` on as long as each is above the one before and
    /// followed by a space; gives where it stopped.
    ///
    /// Whether a number joins the range before it is a matter of chance to the
    /// processor, so nothing branches on that.
    fn ascending(&mut self, bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
        const BLOCK: usize = 64;
        let Some((mut from, mut to)) = self.builder.pop() else {
            return Ok(at);
        };
        let mut at = at;
        let mut block = [(from, to); BLOCK];
        let mut used = 0usize;
        // The longest number, a space, and what `digits8` looks at behind.
        while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= 20) {
            let (mut value, mut len) = digits8(rest);
            if len == 8 {
                let (more, more_len) = digits8(rest.get(8..).unwrap_or_default());
                value = value.saturating_mul(power_of_ten(more_len)) + more;
                len += more_len;
            }
            let n = match u32::try_from(value) {
                Ok(n) if n > to && rest.get(len) == Some(&b' ') => n,
                _ => break,
            };
            let joins = n == to + 1;
            from = if joins { from } else { n };
            to = n;
            used += usize::from(!joins);
            if let Some(slot) = block.get_mut(used % BLOCK) {
                *slot = (from, to);
            }
            at += len + 1;
            if used == BLOCK - 1 {
                self.add_block(block.get(..used).unwrap_or_default(), at)?;
                block = [(from, to); BLOCK];
                used = 0;
            }
        }
        self.add_block(block.get(..=used).unwrap_or_default(), at)?;
        Ok(at)
    }

    fn add_block(&mut self, block: &[(u32, u32)], at: usize) -> Result<(), DecodeError> {
        if self.builder.extend(block, self.max_ranges) {
            Ok(())
        } else {
            Err(self.error(DecodeErrorKind::Limit, at))
        }
    }

    fn error(&self, kind: DecodeErrorKind, at: usize) -> DecodeError {
        DecodeError::new(kind, self.taken + at)
    }

    /// Takes the digits at `at`; gives where they end.
    #[inline]
    fn number(&mut self, bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
        if self.star {
            return Err(self.error(DecodeErrorKind::Syntax, at));
        }
        let mut at = at;
        loop {
            let (value, len) = digits8(bytes.get(at..).unwrap_or_default());
            if len == 0 {
                return Ok(at);
            }
            if self.value == 0 {
                self.value = value;
            } else {
                let shifted = self.value.saturating_mul(power_of_ten(len));
                self.value = shifted.saturating_add(value);
            }
            self.digits = true;
            at += len;
            if self.value > u64::from(u32::MAX) {
                return Err(self.error(DecodeErrorKind::Number, at));
            }
            if len < 8 {
                return Ok(at);
            }
        }
    }

    /// The number or star in work, if there is one.
    #[inline]
    fn take(&mut self, at: usize) -> Result<Option<End>, DecodeError> {
        if self.star {
            self.star = false;
            return Ok(Some(End::Star));
        }
        if !self.digits {
            return Ok(None);
        }
        match u32::try_from(self.value) {
            Ok(n) if n > 0 => {
                (self.value, self.digits) = (0, false);
                Ok(Some(End::Number(n)))
            }
            _ => Err(self.error(DecodeErrorKind::Number, at)),
        }
    }

    /// Ends an element at a separator or at the end.
    #[inline]
    fn commit(&mut self, at: usize) -> Result<(), DecodeError> {
        let (a, b) = match (self.first.take(), self.take(at)?) {
            // Separators in a row, or the space before the first number.
            (None, None) => return Ok(()),
            (Some(_), None) => {
                return Err(self.error(DecodeErrorKind::Syntax, at));
            }
            (None, Some(End::Number(n))) => (n, n),
            (Some(End::Number(a)), Some(End::Number(b))) => (a.min(b), a.max(b)),
            (None | Some(End::Star), Some(End::Star)) => {
                self.add_open(u32::MAX);
                return Ok(());
            }
            (Some(End::Number(n)), Some(End::Star)) | (Some(End::Star), Some(End::Number(n))) => {
                self.add_open(n);
                return Ok(());
            }
        };
        if self.builder.push(a, b, self.max_ranges) {
            Ok(())
        } else {
            Err(self.error(DecodeErrorKind::Limit, at))
        }
    }

    fn add_open(&mut self, from: u32) {
        self.open = Some(self.open.map_or(from, |open| open.min(from)));
    }
}
