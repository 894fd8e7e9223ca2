//! WebDAV (RFC 4918), CalDAV (RFC 4791) and CardDAV (RFC 6352).

pub mod client;
#[cfg(feature = "source")]
pub mod source;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;
