//! Two parties at one collection, and what one of them knows.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures_util::StreamExt as _;

use super::{Failure, Harness, Profile, ensure};
use crate::model::{
    CollectionId, CollectionPath, Cursor, Flags, Item, ItemId, ItemKind, NewItem, Revision,
};
use crate::source::{
    Capabilities, Coverage, Depth, Mutation, Op, Operation, Outcome, Source, Stored,
};

pub(super) type Tried<T> = std::result::Result<T, Failure>;

/// More pages than any listing here has.
const PAGES: usize = 10_000;

/// One collection of one case, with the source under test and a third party.
pub(super) struct World<'a> {
    pub(super) harness: &'a mut dyn Harness,
    pub(super) profile: Profile,
    case: &'static str,
    /// The source under test.
    pub(super) us: Party,
    /// Somebody else at the same account.
    pub(super) them: Party,
    /// The collection.
    pub(super) c: CollectionId,
}

/// One source, and the UIDs of what it created.
pub(super) struct Party(
    pub(super) Box<dyn Source>,
    BTreeMap<(CollectionId, ItemId), String>,
);

/// All pages of a listing.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) changed: BTreeMap<ItemId, Item>,
    pub(super) present: BTreeSet<ItemId>,
    pub(super) vanished: BTreeSet<ItemId>,
    pub(super) coverage: Coverage,
    pub(super) cursor: Cursor,
    pub(super) pages: usize,
}

/// What a peer that follows the listings knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known {
    pub(super) items: BTreeMap<ItemId, Revision>,
    pub(super) cursor: Option<Cursor>,
}

impl<'a> World<'a> {
    /// A fresh collection, named after the case.
    pub(super) async fn new(harness: &'a mut dyn Harness, case: &'static str) -> Tried<Self> {
        let profile = harness.profile();
        let mut us = Party::new(harness.connect().await?);
        let mut them = Party::new(harness.connect().await?);
        us.0.collections().await?;
        let path = CollectionPath::new([case]);
        let c = harness.collection(us.0.as_mut(), &path).await?.id;
        them.0.collections().await?;
        Ok(Self {
            harness,
            profile,
            case,
            us,
            them,
            c,
        })
    }

    /// One more collection.
    pub(super) async fn another(&mut self) -> Tried<CollectionId> {
        let path = CollectionPath::new([format!("{} 2", self.case)]);
        let made = self.harness.collection(self.us.0.as_mut(), &path).await?;
        Ok(made.id)
    }

    pub(super) fn kind(&self) -> ItemKind {
        self.profile.kind
    }

    pub(super) fn capabilities(&self) -> &Capabilities {
        self.us.0.capabilities()
    }

    /// Whether the source never does this with the kind under test.
    pub(super) fn refuses(&self, operation: Operation) -> bool {
        self.capabilities()
            .refuse(self.profile.kind, operation)
            .is_some()
    }

    /// Whether an item has the UID that it was created with.
    pub(super) fn keeps_uids(&self) -> bool {
        !self.capabilities().makes_uids.contains(self.kind())
    }

    /// The operation that changes an item without replacing it by another: flags of a message,
    /// content of anything else.
    pub(super) fn update_operation(&self) -> Operation {
        if self.kind().is_mutable() {
            Operation::Replace
        } else {
            Operation::SetFlags
        }
    }

    pub(super) fn item(&self, n: usize) -> NewItem {
        super::samples::item(self.kind(), n)
    }

    /// Such an update; each number gives another state. An item keeps its UID: servers refuse to
    /// change it (RFC 4791 section 5.3.2.1).
    pub(super) fn update(&self, id: &ItemId, guard: &Revision, n: usize) -> Op {
        let (id, guard) = (id.clone(), guard.clone());
        if self.kind().is_mutable() {
            let key = (self.c.clone(), id.clone());
            let uid = self.us.1.get(&key).or_else(|| self.them.1.get(&key));
            let uid = uid.cloned().unwrap_or_default();
            let changed = super::samples::with_uid(self.kind(), &uid, &format!("Changed {n}"));
            return Op::Replace {
                id,
                guard,
                body: changed.body,
            };
        }
        let (add, remove) = match n % 2 {
            0 => ("\\Flagged", "\\Seen"),
            _ => ("\\Seen", "\\Flagged"),
        };
        Op::SetFlags {
            id,
            guard,
            add: Flags::parse(add),
            remove: Flags::parse(remove),
        }
    }

    /// The third party writes so many items.
    pub(super) async fn fill(&mut self, count: usize) -> Tried<Vec<ItemId>> {
        let mut ids = Vec::new();
        for n in 0..count {
            let item = self.item(n);
            ids.push(self.them.create(&self.c, item).await?);
        }
        Ok(ids)
    }

