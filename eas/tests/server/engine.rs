//! An account that is kept in step with a store: lost answers, void keys, occurrences.

use eas::testing::{Element, Fault, Moment, Profile, Quirk, Server};
use eas::wire::wbxml::Tag;
use eas::wire::wbxml::pages::{
    AirSyncBase as B, Calendar as C, Contacts as Co, Email as E, Notes as N, Tasks as T,
};
use sync_core::Source;
use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::local::memory::Held;
use sync_core::local::{MemoryOptions, MemoryStore};
use sync_core::model::{Both, CollectionId, Flags, Identity, ItemKind, KindSet, NewItem};
use sync_core::reconcile::{Rules, Selection};
use sync_core::state::SqliteState;

use crate::world::{server, source, tea};

const VERSIONS: [&str; 2] = ["14.1", "16.1"];

/// A server, a store in memory, and what the engine remembers of both.
pub(crate) struct World {
    pub(crate) server: Server,
    memory: MemoryStore,
    state: SqliteState,
    folder: &'static str,
    version: &'static str,
}

impl World {
    pub(crate) fn new(version: &'static str, folder: &'static str) -> Self {
        Self {
            version,
            server: server(version),
            memory: MemoryStore::new(MemoryOptions::default()),
            state: SqliteState::in_memory().unwrap(),
            folder,
        }
    }

    /// A run in new sources, as after a restart.
    async fn try_run(&mut self) -> sync_core::Result<Report> {
        let mut eas = source(&self.server, "device1");
        let mut memory = self.memory.source();
        let rules = Rules {
            collections: Selection::new([self.folder.to_owned()]),
            ..Rules::default()
        };
        let (left, right): (&mut dyn Source, &mut dyn Source) = (&mut memory, &mut eas);
        let engine = Engine::new("test", rules);
        let sides = Both::new(left, right);
        engine
            .run(sides, &mut self.state, Mode::Sync, &Silent)
            .await
    }

    async fn run(&mut self) -> Report {
        self.try_run().await.unwrap()
    }

    /// After at most two runs nothing is written any more.
    pub(crate) async fn settles(&mut self) {
        self.run().await;
        self.run().await;
        let report = self.run().await;
        assert!(report.writes() == 0 && report.is_settled(), "{report}");
    }
}

/// What is told apart by kinds of items.
struct Kind {
    folder: &'static str,
    kind: ItemKind,
    /// A document with this title.
    document: fn(&str) -> String,
    /// The properties of an item with this title.
    properties: fn(&str) -> Vec<Element>,
    /// The title.
    title: Tag,
}

const KINDS: [Kind; 4] = [
    Kind {
        folder: "Calendar",
        kind: ItemKind::Event,
        document: |title| {
            let times = "DTSTART:20261203T090000Z\r\nDTEND:20261203T100000Z\r\n";
            calendar("VEVENT", title, times)
        },
        properties: tea,
        title: C::Subject,
    },
    Kind {
        folder: "Contacts",
        kind: ItemKind::Contact,
        document: |title| {
            format!(
                "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{title}\r\nFN:{title} Doe\r\n\
                 N:Doe;{title};;;\r\nX-KEEP:this\r\nEND:VCARD\r\n"
            )
        },
        properties: |title| {
            vec![
                Element::text(Co::FileAs, format!("{title} Doe")),
                Element::text(Co::FirstName, title),
                Element::text(Co::LastName, "Doe"),
            ]
        },
        title: Co::FirstName,
    },
    Kind {
        folder: "Tasks",
        kind: ItemKind::Task,
        document: |title| calendar("VTODO", title, ""),
        properties: |title| {
            vec![
                Element::text(T::Subject, title),
                Element::text(T::Complete, "0"),
                Element::text(T::Importance, "1"),
            ]
        },
        title: T::Subject,
    },
    Kind {
        folder: "Notes",
        kind: ItemKind::Note,
        document: |title| calendar("VJOURNAL", title, "DESCRIPTION:text\r\n"),
        properties: |title| {
            let data = [Element::text(B::Type, "1"), Element::text(B::Data, "text")];
            vec![
                Element::text(N::Subject, title),
                Element::text(N::MessageClass, "IPM.StickyNote"),
                Element::text(N::LastModifiedDate, "20261101T090000Z"),
                Element::new(B::Body, data),
            ]
        },
        title: N::Subject,
    },
];

