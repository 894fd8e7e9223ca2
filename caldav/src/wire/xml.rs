//! XML that arrives in pieces.
//!
//! What has arrived is cut behind its last complete token, and `quick_xml` reads the part before the
//! cut. Names are resolved to namespaces here, since their declarations outlive the pieces.

use std::borrow::Cow;

use memchr::{memchr, memchr3, memmem};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{NamespaceResolver, ResolveResult};
use quick_xml::reader::Reader;

use super::error::{DecodeError, DecodeErrorKind};
use super::limits::Limits;

/// Takes what a document holds, in order.
pub(crate) trait Sink {
    /// An element begins. An empty `namespace` is none, or one that was never declared.
    fn start(
        &mut self,
        namespace: &str,
        local: &str,
        attributes: &Attributes<'_>,
    ) -> Result<(), DecodeError>;

    /// The innermost element ends.
    fn end(&mut self) -> Result<(), DecodeError>;

    /// Text, or part of it; line ends are as they were sent.
    fn text(&mut self, text: &str) -> Result<(), DecodeError>;

    /// What came last was not text by the rules of XML and has been repaired.
    fn damaged(&mut self);
}

/// The attributes of an element.
pub(crate) struct Attributes<'a>(&'a BytesStart<'a>);

impl Attributes<'_> {
    /// The value of the attribute without a namespace of this name.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let attribute = self.0.try_get_attribute(name).ok()??;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        Some(value.into_owned())
    }
}

pub(crate) struct XmlReader {
    limits: Limits,
    buffer: Vec<u8>,
    scanner: Scanner,
    /// Names of the elements that are open, one behind the other, and where each begins.
    names: String,
    open: Vec<usize>,
    namespaces: NamespaceResolver,
    begun: bool,
    rooted: bool,
}

/// Finds the ends of tokens, each byte looked at once.
#[derive(Default)]
struct Scanner {
    /// How far the buffer has been looked at.
    scanned: usize,
    token: Token,
}

/// In what kind of token the scanner stands.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Token {
    #[default]
    Text,
    Tag {
        quote: Option<u8>,
    },
    Comment,
    CData,
    Instruction,
}

