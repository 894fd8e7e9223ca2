//! The in-process server, spoken to by hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod faults;
mod login;
mod manners;
mod talk;
mod transaction;
