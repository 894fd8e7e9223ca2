//! Documents as text, written in one of the many ways there are, and read again.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::{Document, Kind, Params, Singles};

/// One way to write documents.
#[derive(Debug, Clone, Default)]
pub(crate) struct Style(Cell<u64>, u64);

impl Style {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Cell::new(seed), seed)
    }

    fn pick(&self, n: u64) -> u64 {
        let next = self
            .0
            .get()
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0.set(next);
        // The plain style makes no choices.
        if self.1 == 0 { 0 } else { (next >> 33) % n }
    }

    fn case(&self, name: &str) -> String {
        match self.pick(3) {
            0 => name.to_owned(),
            1 => name.to_ascii_lowercase(),
            _ => {
                let (first, rest) = name.split_at(1);
                first.to_owned() + &rest.to_ascii_lowercase()
            }
        }
    }

    fn escape(&self, text: &str) -> String {
        let mut out = String::new();
        for c in text.chars() {
            match c {
                '\n' => out.push_str(if self.pick(2) == 0 { "\\n" } else { "\\N" }),
                ';' | ',' | '\\' => out.extend(['\\', c]),
                ':' if self.pick(4) == 1 => out.push_str("\\:"),
                _ => out.push(c),
            }
        }
        out
    }

    fn param(&self, name: &str, value: &str) -> String {
        let value = value
            .replace('^', "^^")
            .replace('"', "^'")
            .replace('\n', "^n");
        let quoted = value.contains([',', ';', ':']) || self.pick(2) == 1;
        let value = if quoted {
            format!("\"{value}\"")
        } else {
            value
        };
        format!("{}={value}", self.case(name))
    }

    fn params(&self, params: &Params) -> String {
        let mut all: Vec<String> = Vec::new();
        let types: Vec<&str> = params
            .keys()
            .filter_map(|k| k.strip_prefix("TYPE:"))
            .collect();
        for word in types {
            all.push(format!("{}={}", self.case("TYPE"), self.case(word)));
        }
        let named = params
            .iter()
            .filter(|(k, _)| !k.starts_with("TYPE:") && !k.starts_with('.'));
        all.extend(named.map(|(name, value)| self.param(name, value)));
        self.shuffle(&mut all);
        all.iter().map(|param| format!(";{param}")).collect()
    }

    fn shuffle<T>(&self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let other = self.pick(i as u64 + 1);
            if self.1 != 0 {
                items.swap(i, usize::try_from(other).unwrap());
            }
        }
    }
}

impl Document {
    pub(crate) fn print(&self, style: &Style) -> Vec<u8> {
        style.0.set(style.1);
        let mut lines = singles(&self.singles, style);
        if let Some(text) = &self.text {
            let name = style.case(self.kind.text());
            lines.push(vec![format!("{name}:{}", style.escape(&text.join("\n")))]);
        }
        for (i, ((name, key), params)) in self.sets.iter().enumerate() {
            let line = format!("{}{}:{key}", style.case(name), style.params(params));
            lines.push(match params.get(".LABEL") {
                None => vec![line],
                Some(label) => {
                    let group = format!("item{}", i as u64 + style.pick(50) * 10);
                    vec![
                        format!("{group}.{line}"),
                        format!(
                            "{}.{}:{}",
                            style.case(&group),
                            style.case("X-ABLABEL"),
                            style.escape(label)
                        ),
                    ]
                }
            });
        }
        for (name, values) in &self.lists {
            let mut rest: Vec<String> = values.iter().map(|v| style.escape(v)).collect();
            style.shuffle(&mut rest);
            while !rest.is_empty() {
                let some = 1 + usize::try_from(style.pick(3)).unwrap();
                let line: Vec<String> = rest.drain(..some.min(rest.len())).collect();
                lines.push(vec![format!("{}:{}", style.case(name), line.join(","))]);
            }
        }
        style.shuffle(&mut lines);
        let main: Vec<String> = lines.into_iter().flatten().collect();
        let mut out = Vec::new();
        match self.kind {
            Kind::Card => {
                out.extend(["BEGIN:VCARD", "VERSION:3.0", "UID:1"].map(str::to_owned));
                out.extend(main);
                out.push("END:VCARD".into());
            }
            Kind::Event => {
                let mut parts = vec![component("UID:1", main)];
                for (id, values) in &self.overrides {
                    let lines = singles(values, style).into_iter().flatten().collect();
                    parts.push(component(
                        &format!("UID:1\n{}:{id}", style.case("RECURRENCE-ID")),
                        lines,
                    ));
                }
                style.shuffle(&mut parts);
                out.push("BEGIN:VCALENDAR".into());
                out.extend(parts.into_iter().flatten());
                out.push("END:VCALENDAR".into());
            }
        }
        let eol = if style.pick(2) == 0 { "\r\n" } else { "\n" };
        let width = 20 + style.pick(60);
        let folded = out.iter().map(|line| fold(line, width, eol));
        folded.collect::<String>().into_bytes()
    }

