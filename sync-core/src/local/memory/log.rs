//! What was asked of a store.

use std::collections::HashMap;

use super::fault::Request;
use crate::model::CollectionId;

/// How often a source was asked for what. Third-party edits through the store are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Pages of listings.
    pub pages: u64,
    /// Items that listings named as changed.
    pub listed: u64,
    /// Contents that listings carried.
    pub inline_bodies: u64,
    /// Fetched items whose content came along.
    pub bodies: u64,
    /// Fetched items of which only the identity came.
    pub identities: u64,
    /// Creations asked for.
    pub creates: u64,
    /// Changes of flags asked for.
    pub flags: u64,
    /// New contents asked for.
    pub replaces: u64,
    /// Deletions asked for.
    pub deletes: u64,
    /// Moves asked for.
    pub moves: u64,
    /// Mutations that were carried out, of all that were asked for.
    pub done: u64,
}

impl Counters {
    /// Mutations asked for, carried out or not.
    pub fn writes(&self) -> u64 {
        [
            self.creates,
            self.flags,
            self.replaces,
            self.deletes,
            self.moves,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    /// Items that were fetched, to whatever depth.
    pub fn fetches(&self) -> u64 {
        self.bodies.saturating_add(self.identities)
    }

    /// The sum with another.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            pages: self.pages.saturating_add(other.pages),
            listed: self.listed.saturating_add(other.listed),
            inline_bodies: self.inline_bodies.saturating_add(other.inline_bodies),
            bodies: self.bodies.saturating_add(other.bodies),
            identities: self.identities.saturating_add(other.identities),
            creates: self.creates.saturating_add(other.creates),
            flags: self.flags.saturating_add(other.flags),
            replaces: self.replaces.saturating_add(other.replaces),
            deletes: self.deletes.saturating_add(other.deletes),
            moves: self.moves.saturating_add(other.moves),
            done: self.done.saturating_add(other.done),
        }
    }
}

/// The requests made and what they amounted to.
#[derive(Debug, Default)]
pub(super) struct OpLog {
    pub(super) requests: Vec<Request>,
    pub(super) counters: HashMap<CollectionId, Counters>,
}

impl OpLog {
    pub(super) fn of(&mut self, c: &CollectionId) -> &mut Counters {
        self.counters.entry(c.clone()).or_default()
    }
}

/// Counts one more.
pub(super) fn bump(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
