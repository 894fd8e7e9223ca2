//! Sets of message sequence numbers or UIDs, as sorted ranges.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::error::{DecodeError, DecodeErrorKind};
use super::set_parser::SetParser;

/// A set of message numbers: `sequence-set` of RFC 9051 section 9.
///
/// Kept as sorted ranges that neither overlap nor touch, eight bytes each.
/// A range up to `*` (the largest number in the mailbox) is kept apart, since
/// what it holds is known to the server alone; see [`SequenceSet::open_from`].
/// Zero is no message number: it is ignored.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct SequenceSet {
    ranges: Vec<(u32, u32)>,
    /// `n` of `n:*`. `*` alone is the same as `4294967295:*`.
    open: Option<u32>,
}

/// A set of UIDs. The same type: what a number means is the command's affair.
pub type UidSet = SequenceSet;

impl SequenceSet {
    /// The empty set. It cannot be sent: the grammar has none.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ranges: Vec::new(),
            open: None,
        }
    }

    /// `1:*`
    #[must_use]
    pub const fn all() -> Self {
        Self {
            ranges: Vec::new(),
            open: Some(1),
        }
    }

    /// `from:*`
    #[must_use]
    pub fn open(from: u32) -> Self {
        let mut set = Self::new();
        set.insert_open(from);
        set
    }

    /// Sorts and joins ranges given in any order.
    pub(crate) fn from_parts(mut ranges: Vec<(u32, u32)>, sorted: bool, open: Option<u32>) -> Self {
        if !sorted {
            normalise(&mut ranges);
        }
        let mut set = Self { ranges, open: None };
        if let Some(from) = open {
            set.insert_open(from);
        }
        set
    }

    /// Reads a set such as `2,4:7,9,12:*`.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut parser = SetParser::new(usize::MAX);
        let taken = parser.feed(bytes)?;
        if taken < bytes.len() {
            return Err(DecodeError::new(DecodeErrorKind::Syntax, taken));
        }
        let set = parser.finish()?;
        if set.is_empty() {
            return Err(DecodeError::new(DecodeErrorKind::Incomplete, 0));
        }
        Ok(set)
    }

    /// Whether there is nothing in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty() && self.open.is_none()
    }

    /// How many numbers the closed ranges hold; a range up to `*` is not counted.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|(a, b)| u64::from(b - a) + 1).sum()
    }

    /// How many closed ranges there are.
    #[must_use]
    pub fn range_count(&self) -> usize {
        self.ranges.len()
    }

    /// `n` if the set holds `n:*`.
    #[must_use]
    pub fn open_from(&self) -> Option<u32> {
        self.open
    }

    /// The closed ranges, ascending.
    pub fn ranges(&self) -> impl DoubleEndedIterator<Item = RangeInclusive<u32>> + '_ {
        self.ranges.iter().map(|(a, b)| *a..=*b)
    }

    /// The numbers of the closed ranges, ascending. A peer can say
    /// `1:4294967295` in twelve bytes: work by ranges where a peer is the source.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.ranges().flatten()
    }

    /// The smallest number of the closed ranges.
    #[must_use]
    pub fn min(&self) -> Option<u32> {
        self.ranges.first().map(|r| r.0)
    }

    /// The largest number of the closed ranges.
    #[must_use]
    pub fn max(&self) -> Option<u32> {
        self.ranges.last().map(|r| r.1)
    }

    /// Whether `n` is in the set. For a set with `m:*` that is so from `m` on;
    /// that `*` also names the largest number below `m` is for
    /// [`SequenceSet::resolve`].
    #[must_use]
    pub fn contains(&self, n: u32) -> bool {
        if self.open.is_some_and(|from| n >= from) {
            return true;
        }
        let at = self.ranges.partition_point(|r| r.1 < n);
        self.ranges.get(at).is_some_and(|r| r.0 <= n)
    }

    /// Adds one number.
    pub fn insert(&mut self, n: u32) {
        self.insert_range(n, n);
    }

    /// Adds all numbers between `a` and `b`, both included, in either order.
    pub fn insert_range(&mut self, a: u32, b: u32) {
        let (a, b) = (a.min(b).max(1), a.max(b));
        if b == 0 {
            return;
        }
        match self.ranges.last_mut() {
            Some(last) if a > last.1 && a - 1 > last.1 => self.ranges.push((a, b)),
            Some(last) if a >= last.0 => last.1 = last.1.max(b),
            None => self.ranges.push((a, b)),
            Some(_) => {
                // The first range that touches, and the first beyond.
                let from = self.ranges.partition_point(|r| r.1 < a - 1);
                let to = self.ranges.partition_point(|r| r.0 <= b.saturating_add(1));
                let mut joined = (a, b);
                if let Some([first, .., last] | [first @ last]) = self.ranges.get(from..to) {
                    joined = (joined.0.min(first.0), joined.1.max(last.1));
                }
                self.ranges.splice(from..to, [joined]);
            }
        }
        self.join_open();
    }

    /// Adds `from:*`.
    pub fn insert_open(&mut self, from: u32) {
        let from = from.max(1);
        self.open = Some(self.open.map_or(from, |open| open.min(from)));
        self.join_open();
    }

    /// Lets `n:*` swallow the ranges it touches.
    fn join_open(&mut self) {
        let Some(mut open) = self.open else { return };
        while let Some((a, b)) = self.ranges.last() {
            if *b < open - 1 {
                break;
            }
            open = open.min(*a);
            self.ranges.pop();
        }
        self.open = Some(open);
    }

    /// Adds all of `other`.
    pub fn union_with(&mut self, other: &Self) {
        if self.ranges.is_empty() {
            self.ranges.clone_from(&other.ranges);
        } else if other.ranges.len() < 8 {
            for (a, b) in &other.ranges {
                self.insert_range(*a, *b);
            }
        } else {
            self.ranges.extend_from_slice(&other.ranges);
            normalise(&mut self.ranges);
        }
        match other.open {
            Some(from) => self.insert_open(from),
            None => self.join_open(),
        }
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut set = self.clone();
        set.union_with(other);
        set
    }

    /// What is in this set and not in `other`. A range up to `*` counts as
    /// reaching to 4294967295.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        let cuts: Vec<(u32, u32)> = other.spans().collect();
        let mut cuts = cuts.iter().peekable();
        for (mut a, b) in self.spans() {
            let mut gone = false;
            while let Some((c, d)) = cuts.peek() {
                if *d < a {
                    cuts.next();
                    continue;
                }
                if *c > b {
                    break;
                }
                if *c > a {
                    out.push((a, c - 1));
                }
                if *d >= b {
                    gone = true;
                    break;
                }
                a = d + 1;
            }
            if !gone {
                out.push((a, b));
            }
        }
        self.reopen(out)
    }

    /// What is in both. A range up to `*` counts as reaching to 4294967295.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        let others: Vec<(u32, u32)> = other.spans().collect();
        let mut others = others.iter().peekable();
        for (a, b) in self.spans() {
            while let Some((c, d)) = others.peek() {
                if *c > b {
                    break;
                }
                if *d >= a {
                    out.push((a.max(*c), b.min(*d)));
                }
                if *d > b {
                    break;
                }
                others.next();
            }
        }
        let open = self.open.is_some() && other.open.is_some();
        if open {
            self.reopen(out)
        } else {
            Self {
                ranges: out,
                open: None,
            }
        }
    }

    /// All ranges, the open one as reaching to the largest number.
    fn spans(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let open = self.open.map(|from| (from, u32::MAX));
        self.ranges.iter().copied().chain(open)
    }

    /// A set of `ranges`, the last of which is open again if it reaches to the
    /// largest number and this set is open.
    fn reopen(&self, mut ranges: Vec<(u32, u32)>) -> Self {
        let open = match ranges.last() {
            Some((from, u32::MAX)) if self.open.is_some() => {
                let from = *from;
                ranges.pop();
                Some(from)
            }
            _ => None,
        };
        Self { ranges, open }
    }

    /// The set in a mailbox whose largest number is `largest`: `n:*` becomes
    /// `n:largest`, or `largest` alone if `n` is above it, and `*` becomes
    /// `largest`. Closed ranges stay as they are.
    #[must_use]
    pub fn resolve(&self, largest: u32) -> Self {
        let mut set = Self {
            ranges: self.ranges.clone(),
            open: None,
        };
        if let Some(from) = self.open {
            set.insert_range(from.min(largest), largest);
        }
        set
    }

    /// Takes the first `n` numbers of the closed ranges out of the set.
    #[must_use]
    pub fn take_first(&mut self, n: u64) -> Self {
        let mut left = n;
        let mut whole = 0usize;
        let mut cut = None;
        for (a, b) in &self.ranges {
            let len = u64::from(b - a) + 1;
            if len > left {
                cut = u32::try_from(left).ok().filter(|k| *k > 0).map(|k| a + k);
                break;
            }
            left -= len;
            whole += 1;
        }
        let mut taken: Vec<(u32, u32)> = self.ranges.drain(..whole).collect();
        if let (Some(first), Some(at)) = (self.ranges.first_mut(), cut) {
            taken.push((first.0, at - 1));
            first.0 = at;
        }
        Self {
            ranges: taken,
            open: None,
        }
    }

    /// The set cut into sets that each print in at most `max_bytes` (at least
    /// one range each, which takes up to 21 bytes).
    pub fn chunks(&self, max_bytes: usize) -> impl Iterator<Item = SequenceSet> + '_ {
        let mut at = 0usize;
        let mut open = self.open;
        std::iter::from_fn(move || {
            let rest = self.ranges.get(at..).unwrap_or_default();
            let mut used = 0usize;
            let mut count = 0usize;
            for (a, b) in rest {
                let len = digits(*a) + if a == b { 0 } else { 1 + digits(*b) };
                let with_comma = len + usize::from(count > 0);
                if count > 0 && used + with_comma > max_bytes {
                    break;
                }
                used += with_comma;
                count += 1;
            }
            at += count;
            let mut set = SequenceSet {
                ranges: rest.get(..count).unwrap_or_default().to_vec(),
                open: None,
            };
            if count == rest.len()
                && let Some(from) = open
                && (count == 0 || used + digits(from) + 3 <= max_bytes)
            {
                set.open = Some(from);
                open = None;
            }
            (!set.is_empty()).then_some(set)
        })
    }
}

