//! A calendar over ActiveSync against one in memory; SOGo's own CalDAV shows what is really there.

use sync_core::Source as _;
use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::local::{MemoryOptions, MemoryStore};
use sync_core::model::{Both, CollectionPath, Flags, Identity, ItemKind, KindSet, NewItem};
use sync_core::reconcile::{Rules, Selection};
use sync_core::state::SqliteState;
use testbed::Sogo;

use super::source;

const EVENTS: KindSet = KindSet::of(ItemKind::Event);

fn event(uid: &str, title: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260704T090000Z\r\nDTEND:20260704T100000Z\r\n\
         SUMMARY:{title}\r\nX-KEEP;X-P=1:this\r\nPRIORITY:3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn a_calendar_in_step_both_ways() {
    let sogo = Sogo::start().unwrap();
    let dav = sogo.session("alice");
    let calendar = format!("{}personal/", Sogo::calendars("alice"));
    let name = {
        let folders = source(&sogo, "alice", "test01")
            .collections()
            .await
            .unwrap();
        let found = folders.into_iter().find(|c| c.kinds == EVENTS).unwrap();
        found.path.to_string()
    };
    let store = MemoryStore::new(MemoryOptions {
        account: "memory".into(),
        kinds: EVENTS,
        ..MemoryOptions::default()
    });
    let there = store.add_collection(&name, EVENTS);
    for n in 0..3 {
        let new = NewItem {
            kind: ItemKind::Event,
            flags: Flags::default(),
            date: None,
            identity: Identity {
                uid: Some(format!("here-{n}")),
                ..Identity::default()
            },
            body: event(&format!("here-{n}"), "from here").as_str().into(),
        };
        store.add(&there, &new).unwrap();
    }
    dav.put(
        &format!("{calendar}there-1.ics"),
        &event("there-1", "from there"),
    )
    .unwrap();

    let mut state = SqliteState::in_memory().unwrap();
    let mut run = async || -> Report {
        let mut eas = source(&sogo, "alice", "test01");
        let mut memory = store.source();
        let rules = Rules {
            collections: Selection::new([CollectionPath::parse(&name).to_string()]),
            ..Rules::default()
        };
        let engine = Engine::new("test", rules);
        engine
            .run(
                Both::new(&mut memory, &mut eas),
                &mut state,
                Mode::Sync,
                &Silent,
            )
            .await
            .unwrap()
    };
    let first = run().await;
    assert_eq!(first.writes(), 4, "{first}");
    assert_eq!(store.list(&there).len(), 4);
    assert_eq!(dav.items(&calendar).unwrap().len(), 4);
    let settled = run().await;
    assert_eq!(settled.writes(), 0, "{settled}");
    let quiet = run().await;
    assert_eq!(quiet.writes(), 0, "{quiet}");

    // A person moves one on the server; what ActiveSync cannot hold stays here.
    let moved = dav.get(&format!("{calendar}here-1.ics")).unwrap().unwrap();
    let moved = moved.replace("SUMMARY:from here", "SUMMARY:edited there");
    dav.put(&format!("{calendar}here-1.ics"), &moved).unwrap();
    dav.delete(&format!("{calendar}here-2.ics")).unwrap();
    let report = run().await;
    assert_eq!(report.writes(), 2, "{report}");
    let held: Vec<String> = store
        .list(&there)
        .iter()
        .map(|held| String::from_utf8_lossy(&held.content).into_owned())
        .collect();
    assert_eq!(held.len(), 3);
    let edited = held
        .iter()
        .find(|text| text.contains("edited there"))
        .unwrap();
    assert!(
        edited.contains("X-KEEP;X-P=1:this") && edited.contains("PRIORITY:3"),
        "{edited}"
    );

    // And the other way round.
    let id = store
        .list(&there)
        .iter()
        .find(|held| String::from_utf8_lossy(&held.content).contains("here-0"))
        .map(|held| held.id.clone())
        .unwrap();
    let text = event("here-0", "edited here");
    store.edit(&there, &id, text.as_bytes()).unwrap();
    let report = run().await;
    assert_eq!(report.writes(), 1, "{report}");
    let there_now = dav.get(&format!("{calendar}here-0.ics")).unwrap().unwrap();
    assert!(there_now.contains("SUMMARY:edited here"), "{there_now}");
    let quiet = run().await;
    assert_eq!(quiet.writes(), 0, "{quiet}");
}
