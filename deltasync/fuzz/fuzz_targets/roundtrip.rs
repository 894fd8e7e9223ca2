//! What is encoded decodes to the same, at every level, by itself and in a stream.
#![no_main]

use deltasync::hu01::{FileHeader, Limits, compress, decompress};
use deltasync::xpress::{Decoder, Encoder, Level};
use libfuzzer_sys::fuzz_target;

/// Bytes with repetitions: a byte above 127 asks for one.
fn expanded(input: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = input.iter();
    while let Some(&byte) = rest.next() {
        let from = rest
            .as_slice()
            .first()
            .map_or(0, |low| usize::from(byte & 0x7f) << 8 | usize::from(*low));
        match byte {
            128.. if from < bytes.len() => {
                rest.next();
                let length = rest
                    .next()
                    .map_or(3, |length| 3 + usize::from(*length).pow(2) / 8);
                for at in from..from + length {
                    bytes.push(bytes[at]);
                }
            }
            _ => bytes.push(byte),
        }
        if bytes.len() > 60_000 {
            break;
        }
    }
    bytes.truncate(65_536);
    bytes
}

fuzz_target!(|input: (u8, &[u8])| {
    let (level, bytes) = input;
    let level = [Level::Fast, Level::Default, Level::Best][usize::from(level % 3)];
    let plain = expanded(bytes);
    if plain.is_empty() {
        return;
    }
    let mut encoder = Encoder::new(level);
    if let Some(block) = encoder.encode(&plain).unwrap() {
        assert!(block.len() < plain.len());
        let mut output = vec![0; plain.len()];
        Decoder::new().decode(block, &mut output).unwrap();
        assert!(output == plain);
    }
    let stream = compress(&plain, FileHeader::default(), level).unwrap();
    assert!(decompress(&stream, Limits::default()).unwrap() == plain);
});
