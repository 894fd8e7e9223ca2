//! Messages, read over one or two connections.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use futures_util::stream::BoxStream;
use sync_core::model::{Body, BodyWriter, CollectionId, Digest, IDENTITY_PREFIX, Item, ItemId};
use sync_core::source::{Depth, sent_items};
use sync_core::{Error, ErrorKind, Result};
use tokio::sync::mpsc;

use crate::client::{Call, Client, FetchEnd, FetchPart, Pending, Session};
use crate::wire::command::{FetchItem, FetchModifiers, FetchSection};
use crate::wire::response::SectionData;
use crate::wire::{Fetch, UidSet};

use super::connection::{not_connected, options};
use super::header::message_id;
use super::ident::{from_wire, item_id, mailbox_name, revision, timestamp, uid_of};
use super::listing::SET_BYTES;
use super::read::{uid_in, undecodable};
use super::{ImapConfig, ImapSource, KIND};

/// How many messages one command asks for.
const CHUNK: u64 = 128;

/// How many commands are in flight on one connection.
const IN_FLIGHT: usize = 3;

/// From so many messages on a second connection is worth its login.
const MANY: u64 = 600;

/// How many finished messages wait for the reader.
const FINISHED: usize = 16;

type Sender = mpsc::Sender<Result<Item>>;

/// What several connections share in one fetch.
struct Work {
    uid_validity: u32,
    depth: Depth,
    /// Sets of UIDs that nobody asked for yet.
    queue: Mutex<VecDeque<UidSet>>,
}

impl Work {
    fn next(&self) -> Option<UidSet> {
        self.queue().pop_front()
    }

