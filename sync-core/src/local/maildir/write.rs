//! Carries out a batch on a folder.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::folder::{Folder, Staged, Targets};
use super::layout::{is_folder, resolve};
use super::name;
use super::scan::{self, Index, Place};
use crate::error::{Error, ErrorKind, Result};
use crate::local::files::at_path;
use crate::model::{CollectionId, Flags, ItemId, ItemKind, Keyword, Revision};
use crate::source::{Mutation, Op, Outcome, Stored};

/// From this many new messages on the whole file system is synchronised once instead of each file.
const SYNC_ALL: usize = 4;

/// What a batch needs to know.
pub(super) struct Batch {
    pub(super) root: PathBuf,
    pub(super) collection: CollectionId,
    pub(super) fsync: bool,
    /// Whether this is the first batch of this source on the collection.
    pub(super) first: bool,
    pub(super) mutations: Vec<Mutation>,
}

/// A new message, or why it cannot become one.
type Stage = Result<Staged, Outcome>;

impl Batch {
    /// Carries it out: first every new message is written to `tmp` and made durable, then each
    /// mutation takes its turn, then the directories are made durable.
    pub(super) fn run(self, index: Option<Index>) -> Result<(Vec<Outcome>, Option<Index>)> {
        let path = resolve(&self.root, &self.collection)?;
        if !is_folder(&path) {
            let why = format!("{} is no Maildir folder", path.display());
            return Err(Error::new(ErrorKind::NotFound, why));
        }
        let mut folder = Folder::open(path, index, self.fsync)?;
        if self.first {
            folder.tidy();
        }
        folder.name_keywords(self.keywords())?;
        let mut staged = self.stage(&mut folder)?.into_iter();
        let mut turn = Turn {
            batch: &self,
            folder,
            targets: Targets::new(),
            touched: BTreeSet::new(),
        };
        let mut outcomes = Vec::with_capacity(self.mutations.len());
        for mutation in &self.mutations {
            let stage = match mutation.op {
                Op::Create(_) => staged.next(),
                _ => None,
            };
            outcomes.push(turn.carry_out(&mutation.op, stage)?);
        }
        if self.fsync {
            for path in &turn.touched {
                let synced = File::open(path).and_then(|dir| dir.sync_all());
                synced.map_err(|error| at_path(path, error))?;
            }
        }
        Ok((outcomes, turn.folder.close()))
    }

    fn keywords(&self) -> BTreeSet<&Keyword> {
        let flags = self.mutations.iter().filter_map(|m| match &m.op {
            Op::Create(new) => Some(&new.flags),
            Op::SetFlags { add, .. } => Some(add),
            _ => None,
        });
        flags.flat_map(name::needing_letters).collect()
    }

    fn stage(&self, folder: &mut Folder) -> Result<Vec<Stage>> {
        let mut all = Vec::new();
        let mut buffer = Vec::new();
        for mutation in &self.mutations {
            let Op::Create(new) = &mutation.op else {
                continue;
            };
            if new.kind != ItemKind::Message {
                all.push(Err(refused("a Maildir holds messages only")));
                continue;
            }
            // A body that cannot be read concerns its message alone; a disk that is full all.
            if let Some(Err(error)) = new.body.chunks().next() {
                all.push(Err(Outcome::Refused(error.into())));
                continue;
            }
            let staged = folder.stage(new, &mut buffer);
            all.push(Ok(staged.map_err(|e| at_path(&folder.path, e))?));
        }
        let mut written = all.iter().flatten();
        if self.fsync {
            let synced = match written.clone().count() {
                SYNC_ALL.. => folder.sync_all(),
                _ => written.try_for_each(Staged::sync),
            };
            synced.map_err(|error| at_path(&folder.path, error))?;
        }
        Ok(all)
    }
}

/// The mutations in their order.
struct Turn<'a> {
    batch: &'a Batch,
    folder: Folder,
    targets: Targets,
    /// Directories in which names changed.
    touched: BTreeSet<PathBuf>,
}

/// What is there before a write.
enum Found<T> {
    /// As the plan saw it, and this was done to it.
    Done(T),
    /// Otherwise.
    Stale,
}