fn calendar(component: &str, title: &str, more: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:{component}\r\nUID:{title}\r\n\
         DTSTAMP:20261101T000000Z\r\n{more}SUMMARY:{title}\r\nX-KEEP:this\r\n\
         END:{component}\r\nEND:VCALENDAR\r\n"
    )
}

impl World {
    /// Three items in memory and two on the server.
    fn filled(version: &'static str, kind: &Kind) -> Self {
        let world = Self::new(version, kind.folder);
        let c = world.collection(kind.kind);
        for title in ["Ann", "Ben", "Cat"] {
            world.put(&c, kind.kind, &(kind.document)(title));
        }
        for title in ["Yan", "Zoe"] {
            let properties = (kind.properties)(title);
            world.server.store().add(kind.folder, properties).unwrap();
        }
        world
    }

    pub(crate) fn collection(&self, kind: ItemKind) -> CollectionId {
        self.memory.add_collection(self.folder, KindSet::of(kind))
    }

    pub(crate) fn put(&self, c: &CollectionId, kind: ItemKind, content: &str) {
        let new = NewItem {
            kind,
            flags: Flags::default(),
            date: None,
            identity: Identity {
                uid: sync_core::merge::uid(content.as_bytes()),
                ..Identity::default()
            },
            body: content.into(),
        };
        self.memory.add(c, &new).unwrap();
    }

    fn here(&self) -> Vec<Held> {
        let all = self.memory.collections();
        let found = all.iter().find(|c| c.path.to_string() == self.folder);
        self.memory.list(&found.unwrap().id)
    }

    pub(crate) fn text_of(&self, word: &str) -> String {
        let texts = self.here().into_iter().map(|held| held.content);
        let mut texts = texts.map(|text| String::from_utf8(text.to_vec()).unwrap());
        texts
            .find(|text| text.contains(word))
            .unwrap_or_else(|| panic!("no {word}"))
    }

    /// Changes one document in memory.
    pub(crate) fn edit(&self, word: &str, change: impl Fn(&str) -> String) {
        let all = self.memory.collections();
        let c = all
            .iter()
            .find(|c| c.path.to_string() == self.folder)
            .unwrap();
        for held in self.memory.list(&c.id) {
            let text = String::from_utf8(held.content.to_vec()).unwrap();
            if text.contains(word) {
                let text = change(&text);
                self.memory.edit(&c.id, &held.id, text.as_bytes()).unwrap();
                return;
            }
        }
        panic!("no {word}");
    }

    fn titles(&self, kind: &Kind) -> Vec<String> {
        let items = self.server.store().items(kind.folder);
        let mut all: Vec<String> = items
            .iter()
            .filter_map(|item| item.text(kind.title))
            .collect();
        all.sort();
        all
    }

    /// Whether both sides hold these titles, each once.
    #[track_caller]
    fn hold(&self, kind: &Kind, titles: &[&str]) {
        let place = format!("{} of {}", kind.folder, self.version);
        assert_eq!(self.titles(kind), titles, "on the server: {place}");
        let here = self.here();
        assert_eq!(here.len(), titles.len(), "in memory: {place}");
        for title in titles {
            self.text_of(title);
        }
    }
}

const ALL: [&str; 5] = ["Ann", "Ben", "Cat", "Yan", "Zoe"];

