//! JSON lines.

use std::io;

use serde::Serialize;

use super::Record;

#[derive(Serialize)]
struct Tagged<'a, R> {
    r#type: &'static str,
    #[serde(flatten)]
    record: &'a R,
}

/// The record as one line, its type first.
pub(super) fn line<R: Record>(record: &R) -> io::Result<String> {
    let tagged = Tagged {
        r#type: R::TYPE,
        record,
    };
    serde_json::to_string(&tagged).map_err(io::Error::other)
}
