//! Cases about cursors and differences.

use std::time::Duration;

use super::world::{Known, World};
use super::{CaseResult, Harness, Verdict, ensure, same};
use crate::model::{Cursor, ItemId};
use crate::source::{Coverage, Op, Operation};

/// Long enough for any server to notice; reached only by those that do not.
const WATCH: Duration = Duration::from_secs(120);

impl World<'_> {
    /// The third party adds two items, changes one and deletes one.
    async fn stir(&mut self, round: usize) -> Result<(), super::Failure> {
        let (update, delete) = (self.update_operation(), Operation::Delete);
        let before = self.them.know(&self.c).await?;
        let mut old = before.items.into_iter();
        if let (Some((id, guard)), false) = (old.next(), self.refuses(update)) {
            let op = self.update(&id, &guard, round);
            self.them.done(&self.c, op).await?;
        }
        if let (Some((id, guard)), false) = (old.next(), self.refuses(delete)) {
            self.them.done(&self.c, Op::Delete { id, guard }).await?;
        }
        for n in 0..2_usize {
            let number = round
                .saturating_mul(100)
                .saturating_add(1000)
                .saturating_add(n);
            self.them.create(&self.c, self.item(number)).await?;
        }
        Ok(())
    }

    /// What is known must be what is there.
    async fn check(&mut self, known: &Known) -> Result<(), super::Failure> {
        let truth = self.them.know(&self.c).await?;
        same!(known.items, truth.items, "what the listings told");
        Ok(())
    }
}

pub(super) async fn an_idle_collection_has_no_news(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "an idle collection has no news").await?;
    w.fill(4).await?;
    let mut known = w.us.know(&w.c).await?;
    for _ in 0..3 {
        let before = known.items.clone();
        w.us.catch_up(&w.c, &mut known).await?;
        same!(known.items, before, "what is known of an idle collection");
    }
    Ok(Verdict::Passed)
}

pub(super) async fn a_difference_is_told(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a difference is told").await?;
    w.fill(6).await?;
    let mut known = w.us.know(&w.c).await?;
    for round in 0..3 {
        w.stir(round).await?;
        w.us.catch_up(&w.c, &mut known).await?;
        w.check(&known).await?;
    }
    Ok(Verdict::Passed)
}

pub(super) async fn own_writes_are_no_news(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "own writes are no news").await?;
    let ids = w.fill(4).await?;
    let known = w.us.know(&w.c).await?;
    let mut expected = known.items.clone();
    let stored = w.us.done(&w.c, Op::Create(w.item(50))).await?;
    if let (Some(id), Some(revision)) = (stored.id, stored.revision) {
        expected.insert(id, revision);
    }
    let mut ids = ids.into_iter();
    if let (Some(id), false) = (ids.next(), w.refuses(w.update_operation())) {
        let guard = w.us.listed(&w.c, &id).await?.revision;
        let op = w.update(&id, &guard, 1);
        match w.us.done(&w.c, op).await?.revision {
            Some(revision) => expected.insert(id, revision),
            None => expected.remove(&id),
        };
    }
    if let (Some(id), false) = (ids.next(), w.refuses(Operation::Delete)) {
        let guard = w.us.listed(&w.c, &id).await?.revision;
        expected.remove(&id);
        w.us.done(&w.c, Op::Delete { id, guard }).await?;
    }
    let mut after = known;
    w.us.catch_up(&w.c, &mut after).await?;
    for (id, revision) in expected {
        same!(after.items.get(&id), Some(&revision), "revision of {id}");
    }
    w.check(&after).await?;
    Ok(Verdict::Passed)
}

pub(super) async fn an_old_cursor_tells_everything_since(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "an old cursor tells everything since").await?;
    w.fill(6).await?;
    let old = w.us.know(&w.c).await?;
    let mut recent = old.clone();
    for round in 0..3 {
        w.stir(round).await?;
        w.us.catch_up(&w.c, &mut recent).await?;
    }
    let mut late = old;
    w.us.catch_up(&w.c, &mut late).await?;
    w.check(&late).await?;
    Ok(Verdict::Passed)
}

pub(super) async fn a_cursor_serves_another_source(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a cursor serves another source").await?;
    w.fill(4).await?;
    let mut known = w.us.know(&w.c).await?;
    w.stir(0).await?;
    // As after a restart.
    w.us = super::world::Party::new(w.harness.connect().await?);
    let listing = w.us.list(&w.c, known.cursor.as_ref()).await?;
    known.learn(&listing)?;
    w.check(&known).await?;
    Ok(Verdict::Passed)
}

