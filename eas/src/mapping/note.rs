//! Notes to and from iCalendar's VJOURNAL ([MS-ASNOTE]; RFC 5545 section 3.6.3).
//!
//! What ActiveSync cannot hold: a UID, a date, everything but SUMMARY, DESCRIPTION and CATEGORIES. None
//! of it is written, and so none is ever missed.

use super::Unmappable;
use super::contact::note;
use super::content::{Component, Property, listed};
use crate::wire::DateTime;
use crate::wire::class::{Body, Note};
use crate::wire::wbxml::pages::Notes as N;

/// A note as iCalendar, under a UID that its holder gives it: ActiveSync has none.
pub fn to_ical(item: &Note, uid: &str) -> Vec<u8> {
    let mut journal = Component::new("VJOURNAL");
    journal.push_text("UID", uid);
    let changed = item.values.date(N::LastModifiedDate);
    let stamp = changed.unwrap_or(DateTime::new(0)).compact().to_string();
    journal.push(Property::new("DTSTAMP", stamp.as_str()));
    if changed.is_some() {
        journal.push(Property::new("LAST-MODIFIED", stamp));
    }
    journal.push_text("SUMMARY", item.values.text(N::Subject).unwrap_or_default());
    journal.push_text("DESCRIPTION", &note(item.body.as_ref()));
    let categories = item.categories.as_deref().unwrap_or_default();
    if !categories.is_empty() {
        journal.push(Property::new("CATEGORIES", listed(categories)));
    }
    let mut calendar = Component::new("VCALENDAR");
    calendar.push(Property::new("VERSION", "2.0"));
    calendar.push(Property::new("PRODID", "-//eas for Rust//EN"));
    calendar.components.push(journal);
    calendar.print()
}

/// A VJOURNAL as a note.
///
/// # Errors
/// Anything that is no VJOURNAL.
pub fn from_ical(content: &[u8]) -> Result<Note, Unmappable> {
    let calendars = Component::parse(content);
    let journal = calendars
        .iter()
        .find(|c| c.name == "VCALENDAR")
        .and_then(|c| c.children("VJOURNAL").next())
        .ok_or_else(|| Unmappable::new("not a note"))?;
    let mut item = Note::default();
    let subject = journal.text("SUMMARY").unwrap_or_default();
    item.values.set(N::Subject, subject);
    item.values.set(N::MessageClass, "IPM.StickyNote");
    // Several descriptions are allowed here.
    let texts: Vec<String> = journal.all("DESCRIPTION").map(Property::text).collect();
    let text = texts.join("\n\n").replace('\n', "\r\n");
    item.body = Some(Body::text(text));
    let categories: Vec<String> = journal.all("CATEGORIES").flat_map(Property::list).collect();
    item.categories = (!categories.is_empty()).then_some(categories);
    Ok(item)
}
