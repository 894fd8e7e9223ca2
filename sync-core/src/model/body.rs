use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;

/// Contents up to this many bytes stay in memory, larger ones go to an unnamed temporary file.
pub const MEMORY_LIMIT: usize = 256 * 1024;

const CHUNK: usize = 64 * 1024;

/// The content of one item: bytes in memory, or an unnamed temporary file when it is large.
///
/// Cloning is cheap, and a body can be read as often as a retry needs.
#[derive(Clone)]
pub struct Body(Repr);

#[derive(Clone)]
enum Repr {
    Memory(Bytes),
    Spooled { file: Arc<File>, len: u64 },
}

impl Body {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Repr::Memory(bytes) => bytes.len() as u64,
            Repr::Spooled { len, .. } => *len,
        }
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, if they are in memory.
    pub fn as_memory(&self) -> Option<&Bytes> {
        match &self.0 {
            Repr::Memory(bytes) => Some(bytes),
            Repr::Spooled { .. } => None,
        }
    }

    /// How many bytes of memory the content itself takes.
    pub fn memory(&self) -> usize {
        self.as_memory().map_or(0, Bytes::len)
    }

    /// The content in pieces of at most 64 KiB; a content in memory is one piece.
    pub fn chunks(&self) -> BodyChunks<'_> {
        BodyChunks {
            body: self,
            offset: 0,
        }
    }

    /// The whole content in memory.
    ///
    /// # Errors
    /// It is larger than `limit` bytes, or a spooled file could not be read.
    pub fn read(&self, limit: u64) -> io::Result<Bytes> {
        if self.len() > limit {
            let why = format!("the content has {} bytes, the limit is {limit}", self.len());
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        if let Repr::Memory(bytes) = &self.0 {
            return Ok(bytes.clone());
        }
        let mut all = Vec::with_capacity(usize::try_from(self.len()).unwrap_or(0));
        for chunk in self.chunks() {
            all.extend_from_slice(&chunk?);
        }
        Ok(all.into())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Repr::Memory(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Repr::Memory(bytes.into()))
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        Self(Repr::Memory(Bytes::copy_from_slice(text.as_bytes())))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.len())
    }
}

/// The pieces of a [`Body`].
#[derive(Debug)]
pub struct BodyChunks<'a> {
    body: &'a Body,
    offset: u64,
}

impl Iterator for BodyChunks<'_> {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        let left = self
            .body
            .len()
            .checked_sub(self.offset)
            .filter(|left| *left > 0)?;
        let piece = match &self.body.0 {
            Repr::Memory(bytes) => bytes.clone(),
            Repr::Spooled { file, .. } => {
                let mut buffer = vec![0; usize::try_from(left).map_or(CHUNK, |n| n.min(CHUNK))];
                if let Err(error) = file.read_exact_at(&mut buffer, self.offset) {
                    self.offset = self.body.len();
                    return Some(Err(error));
                }
                buffer.into()
            }
        };
        self.offset = self.offset.saturating_add(piece.len() as u64);
        Some(Ok(piece))
    }
}

/// Gathers a content piece by piece; what outgrows [`MEMORY_LIMIT`], or the limit of the writer's own,
/// is spooled.
#[derive(Debug)]
pub struct BodyWriter {
    limit: usize,
    buffer: Vec<u8>,
    file: Option<File>,
    len: u64,
}

impl BodyWriter {
    /// A writer for a content of about `expected` bytes (a hint; not trusted for allocation).
    pub fn new(expected: u64) -> Self {
        Self::with_limit(expected, MEMORY_LIMIT)
    }

    /// A writer that keeps up to `limit` bytes in memory, for who holds few contents at once.
    pub fn with_limit(expected: u64, limit: usize) -> Self {
        let hint = usize::try_from(expected).unwrap_or(usize::MAX);
        let capacity = if hint > limit { CHUNK } else { hint };
        Self {
            limit,
            buffer: Vec::with_capacity(capacity),
            file: None,
            len: 0,
        }
    }

    /// The finished body.
    ///
    /// # Errors
    /// The temporary file could not be written.
    pub fn finish(mut self) -> io::Result<Body> {
        Ok(match self.file.take() {
            None => Body::from(self.buffer),
            Some(mut file) => {
                file.write_all(&self.buffer)?;
                Body(Repr::Spooled {
                    file: Arc::new(file),
                    len: self.len,
                })
            }
        })
    }
}

impl Write for BodyWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.len = self.len.saturating_add(bytes.len() as u64);
        self.buffer.extend_from_slice(bytes);
        if self.file.is_none() && self.buffer.len() > self.limit {
            self.file = Some(tempfile::tempfile()?);
        }
        if let Some(file) = &mut self.file
            && self.buffer.len() >= CHUNK
        {
            file.write_all(&self.buffer)?;
            self.buffer.clear();
            self.buffer.shrink_to(CHUNK);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_large_body_is_spooled_and_reads_back() {
        let content: Vec<u8> = (0..MEMORY_LIMIT * 3 + 17)
            .map(|i| (i % 251) as u8)
            .collect();
        let mut writer = BodyWriter::new(0);
        for piece in content.chunks(10_007) {
            writer.write_all(piece).unwrap();
        }
        let body = writer.finish().unwrap();
        assert_eq!(body.memory(), 0);
        assert_eq!(body.len(), content.len() as u64);
        assert_eq!(body.read(u64::MAX).unwrap(), content);
        assert!(body.read(10).is_err());
    }

    #[test]
    fn a_writer_may_have_another_limit() {
        for (limit, memory) in [(9, 0), (10, 10), (11, 10)] {
            let mut writer = BodyWriter::with_limit(10, limit);
            for piece in [&b"01234"[..], b"56789"] {
                writer.write_all(piece).unwrap();
            }
            let body = writer.finish().unwrap();
            assert_eq!(body.memory(), memory, "{limit}");
            assert_eq!(body.read(10).unwrap(), "0123456789");
        }
    }

    #[test]
    fn a_small_body_stays_in_memory() {
        let mut writer = BodyWriter::new(5);
        writer.write_all(b"hello").unwrap();
        let body = writer.finish().unwrap();
        assert_eq!(body.as_memory().unwrap().as_ref(), b"hello");
        assert_eq!(body.chunks().count(), 1);
    }
}
