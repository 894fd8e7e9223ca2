//! The error of a session.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use sync_core::net::excerpt;

use crate::wire::{Code, DecodeError, EncodeError, FrameError, Status};

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
    outcome_unknown: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The class of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Login was refused, or no way to log in fits.
    Authentication,
    /// The options are impossible, or the server's certificate is not trusted.
    Config,
    /// The connection broke or was never made.
    Connection,
    /// The server did not keep to the protocol.
    Protocol,
    /// `-ERR`: the server refuses the command.
    Refused,
    /// No answer in time.
    Timeout,
    /// A line or listing is above our limits.
    TooLarge,
    /// The server does not have the extension.
    Unsupported,
    /// An argument that no command line can have in it.
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
            outcome_unknown: false,
            source: None,
        }))
    }

    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What a `-ERR` means.
    pub(crate) fn refused(command: &'static str, status: Status<'_>) -> Self {
        let mut error = Self::new(ErrorKind::Refused, excerpt(status.text));
        error.0.command = Some(command);
        error.0.code = status.code;
        error
    }

    pub(crate) fn io(error: std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::InvalidData => ErrorKind::Protocol,
            _ => ErrorKind::Connection,
        };
        Self::new(kind, error.to_string()).caused_by(error)
    }

    pub(crate) fn out_of_step() -> Self {
        Self::new(
            ErrorKind::Protocol,
            "the server asks where it should answer",
        )
    }

    /// The same text and class, for one more command that the same trouble befell.
    pub(crate) fn again(&self) -> Self {
        let mut copy = Self::new(self.0.kind, self.0.message.clone());
        copy.0.code.clone_from(&self.0.code);
        copy.0.command = self.0.command;
        copy.0.retry_after = self.0.retry_after;
        copy
    }

    /// A refusal to log in. One that passes by stays what it is.
    pub(crate) fn at_login(mut self, login_delay: Option<Duration>) -> Self {
        if self.0.kind != ErrorKind::Refused {
            return self;
        }
        if self.0.code.is_none() && says_in_use(&self.0.message) {
            self.0.code = Some(Code::InUse);
        }
        match &self.0.code {
            Some(Code::LoginDelay) => self.0.retry_after = login_delay,
            Some(code) if code.is_temporary() => {}
            _ => self.0.kind = ErrorKind::Authentication,
        }
        self
    }

    pub(crate) fn with_reason(mut self, reason: &str) -> Self {
        self.0.message = format!("{} ({reason})", self.0.message);
        self
    }

    pub(crate) fn with_outcome_unknown(mut self, unknown: bool) -> Self {
        self.0.outcome_unknown = unknown;
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

    /// The command that it befell, such as `RETR`.
    #[must_use]
    pub fn command(&self) -> Option<&'static str> {
        self.0.command
    }

    /// The response code of a refusal.
    #[must_use]
    pub fn response_code(&self) -> Option<&Code> {
        self.0.code.as_ref()
    }

    /// The pause that the server asked for: of `[LOGIN-DELAY]`, what CAPA said, if it did.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the same may succeed later without anybody changing anything: the connection broke, no
    /// answer came, the server [asks to be left alone](Self::is_throttled).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Connection | ErrorKind::Timeout => true,
            _ => self.is_throttled(),
        }
    }

    /// Whether the server asks to be left alone for a while: `[IN-USE]`, `[LOGIN-DELAY]`, `[SYS/TEMP]`, or
    /// a refusal without a code in place of a greeting.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.0.kind == ErrorKind::Refused
            && match &self.0.code {
                Some(code) => code.is_temporary(),
                None => self.0.command == Some(GREETING),
            }
    }

    /// Whether another session has the maildrop (`[IN-USE]`): wait until it is over. A refused login
    /// without a code counts if its text speaks of a locked maildrop or of another session.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.0.code == Some(Code::InUse)
    }

    /// Whether login was refused, or cannot be done without showing the password.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.0.kind == ErrorKind::Authentication
    }

    /// Whether the server says that a person must mend it (`[SYS/PERM]`).
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.0.code == Some(Code::SysPerm)
    }

    /// Whether the session is over and cannot be used any more.
    #[must_use]
    pub fn is_connection_lost(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Connection | ErrorKind::Protocol | ErrorKind::Timeout | ErrorKind::TooLarge
        )
    }

    /// Whether the messages that were marked as deleted may be gone or not: QUIT was sent, and its answer
    /// was lost or was no `+OK`. Only a new session tells.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }
}

