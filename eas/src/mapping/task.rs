//! Tasks to and from iCalendar's VTODO ([MS-ASTASK]; RFC 5545 section 3.6.2).
//!
//! What ActiveSync cannot hold: a UID, PERCENT-COMPLETE, statuses but being completed, DURATION, people,
//! ATTACH, URL, GEO, LOCATION, RELATED-TO, alarms but the first one, the zone of a time, which comes back
//! in UTC, a time at midnight, which is a date here, parameters of texts, properties of one's own. None of them is written, and so none is ever
//! missed.

use super::contact::note;
use super::content::{Component, Property, listed};
use super::event::times::{Zone, date_property, duration, is_date};
use super::recurrence::{Begin, from_rrule, to_rrule};
use super::{Account, Unmappable};
use crate::wire::DateTime;
use crate::wire::class::{Body, Task, Values};
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::Tasks as T;

const DAY: i64 = 86_400;

/// Start and due: the date on the wall, the moment, and the property.
const DATES: [(Tag, Tag, &str); 2] = [
    (T::StartDate, T::UtcStartDate, "DTSTART"),
    (T::DueDate, T::UtcDueDate, "DUE"),
];

/// A task as iCalendar, under a UID that its holder gives it: ActiveSync has none.
pub fn to_ical(task: &Task, uid: &str) -> Vec<u8> {
    let values = &task.values;
    let mut todo = Component::new("VTODO");
    todo.push_text("UID", uid);
    let completed = values.flag(T::Complete) == Some(true);
    let stamp = DATES
        .iter()
        .find_map(|(_, utc, _)| values.date(*utc))
        .or(values.date(T::DateCompleted))
        .unwrap_or(DateTime::new(0));
    todo.push(Property::new("DTSTAMP", stamp.compact().to_string()));
    for (wall, utc, name) in DATES {
        let (Some(wall), utc) = (values.date(wall).or(values.date(utc)), values.date(utc)) else {
            continue;
        };
        // Midnight on the wall is how a date is told.
        let moment = utc.unwrap_or(wall);
        todo.push(match wall.seconds.rem_euclid(DAY) {
            0 => date_property(name, wall),
            _ => Property::new(name, moment.compact().to_string()),
        });
    }
    todo.push_text("SUMMARY", values.text(T::Subject).unwrap_or_default());
    todo.push_text("DESCRIPTION", &note(task.body.as_ref()));
    match values.number(T::Importance) {
        Some(0) => todo.push(Property::new("PRIORITY", "9")),
        Some(2) => todo.push(Property::new("PRIORITY", "1")),
        _ => {}
    }
    match values.number(T::Sensitivity) {
        Some(1 | 2) => todo.push(Property::new("CLASS", "PRIVATE")),
        Some(3) => todo.push(Property::new("CLASS", "CONFIDENTIAL")),
        _ => {}
    }
    if completed {
        todo.push(Property::new("STATUS", "COMPLETED"));
        if let Some(date) = values.date(T::DateCompleted) {
            todo.push(Property::new("COMPLETED", date.compact().to_string()));
        }
    }
    let categories = task.categories.as_deref().unwrap_or_default();
    if !categories.is_empty() {
        todo.push(Property::new("CATEGORIES", listed(categories)));
    }
    if let Some(Some(recurrence)) = &task.recurrence
        && let Some(local) = recurrence.start.or(values.date(T::StartDate))
    {
        let begin = Begin {
            local,
            is_date: local.seconds.rem_euclid(DAY) == 0,
        };
        let until = |last: DateTime| {
            let (year, month, day) = last.date();
            match begin.is_date {
                true => format!("{year:04}{month:02}{day:02}"),
                false => last.compact().to_string(),
            }
        };
        todo.push(Property::new("RRULE", to_rrule(recurrence, begin, until)));
    }
    if values.flag(T::ReminderSet) == Some(true)
        && let Some(at) = values.date(T::ReminderTime)
    {
        let mut alarm = Component::new("VALARM");
        alarm.push(Property::new("ACTION", "DISPLAY"));
        let trigger = Property::new("TRIGGER", at.compact().to_string());
        alarm.push(trigger.with("VALUE", "DATE-TIME"));
        alarm.push_text("DESCRIPTION", "Reminder");
        todo.components.push(alarm);
    }
    let mut calendar = Component::new("VCALENDAR");
    calendar.push(Property::new("VERSION", "2.0"));
    calendar.push(Property::new("PRODID", "-//eas for Rust//EN"));
    calendar.components.push(todo);
    calendar.print()
}

