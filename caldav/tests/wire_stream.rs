//! A multistatus that arrives in pieces, and what must not get through.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use allocation_counter::measure;
use caldav::wire::{
    DecodeError, DecodeErrorKind, Href, Limits, MultistatusReader, Property, Response, Summary,
};
use proptest::prelude::*;

fn reader(limits: Limits) -> MultistatusReader {
    MultistatusReader::new(Href::parse("/cal/").unwrap(), "", limits)
}

fn read<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: Limits,
) -> Result<(Vec<Response>, Summary), DecodeError> {
    let mut reader = reader(limits);
    let mut found = Vec::new();
    for piece in pieces {
        reader.push(piece)?;
        found.extend(std::iter::from_fn(|| reader.pop()));
    }
    Ok((found, reader.finish()?))
}

fn kind(body: &str) -> Option<DecodeErrorKind> {
    read([body.as_bytes()], Limits::default())
        .err()
        .map(|error| error.kind())
}

const SAMPLE: &str = "\u{feff}<?xml version='1.0' encoding='UTF-8'?>\r\n\
    <!-- a > comment - -- --><D:multistatus xmlns:D=\"DAV:\" xmlns:C='urn:ietf:params:xml:ns:caldav' x='a>b'>\
    <D:response><D:href>/cal/\u{e4}%20b.ics</D:href><D:propstat><D:prop>\
    <C:calendar-data>BEGIN:VCALENDAR\r\nSUMMARY:\u{feff}\u{2603} &lt;&amp;&#x1F600;&gt; \u{1f600}\r\nEND:VCALENDAR\r\n</C:calendar-data>\
    <D:getetag>&quot;1&quot;</D:getetag><D:displayname><![CDATA[]]]></D:displayname><D:owner/></D:prop>\
    <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\
    <D:response><D:href>gone</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>\
    <D:sync-token>data:,1</D:sync-token></D:multistatus>\n";

#[test]
fn the_cuts_do_not_matter() {
    let bytes = SAMPLE.as_bytes();
    let whole = read([bytes], Limits::default()).unwrap();
    assert_eq!(whole.0.len(), 2);
    let data = whole.0[0].properties.text(Property::CalendarData).unwrap();
    assert!(
        data.contains("\u{feff}\u{2603} <&\u{1f600}> \u{1f600}\r\n"),
        "{data}"
    );
    assert_eq!(whole.0[0].properties.text(Property::DisplayName), Some("]"));
    assert!(!whole.0[0].damaged);
    for at in 0..=bytes.len() {
        let (one, two) = bytes.split_at(at);
        assert_eq!(
            read([one, two], Limits::default()).unwrap(),
            whole,
            "cut at {at}"
        );
    }
    for size in 1..=9 {
        assert_eq!(
            read(bytes.chunks(size), Limits::default()).unwrap(),
            whole,
            "by {size}"
        );
    }
}

#[test]
fn every_document_that_ends_early_is_incomplete() {
    let bytes = SAMPLE.trim_end().as_bytes();
    for at in 0..bytes.len() {
        let error = read([&bytes[..at]], Limits::default()).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::Incomplete, "{at}");
    }
}

#[test]
fn what_is_no_multistatus() {
    use DecodeErrorKind::{Doctype, Encoding, Incomplete, Root, Syntax};
    for (body, expected) in [
        ("", Incomplete),
        ("  \n", Incomplete),
        ("Hello world", Root),
        ("{\"error\":1}", Root),
        ("<!DOCTYPE html><html></html>", Doctype),
        ("<html><body>Log in</body></html>", Root),
        ("<multistatus/>", Root),
        ("<multistatus xmlns='DAV'/>", Root),
        (
            "<!DOCTYPE x [<!ENTITY a 'b'>]><multistatus xmlns='DAV:'>&a;</multistatus>",
            Doctype,
        ),
        (
            "<?xml version='1.0' encoding='ISO-8859-1'?><multistatus xmlns='DAV:'/>",
            Encoding,
        ),
        (
            "<multistatus xmlns='DAV:'><response></multistatus></response>",
            Syntax,
        ),
        (
            "<multistatus xmlns='DAV:'/><multistatus xmlns='DAV:'/>",
            Syntax,
        ),
        (
            "<multistatus xmlns='DAV:'></multistatus></multistatus>",
            Syntax,
        ),
        ("<multistatus xmlns='DAV:'/>more", Syntax),
        (
            "<multistatus xmlns='DAV:'><!ELEMENT x></multistatus>",
            Doctype,
        ),
    ] {
        assert_eq!(kind(body), Some(expected), "{body}");
    }
    assert_eq!(kind("<multistatus xmlns='DAV:'/>"), None);
}

#[test]
fn bombs_end_at_the_limits() {
    let limits = Limits {
        max_response: 1000,
        max_tag: 100,
        max_depth: 10,
    };
    let open = "<multistatus xmlns='DAV:'>";
    let many = |text: &str, n: usize| format!("{open}{}", text.repeat(n));
    let value = format!("{open}<response><propstat><prop><displayname>");
    let bombs = [
        many("<a>", 20),
        many("<response>", 20),
        format!("{open}<a x='{}'", "y".repeat(200)),
        format!("{open}<a {}", "x='' ".repeat(200)),
        format!("{open}<!-- {}", "y".repeat(200)),
        format!("{open}<?x {}", "y".repeat(200)),
        format!("{value}{}", "y".repeat(2000)),
        format!("{value}<![CDATA[{}", "y".repeat(2000)),
        format!("{value}{}", "&amp;".repeat(2000)),
        format!("{open}<response>{}", "<href>a</href>".repeat(2000)),
        format!("{open}<response>{}", "<propstat/>".repeat(2000)),
        format!("{open}<sync-token>{}", "y".repeat(2000)),
    ];
    for bomb in &bombs {
        let error = read(bomb.as_bytes().chunks(64), limits).unwrap_err();
        assert!(error.is_limit(), "{error}: {}", &bomb[..60]);
    }
    // Without end, and harmless.
    let harmless = many("<a/>text<response><href>a</href></response>", 2000) + "</multistatus>";
    assert!(read(harmless.as_bytes().chunks(64), limits).is_ok());
}

