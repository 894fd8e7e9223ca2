use std::borrow::Cow;
use std::collections::BTreeMap;

use super::align::{Family, Shift, align, instance, recurrence_id, series, uids};
use super::draft::Draft;
use super::{Docs, Merger};
use crate::merge::canon::{Moment, canonical, entries};
use crate::merge::syntax::{Built, Eol, Item, Node, Property, unfold};
use crate::model::{Both, Side};

impl Merger<'_> {
    /// Merges the components in two components.
    pub(super) fn components<'a>(
        &mut self,
        nodes: Docs<Option<&Node<'a>>>,
        drafts: &mut Both<Draft<'a>>,
    ) {
        let (Some(left), Some(right)) = (nodes.now.left, nodes.now.right) else {
            return;
        };
        let now = Both::new(left, right);
        if left.children().next().is_none() && right.children().next().is_none() {
            return;
        }
        let several = nodes
            .each()
            .any(|doc| doc.is_some_and(|node| uids(node).len() > 1));
        let outer = self.context.clone();
        let shifts = shifts(nodes, several);
        let families = align(nodes, &shifts);
        // The UID under which each side knows all that is in it, if they never had one in common.
        let sole = |node: &Node<'_>| {
            let known = uids(node);
            let only = known.first().filter(|_| known.len() == 1);
            only.filter(|_| !several).cloned()
        };
        let before = Both::from_fn(|side| nodes.base[side].and_then(sole));
        let common = self.uids_travel && before.left.is_some() && before.left == before.right;
        let uid = Both::from_fn(|side| sole(now[side]).filter(|_| !common));
        self.context.shifts = shifts;
        self.context.edited = self.edited_instances(&families, several);
        for (key, family) in &families {
            let at = family.0.now;
            let Some((_, node)) = at.left.or(at.right) else {
                continue;
            };
            self.context.series = series(node, several);
            self.context.instance = match instance(key) {
                Some(id) => Some(id.to_owned()),
                None => outer.instance.clone(),
            };
            match (at.left, at.right) {
                (Some(left), Some(right)) => self.pair(family, Both::new(left, right), drafts),
                (Some(only), None) => self.single(family, Side::Left, only, &uid, drafts),
                (None, Some(only)) => self.single(family, Side::Right, only, &uid, drafts),
                (None, None) => {}
            }
        }
        self.context = outer;
    }

    /// Both sides have it.
    fn pair<'a>(
        &mut self,
        family: &Family<'_, 'a>,
        now: Both<(usize, &Node<'a>)>,
        drafts: &mut Both<Draft<'a>>,
    ) {
        let base = Both::from_fn(|side| family.0.base[side].map(|(_, node)| node));
        let (left, right) = (now.left.1, now.right.1);
        if left == right || base.left == Some(left) && base.right == Some(right) {
            return;
        }
        let merged = self.component(Docs {
            base,
            now: Both::new(Some(left), Some(right)),
        });
        let Both { left, right } = merged;
        for (side, merged) in [(Side::Left, left), (Side::Right, right)] {
            if let Some(node) = merged {
                drafts[side].set_child(now[side].0, Some(node));
            }
        }
    }

    /// Only `side` has it: the other one took it out, or never had it.
    fn single<'a>(
        &mut self,
        family: &Family<'_, 'a>,
        side: Side,
        (item, node): (usize, &Node<'a>),
        uid: &Both<Option<String>>,
        drafts: &mut Both<Draft<'a>>,
    ) {
        let other = side.other();
        let removed = family.0.base[other].is_some() && !self.provisional[other];
        if !is_edited(family, side) {
            if removed {
                drafts[side].set_child(item, None);
            }
            return;
        }
        let shift = self.context.shifts.get(&self.context.series).copied();
        let moved = match shift.filter(|shift| shift.mover == other) {
            Some(Shift { by: Some(by), .. }) => moved(node, by, self.eol[side]),
            // Nobody knows to which instance of the moved series it belongs.
            Some(_) if recurrence_id(node).is_some() => {
                self.conflict("DTSTART");
                None
            }
            _ => None,
        };
        if let Some(moved) = &moved {
            drafts[side].set_child(item, Some(moved.clone()));
        }
        let copy = moved
            .unwrap_or_else(|| node.clone())
            .with_eol(self.eol[other]);
        let known = uid[other].as_deref();
        drafts[other].add_child(adopted(copy, known, self.eol[other]));
    }

    /// The instances that one side edited and the other one does not have.
    fn edited_instances(
        &self,
        families: &[(String, Family<'_, '_>)],
        several: bool,
    ) -> std::collections::BTreeSet<(String, String)> {
        let mut out = std::collections::BTreeSet::new();
        for (_, family) in families {
            let (side, node) = match (family.0.now.left, family.0.now.right) {
                (Some((_, node)), None) => (Side::Left, node),
                (None, Some((_, node))) => (Side::Right, node),
                _ => continue,
            };
            if is_edited(family, side)
                && let Some(id) = recurrence_id(node)
            {
                out.insert((series(node, several), id));
            }
        }
        out
    }
}

