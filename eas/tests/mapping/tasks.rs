use eas::mapping::{Account, note, task};
use eas::wire::class::{Class, Item, Task};
use eas::wire::wbxml::pages::Tasks as T;
use eas::wire::{DateTime, Version};

use super::{lines, recorded};

const ACCOUNT: Account<'static> = Account {
    version: Version::V14_1,
    zone: Some("Europe/Paris"),
    addresses: &[],
};

fn task(lines: &str) -> Task {
    let text =
        format!("BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\n{lines}\r\nEND:VTODO\r\nEND:VCALENDAR\r\n");
    task::from_ical(text.as_bytes(), &ACCOUNT, DateTime::new(0)).unwrap()
}

fn back(sent: &str) -> Vec<String> {
    let mut back = lines(&task::to_ical(&task(sent), ""));
    back.retain(|line| {
        !["DTSTAMP:", "VERSION:", "PRODID:"]
            .iter()
            .any(|prefix| line.starts_with(prefix))
            && !line.ends_with("VCALENDAR")
            && !line.ends_with("VTODO")
    });
    back
}

#[test]
fn what_sogo_has_is_a_vtodo() {
    let items = recorded("39-sync-tasks-readback", Class::Tasks);
    let Item::Task(milk) = &items[0].1 else {
        panic!()
    };
    let lines = lines(&task::to_ical(milk, "1"));
    for line in [
        "UID:1",
        "SUMMARY:Buy milk",
        "DESCRIPTION:2 l",
        "DUE;VALUE=DATE:20261201",
    ] {
        assert!(lines.iter().any(|l| l == line), "{line} not in {lines:#?}");
    }
    assert!(
        !lines
            .iter()
            .any(|l| l.starts_with("STATUS") || l.starts_with("PRIORITY"))
    );
}

#[test]
fn everything_that_fits_comes_back() {
    for sent in [
        "DTSTART;VALUE=DATE:20261130\r\nDUE;VALUE=DATE:20261201\r\nSUMMARY:a\r\nDESCRIPTION:b\\nc\r\n\
         PRIORITY:1\r\nCLASS:PRIVATE\r\nSTATUS:COMPLETED\r\nCOMPLETED:20261129T101112Z\r\nCATEGORIES:x",
        "DUE:20261201T090000Z\r\nSUMMARY:a\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\n\
         TRIGGER;VALUE=DATE-TIME:20261201T083000Z\r\nDESCRIPTION:Reminder\r\nEND:VALARM",
        "DTSTART;VALUE=DATE:20261130\r\nSUMMARY:a\r\nRRULE:FREQ=WEEKLY;UNTIL=20271231;BYDAY=MO",
    ] {
        let sent_lines: Vec<_> = sent.split("\r\n").map(str::to_owned).collect();
        assert_eq!(back(sent), sent_lines);
    }
}

#[test]
fn what_servers_refuse_is_not_sent() {
    let backwards = task("DTSTART:20261202T090000Z\r\nDUE:20261201T090000Z");
    assert_eq!(backwards.values.get(T::StartDate), None);
    assert!(backwards.values.get(T::DueDate).is_some());
    // Completed, but not said when.
    let done = task("SUMMARY:a\r\nSTATUS:COMPLETED");
    assert_eq!(
        done.values.get(T::DateCompleted),
        Some("1970-01-01T00:00:00.000Z")
    );
    let open = task("SUMMARY:a\r\nSTATUS:IN-PROCESS");
    assert_eq!(open.values.get(T::Complete), Some("0"));
}

#[test]
fn local_time_is_on_the_wall_and_the_moment_beside_it() {
    let there = task("DUE;TZID=Europe/Paris:20260704T090000");
    assert_eq!(
        there.values.get(T::DueDate),
        Some("2026-07-04T09:00:00.000Z")
    );
    assert_eq!(
        there.values.get(T::UtcDueDate),
        Some("2026-07-04T07:00:00.000Z")
    );
}

#[test]
fn notes_come_back() {
    let sent = "BEGIN:VCALENDAR\r\nBEGIN:VJOURNAL\r\nSUMMARY:a\r\nDESCRIPTION:one\\ntwo\r\nCATEGORIES:x,y\r\nEND:VJOURNAL\r\nEND:VCALENDAR\r\n";
    let there = note::from_ical(sent.as_bytes()).unwrap();
    let back = lines(&note::to_ical(&there, "1"));
    for line in [
        "UID:1",
        "SUMMARY:a",
        "DESCRIPTION:one\\ntwo",
        "CATEGORIES:x,y",
    ] {
        assert!(back.iter().any(|l| l == line), "{line} not in {back:#?}");
    }
    assert!(note::from_ical(b"BEGIN:VCARD\nEND:VCARD\n").is_err());
}
