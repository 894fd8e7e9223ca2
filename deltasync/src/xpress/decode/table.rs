//! Turns the code lengths into a table that is looked up once a symbol (\[MS-XCA\] 2.2.4).

use crate::xpress::{MAX_CODE, SYMBOLS, TABLE};

/// Codes of up to so many bits are found by one look-up, longer ones by a second.
const BITS: usize = 12;

/// The part for the first look-up.
const SHORT: usize = 1 << BITS;

/// The part for the second. Each prefix of `BITS` bits that longer codes begin with has at least two
/// of them, so there are at most 256 of these prefixes, and each stands for `1 << 3` codes.
const LONG: usize = SYMBOLS / 2 * (1 << (MAX_CODE - BITS));

/// What a look-up says, in 32 bits.
///
/// | bits | one or two literals | match |
/// | --- | --- | --- |
/// | 0-7 | bits of the codes | bits of the code and the distance |
/// | 8-9 | how many literals | 0 |
/// | 10 | 0 | 0; 1 asks for the second look-up |
/// | 12-15 | bits of the first code | bits of the code |
/// | 16-23 | first literal | length, 0 if more bytes tell it |
/// | 24-31 | second literal | bits of the distance |
#[derive(Clone, Copy)]
pub(super) struct Entry(u32);

impl Entry {
    const LOOK_FURTHER: Self = Self(1 << 10);

    fn new(symbol: usize, bits: usize) -> Self {
        let (symbol, bits) = (symbol as u32, bits as u32);
        if symbol < 256 {
            return Self(bits | (1 << 8) | (bits << 12) | (symbol << 16));
        }
        let distance_bits = (symbol >> 4) & 15;
        let length = match symbol & 15 {
            15 => 0,
            short => short + 3,
        };
        let all = bits + distance_bits;
        Self(all | (bits << 12) | (length << 16) | (distance_bits << 24))
    }

    /// What has to be added to a literal's entry so that it holds this literal, too.
    fn as_second(self) -> u32 {
        self.bits() | (1 << 8) | ((self.0 >> 16) << 24)
    }

    /// How many literals it is: 0 for a match, 1 or 2.
    #[inline(always)]
    pub(super) fn literals(self) -> usize {
        ((self.0 >> 8) & 3) as usize
    }

    #[inline(always)]
    pub(super) fn is_literal(self) -> bool {
        self.0 & (3 << 8) != 0
    }

    /// Both literals, or one and any byte.
    #[inline(always)]
    pub(super) fn bytes(self) -> [u8; 2] {
        ((self.0 >> 16) as u16).to_le_bytes()
    }

    /// All bits it takes.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        self.0 & 0xff
    }

    /// The bits that the first code takes.
    #[inline(always)]
    pub(super) fn first_bits(self) -> u32 {
        (self.0 >> 12) & 15
    }

    /// A match's length; 0 if it is longer than 17.
    #[inline(always)]
    pub(super) fn length(self) -> usize {
        ((self.0 >> 16) & 31) as usize
    }

    #[inline(always)]
    pub(super) fn distance_bits(self) -> u32 {
        (self.0 >> 24) & 15
    }

    #[inline(always)]
    fn asks_further(self) -> bool {
        self.0 & Self::LOOK_FURTHER.0 != 0
    }
}

/// The code of one block.
pub(super) struct Table {
    entries: [Entry; SHORT + LONG],
    /// The first 15 bits that do not begin with a code of at most `BITS` bits.
    first_long: u64,
}

impl Table {
    pub(super) fn new() -> Self {
        Self {
            entries: [Entry(0); SHORT + LONG],
            first_long: 0,
        }
    }

    /// What the register begins with, by the first look-up. A match may have to be looked up
    /// [further](Self::further).
    #[inline(always)]
    pub(super) fn look_up(&self, register: u64) -> Entry {
        let index = (register >> (64 - BITS)) as usize;
        self.entries.get(index).copied().unwrap_or(Entry(0))
    }

