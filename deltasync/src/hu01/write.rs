//! Writes a message as a stream.

use std::io::{self, Write};

use alloc::vec::Vec;

use super::{Encoder, Error, ErrorKind, FileHeader, MAX_BLOCK};
use crate::xpress::Level;

/// Writes a message as a stream. Its size has to be known, since it comes first.
///
/// [`finish`](Self::finish) has to be called: the last block is not written before.
///
/// ```
/// use std::io::Write;
/// use deltasync::hu01::{FileHeader, Level, Writer};
///
/// # fn main() -> std::io::Result<()> {
/// let header = FileHeader { size: 11, ..FileHeader::default() };
/// let mut writer = Writer::new(Vec::new(), header, Level::default())?;
/// writer.write_all(b"hello world")?;
/// let stream = writer.finish()?;
/// assert_eq!(stream.len(), 40 + 20 + 11);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Writer<W> {
    inner: W,
    encoder: Encoder,
    /// A block that is not full.
    pending: Vec<u8>,
    /// Bytes of the message that are to come.
    left: u32,
}

impl<W: Write> Writer<W> {
    /// Writes the header to `inner`, and then a block at a time.
    ///
    /// # Errors
    ///
    /// If the header's size is 0, or `inner` fails.
    pub fn new(mut inner: W, header: FileHeader, level: Level) -> io::Result<Self> {
        if header.size == 0 {
            return Err(Error::new(ErrorKind::Empty, 0).into());
        }
        inner.write_all(&header.to_bytes())?;
        Ok(Self {
            inner,
            encoder: Encoder::new(level),
            pending: Vec::new(),
            left: header.size,
        })
    }

    /// Writes the last block, and gives back what was written to.
    ///
    /// # Errors
    ///
    /// If there were fewer bytes than the header says, or `inner` fails.
    pub fn finish(mut self) -> io::Result<W> {
        if self.left != 0 {
            let words = std::format!("{} bytes of the message were not written", self.left);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, words));
        }
        self.flush_block()?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn flush_block(&mut self) -> io::Result<()> {
        if !self.pending.is_empty() {
            self.inner.write_all(self.encoder.block(&self.pending)?)?;
            self.pending.clear();
        }
        Ok(())
    }
}

impl<W: Write> Write for Writer<W> {
    /// Fails if there are more bytes than the header says.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.pending.len() == MAX_BLOCK {
            self.flush_block()?;
        }
        let room = MAX_BLOCK - self.pending.len();
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        let left = u32::try_from(taken.len())
            .ok()
            .and_then(|count| self.left.checked_sub(count));
        self.left = left.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "the message is larger than its header says",
            )
        })?;
        self.pending.extend_from_slice(taken);
        Ok(taken.len())
    }

    /// Flushes what is written to. A block that is not full stays, since all but the last have to be.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
