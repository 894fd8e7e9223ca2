//! A stream that was damaged is refused; it never decodes to other bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::io::{self, Read};

use deltasync::hu01::{
    self, Error, ErrorKind, Event, FileHeader, Level, Limits, MAX_BLOCK, Reader,
};
use deltasync::xpress;
use testbed::{Random, mail::Generator};

/// Two compressed blocks and a stored one.
fn message() -> Vec<u8> {
    let mail = Generator::new(5)
        .take(100)
        .flat_map(|message| message.bytes);
    let mut random = Random::new(9);
    let noise = (0..200).map(|_| random.next_u64() as u8);
    mail.take(2 * MAX_BLOCK).chain(noise).collect()
}

fn decode(stream: &[u8]) -> Result<Vec<u8>, Error> {
    hu01::decompress(stream, Limits::default())
}

#[test]
fn truncated_anywhere() {
    let message = message();
    let stream = hu01::compress(&message, FileHeader::default(), Level::Default).unwrap();
    let mut decoder = hu01::Decoder::new(Limits::default());
    let mut blocks = 0;
    for (length, mut byte) in stream.chunks(1).enumerate() {
        // What would have been said, had it ended here.
        let error = decoder.finish().unwrap_err();
        assert!(error.is_truncated() && blocks < 3);
        assert_eq!(error.offset(), length as u64);
        while let Some(event) = decoder.decode(&mut byte).unwrap() {
            blocks += usize::from(matches!(event, Event::Block { .. }));
        }
    }
    decoder.finish().unwrap();
    for length in [0, 3, 39, 40, 59, 60, 1000, stream.len() - 1] {
        let mut reader = Reader::new(&stream[..length], Limits::default());
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
    assert!(decode(&stream).unwrap() == message);
}

/// A block by itself has no CRC: what is cut off before its last symbol is missed all the same.
#[test]
fn a_block_truncated_anywhere() {
    let plain = &message()[..20_000];
    let mut encoder = xpress::Encoder::new(Level::Default);
    let block = encoder.encode(plain).unwrap().unwrap();
    let mut output = vec![0; plain.len()];
    let mut decoder = xpress::Decoder::new();
    for length in (0..block.len())
        .step_by(13)
        .chain(block.len() - 20..block.len())
    {
        match decoder.decode(&block[..length], &mut output) {
            Ok(()) => assert!(length + 8 >= block.len() && output == plain),
            Err(error) => assert!(error.is_truncated() && error.offset() <= length),
        }
    }
}

/// Each bit of streams of one block. What still decodes is the same message: some bits say nothing
/// about it, as those of its GUID, and a match may be the same in another place.
#[test]
fn a_flipped_bit_anywhere() {
    for message in [
        &b"so it goes; ".repeat(100)[..],
        &message()[..6000],
        b"stored",
    ] {
        let mut stream = hu01::compress(message, FileHeader::default(), Level::Best).unwrap();
        for at in 0..stream.len() {
            for bit in 0..8 {
                stream[at] ^= 1 << bit;
                match decode(&stream) {
                    Ok(decoded) => assert!(decoded == message, "byte {at}, bit {bit}"),
                    Err(error) => assert!(error.offset() <= stream.len() as u64),
                }
                stream[at] ^= 1 << bit;
            }
        }
    }
}

/// A bit of every byte of a stream with several blocks.
#[test]
fn a_flipped_bit_in_any_block() {
    let message = message();
    let stream = hu01::compress(&message, FileHeader::default(), Level::Default).unwrap();
    let mut random = Random::new(1);
    for at in (0..stream.len()).filter(|at| *at < 400 || at % 53 == 0 || at + 300 > stream.len()) {
        let mut stream = stream.clone();
        stream[at] ^= 1 << random.below(8);
        match decode(&stream) {
            Ok(decoded) => assert!(decoded == message, "byte {at}"),
            Err(error) => assert!(error.offset() <= stream.len() as u64),
        }
    }
}

/// A header that says too little: the blocks behind what it says are no trailing bytes.
#[test]
fn a_smaller_size_is_noticed() {
    let message = vec![b'a'; 3 * MAX_BLOCK];
    let mut stream = hu01::compress(&message, FileHeader::default(), Level::Default).unwrap();
    assert_eq!(stream[32..36], [0, 0, 3, 0]);
    stream[34] = 1;
    assert_eq!(
        decode(&stream).unwrap_err().kind(),
        ErrorKind::BlockAfterEnd
    );
}

#[test]
fn each_field_has_its_error() {
    let stream = hu01::compress(
        &b"so it goes; ".repeat(100),
        FileHeader::default(),
        Level::Best,
    )
    .unwrap();
    let cases: [(usize, &[u8], ErrorKind, u64); 16] = [
        (0, b"PK\x03\x04", ErrorKind::Signature, 0),
        (2, b"02", ErrorKind::Signature, 0),
        (0, b"UN", ErrorKind::Uncompressed, 0),
        (4, &[35, 0, 0, 0], ErrorKind::HeaderSize(35), 4),
        (4, &[40, 0, 0, 1], ErrorKind::HeaderSize(0x0100_0028), 4),
        (32, &[0, 0], ErrorKind::Empty, 32),
        (
            32,
            &[0, 0, 0, 0x10],
            ErrorKind::TooLarge {
                size: 0x1000_0000,
                limit: 0x0fff_ffff,
            },
            32,
        ),
        (
            32,
            &[0, 1],
            ErrorKind::Excess {
                size: 1200,
                left: 256,
            },
            48,
        ),
        (40, b"SCBh", ErrorKind::BlockSignature, 40),
        (44, &[19], ErrorKind::BlockHeaderSize(19), 44),
        (48, &[0, 0], ErrorKind::BlockSize(0), 48),
        (48, &[0, 0, 2], ErrorKind::BlockSize(131_072), 48),
        (
            56,
            &[0, 0],
            ErrorKind::PayloadSize {
                payload: 0,
                size: 1200,
            },
            56,
        ),
        (
            56,
            &[0xb1, 4],
            ErrorKind::PayloadSize {
                payload: 1201,
                size: 1200,
            },
            56,
        ),
        (60, &[0xff], ErrorKind::Block(xpress::ErrorKind::Table), 60),
        (32, &[0xb1, 4], ErrorKind::Truncated, stream.len() as u64),
    ];
    for (at, bytes, kind, offset) in cases {
        let mut stream = stream.clone();
        stream[at..at + bytes.len()].copy_from_slice(bytes);
        let error = hu01::decompress(
            &stream,
            Limits {
                max_size: 0x0fff_ffff,
            },
        )
        .unwrap_err();
        assert_eq!((error.kind(), error.offset()), (kind, offset), "{error}");
    }
    let mut stream = stream;
    stream[52] ^= 1;
    let error = decode(&stream).unwrap_err();
    assert!(error.is_checksum());
    assert_eq!(error.offset(), 60);
}

#[test]
fn an_error_stays() {
    let mut decoder = hu01::Decoder::new(Limits::default());
    let mut input = &b"HU02"[..];
    let error = decoder.decode(&mut input).unwrap_err();
    assert!(error.is_foreign());
    assert_eq!(decoder.decode(&mut &b"HU01"[..]).unwrap_err(), error);
    assert_eq!(decoder.finish().unwrap_err(), error);
}

/// Blocks that are wrong in what only their symbols can tell.
#[test]
fn each_error_of_a_block() {
    // 'a' is 0, 'b' 10, a match of 3 bytes at distance 1 is 110, one of 18 or more 111.
    let mut lengths = [0_u8; 256];
    lengths[0x30] = 0x10;
    lengths[0x31] = 0x02;
    lengths[0x80] = 0x03;
    lengths[0x87] = 0x30;
    let decode = |data: &[u8], size: usize| {
        let block = [&lengths[..], data].concat();
        let mut output = vec![0; size];
        xpress::Decoder::new()
            .decode(&block, &mut output)
            .map(|()| output)
    };
    let kind = |data: &[u8], size: usize| decode(data, size).unwrap_err().kind();
    assert_eq!(decode(&[0, 0b0100_1100, 0, 0], 6).unwrap(), b"abaaaa");
    assert_eq!(
        kind(&[0, 0b1100_0000, 0, 0], 3),
        xpress::ErrorKind::Distance
    );
    assert_eq!(kind(&[0, 0b0110_0000, 0, 0], 3), xpress::ErrorKind::Overrun);
    assert_eq!(
        kind(&[0, 0b0111_0000, 0, 0, 255, 14, 0], 99),
        xpress::ErrorKind::Length
    );
    assert_eq!(
        kind(&[0, 0b0111_0000, 0, 0, 255, 14], 99),
        xpress::ErrorKind::Truncated
    );
    assert_eq!(
        kind(&[0, 0b0111_0000, 0, 0], 99),
        xpress::ErrorKind::Truncated
    );
    assert_eq!(
        decode(&[0, 0b0111_0000, 0, 0, 255, 15, 0], 19).unwrap(),
        [b'a'; 19]
    );
    assert_eq!(
        decode(&[0, 0b0111_0000, 0, 0, 254], 273).unwrap(),
        [b'a'; 273]
    );
    assert_eq!(kind(&[0, 0], 17), xpress::ErrorKind::Truncated);
    assert_eq!(decode(&[0, 0], 16).unwrap(), [b'a'; 16]);
    let error = decode(&[], 1).unwrap_err();
    assert!(error.is_truncated());
    assert_eq!(error.offset(), 256);
}
