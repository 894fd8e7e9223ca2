//! What follows from changes of linked items.

mod changes;
mod deletes;
mod outcomes;
mod read_back;

use super::event::Action;
use super::pass::Run;
use crate::error::Result;
use crate::model::{Both, Flags, ItemId, Revision, Side};
use crate::reconcile::{
    ConflictRule, Decision, Link, LinkId, Now, Observed, Step, Then, reconcile_link,
};
use crate::source::Stored;
use crate::state::{Intent, IntentAction, Resolution, Waiting};

/// How many links are decided and carried out together.
const CHUNK: usize = 500;

/// A link with what was decided about it and what became of that.
pub(super) struct LinkWork {
    link: Link,
    seen: Both<Option<Observed>>,
    decision: Decision,
    written: Both<Option<Stored>>,
    failed: bool,
}

impl LinkWork {
    pub(super) fn new(link: Link, seen: Both<Option<Observed>>, decision: Decision) -> Self {
        Self {
            link,
            seen,
            decision,
            written: Both::default(),
            failed: false,
        }
    }

    /// Whether a deletion loses nothing, since the other side keeps its copy.
    fn leaves_a_copy(&self) -> bool {
        matches!(self.decision.then, Then::Release(_)) && !self.link.retired
    }

    fn step_on(&self, side: Side) -> Option<&Step> {
        self.decision.steps.iter().find(|step| match step {
            Step::SetFlags { on, .. } | Step::Replace { on, .. } | Step::Delete { on } => {
                *on == side
            }
            _ => false,
        })
    }

    /// What the item of a side is now, as far as was seen: the guard of a write.
    fn now(&self, side: Side) -> (Option<&ItemId>, Option<&Revision>) {
        match &self.seen[side] {
            Some(seen) => (Some(&seen.item), seen.revision.as_ref()),
            None => (
                self.link.sides[side].id.as_ref(),
                self.link.sides[side].revision.as_ref(),
            ),
        }
    }

    /// The link as it stands once all that was decided is done, if it goes on.
    fn settled(&self) -> Option<Link> {
        let mut steps = self.decision.steps.iter();
        if self.decision.then != Then::Settle || steps.any(|s| matches!(s, Step::Refuse { .. })) {
            return None;
        }
        let mut link = self.link.clone();
        for side in Side::BOTH {
            link.sides[side].released &= self.seen[side].is_none();
        }
        Some(link)
    }

    fn flags(&self, side: Side) -> &Flags {
        self.seen[side]
            .as_ref()
            .map_or(&self.link.sides[side].flags, |seen| &seen.flags)
    }
}

