//! ENVELOPE.

use std::borrow::Cow;

use crate::wire::error::{DecodeError, DecodeErrorKind};
use crate::wire::lex::{self, Lex, nstring, spaces};

type Bytes<'a> = Cow<'a, [u8]>;

/// An ENVELOPE whose extent is known and whose content is read when asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct LazyEnvelope<'a>(pub(super) Cow<'a, [u8]>);

impl std::fmt::Debug for LazyEnvelope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LazyEnvelope({})", self.0.escape_ascii())
    }
}

impl LazyEnvelope<'_> {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// The content does not match the grammar, even read with leniency.
    pub fn parse(&self) -> Result<Envelope<'_>, DecodeError> {
        match envelope(&self.0) {
            Ok(([], envelope)) => Ok(envelope),
            Ok((rest, _)) => Err(DecodeError::new(
                DecodeErrorKind::Syntax,
                self.0.len() - rest.len(),
            )),
            Err(e) => Err(lex::to_decode_error(&self.0, &e)),
        }
    }

    /// The bytes, parentheses included.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same, owned.
    #[must_use]
    pub fn into_owned(self) -> LazyEnvelope<'static> {
        LazyEnvelope(Cow::Owned(self.0.into_owned()))
    }
}

/// The envelope of a message (RFC 9051 section 7.5.2). Strings are bytes as in
/// the header: RFC 2047 encoded words are not decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope<'a> {
    /// The Date field.
    pub date: Option<Bytes<'a>>,
    /// The Subject field.
    pub subject: Option<Bytes<'a>>,
    /// The From field.
    pub from: Vec<Address<'a>>,
    /// The Sender field, else From.
    pub sender: Vec<Address<'a>>,
    /// The Reply-To field, else From.
    pub reply_to: Vec<Address<'a>>,
    /// The To field.
    pub to: Vec<Address<'a>>,
    /// The Cc field.
    pub cc: Vec<Address<'a>>,
    /// The Bcc field.
    pub bcc: Vec<Address<'a>>,
    /// The In-Reply-To field.
    pub in_reply_to: Option<Bytes<'a>>,
    /// The Message-ID field.
    pub message_id: Option<Bytes<'a>>,
}

/// One address, or the start or end of a group (RFC 9051 section 7.5.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address<'a> {
    /// Display name.
    pub name: Option<Bytes<'a>>,
    /// The source route of RFC 821.
    pub adl: Option<Bytes<'a>>,
    /// What stands before the `@`; with no host: the name of a group that
    /// begins, or nothing where it ends.
    pub mailbox: Option<Bytes<'a>>,
    /// What stands after the `@`.
    pub host: Option<Bytes<'a>>,
}

/// `envelope = "(" env-date SP env-subject SP env-from SP env-sender SP
/// env-reply-to SP env-to SP env-cc SP env-bcc SP env-in-reply-to SP
/// env-message-id ")"` (RFC 9051 section 9).
pub(super) fn envelope(i: &[u8]) -> Lex<'_, Envelope<'_>> {
    let (i, ()) = lex::byte(b'(')(i)?;
    let (i, date) = field(i)?;
    let (i, subject) = field(i)?;
    let (i, from) = addresses(i)?;
    let (i, sender) = addresses(i)?;
    let (i, reply_to) = addresses(i)?;
    let (i, to) = addresses(i)?;
    let (i, cc) = addresses(i)?;
    let (i, bcc) = addresses(i)?;
    let (i, in_reply_to) = field(i)?;
    let (i, message_id) = field(i)?;
    let (i, ()) = spaces(i)?;
    let (i, ()) = lex::byte(b')')(i)?;
    let envelope = Envelope {
        date,
        subject,
        from,
        sender,
        reply_to,
        to,
        cc,
        bcc,
        in_reply_to,
        message_id,
    };
    Ok((i, envelope))
}

/// `[SP] nstring`
fn field(i: &[u8]) -> Lex<'_, Option<Bytes<'_>>> {
    let (i, ()) = spaces(i)?;
    nstring(i)
}

/// `"(" 1*address ")" / nil`. An empty list or string is taken for NIL.
fn addresses(i: &[u8]) -> Lex<'_, Vec<Address<'_>>> {
    let (i, ()) = spaces(i)?;
    let Some(mut i) = i.strip_prefix(b"(") else {
        let (rest, _) = nstring(i)?;
        return Ok((rest, Vec::new()));
    };
    let mut list = Vec::with_capacity(1);
    loop {
        (i, _) = spaces(i)?;
        if let Some(rest) = i.strip_prefix(b")") {
            return Ok((rest, list));
        }
        let one;
        (i, one) = address(i)?;
        list.push(one);
    }
}

/// `address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"`
fn address(i: &[u8]) -> Lex<'_, Address<'_>> {
    let (i, ()) = lex::byte(b'(')(i)?;
    let (i, name) = field(i)?;
    let (i, adl) = field(i)?;
    let (i, mailbox) = field(i)?;
    let (i, host) = field(i)?;
    let (i, ()) = spaces(i)?;
    let (i, ()) = lex::byte(b')')(i)?;
    let address = Address {
        name,
        adl,
        mailbox,
        host,
    };
    Ok((i, address))
}
