//! Passwords and tokens for the protocol clients, as the config says they are had.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sync_core::error::{Error, ErrorKind, Result};
use sync_core::net::{
    Connector, Credential, CredentialSource, OAuth2, OAuth2Credentials, Secret, Tls, TlsOptions,
};
use tokio::sync::OnceCell;

use crate::config::{Login, Refresh, SecretSource};

/// No connection is waited for longer than this.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// What the clients ask at every connect.
pub(crate) fn credentials(user: &str, login: &Login) -> Arc<dyn CredentialSource> {
    let user = user.to_owned();
    match login.clone() {
        Login::Password(source) => Arc::new(Asked {
            user,
            source,
            bearer: false,
        }),
        Login::Token(source) => Arc::new(Asked {
            user,
            source,
            bearer: true,
        }),
        Login::Refresh(refresh) => Arc::new(Refreshed {
            user,
            refresh,
            tokens: OnceCell::new(),
        }),
    }
}

/// Trusts the system's authorities, or only the one in this file.
///
/// # Errors
/// [`ErrorKind::Config`] if the file cannot be read or holds no certificate.
pub(crate) fn tls(ca: Option<&std::path::Path>) -> Result<Tls> {
    let ca_pem = match ca {
        None => None,
        Some(path) => Some(std::fs::read(path).map_err(|error| {
            let message = format!("cannot read tls_ca {}: {error}", path.display());
            Error::new(ErrorKind::Config, message).caused_by(error)
        })?),
    };
    Tls::new(&TlsOptions {
        ca_pem,
        ..TlsOptions::default()
    })
}

/// A secret that is read anew at every connect.
struct Asked {
    user: String,
    source: SecretSource,
    bearer: bool,
}

#[async_trait]
impl CredentialSource for Asked {
    async fn credential(&self) -> Result<Credential> {
        let secret = self.source.read().await?;
        Ok(if self.bearer {
            Credential::bearer(&self.user, secret)
        } else {
            Credential::password(&self.user, secret)
        })
    }
}

/// Access tokens from the token endpoint; what it needs is read when the first one is asked for.
struct Refreshed {
    user: String,
    refresh: Refresh,
    tokens: OnceCell<OAuth2Credentials>,
}

impl Refreshed {
    async fn tokens(&self) -> Result<&OAuth2Credentials> {
        self.tokens.get_or_try_init(|| self.start()).await
    }

    async fn start(&self) -> Result<OAuth2Credentials> {
        let client_secret = match &self.refresh.client_secret {
            Some(source) => Some(source.read().await?),
            None => None,
        };
        let config = OAuth2 {
            user: self.user.clone(),
            token_url: self.refresh.token_url.clone(),
            client_id: self.refresh.client_id.clone(),
            client_secret,
            refresh_token: self.refresh.refresh_token.read().await?,
            scope: self.refresh.scope.clone(),
        };
        let connector = Connector::new(tls(self.refresh.tls_ca.as_deref())?, CONNECT_TIMEOUT);
        let source = self.refresh.refresh_token.clone();
        Ok(OAuth2Credentials::new(config, connector).on_rotation(move |new| keep(&source, new)))
    }
}

#[async_trait]
impl CredentialSource for Refreshed {
    async fn credential(&self) -> Result<Credential> {
        self.tokens().await?.credential().await
    }

    async fn rejected(&self) {
        if let Some(tokens) = self.tokens.get() {
            tokens.rejected().await;
        }
    }
}

/// Keeps a refresh token that the server gave in place of the old one, where that can be done.
fn keep(source: &SecretSource, new: &Secret) {
    if let SecretSource::File(path) = source {
        match replace(path, new) {
            Ok(()) => return,
            Err(error) => tracing::warn!("cannot write {}: {error}", path.display()),
        }
    }
    tracing::warn!(
        "the token server gave a new refresh token; if the old one stops working, \
         put a new one where the config reads it from (refresh_token_file is updated by bridge)"
    );
}

fn replace(path: &std::path::Path, new: &Secret) -> std::io::Result<()> {
    use std::io::Write as _;

    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => std::path::Path::new("."),
    };
    // Only its owner may read a file made so.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(new.expose())?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn a_password_is_asked_for_at_every_connect() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pw");
        let login = Login::Password(SecretSource::File(path.clone()));
        let source = credentials("alice", &login);
        std::fs::write(&path, "one\n").unwrap();
        let first = source.credential().await.unwrap();
        assert_eq!(first, Credential::password("alice", "one"));
        std::fs::write(&path, "two\n").unwrap();
        let second = source.credential().await.unwrap();
        assert_eq!(second, Credential::password("alice", "two"));
    }

    #[test]
    fn a_rotated_token_replaces_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "old\n").unwrap();
        keep(&SecretSource::File(path.clone()), &Secret::from("new"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new\n");
    }

    #[test]
    fn a_missing_ca_is_a_config_error() {
        let error = tls(Some(std::path::Path::new("/nonexistent.pem")))
            .err()
            .unwrap();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            error
                .message()
                .starts_with("cannot read tls_ca /nonexistent.pem")
        );
    }
}
