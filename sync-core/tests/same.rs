//! A server that says everything in its own words: what it made of a content is no edit of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::error::Result;
use sync_core::local::memory::{Call, Fault, FaultPlan, When};
use sync_core::local::{MemoryOptions, MemoryStore};
use sync_core::model::{Both, CollectionId, Flags, Identity, ItemKind, KindSet, NewItem, Side};
use sync_core::reconcile::{ConflictRule, Rules};
use sync_core::state::SqliteState;

/// More than the guard lets through.
const ITEMS: usize = 30;

struct World {
    sides: Both<MemoryStore>,
    home: Both<CollectionId>,
    state: SqliteState,
}

/// Puts every time into a zone of its own, and drops what it does not know.
fn rewritten(content: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(content);
    let kept = text.lines().filter(|line| !line.starts_with("X-"));
    let lines = kept.map(|line| match line {
        "DTSTART:20270105T100000Z" => "DTSTART;TZID=Europe/Paris:20270105T110000\r\n".to_owned(),
        line => format!("{line}\r\n"),
    });
    lines.collect::<String>().into_bytes()
}

fn event(n: usize) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:{n}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20270105T100000Z\r\nSUMMARY:Event {n}\r\n\
         X-KEEP:this\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

impl World {
    /// Events on the left.
    fn new() -> Self {
        let sides = Both::from_fn(|side| {
            let mut options = MemoryOptions {
                account: side.to_string(),
                kinds: KindSet::of(ItemKind::Event),
                ..MemoryOptions::default()
            };
            if side == Side::Right {
                options.rewrite = Some(Arc::new(|_, content| rewritten(content)));
            }
            MemoryStore::new(options)
        });
        let home =
            Both::from_fn(|side| sides[side].add_collection("Home", KindSet::of(ItemKind::Event)));
        for n in 0..ITEMS {
            let new = NewItem {
                kind: ItemKind::Event,
                flags: Flags::default(),
                date: None,
                identity: Identity {
                    uid: Some(n.to_string()),
                    ..Identity::default()
                },
                body: event(n).as_str().into(),
            };
            sides.left.add(&home.left, &new).unwrap();
        }
        let state = SqliteState::in_memory().unwrap();
        Self { sides, home, state }
    }

    /// One try, in which a conflict would wait for a person.
    async fn run(&mut self) -> Result<Report> {
        let (mut left, mut right) = (self.sides.left.source(), self.sides.right.source());
        let rules = Rules {
            conflict: ConflictRule::Ask,
            ..Rules::default()
        };
        let engine = Engine::new("test", rules).with_tries(0);
        let sides = Both::new(&mut left as _, &mut right as _);
        engine
            .run(sides, &mut self.state, Mode::Sync, &Silent)
            .await
    }

    /// The answer to the first write is lost.
    async fn lose_an_answer(&mut self) {
        let mut probe = Self::new();
        probe.run().await.unwrap();
        let log = probe.sides.right.log();
        let write = log.iter().find(|request| request.call == Call::Apply);
        let mut plan = FaultPlan::default();
        let lost = Fault::new(When::After);
        plan.at.insert(write.unwrap().number, lost);
        self.sides.right.set_faults(plan);
        assert!(self.run().await.is_err());
        assert_eq!(self.texts(Side::Right).len(), ITEMS);
    }

    /// A run that writes so much, and one after it that writes nothing.
    async fn settle(&mut self, writes: u64) {
        let report = self.run().await.unwrap();
        assert!(report.writes() == writes && report.is_settled(), "{report}");
        let report = self.run().await.unwrap();
        assert_eq!(report.writes(), 0, "{report}");
    }

    fn texts(&self, side: Side) -> Vec<String> {
        let held = self.sides[side].list(&self.home[side]);
        let text = |content: &[u8]| String::from_utf8_lossy(content).into_owned();
        let mut all: Vec<_> = held.iter().map(|held| text(&held.content)).collect();
        all.sort();
        all
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_edits_nothing() {
    let mut world = World::new();
    let before = world.texts(Side::Left);
    world.lose_an_answer().await;
    world.settle(0).await;
    assert_eq!(world.texts(Side::Left), before);
    assert_eq!(world.texts(Side::Right).len(), ITEMS);
}

#[tokio::test(start_paused = true)]
async fn an_edit_behind_a_lost_answer_is_one() {
    let mut world = World::new();
    world.lose_an_answer().await;
    let held = world.sides.right.list(&world.home.right);
    let text = String::from_utf8_lossy(&held[0].content).replace("SUMMARY:Event", "SUMMARY:Edited");
    let home = &world.home.right;
    let edited = world.sides.right.edit(home, &held[0].id, text.as_bytes());
    edited.unwrap();
    world.settle(1).await;
    let edited = world.texts(Side::Left);
    let edited: Vec<_> = edited
        .iter()
        .filter(|text| text.contains("SUMMARY:Edited"))
        .collect();
    assert!(
        edited.len() == 1 && edited[0].contains("X-KEEP:this"),
        "{edited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn lost_state_edits_nothing() {
    let mut world = World::new();
    let before = world.texts(Side::Left);
    world.run().await.unwrap();
    world.state = SqliteState::in_memory().unwrap();
    world.settle(0).await;
    assert_eq!(world.texts(Side::Left), before);
}
