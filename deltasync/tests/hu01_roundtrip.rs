//! What is encoded is decoded to the same bytes, however it is cut.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::io::{BufRead, Read, Write};

use deltasync::hu01::{
    self, Decoder, ErrorKind, Event, FileHeader, Level, Limits, MAX_BLOCK, MessageId, Reader,
    Writer,
};
use deltasync::xpress;
use proptest::prelude::*;
use testbed::{Random, mail::Generator};

const LEVELS: [Level; 3] = [Level::Fast, Level::Default, Level::Best];

fn check_block(plain: &[u8]) {
    for level in LEVELS {
        let mut encoder = xpress::Encoder::new(level);
        let Some(block) = encoder.encode(plain).unwrap() else {
            continue;
        };
        assert!(block.len() < plain.len());
        let mut output = vec![0; plain.len()];
        xpress::Decoder::new().decode(block, &mut output).unwrap();
        assert!(output == plain, "{level:?}");
        // Nothing but what the bits need follows: no decoder gets along without the last byte of them.
        let mut decoder = xpress::Decoder::new();
        assert!(
            decoder
                .decode(&block[..block.len() - 6], &mut output)
                .is_err()
        );
    }
}

/// Bytes with repetitions at all distances and of all lengths.
fn structured() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 1..20).prop_map(Piece::New),
        4 => (any::<prop::sample::Index>(), 3..40_usize).prop_map(|(from, length)| Piece::Copy(from, length)),
        1 => (any::<prop::sample::Index>(), 250..3000_usize).prop_map(|(from, length)| Piece::Copy(from, length)),
        2 => (b' '..b'{', 1..40_usize).prop_map(|(byte, count)| Piece::New(vec![byte; count])),
    ];
    prop::collection::vec(piece, 1..400).prop_map(|pieces| {
        let mut bytes = vec![b'x'];
        for piece in pieces {
            match piece {
                Piece::New(new) => bytes.extend(new),
                Piece::Copy(from, length) => {
                    let from = from.index(bytes.len());
                    for at in from..from + length {
                        bytes.push(bytes[at]);
                    }
                }
            }
        }
        bytes
    })
}

#[derive(Clone, Debug)]
enum Piece {
    New(Vec<u8>),
    Copy(prop::sample::Index, usize),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn blocks(plain in structured()) {
        check_block(&plain[..plain.len().min(MAX_BLOCK)]);
    }

    #[test]
    fn blocks_of_few_symbols(plain in prop::collection::vec(prop::sample::select(&b"ab\n"[..]), 1..5000)) {
        check_block(&plain);
    }

    #[test]
    fn blocks_of_noise(plain in prop::collection::vec(0..64_u8, 1..5000)) {
        check_block(&plain);
    }

