//! FETCH: the hot path, written by hand; what is rare goes through nom.

use std::borrow::Cow;

use crate::wire::date::DateTime;
use crate::wire::error::{DecodeError, DecodeErrorKind};
use crate::wire::flag::Flags;
use crate::wire::framer::{RawResponse, StreamedLiteral};
use crate::wire::lex::{self, Lex, LexError, number, number64};

use super::bodystructure::LazyBodyStructure;
use super::code::object_id;
use super::envelope::LazyEnvelope;
use super::section::{Section, SectionData, SectionKind, Sections};

/// Data of one message (RFC 9051 section 7.5.2): those attributes that the
/// server sent. Without ENVELOPE and the like it allocates nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fetch<'a> {
    /// Sequence number of the message.
    pub seq: u32,
    /// UID
    pub uid: Option<u32>,
    /// FLAGS
    pub flags: Option<Flags<'a>>,
    /// MODSEQ (RFC 7162)
    pub mod_seq: Option<u64>,
    /// INTERNALDATE; `None` too if it is malformed.
    pub internal_date: Option<DateTime>,
    /// RFC822.SIZE, in bytes
    pub size: Option<u64>,
    /// ENVELOPE
    pub envelope: Option<LazyEnvelope<'a>>,
    /// BODY without brackets: the structure without extension data
    pub body: Option<LazyBodyStructure<'a>>,
    /// BODYSTRUCTURE
    pub body_structure: Option<LazyBodyStructure<'a>>,
    /// BODY\[...\], BINARY\[...\], RFC822 and its kin
    pub sections: Sections<'a>,
    /// Attributes of extensions that are rarely asked for.
    pub extended: Option<Box<ExtendedAttributes>>,
}

/// FETCH attributes of extensions that are rarely asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ExtendedAttributes {
    /// EMAILID (RFC 8474)
    pub email_id: Option<String>,
    /// THREADID (RFC 8474); `Some(None)` for NIL
    pub thread_id: Option<Option<String>>,
    /// SAVEDATE (RFC 8514); `Some(None)` for NIL
    pub save_date: Option<Option<DateTime>>,
    /// PREVIEW (RFC 8970); `Some(None)` for NIL
    pub preview: Option<Option<String>>,
    /// BINARY.SIZE (RFC 3516): section and bytes
    pub binary_sizes: Vec<(String, u64)>,
    /// X-GM-MSGID
    pub gmail_message_id: Option<u64>,
    /// X-GM-THRID
    pub gmail_thread_id: Option<u64>,
    /// X-GM-LABELS; in modified UTF-7, as mailbox names are
    pub gmail_labels: Option<Vec<String>>,
}

impl Fetch<'_> {
    /// A FETCH without any attribute.
    #[must_use]
    pub fn new(seq: u32) -> Self {
        Self {
            seq,
            ..Self::default()
        }
    }

    /// Reads the head of a FETCH whose last section is about to be streamed:
    /// the attributes so far, and that section as the last of
    /// [`Fetch::sections`], with [`SectionData::Streamed`].
    ///
    /// # Errors
    ///
    /// It is no FETCH, or an attribute is malformed.
    pub fn decode_head(head: RawResponse<'_>) -> Result<Fetch<'_>, DecodeError> {
        let bytes = head.bytes();
        let mut parser = Parser {
            whole: bytes,
            streamed: head.streamed(),
        };
        let mut parse = || {
            let (i, ()) = lex::keyword(b"* ")(bytes)?;
            let (i, seq) = number(i)?;
            let (i, ()) = lex::sp(i)?;
            let (i, ()) = lex::keyword(b"FETCH ")(i)?;
            let mut fetch = Fetch::new(seq);
            parser.fetch(&mut fetch, i, true)?;
            Ok(fetch)
        };
        parse().map_err(|e| lex::to_decode_error(bytes, &e))
    }

    /// The same, owned.
    #[must_use]
    pub fn into_owned(self) -> Fetch<'static> {
        Fetch {
            seq: self.seq,
            uid: self.uid,
            flags: self.flags.map(Flags::into_owned),
            mod_seq: self.mod_seq,
            internal_date: self.internal_date,
            size: self.size,
            envelope: self.envelope.map(LazyEnvelope::into_owned),
            body: self.body.map(LazyBodyStructure::into_owned),
            body_structure: self.body_structure.map(LazyBodyStructure::into_owned),
            sections: self.sections.into_owned(),
            extended: self.extended,
        }
    }
}

