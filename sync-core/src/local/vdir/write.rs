//! Carries out a batch on a folder.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::content::{self, kinds_of_name};
use super::file::{self, LIMIT, Met};
use super::layout::{self, resolve};
use super::look::{Sums, folder_time};
use crate::error::{Error, ErrorKind, Result};
use crate::local::files::at_path;
use crate::merge;
use crate::model::{Body, CollectionId, ItemId, ItemKind, KindSet, NewItem, Revision};
use crate::source::{Mutation, Op, Outcome, Stored};

/// From this many new files on the whole file system is synchronised once instead of each file.
const SYNC_ALL: usize = 4;

/// What a batch needs to know.
pub(super) struct Batch {
    pub(super) root: PathBuf,
    pub(super) collection: CollectionId,
    pub(super) fsync: bool,
    /// Whether this is the first batch of this source on the collection.
    pub(super) first: bool,
    pub(super) mutations: Vec<Mutation>,
    /// What the folder was like before; reckoned on with every write.
    pub(super) sums: Option<Sums>,
}

/// A content that waits beside the items' files.
struct Staged {
    file: NamedTempFile,
    /// The names it may get if it is new, the best first.
    names: Vec<String>,
    uid: Option<String>,
}

/// A staged content, or why there is none.
type Stage = std::result::Result<Staged, Outcome>;

impl Batch {
    /// Carries it out: first every content is written beside the files and made durable, then each
    /// mutation takes its turn, then the folders are made durable.
    ///
    /// Also says what the folder is like then, as far as this batch knows.
    pub(super) fn run(mut self) -> Result<(Vec<Outcome>, Option<Sums>)> {
        let folder = resolve(&self.root, &self.collection)?;
        folder_time(&folder)?;
        if self.first {
            file::tidy(&folder);
        }
        let mut turn = Turn {
            sums: self.sums.take(),
            touched: BTreeSet::new(),
            kinds: layout::kinds(&folder)?,
            batch: &self,
            folder,
        };
        let staged = turn.stage_all()?;
        let mut outcomes = Vec::with_capacity(self.mutations.len());
        for (mutation, stage) in self.mutations.iter().zip(staged) {
            outcomes.push(turn.carry_out(&mutation.op, stage)?);
        }
        if self.fsync {
            turn.touched
                .iter()
                .try_for_each(|path| file::sync_folder(path))?;
        }
        Ok((outcomes, turn.sums))
    }
}

/// The mutations in their order.
struct Turn<'a> {
    batch: &'a Batch,
    folder: PathBuf,
    kinds: KindSet,
    sums: Option<Sums>,
    /// Folders in which names changed.
    touched: BTreeSet<PathBuf>,
}

