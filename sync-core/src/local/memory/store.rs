//! The shared handle: a third party's hands, faults, and the record of requests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::fault::{Fault, FaultPlan, Request};
use super::log::Counters;
use super::options::MemoryOptions;
use super::state::{Broken, Entry, Folder, Hook, RefuseRule, State, no_collection};
use super::{Call, Memory, When};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Collection, CollectionId, CollectionPath, Flags, ItemId, ItemKind, KindSet, NewItem, Revision,
    Role, Timestamp,
};

/// The account behind any number of [`Memory`] sources, and the hands of a third party on it.
///
/// Clones share everything. What is done here is done at once, is told by the next listings of the
/// sources, and is not counted.
///
/// # Errors
/// Methods that name a collection or an item answer
/// [`NotFound`](crate::ErrorKind::NotFound) if it is not there.
#[derive(Debug, Clone)]
pub struct MemoryStore(Arc<Mutex<State>>);

/// An item as the store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its id.
    pub id: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// Its content.
    pub content: Bytes,
    /// Its flags.
    pub flags: Flags,
    /// Its date.
    pub date: Timestamp,
    /// Its revision.
    pub revision: Revision,
}

/// What becomes of the ids when cursors are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// They stay (an expired sync-token).
    Kept,
    /// Every item gets a new one (a new UIDVALIDITY).
    Renewed,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(MemoryOptions::default())
    }
}

impl MemoryStore {
    /// A store without a collection.
    pub fn new(options: MemoryOptions) -> Self {
        Self(Arc::new(Mutex::new(State::new(options))))
    }

