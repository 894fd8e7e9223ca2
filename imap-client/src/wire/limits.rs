//! How much a peer may make us hold.

/// Bounds on what the framer and the decoder accept. Each is checked before
/// memory is set aside for what it bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one response that are held at once: its lines and the literals
    /// kept inline. Default 8 MiB.
    pub max_response: usize,
    /// A body-section literal of more than this many bytes is streamed instead
    /// of being kept inline. Default 64 KiB.
    pub stream_threshold: u64,
    /// Largest length a literal header may announce, streamed or not. Default
    /// 4 GiB - 1, the largest RFC 3501 `number`.
    pub max_literal: u64,
    /// A SEARCH, SORT, ESEARCH or VANISHED line that is incomplete after this
    /// many bytes is handed out in pieces. Default 16 KiB.
    pub long_line: usize,
    /// Ranges one set may hold (8 bytes each). Default 4 million.
    pub max_ranges: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_response: 8 << 20,
            stream_threshold: 64 << 10,
            max_literal: u64::from(u32::MAX),
            long_line: 16 << 10,
            max_ranges: 4_000_000,
        }
    }
}

/// Deepest nesting of parentheses inside one FETCH attribute or other list.
/// 50 nested multiparts need about 55.
pub const MAX_DEPTH: usize = 100;
