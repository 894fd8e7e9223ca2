//! Canonical equality and three-way merge of contents.
//!
//! Works on content lines (RFC 5545 section 3.1, RFC 6350 section 3.2): properties merge by name,
//! lists as sets, components by their RECURRENCE-ID. What no side changed keeps its bytes. Flags
//! merge in [`reconcile_link`](crate::reconcile::reconcile_link), since they need no parsing.

mod component;
mod three_way;

use std::fmt::Write as _;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::model::{Both, Side};
use component::Component;

/// One side of a merge.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    /// What the side last held, as it returned it.
    pub base: Option<&'a [u8]>,
    /// The base was written and never read back: what is missing now was perhaps never kept, so
    /// nothing counts as removed.
    pub provisional: bool,
    /// What it holds now.
    pub now: &'a [u8],
}

/// Whose value stays when both sides changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preference {
    /// This side's.
    Side(Side),
    /// That of the side whose content says that it was changed last (LAST-MODIFIED, REV, DTSTAMP).
    Newest,
}

/// The result of a [`merge`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// What each side shall hold; none where it holds it already.
    pub result: Both<Option<Bytes>>,
    /// The properties that both sides changed to different values.
    pub conflicts: Vec<String>,
    /// The side whose values were given up, if there was a conflict.
    pub loser: Option<Side>,
}

/// Applies what changed on each side to what the other side holds.
///
/// A side that never held a property does not delete it from the other one: only the difference
/// between what a side held and what it holds travels.
pub fn merge(sides: Both<Version<'_>>, preference: Preference) -> Merged {
    let winner = match preference {
        Preference::Side(side) => side,
        Preference::Newest => newest(sides.left.now, sides.right.now),
    };
    three_way::merge(sides, winner)
}

/// Whether two contents mean the same: order, folding, quoting and what servers stamp on
/// (DTSTAMP, LAST-MODIFIED, PRODID, REV) do not count.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a == b || Component::parse(a).canonical() == Component::parse(b).canonical()
}

/// The same content under a UID of its own, derived from the content.
pub fn with_new_uid(content: &[u8]) -> Bytes {
    let mut suffix = String::from("-");
    for byte in Sha256::digest(content).iter().take(4) {
        let _ = write!(suffix, "{byte:02x}");
    }
    let mut document = Component::parse(content);
    document.append_to_values("UID", &suffix);
    document.print().into()
}

/// The UID of a content.
pub fn uid(content: &[u8]) -> Option<String> {
    Component::parse(content)
        .find_value("UID")
        .map(str::to_owned)
}

