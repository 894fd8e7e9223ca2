//! The error of a client.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use sync_core::net::http;

use crate::wire::{Condition, DecodeError, DecodeErrorKind, ErrorBody, Href};

/// What went wrong with a request.
///
/// Act on the predicates and on [`kind`](Self::kind); the text is for people. Secrets are never in it.
pub struct Error(Box<Inner>);

/// The result of a client's work.
pub type Result<T, E = Error> = std::result::Result<T, E>;

struct Inner {
    kind: ErrorKind,
    message: String,
    /// `PUT /cal/a.ics`.
    request: String,
    status: Option<u16>,
    body: ErrorBody,
    retry_after: Option<Duration>,
    outcome_unknown: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The class of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Login was refused, or there is no way to log in that we know.
    Authentication,
    /// The options are impossible, or the server's certificate is not trusted.
    Config,
    /// The connection broke or was never made.
    Connection,
    /// Nothing like WebDAV was found where it was looked for.
    Discovery,
    /// The server did not keep to the protocol.
    Protocol,
    /// The server refuses the request; [`Error::status`] and [`Error::has`] say why.
    Refused,
    /// No answer in time.
    Timeout,
    /// An answer is above our limits.
    TooLarge,
    /// The methods were called in a way that cannot work.
    Usage,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            request: String::new(),
            status: None,
            body: ErrorBody::default(),
            retry_after: None,
            outcome_unknown: false,
            source: None,
        }))
    }

    /// What an answer with this status and body means.
    pub(crate) fn refused(status: u16, body: ErrorBody) -> Self {
        let mut error = Self::new(ErrorKind::Refused, body.message.clone().unwrap_or_default());
        error.0.status = Some(status);
        error.0.body = body;
        // What a gateway says leaves open what became of the request behind it.
        error.0.outcome_unknown = matches!(status, 502 | 504);
        error
    }

    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn retry_in(mut self, pause: Option<Duration>) -> Self {
        self.0.retry_after = pause;
        self
    }

    pub(crate) fn at(mut self, method: &str, href: &Href) -> Self {
        if self.0.request.is_empty() {
            self.0.request = format!("{method} {href}");
        }
        self
    }

    /// The class.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The text alone; of a refusal, the server's.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The status of a refusal.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// What DAV:error held.
    #[must_use]
    pub fn body(&self) -> &ErrorBody {
        &self.0.body
    }

    /// Whether the server names this condition as not met.
    #[must_use]
    pub fn has(&self, condition: Condition) -> bool {
        self.0.body.has(condition)
    }

    /// The pause that the server asked for.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the server asks to be left alone for a while (429, 503).
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        // Google says so with 403 and a pause.
        matches!(self.0.status, Some(429 | 503)) || self.0.retry_after.is_some()
    }

    /// Whether the same may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Connection | ErrorKind::Timeout)
            || self.is_throttled()
            || matches!(self.0.status, Some(423 | 502 | 504))
    }

    /// Whether a write may have been carried out although its answer is not known: before it is
    /// written again, what is there has to be read and compared.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }

    /// Whether login was refused.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.0.kind == ErrorKind::Authentication
    }

    /// Whether nothing is there (404, 410).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.0.status, Some(404 | 410))
    }

    /// Whether another version is there than the one that the request was for (412).
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.0.status == Some(412)
    }

    /// Whether we may not do that: 403 for want of a privilege or without another reason, 405.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        let unexplained = self.0.body.is_empty() && !self.is_throttled();
        self.has(Condition::NeedPrivileges)
            || self.0.status == Some(403) && unexplained
            || self.0.status == Some(405)
    }

    /// Whether a sync-token means nothing any more: the condition DAV:valid-sync-token, or one of the
    /// many other ways in which servers refuse one (400, 403, 409, 410, 412, 415, 500, 507).
    ///
    /// To be asked of an error of [`sync_collection`](super::Client::sync_collection) with a token.
    #[must_use]
    pub fn is_token_refused(&self) -> bool {
        self.has(Condition::ValidSyncToken)
            || !self.is_throttled()
                && matches!(
                    self.0.status,
                    Some(400 | 403 | 409 | 410 | 412 | 415 | 500 | 507)
                )
    }

    /// Whether the UID is in use by another resource; [`ErrorBody::href`] may name it.
    ///
    /// Nextcloud says it in words only, of objects in its trash bin too.
    #[must_use]
    pub fn is_uid_conflict(&self) -> bool {
        let words = self.0.message.to_ascii_lowercase();
        let said = self.0.status.is_some() && words.contains("uid already exists");
        said || [
            Condition::NoUidConflict,
            Condition::NoCardUidConflict,
            Condition::UniqueSchedulingObjectResource,
        ]
        .into_iter()
        .any(|condition| self.has(condition))
    }

    /// Whether the server has no room (507, a quota).
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.status == Some(507)
            || self.has(Condition::QuotaNotExceeded)
            || self.has(Condition::SufficientDiskSpace)
    }

    /// Whether the object is too large for the server (413, max-resource-size).
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.0.kind == ErrorKind::TooLarge
            || self.0.status == Some(413)
            || self.has(Condition::MaxResourceSize)
            || self.has(Condition::MaxCardSize)
    }

    /// Whether the server does not know the method or report (405, 501, DAV:supported-report).
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self.0.status, Some(405 | 501)) || self.has(Condition::SupportedReport)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if !inner.request.is_empty() {
            write!(f, "{}: ", inner.request)?;
        }
        if inner.kind == ErrorKind::Refused {
            write!(f, "the server answers {}", inner.status.unwrap_or_default())?;
            for condition in &inner.body.conditions {
                write!(f, " [{}]", condition.name().1)?;
            }
            if !inner.message.is_empty() {
                write!(f, ": {}", inner.message.escape_debug())?;
            }
            return Ok(());
        }
        f.write_str(&inner.message)
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