/// Stands for a command in errors of the greeting.
pub(crate) const GREETING: &str = "greeting";

/// As the examples of RFC 1939 section 7 ("maildrop already locked", "unable to lock maildrop") and of
/// RFC 2449 section 8.1.2 ("Do you have another POP session running?") have it.
fn says_in_use(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let has = |word| text.contains(word);
    has("lock") && (has("maildrop") || has("mailbox")) || has("another") && has("session")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(command) = self.0.command {
            write!(f, "{command}: ")?;
        }
        if self.0.kind == ErrorKind::Refused {
            f.write_str("the server refuses: ")?;
        }
        if let Some(code) = &self.0.code {
            write!(f, "[{}] ", excerpt(code.to_string().as_bytes()))?;
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

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::new(ErrorKind::Protocol, error.to_string()).caused_by(error)
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
            Core::Connection | Core::Throttled => ErrorKind::Connection,
            Core::Timeout => ErrorKind::Timeout,
            Core::Protocol => ErrorKind::Protocol,
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
            ErrorKind::Authentication => Core::Authentication,
            ErrorKind::Config => Core::Config,
            ErrorKind::Connection => Core::Connection,
            ErrorKind::Protocol | ErrorKind::Usage => Core::Protocol,
            ErrorKind::Refused => Core::Refused,
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
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::wire::Reply;

    fn refused(command: &'static str, line: &str) -> Error {
        match Reply::decode(line.as_bytes()).unwrap() {
            Reply::Err(status) => Error::refused(command, status),
            other => panic!("{other:?}"),
        }
    }

    fn at_login(line: &str) -> Error {
        refused("PASS", line).at_login(Some(Duration::from_secs(10)))
    }

    #[test]
    fn refused_logins_of_real_servers_are_of_the_credentials() {
        for line in [
            "-ERR [AUTH] Authentication failed.",
            "-ERR [AUTH] Invalid login",
            "-ERR Login failed.",
            "-ERR [SYS/PERM] account is closed",
            "-ERR account locked",
        ] {
            let error = at_login(line);
            assert!(error.is_authentication(), "{line}");
            assert!(!error.is_retryable() && !error.is_in_use(), "{line}");
        }
        assert!(at_login("-ERR [SYS/PERM] account is closed").is_permanent());
    }

    #[test]
    fn trouble_that_passes_by_is_no_wrong_password() {
        for line in [
            "-ERR [IN-USE] Do you have another POP session running?",
            "-ERR maildrop already locked",
            "-ERR unable to lock maildrop",
            "-ERR Do you have another POP session running?",
            "-ERR [LOGIN-DELAY] minimum time between mail checks violation",
            "-ERR [SYS/TEMP] Temporary authentication failure.",
            "-ERR [sys/temp/disk] full",
        ] {
            let error = at_login(line);
            assert!(!error.is_authentication() && error.is_retryable(), "{line}");
            let core = sync_core::Error::from(error);
            assert_eq!(core.kind(), sync_core::ErrorKind::Throttled, "{line}");
        }
        assert!(at_login("-ERR maildrop already locked").is_in_use());
        assert!(at_login("-ERR [IN-USE] busy").is_in_use());
        let delayed = at_login("-ERR [LOGIN-DELAY] too soon");
        assert_eq!(delayed.retry_after(), Some(Duration::from_secs(10)));
        assert_eq!(
            sync_core::Error::from(delayed).retry_after(),
            Some(Duration::from_secs(10))
        );
    }

    #[test]
    fn a_refused_command_is_for_good_unless_a_code_says_otherwise() {
        let error = refused("RETR", "-ERR There's no message 3.");
        assert!(!error.is_retryable() && !error.is_connection_lost());
        assert_eq!(
            error.to_string(),
            "RETR: the server refuses: There's no message 3."
        );
        assert!(refused("RETR", "-ERR [SYS/TEMP] I/O error").is_retryable());
        assert!(refused(GREETING, "-ERR too many connections").is_retryable());
        assert!(!refused(GREETING, "-ERR [SYS/PERM] go away").is_retryable());
    }

    #[test]
    fn shown_text_is_escaped_and_short() {
        let line = format!("-ERR {}", "\u{1b}[31m\0x".repeat(100));
        let shown = refused("LIST", &line).to_string();
        assert!(shown.len() < 1000 && !shown.contains(['\u{1b}', '\0']));
    }
}
