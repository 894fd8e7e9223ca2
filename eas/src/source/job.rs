//! What is sent for a mutation.

use std::fmt::Write as _;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use sync_core::model::{Body, CollectionId, Flags, ItemId, ItemKind, NewItem, SystemFlags};
use sync_core::source::{Mutation, Op, Outcome, Stored};
use sync_core::{Error, ErrorKind, Result};

use super::apply::There;
use super::changes::now;
use super::{EasSource, complete, files};
use crate::mapping::{contact, event, note, task};
use crate::wire::class::{self, BodyType, Class, Email, Item, Values};
use crate::wire::command::Change;
use crate::wire::wbxml::pages::{Calendar, Email as E};
use crate::wire::{DateTime, Version};

/// More than any calendar object or vCard.
pub(super) const LARGEST: u64 = 16 << 20;
/// More than servers take of a message.
pub(super) const LARGEST_MESSAGE: u64 = 150 << 20;
/// The flags that can be set.
const SETTABLE: SystemFlags = SystemFlags::SEEN.union(SystemFlags::FLAGGED);

/// One mutation on its way.
pub(super) struct Job {
    /// Where it stands in the batch.
    pub(super) index: usize,
    pub(super) change: Change,
    /// Changes of single occurrences, which from 16.0 on need a request each.
    pub(super) instances: Vec<Change>,
    /// What the server holds afterwards, if it need not be read.
    pub(super) stored: Option<Stored>,
    /// It goes in a request of its own, after a server that did not take it with others.
    pub(super) alone: bool,
}

impl Job {
    fn new(index: usize, change: Change) -> Self {
        Self {
            index,
            change,
            instances: Vec::new(),
            stored: None,
            alone: false,
        }
    }
}

impl EasSource {
    /// What is sent for a mutation, or what becomes of it without anything sent.
    pub(super) async fn job(
        &mut self,
        index: usize,
        mutation: &Mutation,
        c: &CollectionId,
        class: Class,
        now: &There,
    ) -> Result<Job, Outcome> {
        let version = self.version().await.map_err(Outcome::Unknown)?;
        match &mutation.op {
            Op::Create(new) => {
                let content = content(&new.body, new.kind)?;
                let client_id = self.client_id(Some(mutation.key), &content);
                let mut item = match (class, new.kind) {
                    (Class::Email, ItemKind::Message) if self.takes_drafts(c) => {
                        draft(new, &content)
                    }
                    _ => self.item(new.kind, &content, class, version)?,
                };
                if let Item::Event(event) = &mut item {
                    files::change(event, &[], &client_id);
                }
                let send = false;
                let add = Change::Add {
                    client_id,
                    item,
                    send,
                };
                Ok(Job::new(index, add))
            }
            Op::SetFlags {
                id,
                guard,
                add,
                remove,
            } => {
                let (_, seen) = now.get(id).ok_or(Outcome::Gone)?;
                if seen.revision != *guard {
                    return Err(Outcome::Stale);
                }
                let mut job = Job::new(index, flag_change(id, add, remove));
                let held = settable(add);
                let flags = seen.flags.union(&held).difference(&settable(remove));
                job.stored = Some(Stored {
                    id: Some(id.clone()),
                    revision: Some(flags.names().collect::<Vec<_>>().join(" ").into()),
                    flags: Some(flags),
                });
                Ok(job)
            }
            Op::Replace { id, guard, body } => {
                let (old, seen) = now.get(id).ok_or(Outcome::Gone)?;
                if seen.revision != *guard {
                    return Err(Outcome::Stale);
                }
                let content = content(body, seen.kind)?;
                let mut item = self.item(seen.kind, &content, class, version)?;
                complete::clear(&mut item, old, version);
                if let Item::Event(event) = &mut item {
                    // It names what is new, and nothing else.
                    event.values.remove(Calendar::ClientUid);
                    if let Item::Event(old) = old {
                        files::change(event, &old.attachments, id.as_str());
                    }
                }
                let instances = take_instances(&mut item, old, id, version);
                let change = Change::Change {
                    id: id.as_str().to_owned(),
                    instance: None,
                    item,
                    send: false,
                };
                Ok(Job {
                    instances,
                    ..Job::new(index, change)
                })
            }
            Op::Delete { id, guard } => {
                let (_, seen) = now.get(id).ok_or(Outcome::Gone)?;
                if seen.revision != *guard {
                    return Err(Outcome::Stale);
                }
                let delete = Change::Delete {
                    id: id.as_str().to_owned(),
                    instance: None,
                };
                Ok(Job {
                    stored: Some(Stored::default()),
                    ..Job::new(index, delete)
                })
            }
            Op::Move { .. } => Err(refused("moves by another command")),
        }
    }

