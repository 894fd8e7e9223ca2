//! What ActiveSync cannot hold of a document: the declared lists of the mappings, as a test needs them.

use eas::wire::class::Class;
use sync_core::merge::syntax::{Item, Node, Property, logical_lines, unfold};

/// Properties that are lost, by class; those with an `X-` are everywhere.
const EVENT: &[&str] = &[
    "PRIORITY",
    "URL",
    "GEO",
    "COMMENT",
    "RDATE",
    "RELATED-TO",
    "SEQUENCE",
    "ATTACH",
    "CONTACT",
    "RESOURCES",
    "CREATED",
    "EXRULE",
    "REQUEST-STATUS",
    "COLOR",
    "IMAGE",
    "CONFERENCE",
    "NAME",
];
const TASK: &[&str] = &[
    "PERCENT-COMPLETE",
    "STATUS",
    "ATTACH",
    "URL",
    "GEO",
    "LOCATION",
    "RELATED-TO",
    "COMMENT",
    "CREATED",
    "SEQUENCE",
    "DURATION",
    "ORGANIZER",
    "ATTENDEE",
    "CONTACT",
    "RESOURCES",
];
const NOTE: &[&str] = &[
    "DTSTART",
    "CLASS",
    "STATUS",
    "URL",
    "ATTACH",
    "ORGANIZER",
    "ATTENDEE",
    "CREATED",
    "SEQUENCE",
    "COMMENT",
    "CONTACT",
    "RELATED-TO",
    "RDATE",
    "RRULE",
    "EXDATE",
    "RECURRENCE-ID",
];
const CARD: &[&str] = &[
    "KIND",
    "MEMBER",
    "GEO",
    "TZ",
    "KEY",
    "LANG",
    "SOUND",
    "LOGO",
    "ROLE",
    "GENDER",
    "LABEL",
    "MAILER",
    "AGENT",
    "SORT-STRING",
    "PROFILE",
    "SOURCE",
    "NAME",
    "CLASS",
    "CALADRURI",
    "CALURI",
    "FBURL",
    "CLIENTPIDMAP",
    "RELATED",
    "XML",
    "PRODID",
    "REV",
    "NOTE-ID",
    "EXPERTISE",
    "HOBBY",
    "INTEREST",
    "ORG-DIRECTORY",
    "BIRTHPLACE",
    "DEATHPLACE",
    "DEATHDATE",
    "CREATED",
];

/// Properties of which only so many can be held, or only some forms, or not every parameter.
const PARTLY: &[&str] = &[
    "TEL",
    "EMAIL",
    "ADR",
    "IMPP",
    "URL",
    "PHOTO",
    "ORG",
    "TITLE",
    "NOTE",
    "NICKNAME",
    "FN",
    "N",
    "BDAY",
    "ANNIVERSARY",
    "CATEGORIES",
];
const PARAMETERS: &[&str] = &[
    "ATTENDEE",
    "ORGANIZER",
    "SUMMARY",
    "DESCRIPTION",
    "LOCATION",
];

/// The value of the first property of this name.
pub(super) fn value(node: &Node<'_>, name: &str) -> Option<String> {
    node.items.iter().find_map(|item| match item {
        Item::Line(raw) => {
            let text = unfold(raw);
            let property = Property::parse(&text)?;
            let found = property.name.eq_ignore_ascii_case(name);
            found.then(|| property.value.trim().to_owned())
        }
        _ => None,
    })
}

/// The lines of a document, but for those of alarms and of what defines time zones: of the former only
/// the first one can be held, and that without its words.
pub(super) fn lines(document: &[u8]) -> Vec<String> {
    let mut inside = None;
    let mut kept = Vec::new();
    for raw in logical_lines(document) {
        let line = unfold(raw).trim_end().to_owned();
        match (line.strip_prefix("BEGIN:"), &inside) {
            (Some(name), None) if name == "VALARM" || name == "VTIMEZONE" => {
                inside = Some(name.to_owned());
            }
            _ if inside.is_some() => {
                if line.strip_prefix("END:") == inside.as_deref() {
                    inside = None;
                }
            }
            _ => kept.push(line),
        }
    }
    kept
}

/// Files with something that is no iCalendar or vCard, or that cannot come back the same.
pub(super) const ODD: &[(&str, &str)] = &[
    (
        "issue_722_missing_timezones",
        "an end in another zone than the start",
    ),
    ("parsing_error", "two rules"),
    ("event_dtr_notz_untilz", "a zone that nobody defines"),
    (
        "event_rrule_recuid_invalid_tzid",
        "a zone that nobody defines",
    ),
    ("event_dtr_exdatez", "EXDATE in UTC, of a series in a zone"),
    (
        "event_invalid_exdate",
        "EXDATE in UTC, of a series in a zone",
    ),
    (
        "mult_uids_and_recuid_no_order",
        "RECURRENCE-ID in UTC, of a series in a zone",
    ),
    ("John_Doe_ANDROID.vcf #0", "no FN"),
    ("John_Doe_ANDROID.vcf #1", "no FN"),
];

/// Whether lines that are gone and lines that came instead say the same in another form.
pub(super) fn same(gone: &mut Vec<String>, new: &mut Vec<String>) {
    let split = |line: &str| -> Option<(String, String)> {
        let property = Property::parse(line)?;
        Some((
            property.name.to_ascii_uppercase(),
            property.value.to_owned(),
        ))
    };
    let is_rest = |lines: &mut Vec<String>, others: &[String]| {
        let others: Vec<_> = others.iter().filter_map(|line| split(line)).collect();
        lines.retain(|line| {
            let Some((name, value)) = split(line) else {
                return true;
            };
            let is_same = others.iter().any(|(other, new)| match name.as_str() {
                // The zone's name, or a rule with what it took from the start.
                _ if *other == name && *new == value => true,
                "RRULE" if *other == name => is_part(&value, new) || is_part(new, &value),
                "EXDATE" | "RECURRENCE-ID" | "DUE" => *other == name,
                "DURATION" => other == "DTEND",
                "DTEND" => other == "DURATION",
                _ => false,
            });
            !is_same
        });
    };
    let old = gone.clone();
    is_rest(gone, new);
    is_rest(new, &old);
    // An end that was left out, or was no end.
    new.retain(|line| !line.starts_with("DTEND"));
    gone.retain(|line| line != "STATUS:CONFIRMED");
}

/// Whether every part of a rule is in another.
fn is_part(rule: &str, other: &str) -> bool {
    let there: Vec<&str> = other.split(';').collect();
    let mut parts = rule.split(';');
    parts.all(|part| part == "INTERVAL=1" || there.contains(&part))
}

/// Whether a line of a document may be missing, or have become another one.
pub(super) fn may_go(line: &str, class: Class) -> bool {
    let Some(property) = Property::parse(line) else {
        return true;
    };
    let name = property.name.to_ascii_uppercase();
    let names = match class {
        Class::Contacts => CARD,
        Class::Tasks => TASK,
        Class::Notes => NOTE,
        _ => EVENT,
    };
    let partly = match class {
        Class::Contacts => PARTLY,
        _ => PARAMETERS,
    };
    name.starts_with("X-")
        || names.contains(&name.as_str())
        || partly.contains(&name.as_str())
        || matches!(
            name.as_str(),
            "DTSTAMP" | "LAST-MODIFIED" | "VERSION" | "PRODID" | "CALSCALE" | "METHOD" | "BEGIN"
        )
}
