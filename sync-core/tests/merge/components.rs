use sync_core::merge::Merged;
use sync_core::model::Side;

use crate::support::{calendar, card, event, four, lines, none, three};

const MASTER: &str =
    "BEGIN:VEVENT|UID:1|DTSTART:20240101T090000Z|RRULE:FREQ=DAILY|SUMMARY:a|END:VEVENT|";

fn instance(day: u32, text: &str) -> String {
    format!(
        "BEGIN:VEVENT|UID:1|RECURRENCE-ID:202401{day:02}T090000Z|DTSTART:202401{day:02}T090000Z|{text}|END:VEVENT|"
    )
}

fn master(extra: &str) -> String {
    MASTER
        .replace("|END", &format!("|{extra}|END"))
        .replace("||", "|")
}

#[test]
fn an_override_and_its_master_merge_apart() {
    let base = calendar(MASTER);
    let left = calendar(&MASTER.replace("SUMMARY:a", "SUMMARY:b"));
    let right = calendar(&(MASTER.to_owned() + &instance(3, "SUMMARY:c")));
    three(&base, &left, &right).gives(&calendar(
        &(MASTER.replace("SUMMARY:a", "SUMMARY:b") + &instance(3, "SUMMARY:c")),
    ));
}

#[test]
fn an_override_may_come_first_and_its_conflicts_name_it() {
    let with = |summary: &str| calendar(&(instance(3, summary) + MASTER));
    let case = three(&with("SUMMARY:x"), &with("SUMMARY:y"), &with("SUMMARY:z"));
    case.prefer(Side::Right).contests(
        &["SUMMARY (RECURRENCE-ID 20240103T090000Z)"],
        &with("SUMMARY:z"),
    );
    three(
        &with("SUMMARY:x"),
        &with("SUMMARY:y"),
        &with("SUMMARY:x|LOCATION:l"),
    )
    .gives(&with("SUMMARY:y|LOCATION:l"));
}

#[test]
fn a_deleted_instance_comes_back_where_it_was_edited() {
    let base = calendar(&(MASTER.to_owned() + &instance(3, "SUMMARY:c")));
    let deleted = calendar(&master("EXDATE:20240103T090000Z"));
    let edited = calendar(&(MASTER.to_owned() + &instance(3, "SUMMARY:d")));
    three(&base, &deleted, &edited).means(&edited);
    three(&base, &deleted, &base).means(&deleted);
    // An instance that had no override yet.
    three(&calendar(MASTER), &deleted, &edited).means(&edited);
    // Another instance.
    let other = calendar(&(master("EXDATE:20240105T090000Z") + &instance(3, "SUMMARY:c")));
    let both = calendar(&(master("EXDATE:20240105T090000Z") + &instance(3, "SUMMARY:d")));
    three(&base, &other, &edited).means(&both);
}

#[test]
fn overrides_follow_a_series_that_was_moved() {
    let base = calendar(&(MASTER.to_owned() + &instance(3, "SUMMARY:c")));
    let at_ten = |text: &str| text.replace("T090000Z", "T100000Z");
    // This client took its overrides along.
    let moved = at_ten(&base);
    let edited = calendar(&(MASTER.to_owned() + &instance(3, "SUMMARY:d")));
    three(&base, &moved, &edited).means(&at_ten(&edited));
    // This one dropped them.
    let dropped = at_ten(&calendar(MASTER));
    three(&base, &dropped, &edited).means(&at_ten(&edited));
    three(&base, &dropped, &base).means(&dropped);
    // New overrides and deleted instances move, too.
    let more = calendar(
        &(master("EXDATE:20240107T090000Z")
            + &instance(3, "SUMMARY:c")
            + &instance(5, "SUMMARY:e")),
    );
    three(&base, &moved, &more).means(&at_ten(&more));
    // An instance that had a time of its own keeps it.
    let own = calendar(
        &(MASTER.to_owned()
            + &instance(5, "SUMMARY:e").replace("DTSTART:20240105T09", "DTSTART:20240105T15")),
    );
    let expected = own
        .replace("DTSTART:20240101T09", "DTSTART:20240101T10")
        .replace("ID:20240105T09", "ID:20240105T10");
    three(&calendar(MASTER), &dropped, &own).means(&expected);
}

