//! Commands about mailboxes.

use crate::wire::mailbox::MailboxName;
use crate::wire::set::{SequenceSet, UidSet};

use super::{Command, Messages};

/// Parameters of SELECT and EXAMINE.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SelectOptions {
    /// `CONDSTORE` (RFC 7162 section 3.1.8)
    pub condstore: bool,
    /// `QRESYNC` (RFC 7162 section 3.2.5); must have been enabled.
    pub qresync: Option<Qresync>,
}

/// What is known of a mailbox that is to be resynchronised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qresync {
    /// Last known UIDVALIDITY.
    pub uid_validity: u32,
    /// Last known HIGHESTMODSEQ; at least 1.
    pub mod_seq: u64,
    /// The UIDs that are known; `None`: all.
    pub known_uids: Option<UidSet>,
    /// Some sequence numbers and the UIDs they stood for, in step.
    pub sequence_match: Option<(SequenceSet, UidSet)>,
}

/// What STATUS, or LIST with RETURN (STATUS), asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatusItem {
    /// `APPENDLIMIT` (RFC 7889)
    AppendLimit,
    /// `DELETED` (RFC 9051)
    Deleted,
    /// `DELETED-STORAGE` (RFC 9208)
    DeletedStorage,
    /// `HIGHESTMODSEQ` (RFC 7162)
    HighestModSeq,
    /// `MAILBOXID` (RFC 8474)
    MailboxId,
    /// `MESSAGES`
    Messages,
    /// `RECENT` (RFC 3501)
    Recent,
    /// `SIZE` (RFC 8438)
    Size,
    /// `UIDNEXT`
    UidNext,
    /// `UIDVALIDITY`
    UidValidity,
    /// `UNSEEN`
    Unseen,
}

impl StatusItem {
    /// The name as it is sent.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AppendLimit => "APPENDLIMIT",
            Self::Deleted => "DELETED",
            Self::DeletedStorage => "DELETED-STORAGE",
            Self::HighestModSeq => "HIGHESTMODSEQ",
            Self::MailboxId => "MAILBOXID",
            Self::Messages => "MESSAGES",
            Self::Recent => "RECENT",
            Self::Size => "SIZE",
            Self::UidNext => "UIDNEXT",
            Self::UidValidity => "UIDVALIDITY",
            Self::Unseen => "UNSEEN",
        }
    }
}

fn status_items(items: &[StatusItem]) -> String {
    let names: Vec<&str> = items.iter().map(|item| item.name()).collect();
    format!("({})", names.join(" "))
}

/// Options of LIST (RFC 5258, RFC 5819, RFC 6154).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListOptions {
    /// Selection option `SUBSCRIBED`: subscribed mailboxes only.
    pub select_subscribed: bool,
    /// Selection option `REMOTE`
    pub select_remote: bool,
    /// Selection option `RECURSIVEMATCH`
    pub select_recursive_match: bool,
    /// Selection option `SPECIAL-USE`: mailboxes with a special use only.
    pub select_special_use: bool,
    /// Return option `SUBSCRIBED`
    pub return_subscribed: bool,
    /// Return option `CHILDREN`
    pub return_children: bool,
    /// Return option `SPECIAL-USE`
    pub return_special_use: bool,
    /// Return option `MYRIGHTS` (RFC 8440)
    pub return_my_rights: bool,
    /// Return option `STATUS` (RFC 5819)
    pub return_status: Vec<StatusItem>,
}

impl ListOptions {
    fn selection(&self) -> Vec<&'static str> {
        let all = [
            (self.select_subscribed, "SUBSCRIBED"),
            (self.select_remote, "REMOTE"),
            (self.select_recursive_match, "RECURSIVEMATCH"),
            (self.select_special_use, "SPECIAL-USE"),
        ];
        all.into_iter().filter(|o| o.0).map(|o| o.1).collect()
    }

    fn returned(&self) -> Vec<String> {
        let all = [
            (self.return_subscribed, "SUBSCRIBED"),
            (self.return_children, "CHILDREN"),
            (self.return_special_use, "SPECIAL-USE"),
            (self.return_my_rights, "MYRIGHTS"),
        ];
        let plain = all.into_iter().filter(|o| o.0).map(|o| o.1.to_owned());
        let status = (!self.return_status.is_empty())
            .then(|| format!("STATUS {}", status_items(&self.return_status)));
        plain.chain(status).collect()
    }
}

impl Command {
    fn with_mailbox(name: &'static str, mailbox: &MailboxName) -> Self {
        Self::raw(name).text(" ").mailbox(mailbox)
    }

