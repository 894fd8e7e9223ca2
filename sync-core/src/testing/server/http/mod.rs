//! One connection of HTTP/1.1: TLS, counting, and answers that break off.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::{Counter, Identity};
use metered::{Closing, Metered};

mod metered;

/// The largest body that is read, in bytes.
const MAX_BODY: usize = 32 << 20;

/// What the connections of one server count together.
#[derive(Debug, Default)]
pub struct Meter {
    /// Connections accepted.
    pub connections: Counter,
    /// Bytes of the clients, headers and TLS included.
    pub received: Counter,
    /// Bytes to the clients, headers and TLS included.
    pub sent: Counter,
    /// How many requests were in work at once, at most.
    pub most_in_flight: Counter,
    in_flight: Counter,
    numbers: Counter,
}

impl Meter {
    /// Counts from 0 again; the numbers of connections go on.
    pub fn reset(&self) {
        for counter in [
            &self.connections,
            &self.received,
            &self.sent,
            &self.most_in_flight,
        ] {
            counter.reset();
        }
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, but for `content-length` and `date`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
    /// Cuts the connection after so many bytes of the body.
    pub cut: Option<usize>,
    /// Closes the connection behind the answer, of which no header tells.
    pub closes: bool,
}

/// Serves a connection until it ends, with TLS if there is an identity.
///
/// `answer` is given the number of the connection, from 1, and a request; where it makes no answer, the
/// connection is cut.
pub async fn serve<F, W>(
    socket: TcpStream,
    identity: Option<&Identity>,
    meter: Arc<Meter>,
    answer: F,
) where
    F: Fn(u64, Request<Bytes>) -> W + Send,
    W: Future<Output = Option<Answer>> + Send,
{
    meter.connections.one();
    let closing = Arc::<Closing>::default();
    let metered = Metered {
        socket,
        meter: Arc::clone(&meter),
        closing: Arc::clone(&closing),
    };
    match identity {
        None => converse(metered, &meter, &closing, answer).await,
        Some(identity) => {
            if let Ok(stream) = identity.accept(metered).await {
                converse(stream, &meter, &closing, answer).await;
            }
        }
    }
}

async fn converse<S, F, W>(stream: S, meter: &Meter, closing: &Closing, answer: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(u64, Request<Bytes>) -> W,
    W: Future<Output = Option<Answer>>,
{
    let number = meter.numbers.one();
    let answer = &answer;
    let service = service_fn(|request| async move {
        meter.most_in_flight.at_least(meter.in_flight.one());
        let answered = match read(request).await {
            Some(request) => answer(number, request).await,
            None => None,
        };
        meter.in_flight.take_back(1);
        let answer = answered.ok_or(Cut)?;
        if answer.closes {
            closing.answered.store(true, Ordering::Relaxed);
        }
        respond(answer)
    });
    // How a connection ends is the client's affair, or was ordered.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn read(request: Request<Incoming>) -> Option<Request<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await.ok()?;
    Some(Request::from_parts(parts, body.to_bytes()))
}

/// Ends the connection without an answer.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut as ordered")
    }
}

impl std::error::Error for Cut {}

fn respond(answer: Answer) -> Result<Response<UnsyncBoxBody<Bytes, io::Error>>, Cut> {
    let status = StatusCode::from_u16(answer.status).map_err(|_| Cut)?;
    let mut response = Response::builder().status(status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value.as_bytes());
    }
    let body = answer.body;
    if status != StatusCode::NO_CONTENT {
        response = response.header("content-length", body.len());
    }
    let body = match answer.cut {
        None => Full::new(body)
            .map_err(|never| match never {})
            .boxed_unsync(),
        Some(most) => {
            let head = body.slice(..most.min(body.len()));
            let frames = stream::unfold(Some(Some(head)), |state| async move {
                match state? {
                    Some(head) => Some((Ok(Frame::data(head)), Some(None))),
                    None => {
                        // What was sent before is on its way when the connection is cut.
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        Some((Err(io::Error::other("cut as ordered")), None))
                    }
                }
            });
            StreamBody::new(frames).boxed_unsync()
        }
    };
    response.body(body).map_err(|_| Cut)
}
