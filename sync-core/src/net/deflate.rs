use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Mail is text: most of the gain comes with the first levels, most of the time goes into the last.
const LEVEL: Compression = Compression::new(3);
/// Compressed bytes read from below at a time.
const INPUT: usize = 32 * 1024;
/// Compressed bytes that may wait to be written before `poll_write` waits.
const OUTPUT: usize = 64 * 1024;

/// Raw DEFLATE in both directions (RFC 4978), over any stream.
///
/// Memory is bounded whatever the other end sends: it inflates into the reader's own buffer, no
/// further than that goes. `poll_flush` ends with an empty stored block, so that the other end can
/// decode everything that was written before it.
#[derive(Debug)]
pub struct Deflate<S> {
    io: S,
    inflate: Decompress,
    deflate: Compress,
    /// Compressed and not yet inflated.
    input: Bytes,
    /// The other end finished its stream of blocks.
    ended: bool,
    scratch: Box<[u8]>,
    /// Compressed and not yet written.
    output: Vec<u8>,
    written: usize,
    /// Something was compressed since the last sync flush.
    dirty: bool,
}

impl<S> Deflate<S> {
    /// Over `io`; `read_ahead` was read from it already and is compressed.
    pub fn new(io: S, read_ahead: Bytes) -> Self {
        Self {
            io,
            inflate: Decompress::new(false),
            deflate: Compress::new(LEVEL, false),
            input: read_ahead,
            ended: false,
            scratch: vec![0; INPUT].into_boxed_slice(),
            output: Vec::with_capacity(OUTPUT),
            written: 0,
            dirty: false,
        }
    }

    /// The stream below.
    pub fn get_ref(&self) -> &S {
        &self.io
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Deflate<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buf.remaining() == 0 || this.ended {
            return Poll::Ready(Ok(()));
        }
        loop {
            // The inflater may still hold output although all input is in it.
            let (before_in, before_out) = (this.inflate.total_in(), this.inflate.total_out());
            let out = buf.initialize_unfilled();
            let status = this
                .inflate
                .decompress(&this.input, out, FlushDecompress::None)
                .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
            let count = |after: u64, before: u64| usize::try_from(after - before).unwrap_or(0);
            this.input
                .advance(count(this.inflate.total_in(), before_in).min(this.input.len()));
            let made = count(this.inflate.total_out(), before_out);
            buf.advance(made);
            if status == Status::StreamEnd {
                this.ended = true;
                return Poll::Ready(Ok(()));
            }
            if made > 0 {
                return Poll::Ready(Ok(()));
            }
            if !this.input.is_empty() {
                continue;
            }
            let mut raw = ReadBuf::new(&mut this.scratch);
            ready!(Pin::new(&mut this.io).poll_read(cx, &mut raw))?;
            if raw.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.input = Bytes::copy_from_slice(raw.filled());
        }
    }
}

impl<S: AsyncWrite + Unpin> Deflate<S> {
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.output.get(self.written..).filter(|r| !r.is_empty()) {
            let n = ready!(Pin::new(&mut self.io).poll_write(cx, rest))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written = self.written.saturating_add(n);
        }
        self.output.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    /// Compresses as much of `data` as fits; the number of bytes taken.
    fn compress(&mut self, data: &[u8], flush: FlushCompress) -> io::Result<usize> {
        let before = self.deflate.total_in();
        self.deflate
            .compress_vec(data, &mut self.output, flush)
            .map_err(io::Error::other)?;
        usize::try_from(self.deflate.total_in() - before).map_err(io::Error::other)
    }

