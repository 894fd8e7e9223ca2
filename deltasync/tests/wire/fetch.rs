//! The answer to a Fetch, as it was captured in 2012.

use bytes::Bytes;
use deltasync::wire::mtom::{FetchPart, FetchReader};
use deltasync::wire::{DecodeErrorKind, ServerId, Status};
use proptest::prelude::*;

/// Headers and frame of a real answer, from a public question (StackOverflow 10531128, CC BY-SA); its
/// line ends were not kept, and its binary part was left out.
const CAPTURE: &str = include_str!("../data/mtom-fetch-response-2012.txt");

const BINARY: &str = "....Binary Content";

/// The body of the capture with this in the place of what was left out.
fn body(line_end: &str, binary: &[u8]) -> Vec<u8> {
    let (_, body) = CAPTURE.split_once("\n\n").unwrap();
    let (before, after) = body.split_once(BINARY).unwrap();
    let with = |text: &str| text.replace('\n', line_end).into_bytes();
    [with(before), binary.to_vec(), with(after)].concat()
}

fn read(body: &[u8], piece: usize) -> (Option<ServerId>, Vec<u8>) {
    let mut reader = FetchReader::new();
    let (mut id, mut data) = (None, Vec::new());
    for piece in body.chunks(piece) {
        for part in reader.push(&Bytes::copy_from_slice(piece)).unwrap() {
            match part {
                FetchPart::Answer(answer) => {
                    assert_eq!(answer.status, Status::SUCCESS);
                    id = answer.id;
                }
                FetchPart::Data(bytes) => data.extend_from_slice(&bytes),
            }
        }
    }
    reader.finish().unwrap();
    (id, data)
}

#[test]
fn the_capture_is_read_in_pieces_of_any_size() {
    let binary = b"HU01\r\n--DeltaSync91ABCB4AF5D24B8F988B77ED7A19733D?MTOM\r\n\x00\xff";
    for line_end in ["\r\n", "\n"] {
        let body = body(line_end, binary);
        for piece in [1, 2, 3, 7, 64, 10_000] {
            let (id, data) = read(&body, piece);
            assert_eq!(
                id,
                Some(ServerId::new("E631966A-9439-11E1-8E7B-00215AD9A7B8"))
            );
            // What is behind the stream is not ours to cut off.
            assert!(data.starts_with(binary), "{line_end:?} {piece}");
        }
    }
}

#[test]
fn what_breaks_off_is_not_whole() {
    let body = body("\r\n", b"HU01");
    let begin = body.windows(4).position(|w| w == b"HU01").unwrap();
    for end in 0..begin {
        let mut reader = FetchReader::new();
        let result = reader.push(&Bytes::copy_from_slice(&body[..end]));
        assert!(result.is_ok(), "{end}");
        let error = reader.finish().unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::Truncated);
    }
}

#[test]
fn other_answers_are_refused() {
    let text = String::from_utf8(body("\r\n", b"")).unwrap();
    let foreign = text.replace("Multipart/Related", "text/plain");
    let other = text.replace("content-id: <1.", "content-id: <2.");
    let unnamed = text.replace("boundary=", "border=");
    let long = format!("X: {}\r\n{text}", "x".repeat(20_000));
    let missing = text.replace("content-id: <1.634715231374437235@example.org>\r\n", "");
    for (text, kind) in [
        (foreign, DecodeErrorKind::Foreign),
        (other, DecodeErrorKind::Content),
        (unnamed, DecodeErrorKind::Content),
        (long, DecodeErrorKind::Limit),
    ] {
        let error = FetchReader::new().push(&Bytes::from(text)).unwrap_err();
        assert_eq!(error.kind(), kind);
    }
    // One client took the second part whatever it was called.
    assert!(FetchReader::new().push(&Bytes::from(missing)).is_ok());
}

#[test]
fn nothing_is_kept_of_what_follows_a_document_without_a_message() {
    let text = String::from_utf8(body("\r\n", b"")).unwrap();
    let text = text.replace("</ServerId><Status>1<", "</ServerId><Status>4402<");
    let (before, rest) = text.split_once("<Message>").unwrap();
    let (_, after) = rest.split_once("</Message>").unwrap();
    let mut reader = FetchReader::new();
    reader
        .push(&Bytes::from(format!("{before}{after}")))
        .unwrap();
    let size = format!("{reader:?}").len();
    reader.push(&Bytes::from(vec![b'x'; 1 << 20])).unwrap();
    assert!(format!("{reader:?}").len() <= size);
    reader.finish().unwrap();
}

proptest! {
    #[test]
    fn no_input_is_too_odd(pieces in prop::collection::vec(any::<Vec<u8>>(), 0..8)) {
        let mut reader = FetchReader::new();
        for piece in pieces {
            if reader.push(&Bytes::from(piece)).is_err() {
                break;
            }
        }
        let _ = reader.finish();
    }
}
