//! The lexical layer: numbers, atoms, strings, literals, and skipping over a
//! value without understanding it.
//!
//! Parsers are nom functions over a complete response. They are a little wider
//! than the grammar where real servers are: several spaces count as one, and a
//! quote that does not end a token does not end a quoted string.

use std::borrow::Cow;

use memchr::{memchr, memchr2};
use nom::IResult;
use nom::bytes::complete::{take_while, take_while1};
use nom::error::{ErrorKind, ParseError};

use super::error::{DecodeError, DecodeErrorKind};
use super::limits::MAX_DEPTH;

/// Error of a parser: how many bytes were left, and what was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LexError {
    /// Bytes left when the parser gave up.
    pub left: usize,
    /// What was wrong.
    pub kind: DecodeErrorKind,
}

impl<'a> ParseError<&'a [u8]> for LexError {
    fn from_error_kind(input: &'a [u8], kind: ErrorKind) -> Self {
        let kind = if kind == ErrorKind::Eof && input.is_empty() {
            DecodeErrorKind::Incomplete
        } else {
            DecodeErrorKind::Syntax
        };
        Self {
            left: input.len(),
            kind,
        }
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Self) -> Self {
        other
    }

    fn or(self, other: Self) -> Self {
        if self.left < other.left { self } else { other }
    }
}

/// Result of a parser over bytes.
pub type Lex<'a, T> = IResult<&'a [u8], T, LexError>;

/// A parser error at `input` that other alternatives may still mend.
pub(crate) fn error(input: &[u8], kind: DecodeErrorKind) -> nom::Err<LexError> {
    nom::Err::Error(LexError {
        left: input.len(),
        kind,
    })
}

/// A parser error at `input` that no alternative mends.
pub(crate) fn failure(input: &[u8], kind: DecodeErrorKind) -> nom::Err<LexError> {
    nom::Err::Failure(LexError {
        left: input.len(),
        kind,
    })
}

/// Turns a parser's error into an offset into `whole`.
pub(crate) fn to_decode_error(whole: &[u8], error: &nom::Err<LexError>) -> DecodeError {
    match error {
        nom::Err::Error(e) | nom::Err::Failure(e) => {
            DecodeError::new(e.kind, whole.len().saturating_sub(e.left))
        }
        nom::Err::Incomplete(_) => DecodeError::new(DecodeErrorKind::Incomplete, whole.len()),
    }
}

/// Whether `b` may stand in an atom (RFC 9051 `ATOM-CHAR`), bytes above 127
/// included since servers send them.
#[must_use]
pub fn is_atom_char(b: u8) -> bool {
    !matches!(
        b,
        0..=0x20 | 0x7f | b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']'
    )
}

/// Whether `b` may stand in an astring without quotes (RFC 9051 `ASTRING-CHAR`).
#[must_use]
pub fn is_astring_char(b: u8) -> bool {
    b == b']' || is_atom_char(b)
}

/// `SP`: one or more spaces.
pub fn sp(i: &[u8]) -> Lex<'_, ()> {
    match i {
        [b' ', rest @ ..] if rest.first() != Some(&b' ') => Ok((rest, ())),
        _ => {
            let (rest, _) = take_while1(|b| b == b' ')(i)?;
            Ok((rest, ()))
        }
    }
}

/// Any number of spaces.
#[inline]
pub fn spaces(i: &[u8]) -> Lex<'_, ()> {
    match i {
        [b' ', b' ', ..] => {
            let (rest, _) = take_while(|b| b == b' ')(i)?;
            Ok((rest, ()))
        }
        [b' ', rest @ ..] => Ok((rest, ())),
        _ => Ok((i, ())),
    }
}

/// The one byte `b`.
pub fn byte<'a>(b: u8) -> impl Fn(&'a [u8]) -> Lex<'a, ()> {
    move |i| match i.split_first() {
        Some((first, rest)) if *first == b => Ok((rest, ())),
        Some(_) => Err(error(i, DecodeErrorKind::Syntax)),
        None => Err(error(i, DecodeErrorKind::Incomplete)),
    }
}

