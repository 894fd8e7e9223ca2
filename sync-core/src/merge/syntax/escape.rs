use std::borrow::Cow;

/// The text that a TEXT value stands for (RFC 5545 section 3.3.11, RFC 6350 section 3.4).
///
/// A backslash before anything but `n` stands for what follows: many writers escape needlessly.
pub fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (c, _) => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The TEXT value that stands for this text.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => {}
            _ => out.push(c),
        }
    }
    out
}

/// The parts of a value between separators that no backslash escapes.
pub fn split_unescaped(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    value.split(move |c| {
        let splits = c == separator && !escaped;
        escaped = c == '\\' && !escaped;
        splits
    })
}

/// The parts of a text between separators outside quotes.
pub fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

/// What a parameter value stands for (RFC 6868).
pub fn decode_caret(value: &str) -> Cow<'_, str> {
    if !value.contains('^') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        let decoded = match (c, chars.peek()) {
            ('^', Some('n')) => Some('\n'),
            ('^', Some('^')) => Some('^'),
            ('^', Some('\'')) => Some('"'),
            _ => None,
        };
        if decoded.is_some() {
            chars.next();
        }
        out.push(decoded.unwrap_or(c));
    }
    Cow::Owned(out)
}

/// A parameter value that stands for this text (RFC 6868), in quotes where it needs them.
pub fn encode_caret(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("^n"),
            '^' => out.push_str("^^"),
            '"' => out.push_str("^'"),
            c if c.is_control() && c != '\t' => {}
            c => out.push(c),
        }
    }
    if out.contains([',', ';', ':']) {
        format!("\"{out}\"")
    } else {
        out
    }
}

/// The text of a quoted-printable value (RFC 2045 section 6.7) in this charset.
pub fn quoted_printable(value: &str, charset: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let decoded = match (first, tail) {
            (b'=', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(h, l)| h << 4 | l),
            _ => None,
        };
        bytes.push(decoded.unwrap_or(*first));
        rest = match decoded {
            Some(_) => tail.get(2..).unwrap_or_default(),
            None => tail,
        };
    }
    let latin = charset.eq_ignore_ascii_case("ISO-8859-1");
    match String::from_utf8(bytes) {
        Ok(text) if !latin => text,
        Ok(text) => text.into_bytes().into_iter().map(char::from).collect(),
        Err(error) => error.into_bytes().into_iter().map(char::from).collect(),
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needless_escapes_mean_nothing() {
        assert_eq!(
            unescape(r"a\, b\; c\: d\ne\Nf\\n\"),
            "a, b; c: d\ne\nf\\n\\"
        );
        assert_eq!(unescape(&escape("a,b;c\\d\ne")), "a,b;c\\d\ne");
    }

    #[test]
    fn lists_split_where_nothing_escapes() {
        let parts: Vec<&str> = split_unescaped(r"a\,b,c\\,d", ',').collect();
        assert_eq!(parts, [r"a\,b", r"c\\", "d"]);
    }

    #[test]
    fn carets_come_and_go() {
        assert_eq!(decode_caret("^^^'^n^a"), "^\"\n^a");
        assert_eq!(decode_caret(&encode_caret("^\"\n")), "^\"\n");
        assert_eq!(encode_caret("a:b"), "\"a:b\"");
    }

    #[test]
    fn quoted_printable_has_a_charset() {
        assert_eq!(quoted_printable("a=C3=A9=3D=zz=", "UTF-8"), "aé==zz=");
        assert_eq!(quoted_printable("a=E9", "ISO-8859-1"), "aé");
    }
}
