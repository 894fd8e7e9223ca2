//! Equality, merge and conversion of contents.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod cards;
mod components;
mod equality;
mod lists;
mod properties;
mod schedule;
mod support;
mod values;
mod versions;
