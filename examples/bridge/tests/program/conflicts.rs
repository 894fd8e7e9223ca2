//! Conflicts that wait for a person. Messages have none, so the state is told of one.

use serde_json::{Value, json};
use sync_core::model::{Both, CollectionPath, Flags, ItemKind, KindSet};
use sync_core::reconcile::{Link, LinkSide};
use sync_core::state::{Journal, Links, PairRecord, Pairs, SqliteState, State, Waiting};

use crate::place::Place;

const CONFIG: &str = "[source.a]\ntype = \"maildir\"\npath = \"A\"\n\
                      [source.b]\ntype = \"maildir\"\npath = \"B\"\n\
                      [sync.cal]\nleft = \"a\"\nright = \"b\"\nconflict = \"ask\"\n";

/// A config, and a state with one conflict; says its number.
fn place() -> (Place, i64) {
    let place = Place::new();
    place.write("bridge.toml", CONFIG);
    let mut state = SqliteState::open(&place.path("state.db")).unwrap();
    state.begin().unwrap();
    let path = CollectionPath::parse("Work/Team");
    let wanted = PairRecord {
        id: 0,
        collections: Both::new("l".into(), "r".into()),
        paths: Both::new(path.clone(), path),
        kinds: KindSet::CALENDAR,
        cursors: Both::default(),
    };
    let pair = state.pair("cal", &wanted).unwrap().id;
    let side = |id: &str| LinkSide {
        id: Some(id.into()),
        flags: Flags::default(),
        name: Some("meeting@example.org".to_owned()),
        ..LinkSide::default()
    };
    let link = Link {
        id: 0,
        pair,
        kind: ItemKind::Event,
        sides: Both::new(side("1"), side("2")),
        retired: false,
    };
    let link = state.add_link(&link).unwrap();
    let waiting = Waiting {
        link,
        pair,
        properties: vec!["SUMMARY".to_owned(), "DTSTART".to_owned()],
        decision: None,
    };
    state.wait(&waiting).unwrap();
    state.commit().unwrap();
    (place, link)
}

#[test]
fn a_conflict_is_listed_and_decided() {
    let (place, id) = place();
    let run = place.bridge(&["conflicts"]).code(3);
    assert_eq!(
        run.out,
        format!(
            "{id}  cal: Work/Team: event meeting@example.org: SUMMARY, DTSTART\n\
             `bridge conflicts resolve ID left|right|both` decides.\n"
        )
    );
    assert!(
        place
            .bridge(&["status"])
            .code(3)
            .out
            .contains("1 conflict to decide")
    );

    let run = place
        .bridge(&["conflicts", "resolve", &id.to_string(), "right", "--json"])
        .code(0);
    assert_eq!(
        run.lines(),
        [json!({"type": "decided", "id": id, "decision": "right"})]
    );
    let run = place.bridge(&["conflicts", "list", "--json"]).code(0);
    assert_eq!(run.lines()[0]["decision"], Value::from("right"));
    assert_eq!(run.lines()[0]["properties"], json!(["SUMMARY", "DTSTART"]));
    place
        .bridge(&["conflicts", "resolve", &id.to_string(), "middle"])
        .code(2);
}