impl Turn<'_> {
    fn carry_out(&mut self, op: &Op, stage: Option<Stage>) -> Result<Outcome> {
        match op {
            Op::Create(new) => match stage {
                Some(Ok(mut staged)) => {
                    let (place, held) = match self.folder.deliver(&mut staged, &new.flags) {
                        Ok(delivered) => delivered,
                        Err(error) => return Ok(Outcome::Refused(error.into())),
                    };
                    self.touch(&place);
                    Ok(stored(&place, &new.flags, held))
                }
                Some(Err(outcome)) => Ok(outcome),
                None => Ok(refused("the message was not written")),
            },
            Op::SetFlags {
                id,
                guard,
                add,
                remove,
            } => self.set_flags(id, guard, add, remove),
            Op::Replace { .. } => Ok(refused("a message never changes")),
            Op::Delete { id, guard } => self.delete(id, guard),
            Op::Move { id, guard, to } => self.move_to(id, guard, to),
        }
    }

    fn touch(&mut self, place: &Place) {
        self.touched.insert(part(&self.folder.path, place));
    }

    /// Does something with an item that is as the plan saw it.
    ///
    /// The name of a file is its revision: `work` names the file, and so cannot touch it in
    /// another state.
    fn guarded<T>(
        &mut self,
        id: &ItemId,
        guard: &Revision,
        mut work: impl FnMut(&mut Folder, &Place, Flags) -> io::Result<T>,
    ) -> Result<Result<(Place, T), Outcome>> {
        // What was seen in an earlier look may have changed since.
        let mut looked = false;
        loop {
            let done = self.folder.with_file(id, |folder, place| {
                let flags = folder.flags(place);
                if scan::revision(&flags) != *guard {
                    return Ok(Found::Stale);
                }
                work(folder, place, flags).map(|done| Found::Done((place.clone(), done)))
            })?;
            return Ok(match done {
                Some(Ok(Found::Done(done))) => Ok(done),
                Some(Ok(Found::Stale)) if !looked => {
                    looked = true;
                    if self.folder.refresh(false)? {
                        continue;
                    }
                    Err(Outcome::Stale)
                }
                Some(Ok(Found::Stale)) => Err(Outcome::Stale),
                Some(Err(error)) => Err(Outcome::Refused(error.into())),
                None => Err(Outcome::Gone),
            });
        }
    }

    fn set_flags(
        &mut self,
        id: &ItemId,
        guard: &Revision,
        add: &Flags,
        remove: &Flags,
    ) -> Result<Outcome> {
        let done = self.guarded(id, guard, |folder, place, flags| {
            let asked = flags.union(add).difference(remove);
            let (base, old) = place.split();
            let info = name::info(&asked, old, &folder.keywords);
            let held = name::flags(&info, &folder.keywords);
            if held == flags {
                // Nothing to write, if it is there.
                fs::symlink_metadata(folder.path.join(place.relative()))?;
                return Ok((place.clone(), asked, held));
            }
            let to = Place {
                in_new: false,
                name: [base, ":2,", &info].concat(),
            };
            folder.rename(place, &to)?;
            Ok((to, asked, held))
        })?;
        let (from, (to, asked, held)) = match done {
            Ok(done) => done,
            Err(outcome) => return Ok(outcome),
        };
        if from != to {
            self.touch(&from);
            self.touch(&to);
        }
        self.folder.moved(id, Some(to));
        Ok(Outcome::Done(Stored {
            id: None,
            revision: Some(scan::revision(&held)),
            flags: (held != asked).then_some(held),
        }))
    }

    fn delete(&mut self, id: &ItemId, guard: &Revision) -> Result<Outcome> {
        let done = self.guarded(id, guard, |folder, place, _| {
            fs::remove_file(folder.path.join(place.relative()))
        })?;
        Ok(match done {
            Ok((place, ())) => {
                self.touch(&place);
                self.folder.moved(id, None);
                Outcome::Done(Stored::default())
            }
            Err(outcome) => outcome,
        })
    }

    fn move_to(&mut self, id: &ItemId, guard: &Revision, to: &CollectionId) -> Result<Outcome> {
        if *to == self.batch.collection {
            return Ok(refused("the message is there already"));
        }
        let mut target = match self.targets.remove(to) {
            Some(target) => target,
            None => {
                let path = resolve(&self.batch.root, to)?;
                if !is_folder(&path) {
                    let why = format!("{} is no Maildir folder", path.display());
                    let error = Error::new(ErrorKind::NotFound, why).in_collection(to);
                    return Ok(Outcome::Refused(error));
                }
                Folder::open(path, None, self.batch.fsync)?
            }
        };
        let mut failed = None;
        let done = self.guarded(id, guard, |folder, place, flags| {
            if let Err(error) = target.name_keywords(name::needing_letters(&flags)) {
                failed = Some(error);
                return Err(io::ErrorKind::Other.into());
            }
            let (to, held) = target.take(&folder.path, place, &flags)?;
            Ok((to, flags, held))
        });
        if let Some(error) = failed {
            return Ok(Outcome::Refused(error));
        }
        let outcome = match done? {
            Ok((from, (place, flags, held))) => {
                self.touch(&from);
                self.touched.insert(part(&target.path, &place));
                self.folder.moved(id, None);
                stored(&place, &flags, held)
            }
            Err(outcome) => outcome,
        };
        self.targets.insert(to.clone(), target);
        Ok(outcome)
    }
}

fn part(folder: &Path, place: &Place) -> PathBuf {
    folder.join(if place.in_new { "new" } else { "cur" })
}

/// What is said of a message that has come to this place.
fn stored(place: &Place, asked: &Flags, held: Flags) -> Outcome {
    Outcome::Done(Stored {
        id: Some(place.split().0.into()),
        revision: Some(scan::revision(&held)),
        flags: (held != *asked).then_some(held),
    })
}

fn refused(why: &str) -> Outcome {
    Outcome::Refused(Error::new(ErrorKind::Refused, why))
}
