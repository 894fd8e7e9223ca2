//! Messages of RFC 5322 and MIME, as far as a server has to know them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::item::Attachment;

/// How deeply parts may be nested.
const DEPTH: usize = 16;

/// A message in its parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Message {
    headers: Vec<(String, String)>,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    pub(super) calendar: Option<String>,
    pub(super) attachments: Vec<Attachment>,
}

impl Message {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let (headers, body) = split(bytes);
        let mut message = Self::default();
        message.part(&headers, body, 0);
        message.headers = headers;
        message
    }

    /// The values of a header, joined as one list.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let all: Vec<&str> = self
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// Everybody it goes to.
    pub(super) fn recipients(&self) -> Vec<String> {
        ["To", "Cc", "Bcc"]
            .into_iter()
            .filter_map(|name| self.header(name))
            .flat_map(|list| addresses(&list))
            .collect()
    }

    /// Whether it goes to somebody, and nowhere without an address.
    pub(super) fn is_addressed(&self) -> bool {
        let lists = ["To", "Cc", "Bcc"].into_iter();
        let lists = lists.filter_map(|name| self.header(name));
        let mut lists = lists.filter(|list| !list.trim().is_empty()).peekable();
        lists.peek().is_some() && lists.all(|list| !addresses(&list).is_empty())
    }

    fn part(&mut self, headers: &[(String, String)], body: &[u8], depth: usize) {
        let kind = value(headers, "Content-Type").unwrap_or_else(|| "text/plain".to_owned());
        let media = kind.split(';').next().unwrap_or_default();
        let media = media.trim().to_ascii_lowercase();
        if let Some(boundary) = parameter(&kind, "boundary")
            && media.starts_with("multipart/")
            && depth < DEPTH
        {
            for inner in parts(body, &boundary) {
                let (headers, body) = split(inner);
                self.part(&headers, body, depth.saturating_add(1));
            }
            return;
        }
        let disposition = value(headers, "Content-Disposition").unwrap_or_default();
        let name = parameter(&disposition, "filename").or_else(|| parameter(&kind, "name"));
        let content = decode(headers, body);
        let is_file = name.is_some() || disposition.to_ascii_lowercase().starts_with("attach");
        let text = || Some(String::from_utf8_lossy(&content).into_owned());
        match media.as_str() {
            "text/plain" if !is_file && self.text.is_none() => self.text = text(),
            "text/html" if !is_file && self.html.is_none() => self.html = text(),
            "text/calendar" if self.calendar.is_none() => self.calendar = text(),
            _ => self.attachments.push(Attachment {
                reference: String::new(),
                name: name.unwrap_or_else(|| "part".to_owned()),
                method: if media == "message/rfc822" { 5 } else { 1 },
                content_type: media,
                content_id: value(headers, "Content-ID"),
                content,
            }),
        }
    }
}

/// The addresses of a list, without names.
pub(super) fn addresses(list: &str) -> Vec<String> {
    list.split([',', ';'])
        .map(|one| match (one.rfind('<'), one.rfind('>')) {
            (Some(from), Some(to)) => one.get(from.saturating_add(1)..to).unwrap_or_default(),
            _ => one,
        })
        .map(|address| address.trim().to_owned())
        .filter(|address| address.contains('@'))
        .collect()
}

/// Header fields, unfolded, and what follows them.
fn split(bytes: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at.saturating_add(1));
        let (line, tail) = rest.split_at(end);
        rest = tail;
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        match (line.starts_with([' ', '\t']), headers.last_mut()) {
            (true, Some((_, value))) => value.push_str(line),
            _ => {
                let (name, value) = line.split_once(':').unwrap_or((line, ""));
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
    }
    (headers, rest)
}

fn value(headers: &[(String, String)], name: &str) -> Option<String> {
    let found = headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.clone())
}

fn parameter(header: &str, name: &str) -> Option<String> {
    header.split(';').skip(1).find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let fits = key.trim().eq_ignore_ascii_case(name);
        fits.then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// The parts between the delimiters (RFC 2046 section 5.1.1).
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let delimiter = format!("--{boundary}");
    let finder = memchr::memmem::Finder::new(delimiter.as_bytes());
    let at: Vec<usize> = finder.find_iter(body).collect();
    let pairs = at.iter().zip(at.iter().skip(1));
    pairs
        .filter_map(|(from, to)| {
            let inner = body.get(from.saturating_add(delimiter.len())..*to)?;
            let start = memchr::memchr(b'\n', inner)?.saturating_add(1);
            let inner = inner.get(start..)?;
            let inner = inner.strip_suffix(b"\n").unwrap_or(inner);
            Some(inner.strip_suffix(b"\r").unwrap_or(inner))
        })
        .collect()
}

fn decode(headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let encoding = value(headers, "Content-Transfer-Encoding").unwrap_or_default();
    match encoding.to_ascii_lowercase().as_str() {
        "base64" => {
            let text: Vec<u8> = body
                .iter()
                .copied()
                .filter(|b| !b.is_ascii_whitespace())
                .collect();
            STANDARD.decode(text).unwrap_or_default()
        }
        "quoted-printable" => quoted_printable(body),
        _ => body.to_vec(),
    }
}

fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'=' {
            out.push(*first);
            continue;
        }
        if let Some(after) = tail
            .strip_prefix(b"\r\n")
            .or_else(|| tail.strip_prefix(b"\n"))
        {
            rest = after;
            continue;
        }
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        }
    }
    out
}

/// HTML without its tags.
pub(super) fn plain(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    out.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_message_in_parts() {
        let message = Message::parse(
            b"From: Alice <alice@example.org>\r\nTo: bob@example.org,\r\n carol@example.org\r\n\
              Content-Type: multipart/mixed; boundary=\"x\"\r\n\r\npreamble\r\n--x\r\n\
              Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
              h=C3=A9 =\r\nthere\r\n--x\r\nContent-Type: application/pdf; name=a.pdf\r\n\
              Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--x--\r\n",
        );
        assert_eq!(message.text.as_deref(), Some("h\u{e9} there"));
        assert_eq!(
            message.recipients(),
            ["bob@example.org", "carol@example.org"]
        );
        assert_eq!(message.attachments[0].name, "a.pdf");
        assert_eq!(message.attachments[0].content, [0, 1, 2]);
    }
}
