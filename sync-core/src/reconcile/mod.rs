//! Pure functions from what both sides hold and what the links know to what shall be done.
//!
//! No I/O, no clock, no async: the engine gathers [`Link`]s and [`Observed`] items, asks here, and
//! carries out the answer.

mod collections;
mod guard;
mod leave;
mod link;
mod pairing;
mod record;
mod rules;

pub use collections::{PairedCollections, Pairing, pair_collections};
pub use guard::{Tally, guard};
pub use leave::{Leave, reconcile_leave};
pub use link::{Conflict, Decision, Now, SideFacts, Step, Then, reconcile_link};
pub use pairing::{Joined, canonical_order, join, pair_by_identity};
pub use record::{Link, LinkId, LinkSide, Observed, PairId, Presence, RowId};
pub use rules::{ConflictRule, Deletes, Direction, MaxDeletes, Rules, Selection};
