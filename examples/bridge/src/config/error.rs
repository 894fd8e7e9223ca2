//! What is wrong with a config, shown at the line where it stands.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Keys whose value is never shown.
const SECRET_KEYS: [&str; 3] = ["password", "client_secret", "refresh_token"];

/// Everything that is wrong with one config file, in the order of its lines.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConfigErrors {
    /// The file as it was named.
    pub(crate) file: PathBuf,
    /// At least one.
    pub(crate) errors: Vec<ConfigError>,
}

/// One mistake.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConfigError {
    /// What is wrong.
    pub(crate) message: String,
    /// Where, unless the file could not be read at all.
    #[serde(flatten)]
    pub(crate) place: Option<Place>,
    /// What is allowed, and other advice.
    pub(crate) help: Vec<String>,
}

/// A place in the text; line and column count from 1, columns in characters.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// The line, with secrets blotted out.
    pub(crate) text: String,
    #[serde(skip)]
    width: usize,
}

impl ConfigErrors {
    /// The file could not be read.
    pub(crate) fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        let mut help = Vec::new();
        if error.kind() == std::io::ErrorKind::NotFound {
            help.push("`bridge init` writes one to start from".to_owned());
            help.push("`--config FILE` names another".to_owned());
        }
        Self {
            file: file.to_owned(),
            errors: vec![ConfigError {
                message: format!("cannot read the config: {error}"),
                place: None,
                help,
            }],
        }
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.errors.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            error.show(&self.file, f)?;
        }
        Ok(())
    }
}

impl ConfigError {
    fn show(&self, file: &Path, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = file.display();
        let Some(place) = &self.place else {
            write!(f, "{file}: {}", self.message)?;
            return self.help.iter().try_for_each(|h| write!(f, "\n  = {h}"));
        };
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let indent: String = place
            .text
            .chars()
            .take(place.column.saturating_sub(1))
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        write!(
            f,
            "{file}:{number}:{}: {}\n{margin} |\n{number} | {}\n{margin} | {indent}{}",
            place.column,
            self.message,
            place.text,
            "^".repeat(place.width)
        )?;
        self.help
            .iter()
            .try_for_each(|h| write!(f, "\n{margin} = {h}"))
    }
}

impl Place {
    /// Where the bytes of `span` stand in `text`.
    pub(crate) fn new(text: &str, span: &Range<usize>) -> Self {
        let start = floor_boundary(text, span.start);
        let end = floor_boundary(text, span.end.max(start));
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let line_end = text
            .get(start..)
            .and_then(|rest| rest.find('\n'))
            .map_or(text.len(), |at| start.saturating_add(at));
        let line = text
            .get(line_start..line_end)
            .unwrap_or_default()
            .trim_end_matches('\r');
        let column = text
            .get(line_start..start)
            .unwrap_or_default()
            .chars()
            .count()
            .saturating_add(1);
        let marked = text.get(start..end.min(line_end)).unwrap_or_default();
        let shown = blot(line);
        // Where something was blotted out the marks cannot be longer than what is left.
        let room = shown
            .chars()
            .count()
            .saturating_sub(column.saturating_sub(1));
        Self {
            line: before.matches('\n').count().saturating_add(1),
            column,
            width: marked.chars().count().min(room).max(1),
            text: shown,
        }
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    at
}

/// The line without the value of a key that holds a secret and without a password in a url.
fn blot(line: &str) -> String {
    for key in SECRET_KEYS {
        for (at, _) in line.match_indices(key) {
            let after = at.saturating_add(key.len());
            let rest = line.get(after..).unwrap_or_default();
            let rest = rest.trim_start_matches(['"', '\'', ' ', '\t']);
            if rest.starts_with('=') {
                let end = line.len().saturating_sub(rest.len()).saturating_add(1);
                return format!("{} ***", line.get(..end).unwrap_or_default());
            }
        }
    }
    let Some((before, after)) = line.split_once("://") else {
        return line.to_owned();
    };
    match after.rsplit_once('@') {
        Some((login, host)) if login.contains(':') => {
            let user = login.split(':').next().unwrap_or_default();
            format!("{before}://{user}:***@{host}")
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_blotted_out() {
        for (line, shown) in [
            ("password = \"hunter2\"", "password = ***"),
            ("\"password\"= 5 # hunter2", "\"password\"= ***"),
            (
                "oauth2 = { client_secret = \"hunter2\" }",
                "oauth2 = { client_secret = ***",
            ),
            (
                "url = \"imaps://al:hun@ter2@host\"",
                "url = \"imaps://al:***@host\"",
            ),
            ("password_command = \"pass\"", "password_command = \"pass\""),
            (
                "url = \"imaps://al@host:993\"",
                "url = \"imaps://al@host:993\"",
            ),
        ] {
            assert_eq!(blot(line), shown);
        }
    }

    #[test]
    fn a_place_survives_any_span() {
        let text = "ä\nbö\r\n";
        for start in 0..12 {
            for end in 0..12 {
                let place = Place::new(text, &(start..end));
                assert!(place.line >= 1 && place.column >= 1);
            }
        }
        let place = Place::new(text, &(4..6));
        assert_eq!((place.line, place.column, place.width), (2, 2, 1));
        assert_eq!(place.text, "bö");
    }
}
