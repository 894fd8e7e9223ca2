//! What can be wrong with a stream.

use core::fmt;

use crate::xpress;

/// A stream that is not a whole and valid one, or a message that does not fit into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    offset: u64,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The stream does not begin with `HU01`.
    Signature,
    /// The stream begins with `UN01`. What follows then is not known.
    Uncompressed,
    /// The file header cannot have this size.
    HeaderSize(u32),
    /// There is no message: its size is 0.
    Empty,
    /// The message is larger than allowed.
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The most that is allowed.
        limit: u64,
    },
    /// A block does not begin with `SCBH`.
    BlockSignature,
    /// A block's header cannot have this size.
    BlockHeaderSize(u32),
    /// A block is empty, or holds more than [`MAX_BLOCK`](super::MAX_BLOCK) bytes.
    BlockSize(u32),
    /// A block holds more than the message still lacks.
    Excess {
        /// What the block holds.
        size: u32,
        /// What the message lacks.
        left: u32,
    },
    /// A block is empty when compressed, or larger than it is otherwise.
    PayloadSize {
        /// The size as it is stored.
        payload: u32,
        /// The size of the block.
        size: u32,
    },
    /// A block cannot be decompressed.
    Block(xpress::ErrorKind),
    /// A block is not what its CRC says it was.
    Checksum {
        /// The CRC in the stream.
        expected: u32,
        /// The CRC of what came out.
        found: u32,
    },
    /// The stream ends too early.
    Truncated,
    /// The message is complete, and another block follows: the header's size is wrong.
    BlockAfterEnd,
}

impl Error {
    pub(super) const fn new(kind: ErrorKind, offset: u64) -> Self {
        Self { kind, offset }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where in the stream, in bytes from its beginning: the field or the block that is wrong, or the
    /// end of a stream that is too short.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the stream may be the beginning of a valid one.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        matches!(self.kind, ErrorKind::Truncated)
    }

    /// Whether it was refused for its size alone, by [`Limits`](super::Limits).
    #[must_use]
    pub const fn is_limit(&self) -> bool {
        matches!(self.kind, ErrorKind::TooLarge { .. })
    }

    /// Whether it is not HU01 at all.
    #[must_use]
    pub const fn is_foreign(&self) -> bool {
        matches!(self.kind, ErrorKind::Signature | ErrorKind::Uncompressed)
    }

    /// Whether something was changed on its way: it looked valid but its CRC disagrees.
    #[must_use]
    pub const fn is_checksum(&self) -> bool {
        matches!(self.kind, ErrorKind::Checksum { .. })
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature => f.write_str("this does not begin with HU01"),
            Self::Uncompressed => f.write_str("UN01 streams are not supported"),
            Self::HeaderSize(size) => write!(f, "a header of {size} bytes"),
            Self::Empty => f.write_str("a message without a byte"),
            Self::TooLarge { size, limit } => {
                write!(f, "a message of {size} bytes, where {limit} are allowed")
            }
            Self::BlockSignature => f.write_str("a block that does not begin with SCBH"),
            Self::BlockHeaderSize(size) => write!(f, "a block with a header of {size} bytes"),
            Self::BlockSize(size) => write!(f, "a block of {size} bytes"),
            Self::Excess { size, left } => {
                write!(
                    f,
                    "a block of {size} bytes, where {left} are left of the message"
                )
            }
            Self::PayloadSize { payload, size } => {
                write!(f, "a block of {size} bytes compressed to {payload}")
            }
            Self::Block(kind) => kind.fmt(f),
            Self::Checksum { expected, found } => {
                write!(
                    f,
                    "a block with the CRC {found:08x}, where {expected:08x} was expected"
                )
            }
            Self::Truncated => f.write_str("the stream ends too early"),
            Self::BlockAfterEnd => f.write_str("a block behind the end of the message"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {})", self.kind, self.offset)
    }
}

impl core::error::Error for Error {}

#[cfg(feature = "std")]
impl From<Error> for std::io::Error {
    /// `UnexpectedEof` for a stream that is too short, else `InvalidData`; the error itself is inside.
    fn from(error: Error) -> Self {
        let kind = if error.is_truncated() {
            std::io::ErrorKind::UnexpectedEof
        } else {
            std::io::ErrorKind::InvalidData
        };
        Self::new(kind, error)
    }
}