#[test]
fn an_override_of_a_series_on_another_clock_is_contested() {
    let base = calendar(MASTER);
    let zoned = base.replace(
        "DTSTART:20240101T090000Z",
        "DTSTART;TZID=Europe/Rome:20240101T100000",
    );
    let edited = calendar(&(MASTER.to_owned() + &instance(3, "SUMMARY:c")));
    let all = zoned.replace("END:VCALENDAR", "")
        + &lines(&instance(3, "SUMMARY:c"))
        + "END:VCALENDAR\r\n";
    three(&base, &zoned, &edited).contests(
        &["DTSTART (RECURRENCE-ID 20240103T090000Z)"],
        &all.replace("\r\n\r\n", "\r\n"),
    );
}

#[test]
fn an_override_is_the_same_in_another_zone_with_the_same_clock() {
    let zoned = |zone: &str, summary: &str| {
        let both = MASTER.to_owned() + &instance(3, summary);
        let both = both.replace(":2024", &format!(";TZID=Europe/{zone}:2024"));
        calendar(&both.replace("T090000Z", "T090000"))
    };
    let (ours, theirs) = (zoned("Berlin", "SUMMARY:b"), zoned("Budapest", "SUMMARY:b"));
    let outcome = four(&ours, &ours, &theirs, &zoned("Budapest", "SUMMARY:c")).merge();
    assert_eq!(outcome.left, zoned("Berlin", "SUMMARY:c"));
    assert_eq!(outcome.merged.result.right, None);
}

#[test]
fn a_side_without_overrides_does_not_delete_them() {
    let rich = calendar(&(MASTER.to_owned() + &instance(3, "SUMMARY:c")));
    let poor = calendar(MASTER);
    let case = four(&rich, &rich, &poor, &poor.replace("SUMMARY:a", "SUMMARY:b"));
    let outcome = case.merge();
    assert_eq!(outcome.left, rich.replace("SUMMARY:a", "SUMMARY:b"));
    assert_eq!(outcome.merged.result.right, None);
    // What it did get and lost again was perhaps never kept.
    let case = four(&rich, &rich, &rich, &poor).provisional(Side::Right);
    assert_eq!(case.merge().merged.result.left, None);
}

#[test]
fn an_override_is_adopted_under_the_uid_of_the_side() {
    let ours = |text: &str| text.replace("UID:1", "UID:ours");
    let base = calendar(MASTER);
    let left = calendar(&(MASTER.to_owned() + &instance(3, "SUMMARY:c")));
    let outcome = four(&base, &left, &ours(&base), &ours(&base)).merge();
    assert_eq!(outcome.right, ours(&left));
}

#[test]
fn several_items_in_one_file_stay_apart() {
    let two = |a: &str, b: &str| {
        calendar(&format!(
            "BEGIN:VEVENT|UID:1|SUMMARY:{a}|END:VEVENT|BEGIN:VEVENT|UID:2|SUMMARY:{b}|END:VEVENT"
        ))
    };
    three(&two("a", "b"), &two("x", "b"), &two("a", "y")).gives(&two("x", "y"));
    three(
        &two("a", "b"),
        &two("a", "c"),
        &calendar("BEGIN:VEVENT|UID:1|SUMMARY:a|END:VEVENT"),
    )
    .gives(&two("a", "c"));
}

fn alarm(text: &str) -> String {
    format!("BEGIN:VALARM|{text}|END:VALARM|")
}

#[test]
fn alarms_are_known_by_uid_or_by_what_they_do() {
    let with = |alarms: &str| event(&format!("SUMMARY:a|{alarms}"));
    let plain = alarm("ACTION:DISPLAY|TRIGGER:-PT15M|DESCRIPTION:x");
    let other = alarm("ACTION:DISPLAY|TRIGGER:-PT5M|DESCRIPTION:x");
    let audio = alarm("ACTION:AUDIO|TRIGGER:-PT15M");
    let both = plain.clone() + &other;
    three(&with(&both), &with(&other), &with(&(both.clone() + &audio)))
        .gives(&with(&(other.clone() + &audio)));
    let edited = plain.replace(":x", ":y");
    three(
        &with(&plain),
        &with(&edited),
        &with(&(plain.clone() + &audio)),
    )
    .gives(&with(&(edited + &audio)));
    // By UID it is the same though it rings at another time.
    let known = |trigger: &str, text: &str| {
        alarm(&format!(
            "UID:5|ACTION:DISPLAY|TRIGGER:{trigger}|DESCRIPTION:{text}"
        ))
    };
    three(
        &with(&known("-PT5M", "a")),
        &with(&known("-PT10M", "a")),
        &with(&known("-PT5M", "b")),
    )
    .gives(&with(&known("-PT10M", "b")));
    // One server gives them UIDs of its own.
    let outcome = four(
        &with(&plain),
        &with(&other),
        &with(&plain.replace("ACTION", "UID:7|ACTION")),
        &with(&plain.replace("ACTION", "UID:7|ACTION")),
    )
    .merge();
    assert_eq!(outcome.right, with(&other));
}

