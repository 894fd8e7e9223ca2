//! What one user's account holds, and the rules by which it changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::store::StoreError;

/// One message in one mailbox.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) uid: u32,
    pub(super) flags: Vec<String>,
    /// INTERNALDATE, seconds since 1970.
    pub(super) date: i64,
    pub(super) bytes: Arc<[u8]>,
    pub(super) modseq: u64,
    /// When it last changed, on the account's own clock, which no test can turn.
    pub(super) revision: u64,
    /// The same for all copies of one message (RFC 8474).
    pub(super) email_id: u64,
    pub(super) recent: bool,
}

impl Stored {
    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|f| f.eq_ignore_ascii_case(flag))
    }

    pub(super) fn size(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }
}

/// One mailbox; its messages stand in the order of their UIDs.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    /// Survives a rename; a mailbox created anew under an old name has another.
    pub(super) id: u64,
    pub(super) uid_validity: u32,
    pub(super) uid_next: u32,
    pub(super) highest_modseq: u64,
    pub(super) no_modseq: bool,
    /// Whether a client ever had CONDSTORE enabled here; until then Dovecot keeps silent of it.
    pub(super) modseq_used: bool,
    pub(super) messages: Vec<Stored>,
    /// Messages that are gone, for the sessions that were not told yet.
    ghosts: BTreeMap<u32, Stored>,
    /// UIDs that are gone, each with the mod-sequence of its going.
    pub(super) vanished: Vec<(u32, u64)>,
    /// Below this mod-sequence `vanished` is not complete.
    pub(super) history_from: u64,
    /// The special-use attribute, such as `\Sent`.
    pub(super) role: Option<String>,
    /// Keywords in the spelling that came first.
    pub(super) keywords: Vec<String>,
    pub(super) revision: u64,
}

impl Mailbox {
    pub(super) fn uids(&self) -> Vec<u32> {
        self.messages.iter().map(|m| m.uid).collect()
    }

    pub(super) fn find(&self, uid: u32) -> Option<&Stored> {
        let at = self.messages.binary_search_by_key(&uid, |m| m.uid).ok()?;
        self.messages.get(at)
    }

    /// A message that is gone, as it last was.
    pub(super) fn ghost(&self, uid: u32) -> Option<&Stored> {
        self.ghosts.get(&uid)
    }

    /// A message that is there, or was.
    pub(super) fn find_any(&self, uid: u32) -> Option<&Stored> {
        self.find(uid).or_else(|| self.ghost(uid))
    }

    fn find_any_mut(&mut self, uid: u32) -> Option<&mut Stored> {
        match self.messages.binary_search_by_key(&uid, |m| m.uid) {
            Ok(at) => self.messages.get_mut(at),
            Err(_) => self.ghosts.get_mut(&uid),
        }
    }

    pub(super) fn count(&self, wanted: impl Fn(&Stored) -> bool) -> usize {
        self.messages.iter().filter(|m| wanted(m)).count()
    }

    /// The flags in this mailbox's spelling, each once; learns keywords that are new.
    pub(super) fn adopt_flags(&mut self, flags: &[String]) -> Vec<String> {
        let mut out: Vec<String> = Vec::with_capacity(flags.len());
        for flag in flags {
            let spelled = if flag.starts_with('\\') {
                SYSTEM_FLAGS
                    .iter()
                    .find(|f| f.eq_ignore_ascii_case(flag))
                    .map(|f| (*f).to_owned())
            } else {
                self.keywords
                    .iter()
                    .find(|k| k.eq_ignore_ascii_case(flag))
                    .cloned()
            };
            let spelled = spelled.unwrap_or_else(|| {
                if !flag.starts_with('\\') {
                    self.keywords.push(flag.clone());
                }
                flag.clone()
            });
            if !out.contains(&spelled) {
                out.push(spelled);
            }
        }
        out
    }
}

/// The flags every mailbox knows.
pub(super) const SYSTEM_FLAGS: [&str; 5] =
    ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"];

/// What STORE does with the flags it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlagChange {
    Add,
    Remove,
    Replace,
}

/// A message on its way into a mailbox.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    pub(super) flags: Vec<String>,
    pub(super) date: i64,
    pub(super) bytes: Arc<[u8]>,
    /// `None` for a message never seen before.
    pub(super) email_id: Option<u64>,
}