#[tokio::test]
async fn both_ways_and_then_quiet() {
    for version in VERSIONS {
        for kind in &KINDS {
            let mut world = World::filled(version, kind);
            world.settles().await;
            world.hold(kind, &ALL);

            world.edit("Ann", |text| {
                text.replace("Ann", "Amy").replace("UID:Amy", "UID:Ann")
            });
            let store = world.server.store();
            let zoe = store.items(kind.folder).into_iter();
            let zoe = zoe.map(|item| (item.id.clone(), item.text(kind.title)));
            let zoe = zoe
                .into_iter()
                .find(|(_, t)| t.as_deref() == Some("Zoe"))
                .unwrap()
                .0;
            assert!(store.set(kind.folder, &zoe, Element::text(kind.title, "Zac")));
            let ben = store.items(kind.folder).into_iter();
            let mut ben = ben.filter(|item| item.text(kind.title).as_deref() == Some("Ben"));
            assert!(store.delete(kind.folder, &ben.next().unwrap().id));
            world.settles().await;
            world.hold(kind, &["Amy", "Cat", "Yan", "Zac"]);
            // What ActiveSync cannot hold stays where it was.
            assert!(world.text_of("Cat").contains("X-KEEP:this"));
            assert!(store.sent().is_empty(), "nobody hears of it");
        }
    }
}

#[tokio::test]
async fn lost_answers_to_new_items_double_nothing() {
    for version in VERSIONS {
        for kind in &KINDS {
            let mut world = World::filled(version, kind);
            // Carried out, and never heard of, however often it is sent again in this run.
            let lost = Fault::on("Sync").holding("<Add>").cut_after().always();
            world.server.order(lost);
            let _ = world.try_run().await;
            assert!(world.titles(kind).len() > 2, "{version} {}", kind.folder);
            world.server.clear_faults();
            world.settles().await;
            world.hold(kind, &ALL);
        }
    }
}

#[tokio::test]
async fn a_cut_at_any_request_loses_and_doubles_nothing() {
    for version in VERSIONS {
        for kind in &KINDS {
            for n in 1..10 {
                let mut world = World::filled(version, kind);
                world
                    .server
                    .order(Fault::on("").nth(n).cut_after().times(2));
                let _ = world.try_run().await;
                world.server.clear_faults();
                world.settles().await;
                world.hold(kind, &ALL);
            }
        }
    }
}

#[tokio::test]
async fn keys_that_are_refused_pair_again() {
    for version in VERSIONS {
        for kind in &KINDS {
            let mut world = World::filled(version, kind);
            world.settles().await;
            world.server.store().forget_keys(kind.folder);
            world.settles().await;
            world.hold(kind, &ALL);

            // And with an edit and a new item on each side meanwhile.
            world.server.store().forget_keys(kind.folder);
            world.edit("Ann", |text| {
                text.replace("Ann", "Amy").replace("UID:Amy", "UID:Ann")
            });
            let c = world.memory.collections();
            let c = c
                .iter()
                .find(|c| c.path.to_string() == kind.folder)
                .unwrap();
            world.put(&c.id, kind.kind, &(kind.document)("Dan"));
            world
                .server
                .store()
                .add(kind.folder, (kind.properties)("Xia"))
                .unwrap();
            world.settles().await;
            world.hold(kind, &["Amy", "Ben", "Cat", "Dan", "Xia", "Yan", "Zoe"]);

            // At the moment of a write.
            world.edit("Dan", |text| {
                text.replace("Dan", "Don").replace("UID:Don", "UID:Dan")
            });
            let refuse = Fault::on("Sync").holding("<Commands>").refuse_keys();
            world.server.order(refuse);
            let _ = world.try_run().await;
            world.settles().await;
            world.hold(kind, &["Amy", "Ben", "Cat", "Don", "Xia", "Yan", "Zoe"]);
        }
    }
}

