//! A source in memory: an account to try things on, and the two sides of the simulator.
//!
//! [`MemoryStore`] is the account. It hands out [`Memory`] sources, and a test edits it at any time
//! as a third party, orders faults, and reads what was asked of it. [`MemoryOptions`] say what kind
//! of server it plays.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use sync_core::Source;
//! use sync_core::local::MemoryStore;
//! use sync_core::model::{Flags, Identity, ItemKind, KindSet, NewItem};
//!
//! let store = MemoryStore::default();
//! let inbox = store.add_collection("INBOX", KindSet::MAIL);
//! store.add(&inbox, &NewItem {
//!     kind: ItemKind::Message,
//!     flags: Flags::parse("\\Seen"),
//!     date: None,
//!     identity: Identity::default(),
//!     body: "Subject: hello\r\n\r\nHow are you?\r\n".into(),
//! })?;
//! let page = store.source().changes(&inbox, None).await?;
//! assert_eq!(page.changed.len(), 1);
//! assert_eq!(store.counters(&inbox).pages, 1);
//! # Ok::<(), sync_core::Error>(()) }).unwrap();
//! ```

mod fault;
mod listing;
mod log;
mod options;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

pub use fault::{Call, Fault, FaultPlan, Request, When};
pub use log::Counters;
pub use options::{FlagsFilter, Listing, MemoryOptions, Rewrite};
pub use state::{Attempt, Broken, Hook, RefuseRule};
pub use store::{Held, Ids, MemoryStore};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Body, Collection, CollectionId, Cursor, Item, ItemId, ItemKind, NewCollection};
use crate::source::{Applied, Capabilities, ChangePage, Depth, Mutation, Outcome, Source};
use log::bump;

/// A source on a [`MemoryStore`].
#[derive(Debug)]
pub struct Memory {
    store: MemoryStore,
    capabilities: Capabilities,
    /// Place in each folder's change log that a listing reached last, for `watch`.
    seen: HashMap<CollectionId, u64>,
}

impl Memory {
    pub(super) fn new(store: MemoryStore) -> Self {
        let (capabilities, seen) = {
            let state = store.lock();
            let o = &state.options;
            let mut c = Capabilities::new("memory", o.account.clone(), o.kinds);
            c.absence = o.absence;
            c.rewrites = o.rewrite.is_some();
            c.makes_uids = o.makes_uids;
            c.held.clone_from(&o.held);
            c.moves = o.moves;
            c.creates_collections = o.creates_collections;
            c.batch_items = o.batch_items;
            let folders = state.folders.iter();
            (c, folders.map(|(id, f)| (id.clone(), f.seq)).collect())
        };
        Self {
            store,
            capabilities,
            seen,
        }
    }

    /// The store behind it.
    pub fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// One item to `depth`, or why it cannot be given; `None` if it is not there.
    fn read(&self, c: &CollectionId, id: &ItemId, depth: Depth) -> Option<Result<Item>> {
        let mut state = self.store.lock();
        let found = state
            .folder(c)
            .and_then(|folder| Ok(folder.find(id)?.map(|(uid, entry)| (folder, uid, entry))));
        let (folder, uid, entry) = match found {
            Ok(Some(found)) => found,
            Ok(None) => return None,
            Err(error) => return Some(Err(error)),
        };
        if entry.broken.is_some() {
            return Some(Err(listing::unreadable(c, id)));
        }
        let mut item = state.listed(folder, uid, entry);
        let content = state.shown(folder, uid, entry);
        state::recognise(&mut item.identity, entry.kind, &content);
        item.size = Some(content.len() as u64);
        let whole = depth == Depth::Full || entry.kind.is_mutable();
        item.body = whole.then(|| Body::from(content));
        let counters = state.log.of(c);
        bump(if whole {
            &mut counters.bodies
        } else {
            &mut counters.identities
        });
        Some(Ok(item))
    }

    fn moved_on(&self, c: &[CollectionId]) -> Vec<CollectionId> {
        let state = self.store.lock();
        let seq = |id| state.folders.get(id).map(|folder| folder.seq);
        c.iter()
            .filter(|id| seq(id) != self.seen.get(id).copied())
            .cloned()
            .collect()
    }
}

#[async_trait]
impl Source for Memory {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn collections(&mut self) -> Result<Vec<Collection>> {
        let (_, fault) = self.store.begin(Call::Collections, None)?;
        let all = self.store.collections();
        lost_answer(fault)?;
        Ok(all)
    }

    async fn create_collection(&mut self, new: &NewCollection) -> Result<Collection> {
        let id = CollectionId::new(new.path.to_string());
        let (_, fault) = self.store.begin(Call::CreateCollection, Some(&id))?;
        let made = {
            let mut state = self.store.lock();
            if !state.options.creates_collections {
                let why = "collections cannot be created here";
                return Err(Error::new(ErrorKind::Unsupported, why).in_collection(&id));
            }
            let mut made = store::collection(new.path.clone(), new.kinds);
            made.role = made.role.or(new.role);
            made.properties = new.properties.clone();
            state.add_folder(made);
            state.folder(&id)?.collection.clone()
        };
        lost_answer(fault)?;
        Ok(made)
    }

