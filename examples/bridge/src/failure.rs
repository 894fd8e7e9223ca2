//! How a command ends.

use std::fmt;
use std::io;
use std::process::ExitCode;

use serde::Serialize;
use sync_core::error::{Error, ErrorKind};

use crate::config::ConfigErrors;
use crate::output::Record;
use crate::output::human::clean;

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// All is done.
    Done,
    /// Done, but some items wait for a person or were refused by a guard.
    Waiting,
    /// Reported in detail already: part of it failed.
    Failed,
    /// Reported in detail already: the config asks for what cannot be.
    Config,
}

impl Ending {
    /// What an error that was reported already makes of a command.
    pub(crate) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Config => Self::Config,
            ErrorKind::Guard => Self::Waiting,
            _ => Self::Failed,
        }
    }

    /// The worse of both.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        self.max(other)
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Done => Self::SUCCESS,
            Ending::Failed => Self::from(1),
            Ending::Config => Self::from(2),
            Ending::Waiting => Self::from(3),
        }
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The config is wrong.
    Config(ConfigErrors),
    /// The command line asks for something that is not there.
    Usage(String),
    /// A source or the engine failed.
    Core(Error),
    /// A result could not be written, or a file.
    Io(io::Error),
}

impl Failure {
    /// What the program ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Usage(_) => ExitCode::from(2),
            Self::Core(error) => Ending::of(error).into(),
            Self::Io(_) => ExitCode::from(1),
        }
    }

    /// Whether nobody reads the results any more.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// As a program sees it.
    pub(crate) fn record(&self) -> ErrorRecord<'_> {
        ErrorRecord {
            kind: match self {
                Self::Config(_) => "config".to_owned(),
                Self::Usage(_) => "usage".to_owned(),
                Self::Core(error) => kind_word(error.kind()),
                Self::Io(_) => "local".to_owned(),
            },
            message: match self {
                Self::Config(_) => "the config is wrong".to_owned(),
                other => other.to_string(),
            },
            config: match self {
                Self::Config(errors) => Some(errors),
                _ => None,
            },
        }
    }
}

/// The error with its causes and what to do about it, as far as it does not say so itself.
pub(crate) fn explain(error: &Error) -> String {
    let mut text = clean(&error.to_string());
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let why = clean(&inner.to_string());
        if !text.contains(&why) {
            text = format!("{text}: {why}");
        }
        cause = inner.source();
    }
    if error.kind() == ErrorKind::State && !text.contains("in use") {
        text.push_str(
            "\nIt was left as it is. `bridge sync --rejoin` sets it aside and joins both sides \
             anew: equal items are linked, nothing is deleted, nothing doubled.",
        );
    }
    text
}

/// The class of an error as one word in lower case.
pub(crate) fn kind_word(kind: ErrorKind) -> String {
    let mut word = String::new();
    for letter in format!("{kind:?}").chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(errors) => errors.fmt(f),
            Self::Usage(text) => f.write_str(text),
            Self::Core(error) => f.write_str(&explain(error)),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::Config(errors)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A [`Failure`] as the last line of `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorRecord<'a> {
    kind: String,
    message: String,
    #[serde(flatten)]
    config: Option<&'a ConfigErrors>,
}

impl Record for ErrorRecord<'_> {
    const TYPE: &'static str = "error";
}

impl fmt::Display for ErrorRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_words() {
        assert_eq!(kind_word(ErrorKind::CursorLost), "cursor-lost");
        assert_eq!(kind_word(ErrorKind::Guard), "guard");
    }

    #[test]
    fn the_worse_ending_wins() {
        assert_eq!(Ending::Done.and(Ending::Waiting), Ending::Waiting);
        assert_eq!(Ending::Failed.and(Ending::Waiting), Ending::Failed);
    }
}
