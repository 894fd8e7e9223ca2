//! Reads a message from a stream.

use std::io::{self, BufRead, Read};

use alloc::{boxed::Box, vec};

use super::{BlockHeader, Decoder, Event, FileHeader, Limits};

/// How much is read at once.
const PIECE: usize = 32 << 10;

/// The message of a stream that is read from somewhere.
///
/// It reads to the end of what it is given, also behind the message, where bytes that are not a block
/// are ignored; give it a [`Take`](std::io::Take) if something else follows. Errors of the stream are
/// [`io::Error`]s with an [`Error`](super::Error) inside.
#[derive(Debug)]
pub struct Reader<R> {
    inner: R,
    decoder: Decoder,
    header: Option<FileHeader>,
    block_header: Option<BlockHeader>,
    piece: Box<[u8]>,
    /// What of the piece is not decoded.
    start: usize,
    end: usize,
    /// How much of the decoder's block was read.
    read: usize,
}

impl<R: Read> Reader<R> {
    /// Reads from `inner`, which needs no buffer.
    pub fn new(inner: R, limits: Limits) -> Self {
        Self {
            inner,
            decoder: Decoder::new(limits),
            header: None,
            block_header: None,
            piece: vec![0; PIECE].into_boxed_slice(),
            start: 0,
            end: 0,
            read: 0,
        }
    }

    /// The header of the stream; it is read if it was not yet.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is not valid.
    pub fn header(&mut self) -> io::Result<FileHeader> {
        loop {
            if let Some(header) = self.header {
                return Ok(header);
            }
            self.advance()?;
        }
    }

    /// The header of the block that [`fill_buf`](BufRead::fill_buf) gives, or gave last.
    #[must_use]
    pub fn block_header(&self) -> Option<BlockHeader> {
        self.block_header
    }

    /// What is read from. It stands behind what was decoded so far, by up to 32 KiB.
    pub fn into_inner(self) -> R {
        self.inner
    }

    /// Goes on until there is a header, a block, or nothing more: then it is `false`.
    fn advance(&mut self) -> io::Result<bool> {
        loop {
            let mut rest = self.piece.get(self.start..self.end).unwrap_or_default();
            let found = match self.decoder.decode(&mut rest)? {
                Some(Event::Header(header)) => {
                    self.header = Some(header);
                    true
                }
                Some(Event::Block { header, .. }) => {
                    self.block_header = Some(header);
                    self.read = 0;
                    true
                }
                Some(Event::End) | None => false,
            };
            self.start = self.end - rest.len();
            if found {
                return Ok(true);
            }
            if rest.is_empty() {
                let count = match self.inner.read(&mut self.piece) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    result => result?,
                };
                if count == 0 {
                    self.decoder.finish()?;
                    return Ok(false);
                }
                (self.start, self.end) = (0, count.min(PIECE));
            }
        }
    }

    fn unread(&self) -> &[u8] {
        self.decoder.block().get(self.read..).unwrap_or_default()
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Reader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.unread().is_empty() && self.advance()? {}
        Ok(self.unread())
    }

    fn consume(&mut self, count: usize) {
        self.read = self
            .read
            .saturating_add(count)
            .min(self.decoder.block().len());
    }
}
