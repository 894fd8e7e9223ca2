//! The session: connects, logs in, and has one method a command.
//!
//! [`Client::connect`] makes a session from [`ConnectOptions`]. Each method then sends one command and
//! waits for its completion. Where round trips count, the same commands can be in flight together:
//! [`Client::send`] takes a [`Call`] and gives a [`Pending`], [`Client::wait`] turns that into the
//! answer. Nothing is written before the first wait, so a batch leaves in one write.
//!
//! ```no_run
//! # async fn f(client: &mut imap_client::Client) -> imap_client::Result<()> {
//! use imap_client::client::Call;
//! use imap_client::wire::{MailboxName, command::SelectOptions};
//!
//! let selected = client.send(Call::select(&MailboxName::inbox(), SelectOptions::default())).await?;
//! let quota = client.send(Call::get_quota_root(&MailboxName::inbox())).await?;
//! let selected = client.wait(selected).await?;
//! let quota = client.wait(quota).await?;
//! # Ok(()) }
//! ```
//!
//! What nobody asked for becomes an [`Event`], and so does a line that cannot be decoded; the
//! session goes on. After a timeout, a broken connection or a BYE every method says so at once
//! ([`Client::is_usable`]): make a new session. Any future here may be dropped; the command that it
//! waited for then runs its course, and its answer is ignored.

mod account;
mod append;
mod auth;
mod call;
mod connect;
mod driver;
mod error;
mod event;
mod fetch;
mod idle;
mod mailbox;
mod message;
mod search;
mod session;

use std::any::Any;
use std::time::Duration;

use crate::wire::command::Fragment;
use crate::wire::response::{Id, Namespaces};
use crate::wire::{Capabilities, Command, MailboxName, Response};

pub use account::{QuotaRoots, Right};
pub use append::{AppendUid, Upload, UploadBody};
pub use call::{Call, Pending, RawAnswer};
pub use connect::{ConnectOptions, Security, Timeouts};
pub use error::{Error, ErrorKind, Result};
pub use event::{Event, EventKind};
pub use fetch::{FetchEnd, FetchPart, FetchStream};
pub use idle::Idled;
pub use mailbox::{Changed, Listed, Selected};
pub use message::{CopyUid, Expunged, Moved, Stored};
pub use search::{SearchResult, Sorted};
pub use session::Session;

use call::Gather;
use driver::{Driver, log_sent};
use session::tag_text;

/// A session with a server. See the [module](self).
pub struct Client {
    driver: Driver,
    timeouts: Timeouts,
    /// An IDLE that was not ended yet.
    idle: Option<Pending<()>>,
}

