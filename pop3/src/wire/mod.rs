//! Bytes <-> typed commands and replies.
//!
//! No I/O, no clock, no async, and total: every input gives a value or an error. [`Command`] writes
//! requests; [`Framer`] takes what the server sends, in pieces of any size, and gives status lines
//! for [`Reply::decode`], the lines of listings, or the text of a message as slices of the input.
//!
//! A POP3 response does not say of itself whether more lines follow: who asked knows
//! ([`Command::is_multi_line`]). So the framer is pulled: a line, then perhaps a text.
//!
//! ```
//! use bytes::Bytes;
//! use pop3::wire::{Framer, Limits, Reply, Text};
//!
//! let mut framer = Framer::new(Limits::default());
//! framer.push(Bytes::from_static(b"+OK 26 octets\r\nSubject: hi\r\n\r\n..dot\r\n.\r\n"));
//! assert!(matches!(Reply::decode(framer.line()?.unwrap())?, Reply::Ok(_)));
//! let mut message = Vec::new();
//! while let Some(Text::Chunk(bytes)) = framer.text() {
//!     message.extend_from_slice(&bytes);
//! }
//! assert_eq!(message, b"Subject: hi\r\n\r\n.dot\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod capability;
mod command;
mod error;
mod framer;
mod limits;
mod listing;
mod reply;

pub use capability::{Capabilities, Expire, LoginDelay, Utf8};
pub use command::{Command, MAX_COMMAND_LINE};
pub use error::{DecodeError, EncodeError, FrameError};
pub use framer::{Framer, Text, TextLine};
pub use limits::Limits;
pub use listing::{Language, ListEntry, Stat, UidlEntry};
pub use reply::{Code, Reply, Status};
