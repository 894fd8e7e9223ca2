use sync_core::merge::{VcardVersion, equal, to_version};

use crate::support::{card, card4, event};

#[track_caller]
fn converts(three: &str, four: &str) {
    let (three, four) = (card(three), card4(four));
    let up = to_version(three.as_bytes(), VcardVersion::V4);
    assert_eq!(String::from_utf8_lossy(&up), four, "to 4.0");
    let down = to_version(four.as_bytes(), VcardVersion::V3);
    assert_eq!(String::from_utf8_lossy(&down), three, "to 3.0");
}

#[test]
fn each_version_says_it_in_its_own_way() {
    converts(
        "N:Doe;J;;;|TEL;TYPE=HOME,PREF:+1 555",
        "N:Doe;J;;;|TEL;TYPE=HOME;PREF=1:+1 555",
    );
    converts(
        "N:a|PHOTO;ENCODING=b;TYPE=JPEG:/9j/AA==|LOGO;TYPE=PNG;VALUE=uri:http://x/y",
        "N:a|PHOTO:data:image/jpeg;base64,/9j/AA==|LOGO;MEDIATYPE=image/png:http://x/y",
    );
    converts(
        "N:a|KEY;ENCODING=b;TYPE=PGP:AAAA|SOUND;ENCODING=b;TYPE=OGG:AAAA",
        "N:a|KEY:data:application/pgp-keys;base64,AAAA|SOUND:data:audio/ogg;base64,AAAA",
    );
    converts(
        "N:a|BDAY:1996-04-15|X-ANNIVERSARY;X-APPLE-OMIT-YEAR=1604:1604-04-12",
        "N:a|BDAY:19960415|ANNIVERSARY:--0412",
    );
    converts(
        "N:a|X-ADDRESSBOOKSERVER-KIND:group|X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:5",
        "N:a|KIND:group|MEMBER:urn:uuid:5",
    );
    converts("N:a|GEO:37.38;-122.08", "N:a|GEO:geo:37.38,-122.08");
    converts(
        "N:a|X-GENDER:M|X-RELATED;TYPE=spouse:urn:uuid:5|X-LANG:de",
        "N:a|GENDER:M|RELATED;TYPE=spouse:urn:uuid:5|LANG:de",
    );
}

#[test]
fn what_a_version_lacks_stays() {
    let lines = "N:a|LABEL;TYPE=HOME:x\\ny|AGENT:z|SORT-STRING:s|item1.X-ABDATE:2001-01-01|item1.X-ABLabel:y|NOTE;X-A=\"b;c\":long\r\n  fold|TEL;PREF=7:1|TEL;PID=1.1:2";
    converts(lines, lines);
}

#[test]
fn a_card_of_version_3_has_a_name() {
    let down = to_version(card4("FN:a").as_bytes(), VcardVersion::V3);
    assert_eq!(down, card("FN:a|N:;;;;").as_bytes());
    assert!(equal(card4("FN:a").as_bytes(), &down));
}

#[test]
fn old_cards_become_new_ones() {
    let old = "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;A\nTEL;HOME;PREF:5\nNOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab, c=\n d\nPHOTO;JPEG;BASE64:\n AAAA\n BBBB\n\nEND:VCARD\n";
    let three = "BEGIN:VCARD\nVERSION:3.0\nN:M\u{fc}ller;A\nTEL;TYPE=HOME,PREF:5\nNOTE:a\\nb\\, c d\nPHOTO;ENCODING=b;TYPE=JPEG:AAAABBBB\n\nEND:VCARD\n";
    let four = "BEGIN:VCARD\nVERSION:4.0\nN:M\u{fc}ller;A\nTEL;TYPE=HOME;PREF=1:5\nNOTE:a\\nb\\, c d\nPHOTO:data:image/jpeg;base64,AAAABBBB\n\nEND:VCARD\n";
    assert_eq!(to_version(old.as_bytes(), VcardVersion::V3), three);
    assert_eq!(to_version(old.as_bytes(), VcardVersion::V4), four);
    assert!(equal(old.as_bytes(), three.as_bytes()) && equal(three.as_bytes(), four.as_bytes()));
}

#[test]
fn what_is_no_card_is_left_alone() {
    for content in [
        event("SUMMARY:a").as_bytes(),
        b"",
        b"\xff\r\n",
        b"BEGIN:VCARD",
    ] {
        let there = to_version(content, VcardVersion::V3);
        assert!(there == content || content == b"BEGIN:VCARD");
    }
}
