//! `bridge.toml`.

mod error;
mod parse;
mod secret;
mod source;
mod sync;
mod units;
mod url;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use toml::de::DeTable;

pub(crate) use error::ConfigErrors;
use parse::{Document, Section};
pub(crate) use secret::{Login, Refresh, SecretSource};
pub(crate) use source::{MailServer, MaildirLayout, Settings, SourceConfig, SourceType, WebServer};
pub(crate) use sync::{History, SyncConfig, max_deletes};

/// The config that `bridge init` writes.
pub(crate) const TEMPLATE: &str = include_str!("template.toml");

/// A config without mistakes.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file as it was named.
    pub(crate) file: PathBuf,
    /// The state database.
    pub(crate) state: PathBuf,
    /// In the order of the file.
    pub(crate) sources: Vec<SourceConfig>,
    /// In the order of the file; their sources exist.
    pub(crate) syncs: Vec<SyncConfig>,
}

impl Config {
    /// Reads the file; `built` says which types this build has.
    pub(crate) fn load(file: &Path, built: &[SourceType]) -> Result<Self, ConfigErrors> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| ConfigErrors::unreadable(file, &error))?;
        Self::parse(file, text, built)
    }

    fn parse(file: &Path, text: String, built: &[SourceType]) -> Result<Self, ConfigErrors> {
        let doc = Document::new(file, text);
        let config = read(&doc, file, built);
        match doc.errors() {
            Some(errors) => Err(errors),
            None => Ok(config),
        }
    }

    /// The source of this name.
    pub(crate) fn source(&self, name: &str) -> Option<&SourceConfig> {
        self.sources.iter().find(|source| source.name == name)
    }
}

fn read(doc: &Document, file: &Path, built: &[SourceType]) -> Config {
    let mut config = Config {
        file: file.to_owned(),
        state: doc.path("state.db"),
        sources: Vec::new(),
        syncs: Vec::new(),
    };
    let (table, errors) = DeTable::parse_recoverable(doc.text());
    // The first one; the others are most often its consequences.
    if let Some(error) = errors.first() {
        let span = error.span().unwrap_or(0..0);
        doc.problem(&span, format!("this is not TOML: {}", error.message()));
        return config;
    }
    let root = Section::root(doc, table.get_ref());
    if let Some(state) = root.path("state") {
        config.state = state.value;
    }
    let ca = root.path("tls_ca").map(|field| field.value);
    let history = History::default().read(&root);
    let sources = root.sections("source");
    let syncs = root.sections("sync");
    root.finish();
    let names: Vec<String> = sources.iter().map(|(name, _)| name.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (name, section) in sources {
        let Some(source) = SourceConfig::read(name, section, ca.as_ref()) else {
            continue;
        };
        let kind = source.settings.kind();
        if !built.contains(&kind) {
            let words: Vec<_> = built.iter().map(ToString::to_string).collect();
            let help = vec![format!("it has {}", words.join(", "))];
            let message = format!("this build of bridge has no `{kind}`");
            doc.problem_help(&source.span, message, help);
        }
        config.sources.push(source);
    }
    for (name, section) in syncs {
        config.syncs.extend(SyncConfig::read(
            name,
            section,
            &names,
            &config.sources,
            history,
        ));
    }
    config
}
