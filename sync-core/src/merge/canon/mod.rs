//! What a document says, whatever it looks like: entries that are equal exactly if they mean the
//! same.

mod entry;
mod names;
mod params;
mod recurrence;
mod time;
mod value;

use std::fmt::Write as _;

pub(super) use entry::{
    Entries, Entry, attribute, companion_label, entries, entries_about, is_companion, list_parts,
};
pub(super) use names::{CARD_NAMES, Class, Form, canonical_name, rule};
pub(super) use params::is_list_param;
pub(super) use recurrence::length;
pub(super) use time::{Moment, instant};
pub(super) use value::{basic_date, loose_text, media_type, sniff};

use super::syntax::Node;

/// What a component says, in an order that depends on nothing else.
pub(super) fn canonical(node: &Node<'_>) -> String {
    canonical_of(node, &|_| true)
}

/// What it says in properties whose canonical names are asked for.
pub(super) fn canonical_of(node: &Node<'_>, is_asked: &dyn Fn(&str) -> bool) -> String {
    let mut out = String::new();
    write_canonical(node, is_asked, &mut out);
    out
}

fn write_canonical(node: &Node<'_>, is_asked: &dyn Fn(&str) -> bool, out: &mut String) {
    let said = entries(node).said;
    let said = said.iter().filter(|entry| is_asked(&entry.name));
    let mut lines: Vec<String> = said.map(Entry::canonical).collect();
    lines.sort_unstable();
    lines.dedup();
    let counts = |child: &&Node<'_>| match child.name.as_str() {
        "VTIMEZONE" => false,
        "VALARM" => is_asked("VALARM"),
        _ => true,
    };
    let children = node.children().filter(counts);
    let mut components: Vec<String> = children
        .map(|child| canonical_of(child, is_asked))
        .collect();
    components.sort_unstable();
    let _ = writeln!(out, "BEGIN:{}", node.name);
    for line in lines.iter().chain(&components) {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str("END");
}
