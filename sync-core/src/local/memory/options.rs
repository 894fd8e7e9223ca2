//! What kind of server a [`Memory`](super::Memory) plays.

use std::fmt;
use std::sync::Arc;

use crate::model::{Flags, ItemKind, KindSet};
use crate::source::Absence;

/// How [`changes`](crate::Source::changes) answers when it is given a cursor.
///
/// Without a cursor every way gives a complete snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listing {
    /// Everything as changed, each time: no change log (IMAP without CONDSTORE, POP3).
    Snapshot,
    /// What changed and what vanished, from a change log (QRESYNC, sync-collection).
    Delta,
    /// What changed, and the ids of the rest in `present` (CONDSTORE without QRESYNC).
    Presence,
}

/// Changes a content as it is written; what a server does that rewrites, or drops what it cannot
/// hold.
pub type Rewrite = Arc<dyn Fn(ItemKind, &[u8]) -> Vec<u8> + Send + Sync>;

/// Changes flags as they are written; what a server does that knows some of them only.
pub type FlagsFilter = Arc<dyn Fn(&Flags) -> Flags + Send + Sync>;

/// What kind of server a [`Memory`](super::Memory) plays.
///
/// The default one can do everything: it has a change log, gives ids, moves, keeps every byte.
#[derive(Clone)]
pub struct MemoryOptions {
    /// Becomes [`Capabilities::account`](crate::source::Capabilities::account).
    pub account: String,
    /// The kinds of item it may hold.
    pub kinds: KindSet,
    /// How changes are told.
    pub listing: Listing,
    /// Whether an unchanged collection is answered by an empty delta whatever `listing` says.
    pub notices_idle: bool,
    /// Items a page; 0 for all in one.
    pub page_items: usize,
    /// Whether listings carry contents.
    pub inline_bodies: bool,
    /// Whether items keep an [`object_id`](crate::model::Identity::object_id) over moves.
    pub object_ids: bool,
    /// Whether writes return new ids (UIDPLUS).
    pub returns_ids: bool,
    /// Whether writes return revisions; without it the next listing shows them.
    pub returns_revisions: bool,
    /// Whether [`Applied::cursor`](crate::source::Applied::cursor) is given where no foreign change
    /// came between; only with [`Listing::Delta`].
    pub writes_move_cursor: bool,
    /// Whether a second item of one UID is refused in a collection of events, tasks, notes or
    /// contacts, as CalDAV and CardDAV servers do (RFC 4791 section 5.3.2.1).
    pub unique_uids: bool,
    /// The kinds that lose their UID as they are written and are shown with one made of their
    /// collection and id ([`Capabilities::makes_uids`](crate::source::Capabilities::makes_uids)).
    pub makes_uids: KindSet,
    /// Becomes [`Capabilities::held`](crate::source::Capabilities::held).
    pub held: Vec<(KindSet, &'static [&'static str])>,
    /// Whether moves are carried out.
    pub moves: bool,
    /// Whether collections can be created.
    pub creates_collections: bool,
    /// What absence means.
    pub absence: Absence,
    /// Mutations a batch may hold.
    pub batch_items: usize,
    /// Applied to every content that is written, by a third party too; messages are never passed.
    pub rewrite: Option<Rewrite>,
    /// Applied to all flags that are written, by a third party too.
    pub flags_filter: Option<FlagsFilter>,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self {
            account: "memory".to_owned(),
            kinds: KindSet::MAIL
                .with(ItemKind::Event)
                .with(ItemKind::Task)
                .with(ItemKind::Note)
                .with(ItemKind::Contact),
            listing: Listing::Delta,
            notices_idle: false,
            page_items: 0,
            inline_bodies: false,
            object_ids: false,
            returns_ids: true,
            returns_revisions: true,
            writes_move_cursor: false,
            unique_uids: false,
            makes_uids: KindSet::NONE,
            held: Vec::new(),
            moves: true,
            creates_collections: true,
            absence: Absence::Deleted,
            batch_items: 250,
            rewrite: None,
            flags_filter: None,
        }
    }
}

impl fmt::Debug for MemoryOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryOptions")
            .field("account", &self.account)
            .field("listing", &self.listing)
            .field("notices_idle", &self.notices_idle)
            .field("page_items", &self.page_items)
            .field("inline_bodies", &self.inline_bodies)
            .field("object_ids", &self.object_ids)
            .field("returns_ids", &self.returns_ids)
            .field("returns_revisions", &self.returns_revisions)
            .field("writes_move_cursor", &self.writes_move_cursor)
            .field("unique_uids", &self.unique_uids)
            .field("makes_uids", &self.makes_uids)
            .field("held", &self.held)
            .field("moves", &self.moves)
            .field("absence", &self.absence)
            .field("batch_items", &self.batch_items)
            .field("rewrite", &self.rewrite.is_some())
            .field("flags_filter", &self.flags_filter.is_some())
            .finish_non_exhaustive()
    }
}
