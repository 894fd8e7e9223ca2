//! Debian's libwim, to compare XPRESS blocks with: ours decoded by it, and its by ours.

use crate::{
    Outcome, Result,
    worker::{Library, Worker},
};

const LIBRARY: Library = Library {
    source: include_str!("worker.c"),
    arguments: &["-lwim"],
    header: "wimlib.h",
    package: "libwim-dev",
};

const COMPRESS: u32 = 1;
const DECOMPRESS: u32 = 2;

/// A process that calls libwim.
#[derive(Debug)]
pub struct Libwim(Worker);

impl Libwim {
    /// The level of libwim unless another one is asked for.
    pub const DEFAULT_LEVEL: u32 = 50;

    /// Compiles the program and starts it.
    pub fn start() -> Result<Self> {
        Worker::start(&LIBRARY).map(Self)
    }

    /// Compresses blocks of at most 64 KiB, so many times. Levels go from 1 to 100 and beyond. Blocks
    /// that it cannot make smaller have no result.
    pub fn compress(&mut self, level: u32, passes: u32, plain: &[&[u8]]) -> Result<Outcome> {
        let blocks: Vec<_> = plain.iter().map(|plain| (plain.len(), *plain)).collect();
        self.call(COMPRESS, level, passes, &blocks)
    }

    /// Decompresses blocks, so many times. With each block goes the size of what is in it.
    pub fn decompress(&mut self, passes: u32, blocks: &[(usize, &[u8])]) -> Result<Outcome> {
        self.call(DECOMPRESS, Self::DEFAULT_LEVEL, passes, blocks)
    }

    fn call(
        &mut self,
        operation: u32,
        level: u32,
        passes: u32,
        blocks: &[(usize, &[u8])],
    ) -> Result<Outcome> {
        let blocks: Vec<_> = blocks
            .iter()
            .map(|(plain, bytes)| (Some(*plain), *bytes))
            .collect();
        self.0.call(&[operation, level, passes], &blocks)
    }
}
