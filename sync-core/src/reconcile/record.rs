use bytes::Bytes;

use crate::model::{
    Both, Digest, Flags, Identity, Item, ItemId, ItemKind, Revision, Side, Timestamp,
};

/// Names a pair of collections in the state.
pub type PairId = i64;
/// Names a link in the state.
pub type LinkId = i64;
/// Names an observation in the state.
pub type RowId = i64;

/// Two items, one on each side, that are the same thing.
///
/// For each side it knows what that side last held, as that side returned it: the two bases.
#[derive(Debug, Clone)]
pub struct Link {
    /// The link's name.
    pub id: LinkId,
    /// The pair of collections it belongs to.
    pub pair: PairId,
    /// What both items are.
    pub kind: ItemKind,
    /// What each side last held.
    pub sides: Both<LinkSide>,
    /// One side's item is gone for good and the other's stays: nothing follows from it any more.
    pub retired: bool,
}

/// What one side of a [`Link`] last held.
#[derive(Debug, Clone, Default)]
pub struct LinkSide {
    /// The item, unless it is gone.
    pub id: Option<ItemId>,
    /// Its revision.
    pub revision: Option<Revision>,
    /// Its flags.
    pub flags: Flags,
    /// Its content's digest (messages).
    pub digest: Option<Digest>,
    /// Its `Message-ID` (messages) or `UID` (all others).
    pub name: Option<String>,
    /// Its name that survives moves.
    pub object_id: Option<String>,
    /// Its content (all but messages).
    pub base: Option<Bytes>,
    /// `base` and `flags` are what was written; what the side made of it was not read back yet.
    pub provisional: bool,
    /// The item left what the source shows without being deleted by its owner.
    pub released: bool,
    /// When the item was first seen, in Unix seconds.
    pub first_seen: Option<i64>,
}

impl LinkSide {
    /// What the side holds, after an observation was absorbed.
    pub fn absorb(&mut self, seen: &Observed) {
        self.id = Some(seen.item.clone());
        self.revision = seen.revision.clone();
        self.flags = seen.flags.clone();
        self.released = false;
        self.provisional = false;
        self.first_seen = self.first_seen.or(seen.first_seen);
        if seen.identity.digest.is_some() {
            self.digest = seen.identity.digest;
        }
        let name = seen
            .identity
            .uid
            .as_ref()
            .or(seen.identity.message_id.as_ref());
        if name.is_some() {
            self.name = name.cloned();
        }
        if seen.identity.object_id.is_some() {
            self.object_id.clone_from(&seen.identity.object_id);
        }
        if seen.body.is_some() {
            self.base.clone_from(&seen.body);
        }
    }
}

/// Whether an observed item is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Here,
    /// It was deleted or moved away.
    Gone,
    /// It left what the source shows.
    Released,
}

/// What a side was seen to hold and no link has absorbed yet.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The observation's name.
    pub row: RowId,
    /// The side it was seen on.
    pub side: Side,
    /// The link that knows the item, if any does.
    pub link: Option<LinkId>,
    /// The item.
    pub item: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// Whether it is there.
    pub presence: Presence,
    /// Its revision; none when gone.
    pub revision: Option<Revision>,
    /// Its flags.
    pub flags: Flags,
    /// INTERNALDATE.
    pub date: Option<Timestamp>,
    /// Its size, where a listing gave it.
    pub size: Option<u64>,
    /// What recognises it.
    pub identity: Identity,
    /// Its content (all but messages), once fetched.
    pub body: Option<Bytes>,
    /// The flags that a lost link knew for it.
    pub base_flags: Option<Flags>,
    /// Why a server refused what followed from this very revision.
    pub refused: Option<String>,
    /// When the item was first seen, in Unix seconds.
    pub first_seen: Option<i64>,
}

impl Observed {
    /// The observation of a listed item that the state does not know yet.
    pub fn of(side: Side, item: &Item) -> Self {
        Self {
            row: 0,
            side,
            link: None,
            item: item.id.clone(),
            kind: item.kind,
            presence: Presence::Here,
            revision: Some(item.revision.clone()),
            flags: item.flags.clone(),
            date: item.date,
            size: item.size,
            identity: item.identity.clone(),
            body: None,
            base_flags: None,
            refused: None,
            first_seen: None,
        }
    }

    /// `UID`, or `Message-ID` of a message.
    pub fn name(&self) -> Option<&str> {
        self.identity
            .uid
            .as_deref()
            .or(self.identity.message_id.as_deref())
    }
}
