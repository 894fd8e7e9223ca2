//! Which alarms of four documents are one.

use std::collections::{BTreeMap, BTreeSet};

use super::align::Family;
use super::{At, Docs};
use crate::merge::canon::{Entry, canonical, entries};
use crate::merge::syntax::Node;
use crate::model::Side;

/// Which documents have it, in the order of [`Docs::ALL`].
type Documents = [bool; 4];

fn documents(family: &Family<'_, '_>) -> Documents {
    Docs::<()>::ALL.map(|at| family.0.get(at).is_some())
}

/// Alarms are one if they have one UID, else if they do the same at the same time.
#[derive(Default)]
pub(super) struct Alarms<'n, 'a> {
    families: Vec<Family<'n, 'a>>,
    by_uid: BTreeMap<String, usize>,
    /// What each family does, in any of the documents.
    by_deed: BTreeMap<String, Vec<usize>>,
    /// Those without a UID, by what they do.
    unnamed: Vec<(String, At, usize, &'n Node<'a>)>,
}

impl<'n, 'a> Alarms<'n, 'a> {
    pub(super) fn add(&mut self, at: At, mut alarms: Vec<(usize, &'n Node<'a>)>) {
        // Which of several equal ones is which does not depend on their order.
        alarms.sort_by_cached_key(|(_, node)| canonical(node));
        for (item, node) in alarms {
            let uid = node.value("UID").or_else(|| node.value("X-WR-ALARMUID"));
            let Some(uid) = uid else {
                self.unnamed.push((deed(node), at, item, node));
                continue;
            };
            let family = match self.by_uid.get(&uid) {
                Some(known) => *known,
                None => self.found(),
            };
            if self.put(family, at, (item, node)) {
                self.by_uid.insert(uid, family);
                self.by_deed.entry(deed(node)).or_default().push(family);
            } else {
                self.unnamed.push((deed(node), at, item, node));
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<Family<'n, 'a>> {
        self.join_all();
        let mut cursors: BTreeMap<(String, bool, Side), usize> = BTreeMap::new();
        for (deed, at, item, node) in std::mem::take(&mut self.unnamed) {
            let cursor = cursors.entry((deed.clone(), at.now, at.side)).or_default();
            loop {
                let known = self.by_deed.get(&deed).and_then(|known| known.get(*cursor));
                let family = match known {
                    Some(known) => *known,
                    None => {
                        let new = self.found();
                        self.by_deed.entry(deed.clone()).or_default().push(new);
                        new
                    }
                };
                *cursor += 1;
                if self.put(family, at, (item, node)) {
                    break;
                }
            }
        }
        self.families
            .retain(|family| family.0.each().any(Option::is_some));
        self.families
    }

    /// A client may give an alarm another UID, and each side may have its own.
    fn join_all(&mut self) {
        let only =
            |at: usize| move |has: Documents| has.iter().enumerate().all(|(i, h)| *h == (i == at));
        self.join(only(0), only(2));
        self.join(only(1), only(3));
        let side = |one: usize, other: usize| {
            move |has: Documents| {
                let has = |i: usize| has.get(i).copied().unwrap_or(false);
                (has(one) || has(one + 2)) && !has(other) && !has(other + 2)
            }
        };
        self.join(side(0, 1), side(1, 0));
    }

    /// Makes one of families that do the same, one of which is in these documents and the other in
    /// those.
    fn join(&mut self, one: impl Fn(Documents) -> bool, other: impl Fn(Documents) -> bool) {
        let mut names: BTreeMap<usize, &String> = BTreeMap::new();
        for (uid, family) in &self.by_uid {
            names.entry(*family).or_insert(uid);
        }
        let mut pairs = Vec::new();
        for known in self.by_deed.values_mut() {
            known.sort_unstable_by_key(|family| names.get(family));
            known.dedup();
            let has = |family: &usize| self.families.get(*family).map(documents);
            let ones = known.iter().filter(|f| has(f).is_some_and(&one));
            let others = known.iter().filter(|f| has(f).is_some_and(&other));
            pairs.extend(ones.copied().zip(others.copied()));
        }
        // Which family each one has become part of, or still is.
        let mut joined: BTreeMap<usize, usize> = BTreeMap::new();
        for (one, other) in pairs {
            if joined.contains_key(&one) || joined.contains_key(&other) {
                continue;
            }
            joined.extend([(one, one), (other, one)]);
            let taken = self.families.get_mut(other).map(std::mem::take);
            for at in Docs::<()>::ALL {
                if let Some(alarm) = taken.and_then(|taken| *taken.0.get(at)) {
                    self.put(one, at, alarm);
                }
            }
        }
        let now = |family: &mut usize| *family = joined.get(family).copied().unwrap_or(*family);
        self.by_uid.values_mut().for_each(now);
        for known in self.by_deed.values_mut() {
            known.iter_mut().for_each(now);
            let mut seen = BTreeSet::new();
            known.retain(|family| seen.insert(*family));
        }
    }

    fn found(&mut self) -> usize {
        self.families.push(Family::default());
        self.families.len() - 1
    }

    /// Whether the family had no alarm of this document yet.
    fn put(&mut self, family: usize, at: At, alarm: (usize, &'n Node<'a>)) -> bool {
        let Some(family) = self.families.get_mut(family) else {
            return false;
        };
        let slot = family.0.get_mut(at);
        let free = slot.is_none();
        if free {
            *slot = Some(alarm);
        }
        free
    }
}

/// What an alarm does, and when.
fn deed(node: &Node<'_>) -> String {
    let said = entries(node).said;
    let of = |name: &str| {
        let found = said.iter().find(|e| e.name == name);
        found.map(Entry::canonical).unwrap_or_default()
    };
    format!("{}\u{1}{}", of("ACTION"), of("TRIGGER"))
}
