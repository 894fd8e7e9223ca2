//! Whether two documents are one to ActiveSync.
//!
//! Servers put appointments into zones of their own, spell out what a rule leaves to its start, and
//! give occurrences what they have from their series.

use sync_core::model::ItemKind;

use crate::mapping::{Account, contact, event, note, task};
use crate::wire::DateTime;
use crate::wire::class::{Body, Event, Exception, Values};
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::Calendar as C;

/// What says nothing of an appointment: its moments are told in UTC, and its name is no content.
const UNTOLD: [Tag; 6] = [
    C::Timezone,
    C::DtStamp,
    C::UID,
    C::ClientUid,
    C::OrganizerName,
    C::ResponseRequested,
];

/// Whether two documents of a kind are one, as far as ActiveSync can hold them.
pub(super) fn alike(kind: ItemKind, a: &[u8], b: &[u8], account: &Account<'_>) -> bool {
    match kind {
        ItemKind::Event => {
            let read = |content| event::from_ical(content, account).ok();
            both(read(a), read(b), events)
        }
        ItemKind::Task => {
            let read = |content| task::from_ical(content, account, DateTime::new(0)).ok();
            both(read(a), read(b), |a, b| {
                values(&a.values, &b.values, &[])
                    && bodies(a.body.as_ref(), b.body.as_ref())
                    && list(a.categories.as_deref()) == list(b.categories.as_deref())
                    && a.recurrence == b.recurrence
            })
        }
        ItemKind::Contact => both(contact::from_vcard(a), contact::from_vcard(b), |a, b| {
            values(&a.values, &b.values, &[])
                && bodies(a.body.as_ref(), b.body.as_ref())
                && list(a.categories.as_deref()) == list(b.categories.as_deref())
                && list(a.children.as_deref()) == list(b.children.as_deref())
        }),
        ItemKind::Note => {
            let read = |content| note::from_ical(content).ok();
            both(read(a), read(b), |a, b| {
                values(&a.values, &b.values, &[])
                    && bodies(a.body.as_ref(), b.body.as_ref())
                    && list(a.categories.as_deref()) == list(b.categories.as_deref())
            })
        }
        _ => false,
    }
}

fn both<T>(a: Option<T>, b: Option<T>, same: impl Fn(&T, &T) -> bool) -> bool {
    a.zip(b).is_some_and(|(a, b)| same(&a, &b))
}

fn events(a: &Event, b: &Event) -> bool {
    let exceptions = |event: &Event| event.exceptions.clone().unwrap_or_default();
    let (of_a, of_b) = (exceptions(a), exceptions(b));
    let same = |(one, other): (&Exception, &Exception)| {
        one.original_start == other.original_start
            && one.deleted == other.deleted
            && (one.deleted || parts(&whole(one, a), &whole(other, b)))
    };
    parts(a, b)
        && a.recurrence == b.recurrence
        && of_a.len() == of_b.len()
        && of_a.iter().zip(&of_b).all(same)
}

/// All but what belongs to the series.
fn parts(a: &Event, b: &Event) -> bool {
    let places = |event: &Event| event.location.clone().unwrap_or_default();
    values(&a.values, &b.values, &UNTOLD)
        && values(&places(a), &places(b), &[])
        && bodies(a.body.as_ref(), b.body.as_ref())
        && list(a.categories.as_deref()) == list(b.categories.as_deref())
        && a.attendees.as_deref().unwrap_or_default() == b.attendees.as_deref().unwrap_or_default()
        && files(a) == files(b)
}

/// Names and bytes, in an order that says nothing.
fn files(event: &Event) -> Vec<(&str, Option<&[u8]>)> {
    let mut all: Vec<_> = Vec::with_capacity(event.attachments.len());
    for file in &event.attachments {
        all.push((file.name.as_str(), file.content.as_deref()));
    }
    all.sort_unstable();
    all
}

/// An occurrence with what it has from its series. Not every server heeds that something was taken away.
fn whole(exception: &Exception, series: &Event) -> Event {
    let mut event = exception.event.clone();
    let categories = event.categories.filter(|all| !all.is_empty());
    event.categories = categories.or_else(|| series.categories.clone());
    let attendees = event.attendees.filter(|all| !all.is_empty());
    event.attendees = attendees.or_else(|| series.attendees.clone());
    for (tag, text) in series.values.iter() {
        if event.values.text(tag).is_none() {
            event.values.set(tag, text);
        }
    }
    event
}

