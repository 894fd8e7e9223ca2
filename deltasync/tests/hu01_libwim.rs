//! Debian's libwim decodes our blocks, and we decode its.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use deltasync::xpress::{Decoder, Encoder, Level, MAX_BLOCK};
use testbed::{Libwim, Random, mail::Generator};

/// Blocks of mail, of noise, of what repeats itself in all ways; of the sizes that WIM and NTFS use.
fn blocks() -> Vec<Vec<u8>> {
    let mail: Vec<u8> = Generator::new(1)
        .take(400)
        .flat_map(|message| message.bytes)
        .collect();
    let mut random = Random::new(4);
    let noise: Vec<u8> = (0..4 * MAX_BLOCK)
        .map(|_| random.next_u64() as u8)
        .collect();
    let base64: Vec<u8> = noise
        .iter()
        .map(|byte| {
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                [usize::from(byte % 64)]
        })
        .collect();
    let skewed: Vec<u8> = noise
        .iter()
        .map(|byte| byte.leading_zeros() as u8 * byte)
        .collect();
    let mut runs = Vec::new();
    while runs.len() < 4 * MAX_BLOCK {
        let (most, furthest) = (1 << random.below(14), 1 << random.below(16));
        let run = 1 + random.below(most) as usize;
        let distance = (1 + random.below(furthest) as usize).min(runs.len());
        match distance {
            0 => runs.push(b'x'),
            _ if random.one_in(3) => runs.push(random.next_u64() as u8),
            _ => (0..run).for_each(|_| runs.push(runs[runs.len() - distance])),
        }
    }
    let all = [mail, noise, base64, skewed, runs, vec![b'a'; 3 * MAX_BLOCK]];
    [MAX_BLOCK, 32_768, 16_384, 8192, 4096, 700, 301]
        .iter()
        .flat_map(|size| all.iter().flat_map(|bytes| bytes.chunks(*size).take(4)))
        .map(<[u8]>::to_vec)
        .collect()
}

#[test]
#[ignore = "needs the testbed"]
fn our_blocks_are_decoded_by_libwim() {
    let mut libwim = Libwim::start().unwrap();
    let plain = blocks();
    for level in [Level::Fast, Level::Default, Level::Best] {
        let mut encoder = Encoder::new(level);
        let encoded: Vec<(&Vec<u8>, Vec<u8>)> = plain
            .iter()
            .filter_map(|plain| Some((plain, encoder.encode(plain).unwrap()?.to_vec())))
            .collect();
        assert!(encoded.len() > 50);
        let blocks: Vec<_> = encoded
            .iter()
            .map(|(plain, block)| (plain.len(), &block[..]))
            .collect();
        let decoded = libwim.decompress(1, &blocks).unwrap().results;
        for ((plain, _), decoded) in encoded.iter().zip(decoded) {
            assert!(decoded.as_ref() == Some(plain), "{level:?}");
        }
    }
}

#[test]
#[ignore = "needs the testbed"]
fn blocks_of_libwim_are_decoded_by_us() {
    let mut libwim = Libwim::start().unwrap();
    let plain = blocks();
    let slices: Vec<_> = plain.iter().map(Vec::as_slice).collect();
    let mut decoder = Decoder::new();
    for level in [1, Libwim::DEFAULT_LEVEL, 100] {
        let mut decoded = 0;
        for (plain, block) in plain
            .iter()
            .zip(libwim.compress(level, 1, &slices).unwrap().results)
        {
            let Some(block) = block else { continue };
            let mut output = vec![0; plain.len()];
            decoder.decode(&block, &mut output).unwrap();
            assert!(output == *plain);
            decoded += 1;
        }
        assert!(decoded > 50);
    }
}

/// What is not smaller when encoded is for both the same, but for a few bytes.
#[test]
#[ignore = "needs the testbed"]
fn blocks_are_about_as_small_as_those_of_libwim() {
    let mut libwim = Libwim::start().unwrap();
    let mail: Vec<u8> = Generator::new(7)
        .take(200)
        .flat_map(|message| message.bytes)
        .collect();
    let blocks: Vec<_> = mail.chunks(MAX_BLOCK).collect();
    let theirs = libwim
        .compress(Libwim::DEFAULT_LEVEL, 1, &blocks)
        .unwrap()
        .results;
    let theirs: usize = theirs.iter().flatten().map(Vec::len).sum();
    let size = |level| -> usize {
        let mut encoder = Encoder::new(level);
        let sizes = blocks.iter().map(|block| {
            encoder
                .encode(block)
                .unwrap()
                .map_or(block.len(), <[u8]>::len)
        });
        sizes.sum()
    };
    assert!(size(Level::Best) < theirs);
    assert!(size(Level::Default) < theirs * 105 / 100);
    assert!(size(Level::Fast) < theirs * 125 / 100);
}
