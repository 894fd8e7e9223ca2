//! A POP3 server for tests: in process, over real sockets, with faults on order.
//!
//! [`Server`] listens on 127.0.0.1, without TLS (and with STLS) on one port and with TLS on another,
//! keeps maildrops in memory, and speaks POP3 (RFC 1939) and the extensions that a [`Profile`]
//! names: CAPA with RESP-CODES, LOGIN-DELAY, EXPIRE and PIPELINING (RFC 2449), STLS (RFC 2595), the
//! response codes of RFC 3206, AUTH (RFC 5034), UTF8 and LANG (RFC 6856). A maildrop is locked for
//! as long as a session is logged in, and what is marked as deleted is removed at QUIT and only
//! then.
//!
//! Through a [`Maildrop`] a test acts as the world around: it delivers, removes, renumbers, gives
//! new or odd unique ids, locks. A [`Fault`] cuts connections, refuses, delays, swallows or adds to
//! the answer of a chosen command. The server counts bytes and round trips and lists the commands it
//! saw.
//!
//! It reads commands strictly: what the RFCs forbid, and what the profile does not have, is answered
//! `-ERR`. What a client sends ahead to a server without PIPELINING is lost, as it is in the input
//! buffers of real ones. It shares no code with the client, so that a mistake in the one does not
//! hide the same mistake in the other; `tests/server_like_dovecot.rs` compares its answers with those
//! of a real server.
//!
//! ```
//! use std::io::{BufRead, BufReader, Write};
//! use std::net::TcpStream;
//!
//! use pop3::testing::{Fault, Server};
//!
//! let server = Server::builder().allow_plaintext(true).start()?;
//! server.maildrop().add("Subject: hello\r\n\r\nworld\r\n");
//! server.order(Fault::on("DELE").err("[SYS/TEMP] Try again"));
//!
//! let mut stream = TcpStream::connect(server.addr())?;
//! stream.write_all(b"USER alice\r\nPASS alicepw\r\nSTAT\r\nDELE 1\r\nQUIT\r\n")?;
//! let answers: Vec<String> = BufReader::new(stream).lines().collect::<Result<_, _>>()?;
//! assert_eq!(answers[3..5], ["+OK 1 25", "-ERR [SYS/TEMP] Try again"]);
//! assert_eq!(server.command_lines(), ["USER alice", "PASS ***", "STAT", "DELE 1", "QUIT"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What it does not do: SCRAM, Kerberos, and the downgrading of messages with UTF-8 headers
//! (RFC 6857), which it refuses instead where the profile says so.

mod auth;
mod fault;
mod maildrop;
mod profile;
mod server;
mod session;
mod transaction;

pub use fault::Fault;
pub use maildrop::{Lock, Maildrop, Message};
pub use profile::Profile;
pub use server::{Builder, SeenCommand, Server, Stats};
