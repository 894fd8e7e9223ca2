use std::collections::{BTreeMap, BTreeSet};

use super::{Merger, text};
use crate::merge::canon::{Class, Entries, Entry, Moment, instant};
use crate::merge::syntax::escape;
use crate::model::{Both, Side};

/// One thing that the documents of a merge may say, and how each of them says it.
#[derive(Debug)]
pub(super) struct Cell<'e> {
    pub(super) name: &'e str,
    /// What each side said before, as far as it is known that it could.
    pub(super) base: Both<Option<&'e Entry>>,
    pub(super) now: Both<Option<&'e Entry>>,
    /// Where a side says it again.
    pub(super) twins: Both<Vec<&'e Entry>>,
}

/// What becomes of a cell on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    Remove,
    Write(Write),
}

/// A line to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write {
    /// The side whose line it starts from.
    pub(super) from: Side,
    /// The value, as it shall stand there, if it is not the line's.
    pub(super) value: Option<String>,
    /// The attributes that it shall have.
    pub(super) attributes: Vec<(String, String)>,
}

impl Verdict {
    /// The entry of this side as it is.
    pub(super) fn copy(from: Side, entry: &Entry) -> Self {
        Self::Write(Write {
            from,
            value: None,
            attributes: entry.attributes.clone(),
        })
    }
}

impl Cell<'_> {
    pub(super) fn changed(&self, side: Side) -> bool {
        !same(self.base[side], self.now[side])
    }

    /// Whether both sides say the same now.
    pub(super) fn agrees(&self) -> bool {
        same(self.now.left, self.now.right)
    }

    /// Both sides shall say what this one says.
    pub(super) fn take(&self, from: Side) -> Both<Verdict> {
        let mut verdicts = Both::new(Verdict::Keep, Verdict::Keep);
        if !self.agrees() {
            verdicts[from.other()] = match self.now[from] {
                Some(entry) => Verdict::copy(from, entry),
                None => Verdict::Remove,
            };
        }
        verdicts
    }
}

/// Whether both say the same, or neither says anything.
pub(super) fn same(a: Option<&Entry>, b: Option<&Entry>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.same(b),
        (None, None) => true,
        _ => false,
    }
}

/// Finds what belongs together.
///
/// Where a document says several things under one key, only what is wholly equal is one.
pub(super) fn cells<'e>(
    base: Both<Option<&'e Entries>>,
    now: Both<&'e Entries>,
    provisional: Both<bool>,
) -> Vec<Cell<'e>> {
    let mut all: Vec<(&'e Entry, bool, Side)> = Vec::new();
    for side in Side::BOTH {
        let known = base[side].into_iter().flat_map(|b| &b.said);
        all.extend(known.map(|entry| (entry, false, side)));
        all.extend(now[side].said.iter().map(|entry| (entry, true, side)));
    }
    all.sort_by(|(a, ..), (b, ..)| (&a.name, &a.key).cmp(&(&b.name, &b.key)));
    let mut out = Vec::new();
    for run in all.chunk_by_mut(|(a, ..), (b, ..)| a.name == b.name && a.key == b.key) {
        if let Some(cell) = one(run) {
            out.push(cell);
            continue;
        }
        run.sort_by(|(a, ..), (b, ..)| (&a.value, &a.attributes).cmp(&(&b.value, &b.attributes)));
        let equal = run.chunk_by(|(a, ..), (b, ..)| a.same(b));
        out.extend(equal.filter_map(one));
    }
    for cell in &mut out {
        for side in Side::BOTH {
            // What is missing was perhaps never kept: it does not count as known.
            if provisional[side] && cell.now[side].is_none() {
                cell.base[side] = None;
            }
        }
    }
    out
}

