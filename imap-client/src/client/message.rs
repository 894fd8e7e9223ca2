//! Messages: STORE, COPY, MOVE and EXPUNGE.

use crate::wire::command::{Messages, StoreAction};
use crate::wire::response::Vanished;
use crate::wire::{Code, Command, Flags, MailboxName, Response, SequenceSet, UidList, UidSet};

use super::Client;
use super::call::Call;
use super::error::Result;
use super::mailbox::Changed;
use super::session::Session;

/// What STORE told (RFC 7162 section 3.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stored {
    /// UIDs that were left alone: their mod-sequence is above UNCHANGEDSINCE.
    pub modified: SequenceSet,
    /// Flags and mod-sequences as they are now, of those messages the server told. What it told of
    /// others is an [event](Client::next_event).
    pub changed: Vec<Changed>,
    asked: UidSet,
}

/// What became which UID (COPYUID, RFC 4315): the n-th of one list became the n-th of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyUid {
    /// The validity of UIDs in the destination.
    pub uid_validity: u32,
    /// UIDs in the source mailbox.
    pub source: UidList,
    /// UIDs in the destination.
    pub destination: UidList,
}

/// What MOVE told (RFC 6851).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Moved {
    /// Which UIDs the messages got; `None`: no UIDPLUS, or nothing was moved.
    pub copy_uid: Option<CopyUid>,
    /// UIDs that left the source mailbox (QRESYNC: VANISHED); others that are gone are
    /// [events](Client::next_event).
    pub vanished: UidSet,
    /// Sequence numbers that left it, in the order told, each counted after those before it.
    pub expunged: Vec<u32>,
    asked: UidSet,
}

/// What EXPUNGE told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Expunged {
    /// UIDs that are gone (QRESYNC: VANISHED); of UID EXPUNGE those that were named, others that are gone
    /// are [events](Client::next_event).
    pub vanished: UidSet,
    /// Sequence numbers that are gone, in the order told, each counted after those before it.
    /// They may be of messages that another session removed.
    pub expunged: Vec<u32>,
    /// The highest mod-sequence after it, if told.
    pub highest_mod_seq: Option<u64>,
    asked: UidSet,
}

/// Takes the UIDs that were asked to go; the others are somebody else's doing.
fn take_vanished(own: &mut UidSet, asked: &UidSet, told: &Vanished) -> Option<Response<'static>> {
    own.union_with(&told.uids.intersection(asked));
    let uids = told.uids.difference(asked);
    (!uids.is_empty()).then_some(Response::Vanished(Vanished {
        earlier: false,
        uids,
    }))
}

fn copy_uid(code: Option<&Code>) -> Option<CopyUid> {
    match code {
        Some(Code::CopyUid {
            uid_validity,
            source,
            destination,
            // Lists that do not pair up would name wrong messages.
        }) if source.len() == destination.len() => Some(CopyUid {
            uid_validity: *uid_validity,
            source: source.clone(),
            destination: destination.clone(),
        }),
        _ => None,
    }
}

impl Call<Stored> {
    /// See [`Client::uid_store`].
    #[must_use]
    pub fn uid_store(
        uids: &UidSet,
        action: StoreAction,
        flags: &Flags<'_>,
        silent: bool,
        unchanged_since: Option<u64>,
    ) -> Self {
        let on = Messages::Uid(uids);
        let command = Command::store(on, action, flags, silent, unchanged_since);
        let build = move |session: &Session| {
            if unchanged_since.is_some() && !session.has("QRESYNC") {
                session.require("CONDSTORE")?;
            }
            Ok(command)
        };
        Self::build(build, |own, _, response| match response {
            Response::Fetch(fetch)
                if fetch.sections.is_empty()
                    && fetch.uid.is_none_or(|uid| own.asked.contains(uid)) =>
            {
                own.changed.push(Changed {
                    seq: fetch.seq,
                    uid: fetch.uid,
                    mod_seq: fetch.mod_seq,
                    flags: fetch.flags.unwrap_or_default().into_owned(),
                });
                None
            }
            other => Some(other),
        })
        .done(|own, status| {
            if let Some(Code::Modified(uids)) = &status.code {
                own.modified = uids.clone();
                // Section 3.1.3, example 8: a NO that names them is an answer, no failure.
                return true;
            }
            status.is_ok()
        })
        .with(Stored {
            asked: uids.clone(),
            ..Stored::default()
        })
    }
}

impl Call<Option<CopyUid>> {
    /// See [`Client::uid_copy`].
    #[must_use]
    pub fn uid_copy(uids: &UidSet, to: &MailboxName) -> Self {
        let command = Command::copy(Messages::Uid(uids), to);
        Self::new(command, |own, _, response| match &response {
            Response::Status(status) if own.is_none() => {
                *own = copy_uid(status.code.as_ref());
                own.is_none().then_some(response)
            }
            _ => Some(response),
        })
        .done(|own, status| {
            if own.is_none() {
                *own = copy_uid(status.code.as_ref());
            }
            status.is_ok()
        })
    }
}

