//! Which components of four documents are one.

use std::collections::{BTreeMap, BTreeSet};

use super::{At, Docs};
use crate::merge::canon::{Entry, Moment, canonical, entries};
use crate::merge::syntax::{Item, Node};
use crate::model::Side;

/// One component in the documents that have it, with its place there.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Family<'n, 'a>(pub(super) Docs<Option<(usize, &'n Node<'a>)>>);

/// A series that somebody moved as a whole: by how many seconds, on which side.
pub(super) type Shift = (Side, i64);

/// The components in four documents, those that are one together, in an order that depends on what
/// they are. Definitions of time zones are left out.
pub(super) fn align<'n, 'a>(
    docs: Docs<Option<&'n Node<'a>>>,
    shifts: &BTreeMap<String, Shift>,
) -> Vec<(String, Family<'n, 'a>)> {
    let several = docs
        .each()
        .any(|doc| doc.is_some_and(|node| uids(node).len() > 1));
    let mut families: BTreeMap<String, Family<'n, 'a>> = BTreeMap::new();
    let mut alarms = Alarms::default();
    for at in Docs::<()>::ALL {
        let Some(doc) = *docs.get(at) else { continue };
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut mine = Vec::new();
        for (item, content) in doc.items.iter().enumerate() {
            let Item::Node(node) = content else { continue };
            match node.name.as_str() {
                "VTIMEZONE" => {}
                "VALARM" => mine.push((item, node)),
                _ => {
                    let key = key(node, several);
                    let count = counts.entry(key.clone()).or_default();
                    *count += 1;
                    let family = families.entry(format!("{key}\u{1}{count}")).or_default();
                    *family.0.get_mut(at) = Some((item, node));
                }
            }
        }
        alarms.add(at, mine);
    }
    for (series, (side, by)) in shifts {
        follow(&mut families, series, *side, *by);
    }
    let alarms = alarms.families.into_iter().enumerate();
    let mut all: Vec<_> = families.into_iter().collect();
    all.extend(alarms.map(|(i, family)| (format!("VALARM\u{1}{i:06}"), family)));
    all
}

/// What a component is called among its siblings.
fn key(node: &Node<'_>, several: bool) -> String {
    let id = match node.name.as_str() {
        "VEVENT" | "VTODO" | "VJOURNAL" | "VFREEBUSY" | "VAVAILABILITY" | "AVAILABLE" => {
            return format!(
                "{}\u{2}{}",
                series(node, several),
                recurrence_id(node).unwrap_or_default()
            );
        }
        "VCALENDAR" => None,
        "VCARD" => node.value("UID").filter(|_| several),
        _ => Some(node.value("UID").unwrap_or_else(|| canonical(node))),
    };
    format!("{}\u{2}{}", node.name, id.unwrap_or_default())
}

/// The name of the series that a component belongs to.
pub(super) fn series(node: &Node<'_>, several: bool) -> String {
    let uid = node.value("UID").filter(|_| several);
    format!("{}\u{3}{}", node.name, uid.unwrap_or_default())
}

/// The canonical form of a RECURRENCE-ID.
pub(super) fn recurrence_id(node: &Node<'_>) -> Option<String> {
    let said = node.value("RECURRENCE-ID").map(|_| entries(node).said)?;
    let mut ids = said.into_iter().filter(|e| e.name == "RECURRENCE-ID");
    ids.next().map(|id| id.value)
}

/// All UIDs of the components in a document.
pub(super) fn uids(node: &Node<'_>) -> BTreeSet<String> {
    let children = node.children().filter(|c| c.name != "VALARM");
    children.filter_map(|c| c.value("UID")).collect()
}

/// Where a series was moved and its overrides with it, they are the ones they were.
fn follow<'n, 'a>(
    families: &mut BTreeMap<String, Family<'n, 'a>>,
    series: &str,
    side: Side,
    by: i64,
) {
    let prefix = format!("{series}\u{2}");
    let range = families.range(prefix.clone()..);
    let mut moved = Vec::new();
    for (key, family) in range.take_while(|(key, _)| key.starts_with(&prefix)) {
        let (base, now) = (family.0.base[side], family.0.now[side]);
        let Some((rest, count)) = key.rsplit_once('\u{1}') else {
            continue;
        };
        let id = rest.get(prefix.len()..).unwrap_or_default();
        let before = Moment::parse(id).and_then(|moment| moment.shifted(-by));
        let before = before.map(|before| format!("{prefix}{before}\u{1}{count}"));
        if let (None, Some(now), Some(before)) = (base, now, before) {
            moved.push((key.clone(), now, before));
        }
    }
    for (key, now, before) in moved {
        let Some(family) = families.get_mut(&before) else {
            continue;
        };
        if family.0.now[side].is_some() {
            continue;
        }
        family.0.now[side] = Some(now);
        if let Some(left) = families.get_mut(&key) {
            left.0.now[side] = None;
        }
    }
}

/// Alarms are one if they have one UID, else if they do the same at the same time.
#[derive(Default)]
struct Alarms<'n, 'a> {
    families: Vec<Family<'n, 'a>>,
    by_uid: BTreeMap<String, usize>,
    by_deed: BTreeMap<String, Vec<usize>>,
}

impl<'n, 'a> Alarms<'n, 'a> {
    fn add(&mut self, at: At, alarms: Vec<(usize, &'n Node<'a>)>) {
        let mut unknown = Vec::new();
        for (item, node) in alarms {
            let uid = node.value("UID").or_else(|| node.value("X-WR-ALARMUID"));
            let known = uid.as_ref().and_then(|uid| self.by_uid.get(uid)).copied();
            let free = known.filter(|i| self.is_free(*i, at));
            match free {
                Some(family) => self.put(family, at, (item, node), uid),
                None => unknown.push((canonical(node), uid, item, node)),
            }
        }
        // Which of several equal ones is which does not depend on their order.
        unknown.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.2.cmp(&b.2)));
        let mut cursors: BTreeMap<String, usize> = BTreeMap::new();
        for (_, uid, item, node) in unknown {
            let deed = deed(node);
            let cursor = cursors.entry(deed.clone()).or_default();
            let known = self.by_deed.get(&deed).map_or(&[][..], Vec::as_slice);
            let found = loop {
                let Some(family) = known.get(*cursor).copied() else {
                    break None;
                };
                *cursor += 1;
                if self.is_free(family, at) {
                    break Some(family);
                }
            };
            let family = found.unwrap_or_else(|| {
                self.families.push(Family::default());
                self.families.len() - 1
            });
            self.put(family, at, (item, node), uid);
        }
    }

    fn is_free(&self, family: usize, at: At) -> bool {
        let family = self.families.get(family);
        family.is_some_and(|family| family.0.get(at).is_none())
    }

    fn put(&mut self, index: usize, at: At, alarm: (usize, &'n Node<'a>), uid: Option<String>) {
        self.by_deed.entry(deed(alarm.1)).or_default().push(index);
        if let Some(uid) = uid {
            self.by_uid.entry(uid).or_insert(index);
        }
        if let Some(family) = self.families.get_mut(index) {
            *family.0.get_mut(at) = Some(alarm);
        }
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
