//! What lies in a folder: one look at its names and at when each file was last written.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, Metadata};
use std::hash::{Hash as _, Hasher as _};
use std::io::ErrorKind as IoKind;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::content::kinds_of_name;
use crate::error::{Error, ErrorKind, Result};
use crate::local::files::at_path;
use crate::model::Revision;

/// Within this time of a change a rename may be going on, which a look may miss.
const BUSY: Duration = Duration::from_millis(50);
/// How often a look is repeated at most, while the folder changes under it.
const LOOKS: u8 = 10;
/// How many groups the files of a folder are in.
const BUCKETS: usize = 256;

/// A modification time in nanoseconds since 1970.
pub(super) type Time = i128;

/// Tells one state of a file from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    time: Time,
    pub(super) size: u64,
}

impl Stamp {
    pub(super) fn of(meta: &Metadata) -> Self {
        Self {
            inode: meta.ino(),
            time: time_of(meta),
            size: meta.len(),
        }
    }

    pub(super) fn revision(&self) -> Revision {
        Revision::new(format!("{}.{}.{}", self.inode, self.time, self.size))
    }
}

fn time_of(meta: &Metadata) -> Time {
    i128::from(meta.mtime())
        .saturating_mul(1_000_000_000)
        .saturating_add(i128::from(meta.mtime_nsec()))
}

/// When names in a folder last changed.
///
/// # Errors
/// [`ErrorKind::NotFound`] if there is no such folder.
pub(super) fn folder_time(folder: &Path) -> Result<Time> {
    match fs::metadata(folder) {
        Ok(meta) if meta.is_dir() => Ok(time_of(&meta)),
        Err(error) if error.kind() != IoKind::NotFound => Err(at_path(folder, error)),
        _ => {
            let why = format!("{} is no folder", folder.display());
            Err(Error::new(ErrorKind::NotFound, why))
        }
    }
}

/// The state of a whole folder in a few bytes: the files are in groups by their names, and each
/// group has the sum of what tells its files' states. What is added and taken away can be reckoned
/// without looking at the others, and a sum that differs says in which few files to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sums(Vec<u64>);

impl Sums {
    fn new() -> Self {
        Self(vec![0; BUCKETS])
    }

    pub(super) fn add(&mut self, name: &str, revision: &Revision) {
        if let Some(sum) = self.0.get_mut(bucket(name)) {
            *sum = sum.wrapping_add(term(name, revision));
        }
    }

    pub(super) fn remove(&mut self, name: &str, revision: &Revision) {
        if let Some(sum) = self.0.get_mut(bucket(name)) {
            *sum = sum.wrapping_sub(term(name, revision));
        }
    }

    /// Whether the file of this name is surely as it was.
    pub(super) fn agree_on(&self, other: &Self, name: &str) -> bool {
        let at = bucket(name);
        self.0.get(at) == other.0.get(at)
    }

    pub(super) fn to_text(&self) -> String {
        let bytes: Vec<u8> = self.0.iter().flat_map(|sum| sum.to_be_bytes()).collect();
        STANDARD_NO_PAD.encode(bytes)
    }

    pub(super) fn from_text(text: &str) -> Option<Self> {
        let bytes = STANDARD_NO_PAD.decode(text).ok()?;
        let (sums, rest) = bytes.as_chunks::<8>();
        let whole = rest.is_empty() && sums.len() == BUCKETS;
        whole.then(|| Self(sums.iter().map(|sum| u64::from_be_bytes(*sum)).collect()))
    }
}

// Another hasher in a later release means one complete listing and nothing worse.
fn bucket(name: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    usize::try_from(hasher.finish() % BUCKETS as u64).unwrap_or(0)
}

fn term(name: &str, revision: &Revision) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, revision.as_str()).hash(&mut hasher);
    hasher.finish()
}

/// One look through a folder.
#[derive(Debug)]
pub(super) struct Look {
    /// The names of the items' files, sorted.
    pub(super) names: Vec<Box<str>>,
    /// Names that are not in UTF-8, as far as they can be printed.
    pub(super) odd: Vec<String>,
    pub(super) sums: Sums,
    pub(super) time: Time,
}

