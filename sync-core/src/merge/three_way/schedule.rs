//! Properties that only mean something together: when something is, and how far a task has come.

use std::collections::BTreeMap;

use super::Merger;
use super::cell::{Cell, Verdict, Write, earlier, same};
use crate::merge::canon::{Entry, Moment, length as duration};
use crate::model::{Both, Side};

type Plan = BTreeMap<usize, Both<Verdict>>;

/// The cells of some names, with their places.
type Chosen<'c, 'e> = Vec<(usize, &'c Cell<'e>)>;

fn named<'c, 'e>(cells: &'c [Cell<'e>], names: &[&str]) -> Chosen<'c, 'e> {
    let cells = cells.iter().enumerate();
    cells
        .filter(|(_, cell)| names.contains(&cell.name))
        .collect()
}

/// What a side says under one of these names.
fn held<'e>(cells: &Chosen<'_, 'e>, side: Side) -> Option<&'e Entry> {
    cells.iter().find_map(|(_, cell)| cell.now[side])
}

fn known<'e>(cells: &Chosen<'_, 'e>, side: Side) -> Option<&'e Entry> {
    cells.iter().find_map(|(_, cell)| cell.base[side])
}

fn changed(cells: &Chosen<'_, '_>, side: Side) -> bool {
    cells.iter().any(|(_, cell)| cell.changed(side))
}

fn agree(cells: &Chosen<'_, '_>) -> bool {
    cells.iter().all(|(_, cell)| cell.agrees())
}

/// Whether a document says two things under one of these names.
fn is_ambiguous(cells: &Chosen<'_, '_>) -> bool {
    let names = |side: Side| {
        cells
            .iter()
            .filter(move |(_, c)| c.now[side].is_some())
            .count()
    };
    names(Side::Left) > 1 || names(Side::Right) > 1
}

fn take(plan: &mut Plan, cells: &Chosen<'_, '_>, from: Side) {
    plan.extend(cells.iter().map(|(i, cell)| (*i, cell.take(from))));
}

fn moment(entry: Option<&Entry>) -> Option<Moment<'_>> {
    entry.and_then(|entry| Moment::parse(&entry.value))
}

/// Start, end and rule of a component.
struct Span<'c, 'e> {
    start: Chosen<'c, 'e>,
    /// DTEND or DUE, or DURATION.
    end: Chosen<'c, 'e>,
    rule: Chosen<'c, 'e>,
}

