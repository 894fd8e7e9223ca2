//! What test servers are made of, whatever their protocol is.
//!
//! An [`Identity`] lets them speak TLS, a [`line::Connection`] or [`http::serve`] is one connection that
//! counts its bytes and can be cut. What they say stays with the protocol's crate.

#[cfg(feature = "testing-http-server")]
pub mod http;
mod identity;
pub mod line;

pub use identity::Identity;
