//! Cases about writes and their guards.

use std::collections::BTreeSet;

use super::samples;
use super::world::{World, is_gone, is_stale};
use super::{CaseResult, Failure, Harness, Verdict, ensure, same};
use crate::model::{Body, Flags, Item, ItemId, ItemKind, Revision, Timestamp};
use crate::source::{Op, Operation, Outcome};

const REFUSED: &str = "the source says that it never does that";
const NO_MAIL: &str = "only messages have flags";

impl World<'_> {
    /// An item that the third party wrote, as it is listed.
    async fn one(&mut self, n: usize) -> Result<Item, Failure> {
        let new = self.item(n);
        let id = self.them.create(&self.c, new).await?;
        self.us.listed(&self.c, &id).await
    }

    /// The third party changes an item.
    async fn disturb(&mut self, item: &Item, n: usize) -> Result<(), Failure> {
        let op = self.update(&item.id, &item.revision, n);
        self.them.done(&self.c, op).await?;
        Ok(())
    }

    /// Every guarded write that this source may be asked for.
    fn writes(&self, item: &Item, n: usize) -> Vec<Op> {
        let mut ops = Vec::new();
        if !self.refuses(self.update_operation()) {
            ops.push(self.update(&item.id, &item.revision, n));
        }
        if !self.refuses(Operation::Delete) {
            let (id, guard) = (item.id.clone(), item.revision.clone());
            ops.push(Op::Delete { id, guard });
        }
        ops
    }
}

pub(super) async fn a_created_item_is_there(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a created item is there").await?;
    for n in 0..3 {
        let new = w.item(n);
        let before = w.us.know(&w.c).await?.items;
        let stored = w.us.done(&w.c, Op::Create(new.clone())).await?;
        let after = w.them.know(&w.c).await?.items;
        let mut fresh = after.iter().filter(|(id, _)| !before.contains_key(id));
        let Some((id, revision)) = fresh.next() else {
            ensure!(false, "the created item is not listed");
            continue;
        };
        same!(after.len(), before.len().saturating_add(1), "items");
        ensure!(
            stored.id.as_ref().is_none_or(|told| told == id),
            "{stored:?} is listed as {id}"
        );
        ensure!(
            stored.revision.as_ref().is_none_or(|told| told == revision),
            "{stored:?} is listed in revision {revision}"
        );
        let item = w.them.get(&w.c, id).await?;
        same!(item.kind, new.kind, "kind");
        w.same_content(&new, &item)?;
    }
    Ok(Verdict::Passed)
}

pub(super) async fn an_empty_batch_does_nothing(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "an empty batch does nothing").await?;
    w.fill(1).await?;
    let before = w.us.know(&w.c).await?;
    w.us.apply_all(&w.c, Vec::new()).await?;
    same!(w.us.know(&w.c).await?.items, before.items, "items");
    Ok(Verdict::Passed)
}

pub(super) async fn a_batch_is_answered_in_order(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a batch is answered in order").await?;
    let (update, delete) = (w.update_operation(), Operation::Delete);
    if w.refuses(update) || w.refuses(delete) || w.capabilities().batch_items < 6 {
        return Ok(Verdict::Skipped(REFUSED));
    }
    let (a, b, c) = (w.one(0).await?, w.one(1).await?, w.one(2).await?);
    w.disturb(&a, 1).await?;
    let remove = |item: &Item| Op::Delete {
        id: item.id.clone(),
        guard: item.revision.clone(),
    };
    w.them.done(&w.c, remove(&b)).await?;
    let batch = vec![
        Op::Create(w.item(10)),
        w.update(&a.id, &a.revision, 2),
        remove(&b),
        Op::Create(w.item(11)),
        remove(&c),
        w.update(&c.id, &c.revision, 3),
    ];
    let outcomes = w.us.apply_all(&w.c, batch).await?;
    let words: Vec<&str> = outcomes.iter().map(word).collect();
    let expected = ["done", "stale", "gone", "done", "done", "gone"];
    same!(words, expected, "outcomes");
    let items = w.them.know(&w.c).await?.items;
    let told = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Done(stored) => stored.id.clone(),
        _ => None,
    });
    for id in told {
        ensure!(items.contains_key(&id), "{id} was told and is not there");
    }
    same!(items.len(), 3, "items after the batch");
    Ok(Verdict::Passed)
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done(_) => "done",
        Outcome::Stale => "stale",
        Outcome::Gone => "gone",
        Outcome::Refused(_) => "refused",
        Outcome::Unknown(_) => "unknown",
    }
}

