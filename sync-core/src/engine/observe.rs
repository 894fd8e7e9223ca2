use std::collections::BTreeMap;

use super::Mode;
use super::event::Event;
use super::pass::{Run, both, open};
use crate::error::Result;
use crate::model::{Both, Cursor, Flags, Item, ItemId, ItemKind, KindSet, Side, SystemFlags};
use crate::reconcile::{Link, Observed, PairId, Presence};
use crate::source::{ChangePage, Coverage};
use crate::state::{Intent, IntentAction, PairRecord};

/// How many observations are stored together.
const BATCH: usize = 256;

/// How a listing of one side goes.
#[derive(Default)]
struct Listing {
    /// Items that a snapshot named so far.
    named: u64,
    changes: u64,
    started: bool,
    /// Nothing was known of this side before: nothing is looked up, nothing can be absent.
    fresh: bool,
    /// The cursor was void and a snapshot is taken instead.
    lost: bool,
    /// An empty snapshot was looked at twice.
    second_look: bool,
    /// Items of kinds that are in no pair.
    left_out: BTreeMap<ItemKind, u64>,
}

impl Run<'_> {
    /// Stores what both sides of a pair were seen to hold, and where the sources stand.
    pub(super) async fn observe(&mut self, index: usize) -> Result<()> {
        let Some(work) = self.work.get(index) else {
            return Ok(());
        };
        let (pair, path) = (work.id(), work.record.paths.left.clone());
        let (missing, cursors) = (work.missing, work.record.cursors.clone());
        self.observer.event(&Event::Listing { collection: &path });
        // Both first pages at once; where nothing changed they are the only ones.
        let firsts = {
            let (left, right) = both(&mut self.sources)?;
            let (l, r) = (
                &work.record.collections.left,
                &work.record.collections.right,
            );
            let first_left = async {
                match missing.left {
                    true => Ok(ChangePage::unchanged(Cursor::new(""))),
                    false => left.changes(l, cursors.left.as_ref()).await,
                }
            };
            let first_right = async {
                match missing.right {
                    true => Ok(ChangePage::unchanged(Cursor::new(""))),
                    false => right.changes(r, cursors.right.as_ref()).await,
                }
            };
            tokio::join!(first_left, first_right)
        };
        let firsts = Both::new(Some(firsts.0), Some(firsts.1));
        let Both { left, right } = firsts;
        for (side, first) in [(Side::Left, left), (Side::Right, right)] {
            if missing[side] {
                continue;
            }
            let changes = self
                .observe_side(index, pair, side, first, cursors[side].clone())
                .await
                .map_err(|e| match self.work.get(index) {
                    Some(w) => e.in_collection(&w.record.collections[side]).on_side(side),
                    None => e.on_side(side),
                })?;
            if changes > 0 {
                self.observer.event(&Event::Listed {
                    collection: &path,
                    side,
                    changes,
                });
            }
        }
        Ok(())
    }

    async fn observe_side(
        &mut self,
        index: usize,
        pair: PairId,
        side: Side,
        mut first: Option<Result<ChangePage>>,
        mut since: Option<Cursor>,
    ) -> Result<u64> {
        let Some(work) = self.work.get(index) else {
            return Ok(0);
        };
        let collection = work.record.collections[side].clone();
        let mut listing = Listing::default();
        loop {
            let page = match first.take() {
                Some(page) => page,
                None => {
                    open(&mut self.sources, side)?
                        .changes(&collection, since.as_ref())
                        .await
                }
            };
            let page = match page {
                Err(error) if error.is_cursor_lost() && since.is_some() => {
                    tracing::info!(%side, %collection, "cursor lost; listing everything");
                    listing = Listing {
                        lost: true,
                        ..Listing::default()
                    };
                    since = None;
                    continue;
                }
                page => page?,
            };
            let (more, cursor) = (page.more, page.cursor.clone());
            let empty = page.coverage == Coverage::Snapshot
                && !more
                && listing.named == 0
                && page.changed.is_empty()
                && page.present.is_empty()
                && page.unreadable.is_empty();
            if empty && !listing.second_look && self.state.count_held(pair, side)? > 0 {
                // Promise 5: an empty listing is looked at twice.
                listing = Listing {
                    second_look: true,
                    lost: listing.lost,
                    ..Listing::default()
                };
                since = None;
                continue;
            }
            self.state.begin()?;
            self.store_page(index, pair, side, page, &mut listing)?;
            self.state.commit()?;
            if !more {
                self.note_left_out(index, side, &listing.left_out);
                if let Some(work) = self.work.get_mut(index) {
                    work.record.cursors[side] = Some(cursor);
                }
                return Ok(listing.changes);
            }
            since = Some(cursor);
        }
    }

    fn store_page(
        &mut self,
        index: usize,
        pair: PairId,
        side: Side,
        page: ChangePage,
        listing: &mut Listing,
    ) -> Result<()> {
        let Some(work) = self.work.get(index) else {
            return Ok(());
        };
        let (kinds, left_out) = (work.record.kinds, work.left_out[side]);
        let snapshot = page.coverage == Coverage::Snapshot;
        if snapshot && !listing.started {
            listing.started = true;
            listing.fresh = !self.state.knows_any(pair, side)?;
            self.state.begin_listing()?;
        }
        let listed = snapshot && !listing.fresh;
        let (ours, others): (Vec<Item>, Vec<Item>) = page
            .changed
            .into_iter()
            .partition(|item| kinds.contains(item.kind));
        for item in &others {
            if listed {
                self.state.listed(&item.id)?;
            }
            // It is another pair's, or nobody's; where it was this one's, it is not gone.
            if left_out.is_some_and(|kinds| kinds.contains(item.kind)) {
                *listing.left_out.entry(item.kind).or_default() += 1;
            }
        }
        if snapshot {
            listing.named += ours.len() as u64;
        }
        if listing.fresh {
            listing.changes += ours.len() as u64;
            self.store_first(pair, side, &ours)?;
        } else {
            let known = self.state.known(pair, side, &ours, listed)?;
            for (item, known) in ours.iter().zip(known) {
                if known {
                    continue;
                }
                if listed {
                    self.state.listed(&item.id)?;
                }
                listing.changes += u64::from(self.store_item(pair, side, item)?);
            }
        }
        if snapshot {
            for id in &page.present {
                self.state.listed(id)?;
                listing.named += 1;
            }
        }
        for error in page.unreadable {
            let id = error.item().cloned();
            let text = error.on_side(side).to_string();
            if let Some(id) = id {
                self.state.listed(&id)?;
                listing.named += 1;
                self.store_unreadable(pair, side, id, kinds, &text)?;
            }
            if left_out.is_some() {
                self.problem(index, |report, why| report.refused.push(why), text);
            }
        }
        for id in &page.vanished {
            listing.changes += u64::from(self.store_absence(pair, side, id, Presence::Gone)?);
        }
        for id in &page.released {
            listing.changes += u64::from(self.store_absence(pair, side, id, Presence::Released)?);
        }
        if !page.more && listed {
            listing.changes += self.store_unlisted(pair, side, listing)?;
        }
        // Only the end of a snapshot is a place to go on from; a delta may stop after any page.
        if !page.more || !snapshot {
            self.state.set_cursor(pair, side, Some(&page.cursor))?;
        }
        Ok(())
    }

    /// Reports items of a side that the other side can hold nowhere.
    fn note_left_out(&mut self, index: usize, side: Side, seen: &BTreeMap<ItemKind, u64>) {
        let Some(work) = self.work.get_mut(index) else {
            return;
        };
        for (kind, count) in seen {
            let items = match count {
                1 => format!("a {kind}"),
                _ => format!("{count} {kind}s"),
            };
            let (what, other) = (format!("{items} of the {side} side"), side.other());
            let line = format!("{what}: nothing on the {other} side holds a {kind} of this name");
            if !work.report.left_out.contains(&line) {
                work.report.left_out.push(line);
            }
        }
    }

    /// Forgets what was seen of kinds that the pair does not keep in step any more.
    pub(super) fn forget_other_kinds(&mut self, record: &PairRecord, side: Side) -> Result<()> {
        let mut after = 0;
        loop {
            let rows = self.state.unlinked(record.id, side, after, 500)?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.row;
            let other = rows.iter().filter(|row| !record.kinds.contains(row.kind));
            let other: Vec<_> = other.map(|row| row.row).collect();
            self.state.unobserve_all(&other)?;
        }
    }

    /// Stores what a complete listing did not name.
    fn store_unlisted(&mut self, pair: PairId, side: Side, listing: &Listing) -> Result<u64> {
        let mut unlisted = self.state.unlisted(pair, side)?;
        if listing.lost {
            for (item, _) in unlisted.iter().filter(|(_, link)| link.is_none()) {
                if let Some(seen) = self.state.observed(pair, side, item)? {
                    self.link_if_sent(pair, seen)?;
                }
            }
            unlisted = self.state.unlisted(pair, side)?;
        }
        let mut lost = Vec::new();
        if listing.lost && listing.named > 0 {
            for id in unlisted.iter().filter_map(|(_, link)| *link) {
                lost.extend(self.state.link(id)?.filter(|link| !link.retired));
            }
        }
        let known = self.state.count_held(pair, side)?;
        let all_ids_are_new = !lost.is_empty() && lost.len() as u64 == known;
        if all_ids_are_new {
            // UIDVALIDITY changed: no id means anything any more. The links wait for their items
            // to be recognised; none of them counts as deleted.
            for mut link in lost {
                let id = link.id;
                {
                    self.state.load_bases(&mut link)?;
                    link.sides[side].id = None;
                    link.sides[side].revision = None;
                    self.state.put_link(&link)?;
                    let seen = self.state.observed_of_link(id)?;
                    if let Some(old) = &seen[side] {
                        self.state.unobserve(old.row)?;
                    }
                }
            }
        }
        let presence = match self.absence_says_nothing(side) {
            true => Presence::Released,
            false => Presence::Gone,
        };
        let mut changes = 0;
        for (item, link) in unlisted {
            if link.is_some() && all_ids_are_new {
                continue;
            }
            changes += u64::from(self.store_absence(pair, side, &item, presence)?);
        }
        Ok(changes)
    }

    /// What is seen of a listed item now.
    fn seen_now(&self, side: Side, item: &Item) -> Result<Observed> {
        let mut seen = Observed::of(side, item);
        seen.first_seen = Some(self.engine.now());
        if item.kind.is_mutable() {
            seen.body = item.body.as_ref().map(|b| b.read(PIM_LIMIT)).transpose()?;
        }
        Ok(seen)
    }

    /// Stores that there is something new of which nothing else is known: it may be what a lost link
    /// is about.
    fn store_unreadable(
        &mut self,
        pair: PairId,
        side: Side,
        item: ItemId,
        kinds: KindSet,
        why: &str,
    ) -> Result<()> {
        let known = self.state.link_of(pair, side, &item)?.is_some()
            || self.state.observed(pair, side, &item)?.is_some();
        let Some(kind) = kinds.iter().next().filter(|_| !known) else {
            return Ok(());
        };
        let seen = Observed {
            revision: None,
            refused: Some(why.to_owned()),
            ..self.seen_now(side, &Item::new(item, kind, ""))?
        };
        self.state.observe(pair, &seen)
    }

    /// Stores items of a side of which nothing was known.
    fn store_first(&mut self, pair: PairId, side: Side, items: &[Item]) -> Result<()> {
        for items in items.chunks(BATCH) {
            let seen = items.iter().map(|item| self.seen_now(side, item));
            let seen = seen.collect::<Result<Vec<_>>>()?;
            self.state.observe_all(pair, &seen)?;
        }
        Ok(())
    }

    /// Stores a listed item that is not [known](crate::state::Observations::known) as it is; says
    /// whether it is news.
    fn store_item(&mut self, pair: PairId, side: Side, item: &Item) -> Result<bool> {
        let before = self.state.observed(pair, side, &item.id)?;
        let mut seen = self.seen_now(side, item)?;
        if let Some(mut link) = self.state.link_of(pair, side, &item.id)? {
            let known = &link.sides[side];
            let same_revision = known.revision.as_ref() == Some(&item.revision);
            let same = same_revision
                || self.is_half_deleted(&link, side, &item.flags)?
                || (!item.kind.is_mutable() && known.flags == item.flags && !known.released);
            if same {
                // An echo of what the engine wrote, or a change of nothing that is synchronised.
                if let Some(before) = before {
                    self.state.unobserve(before.row)?;
                }
                if !same_revision || known.released {
                    self.state.load_bases(&mut link)?;
                    link.sides[side].revision = Some(item.revision.clone());
                    link.sides[side].released = false;
                    self.state.put_link(&link)?;
                }
                return Ok(false);
            }
            seen.link = Some(link.id);
        }
        if let Some(before) = before {
            if before.revision == seen.revision && before.presence == Presence::Here {
                // Seen before and not settled: what was learned of it stays.
                return Ok(false);
            }
            seen.base_flags = before.base_flags;
            seen.first_seen = before.first_seen.or(seen.first_seen);
            if !item.kind.is_mutable() {
                seen.identity.digest = seen.identity.digest.or(before.identity.digest);
            }
        }
        if let Some(link) = seen.link {
            self.state.forgive(link)?;
        }
        self.state.observe(pair, &seen)?;
        Ok(true)
    }

    /// Whether an item is marked `\Deleted` by a deletion of ours that was cut short: IMAP marks a
    /// message before it expunges it. That is no edit, which would win over the deletion.
    fn is_half_deleted(&mut self, link: &Link, side: Side, flags: &Flags) -> Result<bool> {
        let mut marked = link.sides[side].flags.clone();
        marked.system = marked.system.union(SystemFlags::DELETED);
        if *flags != marked || *flags == link.sides[side].flags {
            return Ok(false);
        }
        let ours = |intent: &Intent| {
            let deletes = [IntentAction::Delete, IntentAction::Release];
            deletes.contains(&intent.action) && intent.side == side
        };
        Ok(self.state.intents_of(link.id)?.iter().any(ours))
    }

    /// Links an item whose copy was on its way when a run ended; says whether it was and could be.
    fn link_if_sent(&mut self, pair: PairId, seen: Observed) -> Result<bool> {
        let of_row = |i: &Intent| i.row == Some(seen.row) && i.action == IntentAction::Create;
        match self.state.intents(pair)?.into_iter().find(of_row) {
            Some(intent) => self.link_sent(pair, &intent, seen),
            None => Ok(false),
        }
    }

    /// Stores that an item is not there; says whether it is news.
    fn store_absence(
        &mut self,
        pair: PairId,
        side: Side,
        item: &ItemId,
        presence: Presence,
    ) -> Result<bool> {
        let mut before = self.state.observed(pair, side, item)?;
        if let Some(seen) = before.clone().filter(|seen| seen.link.is_none()) {
            // A copy of it may be on the other side, not recognised yet: the link of both remembers
            // that the copy's original is gone.
            if self.link_if_sent(pair, seen)? {
                before = None;
            }
        }
        let Some(mut link) = self.state.link_of(pair, side, item)? else {
            if let Some(before) = before {
                self.state.unobserve(before.row)?;
            }
            return Ok(false);
        };
        if presence == Presence::Released || self.has_left(&link, side)? {
            if let Some(before) = before {
                self.state.unobserve(before.row)?;
            }
            self.release(&mut link, side)?;
            return Ok(false);
        }
        if before.as_ref().is_some_and(|b| b.presence == presence) {
            return Ok(false);
        }
        let known = &link.sides[side];
        let seen = Observed {
            row: 0,
            side,
            link: Some(link.id),
            item: item.clone(),
            kind: link.kind,
            presence,
            revision: None,
            flags: known.flags.clone(),
            date: None,
            size: known.digest.map(|d| d.size),
            identity: crate::model::Identity::default(),
            body: None,
            base_flags: None,
            refused: None,
            first_seen: known.first_seen,
        };
        if let Some(link) = seen.link {
            self.state.forgive(link)?;
        }
        self.state.observe(pair, &seen)?;
        Ok(true)
    }
}

/// The largest event, task, note or contact that is synchronised, in bytes.
pub(super) const PIM_LIMIT: u64 = 16 << 20;

impl Run<'_> {
    /// Whether writes are carried out at all.
    pub(super) fn writes(&self) -> bool {
        self.mode == Mode::Sync
    }
}
