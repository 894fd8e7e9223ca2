//! Faults that a test orders, and the requests they strike.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind};
use crate::model::CollectionId;
use crate::source::Depth;

/// One call of a [`Source`](crate::Source) method; each page of a listing is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Counts the store's requests from 1.
    pub number: u64,
    /// What is asked.
    pub call: Call,
    /// Of which collection, unless of the account.
    pub collection: Option<CollectionId>,
    /// Within [`Call::Apply`]: which mutation of the batch is next, from 0. `None` before the
    /// request as such.
    pub step: Option<usize>,
}

/// The method called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// [`collections`](crate::Source::collections)
    Collections,
    /// [`create_collection`](crate::Source::create_collection)
    CreateCollection,
    /// [`changes`](crate::Source::changes)
    Changes,
    /// [`fetch`](crate::Source::fetch)
    Fetch(Depth),
    /// [`apply`](crate::Source::apply)
    Apply,
    /// [`watch`](crate::Source::watch)
    Watch,
}

/// Where in a request a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before anything happened.
    Before,
    /// After everything happened: the answer is lost. A fetch gives all its items first.
    After,
    /// After this many mutations of a batch or items of a fetch; before any other request.
    Within(usize),
    /// This mutation of a batch (from 0) is carried out and its outcome is
    /// [`Unknown`](crate::source::Outcome::Unknown); the others are answered. No other request is
    /// struck.
    UnknownDone(usize),
    /// As [`UnknownDone`](Self::UnknownDone), but the mutation is not carried out.
    UnknownNotDone(usize),
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Where it strikes.
    pub when: When,
    /// The class of the error.
    pub kind: ErrorKind,
}

impl Fault {
    /// A lost connection.
    pub const fn new(when: When) -> Self {
        Self {
            when,
            kind: ErrorKind::Connection,
        }
    }

    pub(super) fn error(self) -> Error {
        Error::new(self.kind, format!("a test ordered this ({:?})", self.when))
    }
}

/// Which requests fail. The default lets all pass.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    /// By [`Request::number`]; each strikes once, as no number comes twice.
    pub at: BTreeMap<u64, Fault>,
    /// From this request on nothing is reachable: each fails as by [`When::Before`].
    pub down_from: Option<u64>,
}

impl FaultPlan {
    /// One fault at the `n`-th request, counted from 1.
    pub fn once(n: u64, when: When) -> Self {
        Self {
            at: BTreeMap::from([(n, Fault::new(when))]),
            down_from: None,
        }
    }

    pub(super) fn strike(&self, number: u64) -> Option<Fault> {
        if self.down_from.is_some_and(|from| number >= from) {
            return Some(Fault::new(When::Before));
        }
        self.at.get(&number).copied()
    }
}
