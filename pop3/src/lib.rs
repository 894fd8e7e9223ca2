//! POP3 (RFC 1939) with the extensions that make it fast and safe.
//!
//! [`client`] is the session: it connects, logs in, and downloads with many commands in flight.
//! [`wire`] below it turns bytes into typed commands and replies without any I/O. `testing` (feature
//! `testing`) is an in-process server with faults that a test can order. `source` (feature `source`, on
//! by default) is a maildrop as one side of a synchronisation, so that several machines can share it.
//!
//! Downloading a mailbox:
//!
//! ```
//! use pop3::client::{Client, ConnectOptions, Part};
//! use sync_core::net::Credential;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = pop3::testing::Server::start()?;
//! # server.maildrop().add("Subject: hello\r\n\r\nworld\r\n");
//! # let tls = sync_core::net::Tls::new(&sync_core::net::TlsOptions {
//! #     ca_pem: Some(server.ca_pem().into()),
//! #     ..Default::default()
//! # })?;
//! let options = ConnectOptions::new("localhost", Credential::password("alice", "alicepw"));
//! # let options = options.port(server.tls_addr().port()).tls(tls);
//! let mut client = Client::connect(&options).await?;
//! let messages = client.list().await?;
//! let mut mail = Vec::new();
//! let mut transfer = client.retrieve(&messages);
//! while let Some(part) = transfer.next().await? {
//!     match part {
//!         Part::Begin { number } => println!("message {number} of {}", messages.len()),
//!         Part::Chunk(bytes) => mail.extend_from_slice(&bytes),
//!         Part::Failed { number, error } => eprintln!("message {number}: {error}"),
//!         _ => {}
//!     }
//! }
//! client.quit().await?;
//! # assert_eq!(mail, b"Subject: hello\r\n\r\nworld\r\n");
//! # Ok(()) }
//! ```
//!
//! [`Client::uidl`] names the messages from one session to the next, and [`Client::delete`] marks those that
//! [`Client::quit`] then removes.
//!
//! # Security
//!
//! TLS is the default, plain text has to be [asked for](client::Security), and what came before a STLS
//! handshake is thrown away. Credentials are [asked for](sync_core::net::CredentialSource) at every
//! connect, so that a refreshed token is used. The strongest offered way to log in is taken:
//! SCRAM-SHA-256-PLUS, SCRAM-SHA-1-PLUS, SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN, LOGIN, USER and PASS,
//! APOP; without TLS APOP goes before what shows the password. For a token it is OAUTHBEARER or XOAUTH2, for
//! a client certificate EXTERNAL.
//!
//! # Errors
//!
//! One [`Error`] with predicates: [`is_retryable`](Error::is_retryable), [`is_in_use`](Error::is_in_use),
//! [`retry_after`](Error::retry_after), [`is_authentication`](Error::is_authentication),
//! [`is_outcome_unknown`](Error::is_outcome_unknown). A refusal befalls one message, never the others.
//!
//! # Extensions
//!
//! All are negotiated at run time.
//!
//! | what | RFC | where |
//! | --- | --- | --- |
//! | APOP | 1939 | [`Client::connect`] |
//! | AUTH, SASL, initial responses | 5034 | [`Client::connect`] |
//! | CAPA, EXPIRE, IMPLEMENTATION, LOGIN-DELAY | 2449 | [`Client::capabilities`], [`wire::Capabilities`] |
//! | LANG | 6856 | [`Client::lang`], [`Client::languages`] |
//! | PIPELINING | 2449 | [`Client::retrieve`], [`Client::top`], [`Client::delete`], [`Client::listings`] |
//! | RESP-CODES, AUTH-RESP-CODE | 2449, 3206 | [`wire::Code`], [`Error::response_code`] |
//! | STLS, TLS | 2595, 8314 | [`Security`](client::Security) |
//! | TOP | 1939 | [`Client::top`] |
//! | UIDL | 1939 | [`Client::uidl`] |
//! | UTF8 | 6856 | [`ConnectOptions::utf8`](client::ConnectOptions::utf8) |

pub mod client;
#[cfg(feature = "source")]
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;

pub use client::{Client, Error, Result};
#[cfg(feature = "source")]
pub use source::{Pop3Config, Pop3Source};