    async fn changes(&mut self, c: &CollectionId, since: Option<&Cursor>) -> Result<ChangePage> {
        let (_, fault) = self.store.begin(Call::Changes, Some(c))?;
        let page = {
            let mut state = self.store.lock();
            let folder = state.folder(c)?;
            let page = listing::page(&state, folder, since)?;
            self.seen.insert(c.clone(), folder.seq);
            let counters = state.log.of(c);
            bump(&mut counters.pages);
            for item in &page.changed {
                bump(&mut counters.listed);
                if item.body.is_some() {
                    bump(&mut counters.inline_bodies);
                }
            }
            page
        };
        lost_answer(fault)?;
        Ok(page)
    }

    fn fetch<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
        depth: Depth,
    ) -> BoxStream<'a, Result<Item>> {
        if ids.is_empty() {
            return stream::empty().boxed();
        }
        let fault = match self.store.begin(Call::Fetch(depth), Some(c)) {
            Ok((_, fault)) => fault,
            Err(error) => return stream::iter([Err(error)]).boxed(),
        };
        let mut once = HashSet::new();
        let items = ids
            .iter()
            .filter(move |id| once.insert(*id))
            .filter_map(move |id| self.read(c, id, depth));
        let cut = fault.map(|fault| match fault.when {
            When::After => (usize::MAX, Some(Err(fault.error()))),
            When::Within(n) => (n, Some(Err(fault.error()))),
            _ => (usize::MAX, None),
        });
        let (n, end) = cut.unwrap_or((usize::MAX, None));
        // An error that names no item ends the stream.
        let mut over = false;
        let items = items.take(n).chain(end).take_while(move |item| {
            let go_on = !over;
            over = matches!(item, Err(error) if error.item().is_none());
            go_on
        });
        stream::iter(items).boxed()
    }

    fn holds_alike(&self, kind: ItemKind, a: &[u8], b: &[u8]) -> bool {
        let rewrite = self.store.lock().options.rewrite.clone();
        rewrite.is_some_and(|rewrite| rewrite(kind, a) == rewrite(kind, b))
    }

    async fn apply(
        &mut self,
        c: &CollectionId,
        at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied> {
        if batch.len() > self.capabilities.batch_items {
            let why = format!("a batch of {} mutations is too large", batch.len());
            return Err(Error::new(ErrorKind::Unsupported, why).in_collection(c));
        }
        let (mut request, fault) = self.store.begin(Call::Apply, Some(c))?;
        let when = fault.map(|fault| fault.when);
        let mut own = write::OwnSteps::begin(&self.store.lock(), c, at);
        let mut applied = Applied::default();
        for (k, mutation) in batch.iter().enumerate() {
            request.step = Some(k);
            self.store.call_hook(&request);
            match fault {
                Some(fault) if fault.when == When::Within(k) => return Err(fault.error()),
                Some(fault) if fault.when == When::UnknownNotDone(k) => {
                    applied.outcomes.push(Outcome::Unknown(fault.error()));
                    continue;
                }
                _ => {}
            }
            let mut state = self.store.lock();
            own.before(&state, c);
            let outcome = write::carry_out(&mut state, c, &mutation.op)?;
            own.after(&state, c);
            drop(state);
            applied.outcomes.push(match fault {
                Some(fault) if fault.when == When::UnknownDone(k) => {
                    Outcome::Unknown(fault.error())
                }
                _ => outcome,
            });
        }
        match fault {
            // A batch too short for its fault fails at its end.
            Some(fault) if matches!(when, Some(When::After | When::Within(_))) => {
                Err(fault.error())
            }
            _ => {
                applied.cursor = own.cursor(&self.store.lock(), c);
                Ok(applied)
            }
        }
    }

    async fn watch(&mut self, c: &[CollectionId], timeout: Duration) -> Result<Vec<CollectionId>> {
        let (_, fault) = self.store.begin(Call::Watch, None)?;
        lost_answer(fault)?;
        let mut version = self.store.lock().version.subscribe();
        let deadline = tokio::time::Instant::now() + timeout;
        loop {
            let changed = self.moved_on(c);
            if !changed.is_empty() {
                return Ok(changed);
            }
            match tokio::time::timeout_at(deadline, version.changed()).await {
                Ok(Ok(())) => {}
                // Time is over; the store itself lives as long as this source.
                Ok(Err(_)) | Err(_) => return Ok(Vec::new()),
            }
        }
    }
}

fn lost_answer(fault: Option<Fault>) -> Result<()> {
    match fault {
        Some(fault) if fault.when == When::After => Err(fault.error()),
        _ => Ok(()),
    }
}
