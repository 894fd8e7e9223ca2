//! Mailboxes: SELECT, LIST, STATUS, CREATE and their kin.

use std::sync::Arc;

use crate::wire::command::{ListOptions, SelectOptions, StatusItem};
use crate::wire::response::{List, ListKind, MailboxStatus};
use crate::wire::{
    Code, Command, Flags, MailboxName, Response, StatusKind, StatusResponse, UidSet,
};

use super::Client;
use super::call::{Call, Effect};
use super::error::{Error, ErrorKind, Result};
use super::session::Session;

/// What SELECT or EXAMINE told (RFC 9051 section 6.3.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Selected {
    /// How many messages there are.
    pub exists: u32,
    /// How many are recent (RFC 3501).
    pub recent: u32,
    /// The flags that occur.
    pub flags: Flags<'static>,
    /// The flags that can be changed for good; `None`: the server did not say, so all of them
    /// (RFC 9051 section 7.1).
    pub permanent_flags: Option<Flags<'static>>,
    /// The validity of the UIDs.
    pub uid_validity: Option<u32>,
    /// The UID of the next message, or above. Not every server says it here; STATUS has it too.
    pub uid_next: Option<u32>,
    /// The highest mod-sequence; `None`: no CONDSTORE, or NOMODSEQ.
    pub highest_mod_seq: Option<u64>,
    /// The server said NOMODSEQ: this mailbox keeps no mod-sequences.
    pub no_mod_seq: bool,
    /// The object id (RFC 8474).
    pub mailbox_id: Option<String>,
    /// Nothing can be changed.
    pub read_only: bool,
    /// UIDs do not last (UIDNOTSTICKY).
    pub uid_not_sticky: bool,
    /// QRESYNC: UIDs that are gone; may name UIDs that were never known, or all.
    pub vanished: UidSet,
    /// QRESYNC: messages that changed.
    pub changed: Vec<Changed>,
}

/// A message that changed since the mod-sequence that was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Sequence number.
    pub seq: u32,
    /// UID; a server that leaves it out breaks RFC 7162.
    pub uid: Option<u32>,
    /// Mod-sequence.
    pub mod_seq: Option<u64>,
    /// All its flags now.
    pub flags: Flags<'static>,
}

/// A mailbox of a LIST answer, with its STATUS if that was asked for (RFC 5819).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The LIST line.
    pub list: List,
    /// The STATUS line; a server leaves it out for mailboxes that cannot be selected.
    pub status: Option<MailboxStatus>,
}

impl Call<Selected> {
    /// See [`Client::select`].
    #[must_use]
    pub fn select(mailbox: &MailboxName, options: SelectOptions) -> Self {
        Self::open(mailbox, options, false)
    }

    /// See [`Client::examine`].
    #[must_use]
    pub fn examine(mailbox: &MailboxName, options: SelectOptions) -> Self {
        Self::open(mailbox, options, true)
    }

    fn open(mailbox: &MailboxName, mut options: SelectOptions, read_only: bool) -> Self {
        let effect = Effect::Select(Arc::new(mailbox.clone()));
        let mailbox = mailbox.clone();
        let build = move |session: &Session| {
            if options.qresync.is_some() && !session.is_enabled("QRESYNC") {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "QRESYNC was not enabled",
                ));
            }
            options.condstore &= session.has("CONDSTORE") || session.has("QRESYNC");
            Ok(if read_only {
                Command::examine(&mailbox, &options)
            } else {
                Command::select(&mailbox, &options)
            })
        };
        Self::build(build, take_selected)
            .done(|own, status| {
                match &status.code {
                    Some(Code::ReadOnly) => own.read_only = true,
                    Some(Code::ReadWrite) => own.read_only = false,
                    Some(code) => {
                        own.learn(code);
                    }
                    None => {}
                }
                status.is_ok()
            })
            .with(Selected {
                read_only,
                ..Selected::default()
            })
            .effect(effect)
    }
}

