//! Quotas, access rights, annotations and notifications.

use crate::wire::mailbox::MailboxName;

use super::Command;

/// How far below an entry GETMETADATA looks (RFC 5464 section 4.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MetadataDepth {
    /// The entry alone.
    #[default]
    Zero,
    /// The entry and those right below it.
    One,
    /// The entry and all below it.
    Infinity,
}

/// Which mailboxes NOTIFY watches (RFC 5465 section 6).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotifyFilter {
    /// `SELECTED`: the selected mailbox, at any time.
    Selected,
    /// `SELECTED-DELAYED`: the selected one, EXPUNGE only when it is safe.
    SelectedDelayed,
    /// `INBOXES`: those that get mail.
    Inboxes,
    /// `PERSONAL`: all of the user's own.
    Personal,
    /// `SUBSCRIBED`
    Subscribed,
    /// `SUBTREE`: these and all below.
    Subtree(Vec<MailboxName>),
    /// `MAILBOXES`: these.
    Mailboxes(Vec<MailboxName>),
}

/// What NOTIFY reports (RFC 5465 section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotifyEvent {
    /// `MessageNew`; the items are fetched of each, for the selected mailbox.
    MessageNew(Vec<super::FetchItem>),
    /// `MessageExpunge`
    MessageExpunge,
    /// `FlagChange`
    FlagChange,
    /// `MailboxName`: created, deleted, renamed
    MailboxName,
    /// `SubscriptionChange`
    SubscriptionChange,
}

impl NotifyEvent {
    fn text(&self) -> String {
        match self {
            Self::MessageNew(items) if items.is_empty() => "MessageNew".into(),
            Self::MessageNew(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                format!("MessageNew ({})", items.join(" "))
            }
            Self::MessageExpunge => "MessageExpunge".into(),
            Self::FlagChange => "FlagChange".into(),
            Self::MailboxName => "MailboxName".into(),
            Self::SubscriptionChange => "SubscriptionChange".into(),
        }
    }
}

impl Command {
    fn of_mailbox(name: &'static str, mailbox: &MailboxName) -> Self {
        Self::raw(name).text(" ").mailbox(mailbox)
    }

    /// `GETQUOTA` (RFC 9208)
    #[must_use]
    pub fn get_quota(root: &str) -> Self {
        Self::raw("GETQUOTA").text(" ").string(root)
    }

    /// `GETQUOTAROOT` (RFC 9208)
    #[must_use]
    pub fn get_quota_root(mailbox: &MailboxName) -> Self {
        Self::of_mailbox("GETQUOTAROOT", mailbox)
    }

    /// `SETQUOTA` (RFC 9208): names of resources and their limits.
    #[must_use]
    pub fn set_quota(root: &str, limits: &[(&str, u64)]) -> Self {
        let limits: Vec<String> = limits.iter().map(|(r, n)| format!("{r} {n}")).collect();
        Self::raw("SETQUOTA")
            .text(" ")
            .string(root)
            .text(format!(" ({})", limits.join(" ")))
    }

    /// `GETACL` (RFC 4314)
    #[must_use]
    pub fn get_acl(mailbox: &MailboxName) -> Self {
        Self::of_mailbox("GETACL", mailbox)
    }

    /// `SETACL` (RFC 4314); rights with `+` or `-` in front add or take away.
    #[must_use]
    pub fn set_acl(mailbox: &MailboxName, identifier: &str, rights: &str) -> Self {
        Self::of_mailbox("SETACL", mailbox)
            .text(" ")
            .astring(identifier)
            .text(" ")
            .astring(rights)
    }

    /// `DELETEACL` (RFC 4314)
    #[must_use]
    pub fn delete_acl(mailbox: &MailboxName, identifier: &str) -> Self {
        Self::of_mailbox("DELETEACL", mailbox)
            .text(" ")
            .astring(identifier)
    }

