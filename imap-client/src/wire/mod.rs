//! Bytes <-> typed commands and responses.
//!
//! No I/O, no clock, no async, and total: every input gives a value or an
//! error. Two stages read a stream:
//!
//! 1. [`Framer`] cuts it into responses. Large body sections, and long lists
//!    of UIDs, come out in pieces as they arrive.
//! 2. [`Response::decode`] reads one complete response. FETCH data borrow from
//!    it; what is small and rare is owned.
//!
//! [`Command`] writes commands, as fragments between which the peer has to be
//! waited for where literals synchronise.
//!
//! ```
//! use imap_client::wire::{Command, EncodeOptions, Framer, Frame, Limits, Response};
//!
//! let mut framer = Framer::new(Limits::default());
//! framer.push(b"* 12 FETCH (UID 40 FLAGS (\\Seen $Forwarded))\r\n");
//! let Some(Frame::Response(raw)) = framer.next_frame()? else { panic!() };
//! let Response::Fetch(fetch) = Response::decode(raw) else { panic!() };
//! assert_eq!((fetch.seq, fetch.uid), (12, Some(40)));
//! assert!(fetch.flags.is_some_and(|flags| flags.has_keyword("$forwarded")));
//!
//! let bytes = Command::noop().encode("A1", &EncodeOptions::default())?.to_vec();
//! assert_eq!(bytes, b"A1 NOOP\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod command;
pub mod date;
pub mod error;
pub mod flag;
pub mod framer;
pub mod lex;
pub mod limits;
pub mod mailbox;
pub mod response;
pub mod set;
pub mod set_parser;
pub mod utf7;

pub use command::{Command, EncodeError, EncodeOptions, Encoded, Fragment, LiteralMode};
pub use date::{Date, DateTime};
pub use error::{DecodeError, DecodeErrorKind};
pub use flag::{Flags, SystemFlags};
pub use framer::{Frame, FrameError, Framer, RawResponse, StreamedLiteral};
pub use limits::Limits;
pub use mailbox::{MailboxName, NameEncoding};
pub use response::{Capabilities, Code, Fetch, LongLine, Response, StatusKind, StatusResponse};
pub use set::{SequenceSet, UidList, UidSet};
pub use set_parser::SetParser;
