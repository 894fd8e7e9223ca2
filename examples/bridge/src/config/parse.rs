//! Reading TOML with the place of every key and value kept.

use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, ConfigErrors, Place};

/// A stretch of the text, in bytes.
pub(crate) type Span = Range<usize>;

type Entry<'d> = (
    &'d Spanned<std::borrow::Cow<'d, str>>,
    &'d Spanned<DeValue<'d>>,
);

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// A config file's text and what was found wrong with it so far.
pub(crate) struct Document {
    file: PathBuf,
    text: String,
    problems: RefCell<Vec<(Span, String, Vec<String>)>>,
}

impl Document {
    pub(crate) fn new(file: &Path, text: String) -> Self {
        Self {
            file: file.to_owned(),
            text,
            problems: RefCell::default(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Notes a mistake; reading goes on, so that a person sees all of them at once.
    pub(crate) fn problem(&self, span: &Span, message: impl Into<String>) {
        self.problem_help(span, message, Vec::new());
    }

    /// Notes a mistake, with advice.
    pub(crate) fn problem_help(&self, span: &Span, message: impl Into<String>, help: Vec<String>) {
        self.problems
            .borrow_mut()
            .push((span.clone(), message.into(), help));
    }

    /// The mistakes noted, in the order of the text.
    pub(crate) fn errors(&self) -> Option<ConfigErrors> {
        let mut problems = self.problems.borrow().clone();
        problems.sort_by_key(|(span, ..)| span.start);
        let errors: Vec<_> = problems
            .into_iter()
            .map(|(span, message, help)| ConfigError {
                message,
                place: Some(Place::new(&self.text, &span)),
                help,
            })
            .collect();
        (!errors.is_empty()).then(|| ConfigErrors {
            file: self.file.clone(),
            errors,
        })
    }

    /// A path in the config: relative to the file, `~/` is the home directory.
    pub(crate) fn path(&self, text: &str) -> PathBuf {
        if let Some(rest) = text.strip_prefix("~/")
            && let Some(home) = std::env::home_dir()
        {
            return home.join(rest);
        }
        let parent = self.file.parent().unwrap_or(Path::new(""));
        parent.join(text)
    }

    /// Where the file stands; a program can run there.
    pub(crate) fn directory(&self) -> PathBuf {
        match self.file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        }
    }
}

/// One table of the config. Every key must be asked for once; [`finish`](Self::finish) complains of
/// the others.
pub(crate) struct Section<'d> {
    doc: &'d Document,
    name: String,
    span: Span,
    table: &'d DeTable<'d>,
    known: RefCell<Vec<&'static str>>,
}

impl<'d> Section<'d> {
    /// The whole file.
    pub(crate) fn root(doc: &'d Document, table: &'d DeTable<'d>) -> Self {
        Self {
            doc,
            name: "the top level".to_owned(),
            span: 0..0,
            table,
            known: RefCell::default(),
        }
    }

    pub(crate) fn doc(&self) -> &'d Document {
        self.doc
    }

