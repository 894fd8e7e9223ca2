//! Properties of the wire, from random input.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use bytes::Bytes;
use pop3::wire::{
    Capabilities, Command, FrameError, Framer, Language, Limits, ListEntry, Reply, Stat, Text,
    TextLine, UidlEntry,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Bytes of which lines, dots and their neighbours are made.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&[u8]; 10] = [
        b"\r\n",
        b"\n",
        b"\r",
        b".",
        b".\r\n",
        b"\r\n.\r\n",
        b"+OK",
        b"x",
        b"some text",
        b"\0\xff",
    ];
    vec(select(&PIECES[..]), 0..40).prop_map(|pieces| pieces.concat())
}

/// What to read next.
#[derive(Debug, Clone, Copy)]
enum Read {
    Line,
    Text,
    Listing,
}

fn reads() -> impl Strategy<Value = Vec<Read>> {
    vec(
        prop_oneof![Just(Read::Line), Just(Read::Text), Just(Read::Listing)],
        1..8,
    )
}

fn limits() -> Limits {
    Limits {
        max_line: 24,
        max_entries: 6,
        max_listing: 40,
    }
}

/// Cuts `stream` behind each of `cuts`.
fn pieces<'s>(stream: &'s [u8], cuts: &[Index]) -> Vec<&'s [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|i| i.index(stream.len() + 1)).collect();
    at.sort_unstable();
    let mut from = 0;
    let mut pieces = Vec::new();
    for to in at.into_iter().chain([stream.len()]) {
        pieces.push(&stream[from..to]);
        from = to;
    }
    pieces
}

/// All that is read, texts joined; whether a limit was met.
fn read_all(pieces: &[&[u8]], reads: &[Read]) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut framer = Framer::new(limits());
    let mut pieces = pieces.iter();
    let mut found = Vec::new();
    for read in reads {
        let mut joined = Vec::new();
        loop {
            let over = match read {
                Read::Line => framer.line().map(|line| {
                    joined.extend_from_slice(line.unwrap_or_default());
                    line.is_some()
                }),
                Read::Text => Ok(loop {
                    match framer.text() {
                        Some(Text::Chunk(chunk)) => joined.extend_from_slice(&chunk),
                        end => break end.is_some(),
                    }
                }),
                Read::Listing => loop {
                    match framer.text_line() {
                        Ok(Some(TextLine::Line(line))) => {
                            joined.extend_from_slice(line);
                            joined.push(b'\n');
                        }
                        other => break other.map(|end| end.is_some()),
                    }
                },
            };
            match over {
                Ok(true) => break,
                Ok(false) => match pieces.next() {
                    Some(piece) => framer.push(Bytes::copy_from_slice(piece)),
                    None => {
                        found.push(joined);
                        return (found, None);
                    }
                },
                Err(error) => return (found, Some(error)),
            }
        }
        found.push(joined);
    }
    (found, None)
}

/// As a server does (RFC 1939 section 3).
fn stuffed(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut line_start = true;
    for byte in text {
        if line_start && *byte == b'.' {
            out.push(b'.');
        }
        out.push(*byte);
        line_start = *byte == b'\n';
    }
    out
}

proptest! {
    #[test]
    fn however_it_is_cut_the_same_comes_out(
        stream in stream(),
        cuts in vec(any::<Index>(), 0..12),
        reads in reads(),
    ) {
        let whole = read_all(&[&stream], &reads);
        prop_assert_eq!(read_all(&pieces(&stream, &cuts), &reads), whole.clone());
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        prop_assert_eq!(read_all(&bytes, &reads), whole);
    }

    #[test]
    fn what_is_stuffed_comes_out_as_it_was(
        mut text in stream(),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.extend_from_slice(b"\r\n");
        }
        let wire = [&stuffed(&text)[..], b".\r\n+OK\r\n"].concat();
        let reads = [Read::Text, Read::Line];
        let (found, error) = read_all(&pieces(&wire, &cuts), &reads);
        prop_assert_eq!(error, None);
        prop_assert_eq!(found, vec![text, b"+OK".to_vec()]);
    }

    #[test]
    fn lines_are_decoded_or_refused(line in vec(any::<u8>(), 0..60)) {
        let _ = Reply::decode(&line);
        let _ = Stat::decode(&line);
        let _ = ListEntry::decode(&line);
        let _ = UidlEntry::decode(&line);
        let _ = Language::decode(&line);
        Capabilities::default().learn(&line);
    }

    #[test]
    fn numbers_come_out_as_they_went_in(number in 1_u32.., octets: u64, gap in "[ \t]{1,4}") {
        let line = format!("{gap}{number}{gap}{octets}{gap}");
        let entry = ListEntry::decode(line.as_bytes()).unwrap();
        prop_assert_eq!((entry.number, entry.octets), (number, octets));
    }

    #[test]
    fn ids_differ_as_their_bytes_do(one in vec(any::<u8>(), 1..6), two in vec(any::<u8>(), 1..6)) {
        let id = |bytes: &[u8]| UidlEntry::decode(&[b"1 ", bytes].concat()).unwrap();
        let equal = one.trim_ascii() == two.trim_ascii();
        prop_assert_eq!(id(&one) == id(&two), equal);
    }

    #[test]
    fn a_command_is_one_line_or_none(text in ".{0,40}", secret in vec(any::<u8>(), 0..40)) {
        let commands = [
            Command::User(&text),
            Command::Pass(&secret),
            Command::Apop { user: &text, digest: &text },
            Command::Auth { mechanism: &text, initial: Some(&text) },
            Command::Lang(Some(&text)),
        ];
        for command in commands {
            let mut out = Vec::new();
            match command.encode(&mut out) {
                Ok(()) => {
                    let line = out.strip_suffix(b"\r\n").unwrap();
                    prop_assert!(!line.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)));
                }
                Err(_) => prop_assert!(out.is_empty()),
            }
        }
    }
}
