//! Properties: what is encoded decodes to the same; how a stream is cut does
//! not matter; sets are sets; no input panics.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod generate;

use std::borrow::Cow;
use std::collections::BTreeSet;

use imap_client::wire::response::{LazyBodyStructure, LazyEnvelope};
use imap_client::wire::{
    DateTime, Frame, Framer, Limits, LongLine, MailboxName, NameEncoding, Response, SequenceSet,
    SetParser, utf7,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use generate::{Bytes, body_structure, bytes, date_time, envelope, response, set};

/// All frames of `stream`, fed in pieces of the lengths in `cuts`, streamed
/// data and long lines joined again.
fn frames(stream: &[u8], cuts: &[usize], limits: Limits) -> Vec<String> {
    let mut framer = Framer::new(limits);
    let mut out = Vec::new();
    let mut literal = Vec::new();
    let mut line = Vec::new();
    let mut cuts = cuts.iter().copied().cycle();
    let mut rest = stream;
    while !rest.is_empty() {
        let n = cuts.next().unwrap_or(1).clamp(1, rest.len());
        let (piece, tail) = rest.split_at(n);
        framer.push(piece);
        rest = tail;
        loop {
            let frame = match framer.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(e) => {
                    out.push(format!("error {e}"));
                    return out;
                }
            };
            match frame {
                Frame::Response(raw) => out.push(format!(
                    "{} {:?}",
                    raw.bytes().escape_ascii(),
                    raw.streamed()
                )),
                Frame::LiteralStart { head, len } => {
                    out.push(format!("start {len} {}", head.bytes().escape_ascii()));
                }
                Frame::LiteralChunk(part) => literal.extend_from_slice(part),
                Frame::LiteralEnd => {
                    out.push(format!("literal {}", literal.escape_ascii()));
                    literal.clear();
                }
                Frame::LongLine { bytes, last } => {
                    line.extend_from_slice(bytes);
                    if last {
                        out.push(format!("{} []", line.escape_ascii()));
                        line.clear();
                    }
                }
            }
        }
    }
    out.push(format!("idle {}", framer.is_idle()));
    out
}

fn small_limits() -> Limits {
    Limits {
        max_response: 4096,
        stream_threshold: 5,
        long_line: 16,
        max_literal: 100_000,
        max_ranges: 50,
    }
}

