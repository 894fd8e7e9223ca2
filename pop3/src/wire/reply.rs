//! Status lines (RFC 1939 section 3) and response codes (RFC 2449 section 8).

use std::fmt;

use super::DecodeError;

/// A status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<'a> {
    /// `+OK`.
    Ok(Status<'a>),
    /// `-ERR`.
    Err(Status<'a>),
    /// `+` and a challenge in base64 (RFC 5034 section 4).
    Continue(&'a [u8]),
}

/// What follows `+OK` or `-ERR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status<'a> {
    /// The response code.
    pub code: Option<Code>,
    /// What remains, for people, without spaces around it.
    pub text: &'a [u8],
}

/// Why a command was refused. Of a code with more levels than are known the known ones count
/// (RFC 2449 section 8).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// `AUTH`: it is the credentials (RFC 3206 section 5).
    Auth,
    /// `IN-USE`: another session has the maildrop (RFC 2449 section 8.1.2).
    InUse,
    /// `LOGIN-DELAY`: the last login is too recent (RFC 2449 section 8.1.1).
    LoginDelay,
    /// `SYS/PERM`: a failure that a person must mend (RFC 3206 section 4).
    SysPerm,
    /// `SYS/TEMP`: a failure that should pass by (RFC 3206 section 4).
    SysTemp,
    /// `UTF8`: the mailbox is for clients that said UTF8 (RFC 6856 section 5).
    Utf8,
    /// Any other, as it was spelled.
    Other(Box<str>),
}

impl<'a> Reply<'a> {
    /// Reads a line without its end. The case of `+OK` and `-ERR` does not count.
    ///
    /// # Errors
    /// [`DecodeError::Status`] if it is none.
    pub fn decode(line: &'a [u8]) -> Result<Self, DecodeError> {
        if let Some(rest) = strip_keyword(line, b"+OK") {
            return Ok(Self::Ok(Status::decode(rest)));
        }
        if let Some(rest) = strip_keyword(line, b"-ERR") {
            return Ok(Self::Err(Status::decode(rest)));
        }
        match line.strip_prefix(b"+") {
            Some(rest) if rest.first().is_none_or(u8::is_ascii_whitespace) => {
                Ok(Self::Continue(rest.trim_ascii()))
            }
            _ => Err(DecodeError::Status),
        }
    }
}

/// What follows the keyword, unless it is the beginning of a longer word.
fn strip_keyword<'a>(line: &'a [u8], keyword: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = line.split_at_checked(keyword.len())?;
    let ends = rest
        .first()
        .is_none_or(|byte| !byte.is_ascii_alphanumeric());
    (ends && head.eq_ignore_ascii_case(keyword)).then_some(rest)
}

impl<'a> Status<'a> {
    fn decode(rest: &'a [u8]) -> Self {
        let text = rest.trim_ascii();
        match Code::split(text) {
            Some((code, text)) => Self {
                code: Some(code),
                text,
            },
            None => Self { code: None, text },
        }
    }
}

impl Code {
    /// The code at the beginning of a text, and what follows it.
    fn split(text: &[u8]) -> Option<(Self, &[u8])> {
        let inside = text.strip_prefix(b"[")?;
        let end = memchr::memchr(b']', inside)?;
        let (name, rest) = inside.split_at_checked(end)?;
        // Brackets around words are text.
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            return None;
        }
        let rest = rest.strip_prefix(b"]").unwrap_or(rest).trim_ascii_start();
        Some((Self::decode(&String::from_utf8_lossy(name)), rest))
    }

    fn decode(name: &str) -> Self {
        const KNOWN: [(&str, Code); 6] = [
            ("AUTH", Code::Auth),
            ("IN-USE", Code::InUse),
            ("LOGIN-DELAY", Code::LoginDelay),
            ("SYS/PERM", Code::SysPerm),
            ("SYS/TEMP", Code::SysTemp),
            ("UTF8", Code::Utf8),
        ];
        let is = |known: &str| {
            name.split_at_checked(known.len())
                .is_some_and(|(head, rest)| {
                    head.eq_ignore_ascii_case(known) && (rest.is_empty() || rest.starts_with('/'))
                })
        };
        KNOWN
            .into_iter()
            .find_map(|(known, code)| is(known).then_some(code))
            .unwrap_or_else(|| Self::Other(name.into()))
    }

    /// Whether what it says passes by without anybody doing anything.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::InUse | Self::LoginDelay | Self::SysTemp)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auth => "AUTH",
            Self::InUse => "IN-USE",
            Self::LoginDelay => "LOGIN-DELAY",
            Self::SysPerm => "SYS/PERM",
            Self::SysTemp => "SYS/TEMP",
            Self::Utf8 => "UTF8",
            Self::Other(name) => name,
        })
    }
}
