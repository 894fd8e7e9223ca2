//! What the server reads in iCalendar objects and vCards, and how it rewrites them.

use std::collections::BTreeSet;

/// A component with its unfolded lines.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) lines: Vec<String>,
    pub(super) children: Vec<Node>,
}

/// How deep components may nest.
const MAX_DEPTH: usize = 16;

impl Node {
    /// The one outermost component; `None` if the text is nothing of the kind.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let unfolded = text.replace("\r\n", "\n");
        let unfolded = unfolded.replace("\n ", "").replace("\n\t", "");
        let mut open: Vec<Self> = Vec::new();
        let mut root = None;
        for line in unfolded.split('\n').filter(|line| !line.is_empty()) {
            let upper = line.to_ascii_uppercase();
            if root.is_some() {
                return None;
            }
            if let Some(name) = upper.strip_prefix("BEGIN:") {
                if open.len() >= MAX_DEPTH {
                    return None;
                }
                open.push(Self {
                    name: name.trim().to_owned(),
                    ..Self::default()
                });
            } else if let Some(name) = upper.strip_prefix("END:") {
                let done = open.pop().filter(|node| node.name == name.trim())?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => root = Some(done),
                }
            } else {
                line.split_once(':')?;
                open.last_mut()?.lines.push(line.to_owned());
            }
        }
        root
    }

    pub(super) fn print(&self) -> String {
        let mut out = String::new();
        self.print_into(&mut out);
        out
    }

    fn print_into(&self, out: &mut String) {
        out.push_str(&format!("BEGIN:{}\r\n", self.name));
        for line in &self.lines {
            let mut width = 0_usize;
            for character in line.chars() {
                if width.saturating_add(character.len_utf8()) > 75 {
                    out.push_str("\r\n ");
                    width = 1;
                }
                width = width.saturating_add(character.len_utf8());
                out.push(character);
            }
            out.push_str("\r\n");
        }
        for child in &self.children {
            child.print_into(out);
        }
        out.push_str(&format!("END:{}\r\n", self.name));
    }

    /// The value of a property.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let line = self.lines.iter().find(|line| name_of(line) == name)?;
        split(line).map(|(_, value)| value)
    }

    /// The properties of this name: their parameters, in upper case and without quotes, and their
    /// values.
    pub(super) fn all(&self, name: &str) -> Vec<(Vec<String>, &str)> {
        let lines = self.lines.iter().filter(|line| name_of(line) == name);
        lines
            .filter_map(|line| {
                let (head, value) = split(line)?;
                let parameters = parameters(head).map(|p| p.replace('"', "").to_ascii_uppercase());
                Some((parameters.collect(), value))
            })
            .collect()
    }

    /// The UID of a calendar object or vCard.
    pub(super) fn uid(&self) -> Option<&str> {
        self.value("UID")
            .or_else(|| self.children.iter().find_map(|c| c.value("UID")))
    }

    /// The components that are not time zones.
    pub(super) fn components(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(|c| c.name != "VTIMEZONE")
    }

    /// What kinds of component there are.
    pub(super) fn kinds(&self) -> BTreeSet<&str> {
        self.components().map(|c| c.name.as_str()).collect()
    }

    /// As Radicale stores it: lines in order, parameters in order and without needless quotes.
    pub(super) fn rewrite(&mut self) {
        for line in &mut self.lines {
            if let Some((head, value)) = split(line) {
                let mut parts: Vec<String> = parameters(head).map(unquoted).collect();
                parts.sort_unstable();
                let name = name_of(line);
                let mut new = name;
                for part in parts {
                    new.push(';');
                    new.push_str(&part);
                }
                *line = format!("{new}:{value}");
            }
        }
        // VERSION stands first in a vCard.
        self.lines
            .sort_by_key(|line| (name_of(line) != "VERSION", name_of(line)));
        self.children.iter_mut().for_each(Self::rewrite);
    }

    /// As Google stores it: with properties of its own.
    pub(super) fn add_properties(&mut self) {
        for child in self.children.iter_mut().filter(|c| c.name == "VEVENT") {
            for (name, value) in [
                ("CREATED", "20260101T000000Z"),
                ("SEQUENCE", "0"),
                ("STATUS", "CONFIRMED"),
                ("TRANSP", "OPAQUE"),
            ] {
                if child.value(name).is_none() {
                    child.lines.push(format!("{name}:{value}"));
                }
            }
            child.lines.retain(|line| name_of(line) != "DTSTAMP");
            child.lines.push("DTSTAMP:20260102T030405Z".to_owned());
        }
    }

    /// From when to when a component lasts, as `YYYYMMDDTHHMMSS`, in whatever zone it says; a
    /// series has no end.
    pub(super) fn span(&self) -> Option<(String, String)> {
        let start = self.value("DTSTART").or_else(|| self.value("DUE"))?;
        let end = match (self.value("RRULE"), self.value("DTEND")) {
            (Some(_), _) => "99991231T235959".to_owned(),
            (None, Some(end)) => stamp(end, "T000000"),
            (None, None) => stamp(start, "T235959"),
        };
        Some((stamp(start, "T000000"), end))
    }
}

/// A date or date-time with a time.
fn stamp(value: &str, time: &str) -> String {
    let value = value.trim_end_matches('Z');
    match value.contains('T') {
        true => value.to_owned(),
        false => format!("{value}{time}"),
    }
}

/// The upper-case name of a line, without its group.
fn name_of(line: &str) -> String {
    let end = line.find([':', ';']).unwrap_or(line.len());
    let name = line.get(..end).unwrap_or_default();
    name.to_ascii_uppercase()
}

/// Name and parameters, and the value.
fn split(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = line.find(|c| {
        quoted ^= c == '"';
        c == ':' && !quoted
    })?;
    Some((line.get(..at)?, line.get(at.saturating_add(1)..)?))
}

/// The parameters in the head of a line.
fn parameters(head: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    head.split(move |c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    })
    .skip(1)
}

/// A parameter without quotes, where it can do without.
fn unquoted(parameter: &str) -> String {
    let Some((key, value)) = parameter.split_once('=') else {
        return parameter.to_owned();
    };
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.contains(['"', ',', ';', ':']) => format!("{key}={inner}"),
        _ => parameter.to_owned(),
    }
}

/// Whose agent mails somebody (RFC 6638 section 7.1).
pub(super) fn is_server_scheduled(parameters: &[String]) -> bool {
    let agent = parameters
        .iter()
        .find_map(|p| p.strip_prefix("SCHEDULE-AGENT="));
    agent.is_none_or(|agent| agent == "SERVER")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn content_is_rewritten_as_radicale_does() {
        let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=\"Europe/Paris\":2\r\n\
                    ATTENDEE;ROLE=X;CN=\"Doe, J\":mailto:\r\n j@x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let mut node = Node::parse(text).unwrap();
        node.rewrite();
        let expected = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nATTENDEE;CN=\"Doe, J\";ROLE=X:mailto:j@x\r\n\
                        DTSTART;TZID=Europe/Paris:2\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        assert_eq!(node.print(), expected);
    }

    #[test]
    fn what_is_no_component_is_refused() {
        for text in [
            "",
            "x",
            "BEGIN:VCARD\r\n",
            "BEGIN:VCARD\r\nEND:VEVENT\r\n",
            "BEGIN:A\nx\nEND:A",
        ] {
            assert!(Node::parse(text).is_none(), "{text:?}");
        }
    }
}
