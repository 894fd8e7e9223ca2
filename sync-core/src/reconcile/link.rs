use bytes::Bytes;

use super::{ConflictRule, Deletes, Link, Observed, Presence, Rules};
use crate::merge::{self, Preference};
use crate::model::{Both, Flags, ItemKind, Side};
use crate::source::{Capabilities, Operation};

/// What a side holds of a link now.
#[derive(Debug, Clone, Copy)]
pub enum Now<'a> {
    /// What the link knew.
    Unchanged,
    /// Something else.
    Changed(&'a Observed),
    /// Nothing: deleted or moved away.
    Gone,
    /// Nothing that could be seen: out of the window that the source shows.
    Released,
}

impl<'a> Now<'a> {
    /// What an observation says; none is no change.
    pub fn of(seen: Option<&'a Observed>) -> Self {
        match seen {
            None => Self::Unchanged,
            Some(seen) => match seen.presence {
                Presence::Here => Self::Changed(seen),
                Presence::Gone => Self::Gone,
                Presence::Released => Self::Released,
            },
        }
    }
}

/// What must be known of a side to plan writes to it.
#[derive(Debug, Clone, Copy)]
pub struct SideFacts<'a> {
    /// What the source can do.
    pub capabilities: &'a Capabilities,
    /// What this collection never takes.
    pub refuses: &'a [(Operation, &'static str)],
    /// Whether this collection may be written: neither the config nor the server forbids it.
    pub writable: bool,
}

impl SideFacts<'_> {
    /// Why this operation cannot be planned, if it cannot.
    pub fn refuse(&self, kind: ItemKind, operation: Operation) -> Option<&'static str> {
        let here = self.refuses.iter().find(|(op, _)| *op == operation);
        let reason = here.map(|(_, reason)| *reason);
        reason.or_else(|| self.capabilities.refuse(kind, operation))
    }
}

/// What shall be done about one link.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The writes; carried out together. When all are done the link absorbs what was observed.
    pub steps: Vec<Step>,
    /// What becomes of the link once the steps are done.
    pub then: Then,
}

/// One write that follows from a link.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Create the item anew on a side that deleted it while the other side edited it.
    Resurrect {
        /// Where it is created.
        on: Side,
    },
    /// Set and clear flags.
    SetFlags {
        /// Where.
        on: Side,
        /// Flags to set.
        add: Flags,
        /// Flags to clear.
        remove: Flags,
    },
    /// Replace the content.
    Replace {
        /// Where.
        on: Side,
        /// The new content.
        body: Bytes,
    },
    /// Delete the item (or move it to the trash, as the rules say).
    Delete {
        /// Where.
        on: Side,
    },
    /// Create a second item beside the linked one, from a version that lost a conflict.
    Duplicate {
        /// The losing version, under a UID of its own.
        body: Bytes,
    },
    /// What would follow cannot be written.
    Refuse {
        /// Where.
        on: Side,
        /// Why not.
        reason: String,
    },
}

/// What becomes of a link.
#[derive(Debug, Clone, PartialEq)]
pub enum Then {
    /// It absorbs what was observed.
    Settle,
    /// It is dropped: neither side holds the item.
    Forget,
    /// It stays only to remember that this side's item shall not come back.
    Retire(Side),
    /// It stays, and remembers that this side's item left ([`Leave`](super::Leave)).
    Release(Side),
    /// Nothing: the observations stay as they are, until a person decided.
    Wait(Conflict),
}

/// Two changes of the same value that only a person can join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The properties that both sides changed.
    pub properties: Vec<String>,
}

impl Decision {
    fn settle(steps: Vec<Step>) -> Self {
        Self {
            steps,
            then: Then::Settle,
        }
    }

    fn only(then: Then) -> Self {
        Self {
            steps: Vec::new(),
            then,
        }
    }

    /// Whether nothing but the state changes.
    pub fn is_quiet(&self) -> bool {
        self.steps.is_empty() && !matches!(self.then, Then::Wait(_))
    }
}

/// What follows from the changes of both sides of a link.
///
/// Edit beats deletion; flags merge as sets; contents merge by property, and where both sides
/// changed the same value, `rules.conflict` decides. Swapping the sides mirrors the result.
pub fn reconcile_link(
    link: &Link,
    now: Both<Now<'_>>,
    facts: Both<SideFacts<'_>>,
    rules: &Rules,
) -> Decision {
    if link.retired {
        return reconcile_retired(link, now);
    }
    let now = Both::from_fn(|side| match now[side] {
        Now::Unchanged if link.sides[side].released => Now::Released,
        now => now,
    });
    match (now.left, now.right) {
        (Now::Gone, Now::Gone) => Decision::only(Then::Forget),
        (Now::Gone, Now::Released) => Decision::only(Then::Retire(Side::Left)),
        (Now::Released, Now::Gone) => Decision::only(Then::Retire(Side::Right)),
        (Now::Gone, other) => deleted(link, Side::Left, other, facts, rules),
        (other, Now::Gone) => deleted(link, Side::Right, other, facts, rules),
        (Now::Released, _) | (_, Now::Released) => Decision::only(Then::Settle),
        (left, right) if link.kind.is_mutable() => content(link, left, right, facts, rules),
        (left, right) => flags(link, left, right, facts, rules),
    }
}

/// A retired link has one item left: when that goes, so does the link.
fn reconcile_retired(link: &Link, now: Both<Now<'_>>) -> Decision {
    let gone = |side: Side| matches!(now[side], Now::Gone) || link.sides[side].id.is_none();
    if gone(Side::Left) && gone(Side::Right) {
        Decision::only(Then::Forget)
    } else {
        Decision::only(Then::Settle)
    }
}

