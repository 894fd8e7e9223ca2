//! What a file holds, and what a file is called.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::model::{ItemKind, KindSet};

/// Bytes of a file name that is made from a UID.
const NAME_LIMIT: usize = 200;

const SEVERAL: &str = "the file holds more than one item";
const NOTHING: &str = "the file holds no event, task, journal entry or contact";
const CUT: &str = "the file ends before its item does";

/// The kinds that files of this name hold; none if the name is no item's.
pub(super) fn kinds_of_name(name: &[u8]) -> KindSet {
    if name.starts_with(b".") {
        KindSet::NONE
    } else if name.ends_with(b".ics") {
        KindSet::CALENDAR
    } else if name.ends_with(b".vcf") {
        KindSet::CONTACTS
    } else {
        KindSet::NONE
    }
}

/// What an item is.
///
/// # Errors
/// The content is not one whole item: one vCard, or an iCalendar object with components of one
/// kind and one UID (RFC 4791 section 4.1).
pub(super) fn kind(content: &[u8]) -> Result<ItemKind, &'static str> {
    let text = std::str::from_utf8(content).map_err(|_| "the file is not in UTF-8")?;
    let mut survey = Survey::default();
    let mut lines = text.trim_start_matches('\u{feff}').lines().peekable();
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.split_once([':', ';']) else {
            continue;
        };
        if name.eq_ignore_ascii_case("BEGIN") {
            survey.begin(value.trim())?;
        } else if name.eq_ignore_ascii_case("END") {
            survey.end()?;
        } else if name.eq_ignore_ascii_case("UID") && survey.in_item && survey.depth == 2 {
            let mut uid = value.to_owned();
            while let Some(more) = lines.next_if(|next| next.starts_with([' ', '\t'])) {
                uid.push_str(more.get(1..).unwrap_or_default());
            }
            survey.uid = Some(uid);
        }
    }
    if survey.depth > 0 {
        return Err(CUT);
    }
    survey.kind.ok_or(NOTHING)
}

#[derive(Default)]
struct Survey {
    depth: usize,
    /// The outermost component was there.
    begun: bool,
    /// In a VEVENT, VTODO or VJOURNAL.
    in_item: bool,
    kind: Option<ItemKind>,
    /// The UID of the component at hand.
    uid: Option<String>,
    /// The UID of the components before, if there were any.
    before: Option<Option<String>>,
}

impl Survey {
    fn begin(&mut self, component: &str) -> Result<(), &'static str> {
        let is = |name: &str| component.eq_ignore_ascii_case(name);
        match self.depth {
            0 if self.begun => return Err(SEVERAL),
            0 if is("VCARD") => self.kind = Some(ItemKind::Contact),
            0 if !is("VCALENDAR") => return Err(NOTHING),
            1 if self.kind != Some(ItemKind::Contact) => {
                let kind = [
                    ("VEVENT", ItemKind::Event),
                    ("VTODO", ItemKind::Task),
                    ("VJOURNAL", ItemKind::Note),
                ]
                .into_iter()
                .find_map(|(name, kind)| is(name).then_some(kind));
                self.in_item = kind.is_some();
                if kind.is_some() && self.kind.is_some_and(|before| Some(before) != kind) {
                    return Err(SEVERAL);
                }
                self.kind = self.kind.or(kind);
            }
            _ => {}
        }
        self.begun = true;
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    fn end(&mut self) -> Result<(), &'static str> {
        if self.depth == 2 && std::mem::take(&mut self.in_item) {
            let uid = self.uid.take();
            if let Some(before) = &self.before
                && (uid.is_none() || *before != uid)
            {
                return Err(SEVERAL);
            }
            self.before = Some(uid);
        }
        self.depth = self.depth.checked_sub(1).ok_or(NOTHING)?;
        Ok(())
    }
}

/// The names for a new file, the best first: the UID where every program and file system can live
/// with it, else a hash of it; of the content where there is no UID.
pub(super) fn names(
    uid: Option<&str>,
    kind: ItemKind,
    content: &[u8],
) -> impl Iterator<Item = String> {
    let extension = match kind {
        ItemKind::Contact => ".vcf",
        _ => ".ics",
    };
    let plain = uid.filter(|uid| is_safe(uid)).map(str::to_owned);
    let mut hash = String::new();
    let hashed = uid.map_or(content, str::as_bytes);
    for byte in Sha256::digest(hashed).iter().take(16) {
        let _ = write!(hash, "{byte:02x}");
    }
    let more = (2..100).map({
        let hash = hash.clone();
        move |n: u8| format!("{hash}-{n}")
    });
    plain
        .into_iter()
        .chain([hash])
        .chain(more)
        .map(move |stem| stem + extension)
}

