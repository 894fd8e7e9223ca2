//! One connection of a protocol of lines: TLS, a layer such as compression, counting and cutting.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::{Counter, Identity};

/// Bytes read from the socket at once.
const CHUNK: usize = 64 * 1024;

/// Output beyond this many bytes goes out before the command is done.
const FLUSH_AT: usize = 1024 * 1024;

/// What the connections of one server count together, and where they are to be cut.
#[derive(Debug, Default)]
pub struct Meter {
    /// Connections accepted.
    pub connections: Counter,
    /// Bytes of the clients, inside TLS and outside a [`Layer`].
    pub received: Counter,
    /// Bytes to the clients, inside TLS and outside a [`Layer`].
    pub sent: Counter,
    /// How often a client sent something after it had been sent something.
    pub round_trips: Counter,
    numbers: Counter,
    cuts: Mutex<Cuts>,
}

#[derive(Debug, Default)]
struct Cuts {
    sent_left: Option<u64>,
    received_left: Option<u64>,
}

impl Meter {
    /// Counts from 0 again; the numbers of connections go on.
    pub fn reset(&self) {
        for counter in [
            &self.connections,
            &self.received,
            &self.sent,
            &self.round_trips,
        ] {
            counter.reset();
        }
    }

    /// Cuts the connection that sends the `bytes`-th byte from now, over all connections, once; `None`
    /// takes that back.
    pub fn cut_after_sent(&self, bytes: Option<u64>) {
        self.cuts().sent_left = bytes;
    }

    /// Cuts the connection that receives the `bytes`-th byte from now, over all connections, once;
    /// `None` takes that back. What came before can be taken and answered.
    pub fn cut_after_received(&self, bytes: Option<u64>) {
        self.cuts().received_left = bytes;
    }

    fn cuts(&self) -> MutexGuard<'_, Cuts> {
        self.cuts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many of `wanted` bytes pass, and whether the connection is cut behind them.
    fn pass(left: &mut Option<u64>, wanted: usize) -> (usize, bool) {
        let Some(rest) = *left else {
            return (wanted, false);
        };
        let passing = u64::try_from(wanted).unwrap_or(u64::MAX).min(rest);
        let remaining = rest.saturating_sub(passing);
        *left = (remaining > 0).then_some(remaining);
        (usize::try_from(passing).unwrap_or(wanted), remaining == 0)
    }
}

