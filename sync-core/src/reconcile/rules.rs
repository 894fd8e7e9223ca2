use std::collections::BTreeMap;

use super::Leave;
use crate::model::{Both, CollectionPath, Side};

/// What a person decided about one synchronisation.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Which sides are written.
    pub direction: Direction,
    /// Which collections take part; over the paths of the left side.
    pub collections: Selection,
    /// Left path to right path.
    pub map: BTreeMap<CollectionPath, CollectionPath>,
    /// Who wins when both sides changed the same value.
    pub conflict: ConflictRule,
    /// What follows from a deletion.
    pub deletes: Deletes,
    /// How much may be deleted or overwritten in one collection in one run.
    pub max_deletes: MaxDeletes,
    /// How long an item stays on each side once the other side holds it. It leaves also a side that
    /// `direction` does not write.
    pub leave: Both<Leave>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            direction: Direction::Both,
            collections: Selection::all(),
            map: BTreeMap::new(),
            conflict: ConflictRule::Newest,
            deletes: Deletes::Propagate,
            max_deletes: MaxDeletes::default(),
            leave: Both::default(),
        }
    }
}

impl Rules {
    /// Whether the engine may write to this side.
    pub fn writes(&self, side: Side) -> bool {
        match self.direction {
            Direction::Both => true,
            Direction::LeftToRight => side == Side::Right,
            Direction::RightToLeft => side == Side::Left,
        }
    }
}

/// Which sides a synchronisation writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both.
    Both,
    /// Only the right one; what changes there stays there.
    LeftToRight,
    /// Only the left one; what changes there stays there.
    RightToLeft,
}

/// Who wins when both sides changed the same value to different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictRule {
    /// The left side.
    Left,
    /// The right side.
    Right,
    /// The side that was changed last, as far as the content says.
    Newest,
    /// Both stay, as two items.
    Duplicate,
    /// Neither is written until a person decided.
    Ask,
}

/// What follows from a deletion on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletes {
    /// The other side's item is deleted too.
    Propagate,
    /// The other side's item stays.
    Keep,
    /// The other side's item is moved to its trash.
    Trash,
}

/// The guard: how much of a collection may be deleted or overwritten in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxDeletes {
    /// This many per cent, but never fewer than 20 items. 100 lifts the guard.
    Percent(u8),
    /// This many items.
    Count(u64),
}

impl Default for MaxDeletes {
    fn default() -> Self {
        Self::Percent(25)
    }
}

impl MaxDeletes {
    /// Whether everything is allowed, after a second look at an emptied side.
    pub fn lifts_guard(self) -> bool {
        matches!(self, Self::Percent(100..))
    }

    /// The most items that may be deleted or overwritten out of `total`.
    pub fn allowed(self, total: u64) -> u64 {
        match self {
            Self::Percent(100..) => u64::MAX,
            Self::Percent(share) => (total.saturating_mul(u64::from(share)) / 100).max(20),
            Self::Count(count) => count,
        }
    }
}

/// Which collections take part: patterns over the left side's paths, the last match decides.
///
/// `*` and `?` stay within a segment, `**` spans segments, `Archive/**` includes `Archive`
/// itself, and a leading `!` takes away what matched before. Without a pattern everything matches
/// but views ([`Role::View`](crate::model::Role::View)). `INBOX` matches in any case.
///
/// ```
/// use sync_core::model::CollectionPath;
/// use sync_core::reconcile::Selection;
///
/// let selection = Selection::new(["INBOX", "Archive/**", "!Archive/Old"]);
/// assert!(selection.contains(&CollectionPath::parse("Archive/2024/May")));
/// assert!(selection.contains(&CollectionPath::parse("inbox")));
/// assert!(!selection.contains(&CollectionPath::parse("Archive/Old")));
/// assert!(!selection.contains(&CollectionPath::parse("Sent")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection(Vec<(bool, Vec<String>)>);

impl Selection {
    /// Everything.
    pub fn all() -> Self {
        Self(Vec::new())
    }

    /// What these patterns select.
    pub fn new<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Self {
        let parse = |pattern: S| {
            let pattern = pattern.as_ref();
            let (include, rest) = match pattern.strip_prefix('!') {
                Some(rest) => (false, rest),
                None => (true, pattern),
            };
            (
                include,
                rest.split('/')
                    .filter(|s| !s.is_empty())
                    .map(str::to_owned)
                    .collect(),
            )
        };
        Self(patterns.into_iter().map(parse).collect())
    }

    /// Whether the selection names anything itself.
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a pattern without wildcards names exactly this path.
    pub fn names(&self, path: &CollectionPath) -> bool {
        let literal = |s: &String| !s.contains(['*', '?']);
        self.0
            .iter()
            .any(|(include, p)| *include && p.iter().all(literal) && matches(p, path.segments()))
    }

    /// Whether the collection takes part.
    pub fn contains(&self, path: &CollectionPath) -> bool {
        // A list of only exclusions takes from everything.
        let start = self.0.first().is_none_or(|(include, _)| !include);
        let decide = |so_far, (include, pattern): &(bool, Vec<String>)| {
            if matches(pattern, path.segments()) {
                *include
            } else {
                so_far
            }
        };
        self.0.iter().fold(start, decide)
    }
}

fn matches(pattern: &[String], path: &[String]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((head, rest)), _) if head == "**" => {
            matches(rest, path) || path.split_first().is_some_and(|(_, p)| matches(pattern, p))
        }
        (Some(_), None) => false,
        (Some((head, rest)), Some((segment, path))) => {
            let same = if head.eq_ignore_ascii_case("INBOX") {
                segment.eq_ignore_ascii_case("INBOX")
            } else {
                wildcard(head.as_bytes(), segment.as_bytes())
            };
            same && matches(rest, path)
        }
    }
}

/// Greedy matching of `*` and `?` with one point to go back to: linear in practice, never
/// exponential.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, t));
                p += 1;
            }
            Some(b'?') => {
                // A whole character: skip its continuation bytes.
                p += 1;
                t += 1;
                while text.get(t).is_some_and(|b| b & 0xC0 == 0x80) {
                    t += 1;
                }
            }
            Some(b) if text.get(t) == Some(b) => {
                p += 1;
                t += 1;
            }
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|b| *b == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(patterns: &[&str], path: &str) -> bool {
        Selection::new(patterns).contains(&CollectionPath::parse(path))
    }

    #[test]
    fn the_last_matching_pattern_decides() {
        assert!(selects(&["**", "!Spam", "Spam"], "Spam"));
        assert!(!selects(&["!Spam"], "Spam"));
        assert!(selects(&["!Spam"], "Other"));
        assert!(selects(&[], "Anything/at all"));
    }

    #[test]
    fn wildcards_stay_within_a_segment() {
        assert!(selects(&["A*/c"], "Abc/c"));
        assert!(!selects(&["A*"], "Abc/c"));
        assert!(selects(&["**/c"], "a/b/c"));
        assert!(selects(&["Arch?v"], "Archäv"));
        assert!(selects(&["*aab"], "aaaaab"));
    }

    #[test]
    fn the_guard_allows_twenty_items_and_a_share_of_more() {
        assert_eq!(MaxDeletes::Percent(25).allowed(40), 20);
        assert_eq!(MaxDeletes::Percent(25).allowed(1_000), 250);
        assert_eq!(MaxDeletes::Count(3).allowed(1_000), 3);
        assert_eq!(MaxDeletes::Percent(100).allowed(1), u64::MAX);
    }
}
