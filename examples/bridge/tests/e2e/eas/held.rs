//! What ActiveSync can hold of an item.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::pim::corpus::{card, event};
use crate::pim::items::{lines, value};
use crate::pim::place::{Place, Service};
use crate::pim::world::World;

/// What an item is called where ActiveSync tells no UID.
pub(crate) fn title(content: &str) -> String {
    let title = ["FN", "SUMMARY"]
        .iter()
        .find_map(|name| value(content, name));
    title.expect("every item here has a title")
}

/// What ActiveSync can hold of the items of a place, by title. No two have one.
pub(crate) fn held(place: &dyn Place, service: Service) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for (key, content) in place.items(service) {
        let twin = all.insert(title(&content), facts(&content));
        assert!(twin.is_none(), "{key} has the title of another: {content}");
    }
    all
}

/// A plain item. Of those of a calendar that end with an odd number each is a task.
pub(crate) fn plain(service: Service, uid: &str, title: &str) -> String {
    match service {
        Service::Calendars if title.ends_with(['1', '3', '5', '7', '9']) => format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VTODO\r\nUID:{uid}\r\n\
             DTSTAMP:20260101T000000Z\r\nDUE;VALUE=DATE:20270105\r\nSUMMARY:{title}\r\n\
             DESCRIPTION:none\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
        ),
        Service::Calendars => event(uid, title),
        Service::Contacts => card(uid, title),
    }
}

/// Fails unless both sides say the same as far as ActiveSync can hold it, and gives the titles.
#[track_caller]
pub(crate) fn agree(world: &World, service: Service, when: &str) -> Vec<String> {
    let [left, right] = world.sides().map(|(_, place)| held(place, service));
    for (title, facts) in &left {
        let there = right.get(title);
        assert_eq!(
            Some(facts),
            there,
            "{when}: {title:?} on the left and the right"
        );
    }
    let titles = |held: &BTreeMap<String, Vec<String>>| held.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        titles(&left),
        titles(&right),
        "{when}: on the left and the right"
    );
    titles(&left)
}

/// What ActiveSync can hold of an item, however a server spells it.
pub(crate) fn facts(content: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut component = Vec::new();
    for line in lines(content) {
        let (head, value) = line.split_once(':').unwrap_or((&line, ""));
        match head {
            "BEGIN" => open.push(value.to_ascii_uppercase()),
            "END" => {
                let done = open.pop().unwrap();
                if ["VEVENT", "VTODO", "VCARD"].contains(&done.as_str()) {
                    all.push(whole(std::mem::take(&mut component)));
                }
            }
            _ if open
                .last()
                .is_some_and(|name| name == "VEVENT" || name == "VTODO") =>
            {
                component.extend(calendar_fact(head, value, &line));
            }
            _ if open.last().is_some_and(|name| name == "VCARD") => {
                component.extend(card_facts(head, value));
            }
            _ => {}
        }
    }
    // Overrides stand in any order.
    all.sort();
    all
}

/// What the lines of a component come to.
fn whole(mut facts: Vec<String>) -> String {
    let value = |name: &str| {
        let mut values = facts.iter().filter_map(|fact| fact.strip_prefix(name));
        values.next().map(str::to_owned)
    };
    let is_override = value("RECURRENCE-ID ").is_some();
    if let (Some(start), Some(length)) = (value("DTSTART "), value("DURATION ")) {
        let length: SignedDuration = length.parse().unwrap();
        let end = start.parse::<i64>().unwrap() + length.as_secs();
        facts.push(format!("DTEND {end}"));
    }
    // What an occurrence does not say, it has from its series.
    let inherited = ["CATEGORIES ", "DESCRIPTION ", "LOCATION "];
    let inherits = |f: &str| is_override && inherited.iter().any(|name| f.starts_with(name));
    facts.retain(|fact| !fact.starts_with("DURATION ") && !inherits(fact));
    facts.sort();
    facts.join("\n")
}

