//! IMAP4rev1 and IMAP4rev2.

pub mod wire;
