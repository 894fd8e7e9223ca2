use std::collections::HashMap;

use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use super::apply::Write;
use super::event::{Action, Event};
use super::pass::Run;
use crate::error::{Error, Result};
use crate::model::{Body, Both, CollectionId, Digest, Item, ItemId, NewItem, Side};
use crate::reconcile::{Link, LinkSide, Observed, PairId};
use crate::source::{Depth, Op, Operation, Outcome, Source, Stored};
use crate::state::{Intent, IntentAction};

/// How many new items are taken up together.
const CHUNK: usize = 4_000;

/// How many bytes of contents one batch holds in memory, and how many in temporary files.
const BATCH_MEMORY: u64 = 4 << 20;
const BATCH_SPOOLED: u64 = 64 << 20;

/// What was observed of the items that are being copied.
type Rows = HashMap<ItemId, Observed>;

/// What a fetch hands to the writer.
#[derive(Default)]
struct Batch {
    items: Vec<Item>,
    unreadable: Vec<Error>,
    memory: u64,
    spooled: u64,
}

impl Batch {
    fn push(&mut self, item: Item) {
        if let Some(body) = &item.body {
            let memory = body.memory() as u64;
            self.memory += memory;
            self.spooled += body.len() - memory;
        }
        self.items.push(item);
    }

    fn is_full(&self, items: usize) -> bool {
        self.items.len() >= items || self.memory >= BATCH_MEMORY || self.spooled >= BATCH_SPOOLED
    }
}

