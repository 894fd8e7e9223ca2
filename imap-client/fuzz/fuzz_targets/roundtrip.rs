//! What was decoded, encodes to what decodes to the same.
#![no_main]

use imap_client::wire::response::{LazyBodyStructure, LazyEnvelope};
use imap_client::wire::{Frame, Framer, Limits, Response};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stream: &[u8]| {
    let limits = Limits {
        stream_threshold: u64::MAX,
        long_line: usize::MAX,
        ..Limits::default()
    };
    let mut framer = Framer::new(limits);
    framer.push(stream);
    while let Ok(Some(Frame::Response(raw))) = framer.next_frame() {
        let response = Response::decode(raw);
        // A line end inside of text cannot be kept.
        let text = matches!(response, Response::Status(_) | Response::Tagged { .. });
        let line = raw.bytes().strip_suffix(b"\n").unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if text && line.iter().any(|b| matches!(b, b'\r' | b'\n')) {
            continue;
        }
        let bytes = response.to_bytes();
        assert_eq!(Response::decode(bytes.as_slice()), response);
        let Response::Fetch(fetch) = response else {
            continue;
        };
        if let Some(Ok(envelope)) = fetch.envelope.as_ref().map(|e| e.parse()) {
            assert_eq!(LazyEnvelope::from(&envelope).parse(), Ok(envelope));
        }
        if let Some(Ok(body)) = fetch.body_structure.as_ref().map(|b| b.parse()) {
            assert_eq!(LazyBodyStructure::from(&body).parse(), Ok(body));
        }
    }
});
