//! Creating messages.

use sync_core::model::{CollectionId, Flags, NewItem};
use sync_core::source::{Outcome, Stored};
use sync_core::{Error, ErrorKind, Result};

use crate::client::{AppendUid, Client, Upload, UploadBody};
use crate::wire::MailboxName;
use crate::wire::command::AppendMessage;

use super::connection::Open;
use super::ident::{date_time, from_wire, item_id, mailbox_name, revision, to_wire};
use super::{ImapSource, KIND};

/// How many bytes of single APPENDs are in flight.
const IN_FLIGHT: u64 = 256 * 1024;

impl ImapSource {
    pub(super) async fn create(
        &mut self,
        c: &CollectionId,
        new: Vec<NewItem>,
    ) -> Result<Vec<Outcome>> {
        self.client().await?;
        // What can be kept is known of a mailbox that is or was open.
        let open = match self.open.clone().filter(|open| open.id == *c) {
            Some(open) => open,
            None => self.open(c).await?.1,
        };
        let client = self
            .client
            .as_mut()
            .ok_or_else(super::connection::not_connected)?;
        let limit = client.session().append_limit();
        let mut outcomes: Vec<Option<Outcome>> = new
            .iter()
            .map(|item| refusal(item, &open, limit).map(Outcome::Refused))
            .collect();
        let sent: Vec<usize> = (0..new.len())
            .filter(|i| matches!(outcomes.get(*i), Some(None)))
            .collect();
        let items: Vec<&NewItem> = sent.iter().filter_map(|i| new.get(*i)).collect();
        let results = append_all(client, &mailbox_name(c), &items, &open).await?;
        for (i, outcome) in sent.into_iter().zip(results) {
            if let Some(slot) = outcomes.get_mut(i) {
                *slot = Some(outcome);
            }
        }
        Ok(outcomes.into_iter().flatten().collect())
    }
}

/// Why a message is not sent at all.
fn refusal(item: &NewItem, open: &Open, limit: Option<u64>) -> Option<Error> {
    if item.kind != KIND {
        let text = format!("a mailbox holds messages, no {}s", item.kind);
        return Some(Error::new(ErrorKind::Unsupported, text));
    }
    if open.read_only {
        return Some(read_only());
    }
    let size = item.body.len();
    let limit = limit.filter(|limit| size > *limit)?;
    let text = format!("{size} bytes; the server takes {limit} (APPENDLIMIT)");
    Some(Error::new(ErrorKind::TooLarge, text))
}

pub(super) fn read_only() -> Error {
    Error::new(ErrorKind::ReadOnly, "the mailbox is read-only")
}

async fn append_all(
    client: &mut Client,
    mailbox: &MailboxName,
    items: &[&NewItem],
    open: &Open,
) -> Result<Vec<Outcome>> {
    if items.len() > 1 && client.session().has("MULTIAPPEND") {
        let mut uploads: Vec<Upload<'_>> = items.iter().map(|item| upload(item, open)).collect();
        match client.append(mailbox, &mut uploads).await {
            Ok(uids) => return Ok(stored(items, open, uids.as_ref())),
            // All or nothing: one by one shows which of them is refused.
            Err(error) if is_refusal(&error) => {
                tracing::debug!(%error, "MULTIAPPEND refused");
            }
            Err(error) => return Err(error.into()),
        }
    }
    let mut outcomes = Vec::with_capacity(items.len());
    let mut rest = items;
    while !rest.is_empty() {
        let mut bytes = 0_u64;
        let fits = |item: &&&NewItem| {
            let first = bytes == 0;
            bytes = bytes.saturating_add(item.body.len().max(1));
            first || bytes <= IN_FLIGHT
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (some, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        rest = after;
        let mut pending = Vec::with_capacity(some.len());
        for item in some {
            let mut upload = [upload(item, open)];
            pending.push(client.send_append(mailbox, &mut upload).await?);
        }
        for (item, pending) in some.iter().zip(pending) {
            outcomes.push(match client.wait(pending).await {
                Ok(uids) => done(item, open, uid_at(uids.as_ref(), 0, 1)),
                Err(error) if is_refusal(&error) => Outcome::Refused(error.into()),
                Err(error) => return Err(error.into()),
            });
        }
    }
    Ok(outcomes)
}

/// Whether the server refuses this one message, and may take others.
fn is_refusal(error: &crate::client::Error) -> bool {
    use crate::client::ErrorKind::{Bad, No, TooLarge};
    matches!(error.kind(), No | Bad | TooLarge)
        && !error.is_throttled()
        // TRYCREATE: the mailbox is gone, for all of them.
        && !error.is_not_found()
}

fn upload<'a>(item: &'a NewItem, open: &Open) -> Upload<'a> {
    let mut message =
        AppendMessage::new(item.body.len()).flags(to_wire(&item.flags, open.permanent.as_ref()));
    if let Some(date) = item.date.and_then(date_time) {
        message = message.date(date);
    }
    let body = match item.body.as_memory() {
        Some(bytes) => UploadBody::Bytes(bytes),
        None => UploadBody::Chunks(Box::new(item.body.chunks())),
    };
    Upload { message, body }
}

fn stored(items: &[&NewItem], open: &Open, uids: Option<&AppendUid>) -> Vec<Outcome> {
    let all = items.len();
    let uid = |i| uid_at(uids, i, all);
    let items = items.iter().enumerate();
    items.map(|(i, item)| done(item, open, uid(i))).collect()
}

/// The UIDVALIDITY and UID of the `i`-th of `count` messages. A server that names another number of
/// UIDs than it was given messages names none.
fn uid_at(uids: Option<&AppendUid>, i: usize, count: usize) -> Option<(u32, u32)> {
    let told = uids.filter(|told| told.uids.len() == count as u64)?;
    Some((told.uid_validity, told.uids.iter().nth(i)?))
}

fn done(item: &NewItem, open: &Open, uid: Option<(u32, u32)>) -> Outcome {
    let kept = kept(&item.flags, open);
    Outcome::Done(Stored {
        id: uid.map(|(validity, uid)| item_id(validity, uid)),
        revision: Some(revision(&kept)),
        flags: (kept != item.flags).then_some(kept),
    })
}

/// What of these flags the mailbox keeps.
pub(super) fn kept(flags: &Flags, open: &Open) -> Flags {
    from_wire(&to_wire(flags, open.permanent.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::UidList;

    #[test]
    fn ids_are_believed_only_if_there_is_one_for_each() {
        let told = |uids: &[u32]| AppendUid {
            uid_validity: 7,
            uids: uids.iter().copied().collect::<UidList>(),
        };
        assert_eq!(uid_at(Some(&told(&[5, 3])), 1, 2), Some((7, 3)));
        assert_eq!(uid_at(Some(&told(&[5])), 0, 2), None);
        assert_eq!(uid_at(Some(&told(&[5, 6, 7])), 0, 2), None);
        assert_eq!(uid_at(None, 0, 1), None);
    }
}
