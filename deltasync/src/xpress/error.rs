//! What can be wrong with a block.

use core::fmt;

/// A block that is not a whole and valid one, or too much for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    offset: usize,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// More than [`MAX_BLOCK`](super::MAX_BLOCK) bytes are to be decoded or encoded.
    TooLarge,
    /// The code lengths do not make a complete prefix code.
    Table,
    /// The block ends before all of its bytes are decoded.
    Truncated,
    /// A match begins before the first byte.
    Distance,
    /// A match ends behind the last byte.
    Overrun,
    /// A match's length is told by more bytes than it needs, and is below 18.
    Length,
}

impl Error {
    pub(super) const fn new(kind: ErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where in the compressed block: the byte that the decoder would have read next, or the block's
    /// length if it wanted more than there is.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Whether the block may be the beginning of a valid one.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        matches!(self.kind, ErrorKind::Truncated)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "a block of more than 65,536 bytes",
            Self::Table => "the code lengths make no complete code",
            Self::Truncated => "the block ends too early",
            Self::Distance => "a match begins before the first byte",
            Self::Overrun => "a match ends behind the last byte",
            Self::Length => "a long match has a length that is too small for its form",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {} of the block)", self.kind, self.offset)
    }
}

impl core::error::Error for Error {}
