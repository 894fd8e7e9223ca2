use proptest::prelude::*;
use sync_core::model::Side;

use crate::support::{event, four, task, three};

fn span(start: &str, end: &str) -> String {
    event(&format!("DTSTART:{start}|DTEND:{end}"))
}

#[test]
fn an_event_that_one_side_moved_and_the_other_made_longer_is_both() {
    let base = span("20240101T090000Z", "20240101T100000Z");
    let moved = span("20240102T090000Z", "20240102T100000Z");
    let longer = span("20240101T090000Z", "20240101T113000Z");
    three(&base, &moved, &longer).gives(&span("20240102T090000Z", "20240102T113000Z"));
}

#[test]
fn start_and_end_merge_where_they_fit() {
    let base = span("20240101T090000Z", "20240101T100000Z");
    let earlier = span("20240101T080000Z", "20240101T100000Z");
    let later = span("20240101T090000Z", "20240101T110000Z");
    three(&base, &earlier, &later).gives(&span("20240101T080000Z", "20240101T110000Z"));
}

#[test]
fn nothing_ends_before_it_starts() {
    let base = span("20240101T090000Z", "20240101T120000Z");
    let late = span("20240101T110000Z", "20240101T120000Z");
    let short = span("20240101T090000Z", "20240101T100000Z");
    three(&base, &late, &short)
        .prefer(Side::Left)
        .contests(&["DTEND"], &late);
    three(&base, &late, &short)
        .prefer(Side::Right)
        .contests(&["DTSTART"], &short);
    // One made it last all day, the other one made it longer.
    let day = event("DTSTART;VALUE=DATE:20240101|DTEND;VALUE=DATE:20240102");
    let long = span("20240101T090000Z", "20240101T130000Z");
    three(&base, &day, &long)
        .prefer(Side::Left)
        .contests(&["DTEND"], &day);
}

#[test]
fn two_moves_contest_all_of_it() {
    let base = span("20240101T090000Z", "20240101T100000Z");
    let left = span("20240102T090000Z", "20240102T100000Z");
    let right = span("20240103T090000Z", "20240103T093000Z");
    three(&base, &left, &right)
        .prefer(Side::Right)
        .contests(&["DTEND", "DTSTART"], &right);
}

#[test]
fn an_end_and_a_length_do_not_stand_side_by_side() {
    let left = event("DTSTART:20240101T090000Z|DURATION:PT1H");
    let right = span("20240101T090000Z", "20240101T100000Z");
    let moved = event("DTSTART:20240102T090000Z|DURATION:PT1H");
    let outcome = four(&left, &moved, &right, &right).merge();
    assert_eq!(
        outcome.right,
        event("DTSTART:20240102T090000Z|DURATION:PT1H")
    );
    let longer = span("20240101T090000Z", "20240101T120000Z");
    let outcome = four(&left, &left, &right, &longer).merge();
    assert_eq!(
        outcome.left,
        event("DTSTART:20240101T090000Z|DTEND:20240101T120000Z")
    );
    four(&left, &moved, &right, &longer).means(&span("20240102T090000Z", "20240102T120000Z"));
}

#[test]
fn an_end_that_the_mover_cannot_hold_moves_along() {
    let poor = event("DTSTART:20240101T090000Z");
    let rich = span("20240101T090000Z", "20240101T100000Z");
    let outcome = four(&poor, &event("DTSTART:20240105T090000Z"), &rich, &rich).merge();
    assert_eq!(outcome.right, span("20240105T090000Z", "20240105T100000Z"));
    assert_eq!(outcome.merged.result.left, None);
}

#[test]
fn a_series_that_was_put_on_other_days_is_not_torn() {
    let series =
        |start: &str, rule: &str| event(&format!("DTSTART:{start}|DURATION:PT1H|RRULE:{rule}"));
    let base = series("20240101T090000Z", "FREQ=WEEKLY;BYDAY=MO");
    let tuesday = series("20240102T090000Z", "FREQ=WEEKLY;BYDAY=TU");
    let ends = series("20240101T090000Z", "FREQ=WEEKLY;BYDAY=MO;COUNT=5");
    three(&base, &tuesday, &ends)
        .prefer(Side::Right)
        .contests(&["DTSTART", "RRULE"], &ends);
    let ten = series("20240101T100000Z", "FREQ=WEEKLY;BYDAY=MO");
    three(&base, &ten, &ends).gives(&series("20240101T100000Z", "FREQ=WEEKLY;BYDAY=MO;COUNT=5"));
}

