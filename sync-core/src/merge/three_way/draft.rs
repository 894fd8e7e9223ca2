use std::borrow::Cow;
use std::collections::BTreeMap;

use super::attributes::{drop_encoding, drop_private, set_attributes};
use super::cell::Write;
use super::groups::Groups;
use super::lists::{Edits, decode, signature};
use crate::merge::canon::{Class, Entries, Entry, companion_label, instant};
use crate::merge::syntax::{Built, Eol, Item, Node, Property, escape, unfold};
use crate::merge::vcard::{Dialect, convert};

/// One side's component while it is edited: what is not touched keeps its bytes and its place.
pub(super) struct Draft<'a> {
    /// Without its items.
    frame: Node<'a>,
    slots: Vec<Slot<'a>>,
    /// What comes before the first slot.
    front: Vec<Item<'a>>,
    /// The last line of each property, by canonical name.
    likes: BTreeMap<String, usize>,
    silent: BTreeMap<String, Vec<usize>>,
    /// The lines of lists to which a value can be added, by name and signature.
    lists: BTreeMap<(String, String), usize>,
    /// Lines whose values go elsewhere, as they begin there; whether they are the side's own.
    heads: BTreeMap<(bool, usize), Head>,
    /// New lines with several values.
    fresh: BTreeMap<(String, String), (Built, Vec<String>)>,
    /// The last line before the first component in this one.
    last_line: Option<usize>,
    /// The last component of each name, and of all.
    children: BTreeMap<String, usize>,
    last_child: Option<usize>,
    groups: Groups,
    dialect: Option<Dialect>,
    eol: Eol,
    says: bool,
    changed: bool,
}

struct Head {
    /// Without a value.
    built: Built,
    /// Those that it was given.
    attributes: Vec<(String, String)>,
}

