//! Texts merge by lines.

use std::ops::Range;

/// Texts whose changed parts have more cells of comparison than this are changed as a whole there.
const MAX_CELLS: usize = 1 << 18;

/// Both edits of a text, if they touch different lines.
///
/// The sides may have known it with other white space at the ends of lines.
pub(super) fn merge(base: (&str, &str), left: &str, right: &str) -> Option<String> {
    let lines = |text: &'_ str| -> Vec<String> {
        text.split('\n')
            .map(|line| line.trim_end().to_owned())
            .collect()
    };
    let (base, other) = (lines(base.0), lines(base.1));
    if base != other {
        return None;
    }
    let (left, right) = (lines(left), lines(right));
    let (mut l, mut r) = (
        hunks(&base, &left).into_iter().peekable(),
        hunks(&base, &right).into_iter().peekable(),
    );
    let mut out: Vec<&str> = Vec::new();
    let mut at = 0;
    loop {
        let (hunk, lines) = match (l.peek(), r.peek()) {
            (None, None) => break,
            (Some(a), Some(b)) if a == b && a.new_of(&left) == b.new_of(&right) => {
                r.next();
                (l.next()?, &left)
            }
            (Some(a), Some(b)) if a.overlaps(b) => return None,
            (Some(a), Some(b)) if a.old.start < b.old.start || a.old.end <= b.old.start => {
                (l.next()?, &left)
            }
            (Some(_), None) => (l.next()?, &left),
            _ => (r.next()?, &right),
        };
        out.extend(base.get(at..hunk.old.start)?.iter().map(String::as_str));
        out.extend(lines.get(hunk.new.clone())?.iter().map(String::as_str));
        at = hunk.old.end;
    }
    out.extend(base.get(at..)?.iter().map(String::as_str));
    Some(out.join("\n"))
}

/// Lines that were replaced by others.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hunk {
    old: Range<usize>,
    new: Range<usize>,
}

impl Hunk {
    fn new_of<'t>(&self, lines: &'t [String]) -> &'t [String] {
        lines.get(self.new.clone()).unwrap_or_default()
    }

    /// Whether the order of both is not clear: they share a line, or both insert at one place.
    fn overlaps(&self, other: &Self) -> bool {
        let (a, b) = (&self.old, &other.old);
        if a.is_empty() && b.is_empty() {
            return a.start == b.start;
        }
        if a.is_empty() || b.is_empty() {
            let (point, range) = if a.is_empty() {
                (a.start, b)
            } else {
                (b.start, a)
            };
            return range.start < point && point < range.end;
        }
        a.start < b.end && b.start < a.end
    }
}

/// What turns `old` into `new`: a longest common subsequence stays.
fn hunks(old: &[String], new: &[String]) -> Vec<Hunk> {
    let same = |(a, b): &(&String, &String)| a == b;
    let prefix = old.iter().zip(new).take_while(same).count();
    let (old_rest, new_rest) = (
        old.get(prefix..).unwrap_or_default(),
        new.get(prefix..).unwrap_or_default(),
    );
    let suffix = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(same)
        .count();
    let (n, m) = (old_rest.len() - suffix, new_rest.len() - suffix);
    let (old_rest, new_rest) = (
        old_rest.get(..n).unwrap_or_default(),
        new_rest.get(..m).unwrap_or_default(),
    );
    let mut out = Vec::new();
    let (mut i, mut j) = (0, 0);
    for (a, b) in common(old_rest, new_rest).into_iter().chain([(n, m)]) {
        if i < a || j < b {
            out.push(Hunk {
                old: prefix + i..prefix + a,
                new: prefix + j..prefix + b,
            });
        }
        (i, j) = (a + 1, b + 1);
    }
    out
}

/// The places of a longest common subsequence.
fn common(old: &[String], new: &[String]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    if (old.len() + 1).saturating_mul(width) > MAX_CELLS {
        return Vec::new();
    }
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    let at = |table: &[u32], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(0);
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let length = if a == b {
                at(&lengths, i + 1, j + 1) + 1
            } else {
                at(&lengths, i + 1, j).max(at(&lengths, i, j + 1))
            };
            if let Some(cell) = lengths.get_mut(i * width + j) {
                *cell = length;
            }
        }
    }
    let mut out = Vec::new();
    let (mut i, mut j) = (0, 0);
    while let (Some(a), Some(b)) = (old.get(i), new.get(j)) {
        if a == b {
            out.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if at(&lengths, i + 1, j) >= at(&lengths, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three(base: &str, left: &str, right: &str) -> Option<String> {
        let merged = merge((base, base), left, right);
        assert_eq!(merged, merge((base, base), right, left), "swapping mirrors");
        merged
    }

    #[test]
    fn edits_of_different_lines_merge() {
        assert_eq!(
            three("a\nb\nc", "A\nb\nc", "a\nb\nC"),
            Some("A\nb\nC".into())
        );
        assert_eq!(three("a\nb", "A\nb", "a\nB"), Some("A\nB".into()));
        assert_eq!(
            three("a\nb", "x\na\nb", "a\nb\ny"),
            Some("x\na\nb\ny".into())
        );
        assert_eq!(
            three("a\nb\nc", "a\nc", "a\nb\nc\nd"),
            Some("a\nc\nd".into())
        );
        assert_eq!(three("a\nb", "a\nx\nb", "a\nB"), Some("a\nx\nB".into()));
        assert_eq!(three("a", "b", "b"), Some("b".into()));
    }

    #[test]
    fn edits_of_one_line_do_not() {
        assert_eq!(three("a", "b", "c"), None);
        assert_eq!(three("a\nb", "a\nb\nx", "a\nb\ny"), None);
        assert_eq!(three("a\nb\nc", "a", "a\nB\nc"), None);
    }

    #[test]
    fn a_long_text_costs_no_square() {
        let long = |tag: &str| -> String { (0..20_000).map(|i| format!("{tag}{i}\n")).collect() };
        let base = long("a");
        let right = base.replace("a77\n", "");
        assert!(three(&base, &long("b"), &right).is_none());
        let left = format!("x\n{base}");
        let right = format!("{base}y");
        assert_eq!(three(&base, &left, &right), Some(format!("x\n{base}y")));
    }
}
