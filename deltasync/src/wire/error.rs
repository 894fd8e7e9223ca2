use std::fmt;

use super::status::Status;

/// An answer that cannot be read, or that says that the request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    what: String,
    fault: Option<Fault>,
}

/// The class of a [`DecodeError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// Something that has to be there is not, or is not what it has to be.
    Content,
    /// It is not the document that was to come.
    Foreign,
    /// Larger, deeper or more than the [limits](super::limits) allow.
    Limit,
    /// The request failed as a whole; [`DecodeError::fault`] says how.
    Status,
    /// Not XML, or XML with a document type.
    Syntax,
    /// It ends too early.
    Truncated,
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            fault: None,
        }
    }

    pub(crate) fn content(what: impl Into<String>) -> Self {
        Self::new(DecodeErrorKind::Content, what)
    }

    pub(crate) fn limit(what: impl Into<String>) -> Self {
        Self::new(DecodeErrorKind::Limit, what)
    }

    /// The class.
    #[must_use]
    pub fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// Why the request failed, where the answer says so.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }
}

impl From<Fault> for DecodeError {
    fn from(fault: Fault) -> Self {
        Self {
            kind: DecodeErrorKind::Status,
            what: fault.to_string(),
            fault: Some(fault),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            DecodeErrorKind::Content => write!(f, "the answer lacks sense: {}", self.what),
            DecodeErrorKind::Foreign => write!(f, "not a DeltaSync answer: {}", self.what),
            DecodeErrorKind::Limit => write!(f, "the answer is beyond a limit: {}", self.what),
            DecodeErrorKind::Status => f.write_str(&self.what),
            DecodeErrorKind::Syntax => write!(f, "the answer is not good XML: {}", self.what),
            DecodeErrorKind::Truncated => write!(f, "the answer ends too early: {}", self.what),
        }
    }
}

impl std::error::Error for DecodeError {}

/// What an answer says of a request that failed. No value of its texts is documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The number.
    pub status: Status,
    /// `Faultcode`
    pub code: Option<String>,
    /// `Faultstring`
    pub text: Option<String>,
    /// `Detail`
    pub detail: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        let texts = [&self.code, &self.text, &self.detail];
        for text in texts.into_iter().flatten().filter(|text| !text.is_empty()) {
            // It is the server's, and goes to logs.
            let text: String = text.chars().take(200).collect();
            write!(f, ", {}", text.escape_debug())?;
        }
        Ok(())
    }
}
