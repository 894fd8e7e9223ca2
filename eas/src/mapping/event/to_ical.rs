use super::super::Account;
use super::super::contact::note;
use super::super::content::{Component, Property, escape, listed};
use super::super::recurrence::{Begin, to_rrule};
use super::times::{Zone, date_property};
use super::{BUSY_STATUS, NO_COUNTER, files};
use crate::wire::DateTime;
use crate::wire::class::{Attendee, Event, Exception};
use crate::wire::wbxml::pages::{AirSyncBase, Calendar as C};

const DAY: i64 = 86_400;
const HALF_HOUR: i64 = 1_800;

/// When an appointment is.
#[derive(Debug, Clone)]
struct When {
    zone: Zone,
    /// In UTC; midnight of the date, as if in UTC, where only that counts.
    start: DateTime,
    end: DateTime,
    all_day: bool,
}

/// An appointment as iCalendar. `id` is its UID where it has none of its own. `None` where it has no
/// start: then it is no appointment.
pub fn to_ical(event: &Event, id: &str, account: &Account<'_>) -> Option<Vec<u8>> {
    let when = When::of(event, account)?;
    let uid = event.values.text(C::UID).unwrap_or(id).to_owned();
    let mut calendar = Component::new("VCALENDAR");
    calendar.push(Property::new("VERSION", "2.0"));
    calendar.push(Property::new("PRODID", "-//eas for Rust//EN"));
    if !when.all_day {
        calendar.components.extend(when.zone.definition(when.start));
    }
    let mut master = component(event, &uid, &when);
    files::properties(event).for_each(|file| master.push(file));
    if let Some(Some(recurrence)) = &event.recurrence {
        let begin = Begin {
            local: match when.all_day {
                true => when.start,
                false => when.zone.local(when.start),
            },
            is_date: when.all_day,
        };
        let until = |last: DateTime| match begin.is_date {
            true => {
                let (year, month, day) = when.date_of(last).date();
                format!("{year:04}{month:02}{day:02}")
            }
            false => last.compact().to_string(),
        };
        let rule = to_rrule(recurrence, begin, until);
        master.push(Property::new("RRULE", rule));
    }
    let mut overrides = Vec::new();
    for exception in event.exceptions.iter().flatten() {
        let Some(original) = exception.original_start else {
            continue;
        };
        if exception.deleted {
            master.push(when.recurrence_property("EXDATE", original));
        } else if let Some(one) = override_of(event, exception, original, &uid, &when, account) {
            overrides.push(one);
        }
    }
    calendar.components.push(master);
    calendar.components.extend(overrides);
    Some(calendar.print())
}

/// An occurrence with all that it takes over from its series.
fn override_of(
    master: &Event,
    exception: &Exception,
    original: DateTime,
    uid: &str,
    series: &When,
    account: &Account<'_>,
) -> Option<Component> {
    let own = &exception.event;
    let mut event = Event {
        recurrence: None,
        exceptions: None,
        ..master.clone()
    };
    let moved = own.values.date(C::StartTime).is_some();
    for (tag, text) in own.values.iter() {
        event.values.set(tag, text);
    }
    if !moved {
        // Only its own times are told; those of the series are those of its first occurrence.
        let length = series.end.seconds - series.start.seconds;
        event
            .values
            .set(C::StartTime, original.compact().to_string());
        if own.values.date(C::EndTime).is_none() {
            let end = DateTime::new(original.seconds.saturating_add(length));
            event.values.set(C::EndTime, end.compact().to_string());
        }
    }
    event.categories = own.categories.clone().or(event.categories);
    event.attendees = own.attendees.clone().or(event.attendees);
    event.location = own.location.clone().or(event.location);
    event.body = own.body.clone().or(event.body);
    let mut when = When::of(&event, account)?;
    when.zone = series.zone.clone();
    let mut component = component(&event, uid, &when);
    component.push(series.recurrence_property("RECURRENCE-ID", original));
    Some(component)
}

impl When {
    fn of(event: &Event, account: &Account<'_>) -> Option<Self> {
        let start = event.values.date(C::StartTime)?;
        let blob = event.values.text(C::Timezone).unwrap_or_default();
        let zone = Zone::of_blob(blob, start, account.zone);
        let all_day = event.values.flag(C::AllDayEvent).unwrap_or(false);
        let default = if all_day { DAY } else { HALF_HOUR };
        let end = event
            .values
            .date(C::EndTime)
            .unwrap_or(DateTime::new(start.seconds.saturating_add(default)));
        let mut when = Self {
            zone,
            start,
            end,
            all_day,
        };
        if all_day {
            when.start = when.date_of(start);
            // A last day that was begun counts; the end itself does not.
            let last = when.date_of(DateTime::new(end.seconds.saturating_sub(1)));
            let end = last.seconds.saturating_add(DAY);
            when.end = DateTime::new(end.max(when.start.seconds.saturating_add(DAY)));
        }
        Some(when)
    }