    /// What the register begins with, if the first look-up gave this.
    #[inline(always)]
    pub(super) fn further(&self, entry: Entry, register: u64) -> Entry {
        if !entry.asks_further() {
            return entry;
        }
        let code = register >> (64 - MAX_CODE);
        let index = code.wrapping_sub(self.first_long) as usize % LONG + SHORT;
        self.entries.get(index).copied().unwrap_or(Entry(0))
    }

    /// Reads the lengths; `None` if they make no complete code.
    pub(super) fn read(&mut self, lengths: &[u8; TABLE]) -> Option<()> {
        let sorted = Sorted::new(lengths)?;
        let seconds = Seconds::new(&sorted);
        let mut at = 0;
        for bits in 1..=BITS {
            let width = SHORT >> bits;
            let seconds = seconds.within(BITS - bits);
            for &symbol in sorted.of(bits) {
                let entry = Entry::new(symbol.into(), bits);
                let entries = self.entries.get_mut(at..at + width)?;
                if entry.is_literal() && !seconds.is_empty() {
                    for (place, second) in entries.iter_mut().zip(seconds) {
                        *place = Entry(entry.0 + second);
                    }
                } else {
                    entries.fill(entry);
                }
                at += width;
            }
        }
        self.entries.get_mut(at..SHORT)?.fill(Entry::LOOK_FURTHER);
        self.first_long = (at << (MAX_CODE - BITS)) as u64;
        let mut at = SHORT;
        for bits in BITS + 1..=MAX_CODE {
            let width = 1 << (MAX_CODE - bits);
            for &symbol in sorted.of(bits) {
                let entry = Entry::new(symbol.into(), bits);
                self.entries.get_mut(at..at + width)?.fill(entry);
                at += width;
            }
        }
        Some(())
    }
}

/// The symbols in the order of their codes: by length, then by value.
struct Sorted {
    symbols: [u16; SYMBOLS],
    /// Where the symbols of a length begin; those of the next one end them.
    starts: [u16; MAX_CODE + 2],
}

impl Sorted {
    fn new(lengths: &[u8; TABLE]) -> Option<Self> {
        let mut counts = [0_u16; 16];
        for &pair in lengths {
            for length in [pair & 15, pair >> 4] {
                *counts.get_mut(usize::from(length))? += 1;
            }
        }
        let mut starts = [0; MAX_CODE + 2];
        let (mut start, mut codes) = (0, 0_u32);
        for (length, (&count, place)) in counts.iter().zip(&mut starts).enumerate() {
            // Those of length 0 have no code.
            let count = if length == 0 { 0 } else { count };
            *place = start;
            start += count;
            codes += u32::from(count) << (MAX_CODE - length);
        }
        *starts.last_mut()? = start;
        if codes != 1 << MAX_CODE {
            return None;
        }
        let mut symbols = [0; SYMBOLS];
        let mut next = starts;
        for (pair, symbol) in lengths.iter().zip((0..).step_by(2)) {
            for (length, symbol) in [(pair & 15, symbol), (pair >> 4, symbol + 1)] {
                if length != 0 {
                    let place = next.get_mut(usize::from(length))?;
                    *symbols.get_mut(usize::from(*place))? = symbol;
                    *place += 1;
                }
            }
        }
        Some(Self { symbols, starts })
    }

    /// The symbols whose codes have this length.
    fn of(&self, bits: usize) -> &[u16] {
        match self.starts.get(bits..bits + 2) {
            Some(&[start, end]) => self.symbols.get(start.into()..end.into()).unwrap_or(&[]),
            _ => &[],
        }
    }
}

/// For every number of bits that a first literal may leave: what these bits add to its entry.
struct Seconds {
    /// The table for `n` bits begins at `1 << n`. Zero where they hold no whole literal.
    adds: [u32; SHORT],
    /// The shortest code of a literal.
    shortest: usize,
}

