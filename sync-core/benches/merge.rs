//! How long it takes to compare and to merge 5,000 events of 2 KB.
//!
//! `cargo bench -p sync-core --no-default-features --bench merge`. Shows the medians of nine turns.

#![allow(clippy::print_stdout)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use sync_core::merge::{Preference, Version, equal, merge};
use sync_core::model::Both;

const EVENTS: usize = 5_000;
const TURNS: usize = 9;

fn event(uid: usize, summary: &str, location: &str) -> String {
    let mut text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example.org//bench//EN\r\nBEGIN:VEVENT\r\n\
         UID:{uid}\r\nDTSTAMP:20240101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20240101T090000\r\n\
         DTEND;TZID=Europe/Berlin:20240101T100000\r\nRRULE:FREQ=WEEKLY;BYDAY=MO\r\n\
         SUMMARY:{summary}\r\nLOCATION:{location}\r\nCATEGORIES:work,home,garden\r\n"
    );
    for n in 0..8 {
        let _ = write!(
            text,
            "ATTENDEE;CN=\"Person {n}\";PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT;RSVP=TRUE:\r\n \
             mailto:person{n}@example.org\r\n"
        );
    }
    text.push_str("DESCRIPTION:");
    for n in 0..16 {
        let _ = write!(
            text,
            "line {n} of a description\\, \r\n which goes on and on\\n"
        );
    }
    text + "\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:x\r\nEND:VALARM\r\n\
            END:VEVENT\r\nEND:VCALENDAR\r\n"
}

fn median(mut run: impl FnMut()) -> Duration {
    let mut turns: Vec<Duration> = (0..TURNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    turns.sort_unstable();
    turns.get(TURNS / 2).copied().unwrap_or_default()
}

fn main() {
    let all = |summary: &str, location: &str| -> Vec<String> {
        (0..EVENTS)
            .map(|uid| event(uid, summary, location))
            .collect()
    };
    let (base, left, right) = (all("a", "b"), all("x", "b"), all("a", "y"));
    let bytes = base.first().map_or(0, String::len);
    println!("{EVENTS} events of {bytes} bytes");
    let same = median(|| {
        base.iter().for_each(|event| {
            black_box(equal(event.as_bytes(), event.as_bytes()));
        });
    });
    println!("equal, the same bytes {same:>14.1?}");
    let other = median(|| {
        base.iter().zip(&left).for_each(|(a, b)| {
            black_box(equal(a.as_bytes(), b.as_bytes()));
        });
    });
    println!("equal, other bytes    {other:>14.1?}");
    let merged = median(|| {
        for ((base, left), right) in base.iter().zip(&left).zip(&right) {
            let of = |now| Version {
                base: Some(base.as_bytes()),
                provisional: false,
                own_uid: false,
                now,
            };
            let sides = Both::new(of(left.as_bytes()), of(right.as_bytes()));
            black_box(merge(sides, Preference::Newest));
        }
    });
    println!("merge, both edited    {merged:>14.1?}");
}
