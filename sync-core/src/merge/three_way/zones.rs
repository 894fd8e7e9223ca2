//! A time that comes with a zone of its own needs the definition of that zone.

use std::collections::BTreeSet;

use crate::merge::syntax::{Eol, Item, Node, Property, unfold};

/// Adds the definitions of zones that `merged` uses, `before` did not use, and `donor` defines.
pub(super) fn complete<'a>(merged: &mut Node<'a>, before: &Node<'_>, donor: &Node<'a>, eol: Eol) {
    let mut used = BTreeSet::new();
    zones(merged, &mut used);
    let mut known = BTreeSet::new();
    zones(before, &mut known);
    let defined: BTreeSet<String> = definitions(merged)
        .filter_map(|z| z.value("TZID"))
        .collect();
    let missing: Vec<Item<'a>> = definitions(donor)
        .filter(|zone| {
            let name = zone.value("TZID").unwrap_or_default();
            used.contains(&name) && !known.contains(&name) && !defined.contains(&name)
        })
        .map(|zone| Item::Node(zone.clone().with_eol(eol)))
        .collect();
    let first = merged
        .items
        .iter()
        .position(|item| matches!(item, Item::Node(_)));
    let at = first.unwrap_or(merged.items.len());
    merged.items.splice(at..at, missing);
}

fn definitions<'n, 'a>(node: &'n Node<'a>) -> impl Iterator<Item = &'n Node<'a>> {
    node.children().filter(|child| child.name == "VTIMEZONE")
}

/// The zones that the properties in a component name.
fn zones(node: &Node<'_>, found: &mut BTreeSet<String>) {
    for item in &node.items {
        match item {
            Item::Node(child) => zones(child, found),
            Item::Line(raw) => {
                let text = unfold(raw);
                let property = Property::parse(&text);
                if let Some(zone) = property.as_ref().and_then(|p| p.param("TZID")) {
                    found.insert(zone.trim_matches('"').to_owned());
                }
            }
            Item::Other(_) => {}
        }
    }
}