pub(super) async fn a_large_batch_is_carried_out(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a large batch is carried out").await?;
    let size = w.capabilities().batch_items.clamp(1, 100);
    let creates = (0..size).map(|n| Op::Create(w.item(n))).collect();
    let outcomes = w.us.apply_all(&w.c, creates).await?;
    let mut told = BTreeSet::new();
    for (n, outcome) in outcomes.iter().enumerate() {
        let Outcome::Done(stored) = outcome else {
            ensure!(false, "creation {n} ended as {outcome:?}");
            continue;
        };
        if let Some(id) = &stored.id {
            ensure!(told.insert(id.clone()), "{id} was given twice");
            let item = w.them.get(&w.c, id).await?;
            w.same_content(&w.item(n), &item)?;
        }
    }
    same!(w.them.know(&w.c).await?.items.len(), size, "items");
    Ok(Verdict::Passed)
}

pub(super) async fn a_wrong_guard_writes_nothing(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a wrong guard writes nothing").await?;
    if w.refuses(w.update_operation()) {
        return Ok(Verdict::Skipped(REFUSED));
    }
    let mut item = w.one(0).await?;
    w.disturb(&item, 1).await?;
    let now = w.them.get(&w.c, &item.id).await?;
    ensure!(now.revision != item.revision, "the revision did not change");
    for guard in [item.revision.clone(), Revision::new("never given")] {
        item.revision = guard;
        for op in w.writes(&item, 2) {
            let asked = format!("{op:?}");
            let outcome = w.us.apply(&w.c, op).await?;
            ensure!(is_stale(&outcome), "{asked} ended as {outcome:?}");
        }
    }
    let after = w.them.get(&w.c, &item.id).await?;
    same!(
        after.revision,
        now.revision,
        "revision after refused writes"
    );
    same!(after.flags, now.flags, "flags after refused writes");
    let bytes = |item: &Item| item.body.as_ref().map(|body| body.read(u64::MAX));
    let (after, now) = (bytes(&after).transpose()?, bytes(&now).transpose()?);
    same!(after, now, "content after refused writes");
    Ok(Verdict::Passed)
}

pub(super) async fn what_is_gone_is_said_to_be(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "what is gone is said to be").await?;
    if w.refuses(Operation::Delete) {
        return Ok(Verdict::Skipped(REFUSED));
    }
    let item = w.one(0).await?;
    let (id, guard) = (item.id.clone(), item.revision.clone());
    w.them.done(&w.c, Op::Delete { id, guard }).await?;
    for op in w.writes(&item, 1) {
        let asked = format!("{op:?}");
        let outcome = w.us.apply(&w.c, op).await?;
        ensure!(is_gone(&outcome), "{asked} ended as {outcome:?}");
    }
    same!(w.them.know(&w.c).await?.items.len(), 0, "items");
    Ok(Verdict::Passed)
}

pub(super) async fn an_update_changes_its_revision_alone(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "an update changes its revision alone").await?;
    if w.refuses(w.update_operation()) {
        return Ok(Verdict::Skipped(REFUSED));
    }
    w.fill(4).await?;
    let before = w.us.know(&w.c).await?.items;
    let Some((id, guard)) = before.iter().nth(1) else {
        return Ok(Verdict::Skipped("there is no item"));
    };
    let op = w.update(id, guard, 1);
    let stored = w.us.done(&w.c, op).await?;
    let after = w.them.know(&w.c).await?.items;
    same!(after.len(), before.len(), "items");
    for (other, revision) in &after {
        if other == id {
            ensure!(revision != guard, "the revision of {id} did not change");
            let told = stored.revision.as_ref();
            ensure!(
                told.is_none_or(|told| told == revision),
                "{stored:?} is listed in revision {revision}"
            );
        } else {
            same!(Some(revision), before.get(other), "revision of {other}");
        }
    }
    Ok(Verdict::Passed)
}

