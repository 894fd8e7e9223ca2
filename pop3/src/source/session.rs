//! Sessions, and how long they last.

use std::time::Duration;

use sync_core::{Error, ErrorKind, Result};
use tokio::time::Instant;

use crate::client::Client;

use super::Pop3Source;
use super::cursor::Naming;
use super::view::View;

/// A session that is logged in.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Client,
    since: Instant,
    /// Something was retrieved: a server that keeps nothing deletes it at QUIT.
    pub(super) retrieved: bool,
}

/// The last login.
#[derive(Debug, Clone, Copy)]
pub(super) struct Login {
    pub(super) at: Instant,
    /// How long the server wants to be left alone after it.
    pub(super) delay: Duration,
}

impl Pop3Source {
    /// Logs in; no session is open.
    pub(super) async fn connect(&mut self) -> Result<()> {
        self.view = None;
        self.session = None;
        let client = Client::connect(&self.config.connect).await?;
        let delay = client.capabilities().login_delay;
        let since = Instant::now();
        self.last_login = Some(Login {
            at: since,
            delay: Duration::from_secs(delay.map_or(0, |delay| delay.seconds.into())),
        });
        self.session = Some(Session {
            client,
            since,
            retrieved: false,
        });
        Ok(())
    }

    /// Ends the session, so that others get in. Nothing is deleted by that.
    pub(super) async fn leave(&mut self) {
        self.view = None;
        self.kept.clear();
        self.leave_session().await;
    }

    async fn leave_session(&mut self) {
        let Some(Session {
            client, retrieved, ..
        }) = self.session.take()
        else {
            return;
        };
        let expire = client.capabilities().expire;
        let deletes = expire.is_some_and(|expire| expire.days == Some(0));
        // What was retrieved need not be safe yet: a connection that breaks deletes nothing.
        if client.is_usable()
            && !(deletes && retrieved)
            && let Err(error) = client.quit().await
        {
            tracing::debug!(%error, "the session did not end in order");
        }
    }

    /// Forgets a session that broke; says whether it did.
    pub(super) fn drop_broken(&mut self) -> bool {
        let broken = self.session.as_ref().is_some_and(|s| !s.client.is_usable());
        if broken {
            self.session = None;
            self.view = None;
        }
        broken
    }

    pub(super) fn client(&mut self) -> Result<&mut Client> {
        match &mut self.session {
            Some(session) => Ok(&mut session.client),
            None => Err(not_connected()),
        }
    }

    /// How old what a session saw may be.
    fn most_age(&self) -> Duration {
        let delay = self.last_login.map_or(Duration::ZERO, |login| login.delay);
        self.config.session_age.max(delay)
    }

    /// Makes sure that there is a view, and that it is no older than it may be for a listing.
    pub(super) async fn look(&mut self, wanted: Option<Naming>) -> Result<&mut View> {
        let most = self.most_age();
        let fits = |view: &View| wanted.is_none_or(|naming| view.naming == naming);
        let usable = match (&self.view, &self.session) {
            (Some(view), _) if fits(view) => view.seen.elapsed() < most,
            (_, Some(session)) => session.since.elapsed() < most,
            _ => false,
        };
        if usable {
            if self.view.as_ref().is_some_and(fits) {
                return self.view.as_mut().ok_or_else(not_connected);
            }
            match self.name_all(wanted).await {
                // It may have been idle for too long.
                Err(_) if self.drop_broken() => {}
                result => {
                    result?;
                    return self.view.as_mut().ok_or_else(not_connected);
                }
            }
        }
        self.leave().await;
        self.open(wanted).await
    }

    /// Makes sure that a session is open whose numbers the view has.
    pub(super) async fn open(&mut self, wanted: Option<Naming>) -> Result<&mut View> {
        self.drop_broken();
        if self.session.is_none() {
            self.connect().await?;
        }
        let fits = |view: &View| wanted.is_none_or(|naming| view.naming == naming);
        if !self.view.as_ref().is_some_and(fits) {
            let result = self.name_all(wanted).await;
            if result.is_err() {
                self.drop_broken();
            }
            result?;
        }
        self.view.as_mut().ok_or_else(not_connected)
    }

    /// Lists and names all messages of the open session.
    async fn name_all(&mut self, wanted: Option<Naming>) -> Result<()> {
        let session = self.session.as_mut().ok_or_else(not_connected)?;
        let view = super::names::view(session, wanted, &mut self.kept).await?;
        self.view = Some(view);
        Ok(())
    }
}

impl Session {
    pub(super) fn since(&self) -> Instant {
        self.since
    }
}

pub(super) fn not_connected() -> Error {
    Error::new(ErrorKind::Connection, "not connected")
}
