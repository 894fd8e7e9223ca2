//! DeltaSync, the protocol that Hotmail and Windows Live Mail spoke, and what its mail is packed in.
//!
//! Microsoft switched the service off in 2016. What is left are archives and captures to be read, and
//! servers that people run to keep old programs alive.
//!
//! [`hu01`] reads and writes the container in which the service sent messages. [`xpress`] is the
//! compression inside it, LZ77 and Huffman codes, which Windows uses in other places, too: WIM
//! archives, compressed files of NTFS, hibernation files.
//!
//! [`client`] is the session with a server: it logs in, lists folders and messages, fetches, changes and
//! deletes them. [`wire`] below it turns bytes into typed requests and answers without any I/O. `source`
//! (feature `source`, on by default) is an account as one side of a synchronisation, and `testing`
//! (feature `testing`) a server with faults that a test can order.
//!
//! Reading the inbox of an account:
//!
//! ```
//! # #[cfg(feature = "testing")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use deltasync::client::{Client, ClientOptions};
//! use deltasync::wire::sync::{Class, CollectionRequest, ServerCommand};
//! use deltasync::wire::{ServerId, SyncKey};
//! use sync_core::net::{Credential, Tls, TlsOptions};
//!
//! # let server = deltasync::testing::Server::start()?;
//! # let account = server.account_of("alice@example.org").expect("the one user");
//! # let hello = deltasync::testing::Message::new("Subject: hello\r\n\r\nworld\r\n");
//! # account.add("ACTIVE", hello);
//! # let url = format!("https://localhost:{}/", server.tls_addr().port()).parse()?;
//! # let tls = Tls::new(&TlsOptions {
//! #     ca_pem: Some(server.ca_pem().into()),
//! #     ..TlsOptions::default()
//! # })?;
//! let login = Credential::password("alice@example.org", "alicepw");
//! let mut client = Client::new(ClientOptions::new(url, login, tls))?;
//! let inbox = ServerId::new("00000000-0000-0000-0000-000000000001");
//! let mut request = CollectionRequest::new(Class::Email, Some(inbox), SyncKey::initial());
//! request.get_changes = true;
//! let (_key, answer) = client.sync_one(request).await?;
//! for command in answer.commands {
//!     if let ServerCommand::Message(message) = command {
//!         let mut content = Vec::new();
//!         client.fetch(&message.id, &mut content).await?;
//!         println!("{} bytes from {:?}", content.len(), message.from);
//! #       assert_eq!(content, b"Subject: hello\r\n\r\nworld\r\n");
//!     }
//! }
//! # Ok(()) }
//! # #[cfg(not(feature = "testing"))]
//! # fn main() {}
//! ```
//!
//! Unpacking a message that was saved as HU01:
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
//! # What is spoken, and how sure it is
//!
//! No specification was ever published. What is known of the protocol has three grounds: clients that
//! worked with the service, clean-room notes about one that spoke to it, and inference from its schema.
//!
//! | what | where | known from |
//! | --- | --- | --- |
//! | login by RST2, redirects, faults | [`wire::rst2`], [`client::Client::log_in`] | clients |
//! | folders, messages, changes, deletion | [`wire::sync`], [`client::Client::sync`] | clients |
//! | fetching, MTOM, HU01 | [`wire::mtom`], [`client::Client::fetch`] | clients, a capture, real streams |
//! | marking as read or replied to | [`wire::sync::MessageChange`] | notes |
//! | uploading, making and renaming folders | [`wire::sync::NewMessage`], [`wire::sync::NewFolder`] | notes |
//! | sending | [`wire::send`], [`client::Client::send`] | notes; its path is inferred |
//! | settings | [`wire::settings`], [`client::Client::settings`] | notes; its path from a client |
//! | flagging and moving messages | [`wire::sync::MessageChange`] | inferred |
//! | statuses | [`wire::Status`], [`wire::Action`] | clients and notes |
//!
//! Calendars, contacts, tasks and notes have no class in any source, and Stateless, whose schema alone is
//! known, is left out.
//!
//! # Security
//!
//! Plain HTTP has to be [allowed](client::ClientOptions::allow_plaintext), and no redirect leads from TLS
//! to a place without it. The ticket is the query of every request: it reaches neither errors nor logs.
//! Documents with a type are refused, and all have [limits](wire::limits).
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `source` (default) | [`source`], and with it all below but `testing` |
//! | `client` | [`wire`], [`client`] and [`mapping`] |
//! | `testing` | `testing` |
//! | `std` | [`hu01::Reader`] and [`hu01::Writer`], and a CRC that uses what the processor has |
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

#[cfg(feature = "client")]
pub use client::{Client, Error, Result};
#[cfg(feature = "source")]
pub use source::{DeltaSyncConfig, DeltaSyncSource};
