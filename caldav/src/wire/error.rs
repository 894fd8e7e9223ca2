//! Errors of the reader.

use std::fmt;

/// Why an answer could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    detail: String,
}

/// What was wrong with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A document type, by which entities are declared: nothing of WebDAV has one, and HTML does.
    Doctype,
    /// Another encoding than UTF-8.
    Encoding,
    /// The document ends too early.
    Incomplete,
    /// A limit of [`Limits`](super::Limits) was reached.
    Limit,
    /// XML, but not what was asked for.
    Root,
    /// Not well-formed XML.
    Syntax,
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }

    /// What was wrong.
    #[must_use]
    pub fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// Whether a limit and not the grammar refused the bytes.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        self.kind == DecodeErrorKind::Limit
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            DecodeErrorKind::Doctype => "a document type where WebDAV has none (a web page?)",
            DecodeErrorKind::Encoding => "not in UTF-8",
            DecodeErrorKind::Incomplete => "the answer ends too early",
            DecodeErrorKind::Limit => "more data than the limits allow",
            DecodeErrorKind::Root => "not the answer that was asked for",
            DecodeErrorKind::Syntax => "no well-formed XML",
        };
        f.write_str(what)?;
        if self.detail.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.detail)
    }
}

impl std::error::Error for DecodeError {}
