//! How much of an answer is taken at most. They hold whatever the server says of itself.

/// Bytes of one XML document.
pub const DOCUMENT: usize = 16 << 20;

/// Elements in each other.
pub const DEPTH: usize = 32;

/// Elements of one document.
pub const ELEMENTS: usize = 200_000;

/// Bytes of the headers of a MIME entity or of one of its parts.
pub const HEADER: usize = 16 << 10;

/// Bytes of the XML part of an answer to a Fetch.
pub const FETCH_DOCUMENT: usize = 256 << 10;

/// Changes and deletions in one request. 64 deletions were seen to work and 160 to fail; where the
/// limit is nobody knows.
pub const COMMANDS: usize = 64;

/// Commands that are asked for at once (`WindowSize`), as other clients did.
pub const WINDOW: u32 = 256;
