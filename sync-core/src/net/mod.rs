//! What the protocol crates share: TLS, SASL, credentials, compression, backoff.
//!
//! * [`Connector`] makes a [`Stream`] over TCP, with TLS from the start or by a later
//!   [upgrade](Stream::upgrade).
//! * [`CredentialSource`] is asked at every connect, so that a refreshed OAuth token is used.
//! * [`sasl`] holds the mechanisms as state machines without I/O.
//! * [`dns`] finds the servers of a domain by SRV and TXT records.
//! * [`Deflate`] is RFC 4978's compression layer.
//! * [`Backoff`] says how long to wait before the next try.

mod backoff;
mod credential;
mod deflate;
mod der;
pub mod dns;
mod excerpt;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "oauth")]
mod oauth;
pub mod sasl;
mod secret;
mod stream;
mod tls;

pub use backoff::Backoff;
pub use credential::{CommandCredentials, Credential, CredentialFn, CredentialSource, run_command};
pub use deflate::Deflate;
pub use excerpt::excerpt;
#[cfg(feature = "oauth")]
pub use oauth::{OAuth2, OAuth2Credentials};
pub use secret::Secret;
pub use stream::{Connector, Io, Stream};
pub use tls::{ChannelBinding, Tls, TlsOptions};
