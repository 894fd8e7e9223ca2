use std::fmt;

use serde::Serialize;

use crate::model::{Both, CollectionPath, Side};

/// What a run did, what was refused, and what waits for a person.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The run's number in the history; none for a plan.
    pub run: Option<i64>,
    /// The synchronisation.
    pub sync: String,
    /// One entry a pair of collections in which something happened.
    pub pairs: Vec<PairReport>,
    /// How many pairs took part.
    pub collections: usize,
    /// Whether the run was stopped before it was through.
    pub cancelled: bool,
    /// What stopped the run, if something did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What happened in one pair of collections.
#[derive(Debug, Clone, Serialize)]
pub struct PairReport {
    /// The path on both sides.
    pub collection: Both<CollectionPath>,
    /// What was written (or would be, in a plan), a side.
    pub written: Both<Counts>,
    /// Items that a server refuses or that cannot be read: tried again when they change.
    pub refused: Vec<String>,
    /// What takes no part, since nothing on the other side can hold it. It was neither copied nor
    /// missed, and is told when it is seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Conflicts that wait for a person.
    pub waiting: u64,
    /// Why a guard stopped the pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard: Option<String>,
    /// What else stopped the pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How many items were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Created.
    pub created: u64,
    /// Flags set or cleared.
    pub flagged: u64,
    /// Content replaced.
    pub replaced: u64,
    /// Deleted, or moved to the trash.
    pub deleted: u64,
    /// Moved here from another collection.
    pub moved: u64,
    /// Deleted here since the other side holds them and their time here was up.
    pub released: u64,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.created + self.flagged + self.replaced + self.deleted + self.moved + self.released
    }

    fn add(&mut self, other: &Self) {
        self.created += other.created;
        self.flagged += other.flagged;
        self.replaced += other.replaced;
        self.deleted += other.deleted;
        self.moved += other.moved;
        self.released += other.released;
    }
}

impl PairReport {
    pub(super) fn new(collection: Both<CollectionPath>) -> Self {
        Self {
            collection,
            written: Both::default(),
            refused: Vec::new(),
            left_out: Vec::new(),
            waiting: 0,
            guard: None,
            error: None,
        }
    }

    /// Whether there is nothing to say.
    pub fn is_quiet(&self) -> bool {
        let written = self.written.left.total() + self.written.right.total();
        written == 0 && self.left_out.is_empty() && self.is_settled()
    }

    /// Whether nothing was refused, stopped or left waiting.
    pub fn is_settled(&self) -> bool {
        self.refused.is_empty() && self.waiting == 0 && self.guard.is_none() && self.error.is_none()
    }
}

impl Report {
    /// What was written on one side in all pairs.
    pub fn written(&self, side: Side) -> Counts {
        let mut all = Counts::default();
        self.pairs
            .iter()
            .for_each(|pair| all.add(&pair.written[side]));
        all
    }

    /// How many writes there were on both sides.
    pub fn writes(&self) -> u64 {
        self.written(Side::Left).total() + self.written(Side::Right).total()
    }

    /// Whether nothing failed, nothing was refused and nobody is waited for.
    pub fn is_settled(&self) -> bool {
        !self.cancelled && self.error.is_none() && self.pairs.iter().all(PairReport::is_settled)
    }

    /// Whether a collection failed for another reason than a guard.
    pub fn has_failed(&self) -> bool {
        self.error.is_some() || self.pairs.iter().any(|pair| pair.error.is_some())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} collections", self.sync, self.collections)?;
        for side in Side::BOTH {
            let c = self.written(side);
            if c.total() > 0 {
                write!(f, "; {side}:")?;
                let words = [
                    (c.created, "created"),
                    (c.flagged, "flagged"),
                    (c.replaced, "replaced"),
                    (c.deleted, "deleted"),
                    (c.moved, "moved"),
                    (c.released, "released"),
                ];
                for (count, word) in words.into_iter().filter(|(count, _)| *count > 0) {
                    write!(f, " {count} {word}")?;
                }
            }
        }
        if self.writes() == 0 {
            f.write_str("; nothing to write")?;
        }
        for pair in &self.pairs {
            let path = &pair.collection.left;
            for line in pair.guard.iter().chain(&pair.error).chain(&pair.refused) {
                write!(f, "\n  {path}: {line}")?;
            }
            for line in &pair.left_out {
                write!(f, "\n  {path}: left out: {line}")?;
            }
            if pair.waiting > 0 {
                write!(
                    f,
                    "\n  {path}: {} conflicts wait for a decision",
                    pair.waiting
                )?;
            }
        }
        if let Some(error) = &self.error {
            write!(f, "\n  stopped: {error}")?;
        }
        Ok(())
    }
}