    /// `LISTRIGHTS` (RFC 4314)
    #[must_use]
    pub fn list_rights(mailbox: &MailboxName, identifier: &str) -> Self {
        Self::of_mailbox("LISTRIGHTS", mailbox)
            .text(" ")
            .astring(identifier)
    }

    /// `MYRIGHTS` (RFC 4314)
    #[must_use]
    pub fn my_rights(mailbox: &MailboxName) -> Self {
        Self::of_mailbox("MYRIGHTS", mailbox)
    }

    /// `GETMETADATA` (RFC 5464); an empty mailbox name is the server. Values of
    /// more than `max_size` bytes are left out.
    #[must_use]
    pub fn get_metadata(
        mailbox: &MailboxName,
        entries: &[&str],
        depth: MetadataDepth,
        max_size: Option<u64>,
    ) -> Self {
        let mut options = Vec::new();
        if let Some(n) = max_size {
            options.push(format!("MAXSIZE {n}"));
        }
        match depth {
            MetadataDepth::Zero => {}
            MetadataDepth::One => options.push("DEPTH 1".into()),
            MetadataDepth::Infinity => options.push("DEPTH infinity".into()),
        }
        let mut command = Self::raw("GETMETADATA").text(" ");
        if !options.is_empty() {
            command = command.text(format!("({}) ", options.join(" ")));
        }
        command = command.mailbox(mailbox).text(" (");
        for (k, entry) in entries.iter().enumerate() {
            command = command.text(if k > 0 { " " } else { "" }).astring(entry);
        }
        command.text(")")
    }

    /// `SETMETADATA` (RFC 5464); no value removes the entry.
    #[must_use]
    pub fn set_metadata(mailbox: &MailboxName, entries: &[(&str, Option<&[u8]>)]) -> Self {
        let mut command = Self::of_mailbox("SETMETADATA", mailbox).text(" (");
        for (k, (entry, value)) in entries.iter().enumerate() {
            command = command
                .text(if k > 0 { " " } else { "" })
                .astring(entry)
                .text(" ");
            command = match value {
                Some(value) if value.contains(&0) => command.literal(*value, true),
                Some(value) => command.string(value),
                None => command.text("NIL"),
            };
        }
        command.text(")")
    }

    /// `NOTIFY SET` (RFC 5465): which events of which mailboxes are wanted.
    /// `status` asks for a STATUS of each mailbox that is watched, at once.
    #[must_use]
    pub fn notify(status: bool, groups: &[(NotifyFilter, Vec<NotifyEvent>)]) -> Self {
        let mut command = Self::raw("NOTIFY").text(" SET");
        if status {
            command = command.text(" STATUS");
        }
        for (filter, events) in groups {
            command = command.text(" (").notify_filter(filter).text(" ");
            let events: Vec<String> = events.iter().map(NotifyEvent::text).collect();
            command = if events.is_empty() {
                command.text("NONE)")
            } else {
                command.text(format!("({}))", events.join(" ")))
            };
        }
        command
    }

    /// `NOTIFY NONE` (RFC 5465)
    #[must_use]
    pub fn notify_none() -> Self {
        Self::raw("NOTIFY").text(" NONE")
    }

    fn notify_filter(self, filter: &NotifyFilter) -> Self {
        let (name, mailboxes) = match filter {
            NotifyFilter::Selected => return self.text("SELECTED"),
            NotifyFilter::SelectedDelayed => return self.text("SELECTED-DELAYED"),
            NotifyFilter::Inboxes => return self.text("INBOXES"),
            NotifyFilter::Personal => return self.text("PERSONAL"),
            NotifyFilter::Subscribed => return self.text("SUBSCRIBED"),
            NotifyFilter::Subtree(list) => ("SUBTREE", list),
            NotifyFilter::Mailboxes(list) => ("MAILBOXES", list),
        };
        let mut command = self.text(name).text(" (");
        for (k, mailbox) in mailboxes.iter().enumerate() {
            command = command.text(if k > 0 { " " } else { "" }).mailbox(mailbox);
        }
        command.text(")")
    }
}