/// The cell of these entries, unless a document has different ones among them.
fn one<'e>(run: &[(&'e Entry, bool, Side)]) -> Option<Cell<'e>> {
    let (first, ..) = run.first()?;
    let mut cell = Cell {
        name: &first.name,
        base: Both::default(),
        now: Both::default(),
        twins: Both::default(),
    };
    for (entry, now, side) in run {
        let place = if *now { &mut cell.now } else { &mut cell.base };
        match place[*side] {
            None => place[*side] = Some(entry),
            Some(known) if !known.same(entry) => return None,
            Some(_) if *now => cell.twins[*side].push(entry),
            Some(_) => {}
        }
    }
    Some(cell)
}

impl Merger<'_> {
    /// What follows from the changes of both sides of one cell.
    pub(super) fn decide(&mut self, cell: &Cell<'_>) -> Both<Verdict> {
        let changed = Both::from_fn(|side| cell.changed(side));
        if cell.agrees() || !(changed.left || changed.right) {
            return Both::new(Verdict::Keep, Verdict::Keep);
        }
        match (cell.now.left, cell.now.right) {
            (Some(left), Some(_)) if left.class == Class::Own => match self.uids_travel {
                true => own(cell, &changed),
                false => Both::new(Verdict::Keep, Verdict::Keep),
            },
            (Some(left), Some(right)) => self.both(cell, Both::new(left, right)),
            (Some(only), None) => one_sided(cell, Side::Left, only),
            (None, Some(only)) => one_sided(cell, Side::Right, only),
            (None, None) => Both::new(Verdict::Keep, Verdict::Keep),
        }
    }

    fn both(&mut self, cell: &Cell<'_>, now: Both<&Entry>) -> Both<Verdict> {
        let changed =
            Both::from_fn(|side| cell.base[side].is_none_or(|base| base.value != now[side].value));
        let mut text = None;
        let from = if now.left.value == now.right.value {
            None
        } else {
            match (changed.left, changed.right) {
                (false, false) => None,
                (true, false) => Some(Side::Left),
                (false, true) => Some(Side::Right),
                (true, true) => {
                    text = merged_text(cell, now);
                    match text {
                        Some(_) => None,
                        None => Some(self.contested(cell.name, now)),
                    }
                }
            }
        };
        let attributes = self.attributes(cell, now);
        Both::from_fn(|side| {
            let from = from.unwrap_or(side);
            if from == side && text.is_none() && attributes[side] == now[side].attributes {
                return Verdict::Keep;
            }
            Verdict::Write(Write {
                from,
                value: text.clone(),
                attributes: attributes[side].clone(),
            })
        })
    }

    /// The side whose value stays where both changed it.
    fn contested(&mut self, name: &str, now: Both<&Entry>) -> Side {
        if now.left.class == Class::Latest {
            let at = |side: Side| Moment::parse(&now[side].value).map(|m| m.seconds);
            return if at(Side::Left) > at(Side::Right) {
                Side::Left
            } else {
                Side::Right
            };
        }
        self.conflict(name);
        self.winner()
    }

    /// Merges the parameters of one property, each for itself.
    fn attributes(&mut self, cell: &Cell<'_>, now: Both<&Entry>) -> Both<Vec<(String, String)>> {
        let mut result = Both::from_fn(|side| now[side].attributes.clone());
        if result.left == result.right {
            return result;
        }
        let all = now.left.attributes.iter().chain(&now.right.attributes);
        let mut names: Vec<&String> = all.map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        // What each side gets from the other one, by name.
        let mut given: Both<BTreeMap<&str, Option<&str>>> = Both::default();
        for name in names {
            let held = Both::from_fn(|side| now[side].attribute(name));
            let known = Both::from_fn(|side| {
                let known = cell.base[side].and_then(|base| base.attribute(name));
                known.filter(|_| held[side].is_some() || !self.provisional[side])
            });
            let changed = Both::from_fn(|side| known[side] != held[side]);
            let from = match (changed.left, changed.right) {
                _ if held.left == held.right => continue,
                (false, false) => continue,
                (true, false) => Side::Left,
                (false, true) => Side::Right,
                (true, true) => match (held.left, held.right) {
                    (Some(_), None) => Side::Left,
                    (None, Some(_)) => Side::Right,
                    _ => {
                        self.conflict(cell.name);
                        self.winner()
                    }
                },
            };
            given[from.other()].insert(name, held[from]);
        }
        for side in Side::BOTH {
            let target = &mut result[side];
            target.retain(|(name, _)| !given[side].contains_key(name.as_str()));
            let new = given[side]
                .iter()
                .filter_map(|(name, value)| value.map(|v| (*name, v)));
            target.extend(new.map(|(name, value)| (name.to_owned(), value.to_owned())));
            target.sort_unstable();
        }
        result
    }

    /// What follows for an EXDATE that one side added, if the other one meanwhile edited the
    /// instance or moved the series.
    ///
    /// `held` are the instances that each side takes out of a series that was moved.
    pub(super) fn exception(
        &self,
        cell: &Cell<'_>,
        held: &Both<BTreeSet<&str>>,
    ) -> Option<Both<Verdict>> {
        if cell.name != "EXDATE" || cell.base.left.is_some() || cell.base.right.is_some() {
            return None;
        }
        let (side, entry) = match (cell.now.left, cell.now.right) {
            (Some(entry), None) => (Side::Left, entry),
            (None, Some(entry)) => (Side::Right, entry),
            _ => return None,
        };
        let instance = (self.context.series.clone(), entry.value.clone());
        if self.context.edited.contains(&instance) {
            // The edit beats the deletion.
            let mut verdicts = Both::new(Verdict::Keep, Verdict::Keep);
            verdicts[side] = Verdict::Remove;
            return Some(verdicts);
        }
        let shift = self.context.shifts.get(&self.context.series)?;
        let (mover, by) = (shift.mover, shift.by?);
        let moment = Moment::parse(&entry.value).filter(|_| mover != side)?;
        let shifted = Verdict::Write(Write {
            from: side,
            value: Some(moment.later(by)?),
            attributes: entry.attributes.clone(),
        });
        let mut verdicts = Both::new(shifted.clone(), shifted);
        if held[mover].contains(moment.shifted(by)?.as_str()) {
            verdicts[mover] = Verdict::Keep;
            verdicts[side] = Verdict::Remove;
        }
        Some(verdicts)
    }
}