    /// Whether what was read is what was written. A source that rewrites may change the text of
    /// what is no message; then title and UID must be there.
    pub(super) fn same_content(&self, wrote: &NewItem, read: &Item) -> Tried<()> {
        let Some(body) = &read.body else {
            return Err(Failure(format!(
                "item {} came without its content",
                read.id
            )));
        };
        let (wrote, read) = (wrote.body.read(u64::MAX)?, body.read(u64::MAX)?);
        if !self.kind().is_mutable() || !self.capabilities().rewrites {
            ensure!(
                wrote == read,
                "the content came back altered: {} is not {}",
                excerpt(&read, &wrote),
                excerpt(&wrote, &read)
            );
            return Ok(());
        }
        let (wrote, read) = (unfolded(&wrote), unfolded(&read));
        let uid = self.keeps_uids().then_some("UID:");
        let names = ["SUMMARY:", "FN:", "RRULE:", "RECURRENCE-ID"];
        for name in uid.into_iter().chain(names) {
            for line in wrote.lines().filter(|line| line.starts_with(name)) {
                let (_, value) = line.split_once(':').unwrap_or_default();
                let found = read
                    .lines()
                    .any(|l| l.starts_with(name) && l.ends_with(value));
                ensure!(found, "{line:?} did not come back in {read:?}");
            }
        }
        Ok(())
    }
}

/// Content lines without folds (RFC 5545 section 3.1).
fn unfolded(text: &Bytes) -> String {
    let text = String::from_utf8_lossy(text).replace("\r\n", "\n");
    text.replace("\n ", "").replace("\n\t", "")
}

/// The bytes around the first place where two contents differ.
fn excerpt(content: &Bytes, other: &Bytes) -> String {
    let mut both = content.iter().zip(other.iter());
    let shorter = content.len().min(other.len());
    let at = both.position(|(a, b)| a != b).unwrap_or(shorter);
    let from = at.saturating_sub(20);
    let to = at.saturating_add(20).min(content.len());
    let part = content.get(from..to).unwrap_or_default();
    let len = content.len();
    format!("{len} bytes with \"{}\" at {from}", part.escape_ascii())
}

impl Party {
    pub(super) fn new(source: Box<dyn Source>) -> Self {
        Self(source, BTreeMap::new())
    }

    /// Carries out one mutation.
    pub(super) async fn apply(&mut self, c: &CollectionId, op: Op) -> Tried<Outcome> {
        let mut outcomes = self.apply_all(c, vec![op]).await?;
        outcomes
            .pop()
            .ok_or_else(|| Failure("no outcome for one mutation".to_owned()))
    }

    /// Carries out a batch and checks that each mutation is answered.
    pub(super) async fn apply_all(
        &mut self,
        c: &CollectionId,
        ops: Vec<Op>,
    ) -> Tried<Vec<Outcome>> {
        let asked = ops.len();
        let uids: Vec<Option<String>> = ops
            .iter()
            .map(|op| match op {
                Op::Create(new) => new.identity.uid.clone(),
                _ => None,
            })
            .collect();
        let batch = (1..).zip(ops).map(|(key, op)| Mutation { key, op });
        let applied = self.0.apply(c, None, batch.collect()).await?;
        let answered = applied.outcomes.len();
        ensure!(
            answered == asked,
            "{asked} mutations have {answered} outcomes"
        );
        for (uid, outcome) in uids.into_iter().zip(&applied.outcomes) {
            if let (Some(uid), Outcome::Done(Stored { id: Some(id), .. })) = (uid, outcome) {
                self.1.insert((c.clone(), id.clone()), uid);
            }
        }
        Ok(applied.outcomes)
    }

    /// Carries out one mutation that must succeed.
    pub(super) async fn done(&mut self, c: &CollectionId, op: Op) -> Tried<Stored> {
        let asked = format!("{op:?}");
        match self.apply(c, op).await? {
            Outcome::Done(stored) => Ok(stored),
            other => Err(Failure(format!("{asked} ended as {other:?}"))),
        }
    }

    /// Creates an item and finds out its id, by a listing where the source does not say it.
    pub(super) async fn create(&mut self, c: &CollectionId, new: NewItem) -> Tried<ItemId> {
        let before = self.list(c, None).await?;
        let uid = new.identity.uid.clone();
        let stored = self.done(c, Op::Create(new)).await?;
        if let Some(id) = stored.id {
            return Ok(id);
        }
        let after = self.list(c, None).await?;
        let mut new = after.changed.into_keys();
        let id = new.find(|id| !before.changed.contains_key(id));
        let id = id.ok_or_else(|| Failure("a created item is not listed".to_owned()))?;
        if let Some(uid) = uid {
            self.1.insert((c.clone(), id.clone()), uid);
        }
        Ok(id)
    }

    /// All pages of a listing.
    pub(super) async fn list(
        &mut self,
        c: &CollectionId,
        since: Option<&Cursor>,
    ) -> Tried<Listing> {
        self.try_list(c, since).await?.map_err(Failure::from)
    }

