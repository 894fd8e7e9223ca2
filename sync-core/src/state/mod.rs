//! What the engine remembers between runs, behind a small trait.
//!
//! Three things, as in a three-way merge: what each side was last agreed to hold (links with
//! their two bases), what each side was seen to hold since (observations), and where each source
//! stands (cursors). A cursor is stored in the transaction that stores what it led to; a plan is
//! computed from what is stored. So a crash between any two transactions loses nothing: the next
//! run sees the same observations and plans the same.

mod history;
mod journal;
mod links;
mod observations;
mod pairs;
mod schema;
mod sqlite;

use crate::error::Result;

pub use history::{History, HistoryAction, HistoryEntry, HistoryLimits, RunSummary};
pub use journal::{Intent, IntentAction, Journal, Resolution, Waiting};
pub use links::Links;
pub use observations::{GroupBy, GroupKey, Observations};
pub use pairs::{PairRecord, Pairs};
pub use sqlite::{Fault, SqliteState};

/// The durable memory of the engine. Methods are short and synchronous; the engine groups them in
/// transactions.
///
/// A failed method leaves the transaction to be rolled back.
pub trait State: Pairs + Links + Observations + Journal + History + Send {
    /// Opens a transaction; nested ones join it.
    fn begin(&mut self) -> Result<()>;
    /// Makes what was done since [`begin`](Self::begin) durable.
    fn commit(&mut self) -> Result<()>;
    /// Undoes what was done since the outermost [`begin`](Self::begin).
    fn rollback(&mut self);
}