/// Whether a side changed a component, or made it.
fn is_edited(family: &Family<'_, '_>, side: Side) -> bool {
    match (family.0.base[side], family.0.now[side]) {
        (Some((_, base)), Some((_, now))) => base != now && canonical(base) != canonical(now),
        (base, _) => base.is_none(),
    }
}

/// The series that exactly one side moved as a whole.
fn shifts(nodes: Docs<Option<&Node<'_>>>, several: bool) -> BTreeMap<String, Shift> {
    let mut out = BTreeMap::new();
    if nodes
        .each()
        .any(|doc| doc.is_none_or(|node| node.name != "VCALENDAR"))
    {
        return out;
    }
    let starts = |doc: &Node<'_>| -> BTreeMap<String, String> {
        let masters = doc
            .children()
            .filter(|node| node.value("RRULE").is_some() && node.value("RECURRENCE-ID").is_none());
        let start = |node: &Node<'_>| {
            let said = entries(node).said;
            let start = said.into_iter().find(|entry| entry.name == "DTSTART")?;
            Some((series(node, several), start.value))
        };
        masters.filter_map(start).collect()
    };
    let before = Both::from_fn(|side| nodes.base[side].map(starts).unwrap_or_default());
    let after = Both::from_fn(|side| nodes.now[side].map(starts).unwrap_or_default());
    for series in after
        .left
        .keys()
        .filter(|series| after.right.contains_key(*series))
    {
        let is_moved = |side: Side| {
            let before = before[side].get(series);
            before.is_some() && before != after[side].get(series)
        };
        let by = |side: Side| {
            let before = Moment::parse(before[side].get(series)?)?;
            Moment::parse(after[side].get(series)?)?.since(&before)
        };
        let mover = match (is_moved(Side::Left), is_moved(Side::Right)) {
            (true, false) => Side::Left,
            (false, true) => Side::Right,
            _ => continue,
        };
        let by = by(mover);
        out.insert(series.clone(), Shift { mover, by });
    }
    out
}

/// An override of a series that was moved: it is of the instance that its own one became. Where it
/// was at the time of the instance, it stays there.
fn moved<'a>(node: &Node<'a>, by: i64, eol: Eol) -> Option<Node<'a>> {
    let said = entries(node).said;
    let value = |name: &str| {
        said.iter()
            .find(|e| e.name == name)
            .map(|e| e.value.as_str())
    };
    let id = value("RECURRENCE-ID")?;
    let mut moving = vec!["RECURRENCE-ID"];
    if value("DTSTART") == Some(id) {
        moving.extend(["DTSTART", "DTEND", "DUE"]);
    }
    let mut out = node.clone();
    for entry in said.iter().filter(|e| moving.contains(&e.name.as_str())) {
        let later = Moment::parse(&entry.value)?.later(by)?;
        let Some(Item::Line(raw)) = out.items.get_mut(entry.place.item) else {
            continue;
        };
        let line = {
            let text = unfold(raw);
            let mut built = Built::from(&Property::parse(&text)?);
            built.value = later;
            built.print(eol)
        };
        *raw = Cow::Owned(line);
    }
    Some(out)
}

/// A component for a document in which the item is known under a UID of its own.
fn adopted<'a>(mut node: Node<'a>, uid: Option<&str>, eol: Eol) -> Node<'a> {
    let Some(uid) = uid else { return node };
    if node.name == "VALARM" || node.value("UID").is_none_or(|own| own == uid) {
        return node;
    }
    for item in &mut node.items {
        let Item::Line(raw) = item else { continue };
        let line = {
            let text = unfold(raw);
            let property = Property::parse(&text).filter(|p| p.name.eq_ignore_ascii_case("UID"));
            let Some(property) = property else { continue };
            let mut built = Built::from(&property);
            uid.clone_into(&mut built.value);
            built.print(eol)
        };
        *raw = Cow::Owned(line);
    }
    node
}

impl<'a> Node<'a> {
    /// The same component with other ends of lines.
    pub(super) fn with_eol(mut self, eol: Eol) -> Self {
        let convert = |raw: &mut Cow<'a, [u8]>| {
            if let Cow::Owned(changed) = eol.apply(raw) {
                *raw = Cow::Owned(changed);
            }
        };
        convert(&mut self.begin);
        convert(&mut self.end);
        for item in &mut self.items {
            match item {
                Item::Line(raw) | Item::Other(raw) => convert(raw),
                Item::Node(node) => *node = std::mem::take(node).with_eol(eol),
            }
        }
        self
    }
}
