//! One module a command.

pub(crate) mod check;
pub(crate) mod conflicts;
pub(crate) mod demo;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod undo;
pub(crate) mod watch;

use std::fmt;
use std::io::{self, Write as _};

use serde::Serialize;
use sync_core::error::Error;

use crate::config::SyncConfig;
use crate::failure::{explain, kind_word};
use crate::output::{Output, Record, Terminal};

/// What stopped one of several `[sync.NAME]`.
#[derive(Serialize)]
struct Complaint<'a> {
    sync: &'a str,
    kind: String,
    message: String,
}

impl Record for Complaint<'_> {
    const TYPE: &'static str = "error";
}

impl fmt::Display for Complaint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}: {}", self.sync, self.message)
    }
}

/// Tells what stopped a `[sync.NAME]`: people on standard error, programs on standard output.
fn complain(sync: &SyncConfig, error: &Error, output: Output) -> io::Result<()> {
    let complaint = Complaint {
        sync: &sync.name,
        kind: kind_word(error.kind()),
        message: by_name(sync, &explain(error)),
    };
    if output.is_json() {
        return output.record(&complaint);
    }
    writeln!(Terminal, "{complaint}")
}

/// The engine says `left` and `right`; people know their sources by name.
fn by_name(sync: &SyncConfig, message: &str) -> String {
    for (side, name) in [("left: ", &sync.left.value), ("right: ", &sync.right.value)] {
        if let Some(rest) = message.strip_prefix(side) {
            return format!("{name}: {rest}");
        }
    }
    message.to_owned()
}
