//! Finds earlier places that begin with the same bytes.

use core::mem;

use super::window::Window;
use crate::xpress::MIN_MATCH;

/// Bits of the hashes of three, four and seven bytes.
const BITS3: u32 = 12;
const BITS4: u32 = 15;
const BITS7: u32 = 15;

/// A place to copy from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) length: usize,
    /// How many bytes before; 0 if there is no match.
    pub(super) distance: usize,
}

/// How much work is done for a match.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// So many positions are looked at.
    pub(super) depth: u32,
    /// A match of so many bytes is not improved.
    pub(super) nice: u8,
}

/// Where the positions with some hash are: for seven bytes a chain of them, latest first; for three and
/// four bytes the latest, since the nearest match of one length is the best. Those of five and six
/// bytes in between are not worth longer chains.
pub(super) struct Chains {
    latest3: [u16; 1 << BITS3],
    latest4: [u16; 1 << BITS4],
    latest7: [u16; 1 << BITS7],
    /// For each position the one before it with the same hash of seven bytes.
    earlier: [u16; 1 << 16],
}

impl Chains {
    pub(super) fn new() -> Self {
        Self {
            latest3: [0; 1 << BITS3],
            latest4: [0; 1 << BITS4],
            latest7: [0; 1 << BITS7],
            earlier: [0; 1 << 16],
        }
    }

    /// Forgets all positions.
    pub(super) fn clear(&mut self) {
        // What `earlier` holds is only reached from the others.
        self.latest3.fill(0);
        self.latest4.fill(0);
        self.latest7.fill(0);
    }

    /// Enters positions that are not searched; not for three bytes, since matches that short do not
    /// bring in what this would cost.
    #[inline(always)]
    pub(super) fn enter(&mut self, window: &Window, from: usize, to: usize) {
        for at in from as u16..to as u16 {
            let eight = window.eight(at.into());
            self.replace4(eight as u32, at);
            self.replace7(eight, at);
        }
    }

    /// Enters a position for its first three bytes; the latest one before it.
    #[inline(always)]
    fn replace3(&mut self, four: u32, at: u16) -> u16 {
        let three = hash(u64::from(four) << 40, BITS3);
        self.latest3
            .get_mut(three)
            .map_or(0, |latest| mem::replace(latest, at))
    }

    /// Enters a position for its first four bytes; the latest one before it.
    #[inline(always)]
    pub(super) fn replace4(&mut self, four: u32, at: u16) -> u16 {
        let four = hash(u64::from(four) << 32, BITS4);
        self.latest4
            .get_mut(four)
            .map_or(0, |latest| mem::replace(latest, at))
    }

    /// Enters a position for its first seven bytes; the latest one before it.
    #[inline(always)]
    fn replace7(&mut self, eight: u64, at: u16) -> u16 {
        let seven = hash(eight << 8, BITS7);
        let before = self
            .latest7
            .get_mut(seven)
            .map_or(0, |latest| mem::replace(latest, at));
        if let Some(earlier) = self.earlier.get_mut(usize::from(at)) {
            *earlier = before;
        }
        before
    }

    /// Enters a position and finds matches there: each that is longer than `least` and than all nearer
    /// ones. The greatest length, or `least`.
    #[inline(always)]
    pub(super) fn search(
        &mut self,
        window: &Window,
        at: u16,
        least: usize,
        effort: Effort,
        mut found: impl FnMut(Match),
    ) -> usize {
        let eight = window.eight(at.into());
        let four = eight as u32;
        let (three, latest4) = (self.replace3(four, at), self.replace4(four, at));
        let mut candidate = self.replace7(eight, at);
        let at = usize::from(at);
        let most = window.end() - at;
        let mut longest = least;
        if longest < 4 {
            let mut distance = 0;
            if latest4 != 0 && window.four(latest4.into()) == four {
                distance = at - usize::from(latest4);
                longest = window.common(latest4.into(), at, 4, most);
                if candidate == latest4 {
                    candidate = self.before(candidate);
                }
            } else if longest < MIN_MATCH {
                longest = MIN_MATCH;
                if three != 0 && (window.four(three.into()) ^ four) << 8 == 0 {
                    distance = at - usize::from(three);
                }
            }
            if distance != 0 {
                found(Match {
                    length: longest,
                    distance,
                });
            }
        }
        let nice = usize::from(effort.nice).min(most);
        let mut depth = effort.depth;
        while candidate != 0 && depth != 0 && longest < nice {
            let from = usize::from(candidate);
            // A match that is longer by one ends with these four bytes.
            let last = usize::from((longest as u8).wrapping_sub(3));
            if window.four(from + last) == window.four(at + last) && window.four(from) == four {
                let length = window.common(from, at, 4, most);
                if length > longest {
                    longest = length;
                    found(Match {
                        length,
                        distance: at - from,
                    });
                }
            }
            candidate = self.before(candidate);
            depth -= 1;
        }
        longest
    }

    /// The longest match at a position, which is entered, if it is longer than `least`.
    #[inline(always)]
    pub(super) fn longest(
        &mut self,
        window: &Window,
        at: usize,
        least: usize,
        effort: Effort,
    ) -> Option<Match> {
        let mut longest = None;
        self.search(window, at as u16, least, effort, |found| {
            longest = Some(found);
        });
        longest
    }

    #[inline(always)]
    fn before(&self, candidate: u16) -> u16 {
        self.earlier
            .get(usize::from(candidate))
            .copied()
            .unwrap_or(0)
    }
}

/// A hash of the high bytes, the others of which are zeros.
#[inline(always)]
fn hash(bytes: u64, bits: u32) -> usize {
    (bytes.wrapping_mul(0x9e37_79b1_85eb_ca87) >> (64 - bits)) as usize
}