/// End of the response: trailing spaces are forgiven, the line end was cut off.
pub fn end(i: &[u8]) -> Lex<'_, ()> {
    let (rest, ()) = spaces(i)?;
    if rest.is_empty() {
        Ok((rest, ()))
    } else {
        Err(error(rest, DecodeErrorKind::Syntax))
    }
}

/// Up to eight digits at the start of `i`: their value, and how many there are.
/// Eight bytes are looked at in one step where there are as many.
#[inline]
pub(crate) fn digits8(i: &[u8]) -> (u64, usize) {
    let Some(bytes) = i.first_chunk::<8>() else {
        let len = i.iter().take_while(|b| b.is_ascii_digit()).count();
        let value = i.iter().take(len);
        let value = value.fold(0, |value, b| value * 10 + u64::from(b - b'0'));
        return (value, len);
    };
    let word = u64::from_le_bytes(*bytes);
    // A byte is a digit if its high half is 3, also after 6 is added. A carry
    // can only come out of a byte that is none, and spoil those behind it.
    let high = word & 0xf0f0_f0f0_f0f0_f0f0;
    let shifted = (word.wrapping_add(0x0606_0606_0606_0606) & 0xf0f0_f0f0_f0f0_f0f0) >> 4;
    let other = (high | shifted) ^ 0x3333_3333_3333_3333;
    let len = other.trailing_zeros() / 8;
    if len == 0 {
        return (0, 0);
    }
    // The first digit is the lowest byte: shift zeros in front of it, then join
    // digits to pairs, pairs to fours, fours to eight.
    let digits = (word & 0x0f0f_0f0f_0f0f_0f0f) << (64 - 8 * len);
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let high = (pairs >> 16 & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    (low.wrapping_add(high) >> 32, len as usize)
}

/// `number64 = 1*DIGIT`, up to 2^64 - 1.
#[inline]
pub fn number64(i: &[u8]) -> Lex<'_, u64> {
    let (value, len) = digits8(i);
    let rest = i.get(len..).unwrap_or_default();
    if len == 8 {
        return many_digits(i, rest, value);
    }
    if len > 0 {
        return Ok((rest, value));
    }
    let kind = match i.first() {
        Some(b'-') => DecodeErrorKind::Number,
        Some(_) => DecodeErrorKind::Syntax,
        None => DecodeErrorKind::Incomplete,
    };
    Err(error(i, kind))
}

/// Goes on with a number of eight digits or more; `rest` is what follows them.
#[inline]
fn many_digits<'a>(i: &'a [u8], rest: &'a [u8], value: u64) -> Lex<'a, u64> {
    let mut value = value;
    let mut rest = rest;
    loop {
        let (more, len) = digits8(rest);
        if len == 0 {
            return Ok((rest, value));
        }
        value = value
            .checked_mul(power_of_ten(len))
            .and_then(|v| v.checked_add(more))
            .ok_or_else(|| failure(i, DecodeErrorKind::Number))?;
        rest = rest.get(len..).unwrap_or_default();
        if len < 8 {
            return Ok((rest, value));
        }
    }
}

/// 10 to the power of `n`, which is 8 at most.
#[inline]
pub(crate) fn power_of_ten(n: usize) -> u64 {
    const POWERS: [u64; 9] = [
        1,
        10,
        100,
        1_000,
        10_000,
        100_000,
        1_000_000,
        10_000_000,
        100_000_000,
    ];
    POWERS.get(n).copied().unwrap_or_default()
}

/// `number = 1*DIGIT`, an unsigned 32-bit integer.
#[inline]
pub fn number(i: &[u8]) -> Lex<'_, u32> {
    let (rest, value) = number64(i)?;
    match u32::try_from(value) {
        Ok(value) => Ok((rest, value)),
        Err(_) => Err(failure(i, DecodeErrorKind::Number)),
    }
}

