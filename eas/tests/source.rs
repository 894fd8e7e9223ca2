//! The source against a server that answers what a test says: the bytes that it sends, and what it
//! makes of every answer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "source/calendar.rs"]
mod calendar;
#[path = "source/conformance.rs"]
mod conformance;
#[path = "source/faults.rs"]
mod faults;
#[path = "source/listing.rs"]
mod listing;
#[path = "support/postman.rs"]
mod postman;
#[path = "source/sending.rs"]
mod sending;
#[path = "source/server.rs"]
mod server;
#[path = "source/waiting.rs"]
mod waiting;
#[path = "source/writing.rs"]
mod writing;
