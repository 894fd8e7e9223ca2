//! A DeltaSync server for tests: in process, over real sockets, with faults on order.
//!
//! [`Server`] listens on 127.0.0.1 and keeps mailboxes in memory. It has a front door that gives out
//! tickets (`RST2.srf`) and sends clients on to another port, as the service did to the mailbox's host,
//! and speaks Sync, ItemOperations, Send and Settings, as far as they are known. Where samples of the
//! service exist it answers as they do, byte by byte; where nothing is known it does what seems likely,
//! and a [`Profile`] says what else it might do.
//!
//! Through an [`Account`] a test acts as the world around: it delivers, changes, moves, removes, and
//! makes keys and tickets void. A [`Fault`] cuts connections, loses answers, or answers with a status.
//!
//! It takes requests strictly: white space between elements, unknown types and missing elements are
//! refused. It shares no code with the client, but for HU01.
//!
//! ```
//! use deltasync::testing::{Fault, Message, Server};
//!
//! let server = Server::start()?;
//! let account = server.account_of("alice@example.org").expect("the one user");
//! account.add("ACTIVE", Message::new("Subject: hello\r\n\r\nworld\r\n"));
//! server.order(Fault::on("Sync Email").status(4104));
//! assert_eq!(account.messages("ACTIVE").len(), 1);
//! # Ok::<(), std::io::Error>(())
//! ```

mod account;
mod fault;
mod http;
mod items;
mod login;
mod server;
mod sync;
mod time;
mod xml;

pub use account::{Account, Message};
pub use fault::Fault;
pub use server::{Builder, Profile, Server};