/// Reads one FETCH; knows where literals are absent because they were streamed.
pub(super) struct Parser<'a> {
    /// The response from its first byte; what is parsed is always a tail of it.
    pub(super) whole: &'a [u8],
    /// Literals not met yet.
    pub(super) streamed: &'a [StreamedLiteral],
}

#[derive(Debug, Clone, Copy)]
enum Attribute {
    Uid,
    Flags,
    ModSeq,
    InternalDate,
    Size,
    Envelope,
    Body,
    BodyStructure,
    Binary,
    BinarySize,
    Rfc822,
    Rfc822Header,
    Rfc822Text,
    EmailId,
    ThreadId,
    SaveDate,
    Preview,
    GmailMessageId,
    GmailThreadId,
    GmailLabels,
}

fn attribute(name: &[u8]) -> Option<Attribute> {
    Some(match name {
        b"UID" => Attribute::Uid,
        b"FLAGS" => Attribute::Flags,
        b"MODSEQ" => Attribute::ModSeq,
        b"INTERNALDATE" => Attribute::InternalDate,
        b"RFC822.SIZE" => Attribute::Size,
        b"ENVELOPE" => Attribute::Envelope,
        b"BODY" => Attribute::Body,
        b"BODYSTRUCTURE" => Attribute::BodyStructure,
        b"BINARY" => Attribute::Binary,
        b"BINARY.SIZE" => Attribute::BinarySize,
        b"RFC822" => Attribute::Rfc822,
        b"RFC822.HEADER" => Attribute::Rfc822Header,
        b"RFC822.TEXT" => Attribute::Rfc822Text,
        b"EMAILID" => Attribute::EmailId,
        b"THREADID" => Attribute::ThreadId,
        b"SAVEDATE" => Attribute::SaveDate,
        b"PREVIEW" => Attribute::Preview,
        b"X-GM-MSGID" => Attribute::GmailMessageId,
        b"X-GM-THRID" => Attribute::GmailThreadId,
        b"X-GM-LABELS" => Attribute::GmailLabels,
        _ => return None,
    })
}

/// As [`attribute`], in any case.
#[cold]
fn attribute_in_any_case(name: &[u8]) -> Option<Attribute> {
    let mut upper = [0u8; 16];
    let upper = upper.get_mut(..name.len())?;
    upper.copy_from_slice(name);
    upper.make_ascii_uppercase();
    attribute(upper)
}

type Rest<'a> = Result<&'a [u8], nom::Err<LexError>>;

