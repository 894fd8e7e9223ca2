//! However a stream is cut, the same comes out of it, or the same error, within the limits.
#![no_main]

use deltasync::hu01::{Decoder, Error, Event, Limits, decompress};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { max_size: 1 << 20 };

fn in_pieces(stream: &[u8], size: usize) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new(LIMITS);
    let mut message = Vec::new();
    for mut piece in stream.chunks(size) {
        while let Some(event) = decoder.decode(&mut piece)? {
            if let Event::Block { bytes, .. } = event {
                message.extend_from_slice(bytes);
                assert!(message.len() <= LIMITS.max_size as usize);
            }
        }
        assert!(piece.is_empty());
    }
    assert_eq!(decoder.offset(), stream.len() as u64);
    decoder.finish()?;
    Ok(message)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, stream) = input;
    let whole = decompress(stream, LIMITS);
    if let Err(error) = &whole {
        assert!(error.offset() <= stream.len() as u64);
    }
    assert_eq!(in_pieces(stream, usize::from(size) + 1), whole);
});