/// A VTODO as a task: complete, so that what it does not have, the task shall not have either. `now`
/// stands for the completion of a task that does not say when it was.
///
/// # Errors
/// What ActiveSync cannot say at all: a rule without a pattern.
pub fn from_ical(content: &[u8], account: &Account<'_>, now: DateTime) -> Result<Task, Unmappable> {
    let calendars = Component::parse(content);
    let calendar = calendars.iter().find(|c| c.name == "VCALENDAR");
    let Some((calendar, todo)) = calendar.and_then(|c| Some((c, c.children("VTODO").next()?)))
    else {
        return Err(Unmappable::new("not a task"));
    };
    let mut task = Task::default();
    let mut values = Values::default();
    let mut moments = Vec::new();
    for (wall_tag, utc_tag, name) in DATES {
        let Some((wall, utc)) = todo
            .get(name)
            .and_then(|property| moment(property, calendar, account))
        else {
            continue;
        };
        values.set(wall_tag, wall.extended().to_string());
        values.set(utc_tag, utc.extended().to_string());
        moments.push((name, wall, utc));
    }
    // A server refuses a task that is due before it starts.
    if let [(_, _, start), (_, _, due)] = moments.as_slice()
        && start > due
    {
        values.remove(T::StartDate);
        values.remove(T::UtcStartDate);
    }
    values.set(T::Subject, todo.text("SUMMARY").unwrap_or_default());
    let importance = match todo.token("PRIORITY").and_then(|p| p.parse::<u8>().ok()) {
        Some(1..=4) => "2",
        Some(6..=9) => "0",
        _ => "1",
    };
    values.set(T::Importance, importance);
    let sensitivity = match todo.token("CLASS").as_deref() {
        Some("PRIVATE") => "2",
        Some("CONFIDENTIAL") => "3",
        _ => "0",
    };
    values.set(T::Sensitivity, sensitivity);
    let completed_at = todo
        .get("COMPLETED")
        .and_then(|p| DateTime::parse(&p.value));
    let is_completed = match todo.token("STATUS").as_deref() {
        Some("COMPLETED") => true,
        Some(_) => false,
        None => completed_at.is_some(),
    };
    values.set(T::Complete, if is_completed { "1" } else { "0" });
    if is_completed {
        let at = completed_at.unwrap_or(now);
        values.set(T::DateCompleted, at.extended().to_string());
    }
    let reminder = reminder(todo, &moments);
    values.set(T::ReminderSet, if reminder.is_some() { "1" } else { "0" });
    if let Some(at) = reminder {
        values.set(T::ReminderTime, at.extended().to_string());
    }
    if let Some(rule) = todo.get("RRULE")
        && let Some((_, wall, _)) = moments.first()
    {
        let begin = Begin {
            local: *wall,
            is_date: todo.get("DTSTART").or(todo.get("DUE")).is_some_and(is_date),
        };
        let mut recurrence = from_rrule(&rule.value, begin, DateTime::parse)?;
        recurrence.start = Some(*wall);
        task.recurrence = Some(Some(recurrence));
    }
    let text = todo.text("DESCRIPTION").unwrap_or_default();
    task.body = Some(Body::text(text.replace('\n', "\r\n")));
    let categories: Vec<String> = todo.all("CATEGORIES").flat_map(Property::list).collect();
    task.categories = (!categories.is_empty()).then_some(categories);
    task.values = values;
    Ok(task)
}

/// The date or time on the wall, as if in UTC, and the moment that it is.
fn moment(
    property: &Property,
    calendar: &Component,
    account: &Account<'_>,
) -> Option<(DateTime, DateTime)> {
    let told = DateTime::parse(&property.value)?;
    let own = || account.zone.and_then(Zone::named).unwrap_or(Zone::Utc);
    if is_date(property) {
        return Some((told, told));
    }
    if property.value.trim().ends_with('Z') {
        return Some((own().local(told), told));
    }
    let zone = Zone::of_property(property, calendar).unwrap_or_else(own);
    Some((told, zone.utc(told)))
}

/// When the first alarm goes off.
fn reminder(todo: &Component, moments: &[(&str, DateTime, DateTime)]) -> Option<DateTime> {
    let at = |name: &str| moments.iter().find(|m| m.0 == name).map(|m| m.2);
    todo.children("VALARM").find_map(|alarm| {
        let trigger = alarm.get("TRIGGER")?;
        let Some(seconds) = duration(&trigger.value) else {
            return DateTime::parse(&trigger.value);
        };
        let from = match trigger.param("RELATED") {
            Some("END") => at("DUE"),
            _ => at("DTSTART").or(at("DUE")),
        }?;
        Some(DateTime::new(from.seconds.checked_add(seconds)?))
    })
}
