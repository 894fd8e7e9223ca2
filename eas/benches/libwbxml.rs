//! WBXML beside that of Debian's libwbxml, on the same documents.
//!
//! `cargo testbed compare-libwbxml`. The contenders take turns, each on one thread; the tables show
//! medians of the time of the processor, in MB of WBXML a second. libwbxml parses without anybody to
//! hear what it found, and writes from a tree without a string table. Of ours, `tokens` hands over every
//! tag and text as libwbxml would, `typed` makes the answer or the request of a Sync, and `tree` writes
//! from a tree like libwbxml's. `LIBWBXML_TURNS` sets the number of turns (default 25).

#![allow(clippy::print_stdout, clippy::expect_used)]

#[path = "libwbxml/corpora.rs"]
mod corpora;

use std::env;
use std::hint::black_box;
use std::time::Duration;

use corpora::{Corpus, corpora};
use eas::wire::Version;
use eas::wire::command::Command as _;
use eas::wire::wbxml::{Tag, Token, Tokens, Writer, to_xml};
use rustix::time::{ClockId, clock_gettime};
use testbed::{Libwbxml, Parsed};

/// About so many bytes are read or written in one turn.
const TURN: usize = 4 << 20;

/// A document in memory.
enum Node {
    Element(Tag, Vec<Node>),
    Empty(Tag),
    Text(Tag, String),
    Opaque(Tag, Vec<u8>),
}

impl Node {
    fn read(tag: Tag, tokens: &mut Tokens<'_>) -> Self {
        let mut children = Vec::new();
        let mut own = Self::Empty(tag);
        while let Some(token) = tokens.next_token().expect("a document") {
            match token {
                Token::Start { tag, content: true } => children.push(Self::read(tag, tokens)),
                Token::Start { tag, .. } => children.push(Self::Empty(tag)),
                Token::Text(text) => {
                    own = Self::Text(tag, String::from_utf8_lossy(text).into_owned());
                }
                Token::Opaque(bytes) => own = Self::Opaque(tag, bytes.to_vec()),
                Token::Entity(_) => {}
                Token::End => break,
            }
        }
        if children.is_empty() {
            own
        } else {
            Self::Element(tag, children)
        }
    }

    fn root(document: &[u8]) -> Option<Self> {
        let mut tokens = Tokens::new(document).expect("a document");
        match tokens.next_token().expect("a document")? {
            Token::Start { tag, content: true } => Some(Self::read(tag, &mut tokens)),
            Token::Start { tag, .. } => Some(Self::Empty(tag)),
            _ => None,
        }
    }

    fn write(&self, w: &mut Writer) {
        match self {
            Self::Element(tag, children) => w.element(*tag, |w| {
                for child in children {
                    child.write(w);
                }
            }),
            Self::Empty(tag) => w.empty(*tag),
            Self::Text(tag, text) => w.text(*tag, text),
            Self::Opaque(tag, bytes) => w.opaque(*tag, bytes),
        }
    }

    fn document(&self) -> Vec<u8> {
        let mut w = Writer::new();
        self.write(&mut w);
        w.finish()
    }
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a time")
}

/// The time that this thread had the processor.
fn timed(passes: u32, mut pass: impl FnMut()) -> Duration {
    let start = processor_time();
    for _ in 0..passes {
        pass();
    }
    processor_time().saturating_sub(start)
}

/// Hands over everything in a document, and counts the elements.
fn walk(document: &[u8]) -> u64 {
    let mut elements = 0;
    let mut tokens = Tokens::new(document).expect("a document");
    while let Some(token) = tokens.next_token().expect("a document") {
        elements += u64::from(matches!(black_box(token), Token::Start { .. }));
    }
    elements
}

/// What one contender did in all its turns.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Millions of bytes a second, by the turn in the middle.
    fn speed(mut self, bytes: usize) -> f64 {
        self.0.sort_unstable();
        let median = self.0.get(self.0.len() / 2).copied().unwrap_or_default();
        bytes as f64 / 1e6 / median.as_secs_f64()
    }
}

fn passes(bytes: usize) -> u32 {
    u32::try_from(TURN / bytes.max(1)).unwrap_or(1).max(1)
}