pub(super) async fn every_item_is_on_one_page(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "every item is on one page").await?;
    let creates = (0..25).map(|n| Op::Create(w.item(n))).collect::<Vec<_>>();
    let size = w.capabilities().batch_items.clamp(1, 25);
    for batch in creates.chunks(size) {
        w.them.apply_all(&w.c, batch.to_vec()).await?;
    }
    let listing = w.us.list(&w.c, None).await?;
    same!(listing.changed.len(), 25, "listed items");
    ensure!(
        listing.pages > 1 || !w.profile.pages,
        "the listing has one page"
    );
    let mut known = Known::default();
    known.learn(&listing)?;
    for round in 0..3 {
        w.stir(round).await?;
    }
    w.us.catch_up(&w.c, &mut known).await?;
    w.check(&known).await?;
    Ok(Verdict::Passed)
}

pub(super) async fn an_edit_between_pages_is_not_lost(h: &mut dyn Harness) -> CaseResult {
    if !h.profile().pages {
        return Ok(Verdict::Skipped("listings have one page"));
    }
    let mut w = World::new(h, "an edit between pages is not lost").await?;
    w.fill(25).await?;
    let first = w.us.0.changes(&w.c, None).await?;
    ensure!(first.more, "the listing has one page");
    w.stir(0).await?;
    let mut known = Known::default();
    let told = first.changed.into_iter();
    known
        .items
        .extend(told.map(|item| (item.id, item.revision)));
    let rest = w.us.list(&w.c, Some(&first.cursor)).await?;
    for id in &rest.vanished {
        known.items.remove(id);
    }
    for (id, item) in &rest.changed {
        known.items.insert(id.clone(), item.revision.clone());
    }
    known.cursor = Some(rest.cursor);
    w.us.catch_up(&w.c, &mut known).await?;
    w.check(&known).await?;
    Ok(Verdict::Passed)
}

pub(super) async fn a_nonsense_cursor_is_lost(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a nonsense cursor is lost").await?;
    let ids = w.fill(2).await?;
    for text in ["", "nonsense", "1 2 3 4 5 6 7 8 9", "\u{0}\u{ffff}"] {
        match w.us.try_list(&w.c, Some(&Cursor::new(text))).await? {
            Ok(listing) => check_complete(&listing, &ids)?,
            Err(error) => ensure!(error.is_cursor_lost(), "{text:?} leads to {error:?}"),
        }
    }
    Ok(Verdict::Passed)
}

fn check_complete(listing: &super::world::Listing, ids: &[ItemId]) -> Result<(), super::Failure> {
    ensure!(
        listing.coverage == Coverage::Snapshot,
        "a cursor that is lost is answered by a difference"
    );
    let all = ids.iter().all(|id| listing.changed.contains_key(id));
    ensure!(
        all,
        "the listing that replaces a lost cursor is not complete"
    );
    Ok(())
}

pub(super) async fn a_lost_cursor_is_said(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a lost cursor is said").await?;
    w.fill(4).await?;
    let known = w.us.know(&w.c).await?;
    if !w.harness.lose_cursors(&w.c).await? {
        return Ok(Verdict::Skipped("cursors cannot be made void"));
    }
    let truth = w.them.know(&w.c).await?;
    let ids: Vec<ItemId> = truth.items.keys().cloned().collect();
    match w.us.try_list(&w.c, known.cursor.as_ref()).await? {
        Ok(listing) => check_complete(&listing, &ids)?,
        Err(error) => ensure!(error.is_cursor_lost(), "the listing fails: {error:?}"),
    }
    let mut after = w.us.know(&w.c).await?;
    same!(after.items, truth.items, "the complete listing");
    w.stir(0).await?;
    w.us.catch_up(&w.c, &mut after).await?;
    w.check(&after).await?;
    Ok(Verdict::Passed)
}

pub(super) async fn watch_tells_of_others(h: &mut dyn Harness) -> CaseResult {
    if !h.profile().watch {
        return Ok(Verdict::Skipped("others are not noticed"));
    }
    let mut w = World::new(h, "watch tells of others").await?;
    w.fill(1).await?;
    w.us.know(&w.c).await?;
    let all = [w.c.clone()];
    // What the listing told may come once more; then it is quiet.
    w.us.0.watch(&all, Duration::ZERO).await?;
    w.us.know(&w.c).await?;
    w.them.create(&w.c, w.item(7)).await?;
    let woken = w.us.0.watch(&all, WATCH).await?;
    same!(woken, all, "what watch returned");
    Ok(Verdict::Passed)
}
