//! What comes is kept, is equal to itself, and survives the versions of vCard.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sync_core::merge::{VcardVersion, equal, to_version, uid, with_new_uid};

fuzz_target!(|content: &[u8]| {
    let copy = with_new_uid(content);
    if uid(content).is_none() {
        assert_eq!(copy, content);
    }
    // Other line ends, so that it is not the bytes that are equal.
    let text: Vec<u8> = content.iter().copied().filter(|b| *b != b'\r').collect();
    let crlf = text
        .split(|b| *b == b'\n')
        .collect::<Vec<_>>()
        .join(b"\r\n".as_slice());
    assert!(equal(&text, &crlf));
    for version in [VcardVersion::V3, VcardVersion::V4] {
        let there = to_version(content, version);
        assert_eq!(to_version(&there, version), there);
    }
});
