//! Items whose UIDs one side makes up, and collections that hold several kinds: one behaviour a test.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use sync_core::Source;
use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::local::memory::{Call, Fault, FaultPlan, Ids, When};
use sync_core::local::{MemoryOptions, MemoryStore};
use sync_core::model::{
    Both, CollectionId, CollectionPath, Identity, ItemKind, KindSet, NewItem, Side,
};
use sync_core::reconcile::Rules;
use sync_core::state::SqliteState;

const EVENTS: KindSet = KindSet::of(ItemKind::Event);
const TASKS: KindSet = KindSet::of(ItemKind::Task);

struct World {
    sides: Both<MemoryStore>,
    state: SqliteState,
}

impl World {
    /// Left keeps what it is given; right makes UIDs up, drops `X-` and says NOTE in its own way.
    fn of_contacts() -> Self {
        let right = MemoryOptions {
            account: "right".into(),
            makes_uids: KindSet::CONTACTS,
            held: vec![(KindSet::CONTACTS, &["N", "FN", "EMAIL", "NOTE"])],
            rewrite: Some(Arc::new(|_, content| {
                let text = String::from_utf8_lossy(content).replace("tea", "TEA");
                let lines = text.lines().filter(|line| !line.starts_with("X-"));
                lines
                    .map(|line| format!("{line}\r\n"))
                    .collect::<String>()
                    .into_bytes()
            })),
            ..MemoryOptions::default()
        };
        let world = Self::with(MemoryOptions::default(), right);
        for side in Side::BOTH {
            world.sides[side].add_collection("People", KindSet::CONTACTS);
            world.sides[side].add_collection("Old", KindSet::CONTACTS);
        }
        world
    }

    fn with(left: MemoryOptions, right: MemoryOptions) -> Self {
        Self {
            sides: Both::new(MemoryStore::new(left), MemoryStore::new(right)),
            state: SqliteState::in_memory().unwrap(),
        }
    }

    async fn sync(&mut self) -> Report {
        let (mut l, mut r) = (self.sides.left.source(), self.sides.right.source());
        let engine = Engine::new("test", Rules::default());
        let sides: Both<&mut dyn Source> = Both::new(&mut l, &mut r);
        engine
            .run(sides, &mut self.state, Mode::Sync, &Silent)
            .await
            .unwrap()
    }

    async fn is_quiet(&mut self) {
        let report = self.sync().await;
        assert_eq!(report.writes(), 0, "{report}");
        assert!(report.is_settled(), "{report}");
    }

    fn put(&self, side: Side, c: &str, kind: ItemKind, text: &str) {
        let new = NewItem {
            kind,
            flags: sync_core::model::Flags::default(),
            date: None,
            identity: Identity::default(),
            body: text.into(),
        };
        self.sides[side].add(&c.into(), &new).unwrap();
    }

    fn card(&self, side: Side, lines: &str) {
        let text = format!(
            "BEGIN:VCARD\r\n{}\r\nEND:VCARD\r\n",
            lines.replace('|', "\r\n")
        );
        self.put(side, "People", ItemKind::Contact, &text);
    }

    fn part(&self, side: Side, c: &str, kind: ItemKind, uid: &str) {
        let name = match kind {
            ItemKind::Event => "VEVENT",
            ItemKind::Task => "VTODO",
            _ => "VJOURNAL",
        };
        let text = format!(
            "BEGIN:VCALENDAR\r\nBEGIN:{name}\r\nUID:{uid}\r\nSUMMARY:{uid}\r\nEND:{name}\r\n\
             END:VCALENDAR\r\n"
        );
        self.put(side, c, kind, &text);
    }

    /// What a collection holds, each content in one line.
    fn held(&self, side: Side, c: &str) -> Vec<String> {
        let items = self.sides[side].list(&CollectionId::new(c));
        let mut all: Vec<_> = items
            .iter()
            .map(|held| {
                let text = String::from_utf8_lossy(&held.content);
                let lines: Vec<_> = text.lines().collect();
                lines[1..lines.len() - 1].join("|")
            })
            .collect();
        all.sort();
        all
    }

