//! A calendar of somebody else, which may be read: SOGo says of every write that it worked, and takes
//! it back.

use sync_core::model::{Collection, Flags, Identity, ItemKind, KindSet, NewItem};
use sync_core::source::{Mutation, Op, Outcome};
use sync_core::{ErrorKind, Source as _};
use testbed::Sogo;

use super::source;

fn event(uid: &str, title: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260704T090000Z\r\nDTEND:20260704T100000Z\r\n\
         SUMMARY:{title}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn a_write_without_rights_is_refused() {
    let sogo = Sogo::start().unwrap();
    let owner = sogo.new_user().unwrap();
    let reader = sogo.new_reader(&owner).unwrap();
    let dav = sogo.session(&owner);
    let path = format!("{}personal/", Sogo::calendars(&owner));
    for name in ["one", "two"] {
        dav.put(&format!("{path}{name}.ics"), &event(name, name))
            .unwrap();
    }
    let before = dav.items(&path).unwrap();
    let mut source = source(&sogo, &reader, "test01");
    let folders = source.collections().await.unwrap();
    let shared =
        |c: &&Collection| c.kinds == KindSet::of(ItemKind::Event) && c.id.as_str().contains(&owner);
    let c = folders.iter().find(shared).unwrap().id.clone();
    let page = source.changes(&c, None).await.unwrap();
    let [one, two] = page.changed.as_slice() else {
        panic!("{page:?}");
    };
    let new = NewItem {
        kind: ItemKind::Event,
        flags: Flags::default(),
        date: None,
        identity: Identity {
            uid: Some("new".into()),
            ..Identity::default()
        },
        body: event("new", "New").as_str().into(),
    };
    let writes = [
        Op::Create(new),
        Op::Replace {
            id: one.id.clone(),
            guard: one.revision.clone(),
            body: event("one", "Changed").as_str().into(),
        },
        Op::Delete {
            id: two.id.clone(),
            guard: two.revision.clone(),
        },
    ];
    let batch = (1..).zip(writes).map(|(key, op)| Mutation { key, op });
    let applied = source
        .apply(&c, Some(&page.cursor), batch.collect())
        .await
        .unwrap();
    for outcome in &applied.outcomes {
        assert!(
            matches!(outcome, Outcome::Refused(error) if error.kind() == ErrorKind::ReadOnly),
            "{outcome:?}"
        );
    }
    assert_eq!(dav.items(&path).unwrap(), before);
    // What was never written is not said to be gone.
    let told = source.changes(&c, Some(&page.cursor)).await.unwrap();
    assert!(!told.vanished.contains(&one.id) && !told.vanished.contains(&two.id));
}
