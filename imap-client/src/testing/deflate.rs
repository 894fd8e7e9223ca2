//! COMPRESS=DEFLATE (RFC 4978), as a layer of the connection.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::{DeflateDecoder, DeflateEncoder};
use sync_core::testing::server::line::Layer;

/// Both directions.
pub(super) struct Deflate {
    out: DeflateEncoder<Vec<u8>>,
    input: DeflateDecoder<Vec<u8>>,
}

impl Deflate {
    pub(super) fn new() -> Self {
        Self {
            out: DeflateEncoder::new(Vec::new(), Compression::fast()),
            input: DeflateDecoder::new(Vec::new()),
        }
    }
}

impl Layer for Deflate {
    fn encode(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        self.out.write_all(bytes)?;
        // As far as a block that the other end can read without what follows.
        self.out.flush()?;
        Ok(std::mem::take(self.out.get_mut()))
    }

    fn decode(&mut self, bytes: &[u8], input: &mut Vec<u8>) -> io::Result<()> {
        self.input.write_all(bytes)?;
        self.input.flush()?;
        input.append(self.input.get_mut());
        Ok(())
    }
}
