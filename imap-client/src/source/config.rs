//! What an [`ImapSource`](super::ImapSource) is told.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::client::ConnectOptions;

/// Unix seconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// An account and how it is to be treated.
#[derive(Clone)]
pub struct ImapConfig {
    /// Where to connect, and as whom. Credentials are asked for at every connect.
    pub connect: ConnectOptions,
    /// The login name; with host and port it tells this account from others.
    pub user: String,
    /// How many connections may be open at once; a second one is used where many messages are
    /// read. 2 unless set; fewer than 1 counts as 1.
    pub connections: usize,
    /// How many messages one page of a listing holds at most; 5,000 unless set.
    pub page: usize,
    /// Whether mailboxes of other users and shared ones are shown, too (RFC 2342); not unless set.
    pub foreign: bool,
    /// Between two looks at mailboxes for which no notice can be had; a minute unless set.
    pub poll: Duration,
    /// Says when all UIDs are to be looked at again; the system's clock unless set.
    pub clock: Clock,
}

impl ImapConfig {
    /// The account of `user` there.
    pub fn new(user: impl Into<String>, connect: ConnectOptions) -> Self {
        let system = || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
        };
        Self {
            connect,
            user: user.into(),
            connections: 2,
            page: 5_000,
            foreign: false,
            poll: Duration::from_secs(60),
            clock: Arc::new(system),
        }
    }

    /// With so many connections at most.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// With pages of so many messages at most.
    #[must_use]
    pub fn page(mut self, page: usize) -> Self {
        self.page = page;
        self
    }

    /// Shows mailboxes of others, too.
    #[must_use]
    pub fn foreign(mut self, shown: bool) -> Self {
        self.foreign = shown;
        self
    }

    /// Looks so often at mailboxes for which no notice can be had.
    #[must_use]
    pub fn poll(mut self, every: Duration) -> Self {
        self.poll = every;
        self
    }

    /// Replaces the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// `user@host:port`
    pub(super) fn account(&self) -> String {
        let connect = &self.connect;
        format!(
            "{}@{}:{}",
            self.user,
            connect.host,
            connect.effective_port()
        )
    }
}

impl fmt::Debug for ImapConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImapConfig")
            .field("account", &self.account())
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}
