//! Mailbox names: modified UTF-7 (RFC 3501, section 5.1.3), and list patterns.

use base64::Engine as _;
use base64::alphabet::Alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// The base64 of mailbox names: `,` for `/`, and no padding.
fn base64_of_names() -> Option<GeneralPurpose> {
    let alphabet =
        Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").ok()?;
    let config = GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone);
    Some(GeneralPurpose::new(&alphabet, config))
}

/// Writes a name in modified UTF-7.
pub(super) fn encode_utf7(name: &str) -> String {
    let Some(base64) = base64_of_names() else {
        return name.to_owned();
    };
    let mut out = String::with_capacity(name.len());
    let mut shifted: Vec<u8> = Vec::new();
    let flush = |shifted: &mut Vec<u8>, out: &mut String| {
        if !shifted.is_empty() {
            out.push('&');
            base64.encode_string(&*shifted, out);
            out.push('-');
            shifted.clear();
        }
    };
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            flush(&mut shifted, &mut out);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                shifted.extend_from_slice(&unit.to_be_bytes());
            }
        }
    }
    flush(&mut shifted, &mut out);
    out
}

/// Reads a name in modified UTF-7; `None` for what no encoder may write.
pub(super) fn decode_utf7(name: &str) -> Option<String> {
    let base64 = base64_of_names()?;
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('&') {
        let (plain, shifted) = rest.split_at_checked(at)?;
        out.push_str(plain);
        let (code, after) = shifted.get(1..)?.split_once('-')?;
        if code.is_empty() {
            out.push('&');
        } else {
            let bytes = base64.decode(code).ok()?;
            let (pairs, odd) = bytes.as_chunks::<2>();
            if !odd.is_empty() {
                return None;
            }
            let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
            for c in char::decode_utf16(units) {
                out.push(c.ok()?);
            }
        }
        rest = after;
    }
    out.push_str(rest);
    // One spelling a name: a printable character may not stand in base64, and shifts do not touch.
    (encode_utf7(&out) == name).then_some(out)
}

/// Whether `name` fits a LIST pattern: `*` takes anything, `%` anything but the separator.
pub(super) fn fits(pattern: &str, name: &str, separator: char) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    // One row of the usual table: `reached[i]` says that the pattern so far can end at name[..i].
    let mut reached = vec![false; name.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for wanted in pattern {
        let mut next = vec![false; name.len() + 1];
        let mut running = false;
        for (i, slot) in next.iter_mut().enumerate() {
            let here = reached.get(i).copied().unwrap_or(false);
            let before = i.checked_sub(1).and_then(|at| name.get(at)).copied();
            *slot = match wanted {
                '*' | '%' => {
                    let crosses = wanted == '%' && before == Some(separator);
                    running = here || (running && !crosses);
                    running
                }
                c => {
                    let earlier = i.checked_sub(1).and_then(|at| reached.get(at)).copied();
                    earlier.unwrap_or(false) && before == Some(c)
                }
            };
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

/// Writes a string as IMAP wants it: quoted where that is possible, else as a literal.
///
/// With `utf8` (RFC 6855, RFC 9051) a quoted string holds UTF-8.
pub(super) fn quote(out: &mut Vec<u8>, text: &[u8], utf8: bool) {
    let plain = text
        .iter()
        .all(|b| !matches!(b, 0 | b'\r' | b'\n') && (*b < 0x80 || utf8));
    if plain && text.len() <= 1_000 && (!utf8 || std::str::from_utf8(text).is_ok()) {
        out.push(b'"');
        for &b in text {
            if matches!(b, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(b);
        }
        out.push(b'"');
    } else {
        literal(out, text);
    }
}

/// Writes bytes as a literal.
pub(super) fn literal(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(format!("{{{}}}\r\n", bytes.len()).as_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_rfc_and_of_the_world() {
        for (name, utf7) in [
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("A & B", "A &- B"),
            ("🦀", "&2D7dgA-"),
            ("INBOX", "INBOX"),
        ] {
            assert_eq!(encode_utf7(name), utf7);
            assert_eq!(decode_utf7(utf7).as_deref(), Some(name));
        }
    }

    #[test]
    fn second_spellings_are_refused() {
        for bad in [
            "&",
            "&U,BTFw",
            "&AGE-",
            "&U,BTFw-&ZeVnLIqe-",
            "&U-",
            "é",
            "&2D4-",
        ] {
            assert_eq!(decode_utf7(bad), None, "{bad}");
        }
    }

    #[test]
    fn patterns() {
        assert!(fits("*", "a/b", '/'));
        assert!(!fits("%", "a/b", '/'));
        assert!(fits("%/%", "a/b", '/'));
        assert!(fits("a*c", "abbc", '/') && !fits("a*c", "abb", '/'));
        assert!(fits("%b%", "ab", '/') && !fits("%", "a.b", '.'));
        assert!(fits("", "", '/') && !fits("", "x", '/'));
    }

    #[test]
    fn strings_that_cannot_be_quoted_become_literals() {
        let mut out = Vec::new();
        quote(&mut out, b"a\"b\\", false);
        quote(&mut out, b"a\nb", false);
        quote(&mut out, "ü".as_bytes(), true);
        quote(&mut out, "ü".as_bytes(), false);
        assert_eq!(out, b"\"a\\\"b\\\\\"{3}\r\na\nb\"\xc3\xbc\"{2}\r\n\xc3\xbc");
    }
}
