//! Encodes a stream block by block.

use alloc::vec::Vec;

use super::{BlockHeader, Error, ErrorKind, FileHeader, MAX_BLOCK};
use crate::xpress::{self, Level};

/// Encodes the blocks of a stream, without I/O.
///
/// A stream is a [header](FileHeader::to_bytes) and blocks. All of them but the last should hold
/// [`MAX_BLOCK`] bytes, as they always did.
#[derive(Debug)]
pub struct Encoder {
    codec: xpress::Encoder,
    framed: Vec<u8>,
}

impl Encoder {
    /// An encoder of this level. It holds one block and tables: some 600 KiB.
    #[must_use]
    pub fn new(level: Level) -> Self {
        Self {
            codec: xpress::Encoder::new(level),
            framed: Vec::new(),
        }
    }

    /// Encodes some bytes of the message, with the block's header. They are stored if they do not get
    /// smaller.
    ///
    /// # Errors
    ///
    /// If there are none, or more than [`MAX_BLOCK`].
    pub fn block(&mut self, bytes: &[u8]) -> Result<&[u8], Error> {
        if bytes.is_empty() || bytes.len() > MAX_BLOCK {
            let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            return Err(Error::new(ErrorKind::BlockSize(size), 0));
        }
        let compressed = self.codec.encode(bytes);
        let payload = compressed.ok().flatten().unwrap_or(bytes);
        let header = BlockHeader {
            size: bytes.len() as u32,
            crc: crc32fast::hash(bytes),
            payload: payload.len() as u32,
        };
        self.framed.clear();
        self.framed.extend_from_slice(&header.to_bytes());
        self.framed.extend_from_slice(payload);
        Ok(&self.framed)
    }
}

/// Encodes a message that is in memory. The header's size is set to the message's.
///
/// # Errors
///
/// If the message is empty, or has more than `u32::MAX` bytes.
pub fn compress(message: &[u8], header: FileHeader, level: Level) -> Result<Vec<u8>, Error> {
    if message.is_empty() {
        return Err(Error::new(ErrorKind::Empty, 0));
    }
    let size = u32::try_from(message.len()).map_err(|_| {
        let (size, limit) = (message.len() as u64, u32::MAX.into());
        Error::new(ErrorKind::TooLarge { size, limit }, 0)
    })?;
    let mut stream = FileHeader { size, ..header }.to_bytes().to_vec();
    let mut encoder = Encoder::new(level);
    for bytes in message.chunks(MAX_BLOCK) {
        stream.extend_from_slice(encoder.block(bytes)?);
    }
    Ok(stream)
}
