//! What a block is parsed into.

use alloc::vec::Vec;

use super::chains::Match;
use crate::xpress::{MIN_MATCH, SYMBOLS, TABLE};

/// Ends a block where no bytes are to come; else it is a match like others.
pub(super) const END: usize = 256;

/// The longest match that its symbol tells alone.
pub(super) const SHORT_MATCH: usize = MIN_MATCH + 14;

/// The longest match that needs one byte more.
const LONG_MATCH: usize = MIN_MATCH + 15 + 254;

/// Literals, and a match behind them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) literals: u32,
    /// 0 for no match, at the end.
    pub(super) length: u16,
    pub(super) distance: u16,
}

impl Token {
    /// The symbol of the match.
    #[inline(always)]
    pub(super) fn symbol(self) -> usize {
        let length = usize::from(self.length).saturating_sub(MIN_MATCH).min(15);
        256 | (self.distance_bits() as usize) << 4 | length
    }

    /// How many bits of the distance follow.
    #[inline(always)]
    pub(super) fn distance_bits(self) -> u32 {
        self.distance.checked_ilog2().unwrap_or(0)
    }
}

/// How many bytes tell a match's length, behind its symbol.
#[inline(always)]
pub(super) fn length_bytes(length: usize) -> usize {
    if length <= SHORT_MATCH {
        0
    } else if length <= LONG_MATCH {
        1
    } else {
        3
    }
}

/// A block in tokens, and how often each symbol occurs in them.
pub(super) struct Tokens {
    list: Vec<Token>,
    counts: [u32; SYMBOLS],
    /// The bits of all distances.
    distance_bits: usize,
    /// The bytes of all long lengths.
    length_bytes: usize,
    /// Literals that do not belong to a token yet.
    literals: u32,
}

impl Tokens {
    pub(super) fn new() -> Self {
        Self {
            list: Vec::new(),
            counts: [0; SYMBOLS],
            distance_bits: 0,
            length_bytes: 0,
            literals: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.counts.fill(0);
        self.distance_bits = 0;
        self.length_bytes = 0;
        self.literals = 0;
    }

    #[inline(always)]
    pub(super) fn literals(&mut self, bytes: &[u8]) {
        self.literals += bytes.len() as u32;
        for &byte in bytes {
            self.count(byte.into());
        }
    }

    #[inline(always)]
    pub(super) fn copy(&mut self, found: Match) {
        let token = Token {
            literals: self.literals,
            length: found.length as u16,
            distance: found.distance as u16,
        };
        self.literals = 0;
        self.count(token.symbol());
        self.distance_bits += token.distance_bits() as usize;
        self.length_bytes += length_bytes(found.length);
        self.list.push(token);
    }

    /// Ends the block.
    pub(super) fn finish(&mut self) {
        self.list.push(Token {
            literals: self.literals,
            length: 0,
            distance: 0,
        });
        self.literals = 0;
        self.count(END);
    }

    #[inline(always)]
    fn count(&mut self, symbol: usize) {
        if let Some(count) = self.counts.get_mut(symbol) {
            *count += 1;
        }
    }

    pub(super) fn list(&self) -> &[Token] {
        &self.list
    }

    pub(super) fn counts(&self) -> &[u32; SYMBOLS] {
        &self.counts
    }

    /// The size of the block with codes of these lengths, in bytes.
    pub(super) fn size(&self, lengths: &[u8; SYMBOLS]) -> usize {
        let pairs = self.counts.iter().zip(lengths);
        let symbols: usize = pairs
            .map(|(&count, &length)| count as usize * usize::from(length))
            .sum();
        // One word more than there are bits for, since decoders read ahead.
        let words = (symbols + self.distance_bits).div_ceil(16) + 1;
        TABLE + words * 2 + self.length_bytes
    }
}
