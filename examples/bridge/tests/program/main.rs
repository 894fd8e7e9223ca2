//! The program as people and other programs call it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod cli;
mod conflicts;
mod imap;
mod maildir;
mod place;
mod pop3;