    fn open(name: &'static str, mailbox: &MailboxName, options: &SelectOptions) -> Self {
        let command = Self::with_mailbox(name, mailbox);
        let Some(known) = &options.qresync else {
            let params = if options.condstore {
                " (CONDSTORE)"
            } else {
                ""
            };
            return command.text(params);
        };
        let mut params = format!("{} {}", known.uid_validity, known.mod_seq);
        if let Some(uids) = &known.known_uids {
            params.push_str(&format!(" {uids}"));
        }
        if let Some((sequence, uids)) = &known.sequence_match {
            params.push_str(&format!(" ({sequence} {uids})"));
        }
        let condstore = if options.condstore { "CONDSTORE " } else { "" };
        command.text(format!(" ({condstore}QRESYNC ({params}))"))
    }

    /// `SELECT`
    #[must_use]
    pub fn select(mailbox: &MailboxName, options: &SelectOptions) -> Self {
        Self::open("SELECT", mailbox, options)
    }

    /// `EXAMINE`: as SELECT, read-only.
    #[must_use]
    pub fn examine(mailbox: &MailboxName, options: &SelectOptions) -> Self {
        Self::open("EXAMINE", mailbox, options)
    }

    /// `CREATE`; `special_use` names attributes such as `\Sent`
    /// (CREATE-SPECIAL-USE, RFC 6154).
    #[must_use]
    pub fn create(mailbox: &MailboxName, special_use: &[&str]) -> Self {
        let command = Self::with_mailbox("CREATE", mailbox);
        if special_use.is_empty() {
            return command;
        }
        command.text(format!(" (USE ({}))", special_use.join(" ")))
    }

    /// `DELETE`
    #[must_use]
    pub fn delete(mailbox: &MailboxName) -> Self {
        Self::with_mailbox("DELETE", mailbox)
    }

    /// `RENAME`
    #[must_use]
    pub fn rename(from: &MailboxName, to: &MailboxName) -> Self {
        Self::with_mailbox("RENAME", from).text(" ").mailbox(to)
    }

    /// `SUBSCRIBE`
    #[must_use]
    pub fn subscribe(mailbox: &MailboxName) -> Self {
        Self::with_mailbox("SUBSCRIBE", mailbox)
    }

    /// `UNSUBSCRIBE`
    #[must_use]
    pub fn unsubscribe(mailbox: &MailboxName) -> Self {
        Self::with_mailbox("UNSUBSCRIBE", mailbox)
    }

    /// `LIST` of names that match `pattern` below `reference`: `*` stands for
    /// anything, `%` for anything but the delimiter.
    #[must_use]
    pub fn list(reference: &MailboxName, pattern: &MailboxName, options: &ListOptions) -> Self {
        let mut command = Self::raw("LIST").text(" ");
        let selection = options.selection();
        if !selection.is_empty() {
            command = command.text(format!("({}) ", selection.join(" ")));
        }
        command = command
            .string(reference.as_bytes())
            .text(" ")
            .string(pattern.as_bytes());
        let returned = options.returned();
        if returned.is_empty() {
            return command;
        }
        command.text(format!(" RETURN ({})", returned.join(" ")))
    }

    /// `LSUB` (RFC 3501)
    #[must_use]
    pub fn lsub(reference: &MailboxName, pattern: &MailboxName) -> Self {
        Self::raw("LSUB")
            .text(" ")
            .string(reference.as_bytes())
            .text(" ")
            .string(pattern.as_bytes())
    }

    /// `NAMESPACE` (RFC 2342)
    #[must_use]
    pub fn namespace() -> Self {
        Self::raw("NAMESPACE")
    }

    /// `STATUS`
    #[must_use]
    pub fn status(mailbox: &MailboxName, items: &[StatusItem]) -> Self {
        Self::with_mailbox("STATUS", mailbox)
            .text(" ")
            .text(status_items(items))
    }

    /// `CHECK` (RFC 3501)
    #[must_use]
    pub fn check() -> Self {
        Self::raw("CHECK")
    }

    /// `CLOSE`: expunges and deselects.
    #[must_use]
    pub fn close() -> Self {
        Self::raw("CLOSE")
    }

    /// `UNSELECT` (RFC 3691): deselects.
    #[must_use]
    pub fn unselect() -> Self {
        Self::raw("UNSELECT")
    }

    /// `EXPUNGE`: removes all messages marked `\Deleted`.
    #[must_use]
    pub fn expunge() -> Self {
        Self::raw("EXPUNGE")
    }

    /// `UID EXPUNGE` (RFC 4315): those of these UIDs that are marked `\Deleted`.
    #[must_use]
    pub fn uid_expunge(uids: &UidSet) -> Self {
        Self::on(Messages::Uid(uids), "EXPUNGE", "UID EXPUNGE")
    }

    /// `COPY`
    #[must_use]
    pub fn copy(messages: Messages<'_>, to: &MailboxName) -> Self {
        Self::on(messages, "COPY", "UID COPY").text(" ").mailbox(to)
    }

    /// `MOVE` (RFC 6851)
    #[must_use]
    pub fn move_messages(messages: Messages<'_>, to: &MailboxName) -> Self {
        Self::on(messages, "MOVE", "UID MOVE").text(" ").mailbox(to)
    }
}