    /// What a text says, of what documents like this one may say.
    pub(crate) fn read(content: &[u8], like: &Self) -> Self {
        let text = String::from_utf8(content.to_vec()).unwrap();
        let text = text.replace("\r\n", "\n").replace("\n ", "");
        let kind = like.kind;
        let mut document = Self {
            kind,
            singles: Singles::new(),
            text: None,
            sets: BTreeMap::new(),
            lists: BTreeMap::new(),
            overrides: BTreeMap::new(),
        };
        let labels: BTreeMap<String, String> = text
            .lines()
            .filter_map(|line| {
                let (head, value) = line.split_once(':')?;
                let (group, name) = head.split_once('.')?;
                name.eq_ignore_ascii_case("X-ABLABEL")
                    .then(|| (group.to_ascii_uppercase(), unescape(value)))
            })
            .collect();
        let mut found = Singles::new();
        let mut id = None;
        for line in text.lines() {
            let (name, params, value) = read_line(line, &labels);
            let single = kind.singles().iter().find(|known| **known == name);
            let set = kind.sets().into_iter().find(|known| *known == name);
            let list = kind.lists().into_iter().find(|known| *known == name);
            match name.as_str() {
                "RECURRENCE-ID" => id = Some(value.to_owned()),
                "END" => match (value, id.take()) {
                    ("VEVENT", Some(id)) => {
                        document.overrides.insert(id, std::mem::take(&mut found));
                    }
                    ("VEVENT" | "VCARD", None) => document.singles = std::mem::take(&mut found),
                    _ => {}
                },
                name if name == kind.text() => {
                    let text = unescape(value);
                    document.text = Some(text.split('\n').map(str::to_owned).collect());
                }
                _ => {}
            }
            if let Some(name) = single {
                found.insert(name, unescape(value));
            }
            if let Some(name) = set {
                document.sets.insert((name, value.to_owned()), params);
            }
            if let Some(name) = list {
                let values = split(value, ',').map(|v| unescape(&v));
                document
                    .lists
                    .entry(name)
                    .or_default()
                    .extend(values.collect::<BTreeSet<_>>());
            }
        }
        document
    }
}

fn singles(values: &Singles, style: &Style) -> Vec<Vec<String>> {
    let lines = values
        .iter()
        .map(|(name, value)| vec![format!("{}:{}", style.case(name), style.escape(value))]);
    lines.collect()
}

fn component(head: &str, lines: Vec<String>) -> Vec<String> {
    let mut out = vec!["BEGIN:VEVENT".to_owned()];
    out.extend(head.split('\n').map(str::to_owned));
    out.extend(lines);
    out.push("END:VEVENT".into());
    out
}

fn fold(line: &str, width: u64, eol: &str) -> String {
    let mut out = String::new();
    for (i, c) in line.chars().enumerate() {
        if i > 0 && (i as u64).is_multiple_of(width) {
            out.push_str(eol);
            out.push(' ');
        }
        out.push(c);
    }
    out + eol
}

fn read_line<'t>(line: &'t str, labels: &BTreeMap<String, String>) -> (String, Params, &'t str) {
    let mut quoted = false;
    let colon = line.find(|c| {
        quoted ^= c == '"';
        c == ':' && !quoted
    });
    let (head, value) = line.split_at(colon.unwrap());
    let mut parts = split_quoted(head, ';').into_iter();
    let name = parts.next().unwrap().to_ascii_uppercase();
    let (group, name) = match name.split_once('.') {
        Some((group, name)) => (group.to_owned(), name.to_owned()),
        None => (String::new(), name),
    };
    let mut params = Params::new();
    for part in parts {
        let (name, value) = part.split_once('=').unwrap();
        let name = name.to_ascii_uppercase();
        if name == "TYPE" {
            for word in value.replace('"', "").split(',') {
                params.insert(format!("TYPE:{}", word.to_ascii_uppercase()), String::new());
            }
            continue;
        }
        let value = value
            .trim_matches('"')
            .replace("^'", "\"")
            .replace("^n", "\n")
            .replace("^^", "^");
        params.insert(name, value);
    }
    if let Some(label) = labels.get(&group) {
        params.insert(".LABEL".into(), label.clone());
    }
    (name, params, &value[1..])
}

fn split_quoted(text: &str, separator: char) -> Vec<String> {
    let mut quoted = false;
    let mut out = vec![String::new()];
    for c in text.chars() {
        quoted ^= c == '"';
        if c == separator && !quoted {
            out.push(String::new());
        } else {
            out.last_mut().unwrap().push(c);
        }
    }
    out
}

fn split(text: &str, separator: char) -> impl Iterator<Item = String> {
    let mut out = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let last = out.last_mut().unwrap();
        if c == '\\' {
            last.push(c);
            last.extend(chars.next());
        } else if c == separator {
            out.push(String::new());
        } else {
            last.push(c);
        }
    }
    out.into_iter()
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match (c, c == '\\') {
            (_, true) => match chars.next().unwrap() {
                'n' | 'N' => '\n',
                other => other,
            },
            (c, _) => c,
        });
    }
    out
}
