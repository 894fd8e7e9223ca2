//! What lies in a folder: one look through its directories, and when it was.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::ErrorKind as IoKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::keywords::{self, Keywords};
use super::name;
use crate::error::{Error, ErrorKind, Result};
use crate::local::files::at_path;
use crate::model::{Flags, Item, ItemId, ItemKind, Revision};

/// A directory changed this shortly before it was looked at may change again without another
/// modification time.
const RACY: Duration = Duration::from_secs(2);
/// Within this time of a change a rename may be going on, which a look through may miss.
const BUSY: Duration = Duration::from_millis(50);
/// Own changes that an index keeps from one batch to the next.
const OWN_LIMIT: usize = 4096;
/// How often a look through is repeated at most, while the directory changes under it.
const LOOKS: u8 = 10;

/// A modification time in nanoseconds since 1970.
type Time = i128;

/// The time of a file that is not there.
const MISSING: Time = -1;

/// The modification times of what a listing depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    cur: Time,
    new: Time,
    keywords: Time,
}

impl Stamp {
    /// The folder as it is now.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if it is no folder.
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let time = |part: &str| {
            let path = folder.join(part);
            match fs::metadata(&path) {
                Ok(meta) => Ok(i128::from(meta.mtime())
                    .saturating_mul(1_000_000_000)
                    .saturating_add(i128::from(meta.mtime_nsec()))),
                Err(error) if error.kind() == IoKind::NotFound => Ok(MISSING),
                Err(error) => Err(at_path(&path, error)),
            }
        };
        let stamp = Self {
            cur: time("cur")?,
            new: time("new")?,
            keywords: time(keywords::FILE)?,
        };
        if stamp.cur == MISSING {
            let why = format!("{} is no Maildir folder", folder.display());
            return Err(Error::new(ErrorKind::NotFound, why));
        }
        Ok(stamp)
    }

    fn latest(&self) -> Time {
        self.cur.max(self.new).max(self.keywords)
    }

    /// Whether something may change without another modification time being seen.
    pub(super) fn is_racy(&self, now: SystemTime) -> bool {
        self.changed_within(RACY, now)
    }

    /// Whether the last change is younger than `span`, or in the future.
    fn changed_within(&self, span: Duration, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let border = now.checked_sub(span).unwrap_or_default();
        self.latest() >= i128::try_from(border.as_nanos()).unwrap_or(0)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.cur, self.new, self.keywords)
    }
}

/// One file name in the arena.
#[derive(Debug, Clone, Copy)]
struct Slot {
    start: u32,
    len: u8,
    base: u8,
    in_new: bool,
    look: u8,
}

/// The file names of a folder, sorted by their unique parts; each unique part once.
#[derive(Debug, Default)]
pub(super) struct Names {
    text: String,
    slots: Vec<Slot>,
    /// Names that are not in UTF-8, as far as they can be printed.
    pub(super) odd: Vec<String>,
    /// A bit for each letter that a name bears as a keyword.
    letters: u32,
    pub(super) keywords: Keywords,
}

/// Where a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) in_new: bool,
    pub(super) name: String,
}

impl Place {
    /// The path within the folder.
    pub(super) fn relative(&self) -> String {
        relative(self.in_new, &self.name)
    }

    /// Unique part and info.
    pub(super) fn split(&self) -> (&str, &str) {
        name::split(&self.name)
    }
}

pub(super) fn relative(in_new: bool, name: &str) -> String {
    let part = if in_new { "new/" } else { "cur/" };
    [part, name].concat()
}

impl Names {
    /// Looks through a folder, again if it changed meanwhile: a message that is being renamed can
    /// escape one look, and absent would mean deleted.
    pub(super) fn read(folder: &Path) -> Result<(Self, Stamp)> {
        let first = Stamp::take(folder)?;
        let busy = first.changed_within(BUSY, SystemTime::now());
        let mut names = Self {
            keywords: Keywords::load(folder).map_err(|e| at_path(folder, e))?,
            ..Self::default()
        };
        let mut before = first;
        for look in 0..LOOKS {
            let known = names.len();
            names.look(folder, look)?;
            names.sort();
            let after = Stamp::take(folder)?;
            // Either nobody was at work, or looking again brought nothing new.
            let calm = after == before && (look > 0 || !busy);
            if calm || look > 0 && names.len() == known {
                break;
            }
            before = after;
        }
        Ok((names, first))
    }

