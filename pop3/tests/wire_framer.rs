//! Lines and texts out of a stream: tables of bytes, in every way to cut them in two and byte by byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use bytes::Bytes;
use pop3::wire::{FrameError, Framer, Limits, Text, TextLine};

/// The text that begins `pieces`, and the line behind it.
fn text_and_line(pieces: &[&[u8]]) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let mut framer = Framer::new(Limits::default());
    let mut pieces = pieces.iter();
    let mut text = Vec::new();
    loop {
        match framer.text() {
            Some(Text::Chunk(bytes)) => {
                assert!(!bytes.is_empty());
                text.extend_from_slice(&bytes);
            }
            Some(Text::End) => break,
            None => match pieces.next() {
                Some(piece) => framer.push(Bytes::copy_from_slice(piece)),
                None => return (None, None),
            },
        }
    }
    loop {
        if let Some(line) = framer.line().unwrap() {
            return (Some(text), Some(line.to_vec()));
        }
        match pieces.next() {
            Some(piece) => framer.push(Bytes::copy_from_slice(piece)),
            None => return (Some(text), None),
        }
    }
}

fn in_all_cuts(stream: &[u8], expected: &[u8]) {
    let expected = (Some(expected.to_vec()), Some(b"+OK".to_vec()));
    let stream = [stream, b"+OK\r\n"].concat();
    for at in 0..=stream.len() {
        let (left, right) = stream.split_at(at);
        let shown = format!("{} | {}", left.escape_ascii(), right.escape_ascii());
        assert_eq!(text_and_line(&[left, right]), expected, "{shown}");
    }
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(text_and_line(&bytes), expected);
}

#[test]
fn texts() {
    let long = "x".repeat(5000);
    for (stream, text) in [
        // What the RFC has.
        ("a\r\nb\r\n.\r\n", "a\r\nb\r\n"),
        ("..\r\n.\r\n", ".\r\n"),
        ("..a\r\n...b\r\nc.\r\n.\r\n", ".a\r\n..b\r\nc.\r\n"),
        (".\r\n", ""),
        ("\r\n.\r\n", "\r\n"),
        ("\r\n\r\n..\r\n\r\n.\r\n", "\r\n\r\n.\r\n\r\n"),
        // A dot that the server forgot to stuff; Dovecot does at the beginning of a message.
        (".a\r\n.\r\n", ".a\r\n"),
        ("a\r\n.b.\r\n.\r\n", "a\r\n.b.\r\n"),
        (".\ra\r\n.\r\n", ".\ra\r\n"),
        (".\r\r\n.\r\n", ".\r\r\n"),
        (".\r.\r\n.\r\n", ".\r.\r\n"),
        (". \r\n.\r\n", ". \r\n"),
        // A lone CR ends no line.
        ("a\r.\r\n.\r\n", "a\r.\r\n"),
        ("a\r\r\n.\r\n", "a\r\r\n"),
        // Bare line feeds: in the text, before the end, at the end.
        ("a\nb\r\n.\r\n", "a\nb\r\n"),
        ("a\n..b\n.\n", "a\n.b\n"),
        ("a\n.\r\n", "a\n"),
        ("a\r\n.\n", "a\r\n"),
        (".\n", ""),
        // Any byte, and lines of any length.
        ("\0\u{80}\u{ff}\r\n.\r\n", "\0\u{80}\u{ff}\r\n"),
        (&format!("{long}\r\n.\r\n"), &format!("{long}\r\n")),
    ] {
        in_all_cuts(stream.as_bytes(), text.as_bytes());
    }
}

#[test]
fn a_text_without_its_end_has_none() {
    for stream in [
        "", "a", "a\r\n", "a\r\n.", "a\r\n.\r", ".", ".\r", "a\r\n..",
    ] {
        assert_eq!(text_and_line(&[stream.as_bytes()]).0, None, "{stream:?}");
    }
}

#[test]
fn chunks_are_slices_of_the_input() {
    let input = Bytes::from_static(b"one\r\n..two\r\nthree\r\n.\r\n");
    let mut framer = Framer::new(Limits::default());
    framer.push(input.clone());
    let mut chunks = Vec::new();
    while let Some(Text::Chunk(chunk)) = framer.text() {
        let from = chunk.as_ptr() as usize - input.as_ptr() as usize;
        assert_eq!(input.slice(from..from + chunk.len()), chunk);
        chunks.push(chunk);
    }
    assert_eq!(chunks, [&b"one\r\n"[..], b".two\r\nthree\r\n"]);
    assert!(framer.is_empty());
}

