//! No bytes make the reader panic or hold more than its limits, and where they are cut changes
//! nothing.
#![no_main]

use caldav::wire::{ErrorBody, Href, Limits, MultistatusReader, Response, Summary};
use libfuzzer_sys::fuzz_target;

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Option<(Vec<Response>, Summary)> {
    let limits = Limits {
        max_response: 4096,
        max_tag: 512,
        max_depth: 16,
    };
    let base = Href::parse("https://example.org/cal/")?;
    let mut reader = MultistatusReader::new(base, "https://example.org", limits);
    let mut found = Vec::new();
    for piece in pieces {
        reader.push(piece).ok()?;
        found.extend(std::iter::from_fn(|| reader.pop()));
    }
    let summary = reader.finish().ok()?;
    Some((found, summary))
}

fuzz_target!(|bytes: &[u8]| {
    let whole = read(bytes.chunks(64));
    let cut = read(bytes.chunks(7));
    assert_eq!(whole, cut);
    if let Some(base) = Href::parse("/cal/") {
        let _ = ErrorBody::read(bytes, base, "");
    }
});
