//! Items that leave a side once the other side holds them: `leave_on_server`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::local::memory::{Fault, FaultPlan, Listing, When};
use sync_core::local::{MemoryOptions, MemoryStore};
use sync_core::model::{
    Both, CollectionId, Flags, Identity, ItemId, ItemKind, KindSet, NewItem, Side,
};
use sync_core::reconcile::{
    Deletes, Leave, Link, LinkSide, Now, Observed, Presence, Rules, SideFacts, Then, reconcile_link,
};
use sync_core::source::{Absence, Capabilities, Operation};
use sync_core::state::{History, SqliteState};
use sync_core::{Error, ErrorKind};

const DAY: i64 = 86_400;
const FORTNIGHT: Leave = Leave::For(Duration::from_secs(14 * 86_400));

/// A mailbox as of POP3 on the left, what is kept on the right.
struct World {
    left: MemoryStore,
    right: MemoryStore,
    inbox: CollectionId,
    state: SqliteState,
    rules: Rules,
    now: i64,
}

impl World {
    fn new(leave: Leave) -> Self {
        Self::with(leave, Listing::Snapshot, Absence::Nothing)
    }

    fn with(leave: Leave, listing: Listing, absence: Absence) -> Self {
        let store = |account: &str, listing, absence| {
            let options = MemoryOptions {
                account: account.to_owned(),
                listing,
                absence,
                ..MemoryOptions::default()
            };
            let store = MemoryStore::new(options);
            store.add_collection("INBOX", KindSet::MAIL);
            store
        };
        Self {
            left: store("left", listing, absence),
            right: store("right", Listing::Delta, Absence::Deleted),
            inbox: "INBOX".into(),
            state: SqliteState::in_memory().unwrap(),
            rules: Rules {
                deletes: match absence {
                    Absence::Nothing => Deletes::Keep,
                    Absence::Deleted => Deletes::Propagate,
                },
                leave: Both::new(leave, Leave::Always),
                ..Rules::default()
            },
            now: 20 * DAY,
        }
    }

    async fn try_run(&mut self, mode: Mode) -> sync_core::Result<Report> {
        let (mut left, mut right) = (self.left.source(), self.right.source());
        let now = self.now;
        Engine::new("test", self.rules.clone())
            .with_clock(Arc::new(move || now))
            .with_tries(0)
            .run(
                Both::new(&mut left, &mut right),
                &mut self.state,
                mode,
                &Silent,
            )
            .await
    }

    async fn sync(&mut self) -> Report {
        self.try_run(Mode::Sync).await.unwrap()
    }

    fn mail(&self, text: &str) -> ItemId {
        let new = NewItem {
            kind: ItemKind::Message,
            flags: Flags::default(),
            date: None,
            identity: Identity::default(),
            body: format!("Subject: {text}\r\n\r\n{text}\r\n").as_str().into(),
        };
        self.left.add(&self.inbox, &new).unwrap()
    }

    fn some_mail(&self, count: usize) {
        (0..count).for_each(|n| drop(self.mail(&format!("message {n}"))));
    }

    fn subjects(&self, store: &MemoryStore) -> Vec<String> {
        let subject = |content: &[u8]| {
            let text = String::from_utf8_lossy(content);
            text.lines().next().unwrap().to_owned()
        };
        let held = store.list(&self.inbox);
        held.iter().map(|held| subject(&held.content)).collect()
    }

    fn counts(&self) -> (usize, usize) {
        (
            self.subjects(&self.left).len(),
            self.subjects(&self.right).len(),
        )
    }

