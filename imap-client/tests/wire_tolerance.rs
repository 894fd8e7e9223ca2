//! What servers get wrong, by the bytes. One test a fault that was seen, or
//! that a hostile server could send.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use imap_client::wire::response::{BodyStructure, Fetch, PartKind, SectionData, Unparsed};
use imap_client::wire::{
    Code, DecodeErrorKind, Frame, FrameError, Framer, Limits, MailboxName, NameEncoding, Response,
    StatusKind, SystemFlags,
};

/// Frames and decodes all of `input`; the last byte must end a response.
fn all(input: &[u8]) -> Vec<Response<'static>> {
    let mut framer = Framer::new(Limits::default());
    framer.push(input);
    let mut out = Vec::new();
    while let Some(frame) = framer.next_frame().unwrap() {
        let Frame::Response(raw) = frame else {
            panic!("{frame:?}")
        };
        out.push(match Response::decode(raw) {
            Response::Fetch(fetch) => Response::Fetch(fetch.into_owned()),
            Response::Exists(n) => Response::Exists(n),
            other => panic!("{other:?}"),
        });
    }
    assert!(framer.is_idle());
    out
}

fn fetch(line: &[u8]) -> Fetch<'_> {
    match Response::decode(line) {
        Response::Fetch(fetch) => fetch,
        other => panic!("{other:?}"),
    }
}

