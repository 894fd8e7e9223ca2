//! Sequence sets (RFC 9051, section 9, `sequence-set`).

use std::fmt::Write as _;

/// A set of message numbers or UIDs as the client wrote it; `*` is held as `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set(pub(super) Vec<(Option<u32>, Option<u32>)>);

impl Set {
    /// The set as ordered ranges, `*` standing for `largest`.
    pub(super) fn resolve(&self, largest: u32) -> Ranges {
        let mut ranges: Vec<(u32, u32)> = self
            .0
            .iter()
            .map(|(a, b)| {
                let (a, b) = (a.unwrap_or(largest), b.unwrap_or(largest));
                (a.min(b), a.max(b))
            })
            .collect();
        ranges.sort_unstable();
        Ranges(ranges)
    }
}

/// Ranges in the order of their beginnings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    /// Every number.
    pub(super) fn all() -> Self {
        Self(vec![(1, u32::MAX)])
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        // Ranges may overlap, so the one that starts last before `number` need not be the one.
        let end = self.0.partition_point(|(start, _)| *start <= number);
        self.0.iter().take(end).any(|(_, last)| *last >= number)
    }

    pub(super) fn largest(&self) -> u32 {
        self.0.iter().map(|(_, last)| *last).max().unwrap_or(0)
    }

    pub(super) fn smallest(&self) -> u32 {
        self.0.iter().map(|(first, _)| *first).min().unwrap_or(0)
    }

    /// The members among `sorted`, in ascending order.
    pub(super) fn select(&self, sorted: &[u32]) -> Vec<u32> {
        let mut found = Vec::new();
        let mut next = 0_u32;
        for &(first, last) in &self.0 {
            let first = first.max(next);
            let from = sorted.partition_point(|n| *n < first);
            let to = sorted.partition_point(|n| *n <= last);
            if let Some(part) = sorted.get(from..to) {
                found.extend_from_slice(part);
            }
            next = next.max(last.saturating_add(1));
        }
        found
    }

    /// The numbers of these ranges up to `limit` that are not in `present`, as ordered ranges.
    pub(super) fn missing_from(&self, present: &[u32], limit: u32) -> Vec<(u32, u32)> {
        let mut out: Vec<(u32, u32)> = Vec::new();
        let mut next = 1_u32;
        for &(first, last) in &self.0 {
            let mut at = first.max(next);
            let last = last.min(limit);
            let from = present.partition_point(|n| *n < at);
            for &uid in present.iter().skip(from) {
                if at > last || uid > last {
                    break;
                }
                if uid > at {
                    out.push((at, uid.saturating_sub(1)));
                }
                at = uid.saturating_add(1);
            }
            if at <= last {
                out.push((at, last));
            }
            next = next.max(last.saturating_add(1));
        }
        out
    }
}

/// Writes ascending or unordered numbers as a sequence set, runs folded into ranges.
///
/// The order is kept, since COPYUID and APPENDUID pair their sets by position.
pub(super) fn format_set(numbers: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &n in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(n) => *last = n,
            _ => ranges.push((n, n)),
        }
    }
    format_ranges(&ranges)
}

/// Writes ranges as a sequence set.
pub(super) fn format_ranges(ranges: &[(u32, u32)]) -> String {
    let mut out = String::new();
    for (first, last) in ranges {
        if !out.is_empty() {
            out.push(',');
        }
        let _ = if first == last {
            write!(out, "{first}")
        } else {
            write!(out, "{first}:{last}")
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_is_the_largest_and_ranges_may_be_reversed() {
        let set = Set(vec![(None, Some(3)), (Some(1), Some(1))]);
        assert_eq!(set.resolve(5).select(&[1, 2, 3, 4, 5]), [1, 3, 4, 5]);
        // RFC 9051: 559:* always names the last message, even below 559.
        assert_eq!(Set(vec![(Some(559), None)]).resolve(7).select(&[3, 7]), [7]);
    }

    #[test]
    fn overlapping_ranges_name_a_message_once() {
        let set = Set(vec![
            (Some(1), Some(10)),
            (Some(2), Some(3)),
            (Some(5), Some(12)),
        ]);
        let ranges = set.resolve(20);
        assert_eq!(ranges.select(&[2, 3, 9, 11, 13]), [2, 3, 9, 11]);
        assert!(ranges.contains(9) && !ranges.contains(13));
    }

    #[test]
    fn missing_numbers_are_the_gaps() {
        let ranges = Set(vec![(Some(1), Some(9))]).resolve(9);
        assert_eq!(
            format_ranges(&ranges.missing_from(&[2, 3, 7], 8)),
            "1,4:6,8"
        );
        assert_eq!(format_ranges(&Ranges::all().missing_from(&[], 3)), "1:3");
    }

    #[test]
    fn sets_keep_their_order() {
        assert_eq!(format_set(&[4, 5, 6, 2, 9]), "4:6,2,9");
    }
}
