//! Known answers: each vector is decoded and encoded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod account;
mod commands;
mod fetch;
mod responses;
mod servers;

use imap_client::wire::Response;

/// How a vector's bytes and value belong together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The value encodes to these very bytes.
    Both,
    /// The bytes are one of several spellings of the value.
    Decode,
}

/// Checks that `line` decodes to `value`, and that `value` encodes to `line`,
/// or to another spelling that decodes to it.
fn check(way: Way, line: &[u8], value: &Response<'_>) {
    let shown = line.escape_ascii();
    assert_eq!(&Response::decode(line), value, "decoding {shown}");
    let encoded = value.to_bytes();
    if way == Way::Both {
        let encoded = encoded.escape_ascii().to_string();
        assert_eq!(encoded, shown.to_string(), "encoding");
    } else {
        let encoded = encoded.as_slice();
        assert_eq!(&Response::decode(encoded), value, "decoding the encoding");
    }
}
