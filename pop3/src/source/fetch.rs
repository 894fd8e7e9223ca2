//! Messages, read as streams.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write as _};

use futures_util::stream::BoxStream;
use sync_core::model::{Body, BodyWriter, CollectionId, Digest, IDENTITY_PREFIX, Item, ItemId};
use sync_core::source::{Depth, sent_items};
use sync_core::{Error, ErrorKind, Result};
use tokio::sync::mpsc;

use crate::client::Part;
use crate::wire::ListEntry;

use super::cursor::{Naming, Sizes};
use super::header;
use super::listing::REVISION;
use super::names::naming_of;
use super::session::{Session, not_connected};
use super::view::Named;
use super::{KIND, Pop3Source, check};

/// How many finished messages wait for the reader.
const FINISHED: usize = 4;

/// Messages up to this size, in bytes, stay in memory: as they come one after the other, few are held
/// at once.
const IN_MEMORY: usize = 5 << 18;

/// From this size on the beginning of a message, by TOP, is enough to recognise it.
const LARGE: u64 = 4 * IDENTITY_PREFIX;

/// So many lines of base64 are more than 64 KiB.
const TOP_LINES: u32 = 1_000;

type Sender = mpsc::Sender<Result<Item>>;

/// Messages that were read to be recognised; most often they are asked for next.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bodies: HashMap<ItemId, Body>,
    bytes: u64,
}

impl Kept {
    /// How many bytes are kept.
    pub(super) const ROOM: u64 = 16 << 20;

    pub(super) fn offer(&mut self, id: &ItemId, body: Body) {
        let bytes = self.bytes.saturating_add(body.len());
        if bytes <= Self::ROOM && !self.bodies.contains_key(id) {
            self.bytes = bytes;
            self.bodies.insert(id.clone(), body);
        }
    }

    fn get(&self, id: &ItemId) -> Option<&Body> {
        self.bodies.get(id)
    }

