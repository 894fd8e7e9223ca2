use std::collections::{BTreeMap, BTreeSet};

use super::names::{Class, Form, Rule, canonical_name, rule};
use super::params::Attributes;
use super::value::{canonical_value, decoded, loose};
use crate::merge::syntax::{
    Item, Node, Property, escape, logical_lines, plain_name, split_unescaped, unfold,
};

/// Properties that describe the others of their group, as they are usually written.
const COMPANIONS: [&str; 3] = ["X-ABADR", "X-ABLabel", "X-APPLE-SUBADMINISTRATIVEAREA"];

/// Whether a property describes the others of its group.
pub(in crate::merge) fn is_companion(name: &str) -> bool {
    COMPANIONS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// How the name of such a property is usually written.
pub(in crate::merge) fn companion_label(name: &str) -> &str {
    let mut known = COMPANIONS.iter();
    known
        .find(|known| known.eq_ignore_ascii_case(name))
        .copied()
        .unwrap_or(name)
}

/// More values on one line than this are one.
const MAX_VALUES: usize = 1 << 16;

/// A list with more parameters than this, which come again with each of its values, is one value.
const MAX_ATTRIBUTES: usize = 32;

/// Where more properties than this describe a group, they describe nothing.
const MAX_COMPANIONS: usize = 16;

/// One thing that a component says: a property, or one value of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::merge) struct Entry {
    /// Canonical; empty for lines that are no content lines.
    pub(in crate::merge) name: String,
    /// Tells it from others of its name, however written; nothing where there is one only.
    pub(in crate::merge) key: String,
    /// Canonical.
    pub(in crate::merge) value: String,
    /// Parameters that are no part of the value, sorted; what describes its group begins with a
    /// dot.
    pub(in crate::merge) attributes: Vec<(String, String)>,
    pub(in crate::merge) class: Class,
    pub(in crate::merge) place: Place,
    /// Of a value of a list: how it stands there.
    pub(in crate::merge) raw: String,
}

/// The value of the attribute of this name, the first one if there are several.
pub(in crate::merge) fn attribute<'t>(
    sorted: &'t [(String, String)],
    name: &str,
) -> Option<&'t str> {
    let at = sorted.partition_point(|(known, _)| known.as_str() < name);
    let (known, value) = sorted.get(at)?;
    (known == name).then_some(value.as_str())
}

/// All that a component itself says.
#[derive(Debug, Clone, Default)]
pub(in crate::merge) struct Entries {
    /// In the order in which they stand there, noise left out.
    pub(in crate::merge) said: Vec<Entry>,
    /// Lines that say what is meant without them, by canonical name.
    pub(in crate::merge) silent: Vec<(String, usize)>,
}

/// Where an entry stands in its component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::merge) struct Place {
    pub(in crate::merge) item: usize,
    /// Which value of a list.
    pub(in crate::merge) part: Option<usize>,
}

impl Entry {
    /// What is compared.
    pub(in crate::merge) fn canonical(&self) -> String {
        let mut out = String::with_capacity(self.name.len() + self.value.len() + 8);
        out.push_str(&self.name);
        for (name, value) in &self.attributes {
            out.push('\u{1}');
            out.push_str(name);
            out.push('\u{2}');
            out.push_str(value);
        }
        out.push('\u{3}');
        out.push_str(&self.value);
        out
    }

    /// Whether both say the same.
    pub(in crate::merge) fn same(&self, other: &Self) -> bool {
        self.value == other.value && self.attributes == other.attributes
    }

    /// The value of an attribute.
    pub(in crate::merge) fn attribute(&self, name: &str) -> Option<&str> {
        attribute(&self.attributes, name)
    }
}

/// Reads what a component itself says.
pub(in crate::merge) fn entries(node: &Node<'_>) -> Entries {
    entries_about(node, None)
}

/// Reads what a component that is no card says under these names, upper case, or all that it says.
pub(in crate::merge) fn entries_about(
    node: &Node<'_>,
    names: Option<&BTreeSet<String>>,
) -> Entries {
    let is_asked = |raw: &[u8]| match (names, plain_name(raw)) {
        (Some(names), Some(plain)) => {
            let upper = String::from_utf8_lossy(plain).to_ascii_uppercase();
            names.contains(&upper)
        }
        _ => true,
    };
    let card = node.name == "VCARD";
    let companions = if card {
        companions(node)
    } else {
        BTreeMap::new()
    };
    let mut out = Entries {
        said: Vec::with_capacity(node.items.len()),
        silent: Vec::new(),
    };
    for (item, content) in node.items.iter().enumerate() {
        let place = Place { item, part: None };
        match content {
            Item::Node(_) => {}
            Item::Other(raw) => {
                let lines: Vec<_> = logical_lines(raw).map(unfold).collect();
                let text = lines.join("\n");
                if !text.trim().is_empty() {
                    out.said.push(other(text.trim(), place));
                }
            }
            Item::Line(raw) if !is_asked(raw) => {}
            Item::Line(raw) => {
                let text = unfold(raw);
                match Property::parse(&text) {
                    Some(property) => read(card, &property, place, &companions, &mut out),
                    None => out.said.push(other(text.trim(), place)),
                }
            }
        }
    }
    out
}

