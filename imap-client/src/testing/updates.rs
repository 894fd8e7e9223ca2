//! What a session knows of its selected mailbox, and how it hears of changes.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::account::{Account, Mailbox, SYSTEM_FLAGS, Stored};
use super::profile::Profile;
use super::session::{Enabled, Next, Session};
use super::set::format_set;

/// A session's view of the selected mailbox: it changes only by what the client is told.
#[derive(Debug)]
pub(super) struct View {
    pub(super) name: String,
    id: u64,
    validity: u32,
    /// The message with number n stands at n-1.
    pub(super) uids: Vec<u32>,
    pub(super) read_only: bool,
    /// The mailbox's revision at the last update.
    revision: u64,
    /// UIDs from here on were not yet told.
    uid_next: u32,
    /// Messages that are `\Recent` in this session.
    pub(super) recent: HashSet<u32>,
    /// The number of them that was told.
    recent_told: usize,
    /// How many of the mailbox's keywords were told.
    keywords: usize,
    /// Changes of this session's own making, by UID, with the revision they made.
    own: HashMap<u32, u64>,
    /// Whether the client was told HIGHESTMODSEQ.
    pub(super) modseq_told: bool,
    /// Whether messages are gone of which the client may not be told yet.
    owed: bool,
}

impl View {
    /// The view of a mailbox just selected; takes the messages' `\Recent` unless read-only.
    pub(super) fn new(name: &str, mailbox: &mut Mailbox, read_only: bool) -> Self {
        let recent: HashSet<u32> = mailbox
            .messages
            .iter()
            .filter(|m| m.recent)
            .map(|m| m.uid)
            .collect();
        if !read_only {
            for message in &mut mailbox.messages {
                message.recent = false;
            }
        }
        Self {
            name: name.to_owned(),
            id: mailbox.id,
            validity: mailbox.uid_validity,
            uids: mailbox.uids(),
            read_only,
            revision: mailbox.revision,
            uid_next: mailbox.uid_next,
            recent_told: recent.len(),
            recent,
            keywords: mailbox.keywords.len(),
            own: HashMap::new(),
            modseq_told: false,
            owed: false,
        }
    }

    /// The number of a message.
    pub(super) fn number(&self, uid: u32) -> Option<usize> {
        self.uids
            .binary_search(&uid)
            .ok()
            .map(|at| at.saturating_add(1))
    }

    /// Whether the client was not yet told of the last change of this message.
    pub(super) fn owes(&self, message: &Stored) -> bool {
        message.revision > self.revision && self.own.get(&message.uid) != Some(&message.revision)
    }

    /// Remembers that the client knows of a change because it made it.
    pub(super) fn made(&mut self, uid: u32, revision: u64) {
        self.own.insert(uid, revision);
    }

    /// Finds the mailbox, under a new name if it was renamed; `None` if it is no longer the same.
    fn find<'a>(&mut self, account: &'a mut Account) -> Option<&'a mut Mailbox> {
        let here = account
            .mailboxes
            .get(&self.name)
            .is_some_and(|m| m.id == self.id);
        if !here {
            let (name, _) = account.mailboxes.iter().find(|(_, m)| m.id == self.id)?;
            self.name.clone_from(name);
        }
        account
            .mailboxes
            .get_mut(&self.name)
            .filter(|m| m.uid_validity == self.validity)
    }

    /// What to tell the client since the last update; `None` if the mailbox is gone.
    fn update(
        &mut self,
        account: &mut Account,
        expunges: bool,
        enabled: Enabled,
        profile: &Profile,
    ) -> Option<String> {
        let mailbox = self.find(account)?;
        let mut out = String::new();
        if mailbox.revision == self.revision && !(self.owed && expunges) {
            return Some(out);
        }
        if mailbox.keywords.len() > self.keywords {
            self.keywords = mailbox.keywords.len();
            let _ = write!(out, "* FLAGS ({})\r\n", flag_names(mailbox).join(" "));
            let _ = write!(
                out,
                "* OK [PERMANENTFLAGS ({})] Flags permitted.\r\n",
                permanent_flags(mailbox, profile.new_keywords)
            );
        }
        let first_new = mailbox.messages.partition_point(|m| m.uid < self.uid_next);
        let gone: Vec<u32> = if first_new == self.uids.len() {
            Vec::new()
        } else {
            let missing = |uid: &u32| mailbox.find(*uid).is_none();
            self.uids.iter().copied().filter(missing).collect()
        };
        self.owed = !expunges && !gone.is_empty();
        if expunges && !gone.is_empty() {
            if enabled.qresync {
                let _ = write!(out, "* VANISHED {}\r\n", format_set(&gone));
            } else {
                // From the end, so that each number is right when it is read.
                for uid in gone.iter().rev() {
                    if let Some(number) = self.number(*uid) {
                        let _ = write!(out, "* {number} EXPUNGE\r\n");
                    }
                }
            }
            self.uids.retain(|uid| gone.binary_search(uid).is_err());
        }
        let ghosts: Vec<&Stored> = if expunges || !profile.snapshots {
            Vec::new()
        } else {
            gone.iter().filter_map(|uid| mailbox.ghost(*uid)).collect()
        };
        for message in mailbox.messages.iter().chain(ghosts) {
            if message.uid >= self.uid_next || !self.owes(message) {
                continue;
            }
            let Some(number) = self.number(message.uid) else {
                continue;
            };
            let recent = self.recent.contains(&message.uid);
            let flags = flag_list(&message.flags, recent && !enabled.rev2);
            let _ = write!(out, "* {number} FETCH (");
            if enabled.qresync || enabled.rev2 {
                let _ = write!(out, "UID {} ", message.uid);
            }
            if enabled.condstore {
                let _ = write!(out, "MODSEQ ({}) ", message.modseq);
            }
            let _ = write!(out, "FLAGS {flags})\r\n");
        }
        self.own.clear();
        let mut grown = false;
        for message in mailbox.messages.iter_mut().skip(first_new) {
            self.uids.push(message.uid);
            if message.recent {
                self.recent.insert(message.uid);
                message.recent = self.read_only;
            }
            grown = true;
        }
        self.uid_next = mailbox.uid_next;
        if grown {
            let _ = write!(out, "* {} EXISTS\r\n", self.uids.len());
        }
        self.recent
            .retain(|uid| self.uids.binary_search(uid).is_ok());
        if !enabled.rev2 && self.recent.len() != self.recent_told {
            self.recent_told = self.recent.len();
            let _ = write!(out, "* {} RECENT\r\n", self.recent.len());
        }
        self.revision = mailbox.revision;
        Some(out)
    }
}

