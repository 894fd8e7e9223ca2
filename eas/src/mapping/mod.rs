//! ActiveSync's items to and from RFC 5322, iCalendar (RFC 5545) and vCard (RFC 6350); pure.
//!
//! What is read from a server is printed as a document of its own; the engine takes from it only
//! what changed since the server was last read, so what ActiveSync cannot hold stays where it is.
//! Each module lists that.

pub mod contact;
mod content;
pub mod event;
pub mod note;
mod recurrence;
pub mod task;
pub mod time_zone;

use std::fmt;

/// What a mapping must know of the account.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// The version that is spoken.
    pub version: crate::wire::Version,
    /// The IANA zone of the person, for appointments that are told without one.
    pub zone: Option<&'a str>,
    /// The person's own addresses, to tell meetings of one's own from others'.
    pub addresses: &'a [String],
}

/// Something that ActiveSync has no way to say, with the reason for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmappable(String);

impl Unmappable {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Unmappable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unmappable {}
