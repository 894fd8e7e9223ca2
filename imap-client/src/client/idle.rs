//! IDLE and NOTIFY: waiting for news.

use std::time::Duration;

use tokio::time::Instant;

use crate::wire::Command;
use crate::wire::command::{DONE, NotifyEvent, NotifyFilter};

use super::Client;
use super::call::Call;
use super::driver::Step;
use super::error::{Error, ErrorKind, Result};
use super::session::Session;

/// How [`Client::idle`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Idled {
    /// Something changed: [`Client::next_event`] says what.
    Changed,
    /// Nothing changed in the time given.
    TimedOut,
}

impl Client {
    /// IDLE (RFC 2177): waits until something changes in the selected mailbox (with
    /// [`notify`](Self::notify) in others too), at most `limit`. It returns at once as long as there
    /// are changes among the events that were not [picked up](Self::next_event) yet.
    ///
    /// IDLE is begun anew before the server's 29 minutes are over
    /// ([`Timeouts::idle_renewal`](super::Timeouts)), and ended within
    /// [`Timeouts::idle_end`](super::Timeouts) or the connection counts as dead. Where IDLE is not
    /// offered, NOOP is sent every [`Timeouts::poll`](super::Timeouts). The future may be dropped
    /// at any time: the next command then ends IDLE first.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn idle(&mut self, limit: Duration) -> Result<Idled> {
        let end = Instant::now().checked_add(limit);
        loop {
            if self.driver.router.events.has_changes() {
                return Ok(Idled::Changed);
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(Idled::TimedOut);
            }
            let can = self.session().has("IDLE");
            let renewal = if can {
                self.timeouts.idle_renewal
            } else {
                self.timeouts.poll
            };
            let round = left.map_or(renewal, |left| left.min(renewal));
            if can {
                self.idle_once(round).await?;
            } else {
                tokio::time::sleep(round).await;
                self.noop().await?;
            }
        }
    }

    /// One IDLE, no longer than `limit`.
    async fn idle_once(&mut self, limit: Duration) -> Result<()> {
        self.leave_idle().await?;
        let pending = self.send(Call::plain(Command::idle())).await?;
        let tag = pending.tag;
        let started = Instant::now();
        self.idle = Some(pending);
        if self.driver.continuation(tag).await?.is_none() {
            return self.leave_idle().await;
        }
        let patience = std::mem::replace(&mut self.driver.patience, Duration::MAX);
        let restore = Patience {
            client: self,
            patience,
        };
        let driver = &mut restore.client.driver;
        let quiet = async {
            loop {
                // What came so far is looked at before anything is waited for.
                let step = driver.process(None, Some(tag))?;
                if driver.router.events.has_changes() || !driver.router.is_in_flight(tag) {
                    return Ok::<(), Error>(());
                }
                // A further `+` is one of the lines that may be ignored.
                driver.router.continuation = None;
                if step == Step::Starved {
                    driver.io().await?;
                }
            }
        };
        let left = limit.saturating_sub(started.elapsed());
        let result = tokio::time::timeout(left, quiet).await;
        drop(restore);
        if let Ok(result) = result {
            result?;
        }
        self.leave_idle().await
    }

    /// Ends an IDLE that is still in flight.
    pub(super) async fn leave_idle(&mut self) -> Result<()> {
        let Some(pending) = self.idle.take() else {
            return Ok(());
        };
        if self.driver.router.is_in_flight(pending.tag) {
            self.driver.queue(DONE);
        }
        let limit = self.timeouts.idle_end;
        match tokio::time::timeout(limit, self.wait(pending)).await {
            Ok(result) => result,
            Err(_) => {
                let text = format!("IDLE did not end within {limit:?}");
                Err(self.driver.fail(Error::new(ErrorKind::Timeout, text)))
            }
        }
    }

    /// NOTIFY SET (RFC 5465): which events of which mailboxes are wanted; they then come as
    /// [events](Self::next_event), during [`idle`](Self::idle) too. `status` asks for a STATUS of
    /// each watched mailbox at once.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn notify(
        &mut self,
        status: bool,
        groups: &[(NotifyFilter, Vec<NotifyEvent>)],
    ) -> Result<()> {
        let command = Command::notify(status, groups);
        let build = |session: &Session| session.require("NOTIFY").map(|()| command);
        self.run(Call::<()>::build(build, |(), _, response| Some(response)))
            .await
    }

    /// NOTIFY NONE (RFC 5465): no more events.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn notify_none(&mut self) -> Result<()> {
        self.run(Call::plain(Command::notify_none())).await
    }
}

/// Gives the driver its patience back, also when the future is dropped.
struct Patience<'c> {
    client: &'c mut Client,
    patience: Duration,
}

impl Drop for Patience<'_> {
    fn drop(&mut self) {
        self.client.driver.patience = self.patience;
    }
}
