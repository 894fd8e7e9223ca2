//! Which sources this build has, and how a config becomes one of them.

mod dav;
mod deltasync;
mod eas;
mod imap;
mod maildir;
mod pop3;
mod vdir;

use std::path::Path;

use caldav::client::Service;
use sync_core::Source;
use sync_core::error::{Error, ErrorKind, Result};
use sync_core::model::Collection;

use crate::config::{Settings, SourceConfig, SourceType};

/// The types of this build.
pub(crate) const BUILT: &[SourceType] = &[
    SourceType::Caldav,
    SourceType::Carddav,
    SourceType::Deltasync,
    SourceType::Eas,
    SourceType::Imap,
    SourceType::Pop3,
    SourceType::Maildir,
    SourceType::Vdir,
];

/// A source that is not connected yet, for the state in this file; only ActiveSync's server is looked
/// for, if the config does not name it.
///
/// # Errors
/// [`ErrorKind::Config`] if a file that the config names cannot be used, and what the search comes to.
pub(crate) async fn open(source: &SourceConfig, state: &Path) -> Result<Box<dyn Source>> {
    match &source.settings {
        Settings::Caldav(web) => dav::open(Service::CalDav, web),
        Settings::Carddav(web) => dav::open(Service::CardDav, web),
        Settings::Deltasync(web) => deltasync::open(web),
        Settings::Eas(web) => eas::open(web, state).await,
        Settings::Imap(server) => imap::open(server),
        Settings::Pop3 { server, .. } => pop3::open(server),
        Settings::Maildir { path, layout } => maildir::open(path, *layout),
        Settings::Vdir { path } => vdir::open(path),
        other => {
            // The config was read with `BUILT`.
            let message = format!("this build of bridge has no `{}`", other.kind());
            Err(Error::new(ErrorKind::Config, message))
        }
    }
}

/// What a source shows when it is looked at once.
pub(crate) struct Seen {
    /// In the order of their paths.
    pub(crate) collections: Vec<Collection>,
    /// What else is worth knowing, a line each.
    pub(crate) facts: Vec<String>,
}

/// Connects, looks, and says goodbye.
///
/// # Errors
/// The source cannot be reached, or refuses the login.
pub(crate) async fn look(source: &SourceConfig, state: &Path) -> Result<Seen> {
    if let Settings::Pop3 { server, leave } = &source.settings {
        return pop3::look(server, *leave).await;
    }
    let mut opened = open(source, state).await?;
    let mut collections = opened.collections().await?;
    collections.sort_by(|a, b| a.path.cmp(&b.path));
    // All that was wanted is known.
    if let Err(error) = opened.close().await {
        tracing::info!("{}: {error}", source.name);
    }
    Ok(Seen {
        collections,
        facts: Vec::new(),
    })
}
