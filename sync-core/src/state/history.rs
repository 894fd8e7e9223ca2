use crate::error::Result;
use crate::model::{Body, CollectionId, Flags, ItemId, ItemKind, Side, Timestamp};
use crate::reconcile::PairId;

/// What a run overwrote or deleted.
#[derive(Debug, Clone)]
pub struct HistoryEntry {
    /// Its number; zero before it is kept.
    pub id: i64,
    /// The run that did it.
    pub run: i64,
    /// When, in Unix seconds.
    pub at: i64,
    /// The pair of collections.
    pub pair: PairId,
    /// The side that held it.
    pub side: Side,
    /// The collection that held it.
    pub collection: CollectionId,
    /// The item.
    pub item: ItemId,
    /// What it was.
    pub kind: ItemKind,
    /// What was done to it.
    pub action: HistoryAction,
    /// The flags it had.
    pub flags: Flags,
    /// Its INTERNALDATE.
    pub date: Option<Timestamp>,
    /// A line for people: subject or summary.
    pub title: Option<String>,
    /// The content, when it was lost with the item; listings leave it out.
    pub body: Option<Body>,
    /// Whether it was brought back.
    pub undone: bool,
}

/// What was done to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryAction {
    /// It was deleted.
    Deleted,
    /// Its content was replaced.
    Replaced,
    /// Its flags were changed.
    Flags,
}

impl HistoryAction {
    /// The word used in reports and in the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Replaced => "replaced",
            Self::Flags => "flags",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Deleted, Self::Replaced, Self::Flags]
            .into_iter()
            .find(|a| a.as_str() == word)
    }
}

/// One run, for a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// Its number.
    pub id: i64,
    /// The synchronisation.
    pub sync: String,
    /// When it began, in Unix seconds.
    pub began: i64,
    /// When it ended; none if it was cut short.
    pub ended: Option<i64>,
    /// Its report, as JSON.
    pub report: Option<String>,
    /// How many items it overwrote or deleted.
    pub entries: u64,
}

/// How much history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    /// Seconds after which an entry may go.
    pub age: i64,
    /// Bytes of content beyond which the oldest entries go.
    pub bytes: u64,
}

impl Default for HistoryLimits {
    /// 90 days and 1 GiB.
    fn default() -> Self {
        Self {
            age: 90 * 24 * 3600,
            bytes: 1 << 30,
        }
    }
}

/// The runs, and what they overwrote or deleted.
pub trait History {
    /// Opens a run and says its number.
    fn begin_run(&mut self, sync: &str, now: i64) -> Result<i64>;
    /// Closes a run with its report.
    fn end_run(&mut self, run: i64, now: i64, report: &str) -> Result<()>;
    /// The latest runs, newest first.
    fn runs(&mut self, sync: &str, limit: usize) -> Result<Vec<RunSummary>>;
    /// Keeps what is about to be overwritten or deleted; says the entry's number.
    fn keep(&mut self, entry: &HistoryEntry) -> Result<i64>;
    /// What runs overwrote or deleted, newest first.
    fn history(&mut self, sync: &str, run: Option<i64>, limit: usize) -> Result<Vec<HistoryEntry>>;
    /// One entry with its content.
    fn lost(&mut self, entry: i64) -> Result<Option<HistoryEntry>>;
    /// Marks an entry as brought back.
    fn mark_undone(&mut self, entry: i64) -> Result<()>;
    /// Drops the oldest entries beyond the limits.
    fn trim_history(&mut self, limits: HistoryLimits, now: i64) -> Result<()>;
}