impl XmlReader {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: Vec::new(),
            scanner: Scanner::default(),
            names: String::new(),
            open: Vec::new(),
            namespaces: NamespaceResolver::default(),
            begun: false,
            rooted: false,
        }
    }

    /// Takes the next bytes and hands what they complete to `sink`.
    pub(crate) fn push(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<(), DecodeError> {
        self.buffer.extend_from_slice(bytes);
        if !self.begun {
            const BOM: &[u8] = b"\xef\xbb\xbf";
            if self.buffer.len() < BOM.len() && BOM.starts_with(&self.buffer) {
                return Ok(());
            }
            if self.buffer.starts_with(BOM) {
                self.buffer.drain(..BOM.len());
            }
            self.begun = true;
        }
        let complete = self.scanner.scan(&self.buffer, &self.limits)?;
        let mut rest = std::mem::take(&mut self.buffer);
        let (ready, _) = rest.split_at_checked(complete).unwrap_or_default();
        let done = self.read(&marked(ready), sink);
        rest.drain(..complete);
        self.scanner.scanned = self.scanner.scanned.saturating_sub(complete);
        self.buffer = rest;
        done
    }

    /// To be called at the end of the document.
    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        let blank = self.buffer.iter().all(u8::is_ascii_whitespace);
        if self.rooted && self.open.is_empty() && blank {
            return Ok(());
        }
        let kind = DecodeErrorKind::Incomplete;
        Err(DecodeError::new(
            kind,
            if self.rooted { "" } else { "it is empty" },
        ))
    }

    fn read(&mut self, mut text: &str, sink: &mut impl Sink) -> Result<(), DecodeError> {
        // `quick_xml` takes this character for the mark of an encoding wherever it begins to read.
        while let Some(rest) = text.strip_prefix('\u{feff}') {
            self.text("\u{feff}", sink)?;
            text = rest;
        }
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        config.expand_empty_elements = true;
        loop {
            let event = reader.read_event().map_err(|error| syntax(&error))?;
            match event {
                Event::Start(start) => self.start(&start, sink)?,
                Event::End(end) => self.end(end.name().0, sink)?,
                Event::Text(text) => self.text(&text, sink)?,
                Event::CData(text) => self.text(&text, sink)?,
                Event::GeneralRef(reference) => self.reference(&reference, sink)?,
                Event::Decl(declaration) => {
                    let encoding = declaration.encoding().and_then(Result::ok);
                    let known = ["utf-8", "utf8", "us-ascii", "ascii"];
                    if let Some(name) = encoding
                        && !known.iter().any(|known| known.eq_ignore_ascii_case(&name))
                    {
                        let kind = DecodeErrorKind::Encoding;
                        return Err(DecodeError::new(kind, name.escape_default().to_string()));
                    }
                }
                Event::DocType(_) => return Err(DecodeError::new(DecodeErrorKind::Doctype, "")),
                Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => return Ok(()),
            }
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, sink: &mut impl Sink) -> Result<(), DecodeError> {
        if self.open.is_empty() && self.rooted {
            return Err(DecodeError::new(DecodeErrorKind::Syntax, "two roots"));
        }
        if self.open.len() >= self.limits.max_depth {
            return Err(DecodeError::new(DecodeErrorKind::Limit, "nesting"));
        }
        self.rooted = true;
        self.open.push(self.names.len());
        self.names.push_str(start.name().0);
        self.namespaces
            .push(start)
            .map_err(|error| syntax(&error))?;
        let (namespace, local) = self.namespaces.resolve_element(start.name());
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.0,
            _ => "",
        };
        sink.start(namespace, local.into_inner(), &Attributes(start))
    }

    fn end(&mut self, name: &str, sink: &mut impl Sink) -> Result<(), DecodeError> {
        let Some(at) = self.open.pop() else {
            return Err(DecodeError::new(DecodeErrorKind::Syntax, "an end too many"));
        };
        if self.names.get(at..) != Some(name.trim_end()) {
            return Err(DecodeError::new(
                DecodeErrorKind::Syntax,
                "ends are crossed",
            ));
        }
        self.names.truncate(at);
        self.namespaces.pop();
        sink.end()
    }

    fn text(&mut self, text: &str, sink: &mut impl Sink) -> Result<(), DecodeError> {
        if !self.open.is_empty() {
            if !text.contains(NO_CHARACTER) {
                return sink.text(text);
            }
            sink.damaged();
            return sink.text(&text.replace(NO_CHARACTER, "\u{fffd}"));
        }
        if text.trim().is_empty() {
            return Ok(());
        }
        let kind = if self.rooted {
            DecodeErrorKind::Syntax
        } else {
            DecodeErrorKind::Root
        };
        Err(DecodeError::new(kind, "text outside the root"))
    }

    fn reference(&mut self, name: &BytesRef<'_>, sink: &mut impl Sink) -> Result<(), DecodeError> {
        let character = match (name.resolve_char_ref(), &**name) {
            (Ok(Some(character)), _) => character,
            (Err(_), _) => NO_CHARACTER,
            (_, "amp") => '&',
            (_, "lt") => '<',
            (_, "gt") => '>',
            (_, "quot") => '"',
            (_, "apos") => '\'',
            _ => {
                // Nobody declared it, so that only the writer knows what it means.
                sink.damaged();
                return self.text(&format!("&{};", &**name), sink);
            }
        };
        self.text(character.encode_utf8(&mut [0; 4]), sink)
    }
}

impl Scanner {
    /// Finds where the last complete token ends.
    fn scan(&mut self, buffer: &[u8], limits: &Limits) -> Result<usize, DecodeError> {
        let mut complete = 0;
        while let Some(rest) = buffer.get(self.scanned..) {
            let Some(length) = self.token_end(rest)? else {
                break;
            };
            self.scanned = self.scanned.saturating_add(length);
            if self.token == Token::Text {
                complete = self.scanned;
            }
        }
        if self.token == Token::Text {
            complete = self.scanned;
        }
        let held = buffer.len().saturating_sub(complete);
        let limit = match self.token {
            Token::CData => limits.max_response,
            _ => limits.max_tag,
        };
        if held > limit {
            return Err(DecodeError::new(DecodeErrorKind::Limit, "one token"));
        }
        Ok(complete)
    }

