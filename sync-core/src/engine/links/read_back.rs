use futures_util::StreamExt as _;

use super::CHUNK;
use crate::engine::observe::PIM_LIMIT;
use crate::engine::pass::{PairWork, Run, open};
use crate::error::Result;
use crate::merge;
use crate::model::{ItemId, ItemKind, Side};
use crate::reconcile::Presence;
use crate::source::Depth;

impl Run<'_> {
    /// Recognises what was written when the answer was lost: where a side holds the same, as far as
    /// it can, what it made of it is the base, and no edit.
    pub(in crate::engine) fn take_copies(&mut self, index: usize, side: Side) -> Result<()> {
        let Some(pair) = self.work.get(index).map(PairWork::id) else {
            return Ok(());
        };
        let links = self.state.provisional_links(pair, side)?;
        self.state.begin()?;
        for mut link in links {
            let Some(seen) = self.state.observed_of_link(link.id)?[side].take() else {
                continue;
            };
            self.state.load_bases(&mut link)?;
            let (Some(written), Some(held)) = (&link.sides[side].base, &seen.body) else {
                continue;
            };
            let is_here = seen.presence == Presence::Here && seen.revision.is_some();
            if is_here && self.is_one_to(side, seen.kind, written, held)? {
                link.sides[side].absorb(&seen);
                self.state.put_link(&link)?;
                self.state.unobserve(seen.row)?;
            }
        }
        self.state.commit()
    }

    /// Whether two contents say the same, as far as a side can hold them.
    pub(in crate::engine) fn is_one_to(
        &mut self,
        side: Side,
        kind: ItemKind,
        a: &[u8],
        b: &[u8],
    ) -> Result<bool> {
        let equal = match self.uids_count(kind) {
            true => merge::equal(a, b),
            false => merge::equal_within(a, b, &[]),
        };
        Ok(equal || open(&mut self.sources, side)?.holds_alike(kind, a, b))
    }

    /// Reads what a side made of contents that were written to it: the base is what it holds.
    pub(in crate::engine) async fn read_back(&mut self, index: usize, side: Side) -> Result<()> {
        let Some(work) = self.work.get(index).filter(|_| self.writes()) else {
            return Ok(());
        };
        let (pair, collection) = (work.id(), work.record.collections[side].clone());
        let links = self.state.provisional_links(pair, side)?;
        for links in links.chunks(CHUNK) {
            let ids: Vec<ItemId> = links
                .iter()
                .filter_map(|l| l.sides[side].id.clone())
                .collect();
            let mut items = open(&mut self.sources, side)?.fetch(&collection, &ids, Depth::Full);
            let mut found = Vec::new();
            while let Some(item) = items.next().await {
                match item {
                    Ok(item) => found.push(item),
                    Err(error) if error.item().is_some() && !error.is_fatal() => {}
                    Err(error) => return Err(error.in_collection(&collection).on_side(side)),
                }
            }
            drop(items);
            self.state.begin()?;
            for item in found {
                let Some(mut link) = self.state.link_of(pair, side, &item.id)? else {
                    continue;
                };
                let Some(body) = &item.body else { continue };
                let body = body.read(PIM_LIMIT)?;
                self.state.load_bases(&mut link)?;
                let ours = match (&link.sides[side].revision, &link.sides[side].base) {
                    (Some(known), _) => *known == item.revision,
                    // Without a revision only an equal content is surely what was written.
                    (None, Some(base)) => merge::equal(base, &body),
                    (None, None) => false,
                };
                if !ours {
                    // Somebody changed it since: that is observed like any change.
                    continue;
                }
                link.sides[side].revision = Some(item.revision.clone());
                link.sides[side].base = Some(body);
                link.sides[side].provisional = false;
                self.state.put_link(&link)?;
            }
            self.state.commit()?;
        }
        Ok(())
    }
}
