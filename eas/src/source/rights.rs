//! Folders of other people.
//!
//! SOGo says of every write that it worked. What its author has no right to do it takes back at once,
//! and the next listing tells that: a new item is deleted, a changed or deleted one is there as it was.

use std::collections::HashMap;

use sync_core::Source as _;
use sync_core::model::{Body, CollectionId, Item as Seen, ItemId};
use sync_core::source::{Mutation, Op, Outcome};
use sync_core::{Error, ErrorKind};

use super::EasSource;
use super::apply::set;
use super::job::LARGEST;
use super::send::again;
use crate::wire::class::Class;

/// What is there of what was written; nothing where it cannot be made sense of.
type Found = HashMap<ItemId, Option<Seen>>;

impl EasSource {
    /// Looks whether what was written in a folder that may be somebody else's is there.
    pub(super) async fn check_rights(
        &mut self,
        c: &CollectionId,
        class: Class,
        batch: &[Mutation],
        outcomes: &mut [Option<Outcome>],
    ) {
        for to in places(c, batch) {
            if !self.is_foreign(c) && !self.is_foreign(to) {
                continue;
            }
            let written: Vec<(usize, ItemId)> = batch
                .iter()
                .zip(&*outcomes)
                .enumerate()
                .filter(|(_, (mutation, _))| place(c, mutation) == to)
                .filter_map(
                    |(index, (mutation, outcome))| match (&mutation.op, outcome) {
                        (Op::Delete { id, .. }, Some(Outcome::Done(_))) => {
                            Some((index, id.clone()))
                        }
                        (_, Some(Outcome::Done(stored))) => Some((index, stored.id.clone()?)),
                        _ => None,
                    },
                )
                .collect();
            let ids: Vec<ItemId> = written.iter().map(|(_, id)| id.clone()).collect();
            if ids.is_empty() {
                continue;
            }
            let found: Found = match self.read_items(to, class, &ids).await {
                Ok(found) => found.into_iter().filter_map(by_id).collect(),
                Err(error) => {
                    for (index, _) in written {
                        set(outcomes, index, Outcome::Unknown(again(&error)));
                    }
                    continue;
                }
            };
            for (index, id) in written {
                let Some(mutation) = batch.get(index) else {
                    continue;
                };
                if !self.is_kept(mutation, found.get(&id)) {
                    let why = "the account has no right to do this in a folder of somebody else";
                    let error = Error::new(ErrorKind::ReadOnly, why);
                    set(outcomes, index, Outcome::Refused(error));
                }
            }
        }
    }

    /// Whether a write shows in what is there now.
    fn is_kept(&self, mutation: &Mutation, now: Option<&Option<Seen>>) -> bool {
        match (&mutation.op, now) {
            (Op::Delete { .. }, now) => now.is_none(),
            (Op::Create(_) | Op::Move { .. }, now) => now.is_some(),
            (Op::Replace { guard, body, .. }, Some(Some(seen))) => {
                // Where nothing changed, nothing may have had to.
                seen.revision != *guard || self.is_same(body, seen)
            }
            _ => true,
        }
    }

    fn is_same(&self, sent: &Body, seen: &Seen) -> bool {
        let sent = sent.read(LARGEST).ok();
        let there = seen.body.as_ref().and_then(|body| body.read(LARGEST).ok());
        let mut both = sent.zip(there).into_iter();
        both.all(|(sent, there)| self.holds_alike(seen.kind, &sent, &there))
    }

    /// Whether a folder may be somebody else's. SOGo names one after its owner and what the owner
    /// calls it.
    fn is_foreign(&self, c: &CollectionId) -> bool {
        self.is_sogo() && c.as_str().contains('_')
    }
}

/// The folders in which something of a batch should be afterwards, or should not.
fn places<'a>(c: &'a CollectionId, batch: &'a [Mutation]) -> Vec<&'a CollectionId> {
    let mut all: Vec<_> = batch.iter().map(|mutation| place(c, mutation)).collect();
    all.sort_unstable_by_key(|c| c.as_str());
    all.dedup();
    all
}

fn place<'a>(c: &'a CollectionId, mutation: &'a Mutation) -> &'a CollectionId {
    match &mutation.op {
        Op::Move { to, .. } => to,
        _ => c,
    }
}

fn by_id(found: Result<Seen, Error>) -> Option<(ItemId, Option<Seen>)> {
    match found {
        Ok(seen) => Some((seen.id.clone(), Some(seen))),
        Err(error) => Some((error.item()?.clone(), None)),
    }
}
