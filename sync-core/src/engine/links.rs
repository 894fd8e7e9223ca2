use futures_util::StreamExt as _;

use super::apply::Write;
use super::event::Action;
use super::pass::{Run, open};
use crate::error::Result;
use crate::merge;
use crate::model::{
    Body, Both, Flags, Identity, Item, ItemId, ItemKind, NewItem, Revision, Role, Side,
};
use crate::reconcile::{
    ConflictRule, Decision, Deletes, Link, LinkId, Now, Observed, Step, Then, reconcile_link,
};
use crate::source::{Depth, Op, Outcome, Stored};
use crate::state::{HistoryAction, HistoryEntry, Intent, IntentAction, Resolution, Waiting};

/// How many links are decided and carried out together.
const CHUNK: usize = 500;

/// How many bytes of deleted contents are held at a time.
const KEEP_BYTES: usize = 2 << 20;

/// A link with what was decided about it and what became of that.
struct LinkWork {
    link: Link,
    seen: Both<Option<Observed>>,
    decision: Decision,
    written: Both<Option<Stored>>,
    failed: bool,
}

impl LinkWork {
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
        let mut work = LinkWork {
            link,
            seen,
            decision,
            written: Both::default(),
            failed: false,
        };
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

    fn plan_links(&mut self, index: usize, chunk: &[LinkWork]) {
        for work in chunk {
            let kind = work.link.kind;
            for step in &work.decision.steps {
                let (action, on, detail) = match step {
                    Step::SetFlags { on, add, remove } => {
                        let detail = signed(add, '+') + &signed(remove, '-');
                        (Action::SetFlags, *on, Some(detail.trim_end().to_owned()))
                    }
                    Step::Replace { on, .. } => (Action::Replace, *on, None),
                    Step::Delete { on } => (Action::Delete, *on, None),
                    Step::Duplicate { .. } => (Action::Create, self.duplicate_side(index), None),
                    Step::Refuse { on, reason } => (Action::Refuse, *on, Some(reason.clone())),
                    Step::Resurrect { on } => (Action::Create, *on, None),
                };
                let id = work
                    .now(on)
                    .0
                    .or(work.now(on.other()).0)
                    .map(|id| (id, kind));
                self.planned(index, action, on, id, detail);
                self.count(index, on, step, 1);
            }
            if let Then::Wait(conflict) = &work.decision.then {
                let id = work.now(Side::Left).0.map(|id| (id, kind));
                let what = conflict.properties.join(", ");
                self.planned(index, Action::Wait, Side::Left, id, Some(what));
            }
        }
    }