impl Run<'_> {
    /// Decides about every link of which a side changed, and carries the decisions out.
    pub(super) async fn reconcile_links(&mut self, index: usize) -> Result<()> {
        let Some(pair) = self.work.get(index).map(super::pass::PairWork::id) else {
            return Ok(());
        };
        let mut after: LinkId = 0;
        loop {
            let ids = self.state.changed_links(pair, after, CHUNK)?;
            let Some(last) = ids.last() else {
                return Ok(());
            };
            after = *last;
            let mut chunk = Vec::new();
            self.state.begin()?;
            for id in ids {
                chunk.extend(self.decide(index, id)?);
            }
            self.state.commit()?;
            if self.writes() {
                self.carry_out(index, chunk).await?;
            } else {
                self.plan_links(index, &chunk);
            }
            self.check_cancelled()?;
        }
    }

    /// Decides about one link; what only changes the state is done at once.
    fn decide(&mut self, index: usize, id: LinkId) -> Result<Option<LinkWork>> {
        let Some(mut link) = self.state.link(id)? else {
            return Ok(None);
        };
        if link.kind.is_mutable() {
            self.state.load_bases(&mut link)?;
        }
        let seen = self.state.observed_of_link(id)?;
        if seen
            .left
            .iter()
            .chain(&seen.right)
            .any(|seen| seen.refused.is_some())
        {
            // Tried again when it changes.
            return Ok(None);
        }
        let mut rules = self.rules().clone();
        let waiting = self.state.waiting_of(id)?;
        if let Some(decision) = waiting.as_ref().and_then(|w| w.decision) {
            rules.conflict = match decision {
                Resolution::Left => ConflictRule::Left,
                Resolution::Right => ConflictRule::Right,
                Resolution::Both => ConflictRule::Duplicate,
            };
        }
        let now = Both::new(Now::of(seen.left.as_ref()), Now::of(seen.right.as_ref()));
        let facts = Both::from_fn(|side| self.facts(index, side));
        let decision = reconcile_link(&link, now, facts, &rules);
        let mut work = LinkWork::new(link, seen, decision);
        if let Then::Wait(conflict) = &work.decision.then {
            let properties = conflict.properties.clone();
            self.state.wait(&Waiting {
                link: id,
                pair: work.link.pair,
                properties,
                decision: None,
            })?;
            if let Some(work) = self.work.get_mut(index) {
                work.report.waiting += 1;
            }
            return Ok(Some(work));
        }
        let resurrect = work.decision.steps.iter().find_map(|step| match step {
            Step::Resurrect { on } => Some(*on),
            _ => None,
        });
        if let Some(on) = resurrect {
            // Its owner may have moved it while this run was listing: that is no deletion.
            if self.writes() && self.second_look.insert(id) {
                self.look_everywhere();
                return Ok(None);
            }
            // The survivor is new to the other side, which creates it like any new item.
            self.dissolve(&work.link, on)?;
            return Ok(None);
        }
        if self.note_refusals(index, &work)? {
            return Ok(Some(work));
        }
        if work.decision.is_quiet() {
            self.settle(&mut work)?;
            return Ok(None);
        }
        Ok(Some(work))
    }

    /// Marks what cannot be written, so that it is not planned again until it changes.
    fn note_refusals(&mut self, index: usize, work: &LinkWork) -> Result<bool> {
        let mut any = false;
        for step in &work.decision.steps {
            if let Step::Refuse { on, reason } = step {
                any = true;
                self.refuse(index, &work.link, *on, reason)?;
            }
        }
        Ok(any)
    }

    /// Notes that `on` refuses what follows from the other side's change of a link.
    fn refuse(&mut self, index: usize, link: &Link, on: Side, reason: &str) -> Result<()> {
        let seen = self.state.observed_of_link(link.id)?;
        let origin = seen[on.other()].as_ref().or(seen[on].as_ref());
        let item = origin.map(|o| o.item.clone());
        let text = match &item {
            Some(item) => format!("{on}: item {item} of the {} side: {reason}", on.other()),
            None => format!("{on}: {reason}"),
        };
        if let Some(origin) = origin {
            let mut row = origin.clone();
            row.refused = Some(reason.to_owned());
            self.state.observe(link.pair, &row)?;
        }
        self.problem(index, |report, why| report.refused.push(why), text);
        Ok(())
    }

    pub(super) fn plan_links(&mut self, index: usize, chunk: &[LinkWork]) {
        for work in chunk {
            let kind = work.link.kind;
            let releases = matches!(work.decision.then, Then::Release(_));
            for step in &work.decision.steps {
                let (action, on, detail) = match step {
                    Step::SetFlags { on, add, remove } => {
                        let detail = signed(add, '+') + &signed(remove, '-');
                        (Action::SetFlags, *on, Some(detail.trim_end().to_owned()))
                    }
                    Step::Replace { on, .. } => (Action::Replace, *on, None),
                    Step::Delete { on } if releases => (Action::Release, *on, None),
                    Step::Delete { on } => (Action::Delete, *on, None),
                    Step::Duplicate { .. } => {
                        (Action::Create, self.duplicate_side(index, kind), None)
                    }
                    Step::Refuse { on, reason } => (Action::Refuse, *on, Some(reason.clone())),
                    Step::Resurrect { on } => (Action::Create, *on, None),
                };
                let id = work
                    .now(on)
                    .0
                    .or(work.now(on.other()).0)
                    .map(|id| (id, kind));
                self.planned(index, action, on, id, detail);
                self.count(index, on, step, &work.decision.then);
            }
            if let Some(link) = work.settled() {
                self.plan_leave(index, &link);
            }
            if let Then::Wait(conflict) = &work.decision.then {
                let id = work.now(Side::Left).0.map(|id| (id, kind));
                let what = conflict.properties.join(", ");
                self.planned(index, Action::Wait, Side::Left, id, Some(what));
            }
        }
    }

    fn count(&mut self, index: usize, on: Side, step: &Step, then: &Then) {
        if let Some(work) = self.work.get_mut(index) {
            let counts = &mut work.report.written[on];
            match step {
                Step::SetFlags { .. } => counts.flagged += 1,
                Step::Replace { .. } => counts.replaced += 1,
                Step::Delete { .. } if matches!(then, Then::Release(_)) => counts.released += 1,
                Step::Delete { .. } => counts.deleted += 1,
                Step::Duplicate { .. } => counts.created += 1,
                Step::Resurrect { .. } | Step::Refuse { .. } => {}
            }
        }
    }

    async fn carry_out(&mut self, index: usize, mut chunk: Vec<LinkWork>) -> Result<()> {
        chunk.retain(|work| {
            !matches!(work.decision.then, Then::Wait(_))
                && !work
                    .decision
                    .steps
                    .iter()
                    .any(|s| matches!(s, Step::Refuse { .. }))
        });
        if chunk.is_empty() {
            return Ok(());
        }
        for on in [Side::Right, Side::Left] {
            self.write_changes(index, on, &mut chunk).await?;
        }
        self.write_duplicates(index, &mut chunk).await?;
        self.settle_all(index, &mut chunk, |work| !is_delete(&work.decision))?;
        for on in [Side::Right, Side::Left] {
            self.write_deletes(index, on, &mut chunk).await?;
        }
        self.settle_all(index, &mut chunk, |work| is_delete(&work.decision))
    }

    pub(super) fn settle_all(
        &mut self,
        index: usize,
        chunk: &mut [LinkWork],
        which: impl Fn(&LinkWork) -> bool,
    ) -> Result<()> {
        self.state.begin()?;
        for work in chunk.iter_mut().filter(|work| !work.failed && which(work)) {
            self.settle(work)?;
        }
        if chunk.iter().any(|work| work.failed) {
            self.forget_cursors(index)?;
        } else {
            self.store_cursors(index)?;
        }
        self.state.commit()
    }
}

fn is_delete(decision: &Decision) -> bool {
    decision
        .steps
        .iter()
        .any(|step| matches!(step, Step::Delete { .. }))
}

fn intent(link: &Link, side: Side, action: IntentAction) -> Intent {
    Intent {
        key: 0,
        pair: link.pair,
        side,
        action,
        row: None,
        link: Some(link.id),
        flags: Flags::default(),
        content: None,
    }
}

fn signed(flags: &Flags, sign: char) -> String {
    flags.names().map(|name| format!("{sign}{name} ")).collect()
}
