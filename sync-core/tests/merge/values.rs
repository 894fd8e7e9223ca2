use sync_core::merge::{uid, with_new_uid};
use sync_core::model::Side;

use crate::support::{card, event, four, none, three};

#[test]
fn different_properties_merge() {
    let case = three(
        &card("FN:a|NOTE:n"),
        &card("FN:b|NOTE:n"),
        &card("FN:a|NOTE:m"),
    );
    case.gives(&card("FN:b|NOTE:m"));
}

#[test]
fn the_same_edit_on_both_sides_is_no_conflict() {
    let case = three(&card("FN:a"), &card("FN:b\\, c"), &card("FN:b, c"));
    case.means(&card("FN:b, c"));
    assert_eq!(case.merge().merged.result.left, None);
}

#[test]
fn of_the_same_property_the_rule_decides() {
    let case = three(&card("FN:a"), &card("FN:b"), &card("FN:c"));
    let outcome = case.clone().prefer(Side::Right).merge();
    assert_eq!(outcome.conflicts, ["FN"]);
    assert_eq!(outcome.merged.loser, Some(Side::Left));
    assert_eq!(outcome.left, card("FN:c"));
    assert_eq!(outcome.merged.result.right, None);
    case.prefer(Side::Left).contests(&["FN"], &card("FN:b"));
}

#[test]
fn the_newest_is_told_by_time_not_by_text() {
    let base = card("FN:a");
    // The text of the left stamp is the greater one.
    let left = card("FN:b|REV:2024-01-01T00:00:00Z");
    let right = card("FN:c|REV:20240101T000001Z");
    three(&base, &left, &right).contests(&["FN"], &card("FN:c"));
    let right = card("FN:c|REV:2024-01-01T00:30:00+01:00");
    three(&base, &left, &right).contests(&["FN"], &card("FN:b"));
}

#[test]
fn an_edit_beats_a_removal() {
    three(&card("FN:a|NOTE:n"), &card("FN:a"), &card("FN:a|NOTE:m")).means(&card("FN:a|NOTE:m"));
    three(&card("FN:a|NOTE:n"), &card("FN:a"), &card("FN:a|NOTE:n")).gives(&card("FN:a"));
    three(&card("FN:a|NOTE:n"), &card("FN:a"), &card("FN:b|NOTE:n")).gives(&card("FN:b"));
}

#[test]
fn a_side_that_never_held_a_property_does_not_delete_it() {
    let rich = card("FN:a|X-PET;X-A=1:cat|NOTE;LANGUAGE=en:n");
    let case = four(&rich, &rich, &card("FN:a|NOTE:n"), &card("FN:b|NOTE:m"));
    let outcome = case.merge();
    assert_eq!(
        outcome.left,
        card("FN:b|X-PET;X-A=1:cat|NOTE;LANGUAGE=en:m")
    );
    assert_eq!(outcome.merged.result.right, None);
}

#[test]
fn what_was_never_read_back_is_not_missed() {
    let full = card("FN:a|X-PET:cat|TEL;TYPE=CELL;X-A=1:5");
    let poor = card("FN:b|TEL;TYPE=CELL:5");
    let case = four(&full, &full, &full, &poor).provisional(Side::Right);
    assert_eq!(
        case.merge().left,
        card("FN:b|X-PET:cat|TEL;TYPE=CELL;X-A=1:5")
    );
}

#[test]
fn without_a_base_both_sides_are_united() {
    none(
        &card("FN:a|NOTE:n|EMAIL:a@x"),
        &card("FN:a|ORG:o|EMAIL:b@x"),
    )
    .means(&card("FN:a|NOTE:n|ORG:o|EMAIL:a@x|EMAIL:b@x"));
    none(&card("FN:a"), &card("FN:b"))
        .prefer(Side::Left)
        .contests(&["FN"], &card("FN:a"));
}

