//! IMAP4rev1 and IMAP4rev2.

#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;