impl Turn<'_> {
    /// The content of each mutation that has one.
    fn stage_all(&self) -> Result<Vec<Option<Stage>>> {
        let mut all = Vec::with_capacity(self.batch.mutations.len());
        for mutation in &self.batch.mutations {
            all.push(match &mutation.op {
                Op::Create(new) => Some(self.stage_new(new)?),
                Op::Replace { id, body, .. } => match self.path(id) {
                    Some(path) => Some(self.stage(body, None, Some(&path))?),
                    None => Some(Err(Outcome::Gone)),
                },
                _ => None,
            });
        }
        let written: Vec<&Path> = all
            .iter()
            .flatten()
            .flatten()
            .map(|staged| staged.file.path())
            .collect();
        if self.batch.fsync {
            let synced = if written.len() >= SYNC_ALL {
                let folder = File::open(&self.folder);
                folder.and_then(|folder| Ok(rustix::fs::syncfs(folder)?))
            } else {
                let mut all = written.iter();
                all.try_for_each(|path| File::open(path)?.sync_all())
            };
            synced.map_err(|error| at_path(&self.folder, error))?;
        }
        Ok(all)
    }

    fn stage_new(&self, new: &NewItem) -> Result<Stage> {
        if !self.kinds.contains(new.kind) {
            let why = format!("the folder holds no {}", new.kind);
            return Ok(Err(refused(why)));
        }
        self.stage(&new.body, Some(new.kind), None)
    }

    fn stage(&self, body: &Body, kind: Option<ItemKind>, like: Option<&Path>) -> Result<Stage> {
        // A content that cannot be read concerns its item alone; a disk that is full all.
        let bytes = match body.read(LIMIT) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(Outcome::Refused(error.into()))),
        };
        match content::kind(&bytes) {
            Ok(found) if kind.is_none_or(|kind| kind == found) => {
                let uid = merge::uid(&bytes);
                Ok(Ok(Staged {
                    names: match kind {
                        Some(kind) => content::names(uid.as_deref(), kind, &bytes).collect(),
                        None => Vec::new(),
                    },
                    uid,
                    file: file::stage(&self.folder, body, like)?,
                }))
            }
            Ok(found) => Ok(Err(refused(format!(
                "the content is no other than a {found}"
            )))),
            // It would be there and never be read again.
            Err(why) => Ok(Err(refused(why))),
        }
    }

    /// The file of an item; `None` if no item can have this id.
    fn path(&self, id: &ItemId) -> Option<PathBuf> {
        path_of(&self.folder, id)
    }

    fn carry_out(&mut self, op: &Op, stage: Option<Stage>) -> Result<Outcome> {
        let staged = match stage {
            Some(Err(outcome)) => return Ok(outcome),
            Some(Ok(staged)) => Some(staged),
            None => None,
        };
        match (op, staged) {
            (Op::Create(_), Some(staged)) => self.create(staged),
            (Op::Replace { id, guard, .. }, Some(staged)) => self.replace(id, guard, staged.file),
            (Op::Delete { id, guard }, _) => self.delete(id, guard),
            (Op::Move { id, guard, to }, _) => self.move_to(id, guard, to),
            (Op::SetFlags { .. }, _) => Ok(refused("only messages have flags")),
            (_, None) => Ok(refused("the content was not written")),
        }
    }

    fn create(&mut self, staged: Staged) -> Result<Outcome> {
        let Staged {
            mut file,
            names,
            uid,
        } = staged;
        let stamp = match file::staged_stamp(&file) {
            Ok(stamp) => stamp,
            Err(error) => return Ok(Outcome::Refused(error.into())),
        };
        for name in names {
            let path = self.folder.join(&name);
            match file.persist_noclobber(&path) {
                Ok(_) => {
                    self.touched.insert(self.folder.clone());
                    return Ok(self.stored(&name, &stamp.revision()));
                }
                Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
                    file = failed.file;
                    if uid.is_some() && uid_of(&path) == uid {
                        let why = format!("{name} has the same UID already");
                        return Ok(refused(why));
                    }
                }
                Err(failed) => return Ok(Outcome::Refused(failed.error.into())),
            }
        }
        Ok(refused("every name for it is taken"))
    }

    fn replace(&mut self, id: &ItemId, guard: &Revision, staged: NamedTempFile) -> Result<Outcome> {
        let Some(path) = self.path(id) else {
            return Ok(Outcome::Gone);
        };
        Ok(match file::replace(&path, guard, staged)? {
            Met::Done(stamp) => {
                self.touched.insert(self.folder.clone());
                self.left(id, guard);
                self.stored(id.as_str(), &stamp.revision())
            }
            Met::Stale => Outcome::Stale,
            Met::Gone => Outcome::Gone,
        })
    }

    fn delete(&mut self, id: &ItemId, guard: &Revision) -> Result<Outcome> {
        let Some(path) = self.path(id) else {
            return Ok(Outcome::Gone);
        };
        Ok(match file::remove(&path, guard)? {
            Met::Done(()) => {
                self.touched.insert(self.folder.clone());
                self.left(id, guard);
                Outcome::Done(Stored::default())
            }
            Met::Stale => Outcome::Stale,
            Met::Gone => Outcome::Gone,
        })
    }

    fn move_to(&mut self, id: &ItemId, guard: &Revision, to: &CollectionId) -> Result<Outcome> {
        let Some(path) = self.path(id) else {
            return Ok(Outcome::Gone);
        };
        let target = match resolve(&self.batch.root, to) {
            Ok(target) if *to != self.batch.collection && target.is_dir() => target,
            _ => return Ok(refused(format!("{to} is no other folder to move to"))),
        };
        let own = kinds_of_name(id.as_str().as_bytes());
        if layout::kinds(&target)?.and(own).is_empty() {
            return Ok(refused("the folder holds other kinds of items"));
        }
        let uid = uid_of(&path);
        let stem = uid.as_deref().unwrap_or(id.as_str());
        let kind = match own == KindSet::CONTACTS {
            true => ItemKind::Contact,
            false => ItemKind::Event,
        };
        let names = content::names(Some(stem), kind, b"");
        for name in std::iter::once(id.as_str().to_owned()).chain(names) {
            let new = target.join(&name);
            match file::relocate(&path, guard, &new) {
                Ok(Met::Done(())) => {
                    self.touched.insert(self.folder.clone());
                    self.touched.insert(target);
                    self.left(id, guard);
                    return Ok(Outcome::Done(Stored {
                        id: Some(name.into()),
                        revision: Some(guard.clone()),
                        flags: None,
                    }));
                }
                Ok(Met::Stale) => return Ok(Outcome::Stale),
                Ok(Met::Gone) => return Ok(Outcome::Gone),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if uid.is_some() && uid_of(&new) == uid {
                        return Ok(refused(format!("{name} has the same UID already")));
                    }
                }
                Err(error) => return Ok(Outcome::Refused(error.into())),
            }
        }
        Ok(refused("every name for it is taken"))
    }

    /// Reckons that a file in this state went.
    fn left(&mut self, id: &ItemId, guard: &Revision) {
        if let Some(sums) = &mut self.sums {
            sums.remove(id.as_str(), guard);
        }
    }

    /// What is said of a file that has come, and reckons with it.
    fn stored(&mut self, name: &str, revision: &Revision) -> Outcome {
        if let Some(sums) = &mut self.sums {
            sums.add(name, revision);
        }
        Outcome::Done(Stored {
            id: Some(name.into()),
            revision: Some(revision.clone()),
            flags: None,
        })
    }
}

/// The file of an item; `None` if no item can have this id.
pub(super) fn path_of(folder: &Path, id: &ItemId) -> Option<PathBuf> {
    let name = id.as_str();
    let is_item = !kinds_of_name(name.as_bytes()).is_empty();
    (is_item && !name.contains(['/', '\0'])).then(|| folder.join(name))
}

/// The UID in a file, as far as it can be read.
fn uid_of(path: &Path) -> Option<String> {
    let (_, content) = file::read(path).ok()??;
    merge::uid(&content)
}

fn refused(why: impl Into<String>) -> Outcome {
    Outcome::Refused(Error::new(ErrorKind::Refused, why))
}
