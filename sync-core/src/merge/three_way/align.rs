//! Which components of four documents are one.

use std::collections::{BTreeMap, BTreeSet};

use super::Docs;
use super::alarms::Alarms;
use crate::merge::canon::{Moment, canonical, entries};
use crate::merge::syntax::{Item, Node};
use crate::model::Side;

/// One component in the documents that have it, with its place there.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Family<'n, 'a>(pub(super) Docs<Option<(usize, &'n Node<'a>)>>);

/// What became of a series that one side moved as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) mover: Side,
    /// By how many seconds; none if it is told by another clock now.
    pub(super) by: Option<i64>,
}

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
    for (series, shift) in shifts {
        if let Some(by) = shift.by {
            follow(&mut families, series, shift.mover, by);
        }
    }
    let alarms = alarms.finish().into_iter().enumerate();
    let mut all: Vec<_> = families.into_iter().collect();
    all.extend(alarms.map(|(i, family)| (format!("VALARM\u{1}{i:06}"), family)));
    all
}

/// What a component is called among its siblings.
fn key(node: &Node<'_>, several: bool) -> String {
    let id = match node.name.as_str() {
        "VEVENT" | "VTODO" | "VJOURNAL" | "VFREEBUSY" | "VAVAILABILITY" | "AVAILABLE" => {
            let id = recurrence_id(node).unwrap_or_default();
            // Servers put a series into a zone of their own that has the same clock.
            let by_clock = id.split('@').next().unwrap_or_default();
            return format!("{}\u{2}{by_clock}", series(node, several));
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

/// The instance of a series that the key of a family names.
pub(super) fn instance(key: &str) -> Option<&str> {
    let (series, rest) = key.split_once('\u{2}')?;
    let (id, _) = rest.rsplit_once('\u{1}')?;
    (series.contains('\u{3}') && !id.is_empty()).then_some(id)
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
