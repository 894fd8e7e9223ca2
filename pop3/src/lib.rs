//! POP3 (RFC 1939) with its extensions.

pub mod client;
#[cfg(feature = "source")]
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;
