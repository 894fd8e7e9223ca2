//! What becomes of a mutation.

use super::listing;
use super::log::bump;
use super::state::{Attempt, Entry, State, field};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Body, CollectionId, Cursor, Flags, ItemId, ItemKind, NewItem, Revision};
use crate::source::{Op, Outcome, Stored};

/// Follows a batch through the change log, to know whether all steps since its cursor were its own.
pub(super) struct OwnSteps(Option<u64>);

impl OwnSteps {
    pub(super) fn begin(state: &State, c: &CollectionId, at: Option<&Cursor>) -> Self {
        let folder = state.folders.get(c);
        let step = folder.and_then(|folder| listing::step_of(folder, at?));
        let delta = state.options.listing == super::Listing::Delta;
        Self(step.filter(|_| state.options.writes_move_cursor && delta))
    }

    pub(super) fn before(&mut self, state: &State, c: &CollectionId) {
        let seq = state.folders.get(c).map(|folder| folder.seq);
        self.0 = self.0.filter(|reached| Some(*reached) == seq);
    }

    pub(super) fn after(&mut self, state: &State, c: &CollectionId) {
        let seq = state.folders.get(c).map(|folder| folder.seq);
        self.0 = self.0.and(seq);
    }

    pub(super) fn cursor(&self, state: &State, c: &CollectionId) -> Option<Cursor> {
        let folder = state.folders.get(c)?;
        self.0.map(|reached| listing::cursor_at(folder, reached))
    }
}

/// Carries out one mutation.
///
/// # Errors
/// The collection is gone or its ids were given anew: the whole batch fails.
pub(super) fn carry_out(state: &mut State, c: &CollectionId, op: &Op) -> Result<Outcome> {
    let folder = state.folder(c)?;
    let read_only = folder.collection.read_only;
    let found = match op {
        Op::Create(_) => None,
        Op::SetFlags { id, guard, .. }
        | Op::Replace { id, guard, .. }
        | Op::Delete { id, guard }
        | Op::Move { id, guard, .. } => Some((folder.find(id)?, guard)),
    };
    let found = match found {
        None => None,
        Some((None, _)) => Some(Err(Outcome::Gone)),
        Some((Some((_, entry)), guard)) if entry.revision() != *guard => Some(Err(Outcome::Stale)),
        Some((Some((uid, entry)), _)) => Some(Ok((uid, entry.clone()))),
    };
    count(state, c, op);
    if read_only {
        return Ok(refused(ErrorKind::ReadOnly, "the collection is read-only"));
    }
    let found = match found {
        Some(Err(outcome)) => return Ok(outcome),
        Some(Ok(found)) => Some(found),
        None => None,
    };
    if let Some(rule) = state.refuse.clone() {
        let attempt = Attempt {
            collection: c,
            op,
            content: found.as_ref().map(|(_, entry)| entry.content.as_ref()),
        };
        if let Some(why) = rule(&attempt) {
            return Ok(refused(ErrorKind::Refused, why));
        }
    }
    let outcome = match (op, found) {
        (Op::Create(new), _) => create(state, c, new)?,
        (Op::SetFlags { add, remove, .. }, Some((uid, entry))) => {
            set_flags(state, c, uid, &entry, add, remove)?
        }
        (Op::Replace { body, .. }, Some((uid, entry))) => replace(state, c, uid, entry, body)?,
        (Op::Delete { .. }, Some((uid, _))) => {
            state.folder_mut(c)?.remove(uid, false);
            Outcome::Done(Stored::default())
        }
        (Op::Move { to, .. }, Some((uid, entry))) => move_to(state, c, uid, entry, to)?,
        (_, None) => Outcome::Gone,
    };
    if matches!(outcome, Outcome::Done(_)) {
        bump(&mut state.log.of(c).done);
    }
    state.announce();
    Ok(outcome)
}

fn count(state: &mut State, c: &CollectionId, op: &Op) {
    let counters = state.log.of(c);
    bump(match op {
        Op::Create(_) => &mut counters.creates,
        Op::SetFlags { .. } => &mut counters.flags,
        Op::Replace { .. } => &mut counters.replaces,
        Op::Delete { .. } => &mut counters.deletes,
        Op::Move { .. } => &mut counters.moves,
    });
}

fn refused(kind: ErrorKind, why: impl Into<String>) -> Outcome {
    Outcome::Refused(Error::new(kind, why))
}

