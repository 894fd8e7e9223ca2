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
