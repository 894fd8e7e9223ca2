//! The wire layer beside imap-proto and imap-codec, on the same corpora.
//!
//! `cargo bench -p imap-client --bench wire [FILTER]`. Contenders take turns;
//! the table shows medians, and the ratio to imap-proto in the same run.
//! `WIRE_PASSES` sets the number of turns (default 9).

#![allow(clippy::print_stdout, clippy::expect_used, clippy::panic)]

mod corpus;

use std::hint::black_box;
use std::time::{Duration, Instant};

use imap_client::wire::{Frame, Framer, Limits, LongLine, Response};
use imap_codec::ResponseCodec;
use imap_codec::decode::Decoder as _;

const CHUNK: usize = 16 << 10;

/// A way to read a corpus: gives the number of responses it saw.
type Run = fn(&[u8]) -> usize;

/// Makes a corpus of so many entries.
type Make = fn(u32) -> Vec<u8>;

struct Contender {
    name: &'static str,
    run: Run,
    /// The least ratio to imap-proto that it is to reach.
    bar: Option<f64>,
}

struct Case {
    name: &'static str,
    corpus: fn() -> Vec<u8>,
    /// The corpus that imap-proto reads, where it cannot read this one.
    instead: Option<fn() -> Vec<u8>>,
    contenders: Vec<Contender>,
    /// Least speed of the first contender, in bytes a second.
    least_speed: Option<f64>,
}

/// Frames the corpus in chunks, and hands each frame on.
fn frames(corpus: &[u8], mut each: impl FnMut(Frame<'_>)) {
    let mut framer = Framer::new(Limits::default());
    for chunk in corpus.chunks(CHUNK) {
        framer.push(chunk);
        while let Some(frame) = framer.next_frame().expect("the corpus is well-formed") {
            each(frame);
        }
    }
}

fn framing(corpus: &[u8]) -> usize {
    let mut count = 0;
    frames(corpus, |frame| {
        black_box(&frame);
        count += 1;
    });
    count
}

fn decode(corpus: &[u8]) -> usize {
    let mut count = 0;
    frames(corpus, |frame| {
        if let Frame::Response(raw) = frame {
            let response = Response::decode(raw);
            assert!(matches!(response, Response::Fetch(_)));
            black_box(&response);
            count += 1;
        }
    });
    count
}

fn decode_typed(corpus: &[u8]) -> usize {
    let mut count = 0;
    frames(corpus, |frame| {
        let Frame::Response(raw) = frame else { return };
        let Response::Fetch(fetch) = Response::decode(raw) else {
            panic!("no FETCH")
        };
        if let Some(envelope) = &fetch.envelope {
            black_box(envelope.parse().expect("an envelope"));
        }
        if let Some(body) = &fetch.body_structure {
            black_box(body.parse().expect("a body structure"));
        }
        black_box(&fetch);
        count += 1;
    });
    count
}

fn streamed(corpus: &[u8]) -> usize {
    let mut bytes = 0;
    frames(corpus, |frame| {
        if let Frame::LiteralChunk(part) = frame {
            bytes += black_box(part).len();
        }
    });
    assert_eq!(bytes, 24 << 20);
    1
}

fn long_line(corpus: &[u8]) -> usize {
    let mut line = LongLine::new(&Limits::default());
    frames(corpus, |frame| match frame {
        Frame::LongLine { bytes, .. } => line.push(bytes).expect("a set"),
        other => panic!("{other:?}"),
    });
    black_box(line.finish().expect("a response"));
    1
}

fn imap_proto(corpus: &[u8]) -> usize {
    let mut rest = corpus;
    let mut count = 0;
    while !rest.is_empty() {
        let (tail, response) =
            imap_proto::Response::parse(rest).expect("imap-proto reads the corpus");
        black_box(&response);
        rest = tail;
        count += 1;
    }
    count
}

fn imap_codec(corpus: &[u8]) -> usize {
    let codec = ResponseCodec::default();
    let mut rest = corpus;
    let mut count = 0;
    while !rest.is_empty() {
        let (tail, response) = codec.decode(rest).expect("imap-codec reads the corpus");
        black_box(&response);
        rest = tail;
        count += 1;
    }
    count
}

fn ours(name: &'static str, run: Run, bar: Option<f64>) -> Contender {
    Contender { name, run, bar }
}

fn peers() -> [Contender; 2] {
    [
        ours("imap-proto, borrowed", imap_proto, None),
        ours("imap-codec, borrowed", imap_codec, None),
    ]
}

fn cases() -> Vec<Case> {
    let case = |name, corpus: fn() -> Vec<u8>, contenders: Vec<Contender>| Case {
        name,
        corpus,
        instead: None,
        contenders,
        least_speed: None,
    };
    let with_peers = |own: Vec<Contender>| own.into_iter().chain(peers()).collect::<Vec<_>>();
    vec![
        case(
            "flags: 200,000 FETCH (UID FLAGS MODSEQ)",
            || corpus::flags(200_000),
            with_peers(vec![
                ours("framer and decoder", decode, Some(5.0)),
                ours("framer alone", framing, None),
            ]),
        ),
        case(
            "metadata: 50,000 FETCH with ENVELOPE and BODYSTRUCTURE",
            || corpus::metadata(50_000),
            with_peers(vec![
                ours("lazy", decode, Some(2.5)),
                ours("typed", decode_typed, Some(1.5)),
                ours("framer alone", framing, None),
            ]),
        ),
        Case {
            least_speed: Some(3e9),
            ..case(
                "bodies: 5,000 FETCH of 8 KiB",
                || corpus::bodies(5_000, 8 << 10),
                with_peers(vec![ours("framer and decoder", decode, None)]),
            )
        },
        Case {
            least_speed: Some(3e9),
            ..case(
                "body: one FETCH of 24 MiB",
                || corpus::bodies(1, 24 << 20),
                with_peers(vec![ours("streamed", streamed, None)]),
            )
        },
        case(
            "SEARCH of 500,000 UIDs",
            || corpus::search(500_000),
            with_peers(vec![ours("in 16 KiB chunks", long_line, Some(1.0))]),
        ),
        case(
            "VANISHED of 200,000 ranges",
            || corpus::vanished(200_000),
            with_peers(vec![ours("in 16 KiB chunks", long_line, Some(1.0))]),
        ),
        Case {
            instead: Some(|| corpus::vanished(200_000)),
            ..case(
                "ESEARCH of 200,000 ranges (imap-proto: the same as VANISHED)",
                || corpus::esearch(200_000),
                vec![
                    ours("in 16 KiB chunks", long_line, Some(1.0)),
                    ours("imap-proto, borrowed", imap_proto, None),
                ],
            )
        },
    ]
}

fn timed(run: Run, corpus: &[u8]) -> (Duration, usize) {
    let start = Instant::now();
    let count = run(black_box(corpus));
    (start.elapsed(), count)
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times
        .get(times.len() / 2)
        .map_or(f64::NAN, Duration::as_secs_f64)
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "NOT MET" }
}

