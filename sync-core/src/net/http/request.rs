use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::Error;
use super::error::{ErrorKind, Result};

/// What is asked of a server.
///
/// `Authorization`, `Accept-Encoding`, `Content-Length` and `Host` are [`Http`](super::Http)'s affair.
#[derive(Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) repeatable: bool,
    pub(super) follows: bool,
    pub(super) timeout: Option<Duration>,
    pub(super) limit: Option<u64>,
}

impl Request {
    /// A request without headers and body. User name and password in `url` are dropped.
    #[must_use]
    pub fn new(method: Method, mut url: Url) -> Self {
        // Fails only for URLs without a host, which are refused when sent.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_fragment(None);
        let repeatable = method.is_safe() || matches!(method.as_str(), "PROPFIND" | "REPORT");
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            repeatable,
            follows: true,
            timeout: None,
            limit: None,
        }
    }

    /// Sets a header, in place of one of that name.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the value holds control characters.
    pub fn header(mut self, name: HeaderName, value: impl AsRef<[u8]>) -> Result<Self> {
        let value = HeaderValue::from_bytes(value.as_ref()).map_err(|_| {
            let text = format!("header {name}: the value holds control characters");
            Error::new(ErrorKind::Config, text)
        })?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Says that the request may be sent again where a connection broke before the answer.
    /// So it is for safe methods (RFC 9110 section 9.2.1), PROPFIND and REPORT.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Takes an answer that redirects for an answer: the protocol has rules of its own for it.
    #[must_use]
    pub fn keep_redirects(mut self) -> Self {
        self.follows = false;
        self
    }

    /// The longest wait for the answer, in place of
    /// [`HttpOptions::response_timeout`](super::HttpOptions::response_timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The most bytes of the answer's body, decompressed, in place of
    /// [`HttpOptions::max_body`](super::HttpOptions::max_body).
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Where it goes.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// For people and logs: no query, which may hold a token.
    pub(super) fn place(&self) -> String {
        format!("{} {}", self.method, place(&self.url))
    }
}

pub(super) fn place(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}"));
    format!(
        "{}://{}{}{}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        port.unwrap_or_default(),
        url.path()
    )
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.place(), self.body.len())
    }
}
