//! Streams that others made decode to what is in them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::{
    env, fs,
    io::Read,
    path::{Path, PathBuf},
};

use deltasync::hu01::{self, Decoder, ErrorKind, Event, Limits, Reader};
use deltasync::xpress;
use sha2::{Digest, Sha256};

/// Name, size and SHA-256 of what is in it.
const STREAMS: [(&str, usize, &str); 8] = [
    (
        "a600",
        600,
        "ba35c170729417f1499e0886e7e12fcdb4ab00ad411110ae1e888c766d4ed70d",
    ),
    (
        "a65536",
        65_536,
        "bf718b6f653bebc184e1479f1935b8da974d701b893afcf49e701f3e2f9f9c5a",
    ),
    (
        "abab6000",
        6_000,
        "feeccc0b040c9a45e9a460dc68ff223c91d0d0a729ef97562489c98b5d66d6b5",
    ),
    (
        "mixed_tail_stored",
        65_592,
        "e6edeb440b3374cacf002e6fc49ac5c0e874c2372d7a92d986f5825db5036125",
    ),
    (
        "one_byte",
        1,
        "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
    ),
    (
        "random300_stored",
        300,
        "73d96f0b7f77581a061da43424b992ea94f07c586fda771f271c5e0443068409",
    ),
    (
        "text_multi",
        150_001,
        "b2d42cbf2be8a7527d31e131249c6235a6d53a232fc1313603f353ac22d3628d",
    ),
    (
        "text_small",
        3_000,
        "f0658ded3f3c11bbbc01215df99a0105b3a0ed6b47dc77d00c5472be6946a808",
    ),
];

fn stream(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    fs::read(folder.join(format!("{name}.hu01"))).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn streams_of_another_encoder() {
    for (name, size, sha256) in STREAMS {
        let plain = hu01::decompress(&stream(name), Limits::default()).unwrap();
        assert_eq!(plain.len(), size, "{name}");
        assert_eq!(hex(&Sha256::digest(&plain)), sha256, "{name}");
    }
    let same = [
        (b'a', "a600", 600),
        (b'a', "a65536", 65_536),
        (b'x', "one_byte", 1),
    ];
    for (byte, name, count) in same {
        let plain = hu01::decompress(&stream(name), Limits::default()).unwrap();
        assert_eq!(plain, vec![byte; count], "{name}");
    }
}

/// The folder with more streams, real ones among them, and what is in each beside it.
fn more_streams() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/hu01");
    let folder = env::var_os("HU01_STREAMS").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// Real streams hold private mail and are not part of this repository. Those that are there, in
/// `HU01_STREAMS` or beside the repository, are all tested; `NAME.plain` is what is in `NAME.hu01`.
#[test]
fn all_other_streams_that_are_there() {
    let Some(folder) = more_streams() else { return };
    let mut tested = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "hu01") {
            continue;
        }
        let stream = fs::read(&path).unwrap();
        let plain = fs::read(path.with_extension("plain")).unwrap();
        assert!(
            hu01::decompress(&stream, Limits::default()).unwrap() == plain,
            "{path:?}"
        );
        let mut read = Vec::new();
        Reader::new(&stream[..], Limits::default())
            .read_to_end(&mut read)
            .unwrap();
        assert!(read == plain, "{path:?}");
        tested += 1;
    }
    assert_ne!(tested, 0);
}

#[test]
fn a_header_says_whose_message_it_is() {
    let stream = stream("text_small");
    let mut decoder = Decoder::new(Limits::default());
    let Some(Event::Header(header)) = decoder.decode(&mut &stream[..]).unwrap() else {
        panic!("no header");
    };
    assert_eq!(header.size, 3000);
    assert_eq!(header.message_id.0, stream[8..24]);
    assert_eq!(header.puid.to_le_bytes(), stream[24..32]);
}

#[test]
fn what_follows_the_message_is_ignored() {
    for behind in [
        "\n",
        "HU01",
        "SCB",
        "SCBX",
        "SCBSCBH",
        "anything at all, for as long as it likes",
    ] {
        let stream = [&stream("text_multi"), behind.as_bytes()].concat();
        for size in [1, 3, 1000, stream.len()] {
            let mut decoder = Decoder::new(Limits::default());
            let mut plain = 0;
            for mut piece in stream.chunks(size) {
                while let Some(event) = decoder.decode(&mut piece).unwrap() {
                    if let Event::Block { bytes, .. } = event {
                        plain += bytes.len();
                    }
                }
            }
            decoder.finish().unwrap();
            assert_eq!((plain, decoder.offset()), (150_001, stream.len() as u64));
        }
    }
}

#[test]
fn another_block_behind_the_message_is_an_error() {
    let stream = stream("text_multi");
    let behind = [&stream[..], &stream[40..]].concat();
    for size in [1, 3, 7, behind.len()] {
        let mut decoder = Decoder::new(Limits::default());
        let mut decode_all = || {
            for mut piece in behind.chunks(size) {
                while decoder.decode(&mut piece)?.is_some() {}
            }
            Ok::<_, hu01::Error>(())
        };
        let error = decode_all().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BlockAfterEnd);
        assert_eq!(error.offset(), stream.len() as u64);
    }
}

#[test]
fn longer_headers_are_skipped() {
    let stream = stream("text_small");
    let mut longer = stream[..40].to_vec();
    longer[4] = 50;
    longer.extend([0xee; 10]);
    longer.extend(&stream[40..60]);
    longer[54] = 23;
    longer.extend([0xee; 3]);
    longer.extend(&stream[60..]);
    let plain = hu01::decompress(&stream, Limits::default()).unwrap();
    assert!(hu01::decompress(&longer, Limits::default()).unwrap() == plain);
    // The shortest one.
    let mut shorter = [&stream[..36], &stream[40..]].concat();
    shorter[4] = 36;
    assert!(hu01::decompress(&shorter, Limits::default()).unwrap() == plain);
}

#[test]
fn a_block_without_a_crc_is_taken_as_it_is() {
    let mut stream = stream("text_small");
    let plain = hu01::decompress(&stream, Limits::default()).unwrap();
    stream[52..56].fill(0);
    assert!(hu01::decompress(&stream, Limits::default()).unwrap() == plain);
}

/// \[MS-XCA\] 3.2, both examples.
#[test]
fn examples_of_the_specification() {
    let decode = |lengths: &[(usize, u8)], data: &[u8], size: usize| {
        let mut block = vec![0; 256];
        for &(at, byte) in lengths {
            block[at] = byte;
        }
        block.extend(data);
        let mut plain = vec![0; size];
        xpress::Decoder::new().decode(&block, &mut plain).unwrap();
        plain
    };
    let mut letters = vec![
        (0x30, 0x50),
        (0x3b, 0x45),
        (0x3c, 0x44),
        (0x3d, 0x04),
        (0x80, 0x04),
    ];
    letters.extend((0x31..0x3b).map(|at| (at, 0x55)));
    let data = b"\xd8\x52\x3e\xd7\x94\x11\x5b\xe9\x19\x5f\xf9\xd6\x7c\xdf\x8d\x04\0\0\0\0";
    assert_eq!(decode(&letters, data, 26), b"abcdefghijklmnopqrstuvwxyz");

    let repeated = [(0x30, 0x30), (0x31, 0x23), (0x80, 0x02), (0x8f, 0x20)];
    let data = b"\xa8\xdc\0\0\xff\x26\x01";
    assert_eq!(decode(&repeated, data, 300), b"abc".repeat(100));
}
