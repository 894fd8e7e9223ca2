//! What an item can hold, by the properties that `mapping` reads and writes.

use sync_core::model::{ItemKind, KindSet};

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

const EVENT: [&str; 19] = [
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

pub(super) fn held() -> Vec<(KindSet, &'static [&'static str])> {
    vec![
        (KindSet::of(ItemKind::Contact), &CONTACT),
        (KindSet::of(ItemKind::Event), &EVENT),
        (KindSet::of(ItemKind::Task), &TASK),
        (KindSet::of(ItemKind::Note), &NOTE),
    ]
}