    /// A further source on this store.
    pub fn source(&self) -> Memory {
        Memory::new(self.clone())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a collection unless it is there. Its id is its path.
    pub fn add_collection(&self, path: &str, kinds: KindSet) -> CollectionId {
        let path = CollectionPath::parse(path);
        let collection = collection(path, kinds);
        let id = collection.id.clone();
        self.lock().add_folder(collection);
        id
    }

    /// Removes a collection and what it holds. One of the same name starts with other ids.
    pub fn remove_collection(&self, c: &CollectionId) -> Result<()> {
        let mut state = self.lock();
        let folder = state.folders.remove(c).ok_or_else(|| no_collection(c))?;
        state
            .validities
            .insert(c.clone(), folder.validity.saturating_add(1));
        state.announce();
        Ok(())
    }

    /// Changes name and id of a collection; what it holds keeps its ids.
    pub fn rename_collection(&self, c: &CollectionId, path: &str) -> Result<CollectionId> {
        let mut state = self.lock();
        let mut folder = state.folders.remove(c).ok_or_else(|| no_collection(c))?;
        folder.collection.path = CollectionPath::parse(path);
        folder.collection.id = CollectionId::new(folder.collection.path.to_string());
        let id = folder.collection.id.clone();
        state.folders.insert(id.clone(), folder);
        state.announce();
        Ok(id)
    }

    /// Edits what `collections` says of a collection: role, whether it is read-only, properties.
    pub fn edit_collection(
        &self,
        c: &CollectionId,
        edit: impl FnOnce(&mut Collection),
    ) -> Result<()> {
        edit(&mut self.lock().folder_mut(c)?.collection);
        Ok(())
    }

    /// The collections.
    pub fn collections(&self) -> Vec<Collection> {
        let state = self.lock();
        let all = state.folders.values();
        all.map(|folder| folder.collection.clone()).collect()
    }

    /// What a collection holds, oldest first; nothing if it is not there.
    pub fn list(&self, c: &CollectionId) -> Vec<Held> {
        let state = self.lock();
        let Some(folder) = state.folders.get(c) else {
            return Vec::new();
        };
        let entries = folder.entries.iter();
        entries
            .map(|(uid, entry)| held(folder, *uid, entry))
            .collect()
    }

    /// One item.
    pub fn get(&self, c: &CollectionId, id: &ItemId) -> Option<Held> {
        let state = self.lock();
        let folder = state.folders.get(c)?;
        let (uid, entry) = folder.find(id).ok()??;
        Some(held(folder, uid, entry))
    }

    /// Adds an item.
    pub fn add(&self, c: &CollectionId, new: &NewItem) -> Result<ItemId> {
        let mut state = self.lock();
        let entry = state.entry(new)?;
        let folder = state.folder_mut(c)?;
        let uid = folder.insert(entry);
        let id = folder.id(uid);
        state.announce();
        Ok(id)
    }

    /// Gives an item another content.
    ///
    /// # Errors
    /// Also [`Unsupported`](crate::ErrorKind::Unsupported) for a message.
    pub fn edit(&self, c: &CollectionId, id: &ItemId, content: &[u8]) -> Result<()> {
        self.change(c, id, |state, kind| {
            if !kind.is_mutable() {
                return Err(Error::new(ErrorKind::Unsupported, "messages never change"));
            }
            let content = state.rewritten(kind, Bytes::copy_from_slice(content));
            Ok(move |entry: &mut Entry| entry.content = content)
        })
    }

    /// Gives a message these flags.
    pub fn set_flags(&self, c: &CollectionId, id: &ItemId, flags: &Flags) -> Result<()> {
        self.change(c, id, |state, kind| {
            let flags = state.held_flags(kind, flags);
            Ok(move |entry: &mut Entry| entry.flags = flags)
        })
    }

    fn change<E: FnOnce(&mut Entry)>(
        &self,
        c: &CollectionId,
        id: &ItemId,
        prepare: impl FnOnce(&State, ItemKind) -> Result<E>,
    ) -> Result<()> {
        let mut state = self.lock();
        let (uid, kind) = match state.folder(c)?.find(id)? {
            Some((uid, entry)) => (uid, entry.kind),
            None => return Err(no_item(c, id)),
        };
        let edit = prepare(&state, kind)?;
        let folder = state.folder_mut(c)?;
        let seq = folder.step();
        let entry = folder.entries.get_mut(&uid);
        if let Some(entry) = entry {
            edit(entry);
            entry.changed = seq;
        }
        state.announce();
        Ok(())
    }

    /// Deletes an item.
    pub fn delete(&self, c: &CollectionId, id: &ItemId) -> Result<()> {
        self.take(c, id, false).map(drop)
    }

    /// Lets an item leave what the source shows without deleting it (EAS SoftDelete). Only
    /// [`Listing::Delta`](super::Listing::Delta) tells it from a deletion.
    pub fn release(&self, c: &CollectionId, id: &ItemId) -> Result<()> {
        self.take(c, id, true).map(drop)
    }

    fn take(&self, c: &CollectionId, id: &ItemId, released: bool) -> Result<Entry> {
        let mut state = self.lock();
        let folder = state.folder_mut(c)?;
        let uid = folder.uid(id)?.ok_or_else(|| no_item(c, id))?;
        let entry = folder.remove(uid, released).ok_or_else(|| no_item(c, id))?;
        state.announce();
        Ok(entry)
    }

    /// Moves an item to another collection, where it gets a new id.
    pub fn move_to(&self, c: &CollectionId, id: &ItemId, to: &CollectionId) -> Result<ItemId> {
        self.lock().folder(to)?;
        let entry = self.take(c, id, false)?;
        self.put(to, entry)
    }

    /// Copies an item to a collection.
    pub fn copy(&self, c: &CollectionId, id: &ItemId, to: &CollectionId) -> Result<ItemId> {
        let found = self.lock().folder(c)?.find(id)?.map(|(_, e)| e.clone());
        self.put(to, found.ok_or_else(|| no_item(c, id))?)
    }

    fn put(&self, to: &CollectionId, entry: Entry) -> Result<ItemId> {
        let mut state = self.lock();
        let folder = state.folder_mut(to)?;
        let uid = folder.insert(entry);
        let id = folder.id(uid);
        state.announce();
        Ok(id)
    }

    /// Damages an item, or mends it.
    pub fn set_broken(&self, c: &CollectionId, id: &ItemId, broken: Option<Broken>) -> Result<()> {
        self.change(c, id, |_, _| {
            Ok(move |entry: &mut Entry| entry.broken = broken)
        })
    }

    /// Makes every cursor of every collection void.
    pub fn lose_cursors(&self, ids: Ids) {
        let all: Vec<_> = self.lock().folders.keys().cloned().collect();
        for c in all {
            // It may have gone meanwhile; then there is nothing to lose.
            let _ = self.lose_cursors_of(&c, ids);
        }
    }

    /// Makes every cursor of one collection void.
    pub fn lose_cursors_of(&self, c: &CollectionId, ids: Ids) -> Result<()> {
        let mut state = self.lock();
        let folder = state.folder_mut(c)?;
        folder.epoch = folder.epoch.saturating_add(1);
        folder.left.clear();
        if ids == Ids::Renewed {
            folder.validity = folder.validity.saturating_add(1);
        }
        state.announce();
        Ok(())
    }

    /// Changes the options of this store for all its sources, except what
    /// [`capabilities`](crate::Source::capabilities) said when they were made.
    pub fn edit_options(&self, edit: impl FnOnce(&mut MemoryOptions)) {
        edit(&mut self.lock().options);
    }

    /// Sets the rule that refuses mutations for good; `None` lifts it.
    pub fn refuse(&self, rule: Option<RefuseRule>) {
        self.lock().refuse = rule;
    }

    /// Sets the closure called before each request and each mutation of a batch.
    pub fn set_hook(&self, hook: Option<Hook>) {
        self.lock().hook = hook;
    }

    /// Orders faults, in place of those ordered before.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.lock().faults = plan;
    }

