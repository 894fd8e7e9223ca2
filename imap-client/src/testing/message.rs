//! The little of RFC 5322 that FETCH and SEARCH need.

use super::names::{literal, quote};

/// Splits a message into its header, blank line included, and its text.
pub(super) fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let at = if bytes.starts_with(b"\r\n") {
        Some(2)
    } else {
        memchr::memmem::find(bytes, b"\r\n\r\n").map(|at| at.saturating_add(4))
    };
    bytes
        .split_at_checked(at.unwrap_or(bytes.len()))
        .unwrap_or((bytes, b""))
}

/// The fields of a header as they stand, folded lines and the last CRLF included.
pub(super) fn fields(header: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(end) = memchr::memchr(b'\n', header.get(at..).unwrap_or_default()) {
        at = at.saturating_add(end).saturating_add(1);
        let folded = matches!(header.get(at), Some(b' ' | b'\t'));
        if !folded {
            let field = header.get(start..at).unwrap_or_default();
            if field != b"\r\n" && field != b"\n" {
                out.push(field);
            }
            start = at;
        }
    }
    if start < header.len() {
        out.push(header.get(start..).unwrap_or_default());
    }
    out
}

/// The name of a field.
pub(super) fn field_name(field: &[u8]) -> &[u8] {
    let end = memchr::memchr(b':', field).unwrap_or(0);
    field.get(..end).unwrap_or_default().trim_ascii()
}

/// The unfolded value of the first field of this name.
pub(super) fn value(header: &[u8], name: &str) -> Option<Vec<u8>> {
    let field = fields(header)
        .into_iter()
        .find(|f| field_name(f).eq_ignore_ascii_case(name.as_bytes()))?;
    Some(unfolded(field))
}

fn unfolded(field: &[u8]) -> Vec<u8> {
    let start = memchr::memchr(b':', field).map_or(0, |at| at.saturating_add(1));
    let text = field.get(start..).unwrap_or_default();
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|b| !matches!(b, b'\r' | b'\n'))
        .collect();
    text.trim_ascii().to_vec()
}

/// All values of fields of this name, unfolded.
pub(super) fn values(header: &[u8], name: &str) -> Vec<Vec<u8>> {
    let wanted = fields(header)
        .into_iter()
        .filter(|f| field_name(f).eq_ignore_ascii_case(name.as_bytes()));
    wanted.map(unfolded).collect()
}

