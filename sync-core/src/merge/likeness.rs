//! What recognises a content whose UID says nothing.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::canon::{Class, Entry, Moment, canonical_of, entries, loose_text};
use super::syntax::Node;
use crate::model::ItemKind;

/// No zone is further from UTC, in seconds: what one side tells in UTC and the other by the clock of
/// a zone may be one moment.
const FURTHEST: i64 = 14 * 3600;

/// The properties that sides can hold, by canonical name, and VALARM; one counts if all of the lists
/// have it, and without a list each one does.
pub type Held<'h> = [&'h [&'h str]];

fn is_held(held: &Held<'_>, name: &str) -> bool {
    held.iter().all(|names| names.contains(&name))
}

/// Whether two contents say the same in what is held, however they are written and whatever their
/// UIDs are.
pub fn equal_within(a: &[u8], b: &[u8], held: &Held<'_>) -> bool {
    let is_asked = |name: &str| name != "UID" && is_held(held, name);
    let said = |content| Some(canonical_of(&Node::parse(content)?, &is_asked));
    a == b || said(a).is_some_and(|a| said(b) == Some(a))
}

/// What recognises an item whose UID its source made up: all that it says apart from that and from
/// what not every side can hold, and by what people tell it from others.
///
/// | kind | what people go by |
/// | --- | --- |
/// | contact | a name (N, FN, without them ORG) and an address (EMAIL) or that there is none |
/// | task | SUMMARY and DUE |
/// | event | SUMMARY and DTSTART |
/// | note | SUMMARY |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    content: [u8; 32],
    keys: Vec<[u8; 32]>,
    when: Option<When>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct When {
    zone: String,
    seconds: i64,
}

impl Likeness {
    /// The likeness of a content; none if it cannot be taken apart.
    pub fn of(kind: ItemKind, content: &[u8], held: &Held<'_>) -> Option<Self> {
        let document = Node::parse(content)?;
        let main = main_component(&document)?;
        let mut said = Vec::new();
        describe(&document, held, &mut said);
        said.sort_unstable();
        said.dedup();
        let own = entries(main).said;
        let when = match kind {
            ItemKind::Task => Some("DUE"),
            ItemKind::Event => Some("DTSTART"),
            _ => None,
        };
        Some(Self {
            content: hash(&said),
            keys: match kind {
                ItemKind::Contact => contact_keys(&own),
                _ => summary(&own)
                    .map(|text| hash(&[text]))
                    .into_iter()
                    .collect(),
            },
            when: when.and_then(|name| time(&own, name)),
        })
    }

    /// A likeness that only an equal content has.
    #[must_use]
    pub fn exact(mut self) -> Self {
        self.keys.clear();
        self
    }

    /// Whether people would take both for one.
    fn may_be(&self, other: &Self) -> bool {
        match (&self.when, &other.when) {
            (None, None) => true,
            (Some(a), Some(b)) if a.zone == b.zone => a.seconds == b.seconds,
            (Some(a), Some(b)) => a.seconds.abs_diff(b.seconds) <= FURTHEST.unsigned_abs(),
            _ => false,
        }
    }

    /// Pairs what is alike on both sides: first equal contents, as many as the poorer side has, then
    /// what people would take for one, if on both sides nothing else could be meant.
    pub fn pair(left: &[Self], right: &[Self]) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        let mut equal: HashMap<[u8; 32], Vec<usize>> = HashMap::new();
        for (r, likeness) in right.iter().enumerate().rev() {
            equal.entry(likeness.content).or_default().push(r);
        }
        let mut taken = vec![false; right.len()];
        let mut rest = Vec::new();
        for (l, likeness) in left.iter().enumerate() {
            match equal.get_mut(&likeness.content).and_then(Vec::pop) {
                Some(r) => {
                    pairs.push((l, r));
                    if let Some(taken) = taken.get_mut(r) {
                        *taken = true;
                    }
                }
                None => rest.push((l, likeness)),
            }
        }
        let mut by_key: HashMap<[u8; 32], Vec<usize>> = HashMap::new();
        let free = right.iter().zip(&taken).enumerate();
        for (r, (likeness, _)) in free.filter(|(_, (_, taken))| !**taken) {
            for key in &likeness.keys {
                by_key.entry(*key).or_default().push(r);
            }
        }
        let mut claims: HashMap<usize, Vec<(usize, bool)>> = HashMap::new();
        for (l, likeness) in rest {
            let known = likeness.keys.iter().filter_map(|key| by_key.get(key));
            let mut meant: Vec<usize> = known.flatten().copied().collect();
            meant.sort_unstable();
            meant.dedup();
            meant.retain(|r| right.get(*r).is_some_and(|other| likeness.may_be(other)));
            let sole = meant.len() == 1;
            for r in meant {
                claims.entry(r).or_default().push((l, sole));
            }
        }
        let mut sole: Vec<(usize, usize)> = claims
            .into_iter()
            .filter_map(|(r, claims)| match claims.as_slice() {
                [(l, true)] => Some((*l, r)),
                _ => None,
            })
            .collect();
        sole.sort_unstable();
        pairs.append(&mut sole);
        pairs
    }
}

/// The component that the item is; of a series the master.
fn main_component<'n, 'a>(document: &'n Node<'a>) -> Option<&'n Node<'a>> {
    let card = document.children().find(|node| node.name == "VCARD");
    card.or_else(|| {
        let calendar = document.children().find(|node| node.name == "VCALENDAR")?;
        let parts = || calendar.children().filter(|node| node.name != "VTIMEZONE");
        let master = parts().find(|node| node.value("RECURRENCE-ID").is_none());
        master.or_else(|| parts().next())
    })
}

