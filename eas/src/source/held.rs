//! What an item can hold, by the properties that `mapping` reads and writes.

use sync_core::model::{ItemKind, KindSet};

use crate::wire::Version;

/// ActiveSync has no UIDs for these; appointments lose theirs from 16.0 on.
pub(super) const MADE_UIDS: KindSet = KindSet::of(ItemKind::Contact)
    .with(ItemKind::Task)
    .with(ItemKind::Note);

const CONTACT: [&str; 23] = [
    "ADR",
    "ANNIVERSARY",
    "BDAY",
    "CATEGORIES",
    "EMAIL",
    "FN",
    "IMPP",
    "N",
    "NICKNAME",
    "NOTE",
    "ORG",
    "PHOTO",
    "RELATED",
    "TEL",
    "TITLE",
    "URL",
    "X-ASSISTANT",
    "X-CHILD",
    "X-MANAGER",
    "X-OFFICE",
    "X-PHONETIC-FIRST-NAME",
    "X-PHONETIC-LAST-NAME",
    "X-SPOUSE",
];

/// What an event can hold from 16.0 on, and up to 14.1.
const EVENT: [&str; 20] = [
    "ATTACH",
    "ATTENDEE",
    "CATEGORIES",
    "CLASS",
    "DESCRIPTION",
    "DTEND",
    "DTSTART",
    "DURATION",
    "EXDATE",
    "LOCATION",
    "ORGANIZER",
    "RECURRENCE-ID",
    "RRULE",
    "STATUS",
    "SUMMARY",
    "TRANSP",
    "TRIGGER",
    "VALARM",
    "X-MICROSOFT-CDO-BUSYSTATUS",
    "X-MICROSOFT-DISALLOW-COUNTER",
];

const TASK: [&str; 12] = [
    "CATEGORIES",
    "CLASS",
    "COMPLETED",
    "DESCRIPTION",
    "DTSTART",
    "DUE",
    "PRIORITY",
    "RRULE",
    "STATUS",
    "SUMMARY",
    "TRIGGER",
    "VALARM",
];

const NOTE: [&str; 3] = ["CATEGORIES", "DESCRIPTION", "SUMMARY"];

pub(super) fn held(version: Version) -> Vec<(KindSet, &'static [&'static str])> {
    let event = match &EVENT {
        all if version >= Version::V16_0 => all,
        [_, without_files @ ..] => without_files.as_slice(),
    };
    vec![
        (KindSet::of(ItemKind::Contact), &CONTACT),
        (KindSet::of(ItemKind::Event), event),
        (KindSet::of(ItemKind::Task), &TASK),
        (KindSet::of(ItemKind::Note), &NOTE),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::mapping::Account;
    use crate::source::alike::alike;

    /// RFC 6350, and what the field has besides.
    const OF_CARDS: &str = "ADR ANNIVERSARY BDAY BIRTHPLACE CALADRURI CALURI CATEGORIES CLASS \
        DEATHDATE EMAIL EXPERTISE FBURL FN GENDER GEO HOBBY IMPP INTEREST KEY KIND LABEL LANG LOGO \
        MAILER MEMBER N NICKNAME NOTE ORG PHOTO RELATED ROLE SORT-STRING SOUND SOURCE TEL TITLE TZ URL \
        XML X-AIM X-ABDATE X-ASSISTANT X-CHILD X-JABBER X-MANAGER X-OFFICE X-PHONETIC-FIRST-NAME \
        X-PHONETIC-LAST-NAME X-SKYPE X-SOCIALPROFILE X-SPOUSE";

    /// RFC 5545 and RFC 7986, and what the field has besides.
    const OF_PARTS: &str = "ATTACH ATTENDEE CATEGORIES CLASS COLOR COMMENT COMPLETED CONFERENCE CONTACT \
        DESCRIPTION DTEND DTSTART DUE DURATION EXDATE GEO IMAGE LOCATION ORGANIZER PERCENT-COMPLETE \
        PRIORITY RDATE RELATED-TO RESOURCES RRULE STATUS SUMMARY TRANSP URL X-ALT-DESC \
        X-APPLE-STRUCTURED-LOCATION X-APPLE-TRAVEL-ADVISORY-BEHAVIOR X-FUNAMBOL-ALLDAY \
        X-MICROSOFT-CDO-ALLDAYEVENT X-MICROSOFT-CDO-BUSYSTATUS X-MICROSOFT-CDO-IMPORTANCE \
        X-MICROSOFT-DISALLOW-COUNTER X-MOZ-LASTACK";

    #[test]
    fn what_is_read_is_held() {
        let account = Account {
            version: Version::V14_1,
            zone: Some("Europe/Berlin"),
            addresses: &[],
        };
        let parts = |name: &str| {
            let begin = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:{name}\r\nUID:1\r\n");
            (begin, format!("END:{name}\r\nEND:VCALENDAR\r\n"))
        };
        let card = (
            "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\n".to_owned(),
            "END:VCARD\r\n".to_owned(),
        );
        let cases = [
            (ItemKind::Contact, card, "FN:x\r\n", OF_CARDS),
            (
                ItemKind::Event,
                parts("VEVENT"),
                "DTSTART:20270105T100000Z\r\n",
                OF_PARTS,
            ),
            (ItemKind::Task, parts("VTODO"), "SUMMARY:x\r\n", OF_PARTS),
            (ItemKind::Note, parts("VJOURNAL"), "SUMMARY:x\r\n", OF_PARTS),
        ];
        for (kind, (begin, end), plain, names) in cases {
            let (_, held) = held(account.version)
                .into_iter()
                .find(|(kinds, _)| kinds.contains(kind))
                .unwrap();
            let bare = format!("{begin}{plain}{end}");
            for name in names.split_whitespace().filter(|name| !held.contains(name)) {
                for value in ["x", "5", "20270105T120000Z", "mailto:a@example.org", "TRUE"] {
                    let more = format!("{begin}{plain}{name}:{value}\r\n{end}");
                    let same = alike(kind, bare.as_bytes(), more.as_bytes(), &account);
                    assert!(same, "{name} of a {kind} is read and not held");
                }
            }
        }
    }
}
