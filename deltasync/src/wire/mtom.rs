//! MTOM (SOAP Message Transmission Optimization Mechanism) as DeltaSync does it: the MIME headers are in
//! the body, not in the head of HTTP.

use std::fmt::Write as _;

use bytes::Bytes;
use memchr::memmem;

use super::error::{DecodeError, DecodeErrorKind};
use super::item_operations::FetchAnswer;
use super::limits;

/// The type of a body that is such an entity, without parameters.
pub const CONTENT_TYPE: &str = "application/xop+xml";

/// The type of a body that is XML alone.
pub const XML: &str = "text/xml";

/// What a [`FetchReader`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchPart {
    /// The document before the message.
    Answer(FetchAnswer),
    /// Bytes of the HU01 stream, and perhaps what follows it: where it ends it says itself.
    Data(Bytes),
}

/// Reads the answer to a Fetch as it arrives.
///
/// It takes what servers really sent: a boundary with a `?` that is not quoted (RFC 2045 section 5.1
/// forbids that), a semicolon behind the last parameter, folded headers, header names in any case, lines
/// that end with LF alone. What is behind the headers of the second part is binary; a boundary is not
/// looked for in it.
#[derive(Debug)]
pub struct FetchReader {
    state: State,
    buffer: Vec<u8>,
    delimiter: Vec<u8>,
    /// The content id that the document refers to.
    wanted: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    /// Before the first boundary.
    Preamble,
    DocumentHead,
    Document,
    DataHead,
    Data,
}

impl Default for FetchReader {
    fn default() -> Self {
        Self::new()
    }
}

