//! Deleting and moving messages.

use std::collections::HashMap;

use sync_core::model::CollectionId;
use sync_core::source::{Outcome, Stored};
use sync_core::{Error, ErrorKind, Result};

use crate::client::{Client, CopyUid};
use crate::wire::command::{SearchKey, StoreAction};
use crate::wire::{Flags, SystemFlags, UidSet};

use super::ImapSource;
use super::apply::{Standing, Target, look};
use super::connection::Open;
use super::ident::{item_id, mailbox_name, revision};
use super::read::{answer, set_of};
use super::upload::read_only;

/// The messages of a run that may be written, and what is said of the others.
struct Sorted {
    outcomes: Vec<Option<Outcome>>,
    /// The UIDs of those that have no outcome yet.
    uids: Vec<Option<u32>>,
}

impl Sorted {
    fn new(standing: &Standing, targets: &[Target], open: &Open) -> Self {
        let mut outcomes = Vec::with_capacity(targets.len());
        let mut uids = Vec::with_capacity(targets.len());
        for target in targets {
            match standing.check(target, open.uid_validity) {
                Ok(_) if open.read_only => {
                    outcomes.push(Some(Outcome::Refused(read_only())));
                    uids.push(None);
                }
                Ok((uid, _)) => {
                    outcomes.push(None);
                    uids.push(Some(uid));
                }
                Err(outcome) => {
                    outcomes.push(Some(outcome));
                    uids.push(None);
                }
            }
        }
        Self { outcomes, uids }
    }

    fn set(&self) -> UidSet {
        let mut uids: Vec<u32> = self.uids.iter().copied().flatten().collect();
        uids.sort_unstable();
        set_of(uids)
    }

    fn finish(self, mut of: impl FnMut(u32) -> Outcome) -> Vec<Outcome> {
        let all = self.outcomes.into_iter().zip(self.uids);
        all.map(|(outcome, uid)| match (outcome, uid) {
            (Some(outcome), _) => outcome,
            (None, Some(uid)) => of(uid),
            (None, None) => Outcome::Gone,
        })
        .collect()
    }

    fn refuse(self, why: &crate::client::Error) -> Vec<Outcome> {
        self.finish(|_| Outcome::Refused(refusal(why)))
    }
}

fn refusal(why: &crate::client::Error) -> Error {
    let kind = match why {
        _ if why.is_not_found() => ErrorKind::NotFound,
        _ if why.is_denied() => ErrorKind::ReadOnly,
        _ => ErrorKind::Refused,
    };
    Error::new(kind, why.to_string())
}

/// Whether the server does not know the command after all, as behind a proxy that writes its own
/// list of capabilities.
fn is_unknown(why: &crate::client::Error) -> bool {
    why.kind() == crate::client::ErrorKind::Bad
}

fn deleted() -> Flags<'static> {
    SystemFlags::DELETED.into()
}

impl ImapSource {
    pub(super) async fn delete(
        &mut self,
        c: &CollectionId,
        targets: Vec<Target>,
    ) -> Result<Vec<Outcome>> {
        let (client, open) = self.open(c).await?;
        let standing = look(client, &open, targets.iter()).await?;
        let sorted = Sorted::new(&standing, &targets, &open);
        let set = sorted.set();
        if set.is_empty() {
            return Ok(sorted.finish(|_| Outcome::Gone));
        }
        match erase(client, &set, standing.unchanged_since).await? {
            Ok(stale) => Ok(sorted.finish(|uid| match stale.contains(uid) {
                true => Outcome::Stale,
                false => Outcome::Done(Stored::default()),
            })),
            Err(why) => Ok(sorted.refuse(&why)),
        }
    }

