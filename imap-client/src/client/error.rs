//! The error of a session.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use sync_core::net::excerpt;

use crate::wire::{Code, EncodeError, FrameError, StatusKind, StatusResponse};

/// What went wrong in a session.
///
/// Act on the predicates and on [`kind`](Self::kind); the text is for people. Bytes of the server
/// are shown escaped and cut short, secrets never.
pub struct Error(Box<Inner>);

/// The result of a session's work.
pub type Result<T, E = Error> = std::result::Result<T, E>;

struct Inner {
    kind: ErrorKind,
    message: String,
    code: Option<Code>,
    /// The command that it befell.
    command: Option<&'static str>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The class of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Login was refused, or no way to log in fits.
    Authentication,
    /// A tagged BAD: the server does not understand the command.
    Bad,
    /// The server said BYE.
    Bye,
    /// The options are impossible, or the server's certificate is not trusted.
    Config,
    /// The connection broke or was never made.
    Connection,
    /// A local body could not be read.
    Local,
    /// A tagged NO: the server refuses the command.
    No,
    /// The server did not keep to the protocol.
    Protocol,
    /// No answer in time.
    Timeout,
    /// A message is above the server's limit, or a response above ours.
    TooLarge,
    /// The server does not have the extension.
    Unsupported,
    /// The methods were called in an order that cannot work.
    Usage,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            code: None,
            command: None,
            retry_after: None,
            source: None,
        }))
    }

    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What a tagged NO or BAD, or a BYE, means.
    pub(crate) fn refused(command: &'static str, status: &StatusResponse) -> Self {
        let kind = match status.kind {
            StatusKind::No => ErrorKind::No,
            StatusKind::Bye => ErrorKind::Bye,
            _ => ErrorKind::Bad,
        };
        let mut error = Self::new(kind, excerpt(status.text.as_bytes()));
        error.0.command = Some(command);
        error.0.code.clone_from(&status.code);
        error.0.retry_after = suggested_backoff(&status.text);
        error
    }

    pub(crate) fn unsupported(extension: &str) -> Self {
        Self::new(
            ErrorKind::Unsupported,
            format!("the server does not offer {extension}"),
        )
    }

    pub(crate) fn io(error: std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::InvalidData => ErrorKind::Protocol,
            _ => ErrorKind::Connection,
        };
        Self::new(kind, error.to_string()).caused_by(error)
    }

    /// The same text and class, for one more command that the same trouble befell.
    pub(crate) fn again(&self) -> Self {
        let mut copy = Self::new(self.0.kind, self.0.message.clone());
        copy.0.code.clone_from(&self.0.code);
        copy.0.retry_after = self.0.retry_after;
        copy
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    pub(crate) fn without_command(mut self) -> Self {
        self.0.command = None;
        self
    }

    pub(crate) fn or_command(mut self, command: &'static str) -> Self {
        self.0.command.get_or_insert(command);
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

    /// The command that it befell, such as `UID FETCH`.
    #[must_use]
    pub fn command(&self) -> Option<&'static str> {
        self.0.command
    }

    /// The response code of a refusal or BYE.
    #[must_use]
    pub fn response_code(&self) -> Option<&Code> {
        self.0.code.as_ref()
    }

    /// The pause that the server asked for, such as Exchange's `Suggested Backoff Time`.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the same may succeed later without anybody changing anything: the connection broke,
    /// no answer came, the server asks for a pause or is not available for now.
    ///
    /// OVERQUOTA counts as a limit on traffic, except where something was to be stored.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Connection | ErrorKind::Timeout | ErrorKind::Bye => true,
            ErrorKind::No | ErrorKind::Bad => self.asks_for_pause(),
            _ => false,
        }
    }

    /// Whether the server asks to be left alone for a while.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        matches!(self.0.kind, ErrorKind::No | ErrorKind::Bad | ErrorKind::Bye)
            && self.asks_for_pause()
    }

    fn asks_for_pause(&self) -> bool {
        if self.0.retry_after.is_some() {
            return true;
        }
        match &self.0.code {
            Some(Code::OverQuota) => !matches!(
                self.0.command,
                Some("APPEND" | "COPY" | "UID COPY" | "MOVE" | "UID MOVE" | "CREATE" | "RENAME")
            ),
            Some(code) => code.is_temporary(),
            None => false,
        }
    }

    /// Whether login was refused.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.0.kind == ErrorKind::Authentication
    }

    /// Whether the connection can no longer be used.
    #[must_use]
    pub fn is_connection_lost(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Bye | ErrorKind::Connection | ErrorKind::Timeout
        )
    }

    /// Whether the mailbox or message is not there (NONEXISTENT, TRYCREATE).
    ///
    /// Dovecot and Cyrus give SELECT and STATUS no code for this: there the words "does not exist" or
    /// "doesn't exist" count.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match &self.0.code {
            Some(code) => matches!(code, Code::NonExistent | Code::TryCreate),
            None => {
                let text = self.0.message.to_ascii_lowercase();
                self.0.kind == ErrorKind::No
                    && matches!(self.0.command, Some("SELECT" | "EXAMINE" | "STATUS"))
                    && (text.contains("doesn't exist") || text.contains("does not exist"))
            }
        }
    }

    /// Whether access rights forbid it (NOPERM).
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self.0.code, Some(Code::NoPerm))
    }

    /// Whether what was to be created is there already (ALREADYEXISTS).
    #[must_use]
    pub fn is_already_there(&self) -> bool {
        matches!(self.0.code, Some(Code::AlreadyExists))
    }
}

