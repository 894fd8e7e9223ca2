//! Components and properties of iCalendar and vCard, parsed for their values and printed anew.
//!
//! Content that must keep its bytes is never printed from here: the engine merges what a mapping
//! read into what the other side holds.

pub(super) use sync_core::merge::syntax::escape;
use sync_core::merge::syntax::{
    self, Eol, Item, Node, decode_caret, encode_caret, fold, quoted_printable,
    split_outside_quotes, split_unescaped, unescape, unfold,
};

/// A component, or a whole vCard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Component {
    /// Upper case.
    pub(super) name: String,
    pub(super) properties: Vec<Property>,
    pub(super) components: Vec<Component>,
}

/// A property with its value as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Property {
    /// Upper case, without a group.
    pub(super) name: String,
    /// Names in upper case, values without quotes; several values of one parameter are several.
    pub(super) params: Vec<(String, String)>,
    pub(super) value: String,
}

impl Component {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// The components at the top of a document. Lines that are none are passed over.
    pub(super) fn parse(content: &[u8]) -> Vec<Self> {
        let document = Node::parse(content).unwrap_or_default();
        document.children().map(Self::of).collect()
    }

    fn of(node: &Node<'_>) -> Self {
        let lines = node.items.iter().filter_map(|item| match item {
            Item::Line(raw) => Property::parse(&unfold(raw)),
            _ => None,
        });
        Self {
            name: node.name.clone(),
            properties: lines.collect(),
            components: node.children().map(Self::of).collect(),
        }
    }

    /// The first property of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|p| p.name == name)
    }

    /// Every property of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Property> {
        self.properties.iter().filter(move |p| p.name == name)
    }

    /// Every component of this name.
    pub(super) fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.components.iter().filter(move |c| c.name == name)
    }

    /// The text of the first property of this name, if there is any.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name)
            .map(Property::text)
            .filter(|text| !text.trim().is_empty())
    }

    /// The value of the first property of this name, in upper case.
    pub(super) fn token(&self, name: &str) -> Option<String> {
        self.get(name).map(|p| p.value.trim().to_ascii_uppercase())
    }

    pub(super) fn push(&mut self, property: Property) {
        self.properties.push(property);
    }

    /// Adds a property whose value is a text; nothing for no text.
    pub(super) fn push_text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.push(Property::new(name, escape(text)));
        }
    }

    /// The document, folded, with CRLF.
    pub(super) fn print(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.print_to(&mut out);
        out
    }

    fn print_to(&self, out: &mut Vec<u8>) {
        out.extend(fold(&format!("BEGIN:{}", self.name), Eol::CrLf));
        for property in &self.properties {
            out.extend(fold(&property.line(), Eol::CrLf));
        }
        for component in &self.components {
            component.print_to(out);
        }
        out.extend(fold(&format!("END:{}", self.name), Eol::CrLf));
    }
}

impl Property {
    /// A property with this value as it is.
    pub(super) fn new(name: &str, value: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            params: Vec::new(),
            value: value.into(),
        }
    }

    /// With one more parameter.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    fn parse(line: &str) -> Option<Self> {
        let parsed = syntax::Property::parse(line)?;
        let mut params = Vec::new();
        for param in &parsed.params {
            // vCard 2.1 has types without a name.
            let (name, values) = match param.value {
                Some(values) => (param.name, values),
                None => ("TYPE", param.raw),
            };
            for value in split_outside_quotes(values, ',') {
                let value = decode_caret(value.trim().trim_matches('"'));
                params.push((name.to_ascii_uppercase(), value.into_owned()));
            }
        }
        let mut property = Self {
            name: parsed.name.to_ascii_uppercase(),
            params,
            value: parsed.value.to_owned(),
        };
        property.decode();
        Some(property)
    }

    /// Undoes quoted-printable, which vCard 2.1 has.
    fn decode(&mut self) {
        let is_encoding =
            |(_, value): &(String, String)| value.eq_ignore_ascii_case("QUOTED-PRINTABLE");
        if self.params.iter().any(is_encoding) {
            let charset = self.param("CHARSET").unwrap_or("UTF-8");
            let text = quoted_printable(&self.value, charset);
            self.value = text.replace("\r\n", "\\n").replace('\n', "\\n");
            self.params.retain(|param| !is_encoding(param));
        }
    }

    /// The first value of a parameter.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether TYPE has this word.
    pub(super) fn is_type(&self, word: &str) -> bool {
        self.params.iter().any(|(name, value)| {
            name == "TYPE" && value.split(',').any(|t| t.eq_ignore_ascii_case(word))
        })
    }

    /// The value as a text.
    pub(super) fn text(&self) -> String {
        unescape(&self.value).into_owned()
    }

    /// The values of a list of texts.
    pub(super) fn list(&self) -> Vec<String> {
        split_unescaped(&self.value, ',')
            .map(|part| unescape(part.trim()).into_owned())
            .filter(|text| !text.is_empty())
            .collect()
    }

    /// A part of a structured value, counted from 0; several values of a part are joined.
    pub(super) fn part(&self, index: usize) -> String {
        split_unescaped(&self.value, ';')
            .nth(index)
            .map(|part| unescape(part.trim()).into_owned())
            .unwrap_or_default()
    }

    /// As it stands in a document, but for folding.
    fn line(&self) -> String {
        let mut line = self.name.clone();
        for (name, value) in &self.params {
            line += &format!(";{name}={}", encode_caret(value));
        }
        line.push(':');
        let is_allowed = |c: &char| !c.is_control() || *c == '\t';
        line.extend(self.value.chars().filter(is_allowed));
        line
    }
}

/// A structured value of these texts.
pub(super) fn structured(parts: &[&str]) -> String {
    parts
        .iter()
        .map(|part| escape(part))
        .collect::<Vec<_>>()
        .join(";")
}

/// A list value of these texts.
pub(super) fn listed(texts: &[String]) -> String {
    texts
        .iter()
        .map(|text| escape(text))
        .collect::<Vec<_>>()
        .join(",")
}
