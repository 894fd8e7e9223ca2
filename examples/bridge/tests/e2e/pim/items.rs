//! What an item says, however a server spells it.

use std::collections::BTreeMap;

/// What servers stamp on an item, or say of themselves.
const NOISE: [&str; 8] = [
    "CALSCALE",
    "CREATED",
    "DTSTAMP",
    "LAST-MODIFIED",
    "PRODID",
    "REV",
    "VERSION",
    "X-RADICALE-NAME",
];

/// What a line that is missing means, and servers write down.
const DEFAULTS: [&str; 1] = ["CLASS:PUBLIC"];

/// What items say, by UID.
pub(crate) type Contents = BTreeMap<String, String>;

/// A component: its lines, then what is in it, each in an order that depends on nothing else.
#[derive(Default)]
struct Component {
    name: String,
    lines: Vec<String>,
    inside: Vec<String>,
}

impl Component {
    fn text(mut self) -> String {
        self.lines.sort();
        self.inside.sort();
        let (lines, inside) = (self.lines.join("\n"), self.inside.join("\n"));
        format!("BEGIN:{}\n{lines}\n{inside}\nEND", self.name)
    }
}

/// What an item says: no order, no folds, no quotes, no noise.
pub(crate) fn essence(content: &str) -> String {
    let mut open = vec![Component::default()];
    for line in lines(content) {
        let (name, _) = line.split_once([':', ';']).unwrap_or((&line, ""));
        match name.to_ascii_uppercase().as_str() {
            "BEGIN" => open.push(Component {
                name: line["BEGIN:".len()..].to_ascii_uppercase(),
                ..Component::default()
            }),
            "END" => {
                let done = open.pop().unwrap().text();
                open.last_mut().unwrap().inside.push(done);
            }
            name if NOISE.contains(&name) || DEFAULTS.contains(&&*line) => {}
            _ => open.last_mut().unwrap().lines.push(plain(&line)),
        }
    }
    open.remove(0).text()
}

/// The value of the first property of this name.
pub(crate) fn value(content: &str, name: &str) -> Option<String> {
    let all = lines(content);
    let found = all.iter().find_map(|line| {
        let (head, value) = line.split_once(':')?;
        let (own, _) = head.split_once(';').unwrap_or((head, ""));
        own.eq_ignore_ascii_case(name).then(|| value.to_owned())
    });
    found.filter(|value| !value.is_empty())
}

/// The UID of an item.
pub(crate) fn uid(content: &str) -> String {
    value(content, "UID").expect("every item here has a UID")
}

/// An item with one line in the place of all that begin so, before the end of its last component
/// if there was none.
pub(crate) fn with(content: &str, prefix: &str, line: &str) -> String {
    let mut out = Vec::new();
    let mut done = false;
    for old in lines(content) {
        if !old.starts_with(prefix) {
            let is_end = ["END:VEVENT", "END:VTODO", "END:VJOURNAL", "END:VCARD"];
            if is_end.contains(&old.as_str()) && !done {
                out.push(line.to_owned());
                done = true;
            }
            out.push(old);
        } else if !done {
            out.push(line.to_owned());
            done = true;
        }
    }
    out.join("\r\n") + "\r\n"
}

/// Lines without folds.
pub(crate) fn lines(content: &str) -> Vec<String> {
    let text = content.replace("\r\n", "\n");
    let text = text.replace("\n ", "").replace("\n\t", "");
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(str::to_owned).collect()
}

/// A line with its parameters in order and without quotes.
fn plain(line: &str) -> String {
    let mut quoted = false;
    let colon = line.find(|c| {
        quoted ^= c == '"';
        c == ':' && !quoted
    });
    let (head, value) = line.split_at(colon.unwrap_or(line.len()));
    let mut quoted = false;
    let mut parts = head.split(|c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    });
    let name = parts.next().unwrap_or_default().to_ascii_uppercase();
    // The program tells servers that schedule not to mail anybody.
    let own = |part: &String| !part.starts_with("SCHEDULE-AGENT=");
    let mut parameters: Vec<String> = parts
        .map(|part| part.replace('"', ""))
        .filter(own)
        .collect();
    parameters.sort();
    let value = match name.as_str() {
        "RRULE" => {
            let mut parts: Vec<_> = value.trim_start_matches(':').split(';').collect();
            parts.sort_unstable();
            format!(":{}", parts.join(";"))
        }
        // Empty parts at the end say nothing.
        "N" | "ADR" | "ORG" => value.trim_end_matches(';').to_owned(),
        _ => value.to_owned(),
    };
    format!("{name};{}{value}", parameters.join(";"))
}
