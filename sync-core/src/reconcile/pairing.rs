use std::cmp::Ordering;

use super::Observed;
use crate::merge;
use crate::model::{Flags, ItemKind};

/// Pairs unlinked items of both sides that bear the same identity: as many as the poorer side has.
///
/// Equal dates and flags come together first, so that of two equal messages each finds its own
/// copy; what is left over stays unpaired. The caller gives items that agree in what recognises
/// them (a digest, a UID). Swapping the sides mirrors the result.
pub fn pair_by_identity(left: &[Observed], right: &[Observed]) -> Vec<(usize, usize)> {
    let mut free: Vec<bool> = vec![true; right.len()];
    let mut paired = vec![false; left.len()];
    let mut pairs = Vec::new();
    for closeness in (0..=2u8).rev() {
        for (l, a) in left.iter().enumerate() {
            if paired.get(l).copied().unwrap_or(true) {
                continue;
            }
            let partner = right
                .iter()
                .enumerate()
                .find(|(r, b)| free.get(*r).copied().unwrap_or(false) && near(a, b) >= closeness);
            if let Some((r, _)) = partner {
                if let (Some(a), Some(b)) = (paired.get_mut(l), free.get_mut(r)) {
                    (*a, *b) = (true, false);
                }
                pairs.push((l, r));
            }
        }
    }
    pairs
}

fn near(a: &Observed, b: &Observed) -> u8 {
    let dates = match (a.date, b.date) {
        (Some(a), Some(b)) => a.seconds == b.seconds,
        _ => false,
    };
    u8::from(dates) + u8::from(a.flags == b.flags && a.kind == b.kind)
}

/// How two items that were just recognised as one start their common life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The flags that the left side is taken to have held before.
    pub left_flags: Flags,
    /// The flags that the right side is taken to have held before.
    pub right_flags: Flags,
    /// Both contents are equal: nothing but flags can follow.
    pub equal: bool,
}

/// The bases with which a new link starts.
///
/// Without a base, flags merge by union: what either side lacks counts as never held there. A base
/// that a lost link left behind is used again. Contents that differ have no base either: what only
/// one side has is added to the other.
pub fn join(left: &Observed, right: &Observed) -> Joined {
    let common = match (&left.base_flags, &right.base_flags) {
        (Some(base), None) | (None, Some(base)) => base.clone(),
        (Some(a), Some(b)) => a.intersection(b),
        (None, None) => left.flags.intersection(&right.flags),
    };
    let equal = match (left.kind, &left.body, &right.body) {
        (ItemKind::Message, ..) => true,
        (_, Some(a), Some(b)) => merge::equal(a, b),
        _ => false,
    };
    Joined {
        left_flags: common.clone(),
        right_flags: common,
        equal,
    }
}

/// Orders items so that the order depends on what they are, not on when they were listed.
pub fn canonical_order(a: &Observed, b: &Observed) -> Ordering {
    let key = |o: &Observed| (o.date.map(|d| d.seconds), o.flags.to_string());
    key(a).cmp(&key(b)).then_with(|| a.item.cmp(&b.item))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Item, Side, Timestamp};

    fn seen(side: Side, id: &str, date: i64, flags: &str) -> Observed {
        let mut item = Item::new(id, ItemKind::Message, "r");
        item.date = Some(Timestamp::utc(date));
        item.flags = Flags::parse(flags);
        Observed::of(side, &item)
    }

    #[test]
    fn equal_messages_are_counted_not_folded() {
        let left = [seen(Side::Left, "a", 1, ""), seen(Side::Left, "b", 1, "")];
        let right = [seen(Side::Right, "x", 1, "")];
        assert_eq!(pair_by_identity(&left, &right), [(0, 0)]);
        assert_eq!(pair_by_identity(&left, &[]), []);
    }

    #[test]
    fn of_equal_messages_each_finds_its_own_date_and_flags() {
        let left = [
            seen(Side::Left, "a", 1, "\\Seen"),
            seen(Side::Left, "b", 2, ""),
        ];
        let right = [
            seen(Side::Right, "x", 2, ""),
            seen(Side::Right, "y", 1, "\\Seen"),
        ];
        let mut pairs = pair_by_identity(&left, &right);
        pairs.sort_unstable();
        assert_eq!(pairs, [(0, 1), (1, 0)]);
    }

    #[test]
    fn without_a_base_flags_unite() {
        let left = seen(Side::Left, "a", 1, "\\Seen $Work");
        let right = seen(Side::Right, "x", 1, "\\Seen \\Flagged");
        let joined = join(&left, &right);
        assert_eq!(joined.left_flags, Flags::parse("\\Seen"));
        assert_eq!(joined.right_flags, Flags::parse("\\Seen"));
    }

    #[test]
    fn a_base_that_a_lost_link_left_behind_keeps_removals() {
        let mut left = seen(Side::Left, "a", 1, "");
        left.base_flags = Some(Flags::parse("\\Flagged"));
        let right = seen(Side::Right, "x", 1, "\\Flagged");
        let joined = join(&left, &right);
        assert_eq!(joined.left_flags, Flags::parse("\\Flagged"));
    }
}