    fn poll_end(&mut self, cx: &mut Context<'_>, flush: FlushCompress) -> Poll<io::Result<()>> {
        while self.dirty {
            if self.output.len() >= self.output.capacity() {
                ready!(self.poll_drain(cx))?;
            }
            self.compress(&[], flush)?;
            // Room left over means that nothing is held back any more.
            self.dirty = self.output.len() >= self.output.capacity();
        }
        self.poll_drain(cx)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Deflate<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            if this.output.len() >= this.output.capacity() {
                ready!(this.poll_drain(cx))?;
            }
            let taken = this.compress(buf, FlushCompress::None)?;
            if taken > 0 {
                this.dirty = true;
                return Poll::Ready(Ok(taken));
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_end(cx, FlushCompress::Sync))?;
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_end(cx, FlushCompress::Sync))?;
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    fn noise(len: usize) -> Vec<u8> {
        let mut x = 1_u32;
        let step = |_| {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u8::try_from(x >> 24).unwrap()
        };
        (0..len).map(step).collect()
    }

    #[tokio::test]
    async fn passes_both_ways_through_narrow_pipes() {
        for pipe in [61, 1000, 65536] {
            let (a, b) = duplex(pipe);
            let (mut a, mut b) = (Deflate::new(a, Bytes::new()), Deflate::new(b, Bytes::new()));
            let sent = [noise(300_000), vec![b'x'; 300_000]].concat();
            let copy = sent.clone();
            let peer = tokio::spawn(async move {
                let mut got = vec![0; copy.len()];
                b.read_exact(&mut got).await.unwrap();
                assert!(got == copy);
                b.write_all(&got).await.unwrap();
                b.flush().await.unwrap();
                b
            });
            a.write_all(&sent).await.unwrap();
            a.flush().await.unwrap();
            let mut got = vec![0; sent.len()];
            a.read_exact(&mut got).await.unwrap();
            assert!(got == sent);
            peer.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_flush_makes_every_byte_readable() {
        let (a, b) = duplex(1 << 20);
        let (mut a, mut b) = (Deflate::new(a, Bytes::new()), Deflate::new(b, Bytes::new()));
        for line in [&b"A1 NOOP\r\n"[..], b"A2 IDLE\r\n", &noise(100_000)] {
            a.write_all(line).await.unwrap();
            a.flush().await.unwrap();
            let mut got = vec![0; line.len()];
            b.read_exact(&mut got).await.unwrap();
            assert_eq!(got, line);
        }
    }

    #[tokio::test]
    async fn a_flush_without_data_sends_nothing() {
        let (a, mut b) = duplex(1 << 10);
        let mut a = Deflate::new(a, Bytes::new());
        a.flush().await.unwrap();
        a.flush().await.unwrap();
        drop(a);
        assert_eq!(b.read(&mut [0; 8]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_was_read_ahead_is_inflated_first() {
        let (a, mut b) = duplex(1 << 20);
        let mut a = Deflate::new(a, Bytes::new());
        a.write_all(b"* OK one\r\n* OK two\r\n").await.unwrap();
        a.flush().await.unwrap();
        drop(a);
        let mut raw = Vec::new();
        b.read_to_end(&mut raw).await.unwrap();
        let (head, tail) = raw.split_at(5);
        let mut inner = Deflate::new(tail, Bytes::copy_from_slice(head));
        let mut text = String::new();
        inner.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "* OK one\r\n* OK two\r\n");
    }

    #[tokio::test]
    async fn a_bomb_is_read_in_the_readers_own_portions() {
        let mut bomb = Vec::with_capacity(1 << 20);
        let mut deflate = Compress::new(Compression::best(), false);
        let zeros = vec![0; 50 << 20];
        let status = deflate.compress_vec(&zeros, &mut bomb, FlushCompress::Finish);
        assert_eq!(status.unwrap(), Status::StreamEnd);
        let mut inner = Deflate::new(&bomb[..], Bytes::new());
        let mut portion = [1; 4096];
        let mut total = 0;
        loop {
            let n = inner.read(&mut portion).await.unwrap();
            total += n;
            if n == 0 {
                break;
            }
        }
        assert_eq!(total, zeros.len());
    }

    #[tokio::test]
    async fn garbage_is_an_error() {
        let mut inner = Deflate::new(&b"\xff\xff\xff\xff plain text"[..], Bytes::new());
        let error = inner.read(&mut [0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
