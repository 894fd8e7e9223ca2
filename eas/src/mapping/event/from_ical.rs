use super::super::content::{Component, Property};
use super::super::recurrence::{Begin, from_rrule};
use super::super::time_zone::ZoneBlob;
use super::super::{Account, Unmappable};
use super::times::{Zone, duration, is_date};
use super::{BUSY_STATUS, NO_COUNTER, files};
use crate::wire::class::{Attendee, Body, Event, Exception, Values};
use crate::wire::wbxml::pages::{AirSyncBase, Calendar as C};
use crate::wire::{DateTime, Version};

const DAY: i64 = 86_400;
/// More exceptions than a server takes of one series ([MS-ASCAL] section 2.2.2.21).
const MOST_EXCEPTIONS: usize = 1000;

/// An iCalendar object, a VEVENT with its overrides, as an appointment: complete, so that what it does
/// not have, the appointment shall not have either.
///
/// # Errors
/// What ActiveSync cannot say at all: a rule without a pattern, a series without its first part.
pub fn from_ical(content: &[u8], account: &Account<'_>) -> Result<Event, Unmappable> {
    let calendars = Component::parse(content);
    let calendar = calendars
        .iter()
        .find(|component| component.name == "VCALENDAR")
        .ok_or_else(|| Unmappable::new("not an iCalendar object"))?;
    let mut events = calendar.children("VEVENT");
    let master = events
        .find(|event| event.get("RECURRENCE-ID").is_none())
        .ok_or_else(|| Unmappable::new("occurrences of a series without the series"))?;
    let when = When::of(master, calendar, account)?;
    let mut event = fill(master, &when, account);
    if account.version >= Version::V16_0 {
        event.attachments = files::of_component(master);
    }
    if let Some(uid) = master.text("UID") {
        // From 16.0 on the server makes UIDs of its own.
        match account.version < Version::V16_0 {
            true => event.values.set(C::UID, uid),
            false => event.values.set(C::ClientUid, uid),
        }
    }
    if let Some(rule) = master.get("RRULE") {
        let begin = Begin {
            local: match when.all_day {
                true => when.start,
                false => when.zone.local(when.start),
            },
            is_date: when.all_day,
        };
        let until = |last: &str| when.until(last);
        event.recurrence = Some(Some(from_rrule(&rule.value, begin, until)?));
        event.exceptions = exceptions(master, &event, calendar, &when, account)?;
    }
    Ok(event)
}

/// When an appointment is.
struct When {
    zone: Zone,
    /// In UTC; midnight of the date, as if in UTC, where only that counts.
    start: DateTime,
    end: DateTime,
    all_day: bool,
}

impl When {
    fn of(
        component: &Component,
        calendar: &Component,
        account: &Account<'_>,
    ) -> Result<Self, Unmappable> {
        let start = component
            .get("DTSTART")
            .ok_or_else(|| Unmappable::new("an appointment without a start"))?;
        let all_day = is_date(start);
        let zone = zone_of(start, calendar, account);
        let from = moment(start, &zone).ok_or_else(|| {
            Unmappable::new(format!("an appointment that starts at {:?}", start.value))
        })?;
        let end = component.get("DTEND").and_then(|end| {
            let zone = zone_of(end, calendar, account);
            moment(end, &zone)
        });
        let length = component.get("DURATION").and_then(|p| duration(&p.value));
        let default = if all_day { DAY } else { 0 };
        let by_length = from.seconds.saturating_add(length.unwrap_or(default));
        let end = end.unwrap_or(DateTime::new(by_length));
        let least = from.seconds.saturating_add(default);
        Ok(Self {
            zone,
            start: from,
            end: DateTime::new(end.seconds.max(least)),
            all_day,
        })
    }

    /// The last start that UNTIL says, in UTC.
    fn until(&self, text: &str) -> Option<DateTime> {
        let last = DateTime::parse(text)?;
        if text.trim().ends_with(['Z', 'z']) || self.all_day {
            return Some(last);
        }
        // A date, or local time, of a series in a zone: up to the end of that day.
        let local = match text.trim().len() {
            8 => DateTime::new(last.seconds + DAY - 1),
            _ => last,
        };
        Some(self.zone.utc(local))
    }
}

/// The zone of a moment: its own, UTC, or the person's for one that floats.
fn zone_of(property: &Property, calendar: &Component, account: &Account<'_>) -> Zone {
    if property.value.trim().ends_with('Z') {
        return Zone::Utc;
    }
    Zone::of_property(property, calendar)
        .or_else(|| account.zone.and_then(Zone::named))
        .unwrap_or(Zone::Utc)
}

