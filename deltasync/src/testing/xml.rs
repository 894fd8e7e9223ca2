//! XML as the server reads and writes it; it shares nothing with the client's.

use std::fmt::Write as _;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use quick_xml::name::{NamespaceResolver, ResolveResult};
use quick_xml::reader::Reader;

/// Deeper than any request.
const DEPTH: usize = 16;

/// An element: `uri name` is its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Node>,
}

impl Node {
    /// Reads a request. Servers were seen to take white space between elements amiss, so it is refused
    /// where `compact` says so.
    pub(super) fn parse(document: &[u8], compact: bool) -> Option<Self> {
        let text = std::str::from_utf8(document).ok()?;
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut namespaces = NamespaceResolver::default();
        let mut open: Vec<Self> = Vec::new();
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) if open.len() < DEPTH => {
                    namespaces.push(&start).ok()?;
                    let (namespace, local) = namespaces.resolve_element(start.name());
                    let ResolveResult::Bound(namespace) = namespace else {
                        return None;
                    };
                    let mut node = Self {
                        name: format!("{} {}", namespace.0, local.into_inner()),
                        ..Self::default()
                    };
                    for attribute in start.attributes() {
                        let attribute = attribute.ok()?;
                        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
                        let key = attribute.key.local_name().into_inner().to_owned();
                        node.attributes.push((key, value.into_owned()));
                    }
                    open.push(node);
                }
                Event::End(_) => {
                    namespaces.pop();
                    let node = open.pop()?;
                    let blank = node.text.trim().is_empty() && !node.text.is_empty();
                    if compact && blank && !node.children.is_empty() {
                        return None;
                    }
                    match open.last_mut() {
                        Some(parent) => parent.children.push(node),
                        None => return Some(node),
                    }
                }
                Event::Text(more) => open.last_mut()?.text.push_str(&more),
                Event::GeneralRef(name) => {
                    let text = &mut open.last_mut()?.text;
                    match name.resolve_char_ref() {
                        Ok(Some(c)) => text.push(c),
                        _ => text.push_str(resolve_predefined_entity(&name)?),
                    }
                }
                Event::Decl(_) => {}
                _ => return None,
            }
        }
    }

    /// The first child of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first descendant on this path.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// The text of the first child of this name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(|child| child.text.as_str())
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// `<NAME>TEXT</NAME>`
pub(super) fn element(out: &mut String, name: &str, text: &str) {
    let end = name.split(' ').next().unwrap_or(name);
    // Writing to a string does not fail.
    let _ = write!(out, "<{name}>{}</{end}>", escaped(text));
}

pub(super) fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            _ => c.to_string(),
        })
        .collect()
}