proptest! {
    #[test]
    fn a_response_decodes_to_what_was_encoded(response in response()) {
        let bytes = response.to_bytes();
        prop_assert_eq!(Response::decode(bytes.as_slice()), response, "{}", bytes.escape_ascii());
    }

    #[test]
    fn an_envelope_parses_to_what_was_encoded(envelope in envelope()) {
        let lazy = LazyEnvelope::from(&envelope);
        prop_assert_eq!(lazy.parse().unwrap(), envelope);
    }

    #[test]
    fn a_body_structure_parses_to_what_was_encoded(body in body_structure()) {
        let lazy = LazyBodyStructure::from(&body);
        prop_assert_eq!(lazy.parse().unwrap(), body, "{:?}", lazy);
    }

    #[test]
    fn a_response_is_one_frame(response in response()) {
        let bytes = response.to_bytes();
        let mut framer = Framer::new(Limits::default());
        framer.push(&bytes);
        let Some(Frame::Response(raw)) = framer.next_frame().unwrap() else {
            panic!("no frame");
        };
        prop_assert_eq!(raw.bytes(), bytes.as_slice());
        prop_assert!(framer.next_frame().unwrap().is_none());
        prop_assert!(framer.is_idle());
    }

    #[test]
    fn cuts_do_not_matter(
        responses in vec(response(), 1..6),
        cuts in vec(1usize..40, 1..8),
        small in any::<bool>(),
    ) {
        let stream: Vec<u8> = responses.iter().flat_map(Response::to_bytes).collect();
        let limits = if small { small_limits() } else { Limits::default() };
        let whole = frames(&stream, &[usize::MAX], limits);
        prop_assert_eq!(&frames(&stream, &cuts, limits), &whole);
        prop_assert_eq!(&frames(&stream, &[1], limits), &whole);
    }

    #[test]
    fn cuts_do_not_matter_for_garbage(
        stream in vec(prop_oneof![bytes(), Just(Bytes::Borrowed(b"* 1 FETCH (BODY[] "))], 0..12),
        cuts in vec(1usize..9, 1..8),
    ) {
        let stream = stream.concat();
        let whole = frames(&stream, &[usize::MAX], small_limits());
        prop_assert_eq!(frames(&stream, &cuts, small_limits()), whole);
    }

    #[test]
    fn a_long_line_decodes_as_the_whole(
        response in response(),
        cuts in vec(1usize..20, 1..8),
    ) {
        let bytes = response.to_bytes();
        let mut line = LongLine::new(&Limits::default());
        let mut rest = bytes.as_slice();
        let mut cuts = cuts.into_iter().cycle();
        let mut failed = false;
        while !rest.is_empty() && !failed {
            let (piece, tail) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            failed = line.push(piece).is_err();
            rest = tail;
        }
        let is_set_line = matches!(
            response,
            Response::Search(_) | Response::Sort(_) | Response::Esearch(_) | Response::Vanished(_)
        );
        match line.finish() {
            Ok(decoded) => prop_assert!(is_set_line && decoded == response),
            Err(_) => prop_assert!(!is_set_line),
        }
    }

    #[test]
    fn any_bytes_decode_to_something_that_survives_encoding(
        start in prop_oneof![
            Just("* "), Just("* 1 FETCH ("), Just("A1 OK ["), Just("* OK ["), Just("* LIST ("),
            Just("* ESEARCH "), Just("* STATUS a ("), Just("* VANISHED "), Just("* METADATA "),
            Just("* 1 FETCH (BODYSTRUCTURE ("), Just("* 1 FETCH (ENVELOPE ("), Just("")
        ],
        parts in vec(
            prop_oneof![
                bytes(),
                prop_oneof![
                    Just("UID "), Just("FLAGS ("), Just(") "), Just("1:3 "), Just("ALL "),
                    Just("BODY[] "), Just("5"), Just("] "), Just("\"a\" "), Just("NIL "),
                    Just("MODSEQ (3) "), Just("PARTIAL (1:2 "), Just("\"text\" "), Just("((")
                ].prop_map(|s| Cow::Borrowed(s.as_bytes())),
            ],
            0..10,
        ),
    ) {
        let mut bytes = start.as_bytes().to_vec();
        bytes.extend(parts.concat());
        bytes.extend_from_slice(b"\r\n");
        let response = Response::decode(bytes.as_slice());
        // A line end inside of text cannot be kept.
        let text = matches!(response, Response::Status(_) | Response::Tagged { .. });
        prop_assume!(!text || !bytes[..bytes.len() - 2].iter().any(|b| matches!(b, b'\r' | b'\n')));
        let again = response.to_bytes();
        prop_assert_eq!(Response::decode(again.as_slice()), response.clone(), "{}", again.escape_ascii());
        if let Response::Fetch(fetch) = response {
            if let Some(envelope) = &fetch.envelope {
                let _ = envelope.parse();
            }
            if let Some(body) = &fetch.body_structure {
                let _ = body.parse();
            }
        }
    }

    #[test]
    fn a_set_holds_what_was_inserted(ids in vec(1u32..300, 0..200), others in vec(1u32..300, 0..200)) {
        let model: BTreeSet<u32> = ids.iter().copied().collect();
        let other_model: BTreeSet<u32> = others.iter().copied().collect();
        let mut set = SequenceSet::new();
        for id in &ids {
            set.insert(*id);
        }
        let other: SequenceSet = others.iter().copied().collect();
        prop_assert_eq!(&set, &ids.iter().copied().collect::<SequenceSet>());
        prop_assert!(set.iter().eq(model.iter().copied()));
        prop_assert_eq!(set.len(), model.len() as u64);
        prop_assert_eq!(set.min(), model.first().copied());
        prop_assert_eq!(set.max(), model.last().copied());
        for n in 0..310 {
            prop_assert_eq!(set.contains(n), model.contains(&n));
        }
        prop_assert!(set.union(&other).iter().eq(model.union(&other_model).copied()));
        prop_assert!(set.difference(&other).iter().eq(model.difference(&other_model).copied()));
        prop_assert!(set.intersection(&other).iter().eq(model.intersection(&other_model).copied()));
        let ranges: Vec<_> = set.ranges().collect();
        prop_assert!(ranges.windows(2).all(|w| w[0].end() + 1 < *w[1].start()), "{:?}", set);
        if !set.is_empty() {
            prop_assert_eq!(&set.to_string().parse::<SequenceSet>().unwrap(), &set);
        }
    }

    #[test]
    fn open_sets_resolve_as_their_elements_do(
        closed in vec((1u32..60, 0u32..9), 0..6),
        open in of(1u32..80),
        star in any::<bool>(),
        largest in 1u32..90,
    ) {
        let mut set = SequenceSet::new();
        let mut model = BTreeSet::new();
        for (from, len) in closed {
            set.insert_range(from, from + len);
            model.extend((from..=from + len).filter(|n| *n <= largest));
        }
        if let Some(from) = open {
            set.insert_open(from);
            model.extend(from.min(largest)..=from.max(largest).min(largest));
            model.insert(largest);
        }
        if star {
            set.insert_open(u32::MAX);
            model.insert(largest);
        }
        let resolved = set.resolve(largest);
        let there: BTreeSet<u32> = resolved.iter().filter(|n| *n <= largest).collect();
        prop_assert_eq!(there, model, "{} at {}", set, largest);
        if !set.is_empty() {
            prop_assert_eq!(&set.to_string().parse::<SequenceSet>().unwrap(), &set);
        }
    }

    #[test]
    fn chunks_of_a_set_fit_and_are_the_set(set in set(), open in of(1u32..9000), max in 22usize..80) {
        let mut set = set;
        if let Some(from) = open {
            set.insert_open(from);
        }
        let mut joined = SequenceSet::new();
        for chunk in set.chunks(max) {
            prop_assert!(chunk.to_string().len() <= max);
            prop_assert!(!chunk.is_empty());
            joined.union_with(&chunk);
        }
        prop_assert_eq!(joined, set);
    }

    #[test]
    fn taking_the_first_splits_a_set(set in set(), n in 0u64..200) {
        let mut rest = set.clone();
        let first = rest.take_first(n);
        prop_assert_eq!(first.len(), n.min(set.len()));
        prop_assert!(set.iter().eq(first.iter().chain(rest.iter())));
    }

    #[test]
    fn a_set_parses_the_same_in_pieces(text in "[1-9][0-9:*, ]{0,40}", at in 0usize..40) {
        let whole = SequenceSet::parse(text.as_bytes());
        let (a, b) = text.as_bytes().split_at(at.min(text.len()));
        let mut parser = SetParser::new(usize::MAX);
        let parsed = parser.feed(a).and_then(|n| {
            let n = if n == a.len() { n + parser.feed(b)? } else { n };
            Ok((n, parser.finish()?))
        });
        match (whole, parsed) {
            (Ok(set), Ok((n, parsed))) => prop_assert!(n == text.len() && set == parsed),
            (Ok(set), other) => prop_assert!(false, "{:?} {:?}", set, other),
            (Err(_), Ok((n, _))) => prop_assert!(n < text.len()),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn names_round_trip(name in "[a-z& ~éß\u{1f600}\u{0}-\u{1f}日本]{0,12}") {
        for encoding in [NameEncoding::Utf7, NameEncoding::Utf8] {
            let mailbox = MailboxName::from_text(&name, encoding);
            let text = mailbox.to_text(encoding);
            prop_assert_eq!(text.as_deref(), Some(name.as_str()));
        }
        prop_assert!(utf7::encode(&name).bytes().all(|b| matches!(b, b' '..=b'~')));
    }

    #[test]
    fn dates_round_trip(date in date_time()) {
        prop_assert_eq!(date.to_string().parse::<DateTime>().unwrap(), date);
    }
}