fn take_selected<'a>(own: &mut Selected, _: u32, response: Response<'a>) -> Option<Response<'a>> {
    match response {
        Response::Exists(n) => own.exists = n,
        Response::Recent(n) => own.recent = n,
        Response::Flags(flags) => own.flags = flags,
        Response::Vanished(vanished) if vanished.earlier => {
            own.vanished.union_with(&vanished.uids);
        }
        Response::Fetch(fetch) => match fetch.flags {
            Some(flags) => own.changed.push(Changed {
                seq: fetch.seq,
                uid: fetch.uid,
                mod_seq: fetch.mod_seq,
                flags: flags.into_owned(),
            }),
            None => return Some(Response::Fetch(fetch)),
        },
        Response::Status(StatusResponse {
            kind: StatusKind::Ok,
            code: Some(code),
            text,
        }) => {
            // What came before was about the mailbox that was selected until now (RFC 7162 section 3.2.11).
            if code == Code::Closed {
                *own = Selected {
                    read_only: own.read_only,
                    ..Selected::default()
                };
            } else if !own.learn(&code) {
                let status = StatusResponse::new(StatusKind::Ok, text).with_code(code);
                return Some(Response::Status(status));
            }
        }
        other => return Some(other),
    }
    None
}

impl Selected {
    /// Whether the code is about the mailbox that is being selected.
    fn learn(&mut self, code: &Code) -> bool {
        match code {
            Code::PermanentFlags(flags) => self.permanent_flags = Some(flags.clone()),
            Code::UidValidity(n) => self.uid_validity = Some(*n),
            Code::UidNext(n) => self.uid_next = Some(*n),
            // 0 would mean NOMODSEQ in a STATUS.
            Code::HighestModSeq(n) => self.highest_mod_seq = (*n > 0).then_some(*n),
            Code::NoModSeq => {
                self.no_mod_seq = true;
                self.highest_mod_seq = None;
            }
            Code::MailboxId(id) => self.mailbox_id = Some(id.clone()),
            Code::UidNotSticky => self.uid_not_sticky = true,
            Code::Unseen(_) => {}
            _ => return false,
        }
        true
    }
}

impl Call<Vec<Listed>> {
    /// See [`Client::list`].
    #[must_use]
    pub fn list(reference: &MailboxName, pattern: &MailboxName, options: ListOptions) -> Self {
        let (reference, pattern) = (reference.clone(), pattern.clone());
        let build = move |session: &Session| {
            let options = offered(options, session);
            Ok(Command::list(&reference, &pattern, &options))
        };
        Self::build(build, |own, _, response| match response {
            Response::List(list) if list.kind != ListKind::Lsub => {
                own.push(Listed { list, status: None });
                None
            }
            Response::MailboxStatus(status) => {
                // Most servers send it right behind its LIST.
                let of = own.iter_mut().rev().find(|l| l.list.name == status.mailbox);
                match of {
                    Some(listed) => {
                        listed.status = Some(status);
                        None
                    }
                    None => Some(Response::MailboxStatus(status)),
                }
            }
            other => Some(other),
        })
    }

    /// See [`Client::lsub`].
    #[must_use]
    pub fn lsub(reference: &MailboxName, pattern: &MailboxName) -> Self {
        Self::new(
            Command::lsub(reference, pattern),
            |own, _, response| match response {
                Response::List(list) => {
                    own.push(Listed { list, status: None });
                    None
                }
                other => Some(other),
            },
        )
    }
}

/// The options without those that the server does not have.
fn offered(mut options: ListOptions, session: &Session) -> ListOptions {
    let extended = session.has("LIST-EXTENDED");
    let special = session.capabilities().has("SPECIAL-USE") || session.has("IMAP4rev2");
    options.select_subscribed &= extended;
    options.select_remote &= extended;
    options.select_recursive_match &= extended;
    options.select_special_use &= special && extended;
    options.return_subscribed &= extended;
    options.return_children &= extended;
    options.return_special_use &= special && extended;
    options.return_my_rights &= session.has("LIST-MYRIGHTS");
    if session.has("LIST-STATUS") {
        options.return_status = status_items(&options.return_status, session);
    } else {
        options.return_status.clear();
    }
    options
}