/// A moment in UTC; a date as midnight, as if in UTC.
fn moment(property: &Property, zone: &Zone) -> Option<DateTime> {
    let told = DateTime::parse(&property.value)?;
    match is_date(property) || property.value.trim().ends_with('Z') {
        true => Some(told),
        false => Some(zone.utc(told)),
    }
}

/// Everything of a component but what belongs to the series.
fn fill(component: &Component, when: &When, account: &Account<'_>) -> Event {
    let modern = account.version >= Version::V16_0;
    let mut values = Values::default();
    // An all-day appointment is told by its date alone, which all servers read right.
    if !when.all_day {
        values.set(C::Timezone, when.zone.blob(when.start).encode());
    } else if !modern {
        values.set(C::Timezone, ZoneBlob::default().encode());
    }
    if !modern
        && let Some(stamp) = component
            .get("DTSTAMP")
            .and_then(|p| DateTime::parse(&p.value))
    {
        values.set(C::DtStamp, stamp.compact().to_string());
    }
    values.set(C::StartTime, when.start.compact().to_string());
    values.set(C::EndTime, when.end.compact().to_string());
    values.set(C::AllDayEvent, if when.all_day { "1" } else { "0" });
    values.set(C::Subject, component.text("SUMMARY").unwrap_or_default());
    let mut event = Event::default();
    let location = component.text("LOCATION").unwrap_or_default();
    if modern {
        let place = Values::from_iter([(AirSyncBase::DisplayName, location)]);
        event.location = Some(place);
    } else {
        values.set(C::Location, location);
    }
    let sensitivity = match component.token("CLASS").as_deref() {
        Some("PRIVATE") => "2",
        Some("CONFIDENTIAL") => "3",
        _ => "0",
    };
    values.set(C::Sensitivity, sensitivity);
    values.set(C::BusyStatus, busy_status(component));
    if let Some(minutes) = reminder(component, when) {
        values.set(C::Reminder, minutes.to_string());
    }
    if component.token(NO_COUNTER).as_deref() == Some("TRUE") {
        values.set(C::DisallowNewTimeProposal, "1");
    }
    let text = component.text("DESCRIPTION").unwrap_or_default();
    event.body = Some(Body::text(text.replace('\n', "\r\n")));
    let categories: Vec<String> = component
        .all("CATEGORIES")
        .flat_map(Property::list)
        .collect();
    event.categories = (!categories.is_empty()).then_some(categories);
    event.values = values;
    people(component, account, &mut event);
    event
}

fn busy_status(component: &Component) -> &'static str {
    let transparent = component.token("TRANSP").as_deref() == Some("TRANSPARENT");
    match component.token(BUSY_STATUS).as_deref() {
        Some("OOF") => "3",
        Some("FREE") => "0",
        // Servers say 4 and do not take it.
        Some("WORKINGELSEWHERE") => "0",
        Some("TENTATIVE") => "1",
        Some("BUSY") if !transparent => "2",
        _ if transparent => "0",
        _ if component.token("STATUS").as_deref() == Some("TENTATIVE") => "1",
        _ => "2",
    }
}

/// Minutes before the start of the first alarm that can be said so.
fn reminder(component: &Component, when: &When) -> Option<i64> {
    component.children("VALARM").find_map(|alarm| {
        let trigger = alarm.get("TRIGGER")?;
        if trigger.param("RELATED") == Some("END") {
            return None;
        }
        let seconds = match duration(&trigger.value) {
            Some(seconds) => -seconds,
            None => when.start.seconds - DateTime::parse(&trigger.value)?.seconds,
        };
        (seconds >= 0).then_some(seconds / 60)
    })
}

/// Who takes part. From 16.0 on nobody is written: the server would invite everybody anew.
fn people(component: &Component, account: &Account<'_>, event: &mut Event) {
    let is_cancelled = component.token("STATUS").as_deref() == Some("CANCELLED");
    let cancelled = if is_cancelled { 4 } else { 0 };
    let attendees: Vec<Attendee> = component
        .all("ATTENDEE")
        .filter_map(|property| attendee(property, account.version))
        .collect();
    if account.version >= Version::V16_0 || attendees.is_empty() {
        // Only a meeting can be cancelled.
        let status = if is_cancelled { "5" } else { "0" };
        event.values.set(C::MeetingStatus, status);
        return;
    }
    let organizer = component.get("ORGANIZER");
    let email = organizer.map(|p| address(&p.value)).unwrap_or_default();
    let is_own = account
        .addresses
        .iter()
        .any(|own| own.eq_ignore_ascii_case(&email));
    let meeting = if is_own || email.is_empty() { 1 } else { 3 };
    event
        .values
        .set(C::MeetingStatus, (meeting | cancelled).to_string());
    if !email.is_empty() {
        let name = organizer.and_then(|p| p.param("CN")).unwrap_or(&email);
        event.values.set(C::OrganizerName, name);
        event.values.set(C::OrganizerEmail, email.as_str());
    }
    event.attendees = Some(attendees);
}

