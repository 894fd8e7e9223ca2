//! The session: one method a command, over HTTP.
//!
//! A [`Client`] asks the server which versions it speaks, provisions the device where the server
//! demands it, follows a mailbox to another server, and repeats what the server asks to repeat. What
//! is left is an [`Error`] that says what to do ([`Error::action`]).

mod call;
mod commands;
mod discover;
mod error;
mod options;
mod policy;
mod provision;

use sync_core::net::http::{Cookies, Http, Url};

use crate::wire::Version;
use crate::wire::http::Offer;

pub use discover::{Consent, DiscoverOptions, Discovery, Step, discover};
pub use error::{Error, ErrorKind, Result};
pub use options::{ClientOptions, Device};
pub use policy::{Policy, RefuseWhatIsNotEnforced};

/// The cookie that names a mailbox to Microsoft's hosts.
const ANCHOR: &str = "DefaultAnchorMailbox";

/// A session with a server, for one user and one device.
///
/// Not tied to a connection: each command takes what connection there is. One that the server closed
/// without saying so is no error.
#[derive(Debug)]
pub struct Client {
    http: Http,
    options: ClientOptions,
    url: Url,
    version: Option<Version>,
    offer: Offer,
    policy_key: Option<String>,
    /// What 16.x with OAuth is routed by, among others.
    cookies: Cookies,
    /// The device's description was sent in this session, where a command of its own does it.
    described: bool,
    /// The server was upgraded: it offers other versions or commands than before.
    upgraded: bool,
}

impl Client {
    /// A client that has sent nothing yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the options cannot be used.
    pub fn new(options: ClientOptions) -> Result<Self> {
        options.check()?;
        let mut http = options.http.clone();
        // SOGo ends each connection after one answer, IIS allows two requests at a time on one: nothing
        // is gained by HTTP/2, and some proxies before IIS break it.
        http.http2 = false;
        http.user_agent.clone_from(&options.device.user_agent);
        let mut cookies = Cookies::default();
        if let Some(mailbox) = &options.anchor_mailbox {
            cookies.set(ANCHOR, mailbox);
        }
        Ok(Self {
            http: Http::new(http)?,
            url: options.url.clone(),
            version: options.version,
            policy_key: options.policy_key.clone(),
            cookies,
            offer: Offer::default(),
            described: false,
            upgraded: false,
            options,
        })
    }

    /// The version that is spoken; none before the first command, if the options name none.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// What the server offers; nothing before it was asked.
    pub fn offer(&self) -> &Offer {
        &self.offer
    }

    /// Where the mailbox is; another place than the options' after a redirection. Worth keeping.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The key of the policy that was acknowledged last. Worth keeping.
    pub fn policy_key(&self) -> Option<&str> {
        self.policy_key.as_deref()
    }

    /// Whether the server said since the last call that it offers something else now: every state is
    /// to be built anew.
    pub fn take_upgraded(&mut self) -> bool {
        std::mem::take(&mut self.upgraded)
    }
}
