use eas::wire::wbxml::pages::{AirSync, Calendar, FolderHierarchy};
use eas::wire::wbxml::{ErrorKind, Limits, Reader, Writer, to_xml};

fn kind(document: &[u8]) -> ErrorKind {
    let read = || {
        let mut reader = Reader::new(document)?;
        while reader.child()?.is_some() {
            reader.skip()?;
        }
        reader.finish()
    };
    read().unwrap_err().kind()
}

#[test]
fn a_page_of_html_is_not_an_answer() {
    for foreign in [
        &b"<html><body>Sign in"[..],
        b"",
        b"\x03\x01",
        b"\x03\x01\x04\x00E",
    ] {
        let error = Reader::new(foreign).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotWbxml);
        assert!(error.is_foreign());
    }
}

#[test]
fn every_cut_is_noticed() {
    let mut w = Writer::new();
    w.element(AirSync::Sync, |w| {
        w.text(AirSync::SyncKey, "1");
        w.element(AirSync::Collection, |w| w.opaque(AirSync::Class, &[1; 200]));
        w.empty(Calendar::Attendees);
    });
    let document = w.finish();
    for end in 5..document.len() {
        assert_eq!(kind(&document[..end]), ErrorKind::Truncated, "{end}");
        assert!(to_xml(&document[..end]).is_err());
    }
}

#[test]
fn integers_and_lengths_are_limited() {
    let opaque = |length: &[u8]| [b"\x03\x01\x6A\x00\x45\xC3", length].concat();
    assert_eq!(kind(&opaque(b"\x8F\xFF\xFF\xFF\x7F")), ErrorKind::Truncated);
    assert_eq!(kind(&opaque(b"\xFF\xFF\xFF\xFF\x7F")), ErrorKind::Integer);
    assert_eq!(
        kind(&opaque(b"\x80\x80\x80\x80\x80\x01")),
        ErrorKind::Integer
    );
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| {
        let mut document = b"\x03\x01\x6A\x00".to_vec();
        document.extend(std::iter::repeat_n(0x45, depth));
        document.extend(std::iter::repeat_n(0x01, depth));
        document
    };
    let deepest = usize::from(Limits::default().depth);
    let deep = nested(deepest);
    let mut reader = Reader::new(&deep).unwrap();
    assert!(reader.child().unwrap().is_some());
    reader.skip().unwrap();
    reader.finish().unwrap();
    assert_eq!(kind(&nested(deepest + 1)), ErrorKind::TooDeep);
    assert!(to_xml(&nested(100_000)).is_err());
}

#[test]
fn what_activesync_never_sends_is_refused_or_read() {
    // A processing instruction, an extension, a literal name.
    for token in [0x43, 0x40, 0xC0, 0x04, 0x84] {
        let document = [b"\x03\x01\x6A\x00\x45".as_slice(), &[token, 1]].concat();
        assert_eq!(kind(&document), ErrorKind::Unsupported(token));
    }
    // A string table, an entity and attributes, as the standard has them.
    let document = b"\x03\x01\x6A\x04abc\x00\xC5\x05\x03v\x00\x01\x83\x01\x02\x21\x01";
    let mut reader = Reader::new(document).unwrap();
    assert_eq!(reader.child().unwrap(), Some(AirSync::Sync));
    assert_eq!(reader.text().unwrap(), "bc!");
    reader.finish().unwrap();
    assert_eq!(
        kind(b"\x03\x01\x6A\x00\x45\x83\x07\x01"),
        ErrorKind::StringTable
    );
    assert_eq!(
        kind(b"\x03\x01\x6A\x00\x45\x01\x01"),
        ErrorKind::UnexpectedEnd
    );
    assert_eq!(kind(b"\x03\x01\x6A\x00\x05\x03a\x00"), ErrorKind::Trailing);
}

/// Newer servers send tags, and a vendor's whole pages, that no table has.
#[test]
fn unknown_tags_are_passed_over() {
    let document = b"\x03\x01\x6A\x00\x00\x07\x56\x00\xFE\x45\x46\x03x\x00\x01\x05\x01\x7F\x03y\x00\x01\x00\x07\x52\x030\x00\x01\x01";
    let mut reader = Reader::new(document).unwrap();
    reader.root(FolderHierarchy::FolderSync).unwrap();
    let mut unknown = Vec::new();
    let mut key = None;
    while let Some(tag) = reader.child().unwrap() {
        match tag {
            FolderHierarchy::SyncKey => key = Some(reader.text().unwrap()),
            tag => {
                unknown.push(tag.to_string());
                reader.skip().unwrap();
            }
        }
    }
    reader.finish().unwrap();
    assert_eq!(key.as_deref(), Some("0"));
    assert_eq!(unknown, ["254:0x05", "254:0x3f"]);
}

#[test]
fn values_in_odd_forms_are_read() {
    // Two strings and an opaque in one element; an empty boolean; bytes that are no UTF-8.
    let document = b"\x03\x01\x6A\x00\x45\x4B\x03a\x00\x03b\x00\xC3\x01c\x01\x14\x4C\x03\xFF\x00\x01\x4E\x03 3 \x00\x01\x55\x03x\x00\x01\x01";
    let mut r = Reader::new(document).unwrap();
    r.root(AirSync::Sync).unwrap();
    assert_eq!(r.child().unwrap(), Some(AirSync::SyncKey));
    assert_eq!(r.text().unwrap(), "abc");
    assert_eq!(r.child().unwrap(), Some(AirSync::MoreAvailable));
    assert!(r.flag().unwrap());
    assert_eq!(r.child().unwrap(), Some(AirSync::ClientId));
    assert_eq!(r.text().unwrap(), "\u{FFFD}");
    assert_eq!(r.child().unwrap(), Some(AirSync::Status));
    assert_eq!(r.number::<u16>().unwrap(), Some(3));
    assert_eq!(r.child().unwrap(), Some(AirSync::WindowSize));
    assert_eq!(r.number::<u16>().unwrap(), None);
    assert_eq!(r.child().unwrap(), None);
    r.finish().unwrap();
}

#[test]
fn characters_that_xml_forbids_are_left_out() {
    let mut w = Writer::new();
    w.text(AirSync::Class, "a\0b\u{8}\u{FFFE}\u{FEFF}\t\u{1F}c");
    w.text(AirSync::Class, "");
    w.number(AirSync::WindowSize, i64::MIN);
    w.number(AirSync::WindowSize, 0);
    let document = w.finish();
    assert_eq!(
        document,
        "\u{3}\u{1}j\0\u{50}\u{3}ab\u{FEFF}\tc\0\u{1}\u{10}\u{55}\u{3}-9223372036854775808\0\u{1}\u{55}\u{3}0\0\u{1}"
            .as_bytes()
    );
}
