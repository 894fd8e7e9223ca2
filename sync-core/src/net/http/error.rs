use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;

/// What went wrong with a request.
///
/// Act on the predicates and on [`kind`](Self::kind); the text is for people and holds the host and
/// the path, never a header or a query.
pub struct Error(Box<Inner>);

/// The result of HTTP work.
pub type Result<T, E = Error> = std::result::Result<T, E>;

struct Inner {
    kind: ErrorKind,
    message: String,
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
    unsent: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The class of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Login was refused, or the server offers no way that we know.
    Authentication,
    /// The options or the URL are impossible, or the certificate is not trusted.
    Config,
    /// The connection broke or was never made.
    Connection,
    /// The server did not keep to HTTP.
    Protocol,
    /// Too many redirects, or one that must not be followed.
    Redirect,
    /// An answer with a status that the caller did not want.
    Status,
    /// No answer in time.
    Timeout,
    /// A body is above the limit.
    TooLarge,
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            status: None,
            retry_after: None,
            unsent: false,
            source: None,
        }))
    }

    pub(super) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    pub(super) fn retry_in(mut self, pause: Option<Duration>) -> Self {
        self.0.retry_after = pause;
        self
    }

    pub(super) fn unsent(mut self) -> Self {
        self.0.unsent = true;
        self
    }

    /// What `reqwest` reports while `what` was done.
    pub(super) fn transport(what: &str, error: reqwest::Error) -> Self {
        let error = error.without_url();
        let causes = Causes(&error);
        let untrusted = causes.any(|cause| {
            matches!(
                cause.downcast_ref(),
                Some(rustls::Error::InvalidCertificate(_))
            )
        });
        let kind = if untrusted || error.is_builder() {
            ErrorKind::Config
        } else if error.is_timeout() {
            ErrorKind::Timeout
        } else if error.is_decode() && !causes.any(<dyn StdError>::is::<hyper::Error>) {
            ErrorKind::Protocol
        } else {
            ErrorKind::Connection
        };
        let own = Self::new(kind, format!("{what}: {causes}"));
        let unsent = error.is_connect() || error.is_builder();
        let own = own.caused_by(error);
        if unsent { own.unsent() } else { own }
    }

    /// The class.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The text alone.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The status that the server answered with.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The pause that the server asked for (`Retry-After`, RFC 9110 section 10.2.3).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether login was refused.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.0.kind == ErrorKind::Authentication
    }

    /// Whether the server asks to be left alone for a while (429, 503).
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        matches!(
            self.0.status,
            Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
        )
    }

    /// Whether the same may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Connection | ErrorKind::Timeout => true,
            ErrorKind::Status => {
                self.is_throttled()
                    || matches!(
                        self.0.status,
                        Some(StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT)
                    )
            }
            _ => false,
        }
    }

    /// Whether the server may have carried the request out although no answer came: what was to be
    /// written has to be looked for before it is written again.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        match self.0.kind {
            ErrorKind::Connection | ErrorKind::Timeout => !self.0.unsent,
            // A gateway does not know what became of it behind it.
            ErrorKind::Status => matches!(
                self.0.status,
                Some(StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT)
            ),
            _ => false,
        }
    }
}

/// An error with all that caused it, printed in one line without repetitions.
struct Causes<'a>(&'a (dyn StdError + 'static));

impl<'a> Causes<'a> {
    fn iter(&self) -> impl Iterator<Item = &'a (dyn StdError + 'static)> + use<'a> {
        std::iter::successors(Some(self.0), |&error: &&'a (dyn StdError + 'static)| {
            // `io::Error` passes over what it wraps.
            match error
                .downcast_ref::<std::io::Error>()
                .map(|io| io.get_ref())
            {
                Some(Some(inner)) => Some(inner as &(dyn StdError + 'static)),
                _ => error.source(),
            }
        })
    }

    fn any(&self, test: impl Fn(&(dyn StdError + 'static)) -> bool) -> bool {
        self.iter().any(test)
    }
}

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = String::new();
        for text in self.iter().map(ToString::to_string) {
            if last.is_empty() {
                f.write_str(&text)?;
            } else if !last.contains(&text) {
                write!(f, ": {text}")?;
            }
            last = text;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<crate::Error> for Error {
    /// An error of a credential source.
    fn from(error: crate::Error) -> Self {
        use crate::ErrorKind as Core;
        let kind = match error.kind() {
            Core::Authentication => ErrorKind::Authentication,
            Core::Connection | Core::Throttled => ErrorKind::Connection,
            Core::Timeout => ErrorKind::Timeout,
            Core::Protocol => ErrorKind::Protocol,
            _ => ErrorKind::Config,
        };
        let pause = error.retry_after();
        Self::new(kind, error.message().to_owned())
            .caused_by(error)
            .retry_in(pause)
            .unsent()
    }
}

impl From<Error> for crate::Error {
    /// As a source reports it.
    fn from(error: Error) -> Self {
        use crate::ErrorKind as Core;
        let kind = match error.kind() {
            _ if error.is_throttled() => Core::Throttled,
            ErrorKind::Authentication => Core::Authentication,
            ErrorKind::Config => Core::Config,
            ErrorKind::Connection => Core::Connection,
            ErrorKind::Protocol | ErrorKind::Redirect => Core::Protocol,
            ErrorKind::Status if error.is_retryable() => Core::Connection,
            ErrorKind::Status => match error.status() {
                Some(StatusCode::NOT_FOUND | StatusCode::GONE) => Core::NotFound,
                Some(StatusCode::PAYLOAD_TOO_LARGE) => Core::TooLarge,
                _ => Core::Refused,
            },
            ErrorKind::Timeout => Core::Timeout,
            ErrorKind::TooLarge => Core::TooLarge,
        };
        let pause = error.retry_after();
        Self::new(kind, error.to_string())
            .caused_by(error)
            .retry_in(pause)
    }
}
