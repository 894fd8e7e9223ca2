use eas::mapping::Account;
use eas::mapping::event::{from_ical, to_ical};
use eas::mapping::time_zone::ZoneBlob;
use eas::wire::Version;
use eas::wire::class::{Class, Event, Item};
use eas::wire::wbxml::pages::{AirSyncBase, Calendar as C};

use super::{lines, recorded};

const OWN: [String; 0] = [];

fn account(version: Version) -> Account<'static> {
    Account {
        version,
        zone: Some("Europe/Paris"),
        addresses: &OWN,
    }
}

fn event(lines: &str, version: Version) -> Event {
    let text = format!(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    from_ical(text.as_bytes(), &account(version)).unwrap()
}

/// What comes back of a VEVENT with these lines, sorted.
fn back(lines_sent: &str, version: Version) -> Vec<String> {
    let event = event(lines_sent, version);
    let mut back = lines(&to_ical(&event, "1", &account(version)).unwrap());
    back.retain(|line| {
        !["BEGIN:", "END:", "UID:", "DTSTAMP:", "VERSION:", "PRODID:"]
            .iter()
            .any(|prefix| line.starts_with(prefix))
    });
    back.sort();
    back
}

fn sorted(lines: &str) -> Vec<String> {
    let mut lines: Vec<_> = lines.split("\r\n").map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn what_sogo_has_is_icalendar() {
    let items = recorded("21-sync-calendar-readback-second-device", Class::Calendar);
    let ical = |id: &str| {
        let (id, item) = items.iter().find(|(i, _)| i == id).unwrap();
        let Item::Event(event) = item else { panic!() };
        lines(&to_ical(event, id, &account(Version::V14_1)).unwrap())
    };
    let weekly = ical("uid-weekly-1");
    for line in [
        "UID:uid-weekly-1",
        "DTSTART;TZID=Europe/Paris:20261202T100000",
        "DTEND;TZID=Europe/Paris:20261202T103000",
        "RRULE:FREQ=WEEKLY;COUNT=5;BYDAY=WE",
        "EXDATE;TZID=Europe/Paris:20261209T100000",
    ] {
        assert!(
            weekly.iter().any(|l| l == line),
            "{line} not in {weekly:#?}"
        );
    }
    let holiday = ical("uid-allday-1");
    for line in [
        "DTSTART;VALUE=DATE:20261225",
        "DTEND;VALUE=DATE:20261226",
        "TRANSP:TRANSPARENT",
    ] {
        assert!(
            holiday.iter().any(|l| l == line),
            "{line} not in {holiday:#?}"
        );
    }
    let meeting = ical("040000008200E00074C5B7101A82E0080000000001");
    assert!(meeting.iter().any(|l| l == "TRIGGER:-PT15M"));
    assert!(meeting.iter().any(|l| l == "SUMMARY:Réunion EAS"));
}

#[test]
fn everything_that_fits_comes_back() {
    let sent = "DTSTART;TZID=America/New_York:20260704T090000\r\n\
        DTEND;TZID=America/New_York:20260704T100000\r\nSUMMARY:a\\, b\\; c\r\nLOCATION:here\r\n\
        DESCRIPTION:one\\ntwo\r\nCATEGORIES:x,y\r\nCLASS:CONFIDENTIAL\r\nTRANSP:TRANSPARENT\r\n\
        X-MICROSOFT-DISALLOW-COUNTER:TRUE";
    for version in [Version::V14_1, Version::V16_1] {
        assert_eq!(back(sent, version), sorted(sent), "{version}");
    }
}

#[test]
fn rules_come_back() {
    let start =
        "DTSTART;TZID=Europe/Paris:20260113T090000\r\nDTEND;TZID=Europe/Paris:20260113T100000";
    for rule in [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3;COUNT=10",
        "FREQ=WEEKLY;BYDAY=TU",
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=20261231T080000Z;BYDAY=MO,TU,FR",
        "FREQ=WEEKLY;BYDAY=MO,TU;WKST=SU",
        "FREQ=MONTHLY;BYMONTHDAY=13",
        "FREQ=MONTHLY;BYDAY=2TU",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=13",
        "FREQ=YEARLY;BYMONTH=1;BYDAY=2TU",
    ] {
        let sent = format!("{start}\r\nRRULE:{rule}");
        assert_eq!(back(&sent, Version::V14_1), sorted(&sent), "{rule}");
    }
}

/// Written otherwise, the same.
#[test]
fn rules_that_say_less_are_completed() {
    let start =
        "DTSTART;TZID=Europe/Paris:20260113T090000\r\nDTEND;TZID=Europe/Paris:20260113T100000";
    for (rule, same) in [
        ("FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=TU"),
        (
            "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        ),
        ("FREQ=MONTHLY", "FREQ=MONTHLY;BYMONTHDAY=13"),
        ("FREQ=YEARLY", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=13"),
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", "FREQ=MONTHLY;BYDAY=2TU"),
        (
            "FREQ=DAILY;UNTIL=20260120",
            "FREQ=DAILY;UNTIL=20260120T225959Z",
        ),
        ("FREQ=DAILY;INTERVAL=0;COUNT=0", "FREQ=DAILY"),
    ] {
        let got = back(&format!("{start}\r\nRRULE:{rule}"), Version::V14_1);
        assert_eq!(got, sorted(&format!("{start}\r\nRRULE:{same}")), "{rule}");
    }
}

#[test]
fn rules_without_a_pattern_are_refused_with_the_reason() {
    for rule in [
        "FREQ=HOURLY",
        "FREQ=DAILY;BYHOUR=9,17",
        "FREQ=MONTHLY;BYMONTHDAY=1,15",
        "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=MONTHLY;BYDAY=1MO,3MO",
        "FREQ=MONTHLY;BYMONTHDAY=-2",
        "FREQ=DAILY;INTERVAL=5000",
    ] {
        let text = format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260113T090000Z\nRRULE:{rule}\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        let error = from_ical(text.as_bytes(), &account(Version::V14_1)).unwrap_err();
        assert!(error.to_string().contains("recurrence"), "{error}");
    }
    let orphan = b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nRECURRENCE-ID:20260113T090000Z\nDTSTART:20260113T090000Z\nEND:VEVENT\nEND:VCALENDAR\n";
    assert!(from_ical(orphan, &account(Version::V14_1)).is_err());
}

#[test]
fn all_day_is_a_date_in_every_zone_and_version() {
    let sent = "DTSTART;VALUE=DATE:20260329\r\nDTEND;VALUE=DATE:20260330";
    for version in Version::ALL {
        let there = event(sent, version);
        assert_eq!(there.values.get(C::StartTime), Some("20260329T000000Z"));
        assert_eq!(
            there.values.get(C::Timezone).is_some(),
            version < Version::V16_0
        );
        assert_eq!(back(sent, version), sorted(sent));
    }
    // As Exchange and SOGo tell it: midnight in the zone.
    let mut there = event(sent, Version::V14_1);
    let paris = eas::mapping::time_zone::blob_of("Europe/Paris", 2026).unwrap();
    there.values.set(C::Timezone, paris.encode());
    there.values.set(C::StartTime, "20260328T230000Z");
    there.values.set(C::EndTime, "20260329T220000Z");
    let lines = lines(&to_ical(&there, "1", &account(Version::V14_1)).unwrap());
    assert!(
        lines.contains(&"DTSTART;VALUE=DATE:20260329".to_owned()),
        "{lines:#?}"
    );
    assert!(
        lines.contains(&"DTEND;VALUE=DATE:20260330".to_owned()),
        "{lines:#?}"
    );
}

#[test]
fn overrides_and_deleted_occurrences_come_back() {
    let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Europe/Paris:20260323T090000\r\n\
        DTEND;TZID=Europe/Paris:20260323T100000\r\nSUMMARY:daily\r\nLOCATION:here\r\nRRULE:FREQ=DAILY;COUNT=10\r\n\
        EXDATE;TZID=Europe/Paris:20260325T090000\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID;TZID=Europe/Paris:20260330T090000\r\n\
        DTSTART;TZID=Europe/Paris:20260330T110000\r\nDTEND;TZID=Europe/Paris:20260330T120000\r\n\
        SUMMARY:moved\r\nLOCATION:here\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let there = from_ical(text.as_bytes(), &account(Version::V14_1)).unwrap();
    let exceptions = there.exceptions.as_deref().unwrap();
    // One hour less to UTC after the change of the clocks.
    let starts: Vec<_> = exceptions
        .iter()
        .map(|e| e.original_start.unwrap().compact().to_string())
        .collect();
    assert_eq!(starts, ["20260325T080000Z", "20260330T070000Z"]);
    assert!(exceptions[0].deleted && !exceptions[1].deleted);
    let back = lines(&to_ical(&there, "1", &account(Version::V14_1)).unwrap());
    for line in [
        "EXDATE;TZID=Europe/Paris:20260325T090000",
        "RECURRENCE-ID;TZID=Europe/Paris:20260330T090000",
        "DTSTART;TZID=Europe/Paris:20260330T110000",
        "SUMMARY:moved",
    ] {
        assert!(back.iter().any(|l| l == line), "{line} not in {back:#?}");
    }
    // What an exception does not say, it has from its series.
    let mut sparse = there.clone();
    let own = &mut sparse.exceptions.as_mut().unwrap()[1].event;
    own.values = [(C::Subject, "only this")].into_iter().collect();
    let back = lines(&to_ical(&sparse, "1", &account(Version::V14_1)).unwrap());
    let at = back
        .iter()
        .position(|l| l.starts_with("RECURRENCE-ID"))
        .unwrap();
    let occurrence = &back[at - 8..at];
    assert!(
        occurrence.contains(&"DTSTART;TZID=Europe/Paris:20260330T090000".to_owned()),
        "{back:#?}"
    );
    assert!(
        occurrence.contains(&"LOCATION:here".to_owned()),
        "{back:#?}"
    );
}

#[test]
fn zones_by_windows_names_and_by_definition() {
    let there = event(
        "DTSTART;TZID=W. Europe Standard Time:20260704T090000",
        Version::V14_1,
    );
    assert_eq!(there.values.get(C::StartTime), Some("20260704T070000Z"));
    let own = "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Home\nBEGIN:STANDARD\nDTSTART:19701101T020000\n\
        RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\nTZOFFSETFROM:-0400\nTZOFFSETTO:-0500\nEND:STANDARD\n\
        BEGIN:DAYLIGHT\nDTSTART:19700308T020000\nRRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\n\
        TZOFFSETFROM:-0500\nTZOFFSETTO:-0400\nEND:DAYLIGHT\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:1\n\
        DTSTART;TZID=Home:20260704T090000\nEND:VEVENT\nEND:VCALENDAR\n";
    let there = from_ical(own.as_bytes(), &account(Version::V14_1)).unwrap();
    assert_eq!(there.values.get(C::StartTime), Some("20260704T130000Z"));
    let blob = ZoneBlob::decode(there.values.get(C::Timezone).unwrap()).unwrap();
    assert_eq!((blob.bias, blob.daylight_bias), (300, -60));
    // A moment without a zone is the person's own.
    let floating = event("DTSTART:20260704T090000", Version::V14_1);
    assert_eq!(floating.values.get(C::StartTime), Some("20260704T070000Z"));
}

/// From 16.0 on a server mails an invitation to everybody who is written to it.
#[test]
fn nobody_is_invited() {
    let meeting = "DTSTART:20260704T090000Z\r\nORGANIZER;CN=Boss:mailto:boss@example.test\r\n\
        ATTENDEE;CN=Jane;PARTSTAT=ACCEPTED:mailto:jane@example.test\r\n\
        ATTENDEE;ROLE=OPT-PARTICIPANT:mailto:joe@example.test";
    let modern = event(meeting, Version::V16_1);
    assert_eq!(modern.attendees, None);
    assert_eq!(modern.values.get(C::OrganizerEmail), None);
    assert_eq!(modern.values.get(C::UID), None);
    assert_eq!(modern.values.get(C::ClientUid), Some("1"));
    assert_eq!(modern.values.get(C::DtStamp), None);
    let older = event(meeting, Version::V14_1);
    let attendees = older.attendees.as_deref().unwrap();
    assert_eq!(
        (attendees[0].status, attendees[1].attendee_type),
        (Some(3), Some(2))
    );
    // Somebody else's meeting.
    assert_eq!(older.values.get(C::MeetingStatus), Some("3"));
    let own = ["boss@example.test".to_owned()];
    let text =
        format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{meeting}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    let boss = Account {
        addresses: &own,
        ..account(Version::V14_1)
    };
    let mine = from_ical(text.as_bytes(), &boss).unwrap();
    assert_eq!(mine.values.get(C::MeetingStatus), Some("1"));
}

#[test]
fn places_have_an_element_of_their_own_from_16_on() {
    let there = event(
        "DTSTART:20260704T090000Z\r\nLOCATION:Room 1",
        Version::V16_0,
    );
    assert_eq!(there.values.get(C::Location), None);
    let place = there.location.unwrap();
    assert_eq!(place.get(AirSyncBase::DisplayName), Some("Room 1"));
}

#[test]
fn alarms_are_minutes_before_the_start() {
    let alarm = |trigger: &str| {
        let lines = format!("DTSTART:20260704T090000Z\r\nBEGIN:VALARM\r\n{trigger}\r\nEND:VALARM");
        let there = event(&lines, Version::V14_1);
        there.values.get(C::Reminder).map(str::to_owned)
    };
    assert_eq!(alarm("TRIGGER:-PT15M").as_deref(), Some("15"));
    assert_eq!(alarm("TRIGGER:-P1DT2H").as_deref(), Some("1560"));
    assert_eq!(
        alarm("TRIGGER;VALUE=DATE-TIME:20260704T083000Z").as_deref(),
        Some("30")
    );
    assert_eq!(alarm("TRIGGER;RELATED=END:-PT5M"), None);
    assert_eq!(alarm("TRIGGER:PT5M"), None);
    assert_eq!(alarm("TRIGGER:-P99999999999999999999D"), None);
}
