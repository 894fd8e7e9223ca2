//! The source against the in-process server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod collections;
mod conformance;
mod engine;
mod listing;
mod quirks;
mod real;
mod scheduling;
mod support;
mod writing;