fn create(state: &mut State, c: &CollectionId, new: &NewItem) -> Result<Outcome> {
    let entry = match state.entry(new) {
        Ok(entry) => entry,
        Err(error) => return Ok(Outcome::Refused(error.into())),
    };
    if let Some(outcome) = unfit(state, c, &entry)? {
        return Ok(outcome);
    }
    let flags = (entry.flags != new.flags).then(|| entry.flags.clone());
    let revision_at = state.folder_mut(c)?.insert(entry);
    stored(state, c, revision_at, flags)
}

/// Why this entry cannot come into the collection.
fn unfit(state: &State, c: &CollectionId, entry: &Entry) -> Result<Option<Outcome>> {
    let folder = state.folder(c)?;
    if !folder.collection.kinds.contains(entry.kind) {
        let why = format!("the collection holds no {}", entry.kind);
        return Ok(Some(refused(ErrorKind::Refused, why)));
    }
    if state.options.unique_uids && entry.kind.is_mutable() {
        let uid = field(&entry.content, "uid");
        let mut others = folder.entries.values();
        if uid.is_some() && others.any(|other| field(&other.content, "uid") == uid) {
            let why = "an item of this UID is there already";
            return Ok(Some(refused(ErrorKind::Refused, why)));
        }
    }
    Ok(None)
}

fn set_flags(
    state: &mut State,
    c: &CollectionId,
    uid: u64,
    entry: &Entry,
    add: &Flags,
    remove: &Flags,
) -> Result<Outcome> {
    if entry.kind != ItemKind::Message {
        return Ok(refused(ErrorKind::Unsupported, "only messages have flags"));
    }
    let asked = entry.flags.union(add).difference(remove);
    let held = state.held_flags(entry.kind, &asked);
    let folder = state.folder_mut(c)?;
    if held != entry.flags {
        let seq = folder.step();
        if let Some(entry) = folder.entries.get_mut(&uid) {
            entry.flags = held.clone();
            entry.changed = seq;
        }
    }
    let flags = (held != asked).then_some(held);
    let revision = state
        .options
        .returns_revisions
        .then(|| revision(state, c, uid));
    Ok(Outcome::Done(Stored {
        id: None,
        revision: revision.flatten(),
        flags,
    }))
}

fn replace(
    state: &mut State,
    c: &CollectionId,
    uid: u64,
    mut entry: Entry,
    body: &Body,
) -> Result<Outcome> {
    if !entry.kind.is_mutable() {
        return Ok(refused(ErrorKind::Unsupported, "messages never change"));
    }
    let content = match body.read(u64::MAX) {
        Ok(content) => content,
        Err(error) => return Ok(Outcome::Refused(error.into())),
    };
    entry.content = state.rewritten(entry.kind, content);
    let folder = state.folder_mut(c)?;
    entry.changed = folder.step();
    folder.entries.insert(uid, entry);
    let revision = state
        .options
        .returns_revisions
        .then(|| revision(state, c, uid));
    Ok(Outcome::Done(Stored {
        id: None,
        revision: revision.flatten(),
        flags: None,
    }))
}

fn move_to(
    state: &mut State,
    c: &CollectionId,
    uid: u64,
    entry: Entry,
    to: &CollectionId,
) -> Result<Outcome> {
    if !state.options.moves {
        return Ok(refused(
            ErrorKind::Unsupported,
            "items cannot be moved here",
        ));
    }
    let Some(target) = state.folders.get(to) else {
        return Ok(Outcome::Refused(super::state::no_collection(to)));
    };
    if target.collection.read_only {
        return Ok(refused(ErrorKind::ReadOnly, "the target is read-only"));
    }
    if to == c {
        return Ok(refused(ErrorKind::Refused, "it is there already"));
    }
    if let Some(outcome) = unfit(state, to, &entry)? {
        return Ok(outcome);
    }
    state.folder_mut(c)?.remove(uid, false);
    let uid = state.folder_mut(to)?.insert(entry);
    stored(state, to, uid, None)
}

/// What is said of an item that has just come into a collection.
fn stored(state: &State, c: &CollectionId, uid: u64, flags: Option<Flags>) -> Result<Outcome> {
    let id: ItemId = state.folder(c)?.id(uid);
    let options = &state.options;
    let revision = revision(state, c, uid).filter(|_| options.returns_revisions);
    Ok(Outcome::Done(Stored {
        id: options.returns_ids.then_some(id),
        revision,
        flags,
    }))
}

fn revision(state: &State, c: &CollectionId, uid: u64) -> Option<Revision> {
    let folder = state.folders.get(c)?;
    folder.entries.get(&uid).map(Entry::revision)
}
