//! The XML of requests as a small tree, and of answers as text.

use std::fmt::Write as _;

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

pub(super) const DAV: &str = "DAV:";
pub(super) const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
pub(super) const CARDDAV: &str = "urn:ietf:params:xml:ns:carddav";
pub(super) const CALENDARSERVER: &str = "http://calendarserver.org/ns/";
pub(super) const APPLE: &str = "http://apple.com/ns/ical/";

/// How deep requests may nest.
const MAX_DEPTH: usize = 32;

/// An element's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Name {
    pub(super) namespace: String,
    pub(super) local: String,
}

impl Name {
    pub(super) fn new(namespace: &str, local: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            local: local.to_owned(),
        }
    }

    pub(super) fn is(&self, namespace: &str, local: &str) -> bool {
        self.namespace == namespace && self.local == local
    }
}

/// An element of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    pub(super) name: Name,
    attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The document's root; `None` if it is not well-formed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut reader = NsReader::from_str(text);
        let mut open: Vec<Self> = Vec::new();
        loop {
            let (namespace, event) = reader.read_resolved_event().ok()?;
            let namespace = match namespace {
                ResolveResult::Bound(namespace) => namespace.as_ref().to_owned(),
                ResolveResult::Unbound => String::new(),
                ResolveResult::Unknown(_) => return None,
            };
            let closed = match event {
                Event::Start(start) => {
                    if open.len() >= MAX_DEPTH {
                        return None;
                    }
                    open.push(Self::of(namespace, &start)?);
                    None
                }
                Event::Empty(start) => Some(Self::of(namespace, &start)?),
                Event::End(_) => open.pop(),
                Event::Text(text) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text);
                    }
                    None
                }
                Event::CData(text) => {
                    open.last_mut()?.text.push_str(&text);
                    None
                }
                Event::GeneralRef(reference) => {
                    let character = match reference.resolve_char_ref().ok()? {
                        Some(character) => character.to_string(),
                        None => quick_xml::escape::unescape(&format!("&{};", &*reference))
                            .ok()?
                            .into_owned(),
                    };
                    open.last_mut()?.text.push_str(&character);
                    None
                }
                Event::DocType(_) | Event::Eof => return None,
                _ => None,
            };
            if let Some(element) = closed {
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => return Some(element),
                }
            }
        }
    }

    fn of(namespace: String, start: &BytesStart<'_>) -> Option<Self> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.ok()?;
            let value = quick_xml::escape::unescape(&attribute.value).ok()?;
            let key = attribute.key.local_name().as_ref().to_owned();
            attributes.push((key, value.into_owned()));
        }
        Some(Self {
            name: Name {
                namespace,
                local: start.local_name().as_ref().to_owned(),
            },
            attributes,
            ..Self::default()
        })
    }

    pub(super) fn is(&self, namespace: &str, local: &str) -> bool {
        self.name.is(namespace, local)
    }

    /// The first child of this name.
    pub(super) fn child(&self, namespace: &str, local: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.is(namespace, local))
    }

    /// All children of this name.
    pub(super) fn all<'a>(
        &'a self,
        namespace: &'a str,
        local: &'a str,
    ) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |c| c.is(namespace, local))
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What is asked for in a `prop` below.
    pub(super) fn properties(&self) -> Vec<Name> {
        let asked = self.child(DAV, "prop").map(|prop| &prop.children);
        let names = asked.into_iter().flatten().map(|c| c.name.clone());
        names.collect()
    }
}

/// Writes the XML of an answer.
#[derive(Debug)]
pub(super) struct Writer {
    out: String,
    dav: &'static str,
    raw: bool,
}

impl Writer {
    /// A document with this root, `D:` before names of `DAV:` or not.
    pub(super) fn new(root: &str, default_namespace: bool, raw: bool) -> Self {
        let (dav, declaration) = match default_namespace {
            true => ("", "xmlns=\"DAV:\""),
            false => ("D:", "xmlns:D=\"DAV:\""),
        };
        let out = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{dav}{root} {declaration} \
             xmlns:C=\"{CALDAV}\" xmlns:CR=\"{CARDDAV}\" xmlns:CS=\"{CALENDARSERVER}\" \
             xmlns:A=\"{APPLE}\">"
        );
        Self { out, dav, raw }
    }

    /// Opens an element of `DAV:`.
    pub(super) fn open(&mut self, local: &str) {
        let _ = write!(self.out, "<{}{local}>", self.dav);
    }

    /// Closes an element of `DAV:`.
    pub(super) fn close(&mut self, local: &str) {
        let _ = write!(self.out, "</{}{local}>", self.dav);
    }

    /// An element of `DAV:` with text.
    pub(super) fn text(&mut self, local: &str, text: &str) {
        self.open(local);
        self.escaped(text);
        self.close(local);
    }

    /// An element with markup that was made by [`markup`](Self::markup) and is whole.
    pub(super) fn element(&mut self, name: &Name, inner: &str) {
        let (tag, declaration) = match self.prefix(&name.namespace) {
            Some(prefix) => (format!("{prefix}{}", name.local), String::new()),
            None => {
                let namespace = quick_xml::escape::escape(name.namespace.as_str());
                let declaration = format!(" xmlns:X=\"{namespace}\"");
                (format!("X:{}", name.local), declaration)
            }
        };
        let _ = match inner.is_empty() {
            true => write!(self.out, "<{tag}{declaration}/>"),
            false => write!(self.out, "<{tag}{declaration}>{inner}</{tag}>"),
        };
    }

    /// The inside of an element: text as it must be written.
    pub(super) fn markup(&self, text: &str) -> String {
        escape(text, self.raw)
    }

    /// An empty element as markup.
    pub(super) fn empty(&self, namespace: &str, local: &str) -> String {
        format!("<{}{local}/>", self.prefix(namespace).unwrap_or_default())
    }

    /// An element of `DAV:` around markup, as markup.
    pub(super) fn wrap(&self, local: &str, inner: &str) -> String {
        format!("<{0}{local}>{inner}</{0}{local}>", self.dav)
    }

    pub(super) fn finish(mut self, root: &str) -> String {
        self.close(root);
        self.out
    }

    fn escaped(&mut self, text: &str) {
        self.out.push_str(&escape(text, self.raw));
    }

    fn prefix(&self, namespace: &str) -> Option<&'static str> {
        Some(match namespace {
            DAV => self.dav,
            CALDAV => "C:",
            CARDDAV => "CR:",
            CALENDARSERVER => "CS:",
            APPLE => "A:",
            _ => return None,
        })
    }
}

/// Text as it stands between tags. A carriage return would not survive as it is (XML 1.0 section
/// 2.11), and control characters are no XML at all.
fn escape(text: &str, raw: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' => out.push(character),
            c if c.is_control() && !raw => {}
            c => out.push(c),
        }
    }
    out
}