impl Look {
    /// Looks through a folder, again if it changed meanwhile: a file that is being replaced can
    /// escape one look, and absent would mean deleted.
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let time = folder_time(folder)?;
        let (mut names, mut odd) = (Vec::new(), Vec::new());
        let mut before = time;
        for look in 0..LOOKS {
            odd.clear();
            read_names(folder, &mut names, &mut odd)?;
            let after = folder_time(folder)?;
            if after == before && (look > 0 || !is_recent(after)) {
                break;
            }
            before = after;
        }
        let mut sums = Sums::new();
        let mut failed = None;
        // Whatever a look saw or missed, what counts is whether the file is there now.
        names.retain(|name| match stamp(&folder.join(&**name)) {
            Ok(Some(stamp)) => {
                sums.add(name, &stamp.revision());
                true
            }
            Ok(None) => false,
            Err(error) => {
                failed = Some(error);
                true
            }
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(Self {
                names,
                odd,
                sums,
                time,
            }),
        }
    }
}

fn read_names(folder: &Path, names: &mut Vec<Box<str>>, odd: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|error| at_path(folder, error))? {
        let name = entry.map_err(|error| at_path(folder, error))?.file_name();
        if kinds_of_name(name.as_bytes()).is_empty() {
            continue;
        }
        match name.to_str() {
            Some(name) => names.push(name.into()),
            None => odd.push(name.to_string_lossy().into_owned()),
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(())
}

/// The state of a file; `None` if there is none of this name.
pub(super) fn stamp(path: &Path) -> Result<Option<Stamp>> {
    // A link that leads nowhere today is still an item: one that cannot be read.
    let meta = fs::metadata(path).or_else(|_| fs::symlink_metadata(path));
    match meta {
        Ok(meta) => Ok((!meta.is_dir()).then(|| Stamp::of(&meta))),
        Err(error) if error.kind() == IoKind::NotFound => Ok(None),
        Err(error) => Err(at_path(path, error)),
    }
}

/// Whether a time is hardly past.
fn is_recent(time: Time) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let border = now.unwrap_or_default().checked_sub(BUSY);
    time >= i128::try_from(border.unwrap_or_default().as_nanos()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn sums_follow_what_is_added_and_taken_away() {
        let revision = |n: u8| Revision::new(n.to_string());
        let mut sums = Sums::new();
        for n in 0..100 {
            sums.add(&format!("{n}.ics"), &revision(n));
        }
        let before = sums.clone();
        sums.remove("7.ics", &revision(7));
        sums.add("7.ics", &revision(8));
        sums.add("new.ics", &revision(1));
        assert!(!sums.agree_on(&before, "7.ics"));
        let dirty = (0..100).filter(|n| !sums.agree_on(&before, &format!("{n}.ics")));
        assert!((1..10).contains(&dirty.count()));
        sums.remove("new.ics", &revision(1));
        sums.remove("7.ics", &revision(8));
        sums.add("7.ics", &revision(7));
        assert_eq!(sums, before);
        assert_eq!(Sums::from_text(&sums.to_text()), Some(sums));
        assert_eq!(Sums::from_text("AAAA"), None);
        assert_eq!(Sums::from_text("nonsense!"), None);
    }

    #[test]
    fn what_is_replaced_all_the_time_is_never_absent() {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicBool, Ordering};
        // So many that the directory is read in several pieces.
        const FILES: usize = 2000;
        let dir = tempfile::tempdir().unwrap();
        let path = |i: usize| dir.path().join(format!("{i}.ics"));
        (0..FILES).for_each(|i| fs::write(path(i), "x").unwrap());
        let stop = Arc::new(AtomicBool::new(false));
        let (folder, over) = (dir.path().to_owned(), Arc::clone(&stop));
        let other = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                for i in 0..FILES {
                    fs::write(folder.join("x.tmp"), "y").unwrap();
                    fs::rename(folder.join("x.tmp"), folder.join(format!("{i}.ics"))).unwrap();
                }
            }
        });
        let counts: Vec<usize> = (0..6)
            .map(|_| Look::take(dir.path()).unwrap().names.len())
            .collect();
        stop.store(true, Ordering::Relaxed);
        other.join().unwrap();
        assert!(counts.iter().all(|n| *n == FILES), "{counts:?}");
    }
}
