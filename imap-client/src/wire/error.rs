//! Errors of the decoder.

use std::fmt;

/// What was wrong with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// Parentheses are nested deeper than [`MAX_DEPTH`](crate::wire::limits::MAX_DEPTH).
    Depth,
    /// The bytes end inside a string, literal or list.
    Incomplete,
    /// A limit of [`Limits`](crate::wire::Limits) was reached.
    Limit,
    /// A number is negative, zero where that is not allowed, or too large.
    Number,
    /// The bytes do not match the grammar.
    Syntax,
}

/// Why bytes could not be decoded, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    offset: usize,
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// What was wrong.
    #[must_use]
    pub fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// Byte offset, in what was given to the decoder, at which it gave up.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Whether a limit (size or depth) and not the grammar refused the bytes.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        matches!(self.kind, DecodeErrorKind::Depth | DecodeErrorKind::Limit)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            DecodeErrorKind::Depth => "too many nested parentheses",
            DecodeErrorKind::Incomplete => "bytes end too early",
            DecodeErrorKind::Limit => "more data than the limits allow",
            DecodeErrorKind::Number => "number out of range",
            DecodeErrorKind::Syntax => "unexpected byte",
        };
        write!(f, "{what} at offset {}", self.offset)
    }
}

impl std::error::Error for DecodeError {}