/// What each side has of its own follows a change of the other side only if they had it in common.
fn own(cell: &Cell<'_>, changed: &Both<bool>) -> Both<Verdict> {
    let common = cell.base.left.is_some() && same(cell.base.left, cell.base.right);
    match (changed.left, changed.right) {
        (true, false) if common => cell.take(Side::Left),
        (false, true) if common => cell.take(Side::Right),
        _ => Both::new(Verdict::Keep, Verdict::Keep),
    }
}

/// Only `side` says it: the other one took it back, or never said it.
fn one_sided(cell: &Cell<'_>, side: Side, only: &Entry) -> Both<Verdict> {
    let mut verdicts = Both::new(Verdict::Keep, Verdict::Keep);
    if only.class == Class::Own {
        return verdicts;
    }
    if cell.changed(side) {
        // The edit wins over who took it back.
        verdicts[side.other()] = Verdict::copy(side, only);
    } else if cell.base[side.other()].is_some() {
        verdicts[side] = Verdict::Remove;
    }
    verdicts
}

/// Both edits of a text, if they touch different lines.
fn merged_text(cell: &Cell<'_>, now: Both<&Entry>) -> Option<String> {
    let (left, right) = (cell.base.left?, cell.base.right?);
    if now.left.class != Class::Text {
        return None;
    }
    let bases = (left.value.as_str(), right.value.as_str());
    let merged = text::merge(bases, &now.left.value, &now.right.value)?;
    Some(escape(&merged))
}

/// The earlier of two times, by what they say.
pub(super) fn earlier(now: Both<&Entry>) -> Side {
    match (instant(&now.left.value), instant(&now.right.value)) {
        (Some(left), Some(right)) if left < right => Side::Left,
        (Some(left), Some(right)) if right < left => Side::Right,
        _ if now.left.value <= now.right.value => Side::Left,
        _ => Side::Right,
    }
}
