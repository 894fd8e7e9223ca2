//! The test's own hand on the server's mailboxes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::account::{Account, FlagChange, Incoming, Stored};

/// Why an order to a [`Store`] was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no mailbox of this name.
    NoSuchMailbox(String),
    /// There is no message with this UID.
    NoSuchMessage(u32),
    /// A mailbox of this name exists already.
    MailboxExists(String),
    /// The quota does not allow it.
    OverQuota,
    /// It cannot be done, for the reason given.
    Cannot(String),
}

impl StoreError {
    pub(super) fn no_mailbox(name: &str) -> Self {
        Self::NoSuchMailbox(name.to_owned())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchMailbox(name) => write!(f, "no such mailbox: {name:?}"),
            Self::NoSuchMessage(uid) => write!(f, "no message with UID {uid}"),
            Self::MailboxExists(name) => write!(f, "the mailbox {name:?} exists already"),
            Self::OverQuota => f.write_str("quota exceeded"),
            Self::Cannot(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for StoreError {}

/// A message to be put into a mailbox.
#[derive(Debug, Clone)]
pub struct NewMessage {
    flags: Vec<String>,
    date: i64,
    bytes: Arc<[u8]>,
}

impl NewMessage {
    /// A message of these bytes (RFC 5322, with CRLF), without flags, dated 2024-01-01 00:00 UTC.
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        Self {
            flags: Vec::new(),
            date: 1_704_067_200,
            bytes: Arc::from(bytes.as_ref()),
        }
    }

    /// Gives it flags and keywords, such as `\Seen` or `$Forwarded`.
    #[must_use]
    pub fn flags<I: IntoIterator<Item: Into<String>>>(mut self, flags: I) -> Self {
        self.flags = flags.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the INTERNALDATE, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn date(mut self, seconds: i64) -> Self {
        self.date = seconds;
        self
    }

    fn incoming(self) -> Incoming {
        Incoming {
            flags: self.flags,
            date: self.date,
            bytes: self.bytes,
            email_id: None,
        }
    }
}

impl<T: AsRef<[u8]>> From<T> for NewMessage {
    fn from(bytes: T) -> Self {
        Self::new(bytes)
    }
}

/// A message as it lies in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Its UID.
    pub uid: u32,
    /// Flags and keywords.
    pub flags: Vec<String>,
    /// INTERNALDATE in seconds since 1970-01-01 UTC.
    pub date: i64,
    /// The content as it was given.
    pub bytes: Arc<[u8]>,
    /// The mod-sequence of its last change (RFC 7162).
    pub modseq: u64,
    /// The same number for all copies of one message; the server shows it as EMAILID (RFC 8474).
    pub email_id: u64,
}

impl Message {
    /// Whether it bears `flag`, compared without case.
    #[must_use]
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|f| f.eq_ignore_ascii_case(flag))
    }
}

impl From<&Stored> for Message {
    fn from(m: &Stored) -> Self {
        Self {
            uid: m.uid,
            flags: m.flags.clone(),
            date: m.date,
            bytes: Arc::clone(&m.bytes),
            modseq: m.modseq,
            email_id: m.email_id,
        }
    }
}

/// The numbers of a mailbox, as STATUS would give them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailboxState {
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// UIDNEXT.
    pub uid_next: u32,
    /// HIGHESTMODSEQ.
    pub highest_modseq: u64,
    /// How many messages there are.
    pub messages: usize,
    /// How many of them lack `\Seen`.
    pub unseen: usize,
}

/// One user's mailboxes, for a test that acts as a third party.
///
/// Names are Unicode, with the server's separator between levels; `INBOX` is the same in any case.
/// Every change reaches connected sessions as it would from another client: at once where one is in
/// IDLE, else with its next command. Clones share the mailboxes.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    account: Mutex<Account>,
    changed: watch::Sender<u64>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("mailboxes", &self.mailboxes())
            .finish()
    }
}

impl Store {
    pub(super) fn new(account: Account) -> Self {
        let changed = watch::Sender::new(account.revision());
        Self {
            inner: Arc::new(Inner {
                account: Mutex::new(account),
                changed,
            }),
        }
    }