    /// The date that a moment stands for: told as a date where it is midnight as if in UTC, else
    /// midnight in the zone.
    fn date_of(&self, moment: DateTime) -> DateTime {
        // The second before a midnight is told as if it were in the same day.
        let is_told = |seconds: i64| seconds.rem_euclid(DAY) == 0;
        let local = match is_told(moment.seconds) || is_told(moment.seconds.saturating_add(1)) {
            true => moment,
            false => self.zone.local(moment),
        };
        DateTime::new(local.seconds.div_euclid(DAY) * DAY)
    }

    /// EXDATE and RECURRENCE-ID have the form of DTSTART.
    fn recurrence_property(&self, name: &str, original: DateTime) -> Property {
        match self.all_day {
            true => date_property(name, self.date_of(original)),
            false => self.zone.property(name, original),
        }
    }
}

fn component(event: &Event, uid: &str, when: &When) -> Component {
    let values = &event.values;
    let text = |tag| values.text(tag).unwrap_or_default();
    let mut out = Component::new("VEVENT");
    out.push(Property::new("UID", escape(uid)));
    let stamp = values.date(C::DtStamp).unwrap_or(when.start);
    out.push(Property::new("DTSTAMP", stamp.compact().to_string()));
    for (name, moment) in [("DTSTART", when.start), ("DTEND", when.end)] {
        out.push(match when.all_day {
            true => date_property(name, moment),
            false => when.zone.property(name, moment),
        });
    }
    out.push_text("SUMMARY", text(C::Subject));
    let location = event.location.as_ref();
    let location = location.and_then(|l| l.text(AirSyncBase::DisplayName));
    out.push_text("LOCATION", location.unwrap_or(text(C::Location)));
    out.push_text("DESCRIPTION", &note(event.body.as_ref()));
    let categories = event.categories.as_deref().unwrap_or_default();
    if !categories.is_empty() {
        out.push(Property::new("CATEGORIES", listed(categories)));
    }
    match values.number(C::Sensitivity) {
        Some(1 | 2) => out.push(Property::new("CLASS", "PRIVATE")),
        Some(3) => out.push(Property::new("CLASS", "CONFIDENTIAL")),
        _ => {}
    }
    let meeting: u8 = values.number(C::MeetingStatus).unwrap_or(0);
    let busy: u8 = values.number(C::BusyStatus).unwrap_or(2);
    if meeting & 4 != 0 {
        out.push(Property::new("STATUS", "CANCELLED"));
    } else if busy == 1 {
        out.push(Property::new("STATUS", "TENTATIVE"));
    }
    if matches!(busy, 0 | 4) {
        out.push(Property::new("TRANSP", "TRANSPARENT"));
    }
    match busy {
        3 => out.push(Property::new(BUSY_STATUS, "OOF")),
        4 => out.push(Property::new(BUSY_STATUS, "WORKINGELSEWHERE")),
        _ => {}
    }
    if values.flag(C::DisallowNewTimeProposal) == Some(true) {
        out.push(Property::new(NO_COUNTER, "TRUE"));
    }
    people(event, &mut out);
    if let Some(minutes) = values.number::<u32>(C::Reminder) {
        let mut alarm = Component::new("VALARM");
        alarm.push(Property::new("ACTION", "DISPLAY"));
        alarm.push(Property::new("TRIGGER", format!("-PT{minutes}M")));
        alarm.push_text("DESCRIPTION", "Reminder");
        out.components.push(alarm);
    }
    out
}

fn people(event: &Event, out: &mut Component) {
    let attendees = event.attendees.as_deref().unwrap_or_default();
    let organizer = event.values.text(C::OrganizerEmail);
    if let Some(email) = organizer.filter(|_| !attendees.is_empty()) {
        let property = Property::new("ORGANIZER", format!("mailto:{email}"));
        out.push(match event.values.text(C::OrganizerName) {
            Some(name) => property.with("CN", name),
            None => property,
        });
    }
    for attendee in attendees.iter().filter(|a| !a.email.is_empty()) {
        out.push(attendee_property(attendee));
    }
}

fn attendee_property(attendee: &Attendee) -> Property {
    let mut property = Property::new("ATTENDEE", format!("mailto:{}", attendee.email.trim()));
    if !attendee.name.trim().is_empty() && attendee.name != attendee.email {
        property = property.with("CN", &attendee.name);
    }
    match attendee.attendee_type {
        Some(2) => property = property.with("ROLE", "OPT-PARTICIPANT"),
        Some(3) => property = property.with("CUTYPE", "RESOURCE"),
        _ => {}
    }
    let status = match attendee.status {
        Some(2) => "TENTATIVE",
        Some(3) => "ACCEPTED",
        Some(4) => "DECLINED",
        _ => return property,
    };
    property.with("PARTSTAT", status)
}