    /// How many requests were made so far; the next one has the next number.
    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// The requests made since the log was last cleared.
    pub fn log(&self) -> Vec<Request> {
        self.lock().log.requests.clone()
    }

    /// The counts of one collection since the log was last cleared.
    pub fn counters(&self, c: &CollectionId) -> Counters {
        let state = self.lock();
        state.log.counters.get(c).copied().unwrap_or_default()
    }

    /// The counts of all collections together since the log was last cleared.
    pub fn totals(&self) -> Counters {
        let state = self.lock();
        let all = state.log.counters.values();
        all.fold(Counters::default(), |sum, one| sum.plus(one))
    }

    /// Forgets log and counts; request numbers go on.
    pub fn clear_log(&self) {
        self.lock().log = super::log::OpLog::default();
    }

    /// Numbers and records a request, calls the hook and lets a fault strike before the work.
    pub(super) fn begin(
        &self,
        call: Call,
        collection: Option<&CollectionId>,
    ) -> Result<(Request, Option<Fault>)> {
        let (request, fault) = {
            let mut state = self.lock();
            state.requests = state.requests.saturating_add(1);
            let request = Request {
                number: state.requests,
                call,
                collection: collection.cloned(),
                step: None,
            };
            state.log.requests.push(request.clone());
            let fault = state.faults.strike(request.number);
            (request, fault)
        };
        self.call_hook(&request);
        let batch = matches!(call, Call::Apply | Call::Fetch(_));
        match fault {
            Some(f) if f.when == When::Before => Err(f.error()),
            Some(f) if matches!(f.when, When::Within(_)) && !batch => Err(f.error()),
            other => Ok((request, other)),
        }
    }

    pub(super) fn call_hook(&self, request: &Request) {
        let hook = self.lock().hook.clone();
        if let Some(hook) = hook {
            hook(self, request);
        }
    }
}

pub(super) fn collection(path: CollectionPath, kinds: KindSet) -> Collection {
    let role = path.is_inbox().then_some(Role::Inbox);
    let mut collection = Collection::new(path.to_string(), path, kinds);
    collection.role = role;
    collection
}

fn held(folder: &Folder, uid: u64, entry: &Entry) -> Held {
    Held {
        id: folder.id(uid),
        kind: entry.kind,
        content: entry.content.clone(),
        flags: entry.flags.clone(),
        date: entry.date,
        revision: entry.revision(),
    }
}

fn no_item(c: &CollectionId, id: &ItemId) -> Error {
    Error::new(ErrorKind::NotFound, "there is no such item")
        .in_collection(c)
        .at_item(id)
}
