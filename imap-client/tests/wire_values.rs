//! Known answers for names, dates, flags and sets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use imap_client::wire::{
    Date, DateTime, DecodeErrorKind, Flags, MailboxName, NameEncoding, SequenceSet, SystemFlags,
    UidList, utf7,
};

#[test]
fn modified_utf7() {
    // The first is RFC 3501 section 5.1.3's example.
    for (wire, text) in [
        ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),
        ("Envoy&AOk-s", "Envoyés"),
        ("&-", "&"),
        ("A&-B&AOk-&-", "A&Bé&"),
        ("&2D3eAA-", "\u{1f600}"),
        ("&AAA-", "\0"),
        ("INBOX", "INBOX"),
        ("", ""),
    ] {
        assert_eq!(utf7::encode(text), wire);
        assert_eq!(utf7::decode(wire.as_bytes()).as_deref(), Some(text));
    }
    // ASCII in a shift is superfluous, but readable.
    assert_eq!(utf7::decode(b"&AGE-").as_deref(), Some("a"));
    for wire in [
        "&", "&AOk", "&A-", "&AO-", "&AOl-", "&2D0-", "a\u{e9}", "&!!-",
    ] {
        assert_eq!(utf7::decode(wire.as_bytes()), None, "{wire}");
    }
}

#[test]
fn inbox_is_one_in_any_case() {
    let inbox = MailboxName::from_wire("iNbOx");
    assert_eq!(inbox, MailboxName::inbox());
    assert_eq!(inbox.as_bytes(), b"iNbOx");
    assert_ne!(
        MailboxName::from_wire("Sent"),
        MailboxName::from_wire("sent")
    );
    assert_ne!(
        MailboxName::from_wire("INBOX/a"),
        MailboxName::from_wire("inbox/a")
    );
    let names = std::collections::HashSet::from([inbox, MailboxName::inbox()]);
    assert_eq!(names.len(), 1);
}

#[test]
fn a_name_shows_as_text() {
    let show = |wire: &str| MailboxName::from_wire(wire).to_string();
    assert_eq!(show("Envoy&AOk-s"), "Envoyés");
    assert_eq!(show("Envoyés"), "Envoyés");
    assert_eq!(show("R&D"), "R&D");
    let name = MailboxName::from_wire("R&-D");
    assert_eq!(name.to_text(NameEncoding::Utf8).as_deref(), Some("R&-D"));
}

#[test]
fn date_times() {
    for (text, unix, offset) in [
        ("17-Jul-1996 02:44:25 -0700", 837_596_665, -420),
        (" 1-Jan-1970 00:00:00 +0000", 0, 0),
        ("31-Dec-1969 23:59:59 +0000", -1, 0),
        ("29-Feb-2024 12:00:00 +0545", 1_709_187_300, 345),
        ("31-Dec-9999 23:59:59 +0000", 253_402_300_799, 0),
    ] {
        let date: DateTime = text.parse().unwrap();
        assert_eq!(
            (date.unix(), date.offset_minutes()),
            (unix, offset),
            "{text}"
        );
        assert_eq!(date.to_string(), text);
        assert_eq!(DateTime::new(unix, offset), Some(date));
    }
    let padded: DateTime = " 1-Feb-2024 00:00:00 +0000".parse().unwrap();
    for text in ["01-Feb-2024 00:00:00 +0000", "1-feb-2024 00:00:00 -0000"] {
        assert_eq!(text.parse::<DateTime>().unwrap(), padded);
    }
    // A leap second is the second after.
    let leap: DateTime = "31-Dec-2016 23:59:60 +0000".parse().unwrap();
    assert_eq!(leap.to_string(), " 1-Jan-2017 00:00:00 +0000");
    for text in [
        "",
        "29-Feb-2023 12:00:00 +0000",
        "00-Jan-2024 12:00:00 +0000",
        "10-Foo-2024 12:00:00 +0000",
        "10-Jan-2024 24:00:00 +0000",
        "10-Jan-2024 12:00:00 +2400",
        "10-Jan-2024 12:00:00 UTC",
        "10-Jan-2024 12:00:00",
        "10-Jan-24 12:00:00 +0000",
        "10-Jan-2024 12:00:00 +0000 ",
    ] {
        assert!(text.parse::<DateTime>().is_err(), "{text}");
    }
    assert_eq!(DateTime::new(i64::MAX, 0), None);
    assert_eq!(DateTime::new(253_402_300_799, 1), None);
    assert_eq!(DateTime::new(0, 1440), None);
}

#[test]
fn dates() {
    let date = Date::new(1994, 2, 1).unwrap();
    assert_eq!(date.to_string(), "1-Feb-1994");
    assert_eq!(Date::parse(b"\"1-Feb-1994\"").unwrap(), date);
    assert_eq!(Date::from_unix(date.days() * 86_400 + 86_399), Some(date));
    assert_eq!(Date::new(2023, 2, 29), None);
    assert_eq!(Date::new(2023, 13, 1), None);
    assert!(Date::parse(b"1-Feb-1994 ").is_err());
}

