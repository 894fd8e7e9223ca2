//! Status responses: OK, NO, BAD, BYE, PREAUTH.

use crate::wire::lex::{self, Lex, lossy_line};

use super::code::{Code, resp_text_code};

/// Which status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusKind {
    /// Success, or a notice.
    Ok,
    /// Failure, or a warning.
    No,
    /// The command was not understood.
    Bad,
    /// The server is about to close the connection.
    Bye,
    /// A greeting: the connection is authenticated already.
    PreAuth,
}

impl StatusKind {
    pub(crate) const ALL: [(Self, &'static str); 5] = [
        (Self::Ok, "OK"),
        (Self::No, "NO"),
        (Self::Bad, "BAD"),
        (Self::Bye, "BYE"),
        (Self::PreAuth, "PREAUTH"),
    ];

    pub(crate) fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(_, known)| known.as_bytes().eq_ignore_ascii_case(name))
            .map(|(kind, _)| kind)
    }

    /// The name as it is sent.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::No => "NO",
            Self::Bad => "BAD",
            Self::Bye => "BYE",
            Self::PreAuth => "PREAUTH",
        }
    }
}

/// A status response (RFC 9051 section 7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusResponse {
    /// Which status.
    pub kind: StatusKind,
    /// The response code, if there is one.
    pub code: Option<Code>,
    /// Text for people; bytes that are not UTF-8 became U+FFFD.
    pub text: String,
}

impl StatusResponse {
    /// A status without a code.
    #[must_use]
    pub fn new(kind: StatusKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            code: None,
            text: text.into(),
        }
    }

    /// With this response code.
    #[must_use]
    pub fn with_code(mut self, code: Code) -> Self {
        self.code = Some(code);
        self
    }

    /// Whether the command succeeded.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.kind == StatusKind::Ok
    }
}

/// What follows the status word:
/// `resp-text = ["[" resp-text-code "]" SP] [text]` (RFC 9051 section 9).
pub(super) fn resp_text(kind: StatusKind, i: &[u8]) -> Lex<'_, StatusResponse> {
    let (i, ()) = lex::spaces(i)?;
    let (i, code) = match i.first() {
        Some(b'[') => match resp_text_code(i) {
            Ok((rest, code)) => (rest.strip_prefix(b" ").unwrap_or(rest), Some(code)),
            Err(_) => (i, None),
        },
        _ => (i, None),
    };
    let text = lossy_line(i);
    Ok((&[], StatusResponse { kind, code, text }))
}
