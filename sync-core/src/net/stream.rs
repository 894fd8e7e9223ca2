use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::{ChannelBinding, Deflate, Tls, tls};
use crate::error::{Error, ErrorKind, Result};

/// What a [`Stream`] can run over.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection: plain, under TLS, or compressed.
pub struct Stream(Inner);

enum Inner {
    Plain(Plain),
    Tls(Box<TlsStream<Plain>>),
    Deflate(Box<Deflate<Stream>>),
}

enum Plain {
    Tcp(TcpStream),
    Other(Box<dyn Io>),
}

impl Stream {
    /// Over any transport that is not encrypted as far as this crate knows.
    pub fn from_io(io: impl Io + 'static) -> Self {
        Self(Inner::Plain(Plain::Other(Box::new(io))))
    }

    /// A TCP connection without TLS, which must stand within `timeout`.
    ///
    /// All addresses of `host` are tried, each a quarter of a second after the one before or as
    /// soon as that one failed; the first that answers wins (RFC 8305, lightly).
    ///
    /// # Errors
    /// [`ErrorKind::Connection`] or [`ErrorKind::Timeout`].
    pub async fn connect(host: &str, port: u16, timeout: Duration) -> Result<Self> {
        in_time(host, port, timeout, tcp(host, port)).await
    }

    /// Begins TLS on a plain connection, as after STARTTLS or STLS.
    ///
    /// The stream holds no bytes: what a caller has read ahead came in before the handshake, may be
    /// an attacker's, and must be dropped together with the buffer that it lies in.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] on a connection that is already under TLS or compressed, else as
    /// [`Tls::handshake`].
    pub async fn upgrade(self, tls: &Tls, host: &str) -> Result<Self> {
        let Inner::Plain(plain) = self.0 else {
            return Err(Error::new(ErrorKind::Protocol, "TLS runs already"));
        };
        let stream = tls.handshake(plain, host).await?;
        Ok(Self(Inner::Tls(Box::new(stream))))
    }

    /// Begins compression (RFC 4978 section 3).
    ///
    /// `read_ahead` is what was already read behind the server's consent: it is compressed data.
    #[must_use]
    pub fn deflate(self, read_ahead: Bytes) -> Self {
        Self(Inner::Deflate(Box::new(Deflate::new(self, read_ahead))))
    }

    /// Whether the bytes travel under TLS.
    pub fn is_tls(&self) -> bool {
        match &self.0 {
            Inner::Plain(_) => false,
            Inner::Tls(_) => true,
            Inner::Deflate(inner) => inner.get_ref().is_tls(),
        }
    }

    /// Whether the bytes are compressed.
    pub fn is_deflate(&self) -> bool {
        matches!(self.0, Inner::Deflate(_))
    }

    /// What SCRAM's -PLUS mechanisms bind to; `None` without TLS.
    pub fn channel_binding(&self) -> Option<ChannelBinding> {
        match &self.0 {
            Inner::Plain(_) => None,
            Inner::Tls(stream) => tls::channel_binding(stream.get_ref().1),
            Inner::Deflate(inner) => inner.get_ref().channel_binding(),
        }
    }