/// The items without those that the server would refuse.
fn status_items(items: &[StatusItem], session: &Session) -> Vec<StatusItem> {
    let known = |item: &StatusItem| match item {
        StatusItem::HighestModSeq => session.has("CONDSTORE") || session.has("QRESYNC"),
        StatusItem::MailboxId => session.has("OBJECTID"),
        StatusItem::Size => session.has("STATUS=SIZE") || session.has("IMAP4rev2"),
        StatusItem::Deleted => session.has("IMAP4rev2") || session.has("QUOTA=RES-MESSAGE"),
        StatusItem::DeletedStorage => session.has("QUOTA=RES-STORAGE"),
        StatusItem::AppendLimit => session.has("APPENDLIMIT"),
        StatusItem::Recent => !session.is_enabled("IMAP4rev2"),
        _ => true,
    };
    items.iter().copied().filter(known).collect()
}

impl Call<Option<MailboxStatus>> {
    /// See [`Client::status`]. The answer is `None` if the server completed the command without
    /// a STATUS line.
    #[must_use]
    pub fn status(mailbox: &MailboxName, items: &[StatusItem]) -> Self {
        let (mailbox, items) = (mailbox.clone(), items.to_vec());
        let build =
            move |session: &Session| Ok(Command::status(&mailbox, &status_items(&items, session)));
        Self::build(build, |own, _, response| match response {
            Response::MailboxStatus(status) if own.is_none() => {
                *own = Some(status);
                None
            }
            other => Some(other),
        })
    }
}

/// What CREATE told: the mailbox's object id (RFC 8474).
type Created = Option<String>;

impl Call<Created> {
    /// See [`Client::create`].
    #[must_use]
    pub fn create(mailbox: &MailboxName, special_use: &[&str]) -> Self {
        let with_use = Command::create(mailbox, special_use);
        let without = Command::create(mailbox, &[]);
        let build = |session: &Session| {
            let can = session.has("CREATE-SPECIAL-USE");
            Ok(if can { with_use } else { without })
        };
        Self::build(build, |_, _, response| Some(response)).done(|own, status| {
            if let Some(Code::MailboxId(id)) = &status.code {
                *own = Some(id.clone());
            }
            status.is_ok()
        })
    }
}

impl Call<()> {
    /// See [`Client::delete`].
    #[must_use]
    pub fn delete(mailbox: &MailboxName) -> Self {
        Self::plain(Command::delete(mailbox))
    }

    /// See [`Client::rename`].
    #[must_use]
    pub fn rename(from: &MailboxName, to: &MailboxName) -> Self {
        Self::plain(Command::rename(from, to))
    }

    /// See [`Client::subscribe`].
    #[must_use]
    pub fn subscribe(mailbox: &MailboxName) -> Self {
        Self::plain(Command::subscribe(mailbox))
    }

    /// See [`Client::unsubscribe`].
    #[must_use]
    pub fn unsubscribe(mailbox: &MailboxName) -> Self {
        Self::plain(Command::unsubscribe(mailbox))
    }
}

impl Client {
    /// SELECT (RFC 9051 section 6.3.2), with CONDSTORE where offered (RFC 7162 section 3.1.8) and
    /// QRESYNC where enabled (section 3.2.5).
    ///
    /// # Errors
    /// As [`run`](Self::run); then no mailbox is selected.
    pub async fn select(
        &mut self,
        mailbox: &MailboxName,
        options: SelectOptions,
    ) -> Result<Selected> {
        self.run(Call::select(mailbox, options)).await
    }

    /// EXAMINE (RFC 9051 section 6.3.3): as [`select`](Self::select), read-only.
    ///
    /// # Errors
    /// As [`select`](Self::select).
    pub async fn examine(
        &mut self,
        mailbox: &MailboxName,
        options: SelectOptions,
    ) -> Result<Selected> {
        self.run(Call::examine(mailbox, options)).await
    }