impl Merger<'_> {
    /// Plans start and end together, where they do not merge like any other property.
    ///
    /// Nothing comes of it that ends before it starts.
    pub(super) fn schedule(&mut self, cells: &[Cell<'_>]) -> Plan {
        let span = Span {
            start: named(cells, &["DTSTART"]),
            end: named(cells, &["DTEND", "DUE", "DURATION"]),
            rule: named(cells, &["RRULE"]),
        };
        let mut plan = Plan::new();
        if span.start.len() > 1 || is_ambiguous(&span.end) {
            return plan;
        }
        let moved = Both::from_fn(|side| changed(&span.start, side) || changed(&span.end, side));
        let ruled = Both::from_fn(|side| changed(&span.rule, side));
        let torn = ruled.left && ruled.right && !agree(&span.rule) && !agree(&span.start);
        let settled = match (moved.left, moved.right) {
            _ if torn => false,
            (false, false) => true,
            (true, false) => span.follow(Side::Left, &mut plan),
            (false, true) => span.follow(Side::Right, &mut plan),
            (true, true) => span.join(&mut plan),
        };
        if !settled {
            plan.clear();
            self.give_up(&span, &mut plan);
        }
        plan
    }

    /// The rule decides: the loser takes all from the winner.
    fn give_up(&mut self, span: &Span<'_, '_>, plan: &mut Plan) {
        let loser = self.winner().other();
        let mut parts = vec![&span.start, &span.end];
        if changed(&span.rule, Side::Left) || changed(&span.rule, Side::Right) {
            parts.push(&span.rule);
        }
        for part in parts {
            for (_, cell) in part {
                if !cell.agrees() && cell.changed(loser) {
                    self.conflict(cell.name);
                }
            }
            take(plan, part, self.winner());
        }
    }

    /// Plans STATUS, COMPLETED and PERCENT-COMPLETE of a task together, where one side is done with
    /// it and the other side is not.
    pub(super) fn progress(&mut self, cells: &[Cell<'_>]) -> Plan {
        let group = named(cells, &["COMPLETED", "PERCENT-COMPLETE", "STATUS"]);
        let mut plan = Plan::new();
        let both = changed(&group, Side::Left) && changed(&group, Side::Right);
        if !both || agree(&group) {
            return plan;
        }
        let completed = named(cells, &["COMPLETED"]);
        let at = Both::from_fn(|side| held(&completed, side));
        let done = |side: Side| {
            let status = held(&named(cells, &["STATUS"]), side).map(|e| e.value.as_str());
            match status {
                None => at[side].is_some(),
                status => matches!(status, Some("COMPLETED" | "CANCELLED")),
            }
        };
        match (at.left, at.right) {
            (Some(left), Some(right)) if done(Side::Left) && done(Side::Right) => {
                take(&mut plan, &group, earlier(Both::new(left, right)));
            }
            _ if done(Side::Left) != done(Side::Right) => {
                for (_, cell) in &group {
                    if !cell.agrees() && cell.changed(self.winner().other()) {
                        self.conflict(cell.name);
                    }
                }
                take(&mut plan, &group, self.winner());
            }
            _ => {}
        }
        plan
    }
}

impl Span<'_, '_> {
    /// Only `side` changed something: the other one follows. Whether that is settled.
    fn follow(&self, side: Side, plan: &mut Plan) -> bool {
        let other = side.other();
        match (held(&self.end, side), held(&self.end, other)) {
            // A DTEND does not stand beside a DURATION.
            (Some(here), Some(there)) if here.name != there.name => take(plan, &self.end, side),
            // Where only the other side has an end, it moves with the start.
            (None, Some(there)) if !changed(&self.end, side) && there.name != "DURATION" => {
                match self.shifted(side, other) {
                    Some(value) => self.write(plan, other, &value, &[other]),
                    None => take(plan, &self.end, side),
                }
            }
            _ => {}
        }
        true
    }

    /// Both sides changed something. Whether it could be joined.
    fn join(&self, plan: &mut Plan) -> bool {
        let starts = Both::from_fn(|side| changed(&self.start, side));
        let ends = Both::from_fn(|side| changed(&self.end, side));
        if !agree(&self.start) && starts.left && starts.right {
            return false;
        }
        let mover = match (starts.left, starts.right) {
            (true, false) => Some(Side::Left),
            (false, true) => Some(Side::Right),
            _ => None,
        };
        let mut end_from = None;
        if !agree(&self.end) {
            let from = match (ends.left, ends.right) {
                (true, false) => Side::Left,
                (false, true) => Side::Right,
                // Both moved the start, and told the end in different ways.
                (false, false) if starts.left && starts.right => return self.last_as_long(),
                (false, false) => return true,
                (true, true) => match (
                    mover,
                    held(&self.end, Side::Left),
                    held(&self.end, Side::Right),
                ) {
                    (_, Some(_), None) => Side::Left,
                    (_, None, Some(_)) => Side::Right,
                    // One moved it, the other made it longer or shorter.
                    (Some(mover), ..) if self.kept_length(mover) => mover.other(),
                    _ => return false,
                },
            };
            let follows = mover.is_some_and(|mover| {
                let told = held(&self.end, mover).is_some_and(|end| end.name != "DURATION");
                mover != from && (ends[mover] || !told)
            });
            let is_end = held(&self.end, from).is_some_and(|end| end.name != "DURATION");
            if let Some(mover) = mover.filter(|_| follows && is_end) {
                let Some(value) = self.shifted(mover, from) else {
                    return false;
                };
                take(plan, &self.end, from);
                self.write(plan, from, &value, &Side::BOTH);
                return true;
            }
            take(plan, &self.end, from);
            end_from = Some(from);
        }
        Side::BOTH.into_iter().all(|side| {
            let start = held(&self.start, mover.unwrap_or(side));
            let end = held(&self.end, end_from.unwrap_or(side));
            // What a side had so before is its own affair.
            let is_own = same(start, held(&self.start, side)) && same(end, held(&self.end, side));
            is_own || is_ordered(start, end)
        })
    }

    /// Whether a side moved its end with its start.
    fn kept_length(&self, side: Side) -> bool {
        let now = length(held(&self.start, side), held(&self.end, side));
        now.is_some() && now == length(known(&self.start, side), known(&self.end, side))
    }

    /// Whether it is of the same length on both sides.
    fn last_as_long(&self) -> bool {
        let of = |side: Side| length(held(&self.start, side), held(&self.end, side));
        of(Side::Left).is_some() && of(Side::Left) == of(Side::Right)
    }

    /// The end of `of`, as much later as `mover` moved the start.
    fn shifted(&self, mover: Side, of: Side) -> Option<String> {
        let before = moment(known(&self.start, mover))?;
        let by = moment(held(&self.start, mover))?.since(&before)?;
        moment(held(&self.end, of))?.later(by)
    }

    /// Gives the end of `from` another value, on these sides.
    fn write(&self, plan: &mut Plan, from: Side, value: &str, on: &[Side]) {
        for (i, cell) in &self.end {
            let Some(entry) = cell.now[from] else {
                continue;
            };
            let keep = Both::new(Verdict::Keep, Verdict::Keep);
            let verdicts = plan.entry(*i).or_insert(keep);
            for side in on {
                verdicts[*side] = Verdict::Write(Write {
                    from,
                    value: Some(value.to_owned()),
                    attributes: entry.attributes.clone(),
                });
            }
        }
    }
}

/// The seconds from a start to an end, if both are told by one clock.
fn length(start: Option<&Entry>, end: Option<&Entry>) -> Option<i64> {
    match end {
        Some(end) if end.name == "DURATION" => duration(&end.value),
        end => moment(end)?.since(&moment(start)?),
    }
}

/// Whether something with this start and this end does surely not end before it starts.
fn is_ordered(start: Option<&Entry>, end: Option<&Entry>) -> bool {
    let (Some(start), Some(end)) = (start, end) else {
        return true;
    };
    if end.name == "DURATION" {
        return !end.value.contains('-');
    }
    let (start, end) = (Moment::parse(&start.value), Moment::parse(&end.value));
    let length = start.zip(end).and_then(|(start, end)| end.since(&start));
    length.is_some_and(|length| length >= 0)
}
