//! BODY and BODYSTRUCTURE.

use std::borrow::Cow;

use crate::wire::error::{DecodeError, DecodeErrorKind};
use crate::wire::lex::{self, Lex, nstring, number64, spaces};
use crate::wire::limits::MAX_DEPTH;

use super::envelope::{Envelope, envelope};

type Bytes<'a> = Cow<'a, [u8]>;
pub(super) type Params<'a> = Vec<(Bytes<'a>, Bytes<'a>)>;

/// A BODYSTRUCTURE whose extent is known and whose content is read when asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct LazyBodyStructure<'a>(pub(super) Cow<'a, [u8]>);

impl std::fmt::Debug for LazyBodyStructure<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LazyBodyStructure({})", self.0.escape_ascii())
    }
}

impl LazyBodyStructure<'_> {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// The content does not match the grammar, even read with leniency, or is
    /// nested too deep.
    pub fn parse(&self) -> Result<BodyStructure<'_>, DecodeError> {
        match body(&self.0, 0) {
            Ok(([], body)) => Ok(body),
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
    pub fn into_owned(self) -> LazyBodyStructure<'static> {
        LazyBodyStructure(Cow::Owned(self.0.into_owned()))
    }
}

/// The MIME structure of a message (RFC 9051 section 7.5.2). Strings are bytes
/// as in the header, type names in the case they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyStructure<'a> {
    /// A part that is no multipart.
    Part(BodyPart<'a>),
    /// A multipart.
    Multipart(Multipart<'a>),
}

/// A multipart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Multipart<'a> {
    /// Its parts; a server may send none.
    pub parts: Vec<BodyStructure<'a>>,
    /// `mixed`, `alternative`...
    pub subtype: Bytes<'a>,
    /// Parameters of the Content-Type.
    pub params: Params<'a>,
    /// Content-Disposition.
    pub disposition: Option<Disposition<'a>>,
    /// Content-Language.
    pub language: Vec<Bytes<'a>>,
    /// Content-Location.
    pub location: Option<Bytes<'a>>,
}

/// A part that is no multipart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BodyPart<'a> {
    /// `text`, `image`...
    pub media_type: Bytes<'a>,
    /// `plain`, `png`...
    pub subtype: Bytes<'a>,
    /// Parameters of the Content-Type.
    pub params: Params<'a>,
    /// Content-ID.
    pub id: Option<Bytes<'a>>,
    /// Content-Description.
    pub description: Option<Bytes<'a>>,
    /// Content-Transfer-Encoding.
    pub encoding: Bytes<'a>,
    /// Bytes, in the transfer encoding.
    pub size: u64,
    /// What depends on the type.
    pub kind: PartKind<'a>,
    /// Content-MD5.
    pub md5: Option<Bytes<'a>>,
    /// Content-Disposition.
    pub disposition: Option<Disposition<'a>>,
    /// Content-Language.
    pub language: Vec<Bytes<'a>>,
    /// Content-Location.
    pub location: Option<Bytes<'a>>,
}

/// What a part of a certain type has besides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PartKind<'a> {
    /// Any other type.
    #[default]
    Basic,
    /// `text/*`
    Text {
        /// How many lines of text.
        lines: u64,
    },
    /// `message/rfc822` and `message/global`
    Message {
        /// The envelope of the message inside.
        envelope: Box<Envelope<'a>>,
        /// Its structure.
        body: Box<BodyStructure<'a>>,
        /// How many lines of text.
        lines: u64,
    },
}

/// A Content-Disposition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disposition<'a> {
    /// `inline`, `attachment`...
    pub kind: Bytes<'a>,
    /// Parameters, `filename` for one.
    pub params: Params<'a>,
}

/// `body = "(" (body-type-1part / body-type-mpart) ")"` (RFC 9051 section 9).
/// Fields that are missing at the end are empty.
fn body(i: &[u8], depth: usize) -> Lex<'_, BodyStructure<'_>> {
    if depth > MAX_DEPTH {
        return Err(lex::failure(i, DecodeErrorKind::Depth));
    }
    let (i, ()) = lex::byte(b'(')(i)?;
    let (i, ()) = spaces(i)?;
    match i.first() {
        Some(b'(' | b')') => multipart(i, depth),
        _ => part(i, depth),
    }
}

