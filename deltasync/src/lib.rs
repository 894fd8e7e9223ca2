//! DeltaSync, the protocol that Hotmail and Windows Live Mail spoke, and what its mail is packed in.
//!
//! Microsoft switched the service off in 2016. What is left are archives and captures to be read, and
//! servers that people run to keep old programs alive.
//!
//! [`hu01`] reads and writes the container in which the service sent messages. [`xpress`] is the
//! compression inside it, LZ77 and Huffman codes, which Windows uses in other places, too: WIM
//! archives, compressed files of NTFS, hibernation files.
//!
//! ```
//! use std::io::Read;
//! use deltasync::hu01::{self, FileHeader, Level, Limits, Reader};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let message = "Subject: hello\r\n\r\n".repeat(100);
//! let stream = hu01::compress(message.as_bytes(), FileHeader::default(), Level::default())?;
//! assert!(stream.len() < message.len() / 4);
//!
//! let mut plain = String::new();
//! Reader::new(&stream[..], Limits::default()).read_to_string(&mut plain)?;
//! assert_eq!(plain, message);
//! # Ok(()) }
//! ```
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `std` (default) | [`hu01::Reader`] and [`hu01::Writer`], and a CRC that uses what the processor has |
//!
//! Without any, the crate is `no_std`, and needs an allocator and `crc32fast` alone.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "client")]
pub mod client;
pub mod hu01;
#[cfg(feature = "client")]
pub mod mapping;
#[cfg(feature = "source")]
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "client")]
pub mod wire;
pub mod xpress;
