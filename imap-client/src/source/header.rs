//! The one header field that a source reads.

/// How much of a header is looked at.
const LIMIT: usize = 64 * 1024;

/// The `Message-ID` (RFC 5322 section 3.6.4) of a message that begins with `content`, without its
/// angle brackets.
pub(super) fn message_id(content: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"message-id";
    let mut rest = content.get(..LIMIT).unwrap_or(content);
    loop {
        let (line, after) = split_line(rest);
        if line.trim_ascii().is_empty() {
            return None;
        }
        let (name, value) = line.split_at_checked(NAME.len()).unwrap_or((line, b""));
        let value = value.trim_ascii_start().strip_prefix(b":");
        rest = after;
        let Some(value) = value.filter(|_| name.eq_ignore_ascii_case(NAME)) else {
            continue;
        };
        let mut text = value.trim_ascii_end().to_vec();
        while let [b' ' | b'\t', ..] = rest {
            let (folded, after) = split_line(rest);
            text.extend_from_slice(folded.trim_ascii_end());
            rest = after;
        }
        let text = String::from_utf8(text).ok()?;
        let id = text.trim().trim_start_matches('<').trim_end_matches('>');
        return (!id.is_empty()).then(|| id.to_owned());
    }
}

fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at.saturating_add(1));
    bytes.split_at_checked(end).unwrap_or((bytes, b""))
}

#[cfg(test)]
mod tests {
    use super::message_id;

    #[test]
    fn the_message_id_is_read_from_the_header_only() {
        for (text, expected) in [
            ("A: b\r\nMESSAGE-ID : <a@b>\r\nC: d\r\n\r\n", Some("a@b")),
            ("Message-ID:\r\n <a@b>\r\n\r\n", Some("a@b")),
            ("Message-ID: <a@\r\n\tb>\r\nC: d\r\n", Some("a@\tb")),
            ("Message-ID: <a@b>", Some("a@b")),
            ("Message-ID:\r\n\r\nx", None),
            ("A: b\r\n\r\nMessage-ID: <a@b>\r\n", None),
            ("Message-IDs: <a@b>\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(message_id(text.as_bytes()).as_deref(), expected, "{text:?}");
        }
    }
}