/// Counts changes.
#[derive(Debug, Default)]
pub(super) struct Clock {
    revision: u64,
    last_id: u64,
    /// One mod-sequence for all mailboxes of the account, as Cyrus has it.
    shared_modseq: bool,
    top_modseq: u64,
}

impl Clock {
    fn id(&mut self) -> u64 {
        self.last_id = self.last_id.saturating_add(1);
        self.last_id
    }

    /// Marks a change of `mailbox` and says its mod-sequence and revision.
    fn tick(&mut self, mailbox: &mut Mailbox) -> (u64, u64) {
        self.revision = self.revision.saturating_add(1);
        let last = if self.shared_modseq {
            self.top_modseq.max(mailbox.highest_modseq)
        } else {
            mailbox.highest_modseq
        };
        let modseq = last.saturating_add(1);
        self.top_modseq = self.top_modseq.max(modseq);
        mailbox.highest_modseq = modseq;
        mailbox.revision = self.revision;
        (modseq, self.revision)
    }
}

/// All that one user has.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) separator: char,
    pub(super) mailboxes: BTreeMap<String, Mailbox>,
    pub(super) subscriptions: BTreeSet<String>,
    /// Storage limit in bytes.
    pub(super) quota: Option<u64>,
    next_validity: u32,
    clock: Clock,
}

type Done<T> = Result<T, StoreError>;

impl Account {
    /// An account with an empty INBOX.
    pub(super) fn new(separator: char, shared_modseq: bool) -> Self {
        let mut account = Self {
            separator,
            mailboxes: BTreeMap::new(),
            subscriptions: BTreeSet::new(),
            quota: None,
            next_validity: 1_700_000_001,
            clock: Clock {
                shared_modseq,
                ..Clock::default()
            },
        };
        let inbox = account.new_mailbox(None);
        account.mailboxes.insert("INBOX".to_owned(), inbox);
        account
    }

    /// Grows with every change.
    pub(super) fn revision(&self) -> u64 {
        self.clock.revision
    }

    fn new_mailbox(&mut self, role: Option<String>) -> Mailbox {
        let uid_validity = self.next_validity;
        self.next_validity = self.next_validity.saturating_add(1);
        let mut mailbox = Mailbox {
            id: self.clock.id(),
            uid_validity,
            uid_next: 1,
            highest_modseq: 0,
            no_modseq: false,
            modseq_used: false,
            messages: Vec::new(),
            ghosts: BTreeMap::new(),
            vanished: Vec::new(),
            history_from: 0,
            role,
            keywords: Vec::new(),
            revision: 0,
        };
        self.clock.tick(&mut mailbox);
        mailbox
    }

    /// INBOX in any case is INBOX; all other names are as they are.
    pub(super) fn canonical(name: &str) -> &str {
        if name.eq_ignore_ascii_case("INBOX") {
            "INBOX"
        } else {
            name
        }
    }

    pub(super) fn mailbox(&self, name: &str) -> Done<&Mailbox> {
        self.mailboxes
            .get(Self::canonical(name))
            .ok_or_else(|| StoreError::no_mailbox(name))
    }

    fn split(&mut self, name: &str) -> Done<(&mut Mailbox, &mut Clock)> {
        let mailbox = self.mailboxes.get_mut(Self::canonical(name));
        Ok((
            mailbox.ok_or_else(|| StoreError::no_mailbox(name))?,
            &mut self.clock,
        ))
    }

    /// The mailbox for changes that count as one.
    pub(super) fn touch(&mut self, name: &str) -> Done<(&mut Mailbox, u64, u64)> {
        let (mailbox, clock) = self.split(name)?;
        let (modseq, revision) = clock.tick(mailbox);
        Ok((mailbox, modseq, revision))
    }

    /// The mailbox for what is no change that a client hears of.
    pub(super) fn quietly(&mut self, name: &str) -> Done<&mut Mailbox> {
        Ok(self.split(name)?.0)
    }

    pub(super) fn has_children(&self, name: &str) -> bool {
        let prefix = format!("{name}{}", self.separator);
        self.mailboxes
            .range(prefix.clone()..)
            .next()
            .is_some_and(|(n, _)| n.starts_with(&prefix))
    }