    /// As people write it: `[source.work]`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where the table is named.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    fn entry(&self, key: &'static str) -> Option<Entry<'d>> {
        self.known.borrow_mut().push(key);
        self.table
            .iter()
            .find(|(name, _)| name.get_ref().as_ref() == key)
    }

    /// Where the key stands, if it is given.
    pub(crate) fn key_span(&self, key: &str) -> Option<Span> {
        self.table
            .keys()
            .find(|name| name.get_ref().as_ref() == key)
            .map(Spanned::span)
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let found = kind(value.get_ref());
        self.doc.problem(
            &value.span(),
            format!("`{key}` must be {wanted}, not {found}"),
        );
    }

    /// A string.
    pub(crate) fn string(&self, key: &'static str) -> Option<Field<String>> {
        let (_, value) = self.entry(key)?;
        match value.get_ref() {
            DeValue::String(text) if text.is_empty() => {
                self.doc
                    .problem(&value.span(), format!("`{key}` must not be empty"));
                None
            }
            DeValue::String(text) => Some(Field {
                value: text.clone().into_owned(),
                span: value.span(),
            }),
            _ => {
                self.wrong_type(key, value, "a string");
                None
            }
        }
    }

    /// A path, made absolute or relative to the working directory.
    pub(crate) fn path(&self, key: &'static str) -> Option<Field<PathBuf>> {
        let field = self.string(key)?;
        Some(Field {
            value: self.doc.path(&field.value),
            span: field.span,
        })
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self, key: &'static str) -> Option<Field<bool>> {
        let (_, value) = self.entry(key)?;
        if let DeValue::Boolean(word) = value.get_ref() {
            return Some(Field {
                value: *word,
                span: value.span(),
            });
        }
        self.wrong_type(key, value, "true or false");
        None
    }

    /// One word out of a list.
    pub(crate) fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let field = self.string(key)?;
        let found = words.iter().find(|(word, _)| *word == field.value);
        if found.is_none() {
            let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.not_allowed(key, &field, &names);
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// Complains that the word is none of `names`.
    pub(crate) fn not_allowed(&self, key: &str, field: &Field<String>, names: &[&str]) {
        let mut help = did_you_mean(&field.value, names);
        help.push(format!("allowed: {}", quoted(names)));
        let message = format!("`{key}` cannot be \"{}\"", field.value);
        self.doc.problem_help(&field.span, message, help);
    }

    /// A list of strings.
    pub(crate) fn strings(&self, key: &'static str) -> Option<Field<Vec<Field<String>>>> {
        let (_, value) = self.entry(key)?;
        let DeValue::Array(array) = value.get_ref() else {
            self.wrong_type(key, value, "a list of strings");
            return None;
        };
        let mut list = Vec::new();
        for element in array {
            if let DeValue::String(text) = element.get_ref() {
                list.push(Field {
                    value: text.clone().into_owned(),
                    span: element.span(),
                });
            } else {
                self.wrong_type(key, element, "a list of strings");
            }
        }
        Some(Field {
            value: list,
            span: value.span(),
        })
    }

    /// A table of strings.
    pub(crate) fn string_table(&self, key: &'static str) -> Vec<(Field<String>, Field<String>)> {
        let Some((_, value)) = self.entry(key) else {
            return Vec::new();
        };
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_type(key, value, "a table like { \"Sent\" = \"Sent Items\" }");
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for (name, value) in table {
            if let DeValue::String(text) = value.get_ref() {
                pairs.push((
                    Field {
                        value: name.get_ref().clone().into_owned(),
                        span: name.span(),
                    },
                    Field {
                        value: text.clone().into_owned(),
                        span: value.span(),
                    },
                ));
            } else {
                self.wrong_type(name.get_ref(), value, "a string");
            }
        }
        pairs.sort_by_key(|(name, _)| name.span.start);
        pairs
    }

    /// A value that may be of several types; what is neither is complained of as not `wanted`.
    pub(crate) fn scalar(&self, key: &'static str, wanted: &str) -> Option<Field<Scalar>> {
        let (_, value) = self.entry(key)?;
        let scalar = match value.get_ref() {
            DeValue::String(text) => Some(Scalar::Text(text.clone().into_owned())),
            DeValue::Boolean(word) => Some(Scalar::Boolean(*word)),
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(Scalar::Count),
            _ => None,
        };
        if scalar.is_none() {
            self.wrong_type(key, value, wanted);
        }
        Some(Field {
            value: scalar?,
            span: value.span(),
        })
    }

    /// Complains that a scalar is none of what is `wanted`.
    pub(crate) fn not_wanted(&self, key: &str, field: &Field<Scalar>, wanted: &str) {
        let message = match &field.value {
            Scalar::Text(text) => format!("`{key}` cannot be \"{text}\""),
            Scalar::Boolean(word) => format!("`{key}` cannot be {word}"),
            Scalar::Count(number) => format!("`{key}` cannot be {number}"),
        };
        let help = vec![format!("allowed: {wanted}")];
        self.doc.problem_help(&field.span, message, help);
    }

    /// A table within this one; its name is the path to it.
    pub(crate) fn section(&self, key: &'static str) -> Option<Section<'d>> {
        let (name, value) = self.entry(key)?;
        self.open(name, value, &self.inner_name(key))
    }

    /// All tables of a table of tables: `[source.work]`, `[source.archive]`.
    pub(crate) fn sections(&self, key: &'static str) -> Vec<(String, Section<'d>)> {
        let Some(all) = self.section(key) else {
            return Vec::new();
        };
        let mut list: Vec<_> = all
            .table
            .iter()
            .filter_map(|(name, value)| {
                let word = name.get_ref().as_ref();
                let section = all.open(name, value, &format!("[{key}.{word}]"))?;
                Some((word.to_owned(), section))
            })
            .collect();
        list.sort_by_key(|(_, section)| section.span.start);
        list
    }

    fn inner_name(&self, key: &str) -> String {
        match self.name.strip_suffix(']') {
            Some(outer) => format!("{outer}.{key}]"),
            None => format!("[{key}]"),
        }
    }

    fn open(
        &self,
        name: &Spanned<std::borrow::Cow<'d, str>>,
        value: &'d Spanned<DeValue<'d>>,
        title: &str,
    ) -> Option<Section<'d>> {
        let DeValue::Table(table) = value.get_ref() else {
            let found = kind(value.get_ref());
            let help = vec![format!("write it as a table: {title}")];
            let message = format!("`{}` must be a table, not {found}", name.get_ref());
            self.doc.problem_help(&name.span(), message, help);
            return None;
        };
        Some(Section {
            doc: self.doc,
            name: title.to_owned(),
            span: name.span(),
            table,
            known: RefCell::default(),
        })
    }

    /// Complains of every key that nobody asked for.
    pub(crate) fn finish(self) {
        let mut known = self.known.into_inner();
        known.sort_unstable();
        known.dedup();
        for name in self.table.keys() {
            let word = name.get_ref().as_ref();
            if known.contains(&word) {
                continue;
            }
            let mut help = did_you_mean(word, &known);
            help.push(format!("allowed here: {}", known.join(", ")));
            let message = format!("unknown key `{word}` in {}", self.name);
            self.doc.problem_help(&name.span(), message, help);
        }
    }
}

