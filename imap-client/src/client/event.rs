//! What a server says without being asked.

use std::collections::VecDeque;
use std::sync::Arc;

use sync_core::net::excerpt;

use crate::wire::response::{List, MailboxStatus};
use crate::wire::{Code, Fetch, MailboxName, Response, StatusKind, StatusResponse, UidSet};

/// Events kept at most; beyond that they are thrown away and [`EventKind::Overflow`] stands for them.
const MAX_EVENTS: usize = 16_384;

/// Something that the server said without being asked.
#[derive(Debug, Clone)]
pub struct Event {
    /// The mailbox that was selected when it came.
    pub mailbox: Option<Arc<MailboxName>>,
    /// What was said.
    pub kind: EventKind,
}

/// What an [`Event`] says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum EventKind {
    /// The mailbox now holds so many messages.
    Exists(u32),
    /// The message with this sequence number is gone; those above it move down by one.
    Expunge(u32),
    /// Data of a message changed or is told anew. Streamed sections are not kept.
    Fetch(Box<Fetch<'static>>),
    /// `[HIGHESTMODSEQ n]` (RFC 7162), as after an expunge.
    HighestModSeq(u64),
    /// A mailbox was created, deleted, renamed or subscribed to (NOTIFY, RFC 5465).
    List(Box<List>),
    /// The state of another mailbox (NOTIFY, RFC 5465).
    MailboxStatus(Box<MailboxStatus>),
    /// An untagged OK, NO or BAD for people or about the session.
    Notice(StatusResponse),
    /// Events were lost: too many were not picked up, or the server says so
    /// (`[NOTIFICATIONOVERFLOW]`). Look at the mailbox anew.
    Overflow,
    /// So many messages are recent (RFC 3501).
    Recent(u32),
    /// Anything else that could be decoded and that nobody asked for; its name.
    Other(String),
    /// A line that could not be decoded: its beginning, escaped. The session goes on.
    Unparsed(String),
    /// These UIDs are gone (RFC 7162 section 3.2.10).
    Vanished(UidSet),
}

impl EventKind {
    /// Whether a mailbox may have changed.
    #[must_use]
    pub fn is_change(&self) -> bool {
        !matches!(
            self,
            Self::Notice(_) | Self::Other(_) | Self::Unparsed(_) | Self::Recent(_)
        )
    }
}

/// The events not picked up yet.
#[derive(Debug, Default)]
pub(super) struct Events {
    queue: VecDeque<Event>,
    overflow: bool,
    /// How many of them are changes.
    changes: usize,
}

impl Events {
    pub(super) fn push(&mut self, mailbox: Option<&Arc<MailboxName>>, kind: EventKind) {
        if self.overflow {
            return;
        }
        let full = self.queue.len() >= MAX_EVENTS;
        match (&kind, self.queue.back_mut().map(|event| &mut event.kind)) {
            (EventKind::Exists(n), Some(EventKind::Exists(last))) => *last = *n,
            (EventKind::Recent(n), Some(EventKind::Recent(last))) => *last = *n,
            (EventKind::HighestModSeq(n), Some(EventKind::HighestModSeq(last))) => *last = *n,
            (EventKind::Vanished(uids), Some(EventKind::Vanished(last))) => last.union_with(uids),
            _ if full => {
                self.queue.clear();
                self.changes = 0;
                self.overflow = true;
            }
            _ => {
                self.changes = self.changes.saturating_add(usize::from(kind.is_change()));
                self.queue.push_back(Event {
                    mailbox: mailbox.cloned(),
                    kind,
                });
            }
        }
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        if std::mem::take(&mut self.overflow) {
            return Some(Event {
                mailbox: None,
                kind: EventKind::Overflow,
            });
        }
        let event = self.queue.pop_front()?;
        let change = usize::from(event.kind.is_change());
        self.changes = self.changes.saturating_sub(change);
        Some(event)
    }

    /// Whether there are changes among them.
    pub(super) fn has_changes(&self) -> bool {
        self.overflow || self.changes > 0
    }
}

/// The event of a response that no command took.
pub(super) fn event_of(response: Response<'_>) -> EventKind {
    match response {
        Response::Exists(n) => EventKind::Exists(n),
        Response::Expunge(n) => EventKind::Expunge(n),
        Response::Recent(n) => EventKind::Recent(n),
        Response::Vanished(vanished) => EventKind::Vanished(vanished.uids),
        Response::Fetch(fetch) => EventKind::Fetch(Box::new(fetch.into_owned())),
        Response::List(list) => EventKind::List(Box::new(list)),
        Response::MailboxStatus(status) => EventKind::MailboxStatus(Box::new(status)),
        Response::Status(status) => match status.code {
            Some(Code::HighestModSeq(n)) => EventKind::HighestModSeq(n),
            Some(Code::NotificationOverflow) => EventKind::Overflow,
            _ => {
                if status.kind != StatusKind::Ok || status.code == Some(Code::Alert) {
                    tracing::warn!(text = %excerpt(status.text.as_bytes()), "the server says");
                }
                EventKind::Notice(status)
            }
        },
        Response::Unparsed(unparsed) => {
            let shown = excerpt(unparsed.bytes);
            tracing::warn!(line = %shown, error = %unparsed.error, "undecodable");
            EventKind::Unparsed(shown)
        }
        other => {
            let mut name = format!("{other:?}");
            name.truncate(name.find(['(', ' ', '{']).unwrap_or(name.len()));
            EventKind::Other(name)
        }
    }
}