#[tokio::test]
async fn folders_that_begin_anew_pair_again() {
    for version in VERSIONS {
        for kind in &KINDS {
            let mut world = World::filled(version, kind);
            let profile = Profile::full().versions(&[version]).with(Quirk::BeginsAnew);
            let anew = Server::builder().profile(profile).start().unwrap();
            for title in ["Yan", "Zoe"] {
                anew.store()
                    .add(kind.folder, (kind.properties)(title))
                    .unwrap();
            }
            world.server = anew;
            world.settles().await;
            world.hold(kind, &ALL);
        }
    }
}

#[tokio::test]
async fn a_state_that_was_lost_joins_again() {
    for version in VERSIONS {
        for kind in &KINDS {
            let mut world = World::filled(version, kind);
            world.settles().await;
            world.state = SqliteState::in_memory().unwrap();
            world.settles().await;
            world.hold(kind, &ALL);
        }
    }
}

#[tokio::test]
async fn somebody_elses_edit_during_a_write_is_not_overwritten() {
    for version in VERSIONS {
        let kind = &KINDS[0];
        let mut world = World::filled(version, kind);
        world.settles().await;
        world.edit("Cat", |text| {
            text.replace("SUMMARY:Cat", "SUMMARY:Cat\r\nCATEGORIES:blue")
        });
        let meddle = Fault::on("Sync").holding("<Commands>");
        world.server.order(meddle.edit(Moment::Received, |store| {
            for item in store.items("Calendar") {
                if item.text(C::Subject).as_deref() == Some("Cat") {
                    store.set("Calendar", &item.id, Element::text(C::Location, "garden"));
                }
            }
        }));
        world.settles().await;
        let text = world.text_of("Cat");
        assert!(text.contains("garden") && text.contains("blue"), "{text}");
        let items = world.server.store().items("Calendar");
        let cat = items
            .iter()
            .find(|i| i.text(C::Subject).as_deref() == Some("Cat"))
            .unwrap();
        assert_eq!(cat.text(C::Location).as_deref(), Some("garden"));
        assert!(cat.property(C::Categories).is_some());
    }
}

const SERIES: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\n\
    UID:series\r\nDTSTAMP:20261101T000000Z\r\nDTSTART:20261207T090000Z\r\n\
    DTEND:20261207T093000Z\r\nRRULE:FREQ=WEEKLY;COUNT=6;BYDAY=MO\r\n\
    EXDATE:20261221T090000Z\r\nSUMMARY:Series\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\n\
    UID:series\r\nRECURRENCE-ID:20261214T090000Z\r\nDTSTAMP:20261101T000000Z\r\n\
    DTSTART:20261214T140000Z\r\nDTEND:20261214T143000Z\r\nSUMMARY:Series at two\r\n\
    END:VEVENT\r\nEND:VCALENDAR\r\n";

