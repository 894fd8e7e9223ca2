//! The source of DeltaSync, against the in-process server.
#![cfg(feature = "source")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod conformance;
mod recovery;

mod support;
