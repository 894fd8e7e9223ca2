//! Keywords: letters of the file name, named by `dovecot-keywords`.
//!
//! Dovecot gives each keyword of a folder a number from 0 to 25, written as a letter from `a` to
//! `z` in the info part of a file name; the file has one line `NUMBER NAME` for each.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::model::Keyword;

/// The file's name within its folder.
pub(super) const FILE: &str = "dovecot-keywords";
/// Dovecot's own way to be alone with the file.
const LOCK: &str = "dovecot-keywords.lock";
/// What has no letter is not held.
const LETTERS: usize = 26;
/// Larger files are none.
const SIZE_LIMIT: u64 = 64 * 1024;
/// A lock of this age has lost its owner.
const STALE: Duration = Duration::from_secs(120);
const PATIENCE: u32 = 100;

/// The names of the letters of one folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Keywords([Option<Keyword>; LETTERS]);

impl Keywords {
    /// What the file of this folder says; nothing if there is none.
    pub(super) fn load(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        match fs::metadata(&path) {
            Ok(meta) if meta.len() > SIZE_LIMIT => {
                let why = format!("{FILE} has {} bytes", meta.len());
                Err(io::Error::new(ErrorKind::InvalidData, why))
            }
            Ok(_) => Ok(Self::parse(&String::from_utf8_lossy(&fs::read(path)?))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    fn parse(text: &str) -> Self {
        let mut table = Self::default();
        for line in text.lines() {
            if let Some((number, name)) = line.split_once(' ')
                && let Ok(number) = number.parse::<usize>()
                && let Some(slot) = table.0.get_mut(number)
                && fits(name)
            {
                *slot = Some(Keyword::new(name));
            }
        }
        table
    }

    fn render(&self) -> String {
        let named = self.0.iter().enumerate();
        named
            .filter_map(|(i, name)| Some(format!("{i} {}\n", name.as_ref()?.as_str())))
            .collect()
    }

    /// The keyword of a letter.
    pub(super) fn name(&self, letter: u8) -> Option<&Keyword> {
        let number = letter.checked_sub(b'a')?;
        self.0.get(usize::from(number))?.as_ref()
    }

    /// The letter of a keyword.
    pub(super) fn letter(&self, name: &Keyword) -> Option<u8> {
        (b'a'..=b'z').find(|letter| self.name(*letter) == Some(name))
    }

    /// Gives letters to those of these names that have none, as far as there are letters.
    ///
    /// `used` has a bit set for each letter that file names bear, so that none gets a name by
    /// accident. Writes nothing if there is nothing to add.
    pub(super) fn ensure<'a>(
        &mut self,
        folder: &Path,
        names: impl IntoIterator<Item = &'a Keyword>,
        used: u32,
        fsync: bool,
    ) -> io::Result<()> {
        let mut missing: Vec<&Keyword> = names
            .into_iter()
            .filter(|name| fits(name.as_str()) && self.letter(name).is_none())
            .collect();
        missing.sort();
        missing.dedup();
        if missing.is_empty() || !self.has_room(used) {
            return Ok(());
        }
        let mut lock = Lock::take(folder)?;
        *self = Self::load(folder)?;
        let mut added = false;
        for name in missing {
            if self.letter(name).is_some() {
                continue;
            }
            let free = (0..LETTERS).find(|i| {
                let taken = used.checked_shr(u32::try_from(*i).unwrap_or(0));
                self.0.get(*i).is_some_and(Option::is_none) && taken.unwrap_or(0) & 1 == 0
            });
            let Some(slot) = free.and_then(|i| self.0.get_mut(i)) else {
                break;
            };
            *slot = Some(name.clone());
            added = true;
        }
        if added {
            lock.replace(folder, &self.render(), fsync)?;
        }
        Ok(())
    }

    fn has_room(&self, used: u32) -> bool {
        let named = (0_u32..).zip(&self.0);
        named
            .filter(|(_, name)| name.is_none())
            .any(|(i, _)| used.checked_shr(i).unwrap_or(0) & 1 == 0)
    }
}

/// Whether a name can stand in the file.
fn fits(name: &str) -> bool {
    !name.is_empty() && name.len() <= 255 && !name.contains(|c: char| c.is_control() || c == ' ')
}

/// The lock file, which becomes the new table or is removed.
struct Lock(Option<File>, std::path::PathBuf);

impl Lock {
    fn take(folder: &Path) -> io::Result<Self> {
        let path = folder.join(LOCK);
        for _ in 0..PATIENCE {
            let mut new = OpenOptions::new();
            match new.write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => return Ok(Self(Some(file), path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            let age = fs::metadata(&path)
                .and_then(|meta| meta.modified())
                .ok()
                .and_then(|then| SystemTime::now().duration_since(then).ok());
            if age.is_some_and(|age| age > STALE) {
                // Somebody else may have been faster; then the next round tells.
                let _ = fs::remove_file(&path);
            } else {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let why = format!("another program keeps {} locked", path.display());
        Err(io::Error::new(ErrorKind::WouldBlock, why))
    }

    fn replace(&mut self, folder: &Path, text: &str, fsync: bool) -> io::Result<()> {
        if let Some(mut file) = self.0.take() {
            let moved = file.write_all(text.as_bytes()).and_then(|()| {
                if fsync {
                    file.sync_all()?;
                }
                fs::rename(&self.1, folder.join(FILE))
            });
            if moved.is_err() {
                let _ = fs::remove_file(&self.1);
            }
            return moved;
        }
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.0.take().is_some() {
            let _ = fs::remove_file(&self.1);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn words(names: &[&str]) -> Vec<Keyword> {
        names.iter().map(|name| Keyword::new(*name)).collect()
    }

    #[test]
    fn names_get_letters_and_keep_them() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "0 Work\n2 $Junk\nnonsense\n99 far\n").unwrap();
        let mut table = Keywords::load(dir.path()).unwrap();
        assert_eq!(table.letter(&Keyword::new("work")), Some(b'a'));
        let names = words(&["new", "two words", "", "$junk", "NEW"]);
        table.ensure(dir.path(), &names, 0, true).unwrap();
        let again = Keywords::load(dir.path()).unwrap();
        assert_eq!(again, table);
        assert_eq!(again.name(b'b'), Some(&Keyword::new("new")));
        assert_eq!(again.name(b'c'), Some(&Keyword::new("$Junk")));
        assert_eq!(again.name(b'd'), None);
        assert!(!dir.path().join(LOCK).exists());
    }

    #[test]
    fn letters_that_files_bear_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut table = Keywords::default();
        table
            .ensure(dir.path(), &words(&["x"]), 0b11, false)
            .unwrap();
        assert_eq!(table.letter(&Keyword::new("x")), Some(b'c'));
    }

    #[test]
    fn the_27th_keyword_is_not_held() {
        let dir = tempfile::tempdir().unwrap();
        let names: Vec<Keyword> = (10..40).map(|i| Keyword::new(format!("k{i}"))).collect();
        let mut table = Keywords::default();
        table.ensure(dir.path(), &names, 0, false).unwrap();
        let held = names.iter().filter(|name| table.letter(name).is_some());
        assert_eq!(held.count(), 26);
    }

    #[test]
    fn names_that_another_program_added_meanwhile_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut table = Keywords::load(dir.path()).unwrap();
        fs::write(dir.path().join(FILE), "0 theirs\n").unwrap();
        table
            .ensure(dir.path(), &words(&["ours"]), 0, false)
            .unwrap();
        assert_eq!(table.letter(&Keyword::new("theirs")), Some(b'a'));
        assert_eq!(table.letter(&Keyword::new("ours")), Some(b'b'));
    }

    #[test]
    fn an_abandoned_lock_is_overcome() {
        let dir = tempfile::tempdir().unwrap();
        let lock = File::create(dir.path().join(LOCK)).unwrap();
        lock.set_modified(SystemTime::now() - STALE * 2).unwrap();
        let mut table = Keywords::default();
        table.ensure(dir.path(), &words(&["x"]), 0, false).unwrap();
        assert_eq!(table.letter(&Keyword::new("x")), Some(b'a'));
    }
}