impl Client {
    /// What the server can do and what was agreed on.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.driver.router.session
    }

    /// The selected mailbox.
    #[must_use]
    pub fn selected(&self) -> Option<&MailboxName> {
        self.session().selected()
    }

    /// Whether the bytes travel under TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.driver
            .stream()
            .is_some_and(sync_core::net::Stream::is_tls)
    }

    /// Whether the bytes are compressed (RFC 4978).
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.driver
            .stream()
            .is_some_and(sync_core::net::Stream::is_deflate)
    }

    /// Whether the connection is alive as far as is known.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !self.driver.is_failed()
    }

    /// The next of the things that the server said without being asked, in order. Does not wait:
    /// they come in with the answers of commands; see [`idle`](Self::idle) and
    /// [`noop`](Self::noop).
    pub fn next_event(&mut self) -> Option<Event> {
        self.driver.router.events.pop()
    }

    /// Sends a command without waiting for its answer.
    ///
    /// It is written at the next wait, whatever that waits for; a string that needs the server's
    /// consent (RFC 9051 section 4.3) is such a wait.
    ///
    /// # Errors
    /// The server lacks what the command needs, or the connection is lost.
    pub async fn send<T: Default + Send + 'static>(&mut self, call: Call<T>) -> Result<Pending<T>> {
        self.leave_idle().await?;
        self.driver.check()?;
        let (command, gather) = call.into_parts(self.session())?;
        self.send_command(&command, gather).await
    }

    async fn send_command<T: Send + 'static>(
        &mut self,
        command: &Command,
        gather: Gather<T>,
    ) -> Result<Pending<T>> {
        let tag = self.driver.next_tag();
        let options = self.session().encode_options();
        let encoded = command.encode(&tag_text(tag), &options)?;
        let streams = |f: &Fragment| matches!(f, Fragment::Stream(_));
        if encoded.fragments().iter().any(streams) {
            return Err(Error::new(ErrorKind::Usage, "only append() streams"));
        }
        if !encoded.is_immediate() {
            self.driver.exclusive()?;
        }
        let (pending, claim) = Pending::new(tag);
        self.driver.make_room().await?;
        self.driver
            .register(tag, command.name(), Box::new(gather), claim);
        let mut guard = self.unfinished();
        for fragment in encoded.fragments() {
            let driver = &mut guard.client.driver;
            match fragment {
                Fragment::Bytes(bytes) => {
                    log_sent(tag, command.name(), bytes);
                    driver.queue(bytes);
                }
                Fragment::AwaitContinuation => {
                    guard.armed = true;
                    if driver.continuation(tag).await?.is_none() {
                        break;
                    }
                }
                Fragment::Stream(_) => {}
            }
        }
        guard.armed = false;
        drop(guard);
        Ok(pending)
    }

    /// A guard for what must not be left half done.
    fn unfinished(&mut self) -> Unfinished<'_> {
        Unfinished {
            client: self,
            armed: false,
        }
    }

    /// Waits for the answer of a command that was [sent](Self::send).
    ///
    /// Commands may be waited for in any order; but a FETCH that was sent before must be
    /// [read](Self::read_fetch), or given up, first.
    ///
    /// # Errors
    /// The server refuses the command ([`ErrorKind::No`], [`ErrorKind::Bad`]), or the connection is lost.
    pub async fn wait<T: Send + 'static>(&mut self, pending: Pending<T>) -> Result<T> {
        let answer: Box<dyn Any> = self.driver.wait(pending.tag).await?;
        match answer.downcast::<Gather<T>>() {
            Ok(gather) => Ok(gather.value),
            Err(_) => Err(Error::new(ErrorKind::Usage, "a claim of another session")),
        }
    }

    /// [Sends](Self::send) a command and [waits](Self::wait) for its answer.
    ///
    /// # Errors
    /// Those of both.
    pub async fn run<T: Default + Send + 'static>(&mut self, call: Call<T>) -> Result<T> {
        let pending = self.send(call).await?;
        self.wait(pending).await
    }

    /// Any command: `CAPABILITY`-like extensions that have no method here. Untagged responses come
    /// as [events](Self::next_event).
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn raw(&mut self, command: Command) -> Result<RawAnswer> {
        self.run(Call::raw(command)).await
    }

    /// NOOP (RFC 9051 section 6.1.2): a chance for the server to tell what is new.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn noop(&mut self) -> Result<()> {
        self.run(Call::noop()).await
    }

    /// CAPABILITY (RFC 9051 section 6.1.1). The session learns them by itself at connect; this asks anew.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn capability(&mut self) -> Result<&Capabilities> {
        self.run(Call::plain(Command::capability())).await?;
        Ok(self.session().capabilities())
    }

    /// ENABLE (RFC 5161): those of `extensions` that the server offers; gives back what counts as
    /// enabled from now on, which is the server's answer, not the request.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn enable(&mut self, extensions: &[&str]) -> Result<&Capabilities> {
        let session = self.session();
        let wanted: Vec<&str> = extensions
            .iter()
            .copied()
            .filter(|e| session.capabilities.has(e) && !session.enabled.has(e))
            .collect();
        if !wanted.is_empty() && session.has("ENABLE") {
            self.run(Call::plain(Command::enable(&wanted))).await?;
        }
        Ok(&self.session().enabled)
    }

    /// ID (RFC 2971): says who we are and learns who the server is. No pairs send NIL.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn id(&mut self, pairs: &[(&str, &str)]) -> Result<Id> {
        self.run(Call::id(pairs)).await
    }

    /// NAMESPACE (RFC 2342).
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn namespace(&mut self) -> Result<Namespaces> {
        self.run(Call::namespace()).await
    }

    /// LOGOUT (RFC 9051 section 6.1.3), and ends the connection. It does not wait long, and a server
    /// that does not answer is no error.
    pub async fn logout(mut self) {
        let patience = self.timeouts.logout;
        self.driver.patience = patience;
        let farewell = async {
            self.leave_idle().await?;
            self.driver.router.leaving = true;
            self.run(Call::plain(Command::logout())).await
        };
        if let Ok(Err(error)) = tokio::time::timeout(patience, farewell).await {
            tracing::debug!(%error, "logout");
        }
        self.driver.shut_down(patience).await;
    }

    /// The longest silence while a command is in flight.
    pub fn set_response_timeout(&mut self, timeout: Duration) {
        self.driver.patience = timeout;
    }
}

/// Gives the connection up if it is dropped while armed: the server would take the next command for a
/// part of the one that was not finished.
struct Unfinished<'c> {
    client: &'c mut Client,
    armed: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if self.armed && !self.client.driver.is_failed() {
            let error = Error::new(ErrorKind::Connection, "a command was not sent to its end");
            let _ = self.client.driver.fail(error);
        }
    }
}

impl Call<()> {
    /// See [`Client::noop`].
    #[must_use]
    pub fn noop() -> Self {
        Self::plain(Command::noop())
    }
}

impl Call<Id> {
    /// See [`Client::id`].
    #[must_use]
    pub fn id(pairs: &[(&str, &str)]) -> Self {
        let command = Command::id(pairs);
        let build = |session: &Session| session.require("ID").map(|()| command);
        Self::build(build, |own, _, response| match response {
            Response::Id(id) => {
                *own = id;
                None
            }
            other => Some(other),
        })
    }
}

impl Call<Namespaces> {
    /// See [`Client::namespace`].
    #[must_use]
    pub fn namespace() -> Self {
        let build = |session: &Session| {
            session.require("NAMESPACE")?;
            Ok(Command::namespace())
        };
        Self::build(build, |own, _, response| match response {
            Response::Namespace(namespaces) => {
                *own = namespaces;
                None
            }
            other => Some(other),
        })
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("selected", &self.selected())
            .field("usable", &self.is_usable())
            .finish_non_exhaustive()
    }
}