fn digits(n: u32) -> usize {
    n.checked_ilog10().map_or(1, |k| k as usize + 1)
}

/// Sorts ranges, and joins those that overlap or touch.
fn normalise(ranges: &mut Vec<(u32, u32)>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let joins = next.0 <= kept.1.saturating_add(1);
        if joins {
            kept.1 = kept.1.max(next.1);
        }
        joins
    });
}

/// Gathers ranges that mostly ascend, and sorts them only if they do not.
#[derive(Debug, Default)]
pub(crate) struct SetBuilder {
    ranges: Vec<(u32, u32)>,
    unsorted: bool,
}

impl SetBuilder {
    /// Adds a range, `a <= b`. False if there are `max` ranges already, counted
    /// as they came, before they are sorted and joined.
    #[inline]
    pub(crate) fn push(&mut self, a: u32, b: u32, max: usize) -> bool {
        match self.ranges.last_mut() {
            Some(last) if last.1.checked_add(1) == Some(a) => {
                last.1 = b;
                return true;
            }
            Some(last) if b.checked_add(1) == Some(last.0) => {
                last.0 = a;
                self.unsorted = true;
                return true;
            }
            Some(last) if a <= last.1 => self.unsorted = true,
            _ => {}
        }
        if self.ranges.len() >= max {
            return false;
        }
        self.ranges.push((a, b));
        true
    }

