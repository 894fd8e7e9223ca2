use std::collections::BTreeMap;

use bytes::Bytes;

use super::component::{Component, Property};
use super::{Merged, Version};
use crate::model::{Both, Side};

/// Properties of which a component may have several, each an item of a list.
const LISTS: [&str; 18] = [
    "ADR",
    "ATTACH",
    "ATTENDEE",
    "CATEGORIES",
    "COMMENT",
    "CONTACT",
    "EMAIL",
    "EXDATE",
    "EXRULE",
    "IMPP",
    "MEMBER",
    "NICKNAME",
    "RDATE",
    "RELATED",
    "RESOURCES",
    "RRULE",
    "TEL",
    "URL",
];

struct Merger {
    winner: Side,
    provisional: Both<bool>,
    conflicts: Vec<String>,
}

pub(super) fn merge(sides: Both<Version<'_>>, winner: Side) -> Merged {
    let now = Both::from_fn(|side| Component::parse(sides[side].now));
    let base = Both::from_fn(|side| sides[side].base.map(Component::parse));
    let mut merger = Merger {
        winner,
        provisional: Both::from_fn(|side| sides[side].provisional),
        conflicts: Vec::new(),
    };
    let bases = Both::from_fn(|side| base[side].as_ref());
    let merged = merger.component(bases, Both::new(&now.left, &now.right));
    let loser = (!merger.conflicts.is_empty()).then(|| winner.other());
    merger.conflicts.sort_unstable();
    merger.conflicts.dedup();
    Merged {
        result: Both::from_fn(|side| {
            let changed = merged[side].canonical() != now[side].canonical();
            changed.then(|| Bytes::from(merged[side].print()))
        }),
        conflicts: merger.conflicts,
        loser,
    }
}

impl Merger {
    fn component(
        &mut self,
        base: Both<Option<&Component>>,
        now: Both<&Component>,
    ) -> Both<Component> {
        let mut result = Both::new(now.left.clone(), now.right.clone());
        self.properties(base, now, &mut result);
        self.components(base, now, &mut result);
        result
    }

    fn properties(
        &mut self,
        base: Both<Option<&Component>>,
        now: Both<&Component>,
        result: &mut Both<Component>,
    ) {
        let before = Both::from_fn(|side| base[side].map(by_name).unwrap_or_default());
        let after = Both::new(by_name(now.left), by_name(now.right));
        let mut names: Vec<&str> = after
            .left
            .keys()
            .chain(after.right.keys())
            .copied()
            .collect();
        names.extend(before.left.keys().chain(before.right.keys()));
        names.sort_unstable();
        names.dedup();
        for name in names {
            let held = Both::from_fn(|side| values(&after[side], name));
            let known = Both::from_fn(|side| {
                let known = values(&before[side], name);
                match self.provisional[side] {
                    // Missing values were perhaps never kept: they do not count as known.
                    true => known
                        .into_iter()
                        .filter(|v| contains(&held[side], v))
                        .collect(),
                    false => known,
                }
            });
            self.values(name, &known, &held, result);
        }
    }

    /// Merges the values of one property name.
    fn values(
        &mut self,
        name: &str,
        known: &Both<Vec<&Property>>,
        held: &Both<Vec<&Property>>,
        result: &mut Both<Component>,
    ) {
        let changed = Both::from_fn(|side| !same(&known[side], &held[side]));
        if same(&held.left, &held.right) || !(changed.left || changed.right) {
            return;
        }
        let several = [&known.left, &known.right, &held.left, &held.right]
            .iter()
            .any(|v| v.len() > 1);
        let base_name = name.rsplit('.').next().unwrap_or(name);
        if several || LISTS.contains(&base_name) {
            for side in Side::BOTH {
                let from = side.other();
                let mut target: Vec<&Property> = held[side]
                    .iter()
                    .copied()
                    .filter(|v| contains(&held[from], v) || !contains(&known[from], v))
                    .collect();
                let fresh: Vec<&Property> = held[from]
                    .iter()
                    .copied()
                    .filter(|v| !contains(&known[from], v) && !contains(&target, v))
                    .collect();
                target.extend(fresh);
                replace(&mut result[side], name, &target);
            }
            return;
        }
        let from = match (changed.left, changed.right) {
            (true, false) => Side::Left,
            (false, true) => Side::Right,
            _ => {
                // Whoever still has a value wins over who removed it; else the rule decides.
                match (held.left.is_empty(), held.right.is_empty()) {
                    (false, true) => Side::Left,
                    (true, false) => Side::Right,
                    _ => {
                        self.conflicts.push(name.to_owned());
                        self.winner
                    }
                }
            }
        };
        replace(&mut result[from.other()], name, &held[from]);
    }

