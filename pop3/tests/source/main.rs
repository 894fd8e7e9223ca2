//! The source against the in-process server, and against Dovecot.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod conformance;
mod deleting;
mod dovecot;
mod engine;
mod fetching;
mod listing;
mod naming;
mod session;
mod support;