    fn put_back(&self, uids: UidSet) {
        if !uids.is_empty() {
            self.queue().push_back(uids);
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<UidSet>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ImapSource {
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
        if ids.is_empty() {
            return Ok(());
        }
        let open = self.open(c).await?.1;
        let mut wanted: Vec<u32> = ids
            .iter()
            .filter_map(|id| uid_of(id, open.uid_validity))
            .collect();
        wanted.sort_unstable();
        let mut uids = super::read::set_of(wanted);
        let total = uids.len();
        let mut queue = VecDeque::new();
        while !uids.is_empty() {
            let chunk = uids.take_first(CHUNK);
            queue.extend(chunk.chunks(SET_BYTES));
        }
        let work = Work {
            uid_validity: open.uid_validity,
            depth,
            queue: Mutex::new(queue),
        };
        let (config, reader) = (&self.config, &mut self.reader);
        let client = self.client.as_mut().ok_or_else(not_connected)?;
        if total < MANY || config.connections < 2 {
            return read(client, &work, sender).await;
        }
        let second = second(config, reader, c, &work, sender);
        let (first, second) = tokio::join!(read(client, &work, sender), second);
        if let Err(error) = second {
            tracing::debug!(%error, "the second connection is of no use");
            *reader = None;
        }
        first?;
        // What the second connection left undone.
        read(client, &work, sender).await
    }
}

/// Helps by a second connection, if there can be one.
async fn second(
    config: &ImapConfig,
    reader: &mut Option<Client>,
    c: &CollectionId,
    work: &Work,
    sender: &Sender,
) -> Result<()> {
    if !reader.as_ref().is_some_and(Client::is_usable) {
        *reader = Some(ImapSource::connect_reader(config).await?);
    }
    let client = reader.as_mut().ok_or_else(not_connected)?;
    let how = options(client);
    let selected = client.examine(&mailbox_name(c), how).await?;
    if selected.uid_validity != Some(work.uid_validity) {
        return Ok(());
    }
    read(client, work, sender).await
}

/// What to ask for.
fn items(depth: Depth, session: &Session) -> Vec<FetchItem> {
    let mut items = vec![FetchItem::Uid, FetchItem::Flags, FetchItem::InternalDate];
    if session.has("OBJECTID") {
        items.push(FetchItem::EmailId);
    } else if session.has("X-GM-EXT-1") {
        items.push(FetchItem::GmailMessageId);
    }
    items.push(FetchItem::Size);
    items.push(match depth {
        Depth::Full => FetchItem::message(),
        Depth::Identity => FetchItem::Section {
            peek: true,
            section: FetchSection::whole(),
            partial: Some((0, IDENTITY_PREFIX)),
        },
    });
    items
}

/// Asks for sets until there is none left.
async fn read(client: &mut Client, work: &Work, sender: &Sender) -> Result<()> {
    let items = items(work.depth, client.session());
    let mut in_flight: VecDeque<(UidSet, Pending<FetchEnd>)> = VecDeque::new();
    // Of all that are in flight: a server may answer several FETCHes at once, as Dovecot does.
    let mut wanted = UidSet::new();
    let mut undecoded = false;
    let result = loop {
        while in_flight.len() < IN_FLIGHT {
            let Some(uids) = work.next() else { break };
            wanted.union_with(&uids);
            let call = Call::uid_fetch(&uids, &items, &FetchModifiers::default());
            match client.send(call).await {
                Ok(pending) => in_flight.push_back((uids, pending)),
                Err(error) => {
                    work.put_back(wanted);
                    return Err(error.into());
                }
            }
        }
        let Some((uids, pending)) = in_flight.pop_front() else {
            break Ok(());
        };
        let answer = Answer {
            uids,
            wanted: &mut wanted,
            undecoded: &mut undecoded,
            work,
            sender,
        };
        match answer.read(client, pending).await {
            Ok(true) => {}
            // Nobody reads any more.
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    work.put_back(wanted);
    result
}

/// A section that arrives in pieces.
#[derive(Default)]
struct Arriving {
    writer: Option<BodyWriter>,
    failed: Option<std::io::Error>,
}

impl Arriving {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(writer) = &mut self.writer
            && self.failed.is_none()
        {
            self.failed = writer.write_all(bytes).err();
        }
    }

    fn take(&mut self) -> Result<Option<Body>> {
        let writer = self.writer.take();
        if let Some(error) = self.failed.take() {
            return Err(error.into());
        }
        Ok(writer.map(BodyWriter::finish).transpose()?)
    }
}

/// The answer to one FETCH.
struct Answer<'a> {
    /// What it asked for.
    uids: UidSet,
    /// What was asked for on this connection and not yet answered.
    wanted: &'a mut UidSet,
    /// A response about an unknown message could not be decoded.
    undecoded: &'a mut bool,
    work: &'a Work,
    sender: &'a Sender,
}

impl Answer<'_> {
    /// Reads up to the completion; says whether to go on.
    async fn read(self, client: &mut Client, pending: Pending<FetchEnd>) -> Result<bool> {
        let Self {
            uids,
            wanted,
            undecoded,
            work,
            sender,
        } = self;
        let mut stream = client.read_fetch(pending);
        let mut arriving = Arriving::default();
        let refused = loop {
            let part = match stream.next().await {
                Ok(Some(part)) => part,
                Ok(None) => break None,
                Err(error) => break Some(error),
            };
            let (uid, item) = match part {
                FetchPart::SectionStart { len, .. } => {
                    arriving.writer = Some(BodyWriter::new(len));
                    continue;
                }
                FetchPart::Chunk(bytes) => {
                    arriving.write(bytes);
                    continue;
                }
                FetchPart::Message(fetch) => {
                    let body = arriving.take()?;
                    match fetch.uid.filter(|uid| wanted.contains(*uid)) {
                        Some(uid) => match item(&fetch, uid, body, work) {
                            Some(item) => (uid, item),
                            None => continue,
                        },
                        None => continue,
                    }
                }
                FetchPart::Undecodable(bytes) => {
                    arriving = Arriving::default();
                    match uid_in(bytes).filter(|uid| wanted.contains(*uid)) {
                        Some(uid) => (uid, Err(undecodable(&item_id(work.uid_validity, uid)))),
                        None => {
                            *undecoded = true;
                            continue;
                        }
                    }
                }
                _ => continue,
            };
            *wanted = wanted.difference(&UidSet::from(uid));
            if sender.send(item).await.is_err() {
                return Ok(false);
            }
        };
        let missing = uids.intersection(wanted);
        use crate::client::ErrorKind::{Bad, No};
        let why = match refused {
            // Undecodable, one of them: to leave it out would say that it is gone.
            None if *undecoded => None,
            None => {
                *wanted = wanted.difference(&missing);
                return Ok(true);
            }
            Some(error) if !matches!(error.kind(), No | Bad) || error.is_throttled() => {
                return Err(error.into());
            }
            Some(error) => Some(error),
        };
        *wanted = wanted.difference(&missing);
        let single = missing.len() == 1;
        for uid in missing.iter() {
            let id = item_id(work.uid_validity, uid);
            let error = match &why {
                // Some servers refuse a whole set for the sake of one message.
                Some(_) if !single => {
                    work.put_back(UidSet::from(uid));
                    continue;
                }
                Some(why) => {
                    let text = format!("the server does not give it: {why}");
                    Error::new(ErrorKind::Item, text).at_item(&id)
                }
                None => undecodable(&id),
            };
            if sender.send(Err(error)).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The item of a response; `None` if it says something else of the message.
fn item(fetch: &Fetch<'_>, uid: u32, streamed: Option<Body>, work: &Work) -> Option<Result<Item>> {
    let section = fetch.sections.full()?;
    let id = item_id(work.uid_validity, uid);
    let unreadable = |why: &str| Error::new(ErrorKind::Item, why).at_item(&id);
    let Some(flags) = fetch.flags.as_ref().map(from_wire) else {
        return Some(Err(unreadable("the server does not tell its flags")));
    };
    let body = match (&section.data, streamed) {
        (SectionData::Inline(bytes), _) => Body::from(bytes.to_vec()),
        (SectionData::Streamed(_), Some(body)) => body,
        (SectionData::Streamed(_) | SectionData::Nil, _) => {
            return Some(Err(unreadable("the server gives no content (NIL)")));
        }
    };
    let mut item = Item::new(id.clone(), KIND, revision(&flags));
    item.flags = flags;
    item.date = fetch.internal_date.map(timestamp);
    Some(identify(&mut item, fetch, body, work.depth).map(|()| item))
}

/// Fills identity, size and body.
fn identify(item: &mut Item, fetch: &Fetch<'_>, body: Body, depth: Depth) -> Result<()> {
    if let Some(extended) = &fetch.extended {
        let gmail = extended.gmail_message_id.map(|id| id.to_string());
        item.identity.object_id = extended.email_id.clone().or(gmail);
    }
    if let Some(head) = body.chunks().next() {
        item.identity.message_id = message_id(&head?);
    }
    // A server's RFC822.SIZE may be off; the length of what came is not.
    let complete = depth == Depth::Full || body.len() < IDENTITY_PREFIX;
    let size = match fetch.size {
        Some(size) if !complete => size.max(body.len()),
        _ => body.len(),
    };
    item.size = Some(size);
    item.identity.digest = Some(match body.as_memory() {
        Some(bytes) => Digest::new(size, bytes),
        None => Digest::of_body(&body)?,
    });
    if depth == Depth::Full {
        item.body = Some(body);
    }
    Ok(())
}
