//! No answer makes a decoder panic, and a Fetch reads the same however its bytes arrive.
#![no_main]

use bytes::Bytes;
use deltasync::mapping::{Header, message_id};
use deltasync::wire::item_operations::FetchAnswer;
use deltasync::wire::mtom::{FetchPart, FetchReader};
use deltasync::wire::rst2::LoginAnswer;
use deltasync::wire::send::SendAnswer;
use deltasync::wire::settings::Settings;
use deltasync::wire::sync::SyncAnswer;
use libfuzzer_sys::fuzz_target;

/// The document and the data, or `None` where there is an error.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Option<(Option<FetchAnswer>, Vec<u8>)> {
    let mut reader = FetchReader::new();
    let (mut answer, mut data) = (None, Vec::new());
    for piece in pieces {
        for part in reader.push(&Bytes::copy_from_slice(piece)).ok()? {
            match part {
                FetchPart::Answer(found) => answer = Some(found),
                FetchPart::Data(bytes) => data.extend_from_slice(&bytes),
            }
        }
    }
    reader.finish().ok()?;
    Some((answer, data))
}

fuzz_target!(|data: &[u8]| {
    let _ = LoginAnswer::decode(data);
    let _ = SyncAnswer::decode(data);
    let _ = FetchAnswer::decode(data);
    let _ = SendAnswer::decode(data);
    let _ = Settings::decode(data);
    let _ = (Header::read(data), message_id(data));
    let whole = read(std::iter::once(data));
    for size in [7, 64] {
        assert_eq!(whole, read(data.chunks(size)), "in pieces of {size}");
    }
});
