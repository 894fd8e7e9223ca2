//! XML as DeltaSync and RST2 use it: small documents, looked at by namespace and name.
//!
//! Prefixes mean nothing; a document type is refused, so that no entity but those of XML exists.

use std::borrow::Cow;
use std::fmt::Write as _;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{NamespaceResolver, ResolveResult};
use quick_xml::reader::Reader;

use super::error::{DecodeError, DecodeErrorKind};
use super::limits;

/// A namespace of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ns {
    AirSync,
    Email,
    HmFolder,
    HmMail,
    HmSettings,
    HmSync,
    ItemOperations,
    Send,
    Stateless,
    Xop,
    /// Of WS-Security, WS-Trust and Passport, which are told apart by names alone: two versions of
    /// each were in use.
    Other,
}

impl Ns {
    const ALL: [Self; 10] = [
        Self::AirSync,
        Self::Email,
        Self::HmFolder,
        Self::HmMail,
        Self::HmSettings,
        Self::HmSync,
        Self::ItemOperations,
        Self::Send,
        Self::Stateless,
        Self::Xop,
    ];

    pub(crate) const fn uri(self) -> &'static str {
        match self {
            Self::AirSync => "AirSync:",
            Self::Email => "EMAIL:",
            Self::HmFolder => "HMFOLDER:",
            Self::HmMail => "HMMAIL:",
            Self::HmSettings => "HMSETTINGS:",
            Self::HmSync => "HMSYNC:",
            Self::ItemOperations => "ItemOperations:",
            Self::Send => "Send:",
            Self::Stateless => "DeltaSyncV2:",
            Self::Xop => "http://www.w3.org/2004/08/xop/include",
            Self::Other => "",
        }
    }

    fn of(uri: &str) -> Self {
        let known = Self::ALL.into_iter().find(|ns| ns.uri() == uri);
        known.unwrap_or(Self::Other)
    }
}

/// An element with all that is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) ns: Ns,
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    /// What is said in it, without what its children say.
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// Reads a document.
    pub(crate) fn parse(document: &[u8]) -> Result<Self, DecodeError> {
        if document.len() > limits::DOCUMENT {
            return Err(DecodeError::limit(format!("{} bytes", document.len())));
        }
        let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
        let text = String::from_utf8_lossy(document);
        let mut reader = Reader::from_str(&text);
        reader.config_mut().expand_empty_elements = true;
        let mut namespaces = NamespaceResolver::default();
        let mut open: Vec<Self> = Vec::new();
        let mut elements = 0_usize;
        loop {
            let event = reader.read_event().map_err(|error| syntax(&error))?;
            match event {
                Event::Start(start) => {
                    elements = elements.saturating_add(1);
                    if open.len() >= limits::DEPTH || elements > limits::ELEMENTS {
                        return Err(DecodeError::limit("its elements"));
                    }
                    namespaces.push(&start).map_err(|error| syntax(&error))?;
                    open.push(Self::begin(&start, &namespaces)?);
                }
                Event::End(_) => {
                    namespaces.pop();
                    let Some(done) = open.pop() else {
                        return Err(syntax("an end too many"));
                    };
                    match open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => return Ok(done),
                    }
                }
                Event::Text(more) => add(&mut open, &more),
                Event::CData(more) => add(&mut open, &more),
                Event::GeneralRef(name) => {
                    let named = resolve_predefined_entity(&name).map(Cow::Borrowed);
                    let resolved = match name.resolve_char_ref() {
                        Ok(Some(c)) => Some(Cow::Owned(c.to_string())),
                        _ => named,
                    };
                    let resolved = resolved.ok_or_else(|| syntax("an unknown entity"))?;
                    add(&mut open, &resolved);
                }
                Event::DocType(_) => return Err(syntax("a document type")),
                Event::Eof if open.is_empty() => {
                    return Err(DecodeError::new(DecodeErrorKind::Foreign, "it is empty"));
                }
                Event::Eof => {
                    let kind = DecodeErrorKind::Truncated;
                    return Err(DecodeError::new(kind, "elements are open"));
                }
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    fn begin(start: &BytesStart<'_>, namespaces: &NamespaceResolver) -> Result<Self, DecodeError> {
        let (namespace, local) = namespaces.resolve_element(start.name());
        let ns = match namespace {
            ResolveResult::Bound(namespace) => Ns::of(namespace.0),
            _ => Ns::Other,
        };
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| syntax(&error))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| syntax(&error))?;
            let name = attribute.key.local_name().into_inner().to_owned();
            attributes.push((name, value.into_owned()));
        }
        Ok(Self {
            ns,
            name: local.into_inner().to_owned(),
            attributes,
            text: String::new(),
            children: Vec::new(),
        })
    }

    pub(crate) fn is(&self, ns: Ns, name: &str) -> bool {
        self.ns == ns && self.name == name
    }

    /// The first child of this name.
    pub(crate) fn child(&self, ns: Ns, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(ns, name))
    }

    /// What the first child of this name says.
    pub(crate) fn value(&self, ns: Ns, name: &str) -> Option<&str> {
        self.child(ns, name).map(|child| child.text.trim())
    }

    /// The first child of this name in whatever namespace.
    pub(crate) fn local(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// What the first child of this name says, in whatever namespace.
    pub(crate) fn local_value(&self, name: &str) -> Option<&str> {
        self.local(name).map(|child| child.text.trim())
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// This element and all that are in it, in the order of the document.
    pub(crate) fn descendants(&self) -> impl Iterator<Item = &Self> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let next = waiting.pop()?;
            waiting.extend(next.children.iter().rev());
            Some(next)
        })
    }

    /// The first element of this name, wherever it is.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        self.descendants().find(|element| element.name == name)
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn syntax(error: &(impl ToString + ?Sized)) -> DecodeError {
    DecodeError::new(DecodeErrorKind::Syntax, error.to_string())
}

