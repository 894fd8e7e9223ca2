//! The client against servers that answer from a script.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod changes;
mod collections;
mod discovery;
mod logins;
mod objects;
mod real;
mod support;