impl Run<'_> {
    /// Creates on one side what is new on the other.
    pub(super) async fn create_items(&mut self, index: usize, to: Side) -> Result<()> {
        let Some(pair) = self.work.get(index).map(super::pass::PairWork::id) else {
            return Ok(());
        };
        if !self.facts(index, to).writable {
            return Ok(());
        }
        let from = to.other();
        let mut after = 0;
        let mut refused = Vec::new();
        loop {
            let rows = self.state.unlinked(pair, from, after, CHUNK)?;
            let Some(last) = rows.last() else {
                self.note_refused(index, to, &refused);
                return Ok(());
            };
            after = last.row;
            let rows = self.creatable(index, to, rows, &mut refused)?;
            if rows.is_empty() {
                continue;
            }
            if !self.writes() {
                for row in &rows {
                    self.planned(index, Action::Create, to, Some((&row.item, row.kind)), None);
                    self.plan_leave_copied(index, to, row);
                }
                if let Some(work) = self.work.get_mut(index) {
                    work.report.written[to].created += rows.len() as u64;
                }
                continue;
            }
            if let Some(work) = self.work.get(index) {
                let collection = &work.record.paths.left;
                let items = rows.len() as u64;
                self.observer.event(&Event::Copying {
                    collection,
                    to,
                    items,
                });
            }
            self.copy(index, to, rows).await?;
        }
    }

    /// Leaves out what is refused, on its way already, or not readable.
    fn creatable(
        &mut self,
        index: usize,
        to: Side,
        rows: Vec<Observed>,
        refused: &mut Vec<(&'static str, ItemId, u64)>,
    ) -> Result<Vec<Observed>> {
        let mut result = Vec::with_capacity(rows.len());
        for mut row in rows {
            let waits = self
                .work
                .get(index)
                .is_some_and(|w| w.sent.contains(&row.row) || w.held.contains(&row.row));
            let unread = row.kind.is_mutable() && row.body.is_none();
            if waits || unread || row.refused.is_some() {
                continue;
            }
            match self.facts(index, to).refuse(row.kind, Operation::Create) {
                Some(reason) => {
                    match refused.iter_mut().find(|(known, ..)| *known == reason) {
                        Some((_, _, count)) => *count += 1,
                        None => refused.push((reason, row.item.clone(), 1)),
                    }
                    row.refused = Some(reason.to_owned());
                    if let Some(pair) = self.work.get(index).map(super::pass::PairWork::id) {
                        self.state.observe(pair, &row)?;
                    }
                    self.planned(
                        index,
                        Action::Refuse,
                        to,
                        Some((&row.item, row.kind)),
                        row.refused.clone(),
                    );
                }
                None => result.push(row),
            }
        }
        Ok(result)
    }

    /// Reports what a side can never be given: one line for each reason, with the first item.
    fn note_refused(&mut self, index: usize, to: Side, refused: &[(&'static str, ItemId, u64)]) {
        for (reason, item, count) in refused {
            let others = match count - 1 {
                0 => String::new(),
                others => format!(" and {others} others"),
            };
            let text = format!(
                "{to}: item {item}{others} of the {} side: {reason}",
                to.other()
            );
            self.problem(index, |report, why| report.refused.push(why), text);
        }
    }

    /// Fetches from one side while the batch before is written to the other.
    async fn copy(&mut self, index: usize, to: Side, rows: Vec<Observed>) -> Result<()> {
        let from = to.other();
        let Some(work) = self.work.get(index) else {
            return Ok(());
        };
        let collection = work.record.collections[from].clone();
        let limit = self.capabilities[to].batch_items.max(1);
        let mut ids = Vec::new();
        let mut known = Vec::new();
        for row in &rows {
            match row.kind.is_mutable() {
                true => known.push(known_item(row)),
                false => ids.push(row.item.clone()),
            }
        }
        let mut rows: Rows = rows.into_iter().map(|r| (r.item.clone(), r)).collect();
        let mut known = known.into_iter().peekable();
        while known.peek().is_some() {
            let items = known.by_ref().take(limit).collect();
            let batch = Batch {
                items,
                ..Batch::default()
            };
            self.write_batch(index, to, batch, &mut rows).await?;
        }
        if ids.is_empty() {
            return Ok(());
        }
        let (sender, mut receiver) = mpsc::channel(1);
        // The reader borrows one source for as long as it reads, the writer has all the rest.
        let Some(source) = self.sources[from].take() else {
            return Ok(());
        };
        let reader = async {
            let result = read(&mut *source, &collection, &ids, limit, &sender).await;
            drop(sender);
            result
        };
        let writer = async {
            while let Some(batch) = receiver.recv().await {
                let result = match self.write_batch(index, to, batch, &mut rows).await {
                    Ok(()) => self.check_cancelled(),
                    error => error,
                };
                if result.is_err() {
                    // The reader stops at its next batch.
                    receiver.close();
                    return result;
                }
            }
            Ok(())
        };
        let (read, written) = tokio::join!(reader, writer);
        self.sources[from] = Some(source);
        written?;
        read.map_err(|e| e.in_collection(&collection).on_side(from))
    }

    /// Writes one batch of what `rows` observed, and links what was created.
    async fn write_batch(
        &mut self,
        index: usize,
        to: Side,
        batch: Batch,
        rows: &mut Rows,
    ) -> Result<()> {
        let from = to.other();
        let Some(work) = self.work.get(index) else {
            return Ok(());
        };
        let (pair, path) = (work.id(), work.record.paths.left.clone());
        if !batch.unreadable.is_empty() {
            self.state.begin()?;
            for error in batch.unreadable {
                self.note_unreadable(index, pair, from, error)?;
            }
            self.state.commit()?;
        }
        let mut writes = Vec::with_capacity(batch.items.len());
        let mut sent = Vec::with_capacity(batch.items.len());
        for item in batch.items {
            let Some(body) = item.body.clone() else {
                continue;
            };
            let Some(row) = rows.remove(&item.id) else {
                continue;
            };
            let intent = Intent {
                key: 0,
                pair,
                side: to,
                action: IntentAction::Create,
                row: Some(row.row),
                link: None,
                flags: item.flags.clone(),
                content: row.body.clone(),
            };
            let new = NewItem {
                kind: item.kind,
                flags: item.flags.clone(),
                date: item.date,
                identity: item.identity.clone(),
                body,
            };
            writes.push(Write {
                intent,
                op: Op::Create(new),
            });
            sent.push((row, item));
        }
        if writes.is_empty() {
            return Ok(());
        }
        self.run_number()?;
        let outcomes = self.apply(index, to, writes).await?;
        let (mut items, mut bytes) = (0, 0);
        let mut lost = None;
        let mut linked = Vec::with_capacity(outcomes.len());
        let mut links = Vec::with_capacity(outcomes.len());
        self.state.begin()?;
        for ((row, item), (intent, outcome)) in sent.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Done(stored) => {
                    items += 1;
                    bytes += item.body.as_ref().map_or(0, Body::len);
                    if let Some(link) = self.link_created(index, to, &row, &item, stored)? {
                        linked.push(row.row);
                        links.push(link);
                    }
                }
                Outcome::Stale | Outcome::Gone => self.state.remove_intent(intent.key)?,
                Outcome::Refused(error) => {
                    self.state.remove_intent(intent.key)?;
                    let text = format!("{to}: item {} of the {from} side: {error}", row.item);
                    let row = Observed {
                        refused: Some(error.to_string()),
                        ..row
                    };
                    self.state.observe(pair, &row)?;
                    self.problem(index, |report, why| report.refused.push(why), text);
                }
                Outcome::Unknown(error) => lost = Some(error),
            }
        }
        self.state.add_links(&links)?;
        self.state.unobserve_all(&linked)?;
        self.store_cursors(index)?;
        self.state.commit()?;
        if let Some(work) = self.work.get_mut(index) {
            work.report.written[to].created += items;
        }
        self.observer.event(&Event::Copied {
            collection: &path,
            to,
            items,
            bytes,
        });
        lost.map_or(Ok(()), |error| Err(error.on_side(to)))
    }

    fn note_unreadable(
        &mut self,
        index: usize,
        pair: PairId,
        from: Side,
        error: Error,
    ) -> Result<()> {
        let Some(id) = error.item().cloned() else {
            return Ok(());
        };
        let why = error.on_side(from).to_string();
        if let Some(row) = self.state.observed(pair, from, &id)? {
            self.state.observe(
                pair,
                &Observed {
                    refused: Some(why.clone()),
                    ..row
                },
            )?;
        }
        self.problem(index, |report, why| report.refused.push(why), why);
        Ok(())
    }

    /// The link of an item and the copy that was just created from it; `None` where the copy has to be
    /// listed first.
    fn link_created(
        &mut self,
        index: usize,
        to: Side,
        origin: &Observed,
        item: &Item,
        stored: Stored,
    ) -> Result<Option<Link>> {
        let Some(pair) = self.work.get(index).map(super::pass::PairWork::id) else {
            return Ok(None);
        };
        let row = origin.row;
        let Some(id) = stored.id else {
            // The copy is recognised when it is listed.
            if let (Some(mut seen), Some(body)) = (self.state.observation(row)?, &item.body)
                && !item.kind.is_mutable()
            {
                seen.identity.digest = Some(Digest::of_body(body)?);
                self.state.observe(pair, &seen)?;
            }
            if let Some(work) = self.work.get_mut(index) {
                work.sent.insert(row);
            }
            return Ok(None);
        };
        let mutable = item.kind.is_mutable();
        let body = item.body.as_ref();
        let told = item.identity.digest;
        let digest = match body.filter(|_| !mutable) {
            // A size that a server only claims is no part of what others recognise.
            Some(body) if told.is_none_or(|told| told.size != body.len()) => {
                Some(Digest::of_body(body)?)
            }
            Some(_) => told,
            None => None,
        };
        let base = match body.filter(|_| mutable) {
            Some(body) => Some(body.read(super::observe::PIM_LIMIT)?),
            None => None,
        };
        let name = item
            .identity
            .uid
            .as_ref()
            .or(item.identity.message_id.as_ref())
            .cloned();
        let here = LinkSide {
            id: Some(item.id.clone()),
            revision: Some(item.revision.clone()),
            flags: item.flags.clone(),
            digest: told.or(digest),
            name: name.clone(),
            object_id: item.identity.object_id.clone(),
            base: base.clone(),
            provisional: false,
            released: false,
            first_seen: origin.first_seen,
        };
        let there = LinkSide {
            id: Some(id),
            revision: stored.revision,
            flags: stored.flags.unwrap_or_else(|| item.flags.clone()),
            digest,
            name,
            object_id: None,
            base,
            provisional: mutable && self.capabilities[to].rewrites,
            released: false,
            first_seen: Some(self.engine.now()),
        };
        let sides = match to {
            Side::Right => Both::new(here, there),
            Side::Left => Both::new(there, here),
        };
        Ok(Some(Link {
            id: 0,
            pair,
            kind: item.kind,
            sides,
            retired: false,
        }))
    }
}

