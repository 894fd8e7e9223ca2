use std::borrow::Cow;

use memchr::memchr;

/// The octets of a folded line without its end (RFC 5545 section 3.1, RFC 6350 section 3.2).
const WIDTH: usize = 75;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// How a document ends its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eol {
    /// As the RFCs want it.
    CrLf,
    /// As many files have it.
    Lf,
}

impl Eol {
    /// That of the first line.
    pub fn of(content: &[u8]) -> Self {
        match memchr(b'\n', content) {
            Some(at) if !content.get(..at).unwrap_or_default().ends_with(b"\r") => Self::Lf,
            _ => Self::CrLf,
        }
    }

    /// The end of a line.
    pub const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::CrLf => b"\r\n",
            Self::Lf => b"\n",
        }
    }

    /// The same lines, ending so.
    pub(in crate::merge) fn apply<'a>(self, raw: &'a [u8]) -> Cow<'a, [u8]> {
        let fits = |line: &[u8]| match self {
            Self::CrLf => line.ends_with(b"\r\n"),
            Self::Lf => line.ends_with(b"\n") && !line.ends_with(b"\r\n"),
        };
        if raw.split_inclusive(|b| *b == b'\n').all(fits) {
            return Cow::Borrowed(raw);
        }
        let mut out = Vec::with_capacity(raw.len().saturating_add(8));
        for line in raw.split_inclusive(|b| *b == b'\n') {
            out.extend_from_slice(without_eol(line));
            out.extend_from_slice(self.as_bytes());
        }
        Cow::Owned(out)
    }
}

/// The lines of a document, each with what is folded into it and with its end.
///
/// A line goes on in the next one if that starts with white space, and, as vCard 2.1 has it, if it
/// is quoted-printable and ends in a soft line break.
pub fn logical_lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = content;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = 0;
        let mut printable = None;
        loop {
            let tail = rest.get(end..).unwrap_or_default();
            let Some(at) = memchr(b'\n', tail) else {
                end = rest.len();
                break;
            };
            let physical = tail.get(..at).unwrap_or_default();
            end += at + 1;
            let soft = without_eol(physical).ends_with(b"=")
                && *printable.get_or_insert_with(|| is_quoted_printable(rest));
            if !soft && !matches!(rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (line, tail) = rest.split_at(end);
        rest = tail;
        Some(line)
    })
}

/// Whether a line says that its value is quoted-printable.
fn is_quoted_printable(line: &[u8]) -> bool {
    let head = line.split(|b| *b == b':' || *b == b'\n').next();
    head.is_some_and(|head| {
        let mut parts = head.split(|b| *b == b';' || *b == b'=');
        parts.any(|part| part.eq_ignore_ascii_case(b"QUOTED-PRINTABLE"))
    })
}

fn without_eol(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The name of a line, unless that takes a closer look: it has a group, or is folded.
pub(in crate::merge) fn plain_name(raw: &[u8]) -> Option<&[u8]> {
    let is_end = |b: &u8| matches!(b, b';' | b':' | b'.' | b'\n');
    let at = raw.iter().position(is_end)?;
    let (name, rest) = raw.split_at_checked(at)?;
    let is_plain = matches!(rest.first(), Some(b';' | b':'));
    let name = name.strip_prefix(BOM).unwrap_or(name).trim_ascii();
    (is_plain && name.is_ascii()).then_some(name)
}

/// The text of a line, unfolded, without its end and without a byte order mark.
///
/// What is no UTF-8 is read as Latin-1, so that different bytes stay different.
pub fn unfold(raw: &[u8]) -> Cow<'_, str> {
    let body = without_eol(raw.strip_prefix(BOM).unwrap_or(raw));
    if memchr(b'\n', body).is_none() {
        return decode(body);
    }
    let printable = is_quoted_printable(body);
    let mut joined = Vec::with_capacity(body.len());
    let mut soft = true;
    for (i, line) in body.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = if i > 0 && !soft {
            line.get(1..).unwrap_or_default()
        } else {
            line
        };
        soft = printable && line.ends_with(b"=");
        joined.extend_from_slice(line);
        if soft {
            joined.pop();
        }
    }
    Cow::Owned(decode(&joined).into_owned())
}

fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|b| char::from(*b)).collect()),
    }
}

/// A line, folded where it is too long, never within a character, and never where it would look
/// like a soft line break of quoted-printable.
pub fn fold(text: &str, eol: Eol) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 20 + 2);
    let mut width = 0;
    for c in text.chars() {
        if width + c.len_utf8() > WIDTH && !out.ends_with(b"=") {
            out.extend_from_slice(eol.as_bytes());
            out.push(b' ');
            width = 1;
        }
        width += c.len_utf8();
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    out.extend_from_slice(eol.as_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<&[u8]> {
        logical_lines(text).collect()
    }

    #[test]
    fn folded_lines_stay_together_and_unfold() {
        let text = b"NOTE:a\r\n b\r\n\tc\r\nFN:x\n";
        assert_eq!(
            lines(text),
            [b"NOTE:a\r\n b\r\n\tc\r\n".as_slice(), b"FN:x\n"]
        );
        assert_eq!(unfold(b"NOTE:a\r\n b\r\n\tc\r\n"), "NOTE:abc");
        assert_eq!(unfold(b"\xef\xbb\xbfBEGIN:VCARD"), "BEGIN:VCARD");
    }

    #[test]
    fn a_character_may_be_split_by_a_fold() {
        assert_eq!(unfold(b"NOTE:\xc3\r\n \xa9\r\n"), "NOTE:\u{e9}");
        assert_eq!(unfold(b"NOTE:\xe9\r\n"), "NOTE:\u{e9}");
    }

    #[test]
    fn soft_line_breaks_join_in_quoted_printable_only() {
        let text = b"NOTE;ENCODING=QUOTED-PRINTABLE:a=\r\nb=3D=\r\n c\r\nFN:x=\r\nORG:y\r\n";
        let lines = lines(text);
        assert_eq!(lines.len(), 3);
        assert_eq!(
            unfold(lines.first().copied().unwrap_or_default()),
            "NOTE;ENCODING=QUOTED-PRINTABLE:ab=3D c"
        );
    }

    #[test]
    fn long_lines_fold_between_characters() {
        let text = format!("NOTE:{}", "\u{e9}".repeat(100));
        let folded = fold(&text, Eol::CrLf);
        assert!(folded.split(|b| *b == b'\n').all(|l| l.len() <= WIDTH + 1));
        assert_eq!(unfold(&folded), text);
        assert_eq!(Eol::Lf.apply(&folded).as_ref(), fold(&text, Eol::Lf));
    }
}
