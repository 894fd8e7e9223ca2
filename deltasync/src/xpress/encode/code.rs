//! The prefix code of at most 15 bits for some counts of symbols (\[MS-XCA\] 2.1.4.2).

use crate::xpress::{MAX_CODE, SYMBOLS};

/// A code: for every symbol its bits and how many they are; none for one that does not occur.
pub(super) struct Code {
    lengths: [u8; SYMBOLS],
    /// The bits in the low half, how many they are in the high half.
    codes: [u32; SYMBOLS],
}

impl Code {
    /// The code for these counts, at least two of which are not 0.
    pub(super) fn new(counts: &[u32; SYMBOLS]) -> Self {
        // Each with its symbol in the low bits, so that sorting needs to look at one number.
        let mut leaves = [0_u64; SYMBOLS];
        let mut used = 0;
        for (symbol, &count) in (0_u64..).zip(counts) {
            if count != 0
                && let Some(leaf) = leaves.get_mut(used)
            {
                *leaf = u64::from(count) << 16 | symbol;
                used += 1;
            }
        }
        let leaves = leaves.get_mut(..used).unwrap_or_default();
        leaves.sort_unstable();
        let by_length = limit(depths(leaves));

        let mut lengths = [0; SYMBOLS];
        let mut rarest_first = leaves.iter();
        for (length, &number) in by_length.iter().enumerate().rev() {
            for leaf in rarest_first.by_ref().take(number) {
                if let Some(place) = lengths.get_mut((leaf & 0xffff) as usize) {
                    *place = length as u8;
                }
            }
        }
        Self {
            lengths,
            codes: canonical(&lengths, &by_length),
        }
    }

    /// The lengths of the codes; 0 for symbols without one.
    pub(super) fn lengths(&self) -> &[u8; SYMBOLS] {
        &self.lengths
    }

    /// A symbol's code and its length.
    #[inline(always)]
    pub(super) fn of(&self, symbol: usize) -> (u32, u32) {
        let code = self.codes.get(symbol).copied().unwrap_or(0);
        (code & 0xffff, code >> 16)
    }
}

/// How many leaves of Huffman's tree are how deep. The leaves are sorted by their counts.
fn depths(leaves: &[u64]) -> [usize; 64] {
    // Nodes come into being in the order of their counts, so the least two of all that have no
    // parent are at the front of the leaves or of the nodes.
    let mut nodes = [0_u64; SYMBOLS];
    let mut parents = [0_u16; SYMBOLS];
    let (mut leaf, mut node) = (0, 0);
    let inner = leaves.len().saturating_sub(1);
    let mut depth_of_leaves = [0_u16; SYMBOLS];
    for made in 0..inner {
        let mut count = 0;
        for _ in 0..2 {
            let next_leaf = leaves.get(leaf).map(|leaf| leaf >> 16);
            let next_node = nodes.get(node).copied().filter(|_| node < made);
            match (next_leaf, next_node) {
                (Some(a), b) if b.is_none_or(|b| a <= b) => {
                    count += a;
                    if let Some(parent) = depth_of_leaves.get_mut(leaf) {
                        *parent = made as u16;
                    }
                    leaf += 1;
                }
                (_, b) => {
                    count += b.unwrap_or(0);
                    if let Some(parent) = parents.get_mut(node) {
                        *parent = made as u16;
                    }
                    node += 1;
                }
            }
        }
        if let Some(place) = nodes.get_mut(made) {
            *place = count;
        }
    }
    // From the root down: a node is one deeper than its parent, which came into being later.
    let mut depths = [0_u8; SYMBOLS];
    for made in (0..inner.saturating_sub(1)).rev() {
        let parent = parents.get(made).copied().unwrap_or(0);
        let above = depths.get(usize::from(parent)).copied().unwrap_or(0);
        if let Some(depth) = depths.get_mut(made) {
            *depth = above + 1;
        }
    }
    let mut numbers = [0; 64];
    for parent in depth_of_leaves.iter().take(leaves.len()) {
        let depth = depths.get(usize::from(*parent)).copied().unwrap_or(0) + 1;
        if let Some(number) = numbers.get_mut(usize::from(depth)) {
            *number += 1;
        }
    }
    numbers
}

