use crate::error::Result;
use crate::model::{Both, Item, ItemId, Side};
use crate::reconcile::{Link, LinkId, Observed, PairId, RowId, Tally};

/// What unlinked items are recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// Equal contents of messages.
    Digest,
    /// Equal UIDs of all other kinds.
    Uid,
    /// Equal Message-IDs, for sources that rewrite messages.
    MessageId,
}

/// What the items of one group agree in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupKey {
    /// The property.
    pub by: GroupBy,
    /// Its value, as stored.
    pub value: Vec<u8>,
}

/// What each side was seen to hold that no link has absorbed yet.
pub trait Observations {
    /// The observation of an item.
    fn observed(&mut self, pair: PairId, side: Side, item: &ItemId) -> Result<Option<Observed>>;
    /// An observation by its name.
    fn observation(&mut self, row: RowId) -> Result<Option<Observed>>;
    /// Adds or replaces the observation of an item.
    fn observe(&mut self, pair: PairId, seen: &Observed) -> Result<()> {
        self.observe_all(pair, std::slice::from_ref(seen))
    }
    /// Adds or replaces observations; best in the order of their ids.
    fn observe_all(&mut self, pair: PairId, seen: &[Observed]) -> Result<()>;
    /// Forgets an observation with its intents.
    fn unobserve(&mut self, row: RowId) -> Result<()> {
        self.unobserve_all(&[row])
    }
    /// Forgets observations with their intents; best in their order.
    fn unobserve_all(&mut self, rows: &[RowId]) -> Result<()>;
    /// Lets what was refused of a link be tried again, since something changed.
    fn forgive(&mut self, link: LinkId) -> Result<()>;
    /// Observations of links, grouped by link, of links after `after`; at most `limit` links.
    fn changed_links(&mut self, pair: PairId, after: LinkId, limit: usize) -> Result<Vec<LinkId>>;
    /// What both sides were seen to hold of a link.
    fn observed_of_link(&mut self, link: LinkId) -> Result<Both<Option<Observed>>>;
    /// Observations of items that no link knows, after `after`, at most `limit`.
    fn unlinked(
        &mut self,
        pair: PairId,
        side: Side,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<Observed>>;
    /// Whether a side has items that no link knows.
    fn has_unlinked(&mut self, pair: PairId, side: Side) -> Result<bool>;
    /// Groups of unlinked items that both sides hold and that agree in what recognises them.
    fn identity_groups(&mut self, pair: PairId, by: GroupBy) -> Result<Vec<GroupKey>>;
    /// The unlinked items of a group.
    fn group(&mut self, pair: PairId, side: Side, key: &GroupKey) -> Result<Vec<Observed>>;
    /// Live links whose item on `side` was seen to be gone, or lost its id with its cursor.
    fn missing_links(&mut self, pair: PairId, side: Side) -> Result<Vec<Link>>;
    /// Unlinked items anywhere in the synchronisation whose content may be this one.
    fn unlinked_twins(
        &mut self,
        sync: &str,
        side: Side,
        link: &Link,
    ) -> Result<Vec<(PairId, Observed)>>;
    /// Whether nothing was seen that is not settled, and no link is incomplete.
    fn is_settled(&mut self, pair: PairId) -> Result<bool>;
    /// What a plan would delete and what vanished, as far as counting tells: the guard's input.
    fn tally(&mut self, pair: PairId) -> Result<Both<Tally>>;

    /// Whether any link or observation knows an item of this side.
    fn knows_any(&mut self, pair: PairId, side: Side) -> Result<bool>;
    /// Starts to note which items a complete listing names.
    fn begin_listing(&mut self) -> Result<()>;
    /// Says for each item whether a link knows it in this very revision and nothing else was seen of
    /// it; of those that are, `listing` notes that it names them.
    fn known(
        &mut self,
        pair: PairId,
        side: Side,
        items: &[Item],
        listing: bool,
    ) -> Result<Vec<bool>>;
    /// Notes that the listing names an item.
    fn listed(&mut self, item: &ItemId) -> Result<()>;
    /// Items of links and observations that the listing did not name, without those that left.
    fn unlisted(&mut self, pair: PairId, side: Side) -> Result<Vec<(ItemId, Option<LinkId>)>>;
}
