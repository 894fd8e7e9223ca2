//! A socket that counts, and can end as if the client had gone.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::Meter;

/// What a connection and its requests share.
#[derive(Debug, Default)]
pub(super) struct Closing {
    /// An answer was made; the connection ends when it is sent.
    pub(super) answered: AtomicBool,
    ended: AtomicBool,
}

pub(super) struct Metered {
    pub(super) socket: TcpStream,
    pub(super) meter: Arc<Meter>,
    pub(super) closing: Arc<Closing>,
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.closing.ended.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.socket).poll_read(cx, buffer);
        let read = buffer.filled().len().saturating_sub(before);
        self.meter.received.add(read);
        result
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // Counted before it is sent: nobody has what is not counted yet.
        self.meter.sent.add(bytes.len());
        let result = Pin::new(&mut self.socket).poll_write(cx, bytes);
        let sent = match &result {
            Poll::Ready(Ok(sent)) => *sent,
            _ => 0,
        };
        self.meter.sent.take_back(bytes.len().saturating_sub(sent));
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.socket).poll_flush(cx);
        if result.is_ready() && self.closing.answered.load(Ordering::Relaxed) {
            self.closing.ended.store(true, Ordering::Relaxed);
            cx.waker().wake_by_ref();
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
