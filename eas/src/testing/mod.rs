//! An Exchange ActiveSync server for tests: in process, over real sockets, with faults on order.
//!
//! [`Server`] listens on 127.0.0.1, without TLS on one port and with TLS on another, and keeps mail,
//! calendars, contacts, tasks and notes in memory. It speaks versions 12.1 to 16.1 as [MS-ASCMD] and
//! its companions describe them, with the care for keys, orders and statuses that Exchange has: the last
//! key of a folder and the one before it are good, so that a request whose answer was lost can be sent
//! again. A [`Profile`] gives it the manners of servers in the wild. Through a [`Store`] a test acts as a
//! third party that adds, edits and deletes, changes the policy or orders a wipe. A [`Fault`] cuts,
//! refuses, delays or garbles a chosen request. The server counts bytes, connections and requests, and
//! lists what it saw.
//!
//! It shares nothing with the client but WBXML itself, whose tables are checked against Microsoft's, so
//! that a mistake in the one does not hide the same mistake in the other.
//!
//! ```
//! use eas::testing::{Element, Fault, Server};
//! use eas::wire::wbxml::pages::Calendar;
//!
//! let server = Server::start()?;
//! let id = server.store().add("Calendar", [
//!     Element::text(Calendar::StartTime, "20261201T090000Z"),
//!     Element::text(Calendar::EndTime, "20261201T100000Z"),
//!     Element::text(Calendar::Subject, "Tea"),
//! ]);
//! assert!(id.is_some());
//! // The next Sync is carried out, but its answer never arrives.
//! server.order(Fault::on("Sync").cut_after());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! What it does not do: versions below 12.1, conversations, rights management, document libraries, SMS,
//! certificates beyond an answer that there are none, RTF.

mod account;
mod autodiscover;
mod call;
mod carry_out;
mod clock;
mod commands;
mod compose;
mod element;
mod exchange;
mod fault;
mod filter;
mod folders;
mod invitation;
mod item;
mod keys;
mod mail;
mod meeting;
mod mime;
mod operations;
mod options;
mod ping;
mod profile;
mod provision;
mod query;
mod render;
mod rules;
mod search;
mod server;
mod settings;
mod store;
mod sync;
mod write;

pub use account::{Sent, Wipe};
pub use element::Element;
pub use fault::{Fault, Moment};
pub use item::{Attachment, Body, Item};
pub use profile::{Profile, Quirk};
pub use server::{Builder, SeenRequest, Server, Stats};
pub use store::Store;