    /// How many bytes of `rest` belong to the token that the scanner stands in; `None` if more bytes
    /// are needed to say so. Enters the next one.
    fn token_end(&mut self, rest: &[u8]) -> Result<Option<usize>, DecodeError> {
        let end_of = |mark: &[u8]| memmem::find(rest, mark).map(|at| at.saturating_add(mark.len()));
        match self.token {
            Token::Text => match memchr(b'<', rest) {
                None => {
                    // A reference and a character may not be complete yet.
                    let keep = incomplete_tail(rest);
                    let take = rest.len().saturating_sub(keep);
                    Ok((take > 0).then_some(take))
                }
                Some(0) => self.enter(rest),
                Some(at) => Ok(Some(at)),
            },
            Token::Tag { quote } => {
                let (found, next) = match quote {
                    Some(mark) => (memchr(mark, rest), Token::Tag { quote: None }),
                    None => {
                        let at = memchr3(b'>', b'"', b'\'', rest);
                        let next = match at.and_then(|at| rest.get(at)) {
                            Some(b'>') => Token::Text,
                            mark => Token::Tag {
                                quote: mark.copied(),
                            },
                        };
                        (at, next)
                    }
                };
                let Some(at) = found else {
                    // What has been looked at need not be again.
                    self.scanned = self.scanned.saturating_add(rest.len());
                    return Ok(None);
                };
                self.token = next;
                Ok(Some(at.saturating_add(1)))
            }
            Token::Comment | Token::CData | Token::Instruction => {
                let mark: &[u8] = match self.token {
                    Token::Comment => b"-->",
                    Token::CData => b"]]>",
                    _ => b"?>",
                };
                let end = end_of(mark);
                if end.is_some() {
                    self.token = Token::Text;
                } else {
                    let seen = rest.len().saturating_sub(mark.len());
                    self.scanned = self.scanned.saturating_add(seen);
                }
                Ok(end)
            }
        }
    }

    /// Looks at what begins with `<`.
    fn enter(&mut self, rest: &[u8]) -> Result<Option<usize>, DecodeError> {
        for (mark, token) in [
            (b"<?".as_slice(), Token::Instruction),
            (b"<!--", Token::Comment),
            (b"<![CDATA[", Token::CData),
        ] {
            if rest.starts_with(mark) {
                self.token = token;
                return Ok(Some(mark.len()));
            }
            if mark.starts_with(rest) {
                return Ok(None);
            }
        }
        if rest.starts_with(b"<!") {
            return Err(DecodeError::new(DecodeErrorKind::Doctype, ""));
        }
        self.token = Token::Tag { quote: None };
        Ok(Some(1))
    }
}

/// Stands for what is no character while it is on its way: XML cannot hold this one either.
const NO_CHARACTER: char = '\u{fffe}';

fn marked(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.into();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(NO_CHARACTER);
        }
    }
    text.into()
}

/// The longest reference that is waited for: `&#x10FFFF;` with some zeros.
const MAX_REFERENCE: usize = 32;

/// How many bytes at the end of a text cannot be read before more arrive.
fn incomplete_tail(text: &[u8]) -> usize {
    let tail = text.len().saturating_sub(MAX_REFERENCE);
    let tail = text.get(tail..).unwrap_or(text);
    let reference = match memchr::memrchr(b'&', tail).and_then(|at| tail.get(at..)) {
        Some(from) if memchr(b';', from).is_none() => from.len(),
        _ => 0,
    };
    // A character of UTF-8 has at most 4 bytes, the first of which says how many.
    let character = (1..=3_usize)
        .find_map(|back| {
            let at = text.len().checked_sub(back)?;
            let needed = match text.get(at)? {
                0x80..=0xbf => return None,
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => 1,
            };
            Some(if needed > back { back } else { 0 })
        })
        .unwrap_or(0);
    reference.max(character)
}

fn syntax(error: &impl std::fmt::Display) -> DecodeError {
    let detail = error
        .to_string()
        .escape_default()
        .take(200)
        .collect::<String>();
    DecodeError::new(DecodeErrorKind::Syntax, detail)
}
