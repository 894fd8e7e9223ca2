//! Quotas (RFC 9208), access rights (RFC 4314) and annotations (RFC 5464).

use crate::wire::command::MetadataDepth;
use crate::wire::response::{Acl, MetadataEntry, Quota};
use crate::wire::{Command, MailboxName, Response};

use super::Client;
use super::call::Call;
use super::error::{Error, Result};
use super::session::Session;

/// The quota roots of a mailbox and their usage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct QuotaRoots {
    /// Names of the roots; none: no quota.
    pub roots: Vec<String>,
    /// Usage and limits.
    pub quotas: Vec<Quota>,
}

/// Access rights of RFC 4314 section 2.1, one letter each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Right {
    /// `l`: the mailbox is listed.
    Lookup,
    /// `r`: SELECT, FETCH, SEARCH, COPY from.
    Read,
    /// `s`: keep `\Seen`.
    Seen,
    /// `w`: other flags.
    Write,
    /// `i`: APPEND, COPY to.
    Insert,
    /// `k`: create mailboxes below.
    CreateMailbox,
    /// `x`: delete the mailbox.
    DeleteMailbox,
    /// `t`: set `\Deleted`.
    DeleteMessages,
    /// `e`: EXPUNGE.
    Expunge,
    /// `a`: change rights.
    Administer,
}

impl Right {
    /// Whether `rights`, as MYRIGHTS gives them, hold this one. The old `c` and `d` of RFC 2086 count
    /// as what they stood for.
    #[must_use]
    pub fn is_in(self, rights: &str) -> bool {
        let letters = match self {
            Self::Lookup => "l",
            Self::Read => "r",
            Self::Seen => "s",
            Self::Write => "w",
            Self::Insert => "i",
            Self::CreateMailbox => "kc",
            Self::DeleteMailbox => "xc",
            Self::DeleteMessages => "td",
            Self::Expunge => "ed",
            Self::Administer => "a",
        };
        rights.contains(|c| letters.contains(c))
    }
}

fn requiring(
    extension: &'static str,
    command: Command,
) -> impl FnOnce(&Session) -> Result<Command> + Send {
    move |session| session.require(extension).map(|()| command)
}

fn require_metadata(session: &Session, mailbox: &MailboxName) -> Result<()> {
    // METADATA-SERVER: annotations of the server alone, which has the empty name.
    let server = mailbox.as_bytes().is_empty() && session.has("METADATA-SERVER");
    if server || session.has("METADATA") {
        return Ok(());
    }
    Err(Error::unsupported("METADATA"))
}

impl Call<QuotaRoots> {
    /// See [`Client::get_quota_root`].
    #[must_use]
    pub fn get_quota_root(mailbox: &MailboxName) -> Self {
        let build = requiring("QUOTA", Command::get_quota_root(mailbox));
        Self::build(build, |own, _, response| {
            match response {
                Response::QuotaRoot(root) => own.roots = root.roots,
                Response::Quota(quota) => own.quotas.push(quota),
                other => return Some(other),
            }
            None
        })
    }
}

impl Call<Option<Acl>> {
    /// See [`Client::get_acl`].
    #[must_use]
    pub fn get_acl(mailbox: &MailboxName) -> Self {
        let build = requiring("ACL", Command::get_acl(mailbox));
        Self::build(build, |own, _, response| match response {
            Response::Acl(acl) => {
                *own = Some(acl);
                None
            }
            other => Some(other),
        })
    }
}

impl Call<String> {
    /// See [`Client::my_rights`].
    #[must_use]
    pub fn my_rights(mailbox: &MailboxName) -> Self {
        let build = requiring("ACL", Command::my_rights(mailbox));
        Self::build(build, |own, _, response| match response {
            Response::MyRights(mine) => {
                *own = mine.rights;
                None
            }
            other => Some(other),
        })
    }
}

impl Call<Vec<MetadataEntry>> {
    /// See [`Client::get_metadata`].
    #[must_use]
    pub fn get_metadata(
        mailbox: &MailboxName,
        entries: &[&str],
        depth: MetadataDepth,
        max_size: Option<u64>,
    ) -> Self {
        let command = Command::get_metadata(mailbox, entries, depth, max_size);
        let mailbox = mailbox.clone();
        let build = move |session: &Session| require_metadata(session, &mailbox).map(|()| command);
        Self::build(build, |own, _, response| match response {
            Response::Metadata(metadata) => {
                own.extend(metadata.entries);
                None
            }
            other => Some(other),
        })
    }
}

impl Client {
    /// GETQUOTAROOT (RFC 9208 section 4.1.3).
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn get_quota_root(&mut self, mailbox: &MailboxName) -> Result<QuotaRoots> {
        self.run(Call::get_quota_root(mailbox)).await
    }

    /// GETACL (RFC 4314 section 3.3).
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn get_acl(&mut self, mailbox: &MailboxName) -> Result<Option<Acl>> {
        self.run(Call::get_acl(mailbox)).await
    }

    /// MYRIGHTS (RFC 4314 section 3.5): what we may do, one letter a [`Right`].
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn my_rights(&mut self, mailbox: &MailboxName) -> Result<String> {
        self.run(Call::my_rights(mailbox)).await
    }

    /// GETMETADATA (RFC 5464 section 4.2); the empty mailbox name is the server. Values of more than
    /// `max_size` bytes are left out.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn get_metadata(
        &mut self,
        mailbox: &MailboxName,
        entries: &[&str],
        depth: MetadataDepth,
        max_size: Option<u64>,
    ) -> Result<Vec<MetadataEntry>> {
        self.run(Call::get_metadata(mailbox, entries, depth, max_size))
            .await
    }

    /// SETMETADATA (RFC 5464 section 4.3); no value removes the entry.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn set_metadata(
        &mut self,
        mailbox: &MailboxName,
        entries: &[(&str, Option<&[u8]>)],
    ) -> Result<()> {
        require_metadata(self.session(), mailbox)?;
        self.run(Call::plain(Command::set_metadata(mailbox, entries)))
            .await
    }
}
