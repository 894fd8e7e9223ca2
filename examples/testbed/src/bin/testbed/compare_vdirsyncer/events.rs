//! Events as people have them: most are short, some recur, some have a zone, alarms or attendees.

use std::fmt::Write;

const ZONE: &str = "BEGIN:VTIMEZONE\r
TZID:Europe/Berlin\r
BEGIN:DAYLIGHT\r
TZOFFSETFROM:+0100\r
TZOFFSETTO:+0200\r
TZNAME:CEST\r
DTSTART:19700329T020000\r
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r
END:DAYLIGHT\r
BEGIN:STANDARD\r
TZOFFSETFROM:+0200\r
TZOFFSETTO:+0100\r
TZNAME:CET\r
DTSTART:19701025T030000\r
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r
END:STANDARD\r
END:VTIMEZONE\r
";

/// The UID of the `n`-th event.
pub(super) fn uid(n: usize) -> String {
    format!("event-{n}-of-the-comparison")
}

/// So many events as one stream.
pub(super) fn calendar(count: usize) -> String {
    let mut text = begin();
    for n in 0..count {
        text.push_str(&event(n, &format!("Event {n}")));
    }
    text + "END:VCALENDAR\r\n"
}

/// The `n`-th event by itself.
pub(super) fn object(n: usize, title: &str) -> String {
    begin() + &event(n, title) + "END:VCALENDAR\r\n"
}

fn begin() -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//testbed//EN\r\n{ZONE}")
}

fn event(n: usize, title: &str) -> String {
    let (uid, day, hour) = (uid(n), n % 28 + 1, n % 10 + 8);
    let month = n / 28 % 12 + 1;
    let mut text = format!(
        "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART;TZID=Europe/Berlin:2026{month:02}{day:02}T{hour:02}0000\r\n\
         DTEND;TZID=Europe/Berlin:2026{month:02}{day:02}T{hour:02}4500\r\n\
         SUMMARY:{title}\r\nLOCATION:Room {}\r\nSEQUENCE:{}\r\n",
        n % 40,
        n % 3
    );
    for line in 0..n % 6 {
        // Longer than a line may be: folded.
        let _ = write!(
            text,
            "X-NOTE-{line};X-KIND=text:What was said about event {n} in line {line} of\r\n  the \
             minutes that somebody kept\\, and nobody read again\r\n"
        );
    }
    if n.is_multiple_of(5) {
        text.push_str("RRULE:FREQ=WEEKLY;COUNT=20\r\n");
    }
    if n.is_multiple_of(4) {
        text.push_str(
            "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Soon\r\nTRIGGER:-PT15M\r\n\
             END:VALARM\r\n",
        );
    }
    text.push_str("END:VEVENT\r\n");
    if n.is_multiple_of(15) {
        let _ = write!(
            text,
            "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
             RECURRENCE-ID;TZID=Europe/Berlin:2026{month:02}{day:02}T{hour:02}0000\r\n\
             DTSTART;TZID=Europe/Berlin:2026{month:02}{day:02}T{hour:02}3000\r\n\
             DTEND;TZID=Europe/Berlin:2026{month:02}{day:02}T{hour:02}5500\r\n\
             SUMMARY:{title}\\, moved\r\nEND:VEVENT\r\n"
        );
    }
    text
}
