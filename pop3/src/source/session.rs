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
    /// Its login: what it sees is of then.
    pub(super) since: Instant,
    /// Something was retrieved.
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
    /// Logs in anew.
    pub(super) async fn connect(&mut self) -> Result<&mut Client> {
        (self.session, self.view) = (None, None);
        let client = Client::connect(&self.config.connect).await?;
        let delay = client.capabilities().login_delay;
        let since = Instant::now();
        self.last_login = Some(Login {
            at: since,
            delay: Duration::from_secs(delay.map_or(0, |delay| delay.seconds.into())),
        });
        let session = self.session.insert(Session {
            client,
            since,
            retrieved: false,
        });
        Ok(&mut session.client)
    }

    /// Ends the session, so that others get in. Nothing is deleted by that.
    pub(super) async fn leave(&mut self) {
        self.view = None;
        self.kept.clear();
        // What was retrieved need not be safe yet: a connection that breaks deletes nothing.
        if let Some(session) = self.session.take()
            && session.client.is_usable()
            && !session.quit_deletes_more()
            && let Err(error) = session.client.quit().await
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

    /// Makes sure that there is a view, and that it is no older than it may be for a listing.
    pub(super) async fn look(&mut self, wanted: Option<Naming>) -> Result<&View> {
        let delay = self.last_login.map_or(Duration::ZERO, |login| login.delay);
        let most = self.config.session_age.max(delay);
        if self.has_view(wanted) && self.view()?.seen.elapsed() < most {
            return self.view();
        }
        let session = self.session.as_ref();
        if session.is_some_and(|session| session.since.elapsed() < most) {
            let result = self.name_all(wanted).await;
            // Else it was idle for too long.
            if !self.drop_broken() {
                result?;
                return self.view();
            }
        }
        self.leave().await;
        self.open(wanted).await
    }

    /// Makes sure that a session is open whose numbers the view has.
    pub(super) async fn open(&mut self, wanted: Option<Naming>) -> Result<&View> {
        self.drop_broken();
        if self.session.is_none() {
            self.connect().await?;
        }
        if !self.has_view(wanted) {
            let result = self.name_all(wanted).await;
            self.drop_broken();
            result?;
        }
        self.view()
    }

    fn view(&self) -> Result<&View> {
        self.view.as_ref().ok_or_else(not_connected)
    }

    /// Whether there is a view, with the wanted names if any are wanted.
    fn has_view(&self, wanted: Option<Naming>) -> bool {
        let fits = |view: &View| wanted.is_none_or(|naming| view.naming == naming);
        self.view.as_ref().is_some_and(fits)
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
    /// Whether the server deletes at QUIT what was retrieved (EXPIRE 0, RFC 2449 section 6.7).
    pub(super) fn quit_deletes_more(&self) -> bool {
        let expire = self.client.capabilities().expire;
        self.retrieved && expire.is_some_and(|expire| expire.days == Some(0))
    }
}

pub(super) fn not_connected() -> Error {
    Error::new(ErrorKind::Connection, "not connected")
}