impl<'a> Parser<'a> {
    /// `"(" msg-att-item *(SP msg-att-item) ")"` (RFC 9051 section 9); for a
    /// `head`, up to the streamed literal that ends it.
    pub(super) fn fetch(&mut self, fetch: &mut Fetch<'a>, i: &'a [u8], head: bool) -> Rest<'a> {
        let (mut i, ()) = lex::byte(b'(')(i)?;
        loop {
            match i.split_first() {
                Some((b' ', rest)) => i = rest,
                Some((b')', rest)) => {
                    if self.streamed.is_empty() {
                        return Ok(rest);
                    }
                    return Err(lex::error(i, DecodeErrorKind::Syntax));
                }
                Some(_) => i = self.item(fetch, i)?,
                None if head && self.streamed.is_empty() => return Ok(i),
                None => return Err(lex::error(i, DecodeErrorKind::Incomplete)),
            }
        }
    }

    #[inline]
    fn item(&mut self, fetch: &mut Fetch<'a>, i: &'a [u8]) -> Rest<'a> {
        // What every FETCH has, as every server spells it.
        if let Some(value) = i.strip_prefix(b"UID ") {
            return keep(&mut fetch.uid, number(value));
        }
        if let Some(list) = i.strip_prefix(b"FLAGS (") {
            let (rest, flags) = Flags::in_parentheses(list)?;
            fetch.flags = Some(flags);
            return Ok(rest);
        }
        if let Some(value) = i.strip_prefix(b"MODSEQ ") {
            return keep(&mut fetch.mod_seq, mod_seq(value));
        }
        self.any_item(fetch, i)
    }

    fn any_item(&mut self, fetch: &mut Fetch<'a>, i: &'a [u8]) -> Rest<'a> {
        let len = i
            .iter()
            .position(|b| matches!(b, b' ' | b'[' | b'(' | b')'))
            .unwrap_or(i.len());
        let (name, rest) = i.split_at_checked(len).unwrap_or((i, &[]));
        let Some(known) = attribute(name).or_else(|| attribute_in_any_case(name)) else {
            return self.unknown(rest);
        };
        let value = rest.strip_prefix(b" ").unwrap_or(rest);
        let value = match value.first() {
            Some(b' ') => lex::spaces(value)?.0,
            _ => value,
        };
        match known {
            Attribute::Uid => keep(&mut fetch.uid, number(value)),
            Attribute::Flags => {
                let (list, ()) = lex::byte(b'(')(value)?;
                let (rest, flags) = Flags::in_parentheses(list)?;
                fetch.flags = Some(flags);
                Ok(rest)
            }
            Attribute::ModSeq => keep(&mut fetch.mod_seq, mod_seq(value)),
            Attribute::InternalDate => {
                let (rest, date) = date_time(value)?;
                fetch.internal_date = date;
                Ok(rest)
            }
            Attribute::Size => keep(&mut fetch.size, number64(value)),
            Attribute::Envelope => {
                let (rest, span) = lex::skip_value(value)?;
                fetch.envelope = Some(LazyEnvelope(Cow::Borrowed(span)));
                Ok(rest)
            }
            Attribute::Body if value.first() == Some(&b'[') => {
                self.section(fetch, SectionKind::Body, value)
            }
            Attribute::Body => {
                let (rest, span) = lex::skip_value(value)?;
                fetch.body = Some(LazyBodyStructure(Cow::Borrowed(span)));
                Ok(rest)
            }
            Attribute::BodyStructure => {
                let (rest, span) = lex::skip_value(value)?;
                fetch.body_structure = Some(LazyBodyStructure(Cow::Borrowed(span)));
                Ok(rest)
            }
            Attribute::Binary => self.section(fetch, SectionKind::Binary, value),
            Attribute::Rfc822 => self.value(fetch, SectionKind::Rfc822, "", None, value),
            Attribute::Rfc822Header => {
                self.value(fetch, SectionKind::Rfc822Header, "", None, value)
            }
            Attribute::Rfc822Text => self.value(fetch, SectionKind::Rfc822Text, "", None, value),
            rare => extended(fetch.extended.get_or_insert_default(), rare, value),
        }
    }

    /// `"BODY" section ["<" number ">"] SP nstring`, after the name.
    fn section(&mut self, fetch: &mut Fetch<'a>, kind: SectionKind, i: &'a [u8]) -> Rest<'a> {
        let (i, spec) = section_spec(i)?;
        let (i, origin) = match i.strip_prefix(b"<") {
            Some(rest) => {
                let (rest, origin) = number64(rest)?;
                let (rest, ()) = lex::byte(b'>')(rest)?;
                (rest, Some(origin))
            }
            None => (i, None),
        };
        let (i, ()) = lex::spaces(i)?;
        self.value(fetch, kind, spec, origin, i)
    }

    fn value(
        &mut self,
        fetch: &mut Fetch<'a>,
        kind: SectionKind,
        spec: impl Into<SpecText<'a>>,
        origin: Option<u64>,
        i: &'a [u8],
    ) -> Rest<'a> {
        let (rest, data) = if let Some((rest, len)) = self.streamed_literal(i) {
            (rest, SectionData::Streamed(len))
        } else {
            match lex::nstring(i)? {
                (rest, Some(bytes)) => (rest, SectionData::Inline(bytes)),
                (rest, None) => (rest, SectionData::Nil),
            }
        };
        fetch.sections.push(Section {
            kind,
            spec: spec.into().0,
            origin,
            data,
        });
        Ok(rest)
    }

    /// The next streamed literal, if its header stands here.
    fn streamed_literal(&mut self, i: &'a [u8]) -> Option<(&'a [u8], u64)> {
        let (next, others) = self.streamed.split_first()?;
        let (rest, len) = lex::literal_header(i).ok()?;
        (self.whole.len() - rest.len() == next.offset && len == next.len).then(|| {
            self.streamed = others;
            (rest, len)
        })
    }

    /// Skips the rest of an attribute that is not known: `[section]`, `<origin>`
    /// and one value of any kind.
    #[cold]
    fn unknown(&mut self, i: &'a [u8]) -> Rest<'a> {
        let i = match i.first() {
            Some(b'[') => {
                let (rest, _) = section_spec(i)?;
                match rest.strip_prefix(b"<") {
                    Some(rest) => {
                        let (rest, _) = number64(rest)?;
                        lex::byte(b'>')(rest)?.0
                    }
                    None => rest,
                }
            }
            _ => i,
        };
        let (i, ()) = lex::spaces(i)?;
        if let Some((rest, _)) = self.streamed_literal(i) {
            return Ok(rest);
        }
        let (rest, _) = lex::skip_value(i)?;
        Ok(rest)
    }
}