/// `body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]`, and the
/// closing parenthesis. No part at all is accepted.
fn multipart(i: &[u8], depth: usize) -> Lex<'_, BodyStructure<'_>> {
    let mut value = Multipart::default();
    let mut i = i;
    while i.first() == Some(&b'(') {
        let one;
        (i, one) = body(i, depth + 1)?;
        value.parts.push(one);
        (i, _) = spaces(i)?;
    }
    if more(i) {
        (i, value.subtype) = text(i)?;
    }
    multipart_extension(i, value)
}

/// `body-ext-mpart = body-fld-param [SP body-fld-dsp [SP body-fld-lang
/// [SP body-fld-loc *(SP body-extension)]]]`, and the closing parenthesis.
fn multipart_extension<'a>(i: &'a [u8], mut value: Multipart<'a>) -> Lex<'a, BodyStructure<'a>> {
    let (mut i, ()) = spaces(i)?;
    if more(i) {
        (i, value.params) = params(i)?;
        (i, _) = spaces(i)?;
    }
    (i, (value.disposition, value.language, value.location)) = common_extension(i)?;
    Ok((i, BodyStructure::Multipart(value)))
}

/// `[body-fld-dsp [SP body-fld-lang [SP body-fld-loc *(SP body-extension)]]]`,
/// and the closing parenthesis.
fn common_extension(
    i: &[u8],
) -> Lex<'_, (Option<Disposition<'_>>, Vec<Bytes<'_>>, Option<Bytes<'_>>)> {
    let (mut i, ()) = spaces(i)?;
    let (mut disposed, mut language, mut location) = (None, Vec::new(), None);
    if more(i) {
        (i, disposed) = disposition(i)?;
        (i, _) = spaces(i)?;
    }
    if more(i) {
        (i, language) = languages(i)?;
        (i, _) = spaces(i)?;
    }
    if more(i) {
        (i, location) = nstring(i)?;
        (i, _) = spaces(i)?;
    }
    while more(i) {
        (i, _) = lex::skip_value(i)?;
        (i, _) = spaces(i)?;
    }
    let (i, ()) = lex::byte(b')')(i)?;
    Ok((i, (disposed, language, location)))
}

/// `body-type-1part = (body-type-basic / body-type-msg / body-type-text)
/// [SP body-ext-1part]`, and the closing parenthesis.
fn part(i: &[u8], depth: usize) -> Lex<'_, BodyStructure<'_>> {
    let (i, media_type) = text(i)?;
    let (i, ()) = spaces(i)?;
    if i.first() == Some(&b'(') {
        // A multipart without parts: the first string is its subtype.
        let value = Multipart {
            subtype: media_type,
            ..Multipart::default()
        };
        return multipart_extension(i, value);
    }
    let mut value = BodyPart {
        media_type,
        ..BodyPart::default()
    };
    let mut i = i;
    if more(i) {
        (i, value.subtype) = text(i)?;
        (i, _) = spaces(i)?;
    }
    // body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP
    //               body-fld-enc SP body-fld-octets
    if more(i) {
        (i, value.params) = params(i)?;
        (i, _) = spaces(i)?;
    }
    if more(i) {
        (i, value.id) = nstring(i)?;
        (i, _) = spaces(i)?;
    }
    if more(i) {
        (i, value.description) = nstring(i)?;
        (i, _) = spaces(i)?;
    }
    if more(i) {
        (i, value.encoding) = text(i)?;
        (i, _) = spaces(i)?;
    }
    if more(i) {
        (i, value.size) = count(i)?;
        (i, _) = spaces(i)?;
    }
    (i, value.kind) = kind(i, &value, depth)?;
    // body-ext-1part = body-fld-md5 [SP body-fld-dsp ...
    (i, _) = spaces(i)?;
    if more(i) {
        (i, value.md5) = nstring(i)?;
    }
    (i, (value.disposition, value.language, value.location)) = common_extension(i)?;
    Ok((i, BodyStructure::Part(value)))
}