impl From<http::Error> for Error {
    fn from(error: http::Error) -> Self {
        use http::ErrorKind as Http;
        let kind = match error.kind() {
            Http::Authentication => ErrorKind::Authentication,
            Http::Config => ErrorKind::Config,
            Http::Connection => ErrorKind::Connection,
            Http::Status => ErrorKind::Refused,
            Http::Timeout => ErrorKind::Timeout,
            Http::TooLarge => ErrorKind::TooLarge,
            _ => ErrorKind::Protocol,
        };
        let mut own = Self::new(kind, error.message());
        own.0.status = error.status().map(|status| status.as_u16());
        own.0.retry_after = error.retry_after();
        own.0.outcome_unknown = error.is_outcome_unknown();
        own.caused_by(error)
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        let kind = match error.kind() {
            DecodeErrorKind::Limit => ErrorKind::TooLarge,
            // Most often a connection that ended, where nothing told how long the body is.
            DecodeErrorKind::Incomplete => ErrorKind::Connection,
            _ => ErrorKind::Protocol,
        };
        Self::new(kind, error.to_string()).caused_by(error)
    }
}

impl From<sync_core::Error> for Error {
    /// An error of the network layer.
    fn from(error: sync_core::Error) -> Self {
        Self::from(http::Error::from(error))
    }
}

impl From<Error> for sync_core::Error {
    /// As a source reports it.
    fn from(error: Error) -> Self {
        use sync_core::ErrorKind as Core;
        let kind = match error.kind() {
            _ if error.is_throttled() => Core::Throttled,
            ErrorKind::Authentication => Core::Authentication,
            ErrorKind::Config | ErrorKind::Discovery => Core::Config,
            ErrorKind::Connection => Core::Connection,
            ErrorKind::Protocol | ErrorKind::Usage => Core::Protocol,
            ErrorKind::Timeout => Core::Timeout,
            ErrorKind::TooLarge => Core::TooLarge,
            ErrorKind::Refused => match () {
                () if error.is_retryable() => Core::Connection,
                () if error.is_not_found() => Core::NotFound,
                () if error.is_too_large() => Core::TooLarge,
                () if error.is_denied() => Core::ReadOnly,
                () => Core::Refused,
            },
        };
        let pause = error.retry_after();
        Self::new(kind, error.to_string())
            .caused_by(error)
            .retry_in(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, conditions: &[Condition]) -> Error {
        let body = ErrorBody {
            conditions: conditions.to_vec(),
            ..ErrorBody::default()
        };
        Error::refused(status, body)
    }

    #[test]
    fn refusals_are_told_apart() {
        assert!(refused(403, &[]).is_denied());
        assert!(refused(403, &[Condition::NeedPrivileges]).is_denied());
        let uid = refused(403, &[Condition::UniqueSchedulingObjectResource]);
        assert!(uid.is_uid_conflict() && !uid.is_denied());
        assert!(refused(409, &[Condition::NoUidConflict]).is_uid_conflict());
        assert!(refused(412, &[]).is_stale());
        assert!(refused(403, &[Condition::MaxResourceSize]).is_too_large());
        assert!(refused(507, &[]).is_full());
        assert!(refused(403, &[Condition::QuotaNotExceeded]).is_full());
        assert!(refused(501, &[]).is_unsupported());
        assert!(refused(410, &[]).is_not_found());
    }

    #[test]
    fn a_token_is_refused_in_many_ways() {
        for status in [400, 403, 409, 415, 500, 507] {
            assert!(refused(status, &[]).is_token_refused(), "{status}");
        }
        assert!(!refused(503, &[]).is_token_refused());
        let quota = refused(403, &[]).retry_in(Some(Duration::from_secs(9)));
        assert!(!quota.is_token_refused() && quota.is_throttled());
        assert!(!refused(404, &[]).is_token_refused());
    }

    #[test]
    fn as_a_source_reports_it() {
        use sync_core::ErrorKind as Core;
        for (error, kind) in [
            (refused(503, &[]), Core::Throttled),
            (refused(502, &[]), Core::Connection),
            (refused(404, &[]), Core::NotFound),
            (refused(403, &[]), Core::ReadOnly),
            (refused(403, &[Condition::ValidCalendarData]), Core::Refused),
            (refused(413, &[]), Core::TooLarge),
        ] {
            assert_eq!(sync_core::Error::from(error).kind(), kind);
        }
    }
}
