//! COMPRESS=DEFLATE (RFC 4978), as a layer of the connection.

use std::io;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use sync_core::testing::server::line::Layer;

/// Bytes that are made at once.
const CHUNK: usize = 64 * 1024;

/// Both directions.
pub(super) struct Deflate {
    out: Compress,
    input: Decompress,
}

impl Deflate {
    pub(super) fn new() -> Self {
        Self {
            out: Compress::new(Compression::fast(), false),
            input: Decompress::new(false),
        }
    }
}

impl Layer for Deflate {
    fn encode(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        compress(&mut self.out, bytes)
    }

    fn decode(&mut self, bytes: &[u8], input: &mut Vec<u8>) -> io::Result<()> {
        inflate(&mut self.input, bytes, input)
    }
}

fn inflate(state: &mut Decompress, mut input: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let mut chunk = vec![0_u8; CHUNK];
    loop {
        let (before_in, before_out) = (state.total_in(), state.total_out());
        state
            .decompress(input, &mut chunk, FlushDecompress::Sync)
            .map_err(io::Error::other)?;
        let used =
            usize::try_from(state.total_in().saturating_sub(before_in)).unwrap_or(usize::MAX);
        let made = usize::try_from(state.total_out().saturating_sub(before_out)).unwrap_or(0);
        out.extend_from_slice(chunk.get(..made).unwrap_or_default());
        input = input.get(used..).unwrap_or_default();
        if made < chunk.len() && (input.is_empty() || used == 0) {
            return Ok(());
        }
    }
}

fn compress(state: &mut Compress, mut input: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut chunk = vec![0_u8; CHUNK];
    loop {
        let (before_in, before_out) = (state.total_in(), state.total_out());
        state
            .compress(input, &mut chunk, FlushCompress::Sync)
            .map_err(io::Error::other)?;
        let used =
            usize::try_from(state.total_in().saturating_sub(before_in)).unwrap_or(usize::MAX);
        let made = usize::try_from(state.total_out().saturating_sub(before_out)).unwrap_or(0);
        out.extend_from_slice(chunk.get(..made).unwrap_or_default());
        input = input.get(used..).unwrap_or_default();
        if input.is_empty() && made < chunk.len() {
            return Ok(out);
        }
    }
}