impl Call<Moved> {
    /// See [`Client::uid_move`].
    #[must_use]
    pub fn uid_move(uids: &UidSet, to: &MailboxName) -> Self {
        let command = Command::move_messages(Messages::Uid(uids), to);
        let build = |session: &Session| session.require("MOVE").map(|()| command);
        Self::build(build, |own, _, response| match response {
            Response::Expunge(n) => {
                own.expunged.push(n);
                None
            }
            Response::Vanished(vanished) if !vanished.earlier => {
                take_vanished(&mut own.vanished, &own.asked, &vanished)
            }
            // RFC 6851 section 4.3: it comes before the expunges, in an untagged OK.
            Response::Status(status) if own.copy_uid.is_none() => {
                own.copy_uid = copy_uid(status.code.as_ref());
                own.copy_uid.is_none().then_some(Response::Status(status))
            }
            other => Some(other),
        })
        .done(|own, status| {
            if own.copy_uid.is_none() {
                own.copy_uid = copy_uid(status.code.as_ref());
            }
            status.is_ok()
        })
        .with(Moved {
            asked: uids.clone(),
            ..Moved::default()
        })
    }
}

impl Call<Expunged> {
    /// See [`Client::uid_expunge`].
    #[must_use]
    pub fn uid_expunge(uids: &UidSet) -> Self {
        let command = Command::uid_expunge(uids);
        let build = |session: &Session| session.require("UIDPLUS").map(|()| command);
        Self::expunging(uids.clone(), build)
    }

    /// See [`Client::expunge`].
    #[must_use]
    pub fn expunge() -> Self {
        Self::expunging(UidSet::all(), |_| Ok(Command::expunge()))
    }

    fn expunging(
        asked: UidSet,
        build: impl FnOnce(&Session) -> Result<Command> + Send + 'static,
    ) -> Self {
        Self::build(build, |own, _, response| match response {
            Response::Expunge(n) => {
                own.expunged.push(n);
                None
            }
            Response::Vanished(vanished) if !vanished.earlier => {
                take_vanished(&mut own.vanished, &own.asked, &vanished)
            }
            other => Some(other),
        })
        .done(|own, status| {
            if let Some(Code::HighestModSeq(n)) = status.code {
                own.highest_mod_seq = Some(n);
            }
            status.is_ok()
        })
        .with(Expunged {
            asked,
            ..Expunged::default()
        })
    }
}

impl Client {
    /// UID STORE of flags (RFC 9051 section 6.4.6). `silent` asks the server not to repeat the flags;
    /// with CONDSTORE it still tells the new mod-sequences.
    ///
    /// `unchanged_since` (RFC 7162 section 3.1.3) leaves messages alone whose mod-sequence is above;
    /// they are then in [`Stored::modified`].
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn uid_store(
        &mut self,
        uids: &UidSet,
        action: StoreAction,
        flags: &Flags<'_>,
        silent: bool,
        unchanged_since: Option<u64>,
    ) -> Result<Stored> {
        self.run(Call::uid_store(
            uids,
            action,
            flags,
            silent,
            unchanged_since,
        ))
        .await
    }

    /// UID COPY (RFC 9051 section 6.4.7). The UIDs of the copies are known only with UIDPLUS
    /// (RFC 4315).
    ///
    /// # Errors
    /// As [`run`](Self::run); [`Error::is_not_found`](super::Error::is_not_found) if the
    /// destination is to be created first.
    pub async fn uid_copy(&mut self, uids: &UidSet, to: &MailboxName) -> Result<Option<CopyUid>> {
        self.run(Call::uid_copy(uids, to)).await
    }

    /// UID MOVE (RFC 6851 section 3).
    ///
    /// # Errors
    /// As [`run`](Self::run); [`ErrorKind::Unsupported`](super::ErrorKind::Unsupported) without MOVE:
    /// then [`uid_copy`](Self::uid_copy), [`uid_store`](Self::uid_store) of `\Deleted` and
    /// [`uid_expunge`](Self::uid_expunge) do the same.
    pub async fn uid_move(&mut self, uids: &UidSet, to: &MailboxName) -> Result<Moved> {
        self.run(Call::uid_move(uids, to)).await
    }

    /// UID EXPUNGE (RFC 4315 section 2.1): removes those of `uids` that are marked `\Deleted`.
    ///
    /// # Errors
    /// As [`run`](Self::run); [`ErrorKind::Unsupported`](super::ErrorKind::Unsupported) without
    /// UIDPLUS.
    pub async fn uid_expunge(&mut self, uids: &UidSet) -> Result<Expunged> {
        self.run(Call::uid_expunge(uids)).await
    }

    /// EXPUNGE (RFC 9051 section 6.4.3): removes all messages marked `\Deleted`, whoever marked them.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn expunge(&mut self) -> Result<Expunged> {
        self.run(Call::expunge()).await
    }
}
