//! Bytes to typed commands and responses and back; no I/O, no clock.
//!
//! [`wbxml`] is the encoding, [`command`] has one file a command, [`class`] what items are made of,
//! [`http`] the request line and the headers around a body.

pub mod class;
pub mod command;
mod date;
pub mod http;
mod status;
mod version;
pub mod wbxml;

pub use date::DateTime;
pub use status::{Action, Status};
pub use version::Version;
