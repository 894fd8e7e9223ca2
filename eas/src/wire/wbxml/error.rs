use std::fmt;

/// Why a document cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    offset: usize,
}

/// What is wrong with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It does not begin as WBXML 1.1 to 1.3 in UTF-8: an error page, a proxy, a captive portal.
    NotWbxml,
    /// It ends within an element.
    Truncated,
    /// An END without an element.
    UnexpectedEnd,
    /// Elements are nested deeper than [`Limits::depth`](super::Limits::depth).
    TooDeep,
    /// An integer is longer than five bytes or greater than 32 bits.
    Integer,
    /// A reference leads out of the string table.
    StringTable,
    /// A token that ActiveSync never uses and that cannot be skipped: a processing instruction, an
    /// extension, a literal name.
    Unsupported(u8),
    /// Something follows the root element.
    Trailing,
    /// The root or a value is not what the schema has here.
    Unexpected(&'static str),
}

impl Error {
    pub(crate) const fn new(kind: ErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// What is wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where: bytes from the beginning of the document.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Whether this never was ActiveSync's answer, but that of something in between.
    pub const fn is_foreign(&self) -> bool {
        matches!(self.kind, ErrorKind::NotWbxml)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ErrorKind::NotWbxml => f.write_str("not a WBXML document of ActiveSync")?,
            ErrorKind::Truncated => f.write_str("the document is cut off")?,
            ErrorKind::UnexpectedEnd => f.write_str("an END closes no element")?,
            ErrorKind::TooDeep => f.write_str("elements are nested too deeply")?,
            ErrorKind::Integer => f.write_str("an integer is too long")?,
            ErrorKind::StringTable => f.write_str("a string reference leads nowhere")?,
            ErrorKind::Unsupported(token) => write!(f, "token {token:#04x} has no meaning here")?,
            ErrorKind::Trailing => f.write_str("something follows the root element")?,
            ErrorKind::Unexpected(what) => write!(f, "expected {what}")?,
        }
        write!(f, " (at byte {})", self.offset)
    }
}

impl std::error::Error for Error {}