fn attendee(property: &Property, version: Version) -> Option<Attendee> {
    let email = address(&property.value);
    if email.is_empty() {
        return None;
    }
    let status = match property.param("PARTSTAT") {
        Some("TENTATIVE") => 2,
        Some("ACCEPTED") => 3,
        Some("DECLINED") => 4,
        _ => 0,
    };
    let kind = match (property.param("CUTYPE"), property.param("ROLE")) {
        (Some("RESOURCE" | "ROOM"), _) => 3,
        (_, Some("OPT-PARTICIPANT" | "NON-PARTICIPANT")) => 2,
        _ => 1,
    };
    Some(Attendee {
        name: property.param("CN").unwrap_or(&email).to_owned(),
        email,
        status: (version < Version::V16_0).then_some(status),
        attendee_type: Some(kind),
    })
}

fn address(uri: &str) -> String {
    let uri = uri.trim();
    let scheme = uri.get(..7).filter(|s| s.eq_ignore_ascii_case("mailto:"));
    let address = scheme.and_then(|_| uri.get(7..)).unwrap_or(uri);
    address.trim().to_owned()
}

/// The occurrences that are not, and those that differ.
fn exceptions(
    master: &Component,
    told: &Event,
    calendar: &Component,
    series: &When,
    account: &Account<'_>,
) -> Result<Option<Vec<Exception>>, Unmappable> {
    let mut all: Vec<Exception> = Vec::new();
    for property in master.all("EXDATE") {
        let zone = zone_of(property, calendar, account);
        for value in property.value.split(',') {
            let one = Property {
                value: value.trim().to_owned(),
                ..property.clone()
            };
            if let Some(original) = original_start(&one, &zone, series) {
                all.push(Exception {
                    original_start: Some(original),
                    deleted: true,
                    event: Event::default(),
                });
            }
        }
    }
    let overrides = calendar
        .children("VEVENT")
        .filter_map(|event| Some((event, event.get("RECURRENCE-ID")?)));
    for (component, id) in overrides {
        let zone = zone_of(id, calendar, account);
        let Some(original) = original_start(id, &zone, series) else {
            continue;
        };
        let when = When::of(component, calendar, account)?;
        let mut event = fill(component, &when, account);
        // An occurrence has the zone of its series, and what it does not take away.
        event.values.remove(C::Timezone);
        if event.values.get(C::Reminder).is_none() && told.values.get(C::Reminder).is_some() {
            event.values.set(C::Reminder, "");
        }
        if event.categories.is_none() && told.categories.is_some() {
            event.categories = Some(Vec::new());
        }
        if event.attendees.is_none() && told.attendees.is_some() {
            event.attendees = Some(Vec::new());
        }
        let is_cancelled = component.token("STATUS").as_deref() == Some("CANCELLED");
        // An override wins over an EXDATE for the same occurrence: an edit beats a deletion.
        all.retain(|exception| exception.original_start != Some(original));
        all.push(Exception {
            original_start: Some(original),
            deleted: is_cancelled,
            event,
        });
    }
    if all.len() > MOST_EXCEPTIONS {
        return Err(Unmappable::new("more than 1,000 exceptions to a series"));
    }
    all.sort_by_key(|exception| exception.original_start);
    Ok((!all.is_empty()).then_some(all))
}

/// The start that the series gives an occurrence, in the form of the series' own start: a date of a
/// series with times means the occurrence of that day.
fn original_start(property: &Property, zone: &Zone, series: &When) -> Option<DateTime> {
    let told = moment(property, zone)?;
    if is_date(property) && !series.all_day {
        let time = series.zone.local(series.start).seconds.rem_euclid(DAY);
        return Some(series.zone.utc(DateTime::new(told.seconds + time)));
    }
    if series.all_day && !is_date(property) {
        let local = zone.local(told);
        return Some(DateTime::new(local.seconds.div_euclid(DAY) * DAY));
    }
    Some(told)
}
