//! Why bytes could not be read or written.

use std::fmt;

/// A peer sends more than the [`Limits`](super::Limits) allow. The stream cannot be read any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameError {
    /// A line is longer than [`max_line`](super::Limits::max_line).
    LineTooLong,
    /// A listing is longer than [`max_entries`](super::Limits::max_entries) or
    /// [`max_listing`](super::Limits::max_listing).
    ListingTooLong,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineTooLong => "a line is longer than the limit",
            Self::ListingTooLong => "a listing is longer than the limit",
        })
    }
}

impl std::error::Error for FrameError {}

/// A line is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeError {
    /// Neither `+OK` nor `-ERR` nor `+`.
    Status,
    /// No message number, or one that is zero or too large.
    Number,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status => "neither +OK nor -ERR",
            Self::Number => "no number where one should be",
        })
    }
}

impl std::error::Error for DecodeError {}

/// An argument cannot be a part of a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodeError {
    /// It has a CR, LF or NUL in it.
    ControlCharacter,
    /// It is empty, or has a space where only the last argument may have one.
    Space,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ControlCharacter => "a line end or NUL in an argument",
            Self::Space => "an argument is empty or has a space in it",
        })
    }
}

impl std::error::Error for EncodeError {}