    pub(super) fn create(&mut self, name: &str, role: Option<String>) -> Done<()> {
        let name = Self::canonical(name);
        let name = name.strip_suffix(self.separator).unwrap_or(name);
        let empty_level = name.split(self.separator).any(str::is_empty);
        if empty_level || name.chars().any(char::is_control) {
            return Err(StoreError::Cannot(format!("not a mailbox name: {name:?}")));
        }
        if self.mailboxes.contains_key(name) {
            return Err(StoreError::MailboxExists(name.to_owned()));
        }
        let mailbox = self.new_mailbox(role);
        self.mailboxes.insert(name.to_owned(), mailbox);
        Ok(())
    }

    pub(super) fn delete(&mut self, name: &str) -> Done<()> {
        let name = Self::canonical(name);
        if name == "INBOX" {
            return Err(StoreError::Cannot("INBOX cannot be deleted".to_owned()));
        }
        self.mailboxes
            .remove(name)
            .ok_or_else(|| StoreError::no_mailbox(name))?;
        self.clock.revision = self.clock.revision.saturating_add(1);
        Ok(())
    }

    /// Renames a mailbox and what is below it; of INBOX, moves the messages (RFC 9051, 6.3.6).
    pub(super) fn rename(&mut self, from: &str, to: &str) -> Done<()> {
        let from = Self::canonical(from).to_owned();
        if !self.has_children(&from) {
            self.mailbox(&from)?;
        }
        if from == "INBOX" {
            self.create(to, None)?;
            let uids = self.mailbox(&from)?.uids();
            return self.transfer(&from, &uids, to, true).map(drop);
        }
        let below = format!("{from}{}", self.separator);
        let into_itself = to.starts_with(&below);
        if into_itself || to.split(self.separator).any(str::is_empty) {
            return Err(StoreError::Cannot(format!("not a name for it: {to:?}")));
        }
        if self.mailboxes.contains_key(Self::canonical(to)) {
            return Err(StoreError::MailboxExists(to.to_owned()));
        }
        let names: Vec<String> = self
            .mailboxes
            .keys()
            .filter(|n| **n == from || n.starts_with(&below))
            .cloned()
            .collect();
        for name in names {
            if let Some(mailbox) = self.mailboxes.remove(&name) {
                let tail = name.strip_prefix(&from).unwrap_or_default();
                self.mailboxes.insert(format!("{to}{tail}"), mailbox);
            }
        }
        self.clock.revision = self.clock.revision.saturating_add(1);
        Ok(())
    }

    fn used(&self) -> u64 {
        self.mailboxes
            .values()
            .flat_map(|m| &m.messages)
            .map(Stored::size)
            .sum()
    }

    /// Bytes used and the limit.
    pub(super) fn usage(&self) -> (u64, Option<u64>) {
        (self.used(), self.quota)
    }

    /// Adds messages, all or none; they share one mod-sequence.
    pub(super) fn add(&mut self, name: &str, messages: Vec<Incoming>) -> Done<Vec<u32>> {
        if let Some(quota) = self.quota {
            let more: usize = messages.iter().map(|m| m.bytes.len()).sum();
            if self
                .used()
                .saturating_add(u64::try_from(more).unwrap_or(u64::MAX))
                > quota
            {
                return Err(StoreError::OverQuota);
            }
        }
        if messages.is_empty() {
            self.mailbox(name)?;
            return Ok(Vec::new());
        }
        let ids: Vec<u64> = messages
            .iter()
            .map(|m| m.email_id.unwrap_or_else(|| self.clock.id()))
            .collect();
        let (mailbox, modseq, revision) = self.touch(name)?;
        let mut uids = Vec::with_capacity(messages.len());
        for (message, email_id) in messages.into_iter().zip(ids) {
            let uid = mailbox.uid_next;
            mailbox.uid_next = uid
                .checked_add(1)
                .ok_or_else(|| StoreError::Cannot("no UIDs left".to_owned()))?;
            let flags = mailbox.adopt_flags(&message.flags);
            mailbox.messages.push(Stored {
                uid,
                flags,
                date: message.date,
                bytes: message.bytes,
                modseq,
                revision,
                email_id,
                recent: true,
            });
            uids.push(uid);
        }
        Ok(uids)
    }

