//! [`State`] in one SQLite file.

mod history;
mod journal;
mod links;
mod many;
mod observations;
mod pairs;
mod row;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{State, schema};
use crate::error::{Error, ErrorKind, Result};

/// The state in one SQLite file with SQLite's own companions beside it, or in memory.
///
/// The file is locked while it is open: two engines on one state do not run at once.
pub struct SqliteState {
    db: Connection,
    depth: u32,
    fault: Option<Fault>,
    /// Holds the lock; declared last, since closing it first would drop SQLite's own locks.
    _lock: Option<File>,
}

/// Asked at each commit, before (`false`) and after (`true`) it: an error simulates a crash there.
pub type Fault = Box<dyn FnMut(bool) -> Result<()> + Send>;

impl SqliteState {
    /// Opens the state in this file and creates it if there is none.
    ///
    /// # Errors
    /// [`ErrorKind::State`]: the file is no state, is damaged, was written by a newer version, or is
    /// in use by another process. It is left as it is.
    pub fn open(path: &Path) -> Result<Self> {
        let lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|e| refused(path, "cannot be opened").caused_by(e))?;
        if lock.try_lock().is_err() {
            return Err(refused(path, "is in use by another process"));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut journal = path.as_os_str().to_owned();
        journal.push("-journal");
        if Path::new(&journal).exists() {
            // A state is made with a journal of this kind and has none later: it was cut short
            // then, and who may only read cannot take that back.
            let failed = |e| refused(path, "cannot be read").caused_by(e);
            let db = Connection::open_with_flags(path, flags).map_err(failed)?;
            db.query_row("PRAGMA schema_version", [], |_| Ok(()))
                .map_err(failed)?;
        }
        let fresh = lock.metadata().map_err(Error::from)?.len() == 0;
        if !fresh {
            examine(path)?;
        }
        let db = Connection::open_with_flags(path, flags)
            .map_err(|e| refused(path, "cannot be opened").caused_by(e))?;
        Self::prepare(db, Some(lock)).map_err(|e| refused(path, "is damaged").caused_by(e))
    }

    /// Opens the state in this file to look at it, also while an engine uses it.
    ///
    /// # Errors
    /// [`ErrorKind::State`]: there is none, or it is damaged or of another version.
    pub fn open_read_only(path: &Path) -> Result<Self> {
        let failed = |e| refused(path, "cannot be read").caused_by(e);
        examine(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(failed)?;
        db.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
        let version = db.query_row("PRAGMA user_version", [], |r| r.get::<_, i64>(0));
        if version.map_err(failed)? != schema::VERSION {
            return Err(refused(
                path,
                "is of an older version; the next run brings it up to date",
            ));
        }
        Ok(Self {
            db,
            depth: 0,
            fault: None,
            _lock: None,
        })
    }

    /// A state that is gone when it is dropped.
    ///
    /// # Errors
    /// SQLite has no memory.
    pub fn in_memory() -> Result<Self> {
        Self::prepare(Connection::open_in_memory()?, None).map_err(Error::from)
    }

    fn prepare(mut db: Connection, lock: Option<File>) -> rusqlite::Result<Self> {
        db.busy_timeout(Duration::from_secs(5))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // A commit lost in a power cut is a state that is older than the world: promise 9.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        db.pragma_update(None, "temp_store", "FILE")?;
        db.pragma_update(None, "cache_size", -2048)?;
        db.set_prepared_statement_cache_capacity(64);
        let version: i64 = db.query_row("PRAGMA user_version", [], |r| r.get(0))?;
        if version < schema::VERSION {
            schema::migrate(&mut db, version)?;
        }
        db.execute_batch(
            "CREATE TEMP TABLE met (link INTEGER PRIMARY KEY);
             CREATE TEMP TABLE listed (item TEXT PRIMARY KEY) WITHOUT ROWID;",
        )?;
        Ok(Self {
            db,
            depth: 0,
            fault: None,
            _lock: lock,
        })
    }

    /// Lets a test crash the engine at a commit.
    pub fn set_fault(&mut self, fault: Option<Fault>) {
        self.fault = fault;
    }

    fn ask_fault(&mut self, after: bool) -> Result<()> {
        self.fault.as_mut().map_or(Ok(()), |fault| fault(after))
    }
}

/// Files up to this size are checked as a whole at each start; larger ones only after a crash, so
/// that a run without changes does not cost more the more it knows.
const CHECKED: u64 = 4 << 20;

/// Refuses what is no state of ours, without changing a byte of it.
fn examine(path: &Path) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)
        .map_err(|e| refused(path, "cannot be opened").caused_by(e))?;
    let number = |pragma: &str| -> Result<i64> {
        db.query_row(&format!("PRAGMA {pragma}"), [], |r| r.get(0))
            .map_err(|e| refused(path, "is damaged or no state database").caused_by(e))
    };
    let application = number("application_id")?;
    let version = number("user_version")?;
    if application != schema::APPLICATION_ID {
        let tables = "SELECT count(*) FROM sqlite_schema";
        let unused = db
            .query_row(tables, [], |r| r.get(0))
            .is_ok_and(|tables: i64| tables == 0);
        // Killed between the making of the file and that of its tables.
        if unused && application == 0 && version == 0 {
            return Ok(());
        }
        return Err(refused(path, "is no state database"));
    }
    if version > schema::VERSION {
        return Err(refused(
            path,
            "was written by a newer version of this program",
        ));
    }
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let crashed = std::fs::metadata(log).is_ok_and(|m| m.len() > 0);
    let small = std::fs::metadata(path).is_ok_and(|m| m.len() <= CHECKED);
    if !crashed && !small {
        return Ok(());
    }
    let check: String = db
        .query_row("PRAGMA quick_check(1)", [], |r| r.get(0))
        .map_err(|e| refused(path, "is damaged").caused_by(e))?;
    if check != "ok" {
        return Err(refused(path, "is damaged"));
    }
    Ok(())
}

fn refused(path: &Path, what: &str) -> Error {
    Error::new(
        ErrorKind::State,
        format!("the state {} {what}", path.display()),
    )
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(
            ErrorKind::State,
            format!("the state database failed: {error}"),
        )
        .caused_by(error)
    }
}

impl State for SqliteState {
    fn begin(&mut self) -> Result<()> {
        if self.depth == 0 {
            self.db.execute_batch("BEGIN IMMEDIATE")?;
        }
        self.depth += 1;
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0 {
            return Ok(());
        }
        if let Err(crash) = self.ask_fault(false) {
            self.db.execute_batch("ROLLBACK")?;
            return Err(crash);
        }
        self.db.execute_batch("COMMIT")?;
        self.ask_fault(true)
    }

    fn rollback(&mut self) {
        self.depth = 0;
        // Outside a transaction this fails, and there is nothing to undo.
        let _ = self.db.execute_batch("ROLLBACK");
    }
}

impl std::fmt::Debug for SqliteState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteState").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_file_that_was_killed_before_it_had_tables_is_a_fresh_state() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.db");
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "journal_mode", "WAL").unwrap();
        drop(db);
        assert!(std::fs::metadata(&path).unwrap().len() > 0);
        drop(SqliteState::open(&path).unwrap());
        SqliteState::open(&path).unwrap();
    }

    #[test]
    fn another_database_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.db");
        let db = Connection::open(&path).unwrap();
        db.execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
        drop(db);
        let before = std::fs::read(&path).unwrap();
        let error = SqliteState::open(&path).unwrap_err();
        assert!(error.message().ends_with("is no state database"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}
