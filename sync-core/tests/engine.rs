//! The engine between two sources in memory: one behaviour a test.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use sync_core::Source;
use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::local::memory::{Broken, Call, Fault, FaultPlan, Ids, When};
use sync_core::local::{MemoryOptions, MemoryStore};
use sync_core::model::{
    Both, Collection, CollectionId, Flags, Identity, ItemId, ItemKind, KindSet, NewItem, Side,
    Timestamp,
};
use sync_core::reconcile::{ConflictRule, MaxDeletes, Rules};
use sync_core::source::Operation;
use sync_core::state::{History, SqliteState};

struct World {
    sides: Both<MemoryStore>,
    inbox: Both<CollectionId>,
    state: SqliteState,
    rules: Rules,
}

impl World {
    fn new() -> Self {
        Self::with(|_, _| {}, KindSet::MAIL)
    }

    fn with(mut edit: impl FnMut(Side, &mut MemoryOptions), kinds: KindSet) -> Self {
        let sides = Both::from_fn(|side| {
            let mut options = MemoryOptions {
                account: side.to_string(),
                ..MemoryOptions::default()
            };
            options.kinds = kinds;
            edit(side, &mut options);
            MemoryStore::new(options)
        });
        let inbox = Both::from_fn(|side| sides[side].add_collection("INBOX", kinds));
        Self {
            sides,
            inbox,
            state: SqliteState::in_memory().unwrap(),
            rules: Rules::default(),
        }
    }

    async fn run(&mut self, mode: Mode) -> Report {
        let (mut l, mut r) = (self.sides.left.source(), self.sides.right.source());
        let engine = Engine::new("test", self.rules.clone());
        engine
            .run(Both::new(&mut l, &mut r), &mut self.state, mode, &Silent)
            .await
            .unwrap()
    }

    async fn sync(&mut self) -> Report {
        self.run(Mode::Sync).await
    }

    /// Runs again and expects neither a write nor a content fetched.
    async fn is_in_step(&mut self) {
        let writes = Both::from_fn(|s| {
            self.sides[s].clear_log();
            s
        });
        let report = self.sync().await;
        assert_eq!(report.writes(), 0, "{report}");
        for side in [writes.left, writes.right] {
            let totals = self.sides[side].totals();
            assert_eq!((totals.writes(), totals.fetches()), (0, 0), "{side}");
        }
        assert_eq!(self.contents(Side::Left), self.contents(Side::Right));
    }

    fn mail(&self, side: Side, text: &str, flags: &str) -> ItemId {
        let new = NewItem {
            kind: ItemKind::Message,
            flags: Flags::parse(flags),
            date: Some(Timestamp::utc(1_000)),
            identity: Identity::default(),
            body: format!("Subject: {text}\r\n\r\n{text}\r\n").as_str().into(),
        };
        self.sides[side].add(&self.inbox[side], &new).unwrap()
    }

    fn contents(&self, side: Side) -> Vec<(String, String)> {
        let mut all: Vec<_> = self.sides[side]
            .collections()
            .iter()
            .flat_map(|c| {
                let path = c.path.to_string();
                self.sides[side].list(&c.id).into_iter().map(move |held| {
                    let text = String::from_utf8_lossy(&held.content).into_owned();
                    (format!("{path} {}", held.flags), text)
                })
            })
            .collect();
        all.sort();
        all
    }

    fn count(&self, side: Side) -> usize {
        self.contents(side).len()
    }
}

#[tokio::test(start_paused = true)]
async fn new_items_go_both_ways_and_stay() {
    let mut world = World::new();
    world.mail(Side::Left, "one", "\\Seen");
    world.mail(Side::Left, "two", "$Work");
    world.mail(Side::Right, "three", "");
    let report = world.sync().await;
    assert_eq!(report.written(Side::Right).created, 2);
    assert_eq!(report.written(Side::Left).created, 1);
    assert_eq!(world.count(Side::Left), 3);
    world.is_in_step().await;
}

#[tokio::test(start_paused = true)]
async fn equal_messages_stay_as_many_as_they_are() {
    let mut world = World::new();
    for _ in 0..3 {
        world.mail(Side::Left, "same", "");
    }
    world.mail(Side::Right, "same", "");
    world.sync().await;
    assert_eq!((world.count(Side::Left), world.count(Side::Right)), (3, 3));
    world.is_in_step().await;
}