fn other(text: &str, place: Place) -> Entry {
    Entry {
        name: String::new(),
        key: text.to_owned(),
        value: text.to_owned(),
        attributes: Vec::new(),
        class: Class::Set,
        place,
        raw: String::new(),
    }
}

/// What the companions of each group with a leader say.
fn companions(node: &Node<'_>) -> BTreeMap<String, Vec<(String, String)>> {
    let mut found: BTreeMap<String, (bool, Vec<(String, String)>)> = BTreeMap::new();
    for item in &node.items {
        let Item::Line(raw) = item else { continue };
        let text = unfold(raw);
        let Some(property) = Property::parse(&text).filter(|p| !p.group.is_empty()) else {
            continue;
        };
        let group = found
            .entry(property.group.to_ascii_uppercase())
            .or_default();
        match companion_name(&property) {
            None => group.0 = true,
            Some(name) => {
                let with = Attributes::of(&property, true, &name, Form::Text);
                let value = canonical_value(&name, Form::Text, property.value, &with);
                group.1.push((format!(".{name}"), value));
            }
        }
    }
    let led = found
        .into_iter()
        .filter(|(_, (has_leader, all))| *has_leader && all.len() <= MAX_COMPANIONS);
    led.map(|(group, (_, all))| (group, all)).collect()
}

/// The canonical name of a property that describes the others of its group.
fn companion_name(property: &Property<'_>) -> Option<String> {
    is_companion(property.name).then(|| property.name.to_ascii_uppercase())
}

fn read(
    card: bool,
    property: &Property<'_>,
    place: Place,
    companions: &BTreeMap<String, Vec<(String, String)>>,
    out: &mut Entries,
) {
    let name = canonical_name(card, property.name);
    let Rule {
        class,
        form,
        default,
    } = rule(card, &name);
    if class == Class::Noise {
        return;
    }
    let mut with = Attributes::of(property, card, &name, form);
    if !property.group.is_empty()
        && let Some(described) = companions.get(&property.group.to_ascii_uppercase())
    {
        if companion_name(property).is_some() {
            return;
        }
        with.named.extend(described.iter().cloned());
        with.named.sort_unstable();
    }
    if class == Class::Values && with.named.len() <= MAX_ATTRIBUTES {
        return list(form, property, place, with, &name, out);
    }
    let value = canonical_value(&name, form, property.value, &with);
    if value.is_empty() || value == default {
        out.silent.push((name, place.item));
        return;
    }
    let (class, key) = match class {
        Class::Set | Class::Values => (Class::Set, loose(form, &value)),
        class => (class, String::new()),
    };
    out.said.push(Entry {
        name,
        key,
        value,
        attributes: with.named,
        class,
        place,
        raw: String::new(),
    });
}

/// The values of a list, as they stand there.
pub(in crate::merge) fn list_parts(value: &str) -> impl Iterator<Item = &str> {
    let many = value.bytes().filter(|b| *b == b',').count() > MAX_VALUES;
    split_unescaped(value, if many { '\n' } else { ',' })
}

fn list(
    form: Form,
    property: &Property<'_>,
    place: Place,
    mut with: Attributes,
    name: &str,
    out: &mut Entries,
) {
    let before = out.said.len();
    let decoded = decoded(property.value, &with);
    let encoded = with.quoted_printable;
    with.quoted_printable = false;
    for (part, raw) in list_parts(&decoded).enumerate() {
        let value = canonical_value(name, form, raw, &with);
        let value = value.trim_start().to_owned();
        if value.is_empty() {
            continue;
        }
        out.said.push(Entry {
            name: name.to_owned(),
            key: loose(form, &value),
            raw: if encoded {
                escape(&value)
            } else {
                raw.trim().to_owned()
            },
            value,
            attributes: with.named.clone(),
            class: Class::Values,
            place: Place {
                part: Some(part),
                ..place
            },
        });
    }
    if out.said.len() == before {
        out.silent.push((name.to_owned(), place.item));
    }
}