    /// Changes flags; messages that had them already keep their mod-sequence.
    ///
    /// Returns the UIDs that changed.
    pub(super) fn change_flags(
        &mut self,
        name: &str,
        uids: &[u32],
        change: FlagChange,
        flags: &[String],
    ) -> Done<Vec<u32>> {
        let mailbox = self.quietly(name)?;
        let flags = mailbox.adopt_flags(flags);
        let mut edits = Vec::new();
        for uid in uids {
            let Some(message) = mailbox.find_any(*uid) else {
                continue;
            };
            let mut next = message.flags.clone();
            match change {
                FlagChange::Replace => next.clone_from(&flags),
                FlagChange::Remove => next.retain(|f| !flags.contains(f)),
                FlagChange::Add => {
                    for flag in &flags {
                        if !next.contains(flag) {
                            next.push(flag.clone());
                        }
                    }
                }
            }
            let same =
                next.len() == message.flags.len() && next.iter().all(|f| message.flags.contains(f));
            if !same {
                edits.push((*uid, next));
            }
        }
        if edits.is_empty() {
            return Ok(Vec::new());
        }
        let (mailbox, modseq, revision) = self.touch(name)?;
        let mut changed = Vec::with_capacity(edits.len());
        for (uid, next) in edits {
            if let Some(message) = mailbox.find_any_mut(uid) {
                message.flags = next;
                message.modseq = modseq;
                message.revision = revision;
                changed.push(uid);
            }
        }
        Ok(changed)
    }

    /// Removes messages; returns the UIDs that were there.
    pub(super) fn expunge(&mut self, name: &str, uids: &[u32]) -> Done<Vec<u32>> {
        let mut uids = uids.to_vec();
        uids.sort_unstable();
        uids.dedup();
        let mailbox = self.mailbox(name)?;
        uids.retain(|uid| mailbox.find(*uid).is_some());
        if uids.is_empty() {
            return Ok(uids);
        }
        let (mailbox, modseq, _) = self.touch(name)?;
        let (gone, kept) = std::mem::take(&mut mailbox.messages)
            .into_iter()
            .partition::<Vec<_>, _>(|m| uids.binary_search(&m.uid).is_ok());
        mailbox.messages = kept;
        mailbox.ghosts.extend(gone.into_iter().map(|m| (m.uid, m)));
        mailbox
            .vanished
            .extend(uids.iter().map(|uid| (*uid, modseq)));
        Ok(uids)
    }

    /// Copies or moves messages; returns pairs of old and new UIDs.
    pub(super) fn transfer(
        &mut self,
        from: &str,
        uids: &[u32],
        to: &str,
        moving: bool,
    ) -> Done<Vec<(u32, u32)>> {
        let source = self.mailbox(from)?;
        self.mailbox(to)?;
        let mut old = Vec::new();
        let mut incoming = Vec::new();
        for uid in uids {
            if let Some(message) = source.find(*uid) {
                old.push(*uid);
                incoming.push(Incoming {
                    flags: message.flags.clone(),
                    date: message.date,
                    bytes: Arc::clone(&message.bytes),
                    email_id: Some(message.email_id),
                });
            }
        }
        let quota = if moving {
            self.quota.take()
        } else {
            self.quota
        };
        let added = self.add(to, incoming);
        if moving {
            self.quota = quota;
        }
        let new = added?;
        if moving {
            self.expunge(from, &old)?;
        }
        Ok(old.into_iter().zip(new).collect())
    }

    /// A new UIDVALIDITY, and new UIDs from 1 up for what is there.
    pub(super) fn reset_uid_validity(&mut self, name: &str) -> Done<u32> {
        let validity = self.next_validity;
        self.next_validity = self.next_validity.saturating_add(1);
        let (mailbox, modseq, revision) = self.touch(name)?;
        mailbox.uid_validity = validity.max(mailbox.uid_validity.saturating_add(1));
        mailbox.vanished.clear();
        mailbox.ghosts.clear();
        mailbox.history_from = modseq;
        let mut uid = 0_u32;
        for message in &mut mailbox.messages {
            uid = uid.saturating_add(1);
            message.uid = uid;
            message.modseq = modseq;
            message.revision = revision;
        }
        mailbox.uid_next = uid.saturating_add(1);
        Ok(mailbox.uid_validity)
    }
}
