use sync_core::model::Side;

use crate::support::{card, event, four, three};

#[test]
fn addresses_merge_as_a_set() {
    let base = card("EMAIL:a@x|EMAIL:b@x");
    let left = card("EMAIL:a@x|EMAIL:b@x|EMAIL:c@x");
    let right = card("EMAIL:b@x|EMAIL:d@x");
    three(&base, &left, &right).means(&card("EMAIL:b@x|EMAIL:c@x|EMAIL:d@x"));
}

#[test]
fn values_of_one_line_merge_as_a_set() {
    let base = event("CATEGORIES:a,b,c");
    let left = event("CATEGORIES:a,c,d\\,e");
    let right = event("CATEGORIES:a|CATEGORIES:b,f");
    let outcome = three(&base, &left, &right).merge();
    assert_eq!(outcome.left, event("CATEGORIES:a,d\\,e,f"));
    assert_eq!(outcome.right, event("CATEGORIES:a|CATEGORIES:f,d\\,e"));
    three(&base, &event(""), &base).gives(&event(""));
}

#[test]
fn a_value_goes_to_a_line_where_it_fits() {
    let base = event("EXDATE;TZID=Europe/Berlin:20240101T090000");
    let left = event("EXDATE;TZID=Europe/Berlin:20240101T090000,20240102T090000");
    let right = event("EXDATE;TZID=Europe/Berlin:20240101T090000|EXDATE:20240103T080000Z");
    let outcome = three(&base, &left, &right).merge();
    assert_eq!(
        outcome.left,
        left.replace("END:VEVENT", "EXDATE:20240103T080000Z\r\nEND:VEVENT")
    );
    assert_eq!(
        outcome.right,
        event("EXDATE;TZID=Europe/Berlin:20240101T090000,20240102T090000|EXDATE:20240103T080000Z")
    );
}

#[test]
fn a_list_written_otherwise_is_edited_in_its_own_way() {
    // A server that writes one value a line, another one that sorts them and changes case.
    let left = event("CATEGORIES:Work|CATEGORIES:Home");
    let right = event("CATEGORIES:HOME,WORK");
    let case = four(&left, &event("CATEGORIES:Home"), &right, &right);
    assert_eq!(case.merge().right, event("CATEGORIES:HOME"));
}

#[test]
fn each_parameter_of_an_attendee_merges() {
    let base = event("ATTENDEE;PARTSTAT=NEEDS-ACTION;CN=Al:mailto:a@x|ATTENDEE:mailto:b@x");
    let left = event("ATTENDEE;PARTSTAT=ACCEPTED;CN=Al:mailto:a@x|ATTENDEE:mailto:b@x");
    let right =
        event("ATTENDEE:mailto:b@x|ATTENDEE;CN=Al;ROLE=CHAIR:MAILTO:A@x|ATTENDEE:mailto:c@x");
    three(&base, &left, &right).means(&event(
        "ATTENDEE;PARTSTAT=ACCEPTED;CN=Al;ROLE=CHAIR:mailto:a@x|ATTENDEE:mailto:b@x|ATTENDEE:mailto:c@x",
    ));
    let tentative = event("ATTENDEE;PARTSTAT=TENTATIVE;CN=Al:mailto:a@x|ATTENDEE:mailto:b@x");
    three(&base, &left, &tentative)
        .prefer(Side::Left)
        .contests(&["ATTENDEE"], &left);
}

#[test]
fn what_a_server_says_of_its_deliveries_stays_with_it() {
    let base = event("ATTENDEE;SCHEDULE-STATUS=1.1:mailto:a@x");
    let left = event("ATTENDEE;SCHEDULE-STATUS=2.0;PARTSTAT=ACCEPTED:mailto:a@x");
    let outcome = three(&base, &left, &event("ATTENDEE:mailto:a@x")).merge();
    assert_eq!(
        outcome.right,
        event("ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x")
    );
    let outcome = three(&event(""), &left, &event("")).merge();
    assert_eq!(
        outcome.right,
        event("ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x")
    );
}

#[test]
fn types_merge_as_a_set() {
    let base = card("TEL;TYPE=HOME,VOICE:+1 555");
    let left = card("TEL;TYPE=HOME,CELL,VOICE:+1 555");
    let right = card("TEL;TYPE=WORK:+1-555");
    three(&base, &left, &right).means(&card("TEL;TYPE=CELL,WORK:+1-555"));
    let outcome = three(&base, &card("TEL:+1 555"), &base).merge();
    assert_eq!(outcome.right, card("TEL;TYPE=VOICE:+1 555"));
}

#[test]
fn several_of_what_should_be_one_are_a_set() {
    let base = card("X-A:1|X-A:2");
    three(&base, &card("X-A:1|X-A:3"), &card("X-A:1|X-A:2|X-A:4"))
        .means(&card("X-A:1|X-A:3|X-A:4"));
    let base = card("N;ALTID=1:a|N;ALTID=1:b");
    three(&base, &card("N;ALTID=1:a|N;ALTID=1:c"), &base).means(&card("N;ALTID=1:a|N;ALTID=1:c"));
}

#[test]
fn two_numbers_that_look_alike_stay_two() {
    let base = card("TEL;TYPE=HOME:555|TEL;TYPE=WORK:555");
    three(&base, &card("TEL;TYPE=HOME:555"), &base).gives(&card("TEL;TYPE=HOME:555"));
    three(
        &base,
        &card("TEL;TYPE=HOME:555|TEL;TYPE=CELL:555"),
        &card("TEL;TYPE=FAX:555|TEL;TYPE=WORK:555"),
    )
    .means(&card("TEL;TYPE=FAX:555|TEL;TYPE=CELL:555"));
}

#[test]
fn quoted_printable_lists_are_edited() {
    let old =
        |list: &str| format!("BEGIN:VCARD\r\nVERSION:2.1\r\nCATEGORIES{list}\r\nEND:VCARD\r\n");
    let base = old(";ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:M=C3=BCller,b,c");
    let outcome = four(
        &base,
        &base,
        &old(":M\u{fc}ller,b,c"),
        &old(":M\u{fc}ller,c"),
    )
    .merge();
    assert_eq!(outcome.left, old(":M\u{fc}ller,c"));
}

#[test]
fn many_attendees_and_dates_cost_no_square() {
    let many = |skip: usize| -> String {
        let attendees = (0..20_000).filter(|i| *i != skip);
        let dates: Vec<String> = (0..20_000)
            .filter(|i| *i != skip)
            .map(|i| format!("{:04}0101T000000Z", i % 10_000))
            .collect();
        let attendees: String = attendees
            .map(|i| format!("ATTENDEE:mailto:{i}@x|"))
            .collect();
        event(&format!("{attendees}EXDATE:{}", dates.join(",")))
    };
    let base = many(usize::MAX);
    three(&base, &many(7), &many(9)).merge();
}
