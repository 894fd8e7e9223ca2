//! The error of a session.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use sync_core::net::http;

use crate::hu01;
use crate::wire::rst2::LoginFault;
use crate::wire::{Action, DecodeError, DecodeErrorKind, Status};

/// What went wrong in a session. Act on the predicates; the text is for people and holds no secret.
pub struct Error(Box<Inner>);

/// The result of a session's work.
pub type Result<T, E = Error> = std::result::Result<T, E>;

struct Inner {
    kind: ErrorKind,
    message: String,
    status: Option<Status>,
    retry_after: Option<Duration>,
    outcome_unknown: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The class of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Login was refused.
    Authentication,
    /// The options are impossible, or the server's certificate is not trusted.
    Config,
    /// The connection broke or was never made.
    Connection,
    /// What was fetched could not be written where it should go.
    Local,
    /// A message that cannot be unpacked; the others can.
    Message,
    /// The server did not keep to the protocol.
    Protocol,
    /// Too many redirects, or one that must not be followed.
    Redirect,
    /// The server failed, or is busy.
    Server,
    /// The request, or what it asked for, was answered with a status that is no success.
    Status,
    /// No answer in time.
    Timeout,
    /// A message or an answer is above a limit.
    TooLarge,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            status: None,
            retry_after: None,
            outcome_unknown: false,
            source: None,
        }))
    }

    /// What was asked for ended with this status.
    pub(crate) fn of_status(what: impl fmt::Display, status: Status) -> Self {
        let mut error = Self::new(ErrorKind::Status, format!("{what}: status {status}"));
        error.0.kind = match status.action() {
            Action::Retry => ErrorKind::Server,
            Action::Denied | Action::LogIn => ErrorKind::Authentication,
            _ if status == Status::TOO_LARGE => ErrorKind::TooLarge,
            _ => ErrorKind::Status,
        };
        error.0.status = Some(status);
        error
    }

    pub(crate) fn refused(fault: &LoginFault) -> Self {
        let kind = match fault.is_temporary() {
            true => ErrorKind::Server,
            false => ErrorKind::Authentication,
        };
        Self::new(kind, format!("login refused: {fault}"))
    }

    pub(crate) fn local(error: io::Error) -> Self {
        let mut own = Self::new(ErrorKind::Local, error.to_string());
        own.0.source = Some(Box::new(error));
        own
    }

    /// Names the command, in front of the text.
    pub(crate) fn of(mut self, what: impl fmt::Display) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// The class.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The status that the server answered with.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        self.0.status
    }

    /// What the status asks for; [`Action::None`] where there is none.
    #[must_use]
    pub fn action(&self) -> Action {
        self.0.status.map_or(Action::None, Status::action)
    }

    /// Whether login was refused.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.0.kind == ErrorKind::Authentication
    }

    /// Whether the sync key is void: begin with key 0.
    #[must_use]
    pub fn is_key_lost(&self) -> bool {
        self.action() == Action::Resync
    }

    /// Whether the message is not there.
    #[must_use]
    pub fn is_item_gone(&self) -> bool {
        self.action() == Action::ItemGone
    }

    /// Whether it concerns one message alone.
    #[must_use]
    pub fn is_of_message(&self) -> bool {
        self.0.kind == ErrorKind::Message
    }

    /// Whether the same may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Connection | ErrorKind::Timeout | ErrorKind::Server
        )
    }

    /// The pause that the server asked for.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the server may have carried the command out although no answer came, or none that can
    /// be read.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
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

impl From<http::Error> for Error {
    fn from(error: http::Error) -> Self {
        let kind = match error.kind() {
            _ if error.is_throttled() => ErrorKind::Server,
            http::ErrorKind::Authentication => ErrorKind::Authentication,
            http::ErrorKind::Config => ErrorKind::Config,
            http::ErrorKind::Connection => ErrorKind::Connection,
            http::ErrorKind::Redirect => ErrorKind::Redirect,
            http::ErrorKind::Timeout => ErrorKind::Timeout,
            http::ErrorKind::TooLarge => ErrorKind::TooLarge,
            http::ErrorKind::Status => match error.status().map(|status| status.as_u16()) {
                Some(413) => ErrorKind::TooLarge,
                Some(500..) => ErrorKind::Server,
                _ => ErrorKind::Protocol,
            },
            _ => ErrorKind::Protocol,
        };
        let mut own = Self::new(kind, error.message());
        own.0.retry_after = error.retry_after();
        own.0.outcome_unknown = error.is_outcome_unknown() || kind == ErrorKind::Server;
        own.0.source = Some(Box::new(error));
        own
    }
}

impl From<sync_core::Error> for Error {
    /// Of a source of credentials.
    fn from(error: sync_core::Error) -> Self {
        http::Error::from(error).into()
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        let fault = error.fault().map(|fault| fault.status);
        let mut own = match (fault, error.kind()) {
            (Some(status), _) => {
                let mut own = Self::of_status("", status);
                own.0.message = error.to_string();
                own
            }
            (None, DecodeErrorKind::Limit) => Self::new(ErrorKind::TooLarge, error.to_string()),
            (None, _) => Self::new(ErrorKind::Protocol, error.to_string()),
        };
        // An answer that cannot be read says nothing of what became of the request.
        own.0.outcome_unknown = fault.is_none();
        own.0.source = Some(Box::new(error));
        own
    }
}

impl From<hu01::Error> for Error {
    fn from(error: hu01::Error) -> Self {
        let kind = match error.is_limit() {
            true => ErrorKind::TooLarge,
            false => ErrorKind::Message,
        };
        Self::new(kind, format!("HU01: {error}"))
    }
}

impl From<Error> for sync_core::Error {
    /// As a source reports it.
    fn from(error: Error) -> Self {
        use sync_core::ErrorKind as Core;
        let kind = match error.kind() {
            ErrorKind::Authentication => Core::Authentication,
            ErrorKind::Config => Core::Config,
            ErrorKind::Connection => Core::Connection,
            ErrorKind::Local => Core::Local,
            ErrorKind::Message => Core::Item,
            ErrorKind::Protocol | ErrorKind::Redirect => Core::Protocol,
            ErrorKind::Server => Core::Throttled,
            ErrorKind::Timeout => Core::Timeout,
            ErrorKind::TooLarge => Core::TooLarge,
            ErrorKind::Status => match error.action() {
                Action::Resync => Core::CursorLost,
                Action::ItemGone | Action::FolderGone => Core::NotFound,
                _ => Core::Refused,
            },
        };
        let pause = error.retry_after();
        Self::new(kind, error.to_string())
            .caused_by(error)
            .retry_in(pause)
    }
}