/// `nz-number`: a `number` that is not zero.
pub fn nz_number(i: &[u8]) -> Lex<'_, u32> {
    match number(i)? {
        (_, 0) => Err(failure(i, DecodeErrorKind::Number)),
        ok => Ok(ok),
    }
}

/// `atom = 1*ATOM-CHAR`.
pub fn atom(i: &[u8]) -> Lex<'_, &[u8]> {
    take_while1(is_atom_char)(i)
}

/// Everything up to a space, a parenthesis or the end: what servers write
/// where the grammar says `atom` or `flag`.
pub fn word(i: &[u8]) -> Lex<'_, &[u8]> {
    take_while1(|b| !matches!(b, b' ' | b'(' | b')' | b'\r' | b'\n'))(i)
}

/// The word `NIL` in any case, followed by no further atom character.
pub fn nil(i: &[u8]) -> Lex<'_, ()> {
    match i.split_at_checked(3) {
        Some((head, rest))
            if head.eq_ignore_ascii_case(b"NIL")
                && rest.first().is_none_or(|b| !is_astring_char(*b)) =>
        {
            Ok((rest, ()))
        }
        _ => Err(error(i, DecodeErrorKind::Syntax)),
    }
}

/// The word `word` in any case.
pub fn keyword<'a>(word: &'static [u8]) -> impl Fn(&'a [u8]) -> Lex<'a, ()> {
    move |i| match i.split_at_checked(word.len()) {
        Some((head, rest)) if head.eq_ignore_ascii_case(word) => Ok((rest, ())),
        _ => Err(error(i, DecodeErrorKind::Syntax)),
    }
}

/// What may follow the quote that ends a quoted string.
fn ends_quoted(next: Option<&u8>) -> bool {
    matches!(next, None | Some(b' ' | b')' | b'(' | b']' | b'\r' | b'\n'))
}

/// Where the first quote or backslash is. Most strings are short: the first 32
/// bytes are looked at by words of eight, before memchr is worth its call.
#[inline]
fn find_quote(i: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // The lowest bit set marks the first byte that is zero.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let mut at = 0usize;
    for bytes in i.as_chunks::<8>().0.iter().take(4) {
        let word = u64::from_le_bytes(*bytes);
        let found = zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    memchr2(b'"', b'\\', i.get(at..)?).map(|step| at + step)
}

/// The content of a quoted string that ends at its first quote and needs no
/// unescaping, as nearly all do, and what follows. `i` starts after the opening
/// quote.
#[inline]
fn plain_quoted(i: &[u8]) -> Option<(&[u8], &[u8])> {
    let (raw, rest) = i.split_at_checked(find_quote(i)?)?;
    match rest {
        [b'"', after @ ..] if ends_quoted(after.first()) => Some((raw, after)),
        _ => None,
    }
}

/// Splits `i`, which starts after the opening quote, into the raw content, and
/// what follows the closing quote; says whether the content needs unescaping.
fn quoted_raw(i: &[u8]) -> Lex<'_, (&[u8], bool)> {
    let mut at = 0usize;
    let mut escaped = false;
    loop {
        let rest = i.get(at..).unwrap_or_default();
        let Some(step) = find_quote(rest) else {
            return Err(failure(i, DecodeErrorKind::Incomplete));
        };
        at += step;
        if i.get(at) == Some(&b'\\') {
            escaped = true;
            at += 2;
            continue;
        }
        let after = i.get(at + 1..).unwrap_or_default();
        if ends_quoted(after.first()) {
            let raw = i.get(..at).unwrap_or_default();
            return Ok((after, (raw, escaped)));
        }
        at += 1;
    }
}

fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr(b'\\', rest) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        match tail {
            [_, c, more @ ..] => {
                out.push(*c);
                rest = more;
            }
            _ => rest = &[],
        }
    }
    out.extend_from_slice(rest);
    out
}

