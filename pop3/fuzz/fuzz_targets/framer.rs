//! However a stream is cut, the same lines and texts come out, within the limits.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use pop3::wire::{Framer, Limits, Text, TextLine};

fn limits() -> Limits {
    Limits {
        max_line: 64,
        max_entries: 16,
        max_listing: 256,
    }
}

/// What is read, in turn: a line, a text, a line, a listing; pieces of one text are not told apart.
fn joined(stream: &[u8], cut: usize) -> (Vec<u8>, bool) {
    let mut framer = Framer::new(limits());
    let mut out = Vec::new();
    let mut turn = 0_u8;
    for piece in stream.chunks(cut.max(1)) {
        framer.push(Bytes::copy_from_slice(piece));
        loop {
            let over = match turn % 4 {
                0 | 2 => match framer.line() {
                    Ok(Some(line)) => {
                        assert!(line.len() <= limits().max_line + 1);
                        out.extend_from_slice(line);
                        true
                    }
                    Ok(None) => break,
                    Err(_) => return (out, true),
                },
                1 => match framer.text() {
                    Some(Text::Chunk(chunk)) => {
                        assert!(!chunk.is_empty());
                        out.extend_from_slice(&chunk);
                        false
                    }
                    Some(Text::End) => true,
                    None => break,
                },
                _ => match framer.text_line() {
                    Ok(Some(TextLine::Line(line))) => {
                        out.extend_from_slice(line);
                        out.push(b'\n');
                        false
                    }
                    Ok(Some(TextLine::End)) => true,
                    Ok(None) => break,
                    Err(_) => return (out, true),
                },
            };
            if over {
                turn = turn.wrapping_add(1);
                out.push(b'|');
            }
        }
        assert!(framer.is_empty() || turn % 4 != 1);
    }
    (out, false)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, stream) = input;
    assert_eq!(joined(stream, usize::MAX), joined(stream, usize::from(cut)));
});
