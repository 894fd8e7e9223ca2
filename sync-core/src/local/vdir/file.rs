//! One file: reading it whole, and changing it only if it is still what somebody saw.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind as IoKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tempfile::NamedTempFile;

use super::look::{Stamp, stamp};
use crate::error::{Error, ErrorKind, Result};
use crate::local::files::{at_path, rename_new};
use crate::model::{Body, Revision};

/// The largest file that counts as an item, in bytes.
pub(super) const LIMIT: u64 = 16 << 20;
/// How often a file is read again that is being written.
const TRIES: u8 = 5;
/// Hidden from everybody who lists a vdir.
const PREFIX: &str = ".bridge-";
const SUFFIX: &str = ".tmp";
/// What was left behind for so long was abandoned.
const ABANDONED: Duration = Duration::from_secs(36 * 3600);

/// Whether a file was what somebody saw.
pub(super) enum Met<T> {
    /// It was, and this came of it.
    Done(T),
    /// It is something else now, and was not touched.
    Stale,
    /// It is not there.
    Gone,
}

/// The content of a file with its state; `None` if it is not there.
///
/// # Errors
/// It cannot be read, is too large, or is being written all the time; none of this concerns
/// another file.
pub(super) fn read(path: &Path) -> io::Result<Option<(Stamp, Bytes)>> {
    for _ in 0..TRIES {
        let mut options = OpenOptions::new();
        // A pipe must not make us wait.
        let nonblock = rustix::fs::OFlags::NONBLOCK.bits();
        options.custom_flags(i32::try_from(nonblock).unwrap_or(0));
        let mut file = match options.read(true).open(path) {
            // A link that leads nowhere is there all the same.
            Err(error) if error.kind() == IoKind::NotFound && !path.is_symlink() => {
                return Ok(None);
            }
            other => other?,
        };
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::new(IoKind::InvalidInput, "it is no file"));
        }
        let before = Stamp::of(&meta);
        if before.size > LIMIT {
            let why = format!("it has {} bytes, the limit is {LIMIT}", before.size);
            return Err(io::Error::new(IoKind::FileTooLarge, why));
        }
        let mut content = Vec::with_capacity(usize::try_from(before.size).unwrap_or(0));
        (&mut file).take(LIMIT).read_to_end(&mut content)?;
        // Not everybody writes beside and renames.
        if Stamp::of(&file.metadata()?) == before {
            return Ok(Some((before, content.into())));
        }
    }
    let why = "another program writes to it all the time";
    Err(io::Error::new(IoKind::WouldBlock, why))
}

/// Writes a content beside the files of a folder. It goes away unless it is put in its place.
pub(super) fn stage(folder: &Path, body: &Body, like: Option<&Path>) -> Result<NamedTempFile> {
    let staged = hidden(folder).and_then(|mut file| {
        if let Some(meta) = like.and_then(|path| fs::metadata(path).ok()) {
            file.as_file().set_permissions(meta.permissions())?;
        }
        for chunk in body.chunks() {
            file.write_all(&chunk?)?;
        }
        Ok(file)
    });
    staged.map_err(|error| at_path(folder, error))
}

fn hidden(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX).tempfile_in(folder)
}

/// The state of a staged file, which stays when it is put in its place.
pub(super) fn staged_stamp(staged: &NamedTempFile) -> io::Result<Stamp> {
    Ok(Stamp::of(&staged.as_file().metadata()?))
}

/// Puts a staged file in the place of one that is as the plan saw it.
///
/// Both change places at once, and if the other one turns out to have been changed a moment
/// before, they change back.
pub(super) fn replace(path: &Path, guard: &Revision, staged: NamedTempFile) -> Result<Met<Stamp>> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    if let Some(met) = look(path, guard)? {
        return Ok(met);
    }
    let new = staged_stamp(&staged).map_err(|error| at_path(path, error))?;
    let exchange = || renameat_with(CWD, staged.path(), CWD, path, RenameFlags::EXCHANGE);
    match exchange() {
        Ok(()) => {}
        Err(Errno::NOENT) => return Ok(Met::Gone),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            let placed = staged.persist(path);
            placed.map_err(|error| at_path(path, error.error))?;
            return Ok(Met::Done(new));
        }
        Err(error) => return Err(at_path(path, error.into())),
    }
    if stamp(staged.path())?.is_some_and(|old| old.revision() == *guard) {
        return Ok(Met::Done(new));
    }
    exchange().map_err(|error| at_path(path, error.into()))?;
    Ok(Met::Stale)
}

/// Removes a file that is as the plan saw it.
pub(super) fn remove(path: &Path, guard: &Revision) -> Result<Met<()>> {
    if let Some(met) = look(path, guard)? {
        return Ok(met);
    }
    let folder = path.parent().unwrap_or(path);
    // Out of sight first: a change that came a moment before can be put back.
    let aside = hidden(folder).map_err(|error| at_path(folder, error))?;
    match fs::rename(path, aside.path()) {
        Err(error) if error.kind() == IoKind::NotFound => return Ok(Met::Gone),
        other => other.map_err(|error| at_path(path, error))?,
    }
    if stamp(aside.path())?.is_some_and(|old| old.revision() == *guard) {
        return Ok(Met::Done(()));
    }
    match rename_new(aside.path(), path) {
        // Whoever was faster wrote once more meanwhile.
        Err(error) if error.kind() == IoKind::AlreadyExists => {}
        other => other.map_err(|error| at_path(path, error))?,
    }
    Ok(Met::Stale)
}

/// Moves a file that is as the plan saw it to where nothing is.
pub(super) fn relocate(from: &Path, guard: &Revision, to: &Path) -> io::Result<Met<()>> {
    match look(from, guard) {
        Ok(None) => {}
        Ok(Some(met)) => return Ok(met),
        Err(error) => return Err(io::Error::other(error)),
    }
    match rename_new(from, to) {
        // The other end may be what is missing.
        Err(error) if error.kind() == IoKind::NotFound && !from.exists() => return Ok(Met::Gone),
        other => other?,
    }
    let moved = stamp(to).map_err(io::Error::other)?;
    if moved.is_some_and(|moved| moved.revision() == *guard) {
        return Ok(Met::Done(()));
    }
    rename_new(to, from)?;
    Ok(Met::Stale)
}

/// Why a file cannot be written, if it is not as the plan saw it.
fn look<T>(path: &Path, guard: &Revision) -> Result<Option<Met<T>>> {
    Ok(match stamp(path)? {
        None => Some(Met::Gone),
        Some(now) if now.revision() != *guard => Some(Met::Stale),
        Some(_) => None,
    })
}

/// Removes what a run that was cut short left behind.
pub(super) fn tidy(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let old = SystemTime::now().checked_sub(ABANDONED);
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        let written = entry.metadata().and_then(|meta| meta.modified()).ok();
        if ours && written.is_some_and(|written| old.is_some_and(|old| written < old)) {
            // It does no harm if it cannot be removed.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| at_path(folder, error))
}

/// An error that concerns one file.
pub(super) fn item_error(name: &str, why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Item, why).at_item(&name.into())
}