struct Slot<'a> {
    item: Option<Item<'a>>,
    edits: Edits,
    after: Vec<Item<'a>>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(node: &Node<'a>, said: &Entries, eol: Eol) -> Self {
        let mut draft = Self {
            frame: Node {
                name: node.name.clone(),
                begin: node.begin.clone(),
                items: Vec::new(),
                end: node.end.clone(),
            },
            slots: Vec::with_capacity(node.items.len()),
            front: Vec::new(),
            likes: BTreeMap::new(),
            silent: BTreeMap::new(),
            lists: BTreeMap::new(),
            heads: BTreeMap::new(),
            last_line: last_line(node),
            children: BTreeMap::new(),
            last_child: None,
            fresh: BTreeMap::new(),
            groups: Groups::default(),
            dialect: Dialect::of_node(node),
            eol,
            says: false,
            changed: false,
        };
        draft.slots.extend(node.items.iter().map(|item| Slot {
            item: Some(item.clone()),
            edits: Edits::default(),
            after: Vec::new(),
        }));
        for (i, item) in node.items.iter().enumerate() {
            if let Item::Node(child) = item {
                draft.children.insert(child.name.clone(), i);
                draft.last_child = Some(i);
            }
        }
        if draft.dialect.is_some() {
            draft.groups = Groups::of(node);
        }
        for entry in &said.said {
            draft.likes.insert(entry.name.clone(), entry.place.item);
            if entry.place.part.is_some_and(|part| part == 0)
                && let Some(built) = line(node, entry.place.item, |p| Built::from(p))
            {
                let signature = signature(&built, &entry.raw);
                draft
                    .lists
                    .insert((entry.name.clone(), signature), entry.place.item);
            }
        }
        for (name, item) in &said.silent {
            draft.silent.entry(name.clone()).or_default().push(*item);
        }
        draft
    }

    /// Whether a property was changed.
    pub(super) fn says_something_new(&self) -> bool {
        self.says
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, own: &Entry) {
        self.touch();
        let Some(slot) = self.slots.get_mut(own.place.item) else {
            return;
        };
        if let Some(part) = own.place.part {
            slot.edits.dropped.push(part);
            return;
        }
        let gone = slot.item.take();
        let group = gone.as_ref().and_then(group_of);
        self.leave(&group.unwrap_or_default());
    }

    /// Puts an entry of a component in: in the place of `own`, or beside its like.
    pub(super) fn write(
        &mut self,
        own: Option<&Entry>,
        donor: &Node<'a>,
        entry: &Entry,
        write: &Write,
    ) {
        self.touch();
        if entry.place.part.is_some() {
            return self.write_value(own, donor, entry, write);
        }
        let Some(Item::Line(raw)) = donor.items.get(entry.place.item) else {
            if let Some(Item::Other(raw)) = donor.items.get(entry.place.item) {
                let raw = self.eol.apply(raw).into_owned();
                self.insert(&entry.name, vec![Item::Other(Cow::Owned(raw))]);
            }
            return;
        };
        let text = unfold(raw);
        let Some(property) = Property::parse(&text) else {
            let raw = self.eol.apply(raw).into_owned();
            return self.insert(&entry.name, vec![Item::Line(Cow::Owned(raw))]);
        };
        let is_own = own.is_some_and(|own| std::ptr::eq(own, entry));
        let mut built = self.adapt(Built::from(&property), donor, is_own);
        if let Some(value) = &write.value {
            built.value.clone_from(value);
            if entry.class == Class::Text {
                drop_encoding(&mut built);
            }
        }
        set_attributes(
            &mut built,
            &entry.attributes,
            &write.attributes,
            self.dialect,
        );
        let mut lines = Vec::new();
        if self.dialect.is_some() {
            built.group = self.group(own, property.group, &write.attributes, &mut lines);
        }
        let line = if built == Built::from(&property) {
            self.eol.apply(raw).into_owned()
        } else {
            built.print(self.eol)
        };
        lines.insert(0, line);
        let mut items = lines.into_iter().map(|raw| Item::Line(Cow::Owned(raw)));
        match own.and_then(|own| self.slots.get_mut(own.place.item)) {
            Some(slot) => {
                slot.item = items.next();
                slot.after.splice(0..0, items);
            }
            None => self.insert(&entry.name, items.collect()),
        }
    }

    /// A line of another document as this one would have it.
    fn adapt(&self, mut built: Built, donor: &Node<'_>, is_own: bool) -> Built {
        if is_own {
            return built;
        }
        drop_private(&mut built);
        match (Dialect::of_node(donor), self.dialect) {
            (Some(from), Some(to)) if from != to => convert(built, from, to),
            _ => built,
        }
    }

    fn write_value(&mut self, own: Option<&Entry>, donor: &Node<'a>, entry: &Entry, write: &Write) {
        let raw = write.value.as_ref().unwrap_or(&entry.raw).clone();
        let is_own = own.is_some_and(|own| std::ptr::eq(own, entry));
        let item = entry.place.item;
        let known = self.heads.get(&(is_own, item));
        if known.is_none_or(|head| head.attributes != write.attributes) {
            let Some(mut built) = line(donor, item, |property| {
                let mut built = Built::from(property);
                decode(&mut built, property);
                self.adapt(built, donor, is_own)
            }) else {
                return;
            };
            set_attributes(
                &mut built,
                &entry.attributes,
                &write.attributes,
                self.dialect,
            );
            built.group.clear();
            built.value.clear();
            let attributes = write.attributes.clone();
            self.heads
                .insert((is_own, item), Head { built, attributes });
        }
        let Some(head) = self.heads.get(&(is_own, item)) else {
            return;
        };
        let key = (entry.name.clone(), signature(&head.built, &raw));
        let line = self.lists.get(&key).copied();
        if let Some(own) = own {
            let part = own.place.part.unwrap_or_default();
            let Some(slot) = self.slots.get_mut(own.place.item) else {
                return;
            };
            if line == Some(own.place.item) {
                slot.edits.swapped.insert(part, raw);
                return;
            }
            slot.edits.dropped.push(part);
        }
        match line.and_then(|line| self.slots.get_mut(line)) {
            Some(slot) => slot.edits.added.push(raw),
            None => {
                let (_, values) = self
                    .fresh
                    .entry(key)
                    .or_insert_with(|| (head.built.clone(), Vec::new()));
                values.push(raw);
            }
        }
    }

    /// The group of a line, and the lines that describe it where they are new.
    fn group(
        &mut self,
        own: Option<&Entry>,
        wanted: &str,
        attributes: &[(String, String)],
        lines: &mut Vec<Vec<u8>>,
    ) -> String {
        let about = |all: &[(String, String)]| -> Vec<(String, String)> {
            all.iter()
                .filter(|(name, _)| name.starts_with('.'))
                .cloned()
                .collect()
        };
        let after = about(attributes);
        let before = own.map(|own| about(&own.attributes)).unwrap_or_default();
        let slot = own.and_then(|own| self.slots.get(own.place.item));
        let known = slot.and_then(|slot| slot.item.as_ref()).and_then(group_of);
        if own.is_some() && before == after {
            return known.unwrap_or_default();
        }
        if after.is_empty() {
            return match known {
                Some(known) => {
                    self.leave(&known);
                    String::new()
                }
                None if self.groups.is_free(wanted) => self.groups.free(wanted),
                None => String::new(),
            };
        }
        let group = match known {
            // What described it alone is written anew under the same name.
            Some(known) if !self.groups.is_shared(&known) => {
                self.leave(&known);
                known
            }
            Some(known) => {
                self.leave(&known);
                self.groups.free("")
            }
            None => self.groups.free(wanted),
        };
        for (name, value) in &after {
            let line = Built {
                group: group.clone(),
                name: companion_label(name.trim_start_matches('.')).to_owned(),
                params: Vec::new(),
                value: escape(value),
            };
            lines.push(line.print(self.eol));
        }
        group
    }

    /// A property leaves its group; what described nothing else goes with it.
    fn leave(&mut self, group: &str) {
        if group.is_empty() {
            return;
        }
        for item in self.groups.leave(group) {
            if let Some(slot) = self.slots.get_mut(item) {
                slot.item = None;
            }
        }
    }

    fn touch(&mut self) {
        self.says = true;
        self.changed = true;
    }

    /// Puts lines beside those of the same property, and takes out what said the same silently.
    fn insert(&mut self, name: &str, items: Vec<Item<'a>>) {
        let silent = self.silent.remove(name).unwrap_or_default();
        let place = self.likes.get(name).or(silent.first()).copied();
        let place = place.or(self.last_line);
        for item in silent {
            if let Some(slot) = self.slots.get_mut(item) {
                slot.item = None;
            }
        }
        match place.and_then(|place| self.slots.get_mut(place)) {
            Some(slot) => slot.after.extend(items),
            None => self.front.extend(items),
        }
    }

    /// Replaces a component in this one, or takes it out.
    pub(super) fn set_child(&mut self, item: usize, node: Option<Node<'a>>) {
        self.changed = true;
        if let Some(slot) = self.slots.get_mut(item) {
            slot.item = node.map(Item::Node);
        }
    }

    /// Adds a component, after those of its name.
    pub(super) fn add_child(&mut self, node: Node<'a>) {
        self.changed = true;
        let place = self.children.get(&node.name).copied();
        let place = place
            .or(self.last_child)
            .or(self.slots.len().checked_sub(1));
        match place.and_then(|place| self.slots.get_mut(place)) {
            Some(slot) => slot.after.push(Item::Node(node)),
            None => self.front.push(Item::Node(node)),
        }
    }

    /// What was merged is as new as the newer of both, and has the greater SEQUENCE.
    pub(super) fn raise_stamps(&mut self, own: &Node<'a>, other: &Node<'a>) {
        for name in ["DTSTAMP", "LAST-MODIFIED", "REV", "SEQUENCE"] {
            let number = |value: String| match name {
                "SEQUENCE" => value.parse().ok().filter(|n: &i64| *n >= 0),
                _ => instant(&value),
            };
            let Some(theirs) = other.value(name).and_then(number) else {
                continue;
            };
            let ours = own.value(name).and_then(number);
            let missing = (name == "SEQUENCE" && theirs > 0).then_some(0);
            let Some(ours) = ours.or(missing) else {
                continue;
            };
            if ours >= theirs {
                continue;
            }
            let Some(built) = other.find(name, |p| self.adapt(Built::from(p), other, false)) else {
                continue;
            };
            let line = Item::Line(Cow::Owned(built.print(self.eol)));
            let place = own.items.iter().position(|item| match item {
                Item::Line(raw) => {
                    Property::parse(&unfold(raw)).is_some_and(|p| p.name.eq_ignore_ascii_case(name))
                }
                _ => false,
            });
            match place.and_then(|place| self.slots.get_mut(place)) {
                Some(slot) => slot.item = Some(line),
                None => self.insert(name, vec![line]),
            }
        }
    }

    /// The component, if anything in it was changed.
    pub(super) fn finish(mut self) -> Option<Node<'a>> {
        if !self.changed {
            return None;
        }
        for ((name, _), (mut built, values)) in std::mem::take(&mut self.fresh) {
            built.value = values.join(",");
            let line = Item::Line(Cow::Owned(built.print(self.eol)));
            self.insert(&name, vec![line]);
        }
        let mut node = self.frame;
        node.items = self.front;
        for slot in self.slots {
            let item = match slot.item {
                Some(Item::Line(raw)) if !slot.edits.is_empty() => {
                    let line = slot.edits.apply(&raw, self.eol);
                    line.map(|raw| Item::Line(Cow::Owned(raw)))
                }
                item => item,
            };
            node.items.extend(item);
            node.items.extend(slot.after);
        }
        Some(node)
    }
}

/// Something of a line of a component.
fn line<T>(node: &Node<'_>, item: usize, what: impl FnOnce(&Property<'_>) -> T) -> Option<T> {
    let Some(Item::Line(raw)) = node.items.get(item) else {
        return None;
    };
    let text = unfold(raw);
    Property::parse(&text).as_ref().map(what)
}

/// The last line before the first component in this one.
fn last_line(node: &Node<'_>) -> Option<usize> {
    let first = node
        .items
        .iter()
        .position(|item| matches!(item, Item::Node(_)));
    let lines = node.items.get(..first.unwrap_or(node.items.len()))?;
    lines.iter().rposition(|item| matches!(item, Item::Line(_)))
}

fn group_of(item: &Item<'_>) -> Option<String> {
    let Item::Line(raw) = item else { return None };
    let text = unfold(raw);
    let group = Property::parse(&text)?.group;
    (!group.is_empty()).then(|| group.to_owned())
}
