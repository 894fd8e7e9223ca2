//! The test server by itself, asked in plain HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod discovery;
mod faults;
mod reports;
mod support;
mod writing;
