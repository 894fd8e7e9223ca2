use crate::support::{calendar, card, card4, differ, event, lines, same, task};

fn event_pairs(pairs: &[(&str, &str)], check: fn(&str, &str)) {
    for (a, b) in pairs {
        check(&event(a), &event(b));
    }
}

#[test]
fn how_a_property_is_written_does_not_count() {
    event_pairs(
        &[
            ("SUMMARY:a|LOCATION:b", "location:b|Summary:a"),
            (
                "ATTENDEE;CN=\"Bob\";ROLE=CHAIR:mailto:b@x",
                "ATTENDEE;ROLE=chair;CN=Bob:MAILTO:B@x",
            ),
            (
                "ATTENDEE;CN=a^'b:mailto:b@x",
                "ATTENDEE;CN=\"a^'b\":mailto:b@x",
            ),
            ("SUMMARY:a\\, b\\; c\\nd", "SUMMARY:a, b; c\\Nd"),
            ("DESCRIPTION:long", "DESCRIPTION:lo\r\n ng"),
            ("DESCRIPTION:text\\n", "DESCRIPTION:text"),
            ("PRIORITY:05", "PRIORITY:5"),
            ("GEO:1.50;2.0", "GEO:1.5;2"),
            ("SUMMARY;LANGUAGE=de:a", "SUMMARY;language=\"de\":a"),
            ("X-A:1|SUMMARY:", "X-A:1"),
        ],
        same,
    );
    event_pairs(
        &[
            ("SUMMARY:a", "SUMMARY:A"),
            ("SUMMARY:a\\nb", "SUMMARY:a b"),
            ("ATTENDEE;CN=Bob:mailto:b@x", "ATTENDEE;CN=BOB:mailto:b@x"),
            ("X-A:1", "X-A:2"),
            ("X-A;P=1:1", "X-A;P=2:1"),
            ("SUMMARY:a", "SUMMARY:a|no content line"),
        ],
        differ,
    );
}

#[test]
fn what_is_meant_without_words_does_not_count() {
    event_pairs(
        &[
            ("CLASS:PUBLIC|TRANSP:OPAQUE|PRIORITY:0", ""),
            (
                "DTSTART;VALUE=DATE-TIME:20240101T000000Z",
                "DTSTART:20240101T000000Z",
            ),
            ("DTSTART;VALUE=DATE:20240101", "DTSTART:20240101"),
            (
                "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=FALSE;CUTYPE=INDIVIDUAL:mailto:a@x",
                "ATTENDEE:mailto:a@x",
            ),
            ("RELATED-TO;RELTYPE=PARENT:5", "RELATED-TO:5"),
        ],
        same,
    );
    event_pairs(
        &[
            ("CLASS:PRIVATE", ""),
            ("TRANSP:TRANSPARENT", ""),
            (
                "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x",
                "ATTENDEE:mailto:a@x",
            ),
        ],
        differ,
    );
}

#[test]
fn what_servers_stamp_on_does_not_count() {
    let bare = event("SUMMARY:a");
    for noise in [
        "DTSTAMP:20240101T000000Z",
        "LAST-MODIFIED:20240101T000000Z",
        "CREATED:20240101T000000Z",
        "SEQUENCE:3",
        "X-MOZ-GENERATION:2",
        "X-RADICALE-NAME:1.ics",
    ] {
        same(&bare, &event(&format!("SUMMARY:a|{noise}")));
    }
    let event = "BEGIN:VEVENT|UID:1|SUMMARY:a|END:VEVENT";
    let stamped = "PRODID:-//x//y|VERSION:2.0|METHOD:PUBLISH|CALSCALE:GREGORIAN|";
    same(&calendar(event), &calendar(&format!("{stamped}{event}")));
    same(
        "BEGIN:VEVENT\r\nATTENDEE;SCHEDULE-STATUS=2.0:mailto:a@x\r\nEND:VEVENT\r\n",
        "BEGIN:VEVENT\nATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:a@x\nEND:VEVENT",
    );
}

#[test]
fn lists_are_sets_on_however_many_lines() {
    event_pairs(
        &[
            ("CATEGORIES:a,b", "CATEGORIES:b|CATEGORIES:a"),
            ("CATEGORIES:a,a", "CATEGORIES:a"),
            (
                "EXDATE:20240101T000000Z,20240102T000000Z",
                "EXDATE:20240102T000000Z|EXDATE:20240101T000000Z",
            ),
            ("EXDATE;TZID=UTC:20240101T000000", "EXDATE:20240101T000000Z"),
            (
                "RDATE;VALUE=PERIOD:20240101T000000Z/PT1H",
                "RDATE;VALUE=PERIOD:20240101T000000Z/PT60M",
            ),
            (
                "ATTENDEE:mailto:a@x|ATTENDEE:mailto:b@x",
                "ATTENDEE:mailto:b@x|ATTENDEE:mailto:a@x",
            ),
        ],
        same,
    );
    event_pairs(
        &[
            ("CATEGORIES:a\\,b", "CATEGORIES:a,b"),
            (
                "EXDATE;TZID=Europe/Berlin:20240101T000000",
                "EXDATE:20240101T000000Z",
            ),
        ],
        differ,
    );
}

