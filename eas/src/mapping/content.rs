//! Components and properties of iCalendar and vCard, parsed for their values and printed anew.
//!
//! Content that must keep its bytes is never printed from here: the engine merges what a mapping
//! read into what the other side holds.

/// Components may be nested so deeply.
const DEPTH: usize = 8;
/// Octets of a line, its end not counted (RFC 5545 section 3.1).
const LINE: usize = 75;

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
        let text = String::from_utf8_lossy(content);
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        let mut open: Vec<Self> = vec![Self::default()];
        for line in unfold(text) {
            let Some(property) = Property::parse(&line) else {
                continue;
            };
            match property.name.as_str() {
                "BEGIN" if open.len() <= DEPTH => {
                    open.push(Self::new(&property.value.trim().to_ascii_uppercase()));
                }
                "END" if open.len() > 1 => {
                    if let Some(done) = open.pop()
                        && let Some(parent) = open.last_mut()
                    {
                        parent.components.push(done);
                    }
                }
                _ => {
                    if let Some(current) = open.last_mut() {
                        current.properties.push(property);
                    }
                }
            }
        }
        while open.len() > 1 {
            if let Some(done) = open.pop()
                && let Some(parent) = open.last_mut()
            {
                parent.components.push(done);
            }
        }
        open.pop().map(|root| root.components).unwrap_or_default()
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
        let mut out = String::new();
        self.print_to(&mut out);
        out.into_bytes()
    }

    fn print_to(&self, out: &mut String) {
        fold(out, &format!("BEGIN:{}", self.name));
        for property in &self.properties {
            property.print_to(out);
        }
        for component in &self.components {
            component.print_to(out);
        }
        fold(out, &format!("END:{}", self.name));
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
        let mut quoted = false;
        let colon = line.bytes().position(|b| {
            quoted ^= b == b'"';
            b == b':' && !quoted
        })?;
        let (head, value) = (line.get(..colon)?, line.get(colon + 1..)?);
        let mut parts = outside_quotes(head, ';');
        let name = parts.next()?.trim();
        let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
        if name.is_empty() {
            return None;
        }
        let mut params = Vec::new();
        for part in parts {
            // vCard 2.1 has types without a name.
            let (name, values) = part.split_once('=').unwrap_or(("TYPE", part));
            for value in outside_quotes(values, ',') {
                let value = value.trim().trim_matches('"');
                let value = value
                    .replace("^n", "\n")
                    .replace("^'", "\"")
                    .replace("^^", "^");
                params.push((name.trim().to_ascii_uppercase(), value));
            }
        }
        Some(Self {
            name: name.to_ascii_uppercase(),
            params,
            value: value.to_owned(),
        })
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
        unescape(&self.value)
    }

    /// The values of a list of texts.
    pub(super) fn list(&self) -> Vec<String> {
        split(&self.value, ',')
            .map(|part| unescape(part.trim()))
            .filter(|text| !text.is_empty())
            .collect()
    }

    /// A part of a structured value, counted from 0; several values of a part are joined.
    pub(super) fn part(&self, index: usize) -> String {
        split(&self.value, ';')
            .nth(index)
            .map(|part| unescape(part.trim()))
            .unwrap_or_default()
    }

    fn print_to(&self, out: &mut String) {
        let mut line = self.name.clone();
        for (name, value) in &self.params {
            let value = value
                .replace('^', "^^")
                .replace('"', "^'")
                .replace("\r\n", "^n")
                .replace('\n', "^n");
            let value: String = value.chars().filter(|c| !c.is_control()).collect();
            match value.contains([',', ';', ':']) {
                true => line += &format!(";{name}=\"{value}\""),
                false => line += &format!(";{name}={value}"),
            }
        }
        line.push(':');
        line.extend(self.value.chars().filter(|c| !matches!(c, '\r' | '\n')));
        fold(out, &line);
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

/// RFC 5545 section 3.3.11.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c if c.is_control() && c != '\t' => {}
            c => out.push(c),
        }
    }
    out
}

fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}

/// Parts between separators that no backslash escapes.
fn split(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    value.split(move |c| {
        let splits = c == separator && !escaped;
        escaped = c == '\\' && !escaped;
        splits
    })
}

fn outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

/// Logical lines: one that begins with a space or a tab goes on with the line before.
fn unfold(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

fn fold(out: &mut String, line: &str) {
    let mut length = 0;
    for c in line.chars() {
        if length + c.len_utf8() > LINE {
            out.push_str("\r\n ");
            length = 1;
        }
        out.push(c);
        length += c.len_utf8();
    }
    out.push_str("\r\n");
}