    /// The item that a document is.
    fn item(
        &self,
        kind: ItemKind,
        content: &[u8],
        class: Class,
        version: Version,
    ) -> Result<Item, Outcome> {
        let addresses = self.addresses.clone().unwrap_or_default();
        let account = self.account(version, &addresses);
        let now = DateTime::new(i64::try_from(now()).unwrap_or(0));
        let item = match (class, kind) {
            (Class::Calendar, ItemKind::Event) => {
                event::from_ical(content, &account).map(|event| Item::Event(Box::new(event)))
            }
            (Class::Tasks, ItemKind::Task) => {
                task::from_ical(content, &account, now).map(|task| Item::Task(Box::new(task)))
            }
            (Class::Notes, ItemKind::Note) => {
                note::from_ical(content).map(|note| Item::Note(Box::new(note)))
            }
            (Class::Contacts, ItemKind::Contact) => {
                let contact = contact::from_vcard(content);
                let contact = contact.ok_or_else(|| refused("not a vCard"))?;
                let mut item = Item::Contact(Box::new(contact));
                complete::leave_out(&mut item, version);
                Ok(item)
            }
            (Class::Email, ItemKind::Message) => return Err(refused(super::NO_UPLOAD)),
            _ => {
                let class = class.as_str();
                return Err(refused(format!("a folder of {class} takes no {kind}")));
            }
        };
        item.map_err(|error| refused(error.to_string()))
    }

    /// Names what is new to the server, in at most 40 characters: the same again for the same, also
    /// after a restart, and never the name of something else, also after a state that was lost.
    pub(super) fn client_id(&self, key: Option<u64>, content: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.owner());
        if let Some(key) = key {
            hash.update(key.to_be_bytes());
        }
        hash.update(content);
        let mut id = String::with_capacity(32);
        for byte in hash.finalize().iter().take(16) {
            let _ = write!(id, "{byte:02x}");
        }
        id
    }
}

pub(super) fn refused(why: impl Into<String>) -> Outcome {
    Outcome::Refused(Error::new(ErrorKind::Refused, why))
}

/// The bytes of a content.
pub(super) fn content(body: &Body, kind: ItemKind) -> Result<Bytes, Outcome> {
    let most = match kind {
        ItemKind::Message => LARGEST_MESSAGE,
        _ => LARGEST,
    };
    if body.len() > most {
        let why = format!("{} bytes; the limit is {most}", body.len());
        return Err(Outcome::Refused(Error::new(ErrorKind::TooLarge, why)));
    }
    let local =
        |error: std::io::Error| Outcome::Refused(Error::new(ErrorKind::Local, error.to_string()));
    body.read(most).map_err(local)
}

/// A draft as a whole message ([MS-ASEMAIL] section 2.2.2, from 16.0 on).
fn draft(new: &NewItem, content: &[u8]) -> Item {
    let mut email = Email::default();
    let has = |flag| new.flags.system.contains(flag);
    email
        .values
        .set(E::Read, if has(SystemFlags::SEEN) { "1" } else { "0" });
    if has(SystemFlags::FLAGGED) {
        email.flag = Some(follow_up());
    }
    email.body = Some(class::Body {
        body_type: BodyType::Mime,
        data: Some(content.to_vec()),
        ..class::Body::default()
    });
    Item::Email(Box::new(email))
}

/// Those of the flags that can be set.
fn settable(flags: &Flags) -> Flags {
    Flags::of(flags.system.intersection(SETTABLE))
}

fn flag_change(id: &ItemId, add: &Flags, remove: &Flags) -> Change {
    let mut email = Email::default();
    let wanted = |flag: SystemFlags| match (add.system.contains(flag), remove.system.contains(flag))
    {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    if let Some(seen) = wanted(SystemFlags::SEEN) {
        email.values.set(E::Read, if seen { "1" } else { "0" });
    }
    match wanted(SystemFlags::FLAGGED) {
        Some(true) => email.flag = Some(follow_up()),
        Some(false) => email.flag = Some(Values::default()),
        None => {}
    }
    Change::Change {
        id: id.as_str().to_owned(),
        instance: None,
        item: Item::Email(Box::new(email)),
        send: false,
    }
}

/// The simple flag ([MS-ASEMAIL] section 2.2.2.34).
fn follow_up() -> Values {
    let flag = [(E::Status, "2"), (E::FlagType, "Flag for follow up")];
    flag.into_iter().collect()
}

/// From 16.0 on a change of a series does not hold its occurrences; each that differs from what the
/// server has is a change of its own.
fn take_instances(item: &mut Item, old: &Item, id: &ItemId, version: Version) -> Vec<Change> {
    let Item::Event(event) = item else {
        return Vec::new();
    };
    if version < Version::V16_0 {
        return Vec::new();
    }
    let there = match old {
        Item::Event(old) => old.exceptions.as_deref().unwrap_or_default(),
        _ => &[],
    };
    let is_deleted = |start: Option<DateTime>| {
        let mut same = there.iter().filter(|old| old.original_start == start);
        same.any(|old| old.deleted)
    };
    let id = id.as_str().to_owned();
    let exceptions = event.exceptions.take().unwrap_or_default();
    exceptions
        .into_iter()
        .filter(|exception| !is_deleted(exception.original_start))
        .map(|exception| match exception.deleted {
            true => Change::Delete {
                id: id.clone(),
                instance: exception.original_start,
            },
            false => Change::Change {
                id: id.clone(),
                instance: exception.original_start,
                item: Item::Event(Box::new(exception.event)),
                send: false,
            },
        })
        .collect()
}
