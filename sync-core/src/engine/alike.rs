//! Recognises items whose UIDs a source made up by what they say.

use std::collections::HashSet;

use super::pass::{PairWork, Run};
use crate::error::Result;
use crate::merge::Likeness;
use crate::model::{ItemKind, KindSet, Side};
use crate::reconcile::{Link, Observed, PairId, RowId};

/// How many items are taken up together.
const CHUNK: usize = 500;

impl Run<'_> {
    /// Whether the UIDs of a kind are both sides' own.
    pub(super) fn uids_count(&self, kind: ItemKind) -> bool {
        let makes = |side: Side| self.capabilities[side].makes_uids.contains(kind);
        !makes(Side::Left) && !makes(Side::Right)
    }

    /// The likeness of a content, in what both sides can hold.
    fn likeness(&self, kind: ItemKind, content: &[u8]) -> Option<Likeness> {
        let holds = |side: &Side| self.capabilities[*side].holds(kind);
        let held: Vec<_> = Side::BOTH.iter().filter_map(holds).collect();
        Likeness::of(kind, content, &held)
    }

    /// The unlinked items of a side and kind whose content is known.
    fn unlinked_alike(
        &mut self,
        pair: PairId,
        side: Side,
        kind: ItemKind,
    ) -> Result<(Vec<RowId>, Vec<Likeness>)> {
        let (mut rows, mut likenesses) = (Vec::new(), Vec::new());
        let mut after = 0;
        loop {
            let chunk = self.state.unlinked(pair, side, after, CHUNK)?;
            let Some(last) = chunk.last() else {
                return Ok((rows, likenesses));
            };
            after = last.row;
            for seen in chunk.iter().filter(|seen| seen.kind == kind) {
                let body = seen.body.as_deref();
                if let Some(likeness) = body.and_then(|body| self.likeness(kind, body)) {
                    rows.push(seen.row);
                    likenesses.push(likeness);
                }
            }
        }
    }

    /// Joins new items of both sides that are alike, where a side made their UIDs up.
    pub(super) fn join_alike(&mut self, index: usize) -> Result<()> {
        let Some(work) = self.work.get(index) else {
            return Ok(());
        };
        let (pair, kinds) = (work.id(), work.record.kinds);
        for kind in kinds.iter().filter(|kind| kind.is_mutable()) {
            if self.uids_count(kind) {
                continue;
            }
            let (left_rows, left) = self.unlinked_alike(pair, Side::Left, kind)?;
            let (right_rows, right) = self.unlinked_alike(pair, Side::Right, kind)?;
            for (l, r) in Likeness::pair(&left, &right) {
                let (Some(l), Some(r)) = (left_rows.get(l), right_rows.get(r)) else {
                    continue;
                };
                let (l, r) = (self.state.observation(*l)?, self.state.observation(*r)?);
                if let (Some(left), Some(right)) = (l, r) {
                    self.join_items(pair, &left, &right)?;
                }
            }
        }
        Ok(())
    }

    /// Finds the new items of `side`, among those of these pairs of collections, that links are
    /// alike whose item was seen to be gone there, or was created and never listed.
    ///
    /// What is gone is known as the side returned it: only an equal content is it.
    pub(super) fn find_alike(
        &mut self,
        side: Side,
        links: &[Link],
        pairs: &[PairId],
        used: &HashSet<RowId>,
    ) -> Result<Vec<(Link, PairId, Observed)>> {
        let mut found = Vec::new();
        let of_links = |kinds: KindSet, link: &Link| kinds.with(link.kind);
        let kinds = links.iter().fold(KindSet::NONE, of_links);
        for kind in kinds.iter() {
            if !self.capabilities[side].makes_uids.contains(kind) {
                continue;
            }
            let (mut lost, mut wanted) = (Vec::new(), Vec::new());
            for link in links.iter().filter(|link| link.kind == kind) {
                let mut link = link.clone();
                self.state.load_bases(&mut link)?;
                let known = &link.sides[side];
                let base = known.base.as_deref();
                let Some(likeness) = base.and_then(|base| self.likeness(kind, base)) else {
                    continue;
                };
                wanted.push(match known.id {
                    Some(_) => likeness.exact(),
                    None => likeness,
                });
                lost.push(link);
            }
            let (mut places, mut there) = (Vec::new(), Vec::new());
            for pair in pairs.iter().filter(|_| !lost.is_empty()) {
                let (rows, likenesses) = self.unlinked_alike(*pair, side, kind)?;
                for (row, likeness) in rows.into_iter().zip(likenesses) {
                    if !used.contains(&row) {
                        places.push((*pair, row));
                        there.push(likeness);
                    }
                }
            }
            for (l, t) in Likeness::pair(&wanted, &there) {
                let (Some(link), Some((pair, row))) = (lost.get(l), places.get(t)) else {
                    continue;
                };
                if let Some(seen) = self.state.observation(*row)? {
                    found.push((link.clone(), *pair, seen));
                }
            }
        }
        Ok(found)
    }

    /// The pairs of collections besides this one.
    pub(super) fn elsewhere(&self, pair: PairId) -> Vec<PairId> {
        let ids = self.work.iter().map(PairWork::id);
        ids.filter(|id| *id != pair).collect()
    }
}