fn lines(framer: &mut Framer) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(line) = framer.line().unwrap() {
        lines.push(String::from_utf8(line.to_vec()).unwrap());
    }
    lines
}

#[test]
fn lines_end_in_crlf_or_lf() {
    let stream = b"+OK a\r\n+OK b\n\r\n\n+OK c\r\r\n+OK \rd\r\n+OK e";
    let expected = ["+OK a", "+OK b", "", "", "+OK c", "+OK \rd"];
    for at in 0..=stream.len() {
        let (left, right) = stream.split_at(at);
        let mut framer = Framer::new(Limits::default());
        framer.push(Bytes::copy_from_slice(left));
        let mut found = lines(&mut framer);
        framer.push(Bytes::copy_from_slice(right));
        found.extend(lines(&mut framer));
        assert_eq!(found, expected, "{at}");
        assert!(!framer.is_empty());
        framer.clear();
        assert!(framer.is_empty());
    }
}

#[test]
fn what_was_not_read_yet_comes_before_what_is_pushed() {
    let mut framer = Framer::new(Limits::default());
    framer.push(Bytes::from_static(b"a\r\nb"));
    framer.push(Bytes::from_static(b"c\r\n"));
    assert_eq!(lines(&mut framer), ["a", "bc"]);
}

fn tight() -> Limits {
    Limits {
        max_line: 5,
        max_entries: 3,
        max_listing: 12,
    }
}

#[test]
fn a_line_has_a_limit_however_it_comes() {
    for cut in 1..=7 {
        let mut framer = Framer::new(tight());
        let read = |framer: &mut Framer, stream: &'static [u8]| {
            for piece in stream.chunks(cut) {
                framer.push(Bytes::from_static(piece));
                if let Some(line) = framer.line()? {
                    return Ok(line.to_vec());
                }
            }
            Ok(Vec::new())
        };
        assert_eq!(read(&mut framer, b"12345\r\n"), Ok(b"12345".to_vec()));
        assert_eq!(
            read(&mut framer, b"1234567\r\n"),
            Err(FrameError::LineTooLong)
        );
    }
}

fn listing(stream: &'static [u8], cut: usize) -> Result<Vec<Vec<u8>>, FrameError> {
    let mut framer = Framer::new(tight());
    let mut lines = Vec::new();
    for piece in stream.chunks(cut) {
        framer.push(Bytes::from_static(piece));
        while let Some(line) = framer.text_line()? {
            match line {
                TextLine::Line(line) => lines.push(line.to_vec()),
                TextLine::End => {
                    assert!(framer.is_empty());
                    return Ok(lines);
                }
            }
        }
    }
    panic!("no end")
}

#[test]
fn listings_have_limits() {
    for cut in [1, 2, 3, 100] {
        assert_eq!(listing(b".\r\n", cut), Ok(vec![]));
        let three = listing(b"1 9\r\n..2\r\n3\n.\r\n", cut).unwrap();
        assert_eq!(three, [&b"1 9"[..], b".2", b"3"]);
        let four = listing(b"1\r\n2\r\n3\r\n4\r\n.\r\n", cut);
        assert_eq!(four, Err(FrameError::ListingTooLong));
        let large = listing(b"1 345\r\n2 345\r\n3 345\r\n.\r\n", cut);
        assert_eq!(large, Err(FrameError::ListingTooLong));
    }
}

#[test]
fn each_listing_counts_anew() {
    let mut framer = Framer::new(tight());
    for _ in 0..5 {
        framer.push(Bytes::from_static(b"1\r\n2\r\n3\r\n.\r\n"));
        while framer.text_line().unwrap() != Some(TextLine::End) {}
    }
}

#[test]
fn a_listing_can_be_skipped_within_a_line() {
    let stream = b"1 abc.\r\n2 .\r\n.\r\n+OK\r\n";
    for at in 1..stream.len() - 8 {
        let (left, right) = stream.split_at(at);
        let mut framer = Framer::new(Limits::default());
        framer.push(Bytes::copy_from_slice(left));
        while framer.text_line().unwrap().is_some() {}
        framer.push(Bytes::copy_from_slice(right));
        while framer.text().is_some_and(|text| text != Text::End) {}
        assert_eq!(framer.line().unwrap(), Some(&b"+OK"[..]), "{at}");
    }
}
