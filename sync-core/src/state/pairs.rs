use crate::error::Result;
use crate::model::{Both, CollectionId, CollectionPath, Cursor, KindSet, Side};
use crate::reconcile::PairId;

/// A pair of collections that the state knows, by both of them.
///
/// A collection of several kinds may be in several pairs: no two of them share a kind.
#[derive(Debug, Clone)]
pub struct PairRecord {
    /// Its name in the state.
    pub id: PairId,
    /// The collections.
    pub collections: Both<CollectionId>,
    /// Their paths when last seen, for reports.
    pub paths: Both<CollectionPath>,
    /// The kinds that are synchronised.
    pub kinds: KindSet,
    /// Where each source stands.
    pub cursors: Both<Option<Cursor>>,
}

/// Which collections belong together, and where their sources stand.
pub trait Pairs {
    /// Notes which accounts a synchronisation joins, and refuses other ones.
    fn claim(&mut self, sync: &str, accounts: Both<&str>) -> Result<()>;
    /// The pair of these collections, new if it is not known.
    fn pair(&mut self, sync: &str, wanted: &PairRecord) -> Result<PairRecord>;
    /// All pairs of a synchronisation.
    fn pairs(&mut self, sync: &str) -> Result<Vec<PairRecord>>;
    /// Notes where a source stands.
    fn set_cursor(&mut self, pair: PairId, side: Side, cursor: Option<&Cursor>) -> Result<()>;
}
