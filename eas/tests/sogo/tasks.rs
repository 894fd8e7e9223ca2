//! Tasks over ActiveSync against a store in memory.

use sync_core::local::{MemoryOptions, MemoryStore};
use sync_core::model::{Flags, Identity, ItemKind, KindSet, NewItem};
use testbed::Sogo;

use super::world::World;

const TASKS: KindSet = KindSet::of(ItemKind::Task);

fn task(uid: &str, title: &str, lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VTODO\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nSUMMARY:{title}\r\nDUE;VALUE=DATE:20261224\r\n{lines}\
         PERCENT-COMPLETE:40\r\nX-KEEP:this\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
    )
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn tasks_in_step_both_ways() {
    let mut world = World::of(TASKS).await;
    let dav = world.sogo.session("alice");
    let calendar = format!("{}personal/", Sogo::calendars("alice"));
    let store = MemoryStore::new(MemoryOptions {
        account: "memory".into(),
        kinds: TASKS,
        ..MemoryOptions::default()
    });
    let here = store.add_collection(&world.names[0], TASKS);
    for n in 0..2 {
        let uid = format!("here-{n}");
        let new = NewItem {
            kind: ItemKind::Task,
            flags: Flags::default(),
            date: None,
            identity: Identity {
                uid: Some(uid.clone()),
                ..Identity::default()
            },
            body: task(&uid, &format!("from here {n}"), "").as_str().into(),
        };
        store.add(&here, &new).unwrap();
    }
    dav.put(
        &format!("{calendar}there.ics"),
        &task("there", "from there", "CATEGORIES:Home\r\n"),
    )
    .unwrap();
    let held = |title: &str| {
        let all = store.list(&here);
        let mut found = all
            .iter()
            .map(|held| {
                (
                    held.id.clone(),
                    String::from_utf8_lossy(&held.content).into_owned(),
                )
            })
            .filter(|(_, text)| text.contains(title));
        let one = found.next();
        assert!(found.next().is_none(), "{title} is there twice");
        one
    };

    let first = world.run(&mut store.source()).await;
    assert_eq!(first.writes(), 3, "{first}");
    let (_, arrived) = held("from there").unwrap();
    for line in ["DUE;VALUE=DATE:20261224", "CATEGORIES:Home", "UID:"] {
        assert!(arrived.contains(line), "{line} not in {arrived}");
    }
    World::quiet(&world.run(&mut store.source()).await);

    // Done there: what ActiveSync cannot hold stays here.
    let (href, text) = dav
        .items(&calendar)
        .unwrap()
        .into_iter()
        .find(|(_, text)| text.contains("from here 0"))
        .unwrap();
    let done = text.replace(
        "STATUS:IN-PROCESS",
        "STATUS:COMPLETED\r\nCOMPLETED:20261120T100000Z",
    );
    dav.put(&href, &done).unwrap();
    dav.delete(&format!("{calendar}there.ics")).unwrap();
    let report = world.run(&mut store.source()).await;
    assert_eq!(report.writes(), 2, "{report}");
    assert!(held("from there").is_none());
    let (_, zero) = held("from here 0").unwrap();
    for line in ["STATUS:COMPLETED", "X-KEEP:this", "UID:here-0"] {
        assert!(zero.contains(line), "{line} not in {zero}");
    }

    // And the other way round.
    let (id, one) = held("from here 1").unwrap();
    let edited = one
        .replace("20261224", "20261231")
        .replace("here 1", "here one");
    store.edit(&here, &id, edited.as_bytes()).unwrap();
    let report = world.run(&mut store.source()).await;
    assert_eq!(report.writes(), 1, "{report}");
    let there = dav.items(&calendar).unwrap();
    let one = there.values().find(|text| text.contains("from here one"));
    let one = one.unwrap_or_else(|| panic!("{there:?}"));
    assert!(one.contains("20261231"), "{one}");
    World::quiet(&world.run(&mut store.source()).await);
}