    fn uids(&self, side: Side, c: &str) -> Vec<String> {
        let held = self.held(side, c);
        let uid = |text: &String| {
            text.split('|')
                .find_map(|l| l.strip_prefix("UID:").map(Into::into))
        };
        held.iter().filter_map(uid).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn after_lost_state_contacts_are_recognised_by_their_content() {
    let mut world = World::of_contacts();
    world.card(Side::Left, "UID:1|FN:Al|NOTE:coffee|X-PET:cat");
    world.card(Side::Left, "UID:2|FN:Al|NOTE:milk");
    world.card(Side::Left, "UID:3|FN:Bo|NOTE:tea|X-PET:dog");
    world.card(Side::Right, "FN:Cy");
    world.sync().await;
    let before = Both::from_fn(|side| world.held(side, "People"));
    assert_eq!((before.left.len(), before.right.len()), (4, 4));
    world.state = SqliteState::in_memory().unwrap();
    let report = world.sync().await;
    for side in Side::BOTH {
        let written = report.written(side);
        assert_eq!((written.created, written.deleted), (0, 0), "{report}");
    }
    assert_eq!(world.held(Side::Right, "People"), before.right);
    let left = world.held(Side::Left, "People");
    assert!(
        left.iter()
            .any(|c| c.contains("UID:1|FN:Al") && c.contains("X-PET:cat")),
        "{left:?}"
    );
    assert!(
        left.iter()
            .any(|c| c.contains("UID:3|FN:Bo") && c.contains("X-PET:dog")),
        "{left:?}"
    );
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_made_up_uid_never_replaces_one_that_is_kept() {
    let mut world = World::of_contacts();
    for n in 0..5 {
        world.card(Side::Left, &format!("UID:{n}|FN:P{n}|NOTE:tea|X-PET:cat"));
    }
    let from = world.sides.right.requests();
    // Both collections are listed, then all are created and the answer is lost.
    let mut plan = FaultPlan::default();
    for n in 1..8 {
        plan.at.insert(from + n, Fault::new(When::UnknownDone(2)));
    }
    world.sides.right.set_faults(plan);
    world.sync().await;
    world.sides.right.set_faults(FaultPlan::default());
    world.sync().await;
    assert_eq!(world.uids(Side::Left, "People"), ["0", "1", "2", "3", "4"]);
    assert_eq!(world.held(Side::Right, "People").len(), 5);
    world.is_quiet().await;
    world.sides.right.lose_cursors(Ids::Renewed);
    world.sync().await;
    assert_eq!(world.uids(Side::Left, "People"), ["0", "1", "2", "3", "4"]);
    assert_eq!(world.held(Side::Right, "People").len(), 5);
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_contact_whose_uid_is_made_up_moves() {
    let mut world = World::of_contacts();
    world.card(Side::Left, "UID:1|FN:Al|X-PET:cat");
    world.card(Side::Left, "UID:2|FN:Bo");
    world.sync().await;
    let (people, old) = ("People".into(), "Old".into());
    let items = world.sides.right.list(&people);
    let al = items
        .iter()
        .find(|held| held.content.windows(2).any(|w| w == b"Al"))
        .unwrap();
    world.sides.right.move_to(&people, &al.id, &old).unwrap();
    let report = world.sync().await;
    assert_eq!(report.written(Side::Left).moved, 1, "{report}");
    assert_eq!(world.held(Side::Left, "Old"), ["UID:1|FN:Al|X-PET:cat"]);
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_side_cannot_hold_is_not_written_to_it() {
    let mut world = World::of_contacts();
    world.card(Side::Left, "UID:1|FN:Al|X-PET:cat");
    world.sync().await;
    let people = "People".into();
    let id = world.sides.left.list(&people)[0].id.clone();
    let edited = b"BEGIN:VCARD\r\nUID:1\r\nFN:Al\r\nX-PET:dog\r\nEND:VCARD\r\n";
    world.sides.left.edit(&people, &id, edited).unwrap();
    world.is_quiet().await;
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_server_made_of_a_first_upload_passes_the_guard() {
    for upload in Side::BOTH {
        let server = |side: Side| MemoryOptions {
            account: side.to_string(),
            rewrite: (side != upload).then(|| {
                let shout = |_: ItemKind, content: &[u8]| {
                    let text = String::from_utf8_lossy(content);
                    text.replace("SUMMARY:", "SUMMARY:~").into_bytes()
                };
                Arc::new(shout) as sync_core::local::memory::Rewrite
            }),
            ..MemoryOptions::default()
        };
        let mut world = World::with(server(Side::Left), server(Side::Right));
        for side in Side::BOTH {
            world.sides[side].add_collection("Home", EVENTS);
        }
        for n in 0..50 {
            world.part(upload, "Home", ItemKind::Event, &format!("e{n:02}"));
        }
        // The answer to the upload is lost, again and again: the run gives up.
        let to = upload.other();
        world.sides[to].set_hook(Some(Arc::new(|store, request| {
            if request.call == Call::Apply {
                let mut plan = FaultPlan::default();
                plan.at.insert(request.number + 1, Fault::new(When::Before));
                store.set_faults(plan);
            }
        })));
        let from = world.sides[to].requests();
        let mut plan = FaultPlan::default();
        plan.at.insert(from + 3, Fault::new(When::After));
        world.sides[to].set_faults(plan);
        world.sync().await;
        world.sides[to].set_hook(None);
        world.sides[to].set_faults(FaultPlan::default());
        let report = world.sync().await;
        assert!(report.is_settled(), "{report}");
        world.is_quiet().await;
        assert_eq!(world.held(to, "Home").len(), 50);
        assert_eq!(
            world.held(Side::Left, "Home"),
            world.held(Side::Right, "Home")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_meets_for_the_first_time_passes_the_guard() {
    let mut world = World::with(
        MemoryOptions::default(),
        MemoryOptions {
            account: "right".into(),
            ..MemoryOptions::default()
        },
    );
    for side in Side::BOTH {
        world.sides[side].add_collection("Home", EVENTS);
        for n in 0..50 {
            let more = format!("SUMMARY:{n}\r\nLOCATION:{side}");
            let text = format!(
                "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{n}\r\n{more}\r\nEND:VEVENT\r\n\
                 END:VCALENDAR\r\n"
            );
            world.put(side, "Home", ItemKind::Event, &text);
        }
    }
    let report = world.sync().await;
    assert!(report.is_settled(), "{report}");
    world.is_quiet().await;
    assert_eq!(
        world.held(Side::Left, "Home"),
        world.held(Side::Right, "Home")
    );
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_what_was_just_sent_is_no_conflict() {
    let mut world = World::with(
        MemoryOptions::default(),
        MemoryOptions {
            account: "right".into(),
            returns_ids: false,
            ..MemoryOptions::default()
        },
    );
    for side in Side::BOTH {
        world.sides[side].add_collection("People", KindSet::CONTACTS);
    }
    world.card(Side::Left, "UID:1|FN:Al|TITLE:z");
    let left = world.sides.left.clone();
    world.sides.right.set_hook(Some(Arc::new(move |_, request| {
        if request.call == Call::Apply && request.step == Some(0) {
            let people = CollectionId::new("People");
            let id = left.list(&people)[0].id.clone();
            let edited = b"BEGIN:VCARD\r\nUID:1\r\nFN:Al\r\nTITLE:a\r\nEND:VCARD\r\n";
            let _ = left.edit(&people, &id, edited);
        }
    })));
    world.sync().await;
    world.sides.right.set_hook(None);
    world.sync().await;
    for side in Side::BOTH {
        assert_eq!(world.held(side, "People"), ["UID:1|FN:Al|TITLE:a"]);
    }
    world.is_quiet().await;
}

/// Left has one calendar, right a folder of events and, if `tasks`, one of tasks of its name.
fn mixed(tasks: bool) -> World {
    let world = World::with(
        MemoryOptions::default(),
        MemoryOptions {
            account: "right".into(),
            ..MemoryOptions::default()
        },
    );
    world.sides.left.add_collection("Home", KindSet::CALENDAR);
    world.sides.right.add_collection("Home", EVENTS);
    if tasks {
        add_tasks(&world);
    }
    world
}

fn add_tasks(world: &World) {
    let tasks = world.sides.right.add_collection("Tasks", TASKS);
    let rename = |c: &mut sync_core::model::Collection| c.path = CollectionPath::parse("Home");
    world.sides.right.edit_collection(&tasks, rename).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_mixed_calendar_is_kept_in_step_with_a_folder_a_kind() {
    let mut world = mixed(true);
    world.part(Side::Left, "Home", ItemKind::Event, "e1");
    world.part(Side::Left, "Home", ItemKind::Task, "t1");
    world.part(Side::Left, "Home", ItemKind::Note, "n1");
    world.part(Side::Right, "Home", ItemKind::Event, "e2");
    world.part(Side::Right, "Tasks", ItemKind::Task, "t2");
    let report = world.sync().await;
    assert!(report.is_settled(), "{report}");
    let left_out: Vec<_> = report
        .pairs
        .iter()
        .flat_map(|pair| &pair.left_out)
        .collect();
    assert_eq!(left_out.len(), 1, "{report}");
    assert!(left_out[0].contains("a note of the left side"), "{report}");
    assert_eq!(world.held(Side::Left, "Home").len(), 5);
    assert_eq!(world.held(Side::Right, "Home").len(), 2);
    assert_eq!(world.held(Side::Right, "Tasks").len(), 2);
    world.is_quiet().await;
    // A deletion stays within its kind.
    let tasks = "Tasks".into();
    let id = world.sides.right.list(&tasks)[0].id.clone();
    world.sides.right.delete(&tasks, &id).unwrap();
    world.sync().await;
    assert_eq!(world.held(Side::Left, "Home").len(), 4);
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_left_out_comes_once_it_can_be_held() {
    let mut world = mixed(false);
    world.part(Side::Left, "Home", ItemKind::Event, "e1");
    world.part(Side::Left, "Home", ItemKind::Task, "t1");
    let report = world.sync().await;
    assert!(report.is_settled(), "{report}");
    assert!(
        report.to_string().contains("a task of the left side"),
        "{report}"
    );
    assert_eq!(world.held(Side::Left, "Home").len(), 2);
    world.is_quiet().await;
    add_tasks(&world);
    let report = world.sync().await;
    assert!(report.is_settled(), "{report}");
    assert_eq!(world.held(Side::Right, "Tasks").len(), 1);
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_a_collection_holds_no_more_is_not_deleted() {
    let mut world = mixed(false);
    let home = CollectionId::new("Home");
    let all = |c: &mut sync_core::model::Collection| c.kinds = KindSet::CALENDAR;
    world.sides.right.edit_collection(&home, all).unwrap();
    world.part(Side::Left, "Home", ItemKind::Event, "e1");
    world.part(Side::Left, "Home", ItemKind::Task, "t1");
    world.sync().await;
    assert_eq!(world.held(Side::Right, "Home").len(), 2);
    world
        .sides
        .right
        .edit_collection(&home, |c| c.kinds = EVENTS)
        .unwrap();
    world.part(Side::Left, "Home", ItemKind::Task, "t2");
    world.sync().await;
    world.is_quiet().await;
    assert_eq!(world.held(Side::Left, "Home").len(), 3);
    assert_eq!(world.held(Side::Right, "Home").len(), 2);
    // And back again.
    world.sides.right.edit_collection(&home, all).unwrap();
    world.sync().await;
    assert_eq!(world.held(Side::Right, "Home").len(), 3);
    world.is_quiet().await;
}