#[tokio::test(start_paused = true)]
async fn flags_merge_and_deletions_propagate() {
    let mut world = World::new();
    let a = world.mail(Side::Left, "a", "\\Flagged");
    let b = world.mail(Side::Left, "b", "");
    for i in 0..10 {
        world.mail(Side::Left, &format!("rest {i}"), "");
    }
    world.sync().await;
    let right = world.sides.right.list(&world.inbox.right);
    let there = right
        .iter()
        .find(|h| h.content.starts_with(b"Subject: a"))
        .unwrap();
    let inbox = world.inbox.clone();
    world
        .sides
        .left
        .set_flags(&inbox.left, &a, &Flags::parse("\\Seen"))
        .unwrap();
    world
        .sides
        .right
        .set_flags(&inbox.right, &there.id, &Flags::parse("\\Flagged $x"))
        .unwrap();
    world.sides.left.delete(&inbox.left, &b).unwrap();
    let report = world.sync().await;
    assert_eq!(report.written(Side::Right).deleted, 1);
    assert_eq!(world.count(Side::Right), 11);
    let of_a = |side| {
        let all = world.sides[side].list(&inbox[side]);
        all.iter()
            .find(|h| h.content.starts_with(b"Subject: a"))
            .unwrap()
            .flags
            .to_string()
    };
    assert_eq!(of_a(Side::Left), "\\Seen $x");
    assert_eq!(of_a(Side::Right), "\\Seen $x");
    world.is_in_step().await;
}

#[tokio::test(start_paused = true)]
async fn an_edit_beats_a_deletion() {
    let mut world = World::new();
    let a = world.mail(Side::Left, "a", "");
    world.mail(Side::Left, "b", "");
    world.sync().await;
    let inbox = world.inbox.clone();
    world.sides.left.delete(&inbox.left, &a).unwrap();
    let right = world.sides.right.list(&inbox.right);
    let there = right
        .iter()
        .find(|h| h.content.starts_with(b"Subject: a"))
        .unwrap();
    world
        .sides
        .right
        .set_flags(&inbox.right, &there.id, &Flags::parse("\\Flagged"))
        .unwrap();
    world.sync().await;
    assert_eq!((world.count(Side::Left), world.count(Side::Right)), (2, 2));
    world.is_in_step().await;
}

