//! From the bytes of one response to a [`Response`].

use std::borrow::Cow;

use nom::Parser as _;
use nom::combinator::map;
use nom::sequence::terminated;

use crate::wire::error::{DecodeError, DecodeErrorKind};
use crate::wire::framer::RawResponse;
use crate::wire::lex::{self, Lex};
use crate::wire::limits::Limits;

use super::account;
use super::capability::capability_data;
use super::code::flag_list;
use super::fetch::{Fetch, Parser};
use super::list::{ListKind, mailbox_list};
use super::mailbox_status::mailbox_status;
use super::search::LongLine;
use super::status::{StatusKind, resp_text};
use super::thread::thread_data;
use super::{Response, Unparsed};

impl<'a> Response<'a> {
    /// Decodes a complete response as the framer gives it. What cannot be
    /// decoded is [`Response::Unparsed`], with the tag if it has one.
    #[must_use]
    #[inline]
    pub fn decode(raw: impl Into<RawResponse<'a>>) -> Self {
        let raw = raw.into();
        match response(&raw) {
            Ok(response) => response,
            Err(error) => Self::Unparsed(Unparsed {
                bytes: raw.bytes(),
                tag: tag_of(raw.bytes()),
                error,
            }),
        }
    }

    /// As [`Response::decode`], with what cannot be decoded as an error.
    ///
    /// # Errors
    ///
    /// Why it cannot be decoded, and where.
    pub fn try_decode(raw: impl Into<RawResponse<'a>>) -> Result<Self, DecodeError> {
        response(&raw.into())
    }
}

/// The tag of a line, if it looks like one.
fn tag_of(line: &[u8]) -> Option<&str> {
    let len = line
        .iter()
        .position(|b| matches!(b, b' ' | b'\r' | b'\n'))
        .unwrap_or(line.len());
    let tag = line.get(..len).unwrap_or_default();
    let valid = !tag.is_empty()
        && tag.is_ascii()
        && tag.iter().all(|b| lex::is_astring_char(*b) && *b != b'+');
    if valid {
        std::str::from_utf8(tag).ok()
    } else {
        None
    }
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// `response = *(continue-req / response-data) response-done`, one of them
/// (RFC 9051 section 9).
// Inlined, as `numbered` is, so that a FETCH is built where it is returned.
#[inline(always)]
fn response<'a>(raw: &RawResponse<'a>) -> Result<Response<'a>, DecodeError> {
    let whole = without_line_end(raw.bytes());
    let parsed = match whole {
        [b'*', b' ', i @ ..] => match i.first() {
            Some(b'0'..=b'9') => {
                return numbered(raw, whole, i).map_err(|e| lex::to_decode_error(whole, &e));
            }
            Some(_) => return untagged(whole, i),
            None => Err(lex::error(i, DecodeErrorKind::Incomplete)),
        },
        [b'+'] => return Ok(Response::Continuation(Cow::Borrowed(b""))),
        [b'+', b' ', text @ ..] => return Ok(Response::Continuation(Cow::Borrowed(text))),
        _ => tagged(whole),
    };
    match parsed {
        Ok((_, response)) => Ok(response),
        Err(e) => Err(lex::to_decode_error(whole, &e)),
    }
}

/// `tag SP resp-cond-state CRLF`
fn tagged(i: &[u8]) -> Lex<'_, Response<'static>> {
    let Some(tag) = tag_of(i) else {
        return Err(lex::error(i, DecodeErrorKind::Syntax));
    };
    let (rest, ()) = lex::sp(i.get(tag.len()..).unwrap_or_default())?;
    let (text, word) = lex::word(rest)?;
    match StatusKind::from_name(word) {
        Some(kind @ (StatusKind::Ok | StatusKind::No | StatusKind::Bad)) => {
            let (rest, status) = resp_text(kind, text)?;
            let tag = tag.to_owned();
            Ok((rest, Response::Tagged { tag, status }))
        }
        _ => Err(lex::error(rest, DecodeErrorKind::Syntax)),
    }
}