pub(super) async fn a_replaced_content_is_read_back(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a replaced content is read back").await?;
    let item = w.one(0).await?;
    let (id, guard) = (item.id.clone(), item.revision.clone());
    if w.kind() == ItemKind::Message {
        let body = Body::from("Subject: another\r\n\r\n");
        let outcome = w.us.apply(&w.c, Op::Replace { id, guard, body }).await?;
        ensure!(
            matches!(outcome, Outcome::Refused(_)),
            "replacing a message ended as {outcome:?}"
        );
        let same = w.them.get(&w.c, &item.id).await?;
        w.same_content(&w.item(0), &same)?;
        return Ok(Verdict::Passed);
    }
    if w.refuses(Operation::Replace) {
        return Ok(Verdict::Skipped(REFUSED));
    }
    let uid = w.item(0).identity.uid.unwrap_or_default();
    let new = samples::with_uid(w.kind(), &uid, "Another title");
    let body = new.body.clone();
    w.us.done(&w.c, Op::Replace { id, guard, body }).await?;
    let read = w.them.get(&w.c, &item.id).await?;
    w.same_content(&new, &read)?;
    same!(w.them.know(&w.c).await?.items.len(), 1, "items");
    Ok(Verdict::Passed)
}

/// Sets and clears flags and reads them back, through creation and change.
async fn pass_flags(w: &mut World<'_>, sets: &[&str]) -> Result<(), Failure> {
    let mut new = w.item(0);
    for text in sets {
        new.flags = Flags::parse(text);
        let id = w.us.create(&w.c, new.clone()).await?;
        let read = w.them.listed(&w.c, &id).await?;
        same!(read.flags, new.flags, "flags of a new message");
    }
    let mut item = w.one(1).await?;
    for text in sets.iter().chain(sets.iter().rev()) {
        let asked = Flags::parse(text);
        let op = Op::SetFlags {
            id: item.id.clone(),
            guard: item.revision.clone(),
            add: asked.difference(&item.flags),
            remove: item.flags.difference(&asked),
        };
        let stored = w.us.done(&w.c, op).await?;
        ensure!(
            stored.flags.as_ref().is_none_or(|held| *held == asked),
            "{asked:?} became {stored:?}"
        );
        item = w.them.listed(&w.c, &item.id).await?;
        same!(item.flags, asked, "flags");
        ensure!(
            stored.revision.is_none_or(|told| told == item.revision),
            "another revision was told than {}",
            item.revision
        );
    }
    Ok(())
}

pub(super) async fn flags_are_kept(h: &mut dyn Harness) -> CaseResult {
    if h.profile().kind != ItemKind::Message {
        return Ok(Verdict::Skipped(NO_MAIL));
    }
    let mut w = World::new(h, "flags are kept").await?;
    if w.refuses(Operation::SetFlags) {
        return Ok(Verdict::Skipped(REFUSED));
    }
    let sets = [
        "\\Seen",
        "",
        "\\Seen \\Flagged",
        "\\Answered",
        "\\Draft",
        "\\Deleted",
        "\\Answered \\Deleted \\Draft \\Flagged \\Seen",
    ];
    pass_flags(&mut w, &sets).await?;
    Ok(Verdict::Passed)
}

pub(super) async fn keywords_are_kept(h: &mut dyn Harness) -> CaseResult {
    let profile = h.profile();
    if profile.kind != ItemKind::Message || !profile.keywords {
        return Ok(Verdict::Skipped("it holds no keywords"));
    }
    let mut w = World::new(h, "keywords are kept").await?;
    let sets = [
        "$Forwarded",
        "\\Seen $Junk Work",
        "work",
        "",
        "$label1 NonJunk a-b_c.d:e",
    ];
    pass_flags(&mut w, &sets).await?;
    Ok(Verdict::Passed)
}

pub(super) async fn flags_named_by_neither_stay(h: &mut dyn Harness) -> CaseResult {
    if h.profile().kind != ItemKind::Message {
        return Ok(Verdict::Skipped(NO_MAIL));
    }
    let mut w = World::new(h, "flags named by neither stay").await?;
    if w.refuses(Operation::SetFlags) {
        return Ok(Verdict::Skipped(REFUSED));
    }
    let mut new = w.item(0);
    new.flags = Flags::parse("\\Seen \\Flagged");
    let id = w.them.create(&w.c, new).await?;
    let guard = w.us.listed(&w.c, &id).await?.revision;
    let op = Op::SetFlags {
        id: id.clone(),
        guard,
        add: Flags::parse("\\Answered"),
        remove: Flags::parse("\\Flagged \\Draft"),
    };
    w.us.done(&w.c, op).await?;
    let flags = w.them.listed(&w.c, &id).await?.flags;
    same!(flags, Flags::parse("\\Seen \\Answered"), "flags");
    Ok(Verdict::Passed)
}

