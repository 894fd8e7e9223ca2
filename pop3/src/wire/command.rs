//! What a client sends.

use std::fmt;
use std::io::Write as _;

use super::EncodeError;

/// The longest command line in bytes, its CRLF included (RFC 2449 section 4).
pub const MAX_COMMAND_LINE: usize = 255;

/// A command. Messages go by their number in this session, from 1.
///
/// `Debug` does not show passwords, digests and responses.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// RFC 1939 section 7.
    Apop {
        /// The mailbox's name; no spaces.
        user: &'a str,
        /// MD5 of timestamp and password, in lower-case hexadecimal.
        digest: &'a str,
    },
    /// RFC 5034 section 4.
    Auth {
        /// The mechanism's registered name.
        mechanism: &'a str,
        /// The initial response in base64; `=` if it is there but empty.
        initial: Option<&'a str>,
    },
    /// RFC 2449 section 5.
    Capa,
    /// RFC 1939 section 5.
    Dele(u32),
    /// RFC 6856 section 3: sets the language of texts, or lists those that there are.
    Lang(Option<&'a str>),
    /// RFC 1939 section 5: of one message or of all.
    List(Option<u32>),
    /// RFC 1939 section 5.
    Noop,
    /// RFC 1939 section 7. It may have spaces in it.
    Pass(&'a [u8]),
    /// RFC 1939 sections 4 and 6.
    Quit,
    /// RFC 1939 section 5.
    Retr(u32),
    /// RFC 1939 section 5.
    Rset,
    /// RFC 1939 section 5.
    Stat,
    /// RFC 2595 section 4.
    Stls,
    /// RFC 1939 section 7.
    Top {
        /// The message.
        number: u32,
        /// Lines of the body, beyond the header.
        lines: u32,
    },
    /// RFC 1939 section 7: of one message or of all.
    Uidl(Option<u32>),
    /// RFC 1939 section 7. It may have spaces in it.
    User(&'a str),
    /// RFC 6856 section 2.
    Utf8,
}

impl Command<'_> {
    /// The keyword.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Apop { .. } => "APOP",
            Self::Auth { .. } => "AUTH",
            Self::Capa => "CAPA",
            Self::Dele(_) => "DELE",
            Self::Lang(_) => "LANG",
            Self::List(_) => "LIST",
            Self::Noop => "NOOP",
            Self::Pass(_) => "PASS",
            Self::Quit => "QUIT",
            Self::Retr(_) => "RETR",
            Self::Rset => "RSET",
            Self::Stat => "STAT",
            Self::Stls => "STLS",
            Self::Top { .. } => "TOP",
            Self::Uidl(_) => "UIDL",
            Self::User(_) => "USER",
            Self::Utf8 => "UTF8",
        }
    }

    /// Whether lines up to a lone dot follow a `+OK`.
    #[must_use]
    pub fn is_multi_line(&self) -> bool {
        matches!(
            self,
            Self::Capa
                | Self::Lang(None)
                | Self::List(None)
                | Self::Retr(_)
                | Self::Top { .. }
                | Self::Uidl(None)
        )
    }

    /// Appends the command line, CRLF included, to `out`; on an error `out` is as it was.
    ///
    /// # Errors
    /// An argument would end the line or be taken for two.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let begin = out.len();
        let result = self.arguments(out);
        match result {
            Ok(()) => out.extend_from_slice(b"\r\n"),
            Err(_) => out.truncate(begin),
        }
        result
    }

    fn arguments(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(self.name().as_bytes());
        match *self {
            Self::Apop { user, digest } => {
                word(out, user)?;
                word(out, digest)
            }
            Self::Auth { mechanism, initial } => {
                word(out, mechanism)?;
                initial.map_or(Ok(()), |initial| word(out, initial))
            }
            Self::Lang(tag) => tag.map_or(Ok(()), |tag| word(out, tag)),
            Self::Pass(secret) => rest(out, secret),
            Self::User(user) => rest(out, user.as_bytes()),
            Self::Dele(number) | Self::Retr(number) => {
                numbers(out, &[number]);
                Ok(())
            }
            Self::List(number) | Self::Uidl(number) => {
                numbers(out, number.as_slice());
                Ok(())
            }
            Self::Top { number, lines } => {
                numbers(out, &[number, lines]);
                Ok(())
            }
            Self::Capa
            | Self::Noop
            | Self::Quit
            | Self::Rset
            | Self::Stat
            | Self::Stls
            | Self::Utf8 => Ok(()),
        }
    }
}

fn numbers(out: &mut Vec<u8>, numbers: &[u32]) {
    for number in numbers {
        // Writing to a `Vec` does not fail.
        let _ = write!(out, " {number}");
    }
}

fn word(out: &mut Vec<u8>, text: &str) -> Result<(), EncodeError> {
    if text.is_empty() || text.contains(' ') {
        return Err(EncodeError::Space);
    }
    rest(out, text.as_bytes())
}

fn rest(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), EncodeError> {
    if bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(EncodeError::ControlCharacter);
    }
    out.push(b' ');
    out.extend_from_slice(bytes);
    Ok(())
}

impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Apop { user, .. } | Self::User(user) => write!(f, " {user:?}"),
            Self::Auth { mechanism, .. } => write!(f, " {mechanism:?}"),
            Self::Dele(n) | Self::Retr(n) | Self::List(Some(n)) | Self::Uidl(Some(n)) => {
                write!(f, " {n}")
            }
            Self::Lang(Some(tag)) => write!(f, " {tag:?}"),
            Self::Top { number, lines } => write!(f, " {number} {lines}"),
            _ => Ok(()),
        }
    }
}
