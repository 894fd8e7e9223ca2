//! FETCH responses read into items.

use std::collections::BTreeMap;

use sync_core::model::{Item, ItemId};
use sync_core::{Error, ErrorKind, Result};

use crate::client::{Client, FetchEnd, FetchPart, Pending};
use crate::wire::{Fetch, UidSet};

use super::KIND;
use super::ident::{from_wire, item_id, revision, timestamp};

/// What a FETCH of metadata gave.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Messages by UID.
    pub(super) items: BTreeMap<u32, Item>,
    /// Messages for which there was no room.
    pub(super) more: UidSet,
    /// Messages that could not be decoded.
    pub(super) unreadable: UidSet,
    /// Responses that could not be decoded, of unknown messages.
    pub(super) unknown: u32,
    /// UIDs that are gone (VANISHED).
    pub(super) vanished: UidSet,
}

impl Gathered {
    /// Reads a FETCH to its end; holds `room` items at most.
    pub(super) async fn read(
        &mut self,
        client: &mut Client,
        pending: Pending<FetchEnd>,
        uid_validity: u32,
        room: usize,
    ) -> crate::client::Result<()> {
        let mut stream = client.read_fetch(pending);
        while let Some(part) = stream.next().await? {
            match part {
                FetchPart::Message(fetch) => self.take(&fetch, uid_validity, room),
                FetchPart::Undecodable(bytes) => match uid_in(bytes) {
                    Some(uid) => self.unreadable.insert(uid),
                    None => self.unknown = self.unknown.saturating_add(1),
                },
                _ => {}
            }
        }
        self.vanished.union_with(&stream.finish().await?.vanished);
        let items = &self.items;
        let told_otherwise = self.unreadable.iter().filter(|uid| items.contains_key(uid));
        self.unreadable = self.unreadable.difference(&set_of(told_otherwise));
        Ok(())
    }

    fn take(&mut self, fetch: &Fetch<'_>, uid_validity: u32, room: usize) {
        let Some((uid, item)) = listed(fetch, uid_validity) else {
            return;
        };
        let held = self.items.len();
        match self.items.get_mut(&uid) {
            // Told twice, as when somebody changes it meanwhile: the later flags count.
            Some(known) => {
                known.flags = item.flags;
                known.revision = item.revision;
                known.date = item.date.or(known.date);
                known.size = item.size.or(known.size);
            }
            None if held >= room => self.more.insert(uid),
            None => drop(self.items.insert(uid, item)),
        }
    }

    /// How many messages have UIDs from `from` up to `below`, not included.
    pub(super) fn count(&self, from: u32, below: u32) -> u32 {
        let items = self.items.range(from..below.max(from)).count() as u64;
        let Some(last) = below.checked_sub(1).filter(|last| *last >= from) else {
            return 0;
        };
        let others = self.more.union(&self.unreadable);
        let others = others.intersection(&UidSet::from(from..=last)).len();
        u32::try_from(items.saturating_add(others)).unwrap_or(u32::MAX)
    }

    /// All messages that were told.
    pub(super) fn uids(&self) -> UidSet {
        let mut uids: UidSet = set_of(self.items.keys().copied());
        uids.union_with(&self.more);
        uids.union_with(&self.unreadable);
        uids
    }
}

/// A set of ascending UIDs.
pub(super) fn set_of(uids: impl IntoIterator<Item = u32>) -> UidSet {
    let mut set = UidSet::new();
    uids.into_iter().for_each(|uid| set.insert(uid));
    set
}

/// An item with what a listing tells; `None` if it is not about a whole message.
fn listed(fetch: &Fetch<'_>, uid_validity: u32) -> Option<(u32, Item)> {
    let (uid, flags) = (fetch.uid?, fetch.flags.as_ref()?);
    let flags = from_wire(flags);
    let mut item = Item::new(item_id(uid_validity, uid), KIND, revision(&flags));
    item.flags = flags;
    item.date = fetch.internal_date.map(timestamp);
    item.size = fetch.size;
    Some((uid, item))
}