#[test]
fn parameters_merge_apart_from_the_value() {
    let case = three(
        &event("SUMMARY:a"),
        &event("SUMMARY;LANGUAGE=de:a"),
        &event("SUMMARY;ALTREP=\"cid:x\":b"),
    );
    case.means(&event("SUMMARY;LANGUAGE=de;ALTREP=\"cid:x\":b"));
    three(
        &event("SUMMARY;LANGUAGE=de:a"),
        &event("SUMMARY;LANGUAGE=en:a"),
        &event("SUMMARY;LANGUAGE=fr:a"),
    )
    .prefer(Side::Left)
    .contests(&["SUMMARY"], &event("SUMMARY;LANGUAGE=en:a"));
}

#[test]
fn long_texts_merge_by_lines() {
    let base = event("DESCRIPTION:one\\ntwo\\nthree");
    let left = event("DESCRIPTION:ONE\\ntwo\\nthree");
    let right = event("DESCRIPTION:one\\ntwo\\nthree\\, and a comma");
    three(&base, &left, &right).gives(&event("DESCRIPTION:ONE\\ntwo\\nthree\\, and a comma"));
    let other = event("DESCRIPTION:1\\ntwo\\nthree");
    three(&base, &left, &other)
        .prefer(Side::Left)
        .contests(&["DESCRIPTION"], &left);
    // Only texts have lines.
    three(
        &event("SUMMARY:a\\nb"),
        &event("SUMMARY:A\\nb"),
        &event("SUMMARY:a\\nB"),
    )
    .prefer(Side::Right)
    .contests(&["SUMMARY"], &event("SUMMARY:a\\nB"));
}

#[test]
fn what_is_not_touched_keeps_its_bytes() {
    let left = "BEGIN:VCARD\r\nversion:3.0\r\nFN:a\r\nX-Odd;p=\"q\":lo\r\n ng\r\n\r\njunk\r\nEMAIL;TYPE=\"home\":a@x\r\nEND:VCARD";
    let right =
        "begin:vcard\nVERSION:3.0\nEMAIL;type=HOME:a@x\nX-ODD;P=q:long\njunk\nfn:a\nend:vcard\n";
    let edited = left.replace("FN:a", "FN:b\r\n c");
    let outcome = four(left, &edited, right, right).merge();
    assert_eq!(outcome.right, right.replace("fn:a", "FN:b\n c"));
    let edited = right.replace("a@x", "b@x");
    let outcome = four(left, left, right, &edited).merge();
    assert_eq!(
        outcome.left,
        left.replace("EMAIL;TYPE=\"home\":a@x", "EMAIL;type=HOME:b@x"),
    );
}

#[test]
fn a_document_without_a_last_line_end_gets_one_where_it_grows() {
    let base = "BEGIN:VCARD\nFN:a";
    three(base, "BEGIN:VCARD\nFN:a\nNOTE:n", base).means("BEGIN:VCARD\nFN:a\nNOTE:n");
}

#[test]
fn an_added_property_stands_beside_its_like() {
    let base = card("EMAIL:a@x|FN:a");
    let left = card("EMAIL:a@x|FN:a|NOTE:n|EMAIL:b@x");
    three(&base, &left, &base).means(&left);
    assert_eq!(
        three(&base, &left, &base).merge().right,
        card("EMAIL:a@x|EMAIL:b@x|FN:a|NOTE:n")
    );
}

#[test]
fn a_value_that_was_meant_without_words_is_replaced() {
    let base = event("CLASS:PUBLIC|SUMMARY:a");
    let left = event("CLASS:PRIVATE|SUMMARY:a");
    let right = event("SUMMARY:b");
    four(&base, &left, &base, &event("CLASS:PUBLIC|SUMMARY:b"))
        .gives(&event("CLASS:PRIVATE|SUMMARY:b"));
    assert_eq!(
        four(&base, &left, &base, &right).merge().left,
        event("CLASS:PRIVATE|SUMMARY:b")
    );
}