/// A new item whose content is known already.
fn known_item(row: &Observed) -> Item {
    Item {
        id: row.item.clone(),
        kind: row.kind,
        revision: row.revision.clone().unwrap_or_else(|| "".into()),
        flags: row.flags.clone(),
        date: row.date,
        size: row.size,
        identity: row.identity.clone(),
        body: row.body.clone().map(Body::from),
    }
}

/// Fetches items and hands them on in batches that are bounded in number and bytes.
async fn read(
    source: &mut dyn Source,
    collection: &CollectionId,
    ids: &[ItemId],
    limit: usize,
    sender: &mpsc::Sender<Batch>,
) -> Result<()> {
    let mut batch = Batch::default();
    let mut items = source.fetch(collection, ids, Depth::Full);
    while let Some(item) = items.next().await {
        match item {
            Ok(item) => batch.push(item),
            Err(error) if error.item().is_some() && !error.is_fatal() => {
                batch.unreadable.push(error);
            }
            Err(error) => {
                // What was read before the connection broke is written still.
                let _ = sender.send(batch).await;
                return Err(error);
            }
        }
        if batch.is_full(limit) && sender.send(std::mem::take(&mut batch)).await.is_err() {
            return Ok(());
        }
    }
    // A closed channel means that the writer stopped, and says why itself.
    let _ = sender.send(batch).await;
    Ok(())
}