    /// The protocol that the server chose by ALPN.
    pub fn alpn(&self) -> Option<&[u8]> {
        match &self.0 {
            Inner::Plain(_) => None,
            Inner::Tls(stream) => stream.get_ref().1.alpn_protocol(),
            Inner::Deflate(inner) => inner.get_ref().alpn(),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("tls", &self.is_tls())
            .field("deflate", &self.is_deflate())
            .finish()
    }
}

macro_rules! delegate {
    ($self:ident, $method:ident, $cx:ident $(, $arg:expr)*) => {
        match &mut $self.get_mut().0 {
            Inner::Plain(Plain::Tcp(io)) => Pin::new(io).$method($cx $(, $arg)*),
            Inner::Plain(Plain::Other(io)) => Pin::new(io.as_mut()).$method($cx $(, $arg)*),
            Inner::Tls(io) => Pin::new(io.as_mut()).$method($cx $(, $arg)*),
            Inner::Deflate(io) => Pin::new(io.as_mut()).$method($cx $(, $arg)*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        delegate!(self, poll_read, cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, poll_write, cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, poll_flush, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, poll_shutdown, cx)
    }
}

macro_rules! delegate_plain {
    ($self:ident, $method:ident, $cx:ident $(, $arg:expr)*) => {
        match $self.get_mut() {
            Plain::Tcp(io) => Pin::new(io).$method($cx $(, $arg)*),
            Plain::Other(io) => Pin::new(io.as_mut()).$method($cx $(, $arg)*),
        }
    };
}

impl AsyncRead for Plain {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        delegate_plain!(self, poll_read, cx, buf)
    }
}

impl AsyncWrite for Plain {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        delegate_plain!(self, poll_write, cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate_plain!(self, poll_flush, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate_plain!(self, poll_shutdown, cx)
    }
}

/// Makes connections.
#[derive(Debug, Clone)]
pub struct Connector {
    tls: Tls,
    timeout: Duration,
}

impl Connector {
    /// With this TLS configuration; a connection must stand, its handshake included, within `timeout`.
    pub fn new(tls: Tls, timeout: Duration) -> Self {
        Self { tls, timeout }
    }

    /// The TLS configuration, for a later [`Stream::upgrade`].
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// A TCP connection without TLS.
    ///
    /// # Errors
    /// As [`Stream::connect`].
    pub async fn plain(&self, host: &str, port: u16) -> Result<Stream> {
        Stream::connect(host, port, self.timeout).await
    }

    /// A connection that is under TLS from its first byte.
    ///
    /// # Errors
    /// As [`Stream::connect`] and [`Tls::handshake`].
    pub async fn encrypted(&self, host: &str, port: u16) -> Result<Stream> {
        in_time(host, port, self.timeout, async {
            tcp(host, port).await?.upgrade(&self.tls, host).await
        })
        .await
    }
}

async fn in_time(
    host: &str,
    port: u16,
    timeout: Duration,
    connect: impl Future<Output = Result<Stream>>,
) -> Result<Stream> {
    tokio::time::timeout(timeout, connect)
        .await
        .unwrap_or_else(|_| {
            let text = format!("{host}:{port}: no connection within {timeout:?}");
            Err(Error::new(ErrorKind::Timeout, text))
        })
}

/// How long one address may stay silent before the next is tried as well.
const STAGGER: Duration = Duration::from_millis(250);

async fn tcp(host: &str, port: u16) -> Result<Stream> {
    let failed = |error: io::Error| {
        let text = format!("{host}:{port}: {error}");
        Error::new(ErrorKind::Connection, text).caused_by(error)
    };
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    let found = tokio::net::lookup_host((bare, port))
        .await
        .map_err(failed)?;
    let mut waiting = interleave(found.collect());
    let mut running = FuturesUnordered::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no address");
    loop {
        if let Some(address) = waiting.pop_front() {
            running.push(TcpStream::connect(address));
        }
        if running.is_empty() {
            return Err(failed(last));
        }
        let stagger = async {
            if waiting.is_empty() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(STAGGER).await;
        };
        tokio::select! {
            done = running.next() => match done {
                Some(Ok(stream)) => {
                    stream.set_nodelay(true).map_err(failed)?;
                    return Ok(Stream(Inner::Plain(Plain::Tcp(stream))));
                }
                Some(Err(error)) => last = error,
                None => {}
            },
            () = stagger => {}
        }
    }
}

/// The resolver's order, with the two families taking turns.
fn interleave(found: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first_is_v6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|a| a.is_ipv6() == first_is_v6);
    let mut order = VecDeque::with_capacity(first.len() + second.len());
    let mut second = second.into_iter();
    for address in first {
        order.push_back(address);
        order.extend(second.next());
    }
    order.extend(second);
    order
}

#[cfg(test)]
mod tests;