/// Text between brackets.
struct SpecText<'a>(Cow<'a, str>);

impl<'a> From<&'a [u8]> for SpecText<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(String::from_utf8_lossy(bytes))
    }
}

impl<'a> From<&'a str> for SpecText<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

/// `section = "[" [section-spec] "]"`; a bracket inside quotes does not end it.
fn section_spec(i: &[u8]) -> Lex<'_, &[u8]> {
    let (inner, ()) = lex::byte(b'[')(i)?;
    let mut quoted = false;
    let end = inner.iter().position(|b| {
        quoted ^= *b == b'"';
        *b == b']' && !quoted
    });
    match end.and_then(|at| inner.split_at_checked(at)) {
        Some((spec, rest)) => Ok((rest.get(1..).unwrap_or_default(), spec)),
        None => Err(lex::error(i, DecodeErrorKind::Incomplete)),
    }
}

#[inline]
fn keep<'a, T>(slot: &mut Option<T>, parsed: Lex<'a, T>) -> Rest<'a> {
    let (rest, value) = parsed?;
    *slot = Some(value);
    Ok(rest)
}

/// `"(" permsg-modsequence ")"` (RFC 7162 section 7), parentheses optional.
#[inline]
fn mod_seq(i: &[u8]) -> Lex<'_, u64> {
    match i.strip_prefix(b"(") {
        Some(rest) => {
            let (rest, value) = number64(rest)?;
            let (rest, ()) = lex::byte(b')')(rest)?;
            Ok((rest, value))
        }
        None => number64(i),
    }
}

/// `date-time` in quotes, or NIL; `None` if it is malformed.
fn date_time(i: &[u8]) -> Lex<'_, Option<DateTime>> {
    if let Some((date, rest)) = i.split_at_checked(28)
        && let [b'"', date @ .., b'"'] = date
        && let Ok(date) = DateTime::parse(date)
    {
        return Ok((rest, Some(date)));
    }
    let (rest, text) = lex::nstring(i)?;
    Ok((rest, text.and_then(|t| DateTime::parse(&t).ok())))
}

/// The attributes of extensions.
fn extended<'a>(all: &mut ExtendedAttributes, attribute: Attribute, i: &'a [u8]) -> Rest<'a> {
    match attribute {
        // "EMAILID" SP "(" objectid ")"
        Attribute::EmailId => keep(&mut all.email_id, object_id(i)),
        // "THREADID" SP ("(" objectid ")" / nil)
        Attribute::ThreadId => {
            let (rest, id) = match lex::nil(i) {
                Ok((rest, ())) => (rest, None),
                Err(_) => object_id(i).map(|(rest, id)| (rest, Some(id)))?,
            };
            all.thread_id = Some(id);
            Ok(rest)
        }
        // "SAVEDATE" SP (date-time / nil)
        Attribute::SaveDate => keep(&mut all.save_date, date_time(i)),
        // "PREVIEW" SP nstring; Dovecot's draft form is (FUZZY "text")
        Attribute::Preview => match i.strip_prefix(b"(") {
            Some(rest) => {
                let (rest, _) = lex::word(rest)?;
                let (rest, ()) = lex::sp(rest)?;
                let (rest, text) = lex::nstring_text(rest)?;
                all.preview = Some(text);
                Ok(lex::byte(b')')(rest)?.0)
            }
            None => keep(&mut all.preview, lex::nstring_text(i)),
        },
        // "BINARY.SIZE" section-binary SP number
        Attribute::BinarySize => {
            let (rest, spec) = section_spec(i)?;
            let (rest, ()) = lex::sp(rest)?;
            let (rest, size) = number64(rest)?;
            all.binary_sizes.push((lex::lossy(spec), size));
            Ok(rest)
        }
        Attribute::GmailMessageId => keep(&mut all.gmail_message_id, number64(i)),
        Attribute::GmailThreadId => keep(&mut all.gmail_thread_id, number64(i)),
        Attribute::GmailLabels => keep(&mut all.gmail_labels, lex::list(label)(i)),
        _ => Err(lex::error(i, DecodeErrorKind::Syntax)),
    }
}

/// A Gmail label: `\Inbox`, an atom or a string.
fn label(i: &[u8]) -> Lex<'_, String> {
    match i.first() {
        Some(b'"' | b'{') => lex::astring_text(i),
        _ => {
            let (rest, word) = lex::word(i)?;
            Ok((rest, lex::lossy(word)))
        }
    }
}
