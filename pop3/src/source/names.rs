//! How messages are named.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use sync_core::Result;
use sync_core::model::{Body, ItemId};

use crate::client::Part;
use crate::wire::{ListEntry, UidlEntry};

use super::cursor::{Naming, first_half};
use super::fetch::{Arriving, Kept};
use super::header::Fields;
use super::session::Session;
use super::view::{Named, View};

/// How much of a header is looked at.
const HEADER: usize = 256 * 1024;

/// Fields that servers write into messages to remember what was read.
const VOLATILE: [&[u8]; 4] = [b"status", b"x-status", b"x-uidl", b"x-keywords"];

/// Lists a session's messages; by their headers where that is wanted or nothing else will do.
pub(super) async fn view(
    session: &mut Session,
    wanted: Option<Naming>,
    kept: &mut Kept,
) -> Result<View> {
    let list = if wanted == Some(Naming::Header) {
        session.client.list().await?
    } else {
        let (list, uidl) = session.client.listings().await?;
        let named = uidl.and_then(|uidl| by_uidl(&list, uidl));
        let view = named.map(|named| View::new(Naming::Uidl, session.since, named));
        if let Some(view) = view.filter(|view| !view.is_ambiguous()) {
            return Ok(view);
        }
        tracing::info!("not every message has a unique id; naming them by their headers");
        list
    };
    by_header(session, list, kept).await
}

/// Names messages by UIDL; `None` unless each has an id that can be shown.
fn by_uidl(list: &[ListEntry], mut uidl: Vec<UidlEntry>) -> Option<Vec<Named>> {
    uidl.sort_by_key(|entry| entry.number);
    let mut named = Vec::with_capacity(list.len());
    for entry in list {
        let at = uidl
            .binary_search_by_key(&entry.number, |entry| entry.number)
            .ok()?;
        // Taken, so that a number that comes twice has no name.
        let name = std::mem::take(&mut uidl.get_mut(at)?.unique_id);
        if name.chars().any(char::is_control) {
            return None;
        }
        named.push(Named {
            name: name.into(),
            entry: *entry,
        });
    }
    Some(named)
}

/// Whether an id was made from a header.
pub(super) fn naming_of(id: &ItemId) -> Naming {
    let digits = |text: &str, count: usize| text.len() == count && is_hex(text);
    let made = id.as_str().strip_prefix(PREFIX).and_then(|rest| {
        let (digest, ordinal) = rest.split_once('.')?;
        Some(digits(digest, 32) && ordinal.parse::<u32>().is_ok())
    });
    if made == Some(true) {
        Naming::Header
    } else {
        Naming::Uidl
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
}

const PREFIX: &str = "top:";

type Digest = [u8; 16];

/// Names messages by the digests of their headers, and equal ones by their order.
async fn by_header(
    session: &mut Session,
    mut list: Vec<ListEntry>,
    kept: &mut Kept,
) -> Result<View> {
    list.sort_by_key(|entry| entry.number);
    list.dedup_by_key(|entry| entry.number);
    let mut digests: HashMap<u32, Digest> = HashMap::with_capacity(list.len());
    let capabilities = session.client.capabilities();
    let has_top = capabilities.top || !capabilities.is_announced();
    if let Some((first, rest)) = list.split_first().filter(|_| has_top) {
        // One alone tells whether there is TOP where the server does not say it.
        top(session, std::slice::from_ref(first), &mut digests).await?;
        if !digests.is_empty() {
            top(session, rest, &mut digests).await?;
        }
    }
    let lacking = |entry: &&ListEntry| !digests.contains_key(&entry.number);
    let lacking: Vec<ListEntry> = list.iter().filter(lacking).copied().collect();
    let mut bodies = HashMap::new();
    let mut nameless = Vec::new();
    if !lacking.is_empty() {
        let mut read = Whole {
            digests: &mut digests,
            bodies: &mut bodies,
            nameless: &mut nameless,
        };
        read.all(session, &lacking).await?;
    }
    let mut ordinals: HashMap<Digest, u32> = HashMap::new();
    let mut named = Vec::with_capacity(list.len());
    for entry in list {
        let Some(digest) = digests.get(&entry.number) else {
            continue;
        };
        let ordinal = ordinals.entry(*digest).or_default();
        *ordinal = ordinal.saturating_add(1);
        let hex = u128::from_be_bytes(*digest);
        let name = format!("{PREFIX}{hex:032x}.{ordinal}");
        if let Some(body) = bodies.remove(&entry.number) {
            kept.offer(&ItemId::new(&*name), body);
        }
        named.push(Named {
            name: name.into(),
            entry,
        });
    }
    let mut view = View::new(Naming::Header, session.since, named);
    view.nameless = nameless;
    Ok(view)
}

/// Reads headers by TOP; a message that is refused gets no digest.
async fn top(
    session: &mut Session,
    messages: &[ListEntry],
    digests: &mut HashMap<u32, Digest>,
) -> Result<()> {
    let mut transfer = session.client.top(messages, 0);
    let mut header = Vec::new();
    while let Some(part) = transfer.next().await? {
        match part {
            Part::Begin { .. } => header.clear(),
            Part::Chunk(bytes) => gather(&mut header, &bytes),
            Part::End { number } => {
                digests.insert(number, digest(&header));
            }
            Part::Failed { number, error } => tracing::debug!(number, %error, "no TOP"),
        }
    }
    Ok(())
}

/// Whole messages, read for the sake of their headers.
struct Whole<'a> {
    digests: &'a mut HashMap<u32, Digest>,
    bodies: &'a mut HashMap<u32, Body>,
    nameless: &'a mut Vec<(u32, String)>,
}