    fn take(&mut self, id: &ItemId) -> Option<Body> {
        let body = self.bodies.remove(id)?;
        self.bytes = self.bytes.saturating_sub(body.len());
        Some(body)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// A message that arrives in pieces.
///
/// Every message ends with a line end on its way. The one that was not there before the server put
/// it behind is left out: the size in LIST tells (RFC 1939 section 11).
#[derive(Debug)]
pub(super) struct Arriving {
    writer: BodyWriter,
    /// How many bytes of the told size are to come.
    left: u64,
    /// What came beyond the told size, as long as it may be that line end.
    tail: Vec<u8>,
    beyond: bool,
}

impl Arriving {
    /// A message of so many octets, as LIST tells; 0 if it does not.
    pub(super) fn new(octets: u64) -> Self {
        Self {
            writer: BodyWriter::with_limit(octets, IN_MEMORY),
            left: octets,
            tail: Vec::new(),
            beyond: octets == 0,
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.beyond {
            return self.writer.write_all(bytes);
        }
        let room = usize::try_from(self.left).unwrap_or(usize::MAX);
        let (within, over) = bytes.split_at_checked(room).unwrap_or((bytes, b""));
        self.writer.write_all(within)?;
        let written = u64::try_from(within.len()).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(written);
        self.tail.extend_from_slice(over.get(..3).unwrap_or(over));
        if self.tail.len() > 2 {
            self.beyond = true;
            let known = self.tail.len().saturating_sub(over.len().min(3));
            self.writer
                .write_all(self.tail.get(..known).unwrap_or_default())?;
            self.tail.clear();
            self.writer.write_all(over)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<Body> {
        if self.tail != b"\r\n" {
            self.writer.write_all(&self.tail)?;
        }
        self.writer.finish()
    }
}

/// What is to be read.
struct Wanted<'a> {
    id: &'a ItemId,
    entry: ListEntry,
}

impl Pop3Source {
    pub(super) fn fetch_items<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
        depth: Depth,
    ) -> BoxStream<'a, Result<Item>> {
        sent_items(c, FINISHED, move |sender| async move {
            self.fetch_all(c, ids, depth, &sender).await
        })
    }

    async fn fetch_all(
        &mut self,
        c: &CollectionId,
        ids: &[ItemId],
        depth: Depth,
        sender: &Sender,
    ) -> Result<()> {
        check(c)?;
        let mut seen = HashSet::with_capacity(ids.len());
        let mut wanted: Vec<&ItemId> = Vec::with_capacity(ids.len());
        for id in ids.iter().filter(|id| seen.insert(*id)) {
            let body = match depth {
                Depth::Full => self.kept.take(id),
                Depth::Identity => self.kept.get(id).cloned(),
            };
            match body {
                Some(body) => {
                    if sender.send(Ok(item(id, body, depth)?)).await.is_err() {
                        return Ok(());
                    }
                }
                None => wanted.push(id),
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let idle = self.session.is_some();
        let mut given = false;
        match self.read_all(&wanted, depth, sender, &mut given).await {
            // It was idle for too long: a new one does.
            Err(error) if self.drop_broken() && idle && !given => {
                tracing::debug!(%error, "the session was dead");
                let result = self.read_all(&wanted, depth, sender, &mut given).await;
                self.drop_broken();
                result
            }
            result => result,
        }
    }

    /// Reads messages; those that are not there are left out.
    async fn read_all(
        &mut self,
        ids: &[&ItemId],
        depth: Depth,
        sender: &Sender,
        given: &mut bool,
    ) -> Result<()> {
        let header = ids.iter().any(|id| naming_of(id) == Naming::Header);
        let view = self.open(header.then_some(Naming::Header)).await?;
        let find = |id: &&'_ ItemId| view.find(id);
        let found = ids.iter().filter_map(|id| {
            Some(Wanted {
                entry: find(id)?,
                id,
            })
        });
        let mut found: Vec<Wanted<'_>> = found.collect();
        found.sort_by_key(|wanted| wanted.entry.number);
        let session = self.session.as_mut().ok_or_else(not_connected)?;
        let mut reader = Reader {
            session,
            kept: &mut self.kept,
            sizes: &mut self.sizes,
            depth,
            sender,
            given,
        };
        if depth == Depth::Identity {
            found = reader.beginnings(found).await?;
        }
        reader.whole(found).await
    }

    /// Reads a message to see whether its size is right; it is kept.
    pub(super) async fn read_one(&mut self, named: &Named) -> Result<()> {
        let id = ItemId::new(&*named.name);
        if let Some(body) = self.kept.get(&id) {
            self.sizes.judge(named.entry.octets, body);
            return Ok(());
        }
        let (sender, _receiver) = mpsc::channel(1);
        let session = self.session.as_mut().ok_or_else(not_connected)?;
        let mut reader = Reader {
            session,
            kept: &mut self.kept,
            sizes: &mut self.sizes,
            depth: Depth::Identity,
            sender: &sender,
            given: &mut false,
        };
        let wanted = Wanted {
            id: &id,
            entry: named.entry,
        };
        let result = reader.whole(vec![wanted]).await;
        self.drop_broken();
        result
    }
}

struct Reader<'a> {
    session: &'a mut Session,
    kept: &'a mut Kept,
    sizes: &'a mut Sizes,
    depth: Depth,
    sender: &'a Sender,
    /// Whether somebody was given something.
    given: &'a mut bool,
}

impl Reader<'_> {
    /// Recognises large messages by their beginnings; gives back what has to be read as a whole.
    async fn beginnings<'w>(&mut self, all: Vec<Wanted<'w>>) -> Result<Vec<Wanted<'w>>> {
        if *self.sizes != Sizes::Exact || !self.session.client.capabilities().top {
            return Ok(all);
        }
        let (large, mut rest): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|w| w.entry.octets >= LARGE);
        let entries: Vec<ListEntry> = large.iter().map(|wanted| wanted.entry).collect();
        let mut large = large.into_iter();
        let mut transfer = self.session.client.top(&entries, TOP_LINES);
        let enough = usize::try_from(IDENTITY_PREFIX).unwrap_or(usize::MAX);
        let mut head = Vec::new();
        while let Some(part) = transfer.next().await? {
            match part {
                Part::Begin { .. } => head.clear(),
                Part::Chunk(bytes) => {
                    let room = enough.saturating_sub(head.len());
                    head.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
                }
                Part::End { .. } => {
                    let Some(wanted) = large.next() else { break };
                    if head.len() < enough {
                        rest.push(wanted);
                        continue;
                    }
                    let digest = Digest::new(wanted.entry.octets, &head);
                    let item = known(wanted.id, digest, &head);
                    *self.given = true;
                    if self.sender.send(Ok(item)).await.is_err() {
                        return Ok(Vec::new());
                    }
                }
                Part::Failed { .. } => rest.extend(large.next()),
            }
        }
        Ok(rest)
    }

    /// Reads messages from their beginnings to their ends.
    async fn whole(&mut self, all: Vec<Wanted<'_>>) -> Result<()> {
        if all.is_empty() {
            return Ok(());
        }
        let entries: Vec<ListEntry> = all.iter().map(|wanted| wanted.entry).collect();
        self.session.retrieved = true;
        let mut transfer = self.session.client.retrieve(&entries);
        let mut all = all.into_iter().peekable();
        let mut arriving = Arriving::new(0);
        let mut later: Option<Error> = None;
        while let Some(part) = transfer.next().await? {
            let item = match part {
                Part::Begin { .. } => {
                    let octets = all.peek().map_or(0, |wanted| wanted.entry.octets);
                    arriving = Arriving::new(octets);
                    continue;
                }
                Part::Chunk(bytes) => {
                    arriving.write(&bytes)?;
                    continue;
                }
                Part::End { .. } => {
                    let Some(Wanted { id, entry }) = all.next() else {
                        break;
                    };
                    let body = std::mem::replace(&mut arriving, Arriving::new(0)).finish()?;
                    self.sizes.judge(entry.octets, &body);
                    if self.depth == Depth::Identity {
                        self.kept.offer(id, body.clone());
                    }
                    Ok(item(id, body, self.depth)?)
                }
                Part::Failed { error, .. } => {
                    let Some(Wanted { id, .. }) = all.next() else {
                        break;
                    };
                    if error.is_retryable() {
                        // The others come first.
                        later.get_or_insert(Error::from(error).at_item(id));
                        continue;
                    }
                    let text = format!("the server does not give it: {error}");
                    Err(Error::new(ErrorKind::Item, text).at_item(id))
                }
            };
            *self.given = true;
            if self.sender.send(item).await.is_err() {
                // Nobody reads any more.
                return Ok(());
            }
        }
        later.map_or(Ok(()), Err)
    }
}

