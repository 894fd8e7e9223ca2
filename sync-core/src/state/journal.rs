use bytes::Bytes;

use crate::error::Result;
use crate::model::{Flags, Side};
use crate::reconcile::{LinkId, PairId, RowId};

/// An intent to write, noted before the request goes out.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Names the write: [`Mutation::key`](crate::source::Mutation::key). Zero before it is noted.
    pub key: u64,
    /// Where.
    pub pair: PairId,
    /// On which side.
    pub side: Side,
    /// What is done.
    pub action: IntentAction,
    /// The observation of the other side that it copies, for a creation.
    pub row: Option<RowId>,
    /// The link that it changes, for anything else.
    pub link: Option<LinkId>,
    /// The flags that a creation gives the copy.
    pub flags: Flags,
    /// The content that it gives the copy (all but messages).
    pub content: Option<Bytes>,
}

/// What an [`Intent`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentAction {
    /// Creates an item.
    Create,
    /// Changes flags or content.
    Change,
    /// Deletes an item.
    Delete,
    /// Moves an item.
    Move,
    /// Deletes an item whose copy stays on the other side.
    Release,
}

impl IntentAction {
    /// The word used in the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Delete => "delete",
            Self::Move => "move",
            Self::Release => "release",
        }
    }
}

/// A conflict that waits for a person.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The link, which is the conflict's name too.
    pub link: LinkId,
    /// The pair it belongs to.
    pub pair: PairId,
    /// The properties in question.
    pub properties: Vec<String>,
    /// What a person decided, until the next run carries it out.
    pub decision: Option<Resolution>,
}

/// What a person decided about a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Take the left side's values.
    Left,
    /// Take the right side's values.
    Right,
    /// Keep both versions, as two items.
    Both,
}

impl Resolution {
    /// The word used in the state and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Both => "both",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Left, Self::Right, Self::Both]
            .into_iter()
            .find(|r| r.as_str() == word)
    }
}

/// What was about to be written, and what waits for a person.
pub trait Journal {
    /// Notes intents and gives each its key; one that was noted before keeps its key.
    fn note_intents(&mut self, intents: &mut [Intent]) -> Result<()>;
    /// Intents whose outcome is not known.
    fn intents(&mut self, pair: PairId) -> Result<Vec<Intent>>;
    /// The intents of a link.
    fn intents_of(&mut self, link: LinkId) -> Result<Vec<Intent>>;
    /// Forgets an intent.
    fn remove_intent(&mut self, key: u64) -> Result<()>;

    /// Forgets the intents of a link.
    fn remove_intents_of(&mut self, link: LinkId) -> Result<()>;

    /// Notes a conflict that waits for a person; keeps a decision that is there.
    fn wait(&mut self, waiting: &Waiting) -> Result<()>;
    /// Forgets a conflict.
    fn stop_waiting(&mut self, link: LinkId) -> Result<()>;
    /// The conflict of a link.
    fn waiting_of(&mut self, link: LinkId) -> Result<Option<Waiting>>;
    /// All conflicts of a synchronisation.
    fn waiting(&mut self, sync: &str) -> Result<Vec<Waiting>>;
    /// Notes what a person decided.
    fn decide(&mut self, link: LinkId, resolution: Resolution) -> Result<()>;
}
