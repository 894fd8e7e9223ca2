//! What people and programs see.
//!
//! Results go to standard output, progress and logs to standard error.

pub(crate) mod human;
mod json;
mod log;
mod progress;
pub(crate) mod report;

use std::fmt::Display;
use std::io::{self, Write as _};

use serde::Serialize;

pub(crate) use log::{Terminal, start_log};
pub(crate) use progress::Progress;

/// One result: a line of JSON for programs, some lines of text ([`Display`]) for people.
pub(crate) trait Record: Serialize + Display {
    /// The word that tells programs what it is.
    const TYPE: &'static str;
}

/// Where results go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// Text, or JSON.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Writes one result.
    ///
    /// # Errors
    /// Standard output could not be written.
    pub(crate) fn record<R: Record>(self, record: &R) -> io::Result<()> {
        let mut line = if self.json {
            json::line(R::TYPE, record)?
        } else {
            record.to_string()
        };
        if line.is_empty() {
            return Ok(());
        }
        line.push('\n');
        let mut out = io::stdout().lock();
        out.write_all(line.as_bytes())?;
        out.flush()
    }

    /// Writes text that only people need.
    ///
    /// # Errors
    /// Standard output could not be written.
    pub(crate) fn text(self, text: impl Display) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }
}
