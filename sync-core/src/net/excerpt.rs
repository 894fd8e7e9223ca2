/// What a peer sent, for people: control characters escaped, and cut after 200 bytes.
#[must_use]
pub fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes));
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    if bytes.len() > 200 {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_escaped_and_short() {
        assert_eq!(
            excerpt(b"\x1b[31m gr\xc3\xbc\xc3\x9fe\r\n"),
            "\\u{1b}[31m grüße\\r\\n"
        );
        assert_eq!(excerpt(&[b'x'; 200]), "x".repeat(200));
        assert_eq!(excerpt(&[b'x'; 201]), format!("{}...", "x".repeat(200)));
        assert_eq!(excerpt(b"\xff"), "\u{fffd}");
    }
}
