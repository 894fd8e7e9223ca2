//! Items that leave a side because the other side holds them and their time is up.

use super::links::LinkWork;
use super::pass::{PairWork, Run};
use crate::error::Result;
use crate::model::{Both, Side};
use crate::reconcile::{Deletes, Leave, Link, LinkSide, Observed, reconcile_leave};
use crate::source::Absence;
use crate::state::{Intent, IntentAction};

/// How many items leave together at most, whatever a source takes.
const CHUNK: usize = 5_000;

impl Run<'_> {
    /// Takes from both sides what may leave them; the last thing of a run, when both sides were
    /// listed and all else is done.
    pub(super) async fn let_leave(&mut self) -> Result<()> {
        for index in 0..self.work.len() {
            for side in Side::BOTH {
                if self.work.get(index).is_none_or(PairWork::is_stopped) {
                    continue;
                }
                self.check_cancelled()?;
                let result = self.let_leave_side(index, side).await;
                self.survive(index, result)?;
            }
        }
        Ok(())
    }

    async fn let_leave_side(&mut self, index: usize, side: Side) -> Result<()> {
        let Some(seen_by) = self.seen_by(index, side) else {
            return Ok(());
        };
        let Some(pair) = self.work.get(index).map(PairWork::id) else {
            return Ok(());
        };
        let batch = self.capabilities[side].batch_items.clamp(1, CHUNK);
        let mut after = 0;
        loop {
            let links = self.state.leaving(pair, side, seen_by, after, batch)?;
            let Some(last) = links.last() else {
                return Ok(());
            };
            after = last.id;
            let mut chunk = Vec::with_capacity(links.len());
            for mut link in links {
                if let Some(decision) = reconcile_leave(&link, side, seen_by) {
                    self.state.load_bases(&mut link)?;
                    chunk.push(LinkWork::new(link, Both::default(), decision));
                }
            }
            if self.writes() {
                self.write_deletes(index, side, &mut chunk).await?;
                self.settle_all(index, &mut chunk, |_| true)?;
            } else {
                self.plan_links(index, &chunk);
            }
        }
    }

    /// The latest first sight of what may leave a side; none if all of it stays.
    fn seen_by(&self, index: usize, side: Side) -> Option<i64> {
        let work = self.work.get(index)?;
        let writable = !work.collections[side].read_only;
        let seen_by = self.rules().leave[side].seen_by(self.engine.now());
        seen_by.filter(|_| writable)
    }

    /// In a plan: what leaves once this link's writes are done.
    pub(super) fn plan_leave(&mut self, index: usize, link: &Link) {
        let decided = Side::BOTH.into_iter().find_map(|side| {
            let decision = reconcile_leave(link, side, self.seen_by(index, side)?)?;
            Some(LinkWork::new(link.clone(), Both::default(), decision))
        });
        if let Some(work) = decided {
            self.plan_links(index, &[work]);
        }
    }

    /// In a plan: what leaves once an item has its copy on side `to`.
    pub(super) fn plan_leave_copied(&mut self, index: usize, to: Side, row: &Observed) {
        if Side::BOTH
            .iter()
            .all(|side| self.rules().leave[*side] == Leave::Always)
        {
            return;
        }
        let mut sides = Both::<LinkSide>::default();
        sides[to.other()].absorb(row);
        // Its id is not known yet; the original's stands for it.
        sides[to].id = Some(row.item.clone());
        sides[to].first_seen = Some(self.engine.now());
        let link = Link {
            id: 0,
            pair: 0,
            kind: row.kind,
            sides,
            retired: false,
        };
        self.plan_leave(index, &link);
    }

    /// Notes that a link's item is not on `side` any more, and that nothing follows from it.
    pub(super) fn release(&mut self, link: &mut Link, side: Side) -> Result<()> {
        for intent in self.state.intents_of(link.id)? {
            if is_release(&intent, side) {
                self.state.remove_intent(intent.key)?;
            }
        }
        if link.sides[side].released {
            return Ok(());
        }
        self.state.load_bases(link)?;
        link.sides[side].released = true;
        self.state.put_link(link)
    }

    /// Whether an item left `side`, or was asked to by a run that did not hear the answer.
    pub(super) fn has_left(&mut self, link: &Link, side: Side) -> Result<bool> {
        if link.sides[side].released {
            return Ok(true);
        }
        let intents = self.state.intents_of(link.id)?;
        Ok(intents.iter().any(|intent| is_release(intent, side)))
    }

    /// Whether items of a side may be deleted in consequence of what happens on the other.
    pub(super) fn may_lose(&self, index: usize, side: Side) -> bool {
        let deletes = self.rules().deletes != Deletes::Keep;
        let leaves = self.rules().leave[side] != Leave::Always;
        deletes && self.facts(index, side).writable || leaves
    }

    /// Whether nothing is to be concluded from what a side does not show.
    pub(super) fn absence_says_nothing(&self, side: Side) -> bool {
        self.capabilities[side].absence == Absence::Nothing
    }
}

fn is_release(intent: &Intent, side: Side) -> bool {
    intent.action == IntentAction::Release && intent.side == side
}