fn calendar_fact(head: &str, value: &str, line: &str) -> Vec<String> {
    let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
    let name = name.to_ascii_uppercase();
    let one = |fact: String| vec![fact];
    match name.as_str() {
        "SUMMARY" | "LOCATION" | "DESCRIPTION" if !value.is_empty() => {
            one(format!("{name} {}", unescaped(value)))
        }
        "DTSTART" | "DTEND" | "RECURRENCE-ID" | "EXDATE" => {
            let values = value.split(',');
            values
                .map(|value| format!("{name} {}", moment(parameters, value)))
                .collect()
        }
        "DUE" => one(format!("DUE {}", day(&moment(parameters, value)))),
        "CATEGORIES" => value.split(',').map(|c| format!("{name} {c}")).collect(),
        "CLASS" if value != "PUBLIC" => one(line.to_owned()),
        "TRANSP" if value == "TRANSPARENT" => one(line.to_owned()),
        "DURATION" => one(format!("DURATION {value}")),
        "STATUS" if value == "COMPLETED" => one(line.to_owned()),
        "RRULE" => {
            // Whatever the pattern says of the start says nothing new.
            let mut parts: Vec<_> = value.split(';').collect();
            parts.retain(|part| {
                !["BYDAY", "BYMONTH", "WKST"]
                    .iter()
                    .any(|p| part.starts_with(p))
            });
            parts.retain(|part| *part != "INTERVAL=1");
            parts.sort_unstable();
            one(format!("RRULE {}", parts.join(";")))
        }
        _ => Vec::new(),
    }
}

/// A date, or a moment in seconds.
fn moment(parameters: &str, value: &str) -> String {
    if let Some(utc) = value.strip_suffix('Z') {
        return seconds(utc, &TimeZone::UTC);
    }
    if value.len() == 8 {
        let date: Date = value.parse().unwrap();
        return date.to_string();
    }
    let named = parameters.split(';').find_map(|p| p.strip_prefix("TZID="));
    let name = match named.unwrap().trim_matches('"') {
        "W. Europe Standard Time" => "Europe/Berlin",
        name => name,
    };
    seconds(value, &TimeZone::get(name).unwrap())
}

/// SOGo says a day as the midnight in UTC that begins it.
fn day(moment: &str) -> String {
    let timestamp = moment
        .parse()
        .ok()
        .and_then(|s| Timestamp::from_second(s).ok());
    let told = timestamp.map(|timestamp| timestamp.to_zoned(TimeZone::UTC));
    match told.filter(|told| told.time() == Time::midnight()) {
        Some(told) => told.date().to_string(),
        None => moment.to_owned(),
    }
}

fn seconds(value: &str, zone: &TimeZone) -> String {
    let local: DateTime = value.parse().unwrap();
    let zoned = zone.to_zoned(local).unwrap();
    zoned.timestamp().as_second().to_string()
}

fn card_facts(head: &str, value: &str) -> Vec<String> {
    let name = head.split(';').next().unwrap().to_ascii_uppercase();
    // A group says nothing here.
    let name = name.rsplit('.').next().unwrap();
    let plain = unescaped(value);
    let told = plain.trim_end_matches(';');
    match name {
        // ActiveSync has one street.
        "ADR" => {
            let mut parts: Vec<_> = plain.split([';', '\n']).filter(|p| !p.is_empty()).collect();
            parts.sort_unstable();
            vec![format!("ADR {}", parts.join(";"))]
        }
        "FN" | "N" | "TITLE" | "NICKNAME" | "NOTE" | "EMAIL" | "TEL" | "BDAY" | "ORG"
            if !told.is_empty() =>
        {
            vec![format!("{name} {told}")]
        }
        _ => Vec::new(),
    }
}

/// A text without escapes, and without line breaks at its end.
fn unescaped(value: &str) -> String {
    let mut out = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some('r') | None => {}
                Some(other) => out.push(other),
            },
            '\r' => {}
            c => out.push(c),
        }
    }
    out.trim_end().to_owned()
}