/// A message that was read as a whole.
fn item(id: &ItemId, body: Body, depth: Depth) -> Result<Item> {
    let digest = Digest::of_body(&body)?;
    let head = body.chunks().next().transpose()?.unwrap_or_default();
    let mut item = known(id, digest, &head);
    if depth == Depth::Full {
        item.body = Some(body);
    }
    Ok(item)
}

/// A message that begins with `head`.
fn known(id: &ItemId, digest: Digest, head: &[u8]) -> Item {
    let mut item = Item::new(id.clone(), KIND, REVISION);
    item.size = Some(digest.size);
    let told = header::read(head);
    item.date = told.arrival;
    item.identity.message_id = told.message_id;
    item.identity.digest = Some(digest);
    item
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What becomes of `wire` if LIST tells `octets`.
    fn arrived(octets: u64, wire: &[u8], pieces: usize) -> Vec<u8> {
        let mut arriving = Arriving::new(octets);
        for piece in wire.chunks(pieces) {
            arriving.write(piece).unwrap();
        }
        arriving.finish().unwrap().read(u64::MAX).unwrap().to_vec()
    }

    #[test]
    fn a_line_end_that_only_the_protocol_needs_is_left_out() {
        for pieces in [1, 2, 3, 4, 5, 100] {
            let of = |octets, wire: &[u8]| arrived(octets, wire, pieces);
            assert_eq!(of(10, b"0123456789\r\n"), b"0123456789");
            assert_eq!(of(12, b"0123456789\r\n"), b"0123456789\r\n");
            // Another size is told, for whatever reason.
            for octets in [0, 1, 9, 11, 13, 99] {
                assert_eq!(of(octets, b"0123456789\r\n"), b"0123456789\r\n", "{octets}");
            }
            assert_eq!(of(8, b"0123456789\r\n"), b"0123456789\r\n");
            assert_eq!(of(8, b"01234567\r\n89\r\n"), b"01234567\r\n89\r\n");
            assert_eq!(of(8, b"01234567xy"), b"01234567xy");
            assert_eq!(of(3, b""), b"");
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut kept = Kept::default();
        let body = || Body::from(vec![0; 6 << 20]);
        for name in ["a", "b", "c"] {
            kept.offer(&name.into(), body());
        }
        assert!(kept.get(&"b".into()).is_some() && kept.get(&"c".into()).is_none());
        assert!(kept.take(&"a".into()).is_some() && kept.take(&"a".into()).is_none());
        kept.offer(&"c".into(), body());
        assert!(kept.take(&"c".into()).is_some());
    }
}
