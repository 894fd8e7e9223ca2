//! Which sources this build has, and how a config becomes one of them.

mod imap;
mod maildir;
mod vdir;

use sync_core::Source;
use sync_core::error::{Error, ErrorKind, Result};

use crate::config::{Settings, SourceConfig, SourceType};

/// The types of this build.
pub(crate) const BUILT: &[SourceType] = &[SourceType::Imap, SourceType::Maildir, SourceType::Vdir];

/// A source that is not connected yet.
///
/// # Errors
/// [`ErrorKind::Config`] if a file that the config names cannot be used.
pub(crate) fn open(source: &SourceConfig) -> Result<Box<dyn Source>> {
    match &source.settings {
        Settings::Imap(server) => imap::open(server),
        Settings::Maildir { path, layout } => maildir::open(path, *layout),
        Settings::Vdir { path } => vdir::open(path),
        other => {
            // The config was read with `BUILT`.
            let message = format!("this build of bridge has no `{}`", other.kind());
            Err(Error::new(ErrorKind::Config, message))
        }
    }
}
