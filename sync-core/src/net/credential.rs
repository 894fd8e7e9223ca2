use std::fmt;
use std::process::Stdio;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::Secret;
use crate::error::{Error, ErrorKind, Result};

/// What proves who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// A user name and a password.
    Password {
        /// The login name.
        user: String,
        /// The password.
        secret: Secret,
    },
    /// An OAuth 2.0 access token (RFC 6750).
    Bearer {
        /// The login name, most often a mail address.
        user: String,
        /// The access token.
        token: Secret,
    },
    /// What another layer proved, such as a TLS client certificate (RFC 4422 appendix A).
    External {
        /// The identity to act as; `None` takes the one that the certificate names.
        user: Option<String>,
    },
}

impl Credential {
    /// A user name and a password.
    pub fn password(user: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self::Password {
            user: user.into(),
            secret: secret.into(),
        }
    }

    /// A user name and an OAuth 2.0 access token.
    pub fn bearer(user: impl Into<String>, token: impl Into<Secret>) -> Self {
        Self::Bearer {
            user: user.into(),
            token: token.into(),
        }
    }

    /// The login name, if there is one.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Password { user, .. } | Self::Bearer { user, .. } => Some(user),
            Self::External { user } => user.as_deref(),
        }
    }
}

/// Gives the credential; asked at every connect.
///
/// A [`Credential`] is a source of itself, a closure becomes one by [`CredentialFn`].
#[async_trait]
pub trait CredentialSource: Send + Sync {
    /// The credential to log in with now.
    async fn credential(&self) -> Result<Credential>;

    /// The server refused what [`credential`](Self::credential) gave last: a cached token is void.
    async fn rejected(&self) {}
}

#[async_trait]
impl CredentialSource for Credential {
    async fn credential(&self) -> Result<Credential> {
        Ok(self.clone())
    }
}

#[async_trait]
impl<T: CredentialSource + ?Sized> CredentialSource for std::sync::Arc<T> {
    async fn credential(&self) -> Result<Credential> {
        (**self).credential().await
    }

    async fn rejected(&self) {
        (**self).rejected().await;
    }
}

/// A closure that gives the credential.
pub struct CredentialFn(Box<dyn Fn() -> BoxFuture<'static, Result<Credential>> + Send + Sync>);

impl CredentialFn {
    /// Asks `ask` at every connect.
    pub fn new<F, Fut>(ask: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Credential>> + Send + 'static,
    {
        Self(Box::new(move || Box::pin(ask())))
    }
}

impl fmt::Debug for CredentialFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialFn")
    }
}

#[async_trait]
impl CredentialSource for CredentialFn {
    async fn credential(&self) -> Result<Credential> {
        (self.0)().await
    }
}

/// The credential that a program prints, run anew at every connect.
///
/// The program may be a password manager or a tool that keeps an OAuth token fresh.
#[derive(Debug, Clone)]
pub struct CommandCredentials {
    user: String,
    command: String,
    bearer: bool,
}

impl CommandCredentials {
    /// The first line that `command` prints is the password.
    pub fn password(user: impl Into<String>, command: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            command: command.into(),
            bearer: false,
        }
    }

    /// The first line that `command` prints is an OAuth 2.0 access token.
    pub fn bearer(user: impl Into<String>, command: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            command: command.into(),
            bearer: true,
        }
    }
}

#[async_trait]
impl CredentialSource for CommandCredentials {
    async fn credential(&self) -> Result<Credential> {
        let secret = run_command(&self.command).await?;
        Ok(if self.bearer {
            Credential::bearer(&self.user, secret)
        } else {
            Credential::password(&self.user, secret)
        })
    }
}

/// Runs `command` by the shell and gives the first line that it prints, without the line end.
///
/// Standard error and input stay those of this process, so that the program can ask for a passphrase.
///
/// # Errors
/// [`ErrorKind::Config`] if it cannot be run, fails, or prints nothing.
pub async fn run_command(command: &str) -> Result<Secret> {
    // Its arguments may be secrets.
    let program = command.split_whitespace().next().unwrap_or_default();
    let failed = |what: String| {
        let text = format!("the command `{program} ...` {what}");
        Error::new(ErrorKind::Config, text)
    };
    let output = tokio::process::Command::new("sh")
        .arg("-c")
        .arg(command)
        .stderr(Stdio::inherit())
        .stdin(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| failed("could not be run".into()).caused_by(error))?;
    let printed = Secret::new(output.stdout);
    if !output.status.success() {
        return Err(failed(format!("failed ({})", output.status)));
    }
    let line = printed
        .expose()
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err(failed("printed nothing".into()));
    }
    Ok(Secret::new(line))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn a_command_gives_its_first_line() {
        let source = CommandCredentials::password("alice", "printf 'pa ss\\r\\nsecond\\n'");
        assert_eq!(
            source.credential().await.unwrap(),
            Credential::password("alice", "pa ss")
        );
        let source = CommandCredentials::bearer("alice", "echo token");
        assert_eq!(
            source.credential().await.unwrap(),
            Credential::bearer("alice", "token")
        );
    }

    #[tokio::test]
    async fn a_failed_or_silent_command_is_an_error() {
        for command in ["echo secret; exit 3", "true", "/nonexistent/program secret"] {
            let error = run_command(command).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_closure_is_asked_every_time() {
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        let source = CredentialFn::new(move || {
            let n = count.fetch_add(1, Ordering::SeqCst);
            async move { Ok(Credential::bearer("alice", format!("token{n}"))) }
        });
        let _ = source.credential().await.unwrap();
        let second = source.credential().await.unwrap();
        assert_eq!(second, Credential::bearer("alice", "token1"));
        assert_eq!(format!("{second:?}").find("token1"), None);
    }
}
