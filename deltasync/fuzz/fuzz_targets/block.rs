//! The decoder says the same of a block as the definition of the format, read word by word and bit by
//! bit (\[MS-XCA\] 2.2.4).
#![no_main]

use deltasync::xpress::Decoder;
use libfuzzer_sys::fuzz_target;

/// A decoder that is slow and plain.
struct Plain<'a> {
    block: &'a [u8],
    at: usize,
    register: u32,
    extra: i32,
    /// Bits that were taken from behind the end.
    beyond: u32,
}

impl Plain<'_> {
    fn word(&mut self) -> u32 {
        let word = self
            .block
            .get(self.at..self.at + 2)
            .map(|word| u16::from_le_bytes([word[0], word[1]]));
        self.at += 2;
        self.beyond += if word.is_none() { 16 } else { 0 };
        word.unwrap_or(0).into()
    }

    fn take(&mut self, bits: u32) -> Option<u32> {
        let value = if bits == 0 {
            0
        } else {
            self.register >> (32 - bits)
        };
        self.register = self.register.checked_shl(bits).unwrap_or(0);
        self.extra -= bits as i32;
        let held = (16 + self.extra) as u32;
        let missing = held < self.beyond;
        if self.extra < 0 {
            let word = self.word();
            self.register |= word << -self.extra;
            self.extra += 16;
        }
        (!missing).then_some(value)
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.block.get(self.at)?;
        self.at += 1;
        Some(byte)
    }
}

fn plain(block: &[u8], size: usize) -> Option<Vec<u8>> {
    let lengths: Vec<u32> = block
        .get(..256)?
        .iter()
        .flat_map(|pair| [u32::from(pair & 15), u32::from(pair >> 4)])
        .collect();
    let mut codes = Vec::new();
    let mut code = 0_u32;
    for length in 1..=15 {
        for symbol in (0..512).filter(|symbol| lengths[*symbol] == length) {
            codes.push((length, code, symbol));
            code += 1;
        }
        code <<= 1;
    }
    if code != 1 << 16 {
        return None;
    }
    let mut bits = Plain {
        block,
        at: 256,
        register: 0,
        extra: 16,
        beyond: 0,
    };
    bits.register = bits.word() << 16;
    bits.register |= bits.word();
    let mut output = Vec::new();
    while output.len() < size {
        let register = bits.register;
        let (length, _, symbol) = *codes
            .iter()
            .find(|(length, code, _)| register >> (32 - length) == *code)?;
        bits.take(length)?;
        if symbol < 256 {
            output.push(symbol as u8);
            continue;
        }
        let mut count = symbol & 15;
        if count == 15 {
            count = match bits.byte()? {
                255 => usize::from(u16::from_le_bytes([bits.byte()?, bits.byte()?])),
                byte => usize::from(byte) + 15,
            };
            if count < 15 {
                return None;
            }
        }
        let distance_bits = ((symbol >> 4) & 15) as u32;
        let distance = (1 << distance_bits) + bits.take(distance_bits)? as usize;
        if count + 3 > size - output.len() || distance > output.len() {
            return None;
        }
        for _ in 0..count + 3 {
            output.push(output[output.len() - distance]);
        }
    }
    Some(output)
}

fuzz_target!(|input: (u16, &[u8])| {
    let (size, block) = input;
    let mut output = vec![0; size.into()];
    let mut decoder = Decoder::new();
    let mut check = |block: &[u8]| {
        let result = decoder.decode(block, &mut output);
        match plain(block, output.len()) {
            Some(expected) => assert_eq!(result.map(|()| &output), Ok(&expected)),
            None => assert!(result.unwrap_err().offset() <= block.len()),
        }
    };
    check(block);
    // Few bytes are a complete code; this makes one of any, so that more than the table is tried.
    if block.len() > 256 {
        check(&completed(block));
    }
});

/// The block with its code lengths changed so that they are complete.
fn completed(block: &[u8]) -> Vec<u8> {
    let mut block = block.to_vec();
    let mut free = 1 << 15;
    let mut left = 512;
    for at in 0..256 {
        let mut pair = 0;
        for shift in [0, 4] {
            left -= 1;
            let wanted = u32::from(block[at] >> shift) & 15;
            // What is free is a sum of powers of two; the last symbols take the rest of it.
            let length = if free == 0 || (wanted == 0 && left > 15) {
                0
            } else {
                let least = 15 - (31 - u32::leading_zeros(free));
                let length = if left > 15 {
                    wanted.max(least)
                } else {
                    15 - free.trailing_zeros()
                };
                free -= 1 << (15 - length);
                length
            };
            pair |= (length as u8) << shift;
        }
        block[at] = pair;
    }
    block
}