fn unparsed(line: &[u8]) -> Unparsed<'_> {
    match Response::decode(line) {
        Response::Unparsed(unparsed) => unparsed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn literal_in_envelope() {
    let line =
        b"* 1 FETCH (ENVELOPE (NIL {9}\r\na) \"b\r\n(c ((NIL NIL {1}\r\nu \"h\")) NIL NIL NIL NIL \
                 NIL NIL \"<m>\") UID 7)\r\n* 5 EXISTS\r\n";
    let responses = all(line);
    let Response::Fetch(fetch) = &responses[0] else {
        panic!()
    };
    assert_eq!(fetch.uid, Some(7));
    let envelope = fetch.envelope.as_ref().unwrap().parse().unwrap();
    assert_eq!(envelope.subject.as_deref(), Some(&b"a) \"b\r\n(c"[..]));
    assert_eq!(envelope.from[0].mailbox.as_deref(), Some(&b"u"[..]));
    assert_eq!(responses[1], Response::Exists(5));
}

/// MailCore/mailcore2#1967: iCloud does not escape quotes in a Message-ID.
#[test]
fn unescaped_quote_in_message_id() {
    let line = b"* 1 FETCH (ENVELOPE (\"d\" \"s\" NIL NIL NIL NIL NIL NIL NIL \"<\"foo\"@bar>\") UID 9)\r\n";
    let fetch = fetch(line);
    assert_eq!(fetch.uid, Some(9));
    let envelope = fetch.envelope.unwrap();
    let envelope = envelope.parse().unwrap();
    assert_eq!(envelope.message_id.as_deref(), Some(&b"<\"foo\"@bar>"[..]));
}

#[test]
fn odd_number_of_unescaped_quotes() {
    let line = b"* 1 FETCH (ENVELOPE (\"d\" \"a 5\"disk (x\" NIL NIL NIL NIL NIL NIL NIL \"<m>\") UID 9)\r\n";
    let fetch = fetch(line);
    let envelope = fetch.envelope.unwrap();
    let envelope = envelope.parse().unwrap();
    assert_eq!(envelope.subject.as_deref(), Some(&b"a 5\"disk (x"[..]));
    assert_eq!(fetch.uid, Some(9));
}

#[test]
fn a_string_without_end_spoils_its_line_alone() {
    let input = b"* 1 FETCH (ENVELOPE (\"d NIL) UID 9)\r\n* 5 EXISTS\r\n";
    let mut framer = Framer::new(Limits::default());
    framer.push(input);
    let Some(Frame::Response(raw)) = framer.next_frame().unwrap() else {
        panic!()
    };
    let Response::Unparsed(line) = Response::decode(raw) else {
        panic!()
    };
    assert_eq!(line.tag, None);
    assert_eq!(line.error.kind(), DecodeErrorKind::Incomplete);
    let Some(Frame::Response(raw)) = framer.next_frame().unwrap() else {
        panic!()
    };
    assert_eq!(Response::decode(raw), Response::Exists(5));
}

/// ruby/net-imap#597: Outlook sends diagnostics as a response code.
#[test]
fn quotes_in_a_response_code() {
    let line = b"RUBY0001 OK [Error=\"Data.Storage.WrongServerException:Cross Server access [x] is \
                 not allowed\" AuthResultFromPopImapEnd=0 Service=Imap4] AUTHENTICATE completed.\r\n";
    let Response::Tagged { tag, status } = Response::decode(line) else {
        panic!()
    };
    assert_eq!((tag.as_str(), status.kind), ("RUBY0001", StatusKind::Ok));
    assert_eq!(status.text, "AUTHENTICATE completed.");
    let Some(Code::Other(name, Some(rest))) = status.code else {
        panic!()
    };
    assert_eq!(name, "Error=\"Data.Storage.WrongServerException:Cross");
    assert!(rest.ends_with("Service=Imap4"), "{rest}");
}

#[test]
fn unbalanced_quote_in_a_response_code() {
    let Response::Status(status) = Response::decode(b"* NO [X-ODD 5\" disk] full\r\n") else {
        panic!()
    };
    let code = Code::Other("X-ODD".into(), Some("5\" disk".into()));
    assert_eq!((status.code, status.text.as_str()), (Some(code), "full"));
}

#[test]
fn a_bracket_that_never_closes_is_text() {
    let Response::Status(status) = Response::decode(b"* NO [TRYCREATE\r\n") else {
        panic!()
    };
    assert_eq!((status.code, status.text.as_str()), (None, "[TRYCREATE"));
}

/// Found by fuzzing: a literal brings a line end into what should be one line.
#[test]
fn a_literal_in_a_code_that_is_not_understood() {
    let line = b"* NO [BADCHARSET ({5}\r\n ]U8)]TF-no\r\n";
    let Response::Status(status) = Response::decode(line) else {
        panic!()
    };
    let code = Code::Other("BADCHARSET".into(), Some("({5}   ".into()));
    assert_eq!(
        (status.code, status.text.as_str()),
        (Some(code), "U8)]TF-no")
    );
    let Response::Status(status) = Response::decode(b"* OK [\r\n x] y\r\n") else {
        panic!()
    };
    let shown = (status.code, status.text.as_str());
    assert_eq!(shown, (None, "[   x] y"), "a code has a name");
}

#[test]
fn a_code_without_text() {
    let Response::Status(status) = Response::decode(b"* OK [READ-WRITE ]\r\n") else {
        panic!()
    };
    assert_eq!(
        (status.code, status.text.as_str()),
        (Some(Code::ReadWrite), "")
    );
}

#[test]
fn trailing_spaces() {
    for line in [
        &b"* SEARCH 1 2 \r\n"[..],
        b"* FLAGS (\\Seen) \r\n",
        b"* 3 EXISTS \r\n",
        b"* CAPABILITY IMAP4rev1 \r\n",
        b"* LIST () \"/\" a  \r\n",
        b"* STATUS a (MESSAGES 3) \r\n",
        b"* STATUS a (MESSAGES 3 ) \r\n",
        b"* 3 FETCH (UID 5 ) \r\n",
        b"* VANISHED 1:3 \r\n",
        b"* ESEARCH UID COUNT 3 \r\n",
        b"* ESEARCH ALL 3 \r\n",
        b"* SORT 3 \r\n",
        b"* ENABLED \r\n",
        b"* QUOTAROOT INBOX \r\n",
    ] {
        let response = Response::decode(line);
        assert!(
            !matches!(response, Response::Unparsed(_)),
            "{} {response:?}",
            line.escape_ascii()
        );
    }
}

#[test]
fn bare_line_feeds() {
    let responses = all(b"* 3 EXISTS\n* 1 FETCH (BODY[] {3}\na\nb UID 4)\n");
    assert_eq!(responses[0], Response::Exists(3));
    let Response::Fetch(fetch) = &responses[1] else {
        panic!()
    };
    assert_eq!(fetch.sections.full().unwrap().bytes(), Some(&b"a\nb"[..]));
    assert_eq!(fetch.uid, Some(4));
}

#[test]
fn nil_where_a_string_is_due() {
    let line =
        b"* 1 FETCH (BODYSTRUCTURE (\"text\" NIL (\"charset\" NIL) NIL NIL NIL NIL NIL))\r\n";
    let structure = fetch(line).body_structure.unwrap();
    let BodyStructure::Part(part) = structure.parse().unwrap() else {
        panic!()
    };
    assert_eq!(
        (part.subtype.as_ref(), part.encoding.as_ref(), part.size),
        (&b""[..], &b""[..], 0)
    );
    assert_eq!(part.params, [(b"charset"[..].into(), b""[..].into())]);

    let line = b"* 1 FETCH (ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL))\r\n";
    let envelope = fetch(line).envelope.unwrap();
    assert_eq!(envelope.parse().unwrap(), Default::default());
}

#[test]
fn atoms_where_strings_are_due() {
    let line = b"* 1 FETCH (ENVELOPE (NIL hello (()) () \"\" NIL NIL NIL NIL NILS))\r\n";
    let fetch = fetch(line);
    assert!(
        fetch.envelope.is_some_and(|e| e.parse().is_err()),
        "() is no address"
    );
    let line = b"* 1 FETCH (ENVELOPE (NIL hello () NIL \"\" NIL NIL NIL NIL NILS))\r\n";
    let lazy = self::fetch(line).envelope.unwrap();
    let envelope = lazy.parse().unwrap();
    assert_eq!(envelope.subject.as_deref(), Some(&b"hello"[..]));
    assert_eq!(envelope.message_id.as_deref(), Some(&b"NILS"[..]));
}

#[test]
fn odd_capability_atoms() {
    let line = b"* CAPABILITY IMAP4rev1  AUTH= X\"Y\" {z} XAPPLE=a=b UTF8=\xc3\xa9 \r\n";
    let Response::Capability(all) = Response::decode(line) else {
        panic!()
    };
    assert!(all.has("x\"y\"") && all.has("{z}") && all.has("IMAP4REV1"));
    assert_eq!(all.values("XAPPLE").next(), Some("a=b"));
    assert_eq!(all.iter().count(), 6);
}

#[test]
fn body_structure_oddities() {
    let parse = |text: &str| {
        let line = format!("* 1 FETCH (UID 3 BODYSTRUCTURE {text})\r\n").into_bytes();
        let fetch = fetch(&line).into_owned();
        assert_eq!(fetch.uid, Some(3), "{text}");
        let lazy = fetch.body_structure.unwrap();
        format!("{:?}", lazy.parse().map_err(|e| panic!("{text}: {e}")))
    };
    // A multipart without parts, in the forms seen.
    parse("()");
    parse("(() \"mixed\" NIL NIL NIL)");
    parse("(\"mixed\" (\"boundary\" \"x\") NIL NIL NIL)");
    parse("((\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 1)() \"mixed\")");
    // Fields missing at the end.
    parse("(\"text\")");
    parse("(\"text\" \"plain\")");
    parse("(\"text\" \"plain\" NIL NIL NIL \"7bit\" 3)");
    parse("(\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 NIL)");
    parse("((\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 1))");
    // message/rfc822 without its envelope and body, as for a broken attachment.
    parse("(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 3)");
    parse("(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 3 NIL NIL 7 NIL NIL NIL NIL)");
    // A disposition that is a string, or an empty list; extensions of the future.
    parse("(\"image\" \"png\" NIL NIL NIL \"base64\" 3 NIL \"inline\" NIL NIL)");
    parse("(\"image\" \"png\" () NIL NIL \"base64\" 3 NIL () () NIL 5 (a (b)) \"x\")");
    // No spaces between a multipart's parts and what follows.
    parse("((\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 1)\"mixed\"(\"boundary\" \"x\") NIL)");
}

#[test]
fn keywords_with_brackets() {
    let fetch = fetch(b"* 1 FETCH (FLAGS (\\Seen [x] a]b NonJunk{1} \"q\") UID 2)\r\n");
    let flags = fetch.flags.unwrap();
    assert_eq!(flags.system(), SystemFlags::SEEN);
    let keywords: Vec<&str> = flags.keywords().collect();
    assert_eq!(keywords, ["[x]", "a]b", "NonJunk{1}", "\"q\""]);
    let line = b"* OK [PERMANENTFLAGS (\\Seen [x] a]b \\*)] Flags permitted.\r\n";
    let Response::Status(status) = Response::decode(line) else {
        panic!()
    };
    let Some(Code::PermanentFlags(flags)) = status.code else {
        panic!("{:?}", status.code)
    };
    assert!(flags.contains(SystemFlags::NEW_KEYWORDS) && flags.has_keyword("A]B"));
}

#[test]
fn eight_bit_bytes_in_quoted_strings() {
    let line = b"* 1 FETCH (ENVELOPE (NIL \"Gr\xfc\xdfe\" NIL NIL NIL NIL NIL NIL NIL NIL))\r\n";
    let lazy = fetch(line).envelope.unwrap();
    assert_eq!(
        lazy.parse().unwrap().subject.as_deref(),
        Some(&b"Gr\xfc\xdfe"[..])
    );
    let Response::List(list) = Response::decode(b"* LIST () \"/\" \"Gr\xfc\xdfe\"\r\n") else {
        panic!()
    };
    assert_eq!(list.name.as_bytes(), b"Gr\xfc\xdfe");
    assert_eq!(list.name.to_string(), "Gr\u{fffd}\u{fffd}e");
}

#[test]
fn numbers_out_of_range_are_errors() {
    for line in [
        &b"* 1 FETCH (UID -1)\r\n"[..],
        b"* 1 FETCH (UID 4294967296)\r\n",
        b"* 1 FETCH (MODSEQ (18446744073709551616))\r\n",
        b"* 1 FETCH (RFC822.SIZE 99999999999999999999)\r\n",
        b"* 4294967296 EXISTS\r\n",
        b"* 00000000000000000000000000000099999999999 EXISTS\r\n",
        b"* SEARCH 1 4294967296\r\n",
        b"* SEARCH 0\r\n",
        b"* VANISHED 1:99999999999999999999\r\n",
        b"* STATUS a (MESSAGES 4294967296)\r\n",
    ] {
        let kind = unparsed(line).error.kind();
        assert_eq!(kind, DecodeErrorKind::Number, "{}", line.escape_ascii());
    }
    // In a response code it is the code alone that is not understood.
    let Response::Status(status) = Response::decode(b"* OK [UIDNEXT -5] x\r\n") else {
        panic!()
    };
    assert_eq!(
        status.code,
        Some(Code::Other("UIDNEXT".into(), Some("-5".into())))
    );
}

#[test]
fn malformed_internal_date_is_left_out() {
    for date in [
        "\"\"",
        "NIL",
        "\"17-Jul-1996\"",
        "\"31-Feb-1996 02:44:25 -0700\"",
    ] {
        let line = format!("* 1 FETCH (INTERNALDATE {date} UID 4)\r\n").into_bytes();
        let fetch = fetch(&line);
        assert_eq!((fetch.internal_date, fetch.uid), (None, Some(4)));
    }
}

#[test]
fn huge_literal_headers_are_refused_before_allocation() {
    for (header, error) in [
        ("{4294967296}", FrameError::LiteralTooLarge),
        ("{99999999999999999999}", FrameError::LiteralTooLarge),
        ("{18446744073709551616+}", FrameError::LiteralTooLarge),
    ] {
        for line in [
            format!("* 1 FETCH (BODY[] {header}\r\n"),
            format!("* 1 FETCH (ENVELOPE (NIL {header}\r\n"),
        ] {
            let mut framer = Framer::new(Limits::default());
            framer.push(line.as_bytes());
            assert_eq!(framer.next_frame(), Err(error), "{line}");
            framer.push(b"* 1 EXISTS\r\n");
            assert_eq!(framer.next_frame(), Err(error), "it does not recover");
        }
    }
    // Not a body section, so it would have to be held.
    let mut framer = Framer::new(Limits::default());
    framer.push(b"* LIST () \"/\" {4000000000}\r\n");
    assert_eq!(framer.next_frame(), Err(FrameError::LiteralTooLarge));
    assert!(framer.spare_mut(1).len() < 1 << 20);
}

#[test]
fn nested_parentheses_are_limited() {
    let deep = |n: usize| {
        let (open, close) = ("(".repeat(n), ")".repeat(n));
        format!("* 1 FETCH (BODYSTRUCTURE {open}\"text\"{close} UID 1)\r\n").into_bytes()
    };
    for n in [101, 20_000] {
        let line = deep(n);
        let error = unparsed(&line).error;
        assert_eq!(error.kind(), DecodeErrorKind::Depth);
        assert!(error.is_limit());
    }
    let line = deep(100);
    assert!(fetch(&line).body_structure.unwrap().parse().is_ok());
    let unknown = format!("* 1 FETCH (X-NEW {} UID 1)\r\n", "(".repeat(20_000)).into_bytes();
    assert_eq!(unparsed(&unknown).error.kind(), DecodeErrorKind::Depth);
    let thread = format!("* THREAD {}\r\n", "(".repeat(20_000)).into_bytes();
    assert_eq!(unparsed(&thread).error.kind(), DecodeErrorKind::Depth);
    let list = format!("* LIST () \"/\" a {}\r\n", "(X (".repeat(20_000)).into_bytes();
    assert!(unparsed(&list).error.kind() != DecodeErrorKind::Number);
}

#[test]
fn fifty_nested_multiparts() {
    let mut text = "(\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 3 1)".to_owned();
    for _ in 0..50 {
        text = format!("({text} \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)");
    }
    let line = format!("* 1 FETCH (BODYSTRUCTURE {text})\r\n").into_bytes();
    let lazy = fetch(&line).body_structure.unwrap();
    let parsed = lazy.parse().unwrap();
    let mut depth = 0;
    let mut here = &parsed;
    while let BodyStructure::Multipart(multipart) = here {
        depth += 1;
        here = &multipart.parts[0];
    }
    assert_eq!(depth, 50);
    let BodyStructure::Part(part) = here else {
        panic!()
    };
    assert_eq!(part.kind, PartKind::Text { lines: 1 });
}

#[test]
fn unknown_attributes_are_skipped_by_their_structure() {
    let line = b"* 1 FETCH (X-A (1 (2 \")\") {2}\r\n)) ) X-B[a \"]\" b]<3> {1}\r\n( X-C atom \
                 ANNOTATION (/comment (value.priv \"x\")) UID 6)\r\n";
    assert_eq!(fetch(line).uid, Some(6));
}

#[test]
fn an_undecodable_tagged_line_keeps_its_tag() {
    for line in [&b"A17 MAYBE later\r\n"[..], b"A17\r\n", b"A17 \r\n"] {
        assert_eq!(unparsed(line).tag, Some("A17"));
    }
    // ruby/net-imap#250: Exchange forgets the `* OK`.
    let line = b"[COPYUID 124 10 233]\r\n";
    assert_eq!(unparsed(line).bytes, line);
}

#[test]
fn garbage_lines_are_no_tags() {
    for line in [
        &b"\r\n"[..],
        b"* \r\n",
        b"*\r\n",
        b"\x16\x03\x01 OK\r\n",
        b"* NOSUCH thing\r\n",
        b"* 5\r\n",
        b"* 5 BANANAS\r\n",
        b"* SEARCH a\r\n",
        b"* ESEARCH ALL\r\n",
        b"* VANISHED\r\n",
    ] {
        assert_eq!(unparsed(line).tag, None, "{}", line.escape_ascii());
    }
}

/// A mailbox name in a NO may end like a literal header.
#[test]
fn text_that_looks_like_a_literal() {
    let input =
        b"A1 NO Mailbox doesn't exist: x{5}\r\n* OK [READ-WRITE] {7}\r\n+ go {9}\r\n* 5 EXISTS\r\n";
    let mut framer = Framer::new(Limits::default());
    framer.push(input);
    let mut kinds = Vec::new();
    while let Some(frame) = framer.next_frame().unwrap() {
        let Frame::Response(raw) = frame else {
            panic!("{frame:?}")
        };
        kinds.push(matches!(Response::decode(raw), Response::Unparsed(_)));
    }
    assert_eq!(kinds, [false; 4]);
    // Inside a code that is still open, it is one.
    let mut framer = Framer::new(Limits::default());
    framer.push(b"* NO [BADCHARSET ({5}\r\nUTF-8)] no\r\n");
    let Some(Frame::Response(raw)) = framer.next_frame().unwrap() else {
        panic!()
    };
    let Response::Status(status) = Response::decode(raw) else {
        panic!()
    };
    assert_eq!(status.code, Some(Code::BadCharset(vec!["UTF-8".into()])));
}

#[test]
fn malformed_modified_utf7_round_trips() {
    for raw in [
        &b"A&bad"[..],
        b"&Jjo!-",
        b"&2AA-",
        b"&AGEA-x",
        b"Gr\xc3\xbc\xc3\x9fe",
        b"\xff",
    ] {
        let name = MailboxName::from_wire(raw);
        assert_eq!(
            name.to_text(NameEncoding::Utf7),
            None,
            "{}",
            raw.escape_ascii()
        );
        let line = [b"* LIST () \"/\" \"", raw, b"\"\r\n"].concat();
        let Response::List(list) = Response::decode(line.as_slice()) else {
            panic!()
        };
        assert_eq!(list.name.as_bytes(), raw);
        assert_eq!(list.name, name);
    }
}

#[test]
fn a_streamed_literal_in_an_unexpected_place_is_no_fetch() {
    let limits = Limits {
        stream_threshold: 2,
        ..Limits::default()
    };
    let mut framer = Framer::new(limits);
    framer.push(b"* 1 FETCH (X-GM-LABELS (a] {5}\r\nhello) UID 4)\r\n");
    let mut last = None;
    while let Some(frame) = framer.next_frame().unwrap() {
        if let Frame::Response(raw) = frame {
            last = Some(matches!(Response::decode(raw), Response::Unparsed(_)));
        }
    }
    assert_eq!(last, Some(true));
}

#[test]
fn streamed_data_keep_their_place() {
    let limits = Limits {
        stream_threshold: 2,
        ..Limits::default()
    };
    let mut framer = Framer::new(limits);
    framer.push(b"* 8 FETCH (UID 4 BODY[1] {5}\r\nhello BODY[2]<7> {1}\r\nx RFC822 {3}\r\nyes FLAGS (\\Seen))\r\n");
    let mut streamed = Vec::new();
    let mut heads = 0;
    while let Some(frame) = framer.next_frame().unwrap() {
        match frame {
            Frame::LiteralStart { head, len } => {
                let fetch = Fetch::decode_head(head).unwrap();
                assert_eq!((fetch.seq, fetch.uid), (8, Some(4)));
                let section = fetch.sections.last().unwrap();
                assert_eq!(section.data, SectionData::Streamed(len));
                heads += 1;
            }
            Frame::LiteralChunk(bytes) => streamed.extend_from_slice(bytes),
            Frame::LiteralEnd => streamed.push(b'|'),
            Frame::LongLine { .. } => panic!(),
            Frame::Response(raw) => {
                let Response::Fetch(fetch) = Response::decode(raw) else {
                    panic!()
                };
                let data: Vec<_> = fetch.sections.iter().map(|s| s.data.clone()).collect();
                let inline = SectionData::Inline(b"x"[..].into());
                assert_eq!(
                    data,
                    [SectionData::Streamed(5), inline, SectionData::Streamed(3)]
                );
                assert!(fetch.flags.unwrap().contains(SystemFlags::SEEN));
            }
        }
    }
    assert_eq!((heads, streamed.as_slice()), (2, &b"hello|yes|"[..]));
}
