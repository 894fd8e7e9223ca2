//! What a [`DeltaSyncSource`](super::DeltaSyncSource) is told.

use std::fmt;
use std::time::Duration;

use crate::client::ClientOptions;
use crate::wire::limits;

/// An account and how it is to be treated.
#[derive(Clone)]
pub struct DeltaSyncConfig {
    /// Where to go, and as whom.
    pub client: ClientOptions,
    /// The login name; with the front door's host it tells this account from others.
    pub user: String,
    /// How many changes one page of a listing holds at most (`WindowSize`); 256 unless set.
    pub page: u32,
    /// Between two looks for news; a minute unless set. Servers cannot tell by themselves.
    pub poll: Duration,
    /// The most bytes of a message that is uploaded, which is held in memory for it; 64 MiB unless set.
    pub max_upload: u64,
}

impl DeltaSyncConfig {
    /// The account of `user` there.
    pub fn new(user: impl Into<String>, client: ClientOptions) -> Self {
        Self {
            client,
            user: user.into(),
            page: limits::WINDOW,
            poll: Duration::from_secs(60),
            max_upload: 64 << 20,
        }
    }

    /// With pages of so many changes at most; 1 at least.
    #[must_use]
    pub fn page(mut self, page: u32) -> Self {
        self.page = page.max(1);
        self
    }

    /// Looks so often for news.
    #[must_use]
    pub fn poll(mut self, every: Duration) -> Self {
        self.poll = every;
        self
    }

    pub(super) fn account(&self) -> String {
        let url = &self.client.url;
        let host = url.host_str().unwrap_or_default();
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        format!("{}@{host}{port}", self.user)
    }
}

impl fmt::Debug for DeltaSyncConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeltaSyncConfig")
            .field("account", &self.account())
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
