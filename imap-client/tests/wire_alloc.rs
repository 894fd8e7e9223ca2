//! What must not allocate does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use allocation_counter::measure;
use imap_client::wire::{Frame, Framer, Limits, LongLine, Response, SystemFlags};

#[test]
fn a_flags_only_fetch_allocates_nothing() {
    let line: &[u8] = b"* 12 FETCH (UID 4827313 FLAGS (\\Seen $Forwarded) MODSEQ (624140003))\r\n";
    let info = measure(|| {
        let Response::Fetch(fetch) = Response::decode(line) else {
            panic!()
        };
        assert_eq!(fetch.uid, Some(4_827_313));
        let flags = fetch.flags.unwrap();
        assert!(flags.contains(SystemFlags::SEEN));
        assert!(flags.keywords().eq(["$Forwarded"]));
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn lazy_metadata_and_one_body_allocate_nothing() {
    let line: &[u8] =
        b"* 1 FETCH (UID 5 RFC822.SIZE 9 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" \
        ENVELOPE (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL \"<m>\") \
        BODYSTRUCTURE (\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 1) BODY[] {5}\r\nhello)\r\n";
    let info = measure(|| {
        let Response::Fetch(fetch) = Response::decode(line) else {
            panic!()
        };
        assert_eq!(fetch.sections.full().unwrap().bytes(), Some(&b"hello"[..]));
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn framing_settles_on_one_buffer() {
    let line = b"* 12 FETCH (UID 4827313 FLAGS (\\Seen) MODSEQ (624140003))\r\n";
    let mut framer = Framer::new(Limits::default());
    framer.push(line);
    while framer.step().unwrap() {}
    let info = measure(|| {
        for _ in 0..10_000 {
            for piece in line.chunks(7) {
                framer.push(piece);
                while framer.step().unwrap() {}
            }
        }
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn a_streamed_body_is_never_held() {
    let mut framer = Framer::new(Limits::default());
    let chunk = vec![b'x'; 16 << 10];
    let chunks = 4096u64;
    let info = measure(|| {
        let len = chunks * chunk.len() as u64;
        framer.push(format!("* 1 FETCH (UID 5 BODY[] {{{len}}}\r\n").as_bytes());
        let mut seen = 0u64;
        for _ in 0..chunks {
            framer.push(&chunk);
            while let Some(frame) = framer.next_frame().unwrap() {
                if let Frame::LiteralChunk(part) = frame {
                    seen += part.len() as u64;
                }
            }
        }
        assert_eq!(seen, len);
    });
    assert!(info.bytes_max < 256 << 10, "{} bytes", info.bytes_max);
}

#[test]
fn a_long_vanished_line_holds_ranges_alone() {
    let mut framer = Framer::new(Limits::default());
    let mut text = b"* VANISHED (EARLIER) ".to_vec();
    for k in 0..100_000u32 {
        let comma = if k > 0 { "," } else { "" };
        let from = 1_000_000_000 + k * 10;
        text.extend_from_slice(format!("{comma}{from}:{}", from + 5).as_bytes());
    }
    text.extend_from_slice(b"\r\n");
    assert!(text.len() > 2_000_000);
    let mut line = LongLine::new(&Limits::default());
    let info = measure(|| {
        for piece in text.chunks(16 << 10) {
            framer.push(piece);
            while let Some(frame) = framer.next_frame().unwrap() {
                let Frame::LongLine { bytes, .. } = frame else {
                    panic!()
                };
                line.push(bytes).unwrap();
            }
        }
    });
    // 8 bytes a range; a growing vector holds up to three times that for a moment.
    assert!(info.bytes_max < 3 << 20, "{} bytes", info.bytes_max);
    let Response::Vanished(vanished) = line.finish().unwrap() else {
        panic!()
    };
    assert_eq!(vanished.uids.range_count(), 100_000);
}