/// `gone` lost its item; `other` is what the other side holds.
fn deleted(
    link: &Link,
    gone: Side,
    other: Now<'_>,
    facts: Both<SideFacts<'_>>,
    rules: &Rules,
) -> Decision {
    let kept = gone.other();
    if let Now::Changed(seen) = other
        && is_edit(link, kept, seen)
    {
        // The edit wins, where the other side can have it back.
        return match refusal(link.kind, gone, Operation::Create, facts) {
            Some(None) => Decision::only(Then::Retire(gone)),
            Some(Some(reason)) => Decision::settle(vec![Step::Refuse { on: gone, reason }]),
            None => Decision::settle(vec![Step::Resurrect { on: gone }]),
        };
    }
    if rules.deletes == Deletes::Keep {
        return Decision::only(Then::Retire(gone));
    }
    match refusal(link.kind, kept, Operation::Delete, facts) {
        Some(None) => Decision::only(Then::Retire(gone)),
        Some(Some(reason)) => Decision {
            steps: vec![Step::Refuse { on: kept, reason }],
            then: Then::Retire(gone),
        },
        None => Decision {
            steps: vec![Step::Delete { on: kept }],
            then: Then::Forget,
        },
    }
}

/// Whether an observation differs from what the link knew in more than its revision.
fn is_edit(link: &Link, side: Side, seen: &Observed) -> bool {
    let base = &link.sides[side];
    if !link.kind.is_mutable() {
        return seen.flags != base.flags;
    }
    match (&base.base, &seen.body) {
        (Some(base), Some(now)) => !merge::equal(base, now),
        _ => true,
    }
}

/// Why a side cannot be written: `Some(None)` where that is what the config wants.
fn refusal(
    kind: ItemKind,
    side: Side,
    operation: Operation,
    facts: Both<SideFacts<'_>>,
) -> Option<Option<String>> {
    if !facts[side].writable {
        return Some(None);
    }
    facts[side]
        .refuse(kind, operation)
        .map(|reason| Some(reason.to_owned()))
}

fn flags(
    link: &Link,
    left: Now<'_>,
    right: Now<'_>,
    facts: Both<SideFacts<'_>>,
    rules: &Rules,
) -> Decision {
    let now = Both::new(left, right);
    let held = |side: Side| match now[side] {
        Now::Changed(seen) => &seen.flags,
        _ => &link.sides[side].flags,
    };
    let added = Both::from_fn(|side| held(side).difference(&link.sides[side].flags));
    let removed = Both::from_fn(|side| match link.sides[side].provisional {
        // What is missing was perhaps never kept: nothing counts as removed.
        true => Flags::default(),
        false => link.sides[side].flags.difference(held(side)),
    });
    let mut steps = Vec::new();
    for on in Side::BOTH {
        let from = on.other();
        if !rules.writes(on) {
            continue;
        }
        let add = added[from].difference(held(on));
        // A flag that this side has just set stays.
        let remove = removed[from].intersection(held(on)).difference(&added[on]);
        if add.is_empty() && remove.is_empty() {
            continue;
        }
        // A side that has no flags holds all of them that it can.
        if refusal(link.kind, on, Operation::SetFlags, facts).is_none() {
            steps.push(Step::SetFlags { on, add, remove });
        }
    }
    Decision::settle(steps)
}

fn content(
    link: &Link,
    left: Now<'_>,
    right: Now<'_>,
    facts: Both<SideFacts<'_>>,
    rules: &Rules,
) -> Decision {
    let now = Both::new(left, right);
    let held = |side: Side| match now[side] {
        Now::Changed(Observed {
            body: Some(body), ..
        }) => Some(body),
        _ => link.sides[side].base.as_ref(),
    };
    let (Some(left_now), Some(right_now)) = (held(Side::Left), held(Side::Right)) else {
        // A content is not at hand: it could not be read. It is planned when it changes.
        return Decision::only(Then::Settle);
    };
    let versions = Both::from_fn(|side| merge::Version {
        base: link.sides[side].base.as_deref(),
        provisional: link.sides[side].provisional,
        own_uid: facts[side].capabilities.makes_uids.contains(link.kind),
        now: match side {
            Side::Left => left_now.as_ref(),
            Side::Right => right_now.as_ref(),
        },
    });
    let preference = match rules.conflict {
        ConflictRule::Left => Preference::Side(Side::Left),
        ConflictRule::Right => Preference::Side(Side::Right),
        ConflictRule::Newest | ConflictRule::Duplicate | ConflictRule::Ask => Preference::Newest,
    };
    let merged = merge::merge(versions, preference);
    if !merged.conflicts.is_empty() && rules.conflict == ConflictRule::Ask {
        return Decision::only(Then::Wait(Conflict {
            properties: merged.conflicts,
        }));
    }
    let mut steps = Vec::new();
    for on in Side::BOTH {
        let Some(body) = merged.result[on].clone() else {
            continue;
        };
        if let Some(held) = facts[on].capabilities.holds(link.kind)
            && merge::equal_within(&body, versions[on].now, &[held])
        {
            // All that the side can hold of it, it holds.
            continue;
        }
        match refusal(link.kind, on, Operation::Replace, facts) {
            Some(None) => {}
            Some(Some(reason)) => steps.push(Step::Refuse { on, reason }),
            None => steps.push(Step::Replace { on, body }),
        }
    }
    if !merged.conflicts.is_empty()
        && rules.conflict == ConflictRule::Duplicate
        && let Some(loser) = merged.loser
    {
        let body = match loser {
            Side::Left => left_now,
            Side::Right => right_now,
        };
        steps.push(Step::Duplicate {
            body: merge::with_new_uid(body),
        });
    }
    Decision::settle(steps)
}
