//! IMAP4rev1 and IMAP4rev2.

pub mod client;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;

pub use client::{Client, Error, Result};
