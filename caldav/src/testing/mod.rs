//! A CalDAV and CardDAV server for tests: in process, over real sockets, with faults on order.
//!
//! [`Server`] listens on 127.0.0.1, without TLS on one port and with TLS on another, and keeps
//! calendars and address books in memory. It speaks WebDAV (RFC 4918), access control's privileges
//! (RFC 3744), CalDAV (RFC 4791), extended MKCOL (RFC 5689), CardDAV (RFC 6352), sync-collection
//! (RFC 6578), and mails attendees as RFC 6638 asks, into a list. A [`Profile`] gives it the
//! manners of servers in the wild, one [`Quirk`] at a time. Through a [`Store`] a test acts as a
//! third party that edits, deletes and breaks items. A [`Fault`] cuts, refuses, delays or garbles a
//! chosen request. The server counts bytes, connections and requests, and lists what it saw.
//!
//! It shares nothing with the client, so that a mistake in the one does not hide the same mistake
//! in the other; its answers are shaped after those of Radicale, SOGo and Cyrus.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//!
//! use caldav::testing::{Fault, Server};
//!
//! let server = Server::start()?;
//! server.store().create("calendars/work");
//! server.order(Fault::on("REPORT").nth(2).cut_after());
//!
//! let mut stream = TcpStream::connect(server.addr())?;
//! stream.write_all(
//!     b"OPTIONS /dav/calendars/alice/work/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
//!       Authorization: Basic YWxpY2U6YWxpY2Vwdw==\r\n\r\n",
//! )?;
//! let mut answer = String::new();
//! stream.read_to_string(&mut answer)?;
//! assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("calendar-access"));
//! assert_eq!(server.request_lines(), ["OPTIONS /dav/calendars/alice/work/"]);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! What it does not do: locks, COPY, free-busy, managed attachments, sharing, time zones in
//! queries, nested collections.

mod account;
mod auth;
mod content;
mod exchange;
mod fault;
mod message;
mod place;
mod profile;
mod properties;
mod propfind;
mod query;
mod report;
mod resource;
mod scheduling;
mod server;
mod store;
mod xml;

pub use fault::{Fault, Moment};
pub use profile::{Auth, Layout, Profile, Quirk};
pub use scheduling::Mail;
pub use server::{Builder, SeenRequest, Server, Stats};
pub use store::Store;
