use serde::Serialize;

use crate::model::{CollectionPath, ItemKind, Side};

/// Is told what a run does, and can stop it.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event<'_>);

    /// Whether the run shall finish the batch in hand, save, and stop.
    fn cancelled(&self) -> bool {
        false
    }
}

/// An observer that looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: &Event<'_>) {}
}

/// What an [`Observer`] is told.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event<'a> {
    /// The changes of a pair are being listed.
    Listing {
        /// The left path.
        collection: &'a CollectionPath,
    },
    /// This many changes were seen on a side.
    Listed {
        /// The left path.
        collection: &'a CollectionPath,
        /// The side.
        side: Side,
        /// How many.
        changes: u64,
    },
    /// Items are about to be copied.
    Copying {
        /// The left path.
        collection: &'a CollectionPath,
        /// The side written to.
        to: Side,
        /// How many.
        items: u64,
    },
    /// Some of them are there.
    Copied {
        /// The left path.
        collection: &'a CollectionPath,
        /// The side written to.
        to: Side,
        /// How many, with this batch alone.
        items: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// A step that would be carried out; only in [`Mode::Plan`](super::Mode::Plan).
    Planned(Planned<'a>),
    /// Work is tried again after a pause.
    Retrying {
        /// What stopped it.
        error: String,
        /// The pause in milliseconds.
        pause: u64,
    },
    /// Something went wrong that the run survives; it is in the report too.
    Problem {
        /// The left path.
        collection: &'a CollectionPath,
        /// What.
        error: String,
    },
}

/// One step of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct Planned<'a> {
    /// What is done.
    pub action: Action,
    /// On which side.
    pub side: Side,
    /// The path of the collection on that side.
    pub collection: &'a CollectionPath,
    /// What the item is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ItemKind>,
    /// The item, by its id on the side where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Flags set and cleared, where it moves to, or why it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// Creates a collection.
    CreateCollection,
    /// Creates an item.
    Create,
    /// Sets or clears flags.
    SetFlags,
    /// Replaces a content.
    Replace,
    /// Deletes an item.
    Delete,
    /// Moves an item to another collection.
    Move,
    /// Deletes an item whose time on its side is up; the other side keeps its copy.
    Release,
    /// Waits for a person.
    Wait,
    /// Is refused.
    Refuse,
}

impl Action {
    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateCollection => "create collection",
            Self::Create => "create",
            Self::SetFlags => "set flags",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Move => "move",
            Self::Release => "release",
            Self::Wait => "wait",
            Self::Refuse => "refuse",
        }
    }
}
