//! Modified UTF-7, in which RFC 3501 section 5.1.3 writes mailbox names.

use std::borrow::Cow;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

fn value(b: u8) -> Option<u32> {
    Some(u32::from(match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' => 62,
        b',' => 63,
        _ => return None,
    }))
}

/// Writes text in modified UTF-7.
#[must_use]
pub fn encode(text: &str) -> Cow<'_, str> {
    let direct = |c: char| matches!(c, ' '..='~') && c != '&';
    if text.chars().all(direct) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if direct(c) {
            out.push(c);
            rest = rest.get(1..).unwrap_or_default();
        } else if c == '&' {
            out.push_str("&-");
            rest = rest.get(1..).unwrap_or_default();
        } else {
            let len = rest.find(|c| matches!(c, ' '..='~')).unwrap_or(rest.len());
            let (run, tail) = rest.split_at_checked(len).unwrap_or((rest, ""));
            out.push('&');
            encode_run(run, &mut out);
            out.push('-');
            rest = tail;
        }
    }
    Cow::Owned(out)
}

fn encode_run(run: &str, out: &mut String) {
    let mut push = |sextet: u32| {
        let index = usize::try_from(sextet & 63).unwrap_or(0);
        out.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'A')));
    };
    let mut bits = 0u32;
    let mut held = 0u32;
    for unit in run.encode_utf16() {
        bits = (bits << 16 | u32::from(unit)) & 0x003f_ffff;
        held += 16;
        while held >= 6 {
            held -= 6;
            push(bits >> held);
        }
    }
    if held > 0 {
        push(bits << (6 - held));
    }
}

/// Reads modified UTF-7. `None` if it is malformed: a byte that is not
/// printable ASCII, an unknown character or missing `-` in a shift, half a
/// surrogate pair, or bits left over.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if !bytes.iter().all(|b| matches!(b, b' '..=b'~')) {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    if !text.contains('&') {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((direct, shifted)) = rest.split_once('&') {
        out.push_str(direct);
        let (run, tail) = shifted.split_once('-')?;
        if run.is_empty() {
            out.push('&');
        } else {
            decode_run(run.as_bytes(), &mut out)?;
        }
        rest = tail;
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

fn decode_run(run: &[u8], out: &mut String) -> Option<()> {
    let mut units = Vec::with_capacity(run.len() * 6 / 16);
    let mut bits = 0u32;
    let mut held = 0u32;
    for b in run {
        bits = (bits << 6 | value(*b)?) & 0x003f_ffff;
        held += 6;
        if held >= 16 {
            held -= 16;
            units.push(u16::try_from(bits >> held & 0xffff).ok()?);
        }
    }
    // What is left is padding: fewer than six bits, all zero.
    if held >= 6 || bits & ((1 << held) - 1) != 0 {
        return None;
    }
    for c in char::decode_utf16(units) {
        out.push(c.ok()?);
    }
    Some(())
}
