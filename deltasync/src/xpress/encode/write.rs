//! Writes tokens as a block (\[MS-XCA\] 2.1.4.3).

use super::{
    code::Code,
    tokens::{END, Token, length_bytes},
    window::Window,
};
use crate::xpress::{MIN_MATCH, TABLE};

/// Writes the words with bits and the bytes in between.
///
/// A decoder has read the word it needs bits of, and the next one, before it reads a byte. So two
/// words are always reserved, and bytes go behind them.
struct Bits<'a> {
    output: &'a mut [u8],
    /// The two reserved words.
    first: usize,
    second: usize,
    end: usize,
    /// Bits that are not written, in the low end; at most 32 between calls.
    register: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    fn new(output: &'a mut [u8], at: usize) -> Self {
        Self {
            output,
            first: at,
            second: at + 2,
            end: at + 4,
            register: 0,
            count: 0,
        }
    }

    /// Writes the low `count` bits, at most 30, of `bits`.
    #[inline(always)]
    fn put(&mut self, bits: u32, count: u32) {
        self.register = self.register << count | u64::from(bits);
        self.count += count;
        if self.count > 32 {
            self.word();
            self.word();
        }
    }

    /// Writes 16 of the bits and reserves another word.
    #[inline(always)]
    fn word(&mut self) {
        self.count -= 16;
        let word = (self.register >> self.count) as u16;
        if let Some(place) = self.output.get_mut(self.first..self.first + 2) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        self.first = self.second;
        self.second = self.end;
        self.end += 2;
    }

    /// Writes bytes that a decoder reads once it has the bits until here.
    #[inline(always)]
    fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        if self.count > 16 {
            self.word();
        }
        if let Some(place) = self.output.get_mut(self.end..self.end + N) {
            place.copy_from_slice(&bytes);
        }
        self.end += N;
    }

    /// Writes what is left, and zeros.
    fn finish(mut self) {
        if self.count > 16 {
            self.word();
        }
        self.put(0, 16 - self.count);
        self.word();
        self.put(0, 16);
        self.word();
    }
}

/// Writes a block that fills `output`.
pub(super) fn write(window: &Window, tokens: &[Token], code: &Code, output: &mut [u8]) {
    for (place, lengths) in output.iter_mut().zip(code.lengths().chunks_exact(2)) {
        if let [low, high] = lengths {
            *place = low | high << 4;
        }
    }
    let mut bits = Bits::new(output, TABLE);
    let mut at = 1;
    for token in tokens {
        let literals = token.literals as usize;
        let mut pairs = window.between(at, at + literals).chunks_exact(2);
        for pair in pairs.by_ref() {
            if let &[a, b] = pair {
                let ((a, a_length), (b, b_length)) = (code.of(a.into()), code.of(b.into()));
                bits.put(a << b_length | b, a_length + b_length);
            }
        }
        for &byte in pairs.remainder() {
            let (code, length) = code.of(byte.into());
            bits.put(code, length);
        }
        at += literals;
        if token.length == 0 {
            break;
        }
        let length = usize::from(token.length);
        at += length;
        let (word, count) = code.of(token.symbol());
        bits.put(word, count);
        let coded = token.length - MIN_MATCH as u16;
        match length_bytes(length) {
            0 => {}
            1 => bits.bytes([(coded - 15) as u8]),
            _ => {
                let [low, high] = coded.to_le_bytes();
                bits.bytes([255, low, high]);
            }
        }
        let distance_bits = token.distance_bits();
        bits.put(
            u32::from(token.distance) & ((1 << distance_bits) - 1),
            distance_bits,
        );
    }
    let (word, count) = code.of(END);
    bits.put(word, count);
    bits.finish();
}