/// The side that was changed last; of equally old ones the greater, so that swapping mirrors.
fn newest(left: &[u8], right: &[u8]) -> Side {
    let (l, r) = (Component::parse(left), Component::parse(right));
    let stamp = |c: &Component| c.latest_stamp().map(str::to_owned);
    match stamp(&l)
        .cmp(&stamp(&r))
        .then_with(|| l.canonical().cmp(&r.canonical()))
    {
        std::cmp::Ordering::Less => Side::Right,
        _ => Side::Left,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(lines: &[&str]) -> Vec<u8> {
        let mut all = vec!["BEGIN:VCARD", "UID:1"];
        all.extend(lines);
        all.push("END:VCARD");
        all.join("\r\n")
            .into_bytes()
            .into_iter()
            .chain(*b"\r\n")
            .collect()
    }

    fn version<'a>(base: &'a [u8], now: &'a [u8]) -> Version<'a> {
        Version {
            base: Some(base),
            provisional: false,
            now,
        }
    }

    fn result(merged: &Merged, side: Side) -> String {
        merged.result[side].as_ref().map_or_else(
            || "=".into(),
            |b| String::from_utf8_lossy(b).replace("\r\n", "|"),
        )
    }

    #[test]
    fn different_properties_merge() {
        let base = card(&["FN:a", "NOTE:n"]);
        let (l, r) = (card(&["FN:b", "NOTE:n"]), card(&["FN:a", "NOTE:m"]));
        let merged = merge(
            Both::new(version(&base, &l), version(&base, &r)),
            Preference::Newest,
        );
        assert!(merged.conflicts.is_empty());
        for side in Side::BOTH {
            assert_eq!(
                result(&merged, side),
                "BEGIN:VCARD|UID:1|FN:b|NOTE:m|END:VCARD|"
            );
        }
    }

    #[test]
    fn the_same_property_conflicts_and_the_rule_decides() {
        let base = card(&["FN:a"]);
        let (l, r) = (card(&["FN:b"]), card(&["FN:c"]));
        let sides = Both::new(version(&base, &l), version(&base, &r));
        let merged = merge(sides, Preference::Side(Side::Right));
        assert_eq!(merged.conflicts, ["FN"]);
        assert_eq!(merged.loser, Some(Side::Left));
        assert_eq!(
            result(&merged, Side::Left),
            "BEGIN:VCARD|UID:1|FN:c|END:VCARD|"
        );
        assert_eq!(result(&merged, Side::Right), "=");
    }

    #[test]
    fn a_side_that_never_held_a_property_does_not_delete_it() {
        let rich = card(&["FN:a", "X-PET:cat"]);
        let poor_base = card(&["FN:a"]);
        let poor_now = card(&["FN:b"]);
        let sides = Both::new(version(&rich, &rich), version(&poor_base, &poor_now));
        let merged = merge(sides, Preference::Newest);
        assert_eq!(
            result(&merged, Side::Left),
            "BEGIN:VCARD|UID:1|FN:b|X-PET:cat|END:VCARD|"
        );
        assert_eq!(result(&merged, Side::Right), "=");
    }

    #[test]
    fn lists_merge_as_sets() {
        let base = card(&["EMAIL:a@x", "EMAIL:b@x"]);
        let l = card(&["EMAIL:a@x", "EMAIL:b@x", "EMAIL:c@x"]);
        let r = card(&["EMAIL:b@x", "EMAIL:d@x"]);
        let merged = merge(
            Both::new(version(&base, &l), version(&base, &r)),
            Preference::Newest,
        );
        assert!(merged.conflicts.is_empty());
        assert_eq!(
            result(&merged, Side::Right),
            "BEGIN:VCARD|UID:1|EMAIL:b@x|EMAIL:d@x|EMAIL:c@x|END:VCARD|"
        );
        let left = merged.result.left.as_deref().unwrap_or_default();
        let right = merged.result.right.as_deref().unwrap_or_default();
        assert!(equal(left, right));
    }

    #[test]
    fn noise_order_and_quoting_are_no_difference() {
        let a = b"BEGIN:VEVENT\r\nDTSTAMP:1\r\nATTENDEE;CN=\"Bob\";ROLE=X:mailto:b\r\nUID:1\r\nEND:VEVENT\r\n";
        let b = b"BEGIN:VEVENT\nUID:1\nATTENDEE;ROLE=X;CN=Bob:mail\n to:b\nDTSTAMP:2\nEND:VEVENT\n";
        assert!(equal(a, b));
        assert!(!equal(a, b"BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n"));
    }

    #[test]
    fn an_override_and_its_master_merge_apart() {
        let master = |s: &str| format!("BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:{s}\r\nEND:VEVENT\r\n");
        let over = |s: &str| {
            format!("BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID:5\r\nSUMMARY:{s}\r\nEND:VEVENT\r\n")
        };
        let wrap = |s: String| format!("BEGIN:VCALENDAR\r\n{s}END:VCALENDAR\r\n").into_bytes();
        let base = wrap(master("a"));
        let l = wrap(master("b"));
        let r = wrap(master("a") + &over("c"));
        let merged = merge(
            Both::new(version(&base, &l), version(&base, &r)),
            Preference::Newest,
        );
        let whole = wrap(master("b") + &over("c"));
        assert_eq!(merged.result.left.as_deref(), Some(whole.as_slice()));
        assert_eq!(merged.result.right.as_deref(), Some(whole.as_slice()));
    }

    #[test]
    fn a_duplicate_gets_a_uid_of_its_own() {
        let copy = with_new_uid(&card(&["FN:a"]));
        assert_ne!(uid(&copy), Some("1".into()));
        assert!(uid(&copy).is_some_and(|u| u.starts_with("1-")));
    }
}