    pub(super) async fn move_to(
        &mut self,
        c: &CollectionId,
        targets: Vec<Target>,
        to: &CollectionId,
    ) -> Result<Vec<Outcome>> {
        let (client, open) = self.open(c).await?;
        let standing = look(client, &open, targets.iter()).await?;
        let sorted = Sorted::new(&standing, &targets, &open);
        let set = sorted.set();
        if set.is_empty() {
            return Ok(sorted.finish(|_| Outcome::Gone));
        }
        let to = mailbox_name(to);
        let revisions: HashMap<u32, _> = targets
            .iter()
            .filter_map(|target| standing.check(target, open.uid_validity).ok())
            .map(|(uid, held)| (uid, revision(&held.flags)))
            .collect();
        let moved = match client.session().has("MOVE") {
            true => Some(answer(client.uid_move(&set, &to).await)?),
            false => None,
        };
        let moved = match moved {
            Some(Ok(moved)) => Ok((moved.copy_uid, UidSet::new())),
            Some(Err(why)) if !is_unknown(&why) => Err(why),
            _ => copy_and_erase(client, &set, &to, standing.unchanged_since).await?,
        };
        let (copied, stale) = match moved {
            Ok(moved) => moved,
            Err(why) => return Ok(sorted.refuse(&why)),
        };
        let new: Option<HashMap<u32, u32>> = copied.as_ref().map(pairs);
        let validity = copied.map_or(0, |copied| copied.uid_validity);
        Ok(sorted.finish(|uid| {
            if stale.contains(uid) {
                return Outcome::Stale;
            }
            let id = match &new {
                // Gone between the look and the move.
                Some(new) if !new.contains_key(&uid) => return Outcome::Gone,
                Some(new) => new.get(&uid).map(|new| item_id(validity, *new)),
                None => None,
            };
            Outcome::Done(Stored {
                id,
                revision: revisions.get(&uid).cloned(),
                flags: None,
            })
        }))
    }
}

fn pairs(copied: &CopyUid) -> HashMap<u32, u32> {
    copied
        .source
        .iter()
        .zip(copied.destination.iter())
        .collect()
}

/// COPY and then removal, where MOVE is not offered. What was changed by somebody else in between
/// stays here, and its copy there is removed by nobody: it is Stale, and found as a new message.
async fn copy_and_erase(
    client: &mut Client,
    set: &UidSet,
    to: &crate::wire::MailboxName,
    unchanged_since: Option<u64>,
) -> Result<std::result::Result<(Option<CopyUid>, UidSet), crate::client::Error>> {
    let copied = match answer(client.uid_copy(set, to).await)? {
        Ok(copied) => copied,
        Err(why) => return Ok(Err(why)),
    };
    let erased = erase(client, set, unchanged_since).await?;
    Ok(erased.map(|stale| (copied, stale)))
}

/// Removes these messages and no others for good; says which were changed by somebody else and
/// stay.
async fn erase(
    client: &mut Client,
    set: &UidSet,
    unchanged_since: Option<u64>,
) -> Result<std::result::Result<UidSet, crate::client::Error>> {
    let marked = client
        .uid_store(set, StoreAction::Add, &deleted(), true, unchanged_since)
        .await;
    let stale = match answer(marked)? {
        Ok(marked) => marked.modified.intersection(set),
        Err(why) => return Ok(Err(why)),
    };
    let doomed = set.difference(&stale);
    if doomed.is_empty() {
        return Ok(Ok(stale));
    }
    let expunged = match client.session().has("UIDPLUS") {
        true => Some(answer(client.uid_expunge(&doomed).await)?.map(drop)),
        false => None,
    };
    let expunged = match expunged {
        Some(Err(why)) if is_unknown(&why) => expunge_only(client, &doomed).await?,
        Some(result) => result,
        None => expunge_only(client, &doomed).await?,
    };
    Ok(expunged.map(|()| stale))
}

/// EXPUNGE where it cannot name messages: the mark is taken off all others first and put back
/// after.
///
/// Two races remain, which only UIDPLUS can close: a message that somebody else marks in between is
/// removed, as its owner wanted; and if the connection breaks before the marks are put back, those
/// messages stay and are no longer marked.
async fn expunge_only(
    client: &mut Client,
    doomed: &UidSet,
) -> Result<std::result::Result<(), crate::client::Error>> {
    let marked = client.uid_search(&SearchKey::Deleted).await?.uids;
    let others = marked.difference(doomed);
    if !others.is_empty() {
        let unmarked = client
            .uid_store(&others, StoreAction::Remove, &deleted(), true, None)
            .await;
        if let Err(why) = answer(unmarked)? {
            return Ok(Err(why));
        }
    }
    let expunged = answer(client.expunge().await)?.map(drop);
    if !others.is_empty() {
        let marked = client
            .uid_store(&others, StoreAction::Add, &deleted(), true, None)
            .await;
        if let Err(error) = answer(marked)? {
            tracing::warn!(%error, "messages marked \\Deleted could not be marked again");
        }
    }
    Ok(expunged)
}
