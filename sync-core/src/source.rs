//! The trait that every protocol implements, and what an implementation says of itself.

use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::model::{
    Body, Collection, CollectionId, Cursor, Flags, Item, ItemId, ItemKind, KindSet, NewCollection,
    NewItem, Revision,
};

/// One account, directory or archive that items can be read from and written to.
///
/// An implementation keeps no copy of what is known: the engine's links hold every id and revision.
/// It reconnects by itself at the next call after an error for which
/// [`Error::is_retryable`] holds.
#[async_trait]
pub trait Source: Send {
    /// What this source is and what it can do. May change until the first successful call.
    fn capabilities(&self) -> &Capabilities;

    /// Every collection, in no particular order.
    ///
    /// What the source learns here for little (LIST-STATUS, CTag) it uses to answer
    /// [`changes`](Self::changes) without a round trip where nothing changed.
    async fn collections(&mut self) -> Result<Vec<Collection>>;

    /// Creates a collection and the parents it needs. One that is there already is no error.
    async fn create_collection(&mut self, new: &NewCollection) -> Result<Collection>;

    /// One page of what changed after `since`; `None` asks for everything.
    ///
    /// # Errors
    /// [`CursorLost`](crate::error::ErrorKind::CursorLost) if `since` means nothing any more.
    async fn changes(&mut self, c: &CollectionId, since: Option<&Cursor>) -> Result<ChangePage>;

    /// The items with these ids, in any order, filled to `depth`.
    ///
    /// Ids that are not there are left out. One undecodable item is an error that names it
    /// ([`Error::item`]); the stream goes on. Any other error ends the stream.
    fn fetch<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
        depth: Depth,
    ) -> BoxStream<'a, Result<Item>>;

    /// Carries out a batch, in order, and says for each mutation what became of it.
    ///
    /// # Errors
    /// After an error nothing is known of any of them.
    async fn apply(
        &mut self,
        c: &CollectionId,
        at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied>;

    /// Whether both contents of an event, task, note or contact are one to this source: as far as it
    /// can hold them, they say the same, be it in other words.
    ///
    /// By this an item is recognised that was written when the answer was lost, and one whose link
    /// was lost: what the source made of a content is no edit of it. `false` where nothing is known
    /// but that they differ.
    fn holds_alike(&self, _kind: ItemKind, _a: &[u8], _b: &[u8]) -> bool {
        false
    }

    /// Returns the collections in which something may have changed, or none after `timeout`.
    ///
    /// May be dropped while it waits: the source stays usable, and what it did not tell is found
    /// by the next [`changes`](Self::changes).
    async fn watch(&mut self, c: &[CollectionId], timeout: Duration) -> Result<Vec<CollectionId>>;

    /// Says goodbye; what was written is durable when this returns.
    async fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The items that `work` sends, as [`Source::fetch`] streams them.
///
/// The work moves as long as somebody reads, and is never more than `room` items ahead of the reader. If
/// it fails, its error comes last and names the collection; an error that names no item ends the stream.
pub fn sent_items<'a, W>(
    c: &'a CollectionId,
    room: usize,
    work: impl FnOnce(mpsc::Sender<Result<Item>>) -> W,
) -> BoxStream<'a, Result<Item>>
where
    W: Future<Output = Result<()>> + Send + 'a,
{
    let (sender, mut receiver) = mpsc::channel(room);
    let work = work(sender.clone());
    let mut work = Some(Box::pin(async move {
        if let Err(error) = work.await {
            let _ = sender.send(Err(error.in_collection(c))).await;
        }
    }));
    let mut failed = false;
    stream::poll_fn(move |cx| {
        if failed {
            return Poll::Ready(None);
        }
        if let Some(running) = &mut work
            && running.as_mut().poll(cx).is_ready()
        {
            work = None;
        }
        let next = receiver.poll_recv(cx);
        if let Poll::Ready(Some(Err(error))) = &next {
            failed = error.item().is_none();
        }
        next
    })
    .boxed()
}

/// How much of an item a fetch fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Enough to recognise it: [`Identity::digest`](crate::model::Identity::digest) and size of a
    /// message, UID and body of any other kind, and all that a listing gives.
    Identity,
    /// Everything, the body included.
    Full,
}