/// The exceptions that the server holds: of which occurrence, whether it is deleted, and its start.
fn exceptions(world: &World) -> Vec<(Option<String>, bool, Option<String>)> {
    let item = world.server.store().items("Calendar").pop().unwrap();
    let all = item.property(C::Exceptions).map(|e| e.children.clone());
    let mut all: Vec<_> = all
        .unwrap_or_default()
        .iter()
        .map(|e| {
            let deleted = e.find(C::Deleted).as_deref() == Some("1");
            (e.find(C::ExceptionStartTime), deleted, e.find(C::StartTime))
        })
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn a_series_with_exceptions() {
    for version in VERSIONS {
        let mut world = World::new(version, "Calendar");
        let c = world.collection(ItemKind::Event);
        world.put(&c, ItemKind::Event, SERIES);
        world.settles().await;
        let moved = |start: &str| {
            let from = Some("20261214T090000Z".to_owned());
            (from, false, Some(start.to_owned()))
        };
        let deleted = |day: &str| (Some(format!("202612{day}T090000Z")), true, None);
        let expected = [moved("20261214T140000Z"), deleted("21")];
        assert_eq!(exceptions(&world), expected, "{version}");
        assert_eq!(world.here().len(), 1);

        // The occurrence moves again, here; another one is cancelled there.
        world.edit("Series", |text| {
            let text = text.replace("20261214T140000Z", "20261214T150000Z");
            text.replace("20261214T143000Z", "20261214T153000Z")
        });
        world.settles().await;
        let expected = [moved("20261214T150000Z"), deleted("21")];
        assert_eq!(exceptions(&world), expected, "{version}");

        let item = world.server.store().items("Calendar").pop().unwrap();
        let mut all = item.property(C::Exceptions).unwrap().clone();
        let cancelled = [
            Element::text(C::Deleted, "1"),
            Element::text(C::ExceptionStartTime, "20261228T090000Z"),
        ];
        all.children.push(Element::new(C::Exception, cancelled));
        assert!(world.server.store().set("Calendar", &item.id, all));
        world.settles().await;
        let text = world.text_of("Series");
        assert!(
            text.contains("EXDATE") && text.contains("20261228T090000Z"),
            "{text}"
        );
        assert_eq!(exceptions(&world).len(), 3);
    }
}

#[tokio::test]
async fn exceptions_that_a_new_series_loses_are_sent_again() {
    let mut world = World::new("14.1", "Calendar");
    let profile = Profile::exchange_2013().with(Quirk::DropsNewExceptions);
    world.server = Server::builder().profile(profile).start().unwrap();
    let c = world.collection(ItemKind::Event);
    world.put(&c, ItemKind::Event, SERIES);
    world.settles().await;
    let text = world.text_of("Series");
    assert!(
        text.contains("EXDATE") && text.contains("RECURRENCE-ID"),
        "{text}"
    );
    let there = exceptions(&world);
    let moved = there.iter().find(|(_, deleted, _)| !deleted).unwrap();
    assert_eq!(moved.2.as_deref(), Some("20261214T140000Z"), "{there:?}");
    assert_eq!(there.len(), 2);
}

#[tokio::test]
async fn mail_comes_with_its_flags_and_goes() {
    for version in VERSIONS {
        let mut world = World::new(version, "INBOX");
        let store = world.server.store();
        let mail = |n: u32| {
            format!(
                "From: a@example.org\r\nTo: b@example.org\r\nMessage-ID: <{n}@example.org>\r\n\
                 Subject: {n}\r\n\r\nText {n}\r\n"
            )
        };
        let ids: Vec<String> = (0..3)
            .map(|n| store.add_mail("Inbox", mail(n)).unwrap())
            .collect();
        store.set_flagged("Inbox", &ids[0], true);
        world.settles().await;
        let here = world.here();
        assert_eq!(here.len(), 3);
        let first = here.iter().find(|held| held.content == mail(0)).unwrap();
        assert_eq!(first.flags.to_string(), "\\Flagged");

        store.set_read("Inbox", &ids[0], true);
        store.set_flagged("Inbox", &ids[0], false);
        let all = world.memory.collections();
        let c = all.iter().find(|c| c.path.to_string() == "INBOX").unwrap();
        let second = here.iter().find(|held| held.content == mail(1)).unwrap();
        world
            .memory
            .set_flags(&c.id, &second.id, &Flags::parse("\\Seen \\Flagged"))
            .unwrap();
        let third = here.iter().find(|held| held.content == mail(2)).unwrap();
        world.memory.delete(&c.id, &third.id).unwrap();
        world.settles().await;
        let here = world.here();
        assert_eq!(here.len(), 2);
        let first = here.iter().find(|held| held.content == mail(0)).unwrap();
        assert_eq!(first.flags.to_string(), "\\Seen");
        let there = store.items("Inbox");
        assert_eq!(there.len(), 2);
        let second = there.iter().find(|item| item.id == ids[1]).unwrap();
        assert_eq!(second.text(E::Read).as_deref(), Some("1"));
        assert_eq!(
            second.property(E::Flag).unwrap().find(E::Status).as_deref(),
            Some("2")
        );
    }
}
