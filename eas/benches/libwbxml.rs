//! WBXML beside that of Debian's libwbxml, on the same documents.
//!
//! `cargo testbed compare-libwbxml`. The contenders take turns, each on one thread; the tables show
//! medians of the time of the processor, in MB of WBXML a second. libwbxml parses without anybody to
//! hear what it found, and writes without a string table from XML, as its headers offer, or from the
//! tree that it makes of that inside. Of ours, `tokens` hands over every tag and text as libwbxml would,
//! `tree` writes from a tree like libwbxml's, and `typed` reads the answer or writes the request of a
//! Sync. `LIBWBXML_TURNS` sets the number of turns (default 25).

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
use testbed::{Libwbxml, Outcome, Parsed};

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

/// Prints a line: speeds, each with its ratio to one that came before where it has one.
fn row(name: &str, wanted: f64, speeds: &[(Option<f64>, &[f64])]) {
    print!("{name:<26} {wanted:>6}");
    for (speed, than) in speeds {
        match speed {
            Some(speed) => print!(" {speed:>8.0}"),
            None => print!(" {:>8}", ""),
        }
        for other in *than {
            match speed {
                Some(speed) => print!(" {:>6.1}x", speed / other),
                None => print!(" {:>7}", ""),
            }
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
    let theirs = theirs.speed(bytes);
    let typed = (!corpus.requests.is_empty()).then(|| typed.speed(bytes));
    row(
        corpus.name,
        corpus.decode,
        &[
            (Some(theirs), &[]),
            (Some(tokens.speed(bytes)), &[theirs]),
            (typed, &[theirs]),
        ],
    );
}

fn encoding(libwbxml: &mut Libwbxml, corpus: &Corpus, turns: usize) {
    let all = corpus.slices();
    let from_xml = libwbxml.encode(1, &all).expect("libwbxml").results;
    let from_tree = libwbxml.encode_trees(1, &all).expect("libwbxml").results;
    // Some that libwbxml reads it cannot write.
    let documents: Vec<&[u8]> = all
        .into_iter()
        .zip(from_xml.iter().zip(&from_tree))
        .filter(|(_, (xml, tree))| xml.is_some() && tree.is_some())
        .map(|(document, _)| document)
        .collect();
    let trees: Vec<Node> = documents.iter().filter_map(|d| Node::root(d)).collect();
    for (document, tree) in documents.iter().zip(&trees) {
        let same = to_xml(document) == to_xml(&tree.document());
        assert!(same, "what is written is what was read");
    }
    let bytes: usize = documents.iter().map(|d| d.len()).sum();
    let passes = passes(bytes);
    let [mut xml, mut tree, mut ours, mut typed] = [(); 4].map(|()| Times::default());
    let took = |outcome: testbed::Result<Outcome>| outcome.expect("libwbxml").took;
    for _ in 0..turns {
        xml.add(took(libwbxml.encode(passes, &documents)));
        tree.add(took(libwbxml.encode_trees(passes, &documents)));
        ours.add(timed(passes, || {
            for tree in &trees {
                black_box(tree.document());
            }
        }));
        if corpus.is_request {
            typed.add(timed(passes, || {
                for request in &corpus.requests {
                    black_box(request.encode(Version::V14_1));
                }
            }));
        }
    }
    let bytes = bytes * passes as usize;
    let theirs = [xml.speed(bytes), tree.speed(bytes)];
    row(
        corpus.name,
        corpus.encode,
        &[
            (Some(theirs[0]), &[]),
            (Some(theirs[1]), &[]),
            (Some(ours.speed(bytes)), &theirs),
            (corpus.is_request.then(|| typed.speed(bytes)), &theirs),
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
    println!("decoding, MB/s; tokens are wanted to be so many times as fast as libwbxml\n");
    println!(
        "{:<26} {:>6} {:>8} {:>8} {:>7} {:>8}",
        "", "wanted", "libwbxml", "tokens", "", "typed"
    );
    for corpus in corpora.iter().filter(|corpus| !corpus.is_request) {
        decoding(&mut libwbxml, corpus, turns);
    }
    println!(
        "\nencoding, MB/s; the first ratios are to libwbxml from XML, the second from a tree\n"
    );
    println!(
        "{:<26} {:>6} {:>8} {:>8} {:>8} {:>15} {:>8}",
        "", "wanted", "from XML", "its tree", "our tree", "", "typed"
    );
    for corpus in &corpora {
        encoding(&mut libwbxml, corpus, turns);
    }
}