    /// All pages of a listing, or its error.
    pub(super) async fn try_list(
        &mut self,
        c: &CollectionId,
        since: Option<&Cursor>,
    ) -> Tried<crate::Result<Listing>> {
        let mut listing: Option<Listing> = None;
        let mut cursor = since.cloned();
        for _ in 0..PAGES {
            let page = match self.0.changes(c, cursor.as_ref()).await {
                Ok(page) => page,
                Err(error) => return Ok(Err(error)),
            };
            if let Some(error) = page.unreadable.first() {
                return Err(Failure(format!("an item cannot be read: {error:?}")));
            }
            let all = listing.get_or_insert_with(|| Listing {
                changed: BTreeMap::new(),
                present: BTreeSet::new(),
                vanished: BTreeSet::new(),
                coverage: page.coverage,
                cursor: page.cursor.clone(),
                pages: 0,
            });
            ensure!(
                all.coverage == page.coverage,
                "the pages of one listing differ in their coverage"
            );
            let snapshot = page.coverage == Coverage::Snapshot;
            ensure!(
                snapshot || page.present.is_empty(),
                "a delta names items that did not change"
            );
            ensure!(
                since.is_some() || snapshot,
                "a listing of everything is no snapshot"
            );
            for item in page.changed {
                // In a log of changes one item may come again.
                let again = all.changed.contains_key(&item.id) || all.present.contains(&item.id);
                ensure!(!snapshot || !again, "item {} is listed twice", item.id);
                all.vanished.remove(&item.id);
                all.changed.insert(item.id.clone(), item);
            }
            for id in page.present {
                let again = all.changed.contains_key(&id) || !all.present.insert(id.clone());
                ensure!(!again, "item {id} is listed twice");
            }
            for id in page.vanished {
                all.changed.remove(&id);
                all.vanished.insert(id);
            }
            all.pages = all.pages.saturating_add(1);
            all.cursor = page.cursor.clone();
            if !page.more {
                return listing
                    .map(Ok)
                    .ok_or_else(|| Failure("there is no page".to_owned()));
            }
            ensure!(
                cursor.as_ref() != Some(&page.cursor),
                "more pages follow, and the cursor does not move"
            );
            cursor = Some(page.cursor);
        }
        Err(Failure(format!("a listing has more than {PAGES} pages")))
    }

    /// Fetches items.
    pub(super) async fn fetch(
        &mut self,
        c: &CollectionId,
        ids: &[ItemId],
        depth: Depth,
    ) -> Tried<Vec<Item>> {
        let items: Vec<_> = self.0.fetch(c, ids, depth).collect().await;
        let items: crate::Result<Vec<Item>> = items.into_iter().collect();
        Ok(items?)
    }

    /// Fetches one item that must be there.
    pub(super) async fn get(&mut self, c: &CollectionId, id: &ItemId) -> Tried<Item> {
        let ids = std::slice::from_ref(id);
        let mut items = self.fetch(c, ids, Depth::Full).await?;
        ensure!(
            items.len() == 1,
            "fetching item {id} gives {} items",
            items.len()
        );
        items
            .pop()
            .ok_or_else(|| Failure(format!("item {id} is not there")))
    }

    /// One item as a listing tells it.
    pub(super) async fn listed(&mut self, c: &CollectionId, id: &ItemId) -> Tried<Item> {
        let mut listing = self.list(c, None).await?;
        let found = listing.changed.remove(id);
        found.ok_or_else(|| Failure(format!("item {id} is not listed")))
    }

    /// What somebody who never looked before gets to know.
    pub(super) async fn know(&mut self, c: &CollectionId) -> Tried<Known> {
        let mut known = Known::default();
        self.catch_up(c, &mut known).await?;
        Ok(known)
    }

    /// Brings what is known up to date, from the beginning if the cursor is lost.
    pub(super) async fn catch_up(&mut self, c: &CollectionId, known: &mut Known) -> Tried<()> {
        let listing = match self.try_list(c, known.cursor.as_ref()).await? {
            Err(error) if error.is_cursor_lost() && known.cursor.is_some() => {
                known.items.clear();
                self.list(c, None).await?
            }
            other => other?,
        };
        known.learn(&listing)
    }
}

impl Known {
    /// Adds what a listing tells.
    pub(super) fn learn(&mut self, listing: &Listing) -> Tried<()> {
        for id in &listing.present {
            ensure!(
                self.items.contains_key(id),
                "item {id} is said to be unchanged and was never told"
            );
        }
        if listing.coverage == Coverage::Snapshot {
            self.items
                .retain(|id, _| listing.changed.contains_key(id) || listing.present.contains(id));
        }
        for id in &listing.vanished {
            self.items.remove(id);
        }
        for (id, item) in &listing.changed {
            self.items.insert(id.clone(), item.revision.clone());
        }
        self.cursor = Some(listing.cursor.clone());
        Ok(())
    }
}

/// Whether an outcome says that somebody else was faster.
pub(super) fn is_stale(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Stale)
}

/// Whether an outcome says that the item is not there.
pub(super) fn is_gone(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Gone)
}
