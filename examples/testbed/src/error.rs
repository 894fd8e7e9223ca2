//! What can go wrong while a server is started or asked.

use std::{fmt, io};

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a server could not be started, or did not do what it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A program that the server or the test needs is not installed.
    Missing {
        /// The program that was looked for.
        program: String,
    },
    /// The server ended, or did not answer in time; what it wrote until then.
    NotStarted {
        /// The server's log and output.
        log: String,
    },
    /// The server runs but refused what it was asked.
    Refused {
        /// What was asked; never with a password in it.
        request: String,
        /// The server's words.
        answer: String,
    },
    /// The operating system refused something.
    Io {
        /// What was being done.
        doing: String,
        /// The system's error.
        source: io::Error,
    },
}

impl Error {
    /// Whether a program is not installed; `cargo testbed install` then helps.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// Whether a server that runs refused a request.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    pub(crate) fn refused(request: impl Into<String>, answer: impl Into<String>) -> Self {
        Self::Refused {
            request: request.into(),
            answer: answer.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { program } => write!(
                f,
                "{program} is not installed: `cargo testbed install` installs what the tests need"
            ),
            Self::NotStarted { log } => write!(f, "the server did not start: {log}"),
            Self::Refused { request, answer } => write!(f, "{request}: {answer}"),
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Says what was being done when an [`io::Error`] came.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::Io {
            doing: what(),
            source,
        })
    }
}
