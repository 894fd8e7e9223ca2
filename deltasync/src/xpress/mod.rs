//! XPRESS Huffman: LZ77 with Huffman codes, as \[MS-XCA\] 2.1 and 2.2 define it.
//!
//! Besides [HU01](crate::hu01), WIM archives, compressed files of NTFS and hibernation files consist
//! of such blocks. Each stands for itself, and neither its size nor the size of what is in it is part
//! of it.
//!
//! ```
//! use deltasync::xpress::{Decoder, Encoder, Level};
//!
//! # fn main() -> Result<(), deltasync::xpress::Error> {
//! let plain = b"all work and no play ".repeat(50);
//! let mut encoder = Encoder::new(Level::Best);
//! // `None` is for what does not get smaller, and is better stored as it is.
//! let block = encoder.encode(&plain)?.unwrap_or(&plain);
//! assert!(block.len() < 300);
//!
//! let mut output = vec![0; plain.len()];
//! Decoder::new().decode(block, &mut output)?;
//! assert_eq!(output, plain);
//! # Ok(()) }
//! ```
//!
//! # The format of a block
//!
//! The first 256 bytes are 512 code lengths of 4 bits. The codes are canonical and complete. The first
//! 256 symbols are bytes; each of the others stands for a range of distances and a length, and is
//! followed by the bits that tell the distance and, for a length above 17, by bytes that tell it. Bits
//! are read from 16-bit words, and these bytes lie between the words, at the place where a decoder
//! that reads one word ahead would find them.

mod decode;
mod encode;
mod error;

pub use self::{
    decode::Decoder,
    encode::{Encoder, Level},
    error::{Error, ErrorKind},
};

/// The most bytes that a block stands for.
pub const MAX_BLOCK: usize = 65_536;

/// The size of the code lengths that a block begins with.
const TABLE: usize = 256;

/// How many symbols there are.
const SYMBOLS: usize = 512;

/// The longest code, in bits.
const MAX_CODE: usize = 15;

/// The shortest match.
const MIN_MATCH: usize = 3;
