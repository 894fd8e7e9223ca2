//! The framer: limits, servers, and what is left in its buffer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use imap_client::wire::{Frame, FrameError, Framer, Limits, LongLine, Response, StreamedLiteral};

fn limits() -> Limits {
    Limits {
        max_response: 64,
        stream_threshold: 8,
        max_literal: 1000,
        long_line: 24,
        ..Limits::default()
    }
}

fn next(framer: &mut Framer) -> Option<Vec<u8>> {
    match framer.next_frame().unwrap() {
        Some(Frame::Response(raw)) => Some(raw.bytes().to_vec()),
        None => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_line_above_the_limit() {
    let mut framer = Framer::new(limits());
    framer.push(&[b'x'; 64]);
    assert_eq!(framer.next_frame(), Ok(None));
    framer.push(b"x");
    assert_eq!(framer.next_frame(), Err(FrameError::ResponseTooLong));
    let mut framer = Framer::new(limits());
    framer.push(&[b'x'; 80]);
    framer.push(b"\r\n");
    assert_eq!(framer.next_frame(), Err(FrameError::ResponseTooLong));
}

#[test]
fn inline_literals_count_towards_the_limit() {
    let mut framer = Framer::new(limits());
    framer.push(b"* 1 FETCH (BODY[1] {8}\r\n12345678 BODY[2] {8}\r\n");
    assert_eq!(framer.next_frame(), Ok(None));
    framer.push(b"12345678 BODY[3] {8}\r\n");
    assert_eq!(framer.next_frame(), Err(FrameError::ResponseTooLong));
    let mut framer = Framer::new(limits());
    framer.push(b"* LIST () NIL {50}\r\n");
    assert_eq!(framer.next_frame(), Err(FrameError::LiteralTooLarge));
}

#[test]
fn a_body_is_streamed_above_the_threshold_alone() {
    for (len, streamed) in [(8, false), (9, true)] {
        let mut framer = Framer::new(limits());
        let body = "x".repeat(len);
        framer.push(format!("* 1 FETCH (BODY[] {{{len}}}\r\n{body})\r\n").as_bytes());
        let first = framer.next_frame().unwrap().unwrap();
        assert_eq!(matches!(first, Frame::LiteralStart { .. }), streamed);
    }
    for attribute in [
        "BODY[TEXT]<5>",
        "BINARY[1]",
        "RFC822",
        "rfc822.header",
        "RFC822.TEXT",
    ] {
        let mut framer = Framer::new(limits());
        framer.push(format!("* 1 FETCH ({attribute} {{900}}\r\n").as_bytes());
        let first = framer.next_frame().unwrap().unwrap();
        assert!(
            matches!(first, Frame::LiteralStart { len: 900, .. }),
            "{attribute}"
        );
    }
}

#[test]
fn the_response_after_a_streamed_body() {
    let mut framer = Framer::new(limits());
    framer.push(b"* 1 FETCH (BODY[] {10}\r\n01234");
    assert!(framer.step().unwrap());
    assert!(framer.step().unwrap());
    assert_eq!(framer.frame(), Some(Frame::LiteralChunk(b"01234")));
    assert!(!framer.step().unwrap());
    assert!(!framer.is_idle());
    framer.push(b"56789 UID 7)\r\n* 2 EXISTS\r\n");
    assert_eq!(framer.next_frame(), Ok(Some(Frame::LiteralChunk(b"56789"))));
    assert_eq!(framer.next_frame(), Ok(Some(Frame::LiteralEnd)));
    let Some(Frame::Response(raw)) = framer.next_frame().unwrap() else {
        panic!()
    };
    assert_eq!(raw.bytes(), b"* 1 FETCH (BODY[] {10}\r\n UID 7)\r\n");
    assert_eq!(
        raw.streamed(),
        [StreamedLiteral {
            offset: 24,
            len: 10
        }]
    );
    assert_eq!(next(&mut framer).unwrap(), b"* 2 EXISTS\r\n");
    assert!(framer.is_idle());
}

#[test]
fn long_lines_of_sets_and_the_line_after() {
    let mut framer = Framer::new(limits());
    let mut decoder = LongLine::new(framer.limits());
    let text = format!("* search{}\r\n", " 12345".repeat(100));
    let mut lines = 0;
    for piece in text.as_bytes().chunks(7).chain([&b"* 9 EXISTS\r\n"[..]]) {
        framer.push(piece);
        while let Some(frame) = framer.next_frame().unwrap() {
            match frame {
                Frame::LongLine { bytes, last } => {
                    decoder.push(bytes).unwrap();
                    lines += usize::from(last);
                }
                Frame::Response(raw) => assert_eq!(Response::decode(raw), Response::Exists(9)),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(lines, 1);
    let Response::Search(search) = decoder.finish().unwrap() else {
        panic!()
    };
    assert_eq!(search.ids.to_string(), "12345");
    // Other lines do not come in pieces.
    framer.push(b"* SEARCHES and so on, a long line");
    assert_eq!(framer.next_frame(), Ok(None));
}

#[test]
fn what_came_before_tls_is_thrown_away() {
    let mut framer = Framer::new(limits());
    framer.push(b"A1 OK begin TLS\r\n* OK injected\r\nA2 ");
    assert_eq!(next(&mut framer).unwrap(), b"A1 OK begin TLS\r\n");
    assert_eq!(framer.buffered(), b"* OK injected\r\nA2 ");
    framer.clear();
    assert!(framer.buffered().is_empty() && framer.is_idle());
    framer.push(b"A2 OK done\r\n");
    assert_eq!(next(&mut framer).unwrap(), b"A2 OK done\r\n");
}

#[test]
fn a_server_learns_when_to_ask_for_a_literal() {
    let mut framer = Framer::new(Limits::default());
    framer.push(b"A1 LOGIN {5}\r\n");
    assert_eq!(next(&mut framer), None);
    assert_eq!(framer.take_continuation(), Some(5));
    assert_eq!(framer.take_continuation(), None);
    framer.push(b"alice {3+}\r\npwd\r\nA2 APPEND a ~{0}\r\n");
    assert_eq!(
        next(&mut framer).unwrap(),
        b"A1 LOGIN {5}\r\nalice {3+}\r\npwd\r\n"
    );
    assert_eq!(framer.take_continuation(), None);
    assert_eq!(next(&mut framer), None);
    assert_eq!(framer.take_continuation(), Some(0));
    framer.push(b"\r\n");
    assert_eq!(next(&mut framer).unwrap(), b"A2 APPEND a ~{0}\r\n\r\n");
}

#[test]
fn the_buffer_shrinks_after_a_large_response() {
    let mut framer = Framer::new(Limits::default());
    let mut line = vec![b'x'; 2 << 20];
    line.push(b'\n');
    framer.push(&line);
    assert!(framer.step().unwrap());
    assert!(framer.spare_mut(1).len() < 1 << 20);
}

#[test]
fn braces_that_are_no_literal() {
    let mut framer = Framer::new(Limits::default());
    for line in [
        "* X {}\r\n",
        "* X {a}\r\n",
        "* X 5}\r\n",
        "* X {-5}\r\n",
        "* X {5} \r\n",
        "}\r\n",
        "\n",
    ] {
        framer.push(line.as_bytes());
        assert_eq!(next(&mut framer).unwrap(), line.as_bytes());
    }
}

/// Found by fuzzing: cut one way the line was handed out in pieces, cut another
/// way its end was taken for a literal.
#[test]
fn a_long_line_of_sets_ends_without_a_literal() {
    let line = b"* VANISHED 1,2,3,4,5,6,7,8,9 {4}\r\n* 1 EXISTS\r\n";
    for cut in [7, line.len()] {
        let mut framer = Framer::new(limits());
        let mut responses = 0;
        for piece in line.chunks(cut) {
            framer.push(piece);
            while let Some(frame) = framer.next_frame().unwrap() {
                if let Frame::Response(raw) = frame {
                    responses += usize::from(Response::decode(raw) == Response::Exists(1));
                }
            }
        }
        assert_eq!(responses, 1, "{cut}");
    }
}