    #[test]
    fn streams_in_pieces(plain in structured(), piece in 1..5000_usize, id: [u8; 16], puid: u64) {
        let header = FileHeader { message_id: MessageId(id), puid, size: 0 };
        let stream = hu01::compress(&plain, header, Level::Fast).unwrap();
        let mut decoder = Decoder::new(Limits::default());
        let (mut decoded, mut ends) = (Vec::new(), 0);
        for mut piece in stream.chunks(piece) {
            while let Some(event) = decoder.decode(&mut piece).unwrap() {
                match event {
                    Event::Header(found) => {
                        prop_assert_eq!(found, FileHeader { size: plain.len() as u32, ..header });
                    }
                    Event::Block { header, bytes } => {
                        prop_assert_eq!(header.size as usize, bytes.len());
                        decoded.extend_from_slice(bytes);
                    }
                    Event::End => ends += 1,
                }
            }
        }
        decoder.finish().unwrap();
        prop_assert!(decoded == plain);
        prop_assert_eq!(ends, 1);
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(block in prop::collection::vec(any::<u8>(), 256..700), size in 0..3000_usize) {
        let _ = xpress::Decoder::new().decode(&block, &mut vec![0; size]);
    }
}

#[test]
fn large_blocks() {
    let mut random = Random::new(3);
    let mail: Vec<u8> = Generator::new(1)
        .take(100)
        .flat_map(|message| message.bytes)
        .collect();
    let noise: Vec<u8> = (0..MAX_BLOCK).map(|_| random.next_u64() as u8).collect();
    let skewed: Vec<u8> = (0..MAX_BLOCK)
        .map(|_| random.next_u64().leading_zeros() as u8)
        .collect();
    // Of each byte as many as of all rarer ones: codes would get longer than 15 bits.
    let fibonacci: Vec<u8> = {
        let (mut bytes, mut a, mut b) = (Vec::new(), 1, 1);
        for byte in 0..22_u8 {
            bytes.extend(vec![byte.wrapping_mul(37); a]);
            (a, b) = (b, a + b);
        }
        let mut order: Vec<_> = bytes
            .into_iter()
            .map(|byte| (random.next_u64(), byte))
            .collect();
        order.sort_unstable();
        order
            .into_iter()
            .map(|(_, byte)| byte)
            .take(MAX_BLOCK)
            .collect()
    };
    let twice = [&noise[..MAX_BLOCK / 2], &noise[..MAX_BLOCK / 2]].concat();
    let all_distances: Vec<u8> = (0..MAX_BLOCK).map(|at| noise[at % 40_000]).collect();
    for plain in [
        &mail[..MAX_BLOCK],
        &noise,
        &skewed,
        &fibonacci,
        &twice,
        &all_distances,
        &[0; MAX_BLOCK],
    ] {
        check_block(plain);
    }
}

#[test]
fn a_read_stream_is_what_was_written() {
    let plain: Vec<u8> = Generator::new(2)
        .take(100)
        .flat_map(|message| message.bytes)
        .collect();
    let header = FileHeader {
        message_id: MessageId(*b"0123456789abcdef"),
        puid: 7,
        size: plain.len() as u32,
    };
    for level in LEVELS {
        let mut writer = Writer::new(Vec::new(), header, level).unwrap();
        for piece in plain.chunks(1000) {
            writer.write_all(piece).unwrap();
            writer.flush().unwrap();
        }
        let stream = writer.finish().unwrap();
        assert!(stream == hu01::compress(&plain, header, level).unwrap());

        let mut reader = Reader::new(&stream[..], Limits::default());
        assert_eq!(reader.header().unwrap(), header);
        assert_eq!(reader.fill_buf().unwrap().len(), MAX_BLOCK);
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert!(read == plain);
        assert_eq!(reader.read(&mut [0; 10]).unwrap(), 0);
    }
}

#[test]
fn a_message_has_the_size_that_was_said() {
    let header = FileHeader {
        size: 10,
        ..FileHeader::default()
    };
    let mut writer = Writer::new(Vec::new(), header, Level::Fast).unwrap();
    writer.write_all(b"too little").unwrap();
    writer.write_all(b"!").unwrap_err();
    let mut writer = Writer::new(Vec::new(), header, Level::Fast).unwrap();
    writer.write_all(b"little").unwrap();
    writer.finish().unwrap_err();
    Writer::new(Vec::new(), FileHeader::default(), Level::Fast).unwrap_err();
    let error = hu01::compress(b"", header, Level::Fast).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Empty);
}

#[test]
fn blocks_have_a_largest_size() {
    let plain = vec![0; MAX_BLOCK + 1];
    let error = xpress::Encoder::new(Level::Fast)
        .encode(&plain)
        .unwrap_err();
    assert_eq!(error.kind(), xpress::ErrorKind::TooLarge);
    let error = xpress::Decoder::new()
        .decode(&plain, &mut vec![0; MAX_BLOCK + 1])
        .unwrap_err();
    assert_eq!(error.kind(), xpress::ErrorKind::TooLarge);
    let error = hu01::Encoder::new(Level::Fast).block(&plain).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BlockSize(65_537));
    assert_eq!(xpress::Encoder::new(Level::Best).encode(b"").unwrap(), None);
}