/// Part of an answer to [`Source::changes`].
#[derive(Debug)]
pub struct ChangePage {
    /// Items that are new or differ from what `since` knew.
    pub changed: Vec<Item>,
    /// Items that are there and unchanged since `since`; only in a [`Coverage::Snapshot`].
    pub present: Vec<ItemId>,
    /// Items proven gone.
    pub vanished: Vec<ItemId>,
    /// Items that left what the source shows without being deleted (EAS SoftDelete).
    pub released: Vec<ItemId>,
    /// Items that are there and could not be read, with the reason.
    pub unreadable: Vec<Error>,
    /// What the absence of an item from all pages means.
    pub coverage: Coverage,
    /// Where to go on; after the last page, where the source stands.
    pub cursor: Cursor,
    /// Whether more pages follow.
    pub more: bool,
}

impl ChangePage {
    /// A page that says that nothing changed.
    pub fn unchanged(cursor: Cursor) -> Self {
        Self::new(Coverage::Delta, cursor)
    }

    /// A last page without any item.
    pub fn new(coverage: Coverage, cursor: Cursor) -> Self {
        Self {
            changed: Vec::new(),
            present: Vec::new(),
            vanished: Vec::new(),
            released: Vec::new(),
            unreadable: Vec::new(),
            coverage,
            cursor,
            more: false,
        }
    }
}

/// Whether a listing names everything. All pages of one listing agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Only differences: what is not mentioned is as it was.
    Delta,
    /// Every item is in `changed`, `present` or `unreadable` of one of the pages; what is not
    /// mentioned up to the last page is absent, and [`Capabilities::absence`] says what that means.
    Snapshot,
}

/// What it means that an item is absent from a complete listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// Its owner deleted or moved it.
    Deleted,
    /// Nothing: in POP3 somebody else fetched it.
    Nothing,
}

/// Something a source can be asked to write; names what [`Capabilities::refuse`] refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// [`Op::Create`]
    Create,
    /// [`Op::SetFlags`]
    SetFlags,
    /// [`Op::Replace`]
    Replace,
    /// [`Op::Delete`]
    Delete,
}

/// What a source is and can do.
#[derive(Debug, Clone)]
pub struct Capabilities {
    /// The protocol's name: `imap`, `maildir`.
    pub protocol: &'static str,
    /// Tells this account from others; stays the same for as long as the state shall fit.
    pub account: String,
    /// The kinds of item it may hold.
    pub kinds: KindSet,
    /// What the absence of an item means.
    pub absence: Absence,
    /// Whether the content of an event, task, note or contact read back may differ from what was
    /// written.
    pub rewrites: bool,
    /// The kinds of which the source makes the UIDs up, since its protocol has none or the server
    /// gives its own: the UID that is written is lost. Such items are recognised by their content
    /// ([`Likeness`](crate::merge::Likeness)), and their UIDs never reach the other side's items.
    pub makes_uids: KindSet,
    /// The properties that the source can hold of these kinds, at any depth, by canonical name:
    /// upper case, and in vCard that of 4.0 (`ANNIVERSARY`); `VALARM` stands for alarms. It holds all
    /// of other kinds. A write
    /// that would change none of them is not made.
    pub held: Vec<(KindSet, &'static [&'static str])>,
    /// Whether a message read back may differ from what was written: copies are then recognised by
    /// Message-ID and date, which is weaker than by content.
    pub alters_messages: bool,
    /// Whether [`Op::Move`] is carried out as a move.
    pub moves: bool,
    /// Whether collections can be created.
    pub creates_collections: bool,
    /// How many mutations one batch may hold.
    pub batch_items: usize,
    /// What the source never does, with the reason a person is shown.
    pub refuses: Vec<(KindSet, Operation, &'static str)>,
}

impl Capabilities {
    /// A source of this protocol that can do everything and keeps what it is given.
    pub fn new(protocol: &'static str, account: impl Into<String>, kinds: KindSet) -> Self {
        Self {
            protocol,
            account: account.into(),
            kinds,
            absence: Absence::Deleted,
            rewrites: false,
            makes_uids: KindSet::NONE,
            held: Vec::new(),
            alters_messages: false,
            moves: true,
            creates_collections: true,
            batch_items: 250,
            refuses: Vec::new(),
        }
    }

