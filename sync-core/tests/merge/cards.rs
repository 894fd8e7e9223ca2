use sync_core::model::Side;

use crate::support::{card, card4, four, three};

#[test]
fn a_group_travels_under_a_free_name() {
    let base = card("item1.EMAIL:a@x|item1.X-ABLabel:Work");
    let left = card("item1.EMAIL:a@x|item1.X-ABLabel:Work|item2.URL:http://x|item2.X-ABLabel:Blog");
    let right = card("item1.EMAIL:a@x|item1.X-ABLabel:Work|item2.TEL:5|item2.X-ABLabel:Boat");
    let outcome = three(&base, &left, &right).merge();
    assert_eq!(
        outcome.right,
        card(
            "item1.EMAIL:a@x|item1.X-ABLabel:Work|item2.TEL:5|item2.X-ABLabel:Boat|item3.URL:http://x|item3.X-ABLabel:Blog"
        )
    );
    assert!(
        outcome
            .left
            .contains("item3.TEL:5\r\nitem3.X-ABLabel:Boat\r\n")
    );
}

#[test]
fn what_describes_a_group_is_edited_and_leaves_with_it() {
    let base = card("item1.EMAIL:a@x|item1.X-ABLabel:Work|FN:a");
    let left = card("item1.EMAIL:a@x|item1.X-ABLabel:Boat|FN:a");
    let right = card("grp.EMAIL;TYPE=HOME:a@x|grp.X-ABLABEL:Work|FN:a");
    let outcome = four(&base, &left, &base, &right).merge();
    assert_eq!(
        outcome.right,
        card("grp.EMAIL;TYPE=HOME:a@x|grp.X-ABLabel:Boat|FN:a")
    );
    three(&base, &card("FN:a"), &base).gives(&card("FN:a"));
    three(&base, &card("EMAIL:a@x|FN:a"), &base).gives(&card("EMAIL:a@x|FN:a"));
    three(&card("EMAIL:a@x|FN:a"), &base, &card("EMAIL:a@x|FN:a")).gives(&base);
    let contested = card("item1.EMAIL:a@x|item1.X-ABLabel:Home|FN:a");
    three(&base, &left, &contested)
        .prefer(Side::Left)
        .contests(&["EMAIL"], &left);
}

#[test]
fn a_description_that_two_share_stays_with_the_other() {
    let base = card("g.EMAIL:a@x|g.TEL:5|g.X-ABLabel:Work");
    three(&base, &card("g.TEL:5|g.X-ABLabel:Work"), &base).gives(&card("g.TEL:5|g.X-ABLabel:Work"));
}

#[test]
fn cards_of_two_versions_merge() {
    let three = card("FN:a|TEL;TYPE=HOME:5|BDAY:1996-04-15|PHOTO;ENCODING=b;TYPE=JPEG:AAAA");
    let four4 =
        card4("FN:a|TEL;TYPE=home;VALUE=uri:tel:5|BDAY:19960415|PHOTO:data:image/jpeg;base64,AAAA");
    // The left edits, adds and removes.
    let left = card(
        "FN:b|TEL;TYPE=HOME,PREF:5|BDAY:1996-04-16|PHOTO;ENCODING=b;TYPE=PNG:BBBB|X-ANNIVERSARY:2001-02-03|EMAIL;TYPE=INTERNET,PREF:a@x",
    );
    let outcome = four(&three, &left, &four4, &four4).merge();
    assert_eq!(
        outcome.right,
        card4(
            "FN:b|TEL;TYPE=home;VALUE=uri;PREF=1:tel:5|BDAY:19960416|PHOTO:data:image/png;base64,BBBB|ANNIVERSARY:20010203|EMAIL;PREF=1:a@x"
        )
    );
    // And the right does.
    let right = card4(
        "FN:a|TEL;TYPE=home;VALUE=uri:tel:6|BDAY:--0415|KIND:group|MEMBER:urn:uuid:7|GENDER:F",
    );
    let outcome = four(&three, &three, &four4, &right).merge();
    assert_eq!(
        outcome.left,
        card(
            "FN:a|TEL;TYPE=home:6|BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-15|X-GENDER:F|X-ADDRESSBOOKSERVER-KIND:group|X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:7"
        )
    );
}

#[test]
fn a_photo_that_a_side_cannot_hold_is_not_lost() {
    let rich = card("FN:a|PHOTO;ENCODING=b;TYPE=JPEG:AAAA");
    let outcome = four(&rich, &rich, &card4("FN:a"), &card4("FN:b")).merge();
    assert_eq!(outcome.left, rich.replace("FN:a", "FN:b"));
}