#[test]
fn times_rules_and_lengths_have_one_form() {
    event_pairs(
        &[
            (
                "DTSTART;TZID=Etc/UTC:20240101T000000",
                "DTSTART:20240101T000000Z",
            ),
            (
                "DTSTART;TZID=/x.org/1/Europe/Berlin:20240101T000000",
                "DTSTART;TZID=Europe/Berlin:20240101T000000",
            ),
            (
                "RRULE:FREQ=WEEKLY;BYDAY=MO,TU",
                "RRULE:BYDAY=TU,MO;INTERVAL=1;FREQ=WEEKLY;WKST=MO",
            ),
            ("DURATION:PT1H", "DURATION:PT60M"),
            ("DURATION:P1W", "DURATION:P7D"),
        ],
        same,
    );
    event_pairs(
        &[
            ("DTSTART:20240101T000000", "DTSTART:20240101T000000Z"),
            (
                "DTSTART;TZID=Europe/Paris:20240101T000000",
                "DTSTART;TZID=Europe/Berlin:20240101T000000",
            ),
            ("DURATION:P1D", "DURATION:PT24H"),
            ("RRULE:FREQ=DAILY;COUNT=2", "RRULE:FREQ=DAILY;COUNT=3"),
        ],
        differ,
    );
    same(
        &event("BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-P1D|END:VALARM"),
        &event("BEGIN:VALARM|TRIGGER;RELATED=START:-PT1440M|ACTION:display|END:VALARM"),
    );
    same(&task("STATUS:completed"), &task("STATUS:COMPLETED"));
}

#[test]
fn a_zone_is_its_name() {
    let zone = "BEGIN:VTIMEZONE|TZID:Europe/Berlin|BEGIN:STANDARD|END:STANDARD|END:VTIMEZONE|";
    let event = "BEGIN:VEVENT|UID:1|DTSTART;TZID=Europe/Berlin:20240101T000000|END:VEVENT";
    same(&calendar(event), &calendar(&format!("{zone}{event}")));
}

#[test]
fn the_version_of_a_card_does_not_count() {
    for (three, four) in [
        (
            "TEL;TYPE=HOME,VOICE,PREF:+1 555",
            "TEL;VALUE=uri;TYPE=\"voice,home\";PREF=1:tel:+1 555",
        ),
        ("EMAIL;TYPE=INTERNET,WORK:a@x", "EMAIL;TYPE=work:a@x"),
        (
            "PHOTO;ENCODING=b;TYPE=JPEG:/9j/\r\n AAA=",
            "PHOTO:data:image/jpeg;base64,/9j/AAA=",
        ),
        (
            "PHOTO;VALUE=uri;TYPE=PNG:http://x/y.png",
            "PHOTO;MEDIATYPE=image/png:http://x/y.png",
        ),
        ("X-ADDRESSBOOKSERVER-KIND:group", "KIND:GROUP"),
        ("X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:5", "MEMBER:urn:uuid:5"),
        ("X-ANNIVERSARY:2001-02-03", "ANNIVERSARY:20010203"),
        ("BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12", "BDAY:--0412"),
        ("BDAY;VALUE=date:1996-04-15", "BDAY:19960415"),
        ("GEO:37.386013;-122.082932", "GEO:geo:37.386013,-122.082932"),
        ("N:Doe;John;;;", "N:Doe;John"),
        ("KIND:individual", ""),
    ] {
        same(&card(three), &card4(four));
    }
    differ(&card("TEL:1"), &card("TEL;TYPE=CELL:1"));
    differ(
        &card("PHOTO;ENCODING=b;TYPE=JPEG:AAAA"),
        &card("PHOTO;ENCODING=b;TYPE=JPEG:AAAB"),
    );
    differ(&card("ADR:;;a;b"), &card("ADR:;;a\\;b"));
}

#[test]
fn old_cards_are_read() {
    let old = lines(
        "BEGIN:VCARD|VERSION:2.1|UID:1|FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=\r\n=BCller|TEL;HOME;VOICE:1|PHOTO;JPEG;BASE64:AA\r\n AA|END:VCARD",
    );
    same(
        &old,
        &card("FN:M\u{fc}ller|TEL;TYPE=home:1|PHOTO;ENCODING=b;TYPE=jpeg:AAAA"),
    );
}

#[test]
fn the_name_of_a_group_does_not_count_but_what_it_says_does() {
    let known = card("item1.EMAIL:a@x|item1.X-ABLabel:Work");
    same(&known, &card("ITEM7.X-ABLABEL:Work|item7.EMAIL:a@x"));
    differ(&known, &card("item1.EMAIL:a@x|item1.X-ABLabel:Home"));
    differ(&known, &card("item1.EMAIL:a@x|item2.X-ABLabel:Work"));
    same(&card("item1.ORG:x"), &card("ORG:x"));
}

#[test]
fn lines_that_are_none_are_compared_without_their_ends() {
    same(
        "BEGIN:VCARD\r\nno\r\n line\r\n\r\nnone\r\nEND:VCARD\r\n",
        "BEGIN:VCARD\nnoli\n ne\n\nnone\nEND:VCARD",
    );
}

#[test]
fn bytes_that_are_no_text_are_told_apart() {
    let with = |byte: u8| [b"BEGIN:VCARD\nFN:".as_slice(), &[byte], b"\nEND:VCARD\n"].concat();
    assert!(sync_core::merge::equal(&with(0xe9), &with(0xe9)));
    assert!(!sync_core::merge::equal(&with(0xe9), &with(0xe8)));
}
