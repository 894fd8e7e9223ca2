use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use reqwest::header::{self, AsHeaderName, HeaderMap, HeaderValue};
use reqwest::{StatusCode, Url, Version};

use super::Error;
use super::error::{ErrorKind, Result};
use super::request::place;

/// What a server answers: the head, and a body that is read in pieces.
///
/// Dropped before its end, it closes an HTTP/1.1 connection.
pub struct Response {
    pub(super) inner: reqwest::Response,
    pub(super) place: String,
    pub(super) limit: u64,
    pub(super) silence: Duration,
    pub(super) read: u64,
}

impl Response {
    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.inner.status()
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The first header of this name, if it is text.
    #[must_use]
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// Where the answer comes from, after redirects: relative references are resolved against it.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.inner.url()
    }

    /// The version of HTTP that was spoken.
    #[must_use]
    pub fn version(&self) -> Version {
        self.inner.version()
    }

    /// The pause that the server asks for, as seconds or as a date (RFC 9110 section 10.2.3).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let headers = self.headers();
        retry_after(headers.get(header::RETRY_AFTER)?, headers.get(header::DATE))
    }

    /// The next piece of the body, decompressed; `None` at its end.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] above the limit, [`ErrorKind::Timeout`] after too long a silence, or
    /// what befell the connection.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let chunk = tokio::time::timeout(self.silence, self.inner.chunk())
            .await
            .map_err(|_| {
                let text = format!("{}: no more came within {:?}", self.place, self.silence);
                Error::new(ErrorKind::Timeout, text)
            })?
            .map_err(|error| Error::transport(&self.place, error))?;
        let length = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        self.read = self.read.saturating_add(length);
        if self.read > self.limit {
            let text = format!("{}: the answer is above {} bytes", self.place, self.limit);
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        Ok(chunk)
    }

    /// The rest of the body.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk).
    pub async fn bytes(&mut self) -> Result<Bytes> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// Reads what is left and forgets it, if that is little: the connection can then be used again.
    ///
    /// The answer is known by then, so that nothing that hinders reading matters.
    pub async fn drain(&mut self) {
        let _ = self.excerpt(16 << 10).await;
    }

    /// Up to `most` bytes of the body: what an error says. Whatever hinders reading ends it.
    pub async fn excerpt(&mut self, most: usize) -> Bytes {
        let mut all = BytesMut::new();
        while all.len() < most {
            let Ok(Some(chunk)) = self.chunk().await else {
                break;
            };
            all.extend_from_slice(&chunk);
        }
        all.truncate(most);
        all.freeze()
    }

    /// Makes an error of an answer that was not wanted; keeps status and `Retry-After`.
    #[must_use]
    pub fn into_error(self) -> Error {
        let kind = match self.status() {
            StatusCode::UNAUTHORIZED => ErrorKind::Authentication,
            _ => ErrorKind::Status,
        };
        Error::new(kind, format!("{}: {}", self.place, self.status()))
            .with_status(self.status())
            .retry_in(self.retry_after())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.status(), place(self.url()))
    }
}

/// The server's own clock counts, where it tells it: ours may be wrong by more than the pause.
fn retry_after(value: &HeaderValue, date: Option<&HeaderValue>) -> Option<Duration> {
    let value = value.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = httpdate::parse_http_date(value).ok()?;
    let now = date
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok())
        .unwrap_or_else(SystemTime::now);
    Some(then.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_seconds_or_a_date() {
        let header = HeaderValue::from_static;
        let date = header("Sun, 06 Nov 1994 08:49:37 GMT");
        for (value, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60)),
            ("Sun Nov  6 08:50:37 1994", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            let found = retry_after(&header(value), Some(&date));
            assert_eq!(found, expected, "{value}");
        }
    }
}
