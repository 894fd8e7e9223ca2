use std::time::Duration;

use super::{Decision, Link, Step, Then};
use crate::model::Side;

/// How long an item stays on a side once the other side holds it.
///
/// It leaves by a deletion that the other side's copy does not follow, and the link remembers it:
/// shown again, it is not taken for a new item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Leave {
    /// For as long as its owner keeps it.
    #[default]
    Always,
    /// No longer than until the other side holds it.
    Never,
    /// For this long after it was first seen.
    For(Duration),
}

impl Leave {
    /// The latest first sight of an item whose time is up at `now`, both in Unix seconds; none if
    /// items stay.
    pub fn seen_by(self, now: i64) -> Option<i64> {
        match self {
            Self::Always => None,
            Self::Never => Some(i64::MAX),
            Self::For(time) => {
                Some(now.saturating_sub(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)))
            }
        }
    }
}

/// What follows from the time that a settled link's item has been on `side`, if anything does.
///
/// The item leaves when it was first seen by `seen_by` ([`Leave::seen_by`]) and the other side
/// holds its copy, or held it until its owner deleted it there. Of two sides only one can lose its
/// item this way.
pub fn reconcile_leave(link: &Link, side: Side, seen_by: i64) -> Option<Decision> {
    let (here, there) = (&link.sides[side], &link.sides[side.other()]);
    let held = here.id.is_some() && !here.released;
    let copied = link.retired || there.id.is_some() && !there.released;
    let time_is_up = here.first_seen.is_some_and(|seen| seen <= seen_by);
    (held && copied && time_is_up).then(|| Decision {
        steps: vec![Step::Delete { on: side }],
        then: Then::Release(side),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Both, ItemKind};
    use crate::reconcile::LinkSide;

    const DAY: i64 = 86_400;

    fn link(first_seen: i64) -> Link {
        let side = |id: &str| LinkSide {
            id: Some(id.into()),
            first_seen: Some(first_seen),
            ..LinkSide::default()
        };
        Link {
            id: 1,
            pair: 1,
            kind: ItemKind::Message,
            sides: Both::new(side("l"), side("r")),
            retired: false,
        }
    }

    fn leaves(link: &Link, leave: Leave, now: i64) -> bool {
        let Some(seen_by) = leave.seen_by(now) else {
            return false;
        };
        reconcile_leave(link, Side::Left, seen_by).is_some()
    }

    #[test]
    fn the_time_is_counted_from_first_sight() {
        let fortnight = Leave::For(Duration::from_secs(14 * 86_400));
        assert!(!leaves(&link(1_000), fortnight, 1_000 + 14 * DAY - 1));
        assert!(leaves(&link(1_000), fortnight, 1_000 + 14 * DAY));
        assert!(leaves(&link(1_000), Leave::Never, 0), "a clock set back");
        assert!(!leaves(&link(0), Leave::Always, i64::MAX));
        assert!(!leaves(&link(0), Leave::For(Duration::MAX), DAY));
    }

    #[test]
    fn what_the_other_side_does_not_hold_stays() {
        let mut only_here = link(0);
        only_here.sides.right.id = None;
        assert!(!leaves(&only_here, Leave::Never, 1));
        let mut left_there = link(0);
        left_there.sides.right.released = true;
        assert!(!leaves(&left_there, Leave::Never, 1));
        let mut deleted_there = only_here;
        deleted_there.retired = true;
        assert!(leaves(&deleted_there, Leave::Never, 1));
    }

    #[test]
    fn what_left_does_not_leave_again() {
        let mut link = link(0);
        link.sides.left.released = true;
        assert!(!leaves(&link, Leave::Never, 1));
    }
}