/// What a component and those in it say; reminders are nobody's likeness.
fn describe(node: &Node<'_>, held: &Held<'_>, out: &mut Vec<String>) {
    let counts = |entry: &&Entry| entry.class != Class::Own && is_held(held, &entry.name);
    for entry in entries(node).said.iter().filter(counts) {
        let value = match entry.key.is_empty() {
            true => &entry.value,
            false => &entry.key,
        };
        out.push(format!("{}\u{1}{}\u{1}{value}", node.name, entry.name));
    }
    let inner = node.children();
    for child in inner.filter(|child| !matches!(&*child.name, "VTIMEZONE" | "VALARM")) {
        describe(child, held, out);
    }
}

fn hash(parts: &[String]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn contact_keys(said: &[Entry]) -> Vec<[u8; 32]> {
    let values = |name: &'static str| {
        let named = said.iter().filter(move |entry| entry.name == name);
        named.filter_map(move |entry| folded(&entry.value).map(|value| format!("{name} {value}")))
    };
    let mut names: Vec<String> = values("N").chain(values("FN")).collect();
    if names.is_empty() {
        names = values("ORG").collect();
    }
    let mut addresses: Vec<String> = values("EMAIL").collect();
    if addresses.is_empty() {
        addresses.push(String::new());
    }
    let pairs = names.iter().flat_map(|name| {
        let both = |address: &String| hash(&[name.clone(), address.clone()]);
        addresses.iter().map(both)
    });
    pairs.collect()
}

fn summary(said: &[Entry]) -> Option<String> {
    let summary = said.iter().find(|entry| entry.name == "SUMMARY")?;
    folded(&summary.value)
}

/// A name without what servers change about names.
fn folded(value: &str) -> Option<String> {
    let text = loose_text(value);
    (!text.is_empty()).then_some(text)
}

fn time(said: &[Entry], name: &str) -> Option<When> {
    let entry = said.iter().find(|entry| entry.name == name)?;
    let moment = Moment::parse(&entry.value)?;
    Some(When {
        zone: moment.zone.to_owned(),
        seconds: moment.seconds,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn card(lines: &str) -> Likeness {
        let text = format!(
            "BEGIN:VCARD\r\n{}\r\nEND:VCARD\r\n",
            lines.replace('|', "\r\n")
        );
        let held: [&[&str]; 1] = [&["FN", "N", "EMAIL", "TEL", "NOTE"]];
        Likeness::of(ItemKind::Contact, text.as_bytes(), &held).unwrap()
    }

    fn todo(lines: &str) -> Likeness {
        let text = format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\n{}\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
            lines.replace('|', "\r\n")
        );
        Likeness::of(ItemKind::Task, text.as_bytes(), &[]).unwrap()
    }

    #[test]
    fn equal_contents_pair_whatever_their_uids_and_are_counted() {
        let left = [card("UID:1|FN:Al|X-PET:cat"), card("UID:2|FN:Al")];
        let right = [
            card("UID:a|FN:Al"),
            card("UID:b|FN:Al"),
            card("UID:c|FN:Al"),
        ];
        assert_eq!(Likeness::pair(&left, &right), [(0, 0), (1, 1)]);
        assert_eq!(Likeness::pair(&right, &left), [(0, 0), (1, 1)]);
    }

    #[test]
    fn a_name_and_an_address_recognise_a_contact_that_is_the_only_one() {
        let left = [card("FN:Al|EMAIL:al@x|NOTE:mine"), card("FN:Bo|NOTE:1")];
        let right = [card("FN:bo|NOTE:2"), card("FN:Al|EMAIL:AL@x|EMAIL:b@x")];
        assert_eq!(Likeness::pair(&left, &right), [(0, 1), (1, 0)]);
        // Two are meant: neither is.
        let two = [card("FN:Bo|NOTE:2"), card("FN:Bo|NOTE:3")];
        assert_eq!(Likeness::pair(&left, &two), []);
        assert_eq!(Likeness::pair(&two, &left), []);
        // Another address, another person.
        assert_eq!(Likeness::pair(&left, &[card("FN:Al|EMAIL:b@x")]), []);
        assert_eq!(Likeness::pair(&left, &[card("FN:Al")]), []);
    }

    #[test]
    fn a_task_is_recognised_by_what_it_is_and_when_it_is_due() {
        let left = [
            todo("SUMMARY:Pay rent|DUE;TZID=Europe/Berlin:20260101T090000|PRIORITY:1"),
            todo("SUMMARY:Pay rent|DUE;TZID=Europe/Berlin:20260201T090000"),
            todo("SUMMARY:Sleep"),
        ];
        let right = [
            todo("SUMMARY:Pay rent|DUE:20260201T080000Z"),
            todo("SUMMARY:Pay rent|DUE:20260101T080000Z"),
            todo("SUMMARY:Sleep|DUE:20260101T080000Z"),
        ];
        assert_eq!(Likeness::pair(&left, &right), [(0, 1), (1, 0)]);
        assert_eq!(Likeness::pair(&[left[0].clone().exact()], &right), []);
    }

    #[test]
    fn what_cannot_be_held_does_not_count() {
        let card = |lines: &str| format!("BEGIN:VCARD\r\n{lines}\r\nEND:VCARD\r\n");
        let rich = card("UID:1\r\nFN:Al\r\nX-PET:cat");
        let poor = card("FN:Al\r\nUID:2");
        let held: [&[&str]; 1] = [&["FN"]];
        assert!(equal_within(rich.as_bytes(), poor.as_bytes(), &held));
        assert!(!equal_within(rich.as_bytes(), poor.as_bytes(), &[]));
        assert!(!equal_within(
            rich.as_bytes(),
            card("FN:Bo").as_bytes(),
            &held
        ));
    }
}