pub(super) async fn flags_that_are_set_can_be_set(h: &mut dyn Harness) -> CaseResult {
    if h.profile().kind != ItemKind::Message {
        return Ok(Verdict::Skipped(NO_MAIL));
    }
    let mut w = World::new(h, "flags that are set can be set").await?;
    if w.refuses(Operation::SetFlags) {
        return Ok(Verdict::Skipped(REFUSED));
    }
    let mut new = w.item(0);
    new.flags = Flags::parse("\\Seen");
    let id = w.them.create(&w.c, new).await?;
    let before = w.us.listed(&w.c, &id).await?;
    for (add, remove) in [("\\Seen", ""), ("", "\\Draft"), ("", "")] {
        let op = Op::SetFlags {
            id: id.clone(),
            guard: before.revision.clone(),
            add: Flags::parse(add),
            remove: Flags::parse(remove),
        };
        w.us.done(&w.c, op).await?;
        let after = w.them.listed(&w.c, &id).await?;
        same!(after.flags, before.flags, "flags");
        same!(after.revision, before.revision, "revision");
    }
    Ok(Verdict::Passed)
}

pub(super) async fn dates_are_kept(h: &mut dyn Harness) -> CaseResult {
    let profile = h.profile();
    if profile.kind != ItemKind::Message || !profile.dates {
        return Ok(Verdict::Skipped("it keeps no dates"));
    }
    let mut w = World::new(h, "dates are kept").await?;
    for seconds in [0, 86_399, 1_000_000_000, 1_709_164_800, 4_000_000_000] {
        let mut new = w.item(0);
        new.date = Some(Timestamp {
            seconds,
            offset_minutes: 330,
        });
        let id = w.us.create(&w.c, new).await?;
        let date = w.them.get(&w.c, &id).await?.date;
        same!(date.map(|d| d.seconds), Some(seconds), "date");
    }
    Ok(Verdict::Passed)
}

pub(super) async fn a_delete_removes_one(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a delete removes one").await?;
    if w.refuses(Operation::Delete) {
        return Ok(Verdict::Skipped(REFUSED));
    }
    w.fill(3).await?;
    // Marked only; it must survive the deletion of another.
    let mut marked = w.item(9);
    marked.flags = Flags::parse("\\Deleted");
    if w.kind() == ItemKind::Message {
        w.them.create(&w.c, marked).await?;
    }
    let mut expected = w.us.know(&w.c).await?.items;
    if let Some((id, guard)) = expected.pop_first() {
        w.us.done(&w.c, Op::Delete { id, guard }).await?;
    }
    same!(w.them.know(&w.c).await?.items, expected, "items left");
    Ok(Verdict::Passed)
}

pub(super) async fn another_kind_is_refused(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "another kind is refused").await?;
    let all = w.us.0.collections().await?;
    let kinds = all.iter().find(|one| one.id == w.c).map(|one| one.kinds);
    let other = ItemKind::ALL
        .into_iter()
        .find(|kind| !kinds.is_some_and(|kinds| kinds.contains(*kind)));
    let Some(other) = other else {
        return Ok(Verdict::Skipped("the collection holds every kind"));
    };
    let op = Op::Create(samples::item(other, 1));
    let outcome = w.us.apply(&w.c, op).await?;
    ensure!(
        matches!(outcome, Outcome::Refused(_)),
        "creating a {other} ended as {outcome:?}"
    );
    same!(w.us.know(&w.c).await?.items.len(), 0, "items");
    Ok(Verdict::Passed)
}

pub(super) async fn a_third_party_is_not_overwritten(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a third party is not overwritten").await?;
    if w.refuses(w.update_operation()) || w.refuses(Operation::Delete) {
        return Ok(Verdict::Skipped(REFUSED));
    }
    w.fill(3).await?;
    // Our listing, after which they are faster.
    let seen = w.us.know(&w.c).await?;
    let ids: Vec<(ItemId, Revision)> = seen.items.clone().into_iter().collect();
    let [(a, a_guard), (b, b_guard), (c, c_guard)] = ids.as_slice() else {
        return Ok(Verdict::Skipped("there are not three items"));
    };
    let op = w.update(a, a_guard, 1);
    w.them.done(&w.c, op).await?;
    let (id, guard) = (b.clone(), b_guard.clone());
    w.them.done(&w.c, Op::Delete { id, guard }).await?;
    w.them.create(&w.c, w.item(20)).await?;
    let theirs = w.them.know(&w.c).await?;
    let outcome = w.us.apply(&w.c, w.update(a, a_guard, 2)).await?;
    ensure!(is_stale(&outcome), "our update ended as {outcome:?}");
    let outcome = w.us.apply(&w.c, w.update(b, b_guard, 2)).await?;
    ensure!(is_gone(&outcome), "our update ended as {outcome:?}");
    same!(w.them.know(&w.c).await?.items, theirs.items, "their work");
    // What they did not touch is as we saw it.
    let op = w.update(c, c_guard, 2);
    w.us.done(&w.c, op).await?;
    w.us.create(&w.c, w.item(21)).await?;
    let mut known = seen;
    w.us.catch_up(&w.c, &mut known).await?;
    same!(known.items, w.them.know(&w.c).await?.items, "items");
    same!(known.items.len(), 4, "items");
    Ok(Verdict::Passed)
}

