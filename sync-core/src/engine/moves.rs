use std::collections::{BTreeMap, HashSet};

use super::apply::Write;
use super::event::Action;
use super::pass::Run;
use crate::error::Result;
use crate::model::{CollectionId, Flags, Revision, Side};
use crate::reconcile::{Link, Observed, PairId, RowId};
use crate::source::{Op, Outcome};
use crate::state::{Intent, IntentAction};

const CHUNK: usize = 500;

/// A link whose item went from one collection of `from` to another.
struct Found {
    link: Link,
    from: Side,
    /// Where the item was found again, unlinked.
    pair: PairId,
    twin: Observed,
}

impl Run<'_> {
    /// Fetches what recognises new items of a side that may be vanished ones.
    pub(super) async fn identify_moves(&mut self, side: Side) -> Result<()> {
        let mut sizes = HashSet::new();
        let mut any = false;
        for index in self.due() {
            let Some(pair) = self.work.get(index).map(super::pass::PairWork::id) else {
                continue;
            };
            for chunk in self.state.missing_links(pair, side)?.chunks(CHUNK) {
                any = true;
                sizes.extend(
                    chunk
                        .iter()
                        .filter_map(|l| l.sides[side].digest.map(|d| d.size)),
                );
            }
        }
        if !any {
            return Ok(());
        }
        let candidate = |seen: &Observed| seen.size.is_none_or(|size| sizes.contains(&size));
        for index in self.due() {
            self.fetch_identities(index, side, candidate).await?;
        }
        Ok(())
    }

    /// Carries out on one side what the other side's owner did: items that went to another
    /// collection go there by a move, items that only changed their id keep their link.
    pub(super) async fn move_items(&mut self) -> Result<()> {
        for from in Side::BOTH {
            for index in self.due() {
                self.follow_ids(index, from)?;
            }
        }
        for from in Side::BOTH {
            let mut used = HashSet::new();
            for index in self.due() {
                self.check_cancelled()?;
                let found = self.find_moved(index, from, &mut used)?;
                self.move_found(index, from, found).await?;
            }
        }
        for from in Side::BOTH {
            for index in self.due() {
                self.dissolve_half_links(index, from)?;
            }
        }
        Ok(())
    }

    /// Links whose items only changed their ids follow them.
    fn follow_ids(&mut self, index: usize, side: Side) -> Result<()> {
        let Some(pair) = self.work.get(index).map(super::pass::PairWork::id) else {
            return Ok(());
        };
        self.state.begin()?;
        let mut rest = Vec::new();
        for mut link in self.state.missing_links(pair, side)? {
            let twins = self.state.unlinked_twins(&self.engine.name, side, &link)?;
            let here = twins.iter().rev().filter(|(p, _)| *p == pair);
            let best = here.max_by_key(|(_, twin)| twin.flags == link.sides[side].flags);
            let Some((_, twin)) = best.cloned() else {
                rest.push(link);
                continue;
            };
            self.state.load_bases(&mut link)?;
            self.follow(link, side, twin)?;
        }
        for (link, _, twin) in self.find_alike(side, &rest, &[pair], &HashSet::new())? {
            self.follow(link, side, twin)?;
        }
        self.state.commit()
    }

    /// A link with its bases goes on with another item of a side.
    fn follow(&mut self, mut link: Link, side: Side, twin: Observed) -> Result<()> {
        let gone = self.state.observed_of_link(link.id)?;
        if let Some(row) = &gone[side] {
            self.state.unobserve(row.row)?;
        }
        link.sides[side].id = Some(twin.item.clone());
        link.sides[side].revision = None;
        self.state.put_link(&link)?;
        self.state.forgive(link.id)?;
        self.state.observe(
            link.pair,
            &Observed {
                link: Some(link.id),
                ..twin
            },
        )
    }

    /// What was not found again after its id was lost counts as new on the other side: it is
    /// created here once more rather than deleted there. Not while there is something here that
    /// cannot be read and may be it.
    fn dissolve_half_links(&mut self, index: usize, side: Side) -> Result<()> {
        let Some(pair) = self.work.get(index).map(super::pass::PairWork::id) else {
            return Ok(());
        };
        let half = self.state.half_links(pair, side)?;
        if half.is_empty() || self.is_any_unreadable(pair, side)? {
            return Ok(());
        }
        self.state.begin()?;
        for mut link in half {
            self.state.load_bases(&mut link)?;
            if self.absence_says_nothing(side) {
                link.retired = true;
                self.state.put_link(&link)?;
            } else {
                self.dissolve(&link, side)?;
            }
        }
        self.state.commit()
    }

    /// Whether a side holds something that nothing can be recognised in.
    fn is_any_unreadable(&mut self, pair: PairId, side: Side) -> Result<bool> {
        let mut after = 0;
        loop {
            let rows = self.state.unlinked(pair, side, after, CHUNK)?;
            let Some(last) = rows.last() else {
                return Ok(false);
            };
            after = last.row;
            let is_unknown = |row: &Observed| match row.kind.is_mutable() {
                true => row.body.is_none(),
                false => row.identity.digest.is_none(),
            };
            let mut unread = rows.iter().filter(|row| row.refused.is_some());
            if unread.any(is_unknown) {
                return Ok(true);
            }
        }
    }

    /// Pairs vanished items of a collection with new ones of another.
    fn find_moved(
        &mut self,
        index: usize,
        from: Side,
        used: &mut HashSet<RowId>,
    ) -> Result<Vec<Found>> {
        let Some(pair) = self.work.get(index).map(super::pass::PairWork::id) else {
            return Ok(Vec::new());
        };
        let mut moved = Vec::new();
        let mut rest = Vec::new();
        for link in self.state.missing_links(pair, from)? {
            let there = self.state.observed_of_link(link.id)?[from.other()].take();
            let left = link.sides[from.other()].released && there.is_none();
            if left || there.is_some_and(|seen| seen.revision.is_none()) {
                // Gone on the other side too: there is nothing left to move.
                continue;
            }
            let twins = self.state.unlinked_twins(&self.engine.name, from, &link)?;
            let free = twins
                .iter()
                .rev()
                .filter(|(_, twin)| !used.contains(&twin.row));
            let best = free.max_by_key(|(_, twin)| twin.flags == link.sides[from].flags);
            match best.cloned() {
                Some((to, twin)) => {
                    used.insert(twin.row);
                    moved.push(Found {
                        link,
                        from,
                        pair: to,
                        twin,
                    });
                }
                None => rest.push(link),
            }
        }
        let pairs = self.elsewhere(pair);
        for (link, pair, twin) in self.find_alike(from, &rest, &pairs, used)? {
            used.insert(twin.row);
            moved.push(Found {
                link,
                from,
                pair,
                twin,
            });
        }
        Ok(moved)
    }

    async fn move_found(&mut self, index: usize, from: Side, found: Vec<Found>) -> Result<()> {
        let on = from.other();
        if found.is_empty() || !self.capabilities[on].moves || !self.facts(index, on).writable {
            return Ok(());
        }
        let mut by_target: BTreeMap<usize, Vec<Found>> = BTreeMap::new();
        for found in found {
            let target = self.work.iter().position(|w| w.id() == found.pair);
            if let Some(target) = target.filter(|t| self.facts(*t, on).writable) {
                by_target.entry(target).or_default().push(found);
            }
        }
        for (target, found) in by_target {
            let Some(to) = self
                .work
                .get(target)
                .map(|w| w.record.collections[on].clone())
            else {
                continue;
            };
            if self.writes() {
                let batch = self.capabilities[on].batch_items.max(1);
                let mut found = found.into_iter().peekable();
                while found.peek().is_some() {
                    let chunk: Vec<Found> = found.by_ref().take(batch).collect();
                    self.send_moves(index, target, on, &to, chunk).await?;
                }
            } else {
                self.plan_moves(index, target, on, found)?;
            }
        }
        Ok(())
    }

    async fn send_moves(
        &mut self,
        index: usize,
        target: usize,
        on: Side,
        to: &CollectionId,
        found: Vec<Found>,
    ) -> Result<()> {
        let mut writes = Vec::new();
        let mut sent = Vec::new();
        for found in found {
            let side = &found.link.sides[on];
            let Some(id) = side.id.clone() else { continue };
            let seen = self.state.observed_of_link(found.link.id)?;
            let seen = seen[on].as_ref();
            let revision = seen
                .and_then(|s| s.revision.clone())
                .or_else(|| side.revision.clone());
            let guard = revision.unwrap_or_else(|| Revision::new(""));
            let intent = Intent {
                key: 0,
                pair: found.link.pair,
                side: on,
                action: IntentAction::Move,
                row: None,
                link: Some(found.link.id),
                flags: Flags::default(),
                content: None,
            };
            writes.push(Write {
                intent,
                op: Op::Move {
                    id,
                    guard,
                    to: to.clone(),
                },
            });
            sent.push(found);
        }
        let outcomes = self.apply(index, on, writes).await?;
        let mut lost = None;
        self.state.begin()?;
        for (found, (intent, outcome)) in sent.into_iter().zip(outcomes) {
            self.state.remove_intent(intent.key)?;
            match outcome {
                Outcome::Done(stored) => {
                    self.run_of_move(target, on)?;
                    match stored.id {
                        Some(id) => self.relink(found, on, id, stored.revision)?,
                        None => self.unlink_moved(target, &found)?,
                    }
                }
                // Another look shows whether it is there or here still.
                Outcome::Unknown(error) => {
                    self.remember_flags(&found)?;
                    lost = Some(error);
                }
                // Somebody edits it: it is not created there before another look.
                Outcome::Stale => {
                    if let Some(work) = self.work.get_mut(target) {
                        work.held.insert(found.twin.row);
                    }
                }
                // What cannot be moved is created there and deleted here.
                Outcome::Gone | Outcome::Refused(_) => {}
            }
        }
        self.store_cursors(index)?;
        self.state.commit()?;
        if let Some(work) = self.work.get_mut(target) {
            work.touched = true;
        }
        lost.map_or(Ok(()), |error| Err(error.on_side(on)))
    }

    fn run_of_move(&mut self, target: usize, on: Side) -> Result<()> {
        self.run_number()?;
        if let Some(work) = self.work.get_mut(target) {
            work.report.written[on].moved += 1;
        }
        Ok(())
    }

    /// The link follows its items into their new collections.
    fn relink(
        &mut self,
        found: Found,
        on: Side,
        id: crate::model::ItemId,
        revision: Option<Revision>,
    ) -> Result<()> {
        let Found {
            mut link,
            from,
            pair,
            twin,
        } = found;
        self.state.load_bases(&mut link)?;
        let seen = self.state.observed_of_link(link.id)?;
        for row in seen.left.iter().chain(&seen.right) {
            self.state.unobserve(row.row)?;
        }
        link.pair = pair;
        link.sides[from].id = Some(twin.item.clone());
        link.sides[from].revision = None;
        link.sides[on].id = Some(id.clone());
        link.sides[on].revision = revision.clone();
        if let Some(edited) = &seen[on] {
            // It was edited before it was moved: that edit is still to be taken over.
            link.sides[on].revision = None;
            let revision = revision.or_else(|| edited.revision.clone());
            let edited = Observed {
                item: id,
                revision,
                ..edited.clone()
            };
            self.state.observe(pair, &edited)?;
        }
        self.state.put_link(&link)?;
        self.state.observe(
            pair,
            &Observed {
                link: Some(link.id),
                ..twin
            },
        )
    }

    /// The new id is not known: both items are recognised when the other side lists its own.
    fn unlink_moved(&mut self, target: usize, found: &Found) -> Result<()> {
        let seen = self.state.observed_of_link(found.link.id)?;
        for row in seen.left.iter().chain(&seen.right) {
            self.state.unobserve(row.row)?;
        }
        self.state.remove_link(found.link.id)?;
        self.remember_flags(found)?;
        if let Some(work) = self.work.get_mut(target) {
            work.sent.insert(found.twin.row);
        }
        Ok(())
    }

    /// What the link knew of the flags stays known, should the items be joined anew.
    fn remember_flags(&mut self, found: &Found) -> Result<()> {
        let base_flags = Some(found.link.sides[found.from].flags.clone());
        let twin = Observed {
            base_flags,
            ..found.twin.clone()
        };
        self.state.observe(found.pair, &twin)
    }

    fn plan_moves(
        &mut self,
        index: usize,
        target: usize,
        on: Side,
        found: Vec<Found>,
    ) -> Result<()> {
        for found in found {
            let Some(id) = found.link.sides[on].id.clone() else {
                continue;
            };
            let path = self
                .work
                .get(target)
                .map(|w| w.record.paths[on].to_string());
            self.planned(index, Action::Move, on, Some((&id, found.link.kind)), path);
            self.unlink_moved(target, &found)?;
            if let Some(work) = self.work.get_mut(target) {
                work.report.written[on].moved += 1;
            }
        }
        Ok(())
    }
}
