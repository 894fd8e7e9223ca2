//! The source against the in-process server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod conformance;
mod dovecot;
mod engine;
mod listing;
mod support;
mod watch;
mod writing;
