//! The little of MIME that BODYSTRUCTURE and numbered sections need.

use super::message::{envelope, split, value};
use super::names::quote;

/// How deep parts may lie in each other; deeper ones count as opaque text.
const MAX_DEPTH: usize = 50;

/// A part of a message, in its three readings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    /// What BODY[n] gives: the text of the part.
    pub(super) whole: &'a [u8],
    /// What BODY[n.MIME] gives: the part's header.
    pub(super) mime: &'a [u8],
    /// The message whose HEADER and TEXT are asked for.
    pub(super) inner: &'a [u8],
}

#[derive(Debug)]
struct ContentType {
    kind: String,
    subtype: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    fn of(header: &[u8]) -> Self {
        let text = value(header, "Content-Type")
            .unwrap_or_else(|| b"text/plain; charset=us-ascii".to_vec());
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut pieces = text.split(';');
        let (kind, subtype) = pieces
            .next()
            .and_then(|t| t.split_once('/'))
            .unwrap_or(("text", "plain"));
        let parameters = pieces
            .filter_map(|p| p.split_once('='))
            .map(|(k, v)| (k.trim().to_owned(), v.trim().trim_matches('"').to_owned()))
            .collect();
        Self {
            kind: kind.trim().to_owned(),
            subtype: subtype.trim().to_owned(),
            parameters,
        }
    }

    fn boundary(&self) -> Option<&str> {
        if !self.kind.eq_ignore_ascii_case("multipart") {
            return None;
        }
        self.parameters
            .iter()
            .find(|(k, _)| k.eq_ignore_ascii_case("boundary"))
            .map(|(_, v)| v.as_str())
    }

    fn is_message(&self) -> bool {
        self.kind.eq_ignore_ascii_case("message") && self.subtype.eq_ignore_ascii_case("rfc822")
    }
}

/// The parts between the boundary lines; the CRLF before a boundary belongs to the boundary.
fn parts<'a>(text: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let marker = format!("--{boundary}");
    let mut found = Vec::new();
    let mut start: Option<usize> = None;
    let mut at = 0;
    while at < text.len() {
        let line_end = memchr::memchr(b'\n', text.get(at..).unwrap_or_default())
            .map_or(text.len(), |n| at.saturating_add(n).saturating_add(1));
        let line = text.get(at..line_end).unwrap_or_default();
        if let Some(rest) = line.strip_prefix(marker.as_bytes()) {
            let rest = rest.trim_ascii_end();
            if rest.is_empty() || rest == b"--" {
                if let Some(start) = start {
                    let part = text.get(start..at).unwrap_or_default();
                    found.push(part.strip_suffix(b"\r\n").unwrap_or(part));
                }
                start = (rest.is_empty()).then_some(line_end);
                if rest == b"--" {
                    return found;
                }
            }
        }
        at = line_end;
    }
    if let Some(start) = start {
        found.push(text.get(start..).unwrap_or_default());
    }
    found
}

/// The part at `path`; the empty path is the message itself.
pub(super) fn part<'a>(bytes: &'a [u8], path: &[u32]) -> Option<Part<'a>> {
    let mut here = Part {
        whole: bytes,
        mime: split(bytes).0,
        inner: bytes,
    };
    for number in path {
        let (header, text) = split(here.inner);
        let children = match ContentType::of(header).boundary() {
            Some(boundary) => parts(text, boundary),
            // A message that is no multipart has one part: itself.
            None => vec![here.inner],
        };
        let child = children
            .get(usize::try_from(*number).ok()?.checked_sub(1)?)
            .copied()?;
        let (mime, body) = split(child);
        let inner = if ContentType::of(mime).is_message() {
            body
        } else {
            child
        };
        here = Part {
            whole: body,
            mime,
            inner,
        };
    }
    Some(here)
}

/// BODY and BODYSTRUCTURE (RFC 9051, section 7.5.2).
pub(super) fn write(out: &mut Vec<u8>, bytes: &[u8], extended: bool) {
    write_at(out, bytes, extended, 0);
}

