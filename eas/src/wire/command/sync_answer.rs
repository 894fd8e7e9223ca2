//! Sync, the answer ([MS-ASCMD] section 2.2.1.21).

use super::Collection;
use crate::wire::class::{Class, Item};
use crate::wire::wbxml::pages::{AirSync as A, AirSyncBase as B};
use crate::wire::wbxml::{Error, Reader, Tag};
use crate::wire::{DateTime, Status};

/// The answer to [`Sync`](super::Sync).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SyncAnswer {
    /// Only where the whole request failed.
    pub status: Option<Status>,
    /// With statuses 14 and 15: minutes, seconds or folders that the server takes.
    pub limit: Option<u32>,
    /// The folders in which something happened. None of them, after an empty answer: nothing
    /// changed, and every key stays.
    pub collections: Vec<CollectionAnswer>,
}

/// What one folder answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CollectionAnswer {
    /// The folder.
    pub id: String,
    /// Whether it worked.
    pub status: Option<Status>,
    /// The next request's key.
    pub key: Option<String>,
    /// What changed on the server, in its order.
    pub changes: Vec<ServerChange>,
    /// What became of what was sent. Changes and deletions that are not here succeeded.
    pub responses: Vec<Responded>,
    /// Whether the same request with the new key brings more.
    pub more: bool,
}

/// One change on the server.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerChange {
    /// An item that is there; perhaps one that was told before.
    Add {
        /// The item.
        id: String,
        /// Its content.
        item: Item,
    },
    /// An item of which something changed. What is absent is as it was.
    Change {
        /// The item.
        id: String,
        /// The occurrence of a series, from 16.0 on.
        instance: Option<DateTime>,
        /// What changed.
        item: Item,
    },
    /// An item that is gone.
    Delete {
        /// The item.
        id: String,
        /// The occurrence of a series, from 16.0 on.
        instance: Option<DateTime>,
    },
    /// An item that left what [`Options::filter`](super::Options::filter) shows, and is still there.
    SoftDelete {
        /// The item.
        id: String,
    },
    /// An item that cannot be read: something in it is broken.
    Unreadable {
        /// The item, as far as it is known.
        id: String,
    },
}

impl ServerChange {
    /// The item that it concerns.
    pub fn id(&self) -> &str {
        match self {
            Self::Add { id, .. }
            | Self::Change { id, .. }
            | Self::Delete { id, .. }
            | Self::SoftDelete { id }
            | Self::Unreadable { id } => id,
        }
    }
}

/// What became of one change that was sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Responded {
    /// The name of a new item.
    pub client_id: Option<String>,
    /// The item.
    pub id: Option<String>,
    /// The occurrence of a series, from 16.0 on.
    pub instance: Option<DateTime>,
    /// Whether it was taken.
    pub status: Option<Status>,
    /// What the server made of it, or what was fetched.
    pub item: Option<Item>,
}

impl SyncAnswer {
    /// Reads an answer to a request about these folders; their classes say what items are.
    pub(super) fn decode(body: &[u8], asked: &[Collection]) -> Result<Self, Error> {
        let mut answer = Self::default();
        if body.is_empty() {
            return Ok(answer);
        }
        let mut r = Reader::new(body)?;
        r.root(A::Sync)?;
        while let Some(tag) = r.child()? {
            match tag {
                A::Status => answer.status = r.number()?.map(Status),
                A::Limit => answer.limit = r.number()?,
                A::Collections => {
                    while let Some(tag) = r.child()? {
                        match tag {
                            A::Collection => answer.collections.push(collection(&mut r, asked)?),
                            _ => r.skip()?,
                        }
                    }
                }
                _ => r.skip()?,
            }
        }
        Ok(answer)
    }
}

/// Reads a collection. Its class must be known before its items are: it is by the folder's id, which
/// the schema puts before them. Items that stand before it are read in the end.
fn collection(r: &mut Reader<'_>, asked: &[Collection]) -> Result<CollectionAnswer, Error> {
    let mut answer = CollectionAnswer::default();
    let mut class = None;
    let mut early = Vec::new();
    while let Some(tag) = r.child()? {
        match (tag, class) {
            (A::SyncKey, _) => answer.key = Some(r.text()?.into_owned()),
            (A::CollectionId, _) => {
                answer.id = r.text()?.into_owned();
                class = Some(class_of(&answer.id, asked));
            }
            (A::Status, _) => answer.status = r.number()?.map(Status),
            (A::MoreAvailable, _) => {
                r.skip()?;
                answer.more = true;
            }
            (A::Commands | A::Responses, Some(class)) => items(r, tag, class, &mut answer)?,
            (A::Commands | A::Responses, None) => {
                early.push((tag, r.clone()));
                r.skip()?;
            }
            _ => r.skip()?,
        }
    }
    let class = class.unwrap_or_else(|| class_of("", asked));
    for (tag, mut r) in early {
        items(&mut r, tag, class, &mut answer)?;
    }
    Ok(answer)
}

/// The class of a folder that was asked for.
fn class_of(id: &str, asked: &[Collection]) -> Class {
    let found = asked.iter().find(|c| c.id == id).or(asked.first());
    found.map_or(Class::Email, |c| c.class)
}

/// Reads the children of `Commands` or `Responses`.
fn items(
    r: &mut Reader<'_>,
    all: Tag,
    class: Class,
    answer: &mut CollectionAnswer,
) -> Result<(), Error> {
    while let Some(tag) = r.child()? {
        match (all, tag) {
            (A::Commands, A::Add | A::Change | A::Delete | A::SoftDelete) => {
                answer.changes.push(change(r, tag, class)?);
            }
            (A::Responses, A::Add | A::Change | A::Delete | A::Fetch) => {
                answer.responses.push(responded(r, class)?);
            }
            _ => r.skip()?,
        }
    }
    Ok(())
}

fn change(r: &mut Reader<'_>, kind: Tag, class: Class) -> Result<ServerChange, Error> {
    let read = responded(r, class)?;
    let id = read.id.unwrap_or_default();
    Ok(match (kind, read.item) {
        (A::SoftDelete, _) => ServerChange::SoftDelete { id },
        (A::Delete, _) => ServerChange::Delete {
            id,
            instance: read.instance,
        },
        (A::Add, Some(item)) => ServerChange::Add { id, item },
        (A::Change, Some(item)) => ServerChange::Change {
            id,
            instance: read.instance,
            item,
        },
        _ => ServerChange::Unreadable { id },
    })
}

fn responded(r: &mut Reader<'_>, class: Class) -> Result<Responded, Error> {
    let mut read = Responded::default();
    while let Some(tag) = r.child()? {
        match tag {
            A::ClientId => read.client_id = Some(r.text()?.into_owned()),
            A::ServerId => read.id = Some(r.text()?.into_owned()),
            A::Status => read.status = r.number()?.map(Status),
            B::InstanceId => read.instance = DateTime::parse(&r.text()?),
            A::ApplicationData => read.item = Some(Item::read(r, class)?),
            _ => r.skip()?,
        }
    }
    Ok(read)
}