impl Seconds {
    fn new(sorted: &Sorted) -> Self {
        let literals = |bits| sorted.of(bits).iter().take_while(|&&symbol| symbol < 256);
        let lengths = (1..BITS).filter(|&bits| literals(bits).next().is_some());
        let shortest = lengths.clone().next().unwrap_or(BITS);
        let mut seconds = Self {
            adds: [0; SHORT],
            shortest,
        };
        // Only these are asked for.
        for first in lengths {
            let left = BITS - first;
            if left < shortest {
                break;
            }
            let mut at = 1 << left;
            for bits in 1..=left {
                let width = 1 << (left - bits);
                for &symbol in sorted.of(bits) {
                    if symbol < 256 {
                        let add = Entry::new(symbol.into(), bits).as_second();
                        if let Some(adds) = seconds.adds.get_mut(at..at + width) {
                            adds.fill(add);
                        }
                    }
                    at += width;
                }
            }
        }
        seconds
    }

    /// The table for this number of bits; empty if no literal fits into them.
    fn within(&self, bits: usize) -> &[u32] {
        if bits < self.shortest {
            return &[];
        }
        self.adds.get(1 << bits..2 << bits).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::Table;
    use crate::xpress::TABLE;
    use alloc::vec::Vec;

    fn lengths(of: &[(usize, u8)]) -> [u8; TABLE] {
        let mut lengths = [0; TABLE];
        for &(symbol, length) in of {
            lengths[symbol / 2] |= length << (symbol % 2 * 4);
        }
        lengths
    }

    #[test]
    fn a_code_has_to_be_complete() {
        let mut table = Table::new();
        assert!(table.read(&lengths(&[])).is_none());
        assert!(table.read(&lengths(&[(7, 1)])).is_none());
        assert!(table.read(&lengths(&[(7, 1), (8, 2)])).is_none());
        assert!(table.read(&lengths(&[(7, 1), (8, 1), (9, 15)])).is_none());
        assert!(table.read(&[0xff; TABLE]).is_none());
        assert!(table.read(&[0x11; TABLE]).is_none());
        assert!(table.read(&[0x99; TABLE]).is_some());
        assert!(table.read(&lengths(&[(7, 1), (8, 1)])).is_some());
    }

    #[test]
    fn two_short_literals_are_found_at_once() {
        let mut table = Table::new();
        table
            .read(&lengths(&[(b'a'.into(), 1), (b'b'.into(), 2), (256, 2)]))
            .unwrap();
        let entry = table.look_up(0b0_10_11 << 59);
        assert_eq!((entry.literals(), entry.bytes()), (2, *b"ab"));
        assert_eq!((entry.first_bits(), entry.bits()), (1, 3));
        // A match is not taken with a literal.
        let entry = table.look_up(0b0_11 << 61);
        assert_eq!(
            (entry.literals(), entry.bytes()[0], entry.bits()),
            (1, b'a', 1)
        );
        let entry = table.look_up(0b11 << 62);
        assert!(!entry.is_literal());
        assert_eq!(
            (entry.length(), entry.distance_bits(), entry.bits()),
            (3, 0, 2)
        );
    }

    #[test]
    fn long_codes_take_a_second_look() {
        // One of each length, and two of the last.
        let mut of: Vec<_> = (1..=15)
            .map(|length| (usize::from(length), length))
            .collect();
        of.push((256 + 0x3f, 15));
        let mut table = Table::new();
        table.read(&lengths(&of)).unwrap();
        for length in 1..15 {
            let register = !(u64::MAX >> (length - 1));
            let entry = table.further(table.look_up(register), register);
            assert_eq!(
                (entry.bytes()[0], entry.first_bits()),
                (length, length.into())
            );
        }
        let entry = table.further(table.look_up(u64::MAX), u64::MAX);
        // Its bits and three for the distance.
        assert_eq!(
            (entry.length(), entry.distance_bits(), entry.bits()),
            (0, 3, 18)
        );
        assert_eq!(entry.first_bits(), 15);
    }
}