#[test]
fn flags() {
    let mut flags = Flags::from(SystemFlags::SEEN);
    flags.insert_keyword("$Junk").unwrap();
    flags.insert_keyword("$JUNK").unwrap();
    flags.insert_keyword("\\ANSWERED").unwrap();
    assert_eq!(flags.to_string(), "\\Seen \\Answered $Junk");
    assert_eq!(flags.keywords().count(), 1);
    for bad in ["", "\\", "a b", "(", "é", "a\r\n", "%", "*"] {
        assert!(flags.insert_keyword(bad).is_err(), "{bad:?}");
    }
    let mut other = Flags::from(SystemFlags::SEEN | SystemFlags::ANSWERED);
    other.insert_keyword("$junk").unwrap();
    assert_eq!(flags, other);
    assert!(flags.remove_keyword("$JUNK") && !flags.remove_keyword("$JUNK"));
    flags.remove(SystemFlags::SEEN | SystemFlags::ANSWERED);
    assert!(flags.is_empty());
}

#[test]
fn sets() {
    let set = |text: &str| text.parse::<SequenceSet>().unwrap();
    for (given, printed) in [
        ("2,4:7,9,12:*", "2,4:7,9,12:*"),
        ("7:4,5,8", "4:8"),
        ("3,2,1", "1:3"),
        ("*", "*"),
        ("*:4,2", "2,4:*"),
        ("1:3,4:*", "1:*"),
        ("9:*,5:*,1", "1,5:*"),
        ("4294967295", "4294967295"),
        ("4294967294:4294967295,1:2", "1:2,4294967294:4294967295"),
    ] {
        assert_eq!(set(given).to_string(), printed, "{given}");
    }
    for bad in [
        "",
        "0",
        "1:",
        ":1",
        "1:2:3",
        "4294967296",
        "a",
        "1 2",
        "**",
        "1*",
        "*1",
        "-1",
    ] {
        assert!(SequenceSet::parse(bad.as_bytes()).is_err(), "{bad:?}");
    }
    assert_eq!(set("5:*").resolve(3).to_string(), "3");
    assert_eq!(set("1,5:*").resolve(9).to_string(), "1,5:9");
    assert_eq!(set("1:*").difference(&set("3,9:*")).to_string(), "1:2,4:8");
    assert_eq!(
        set("1:*").difference(&set("3,9")).to_string(),
        "1:2,4:8,10:*"
    );
    assert_eq!(set("4:*").intersection(&set("1:9")).to_string(), "4:9");
    assert_eq!(set("4:*").intersection(&set("7:*,1")).to_string(), "7:*");
    let chunks: Vec<String> = set("1,3,5,7:9,100")
        .chunks(5)
        .map(|c| c.to_string())
        .collect();
    assert_eq!(chunks, ["1,3,5", "7:9", "100"]);
}

#[test]
fn too_many_ranges() {
    let mut parser = imap_client::wire::SetParser::new(2);
    let error = parser.feed(b"1,3,5,7").unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::Limit);
}

#[test]
fn uid_lists_keep_their_order() {
    let list: UidList = [9, 4, 5, 20].into_iter().collect();
    assert_eq!(list.to_string(), "9,4:5,20");
    assert!(list.iter().eq([9, 4, 5, 20]));
    assert_eq!(list.len(), 4);
    assert_eq!(list.to_set().to_string(), "4:5,9,20");
}

/// Runs of ascending numbers take a path of their own; it must not show.
#[test]
fn search_numbers_of_every_length_in_every_order() {
    let lists: [Vec<u32>; 5] = [
        (1..400).chain(500..700).collect(),
        (1..2000).map(|n| (n * 2_000_003) ^ 0x155).collect(),
        (0..500).map(|n| u32::MAX - 499 + n).collect(),
        (1..300).rev().collect(),
        (1..300).flat_map(|n| [n * 2, n * 2 - 1]).collect(),
    ];
    for list in lists {
        let words: Vec<String> = list.iter().map(ToString::to_string).collect();
        let text = words.join(" ");
        for cut in [1, 7, 64, text.len()] {
            let mut parser = imap_client::wire::SetParser::spaced(usize::MAX);
            for piece in text.as_bytes().chunks(cut) {
                assert_eq!(parser.feed(piece).unwrap(), piece.len());
            }
            let expected: SequenceSet = list.iter().copied().collect();
            assert_eq!(parser.finish().unwrap(), expected);
        }
    }
    let even: Vec<String> = (1..1000).map(|n| (n * 2).to_string()).collect();
    let mut parser = imap_client::wire::SetParser::spaced(500);
    let error = parser.feed(even.join(" ").as_bytes()).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::Limit);
}
