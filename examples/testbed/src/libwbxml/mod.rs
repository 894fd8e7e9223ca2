//! Debian's libwbxml, to compare WBXML with: what it reads in a document, and how fast.

use crate::{
    Outcome, Result,
    worker::{Library, Worker},
};

const LIBRARY: Library = Library {
    source: include_str!("worker.c"),
    arguments: &["-I/usr/include/libwbxml-1.0", "-lwbxml2"],
    header: "wbxml/wbxml.h",
    package: "libwbxml2-dev",
};

const PARSE: u32 = 1;
const ENCODE: u32 = 2;
const ENCODE_TREE: u32 = 3;

/// A process that calls libwbxml.
#[derive(Debug)]
pub struct Libwbxml(Worker);

/// What libwbxml found in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Elements.
    pub elements: u64,
    /// Bytes of text.
    pub text: u64,
}

impl Libwbxml {
    /// Compiles the program and starts it.
    pub fn start() -> Result<Self> {
        Worker::start(&LIBRARY).map(Self)
    }

    /// Parses documents of ActiveSync, so many times with nobody to hear what is in them. The results
    /// are what [`Parsed::new`] reads.
    pub fn parse(&mut self, passes: u32, documents: &[&[u8]]) -> Result<Outcome> {
        self.call(PARSE, passes, documents)
    }

    /// Makes XML of documents, and documents without a string table of that, the latter so many times
    /// and timed. This is what the library's headers offer.
    pub fn encode(&mut self, passes: u32, documents: &[&[u8]]) -> Result<Outcome> {
        self.call(ENCODE, passes, documents)
    }

    /// The same from the trees that the library makes of a document inside.
    pub fn encode_trees(&mut self, passes: u32, documents: &[&[u8]]) -> Result<Outcome> {
        self.call(ENCODE_TREE, passes, documents)
    }

    fn call(&mut self, operation: u32, passes: u32, documents: &[&[u8]]) -> Result<Outcome> {
        let blocks: Vec<_> = documents.iter().map(|bytes| (None, *bytes)).collect();
        self.0.call(&[operation, passes], &blocks)
    }
}

impl Parsed {
    /// Reads a result of [`Libwbxml::parse`].
    pub fn new(result: &[u8]) -> Option<Self> {
        let (elements, text) = result.split_first_chunk()?;
        Some(Self {
            elements: u64::from_ne_bytes(*elements),
            text: u64::from_ne_bytes(*text.first_chunk()?),
        })
    }
}
