//! How much a peer may make us hold.

/// Bounds on what the [`Framer`](super::Framer) accepts. Each is checked before memory is set aside for
/// what it bounds. The text of a message has no bound: it is handed on as it arrives, and a line in
/// it may be of any length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one status line or one line of a listing, without its end. Default 16 KiB; SASL
    /// challenges need 12,288 (RFC 5034 section 4).
    pub max_line: usize,
    /// Lines of one listing. Default 1 million.
    pub max_entries: usize,
    /// Bytes of one listing. Default 64 MiB.
    pub max_listing: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_line: 16 << 10,
            max_entries: 1_000_000,
            max_listing: 64 << 20,
        }
    }
}