/// `message-data = nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att))`, and
/// `number SP ("EXISTS" / "RECENT")`.
#[inline(always)]
fn numbered<'a>(
    raw: &RawResponse<'a>,
    whole: &'a [u8],
    i: &'a [u8],
) -> Result<Response<'a>, nom::Err<lex::LexError>> {
    let (i, n) = lex::number(i)?;
    let (i, ()) = lex::sp(i)?;
    let list = match i.strip_prefix(b"FETCH ") {
        Some(list) => Some(list),
        None => lex::keyword(b"FETCH ")(i).ok().map(|(list, ())| list),
    };
    if let Some(list) = list {
        let list = match list.first() {
            Some(b' ') => lex::spaces(list)?.0,
            _ => list,
        };
        let mut parser = Parser {
            whole,
            streamed: raw.streamed(),
        };
        let mut fetch = Fetch::new(n);
        let rest = parser.fetch(&mut fetch, list, false)?;
        if !rest.is_empty() {
            lex::end(rest)?;
        }
        return Ok(Response::Fetch(fetch));
    }
    let (rest, word) = lex::word(i)?;
    lex::end(rest)?;
    match word.to_ascii_uppercase().as_slice() {
        b"EXISTS" => Ok(Response::Exists(n)),
        b"RECENT" => Ok(Response::Recent(n)),
        b"EXPUNGE" => Ok(Response::Expunge(n)),
        _ => Err(lex::error(i, DecodeErrorKind::Syntax)),
    }
}

/// `response-data` that begins with a word.
fn untagged<'a>(whole: &'a [u8], i: &'a [u8]) -> Result<Response<'a>, DecodeError> {
    let fail = |e: nom::Err<lex::LexError>| lex::to_decode_error(whole, &e);
    let (rest, word) = lex::word(i).map_err(fail)?;
    if let Some(kind) = StatusKind::from_name(word) {
        let (_, status) = resp_text(kind, rest).map_err(fail)?;
        return Ok(Response::Status(status));
    }
    let mut upper = [0u8; 12];
    let Some(upper) = upper.get_mut(..word.len()) else {
        return Err(DecodeError::new(DecodeErrorKind::Syntax, 2));
    };
    upper.copy_from_slice(word);
    upper.make_ascii_uppercase();
    if matches!(&*upper, b"SEARCH" | b"SORT" | b"ESEARCH" | b"VANISHED") {
        let mut line = LongLine::new(&Limits::default());
        line.push(whole)?;
        return line.finish();
    }
    let (rest, ()) = lex::spaces(rest).map_err(fail)?;
    match data(upper, rest) {
        Ok((_, response)) => Ok(response),
        Err(e) => Err(fail(e)),
    }
}

/// The data of an untagged response called `name`, in capitals.
fn data<'a>(name: &[u8], i: &'a [u8]) -> Lex<'a, Response<'a>> {
    match name {
        b"CAPABILITY" => map(capability_data, Response::Capability).parse(i),
        b"ENABLED" => map(capability_data, Response::Enabled).parse(i),
        b"LIST" => map(whole(|i| mailbox_list(ListKind::List, i)), Response::List).parse(i),
        b"LSUB" => map(whole(|i| mailbox_list(ListKind::Lsub, i)), Response::List).parse(i),
        b"XLIST" => map(whole(|i| mailbox_list(ListKind::Xlist, i)), Response::List).parse(i),
        b"STATUS" => map(whole(mailbox_status), Response::MailboxStatus).parse(i),
        b"FLAGS" => map(whole(flag_list), Response::Flags).parse(i),
        b"THREAD" => map(thread_data, Response::Thread).parse(i),
        b"NAMESPACE" => map(whole(account::namespaces), Response::Namespace).parse(i),
        b"ID" => map(whole(account::id), Response::Id).parse(i),
        b"QUOTA" => map(whole(account::quota), Response::Quota).parse(i),
        b"QUOTAROOT" => map(account::quota_root, Response::QuotaRoot).parse(i),
        b"ACL" => map(account::acl, Response::Acl).parse(i),
        b"LISTRIGHTS" => map(account::list_rights, Response::ListRights).parse(i),
        b"MYRIGHTS" => map(whole(account::my_rights), Response::MyRights).parse(i),
        b"METADATA" => map(whole(account::metadata), Response::Metadata).parse(i),
        _ => Err(lex::error(i, DecodeErrorKind::Syntax)),
    }
}

/// `parser`, and nothing but spaces after it.
fn whole<'a, T>(parser: impl Fn(&'a [u8]) -> Lex<'a, T>) -> impl FnMut(&'a [u8]) -> Lex<'a, T> {
    move |i| terminated(&parser, lex::end).parse(i)
}