/// All flags of a mailbox.
pub(super) fn flag_names(mailbox: &Mailbox) -> Vec<&str> {
    SYSTEM_FLAGS
        .iter()
        .copied()
        .chain(mailbox.keywords.iter().map(String::as_str))
        .collect()
}

/// What PERMANENTFLAGS says.
pub(super) fn permanent_flags(mailbox: &Mailbox, new_keywords: bool) -> String {
    let mut names = flag_names(mailbox);
    if new_keywords {
        names.push("\\*");
    }
    names.join(" ")
}

/// The flags of a message in parentheses: system flags, `\Recent`, keywords.
pub(super) fn flag_list(flags: &[String], recent: bool) -> String {
    let system = SYSTEM_FLAGS
        .iter()
        .copied()
        .filter(|s| flags.iter().any(|f| f == s));
    let others = flags
        .iter()
        .map(String::as_str)
        .filter(|f| !SYSTEM_FLAGS.contains(f));
    let shown: Vec<&str> = system
        .chain(recent.then_some("\\Recent"))
        .chain(others)
        .collect();
    format!("({})", shown.join(" "))
}

impl Session {
    /// A message of the selected mailbox as this session sees it, and whether it is gone.
    pub(super) fn seen<'a>(&self, mailbox: &'a Mailbox, uid: u32) -> Option<(&'a Stored, bool)> {
        match mailbox.find(uid) {
            Some(message) => Some((message, false)),
            None if self.shared.profile.snapshots => Some((mailbox.ghost(uid)?, true)),
            None => None,
        }
    }

    /// Tells the client what changed in the selected mailbox; of expunges only if `expunges`, since
    /// the numbers of a command in hand must stand (RFC 9051, 7.5.1).
    pub(super) fn update(&mut self, expunges: bool) {
        let (Some(view), Some(store)) = (&mut self.view, &self.store) else {
            return;
        };
        let (enabled, profile) = (self.enabled, &self.shared.profile);
        match store.with(|account| view.update(account, expunges, enabled, profile)) {
            Some(out) => {
                self.expunges_told |= out.contains("* VANISHED ");
                self.conn.out.extend_from_slice(out.as_bytes());
            }
            None => {
                self.view = None;
                self.say("* BYE The selected mailbox is no longer the same");
                self.next = Some(Next::Close);
            }
        }
    }

    /// Switches CONDSTORE on (RFC 7162, 3.1); tells HIGHESTMODSEQ if a mailbox is selected.
    pub(super) fn enable_condstore(&mut self) {
        if self.enabled.condstore || !self.has("CONDSTORE") {
            return;
        }
        self.enabled.condstore = true;
        if let (Some(view), Some(store)) = (&self.view, &self.store) {
            let modseq = store.with(|account| {
                let mailbox = account.quietly(&view.name).ok()?;
                mailbox.modseq_used = true;
                (!mailbox.no_modseq && !view.modseq_told).then_some(mailbox.highest_modseq)
            });
            if let Some(modseq) = modseq {
                self.say(format!("* OK [HIGHESTMODSEQ {modseq}] Highest"));
            }
        }
    }
}