    /// UNSELECT (RFC 3691): leaves the mailbox without expunging. Where it is not offered, EXAMINE
    /// of the same mailbox and CLOSE, which then expunges nothing.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn unselect(&mut self) -> Result<()> {
        let Some(mailbox) = self.driver.router.session.selected.clone() else {
            return Ok(());
        };
        if self.session().has("UNSELECT") {
            let unselect = Call::plain(Command::unselect());
            return self.run(unselect.effect(Effect::Deselect)).await;
        }
        self.examine(&mailbox, SelectOptions::default()).await?;
        self.close().await
    }

    /// CLOSE (RFC 9051 section 6.4.1): leaves the mailbox and removes all messages marked
    /// `\Deleted`, whoever marked them.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn close(&mut self) -> Result<()> {
        let close = Call::plain(Command::close());
        self.run(close.effect(Effect::Deselect)).await
    }

    /// LIST (RFC 9051 section 6.3.9): mailboxes that match `pattern` below `reference`; `*` stands
    /// for anything, `%` for anything but the delimiter.
    ///
    /// Options of LIST-EXTENDED (RFC 5258), SPECIAL-USE (RFC 6154) and LIST-STATUS (RFC 5819) that the
    /// server does not offer are left out: [`Listed::status`] is then `None`.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn list(
        &mut self,
        reference: &MailboxName,
        pattern: &MailboxName,
        options: ListOptions,
    ) -> Result<Vec<Listed>> {
        self.run(Call::list(reference, pattern, options)).await
    }

    /// LSUB (RFC 3501 section 6.3.9): subscribed mailboxes, for servers without LIST-EXTENDED.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn lsub(
        &mut self,
        reference: &MailboxName,
        pattern: &MailboxName,
    ) -> Result<Vec<Listed>> {
        self.run(Call::lsub(reference, pattern)).await
    }

    /// STATUS (RFC 9051 section 6.3.11): the state of a mailbox that is not selected. Items that
    /// the server does not know are left out.
    ///
    /// # Errors
    /// As [`run`](Self::run); [`ErrorKind::Protocol`] if the server says OK without an answer.
    pub async fn status(
        &mut self,
        mailbox: &MailboxName,
        items: &[StatusItem],
    ) -> Result<MailboxStatus> {
        self.run(Call::status(mailbox, items))
            .await?
            .ok_or_else(|| Error::new(ErrorKind::Protocol, "no answer in it").or_command("STATUS"))
    }

    /// CREATE (RFC 9051 section 6.3.4); `special_use` names attributes such as `\Sent` (RFC 6154)
    /// and is left out where CREATE-SPECIAL-USE is not offered. Gives the object id (RFC 8474) if
    /// the server tells it.
    ///
    /// # Errors
    /// As [`run`](Self::run); [`Error::is_already_there`].
    pub async fn create(
        &mut self,
        mailbox: &MailboxName,
        special_use: &[&str],
    ) -> Result<Option<String>> {
        self.run(Call::create(mailbox, special_use)).await
    }

    /// DELETE (RFC 9051 section 6.3.5): the mailbox with its messages.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn delete(&mut self, mailbox: &MailboxName) -> Result<()> {
        self.run(Call::delete(mailbox)).await
    }

    /// RENAME (RFC 9051 section 6.3.6).
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn rename(&mut self, from: &MailboxName, to: &MailboxName) -> Result<()> {
        self.run(Call::rename(from, to)).await
    }

    /// SUBSCRIBE (RFC 9051 section 6.3.7).
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn subscribe(&mut self, mailbox: &MailboxName) -> Result<()> {
        self.run(Call::subscribe(mailbox)).await
    }

    /// UNSUBSCRIBE (RFC 9051 section 6.3.8).
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn unsubscribe(&mut self, mailbox: &MailboxName) -> Result<()> {
        self.run(Call::unsubscribe(mailbox)).await
    }
}