/// `SP body-fld-lines` of `body-type-text`, or
/// `SP envelope SP body SP body-fld-lines` of `body-type-msg`.
fn kind<'a>(i: &'a [u8], part: &BodyPart<'a>, depth: usize) -> Lex<'a, PartKind<'a>> {
    if part.media_type.eq_ignore_ascii_case(b"text") {
        let (i, lines) = match i.first() {
            Some(b'0'..=b'9' | b'-') => number64(i)?,
            _ => (i, 0),
        };
        return Ok((i, PartKind::Text { lines }));
    }
    let message = part.media_type.eq_ignore_ascii_case(b"message")
        && (part.subtype.eq_ignore_ascii_case(b"rfc822")
            || part.subtype.eq_ignore_ascii_case(b"global"));
    if !message || i.first() != Some(&b'(') {
        return Ok((i, PartKind::Basic));
    }
    let (i, inner) = envelope(i)?;
    let (i, ()) = spaces(i)?;
    let (i, structure) = body(i, depth + 1)?;
    let (i, ()) = spaces(i)?;
    let (i, lines) = if more(i) { count(i)? } else { (i, 0) };
    let kind = PartKind::Message {
        envelope: Box::new(inner),
        body: Box::new(structure),
        lines,
    };
    Ok((i, kind))
}

/// Whether another field follows.
fn more(i: &[u8]) -> bool {
    i.first().is_some_and(|b| *b != b')')
}

/// A string; NIL is empty.
fn text(i: &[u8]) -> Lex<'_, Bytes<'_>> {
    let (rest, value) = nstring(i)?;
    Ok((rest, value.unwrap_or_default()))
}

/// A number; NIL is 0.
fn count(i: &[u8]) -> Lex<'_, u64> {
    match lex::nil(i) {
        Ok((rest, ())) => Ok((rest, 0)),
        Err(_) => number64(i),
    }
}

/// `body-fld-param = "(" string SP string *(SP string SP string) ")" / nil`.
/// A name without a value, and NIL for a value, count as empty.
fn params(i: &[u8]) -> Lex<'_, Params<'_>> {
    let Some(mut i) = i.strip_prefix(b"(") else {
        let (rest, _) = nstring(i)?;
        return Ok((rest, Vec::new()));
    };
    let mut list = Vec::new();
    loop {
        (i, _) = spaces(i)?;
        if let Some(rest) = i.strip_prefix(b")") {
            return Ok((rest, list));
        }
        let (rest, name) = text(i)?;
        let (rest, ()) = spaces(rest)?;
        let (rest, value) = if more(rest) {
            text(rest)?
        } else {
            (rest, Bytes::default())
        };
        list.push((name, value));
        i = rest;
    }
}

/// `body-fld-dsp = "(" string SP body-fld-param ")" / nil`; a string alone is
/// accepted.
fn disposition(i: &[u8]) -> Lex<'_, Option<Disposition<'_>>> {
    let Some(i) = i.strip_prefix(b"(") else {
        let (rest, kind) = nstring(i)?;
        let params = Vec::new();
        return Ok((rest, kind.map(|kind| Disposition { kind, params })));
    };
    if let Some(rest) = i.strip_prefix(b")") {
        return Ok((rest, None));
    }
    let (i, kind) = text(i)?;
    let (mut i, ()) = spaces(i)?;
    let mut list = Vec::new();
    if more(i) {
        (i, list) = params(i)?;
        (i, _) = spaces(i)?;
    }
    let (i, ()) = lex::byte(b')')(i)?;
    Ok((i, Some(Disposition { kind, params: list })))
}

/// `body-fld-lang = nstring / "(" string *(SP string) ")"`
fn languages(i: &[u8]) -> Lex<'_, Vec<Bytes<'_>>> {
    match i.first() {
        Some(b'(') => lex::list(text)(i),
        _ => {
            let (rest, one) = nstring(i)?;
            Ok((rest, one.into_iter().collect()))
        }
    }
}