    /// Takes the last range back.
    pub(crate) fn pop(&mut self) -> Option<(u32, u32)> {
        self.ranges.pop()
    }

    /// Adds ranges that ascend, do not touch, and follow what [`Self::pop`]
    /// gave. False if there are then more than `max`.
    pub(crate) fn extend(&mut self, block: &[(u32, u32)], max: usize) -> bool {
        self.ranges.extend_from_slice(block);
        self.ranges.len() <= max
    }

    pub(crate) fn finish(self, open: Option<u32>) -> SequenceSet {
        SequenceSet::from_parts(self.ranges, !self.unsorted, open)
    }
}

impl FromIterator<u32> for SequenceSet {
    fn from_iter<I: IntoIterator<Item = u32>>(iter: I) -> Self {
        let mut builder = SetBuilder::default();
        for n in iter.into_iter().filter(|n| *n > 0) {
            builder.push(n, n, usize::MAX);
        }
        builder.finish(None)
    }
}

impl Extend<u32> for SequenceSet {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, iter: I) {
        self.union_with(&iter.into_iter().collect());
    }
}

impl From<u32> for SequenceSet {
    fn from(n: u32) -> Self {
        let mut set = Self::new();
        set.insert(n);
        set
    }
}

impl From<RangeInclusive<u32>> for SequenceSet {
    fn from(range: RangeInclusive<u32>) -> Self {
        let mut set = Self::new();
        if !range.is_empty() {
            set.insert_range(*range.start(), *range.end());
        }
        set
    }
}