#[test]
fn each_side_may_have_its_own_uids_for_alarms() {
    let with = |uid: &str, text: &str| {
        event(&alarm(&format!(
            "{uid}ACTION:DISPLAY|TRIGGER:-PT15M|DESCRIPTION:{text}"
        )))
    };
    let outcome = none(&with("UID:a|", "x"), &with("UID:b|", "x")).merge();
    assert_eq!(outcome.merged, Merged::default());
    let case = four(
        &with("UID:a|", "x"),
        &with("UID:c|", "y"),
        &with("UID:b|", "x"),
        &with("", "x"),
    );
    assert_eq!(case.merge().right, with("", "y"));
}

#[test]
fn the_later_acknowledgement_counts() {
    let with = |at: &str| event(&alarm(&format!("ACTION:DISPLAY|TRIGGER:-PT5M{at}")));
    three(
        &with(""),
        &with("|ACKNOWLEDGED:20240101T000000Z"),
        &with("|ACKNOWLEDGED:20240102T000000Z"),
    )
    .gives(&with("|ACKNOWLEDGED:20240102T000000Z"));
}

const ZONE: &str = "BEGIN:VTIMEZONE|TZID:Own/Zone|BEGIN:STANDARD|DTSTART:19700101T000000|TZOFFSETFROM:+0100|TZOFFSETTO:+0100|END:STANDARD|END:VTIMEZONE|";

#[test]
fn a_time_comes_with_the_definition_of_its_zone() {
    let plain = "BEGIN:VEVENT|UID:1|DTSTART:20240101T090000Z|END:VEVENT|";
    let zoned = "BEGIN:VEVENT|UID:1|DTSTART;TZID=Own/Zone:20240101T090000|END:VEVENT|";
    let left = calendar(&(ZONE.to_owned() + zoned));
    three(&calendar(plain), &left, &calendar(plain)).gives(&left);
    // A server that keeps no definitions is not given one with every edit.
    let edited = left.replace("DTSTART", "SUMMARY:a\r\nDTSTART");
    let outcome = four(&left, &edited, &calendar(zoned), &calendar(zoned)).merge();
    assert!(!outcome.right.contains("VTIMEZONE"), "{}", outcome.right);
    // And one that drops it deletes nothing.
    assert_eq!(
        four(&left, &left, &left, &calendar(zoned))
            .merge()
            .merged
            .result
            .left,
        None
    );
}

#[test]
fn a_long_series_costs_no_square() {
    let series = |edit: &dyn Fn(u32) -> String| -> String {
        let instances = (0..2000_u32).map(|i| {
            format!(
                "BEGIN:VEVENT|UID:1|RECURRENCE-ID:{:04}0101T090000Z|SUMMARY:{}|END:VEVENT|",
                2000 + i,
                edit(i)
            )
        });
        calendar(&(MASTER.to_owned() + &instances.collect::<String>()))
    };
    let base = series(&|i| format!("s{i}"));
    let left = series(&|i| {
        if i % 2 == 0 {
            format!("l{i}")
        } else {
            format!("s{i}")
        }
    });
    let right = series(&|i| {
        if i % 2 == 1 {
            format!("r{i}")
        } else {
            format!("s{i}")
        }
    });
    let both = series(&|i| {
        if i % 2 == 1 {
            format!("r{i}")
        } else {
            format!("l{i}")
        }
    });
    three(&base, &left, &right).gives(&both);
    three(&calendar(MASTER), &base, &calendar(MASTER)).gives(&base);
}

#[test]
fn a_uid_that_a_side_makes_up_stays_there() {
    let with = |uid: &str, text: &str| card(&format!("UID:{uid}|FN:{text}"));
    // The base is what was written; what the side made of its UID was not seen yet.
    let case = four(
        &with("1", "x"),
        &with("1", "x"),
        &with("1", "x"),
        &with("made", "y"),
    );
    let outcome = case.provisional(Side::Right).own_uid(Side::Right).merge();
    assert_eq!(outcome.left, with("1", "y"));
    assert_eq!(outcome.right, with("made", "y"));
}