#[test]
fn zones_stay_as_each_side_has_them() {
    let left = event(
        "DTSTART;TZID=Europe/Berlin:20240101T090000|DTEND;TZID=Europe/Berlin:20240101T100000|SUMMARY:a",
    );
    let right = span("20240101T080000Z", "20240101T090000Z")
        .replace("END:VEVENT", "SUMMARY:a\r\nEND:VEVENT");
    let outcome = four(
        &left,
        &left.replace("SUMMARY:a", "SUMMARY:b"),
        &right,
        &right,
    )
    .merge();
    assert_eq!(outcome.right, right.replace("SUMMARY:a", "SUMMARY:b"));
}

#[test]
fn a_task_is_done_or_it_is_not() {
    let base = task("STATUS:NEEDS-ACTION|SUMMARY:a");
    let done = task("STATUS:COMPLETED|COMPLETED:20240101T090000Z|PERCENT-COMPLETE:100|SUMMARY:a");
    let half = task("STATUS:IN-PROCESS|PERCENT-COMPLETE:50|SUMMARY:a");
    three(&base, &done, &half)
        .prefer(Side::Left)
        .contests(&["PERCENT-COMPLETE", "STATUS"], &done);
    three(&base, &done, &half)
        .prefer(Side::Right)
        .contests(&["COMPLETED", "PERCENT-COMPLETE", "STATUS"], &half);
    let later = done.replace("T090000Z", "T100000Z");
    three(&base, &done, &later).gives(&done);
    three(&base, &done, &base.replace("SUMMARY:a", "SUMMARY:b"))
        .means(&done.replace("SUMMARY:a", "SUMMARY:b"));
}

/// An event of these hours, whose end is told in one of two ways.
fn hours((start, end): (u32, u32), as_length: bool) -> String {
    let at = |hour: u32| format!("202401{:02}T{:02}0000Z", 1 + hour / 24, hour % 24);
    let end = if as_length {
        format!("DURATION:PT{}H", end - start)
    } else {
        format!("DTEND:{}", at(end))
    };
    event(&format!("DTSTART:{}|{end}", at(start)))
}

/// The hours that an event says.
fn said(content: &str) -> (u32, u32) {
    let value = |name: &str| {
        let mut lines = content.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    let hour = |value: &str| {
        let number = |from: usize| -> u32 { value[from..from + 2].parse().unwrap() };
        (number(6) - 1) * 24 + number(9)
    };
    let start = hour(value("DTSTART").unwrap());
    match (value("DTEND"), value("DURATION")) {
        (Some(end), None) => (start, hour(end)),
        (None, Some(length)) => {
            let hours = length.strip_prefix("PT").and_then(|l| l.strip_suffix('H'));
            (start, start + hours.unwrap().parse::<u32>().unwrap())
        }
        both => panic!("{both:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_sides_meet_at_the_same_hours(
        base in (0_u32..6, 1_u32..4),
        left in (-4_i32..5, 0_u32..4),
        right in (-4_i32..5, 0_u32..4),
        lengths in [any::<bool>(), any::<bool>()],
        prefer_left in any::<bool>(),
    ) {
        let base = (base.0 + 4, base.0 + 4 + base.1);
        let edit = |(by, length): (i32, u32)| {
            let start = base.0.saturating_add_signed(by);
            (start, start + if length == 0 { base.1 - base.0 } else { length })
        };
        let (left, right) = (edit(left), edit(right));
        let winner = if prefer_left { Side::Left } else { Side::Right };
        let mut case = four(
            &hours(base, lengths[0]), &hours(left, lengths[0]),
            &hours(base, lengths[1]), &hours(right, lengths[1]),
        );
        // Once a side is written, what was a longer event looks like an earlier start.
        case.halves = false;
        let outcome = case.prefer(winner).merge();
        let held = said(&outcome.left);
        prop_assert_eq!(held, said(&outcome.right));
        prop_assert!(held.0 <= held.1);
        let expected = match () {
            () if left == right || right == base => left,
            () if left == base => right,
            () if !outcome.conflicts.is_empty() => if prefer_left { left } else { right },
            // The start is that of whoever moved it, and nobody's edit is forgotten.
            () => {
                let start = if left.0 == base.0 { right.0 } else { left.0 };
                prop_assert!(held.0 == start, "{held:?}");
                let length = |(start, end): (u32, u32)| end - start;
                let ends = [left.1, right.1].contains(&held.1);
                let lengths = [length(left), length(right)].contains(&length(held));
                prop_assert!(ends || lengths, "{held:?} of {left:?} and {right:?}");
                held
            }
        };
        prop_assert_eq!(held, expected);
    }
}
