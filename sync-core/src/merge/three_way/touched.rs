//! What an edit did not touch need not be understood.

use std::collections::{BTreeSet, HashSet};

use crate::merge::syntax::{Item, Node, Property, plain_name, unfold};
use crate::model::{Both, Side};

/// Properties that only mean something together.
const TOGETHER: [&[&str]; 2] = [
    &["DTSTART", "DTEND", "DUE", "DURATION", "RRULE"],
    &["STATUS", "COMPLETED", "PERCENT-COMPLETE"],
];

/// The names, upper case, of the properties that may have changed on either side: those of lines
/// that are not the same in its base. None stands for all.
pub(super) fn names(
    base: Both<Option<&Node<'_>>>,
    now: Both<&Node<'_>>,
) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for side in Side::BOTH {
        let (before, after) = (base[side]?, now[side]);
        if after.name == "VCARD" {
            // Its groups tie properties of all names together.
            return None;
        }
        if std::ptr::eq(before, after) {
            continue;
        }
        let (old, new) = (lines(before), lines(after));
        for raw in old.symmetric_difference(&new) {
            names.insert(name(raw));
        }
    }
    for group in TOGETHER {
        if group.iter().any(|name| names.contains(*name)) {
            names.extend(group.iter().map(|name| (*name).to_owned()));
        }
    }
    Some(names)
}

fn lines<'n>(node: &'n Node<'_>) -> HashSet<&'n [u8]> {
    let lines = node.items.iter().filter_map(|item| match item {
        Item::Line(raw) => Some(raw.as_ref()),
        // These are always read.
        Item::Other(_) | Item::Node(_) => None,
    });
    lines.collect()
}

fn name(raw: &[u8]) -> String {
    if let Some(plain) = plain_name(raw) {
        return String::from_utf8_lossy(plain).to_ascii_uppercase();
    }
    let text = unfold(raw);
    let property = Property::parse(&text);
    property.map_or_else(String::new, |property| property.name.to_ascii_uppercase())
}