/// `Suggested Backoff Time: 300000 milliseconds`, as Exchange Online ends a refusal.
fn suggested_backoff(text: &str) -> Option<Duration> {
    const HINT: &str = "suggested backoff time:";
    let lower = text.to_ascii_lowercase();
    let after = lower.get(lower.find(HINT)?.checked_add(HINT.len())?..)?;
    let after = after.trim_start();
    let digits = after.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = after.split_at_checked(digits.unwrap_or(after.len()))?;
    let number = number.parse().ok()?;
    Some(if unit.trim_start().starts_with('s') {
        Duration::from_secs(number)
    } else {
        Duration::from_millis(number)
    })
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(command) = self.0.command {
            write!(f, "{command}: ")?;
        }
        f.write_str(match self.0.kind {
            ErrorKind::Bad => "the server does not understand: ",
            ErrorKind::Bye => "the server ends the connection: ",
            ErrorKind::No => "the server refuses: ",
            _ => "",
        })?;
        if let Some(code) = &self.0.code {
            let name = format!("{code:?}");
            write!(f, "[{}] ", excerpt(name.as_bytes()))?;
        }
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

impl From<EncodeError> for Error {
    fn from(error: EncodeError) -> Self {
        Self::new(ErrorKind::Usage, error.to_string()).caused_by(error)
    }
}

impl From<FrameError> for Error {
    fn from(error: FrameError) -> Self {
        Self::new(ErrorKind::TooLarge, error.to_string()).caused_by(error)
    }
}

impl From<sync_core::Error> for Error {
    /// An error of the network layer.
    fn from(error: sync_core::Error) -> Self {
        use sync_core::ErrorKind as Core;
        let kind = match error.kind() {
            Core::Authentication => ErrorKind::Authentication,
            Core::Connection => ErrorKind::Connection,
            Core::Timeout => ErrorKind::Timeout,
            Core::Protocol => ErrorKind::Protocol,
            Core::Throttled => ErrorKind::Connection,
            _ => ErrorKind::Config,
        };
        let mut own = Self::new(kind, error.message().to_owned());
        own.0.retry_after = error.retry_after();
        own.caused_by(error)
    }
}

impl From<Error> for sync_core::Error {
    /// As a source reports it.
    fn from(error: Error) -> Self {
        use sync_core::ErrorKind as Core;
        let kind = match error.kind() {
            _ if error.is_throttled() => Core::Throttled,
            _ if error.is_not_found() => Core::NotFound,
            _ if error.is_denied() => Core::ReadOnly,
            ErrorKind::Authentication => Core::Authentication,
            ErrorKind::Bye | ErrorKind::Connection => Core::Connection,
            ErrorKind::Config => Core::Config,
            ErrorKind::Local => Core::Local,
            ErrorKind::Bad | ErrorKind::No => Core::Refused,
            ErrorKind::Protocol | ErrorKind::Usage => Core::Protocol,
            ErrorKind::Timeout => Core::Timeout,
            ErrorKind::TooLarge => Core::TooLarge,
            ErrorKind::Unsupported => Core::Unsupported,
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

    fn no(text: &str, code: Option<Code>) -> Error {
        let status = StatusResponse {
            kind: StatusKind::No,
            code,
            text: text.into(),
        };
        Error::refused("UID FETCH", &status)
    }

    #[test]
    fn the_backoff_of_exchange_online_is_obeyed() {
        let text = "Request is throttled. Suggested Backoff Time: 297826 milliseconds";
        let error = no(text, None);
        assert!(error.is_retryable() && error.is_throttled());
        assert_eq!(error.retry_after(), Some(Duration::from_millis(297_826)));
        let core = sync_core::Error::from(error);
        assert_eq!(core.kind(), sync_core::ErrorKind::Throttled);
        assert_eq!(core.retry_after(), Some(Duration::from_millis(297_826)));
    }

    #[test]
    fn odd_backoff_hints_are_no_hint() {
        for text in [
            "Suggested Backoff Time: soon",
            "Suggested Backoff Time:",
            "nothing",
        ] {
            assert_eq!(no(text, None).retry_after(), None, "{text}");
        }
        let huge = "Suggested Backoff Time: 99999999999999999999999 milliseconds";
        assert_eq!(no(huge, None).retry_after(), None);
    }

    #[test]
    fn codes_that_pass_by_are_retryable() {
        for code in [Code::Unavailable, Code::InUse, Code::Limit, Code::OverQuota] {
            assert!(no("later", Some(code)).is_retryable());
        }
        for code in [Code::NoPerm, Code::Cannot, Code::NonExistent] {
            assert!(!no("never", Some(code)).is_retryable());
        }
        assert!(!no("plain", None).is_retryable());
    }

    #[test]
    fn a_full_mailbox_does_not_pass_by() {
        let status = StatusResponse::new(StatusKind::No, "full").with_code(Code::OverQuota);
        assert!(!Error::refused("APPEND", &status).is_retryable());
    }

    #[test]
    fn shown_text_is_escaped_and_short() {
        let shown = no(&"\u{1b}[31m\r\nx".repeat(100), None).to_string();
        assert!(shown.len() < 1000 && !shown.contains(['\u{1b}', '\r', '\n']));
    }
}
