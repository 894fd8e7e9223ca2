//! The bit stream: 16-bit words in little-endian order, each read from its high end, with bytes of
//! long matches in between (\[MS-XCA\] 2.2.4).

/// Reads bits from the high end of a 64-bit register that holds several words.
///
/// The format was made for a reader that holds 16 to 31 bits. The bytes of a long match lie behind
/// the words that such a reader would have read, so [`interleaved`](Self::interleaved) gives words
/// back that were read ahead.
pub(super) struct Bits<'a> {
    input: &'a [u8],
    /// Where the next word is read.
    at: usize,
    /// The bits, from the high end. What lies below the first `count` of them is either zero or
    /// the beginning of the next word.
    register: u64,
    count: u32,
    /// So many of the counted bits lie behind the end of the input. They are zeros.
    beyond: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(input: &'a [u8], at: usize) -> Self {
        Self {
            input,
            at,
            register: 0,
            count: 0,
            beyond: 0,
        }
    }

    /// Makes at least 48 bits available; `false`, and nothing done, near the end of the input.
    #[inline(always)]
    pub(super) fn refill(&mut self) -> bool {
        let Some(next) = self.input.get(self.at..).and_then(<[u8]>::first_chunk) else {
            return false;
        };
        // The first word goes to the high end.
        let words = u64::from_le_bytes(*next).rotate_left(32);
        let words =
            ((words & 0x0000_ffff_0000_ffff) << 16) | ((words >> 16) & 0x0000_ffff_0000_ffff);
        self.register |= words.wrapping_shr(self.count);
        // Whole words, as many as fit into 63 bits.
        self.at += (((self.count ^ 63) >> 3) & 6) as usize;
        self.count |= 48;
        true
    }

    /// Makes at least 48 bits available, with zeros behind the end of the input.
    pub(super) fn refill_at_end(&mut self) {
        while self.count < 48 {
            let word = match self.input.get(self.at..).and_then(<[u8]>::first_chunk) {
                Some(word) => u16::from_le_bytes(*word),
                None => {
                    self.beyond += 16;
                    0
                }
            };
            // What a refill of eight bytes left here is the same word.
            self.register |= u64::from(word) << (48 - self.count);
            self.at = self.at.saturating_add(2);
            self.count += 16;
        }
    }

    #[inline(always)]
    pub(super) fn register(&self) -> u64 {
        self.register
    }

    /// Goes on by `n` bits, at most 63 and not more than are available.
    #[inline(always)]
    pub(super) fn consume(&mut self, n: u32) {
        self.register = self.register.wrapping_shl(n);
        self.count = self.count.wrapping_sub(n);
    }

    /// The next `n` bits, at most 15, and goes on by them.
    #[inline(always)]
    pub(super) fn take(&mut self, n: u32) -> usize {
        let value = (self.register >> 1).wrapping_shr(63_u32.wrapping_sub(n));
        self.consume(n);
        value as usize
    }

    /// Whether bits were consumed that are not there.
    pub(super) fn is_exhausted(&self) -> bool {
        self.count < self.beyond
    }

    /// Where the reader of the format's definition reads next.
    pub(super) fn position(&self) -> usize {
        self.at
            .saturating_sub((self.count.saturating_sub(self.definition_count()) / 8) as usize)
    }

    /// How many bits the reader of the format's definition holds.
    fn definition_count(&self) -> u32 {
        16 + (self.count & 15)
    }

    /// Reads `N` bytes from between the words, if they are there.
    pub(super) fn interleaved<const N: usize>(&mut self) -> Option<[u8; N]> {
        let at = self.position();
        let bytes = *self.input.get(at..)?.first_chunk()?;
        let count = self.definition_count();
        self.beyond = self.beyond.saturating_sub(self.count.saturating_sub(count));
        self.register &= !(u64::MAX >> count);
        self.count = count;
        self.at = at + N;
        Some(bytes)
    }
}