#[test]
fn what_was_merged_is_as_new_as_the_newer_side() {
    let base = event("DTSTAMP:20240101T000000Z|SEQUENCE:1|SUMMARY:a");
    let left = event("DTSTAMP:20240103T000000Z|SEQUENCE:2|SUMMARY:b");
    let right = event("DTSTAMP:20240102T000000Z|SUMMARY:a");
    let outcome = four(&base, &left, &base, &right).merge();
    assert_eq!(
        outcome.right,
        event("DTSTAMP:20240103T000000Z|SUMMARY:b|SEQUENCE:2")
    );
    assert_eq!(outcome.merged.result.left, None);
    // Stamps alone are no change.
    let stamped = event("DTSTAMP:20250101T000000Z|SEQUENCE:9|SUMMARY:a");
    assert_eq!(
        three(&base, &stamped, &base).merge().merged.result.right,
        None
    );
}

#[test]
fn each_side_keeps_the_uid_under_which_it_knows_the_item() {
    let left = |text: &str| card(text).replace("UID:1", "UID:left");
    let case = four(&left("FN:a"), &left("FN:b"), &card("FN:a"), &card("FN:a"));
    let outcome = case.merge();
    assert_eq!(outcome.left, left("FN:b"));
    assert_eq!(outcome.right, card("FN:b"));
    none(&left("FN:a"), &card("FN:a")).merge();
    // A UID that both sides had in common is edited like anything else.
    let other = card("FN:a").replace("UID:1", "UID:2");
    three(&card("FN:a"), &other, &card("FN:b")).gives(&other.replace("FN:a", "FN:b"));
}

#[test]
fn a_duplicate_gets_a_uid_of_its_own() {
    let copy = with_new_uid(card("FN:a").as_bytes());
    assert!(uid(&copy).is_some_and(|uid| uid.starts_with("1-")));
    assert_eq!(uid(event("").as_bytes()), Some("1".into()));
    assert_eq!(uid(b"BEGIN:VCARD\r\nEND:VCARD\r\n"), None);
}

#[test]
fn what_is_too_long_to_be_taken_apart_is_one_value() {
    let long = |text: &str| card(text) + &"\n".repeat(1 << 19);
    let (base, left) = (long("FN:a"), long("FN:b"));
    three(&base, &left, &base).gives(&left);
    let outcome = three(&base, &left, &long("FN:c"))
        .prefer(Side::Right)
        .merge();
    assert_eq!(outcome.conflicts, ["*"]);
    assert_eq!(outcome.left, long("FN:c"));
    three(&card("FN:a"), &left, &card("FN:a")).gives(&left);
}

#[test]
fn what_comes_in_masses_costs_no_square() {
    const MANY: usize = 8_000;
    let many = |piece: &dyn Fn(usize) -> String| (0..MANY).map(piece).collect::<String>();
    let parameters = many(&|i| format!(";X-{i}=1"));
    let values = many(&|i| format!("a{i},"));
    let labels = many(&|i| format!("item1.X-ABLabel:{i}|"));
    let emails = many(&|i| format!("item1.EMAIL:{i}@x|"));
    for (base, left, right) in [
        (
            format!("FN{parameters}:a"),
            format!("FN{parameters};X-A=1:b"),
            format!("FN{parameters};X-B=1:a"),
        ),
        (
            format!("FN:a|NICKNAME{parameters}:{values}"),
            format!("FN:b|NICKNAME{parameters}:{values}b"),
            "FN:a".into(),
        ),
        (
            "FN:a".into(),
            format!("FN:a|NICKNAME:{values}"),
            "FN:a|NICKNAME:b".into(),
        ),
        (
            format!("FN:a|{labels}{emails}"),
            format!("FN:b|{labels}{emails}"),
            "FN:a".into(),
        ),
        ("FN:a".into(), many(&|i| format!("X-{i}:1|")), "FN:b".into()),
    ] {
        three(&card(&base), &card(&left), &card(&right)).merge();
    }
    let alarms = many(&|_| "BEGIN:VALARM|TRIGGER:-P1D|END:VALARM|".into());
    let others = many(&|i| format!("BEGIN:X-{i}|A:1|END:X-{i}|"));
    three(&event(""), &event(&alarms), &event(&others)).merge();
}
