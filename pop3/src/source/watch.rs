//! Waiting for news: a look at the maildrop now and then, with no session in between.

use std::time::Duration;

use sync_core::model::CollectionId;
use sync_core::{ErrorKind, Result};
use tokio::time::Instant;

use super::cursor::{Fingerprint, Naming};
use super::view::octets;
use super::{Pop3Source, check};

/// The longest pause between two looks.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What the last listing told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) naming: Naming,
    pub(super) names: Fingerprint,
    pub(super) octets: Fingerprint,
}

impl Pop3Source {
    /// Returns `c` when the maildrop is not as it was listed.
    pub(super) async fn wait_for_news(
        &mut self,
        c: &[CollectionId],
        timeout: Duration,
    ) -> Result<Vec<CollectionId>> {
        c.iter().try_for_each(check)?;
        self.leave().await;
        let begin = Instant::now();
        let end = begin.checked_add(timeout);
        let last = self.last_login.map(|login| login.at);
        let mut next = last
            .and_then(|at| at.checked_add(self.pause()))
            .unwrap_or(begin);
        loop {
            let wake = end.map_or(next, |end| next.min(end));
            tokio::time::sleep_until(wake).await;
            if wake < next || c.is_empty() {
                return Ok(Vec::new());
            }
            let mut pause = self.pause();
            match self.has_news().await {
                // The session stays for the listing that follows.
                Ok(true) => return Ok(c.to_vec()),
                Ok(false) => {}
                // Somebody else is at the mailbox, or the server is busy.
                Err(error) if error.kind() == ErrorKind::Throttled => {
                    tracing::debug!(%error, "no look at the mailbox now");
                    pause = pause.max(error.retry_after().unwrap_or_default().min(LONGEST));
                }
                Err(error) => {
                    self.drop_broken();
                    return Err(error);
                }
            }
            self.leave().await;
            next = Instant::now().checked_add(pause).unwrap_or(wake);
        }
    }

    /// Between two looks.
    fn pause(&self) -> Duration {
        let delay = self.last_login.map_or(Duration::ZERO, |login| login.delay);
        self.config.poll.max(delay).min(LONGEST)
    }

    /// Whether the maildrop is not as it was listed; what was never listed is compared with later
    /// looks.
    async fn has_news(&mut self) -> Result<bool> {
        let Some(told) = self.told else {
            self.connect().await?;
            self.look(None).await?;
            self.note_told();
            return Ok(false);
        };
        let client = self.connect().await?;
        if told.naming == Naming::Header {
            // To look at all headers would be the exact way, and an expensive one.
            let list = client.list().await?;
            return Ok(octets(list.iter()) != told.octets);
        }
        let uidl = client.uidl().await?;
        Ok(uidl.is_none_or(|uidl| {
            Fingerprint::of(uidl.iter().map(|entry| &entry.unique_id)) != told.names
        }))
    }
}