    fn components(
        &mut self,
        base: Both<Option<&Component>>,
        now: Both<&Component>,
        result: &mut Both<Component>,
    ) {
        let before = Both::from_fn(|side| base[side].map(by_key).unwrap_or_default());
        let after = Both::new(by_key(now.left), by_key(now.right));
        let mut keys: Vec<&String> = after.left.keys().chain(after.right.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            match (after.left.get(key), after.right.get(key)) {
                (Some(left), Some(right)) => {
                    let known = Both::from_fn(|side| before[side].get(key).copied());
                    let merged = self.component(known, Both::new(left, right));
                    put(&mut result.left, key, Some(merged.left));
                    put(&mut result.right, key, Some(merged.right));
                }
                (Some(only), None) => self.one_sided(Side::Left, key, only, &before, result),
                (None, Some(only)) => self.one_sided(Side::Right, key, only, &before, result),
                (None, None) => {}
            }
        }
    }

    /// Only `side` has the component: the other one removed it, or never had it.
    fn one_sided(
        &self,
        side: Side,
        key: &str,
        only: &Component,
        before: &Both<BTreeMap<String, &Component>>,
        result: &mut Both<Component>,
    ) {
        let other = side.other();
        let removed = before[other].contains_key(key) && !self.provisional[other];
        let edited = before[side]
            .get(key)
            .is_none_or(|known| known.canonical() != only.canonical());
        if removed && !edited {
            put(&mut result[side], key, None);
        } else if removed || !before[side].contains_key(key) {
            put(&mut result[other], key, Some(only.clone()));
        }
    }
}

fn by_name(component: &Component) -> BTreeMap<&str, Vec<&Property>> {
    let mut map: BTreeMap<&str, Vec<&Property>> = BTreeMap::new();
    for property in component.properties.iter().filter(|p| !p.is_noise()) {
        map.entry(&property.name).or_default().push(property);
    }
    map
}

fn by_key(component: &Component) -> BTreeMap<String, &Component> {
    component.components.iter().map(|c| (c.key(), c)).collect()
}

fn values<'a>(map: &BTreeMap<&str, Vec<&'a Property>>, name: &str) -> Vec<&'a Property> {
    map.get(name).cloned().unwrap_or_default()
}

fn contains(values: &[&Property], value: &Property) -> bool {
    values.iter().any(|v| v.canonical == value.canonical)
}

fn same(a: &[&Property], b: &[&Property]) -> bool {
    a.len() == b.len() && a.iter().all(|v| contains(b, v)) && b.iter().all(|v| contains(a, v))
}

/// Makes these the values of a name: what stays keeps its place and bytes.
fn replace(component: &mut Component, name: &str, target: &[&Property]) {
    let at = component.properties.iter().position(|p| p.name == name);
    let mut wanted: Vec<Property> = target.iter().map(|p| (*p).clone()).collect();
    component.properties.retain(|p| {
        if p.name != name {
            return true;
        }
        match wanted.iter().position(|w| w.canonical == p.canonical) {
            Some(index) => {
                wanted.remove(index);
                true
            }
            None => false,
        }
    });
    let last = component
        .properties
        .iter()
        .rposition(|p| p.name == name)
        .map(|i| i + 1);
    let place = last
        .or(at)
        .unwrap_or(component.properties.len())
        .min(component.properties.len());
    component.properties.splice(place..place, wanted);
}

fn put(component: &mut Component, key: &str, new: Option<Component>) {
    let at = component.components.iter().position(|c| c.key() == key);
    match (at, new) {
        (Some(index), Some(new)) => {
            if let Some(slot) = component.components.get_mut(index) {
                *slot = new;
            }
        }
        (Some(index), None) => {
            component.components.remove(index);
        }
        (None, Some(new)) => component.components.push(new),
        (None, None) => {}
    }
}
