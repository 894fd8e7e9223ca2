//! Whole runs of the program, between real servers and Maildirs: what it promises, as seen from
//! outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    // Shown when a test fails: the seed, and where it was.
    clippy::print_stdout
)]

mod bounds;
mod cuts;
mod deltasync;
mod eas;
mod kills;
mod lost;
mod merge;
mod pim;
mod plan;
mod pop3;
mod state;
mod support;
