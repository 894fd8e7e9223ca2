use std::fmt::Write as _;

/// What servers stamp on a content without anybody having changed it.
const NOISE: [&str; 4] = ["DTSTAMP", "LAST-MODIFIED", "PRODID", "REV"];

/// How deep components may nest before what is inside counts as plain lines.
const MAX_DEPTH: usize = 16;

/// A component with its properties in the order and the bytes in which they came.
///
/// Parsing never fails: what is no content line is a property with an empty name. The outermost
/// component is nameless and holds the whole stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Component {
    /// Upper case; empty for the stream.
    pub(super) name: String,
    pub(super) properties: Vec<Property>,
    pub(super) components: Vec<Component>,
}

/// One content line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    /// Upper case, with its group.
    pub(super) name: String,
    /// The line as it came, folded, with its line end.
    pub(super) raw: String,
    /// What counts: name, parameters in order without quotes, value.
    pub(super) canonical: String,
}

impl Property {
    fn parse(raw: &str) -> Self {
        let unfolded = unfold(raw);
        let Some(colon) = value_start(&unfolded) else {
            return Self {
                name: String::new(),
                raw: raw.to_owned(),
                canonical: unfolded,
            };
        };
        let (head, value) = unfolded.split_at(colon);
        let value = value.get(1..).unwrap_or_default();
        let mut parts = split_outside_quotes(head, ';');
        let name = parts.next().unwrap_or_default().trim().to_ascii_uppercase();
        let mut parameters: Vec<String> = parts
            .map(|p| {
                let (key, value) = p.split_once('=').unwrap_or((p, ""));
                format!(
                    "{}={}",
                    key.trim().to_ascii_uppercase(),
                    value.replace('"', "")
                )
            })
            .collect();
        parameters.sort_unstable();
        let mut canonical = name.clone();
        for parameter in parameters {
            let _ = write!(canonical, ";{parameter}");
        }
        let _ = write!(canonical, ":{value}");
        Self {
            name,
            raw: raw.to_owned(),
            canonical,
        }
    }

    pub(super) fn is_noise(&self) -> bool {
        NOISE.contains(&self.name.as_str())
    }

    fn value(&self) -> &str {
        // The canonical form has no quotes, so its first colon ends the parameters unless one of
        // them has a colon; the values looked for here (UID, stamps, ids) have none before.
        self.canonical
            .split_once(':')
            .map_or("", |(_, value)| value)
    }
}

impl Component {
    /// Reads a stream of content lines; bytes that are no UTF-8 are replaced.
    pub(super) fn parse(content: &[u8]) -> Self {
        let text = String::from_utf8_lossy(content);
        let mut stack = vec![Self::default()];
        for raw in logical_lines(&text) {
            let property = Property::parse(raw);
            match property.name.as_str() {
                "BEGIN" if stack.len() < MAX_DEPTH => {
                    let name = property.value().trim().to_ascii_uppercase();
                    stack.push(Self {
                        name,
                        ..Self::default()
                    });
                }
                "END" if stack.len() > 1 => close(&mut stack),
                _ if raw.trim().is_empty() => {}
                _ => {
                    if let Some(top) = stack.last_mut() {
                        top.properties.push(property);
                    }
                }
            }
        }
        while stack.len() > 1 {
            close(&mut stack);
        }
        stack.pop().unwrap_or_default()
    }

    /// The content lines, CRLF around components.
    pub(super) fn print(&self) -> String {
        let mut out = String::new();
        self.print_to(&mut out);
        out
    }

    fn print_to(&self, out: &mut String) {
        if !self.name.is_empty() {
            let _ = write!(out, "BEGIN:{}\r\n", self.name);
        }
        for property in &self.properties {
            out.push_str(&property.raw);
            if !property.raw.ends_with('\n') {
                out.push_str("\r\n");
            }
        }
        for component in &self.components {
            component.print_to(out);
        }
        if !self.name.is_empty() {
            let _ = write!(out, "END:{}\r\n", self.name);
        }
    }

    /// What counts, in an order that depends on nothing else.
    pub(super) fn canonical(&self) -> String {
        let mut lines: Vec<&str> = self
            .properties
            .iter()
            .filter(|p| !p.is_noise())
            .map(|p| p.canonical.as_str())
            .collect();
        lines.sort_unstable();
        let mut components: Vec<String> = self.components.iter().map(Self::canonical).collect();
        components.sort_unstable();
        let mut out = format!("BEGIN:{}\n", self.name);
        for line in lines
            .into_iter()
            .chain(components.iter().map(String::as_str))
        {
            out.push_str(line);
            out.push('\n');
        }
        out.push_str("END");
        out
    }

    /// What tells this component from its siblings: an override from its master by RECURRENCE-ID,
    /// zones by TZID, alarms and the like by all they say.
    pub(super) fn key(&self) -> String {
        let id = match self.name.as_str() {
            "VEVENT" | "VTODO" | "VJOURNAL" => self.value("RECURRENCE-ID").map(str::to_owned),
            "VTIMEZONE" => self.value("TZID").map(str::to_owned),
            "VALARM" | "STANDARD" | "DAYLIGHT" => Some(self.canonical()),
            _ => None,
        };
        format!("{} {}", self.name, id.unwrap_or_default())
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.properties
            .iter()
            .find(|p| p.name == name)
            .map(Property::value)
    }

    /// The first value of this property here or further in.
    pub(super) fn find_value(&self, name: &str) -> Option<&str> {
        self.value(name)
            .or_else(|| self.components.iter().find_map(|c| c.find_value(name)))
    }

    /// The latest time at which anybody says to have changed this.
    pub(super) fn latest_stamp(&self) -> Option<&str> {
        ["LAST-MODIFIED", "REV", "DTSTAMP"]
            .into_iter()
            .find_map(|name| self.find_value(name))
    }

    /// Appends to the values of all properties of this name.
    pub(super) fn append_to_values(&mut self, name: &str, suffix: &str) {
        for property in self.properties.iter_mut().filter(|p| p.name == name) {
            let raw = format!("{}{suffix}\r\n", unfold(&property.raw));
            *property = Property::parse(&raw);
        }
        for component in &mut self.components {
            component.append_to_values(name, suffix);
        }
    }
}

fn close(stack: &mut Vec<Component>) {
    if let Some(done) = stack.pop()
        && let Some(parent) = stack.last_mut()
    {
        parent.components.push(done);
    }
}

/// Lines with what is folded into them (RFC 5545 section 3.1), each with its line end.
fn logical_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let bytes = rest.as_bytes();
        let mut end = 0;
        loop {
            match bytes
                .get(end..)
                .and_then(|tail| tail.iter().position(|b| *b == b'\n'))
            {
                None => {
                    end = bytes.len();
                    break;
                }
                Some(at) => {
                    end += at + 1;
                    if !matches!(bytes.get(end), Some(b' ' | b'\t')) {
                        break;
                    }
                }
            }
        }
        let (line, tail) = rest.split_at(end);
        rest = tail;
        Some(line)
    })
}

fn unfold(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for (i, line) in raw.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        out.push_str(if i == 0 {
            line
        } else {
            line.get(1..).unwrap_or_default()
        });
    }
    out
}

/// Where the value of an unfolded line begins: the first colon outside quotes.
fn value_start(line: &str) -> Option<usize> {
    let mut quoted = false;
    line.bytes().position(|b| {
        quoted ^= b == b'"';
        b == b':' && !quoted
    })
}

fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}