/// `quoted = DQUOTE *QUOTED-CHAR DQUOTE` (RFC 9051 section 9), bytes above 127
/// allowed.
///
/// A quote that is not followed by a space, a parenthesis, a bracket or the end
/// belongs to the content: servers send `"<"foo"@bar>"`.
pub fn quoted(i: &[u8]) -> Lex<'_, Cow<'_, [u8]>> {
    let (i, ()) = byte(b'"')(i)?;
    let (rest, (raw, escaped)) = quoted_raw(i)?;
    let value = if escaped {
        Cow::Owned(unescape(raw))
    } else {
        Cow::Borrowed(raw)
    };
    Ok((rest, value))
}

/// `"{" number64 ["+"] "}" CRLF`, with an optional `~` in front (`literal8`).
/// Gives the length; a bare LF ends it as well.
pub fn literal_header(i: &[u8]) -> Lex<'_, u64> {
    let start = i;
    let i = i.strip_prefix(b"~").unwrap_or(i);
    let (i, ()) = byte(b'{')(i)?;
    let (i, len) = number64(i)?;
    let i = i.strip_prefix(b"+").unwrap_or(i);
    let (i, ()) = byte(b'}')(i)?;
    let i = i.strip_prefix(b"\r").unwrap_or(i);
    match i.strip_prefix(b"\n") {
        Some(rest) => Ok((rest, len)),
        None => Err(error(start, DecodeErrorKind::Syntax)),
    }
}

/// `literal` or `literal8`: a header and as many bytes as it says.
pub fn literal(i: &[u8]) -> Lex<'_, &[u8]> {
    let (rest, len) = literal_header(i)?;
    let split = usize::try_from(len)
        .ok()
        .and_then(|len| rest.split_at_checked(len));
    match split {
        Some((data, rest)) => Ok((rest, data)),
        None => Err(failure(i, DecodeErrorKind::Incomplete)),
    }
}

/// `string = quoted / literal`.
pub fn string(i: &[u8]) -> Lex<'_, Cow<'_, [u8]>> {
    match i.first() {
        Some(b'"') => quoted(i),
        Some(b'{' | b'~') => {
            let (rest, data) = literal(i)?;
            Ok((rest, Cow::Borrowed(data)))
        }
        Some(_) => Err(error(i, DecodeErrorKind::Syntax)),
        None => Err(error(i, DecodeErrorKind::Incomplete)),
    }
}

/// `nstring = string / nil`. An atom is taken for a string.
pub fn nstring(i: &[u8]) -> Lex<'_, Option<Cow<'_, [u8]>>> {
    match i {
        [b'"', inner @ ..] => {
            if let Some((raw, rest)) = plain_quoted(inner) {
                return Ok((rest, Some(Cow::Borrowed(raw))));
            }
            let (rest, value) = quoted(i)?;
            Ok((rest, Some(value)))
        }
        [b'N', b'I', b'L', rest @ ..] if matches!(rest.first(), Some(b' ' | b')')) => {
            Ok((rest, None))
        }
        [b'N' | b'n', ..] => {
            if let Ok((rest, ())) = nil(i) {
                return Ok((rest, None));
            }
            let (rest, value) = astring(i)?;
            Ok((rest, Some(value)))
        }
        _ => {
            let (rest, value) = astring(i)?;
            Ok((rest, Some(value)))
        }
    }
}

/// `astring = 1*ASTRING-CHAR / string`.
pub fn astring(i: &[u8]) -> Lex<'_, Cow<'_, [u8]>> {
    match i.first() {
        Some(b'"' | b'{') => string(i),
        Some(b'~') if i.get(1) == Some(&b'{') => string(i),
        _ => {
            let (rest, value) = take_while1(is_astring_char)(i)?;
            Ok((rest, Cow::Borrowed(value)))
        }
    }
}

/// An `astring` as text; bytes that are not UTF-8 become U+FFFD.
pub(crate) fn astring_text(i: &[u8]) -> Lex<'_, String> {
    let (rest, value) = astring(i)?;
    Ok((rest, lossy(&value)))
}

/// An `nstring` as text; bytes that are not UTF-8 become U+FFFD.
pub(crate) fn nstring_text(i: &[u8]) -> Lex<'_, Option<String>> {
    let (rest, value) = nstring(i)?;
    Ok((rest, value.map(|v| lossy(&v))))
}