    /// Runs `order` alone on the account and wakes the sessions if it changed something.
    pub(super) fn with<R>(&self, order: impl FnOnce(&mut Account) -> R) -> R {
        let mut account = self
            .inner
            .account
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = account.revision();
        let result = order(&mut account);
        let after = account.revision();
        drop(account);
        if after != before {
            self.inner.changed.send_replace(after);
        }
        result
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// All mailboxes by name.
    #[must_use]
    pub fn mailboxes(&self) -> Vec<String> {
        self.with(|a| a.mailboxes.keys().cloned().collect())
    }

    /// Creates a mailbox; levels above it need not exist.
    ///
    /// # Errors
    /// If it exists, or the name has an empty level or a control character.
    pub fn create(&self, mailbox: &str) -> Result<(), StoreError> {
        self.with(|a| a.create(mailbox, None))
    }

    /// Creates a mailbox with a special-use attribute such as `\Sent` (RFC 6154).
    ///
    /// # Errors
    /// As [`Store::create`].
    pub fn create_special(&self, mailbox: &str, attribute: &str) -> Result<(), StoreError> {
        self.with(|a| a.create(mailbox, Some(attribute.to_owned())))
    }

    /// Deletes a mailbox with all its messages; mailboxes below it stay.
    ///
    /// # Errors
    /// If there is none, or it is INBOX.
    pub fn delete(&self, mailbox: &str) -> Result<(), StoreError> {
        self.with(|a| a.delete(mailbox))
    }

    /// Renames a mailbox and all below it; of INBOX, moves the messages.
    ///
    /// # Errors
    /// If there is none, or the new name is taken or impossible.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), StoreError> {
        self.with(|a| a.rename(from, to))
    }

    /// Subscribes to a mailbox, which need not exist, or ends the subscription.
    pub fn subscribe(&self, mailbox: &str, subscribed: bool) {
        let name = Account::canonical(mailbox).to_owned();
        self.with(|a| {
            if subscribed {
                a.subscriptions.insert(name);
            } else {
                a.subscriptions.remove(&name);
            }
        });
    }

    /// Delivers one message and says its UID.
    ///
    /// # Errors
    /// If there is no such mailbox, or over quota.
    pub fn add(&self, mailbox: &str, message: impl Into<NewMessage>) -> Result<u32, StoreError> {
        let uids = self.add_all(mailbox, [message])?;
        uids.first().copied().ok_or(StoreError::OverQuota)
    }

    /// Delivers many messages as one change and says their UIDs.
    ///
    /// # Errors
    /// As [`Store::add`]; then none is delivered.
    pub fn add_all<I: IntoIterator<Item: Into<NewMessage>>>(
        &self,
        mailbox: &str,
        messages: I,
    ) -> Result<Vec<u32>, StoreError> {
        let incoming = messages.into_iter().map(|m| m.into().incoming()).collect();
        self.with(|a| a.add(mailbox, incoming))
    }

    /// The messages of a mailbox in the order of their UIDs.
    ///
    /// # Errors
    /// If there is no such mailbox.
    pub fn messages(&self, mailbox: &str) -> Result<Vec<Message>, StoreError> {
        self.with(|a| {
            Ok(a.mailbox(mailbox)?
                .messages
                .iter()
                .map(Message::from)
                .collect())
        })
    }

    /// One message.
    ///
    /// # Errors
    /// If there is no such mailbox or message.
    pub fn message(&self, mailbox: &str, uid: u32) -> Result<Message, StoreError> {
        self.with(|a| {
            let found = a.mailbox(mailbox)?.find(uid).map(Message::from);
            found.ok_or(StoreError::NoSuchMessage(uid))
        })
    }

    /// The numbers of a mailbox.
    ///
    /// # Errors
    /// If there is no such mailbox.
    pub fn state(&self, mailbox: &str) -> Result<MailboxState, StoreError> {
        self.with(|a| {
            let m = a.mailbox(mailbox)?;
            Ok(MailboxState {
                uid_validity: m.uid_validity,
                uid_next: m.uid_next,
                highest_modseq: m.highest_modseq,
                messages: m.messages.len(),
                unseen: m.count(|m| !m.has("\\Seen")),
            })
        })
    }

    /// Replaces the flags of a message.
    ///
    /// # Errors
    /// If there is no such mailbox or message.
    pub fn set_flags(&self, mailbox: &str, uid: u32, flags: &[&str]) -> Result<(), StoreError> {
        self.change(mailbox, uid, FlagChange::Replace, flags)
    }

    /// Adds flags to a message.
    ///
    /// # Errors
    /// If there is no such mailbox or message.
    pub fn add_flags(&self, mailbox: &str, uid: u32, flags: &[&str]) -> Result<(), StoreError> {
        self.change(mailbox, uid, FlagChange::Add, flags)
    }

    /// Takes flags off a message.
    ///
    /// # Errors
    /// If there is no such mailbox or message.
    pub fn remove_flags(&self, mailbox: &str, uid: u32, flags: &[&str]) -> Result<(), StoreError> {
        self.change(mailbox, uid, FlagChange::Remove, flags)
    }