fn entry(n: usize) -> String {
    format!(
        "<d:response><d:href>/cal/{n}.ics</d:href><d:propstat><d:prop>\
         <d:getetag>&quot;{n}&quot;</d:getetag></d:prop>\
         <d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
    )
}

#[test]
fn a_hundred_thousand_entries_pass_in_constant_memory() {
    let mut piece = String::new();
    let info = measure(|| {
        let mut reader = reader(Limits::default());
        reader.push(b"<d:multistatus xmlns:d='DAV:'>").unwrap();
        let mut count = 0;
        for n in 0..100_000 {
            piece.push_str(&entry(n));
            if piece.len() > 16 << 10 {
                reader.push(piece.as_bytes()).unwrap();
                piece.clear();
                count += std::iter::from_fn(|| reader.pop()).count();
            }
        }
        reader.push(piece.as_bytes()).unwrap();
        reader.push(b"</d:multistatus>").unwrap();
        count += std::iter::from_fn(|| reader.pop()).count();
        reader.finish().unwrap();
        assert_eq!(count, 100_000);
    });
    assert!(info.bytes_max < 300_000, "{} bytes at once", info.bytes_max);
}

#[test]
fn a_large_value_is_held_once() {
    let text = "DESCRIPTION:x&amp;y\n".repeat(200_000);
    let body = format!(
        "<multistatus xmlns='DAV:' xmlns:c='urn:ietf:params:xml:ns:caldav'><response><href>a</href>\
         <propstat><prop><c:calendar-data>{text}</c:calendar-data></prop>\
         <status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"
    );
    let size = text.len() as u64;
    let info = measure(|| {
        let (found, _) = read(body.as_bytes().chunks(16 << 10), Limits::default()).unwrap();
        let data = found[0].properties.text(Property::CalendarData).unwrap();
        assert_eq!(data.len(), text.replace("&amp;", "&").len());
    });
    // The text, and once more while it grows.
    assert!(
        info.bytes_max < 4 * size,
        "{} bytes at once",
        info.bytes_max
    );
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read([bytes.as_slice()], Limits::default());
    }

    #[test]
    fn no_text_is_too_odd(words in proptest::collection::vec(
        prop::sample::select(vec![
            "<d:multistatus xmlns:d='DAV:'>", "</d:multistatus>", "<d:response>", "</d:response>",
            "<d:href>", "</d:href>", "a", "&amp;", "&#", ";", "<![CDATA[", "]]>", "<!--", "-->",
            "<?", "?>", "'", "\"", "<", ">", "<d:prop>", "<d:getetag>", "</d:prop>", "<d:error>",
            "<d:propstat>", "</d:propstat>", "<d:status>HTTP/1.1 200 OK</d:status>", " ", "xmlns=''",
        ]), 0..40), size in 1_usize..20)
    {
        let text = words.concat();
        let whole = read([text.as_bytes()], Limits::default());
        let cut = read(text.as_bytes().chunks(size), Limits::default());
        // Which error is found first may depend on the cuts; whether there is one may not.
        prop_assert_eq!(whole.is_ok(), cut.is_ok());
        if let (Ok(whole), Ok(cut)) = (whole, cut) {
            prop_assert_eq!(whole, cut);
        }
    }

    #[test]
    fn damage_is_the_same_wherever_it_is_cut(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 0..6),
        size in 1_usize..40)
    {
        let mut bytes = SAMPLE.as_bytes().to_vec();
        for (at, byte, insert) in edits {
            let at = at.index(bytes.len());
            match insert {
                true => bytes.insert(at, byte),
                false => bytes[at] = byte,
            }
        }
        let whole = read([bytes.as_slice()], Limits::default());
        let cut = read(bytes.chunks(size), Limits::default());
        prop_assert_eq!(whole.is_ok(), cut.is_ok());
        if let (Ok(whole), Ok(cut)) = (whole, cut) {
            prop_assert_eq!(whole, cut);
        }
    }

    #[test]
    fn what_is_written_is_read(name in "[^\u{0}-\u{8}\u{b}\u{c}\u{d}-\u{1f}\u{fffe}-\u{ffff}]{0,60}", cdata in any::<bool>()) {
        let written = if cdata && !name.contains("]]>") {
            format!("<![CDATA[{name}]]>")
        } else {
            quick_xml::escape::escape(name.as_str()).into_owned()
        };
        let body = format!(
            "<multistatus xmlns='DAV:'><response><href>a</href><propstat><prop>\
             <displayname>{written}</displayname></prop><status>HTTP/1.1 200 OK</status></propstat>\
             </response></multistatus>"
        );
        let (found, _) = read(body.as_bytes().chunks(7), Limits::default()).unwrap();
        let expected = Some(name.trim()).filter(|name| !name.is_empty());
        prop_assert_eq!(found[0].properties.text(Property::DisplayName), expected);
        prop_assert!(!found[0].damaged);
    }
}
