//! The error of a session.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use sync_core::net::http;

use crate::wire::command::{MultipartError, Name};
use crate::wire::{Action, Status, wbxml};

/// What went wrong in a session. Act on the predicates; the text is for people.
pub struct Error(Box<Inner>);

/// The result of a session's work.
pub type Result<T, E = Error> = std::result::Result<T, E>;

struct Inner {
    kind: ErrorKind,
    message: String,
    command: Option<Name>,
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
    /// The user or the device may not use ActiveSync here.
    Blocked,
    /// The options are impossible, or the server's certificate is not trusted.
    Config,
    /// The connection broke or was never made.
    Connection,
    /// What answers is no ActiveSync server.
    NotActiveSync,
    /// The server demands a policy that is not in force here.
    Policy,
    /// The server did not keep to the protocol.
    Protocol,
    /// The server failed; [`Error::status`] may say more.
    Server,
    /// The command was answered with a status that is no success.
    Status,
    /// The server asks to be left alone for a while.
    Throttled,
    /// No answer in time.
    Timeout,
    /// A request is above the server's limit, or an answer above ours.
    TooLarge,
    /// The server does not have the command.
    Unsupported,
    /// A wipe was ordered and acknowledged: what belongs to the account is to be erased here.
    Wiped,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            command: None,
            status: None,
            retry_after: None,
            outcome_unknown: false,
            source: None,
        }))
    }

    /// A status that is no success.
    pub(crate) fn status_of(command: Name, status: Status) -> Self {
        let kind = match status.0 {
            126..=131 | 177 => ErrorKind::Blocked,
            139 | 141 | 145 => ErrorKind::Policy,
            137 | 138 => ErrorKind::Unsupported,
            110 | 111 => ErrorKind::Server,
            _ => ErrorKind::Status,
        };
        let mut error = Self::new(kind, format!("{command}: {status}"));
        error.0.command = Some(command);
        error.0.status = Some(status);
        error
    }

    pub(crate) fn of(mut self, command: Name) -> Self {
        self.0.command.get_or_insert(command);
        self
    }

    pub(crate) fn retry_in(mut self, pause: Option<Duration>) -> Self {
        self.0.retry_after = pause.or(self.0.retry_after);
        self
    }

    /// The class.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The command.
    #[must_use]
    pub fn command(&self) -> Option<Name> {
        self.0.command
    }

    /// The status that the command was answered with.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        self.0.status
    }

    /// What the status asks for; [`Action::None`] where there is no status.
    #[must_use]
    pub fn action(&self) -> Action {
        match (self.0.status, self.0.command) {
            (Some(status), Some(command)) => status.action(command),
            _ => Action::None,
        }
    }

    /// Whether login was refused.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.0.kind == ErrorKind::Authentication
    }

    /// Whether the same may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Connection
            | ErrorKind::Timeout
            | ErrorKind::Throttled
            | ErrorKind::Server => true,
            ErrorKind::Status => matches!(self.action(), Action::Retry | Action::RetryLate),
            _ => false,
        }
    }

    /// How long to wait before the same is tried again: what the server asked for, or half an hour
    /// after a status 110.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match (self.0.retry_after, self.action()) {
            (None, Action::RetryLate) => Some(Duration::from_secs(1800)),
            (pause, _) => pause,
        }
    }

    /// Whether the server may have carried the command out although no answer came. The same
    /// request, with the same key, asks it.
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
            _ if error.is_throttled() => ErrorKind::Throttled,
            http::ErrorKind::Authentication => ErrorKind::Authentication,
            http::ErrorKind::Config => ErrorKind::Config,
            http::ErrorKind::Connection => ErrorKind::Connection,
            http::ErrorKind::Timeout => ErrorKind::Timeout,
            http::ErrorKind::TooLarge => ErrorKind::TooLarge,
            http::ErrorKind::Status => match error.status().map(|status| status.as_u16()) {
                Some(403 | 456 | 457) => ErrorKind::Blocked,
                Some(404 | 405 | 501) => ErrorKind::Unsupported,
                Some(413) => ErrorKind::TooLarge,
                Some(500..) => ErrorKind::Server,
                _ => ErrorKind::Protocol,
            },
            _ => ErrorKind::Protocol,
        };
        let mut own = Self::new(kind, error.message());
        own.0.retry_after = error.retry_after();
        own.0.outcome_unknown = error.is_outcome_unknown();
        own.0.source = Some(Box::new(error));
        own
    }
}

impl From<wbxml::Error> for Error {
    fn from(error: wbxml::Error) -> Self {
        let kind = match error.is_foreign() {
            true => ErrorKind::NotActiveSync,
            false => ErrorKind::Protocol,
        };
        let mut own = Self::new(kind, error.to_string());
        // An answer that cannot be read says nothing of what became of the request.
        own.0.outcome_unknown = true;
        own.0.source = Some(Box::new(error));
        own
    }
}

impl From<MultipartError> for Error {
    fn from(error: MultipartError) -> Self {
        let mut own = Self::new(ErrorKind::Protocol, error.to_string());
        own.0.source = Some(Box::new(error));
        own
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
            ErrorKind::Timeout => Core::Timeout,
            ErrorKind::Throttled | ErrorKind::Server => Core::Throttled,
            ErrorKind::TooLarge => Core::TooLarge,
            ErrorKind::NotActiveSync | ErrorKind::Protocol => Core::Protocol,
            ErrorKind::Status => match error.action() {
                Action::Reprime | Action::ReprimeFolders => Core::CursorLost,
                Action::ItemGone => Core::NotFound,
                Action::Retry | Action::RetryLate => Core::Throttled,
                _ => Core::Refused,
            },
            ErrorKind::Blocked | ErrorKind::Policy | ErrorKind::Unsupported | ErrorKind::Wiped => {
                Core::Refused
            }
        };
        let pause = error.retry_after();
        let own = Self::new(kind, error.to_string()).caused_by(error);
        match pause {
            Some(pause) => own.retry_in(pause),
            None => own,
        }
    }
}
