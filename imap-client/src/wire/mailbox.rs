//! Mailbox names: the bytes of the wire, shown as text.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::utf7;

/// How a session writes mailbox names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NameEncoding {
    /// Modified UTF-7 (RFC 3501 section 5.1.3).
    #[default]
    Utf7,
    /// UTF-8: after `ENABLE UTF8=ACCEPT` (RFC 6855) or `ENABLE IMAP4rev2`.
    Utf8,
}

/// A mailbox name as it stands on the wire.
///
/// The bytes are kept as they came, so a name that is malformed can still be
/// used to address its mailbox. `INBOX` is the same mailbox in any case
/// (RFC 9051 section 5.1) and compares so; all other names compare by bytes.
#[derive(Clone)]
pub struct MailboxName(Box<[u8]>);

impl MailboxName {
    /// A name from the bytes of the wire, without quotes.
    #[must_use]
    pub fn from_wire(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into().into_boxed_slice())
    }

    /// The name of a mailbox that people know as `text`.
    #[must_use]
    pub fn from_text(text: &str, encoding: NameEncoding) -> Self {
        match encoding {
            NameEncoding::Utf7 => Self::from_wire(utf7::encode(text).into_owned()),
            NameEncoding::Utf8 => Self::from_wire(text),
        }
    }

    /// `INBOX`
    #[must_use]
    pub fn inbox() -> Self {
        Self::from_wire(*b"INBOX")
    }

    /// The bytes as they stand on the wire, without quotes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is INBOX, in any case.
    #[must_use]
    pub fn is_inbox(&self) -> bool {
        self.0.eq_ignore_ascii_case(b"INBOX")
    }

    /// The name as text; `None` if it is malformed in that encoding.
    #[must_use]
    pub fn to_text(&self, encoding: NameEncoding) -> Option<Cow<'_, str>> {
        match encoding {
            NameEncoding::Utf7 => utf7::decode(&self.0),
            NameEncoding::Utf8 => std::str::from_utf8(&self.0).ok().map(Cow::Borrowed),
        }
    }

    /// The name as text in any case: in the given encoding, else as UTF-8, else
    /// with U+FFFD in place of what is no text.
    #[must_use]
    pub fn to_text_lossy(&self, encoding: NameEncoding) -> Cow<'_, str> {
        self.to_text(encoding)
            .unwrap_or_else(|| String::from_utf8_lossy(&self.0))
    }

    fn key(&self) -> &[u8] {
        if self.is_inbox() { b"INBOX" } else { &self.0 }
    }
}

impl PartialEq for MailboxName {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for MailboxName {}

impl Hash for MailboxName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialOrd for MailboxName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MailboxName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(other.key())
    }
}

impl fmt::Display for MailboxName {
    /// The name as modified UTF-7 would have it, else as UTF-8.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text_lossy(NameEncoding::Utf7))
    }
}

impl fmt::Debug for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailboxName(\"{}\")", self.0.escape_ascii())
    }
}
