//! The little that sources read of a message's header.

/// How much of a header is looked at.
const LIMIT: usize = 64 * 1024;

/// The `Message-ID` (RFC 5322 section 3.6.4) without its angle brackets, whatever the line ends.
pub(super) fn message_id(content: &[u8]) -> Option<String> {
    let head = content.get(..LIMIT).unwrap_or(content);
    let mut value: Option<Vec<u8>> = None;
    for line in head.split(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let folded = matches!(line.first(), Some(b' ' | b'\t'));
        match &mut value {
            Some(value) if folded => value.extend_from_slice(line),
            Some(_) => break,
            None if line.is_empty() => break,
            None => value = named(line, b"message-id"),
        }
    }
    let text = String::from_utf8(value?).ok()?;
    let id = text.trim().trim_start_matches('<').trim_end_matches('>');
    (!id.is_empty()).then(|| id.to_owned())
}

fn named(line: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let (head, rest) = line.split_at_checked(name.len())?;
    let value = rest.trim_ascii_start().strip_prefix(b":")?;
    head.eq_ignore_ascii_case(name).then(|| value.to_vec())
}

#[cfg(test)]
mod tests {
    use super::message_id;

    #[test]
    fn the_message_id_is_found_in_the_header_only() {
        let id = |text: &str| message_id(text.as_bytes());
        assert_eq!(id("A: b\nMESSAGE-ID : <a@b>\nC: d\n\n"), Some("a@b".into()));
        assert_eq!(id("Message-ID:\r\n <a@b>\r\n\r\n"), Some("a@b".into()));
        assert_eq!(id("Message-ID:\r\n\r\nx"), None);
        assert_eq!(id("A: b\r\n\r\nMessage-ID: <a@b>\r\n"), None);
        assert_eq!(id("Message-IDs: <a@b>\r\n"), None);
        assert_eq!(id(""), None);
    }
}