/// Makes all codes as short as they have to be, with the least loss.
fn limit(mut numbers: [usize; 64]) -> [usize; MAX_CODE + 1] {
    // The lowest pair of siblings goes: one of them takes the place of their parent, the other one
    // and a leaf further up become siblings in that leaf's place.
    for depth in (MAX_CODE + 1..64).rev() {
        while numbers.get(depth).is_some_and(|&number| number > 0) {
            let free = (1..depth - 1)
                .rev()
                .find(|&free| numbers.get(free).is_some_and(|&number| number > 0));
            let Some(free) = free else { break };
            for (at, change) in [(depth, -2), (depth - 1, 1), (free, -1), (free + 1, 2)] {
                if let Some(number) = numbers.get_mut(at) {
                    *number = number.saturating_add_signed(change);
                }
            }
        }
    }
    let mut limited = [0; MAX_CODE + 1];
    limited.copy_from_slice(numbers.get(..=MAX_CODE).unwrap_or(&[0; MAX_CODE + 1]));
    limited
}

/// The codes in the order of their lengths, then of the symbols.
fn canonical(lengths: &[u8; SYMBOLS], by_length: &[usize; MAX_CODE + 1]) -> [u32; SYMBOLS] {
    let mut next = [0_u32; MAX_CODE + 1];
    let mut code = 0;
    for (place, number) in next.iter_mut().zip(by_length) {
        code <<= 1;
        *place = code as u32;
        code += number;
    }
    let mut codes = [0; SYMBOLS];
    for (code, &length) in codes.iter_mut().zip(lengths) {
        if length != 0
            && let Some(next) = next.get_mut(usize::from(length))
        {
            *code = *next | u32::from(length) << 16;
            *next = next.wrapping_add(1);
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use super::Code;
    use crate::xpress::{MAX_CODE, SYMBOLS};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn counts(pairs: &[(usize, u32)]) -> [u32; SYMBOLS] {
        let mut counts = [0; SYMBOLS];
        for &(symbol, count) in pairs {
            counts[symbol] += count;
        }
        counts
    }

    fn is_complete(code: &Code) -> bool {
        let lengths = code.lengths().iter().filter(|length| **length != 0);
        lengths
            .map(|length| 1 << (MAX_CODE - usize::from(*length)))
            .sum::<usize>()
            == 1 << MAX_CODE
    }

    /// What the symbols take together.
    fn cost(counts: &[u32; SYMBOLS], code: &Code) -> u32 {
        let pairs = counts.iter().zip(code.lengths());
        pairs
            .map(|(count, length)| count * u32::from(*length))
            .sum()
    }

    #[test]
    fn rare_symbols_have_long_codes() {
        let counts = counts(&[
            (b'a'.into(), 45),
            (b'b'.into(), 13),
            (b'c'.into(), 12),
            (256, 16),
            (300, 9),
            (511, 5),
        ]);
        let code = Code::new(&counts);
        assert_eq!(cost(&counts, &code), 224);
        assert_eq!(code.of(b'a'.into()), (0, 1));
        assert_eq!(code.of(b'b'.into()), (0b100, 3));
        assert_eq!(code.of(511), (0b1111, 4));
        assert_eq!(code.of(1), (0, 0));
    }

    #[test]
    fn no_code_is_too_long() {
        let (mut pairs, mut a, mut b) = (Vec::new(), 1, 1);
        for symbol in 0..22 {
            pairs.push((symbol, a));
            (a, b) = (b, a + b);
        }
        let counts = counts(&pairs);
        let code = Code::new(&counts);
        assert!(is_complete(&code));
        assert_eq!(code.lengths().iter().max(), Some(&15));
        // Unlimited it would be 121,368 bits.
        assert!(cost(&counts, &code) < 121_368 * 1002 / 1000);
    }

    proptest! {
        #[test]
        fn every_code_is_complete(pairs in prop::collection::vec((0..SYMBOLS, 1..20_u32), 2..600), shift in 0..12_u32) {
            // Some much more frequent than others.
            let pairs: Vec<_> = pairs.into_iter().map(|(symbol, count)| (symbol, count << (symbol as u32 % (shift + 1)))).collect();
            let counts = counts(&pairs);
            prop_assume!(counts.iter().filter(|count| **count != 0).count() > 1);
            let code = Code::new(&counts);
            prop_assert!(is_complete(&code));
            for (symbol, count) in counts.iter().enumerate() {
                prop_assert_eq!(*count != 0, code.of(symbol).1 != 0);
            }
        }
    }
}
