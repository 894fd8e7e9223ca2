use std::fmt;

/// More parts than any answer has: a fetch takes at most 100 items.
const MOST_PARTS: usize = 10_000;

/// The parts of an answer of type [`MULTIPART`](crate::wire::http::MULTIPART)
/// ([MS-ASCMD] section 2.2.1.10.1): the first is WBXML, to the others its `Part` elements point.
///
/// # Errors
/// A part that is not within the body, or too many of them.
pub fn parts(body: &[u8]) -> Result<Vec<&[u8]>, MultipartError> {
    let number = |at: usize| -> Result<usize, MultipartError> {
        let bytes = body.get(at..).and_then(|rest| rest.first_chunk());
        let number = u32::from_le_bytes(*bytes.ok_or(MultipartError { offset: at })?);
        usize::try_from(number).map_err(|_| MultipartError { offset: at })
    };
    let count = number(0)?;
    if count > MOST_PARTS {
        return Err(MultipartError { offset: 0 });
    }
    (0..count)
        .map(|i| {
            let at = 4 + i * 8;
            let (from, length) = (number(at)?, number(at + 4)?);
            let part = body.get(from..).and_then(|rest| rest.get(..length));
            part.ok_or(MultipartError { offset: at })
        })
        .collect()
}

/// An answer whose parts are not where it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MultipartError {
    /// Where the wrong number stands.
    pub offset: usize,
}

impl fmt::Display for MultipartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the parts of the answer are not where it says (at byte {})",
            self.offset
        )
    }
}

impl std::error::Error for MultipartError {}
