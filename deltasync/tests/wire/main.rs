//! Requests and answers of DeltaSync against what is known of them.
#![cfg(feature = "source")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod answers;
mod fetch;
mod login;
mod requests;
