//! Work on one folder: finding, reading, delivering, renaming.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind as IoKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, renameat, syncfs, unlinkat};

use super::content;
use super::keywords::Keywords;
use super::name;
use super::scan::{self, Index, Place};
use crate::error::{Error, ErrorKind, Result};
use crate::local::files::{at_path, rename_new};
use crate::local::header;
use crate::model::{CollectionId, Flags, Item, ItemId, ItemKind, Keyword, NewItem, Timestamp};
use crate::source::Depth;

/// How often an item that is renamed at the same time is looked for.
const TRIES: u8 = 5;
/// What lies in `tmp` for so long was abandoned.
const ABANDONED: Duration = Duration::from_secs(36 * 3600);

/// One folder while work is done on it.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) keywords: Keywords,
    index: Option<Index>,
    fsync: bool,
    /// The directory itself, once something is delivered: a short way to what lies in it.
    directory: Option<Rc<OwnedFd>>,
}

/// A message written to `tmp`; removed unless it is put in its place.
pub(super) struct Staged {
    folder: Rc<OwnedFd>,
    /// Within the folder.
    path: String,
    base: String,
    placed: bool,
}

impl Staged {
    /// Makes it durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        let file = openat(
            &*self.folder,
            &self.path,
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        File::from(file).sync_all()
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.placed {
            // What stays is removed as abandoned one day.
            let _ = unlinkat(&*self.folder, &self.path, AtFlags::empty());
        }
    }
}

impl Folder {
    /// Begins work, with an index kept from earlier work if there is one.
    pub(super) fn open(path: PathBuf, index: Option<Index>, fsync: bool) -> Result<Self> {
        let keywords = Keywords::load(&path).map_err(|error| at_path(&path, error))?;
        Ok(Self {
            path,
            keywords,
            index,
            fsync,
            directory: None,
        })
    }

    fn directory(&mut self) -> io::Result<Rc<OwnedFd>> {
        if let Some(directory) = &self.directory {
            return Ok(Rc::clone(directory));
        }
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let directory = Rc::new(openat(CWD, &self.path, flags, Mode::empty())?);
        Ok(Rc::clone(self.directory.insert(directory)))
    }

    /// Makes everything durable that was written to the file system.
    pub(super) fn sync_all(&mut self) -> io::Result<()> {
        Ok(syncfs(&*self.directory()?)?)
    }

    /// Ends the work and gives back what may serve the next.
    pub(super) fn close(self) -> Option<Index> {
        self.index.and_then(Index::keep)
    }

    /// The index as it is, for the next step of the same work.
    pub(super) fn into_index(self) -> Option<Index> {
        self.index
    }

    fn index(&mut self) -> Result<&mut Index> {
        let index = match self.index.take() {
            Some(index) => index,
            None => Index::read(&self.path)?,
        };
        Ok(self.index.insert(index))
    }

    /// Looks again, unless that was done for the work in hand and `must` is not set.
    pub(super) fn refresh(&mut self, must: bool) -> Result<bool> {
        let fresh = self.index.as_ref().is_some_and(Index::is_fresh);
        if fresh && !must {
            return Ok(false);
        }
        self.index = Some(Index::read(&self.path)?);
        self.keywords = Keywords::load(&self.path).map_err(|e| at_path(&self.path, e))?;
        Ok(true)
    }

    /// Where an item is.
    pub(super) fn find(&mut self, id: &ItemId) -> Result<Option<Place>> {
        if let Some(place) = self.index()?.find(id) {
            return Ok(Some(place));
        }
        if self.refresh(false)? {
            return Ok(self.index()?.find(id));
        }
        Ok(None)
    }

    /// Does something with the file of an item, again if it was renamed meanwhile. `None` if the
    /// item is not there.
    pub(super) fn with_file<T>(
        &mut self,
        id: &ItemId,
        mut work: impl FnMut(&mut Self, &Place) -> io::Result<T>,
    ) -> Result<Option<io::Result<T>>> {
        for _ in 0..TRIES {
            let Some(place) = self.find(id)? else {
                return Ok(None);
            };
            match work(self, &place) {
                Err(error) if error.kind() == IoKind::NotFound => self.refresh(true)?,
                other => return Ok(Some(other)),
            };
        }
        let why = "another program renames it all the time";
        Ok(Some(Err(io::Error::new(IoKind::WouldBlock, why))))
    }

