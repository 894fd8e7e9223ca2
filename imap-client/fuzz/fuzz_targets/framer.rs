//! However a stream is cut, the same responses come out, within the limits.
#![no_main]

use imap_client::wire::{Frame, Framer, Limits};
use libfuzzer_sys::fuzz_target;

fn limits() -> Limits {
    Limits {
        max_response: 512,
        stream_threshold: 8,
        max_literal: 4096,
        long_line: 24,
        max_ranges: 64,
    }
}

/// All that the framer gives, joined; pieces of one thing are not told apart.
fn joined(stream: &[u8], cut: usize) -> (Vec<u8>, bool) {
    let mut framer = Framer::new(limits());
    let mut out = Vec::new();
    let mut in_line = false;
    for piece in stream.chunks(cut.max(1)) {
        framer.push(piece);
        loop {
            match framer.next_frame() {
                Ok(Some(Frame::Response(raw))) => {
                    assert!(raw.bytes().len() <= limits().max_response);
                    out.push(b'R');
                    out.extend_from_slice(raw.bytes());
                }
                Ok(Some(Frame::LiteralStart { head, len })) => {
                    assert!(len > limits().stream_threshold);
                    out.push(b'S');
                    out.extend_from_slice(head.bytes());
                }
                Ok(Some(Frame::LiteralChunk(bytes))) => out.extend_from_slice(bytes),
                Ok(Some(Frame::LiteralEnd)) => out.push(b'E'),
                // A line that is complete in one piece is a response.
                Ok(Some(Frame::LongLine { bytes, last })) => {
                    if !in_line {
                        out.push(b'R');
                    }
                    in_line = !last;
                    out.extend_from_slice(bytes);
                }
                Ok(None) => break,
                Err(_) => return (out, true),
            }
        }
        assert!(framer.spare_mut(1).len() <= 64 << 10);
    }
    (out, false)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, stream) = input;
    let (whole, failed) = joined(stream, usize::MAX);
    let (pieces, pieces_failed) = joined(stream, usize::from(cut));
    // A long line cut short of the limit gives more before the error.
    if !failed && !pieces_failed {
        assert_eq!(whole, pieces);
    }
});
