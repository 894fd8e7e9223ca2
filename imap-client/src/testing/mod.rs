//! An IMAP server for tests: in process, over real sockets, with faults on order.
//!
//! [`Server`] listens on 127.0.0.1, without TLS (and with STARTTLS) on one port and with TLS on
//! another, keeps mailboxes in memory, and speaks IMAP4rev1 (RFC 3501), IMAP4rev2 (RFC 9051) and
//! the extensions that a [`Profile`] names. Through a [`Store`] a test acts as a third party: it
//! delivers, flags, moves and expunges while clients are connected. A [`Fault`] cuts connections,
//! refuses, delays, garbles or edits at a chosen moment of a chosen command. The server counts
//! bytes and round trips and lists the commands it saw.
//!
//! It reads commands strictly: what the grammar forbids, and what the profile does not advertise,
//! is answered `BAD`. Its parser shares nothing with the client, so that a mistake in the one does
//! not hide the same mistake in the other; `tests/server_like_dovecot.rs` compares its answers
//! with those of a real server.
//!
//! ```
//! use std::io::{BufRead, BufReader, Write};
//! use std::net::TcpStream;
//!
//! use imap_client::testing::{Fault, Server};
//!
//! let server = Server::builder().allow_plaintext(true).start()?;
//! server.store().add("INBOX", "Subject: hello\r\n\r\nworld\r\n")?;
//! server.order(Fault::on("SELECT").nth(2).cut_after());
//!
//! let mut stream = TcpStream::connect(server.addr())?;
//! stream.write_all(b"a LOGIN alice alicepw\r\nb SELECT INBOX\r\nc LOGOUT\r\n")?;
//! let answers: Vec<String> = BufReader::new(stream).lines().collect::<Result<_, _>>()?;
//! assert!(answers.iter().any(|line| line == "* 1 EXISTS"));
//! assert_eq!(server.command_lines(), ["LOGIN alice ***", "SELECT INBOX", "LOGOUT"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What it does not do: ACL, METADATA, SORT, THREAD, BINARY, CATENATE and SEARCHRES.

mod account;
mod append;
mod auth;
mod date;
mod deflate;
mod fault;
mod fetch;
mod flags;
mod idle;
mod mailboxes;
mod message;
mod names;
mod notify;
mod parser;
mod profile;
mod reader;
mod search;
mod select;
mod server;
mod session;
mod set;
mod store;
mod structure;
mod transfer;
mod updates;

pub use fault::{Fault, Moment};
pub use profile::Profile;
pub use server::{Builder, SeenCommand, Server, Stats};
pub use store::{MailboxState, Message, NewMessage, Store, StoreError};
