//! No bytes make the decoder panic, nor those who ask for what is lazy.
#![no_main]

use imap_client::wire::response::Fetch;
use imap_client::wire::{Frame, Framer, Limits, LongLine, Response};
use libfuzzer_sys::fuzz_target;

fn look(response: Response<'_>) {
    if let Response::Fetch(fetch) = response {
        let _ = fetch.envelope.as_ref().map(|e| e.parse());
        let _ = fetch.body.as_ref().map(|b| b.parse());
        let _ = fetch.body_structure.as_ref().map(|b| b.parse());
        let owned = fetch.clone().into_owned();
        assert_eq!(owned, fetch);
    }
}

fuzz_target!(|stream: &[u8]| {
    look(Response::decode(stream));
    let limits = Limits {
        stream_threshold: 16,
        long_line: 64,
        ..Limits::default()
    };
    let mut framer = Framer::new(limits);
    framer.push(stream);
    let mut line = Some(LongLine::new(&limits));
    while let Ok(Some(frame)) = framer.next_frame() {
        match frame {
            Frame::Response(raw) => look(Response::decode(raw)),
            Frame::LiteralStart { head, .. } => {
                let _ = Fetch::decode_head(head);
            }
            Frame::LongLine { bytes, last } => {
                if let Some(decoder) = &mut line
                    && decoder.push(bytes).is_err()
                {
                    line = None;
                }
                if last {
                    let _ = line.take().map(LongLine::finish);
                    line = Some(LongLine::new(&limits));
                }
            }
            Frame::LiteralChunk(_) | Frame::LiteralEnd => {}
        }
    }
});