pub(super) async fn a_move_keeps_everything(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a move keeps everything").await?;
    if !w.capabilities().moves {
        return Ok(Verdict::Skipped("items are not moved"));
    }
    let to = w.another().await?;
    let mut new = w.item(1);
    if w.kind() == ItemKind::Message {
        new.flags = Flags::parse("\\Seen \\Flagged");
        if w.profile.keywords {
            new.flags.insert("Work");
        }
        new.date = Some(Timestamp::utc(1_000_000_000));
    }
    let id = w.them.create(&w.c, new.clone()).await?;
    let stays = w.them.create(&w.c, w.item(2)).await?;
    w.them.create(&to, w.item(3)).await?;
    let before = w.us.know(&to).await?;
    let mut here = w.us.know(&w.c).await?;
    let guard = w.us.listed(&w.c, &id).await?.revision;
    let op = Op::Move {
        id: id.clone(),
        guard,
        to: to.clone(),
    };
    let stored = w.us.done(&w.c, op).await?;
    w.us.catch_up(&w.c, &mut here).await?;
    let left: Vec<_> = here.items.into_keys().collect();
    same!(left, [stays], "items that stay");
    let after = w.them.know(&to).await?.items;
    let mut fresh = after.keys().filter(|id| !before.items.contains_key(id));
    let Some(moved) = fresh.next() else {
        ensure!(false, "the item is in neither collection");
        return Ok(Verdict::Passed);
    };
    same!(after.len(), 2, "items there");
    ensure!(
        stored.id.as_ref().is_none_or(|told| told == moved),
        "{stored:?} is listed as {moved}"
    );
    let item = w.them.get(&to, moved).await?;
    w.same_content(&new, &item)?;
    same!(item.flags, new.flags, "flags");
    if w.profile.dates && new.date.is_some() {
        same!(item.date.map(|d| d.seconds), Some(1_000_000_000), "date");
    }
    Ok(Verdict::Passed)
}

pub(super) async fn a_move_is_guarded(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a move is guarded").await?;
    if !w.capabilities().moves || w.refuses(w.update_operation()) {
        return Ok(Verdict::Skipped("items are not moved"));
    }
    let to = w.another().await?;
    let item = w.one(1).await?;
    w.disturb(&item, 1).await?;
    let op = |guard: &Revision| Op::Move {
        id: item.id.clone(),
        guard: guard.clone(),
        to: to.clone(),
    };
    let outcome = w.us.apply(&w.c, op(&item.revision)).await?;
    ensure!(is_stale(&outcome), "a stale move ended as {outcome:?}");
    same!(w.them.know(&w.c).await?.items.len(), 1, "items here");
    same!(w.them.know(&to).await?.items.len(), 0, "items there");
    let guard = w.them.listed(&w.c, &item.id).await?.revision;
    w.them.done(&w.c, op(&guard)).await?;
    let outcome = w.us.apply(&w.c, op(&guard)).await?;
    ensure!(is_gone(&outcome), "a second move ended as {outcome:?}");
    same!(w.them.know(&to).await?.items.len(), 1, "items there");
    Ok(Verdict::Passed)
}

pub(super) async fn a_move_to_nowhere_loses_nothing(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a move to nowhere loses nothing").await?;
    if !w.capabilities().moves {
        return Ok(Verdict::Skipped("items are not moved"));
    }
    let item = w.one(1).await?;
    let op = Op::Move {
        id: item.id.clone(),
        guard: item.revision.clone(),
        to: "no such collection".into(),
    };
    if let Ok(outcome) = w.us.apply(&w.c, op).await {
        ensure!(
            matches!(outcome, Outcome::Refused(_)),
            "a move to nowhere ended as {outcome:?}"
        );
    }
    w.us.get(&w.c, &item.id).await?;
    Ok(Verdict::Passed)
}
