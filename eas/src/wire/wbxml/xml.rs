use std::fmt::Write as _;

use super::{Error, ErrorKind, Limits, Tag, Token, Tokens};

/// A document as XML, for people and for checks against the schemas: one line, each element in the
/// default namespace of its code page. Opaque bytes that are not text are hexadecimal; elements
/// that no table has are named `Unknown-page-token`.
///
/// # Errors
/// A broken document.
pub fn to_xml(document: &[u8]) -> Result<String, Error> {
    let mut tokens = Tokens::new(document)?;
    let mut xml = String::new();
    let mut open: Vec<(Tag, String)> = Vec::new();
    while let Some(token) = tokens.next_token()? {
        match token {
            Token::Start { tag, content } => {
                if open.len() >= usize::from(Limits::default().depth) {
                    return Err(Error::new(ErrorKind::TooDeep, tokens.offset()));
                }
                let name = name(tag);
                let _ = write!(xml, "<{name}");
                if open.last().is_none_or(|(up, _)| up.page() != tag.page()) {
                    let _ = match tag.namespace() {
                        Some(namespace) => write!(xml, " xmlns=\"{namespace}\""),
                        None => write!(xml, " xmlns=\"page{}\"", tag.page()),
                    };
                }
                xml.push_str(if content { ">" } else { "/>" });
                if content {
                    open.push((tag, name));
                }
            }
            Token::End => {
                let Some((_, name)) = open.pop() else {
                    return Err(Error::new(ErrorKind::UnexpectedEnd, tokens.offset()));
                };
                let _ = write!(xml, "</{name}>");
            }
            Token::Text(text) => escape(&mut xml, &String::from_utf8_lossy(text)),
            Token::Opaque(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if !text.chars().any(|c| c < ' ' && !c.is_ascii_whitespace()) => {
                    escape(&mut xml, text);
                }
                _ => bytes.iter().for_each(|byte| {
                    let _ = write!(xml, "{byte:02x}");
                }),
            },
            Token::Entity(code) => {
                let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                escape(&mut xml, c.encode_utf8(&mut [0; 4]));
            }
        }
    }
    if open.is_empty() {
        Ok(xml)
    } else {
        Err(Error::new(ErrorKind::Truncated, tokens.offset()))
    }
}

fn name(tag: Tag) -> String {
    tag.name().map_or_else(
        || format!("Unknown-{}-{:02x}", tag.page(), tag.id()),
        str::to_owned,
    )
}

fn escape(xml: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\r' => xml.push_str("&#13;"),
            c if c < ' ' && !matches!(c, '\n' | '\t') => xml.push(char::REPLACEMENT_CHARACTER),
            c => xml.push(c),
        }
    }
}
