//! IMAP4rev1 (RFC 3501) and IMAP4rev2 (RFC 9051), with the extensions that make synchronisation fast.
//!
//! [`client`] is the session: it connects, logs in, and has one method a command, with several
//! commands in flight where that saves round trips. [`wire`] below it turns bytes into typed
//! commands and responses without any I/O. `testing` (feature `testing`) is an in-process server with
//! faults that a test can order.
//!
//! ```
//! use imap_client::client::{Client, ConnectOptions, FetchPart, Upload};
//! use imap_client::wire::command::{FetchItem, FetchModifiers, SearchKey, SelectOptions};
//! use imap_client::wire::{Flags, MailboxName, SystemFlags};
//! use sync_core::net::Credential;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = imap_client::testing::Server::start()?;
//! # let tls = sync_core::net::Tls::new(&sync_core::net::TlsOptions {
//! #     ca_pem: Some(server.ca_pem().into()),
//! #     ..Default::default()
//! # })?;
//! let options = ConnectOptions::new("localhost", Credential::password("alice", "alicepw"));
//! # let options = options.port(server.tls_addr().port()).tls(tls);
//! let mut client = Client::connect(&options).await?;
//!
//! let inbox = MailboxName::inbox();
//! client.append(&inbox, &mut [Upload::new(b"Subject: hello\r\n\r\nworld\r\n")]).await?;
//!
//! let selected = client.select(&inbox, SelectOptions::default()).await?;
//! println!("{} messages", selected.exists);
//! let unseen = client.uid_search(&SearchKey::Unseen).await?.uids;
//!
//! let items = [FetchItem::Uid, FetchItem::Flags, FetchItem::message()];
//! let mut fetch = client.uid_fetch(&unseen, &items, &FetchModifiers::default()).await?;
//! let mut seen = 0;
//! while let Some(part) = fetch.next().await? {
//!     match part {
//!         FetchPart::Message(message) => {
//!             let body = message.sections.full().and_then(|section| section.bytes());
//!             println!("{:?}: {:?} bytes", message.uid, body.map(<[u8]>::len));
//!             seen += 1;
//!         }
//!         // Sections above 64 KiB come in pieces, as they arrive.
//!         FetchPart::Chunk(bytes) => println!("{} bytes more", bytes.len()),
//!         _ => {}
//!     }
//! }
//! assert_eq!(seen, 1);
//!
//! use imap_client::wire::command::StoreAction;
//! let flags = Flags::from(SystemFlags::SEEN);
//! client.uid_store(&unseen, StoreAction::Add, &flags, true, None).await?;
//! while let Some(event) = client.next_event() {
//!     println!("the server says: {event:?}");
//! }
//! client.logout().await;
//! # Ok(()) }
//! ```
//!
//! # Security
//!
//! [`Security`](client::Security) is TLS from the first byte or by STARTTLS; a password goes over plain
//! text only where [`Security::AllowPlaintext`](client::Security) allows it. What came before a STARTTLS
//! handshake is thrown away. Credentials are
//! [asked for](sync_core::net::CredentialSource) at every connect, so that a refreshed token is used.
//! The strongest offered mechanism is taken: SCRAM-SHA-256-PLUS, SCRAM-SHA-1-PLUS, SCRAM-SHA-256,
//! SCRAM-SHA-1, CRAM-MD5, PLAIN, LOGIN, at last the LOGIN command; for a token OAUTHBEARER or XOAUTH2; for a
//! client certificate EXTERNAL.
//!
//! # Errors
//!
//! One [`Error`] with predicates: [`is_retryable`](Error::is_retryable),
//! [`retry_after`](Error::retry_after), [`is_authentication`](Error::is_authentication),
//! [`response_code`](Error::response_code). A line that cannot be decoded is an
//! [event](client::EventKind::Unparsed); the session goes on.
//!
//! # Extensions
//!
//! All are negotiated at run time. Where the server lacks one, the methods named here do without or
//! say [`Unsupported`](client::ErrorKind::Unsupported).
//!
//! | extension | RFC | where |
//! | --- | --- | --- |
//! | ACL | 4314 | [`Client::get_acl`], [`Client::my_rights`] |
//! | APPENDLIMIT | 7889 | [`Client::append`], [`Session::append_limit`](client::Session::append_limit) |
//! | BINARY | 3516 | [`FetchItem::Binary`](wire::command::FetchItem), [`AppendMessage::binary`](wire::command::AppendMessage) |
//! | COMPRESS=DEFLATE | 4978 | [`ConnectOptions::compress`](client::ConnectOptions), [`Client::compress`] |
//! | CONDSTORE, QRESYNC | 7162 | [`Client::select`], [`Client::uid_fetch`], [`Client::uid_store`] |
//! | CREATE-SPECIAL-USE, SPECIAL-USE | 6154 | [`Client::create`], [`Client::list`] |
//! | ENABLE | 5161 | [`Client::enable`] |
//! | ESEARCH, SEARCHRES, PARTIAL | 4731, 5182, 9394 | [`Client::uid_search`], [`Client::uid_search_return`] |
//! | ID | 2971 | [`Client::id`] |
//! | IDLE | 2177 | [`Client::idle`] |
//! | IMAP4rev2 | 9051 | [`Client::enable`] |
//! | LIST-EXTENDED, LIST-STATUS, LIST-MYRIGHTS | 5258, 5819, 8440 | [`Client::list`] |
//! | LITERAL+, LITERAL- | 7888 | every command |
//! | METADATA | 5464 | [`Client::get_metadata`], [`Client::set_metadata`] |
//! | MOVE | 6851 | [`Client::uid_move`] |
//! | MULTIAPPEND | 3502 | [`Client::append`] |
//! | NAMESPACE | 2342 | [`Client::namespace`] |
//! | NOTIFY | 5465 | [`Client::notify`] |
//! | OBJECTID | 8474 | [`FetchItem::EmailId`](wire::command::FetchItem), [`Selected::mailbox_id`](client::Selected) |
//! | PREVIEW, SAVEDATE | 8970, 8514 | [`FetchItem`](wire::command::FetchItem) |
//! | QUOTA | 9208 | [`Client::get_quota_root`] |
//! | SASL-IR | 4959 | [`Client::connect`] |
//! | SORT, THREAD | 5256 | [`Client::uid_sort`], [`Client::uid_thread`] |
//! | STARTTLS | 9051 | [`Security`](client::Security) |
//! | STATUS=SIZE | 8438 | [`Client::status`] |
//! | UIDPLUS | 4315 | [`Client::append`], [`Client::uid_copy`], [`Client::uid_expunge`] |
//! | UNSELECT | 3691 | [`Client::unselect`] |
//! | UTF8=ACCEPT | 6855 | [`Client::enable`] |
//! | X-GM-EXT-1 | Google's | [`FetchItem::GmailLabels`](wire::command::FetchItem), [`Command::store_gmail_labels`](wire::Command::store_gmail_labels) |
//!
//! Anything else goes by [`Client::raw`].

pub mod client;
#[cfg(feature = "source")]
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;

pub use client::{Client, Error, Result};
#[cfg(feature = "source")]
pub use source::{ImapConfig, ImapSource};
