//! What test servers are made of, whatever their protocol is.
//!
//! A [`Host`] listens on [`Port`]s until it is dropped, and an [`Identity`] lets it speak TLS. A
//! [`line::Connection`] or `http::serve` is one connection that counts its bytes and can be cut. A [`Log`]
//! keeps what was seen, and [`Faults`] wait for what they strike. What servers say, and how they go wrong,
//! stays with the protocol's crate.

mod counter;
mod faults;
mod host;
#[cfg(feature = "testing-http-server")]
pub mod http;
mod identity;
pub mod line;
mod log;

pub use counter::Counter;
pub use faults::{Faults, Ordered, Turns};
pub use host::{Host, Port};
pub use identity::Identity;
pub use log::Log;