#[tokio::test(start_paused = true)]
async fn a_move_is_a_move() {
    let mut world = World::new();
    let archive = world.sides.left.add_collection("Archive", KindSet::MAIL);
    let a = world.mail(Side::Left, "a", "\\Seen");
    world.mail(Side::Left, "b", "");
    world.sync().await;
    let inbox = world.inbox.left.clone();
    world.sides.left.move_to(&inbox, &a, &archive).unwrap();
    let report = world.sync().await;
    assert_eq!(report.written(Side::Right).moved, 1, "{report}");
    assert_eq!(report.written(Side::Right).created, 0);
    assert_eq!(report.written(Side::Right).deleted, 0);
    world.is_in_step().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_collection_never_takes_is_not_tried() {
    let mut world = World::new();
    let drafts = Both::from_fn(|side| world.sides[side].add_collection("Drafts", KindSet::MAIL));
    let never = |collection: &mut Collection| {
        collection.refuses = vec![(Operation::Create, "not here")];
    };
    let right = &world.sides.right;
    right.edit_collection(&world.inbox.right, never).unwrap();
    let id = world.mail(Side::Left, "stays", "");
    world.mail(Side::Right, "comes", "");
    let held = world.sides.left.get(&world.inbox.left, &id).unwrap();
    let draft = NewItem {
        kind: held.kind,
        flags: held.flags,
        date: Some(held.date),
        identity: Identity::default(),
        body: held.content.into(),
    };
    world.sides.left.add(&drafts.left, &draft).unwrap();
    let report = world.sync().await;
    let refused: Vec<_> = report.pairs.iter().flat_map(|pair| &pair.refused).collect();
    assert!(
        refused.len() == 1 && refused[0].contains("not here"),
        "{report}"
    );
    assert_eq!(world.sides.right.list(&drafts.right).len(), 1, "{report}");
    assert_eq!(world.sides.right.list(&world.inbox.right).len(), 1);
    assert_eq!(world.sides.left.list(&world.inbox.left).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn lost_state_joins_again() {
    let mut world = World::new();
    for i in 0..5 {
        world.mail(Side::Left, &format!("m{i}"), "\\Seen");
    }
    world.mail(Side::Left, "m0", "");
    world.sync().await;
    world.state = SqliteState::in_memory().unwrap();
    let report = world.sync().await;
    assert_eq!(report.writes(), 0, "{report}");
    world.is_in_step().await;
}

#[tokio::test(start_paused = true)]
async fn lost_ids_are_no_deletion() {
    let mut world = World::new();
    for i in 0..30 {
        world.mail(Side::Left, &format!("m{i}"), "\\Seen");
    }
    world.sync().await;
    world
        .sides
        .right
        .lose_cursors(sync_core::local::memory::Ids::Renewed);
    let report = world.sync().await;
    assert_eq!(report.writes(), 0, "{report}");
    world.is_in_step().await;
}

#[tokio::test(start_paused = true)]
async fn the_guard_stops_a_mass_deletion_and_an_emptied_side() {
    let mut world = World::new();
    for i in 0..40 {
        world.mail(Side::Left, &format!("m{i}"), "");
    }
    world.sync().await;
    let inbox = world.inbox.left.clone();
    let all = world.sides.left.list(&inbox);
    for held in &all[..30] {
        world.sides.left.delete(&inbox, &held.id).unwrap();
    }
    let report = world.sync().await;
    assert!(report.pairs[0].guard.is_some());
    assert_eq!(world.count(Side::Right), 40);
    for held in &all[30..] {
        world.sides.left.delete(&inbox, &held.id).unwrap();
    }
    assert!(world.sync().await.pairs[0].guard.is_some());
    assert_eq!(world.count(Side::Right), 40);
    world.rules.max_deletes = MaxDeletes::Percent(100);
    let report = world.sync().await;
    assert_eq!(report.written(Side::Right).deleted, 40, "{report}");
    assert_eq!(world.count(Side::Right), 0);
}

#[tokio::test(start_paused = true)]
async fn a_plan_writes_nothing_and_is_what_happens() {
    let mut world = World::new();
    world.mail(Side::Left, "a", "");
    world.sides.left.add_collection("New", KindSet::MAIL);
    world.run(Mode::Plan).await;
    assert_eq!(world.count(Side::Right), 0);
    assert_eq!(world.sides.right.collections().len(), 1);
    let planned = world.run(Mode::Plan).await;
    let done = world.sync().await;
    assert_eq!(planned.written(Side::Right), done.written(Side::Right));
    assert_eq!(world.sides.right.collections().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_comes_back_by_undo() {
    let mut world = World::new();
    let a = world.mail(Side::Left, "a", "\\Flagged");
    world.mail(Side::Left, "b", "");
    world.sync().await;
    let inbox = world.inbox.left.clone();
    world.sides.left.delete(&inbox, &a).unwrap();
    let run = world.sync().await.run;
    let entries = world.state.history("test", run, 10).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].title.as_deref(), Some("a"));
    let (mut l, mut r) = (world.sides.left.source(), world.sides.right.source());
    let engine = Engine::new("test", world.rules.clone());
    let ids: Vec<i64> = entries.iter().map(|e| e.id).collect();
    let undone = engine
        .undo(Both::new(&mut l, &mut r), &mut world.state, &ids)
        .await
        .unwrap();
    assert!(undone[0].failed.is_none());
    world.sync().await;
    assert_eq!((world.count(Side::Left), world.count(Side::Right)), (2, 2));
    world.is_in_step().await;
}

fn card(uid: &str, lines: &[&str]) -> NewItem {
    let mut text = format!("BEGIN:VCARD\r\nUID:{uid}\r\n");
    lines.iter().for_each(|line| text += &format!("{line}\r\n"));
    text += "END:VCARD\r\n";
    NewItem {
        kind: ItemKind::Contact,
        flags: Flags::default(),
        date: None,
        identity: Identity {
            uid: Some(uid.into()),
            ..Identity::default()
        },
        body: text.as_str().into(),
    }
}

#[tokio::test(start_paused = true)]
async fn edits_of_different_properties_merge_and_of_the_same_follow_the_rule() {
    for rule in [
        ConflictRule::Left,
        ConflictRule::Ask,
        ConflictRule::Duplicate,
    ] {
        let mut world = World::with(|_, _| {}, KindSet::CONTACTS);
        world.rules.conflict = rule;
        let inbox = world.inbox.clone();
        let left = world
            .sides
            .left
            .add(&inbox.left, &card("1", &["FN:a", "NOTE:n"]))
            .unwrap();
        world.sync().await;
        let right = world.sides.right.list(&inbox.right)[0].id.clone();
        let edit = |side: Side, id: &ItemId, lines: &[&str]| {
            let body = card("1", lines).body.read(1 << 20).unwrap();
            world.sides[side].edit(&inbox[side], id, &body).unwrap();
        };
        edit(Side::Left, &left, &["FN:b", "NOTE:n"]);
        edit(Side::Right, &right, &["FN:a", "NOTE:m"]);
        world.sync().await;
        let text = &world.contents(Side::Right)[0].1;
        assert!(text.contains("FN:b") && text.contains("NOTE:m"), "{text}");
        world.is_in_step().await;

        let edit = |side: Side, id: &ItemId, lines: &[&str]| {
            let body = card("1", lines).body.read(1 << 20).unwrap();
            world.sides[side].edit(&inbox[side], id, &body).unwrap();
        };
        edit(Side::Left, &left, &["FN:left"]);
        edit(Side::Right, &right, &["FN:right"]);
        let report = world.sync().await;
        match rule {
            ConflictRule::Ask => {
                assert_eq!(report.pairs[0].waiting, 1);
                assert!(world.contents(Side::Right)[0].1.contains("FN:right"));
            }
            ConflictRule::Duplicate => {
                assert_eq!(world.count(Side::Left), 2);
                world.is_in_step().await;
            }
            _ => {
                assert!(world.contents(Side::Right)[0].1.contains("FN:left"));
                world.is_in_step().await;
            }
        }
    }
}

#[test]
fn a_state_in_use_can_be_looked_at_and_not_be_used_twice() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.db");
    let mut state = SqliteState::open(&path).unwrap();
    state.begin_run("test", 1).unwrap();
    assert!(SqliteState::open(&path).is_err());
    let mut reader = SqliteState::open_read_only(&path).unwrap();
    assert_eq!(reader.runs("test", 10).unwrap().len(), 1);
    assert!(reader.begin_run("test", 2).is_err());
}

#[test]
fn what_is_no_state_of_ours_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.db");
    drop(SqliteState::open(&path).unwrap());
    let good = std::fs::read(&path).unwrap();
    let mut newer = good.clone();
    newer[63] = 99; // user_version, big endian at offset 60
    let mut foreign = good.clone();
    foreign[68..72].copy_from_slice(b"abcd"); // application_id
    let mut damaged = good.clone();
    damaged[100..600].fill(0xAA);
    for bytes in [newer, foreign, damaged, b"no database at all".to_vec()] {
        std::fs::write(&path, &bytes).unwrap();
        let error = SqliteState::open(&path).unwrap_err();
        assert_eq!(error.kind(), sync_core::ErrorKind::State);
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_was_cut_short_behind_its_mark_goes_on() {
    // Where in the second sync the deletion is asked for, and then a world where it is cut there.
    let mut at = None;
    for _ in 0..2 {
        let mut world = World::new();
        let message = world.mail(Side::Left, "one", "\\Seen");
        world.mail(Side::Left, "two", "");
        world.sync().await;
        let gone = world.sides.right.list(&world.inbox.right);
        let gone = gone.iter().find(|h| h.content.ends_with(b"one\r\n"));
        let gone = gone.unwrap().id.clone();
        world.sides.right.delete(&world.inbox.right, &gone).unwrap();
        world.sides.left.clear_log();
        let Some(down_from) = at else {
            world.sync().await;
            let log = world.sides.left.log();
            at = log.iter().find(|r| r.call == Call::Apply).map(|r| r.number);
            continue;
        };
        world.sides.left.set_faults(FaultPlan {
            down_from: Some(down_from),
            ..FaultPlan::default()
        });
        let (mut l, mut r) = (world.sides.left.source(), world.sides.right.source());
        let engine = Engine::new("test", world.rules.clone()).with_tries(0);
        let sides = Both::new(&mut l as &mut dyn Source, &mut r as &mut dyn Source);
        let cut = engine.run(sides, &mut world.state, Mode::Sync, &Silent);
        assert!(cut.await.is_err());
        world.sides.left.set_faults(FaultPlan::default());
        let marked = Flags::parse("\\Seen \\Deleted");
        world
            .sides
            .left
            .set_flags(&world.inbox.left, &message, &marked)
            .unwrap();
        world.sync().await;
        assert_eq!((world.count(Side::Left), world.count(Side::Right)), (1, 1));
        world.is_in_step().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_does_not_lack_what_it_cannot_hold() {
    let mut world = World::with(
        |side, options| {
            if side == Side::Right {
                options.kinds = KindSet::CALENDAR;
            }
        },
        KindSet::CALENDAR,
    );
    let all = KindSet::CALENDAR.with(ItemKind::Contact);
    world
        .sides
        .left
        .add_collection("Friends", KindSet::CONTACTS);
    world.sides.left.add_collection("Home", all);
    world.sync().await;
    let right = world.sides.right.collections();
    let mut held: Vec<_> = right
        .iter()
        .map(|c| (c.path.to_string(), c.kinds))
        .collect();
    held.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [
        ("Home".to_owned(), KindSet::CALENDAR),
        ("INBOX".to_owned(), KindSet::CALENDAR),
    ];
    assert_eq!(held, expected);
}

#[tokio::test(start_paused = true)]
async fn what_may_be_a_copy_and_cannot_be_read_is_not_copied_again() {
    let silent = |side: Side, options: &mut MemoryOptions| options.returns_ids = side == Side::Left;
    let mut world = World::with(silent, KindSet::MAIL);
    world.mail(Side::Left, "one", "");
    let right = world.sides.right.clone();
    // Collections, a listing, the copy: then nothing is heard of the right side any more.
    let mut plan = FaultPlan::default();
    let silence = (4..20).map(|n| (n, Fault::new(When::Before)));
    plan.at.extend(silence);
    right.set_faults(plan);
    let (mut l, mut r) = (world.sides.left.source(), right.source());
    let engine = Engine::new("test", Rules::default()).with_tries(0);
    let sides = Both::new(&mut l as _, &mut r as _);
    let run = engine.run(sides, &mut world.state, Mode::Sync, &Silent);
    assert!(run.await.is_err());
    right.set_faults(FaultPlan::default());

    let inbox = world.inbox.right.clone();
    let copy = right.list(&inbox)[0].id.clone();
    right
        .set_broken(&inbox, &copy, Some(Broken::Listing))
        .unwrap();
    for _ in 0..2 {
        world.sync().await;
        assert_eq!((world.count(Side::Left), world.count(Side::Right)), (1, 1));
    }
    right.set_broken(&inbox, &copy, None).unwrap();
    world.sync().await;
    assert_eq!((world.count(Side::Left), world.count(Side::Right)), (1, 1));
    world.is_in_step().await;
}

#[tokio::test(start_paused = true)]
async fn a_move_whose_answer_is_lost_is_looked_at_again() {
    for when in [When::UnknownDone(0), When::UnknownNotDone(0)] {
        let mut world = World::new();
        let archive = world.sides.left.add_collection("Archive", KindSet::MAIL);
        let mail = world.mail(Side::Left, "one", "\\Seen");
        world.sync().await;
        let right = world.sides.right.clone();
        right.lose_cursors(Ids::Renewed);
        world
            .sides
            .left
            .move_to(&world.inbox.left, &mail, &archive)
            .unwrap();
        let mut plan = FaultPlan::default();
        let next = right.requests() + 1;
        plan.at
            .extend((next..next + 20).map(|n| (n, Fault::new(when))));
        right.set_faults(plan);
        let (mut l, mut r) = (world.sides.left.source(), right.source());
        let engine = Engine::new("test", Rules::default()).with_tries(0);
        let sides = Both::new(&mut l as _, &mut r as _);
        let run = engine.run(sides, &mut world.state, Mode::Sync, &Silent);
        assert!(run.await.is_err());
        right.set_faults(FaultPlan::default());
        world.sync().await;
        assert_eq!((world.count(Side::Left), world.count(Side::Right)), (1, 1));
        world.is_in_step().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_can_be_moved_whose_keyword_the_server_cannot_hold() {
    let poor = |side: Side, options: &mut MemoryOptions| {
        options.returns_revisions = false;
        if side == Side::Right {
            options.flags_filter = Some(Arc::new(|flags: &Flags| Flags::of(flags.system)));
        }
    };
    let mut world = World::with(poor, KindSet::MAIL);
    let archive = world.sides.left.add_collection("Archive", KindSet::MAIL);
    let (left, inbox) = (world.sides.left.clone(), world.inbox.left.clone());
    let mail = world.mail(Side::Left, "one", "\\Seen");
    world.sync().await;
    let flags = Flags::parse("\\Seen $Work");
    left.set_flags(&inbox, &mail, &flags).unwrap();
    world.sync().await;
    left.move_to(&inbox, &mail, &archive).unwrap();
    assert_eq!(world.sync().await.written(Side::Right).moved, 1);
}
