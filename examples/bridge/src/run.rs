//! From a config to runs of the engine.

use std::collections::BTreeMap;
use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sync_core::Source;
use sync_core::engine::{Engine, Mode, Observer, Report, Undone};
use sync_core::error::{Error, ErrorKind, Result};
use sync_core::model::{Both, CollectionId, CollectionPath};
use sync_core::reconcile::{MaxDeletes, Rules, Selection};
use sync_core::state::{HistoryLimits, SqliteState};

use crate::config::{Config, SyncConfig};
use crate::failure::Failure;
use crate::output::human::compact_time;
use crate::registry;

/// One `[sync.NAME]` with its sources at hand.
pub(crate) struct Job<'c> {
    pub(crate) sync: &'c SyncConfig,
    engine: Engine,
    left: Box<dyn Source>,
    right: Box<dyn Source>,
}

/// The `[sync.NAME]` that the command line names; without a name all of them.
pub(crate) fn select<'c>(
    config: &'c Config,
    names: &[String],
) -> Result<Vec<&'c SyncConfig>, Failure> {
    let known: Vec<_> = config.syncs.iter().map(|sync| sync.name.as_str()).collect();
    if known.is_empty() {
        let file = config.file.display();
        return Err(Failure::Usage(format!("{file} has no [sync.NAME]")));
    }
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let known = known.join(", ");
        return Err(Failure::Usage(format!(
            "there is no [sync.{name}]; there are: {known}"
        )));
    }
    let chosen = |sync: &&SyncConfig| names.is_empty() || names.contains(&sync.name);
    Ok(config.syncs.iter().filter(chosen).collect())
}

/// The rules of a `[sync.NAME]`; the command line may lift the guard.
pub(crate) fn rules(sync: &SyncConfig, max_deletes: Option<MaxDeletes>) -> Rules {
    let map: BTreeMap<_, _> = sync
        .map
        .iter()
        .map(|(left, right)| (CollectionPath::parse(left), CollectionPath::parse(right)))
        .collect();
    Rules {
        direction: sync.direction,
        collections: Selection::new(sync.collections.iter().map(|glob| &glob.value)),
        map,
        conflict: sync.conflict,
        deletes: sync.deletes,
        max_deletes: max_deletes.unwrap_or(sync.max_deletes),
        leave: sync.leave,
    }
}

fn history(sync: &SyncConfig) -> HistoryLimits {
    let default = HistoryLimits::default();
    HistoryLimits {
        age: sync.history.keep.map_or(default.age, |keep| {
            i64::try_from(keep.as_secs()).unwrap_or(i64::MAX)
        }),
        bytes: sync.history.size.unwrap_or(default.bytes),
    }
}

impl<'c> Job<'c> {
    /// Makes the sources; nothing is logged in to yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if a file that the config names cannot be used; a server that has to be
    /// found and is not.
    pub(crate) async fn new(
        config: &'c Config,
        sync: &'c SyncConfig,
        max_deletes: Option<MaxDeletes>,
    ) -> Result<Self> {
        let open = async |name: &'c str| {
            let source = config.source(name).ok_or_else(|| {
                Error::new(ErrorKind::Config, format!("there is no [source.{name}]"))
            })?;
            let opened = registry::open(source, &config.state).await;
            opened.map_err(|error| error.on_side(name))
        };
        Ok(Self {
            sync,
            engine: Engine::new(&sync.name, rules(sync, max_deletes)).keep_history(history(sync)),
            left: open(&sync.left.value).await?,
            right: open(&sync.right.value).await?,
        })
    }

    /// Brings both sides in step, or says what that would take.
    pub(crate) async fn run(
        &mut self,
        state: &mut SqliteState,
        mode: Mode,
        observer: &dyn Observer,
    ) -> Result<Report> {
        let (left, right): (&mut dyn Source, &mut dyn Source) = (&mut *self.left, &mut *self.right);
        let sources = Both::new(left, right);
        self.engine.run(sources, state, mode, observer).await
    }

    /// Brings back what these entries of the history lost.
    pub(crate) async fn undo(
        &mut self,
        state: &mut SqliteState,
        entries: &[i64],
    ) -> Result<Vec<Undone>> {
        let (left, right): (&mut dyn Source, &mut dyn Source) = (&mut *self.left, &mut *self.right);
        let sources = Both::new(left, right);
        self.engine.undo(sources, state, entries).await
    }

    /// Returns when something may have changed in one of these collections, or after `timeout`.
    pub(crate) async fn watch(
        &mut self,
        collections: &Both<Vec<CollectionId>>,
        timeout: Duration,
    ) -> Result<()> {
        let names = [&self.sync.left.value, &self.sync.right.value];
        tokio::select! {
            seen = self.left.watch(&collections.left, timeout) => {
                seen.map_err(|error| error.on_side(names[0]))
            }
            seen = self.right.watch(&collections.right, timeout) => {
                seen.map_err(|error| error.on_side(names[1]))
            }
        }
        .map(drop)
    }

    /// Says goodbye to both sides.
    pub(crate) async fn close(mut self) {
        for side in [&mut self.left, &mut self.right] {
            // What was written is in the report; a goodbye that is not heard changes nothing.
            if let Err(error) = side.close().await {
                tracing::info!("{error}");
            }
        }
    }
}

