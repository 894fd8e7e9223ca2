use crate::error::Result;
use crate::model::{ItemId, Side};
use crate::reconcile::{Link, LinkId, PairId};

/// What both sides were last agreed to hold.
pub trait Links {
    /// A link without its bases.
    fn link(&mut self, id: LinkId) -> Result<Option<Link>>;
    /// The link that knows an item, without its bases.
    fn link_of(&mut self, pair: PairId, side: Side, item: &ItemId) -> Result<Option<Link>>;
    /// Reads the contents last held into a link.
    fn load_bases(&mut self, link: &mut Link) -> Result<()>;
    /// Adds a link (`id` is ignored) and says its name.
    fn add_link(&mut self, link: &Link) -> Result<LinkId>;
    /// Adds links (their `id`s are ignored).
    fn add_links(&mut self, links: &[Link]) -> Result<()>;
    /// Replaces a link; a base of `None` is forgotten.
    fn put_link(&mut self, link: &Link) -> Result<()>;
    /// Forgets a link with its bases, conflicts and intents; observations become unlinked.
    fn remove_link(&mut self, id: LinkId) -> Result<()>;
    /// Links of a pair after `after`, in order, without bases, at most `limit`.
    fn links(&mut self, pair: PairId, after: LinkId, limit: usize) -> Result<Vec<Link>>;
    /// Live links of which `side` lost its id with its cursor.
    fn half_links(&mut self, pair: PairId, side: Side) -> Result<Vec<Link>>;
    /// Whether `side` of any link or observation of a pair bears this UID.
    fn knows_name(&mut self, pair: PairId, side: Side, name: &str) -> Result<bool>;
    /// How many live links a pair has.
    fn count_links(&mut self, pair: PairId) -> Result<u64>;
    /// How many of them did not see their item of `side` leave it.
    fn count_held(&mut self, pair: PairId, side: Side) -> Result<u64>;
    /// Links after `after` whose item on `side` is there and was first seen by `seen_by`, and of
    /// which nothing else is to be done; in order, without bases, at most `limit`.
    fn leaving(
        &mut self,
        pair: PairId,
        side: Side,
        seen_by: i64,
        after: LinkId,
        limit: usize,
    ) -> Result<Vec<Link>>;
    /// Links with a content that was written to `side` and not read back.
    fn provisional_links(&mut self, pair: PairId, side: Side) -> Result<Vec<Link>>;
}
