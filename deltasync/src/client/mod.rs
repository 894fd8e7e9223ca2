//! The session: one method a command, over HTTP.
//!
//! A [`Client`] logs in before its first command, shows the ticket with each one, follows a mailbox to
//! its host, and logs in once more when the ticket is void. What is left is an [`Error`] that says what to
//! do ([`Error::action`]).

mod call;
mod commands;
mod error;
mod fetch;
mod login;
mod options;

use std::fmt;

use sync_core::net::http::{Cookies, Http, Url};

use crate::wire::rst2::Ticket;

pub use error::{Error, ErrorKind, Result};
pub use options::ClientOptions;

/// A session with a server, for one user.
///
/// Not tied to a connection: each command takes what connection there is.
pub struct Client {
    http: Http,
    options: ClientOptions,
    ticket: Option<Ticket>,
    /// Why the last login was refused.
    refusal: Option<Error>,
    /// Where the mailbox is, once a command was answered there.
    host: Option<Url>,
    /// The hosts of the service are one under several names: all of them are told.
    cookies: Cookies,
}

impl Client {
    /// A client that has sent nothing yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the options cannot be used.
    pub fn new(options: ClientOptions) -> Result<Self> {
        let mut http = options.http.clone();
        // The service knew HTTP/1.1 alone.
        http.http2 = false;
        Ok(Self {
            http: Http::new(http)?,
            options,
            ticket: None,
            refusal: None,
            host: None,
            cookies: Cookies::default(),
        })
    }

    /// Where the mailbox is; nothing before the first command was answered.
    #[must_use]
    pub fn host(&self) -> Option<&Url> {
        self.host.as_ref()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .field("logged_in", &self.ticket.is_some())
            .field("host", &self.host.as_ref().map(Url::as_str))
            .finish_non_exhaustive()
    }
}