/// The state for a command that writes.
///
/// # Errors
/// It is damaged, of a newer version or in use: it is left as it is.
pub(crate) fn open_state(path: &Path) -> Result<SqliteState> {
    SqliteState::open(path)
}

/// The state for a command that only reads, also while another bridge writes: `None` if there is
/// none yet.
///
/// # Errors
/// It is damaged or of a newer version: it is left as it is.
pub(crate) fn read_state(path: &Path) -> Result<Option<SqliteState>> {
    if_there(path, SqliteState::open_read_only)
}

/// The state for a command that makes none: `None` if there is none yet.
///
/// # Errors
/// It is damaged, of a newer version or in use: it is left as it is.
pub(crate) fn existing_state(path: &Path) -> Result<Option<SqliteState>> {
    if_there(path, SqliteState::open)
}

fn if_there(
    path: &Path,
    open: impl FnOnce(&Path) -> Result<SqliteState>,
) -> Result<Option<SqliteState>> {
    match std::fs::metadata(path) {
        Ok(_) => open(path).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let message = format!("the state {} cannot be read: {error}", path.display());
            Err(Error::new(ErrorKind::State, message).caused_by(error))
        }
    }
}

/// Puts the state with its companions aside, and says under which name; `None` if there is none.
///
/// # Errors
/// It is in use, or cannot be renamed.
pub(crate) fn set_aside(path: &Path, now: SystemTime) -> Result<Option<PathBuf>> {
    let failed = |error: std::io::Error| {
        let message = format!("the state {} cannot be set aside: {error}", path.display());
        Error::new(ErrorKind::State, message).caused_by(error)
    };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        let message = format!("the state {} is in use by another process", path.display());
        return Err(Error::new(ErrorKind::State, message));
    }
    let stamp = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let stamp = compact_time(i64::try_from(stamp).unwrap_or(i64::MAX));
    let mut aside = with_suffix(path, &format!(".{stamp}.old"));
    let mut number = 1_u32;
    while aside.exists() {
        number = number.saturating_add(1);
        aside = with_suffix(path, &format!(".{stamp}-{number}.old"));
    }
    // The companions first: a crash in between leaves a main file that is still found.
    for companion in ["-wal", "-shm", "-journal"] {
        match std::fs::rename(with_suffix(path, companion), with_suffix(&aside, companion)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
    }
    std::fs::rename(path, &aside).map_err(failed)?;
    Ok(Some(aside))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_state_is_set_aside_with_its_companions() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.db");
        let now = UNIX_EPOCH + Duration::from_secs(951_782_400);
        assert_eq!(set_aside(&path, now).unwrap(), None);
        for round in ["20000229T000000Z", "20000229T000000Z-2"] {
            std::fs::write(&path, "db").unwrap();
            std::fs::write(dir.path().join("state.db-wal"), "wal").unwrap();
            let aside = dir.path().join(format!("state.db.{round}.old"));
            assert_eq!(set_aside(&path, now).unwrap(), Some(aside.clone()));
            assert!(!path.exists() && aside.exists());
            assert!(!dir.path().join("state.db-wal").exists());
            assert!(with_suffix(&aside, "-wal").exists());
        }
    }

    #[test]
    fn a_state_in_use_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.db");
        let _state = open_state(&path).unwrap();
        let error = set_aside(&path, SystemTime::now()).unwrap_err();
        assert!(
            error.message().ends_with("is in use by another process"),
            "{error}"
        );
        assert!(path.exists());
    }
}
