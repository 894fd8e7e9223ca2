//! What a [`Pop3Source`](super::Pop3Source) is told.

use std::fmt;
use std::time::Duration;

use crate::client::ConnectOptions;

/// An account and how it is to be treated.
#[derive(Clone)]
pub struct Pop3Config {
    /// Where to connect, and as whom. Credentials are asked for at every connect.
    pub connect: ConnectOptions,
    /// The login name; with the host it tells this account from others.
    pub user: String,
    /// How many messages one page of a listing holds at most; 5,000 unless set, 1 at least.
    pub page: usize,
    /// Between two looks at the maildrop while waiting for news; a minute unless set. A longer
    /// LOGIN-DELAY of the server counts more.
    pub poll: Duration,
    /// A listing is taken from a session that is younger than this; 30 seconds unless set. A session
    /// does not see what comes after its login.
    pub session_age: Duration,
}

impl Pop3Config {
    /// The account of `user` there.
    pub fn new(user: impl Into<String>, connect: ConnectOptions) -> Self {
        Self {
            connect,
            user: user.into(),
            page: 5_000,
            poll: Duration::from_secs(60),
            session_age: Duration::from_secs(30),
        }
    }

    /// With pages of so many messages at most.
    #[must_use]
    pub fn page(mut self, page: usize) -> Self {
        self.page = page;
        self
    }

    /// Looks so often for news.
    #[must_use]
    pub fn poll(mut self, every: Duration) -> Self {
        self.poll = every;
        self
    }

    /// Takes listings from sessions that are younger than this.
    #[must_use]
    pub fn session_age(mut self, age: Duration) -> Self {
        self.session_age = age;
        self
    }

    /// `user@host`: the same account with TLS from the start or by STLS.
    pub(super) fn account(&self) -> String {
        format!("{}@{}", self.user, self.connect.host)
    }
}

impl fmt::Debug for Pop3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pop3Config")
            .field("account", &self.account())
            .field("connect", &self.connect)
            .finish_non_exhaustive()
    }
}