/// Writes a document without white space between its elements, which some servers take amiss.
#[derive(Debug, Default)]
pub(crate) struct Writer(String);

impl Writer {
    /// `<NAME>`; attributes may follow the name.
    pub(crate) fn open(&mut self, tag: &str) -> &mut Self {
        self.0.push('<');
        self.0.push_str(tag);
        self.0.push('>');
        self
    }

    /// `</NAME>`
    pub(crate) fn close(&mut self, name: &str) -> &mut Self {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        self
    }

    /// `<NAME/>`
    pub(crate) fn empty(&mut self, tag: &str) -> &mut Self {
        self.0.push('<');
        self.0.push_str(tag);
        self.0.push_str("/>");
        self
    }

    /// `<NAME>TEXT</NAME>`; attributes may follow the name.
    pub(crate) fn element(&mut self, tag: &str, text: impl AsRef<str>) -> &mut Self {
        self.open(tag);
        self.text(text.as_ref());
        let name = tag.split(' ').next().unwrap_or(tag);
        self.close(name)
    }

    /// `<NAME>1</NAME>` or `<NAME>0</NAME>`
    pub(crate) fn flag(&mut self, tag: &str, set: bool) -> &mut Self {
        self.element(tag, if set { "1" } else { "0" })
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\r' => self.0.push_str("&#13;"),
                // Characters that no document may hold (XML 1.0 section 2.2).
                '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {
                    self.0.push('\u{fffd}');
                }
                _ => self.0.push(c),
            }
        }
        self
    }

    /// ` NAME="VALUE"` to be put behind the name of a tag.
    pub(crate) fn attribute(name: &str, value: &str) -> String {
        let mut writer = Self::default();
        let _ = write!(writer.0, " {name}=\"");
        writer.text(value);
        writer.0.push('"');
        writer.0
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_are_resolved_whatever_their_prefix() {
        let text = r#"<?xml version="1.0"?><q:Sync xmlns:q="AirSync:" xmlns="HMSYNC:">
            <Status>1</Status><x:Read xmlns:x="EMAIL:" a="&lt;b">&amp;<![CDATA[<c>]]>&#65;</x:Read></q:Sync>"#;
        let root = Element::parse(text.as_bytes()).unwrap();
        assert!(root.is(Ns::AirSync, "Sync"));
        assert_eq!(root.value(Ns::HmSync, "Status"), Some("1"));
        let read = root.child(Ns::Email, "Read").unwrap();
        assert_eq!(
            (read.text.as_str(), read.attribute("a")),
            ("&<c>A", Some("<b"))
        );
        assert_eq!(root.descendants().count(), 3);
    }

    #[test]
    fn what_is_no_document_is_refused() {
        use DecodeErrorKind::{Foreign, Limit, Syntax, Truncated};

        let deep = "<a>".repeat(limits::DEPTH + 1);
        let many = format!("<a>{}</a>", "<b/>".repeat(limits::ELEMENTS));
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
        for (text, kind) in [
            ("", Foreign),
            ("hello", Foreign),
            ("<a>", Truncated),
            ("<a><b></a>", Syntax),
            ("</a>", Syntax),
            ("<a>&b;</a>", Syntax),
            (bomb, Syntax),
            (&deep, Limit),
            (&many, Limit),
        ] {
            let error = Element::parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
        }
        let long = vec![b' '; limits::DOCUMENT + 1];
        assert_eq!(Element::parse(&long).unwrap_err().kind(), Limit);
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut writer = Writer::default();
        let value = "a<b>&\"c\" \r\n\u{1f600}";
        writer
            .open("A xmlns=\"EMAIL:\"")
            .element("B", value)
            .flag("C", true);
        writer
            .empty(&format!("D{}", Writer::attribute("e", value)))
            .close("A");
        let text = writer.finish();
        let root = Element::parse(text.as_bytes()).unwrap();
        assert_eq!(root.child(Ns::Email, "B").unwrap().text, value);
        assert_eq!(root.value(Ns::Email, "C"), Some("1"));
        let attribute = root.child(Ns::Email, "D").unwrap().attribute("e").unwrap();
        assert!(attribute.starts_with("a<b>&\"c\" "), "{attribute:?}");
    }
}