/// An element without text says what one that is absent does.
fn values(a: &Values, b: &Values, but: &[Tag]) -> bool {
    let within = |a: &Values, b: &Values| {
        let mut told = a
            .iter()
            .filter(|(tag, text)| !but.contains(tag) && !text.trim().is_empty());
        told.all(|(tag, text)| b.text(tag).is_some_and(|other| other.trim() == text.trim()))
    };
    within(a, b) && within(b, a)
}

fn bodies(a: Option<&Body>, b: Option<&Body>) -> bool {
    let text = |body: Option<&Body>| {
        let data = body
            .and_then(|body| body.data.as_deref())
            .unwrap_or_default();
        String::from_utf8_lossy(data)
            .replace("\r\n", "\n")
            .trim_end()
            .to_owned()
    };
    text(a) == text(b)
}

/// In an order that says nothing.
fn list(all: Option<&[String]>) -> Vec<&str> {
    let mut all: Vec<_> = all.unwrap_or_default().iter().map(String::as_str).collect();
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Version;

    const ACCOUNT: Account<'static> = Account {
        version: Version::V14_1,
        zone: Some("Europe/Paris"),
        addresses: &[],
    };

    fn calendar(events: &[&str]) -> String {
        let events = events.iter().map(|lines| {
            format!(
                "BEGIN:VEVENT\r\nUID:1\r\n{}\r\nEND:VEVENT\r\n",
                lines.replace(' ', "\r\n")
            )
        });
        let events = events.collect::<String>();
        format!("BEGIN:VCALENDAR\r\n{events}END:VCALENDAR\r\n")
    }

    fn is_one(a: &[&str], b: &[&str]) -> bool {
        let (a, b) = (calendar(a), calendar(b));
        alike(ItemKind::Event, a.as_bytes(), b.as_bytes(), &ACCOUNT)
    }

    #[test]
    fn a_zone_of_the_server_s_own_is_no_edit() {
        let sent = "DTSTART:20270105T100000Z DURATION:PT1H SUMMARY:One PRIORITY:3 X-A:b";
        let paris = "DTSTART;TZID=Europe/Paris:20270105T110000 DTEND:20270105T110000Z SUMMARY:One";
        assert!(is_one(&[sent], &[paris]));
        assert!(!is_one(&[sent], &[&paris.replace("T110000 ", "T120000 ")]));
        assert!(!is_one(&[sent], &[&paris.replace("One", "Two")]));
    }

    #[test]
    fn occurrences_have_what_their_series_has() {
        let rule = "RRULE:FREQ=WEEKLY;COUNT=9 CATEGORIES:Work";
        let sent = format!("DTSTART;TZID=Europe/Berlin:20270104T090000 DURATION:PT1H {rule}");
        let one = "RECURRENCE-ID;TZID=Europe/Berlin:20270111T090000 SUMMARY:Moved \
                   DTSTART;TZID=Europe/Berlin:20270112T090000 DURATION:PT1H";
        let back = format!(
            "{};BYDAY=MO CATEGORIES:Work",
            sent.replace(" CATEGORIES:Work", "")
        );
        let back = back.replace("Berlin", "Budapest");
        let other = format!("{} CATEGORIES:Work", one.replace("Berlin", "Budapest"));
        assert!(is_one(&[&sent, one], &[&back, &other]));
        assert!(!is_one(&[&sent, one], &[&back]));
        assert!(!is_one(
            &[&sent, one],
            &[&back, &other.replace("Moved", "Gone")]
        ));
    }

    #[test]
    fn contacts_are_one_without_what_cannot_be_held() {
        let card =
            |lines: &str| format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Al\r\n{lines}END:VCARD\r\n");
        let is_one = |a: &str, b: &str| {
            let (a, b) = (card(a), card(b));
            alike(ItemKind::Contact, a.as_bytes(), b.as_bytes(), &ACCOUNT)
        };
        assert!(is_one(
            "UID:1\r\nX-PET:cat\r\nTITLE:Boss\r\n",
            "UID:2\r\nTITLE:Boss\r\n"
        ));
        assert!(!is_one("TITLE:Boss\r\n", "TITLE:Clerk\r\n"));
    }
}
