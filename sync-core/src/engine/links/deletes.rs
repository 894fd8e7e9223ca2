use futures_util::StreamExt as _;

use super::{LinkWork, intent};
use crate::engine::apply::Write;
use crate::engine::pass::{PairWork, Run, open};
use crate::error::Result;
use crate::model::{Body, CollectionId, Item, ItemId, ItemKind, Revision, Role, Side};
use crate::reconcile::{Deletes, Link, Step, Then};
use crate::source::{Depth, Op};
use crate::state::{HistoryAction, HistoryEntry, IntentAction, State};

/// How many bytes of deleted contents are held at a time.
const KEEP_BYTES: usize = 2 << 20;

impl Run<'_> {
    /// Deletes items, and before that keeps in the history those whose content the other side does
    /// not hold.
    pub(in crate::engine) async fn write_deletes(
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
            self.run_number()?;
            let copied = |i: &usize| chunk.get(*i).is_some_and(LinkWork::leaves_a_copy);
            let (mut kept, last): (Vec<usize>, Vec<usize>) = at.iter().copied().partition(copied);
            if !last.is_empty() {
                kept.append(&mut self.keep_deleted(index, on, chunk, &last).await?);
            }
            let mut writes = Vec::new();
            let mut sent = Vec::new();
            for i in at.iter().filter(|i| kept.contains(i)) {
                let Some(work) = chunk.get(*i) else { continue };
                let (Some(id), revision) = work.now(on) else {
                    continue;
                };
                let id = id.clone();
                let guard = revision.cloned().unwrap_or_else(|| Revision::new(""));
                let releases = matches!(work.decision.then, Then::Release(_));
                let action = match releases {
                    true => IntentAction::Release,
                    false => IntentAction::Delete,
                };
                let op = match trash.as_ref().filter(|_| !releases) {
                    Some(to) => Op::Move {
                        id,
                        guard,
                        to: to.clone(),
                    },
                    None => Op::Delete { id, guard },
                };
                writes.push(Write {
                    intent: intent(&work.link, on, action),
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
    pub(super) fn trash_for(&self, index: usize, on: Side) -> Option<CollectionId> {
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
    pub(super) async fn keep_deleted(
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

    pub(super) fn entry(
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
}

fn keep_found(
    state: &mut dyn State,
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
    work: &[PairWork],
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
        pair: work.map_or(0, PairWork::id),
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