fn row(name: &str, wanted: f64, theirs: f64, ours: [Option<f64>; 2]) {
    print!("{name:<26} {wanted:>6} {theirs:>10.1}");
    for speed in ours {
        match speed {
            Some(speed) => print!(" {speed:>9.0} {:>6.1}x", speed / theirs),
            None => print!(" {:>9} {:>7}", "", ""),
        }
    }
    println!();
}

fn decoding(libwbxml: &mut Libwbxml, corpus: &Corpus, turns: usize) {
    let documents: Vec<&[u8]> = corpus.documents.iter().map(Vec::as_slice).collect();
    let parsed = libwbxml.parse(1, &documents).expect("libwbxml").results;
    for (document, parsed) in documents.iter().zip(parsed) {
        let parsed = Parsed::new(&parsed.expect("libwbxml reads it")).expect("its counts");
        assert_eq!(parsed.elements, walk(document), "both read the same");
    }
    let bytes: usize = documents.iter().map(|d| d.len()).sum();
    let passes = passes(bytes);
    let [mut theirs, mut tokens, mut typed] = [(); 3].map(|()| Times::default());
    for _ in 0..turns {
        theirs.add(libwbxml.parse(passes, &documents).expect("libwbxml").took);
        tokens.add(timed(passes, || {
            for document in &documents {
                black_box(walk(document));
            }
        }));
        typed.add(timed(passes, || {
            for (document, request) in documents.iter().zip(&corpus.requests) {
                black_box(request.decode(document).expect("an answer"));
            }
        }));
    }
    let bytes = bytes * passes as usize;
    let is_typed = !corpus.requests.is_empty();
    row(
        corpus.name,
        corpus.decode,
        theirs.speed(bytes),
        [
            Some(tokens.speed(bytes)),
            is_typed.then(|| typed.speed(bytes)),
        ],
    );
}

fn encoding(libwbxml: &mut Libwbxml, corpus: &Corpus, turns: usize) {
    let results = libwbxml.encode(1, &corpus.slices()).expect("libwbxml");
    // Some that libwbxml reads it cannot write.
    let documents: Vec<&[u8]> = corpus
        .slices()
        .into_iter()
        .zip(&results.results)
        .filter_map(|(document, result)| result.as_ref().map(|_| document))
        .collect();
    let trees: Vec<Node> = documents.iter().filter_map(|d| Node::root(d)).collect();
    for (document, tree) in documents.iter().zip(&trees) {
        let same = to_xml(document) == to_xml(&tree.document());
        assert!(same, "what is written is what was read");
    }
    let bytes: usize = documents.iter().map(|d| d.len()).sum();
    let passes = passes(bytes);
    let [mut theirs, mut tree_times, mut typed] = [(); 3].map(|()| Times::default());
    let is_typed = corpus.is_request;
    for _ in 0..turns {
        theirs.add(libwbxml.encode(passes, &documents).expect("libwbxml").took);
        tree_times.add(timed(passes, || {
            for tree in &trees {
                black_box(tree.document());
            }
        }));
        if is_typed {
            typed.add(timed(passes, || {
                for request in &corpus.requests {
                    black_box(request.encode(Version::V14_1));
                }
            }));
        }
    }
    let bytes = bytes * passes as usize;
    row(
        corpus.name,
        corpus.encode,
        theirs.speed(bytes),
        [
            Some(tree_times.speed(bytes)),
            is_typed.then(|| typed.speed(bytes)),
        ],
    );
}

fn main() {
    let turns = env::var("LIBWBXML_TURNS")
        .ok()
        .and_then(|turns| turns.parse().ok())
        .unwrap_or(25);
    let mut libwbxml = Libwbxml::start().expect("libwbxml");
    let corpora = corpora();
    println!("decoding, MB/s; wanted is a multiple of libwbxml\n");
    let head = |ours: &str| {
        println!(
            "{:<26} {:>6} {:>10} {ours:>9} {:>7} {:>9}",
            "", "wanted", "libwbxml", "", "typed"
        );
    };
    head("tokens");
    for corpus in corpora.iter().filter(|corpus| !corpus.is_request) {
        decoding(&mut libwbxml, corpus, turns);
    }
    println!("\nencoding\n");
    head("tree");
    for corpus in &corpora {
        encoding(&mut libwbxml, corpus, turns);
    }
}
