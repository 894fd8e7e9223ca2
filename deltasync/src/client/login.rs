//! Tickets.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use sync_core::net::Credential;
use sync_core::net::http::header::CONTENT_TYPE;
use sync_core::net::http::{Method, Request, Url};

use zeroize::Zeroizing;

use super::{Client, Error, ErrorKind, Result};
use crate::wire::limits;
use crate::wire::rst2::{self, Login, LoginAnswer, Ticket};

/// How often a login is sent on to another URL.
const MOST_REDIRECTS: usize = 5;

/// How often credentials are asked for: once more after a refusal, as they may be cached ones.
const MOST_CREDENTIALS: usize = 2;

impl Client {
    /// Has a new ticket, which the next commands use. Commands do this by themselves.
    ///
    /// # Errors
    /// [`ErrorKind::Authentication`] if there is none for these credentials.
    pub async fn log_in(&mut self) -> Result<()> {
        self.ticket = None;
        let mut before = None;
        for _ in 0..MOST_CREDENTIALS {
            let credential = self.options.credentials.credential().await?;
            if before.as_ref() == Some(&credential) {
                break;
            }
            let Credential::Password { user, secret } = &credential else {
                let why = "DeltaSync takes a user name and a password, and no token";
                return Err(Error::new(ErrorKind::Config, why));
            };
            let password = secret.expose_str().ok_or_else(|| {
                let why = "the password is not UTF-8, and XML can hold no other";
                Error::new(ErrorKind::Config, why)
            })?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let created = now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
            let login = Login {
                user: user.clone(),
                password: Zeroizing::new(password.to_owned()),
                created,
                site: self.options.site.clone(),
            };
            match self.ask(&login).await.map_err(|error| error.of("login"))? {
                Ok(ticket) => {
                    self.ticket = Some(ticket);
                    return Ok(());
                }
                Err(error) if error.is_authentication() => {
                    self.options.credentials.rejected().await;
                    self.refusal = Some(error);
                    before = Some(credential);
                }
                Err(error) => return Err(error),
            }
        }
        let refusal = self.refusal.take();
        Err(refusal.unwrap_or_else(|| Error::new(ErrorKind::Authentication, "login refused")))
    }

    /// Asks for a ticket; the inner error is the server's refusal.
    async fn ask(&mut self, login: &Login) -> Result<Result<Ticket>> {
        let body = Bytes::copy_from_slice(&login.encode());
        let mut url = self.options.login_url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let request = Request::new(Method::POST, url.clone())
                .header(CONTENT_TYPE, rst2::CONTENT_TYPE)?
                .body(body.clone())
                .timeout(self.options.timeout)
                .limit(limits::FETCH_DOCUMENT as u64)
                .keep_redirects()
                .repeatable();
            let mut response = self.http.send(request).await?;
            let target = super::call::redirect(&response)?;
            if let Some(target) = target {
                url = self.login_redirect(&url, target)?;
                continue;
            }
            // A refusal may come as an error of HTTP with a fault in it.
            let status = response.status();
            let answer = response.bytes().await?;
            match LoginAnswer::decode(&answer) {
                Ok(LoginAnswer::Ticket(ticket)) => return Ok(Ok(ticket)),
                Ok(LoginAnswer::Refused(fault)) => return Ok(Err(Error::refused(&fault))),
                Ok(LoginAnswer::Redirect(target)) => {
                    let target = Url::parse(&target)
                        .map_err(|_| Error::new(ErrorKind::Redirect, "redirected to no URL"))?;
                    url = self.login_redirect(&url, target)?;
                }
                Err(_) if !status.is_success() => return Err(response.into_error().into()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::new(ErrorKind::Redirect, "too many redirects"))
    }

    /// Where the password may be shown next.
    fn login_redirect(&self, from: &Url, to: Url) -> Result<Url> {
        if from.scheme() == "https" && to.scheme() != "https" {
            let why = "redirected to a place without TLS";
            return Err(Error::new(ErrorKind::Redirect, why));
        }
        tracing::debug!(host = to.host_str(), "login is elsewhere");
        Ok(to)
    }
}