    async fn is_quiet(&mut self) {
        self.left.clear_log();
        self.right.clear_log();
        let report = self.sync().await;
        assert!(report.writes() == 0 && report.is_settled(), "{report}");
        let (left, right) = (self.left.totals(), self.right.totals());
        assert_eq!((left.writes(), right.writes()), (0, 0));
        assert_eq!((left.fetches(), right.fetches()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_copied_leaves_and_its_copy_stays() {
    for absence in [Absence::Nothing, Absence::Deleted] {
        for listing in [Listing::Snapshot, Listing::Delta, Listing::Presence] {
            let mut world = World::with(Leave::Never, listing, absence);
            // More than the guard lets anybody delete.
            world.some_mail(100);
            let report = world.sync().await;
            assert_eq!(report.written(Side::Left).released, 100, "{report}");
            assert_eq!(report.written(Side::Right).created, 100);
            assert_eq!(world.counts(), (0, 100));
            world.is_quiet().await;
            world.mail("later");
            world.sync().await;
            assert_eq!(world.counts(), (0, 101), "{listing:?} {absence:?}");
            world.is_quiet().await;
            assert_eq!(world.counts(), (0, 101));
            // What is in the history can be undone; this need not be.
            assert!(world.state.history("test", None, 10).unwrap().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_fortnight_is_counted_from_first_sight() {
    let mut world = World::new(FORTNIGHT);
    world.mail("early");
    // A plan sees it and notes nothing.
    world.try_run(Mode::Plan).await.unwrap();
    world.now += 3 * DAY;
    // Seen, and not copied: the time runs all the same.
    world.right.set_faults(FaultPlan {
        down_from: Some(world.right.requests() + 3),
        ..FaultPlan::default()
    });
    world.try_run(Mode::Sync).await.unwrap_err();
    world.right.set_faults(FaultPlan::default());
    assert_eq!(world.counts(), (1, 0));
    world.now += DAY;
    world.mail("late");
    world.sync().await;
    world.now += 13 * DAY - 1;
    world.is_quiet().await;
    assert_eq!(world.counts(), (2, 2));
    world.now += 1;
    world.sync().await;
    assert_eq!(world.subjects(&world.left), ["Subject: late"]);
    world.now += DAY;
    world.sync().await;
    assert_eq!(world.counts(), (0, 2));
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_what_leaves() {
    let mut world = World::new(Leave::Never);
    world.some_mail(3);
    for left_before in [3, 1] {
        let planned = world.try_run(Mode::Plan).await.unwrap();
        assert_eq!(world.counts().0, left_before, "a plan writes nothing");
        let done = world.sync().await;
        for side in Side::BOTH {
            assert_eq!(planned.written(side), done.written(side));
        }
        assert_eq!(done.written(Side::Left).released, left_before as u64);
        world.mail("one more");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_on_the_other_side_is_no_reason_to_leave() {
    let mut world = World::new(FORTNIGHT);
    world.some_mail(3);
    world.sync().await;
    let held = world.right.list(&world.inbox);
    world.right.delete(&world.inbox, &held[0].id).unwrap();
    let report = world.sync().await;
    assert_eq!(report.writes(), 0, "{report}");
    assert_eq!(world.counts(), (3, 2));
    world.is_quiet().await;
    // When its time is up it goes like the others; nobody else holds it, so the history does.
    world.now += 14 * DAY;
    let report = world.sync().await;
    assert_eq!(report.written(Side::Left).released, 3, "{report}");
    assert_eq!(world.counts(), (0, 2));
    let kept = world.state.history("test", report.run, 10).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].title.as_deref(), Some("message 0"));
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_deletion_on_the_other_side_propagates_where_the_rules_say_so() {
    let mut world = World::new(Leave::Always);
    world.rules.deletes = Deletes::Propagate;
    world.some_mail(3);
    world.sync().await;
    let held = world.right.list(&world.inbox);
    world.right.delete(&world.inbox, &held[0].id).unwrap();
    let report = world.sync().await;
    assert_eq!(report.written(Side::Left).deleted, 1, "{report}");
    // What somebody else takes from such a mailbox means nothing.
    let held = world.left.list(&world.inbox);
    world.left.delete(&world.inbox, &held[0].id).unwrap();
    world.is_quiet().await;
    assert_eq!(world.counts(), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn an_emptied_copy_lets_nothing_leave() {
    let mut world = World::new(FORTNIGHT);
    world.some_mail(100);
    world.sync().await;
    for held in world.right.list(&world.inbox) {
        world.right.delete(&world.inbox, &held.id).unwrap();
    }
    for _ in 0..2 {
        world.now += 14 * DAY;
        let report = world.sync().await;
        assert!(report.pairs[0].guard.is_some(), "{report}");
        assert_eq!(world.counts(), (100, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_left_does_not_stand_in_the_way_of_deletions() {
    let mut world = World::new(Leave::Never);
    world.rules.deletes = Deletes::Propagate;
    world.some_mail(100);
    world.sync().await;
    for held in world.right.list(&world.inbox) {
        world.right.delete(&world.inbox, &held.id).unwrap();
    }
    let report = world.sync().await;
    assert!(
        report.is_settled(),
        "nothing is deleted, so no guard speaks: {report}"
    );
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_loses_nothing_and_doubles_nothing() {
    for when in [
        When::Before,
        When::After,
        When::Within(1),
        When::UnknownDone(1),
        When::UnknownNotDone(1),
    ] {
        for listing in [Listing::Snapshot, Listing::Delta] {
            let mut world = World::with(FORTNIGHT, listing, Absence::Deleted);
            world.some_mail(3);
            world.sync().await;
            world.now += 14 * DAY;
            // Both listings, then the deletion.
            let deletion = world.left.requests() + 3;
            world.left.set_faults(FaultPlan {
                at: [(deletion, Fault::new(when))].into(),
                ..FaultPlan::default()
            });
            world.try_run(Mode::Sync).await.unwrap_err();
            world.left.set_faults(FaultPlan::default());
            assert_eq!(world.counts().1, 3);
            world.sync().await;
            assert_eq!(world.counts(), (0, 3), "{when:?} {listing:?}");
            world.is_quiet().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_loses_nothing_and_doubles_nothing() {
    for (listing, absence) in [
        (Listing::Snapshot, Absence::Nothing),
        (Listing::Delta, Absence::Deleted),
    ] {
        for after in [false, true] {
            let mut died = true;
            let mut nth = 0;
            while died {
                nth += 1;
                let mut world = World::with(Leave::Never, listing, absence);
                world.some_mail(5);
                let mut commits = 0;
                world.state.set_fault(Some(Box::new(move |late| {
                    commits += u32::from(late == after);
                    match late == after && commits == nth {
                        true => Err(Error::new(ErrorKind::State, "the process died")),
                        false => Ok(()),
                    }
                })));
                died = world.try_run(Mode::Sync).await.is_err();
                world.state.set_fault(None);
                let (left, right) = (world.subjects(&world.left), world.subjects(&world.right));
                let somewhere: BTreeSet<_> = left.iter().chain(&right).collect();
                assert_eq!(somewhere.len(), 5, "commit {nth}");
                world.sync().await;
                assert_eq!(world.counts(), (0, 5), "commit {nth}");
                world.is_quiet().await;
            }
            assert!(nth > 5, "only {nth} commits");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_engines_share_a_mailbox() {
    let mut first = World::new(Leave::Always);
    first.some_mail(10);
    let mut second = World::new(Leave::Always);
    second.left = first.left.clone();
    first.sync().await;
    second.sync().await;
    first.mail("new");
    second.sync().await;
    first.sync().await;
    assert_eq!((first.counts(), second.counts()), ((11, 11), (11, 11)));
    first.is_quiet().await;
    second.is_quiet().await;
}

fn facts(capabilities: &Capabilities) -> SideFacts<'_> {
    SideFacts {
        capabilities,
        refuses: &[],
        writable: true,
    }
}

/// A link, and a change of its right side.
fn flagged(released: bool) -> (Link, Observed) {
    let side = |id: &str| LinkSide {
        id: Some(id.into()),
        ..LinkSide::default()
    };
    let mut link = Link {
        id: 1,
        pair: 1,
        kind: ItemKind::Message,
        sides: Both::new(side("l"), side("r")),
        retired: false,
    };
    link.sides.left.released = released;
    let item = sync_core::model::Item::new("r", ItemKind::Message, "2");
    let seen = Observed {
        flags: Flags::parse("\\Seen"),
        presence: Presence::Here,
        ..Observed::of(Side::Right, &item)
    };
    (link, seen)
}

#[test]
fn flags_are_not_sent_where_there_are_none_or_nothing_is_left() {
    let full = Capabilities::new("full", "f", KindSet::MAIL);
    let mut bare = Capabilities::new("bare", "b", KindSet::MAIL);
    bare.refuses = vec![(KindSet::MAIL, Operation::SetFlags, "there are no flags")];
    for (left, released, steps) in [(&full, false, 1), (&bare, false, 0), (&full, true, 0)] {
        let (link, seen) = flagged(released);
        let now = Both::new(Now::Unchanged, Now::Changed(&seen));
        let facts = Both::new(facts(left), facts(&full));
        let decision = reconcile_link(&link, now, facts, &Rules::default());
        assert_eq!(decision.steps.len(), steps);
        assert_eq!(decision.then, Then::Settle);
    }
}