impl FetchReader {
    /// A reader at the beginning of a body.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::Head,
            buffer: Vec::new(),
            delimiter: Vec::new(),
            wanted: None,
        }
    }

    /// Takes the next bytes and gives what they complete.
    ///
    /// # Errors
    /// What arrives is no such answer, goes beyond a [limit](super::limits), or says that the Fetch as a
    /// whole failed.
    pub fn push(&mut self, bytes: &Bytes) -> Result<Vec<FetchPart>, DecodeError> {
        if self.state == State::Data {
            return Ok(match bytes.is_empty() {
                true => Vec::new(),
                false => vec![FetchPart::Data(bytes.clone())],
            });
        }
        self.buffer.extend_from_slice(bytes);
        let mut parts = Vec::new();
        while let Some(part) = self.step()? {
            parts.extend(part);
        }
        Ok(parts)
    }

    /// To be called at the end of the body.
    ///
    /// # Errors
    /// It ended before the data began, though the document says that there is a message.
    pub fn finish(&self) -> Result<(), DecodeError> {
        let complete =
            self.state == State::Data || self.state == State::DataHead && self.wanted.is_none();
        if complete {
            return Ok(());
        }
        let kind = DecodeErrorKind::Truncated;
        Err(DecodeError::new(kind, "the message is missing"))
    }

    /// One step; `None` if more bytes are needed for it.
    fn step(&mut self) -> Result<Option<Option<FetchPart>>, DecodeError> {
        match self.state {
            State::Head => {
                let Some(head) = self.take_head()? else {
                    return Ok(None);
                };
                let kind = header(&head, "content-type").unwrap_or_default();
                if !kind.to_ascii_lowercase().starts_with("multipart/related") {
                    let what = format!(
                        "its type is {:?}",
                        kind.chars().take(80).collect::<String>()
                    );
                    return Err(DecodeError::new(DecodeErrorKind::Foreign, what));
                }
                let boundary = parameter(&kind, "boundary").filter(|value| !value.is_empty());
                let boundary =
                    boundary.ok_or_else(|| DecodeError::content("it names no boundary"))?;
                self.delimiter = format!("--{boundary}").into_bytes();
                self.state = State::Preamble;
            }
            State::Preamble => {
                let Some((_, after)) = self.find_delimiter()? else {
                    return Ok(None);
                };
                self.buffer.drain(..after);
                self.state = State::DocumentHead;
            }
            State::DocumentHead => {
                if self.take_head()?.is_none() {
                    return Ok(None);
                }
                self.state = State::Document;
            }
            State::Document => {
                let Some((before, after)) = self.find_delimiter()? else {
                    return Ok(None);
                };
                let answer = FetchAnswer::decode(self.buffer.get(..before).unwrap_or_default())?;
                self.buffer.drain(..after);
                self.wanted.clone_from(&answer.content_id);
                self.state = State::DataHead;
                return Ok(Some(Some(FetchPart::Answer(answer))));
            }
            State::DataHead => {
                let Some(wanted) = self.wanted.as_deref() else {
                    // Whatever comes behind a document without a message is of no use.
                    self.buffer.clear();
                    return Ok(None);
                };
                let wanted = wanted.to_owned();
                let Some(head) = self.take_head()? else {
                    return Ok(None);
                };
                if let Some(id) = header(&head, "content-id")
                    && !same_id(&id, &wanted)
                {
                    return Err(DecodeError::content("the part is not the one referred to"));
                }
                self.state = State::Data;
                let rest = Bytes::from(std::mem::take(&mut self.buffer));
                return Ok(Some((!rest.is_empty()).then_some(FetchPart::Data(rest))));
            }
            State::Data => return Ok(None),
        }
        Ok(Some(None))
    }

    /// Takes the lines up to an empty one, and that.
    fn take_head(&mut self) -> Result<Option<String>, DecodeError> {
        let mut at = 0_usize;
        let end = loop {
            let rest = self.buffer.get(at..).unwrap_or_default();
            let Some(newline) = memchr::memchr(b'\n', rest) else {
                break None;
            };
            let line = rest.get(..newline).unwrap_or_default();
            at = at.saturating_add(newline).saturating_add(1);
            if line.trim_ascii_end().is_empty() {
                break Some(at);
            }
        };
        if end.unwrap_or(self.buffer.len()) > limits::HEADER {
            return Err(DecodeError::limit("the headers of a part"));
        }
        let Some(end) = end else { return Ok(None) };
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        Ok(Some(String::from_utf8_lossy(&head).into_owned()))
    }

    /// Where the line end before the next boundary begins, and where its line ends.
    fn find_delimiter(&self) -> Result<Option<(usize, usize)>, DecodeError> {
        let mut from = 0_usize;
        while let Some(found) =
            memmem::find(self.buffer.get(from..).unwrap_or_default(), &self.delimiter)
        {
            let at = from.saturating_add(found);
            let behind = at.saturating_add(self.delimiter.len());
            let before = self.buffer.get(..at).unwrap_or_default();
            let begins_line = before.is_empty() || before.ends_with(b"\n");
            let rest = self.buffer.get(behind..).unwrap_or_default();
            if begins_line {
                let Some(newline) = memchr::memchr(b'\n', rest) else {
                    return self.wait();
                };
                let line = rest.get(..newline).unwrap_or_default();
                if line.starts_with(b"--") {
                    let kind = DecodeErrorKind::Truncated;
                    return Err(DecodeError::new(kind, "a part is missing"));
                }
                let before = before.strip_suffix(b"\n").unwrap_or(before);
                let before = before.strip_suffix(b"\r").unwrap_or(before);
                let after = behind.saturating_add(newline).saturating_add(1);
                return Ok(Some((before.len(), after)));
            }
            from = behind;
        }
        self.wait()
    }

    fn wait<T>(&self) -> Result<Option<T>, DecodeError> {
        match self.buffer.len() > limits::FETCH_DOCUMENT {
            true => Err(DecodeError::limit("the document before the message")),
            false => Ok(None),
        }
    }
}

/// Whether a `Content-ID` and what refers to it mean the same.
fn same_id(header: &str, wanted: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim();
        let text = text.strip_prefix('<').unwrap_or(text);
        text.strip_suffix('>').unwrap_or(text).to_ascii_lowercase()
    };
    bare(header) == bare(wanted)
}

