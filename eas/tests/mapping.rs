//! Items of ActiveSync as iCalendar and vCard, and back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "mapping/contacts.rs"]
mod contacts;
#[path = "mapping/corpus.rs"]
mod corpus;
#[path = "mapping/events.rs"]
mod events;
#[path = "mapping/held.rs"]
mod held;
#[path = "mapping/properties.rs"]
mod properties;
#[path = "mapping/tasks.rs"]
mod tasks;

use std::path::Path;

use eas::wire::class::{Class, Item};
use eas::wire::command::{Collection, Command as _, ServerChange, Sync};

/// The items of a recorded answer, by their ids.
fn recorded(name: &str, class: Class) -> Vec<(String, Item)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sogo");
    let body = std::fs::read(path.join(format!("{name}.resp.wbxml"))).unwrap();
    let request = Sync {
        collections: vec![Collection::new(class, "", "1")],
        ..Sync::default()
    };
    let answer = request.decode(&body).unwrap();
    let changes = answer.collections.into_iter().flat_map(|c| c.changes);
    changes
        .filter_map(|change| match change {
            ServerChange::Add { id, item } | ServerChange::Change { id, item, .. } => {
                Some((id, item))
            }
            _ => None,
        })
        .collect()
}

/// The lines of a document, unfolded, without what defines time zones.
fn lines(document: &[u8]) -> Vec<String> {
    let text = String::from_utf8(document.to_vec()).unwrap();
    assert!(text.ends_with("\r\n"));
    let mut inside = false;
    text.replace("\r\n ", "")
        .lines()
        .filter(|line| {
            inside |= *line == "BEGIN:VTIMEZONE";
            let keep = !inside;
            inside &= *line != "END:VTIMEZONE";
            keep
        })
        .map(str::to_owned)
        .collect()
}
