//! Writes a [`Command`]: strings in the form they need, literals in the form
//! the server takes.

use std::fmt;

use crate::wire::lex::is_astring_char;

use super::{Command, Part};

/// Largest literal that LITERAL- sends without waiting (RFC 7888 section 5).
const LITERAL_MINUS_MAX: u64 = 4096;

/// Longest quoted string; longer ones become literals.
const QUOTED_MAX: usize = 1000;

/// Whether literals wait for the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LiteralMode {
    /// Each waits for the server's `+` (RFC 9051 section 4.3).
    #[default]
    Synchronizing,
    /// LITERAL- (RFC 7888): those of up to 4,096 bytes do not wait.
    Minus,
    /// LITERAL+ (RFC 7888): none waits.
    Plus,
}

impl LiteralMode {
    fn waits(self, len: u64) -> bool {
        match self {
            Self::Synchronizing => true,
            Self::Minus => len > LITERAL_MINUS_MAX,
            Self::Plus => false,
        }
    }
}

/// What the session has agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct EncodeOptions {
    /// How literals are sent.
    pub literals: LiteralMode,
    /// Whether quoted strings may hold UTF-8: after `ENABLE UTF8=ACCEPT`
    /// (RFC 6855) or `ENABLE IMAP4rev2`.
    pub utf8: bool,
}

/// A command cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// A string holds NUL, for which only a `literal8` has room.
    Nul,
    /// The tag, or text that is sent as it is, holds a line end or NUL.
    Text,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nul => "an IMAP string cannot hold NUL",
            Self::Text => "command text holds a line end or NUL",
        })
    }
}

impl std::error::Error for EncodeError {}

/// What is to be done next to send a command.
#[derive(Clone, PartialEq, Eq)]
pub enum Fragment {
    /// Send these bytes.
    Bytes(Vec<u8>),
    /// Send what was held back so far, and wait for the server's `+`. If a
    /// tagged NO or BAD comes instead, the command is over and the rest must
    /// not be sent.
    AwaitContinuation,
    /// Send so many bytes that the caller holds.
    Stream(u64),
}

impl fmt::Debug for Fragment {
    /// Shows no content: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::AwaitContinuation => f.write_str("AwaitContinuation"),
            Self::Stream(len) => write!(f, "Stream({len} bytes)"),
        }
    }
}

/// A command as it goes to the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    fragments: Vec<Fragment>,
}

impl Encoded {
    /// The steps, in order.
    #[must_use]
    pub fn fragments(&self) -> &[Fragment] {
        &self.fragments
    }

    /// The steps, in order.
    #[must_use]
    pub fn into_fragments(self) -> Vec<Fragment> {
        self.fragments
    }

    /// Whether it can be sent without waiting for the server in between.
    #[must_use]
    pub fn is_immediate(&self) -> bool {
        !self.fragments.contains(&Fragment::AwaitContinuation)
    }

    /// All bytes in one, without those that the caller streams.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for fragment in &self.fragments {
            if let Fragment::Bytes(bytes) = fragment {
                all.extend_from_slice(bytes);
            }
        }
        all
    }
}

/// A command under construction.
struct Writer<'o> {
    fragments: Vec<Fragment>,
    /// Bytes after the last fragment.
    tail: Vec<u8>,
    options: &'o EncodeOptions,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Text that is sent as it is.
    fn text(&mut self, text: &str) -> Result<(), EncodeError> {
        if text.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
            return Err(EncodeError::Text);
        }
        self.put(text.as_bytes());
        Ok(())
    }

    fn fragment(&mut self, fragment: Fragment) {
        self.flush();
        self.fragments.push(fragment);
    }

    fn flush(&mut self) {
        if !self.tail.is_empty() {
            let bytes = std::mem::take(&mut self.tail);
            self.fragments.push(Fragment::Bytes(bytes));
        }
    }

    fn literal_header(&mut self, len: u64, binary: bool) {
        let waits = self.options.literals.waits(len);
        let tilde = if binary { "~" } else { "" };
        let plus = if waits { "" } else { "+" };
        self.put(format!("{tilde}{{{len}{plus}}}\r\n").as_bytes());
        if waits {
            self.fragment(Fragment::AwaitContinuation);
        }
    }

    fn string(&mut self, value: &[u8], atom: bool) -> Result<(), EncodeError> {
        if value.contains(&0) {
            return Err(EncodeError::Nul);
        }
        let atom_char = |b: &u8| b.is_ascii() && is_astring_char(*b);
        let is_atom = atom
            && !value.is_empty()
            && value.len() <= QUOTED_MAX
            && !value.eq_ignore_ascii_case(b"NIL")
            && value.iter().all(atom_char);
        let text = value.is_ascii() || self.options.utf8 && std::str::from_utf8(value).is_ok();
        let fits = value.len() <= QUOTED_MAX && !value.iter().any(u8::is_ascii_control);
        if is_atom {
            self.put(value);
        } else if text && fits {
            self.put(b"\"");
            for b in value {
                if matches!(b, b'"' | b'\\') {
                    self.put(b"\\");
                }
                self.put(&[*b]);
            }
            self.put(b"\"");
        } else {
            self.literal_header(value.len() as u64, false);
            self.put(value);
        }
        Ok(())
    }
}

impl Command {
    /// Writes the command with this tag.
    ///
    /// # Errors
    ///
    /// A string or text that IMAP cannot carry; nothing has been sent then.
    pub fn encode(&self, tag: &str, options: &EncodeOptions) -> Result<Encoded, EncodeError> {
        let mut out = Writer {
            fragments: Vec::new(),
            tail: Vec::with_capacity(64),
            options,
        };
        out.text(tag)?;
        out.put(b" ");
        out.text(self.name)?;
        for part in &self.parts {
            match part {
                Part::Text(text) => out.text(text)?,
                Part::Astring(value) => out.string(value, true)?,
                Part::String(value) => out.string(value, false)?,
                Part::Literal { data, binary } => {
                    if !binary && data.contains(&0) {
                        return Err(EncodeError::Nul);
                    }
                    out.literal_header(data.len() as u64, *binary);
                    out.put(data);
                }
                Part::Stream { len, binary } => {
                    out.literal_header(*len, *binary);
                    out.fragment(Fragment::Stream(*len));
                }
            }
        }
        out.put(b"\r\n");
        out.flush();
        Ok(Encoded {
            fragments: out.fragments,
        })
    }
}