impl Whole<'_> {
    async fn all(&mut self, session: &mut Session, messages: &[ListEntry]) -> Result<()> {
        session.retrieved = true;
        let mut transfer = session.client.retrieve(messages);
        let mut header = Vec::new();
        let mut room = Kept::ROOM;
        let mut octets = messages.iter().map(|entry| entry.octets);
        let mut arriving = Arriving::new(0);
        while let Some(part) = transfer.next().await? {
            match part {
                Part::Begin { .. } => {
                    header.clear();
                    arriving = Arriving::new(octets.next().unwrap_or(0));
                }
                Part::Chunk(bytes) => {
                    gather(&mut header, &bytes);
                    if room > 0 {
                        arriving.write(&bytes)?;
                    }
                }
                Part::End { number } => {
                    self.digests.insert(number, digest(&header));
                    if room > 0 {
                        let body = std::mem::replace(&mut arriving, Arriving::new(0)).finish()?;
                        room = room.saturating_sub(body.len());
                        self.bodies.insert(number, body);
                    }
                }
                Part::Failed { number, error } => {
                    octets.next();
                    self.nameless.push((number, error.to_string()));
                }
            }
        }
        Ok(())
    }
}

fn gather(header: &mut Vec<u8>, bytes: &[u8]) {
    let room = HEADER.saturating_sub(header.len());
    header.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
}

/// Of the header that `message` begins with, less what servers change.
fn digest(message: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    for field in Fields::of(message) {
        if !VOLATILE.iter().any(|name| field.is(name)) {
            hasher.update(field.bytes);
        }
    }
    first_half(hasher)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn named(list: &[u32], uidl: &[(u32, &str)]) -> Option<Vec<(u32, String)>> {
        let entry = |number| ListEntry { number, octets: 7 };
        let list: Vec<ListEntry> = list.iter().copied().map(entry).collect();
        let uidl = uidl.iter().map(|(number, id)| UidlEntry {
            number: *number,
            unique_id: (*id).to_owned(),
        });
        let named = by_uidl(&list, uidl.collect())?;
        let pair = |named: Named| (named.entry.number, named.name.into_string());
        Some(named.into_iter().map(pair).collect())
    }

    #[test]
    fn unique_ids_name_messages() {
        let pairs = named(&[1, 2], &[(1, "b"), (2, "a")]).unwrap();
        assert_eq!(pairs, [(1, "b".to_owned()), (2, "a".to_owned())]);
        // The server's order is kept; what LIST does not have is not there.
        let pairs = named(&[2, 1], &[(1, "b"), (3, "c"), (2, "a")]).unwrap();
        assert_eq!(pairs, [(2, "a".to_owned()), (1, "b".to_owned())]);
        assert_eq!(named(&[], &[]), Some(Vec::new()));
        // To be found ambiguous.
        let pairs = named(&[1, 1], &[(1, "a")]).unwrap();
        assert_eq!(pairs, [(1, "a".to_owned()), (1, String::new())]);
        for (list, uidl) in [
            (&[1, 2][..], &[(1, "a")][..]),
            (&[1, 2], &[(1, "a"), (2, "\u{1b}[2J")]),
            (&[1], &[]),
        ] {
            assert_eq!(named(list, uidl), None, "{list:?} {uidl:?}");
        }
    }

    #[test]
    fn a_digest_is_of_the_header_without_what_changes() {
        let plain = digest(b"A: b\r\nC: d\r\n\r\nbody");
        for same in [
            &b"A: b\r\nC: d\r\n\r\nanother"[..],
            b"A: b\r\nC: d\r\n",
            b"A: b\r\nStatus: RO\r\nC: d\r\nX-Status:\r\n folded\r\n\r\n",
        ] {
            assert_eq!(digest(same), plain, "{}", same.escape_ascii());
        }
        for other in [
            &b"A: b\r\nC: e\r\n\r\nbody"[..],
            b"C: d\r\nA: b\r\n\r\n",
            b"A: b\r\n C: d\r\n",
        ] {
            assert_ne!(digest(other), plain, "{}", other.escape_ascii());
        }
    }

    #[test]
    fn ids_tell_how_they_were_made() {
        let hex = "00112233445566778899aabbccddeeff";
        assert_eq!(naming_of(&format!("top:{hex}.1").into()), Naming::Header);
        for uidl in [
            "000000016b01fbff",
            "top:1.1",
            &format!("top:{hex}"),
            &format!("top:{hex}.x"),
            &format!("{hex}.1"),
        ] {
            assert_eq!(naming_of(&uidl.into()), Naming::Uidl, "{uidl}");
        }
    }
}