fn is_safe(uid: &str) -> bool {
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"_.-+@=".contains(&b);
    (1..=NAME_LIMIT).contains(&uid.len()) && !uid.starts_with('.') && uid.bytes().all(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(inside: &str) -> Vec<u8> {
        let lines = inside.replace('|', "\r\n");
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{lines}\r\nEND:VCALENDAR\r\n").into_bytes()
    }

    #[test]
    fn the_kind_is_that_of_the_components() {
        let zone = "BEGIN:VTIMEZONE|TZID:x|BEGIN:STANDARD|END:STANDARD|END:VTIMEZONE|";
        let alarm = "BEGIN:VALARM|UID:alarm|END:VALARM|";
        for (name, expected) in [
            ("VEVENT", ItemKind::Event),
            ("VTODO", ItemKind::Task),
            ("VJOURNAL", ItemKind::Note),
        ] {
            let one = format!("BEGIN:{name}|UID:1|{alarm}END:{name}");
            let with_override =
                format!("{zone}{one}|BEGIN:{name}|UID:1|RECURRENCE-ID:2|END:{name}");
            assert_eq!(kind(&calendar(&one)), Ok(expected));
            assert_eq!(kind(&calendar(&with_override)), Ok(expected));
        }
        let card = b"\xef\xbb\xbfbegin:vcard\nUID:1\nFN:x\nend:vcard\n";
        assert_eq!(kind(card), Ok(ItemKind::Contact));
    }

    #[test]
    fn what_is_not_one_item_is_none() {
        for (inside, why) in [
            ("X-NOTHING:1", NOTHING),
            ("BEGIN:VFREEBUSY|UID:1|END:VFREEBUSY", NOTHING),
            (
                "BEGIN:VEVENT|UID:1|END:VEVENT|BEGIN:VEVENT|UID:2|END:VEVENT",
                SEVERAL,
            ),
            (
                "BEGIN:VEVENT|UID:1|END:VEVENT|BEGIN:VTODO|UID:1|END:VTODO",
                SEVERAL,
            ),
            ("BEGIN:VEVENT|END:VEVENT|BEGIN:VEVENT|END:VEVENT", SEVERAL),
            ("BEGIN:VEVENT|UID:1", CUT),
            (
                "BEGIN:VEVENT|UID:1|END:VEVENT|END:VCALENDAR|END:VCALENDAR",
                NOTHING,
            ),
        ] {
            assert_eq!(kind(&calendar(inside)), Err(why), "{inside}");
        }
        let card = "BEGIN:VCARD\nFN:x\nEND:VCARD\n";
        assert_eq!(kind(card.repeat(2).as_bytes()), Err(SEVERAL));
        for content in [&b""[..], b"AYYY", b"@@@@", b"BEGIN:FOO\nEND:FOO\n"] {
            assert_eq!(kind(content), Err(NOTHING));
        }
        assert_eq!(kind(b"BEGIN:VCARD\nFN:x"), Err(CUT));
        assert!(kind(b"BEGIN:VCARD\nFN:\xff\nEND:VCARD").is_err());
    }

    #[test]
    fn a_folded_uid_is_one() {
        let folded = "BEGIN:VEVENT|UID:ab| cd|END:VEVENT|BEGIN:VEVENT|UID:abc|\td|END:VEVENT";
        assert_eq!(kind(&calendar(folded)), Ok(ItemKind::Event));
    }

    #[test]
    fn a_name_is_the_uid_where_that_is_safe() {
        let first = |uid: &str| {
            let name = names(Some(uid), ItemKind::Event, b"").next();
            name.unwrap_or_default()
        };
        assert_eq!(
            first("20240101T000000-x@host"),
            "20240101T000000-x@host.ics"
        );
        let long = "u".repeat(600);
        for uid in [
            "a/b", "../x", ".hidden", "a b", "ä", "a%2Fb", "~", "", &long,
        ] {
            let name = first(uid);
            assert_eq!(name.len(), 36, "{uid:?} gives {name:?}");
            assert!(!kinds_of_name(name.as_bytes()).is_empty());
        }
        let mut cards = names(None, ItemKind::Contact, b"content");
        let hash = cards.next().unwrap_or_default();
        assert_eq!(cards.next(), Some(hash.replace(".vcf", "-2.vcf")));
    }

    #[test]
    fn files_of_others_are_no_items() {
        let items = ["a.ics", "b.vcf"];
        let others = [".a.ics", "a.ics~", "a.ics.tmp", "color", "a.ICS", "README"];
        assert!(
            items
                .iter()
                .all(|n| !kinds_of_name(n.as_bytes()).is_empty())
        );
        assert!(
            others
                .iter()
                .all(|n| kinds_of_name(n.as_bytes()).is_empty())
        );
    }
}
