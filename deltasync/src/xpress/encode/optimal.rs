//! Finds the cheapest way through a block, over all of its matches, by what each symbol costs.

use alloc::{vec, vec::Vec};
use core::mem;

use super::{
    chains::{Chains, Effort, Match},
    code::Code,
    tokens::{SHORT_MATCH, Tokens, length_bytes},
    window::Window,
};
use crate::xpress::{MAX_BLOCK, MIN_MATCH, SYMBOLS};

/// How often the costs are taken from the way that was found with those before.
const PASSES: usize = 2;

/// What a symbol costs that did not occur, in bits.
const UNUSED: u32 = 12;

/// Of a long match so many lengths are tried, the longest ones.
const FEW: usize = 3;

/// A match of the nice length is taken whole, and so are longer ones.
const EFFORT: Effort = Effort {
    depth: 32,
    nice: 96,
};

/// No more matches are remembered than this; in a block that has more, the rest goes without.
const MAX_MATCHES: usize = 8 * MAX_BLOCK;

/// All matches of a block, and the cheapest way from every position to the end.
pub(super) struct Optimal {
    /// Of each position those with a greater length than all nearer ones, nearest first.
    matches: Vec<Packed>,
    /// Where the matches of each position end; those of the next begin there.
    ends: Vec<u32>,
    /// Bits from each position to the end.
    costs: Vec<u32>,
    /// What to begin with at each position.
    steps: Vec<Packed>,
    tokens: Tokens,
}

/// A match in 32 bits; zeros for a literal.
#[derive(Clone, Copy, Default)]
pub(super) struct Packed {
    length: u16,
    distance: u16,
}

impl Packed {
    pub(super) fn new(found: Match) -> Self {
        Self {
            length: found.length as u16,
            distance: found.distance as u16,
        }
    }
}

impl Optimal {
    pub(super) fn new() -> Self {
        Self {
            matches: Vec::new(),
            ends: vec![0; MAX_BLOCK + 2],
            costs: vec![0; MAX_BLOCK + 2],
            steps: vec![Packed::default(); MAX_BLOCK + 2],
            tokens: Tokens::new(),
        }
    }

    /// Parses a block again. Costs come from the parse that is in `tokens`, and its code; both are
    /// replaced while the block gets smaller.
    pub(super) fn improve(
        &mut self,
        window: &Window,
        chains: &mut Chains,
        tokens: &mut Tokens,
        code: &mut Code,
    ) {
        self.collect(window, chains);
        for _ in 0..PASSES {
            self.walk_back(window, &Costs::new(code.lengths()));
            self.walk(window);
            let next = Code::new(self.tokens.counts());
            if self.tokens.size(next.lengths()) >= tokens.size(code.lengths()) {
                break;
            }
            mem::swap(tokens, &mut self.tokens);
            *code = next;
        }
    }

    /// Finds the matches of all positions.
    fn collect(&mut self, window: &Window, chains: &mut Chains) {
        chains.clear();
        self.matches.clear();
        let searched = window.searched();
        // Where a match ends that is taken whole.
        let mut whole = 0;
        for (at, end) in self.ends.iter_mut().enumerate().take(window.end()).skip(1) {
            if at < searched {
                if at < whole || self.matches.len() >= MAX_MATCHES {
                    chains.enter(window, at, at + 1);
                } else {
                    let matches = &mut self.matches;
                    let add = |found| matches.push(Packed::new(found));
                    let longest = chains.search(window, at as u16, MIN_MATCH - 1, EFFORT, add);
                    if longest >= EFFORT.nice.into() {
                        whole = at + longest;
                    }
                }
            }
            *end = self.matches.len() as u32;
        }
    }

    /// From the end to the beginning: the cheapest step of each position.
    fn walk_back(&mut self, window: &Window, costs: &Costs) {
        let end = window.end();
        if let Some(cost) = self.costs.get_mut(end) {
            *cost = 0;
        }
        for at in (1..end).rev() {
            let Some((here, after)) = self
                .costs
                .get_mut(at..end + 1)
                .and_then(<[u32]>::split_first_mut)
            else {
                return;
            };
            let mut best =
                costs.literals(window.between(at, at + 1)) + after.first().copied().unwrap_or(0);
            let mut step = Packed::default();
            let matches = match self.ends.get(at - 1..=at) {
                Some(&[start, end]) => self
                    .matches
                    .get(start as usize..end as usize)
                    .unwrap_or(&[]),
                _ => &[],
            };
            let mut shorter = MIN_MATCH - 1;
            for found in matches {
                let length = usize::from(found.length);
                let symbols = costs.matches(found.distance);
                let mut consider = |length: usize, cost: u32| {
                    if cost < best {
                        best = cost;
                        step = Packed {
                            length: length as u16,
                            ..*found
                        };
                    }
                };
                let short = after
                    .get(shorter..length.min(SHORT_MATCH))
                    .unwrap_or_default();
                let short_symbols = symbols.get(shorter + 1 - MIN_MATCH..).unwrap_or_default();
                for ((length, rest), symbol) in (shorter + 1..).zip(short).zip(short_symbols) {
                    consider(length, symbol + rest);
                }
                // All of them have one symbol, so the best is among the longest.
                let [.., long_symbol] = symbols;
                let long = shorter.max(SHORT_MATCH).max(length.saturating_sub(FEW));
                let rests = after.get(long..length).unwrap_or_default();
                for (length, rest) in (long + 1..).zip(rests) {
                    consider(length, long_symbol + length_bytes(length) as u32 * 8 + rest);
                }
                shorter = length;
            }
            *here = best;
            if let Some(place) = self.steps.get_mut(at) {
                *place = step;
            }
        }
    }

    /// From the beginning to the end, by the steps that were found.
    fn walk(&mut self, window: &Window) {
        let tokens = &mut self.tokens;
        tokens.clear();
        let mut at = 1;
        while at < window.end() {
            let step = self.steps.get(at).copied().unwrap_or_default();
            if step.length == 0 {
                tokens.literals(window.between(at, at + 1));
                at += 1;
            } else {
                tokens.copy(Match {
                    length: step.length.into(),
                    distance: step.distance.into(),
                });
                at += usize::from(step.length);
            }
        }
        tokens.finish();
    }
}

/// Bits of the symbols, and of what follows them.
struct Costs([u32; SYMBOLS]);

impl Costs {
    fn new(lengths: &[u8; SYMBOLS]) -> Self {
        let mut costs = lengths.map(|length| if length == 0 { UNUSED } else { length.into() });
        for (symbol, cost) in costs.iter_mut().enumerate().skip(256) {
            *cost += (symbol >> 4) as u32 & 15;
        }
        Self(costs)
    }

    #[inline(always)]
    fn literals(&self, bytes: &[u8]) -> u32 {
        let costs = bytes.iter().map(|&byte| self.0.get(usize::from(byte)));
        costs.flatten().sum()
    }

    /// Of matches of one distance, by length, and all that is 18 or more together.
    #[inline(always)]
    fn matches(&self, distance: u16) -> &[u32; 16] {
        let start = 256 + 16 * distance.checked_ilog2().unwrap_or(0) as usize;
        self.0
            .get(start..)
            .and_then(<[u32]>::first_chunk)
            .unwrap_or(&[UNUSED; 16])
    }
}
