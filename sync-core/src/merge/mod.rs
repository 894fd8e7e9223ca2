//! Canonical equality and three-way merge of contents: iCalendar (RFC 5545) and vCard (RFC 2426,
//! RFC 6350).
//!
//! A document is a tree of content lines with every byte in its place ([`syntax`]). What it says is a
//! set of entries, each with one form for all the ways to write it (`canon`): contents are
//! [`equal`] if their entries are. [`merge`] compares the entries of each side with those of its own
//! base, and writes into each side's document what the other side changed (`three_way`); all else
//! keeps its bytes. Flags merge in [`reconcile_link`](crate::reconcile::reconcile_link), since they
//! need no parsing.
//!
//! | what | how it merges |
//! | --- | --- |
//! | most properties | by name; the value and each parameter for itself |
//! | ATTENDEE, EMAIL, TEL, ADR, URL, MEMBER and the like | as a set by address, number or text |
//! | CATEGORIES, EXDATE, RDATE, RESOURCES, NICKNAME | value by value, on however many lines |
//! | DESCRIPTION, COMMENT, NOTE | by lines |
//! | DTSTART with DTEND, DUE or DURATION, and RRULE | together: nothing ends before it starts |
//! | STATUS, COMPLETED, PERCENT-COMPLETE of a task | together, once somebody is done |
//! | overrides | by RECURRENCE-ID; they follow a series that was moved; an edit beats an EXDATE |
//! | alarms | by UID, else by what they do and when |
//! | definitions of time zones | not at all: they go where their zone is used |
//! | DTSTAMP, LAST-MODIFIED, REV, SEQUENCE | never differ; what was merged has the greater one |
//! | properties of a vCard in one group | with what describes them, under a free name |
//!
//! ```
//! use sync_core::merge::{Preference, Version, merge};
//! use sync_core::model::Both;
//!
//! // A phone that knows no X- properties, and a server that does.
//! let phone_had = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Al\r\nEND:VCARD\r\n";
//! let phone_has = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Al B.\r\nEND:VCARD\r\n";
//! let server = b"BEGIN:VCARD\r\nVERSION:4.0\r\nX-PET:cat\r\nFN:Al\r\nEND:VCARD\r\n";
//! let version =
//!     |base, now| Version { base: Some(base), provisional: false, own_uid: false, now };
//!
//! let merged = merge(
//!     Both::new(version(phone_had, phone_has), version(server, server)),
//!     Preference::Newest,
//! );
//! assert!(merged.conflicts.is_empty());
//! assert_eq!(merged.result.left, None);
//! assert_eq!(
//!     merged.result.right.as_deref(),
//!     Some(b"BEGIN:VCARD\r\nVERSION:4.0\r\nX-PET:cat\r\nFN:Al B.\r\nEND:VCARD\r\n".as_slice()),
//! );
//! ```

mod canon;
mod likeness;
mod stamp;
pub mod syntax;
mod three_way;
mod vcard;

use std::borrow::Cow;
use std::fmt::Write as _;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::model::{Both, Side};
use canon::canonical;
pub use likeness::{Held, Likeness, equal_within};
use syntax::{Built, Eol, Item, Node, Property, unfold};
pub use vcard::{VcardVersion, to_version};

/// One side of a merge.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    /// What the side last held, as it returned it.
    pub base: Option<&'a [u8]>,
    /// The base was written and never read back: what is missing now was perhaps never kept, so
    /// nothing counts as removed.
    pub provisional: bool,
    /// The side makes its UIDs up: they never travel, and none is taken from the other side.
    pub own_uid: bool,
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Merged {
    /// What each side shall hold; none where it holds it already.
    pub result: Both<Option<Bytes>>,
    /// The properties that both sides changed to different values, sorted; those of an override
    /// with its RECURRENCE-ID, as in `SUMMARY (RECURRENCE-ID 20240101T090000)`. `*` stands for
    /// all of a content that has too many lines to be taken apart.
    pub conflicts: Vec<String>,
    /// The side whose values were given up, if there was a conflict.
    pub loser: Option<Side>,
}

/// Applies what changed on each side to what the other side holds.
///
/// A side that never held a property does not delete it from the other one: only the difference
/// between what a side held and what it holds travels. Whoever changed a value wins over who
/// removed it; where both changed it to different values, `preference` decides. Swapping the sides
/// mirrors the result.
pub fn merge(sides: Both<Version<'_>>, preference: Preference) -> Merged {
    three_way::merge(sides, preference)
}

/// Whether two contents mean the same, however they are written.
///
/// Order, folding, quoting, escapes, values that are meant where a property is missing, and what
/// servers stamp on do not count; nor do the definitions of time zones, and the version of a vCard.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    let said = |content| Node::parse(content).as_ref().map(canonical);
    a == b || said(a).is_some_and(|a| said(b) == Some(a))
}

/// The same content under a UID of its own, derived from the content.
pub fn with_new_uid(content: &[u8]) -> Bytes {
    let mut suffix = String::from("-");
    for byte in Sha256::digest(content).iter().take(4) {
        let _ = write!(suffix, "{byte:02x}");
    }
    let Some(mut document) = Node::parse(content) else {
        return Bytes::copy_from_slice(content);
    };
    let eol = Eol::of(content);
    append_to_uids(&mut document, &suffix, eol);
    document.print(eol).into()
}

fn append_to_uids(node: &mut Node<'_>, suffix: &str, eol: Eol) {
    for item in &mut node.items {
        match item {
            Item::Node(child) => append_to_uids(child, suffix, eol),
            Item::Other(_) => {}
            Item::Line(raw) => {
                let line = {
                    let text = unfold(raw);
                    let property = Property::parse(&text);
                    let named = property.filter(|p| p.name.eq_ignore_ascii_case("UID"));
                    let Some(property) = named else { continue };
                    let mut built = Built::from(&property);
                    built.value = format!("{}{suffix}", property.value.trim());
                    built.print(eol)
                };
                *raw = Cow::Owned(line);
            }
        }
    }
}

/// The UID of a content.
pub fn uid(content: &[u8]) -> Option<String> {
    first_uid(&Node::parse(content)?)
}

fn first_uid(node: &Node<'_>) -> Option<String> {
    let inner = || node.children().find_map(first_uid);
    node.value("UID").or_else(inner)
}

#[cfg(test)]
mod tests;
