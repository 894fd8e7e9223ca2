//! Waiting for news.
//!
//! NOTIFY (RFC 5465) tells of many mailboxes; else IDLE tells of one, and a STATUS of the others now
//! and then. A STATUS does not show flags where the server keeps no mod-sequences: those are seen
//! at the next listing.

use std::time::Duration;

use sync_core::Result;
use sync_core::model::CollectionId;
use tokio::time::Instant;

use crate::client::{EventKind, Idled};
use crate::wire::MailboxName;
use crate::wire::command::{NotifyEvent, NotifyFilter};

use super::ImapSource;
use super::connection::{not_connected, options};
use super::cursor::Mark;
use super::ident::{collection_id, mailbox_name};
use super::mailboxes::{names_of, status_of};
use super::read::answer;

impl ImapSource {
    /// Returns those of `c` in which something may have changed since they were listed.
    pub(super) async fn wait_for_news(
        &mut self,
        c: &[CollectionId],
        timeout: Duration,
    ) -> Result<Vec<CollectionId>> {
        if c.is_empty() {
            tokio::time::sleep(timeout).await;
            return Ok(Vec::new());
        }
        self.client().await?;
        // What a LIST told before is no news by the time that the wait is over.
        self.statuses.clear();
        self.leave_mailbox().await?;
        let notified = c.len() > 1 && self.notify(c).await?;
        let result = if notified {
            self.wait_notified(c, timeout).await
        } else {
            self.wait_idle(c, timeout).await
        };
        if notified
            && let Some(client) = &mut self.client
            && client.is_usable()
        {
            answer(client.notify_none().await)?.ok();
        }
        result
    }

    /// STATUS speaks of mailboxes that are not selected.
    async fn leave_mailbox(&mut self) -> Result<()> {
        self.open = None;
        let client = self.client.as_mut().ok_or_else(not_connected)?;
        if client.session().has("UNSELECT") {
            client.unselect().await?;
        }
        Ok(())
    }

    async fn notify(&mut self, c: &[CollectionId]) -> Result<bool> {
        let client = self.client.as_mut().ok_or_else(not_connected)?;
        if !client.session().has("NOTIFY") || !client.session().has("IDLE") {
            return Ok(false);
        }
        let events = vec![
            NotifyEvent::MessageNew(Vec::new()),
            NotifyEvent::MessageExpunge,
            NotifyEvent::FlagChange,
        ];
        let which = NotifyFilter::Mailboxes(names_of(c));
        // Too many mailboxes, or an event that the server does not know, make it say NO.
        Ok(answer(client.notify(false, &[(which, events)]).await)?.is_ok())
    }

    async fn wait_notified(
        &mut self,
        c: &[CollectionId],
        timeout: Duration,
    ) -> Result<Vec<CollectionId>> {
        let news = self.compare(c).await?;
        if !news.is_empty() {
            return Ok(news);
        }
        let end = Instant::now().checked_add(timeout);
        loop {
            let client = self.client.as_mut().ok_or_else(not_connected)?;
            let left = left(end, timeout);
            // What came with the answers of other commands is no news.
            if client.idle(left).await? == Idled::TimedOut {
                return Ok(Vec::new());
            }
            let mut told = Vec::new();
            let mut lost = false;
            while let Some(event) = client.next_event() {
                match event.kind {
                    EventKind::MailboxStatus(status) => {
                        told.push(collection_id(&status.mailbox));
                    }
                    EventKind::Overflow => lost = true,
                    _ => {}
                }
            }
            if lost {
                return Ok(c.to_vec());
            }
            let told: Vec<CollectionId> = c.iter().filter(|c| told.contains(c)).cloned().collect();
            let news = self.compare(&told).await?;
            if !news.is_empty() {
                return Ok(news);
            }
        }
    }

    /// IDLE in one mailbox, and a look at the others now and then.
    async fn wait_idle(
        &mut self,
        c: &[CollectionId],
        timeout: Duration,
    ) -> Result<Vec<CollectionId>> {
        let inbox = c.iter().find(|c| mailbox_name(c).is_inbox());
        let Some(main) = inbox.or(c.first()).cloned() else {
            return Ok(Vec::new());
        };
        let others: Vec<CollectionId> = c.iter().filter(|c| **c != main).cloned().collect();
        let end = Instant::now().checked_add(timeout);
        loop {
            let mut news = self.compare(&others).await?;
            if self.enter(&main).await? {
                news.insert(0, main.clone());
            }
            if !news.is_empty() {
                return Ok(news);
            }
            let left = left(end, timeout);
            if left.is_zero() {
                return Ok(Vec::new());
            }
            let client = self.client.as_mut().ok_or_else(not_connected)?;
            let poll = self.config.poll;
            let pushes = client.session().has("IDLE");
            let round = if others.is_empty() && pushes {
                left
            } else {
                left.min(poll)
            };
            while client.next_event().is_some() {}
            if pushes {
                if client.idle(round).await? == Idled::Changed {
                    return Ok(vec![main]);
                }
            } else {
                tokio::time::sleep(round).await;
            }
        }
    }

    /// Opens a mailbox to wait in it; says whether it is not as it was listed.
    async fn enter(&mut self, c: &CollectionId) -> Result<bool> {
        let client = self.client.as_mut().ok_or_else(not_connected)?;
        let how = options(client);
        // \Recent is not ours to take.
        let selected = client.examine(&mailbox_name(c), how).await?;
        let now = super::connection::mark_of(&selected);
        Ok(self.is_news(c, now))
    }

    /// Those of the mailboxes whose numbers are not those of their last listing.
    async fn compare(&mut self, c: &[CollectionId]) -> Result<Vec<CollectionId>> {
        if c.is_empty() {
            return Ok(Vec::new());
        }
        let client = self.client.as_mut().ok_or_else(not_connected)?;
        let names: Vec<MailboxName> = names_of(c);
        let marks = status_of(client, names.iter()).await?;
        let mut news = Vec::new();
        for (name, mark) in marks {
            if let Some(c) = c.iter().find(|c| mailbox_name(c) == name)
                && self.is_news(c, mark)
            {
                news.push(c.clone());
            }
        }
        Ok(news)
    }

    /// Whether a mailbox changed since its last listing; the first look at one that was never
    /// listed is compared with later ones.
    fn is_news(&mut self, c: &CollectionId, now: Mark) -> bool {
        match self.seen.get(c) {
            Some(seen) => differs(seen, &now),
            None => {
                self.seen.insert(c.clone(), now);
                false
            }
        }
    }
}

/// Whether the numbers that both know differ.
fn differs(a: &Mark, b: &Mark) -> bool {
    let both = |x: u64, y: u64| x > 0 && y > 0 && x != y;
    a.messages != b.messages
        || both(a.uid_validity.into(), b.uid_validity.into())
        || both(a.uid_next.into(), b.uid_next.into())
        || both(a.mod_seq, b.mod_seq)
}

fn left(end: Option<Instant>, timeout: Duration) -> Duration {
    end.map_or(timeout, |end| end.saturating_duration_since(Instant::now()))
}
