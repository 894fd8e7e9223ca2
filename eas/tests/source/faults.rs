//! Answers that are lost and keys that are refused, with the engine: nothing is lost, nothing is there
//! twice.

use eas::testing::{Fault, Profile, Server};
use eas::wire::wbxml::pages::Calendar;
use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::local::{MemoryOptions, MemoryStore};
use sync_core::model::{Both, CollectionId, ItemKind, KindSet};
use sync_core::reconcile::{Rules, Selection};
use sync_core::state::SqliteState;
use sync_core::{Result, Source};

use super::conformance::source;
use super::writing::{card, new};

/// A folder of the server, and one of the same name in memory.
struct World {
    server: Server,
    name: &'static str,
    memory: MemoryStore,
    here: CollectionId,
    state: SqliteState,
}

fn event(title: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{title}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260704T090000Z\r\nDTEND:20260704T100000Z\r\n\
         SUMMARY:{title}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

impl World {
    fn new(version: &'static str, kind: ItemKind) -> Self {
        let name = match kind {
            ItemKind::Event => "Calendar",
            _ => "Contacts",
        };
        let kinds = KindSet::of(kind);
        let memory = MemoryStore::new(MemoryOptions {
            account: "memory".into(),
            kinds,
            ..MemoryOptions::default()
        });
        let here = memory.add_collection(name, kinds);
        let server = Profile::full().versions(&[version]);
        Self {
            server: Server::builder().profile(server).start().unwrap(),
            name,
            memory,
            here,
            state: SqliteState::in_memory().unwrap(),
        }
    }

    fn add(&self, title: &str) {
        let item = match self.name {
            "Calendar" => new(ItemKind::Event, &event(title)),
            _ => card(title),
        };
        self.memory.add(&self.here, &item).unwrap();
    }

    /// A run of a process of its own.
    async fn run(&mut self) -> Result<Report> {
        let mut eas = source(&self.server, "device1");
        let mut memory = self.memory.source();
        let rules = Rules {
            collections: Selection::new([self.name]),
            ..Rules::default()
        };
        let sides: Both<&mut dyn Source> = Both::new(&mut memory, &mut eas);
        let engine = Engine::new("test", rules).with_tries(0);
        engine
            .run(sides, &mut self.state, Mode::Sync, &Silent)
            .await
    }

    fn counts(&self) -> (usize, usize) {
        let there = self.server.store().items(self.name).len();
        (self.memory.list(&self.here).len(), there)
    }

    /// In step after two runs, with so many items on both sides, and then quiet.
    async fn settles(&mut self, count: usize, what: &str) {
        for _ in 0..2 {
            self.run().await.unwrap();
        }
        assert_eq!(self.counts(), (count, count), "{what}");
        let report = self.run().await.unwrap();
        assert!(
            report.writes() == 0 && report.is_settled(),
            "{what}: {report}"
        );
    }
}

fn faults() -> Vec<(&'static str, Vec<Fault>)> {
    let add = || Fault::on("Sync").holding("<Commands>");
    vec![
        ("cut before", vec![add().cut_before()]),
        ("cut after", vec![add().cut_after()]),
        ("cut after, and again", vec![add().cut_after().times(2)]),
        ("half an answer", vec![add().cut_answer(40)]),
        ("key refused", vec![add().refuse_keys()]),
        (
            "lost, then the key refused",
            vec![add().cut_after(), add().nth(2).refuse_keys()],
        ),
        ("busy", vec![add().status(16)]),
        ("server error", vec![add().status(5).times(2)]),
    ]
}

#[tokio::test]
async fn new_items_arrive_once_whatever_is_lost() {
    for version in ["14.1", "16.1"] {
        for kind in [ItemKind::Event, ItemKind::Contact] {
            for (what, ordered) in faults() {
                let mut world = World::new(version, kind);
                world.add("before");
                world.run().await.unwrap();
                for title in ["one", "two", "three"] {
                    world.add(title);
                }
                for fault in ordered {
                    world.server.order(fault);
                }
                // This run may fail; the next one is another process with the same state.
                let _ = world.run().await;
                world.server.clear_faults();
                world.settles(4, &format!("{version} {kind} {what}")).await;
            }
        }
    }
}

#[tokio::test]
async fn edits_and_deletions_arrive_whatever_is_lost() {
    for version in ["14.1", "16.1"] {
        for (what, ordered) in faults() {
            let mut world = World::new(version, ItemKind::Event);
            for title in ["one", "two", "three"] {
                world.add(title);
            }
            world.run().await.unwrap();
            let all = world.memory.list(&world.here);
            let text = String::from_utf8(all[0].content.to_vec()).unwrap();
            let edited = text.replace("SUMMARY:", "SUMMARY:edited ");
            let (here, id) = (world.here.clone(), all[0].id.clone());
            world.memory.edit(&here, &id, edited.as_bytes()).unwrap();
            world.memory.delete(&here, &all[1].id).unwrap();
            for fault in ordered {
                world.server.order(fault);
            }
            let _ = world.run().await;
            world.server.clear_faults();
            world.settles(2, &format!("{version} {what}")).await;
            let items = world.server.store().items("Calendar");
            let titles = items.iter().filter_map(|item| item.text(Calendar::Subject));
            let edited = titles.filter(|title| title.starts_with("edited"));
            assert_eq!(edited.count(), 1, "{version} {what}");
        }
    }
}
