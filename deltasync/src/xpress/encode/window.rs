//! The block that is being encoded, where positions are 16-bit numbers.

use crate::xpress::MAX_BLOCK;

/// What may be looked at behind the last byte.
const PADDING: usize = 512;

/// A copy of the block. Positions begin with 1, so that 0 can mean "none".
///
/// The array is longer than any position and a short length together, so most of what is read needs
/// no check.
pub(super) struct Window {
    bytes: [u8; 1 + MAX_BLOCK + PADDING],
    /// Behind the last byte.
    end: usize,
}

impl Window {
    pub(super) fn new() -> Self {
        Self {
            bytes: [0; 1 + MAX_BLOCK + PADDING],
            end: 1,
        }
    }

    /// Takes another block of at most [`MAX_BLOCK`] bytes.
    pub(super) fn fill(&mut self, block: &[u8]) {
        self.end = 1 + block.len();
        if let Some(place) = self.bytes.get_mut(1..self.end) {
            place.copy_from_slice(block);
        }
    }

    /// The position behind the last byte.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// The first position that has less than four bytes behind it; no match is looked for from here.
    pub(super) fn searched(&self) -> usize {
        self.end.saturating_sub(3)
    }

    /// The bytes from one position to another.
    #[inline(always)]
    pub(super) fn between(&self, from: usize, to: usize) -> &[u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// Four bytes as a number.
    #[inline(always)]
    pub(super) fn four(&self, at: usize) -> u32 {
        let four = self.bytes.get(at..).and_then(<[u8]>::first_chunk);
        four.map_or(0, |four| u32::from_le_bytes(*four))
    }

    /// Eight bytes as a number.
    #[inline(always)]
    pub(super) fn eight(&self, at: usize) -> u64 {
        let eight = self.bytes.get(at..).and_then(<[u8]>::first_chunk);
        eight.map_or(0, |eight| u64::from_le_bytes(*eight))
    }

    /// How many bytes at two positions are the same; the first `known` of them are known to be. At
    /// most `most`, which stays within the block from `at`, the later one.
    #[inline(always)]
    pub(super) fn common(&self, earlier: usize, at: usize, known: usize, most: usize) -> usize {
        let mut length = known;
        while length < most {
            let difference = self.eight(earlier + length) ^ self.eight(at + length);
            if difference != 0 {
                length += (difference.trailing_zeros() / 8) as usize;
                break;
            }
            length += 8;
        }
        length.min(most)
    }
}
