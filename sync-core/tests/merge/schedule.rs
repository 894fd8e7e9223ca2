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