    fn count(&mut self, index: usize, on: Side, step: &Step, by: u64) {
        if let Some(work) = self.work.get_mut(index) {
            let counts = &mut work.report.written[on];
            match step {
                Step::SetFlags { .. } => counts.flagged += by,
                Step::Replace { .. } => counts.replaced += by,
                Step::Delete { .. } => counts.deleted += by,
                Step::Duplicate { .. } => counts.created += by,
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

    fn settle_all(
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

    /// Sends flags and contents to one side.
    async fn write_changes(
        &mut self,
        index: usize,
        on: Side,
        chunk: &mut [LinkWork],
    ) -> Result<()> {
        let batch = self.capabilities[on].batch_items.max(1);
        let mut at: Vec<usize> = Vec::new();
        for (i, work) in chunk.iter().enumerate() {
            let step = work.step_on(on);
            if !work.failed && matches!(step, Some(Step::SetFlags { .. } | Step::Replace { .. })) {
                at.push(i);
            }
        }
        for at in at.chunks(batch) {
            let run = self.run_number()?;
            let mut writes = Vec::new();
            let mut sent = Vec::new();
            self.state.begin()?;
            for i in at {
                let Some(work) = chunk.get(*i) else { continue };
                let (Some(id), Some(step)) = (work.now(on).0, work.step_on(on)) else {
                    continue;
                };
                let guard = work.now(on).1.cloned().unwrap_or_else(|| Revision::new(""));
                let (op, action, body) = match step {
                    Step::SetFlags { add, remove, .. } => {
                        let (add, remove) = (add.clone(), remove.clone());
                        let op = Op::SetFlags {
                            id: id.clone(),
                            guard,
                            add,
                            remove,
                        };
                        (op, HistoryAction::Flags, None)
                    }
                    Step::Replace { body, .. } => {
                        let held = match &work.seen[on] {
                            Some(Observed {
                                body: Some(body), ..
                            }) => Some(body.clone()),
                            _ => work.link.sides[on].base.clone(),
                        };
                        let op = Op::Replace {
                            id: id.clone(),
                            guard,
                            body: Body::from(body.clone()),
                        };
                        (op, HistoryAction::Replaced, held.map(Body::from))
                    }
                    _ => continue,
                };
                let entry = self.entry(index, run, on, id.clone(), &work.link, action);
                let flags = work.flags(on).clone();
                self.state.keep(&HistoryEntry {
                    flags,
                    body,
                    ..entry
                })?;
                writes.push(Write {
                    intent: intent(&work.link, on, IntentAction::Change),
                    op,
                });
                sent.push(*i);
            }
            self.state.commit()?;
            let outcomes = self.apply(index, on, writes).await?;
            self.take_outcomes(index, on, chunk, &sent, outcomes)?;
            self.check_cancelled()?;
        }
        Ok(())
    }

    /// Fetches what is about to be deleted, keeps it in the history, and deletes it.
    async fn write_deletes(
        &mut self,
        index: usize,
        on: Side,
        chunk: &mut [LinkWork],
    ) -> Result<()> {
        let at: Vec<usize> = chunk
            .iter()
            .enumerate()
            .filter(|(_, w)| !w.failed && matches!(w.step_on(on), Some(Step::Delete { .. })))
            .map(|(i, _)| i)
            .collect();
        let trash = self.trash_for(index, on);
        let batch = self.capabilities[on].batch_items.max(1);
        for at in at.chunks(batch) {
            let kept = self.keep_deleted(index, on, chunk, at).await?;
            let mut writes = Vec::new();
            let mut sent = Vec::new();
            for i in at.iter().filter(|i| kept.contains(i)) {
                let Some(work) = chunk.get(*i) else { continue };
                let (Some(id), revision) = work.now(on) else {
                    continue;
                };
                let id = id.clone();
                let guard = revision.cloned().unwrap_or_else(|| Revision::new(""));
                let op = match &trash {
                    Some(to) => Op::Move {
                        id,
                        guard,
                        to: to.clone(),
                    },
                    None => Op::Delete { id, guard },
                };
                writes.push(Write {
                    intent: intent(&work.link, on, IntentAction::Delete),
                    op,
                });
                sent.push(*i);
            }
            let outcomes = self.apply(index, on, writes).await?;
            self.take_outcomes(index, on, chunk, &sent, outcomes)?;
            self.check_cancelled()?;
        }
        Ok(())
    }

    /// Where deleted items go, if the rules say so and this is not the trash itself.
    fn trash_for(&self, index: usize, on: Side) -> Option<crate::model::CollectionId> {
        if self.rules().deletes != Deletes::Trash || !self.capabilities[on].moves {
            return None;
        }
        let here = self.work.get(index)?;
        let trash = self
            .work
            .iter()
            .find(|w| w.collections[on].role == Some(Role::Trash))?;
        (trash.id() != here.id()).then(|| trash.record.collections[on].clone())
    }

    /// Puts what is about to be deleted into the history; says which items are there still.
    async fn keep_deleted(
        &mut self,
        index: usize,
        on: Side,
        chunk: &mut [LinkWork],
        at: &[usize],
    ) -> Result<Vec<usize>> {
        let run = self.run_number()?;
        let mut kept = Vec::new();
        let mut wanted: Vec<ItemId> = Vec::new();
        self.state.begin()?;
        for i in at {
            let Some(work) = chunk.get(*i) else { continue };
            let Some(id) = work.now(on).0.cloned() else {
                continue;
            };
            match &work.link.sides[on].base {
                Some(base) if !work.link.sides[on].provisional => {
                    let entry = self.entry(index, run, on, id, &work.link, HistoryAction::Deleted);
                    let body = Some(Body::from(base.clone()));
                    self.state.keep(&HistoryEntry { body, ..entry })?;
                    kept.push(*i);
                }
                _ => wanted.push(id),
            }
        }
        if !wanted.is_empty() {
            let Some(work) = self.work.get(index) else {
                return Ok(kept);
            };
            let collection = work.record.collections[on].clone();
            let mut found: Vec<Item> = Vec::new();
            let mut items = open(&mut self.sources, on)?.fetch(&collection, &wanted, Depth::Full);
            let mut unreadable = Vec::new();
            let mut bytes = 0;
            let mut entries = Vec::new();
            while let Some(item) = items.next().await {
                match item {
                    Ok(item) => {
                        bytes += item.body.as_ref().map_or(0, Body::memory);
                        found.push(item);
                    }
                    Err(error) if error.item().is_some() && !error.is_fatal() => {
                        unreadable.push(error);
                    }
                    Err(error) => return Err(error.in_collection(&collection).on_side(on)),
                }
                if bytes > KEEP_BYTES {
                    entries.append(&mut keep_found(self.state, &mut found, |item| {
                        history_entry(&self.work, index, run, on, item, self.engine.now())
                    })?);
                    bytes = 0;
                }
            }
            drop(items);
            entries.append(&mut keep_found(self.state, &mut found, |item| {
                history_entry(&self.work, index, run, on, item, self.engine.now())
            })?);
            for i in at {
                let Some(work) = chunk.get(*i) else { continue };
                if work.now(on).0.is_some_and(|id| entries.contains(id)) {
                    kept.push(*i);
                }
            }
            for error in unreadable {
                let why = format!("cannot be kept before its deletion: {error}");
                let of = |w: &&LinkWork| w.now(on).0 == error.item();
                if let Some(link) = chunk.iter().find(of).map(|w| w.link.clone()) {
                    self.refuse(index, &link, on, &why)?;
                }
            }
        }
        self.state.commit()?;
        // What is not there any more is planned anew, after another look.
        for i in at.iter().filter(|i| !kept.contains(i)) {
            if let Some(work) = chunk.get_mut(*i) {
                work.failed = true;
            }
            if let Some(work) = self.work.get_mut(index) {
                work.touched = true;
            }
        }
        Ok(kept)
    }

    /// Creates the versions that lost a conflict beside the winners, once.
    async fn write_duplicates(&mut self, index: usize, chunk: &mut [LinkWork]) -> Result<()> {
        let on = self.duplicate_side(index);
        for i in 0..chunk.len() {
            let Some(work) = chunk.get(i).filter(|w| !w.failed) else {
                continue;
            };
            let body = work.decision.steps.iter().find_map(|step| match step {
                Step::Duplicate { body } => Some(body.clone()),
                _ => None,
            });
            let Some(body) = body else { continue };
            let uid = merge::uid(&body);
            let name = uid.clone().unwrap_or_default();
            let (pair, kind, link) = (work.link.pair, work.link.kind, work.link.clone());
            if self.state.knows_name(pair, on, &name)? {
                // Created by a run that was cut short before it could note it.
                continue;
            }
            let new = NewItem {
                kind,
                flags: Flags::default(),
                date: None,
                identity: Identity {
                    uid,
                    ..Identity::default()
                },
                body: Body::from(body),
            };
            let write = Write {
                intent: intent(&link, on, IntentAction::Create),
                op: Op::Create(new),
            };
            let outcomes = self.apply(index, on, vec![write]).await?;
            // The copy is to be listed: the next pass takes it to the other side.
            self.forget_cursors(index)?;
            for (_, outcome) in outcomes {
                let failed = match outcome {
                    Outcome::Done(_) => {
                        let step = Step::Duplicate {
                            body: bytes::Bytes::new(),
                        };
                        self.count(index, on, &step, 1);
                        false
                    }
                    Outcome::Refused(error) => {
                        self.refuse(index, &link, on, &error.to_string())?;
                        true
                    }
                    _ => true,
                };
                if let Some(work) = chunk.get_mut(i) {
                    work.failed |= failed;
                }
            }
        }
        Ok(())
    }

    /// Where a duplicate is created; the next pass copies it to the other side.
    fn duplicate_side(&self, index: usize) -> Side {
        if self.facts(index, Side::Left).writable {
            Side::Left
        } else {
            Side::Right
        }
    }

    fn take_outcomes(
        &mut self,
        index: usize,
        on: Side,
        chunk: &mut [LinkWork],
        sent: &[usize],
        outcomes: Vec<(Intent, Outcome)>,
    ) -> Result<()> {
        let mut lost = None;
        self.state.begin()?;
        for (i, (intent, outcome)) in sent.iter().zip(outcomes) {
            let Some(work) = chunk.get_mut(*i) else {
                continue;
            };
            match outcome {
                Outcome::Done(stored) => {
                    let step = work.step_on(on).cloned();
                    work.written[on] = Some(stored);
                    if let Some(step) = step {
                        self.count(index, on, &step, 1);
                    }
                }
                // Gone already is what a deletion wants.
                Outcome::Gone if matches!(work.step_on(on), Some(Step::Delete { .. })) => {
                    work.written[on] = Some(Stored::default());
                }
                Outcome::Stale | Outcome::Gone => {
                    work.failed = true;
                    self.state.remove_intent(intent.key)?;
                }
                Outcome::Refused(error) => {
                    work.failed = true;
                    let link = work.link.clone();
                    self.state.remove_intent(intent.key)?;
                    self.refuse(index, &link, on, &error.to_string())?;
                }
                Outcome::Unknown(error) => {
                    work.failed = true;
                    lost = Some(error);
                }
            }
        }
        self.state.commit()?;
        lost.map_or(Ok(()), |error| Err(error.on_side(on)))
    }

    /// Lets a link absorb what was observed and written.
    fn settle(&mut self, work: &mut LinkWork) -> Result<()> {
        let LinkWork {
            link,
            seen,
            decision,
            written,
            ..
        } = work;
        if !matches!(decision.then, Then::Forget) {
            for side in Side::BOTH {
                let step = decision.steps.iter().find(|step| match step {
                    Step::SetFlags { on, .. } | Step::Replace { on, .. } => *on == side,
                    _ => false,
                });
                if let Some(seen) = seen[side].as_ref().filter(|s| s.revision.is_some()) {
                    link.sides[side].absorb(seen);
                }
                if let (Some(step), Some(stored)) = (step, &written[side]) {
                    absorb_write(link, side, step, stored, self.capabilities[side].rewrites);
                }
            }
        }
        for row in seen.left.iter().chain(seen.right.iter()) {
            self.state.unobserve(row.row)?;
        }
        self.state.stop_waiting(link.id)?;
        match decision.then {
            Then::Settle => {}
            Then::Forget => return self.state.remove_link(link.id),
            Then::Retire(side) => {
                link.retired = true;
                link.sides[side].id = None;
            }
            Then::Wait(_) => return Ok(()),
        }
        self.state.put_link(link)?;
        self.state.remove_intents_of(link.id)
    }

    fn entry(
        &self,
        index: usize,
        run: i64,
        side: Side,
        item: ItemId,
        link: &Link,
        action: HistoryAction,
    ) -> HistoryEntry {
        let mut seen = Item::new(item, link.kind, "");
        seen.flags = link.sides[side].flags.clone();
        let now = self.engine.now();
        HistoryEntry {
            action,
            ..history_entry(&self.work, index, run, side, &seen, now)
        }
    }

    /// Reads what a side made of contents that were written to it: the base is what it holds.
    pub(super) async fn read_back(&mut self, index: usize, side: Side) -> Result<()> {
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
                let body = body.read(super::observe::PIM_LIMIT)?;
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

/// What a write left on its side.
fn absorb_write(link: &mut Link, side: Side, step: &Step, stored: &Stored, rewrites: bool) {
    let known = &mut link.sides[side];
    if stored.id.is_some() {
        known.id.clone_from(&stored.id);
    }
    known.revision.clone_from(&stored.revision);
    match step {
        Step::SetFlags { add, remove, .. } => {
            let wanted = known.flags.union(add).difference(remove);
            known.flags = stored.flags.clone().unwrap_or(wanted);
        }
        Step::Replace { body, .. } => {
            known.base = Some(body.clone());
            known.provisional = rewrites;
        }
        _ => {}
    }
}

fn signed(flags: &Flags, sign: char) -> String {
    flags.names().map(|name| format!("{sign}{name} ")).collect()
}

fn keep_found(
    state: &mut dyn crate::state::State,
    found: &mut Vec<Item>,
    entry: impl Fn(&Item) -> HistoryEntry,
) -> Result<Vec<ItemId>> {
    let mut ids = Vec::new();
    for item in found.drain(..) {
        state.keep(&entry(&item))?;
        ids.push(item.id);
    }
    Ok(ids)
}

/// The history's entry for an item that is about to be deleted.
fn history_entry(
    work: &[super::pass::PairWork],
    index: usize,
    run: i64,
    side: Side,
    item: &Item,
    now: i64,
) -> HistoryEntry {
    let work = work.get(index);
    HistoryEntry {
        id: 0,
        run,
        at: now,
        pair: work.map_or(0, super::pass::PairWork::id),
        side,
        collection: work.map_or_else(|| "".into(), |w| w.record.collections[side].clone()),
        item: item.id.clone(),
        kind: item.kind,
        action: HistoryAction::Deleted,
        flags: item.flags.clone(),
        date: item.date,
        title: item.body.as_ref().and_then(|body| title(item.kind, body)),
        body: item.body.clone(),
        undone: false,
    }
}

/// The subject or summary of a content.
fn title(kind: ItemKind, body: &Body) -> Option<String> {
    let names: &[&str] = match kind {
        ItemKind::Message => &["subject:"],
        ItemKind::Contact => &["fn:"],
        _ => &["summary:", "summary;"],
    };
    let head = body.chunks().next()?.ok()?;
    let text = String::from_utf8_lossy(head.get(..head.len().min(16 << 10))?).into_owned();
    text.lines()
        .take_while(|line| kind.is_mutable() || !line.is_empty())
        .find_map(|line| {
            let lower = line.to_ascii_lowercase();
            names.iter().find(|name| lower.starts_with(**name))?;
            Some(line.split_once(':')?.1.trim().chars().take(120).collect())
        })
}
