//! Real servers on loopback, for tests.
//!
//! [`Dovecot`] starts a server of its own in a scratch folder, waits until it answers, hands out
//! ports, users and the CA, and ends it when dropped: also after a panic, and also when the test
//! runner is killed with SIGKILL, since a supervising shell sees the end of its pipe.
//!
//! [`Radicale`] and [`Sogo`] do the same for calendars and address books; [`Sogo`] also shows them,
//! and mail, over ActiveSync and IMAP, and catches every mail that it sends. [`dav::Session`] fills
//! and reads them.
//!
//! [`Proxy`] stands between a client and a server and cuts, swallows, delays and counts.
//! [`mail::Generator`] makes mail from a seed, odd cases included. [`imap::Session`] is a plain
//! IMAP connection to fill mailboxes with and to look at them, independent of the client that is
//! being tested.
//!
//! Everything is synchronous and built on `std`, so it can be used from any test.
//!
//! ```no_run
//! use testbed::{Dovecot, mail::Generator};
//!
//! # fn main() -> testbed::Result<()> {
//! let server = Dovecot::start()?;
//! let mail: Vec<_> = Generator::new(1).take(100).collect();
//! server.append("alice", "INBOX", &mail)?;
//! assert_eq!(server.count("alice", "INBOX")?, 100);
//! println!("imap://alice:alicepw@localhost:{}", server.imap_port);
//! # Ok(())
//! # }
//! ```
//!
//! The binary of this package runs the tests that need these servers: `cargo testbed test`.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

mod certificates;
pub mod dav;
mod dovecot;
mod error;
pub mod imap;
mod libwbxml;
mod libwim;
pub mod mail;
mod maildir;
mod ports;
mod proxy;
mod radicale;
mod random;
mod smtp;
mod sogo;
mod supervisor;
mod token;
mod users;
mod worker;

pub use dovecot::{Builder, Dovecot, FlagChange, Stored, USERS};
pub use error::{Error, Result};
pub use libwbxml::{Libwbxml, Parsed};
pub use libwim::Libwim;
pub use proxy::{Counts, Direction, Fault, Proxy};
pub use radicale::Radicale;
pub use random::Random;
pub use smtp::Mail;
pub use sogo::Sogo;
pub use worker::Outcome;
