//! What must not allocate does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use allocation_counter::measure;
use bytes::Bytes;
use pop3::wire::{Command, Framer, Limits, ListEntry, Reply, Text};

fn message() -> Vec<u8> {
    let mut message = b"+OK 2048 octets\r\n".to_vec();
    for _ in 0..30 {
        message
            .extend_from_slice(b"a line of a message that is not long, and no more than that\r\n");
    }
    message.extend_from_slice(b".\r\n");
    message
}

#[test]
fn a_thousand_messages_are_slices_of_the_buffer() {
    let buffer = Bytes::from(message().repeat(1000));
    let mut framer = Framer::new(Limits::default());
    // What is made once: the search for dots, the count of who shares the buffer.
    framer.push(Bytes::from_static(b"x\r\n.\r\n"));
    while framer.text().is_some() {}
    let _shared = buffer.clone();
    let mut chunks = 0;
    let info = measure(|| {
        framer.push(buffer.clone());
        for _ in 0..1000 {
            let line = framer.line().unwrap().unwrap();
            assert!(matches!(Reply::decode(line), Ok(Reply::Ok(_))));
            while let Some(Text::Chunk(_)) = framer.text() {
                chunks += 1;
            }
        }
    });
    assert_eq!(info.count_total, 0);
    assert_eq!(chunks, 1000);
}

#[test]
fn commands_and_the_scan_listing_need_no_memory_of_their_own() {
    let mut out = Vec::with_capacity(64);
    let info = measure(|| {
        Command::Retr(4_000_000_000).encode(&mut out).unwrap();
        let entry = ListEntry::decode(b"4000000000 123456789").unwrap();
        assert_eq!(entry.octets, 123_456_789);
    });
    assert_eq!(info.count_total, 0);
}