    /// The flags of a file.
    pub(super) fn flags(&self, place: &Place) -> Flags {
        name::flags(place.split().1, &self.keywords)
    }

    /// Notes that an item is elsewhere now.
    pub(super) fn moved(&mut self, id: &ItemId, place: Option<Place>) {
        if let Some(index) = &mut self.index {
            index.set(id, place);
        }
    }

    /// Reads one item; `None` if it is not there.
    pub(super) fn read(&mut self, id: &ItemId, depth: Depth) -> Result<Option<Item>> {
        let read = self.with_file(id, |folder, place| folder.read_file(id, place, depth))?;
        read.transpose().map_err(|error| {
            let why = format!("the message cannot be read: {error}");
            Error::new(ErrorKind::Item, why)
                .caused_by(error)
                .at_item(id)
        })
    }

    fn read_file(&self, id: &ItemId, place: &Place, depth: Depth) -> io::Result<Item> {
        let mut options = OpenOptions::new();
        // A pipe must not make us wait.
        let nonblock = rustix::fs::OFlags::NONBLOCK.bits();
        options.custom_flags(i32::try_from(nonblock).unwrap_or(0));
        let mut file = options.read(true).open(self.path.join(place.relative()))?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::new(IoKind::InvalidInput, "it is no file"));
        }
        let (base, _) = place.split();
        let raw = name::is_raw(base);
        let flags = self.flags(place);
        let mut item = Item::new(id.clone(), ItemKind::Message, scan::revision(&flags));
        item.flags = flags;
        item.date = Some(Timestamp::utc(meta.mtime()));
        if depth == Depth::Full {
            let body = content::read(&mut file, meta.len(), raw)?;
            let digest = crate::model::Digest::of_body(&body)?;
            item.identity.message_id = match body.chunks().next() {
                Some(head) => header::message_id(&head?),
                None => None,
            };
            item.identity.digest = Some(digest);
            item.size = Some(digest.size);
            item.body = Some(body);
        } else {
            // A name that is wrong about the file is not believed about the content.
            let honest = name::file_size(base).is_none_or(|told| told == meta.len());
            let told = name::content_size(base).filter(|_| honest);
            let (digest, head) = content::digest(&mut file, meta.len(), raw, told)?;
            item.identity.message_id = header::message_id(&head);
            item.identity.digest = Some(digest);
            item.size = Some(digest.size);
        }
        Ok(item)
    }

    /// Gives letters to keywords that have none yet, as far as there are any.
    pub(super) fn name_keywords<'a>(
        &mut self,
        names: impl IntoIterator<Item = &'a Keyword>,
    ) -> Result<()> {
        let missing = names.into_iter();
        let missing: Vec<&Keyword> = missing
            .filter(|name| self.keywords.letter(name).is_none())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let used = self.index()?.letters();
        self.keywords
            .ensure(&self.path, missing, used, self.fsync)
            .map_err(|error| at_path(&self.path, error))
    }

    /// Writes a new message to `tmp`. `buffer` is for one after the other.
    pub(super) fn stage(&mut self, new: &NewItem, buffer: &mut Vec<u8>) -> io::Result<Staged> {
        let folder = self.directory()?;
        let unique = name::unique();
        let path = ["tmp/", &unique].concat();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let file = self.with_parts(|| Ok(openat(&*folder, &path, flags, mode)?))?;
        let mut staged = Staged {
            folder,
            path,
            base: unique,
            placed: false,
        };
        let mut file = File::from(file);
        let survey = content::write(&new.body, &mut file, buffer)?;
        staged.base.push_str(&name::fields(survey));
        if let Some(date) = new.date {
            file.set_modified(system_time(date.seconds))?;
        }
        Ok(staged)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        self.with_parts(|| options.open(path))
    }

    /// Does something for which `new` or `tmp` may have to be made first.
    fn with_parts<T>(&self, work: impl Fn() -> io::Result<T>) -> io::Result<T> {
        match work() {
            Err(error) if error.kind() == IoKind::NotFound && self.path.join("cur").is_dir() => {
                for part in ["tmp", "new"] {
                    let mut builder = fs::DirBuilder::new();
                    builder.recursive(true).mode(0o700);
                    builder.create(self.path.join(part))?;
                }
                work()
            }
            other => other,
        }
    }

    /// Puts a staged message in its place: `new` if it has no flag at all, as mail that nobody has
    /// looked at, else `cur`. Returns the place and the flags it has there.
    pub(super) fn deliver(&self, staged: &mut Staged, asked: &Flags) -> io::Result<(Place, Flags)> {
        let info = name::info(asked, "", &self.keywords);
        let held = name::flags(&info, &self.keywords);
        let in_new = held.is_empty();
        let name = if in_new {
            staged.base.clone()
        } else {
            [staged.base.as_str(), ":2,", &info].concat()
        };
        let place = Place { in_new, name };
        let (folder, path) = (&*staged.folder, place.relative());
        self.with_parts(|| Ok(renameat(folder, &staged.path, folder, &path)?))?;
        staged.placed = true;
        Ok((place, held))
    }

    /// Renames a file within the folder without replacing another.
    pub(super) fn rename(&self, from: &Place, to: &Place) -> io::Result<()> {
        let from = self.path.join(from.relative());
        rename_new(&from, &self.path.join(to.relative()))
    }

    /// Moves a file here from another folder under a new unique name; one given by another program
    /// may be taken here.
    pub(super) fn take(
        &self,
        from: &Path,
        place: &Place,
        flags: &Flags,
    ) -> io::Result<(Place, Flags)> {
        let (base, old) = place.split();
        let base = name::unique() + &name::fields_of(base);
        // Small letters mean something else here.
        let kept: String = name::letters(old)
            .filter(u8::is_ascii_uppercase)
            .map(char::from)
            .collect();
        let info = name::info(flags, &kept, &self.keywords);
        let held = name::flags(&info, &self.keywords);
        let in_new = place.in_new && held.is_empty();
        let name = if in_new { base } else { base + ":2," + &info };
        let to = Place { in_new, name };
        let (source, target) = (from.join(place.relative()), self.path.join(to.relative()));
        match self.with_parts(|| {
            // The other end may be what is missing.
            fs::symlink_metadata(&source)?;
            rename_new(&source, &target)
        }) {
            Err(error) if error.kind() == IoKind::CrossesDevices => {
                self.copy(&source, &target)?;
                fs::remove_file(&source)?;
            }
            other => other?,
        }
        Ok((to, held))
    }

    fn copy(&self, source: &Path, target: &Path) -> io::Result<()> {
        let mut from = File::open(source)?;
        let path = self.path.join("tmp").join(name::unique());
        let mut file = self.create(&path)?;
        let copied = (|| {
            io::copy(&mut from, &mut file)?;
            file.set_modified(from.metadata()?.modified()?)?;
            if self.fsync {
                file.sync_all()?;
            }
            fs::rename(&path, target)
        })();
        if copied.is_err() {
            // What stays is removed as abandoned one day.
            let _ = fs::remove_file(&path);
        }
        copied
    }

    /// Removes what others left behind in `tmp`.
    pub(super) fn tidy(&self) {
        let Ok(entries) = fs::read_dir(self.path.join("tmp")) else {
            return;
        };
        let now = SystemTime::now();
        let old = now.checked_sub(ABANDONED).and_then(|then| {
            let since = then.duration_since(UNIX_EPOCH).ok()?;
            i64::try_from(since.as_secs()).ok()
        });
        for entry in entries.flatten() {
            // The modification time is the message's; the time of the last change is the file's.
            let dead = entry
                .metadata()
                .is_ok_and(|meta| meta.is_file() && old.is_some_and(|old| meta.ctime() < old));
            if dead {
                // It does no harm if it cannot be removed.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn system_time(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(UNIX_EPOCH)
}

/// Folders that moves lead to, opened once a batch.
pub(super) type Targets = HashMap<CollectionId, Folder>;