    fn look(&mut self, folder: &Path, look: u8) -> Result<()> {
        self.odd.clear();
        // What moves from new to cur meanwhile is seen at least once.
        for (part, in_new) in [("new", true), ("cur", false)] {
            let path = folder.join(part);
            let entries = match fs::read_dir(&path) {
                Ok(entries) => entries,
                Err(error) if in_new && error.kind() == IoKind::NotFound => continue,
                Err(error) => return Err(at_path(&path, error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| at_path(&path, error))?;
                let name = entry.file_name();
                let bytes = name.as_encoded_bytes();
                if bytes.first() == Some(&b'.') || entry.file_type().is_ok_and(|t| t.is_dir()) {
                    continue;
                }
                match name.to_str() {
                    Some(name) => self.push(name, in_new, look)?,
                    None => self.odd.push(name.to_string_lossy().into_owned()),
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, name: &str, in_new: bool, look: u8) -> Result<()> {
        let (base, info) = name::split(name);
        for letter in name::letters(info).filter(u8::is_ascii_lowercase) {
            self.letters |= 1_u32
                .checked_shl(u32::from(letter.saturating_sub(b'a')))
                .unwrap_or(0);
        }
        let slot = (
            u32::try_from(self.text.len()),
            u8::try_from(name.len()),
            u8::try_from(base.len()),
        );
        let (Ok(start), Ok(len), Ok(base)) = slot else {
            let why = "the folder has too many files";
            return Err(Error::new(ErrorKind::TooLarge, why));
        };
        self.text.push_str(name);
        self.slots.push(Slot {
            start,
            len,
            base,
            in_new,
            look,
        });
        Ok(())
    }

    /// Sorts and keeps one file a unique part: the one seen last, in `cur` rather than `new`, with
    /// the greater info.
    fn sort(&mut self) {
        let mut slots = std::mem::take(&mut self.slots);
        slots.sort_unstable_by(|a, b| {
            let base = self.base(a).cmp(self.base(b));
            base.then(b.look.cmp(&a.look))
                .then(a.in_new.cmp(&b.in_new))
                .then_with(|| self.name(b).cmp(self.name(a)))
        });
        slots.dedup_by(|b, a| self.base(a) == self.base(b));
        slots.shrink_to_fit();
        self.slots = slots;
    }

    fn name(&self, slot: &Slot) -> &str {
        let start = usize::try_from(slot.start).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::from(slot.len));
        self.text.get(start..end).unwrap_or_default()
    }

    fn base(&self, slot: &Slot) -> &str {
        let name = self.name(slot);
        name.get(..usize::from(slot.base)).unwrap_or(name)
    }

    /// How many messages there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    fn find(&self, base: &str) -> Option<Place> {
        let at = self
            .slots
            .binary_search_by(|slot| self.base(slot).cmp(base));
        let slot = self.slots.get(at.ok()?)?;
        Some(Place {
            in_new: slot.in_new,
            name: self.name(slot).to_owned(),
        })
    }

    /// The messages from the `from`-th on, up to `count`.
    pub(super) fn items(&self, from: usize, count: usize) -> Vec<Item> {
        let end = from.saturating_add(count).min(self.slots.len());
        let slots = self.slots.get(from..end).unwrap_or_default();
        // Most neighbours have the same flags.
        let mut last: Option<(&str, Flags, Revision)> = None;
        let mut items = Vec::with_capacity(slots.len());
        for slot in slots {
            let (base, info) = name::split(self.name(slot));
            let (flags, revision) = match &last {
                Some((same, flags, revision)) if *same == info => (flags.clone(), revision.clone()),
                _ => {
                    let flags = name::flags(info, &self.keywords);
                    let revision = revision(&flags);
                    last = Some((info, flags.clone(), revision.clone()));
                    (flags, revision)
                }
            };
            let mut item = Item::new(base, ItemKind::Message, revision);
            item.flags = flags;
            item.size = name::content_size(base);
            items.push(item);
        }
        items
    }
}

/// The revision of a message with these flags.
pub(super) fn revision(flags: &Flags) -> Revision {
    Revision::new(flags.to_string())
}

/// A look through a folder, and what was done to it since by the same hands.
#[derive(Debug)]
pub(super) struct Index {
    names: Arc<Names>,
    /// Whether the look through belongs to the work in hand.
    fresh: bool,
    own: HashMap<String, Option<Place>>,
}

impl Index {
    pub(super) fn new(names: Arc<Names>) -> Self {
        Self {
            names,
            fresh: true,
            own: HashMap::new(),
        }
    }

    /// Looks through a folder.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        Names::read(folder).map(|(names, _)| Self::new(Arc::new(names)))
    }

    /// From now on it counts as out of date; nothing if it grew too large to keep.
    pub(super) fn keep(mut self) -> Option<Self> {
        self.fresh = false;
        (self.own.len() <= OWN_LIMIT).then_some(self)
    }

    /// Whether the look through belongs to the work in hand.
    pub(super) fn is_fresh(&self) -> bool {
        self.fresh
    }

    pub(super) fn find(&self, id: &ItemId) -> Option<Place> {
        match self.own.get(id.as_str()) {
            Some(own) => own.clone(),
            None => self.names.find(id.as_str()),
        }
    }

    pub(super) fn set(&mut self, id: &ItemId, place: Option<Place>) {
        self.own.insert(id.as_str().to_owned(), place);
    }

    /// A bit for each letter that a name bears as a keyword.
    pub(super) fn letters(&self) -> u32 {
        self.names.letters
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for part in ["cur", "new", "tmp"] {
            fs::create_dir(dir.path().join(part)).unwrap();
        }
        dir
    }

    fn put(dir: &tempfile::TempDir, name: &str) {
        fs::write(dir.path().join(name), "A: b\n\n").unwrap();
    }

    #[test]
    fn a_name_in_two_places_is_one_message() {
        let dir = folder();
        for name in [
            "new/1.a",
            "cur/1.a:2,S",
            "cur/1.a:2,FS",
            "cur/2.b:2,",
            "cur/.x",
            "new/3.c",
        ] {
            put(&dir, name);
        }
        fs::create_dir(dir.path().join("cur/sub")).unwrap();
        let (names, _) = Names::read(dir.path()).unwrap();
        assert_eq!(names.len(), 3);
        let place = names.find("1.a").unwrap();
        assert_eq!(place.relative(), "cur/1.a:2,S");
        let items = names.items(0, 9);
        assert_eq!(items[0].flags, Flags::parse("\\Seen"));
        assert_eq!(items[2].id.as_str(), "3.c");
    }

    #[test]
    fn a_name_that_is_no_text_is_told() {
        use std::os::unix::ffi::OsStrExt as _;
        let dir = folder();
        let name = std::ffi::OsStr::from_bytes(b"1.\xff:2,S");
        fs::write(dir.path().join("cur").join(name), "x").unwrap();
        let (names, _) = Names::read(dir.path()).unwrap();
        assert_eq!((names.len(), names.odd.len()), (0, 1));
    }

    #[test]
    fn young_directories_are_racy() {
        let stamp = |seconds: i128| Stamp {
            cur: seconds * 1_000_000_000,
            new: MISSING,
            keywords: MISSING,
        };
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        assert!(stamp(999).is_racy(now));
        assert!(stamp(5000).is_racy(now));
        assert!(!stamp(997).is_racy(now));
    }

    #[test]
    fn a_folder_from_1970_is_one() {
        let dir = folder();
        let cur = fs::File::open(dir.path().join("cur")).unwrap();
        cur.set_modified(UNIX_EPOCH).unwrap();
        assert!(Stamp::take(dir.path()).is_ok());
        assert!(Stamp::take(&dir.path().join("cur")).is_err());
    }

    #[test]
    fn what_is_renamed_all_the_time_is_never_absent() {
        use std::sync::atomic::{AtomicBool, Ordering};
        // So many that the directory is read in several pieces.
        const FILES: usize = 2000;
        let dir = folder();
        for i in 0..FILES {
            put(&dir, &format!("cur/{i}.a:2,"));
        }
        let stop = Arc::new(AtomicBool::new(false));
        let (path, over) = (dir.path().join("cur"), Arc::clone(&stop));
        let other = std::thread::spawn(move || {
            let mut seen = false;
            while !over.load(Ordering::Relaxed) {
                for i in 0..FILES {
                    let name = |seen| path.join(format!("{i}.a:2,{}", if seen { "S" } else { "" }));
                    fs::rename(name(seen), name(!seen)).unwrap();
                }
                seen = !seen;
            }
        });
        let counts: Vec<usize> = (0..6)
            .map(|_| Names::read(dir.path()).unwrap().0.len())
            .collect();
        stop.store(true, Ordering::Relaxed);
        other.join().unwrap();
        assert!(counts.iter().all(|n| *n == FILES), "{counts:?}");
    }
}
