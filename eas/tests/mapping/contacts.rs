use eas::mapping::contact::{from_vcard, to_vcard};
use eas::wire::class::{Class, Contact, Item};
use eas::wire::wbxml::pages::{Contacts as C, Contacts2 as C2};

use super::{lines, recorded};

fn contact(card: &str) -> Contact {
    from_vcard(format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{card}\r\nEND:VCARD\r\n").as_bytes()).unwrap()
}

#[test]
fn what_sogo_has_is_a_vcard() {
    let items = recorded("37-sync-contacts-readback-second-device", Class::Contacts);
    let Item::Contact(jane) = &items[0].1 else {
        panic!("{items:?}");
    };
    assert_eq!(
        lines(&to_vcard(jane, "1")),
        [
            "BEGIN:VCARD",
            "VERSION:3.0",
            "UID:1",
            "FN:Jane Doe",
            "N:Doe;Jane;;;",
            "ORG:ACME",
            "NICKNAME:JD",
            "EMAIL;TYPE=INTERNET:jane@example.test",
            "TEL;TYPE=CELL:+1 555 0100",
            "BDAY:1980-02-03",
            "CATEGORIES:Friends",
            "NOTE:a note",
            "END:VCARD",
        ]
    );
}

#[test]
fn everything_that_fits_comes_back() {
    let card = "FN:Dr. Jane Q. Doe\\, Jr.\r\nN:Doe;Jane;Q.;Dr.;Jr.\r\nORG:ACME\\, Inc.;R&D\r\n\
        NICKNAME:JD\r\nTITLE:Engineer\r\nX-SPOUSE:Joe\r\nEMAIL;TYPE=INTERNET:a@example.test\r\n\
        EMAIL;TYPE=INTERNET:b@example.test\r\nTEL;TYPE=FAX;TYPE=WORK:1\r\nTEL;TYPE=CELL:2\r\n\
        TEL;TYPE=WORK:3\r\nTEL;TYPE=WORK:4\r\nTEL;TYPE=HOME:5\r\n\
        ADR;TYPE=WORK:;;Street 1\\nFloor 2;City;State;12345;Country\r\n\
        ADR;TYPE=HOME:;;Way 3;Town;;;\r\nIMPP:xmpp:jane@chat.test\r\nURL:https://example.test/\r\n\
        BDAY:1980-02-03\r\nX-ANNIVERSARY:2001-05-06\r\nX-CHILD:Jim\r\nCATEGORIES:A\\,B,C\r\n\
        NOTE:one\\ntwo\r\nPHOTO;ENCODING=b;TYPE=PNG:iVBORw==";
    let there = contact(card);
    assert_eq!(there.values.get(C::Business2PhoneNumber), Some("4"));
    assert_eq!(there.values.get(C::HomeAddressStreet), Some("Way 3"));
    let mut back = lines(&to_vcard(&there, ""));
    let mut sent: Vec<_> = card.split("\r\n").map(str::to_owned).collect();
    back.retain(|line| !matches!(line.as_str(), "BEGIN:VCARD" | "END:VCARD" | "VERSION:3.0"));
    back.sort();
    sent.sort();
    assert_eq!(back, sent);
}

/// Exchange sends addresses with names, dates at some hour, and names filed backwards.
#[test]
fn what_servers_do_to_values_is_undone() {
    let mut there = contact("FN:x\r\nN:Doe;Jane;;;");
    there.values.set(C::FileAs, "Doe, Jane");
    there
        .values
        .set(C::Email1Address, "\"Jane Doe\" <jane@example.test>");
    there.values.set(C::Birthday, "1980-02-02T23:00:00.000Z");
    there.values.set(C::Anniversary, "2001-05-06T11:59:00.000Z");
    there.values.set(C2::IMAddress, "jane");
    let back = lines(&to_vcard(&there, ""));
    for line in [
        "FN:Jane Doe",
        "EMAIL;TYPE=INTERNET:jane@example.test",
        "BDAY:1980-02-03",
        "X-ANNIVERSARY:2001-05-06",
        "IMPP:xmpp:jane",
    ] {
        assert!(back.iter().any(|l| l == line), "{line} not in {back:#?}");
    }
}

#[test]
fn vcard_4_and_grouped_properties_are_understood() {
    let card =
        b"BEGIN:VCARD\nVERSION:4.0\nFN:Jane\nitem1.TEL;TYPE=\"cell,pref\";VALUE=uri:tel:+1-555\n\
        ANNIVERSARY:20010506\nRELATED;TYPE=spouse;VALUE=text:Joe\n\
        PHOTO:data:image/jpeg;base64,/9j/4A==\nEND:VCARD\n";
    let there = from_vcard(card).unwrap();
    assert_eq!(there.values.get(C::MobilePhoneNumber), Some("+1-555"));
    assert_eq!(
        there.values.get(C::Anniversary),
        Some("2001-05-06T00:00:00.000Z")
    );
    assert_eq!(there.values.get(C::Spouse), Some("Joe"));
    assert_eq!(there.values.get(C::Picture), Some("/9j/4A=="));
}

/// Exchange refuses the whole contact for a picture above 48 kB.
#[test]
fn a_picture_that_is_too_large_stays_here() {
    let large = format!("FN:x\r\nPHOTO;ENCODING=b:{}", "AAAA".repeat(13_000));
    assert_eq!(contact(&large).values.get(C::Picture), None);
    let elsewhere = contact("FN:x\r\nPHOTO;VALUE=uri:https://example.test/p.jpg");
    assert_eq!(elsewhere.values.get(C::Picture), None);
    assert!(from_vcard(b"BEGIN:VCALENDAR\nEND:VCALENDAR\n").is_none());
}

#[test]
fn a_number_that_says_nothing_is_kept_and_none_is_overwritten() {
    let there = contact("FN:x\r\nTEL:1\r\nTEL;TYPE=VOICE:2\r\nTEL;TYPE=CELL:3");
    assert_eq!(there.values.get(C::MobilePhoneNumber), Some("3"));
    assert_eq!(there.values.get(C::HomePhoneNumber), Some("1"));
    assert_eq!(there.values.get(C::BusinessPhoneNumber), Some("2"));
}