/// What is between the commands and TLS: a compression.
pub trait Layer: Send {
    /// What is sent for these bytes; all of it, so that the other end can read them.
    ///
    /// # Errors
    /// If they cannot be encoded.
    fn encode(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>>;

    /// Adds to `input` what was meant by these bytes.
    ///
    /// # Errors
    /// If they are no such encoding.
    fn decode(&mut self, bytes: &[u8], input: &mut Vec<u8>) -> io::Result<()>;
}

/// The way to the client.
enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// While the one becomes the other, and after the end.
    None,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Io {
    fn stream(&mut self) -> io::Result<&mut dyn Stream> {
        match self {
            Self::Plain(s) => Ok(s),
            Self::Tls(s) => Ok(s),
            Self::None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

/// One connection with its buffers.
pub struct Connection {
    /// What is to be sent at the next [`flush`](Self::flush).
    pub out: Vec<u8>,
    number: u64,
    io: Io,
    layer: Option<Box<dyn Layer>>,
    input: Vec<u8>,
    at: usize,
    /// So many more bytes of output, then the connection is cut.
    allowance: Option<u64>,
    /// Output goes nowhere.
    muted: bool,
    /// The limit of bytes received was reached.
    input_ended: bool,
    answered: bool,
    /// Whether the last read ended a round trip.
    round_trip: bool,
    meter: Arc<Meter>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// The end of a connection that a test ordered.
#[must_use]
pub fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "cut as ordered")
}

impl Connection {
    /// A connection that was accepted, which is counted.
    #[must_use]
    pub fn new(socket: TcpStream, meter: &Arc<Meter>) -> Self {
        meter.connections.one();
        Self {
            out: Vec::new(),
            number: meter.numbers.one(),
            io: Io::Plain(socket),
            layer: None,
            input: Vec::new(),
            at: 0,
            allowance: None,
            muted: false,
            input_ended: false,
            answered: false,
            round_trip: false,
            meter: Arc::clone(meter),
        }
    }

    /// Its number among the server's connections, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Shakes hands for TLS. What the client sent before is forgotten (RFC 2595 section 4, RFC 9051
    /// section 6.2.1).
    ///
    /// # Errors
    /// As [`Identity::accept`].
    pub async fn start_tls(&mut self, identity: &Identity) -> io::Result<()> {
        self.forget_input();
        if let Io::Plain(socket) = std::mem::replace(&mut self.io, Io::None) {
            self.io = Io::Tls(Box::new(identity.accept(socket).await?));
        }
        Ok(())
    }

    /// Puts a layer around both directions from here on; what was read ahead is encoded already.
    ///
    /// # Errors
    /// If it is not.
    pub fn start_layer(&mut self, mut layer: impl Layer + 'static) -> io::Result<()> {
        let ahead = self.input.split_off(self.at);
        self.forget_input();
        layer.decode(&ahead, &mut self.input)?;
        self.layer = Some(Box::new(layer));
        Ok(())
    }

    /// Throws away what was received and not yet read.
    pub fn forget_input(&mut self) {
        self.input.clear();
        self.at = 0;
    }

    /// Sends no more than this many further bytes, and then cuts the connection.
    pub fn allow(&mut self, bytes: u64) {
        self.allowance = Some(bytes);
    }

    /// Whether output goes nowhere from here on.
    pub fn mute(&mut self, muted: bool) {
        self.muted = muted;
    }

    /// Reads once. May be dropped while it waits.
    ///
    /// # Errors
    /// At the end of the stream; [`cut`] as ordered.
    pub async fn fill(&mut self) -> io::Result<()> {
        if self.input_ended {
            return Err(cut());
        }
        let mut chunk = vec![0_u8; CHUNK];
        let count = self.io.stream()?.read(&mut chunk).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.round_trip = std::mem::take(&mut self.answered);
        if self.round_trip {
            self.meter.round_trips.one();
        }
        let (passing, ended) = Meter::pass(&mut self.meter.cuts().received_left, count);
        self.input_ended = ended;
        self.meter.received.add(passing);
        let chunk = chunk.get(..passing).unwrap_or_default();
        self.input.drain(..self.at);
        self.at = 0;
        match &mut self.layer {
            Some(layer) => layer.decode(chunk, &mut self.input),
            None => {
                self.input.extend_from_slice(chunk);
                Ok(())
            }
        }
    }

    /// Whether the client waited for us before it sent what was read last; asked once.
    pub fn take_round_trip(&mut self) -> bool {
        std::mem::take(&mut self.round_trip)
    }

    /// What was read and not yet taken.
    #[must_use]
    pub fn buffered(&self) -> &[u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    /// Takes up to `count` bytes of what was read.
    pub fn take(&mut self, count: usize) -> &[u8] {
        let from = self.at;
        self.at = from.saturating_add(count).min(self.input.len());
        self.input.get(from..self.at).unwrap_or_default()
    }

    /// Sends what is in `out` if it has become large.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub async fn flush_large(&mut self) -> io::Result<()> {
        if self.out.len() >= FLUSH_AT {
            self.flush().await
        } else {
            Ok(())
        }
    }

    /// Sends what is in `out`.
    ///
    /// # Errors
    /// If the client is gone; [`cut`] as ordered.
    pub async fn flush(&mut self) -> io::Result<()> {
        if self.muted {
            self.out.clear();
        }
        let mut ended = false;
        if let Some(allowance) = &mut self.allowance {
            let waiting = u64::try_from(self.out.len()).unwrap_or(u64::MAX);
            let keep = waiting.min(*allowance);
            *allowance = allowance.saturating_sub(keep);
            ended = waiting > keep || *allowance == 0;
            self.out
                .truncate(usize::try_from(keep).unwrap_or(usize::MAX));
        }
        if !self.out.is_empty() {
            if let Some(layer) = &mut self.layer {
                self.out = layer.encode(&self.out)?;
            }
            let (passing, over) = Meter::pass(&mut self.meter.cuts().sent_left, self.out.len());
            ended |= over;
            self.meter.sent.add(passing);
            self.answered = true;
            let stream = self.io.stream()?;
            stream
                .write_all(self.out.get(..passing).unwrap_or_default())
                .await?;
            stream.flush().await?;
            self.out.clear();
            self.out.shrink_to(FLUSH_AT);
        }
        if ended { Err(cut()) } else { Ok(()) }
    }

    /// Ends the connection. A cut one gets no close_notify; what the client still sends is read
    /// away, so that the kernel does not answer it with a reset that overtakes our last bytes.
    pub async fn close(mut self, orderly: bool) {
        if orderly && let Ok(stream) = self.io.stream() {
            let _ = stream.shutdown().await;
        }
        let mut socket = match self.io {
            Io::Plain(socket) => socket,
            Io::Tls(stream) => stream.into_inner().0,
            Io::None => return,
        };
        let _ = socket.shutdown().await;
        let drain = async {
            let mut chunk = vec![0_u8; CHUNK];
            while matches!(socket.read(&mut chunk).await, Ok(n) if n > 0) {}
        };
        let _ = tokio::time::timeout(Duration::from_secs(2), drain).await;
    }
}