    fn change(
        &self,
        mailbox: &str,
        uid: u32,
        change: FlagChange,
        flags: &[&str],
    ) -> Result<(), StoreError> {
        let flags: Vec<String> = flags.iter().map(|f| (*f).to_owned()).collect();
        self.with(|a| {
            a.mailbox(mailbox)?
                .find(uid)
                .ok_or(StoreError::NoSuchMessage(uid))?;
            a.change_flags(mailbox, &[uid], change, &flags).map(drop)
        })
    }

    /// Removes messages for good; says how many of them were there.
    ///
    /// # Errors
    /// If there is no such mailbox.
    pub fn expunge(&self, mailbox: &str, uids: &[u32]) -> Result<usize, StoreError> {
        self.with(|a| Ok(a.expunge(mailbox, uids)?.len()))
    }

    /// Removes every message of a mailbox.
    ///
    /// # Errors
    /// If there is no such mailbox.
    pub fn clear(&self, mailbox: &str) -> Result<(), StoreError> {
        self.with(|a| {
            let uids = a.mailbox(mailbox)?.uids();
            a.expunge(mailbox, &uids).map(drop)
        })
    }

    /// Moves messages to another mailbox; says their UIDs there.
    ///
    /// # Errors
    /// If one of the mailboxes does not exist.
    pub fn move_to(&self, from: &str, uids: &[u32], to: &str) -> Result<Vec<u32>, StoreError> {
        self.with(|a| {
            Ok(a.transfer(from, uids, to, true)?
                .into_iter()
                .map(|(_, new)| new)
                .collect())
        })
    }

    /// Copies messages to another mailbox; says their UIDs there.
    ///
    /// # Errors
    /// If one of the mailboxes does not exist, or over quota.
    pub fn copy_to(&self, from: &str, uids: &[u32], to: &str) -> Result<Vec<u32>, StoreError> {
        self.with(|a| {
            Ok(a.transfer(from, uids, to, false)?
                .into_iter()
                .map(|(_, new)| new)
                .collect())
        })
    }

    /// Gives the mailbox a new UIDVALIDITY and its messages new UIDs from 1 up; says the UIDVALIDITY.
    ///
    /// Sessions that have it selected are ended with `BYE`.
    ///
    /// # Errors
    /// If there is no such mailbox.
    pub fn reset_uid_validity(&self, mailbox: &str) -> Result<u32, StoreError> {
        self.with(|a| a.reset_uid_validity(mailbox))
    }

    /// Sets UIDVALIDITY and leaves the UIDs alone, as after a restored backup.
    ///
    /// # Errors
    /// If there is no such mailbox.
    pub fn set_uid_validity(&self, mailbox: &str, value: u32) -> Result<(), StoreError> {
        self.with(|a| {
            a.touch(mailbox)?.0.uid_validity = value;
            Ok(())
        })
    }

    /// Sets UIDNEXT, but never to a UID that was given out.
    ///
    /// # Errors
    /// If there is no such mailbox.
    pub fn set_uid_next(&self, mailbox: &str, value: u32) -> Result<(), StoreError> {
        self.with(|a| {
            let m = a.quietly(mailbox)?;
            m.uid_next = m.uid_next.max(value);
            Ok(())
        })
    }

    /// Sets HIGHESTMODSEQ, up or down; the next change counts on from there.
    ///
    /// # Errors
    /// If there is no such mailbox.
    pub fn set_highest_modseq(&self, mailbox: &str, value: u64) -> Result<(), StoreError> {
        self.with(|a| {
            a.quietly(mailbox)?.highest_modseq = value;
            Ok(())
        })
    }

    /// Makes the mailbox one without mod-sequences: SELECT says NOMODSEQ (RFC 7162, 3.1.2.2).
    ///
    /// # Errors
    /// If there is no such mailbox.
    pub fn set_no_modseq(&self, mailbox: &str, none: bool) -> Result<(), StoreError> {
        self.with(|a| {
            a.quietly(mailbox)?.no_modseq = none;
            Ok(())
        })
    }

    /// Forgets which UIDs were expunged: QRESYNC then names all that do not exist (RFC 7162, 3.2.5.1).
    ///
    /// # Errors
    /// If there is no such mailbox.
    pub fn forget_expunged(&self, mailbox: &str) -> Result<(), StoreError> {
        self.with(|a| {
            let m = a.quietly(mailbox)?;
            m.vanished.clear();
            m.history_from = m.highest_modseq;
            Ok(())
        })
    }

    /// Limits the bytes that all mailboxes together may hold.
    pub fn set_quota(&self, bytes: Option<u64>) {
        self.with(|a| a.quota = bytes);
    }
}