/// The value of a header field, unfolded.
fn header(head: &str, name: &str) -> Option<String> {
    let mut value: Option<String> = None;
    for line in head.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some(value) = &mut value {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        if value.is_some() {
            break;
        }
        value = line
            .split_once(':')
            .filter(|(field, _)| field.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned());
    }
    value
}

/// The value of a parameter, quoted or not.
fn parameter(value: &str, name: &str) -> Option<String> {
    let mut rest = value;
    while let Some((_, after)) = rest.split_once(';') {
        let after = after.trim_start();
        rest = after;
        let (key, text) = after.split_once('=')?;
        if !key.trim().eq_ignore_ascii_case(name) {
            continue;
        }
        let text = text.trim_start();
        let found = match text.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => text.split([';', ' ', '\t']).next(),
        };
        return found.map(str::to_owned);
    }
    None
}

/// A body with a document and what it includes.
pub(crate) fn encode(document: &str, parts: &[(String, Bytes)]) -> Bytes {
    // The part says of itself that it is of seven bits.
    let mut ascii = String::with_capacity(document.len());
    for c in document.chars() {
        match c.is_ascii() {
            true => ascii.push(c),
            false => ascii.push_str(&format!("&#{};", u32::from(c))),
        }
    }
    let document = ascii.as_str();
    // The ids are no secret: they must not be in the contents, which is seen to.
    let mut number = 0_u32;
    let (boundary, document_id) = loop {
        let boundary = format!("5b1d7c40-9a3e-4f6b-8c2d-{number:012x}");
        let taken = |content: &[u8]| memmem::find(content, boundary.as_bytes()).is_some();
        if !taken(document.as_bytes()) && !parts.iter().any(|(_, content)| taken(content)) {
            break (boundary, format!("5b1d7c41-9a3e-4f6b-8c2d-{number:012x}"));
        }
        number = number.saturating_add(1);
    };
    let size: usize = parts.iter().map(|(_, content)| content.len() + 256).sum();
    let mut out = Vec::with_capacity(document.len().saturating_add(size).saturating_add(1024));
    let mut head = String::new();
    let _ = write!(
        head,
        "MIME-Version: 1.0\r\n\
         Content-Type: multipart/related; boundary={boundary}; type=\"application/xop+xml\"; \
         start={document_id}; start-info=\"application/xop+xml\"\r\n\
         \r\n\
         --{boundary}\r\n\
         Content-Type: application/xop+xml; charset=utf-8; type=application/xop+xml\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         Content-ID: {document_id}\r\n\
         \r\n\
         {document}\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    for (id, content) in parts {
        let head = format!(
            "--{boundary}\r\n\
             Content-Type: application/rfc822\r\n\
             Content-Transfer-Encoding: binary\r\n\
             Content-ID: {id}\r\n\
             \r\n"
        );
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(content);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn headers_and_parameters_are_found() {
        let head = "MIME-Version: 1.0\r\nCONTENT-type:  Multipart/Related;boundary=a?b;\r\n    \
                    type=\"x; boundary=no\";\r\n\tstart=\"<c>\";\r\nOther: x\r\n\r\n";
        let value = header(head, "Content-Type").unwrap();
        assert_eq!(parameter(&value, "Boundary").as_deref(), Some("a?b"));
        assert_eq!(parameter(&value, "start").as_deref(), Some("<c>"));
        assert_eq!(parameter(&value, "end"), None);
        assert_eq!(
            parameter("a/b; boundary=\"x y\"", "boundary").as_deref(),
            Some("x y")
        );
        assert_eq!(header(head, "content-id"), None);
    }

    #[test]
    fn a_boundary_is_in_no_content() {
        let first = encode("<a/>", &[]);
        let text = String::from_utf8(first.to_vec()).unwrap();
        let boundary = text
            .split("boundary=")
            .nth(1)
            .unwrap()
            .split(';')
            .next()
            .unwrap();
        let second = encode(
            "<a/>",
            &[("id".into(), Bytes::copy_from_slice(boundary.as_bytes()))],
        );
        let text = String::from_utf8(second.to_vec()).unwrap();
        assert!(!text.contains(&format!("--{boundary}--")));
    }
}