/// A value whose type decides its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scalar {
    Text(String),
    Boolean(bool),
    Count(u64),
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(number) if number.as_str().starts_with('-') => "a negative number",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The words in quotes, parted by commas.
pub(crate) fn quoted(words: &[&str]) -> String {
    let list: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
    list.join(", ")
}

/// A line of advice if one of `words` is close to `word`.
pub(crate) fn did_you_mean(word: &str, words: &[&str]) -> Vec<String> {
    words
        .iter()
        .map(|known| (distance(word, known), known))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min()
        .map(|(_, known)| format!("did you mean `{known}`?"))
        .into_iter()
        .collect()
}

/// Levenshtein distance; words of more than 64 characters are far from everything.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut corner = i;
        let mut last = i.saturating_add(1);
        let mut next = vec![last];
        for (right, above) in b.iter().zip(row.iter().skip(1)) {
            let change = corner.saturating_add(usize::from(left != *right));
            last = change
                .min(last.saturating_add(1))
                .min(above.saturating_add(1));
            corner = *above;
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("password", "password"), 0);
        assert_eq!(distance("pasword", "password"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        let advice = did_you_mean("colections", &["collections", "map"]);
        assert_eq!(advice, ["did you mean `collections`?"]);
        assert!(did_you_mean("zzz", &["collections", "map"]).is_empty());
    }
}
