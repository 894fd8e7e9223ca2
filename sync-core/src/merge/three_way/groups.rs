//! Properties of a vCard that stand together under one name (RFC 6350 section 3.3).

use std::collections::BTreeMap;

use crate::merge::canon::is_companion;
use crate::merge::syntax::{Item, Node, Property, unfold};

/// The groups of a card.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// By name, upper case.
    by_name: BTreeMap<String, Group>,
    /// Names of the form `item7` up to this number are taken.
    taken: usize,
}

#[derive(Debug, Default)]
struct Group {
    leaders: usize,
    companions: Vec<usize>,
}

impl Groups {
    pub(super) fn of(card: &Node<'_>) -> Self {
        let mut all = Self::default();
        for (i, item) in card.items.iter().enumerate() {
            let Item::Line(raw) = item else { continue };
            let text = unfold(raw);
            let Some(property) = Property::parse(&text).filter(|p| !p.group.is_empty()) else {
                continue;
            };
            let group = all.claim(property.group);
            if is_companion(property.name) {
                group.companions.push(i);
            } else {
                group.leaders += 1;
            }
        }
        all
    }

    fn claim(&mut self, name: &str) -> &mut Group {
        let name = name.to_ascii_uppercase();
        let number = name.strip_prefix("ITEM").and_then(|n| n.parse().ok());
        self.taken = self.taken.max(number.unwrap_or(0).min(1 << 24));
        self.by_name.entry(name).or_default()
    }

    /// A name that no group has yet: this one if it is free.
    pub(super) fn free(&mut self, wanted: &str) -> String {
        let taken = wanted.is_empty() || self.by_name.contains_key(&wanted.to_ascii_uppercase());
        let name = if taken {
            format!("item{}", self.taken + 1)
        } else {
            wanted.to_owned()
        };
        self.claim(&name).leaders = 1;
        name
    }

    pub(super) fn is_free(&self, name: &str) -> bool {
        !name.is_empty() && !self.by_name.contains_key(&name.to_ascii_uppercase())
    }

    /// Whether several properties share what describes the group.
    pub(super) fn is_shared(&self, name: &str) -> bool {
        let group = self.by_name.get(&name.to_ascii_uppercase());
        group.is_some_and(|group| group.leaders > 1)
    }

    /// A property left its group. The lines that describe nothing any more.
    pub(super) fn leave(&mut self, name: &str) -> Vec<usize> {
        match self.by_name.get_mut(&name.to_ascii_uppercase()) {
            None => Vec::new(),
            Some(group) => {
                group.leaders = group.leaders.saturating_sub(1);
                if group.leaders > 0 {
                    return Vec::new();
                }
                std::mem::take(&mut group.companions)
            }
        }
    }
}
