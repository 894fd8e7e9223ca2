use super::names::Form;
use crate::merge::syntax::{Param, Property, decode_caret, split_outside_quotes};

/// What the parameters of a property say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::merge) struct Attributes {
    /// What merges apart from the value, sorted. A TYPE is a name of its own, `TYPE:HOME`.
    pub(in crate::merge) named: Vec<(String, String)>,
    /// Those below belong to the value.
    pub(in crate::merge) tzid: String,
    pub(in crate::merge) quoted_printable: bool,
    pub(in crate::merge) base64: bool,
    pub(in crate::merge) charset: String,
    /// Of a [`Form::Binary`]: a TYPE of vCard 3.0 or a MEDIATYPE.
    pub(in crate::merge) media: String,
    /// The year that stands for none (X-APPLE-OMIT-YEAR).
    pub(in crate::merge) omitted_year: String,
    /// VALUE=TEXT where the form is something else.
    pub(in crate::merge) is_text: bool,
}

/// Parameters that servers write for themselves.
const NOISE: [&str; 6] = [
    "SCHEDULE-AGENT",
    "SCHEDULE-FORCE-SEND",
    "SCHEDULE-STATUS",
    "X-CALENDARSERVER-DTSTAMP",
    "X-VOBJ-FLOATINGTIME-ALLOWED",
    "X-VOBJ-ORIGINAL-TZID",
];

/// Parameters whose value is one of some words, with the one that is meant where they are missing.
const WORDS: [(&str, &str); 9] = [
    ("CUTYPE", "INDIVIDUAL"),
    ("DISPLAY", "BADGE"),
    ("FBTYPE", "BUSY"),
    ("PARTSTAT", "NEEDS-ACTION"),
    ("RANGE", ""),
    ("RELATED", "START"),
    ("RELTYPE", "PARENT"),
    ("ROLE", "REQ-PARTICIPANT"),
    ("RSVP", "FALSE"),
];

/// Whether a parameter has a list of values, each in quotes.
pub(in crate::merge) fn is_list_param(name: &str) -> bool {
    matches!(
        name,
        "DELEGATED-FROM" | "DELEGATED-TO" | "FEATURE" | "MEMBER" | "SORT-AS"
    )
}

impl Attributes {
    pub(in crate::merge) fn of(
        property: &Property<'_>,
        card: bool,
        name: &str,
        form: Form,
    ) -> Self {
        let mut all = Self::default();
        for param in &property.params {
            match param.value {
                None if card => all.bare(name, form, param.raw.trim()),
                _ => all.read(card, name, form, *param),
            }
        }
        all.named.sort_unstable();
        all.named.dedup();
        all
    }

    /// A value without a name, as vCard 2.1 has them.
    fn bare(&mut self, name: &str, form: Form, word: &str) {
        match word.to_ascii_uppercase().as_str() {
            "QUOTED-PRINTABLE" => self.quoted_printable = true,
            "BASE64" => self.base64 = true,
            "7BIT" | "8BIT" | "URL" | "INLINE" | "CONTENT-ID" | "CID" => {}
            _ => self.card_type(name, form, word),
        }
    }

    fn read(&mut self, card: bool, property: &str, form: Form, param: Param<'_>) {
        let value = param.value.unwrap_or_default();
        let name = param.name.to_ascii_uppercase();
        match name.as_str() {
            "TZID" if matches!(form, Form::Time | Form::CardDate | Form::Trigger) => {
                self.tzid = unquote(value);
            }
            "VALUE" => self.value_type(form, &unquote(value).to_ascii_uppercase()),
            "ENCODING" => match unquote(value).to_ascii_uppercase().as_str() {
                "QUOTED-PRINTABLE" => self.quoted_printable = true,
                "BASE64" | "B" => self.base64 = true,
                "8BIT" | "7BIT" => {}
                other => self.named.push((name, other.to_owned())),
            },
            "CHARSET" => self.charset = unquote(value).to_ascii_uppercase(),
            "TYPE" if card => {
                for part in split_outside_quotes(value, ',') {
                    for word in part.trim().trim_matches('"').split(',') {
                        self.card_type(property, form, word.trim());
                    }
                }
            }
            "MEDIATYPE" if form == Form::Binary => self.media = unquote(value),
            "X-APPLE-OMIT-YEAR" if form == Form::CardDate => self.omitted_year = unquote(value),
            _ if NOISE.contains(&name.as_str()) => {}
            _ => {
                let mut words = WORDS.iter();
                let value = match words.find(|(word, _)| *word == name) {
                    Some((_, default)) => {
                        let value = unquote(value).to_ascii_uppercase();
                        if value == *default {
                            return;
                        }
                        value
                    }
                    None => plain(&name, value),
                };
                self.named.push((name, value));
            }
        }
    }

    fn card_type(&mut self, property: &str, form: Form, word: &str) {
        let word = word.to_ascii_uppercase();
        match (property, word.as_str()) {
            (_, "") | ("EMAIL", "INTERNET") | ("TEL", "VOICE") => {}
            (_, "PREF") => self.named.push(("PREF".to_owned(), "1".to_owned())),
            (_, "HOME" | "WORK") => self.named.push((format!("TYPE:{word}"), String::new())),
            _ if form == Form::Binary => self.media = word,
            _ => self.named.push((format!("TYPE:{word}"), String::new())),
        }
    }

    fn value_type(&mut self, form: Form, value: &str) {
        let implied = match form {
            // What these are can be seen.
            Form::Time | Form::CardDate | Form::Trigger | Form::Binary => {
                self.is_text = value == "TEXT" && form == Form::CardDate;
                true
            }
            _ => matches!(
                value,
                "TEXT"
                    | "URI"
                    | "URL"
                    | "CAL-ADDRESS"
                    | "UNKNOWN"
                    | "DURATION"
                    | "RECUR"
                    | "INTEGER"
                    | "FLOAT"
                    | "BINARY"
                    | "INLINE"
            ),
        };
        if !implied {
            self.named.push(("VALUE".to_owned(), value.to_owned()));
        }
    }
}

fn unquote(value: &str) -> String {
    decode_caret(value.trim().trim_matches('"')).into_owned()
}

fn plain(name: &str, value: &str) -> String {
    let mut parts: Vec<String> = split_outside_quotes(value, ',').map(unquote).collect();
    match name {
        "DELEGATED-FROM" | "DELEGATED-TO" | "MEMBER" => {
            for part in &mut parts {
                *part = part.to_lowercase();
            }
            parts.sort_unstable();
            parts.dedup();
        }
        "EMAIL" | "SENT-BY" | "DIR" => {
            for part in &mut parts {
                *part = part.to_lowercase();
            }
        }
        _ => {}
    }
    parts.join(",")
}