fn report(case: &Case, passes: usize) {
    let corpus = (case.corpus)();
    let instead = case.instead.map(|make| make());
    let megabytes = corpus.len() as f64 / 1e6;
    println!("\n{} ({megabytes:.1} MB)", case.name);
    let mut results: Vec<(Vec<Duration>, usize)> = vec![(Vec::new(), 0); case.contenders.len()];
    for pass in 0..=passes {
        for (contender, result) in case.contenders.iter().zip(&mut results) {
            let input = match &instead {
                Some(other) if contender.name.starts_with("imap-proto") => other,
                _ => &corpus,
            };
            let (time, count) = timed(contender.run, input);
            // The first turn warms up.
            if pass > 0 {
                result.0.push(time);
            }
            result.1 = count;
        }
    }
    let seconds: Vec<f64> = results.iter().map(|r| median(r.0.clone())).collect();
    let proto = case
        .contenders
        .iter()
        .zip(&seconds)
        .find(|(c, _)| c.name.starts_with("imap-proto"))
        .map_or(f64::NAN, |(_, s)| *s);
    for (k, ((contender, time), result)) in case
        .contenders
        .iter()
        .zip(&seconds)
        .zip(&results)
        .enumerate()
    {
        let ratio = proto / time;
        let mut note = String::new();
        if let Some(bar) = contender.bar {
            note = format!("bar {bar}x: {}", verdict(ratio >= bar));
        }
        if let (0, Some(least)) = (k, case.least_speed) {
            let speed = megabytes * 1e6 / time;
            note = format!("bar {} MB/s: {}", least / 1e6, verdict(speed >= least));
        }
        println!(
            "  {:24} {:9.0} MB/s {:10.0} responses/s {ratio:7.2}x imap-proto  {note}",
            contender.name,
            megabytes / time,
            result.1 as f64 / time,
        );
    }
}

/// Twice the input is to take twice the time.
fn linearity(passes: usize) {
    println!("\ntime for twice the input, in chunks (bar 2.3x)");
    let table: [(&str, Make, u32); 3] = [
        ("SEARCH", corpus::search, 500_000),
        ("ESEARCH", corpus::esearch, 200_000),
        ("VANISHED", corpus::vanished, 200_000),
    ];
    for (name, make, count) in table {
        let (once, twice) = (make(count), make(2 * count));
        let (mut short, mut long) = (Vec::new(), Vec::new());
        for _ in 0..passes {
            short.push(timed(long_line, &once).0);
            long.push(timed(long_line, &twice).0);
        }
        let ratio = median(long) / median(short);
        println!("  {name:24} {ratio:.2}x {}", verdict(ratio <= 2.3));
    }
}

fn main() {
    let filter: Option<String> = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    let passes = std::env::var("WIRE_PASSES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(9);
    for case in cases() {
        if filter.as_ref().is_none_or(|f| case.name.contains(f)) {
            report(&case, passes);
        }
    }
    if filter.is_none() {
        linearity(passes);
    }
}