/// Owned text of bytes that ought to be UTF-8.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// As [`lossy`]; line ends, which only a literal brings in, become spaces.
pub(crate) fn lossy_line(bytes: &[u8]) -> String {
    let text = lossy(bytes);
    if text.contains(['\r', '\n']) {
        return text.replace(['\r', '\n'], " ");
    }
    text
}

/// `"(" [item *(SP item)] ")"`; `NIL` is an empty list.
pub(crate) fn list<'a, T>(
    item: impl Fn(&'a [u8]) -> Lex<'a, T>,
) -> impl Fn(&'a [u8]) -> Lex<'a, Vec<T>> {
    move |i| {
        if let Ok((rest, ())) = nil(i) {
            return Ok((rest, Vec::new()));
        }
        let (mut i, ()) = byte(b'(')(i)?;
        let mut items = Vec::new();
        loop {
            (i, _) = spaces(i)?;
            if let Some(rest) = i.strip_prefix(b")") {
                return Ok((rest, items));
            }
            let value;
            (i, value) = item(i)?;
            items.push(value);
        }
    }
}

/// What a byte means to [`skip_value`].
const PLAIN: u8 = 0;
const SPECIAL: u8 = 1;
const CLASS: [u8; 256] = {
    let mut table = [PLAIN; 256];
    let specials = b"(){\" \r\n";
    let mut k = 0;
    while k < specials.len() {
        #[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
        {
            table[specials[k] as usize] = SPECIAL;
        }
        k += 1;
    }
    table
};

#[inline]
fn is_special(b: u8) -> bool {
    CLASS.get(usize::from(b)).is_some_and(|c| *c != PLAIN)
}

/// One value of any kind, as the span of its bytes: a parenthesised list, a
/// string, a literal, or a word. Only the structure is checked; lists may nest
/// up to [`MAX_DEPTH`].
pub fn skip_value(i: &[u8]) -> Lex<'_, &[u8]> {
    let rest = match i.first() {
        Some(b'(') => skip_list(i)?,
        Some(b'"') => quoted_raw(i.get(1..).unwrap_or_default())?.0,
        Some(b'{') => literal(i)?.0,
        Some(b'~') if i.get(1) == Some(&b'{') => literal(i)?.0,
        Some(b) if !matches!(b, b')' | b' ' | b'\r' | b'\n') => {
            let len = i.iter().position(|b| is_special(*b)).unwrap_or(i.len());
            if len == 0 {
                return Err(error(i, DecodeErrorKind::Syntax));
            }
            i.get(len..).unwrap_or_default()
        }
        Some(_) => return Err(error(i, DecodeErrorKind::Syntax)),
        None => return Err(error(i, DecodeErrorKind::Incomplete)),
    };
    let span = i.get(..i.len() - rest.len()).unwrap_or_default();
    Ok((rest, span))
}

/// Skips a list without recursion; gives what follows it.
fn skip_list(whole: &[u8]) -> Result<&[u8], nom::Err<LexError>> {
    let mut depth = 0usize;
    let mut i = whole;
    while let Some((b, rest)) = i.split_first() {
        i = match b {
            b'"' => match plain_quoted(rest) {
                Some((_, rest)) => rest,
                None => quoted_raw(rest)?.0,
            },
            b'(' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(failure(i, DecodeErrorKind::Depth));
                }
                rest
            }
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Ok(rest);
                }
                rest
            }
            b'{' => match literal_header(i) {
                Ok(_) => literal(i)?.0,
                // A brace in an atom, where it should not be.
                Err(nom::Err::Error(_)) => rest,
                Err(e) => return Err(e),
            },
            _ => {
                let plain = rest.iter().position(|b| is_special(*b));
                match plain {
                    Some(n) => rest.get(n..).unwrap_or_default(),
                    None => &[],
                }
            }
        };
    }
    Err(failure(i, DecodeErrorKind::Incomplete))
}