fn write_at(out: &mut Vec<u8>, bytes: &[u8], extended: bool, depth: usize) {
    let (header, text) = split(bytes);
    let kind = ContentType::of(header);
    out.push(b'(');
    let children = kind.boundary().map(|b| parts(text, b)).unwrap_or_default();
    if !children.is_empty() && depth < MAX_DEPTH {
        for child in children {
            write_at(out, child, extended, depth.saturating_add(1));
        }
        out.push(b' ');
        quote(out, kind.subtype.as_bytes(), false);
        if extended {
            out.push(b' ');
            write_parameters(out, &kind.parameters);
            out.extend_from_slice(b" NIL NIL NIL");
        }
        out.push(b')');
        return;
    }
    quote(out, kind.kind.as_bytes(), false);
    out.push(b' ');
    quote(out, kind.subtype.as_bytes(), false);
    out.push(b' ');
    write_parameters(out, &kind.parameters);
    for name in ["Content-ID", "Content-Description"] {
        out.push(b' ');
        match value(header, name) {
            Some(text) => quote(out, &text, false),
            None => out.extend_from_slice(b"NIL"),
        }
    }
    out.push(b' ');
    quote(
        out,
        &value(header, "Content-Transfer-Encoding").unwrap_or_else(|| b"7bit".to_vec()),
        false,
    );
    out.extend_from_slice(format!(" {}", text.len()).as_bytes());
    let lines = memchr::memchr_iter(b'\n', text).count();
    if kind.is_message() && depth < MAX_DEPTH {
        out.push(b' ');
        envelope(out, text, false, false);
        out.push(b' ');
        write_at(out, text, extended, depth.saturating_add(1));
        out.extend_from_slice(format!(" {lines}").as_bytes());
    } else if kind.kind.eq_ignore_ascii_case("text") {
        out.extend_from_slice(format!(" {lines}").as_bytes());
    }
    if extended {
        out.extend_from_slice(b" NIL NIL NIL NIL");
    }
    out.push(b')');
}

fn write_parameters(out: &mut Vec<u8>, parameters: &[(String, String)]) {
    if parameters.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    out.push(b'(');
    for (at, (key, value)) in parameters.iter().enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        quote(out, key.as_bytes(), false);
        out.push(b' ');
        quote(out, value.as_bytes(), false);
    }
    out.push(b')');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MIXED: &[u8] = b"Content-Type: multipart/mixed; boundary=\"x\"\r\n\r\npreamble\r\n--x\r\n\r\none\r\n--x\r\n\
        Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ntwo\r\n\r\n--x--\r\n";

    #[test]
    fn parts_by_number() {
        assert_eq!(part(MIXED, &[1]).unwrap().whole, b"one");
        let second = part(MIXED, &[2]).unwrap();
        assert_eq!(second.mime, b"Content-Type: message/rfc822\r\n\r\n");
        assert_eq!(
            split(second.inner),
            (&b"Subject: in\r\n\r\n"[..], &b"two\r\n"[..])
        );
        assert_eq!(part(MIXED, &[2, 1]).unwrap().whole, b"two\r\n");
        assert!(part(MIXED, &[3]).is_none());
        assert_eq!(part(b"A: b\r\n\r\ntext", &[1]).unwrap().whole, b"text");
    }

    #[test]
    fn structure_of_a_multipart() {
        let mut out = Vec::new();
        write(&mut out, MIXED, false);
        assert_eq!(
            String::from_utf8_lossy(&out),
            "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 0)\
             (\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 20 \
             (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) \
             (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 5 1) 3) \"mixed\")"
        );
    }

    #[test]
    fn nesting_has_an_end() {
        let mut message = b"text".to_vec();
        for _ in 0..5_000 {
            let mut outer = b"Content-Type: message/rfc822\r\n\r\n".to_vec();
            outer.extend_from_slice(&message);
            message = outer;
        }
        let mut out = Vec::new();
        write(&mut out, &message, true);
        assert!(out.starts_with(b"("));
    }
}