/// The header reduced to the named fields, or to all others; with the blank line.
pub(super) fn chosen(header: &[u8], names: &[String], not: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for field in fields(header) {
        let named = names
            .iter()
            .any(|n| field_name(field).eq_ignore_ascii_case(n.as_bytes()));
        if named != not {
            out.extend_from_slice(field);
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// Whether `text` has `part` in it, compared without the case of ASCII letters.
pub(super) fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty()
        || text
            .windows(part.len())
            .any(|w| w.eq_ignore_ascii_case(part))
}

fn nstring(out: &mut Vec<u8>, text: Option<&[u8]>, utf8: bool) {
    match text {
        Some(text) => quote(out, text, utf8),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// ENVELOPE (RFC 9051, section 7.5.2).
pub(super) fn envelope(out: &mut Vec<u8>, bytes: &[u8], subject_as_literal: bool, utf8: bool) {
    let (header, _) = split(bytes);
    out.push(b'(');
    nstring(out, value(header, "Date").as_deref(), utf8);
    out.push(b' ');
    match value(header, "Subject") {
        Some(subject) if subject_as_literal => literal(out, &subject),
        subject => nstring(out, subject.as_deref(), utf8),
    }
    let from = value(header, "From");
    for name in ["From", "Sender", "Reply-To", "To", "Cc", "Bcc"] {
        out.push(b' ');
        let own = if name == "From" {
            from.clone()
        } else {
            value(header, name)
        };
        // An absent Sender or Reply-To is From.
        let text = if matches!(name, "Sender" | "Reply-To") {
            own.or_else(|| from.clone())
        } else {
            own
        };
        addresses(out, text.as_deref(), utf8);
    }
    for name in ["In-Reply-To", "Message-ID"] {
        out.push(b' ');
        nstring(out, value(header, name).as_deref(), utf8);
    }
    out.push(b')');
}

/// An address list; groups are read as the addresses in them.
fn addresses(out: &mut Vec<u8>, text: Option<&[u8]>, utf8: bool) {
    let parts = text.map(separate).unwrap_or_default();
    if parts.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    out.push(b'(');
    for part in parts {
        let (name, address) = match (memchr::memchr(b'<', &part), memchr::memrchr(b'>', &part)) {
            (Some(from), Some(to)) if from < to => {
                let name = part.get(..from).unwrap_or_default().trim_ascii();
                (
                    Some(unquoted(name)),
                    part.get(from.saturating_add(1)..to)
                        .unwrap_or_default()
                        .to_vec(),
                )
            }
            _ => (None, part.trim_ascii().to_vec()),
        };
        let (local, host) = match memchr::memrchr(b'@', &address) {
            Some(at) => (
                address.get(..at).unwrap_or_default(),
                address.get(at.saturating_add(1)..),
            ),
            None => (address.as_slice(), None),
        };
        out.push(b'(');
        nstring(out, name.as_deref().filter(|n| !n.is_empty()), utf8);
        out.extend_from_slice(b" NIL ");
        nstring(out, Some(local), utf8);
        out.push(b' ');
        nstring(out, Some(host.unwrap_or(b"MISSING_DOMAIN")), utf8);
        out.push(b')');
    }
    out.push(b')');
}

fn unquoted(name: &[u8]) -> Vec<u8> {
    let Some(inner) = name.strip_prefix(b"\"").and_then(|n| n.strip_suffix(b"\"")) else {
        return name.to_vec();
    };
    let mut out = Vec::new();
    let mut escaped = false;
    for &b in inner {
        if b == b'\\' && !escaped {
            escaped = true;
            continue;
        }
        escaped = false;
        out.push(b);
    }
    out
}

/// Parts an address list at its commas.
fn separate(text: &[u8]) -> Vec<Vec<u8>> {
    let (mut parts, mut part) = (Vec::new(), Vec::new());
    let (mut quoted, mut escaped, mut angle, mut comment) = (false, false, false, 0_u32);
    for &b in text {
        let special = !escaped && !quoted && comment == 0;
        match b {
            b'"' if !escaped && comment == 0 => quoted = !quoted,
            b'(' if !escaped && !quoted => {
                comment = comment.saturating_add(1);
                continue;
            }
            b')' if !escaped && !quoted && comment > 0 => {
                comment = comment.saturating_sub(1);
                continue;
            }
            b'<' if special => angle = true,
            b'>' if special => angle = false,
            b',' | b';' if special && !angle => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            b':' if special && !angle => {
                part.clear();
                continue;
            }
            _ => {}
        }
        escaped = b == b'\\' && !escaped;
        if comment == 0 {
            part.push(b);
        }
    }
    parts.push(part);
    parts.retain(|p| !p.trim_ascii().is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 9051, section 8: the message of the sample session.
    const SAMPLE: &[u8] = b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n\
        From: Terry Gray <gray@cac.washington.edu>\r\n\
        Subject: IMAP4rev2 WG mtg summary and minutes\r\n\
        To: imap@cac.washington.edu\r\n\
        cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
        Message-Id: <B27397-0100000@cac.washington.edu>\r\n\
        \r\ntext\r\n";

    #[test]
    fn the_envelope_of_the_rfc() {
        let mut out = Vec::new();
        envelope(&mut out, SAMPLE, false, false);
        assert_eq!(
            String::from_utf8_lossy(&out),
            "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev2 WG mtg summary and minutes\" \
             ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
             ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
             ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
             ((NIL NIL \"imap\" \"cac.washington.edu\")) \
             ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) \
             NIL NIL \"<B27397-0100000@cac.washington.edu>\")"
        );
    }

    #[test]
    fn folded_fields_stay_whole() {
        let header = b"A: 1\r\n 2\r\nB: x\r\nA: 3\r\n\r\n";
        assert_eq!(
            chosen(header, &["a".to_owned()], false),
            b"A: 1\r\n 2\r\nA: 3\r\n\r\n"
        );
        assert_eq!(chosen(header, &["a".to_owned()], true), b"B: x\r\n\r\n");
        assert_eq!(value(header, "a").as_deref(), Some(&b"1 2"[..]));
        assert_eq!(split(b"no blank line"), (&b"no blank line"[..], &b""[..]));
    }

    #[test]
    fn commas_in_quotes_do_not_part() {
        let mut out = Vec::new();
        addresses(
            &mut out,
            Some(b"\"Doe, \\\"J\\\"\" <j@x.org>, g: a@b, c;"),
            false,
        );
        assert_eq!(
            String::from_utf8_lossy(&out),
            "((\"Doe, \\\"J\\\"\" NIL \"j\" \"x.org\")(NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"MISSING_DOMAIN\"))"
        );
    }
}
