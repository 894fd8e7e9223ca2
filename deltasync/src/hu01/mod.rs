//! HU01, the container of compressed messages.
//!
//! The service sent a message as one such stream when a client asked for `hm-compressed` data. It is
//! a header with the size of the message and blocks of 64 KiB, each compressed on its own as
//! [XPRESS Huffman](crate::xpress) or stored, with a CRC.
//!
//! Reading a stream from a file, or from wherever it comes:
//!
//! ```no_run
//! use std::{fs::File, io};
//! use deltasync::hu01::{Limits, Reader};
//!
//! # fn main() -> io::Result<()> {
//! let mut message = Reader::new(File::open("message.hu01")?, Limits::default());
//! io::copy(&mut message, &mut io::stdout())?;
//! # Ok(()) }
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | read a stream | [`Reader`], or [`decompress`] for one in memory |
//! | write one | [`Writer`], or [`compress`] |
//! | read as bytes arrive, without I/O | [`Decoder`] |
//! | write block by block, without I/O | [`FileHeader::to_bytes`] and [`Encoder`] |
//!
//! All of them hold one block at a time. No size in a stream is trusted: [`Limits`] are looked at
//! first, and memory is taken for what is there. An [`Error`] says at which byte a stream is wrong.
//!
//! # Format
//!
//! Numbers are little-endian. Microsoft never published the container; this is what real streams and
//! other decoders agree on.
//!
//! | offset | bytes | file header |
//! | --- | --- | --- |
//! | 0 | 4 | `HU01`: the algorithm and the version |
//! | 4 | 4 | size of this header, at least 36, always 40 in real streams |
//! | 8 | 16 | a GUID of the message |
//! | 24 | 8 | the user's PUID |
//! | 32 | 4 | size of the whole message, not 0 |
//! | 36 | | unknown, not looked at |
//!
//! | offset | bytes | block header |
//! | --- | --- | --- |
//! | 0 | 4 | `SCBH` |
//! | 4 | 4 | size of this header, at least 20 |
//! | 8 | 4 | size of the block, at most 65,536 |
//! | 12 | 4 | CRC-32 of the block, as in zlib; 0 if there is none |
//! | 16 | 4 | size of what follows; the same as the block's if it is stored |
//!
//! The stream ends when all of the message is there. Other bytes may follow, and are ignored; another
//! block may not, since then the header must be wrong.
//!
//! The algorithm may be `UN`, for streams that are not compressed. None is known to exist, nor what it
//! would look like, so there is an error for it.

mod decoder;
mod encoder;
mod error;
mod header;
#[cfg(feature = "std")]
mod read;
#[cfg(feature = "std")]
mod write;

pub use self::{
    decoder::{Decoder, Event, Limits, decompress},
    encoder::{Encoder, compress},
    error::{Error, ErrorKind},
    header::{BlockHeader, FileHeader, InvalidMessageId, MessageId},
};
#[cfg(feature = "std")]
pub use self::{read::Reader, write::Writer};
pub use crate::xpress::Level;

/// The most bytes of a message that one block holds.
pub const MAX_BLOCK: usize = crate::xpress::MAX_BLOCK;