    /// The properties that it can hold of a kind, if it cannot hold all.
    pub fn holds(&self, kind: ItemKind) -> Option<&'static [&'static str]> {
        let of_kind = self.held.iter().find(|(kinds, _)| kinds.contains(kind));
        of_kind.map(|(_, names)| *names)
    }

    /// Why this operation cannot be planned, if it cannot.
    pub fn refuse(&self, kind: ItemKind, operation: Operation) -> Option<&'static str> {
        self.refuses
            .iter()
            .find(|(kinds, op, _)| kinds.contains(kind) && *op == operation)
            .map(|(_, _, reason)| *reason)
    }
}

/// One write.
#[derive(Debug, Clone)]
pub struct Mutation {
    /// Names the write in the engine's journal, stable over repetitions after a lost answer.
    pub key: u64,
    /// What to do.
    pub op: Op,
}

/// What a [`Mutation`] does. A guard is the revision that the plan saw: whoever finds another one
/// answers [`Outcome::Stale`] and writes nothing.
#[derive(Debug, Clone)]
pub enum Op {
    /// Adds an item.
    Create(NewItem),
    /// Adds and removes flags of a message; flags named by neither stay.
    SetFlags {
        /// The message.
        id: ItemId,
        /// The revision that the plan saw.
        guard: Revision,
        /// Flags to set.
        add: Flags,
        /// Flags to clear.
        remove: Flags,
    },
    /// Replaces the content of an event, task, note or contact.
    Replace {
        /// The item.
        id: ItemId,
        /// The revision that the plan saw.
        guard: Revision,
        /// Its new content.
        body: Body,
    },
    /// Removes an item for good.
    Delete {
        /// The item.
        id: ItemId,
        /// The revision that the plan saw.
        guard: Revision,
    },
    /// Moves an item to another collection of the same source.
    Move {
        /// The item.
        id: ItemId,
        /// The revision that the plan saw.
        guard: Revision,
        /// Where to.
        to: CollectionId,
    },
}

/// What became of one mutation.
#[derive(Debug)]
pub enum Outcome {
    /// Carried out.
    Done(Stored),
    /// Somebody changed the item since the plan: nothing was written.
    Stale,
    /// The item is not there any more: nothing was written.
    Gone,
    /// The server refuses this one.
    Refused(Error),
    /// The answer was lost: it may or may not have been carried out.
    Unknown(Error),
}

/// How an item stands after a write, as far as the source knows.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// The new item's id, or the moved item's id in its new collection. `None` where the server
    /// does not say (no UIDPLUS): the next listing shows it.
    pub id: Option<ItemId>,
    /// Its revision now.
    pub revision: Option<Revision>,
    /// Its flags now, if they are not what was asked for.
    pub flags: Option<Flags>,
}

/// The answer to [`Source::apply`].
#[derive(Debug, Default)]
pub struct Applied {
    /// One outcome a mutation, in order.
    pub outcomes: Vec<Outcome>,
    /// Where the source stands now, if writing moved its cursor in a way that skips no foreign
    /// change (EAS, DeltaSync). Taken only if every [`Outcome::Done`] says id and revision.
    pub cursor: Option<Cursor>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[tokio::test]
    async fn an_error_of_one_item_does_not_end_the_stream() {
        let c = CollectionId::new("INBOX");
        let read = sent_items(&c, 1, |sender| async move {
            for id in ["1", "2"] {
                let error = Error::new(ErrorKind::Protocol, "garbled");
                let _ = sender.send(Err(error.at_item(&ItemId::new(id)))).await;
            }
            Err(Error::new(ErrorKind::Connection, "gone"))
        });
        let read: Vec<String> = read
            .map(|read| read.map_or_else(|error| error.to_string(), |_| String::new()))
            .collect()
            .await;
        assert_eq!(read.len(), 3);
        assert!(
            read.iter()
                .zip(["1", "2", "INBOX"])
                .all(|(text, at)| text.contains(at)),
            "{read:?}"
        );
    }

    #[tokio::test]
    async fn nothing_comes_behind_an_error_of_no_item() {
        let c = CollectionId::new("INBOX");
        let read = sent_items(&c, 4, |sender| async move {
            for _ in 0..2 {
                let _ = sender
                    .send(Err(Error::new(ErrorKind::Connection, "gone")))
                    .await;
            }
            Ok(())
        });
        assert_eq!(read.count().await, 1);
    }
}
