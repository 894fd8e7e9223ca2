//! What a [`DavSource`](super::DavSource) is told.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sync_core::net::dns::Dns;

use crate::client::{ClientOptions, Service};

/// Unix seconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Who mails the attendees of events (RFC 6638).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Invitations {
    /// Nobody: what is written makes no server mail anybody. A change or deletion of an event that
    /// the server itself schedules is refused, since nothing keeps the server from mailing that.
    #[default]
    Never,
    /// The server, as if somebody had made each change at its web page.
    Server,
}

/// An account and how it is to be treated.
#[derive(Clone)]
pub struct DavConfig {
    /// Calendars or address books.
    pub service: Service,
    /// Where to connect, and as whom: the URL of a server, a home or one collection. Credentials
    /// are asked for when the server wants them.
    pub client: ClientOptions,
    /// A mail address whose server is looked for before anything else (RFC 6764), and by which DNS;
    /// then the URL of [`client`](Self::client) counts for its login only.
    pub address: Option<(String, Arc<dyn Dns>)>,
    /// Tells this account from others: `alice@dav.example.org`.
    pub account: String,
    /// How many requests may be under way at once; 6 unless set. Fewer than 1 counts as 1.
    pub connections: usize,
    /// After how long everything is listed again, although the server says by sync-tokens what
    /// changed: some lose changes from that log. A day unless set: a full listing every hour would
    /// be most of the traffic, and what a log forgot is found within a day.
    pub audit: Duration,
    /// Between two looks in a watch; a minute unless set.
    pub poll: Duration,
    /// Who mails the attendees of events; nobody unless set.
    pub invitations: Invitations,
    /// The clock; the system's unless set.
    pub clock: Clock,
}

impl DavConfig {
    /// The account of this name there.
    #[must_use]
    pub fn new(service: Service, account: impl Into<String>, client: ClientOptions) -> Self {
        let system = || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
        };
        Self {
            service,
            client,
            address: None,
            account: account.into(),
            connections: 6,
            audit: Duration::from_secs(24 * 60 * 60),
            poll: Duration::from_secs(60),
            invitations: Invitations::Never,
            clock: Arc::new(system),
        }
    }

    /// Looks for the server of this mail address first. One that is outside the address's domain is
    /// not used, since DNS can be forged: the error names it, for a person to agree to
    /// (RFC 6764 section 8).
    #[must_use]
    pub fn locate(mut self, address: impl Into<String>, dns: impl Dns + 'static) -> Self {
        self.address = Some((address.into(), Arc::new(dns)));
        self
    }

    /// With so many requests at once, at most.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Lists everything again after so long.
    #[must_use]
    pub fn audit(mut self, every: Duration) -> Self {
        self.audit = every;
        self
    }

    /// Looks so often for news.
    #[must_use]
    pub fn poll(mut self, every: Duration) -> Self {
        self.poll = every;
        self
    }

    /// Says who mails the attendees of events.
    #[must_use]
    pub fn invitations(mut self, invitations: Invitations) -> Self {
        self.invitations = invitations;
        self
    }

    /// Replaces the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

impl fmt::Debug for DavConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DavConfig")
            .field("service", &self.service)
            .field("account", &self.account)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