/// The UID that an undecodable response names.
pub(super) fn uid_in(bytes: &[u8]) -> Option<u32> {
    let head = bytes.get(..bytes.len().min(4_096)).unwrap_or_default();
    let mut words = head.split(|b| matches!(b, b' ' | b'(' | b')' | b'\r' | b'\n'));
    words.find(|word| word.eq_ignore_ascii_case(b"UID"))?;
    std::str::from_utf8(words.next()?).ok()?.parse().ok()
}

/// What is said of a message that cannot be decoded.
pub(super) fn undecodable(id: &ItemId) -> Error {
    let text = "what the server says of it cannot be decoded";
    Error::new(ErrorKind::Item, text).at_item(id)
}

/// Errors that name each of these messages.
pub(super) fn unreadable(uids: &UidSet, uid_validity: u32) -> Vec<Error> {
    uids.iter()
        .map(|uid| undecodable(&item_id(uid_validity, uid)))
        .collect()
}

/// Reads on to the end of a FETCH whose answer is of no interest.
pub(super) fn give_up(pending: Pending<FetchEnd>) {
    // The session skips what nobody waits for.
    drop(pending);
}

/// What a server answered to a command that it may refuse while the session goes on.
pub(super) fn answer<T>(
    result: crate::client::Result<T>,
) -> Result<std::result::Result<T, crate::client::Error>> {
    use crate::client::ErrorKind::{Bad, No};
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error) if matches!(error.kind(), No | Bad) && !error.is_throttled() => {
            tracing::debug!(%error, "refused");
            Ok(Err(error))
        }
        Err(error) => Err(error.into()),
    }
}

/// As [`answer`]; `None` if it was refused.
pub(super) fn unless_refused<T>(result: crate::client::Result<T>) -> Result<Option<T>> {
    Ok(answer(result)?.ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::wire::SystemFlags;

    fn fetch(uid: u32, size: Option<u64>, flags: SystemFlags) -> Fetch<'static> {
        let mut fetch = Fetch::new(1);
        fetch.uid = Some(uid);
        fetch.size = size;
        fetch.flags = Some(flags.into());
        fetch
    }

    #[test]
    fn a_message_told_twice_is_one_item_with_the_later_flags() {
        let mut gathered = Gathered::default();
        gathered.take(&fetch(5, Some(100), SystemFlags::NONE), 7, 10);
        gathered.take(&fetch(5, None, SystemFlags::SEEN), 7, 10);
        assert_eq!(gathered.items.len(), 1);
        let item = gathered.items.remove(&5).unwrap();
        assert_eq!((item.size, item.id.as_str()), (Some(100), "7.5"));
        assert_eq!(item.revision.as_str(), "(\\seen)");
    }

    #[test]
    fn what_has_no_room_is_remembered_by_its_uid() {
        let mut gathered = Gathered::default();
        for uid in 1..=5 {
            gathered.take(&fetch(uid, None, SystemFlags::NONE), 7, 2);
        }
        assert_eq!(gathered.items.len(), 2);
        assert_eq!(gathered.more.to_string(), "3:5");
        assert_eq!(gathered.uids().to_string(), "1:5");
        assert_eq!(gathered.count(2, 5), 3);
        assert_eq!(gathered.count(5, 5), 0);
    }

    #[test]
    fn a_response_about_no_message_is_passed_over() {
        let mut gathered = Gathered::default();
        gathered.take(&Fetch::new(3), 7, 10);
        assert!(gathered.items.is_empty());
    }

    #[test]
    fn an_undecodable_response_may_still_name_its_message() {
        assert_eq!(uid_in(b"* 3 FETCH (UID 42 FLAGS (\\Seen) X \x01"), Some(42));
        assert_eq!(uid_in(b"* 3 FETCH (FLAGS () UID 42)\r\n"), Some(42));
        assert_eq!(uid_in(b"* 3 FETCH (FLAGS ()\r\n"), None);
        assert_eq!(uid_in(b"* 3 FETCH (UID x"), None);
    }
}