impl FromStr for SequenceSet {
    type Err = DecodeError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s.as_bytes())
    }
}

impl fmt::Display for SequenceSet {
    /// As it is sent: `2,4:7,12:*`. The empty set prints nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, (a, b)) in self.ranges.iter().enumerate() {
            if k > 0 {
                f.write_str(",")?;
            }
            write!(f, "{a}")?;
            if a != b {
                write!(f, ":{b}")?;
            }
        }
        if let Some(from) = self.open {
            if !self.ranges.is_empty() {
                f.write_str(",")?;
            }
            match from {
                u32::MAX => f.write_str("*")?,
                from => write!(f, "{from}:*")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for SequenceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

/// UIDs in the order a server listed them, as APPENDUID and COPYUID need it:
/// the n-th of one list belongs to the n-th of the other (RFC 4315 section 3).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct UidList(Vec<(u32, u32)>);

impl UidList {
    /// Adds a range at the end; `from` may be above `to`, the order then being
    /// ascending all the same, as RFC 4315 has it.
    pub fn push_range(&mut self, from: u32, to: u32) {
        let (from, to) = (from.min(to), from.max(to));
        match self.0.last_mut() {
            Some(last) if last.1.checked_add(1) == Some(from) => last.1 = to,
            _ => self.0.push((from, to)),
        }
    }

    /// How many UIDs there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.iter().map(|(a, b)| u64::from(b - a) + 1).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The UIDs in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|(a, b)| *a..=*b)
    }

    /// The UIDs as a set.
    #[must_use]
    pub fn to_set(&self) -> UidSet {
        UidSet::from_parts(self.0.clone(), false, None)
    }
}

impl FromIterator<u32> for UidList {
    fn from_iter<I: IntoIterator<Item = u32>>(iter: I) -> Self {
        let mut list = Self::default();
        for n in iter {
            list.push_range(n, n);
        }
        list
    }
}

impl fmt::Display for UidList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, (a, b)) in self.0.iter().enumerate() {
            if k > 0 {
                f.write_str(",")?;
            }
            write!(f, "{a}")?;
            if a != b {
                write!(f, ":{b}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for UidList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}
