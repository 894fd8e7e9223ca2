//! What a user's mailbox holds, and what the world around does to it.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::profile::Ids;

/// A message as a test sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// What UIDL says of it; `None` if it says nothing.
    pub uidl: Option<Bytes>,
    /// What LIST and STAT say that it has.
    pub octets: u64,
    /// Its content.
    pub bytes: Bytes,
}

/// A message in its place.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// Never given twice, whatever becomes of the unique id.
    pub(super) key: u64,
    pub(super) uidl: Option<Bytes>,
    pub(super) octets: u64,
    pub(super) bytes: Bytes,
    /// What RETR and TOP answer instead of the content.
    pub(super) refusal: Option<String>,
}

struct State {
    ids: Ids,
    validity: u32,
    next_key: u64,
    messages: Vec<Arc<Stored>>,
    /// The keys of the messages.
    keys: HashSet<u64>,
    locked: bool,
}

impl State {
    fn at(&mut self, number: usize) -> Option<&mut Stored> {
        let stored = self.messages.get_mut(number.checked_sub(1)?)?;
        Some(Arc::make_mut(stored))
    }

    fn name(&self, key: u64) -> Bytes {
        let uid = u32::try_from(key).unwrap_or(u32::MAX);
        Bytes::from(self.ids.name(self.validity, uid))
    }
}

/// The mailbox of one user, from behind: what delivery agents, other protocols and the server's
/// administrator do to it.
///
/// Messages are named by the number that a session which logs in now would give them, from 1. A
/// session that is logged in goes on with the numbers that it has; a message removed under it
/// answers `-ERR`. Cheap to clone; all clones are the same mailbox.
#[derive(Clone)]
pub struct Maildrop(Arc<Mutex<State>>);

impl fmt::Debug for Maildrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Maildrop")
            .field("messages", &state.messages.len())
            .field("locked", &state.locked)
            .finish()
    }
}

impl Maildrop {
    pub(super) fn new(ids: Ids) -> Self {
        Self(Arc::new(Mutex::new(State {
            ids,
            validity: 0x6b01_fbff,
            next_key: 1,
            messages: Vec::new(),
            keys: HashSet::new(),
            locked: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Delivers a message; gives its unique id.
    pub fn add(&self, content: impl Into<Bytes>) -> String {
        let bytes = content.into();
        let mut state = self.state();
        let key = state.next_key;
        state.next_key = key.saturating_add(1);
        let uidl = state.name(key);
        state.keys.insert(key);
        state.messages.push(Arc::new(Stored {
            key,
            uidl: Some(uidl.clone()),
            octets: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            bytes,
            refusal: None,
        }));
        String::from_utf8_lossy(&uidl).into_owned()
    }

    /// Delivers messages, in this order.
    pub fn add_all<B: Into<Bytes>>(&self, contents: impl IntoIterator<Item = B>) {
        for content in contents {
            self.add(content);
        }
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().messages.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All messages in their order.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        let state = self.state();
        let seen = |stored: &Arc<Stored>| Message {
            uidl: stored.uidl.clone(),
            octets: stored.octets,
            bytes: stored.bytes.clone(),
        };
        state.messages.iter().map(seen).collect()
    }

    /// Removes a message, as by IMAP or an administrator; says whether it was there.
    pub fn remove(&self, number: usize) -> bool {
        let key = self.state().at(number).map(|stored| stored.key);
        key.is_some_and(|key| {
            self.remove_keys(&HashSet::from([key]));
            true
        })
    }

    /// Removes all messages.
    pub fn clear(&self) {
        let mut state = self.state();
        state.messages.clear();
        state.keys.clear();
    }

    /// Turns the order of the messages around, so that each gets another number.
    pub fn reverse(&self) {
        self.state().messages.reverse();
    }

    /// Gives every message a new unique id, as after a move to another server.
    pub fn renew_uidls(&self) {
        let mut state = self.state();
        state.validity = state.validity.wrapping_add(1);
        let mut messages = std::mem::take(&mut state.messages);
        for stored in &mut messages {
            let uidl = state.name(stored.key);
            Arc::make_mut(stored).uidl = Some(uidl);
        }
        state.messages = messages;
    }

    /// Says this of a message in answers to UIDL: an id that another one bears, that is too long,
    /// has spaces in it, or is empty. Nothing happens if there is no such message.
    pub fn set_uidl(&self, number: usize, uidl: impl AsRef<[u8]>) {
        if let Some(stored) = self.state().at(number) {
            stored.uidl = Some(Bytes::copy_from_slice(uidl.as_ref()));
        }
    }

    /// Leaves a message out of answers to UIDL.
    pub fn hide_uidl(&self, number: usize) {
        if let Some(stored) = self.state().at(number) {
            stored.uidl = None;
        }
    }

    /// Says in answers to LIST and STAT that a message has so many octets, whatever it has.
    pub fn set_octets(&self, number: usize, octets: u64) {
        if let Some(stored) = self.state().at(number) {
            stored.octets = octets;
        }
    }

    /// Answers `-ERR` and this text to RETR and TOP of a message.
    pub fn refuse(&self, number: usize, text: &str) {
        if let Some(stored) = self.state().at(number) {
            stored.refusal = Some(text.to_owned());
        }
    }

    /// Whether a session, or somebody else, holds the mailbox.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.state().locked
    }

    /// Holds the mailbox, as another client does, until the lock is dropped: logins are refused with
    /// `[IN-USE]`. `None` if somebody holds it.
    #[must_use]
    pub fn lock(&self) -> Option<Lock> {
        let mut state = self.state();
        if std::mem::replace(&mut state.locked, true) {
            return None;
        }
        Some(Lock(self.clone()))
    }

    pub(super) fn snapshot(&self) -> Vec<Arc<Stored>> {
        self.state().messages.clone()
    }

    pub(super) fn holds(&self, key: u64) -> bool {
        self.state().keys.contains(&key)
    }

    pub(super) fn remove_keys(&self, keys: &HashSet<u64>) {
        let mut state = self.state();
        state.messages.retain(|stored| !keys.contains(&stored.key));
        state.keys.retain(|key| !keys.contains(key));
    }
}

/// Exclusive access to a [`Maildrop`], given up on drop.
#[derive(Debug)]
#[must_use = "the mailbox is free again as soon as this is dropped"]
pub struct Lock(Maildrop);

impl Lock {
    pub(super) fn maildrop(&self) -> &Maildrop {
        &self.0
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.state().locked = false;
    }
}
