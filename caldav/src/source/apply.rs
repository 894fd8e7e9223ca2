//! Batches of writes: several under way at once, each item's in their order.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use sync_core::merge;
use sync_core::model::{Body, CollectionId, ItemId, ItemKind, KindSet, Revision};
use sync_core::source::{Mutation, Op, Outcome};
use sync_core::{Error, ErrorKind, Result};

use crate::client::Service;
use crate::wire::{ETag, Href};

use super::fetch::Reader;
use super::ident::{item_href, new_name};
use super::look::Held;
use super::schedule::{Roles, concerns_somebody};
use super::{DavSource, content, href_of};

/// The largest content that is written, in bytes.
const MAX_CONTENT: u64 = 64 << 20;

/// One write, understood and checked.
pub(super) enum Task {
    Create {
        uid: String,
        content: Bytes,
    },
    Replace {
        id: ItemId,
        guard: Revision,
        content: Bytes,
    },
    Delete {
        id: ItemId,
        guard: Revision,
    },
    Move {
        id: ItemId,
        guard: Revision,
        to: Href,
    },
}

/// What all writes of a batch share.
pub(super) struct Writer {
    pub(super) reader: Reader,
    /// The addresses by which the account is invited, where that matters.
    pub(super) addresses: Vec<String>,
    /// What kept a request from being made or answered: no further one is made.
    stopped: Mutex<Option<Stopped>>,
    /// Names that were found taken by an item of the same UID, and its revision then.
    pub(super) taken: Mutex<HashMap<ItemId, Revision>>,
}

#[derive(Clone)]
struct Stopped {
    kind: ErrorKind,
    text: String,
    pause: Option<std::time::Duration>,
}

impl Writer {
    /// Ends the batch: what is not under way is not begun.
    pub(super) fn stop(&self, error: &Error) {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.get_or_insert_with(|| Stopped {
            kind: error.kind(),
            text: error.to_string(),
            pause: error.retry_after(),
        });
    }

    /// Why nothing further is to be begun.
    fn stopped(&self) -> Option<Error> {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let stopped = stopped.clone()?;
        let error = Error::new(stopped.kind, format!("not tried: {}", stopped.text));
        Some(error.retry_in(stopped.pause))
    }
}

impl DavSource {
    pub(super) async fn write_batch(
        &mut self,
        c: &CollectionId,
        batch: Vec<Mutation>,
    ) -> Result<Vec<Outcome>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let href = href_of(c)?;
        let kinds = self.kinds_of(c);
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        let mut lanes: Vec<(ItemId, Vec<(usize, Task)>)> = Vec::new();
        let mut lane_of: HashMap<ItemId, usize> = HashMap::new();
        for (index, mutation) in batch.into_iter().enumerate() {
            match self.task(mutation.op, &href, kinds) {
                Err(outcome) => outcomes.push(Some(outcome)),
                Ok((name, task)) => {
                    outcomes.push(None);
                    let lane = *lane_of.entry(name.clone()).or_insert(lanes.len());
                    if lane == lanes.len() {
                        lanes.push((name, Vec::new()));
                    }
                    if let Some((_, tasks)) = lanes.get_mut(lane) {
                        tasks.push((index, task));
                    }
                }
            }
        }
        if lanes.is_empty() {
            return Ok(outcomes.into_iter().flatten().collect());
        }
        self.fresh.remove(c);
        let (writer, mut looks) = self.prepare(c, &lanes).await?;
        let running = lanes.into_iter().map(|(name, tasks)| {
            let look = looks.remove(&name);
            writer.run(name, look, tasks)
        });
        let running: Vec<_> = running.collect();
        let mut running = stream::iter(running).buffer_unordered(self.width());
        while let Some(done) = running.next().await {
            for (index, outcome) in done {
                if let Some(slot) = outcomes.get_mut(index) {
                    *slot = Some(outcome);
                }
            }
        }
        drop(running);
        let taken = writer
            .taken
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        self.taken.insert(c.clone(), taken);
        Ok(outcomes.into_iter().flatten().collect())
    }

    /// Looks at what has to be seen before it is written to.
    async fn prepare(
        &mut self,
        c: &CollectionId,
        lanes: &[(ItemId, Vec<(usize, Task)>)],
    ) -> Result<(Writer, HashMap<ItemId, Option<Held>>)> {
        let reader = self.reader(c).await?;
        let wanted: Vec<ItemId> = lanes
            .iter()
            .filter(|(_, tasks)| {
                let first = tasks.first();
                first.is_some_and(|(_, task)| task.needs_look(reader.silenced))
            })
            .map(|(name, _)| name.clone())
            .collect();
        let mut found = match wanted.is_empty() {
            true => HashMap::new(),
            false => reader.look(&wanted).await?,
        };
        let looks: HashMap<ItemId, Option<Held>> = wanted
            .into_iter()
            .map(|name| {
                let held = found.remove(&name);
                (name, held)
            })
            .collect();
        let scheduled = reader.silenced
            && looks
                .values()
                .flatten()
                .any(|held| concerns_somebody(&held.content));
        let addresses = match scheduled {
            true => self.addresses().await?,
            false => Vec::new(),
        };
        let writer = Writer {
            reader,
            addresses,
            stopped: Mutex::default(),
            taken: Mutex::new(self.taken.remove(c).unwrap_or_default()),
        };
        Ok((writer, looks))
    }

    /// The addresses by which the account is invited; none if the server does not tell.
    async fn addresses(&mut self) -> Result<Vec<String>> {
        if let Some(addresses) = &self.addresses {
            return Ok(addresses.clone());
        }
        let service = self.service();
        let addresses = match self.client().await?.discover(service).await {
            Ok(discovery) => discovery.addresses,
            Err(error) if error.is_retryable() || error.is_authentication() => {
                return Err(error.into());
            }
            Err(_) => Vec::new(),
        };
        self.addresses = Some(addresses.clone());
        Ok(addresses)
    }

    /// What is to be done, and under which name; or what became of what cannot be.
    fn task(&self, op: Op, collection: &Href, kinds: KindSet) -> Result<(ItemId, Task), Outcome> {
        let service = self.service();
        let refused = |kind, why: &str| Outcome::Refused(Error::new(kind, why));
        let read = |body: &Body| {
            let content = body.read(MAX_CONTENT).map_err(|error| {
                let text = format!("the content cannot be read: {error}");
                Outcome::Refused(Error::new(ErrorKind::TooLarge, text).caused_by(error))
            })?;
            let kind = content::kind(service, &content);
            let fits = |kind: &ItemKind| kinds.contains(*kind);
            kind.filter(fits).ok_or_else(|| match service {
                Service::CardDav => refused(ErrorKind::Refused, "this is no vCard"),
                Service::CalDav => {
                    let names = kinds.iter().filter_map(content::component);
                    let names: Vec<&str> = names.collect();
                    let why = format!("this calendar holds {} only", names.join(", "));
                    refused(ErrorKind::Refused, &why)
                }
            })?;
            Ok(content)
        };
        let known = |id: &ItemId| match item_href(collection, id) {
            Some(_) => Ok(()),
            None => Err(Outcome::Gone),
        };
        match op {
            Op::Create(new) => {
                let content = read(&new.body)?;
                let uid = new.identity.uid.or_else(|| merge::uid(&content));
                let uid = uid.filter(|uid| !uid.is_empty()).unwrap_or_else(|| {
                    // An item without one is known by what it holds.
                    content::revision_of(&content).to_string()
                });
                Ok((new_name(service, &uid, 0), Task::Create { uid, content }))
            }
            Op::Replace { id, guard, body } => {
                let content = read(&body)?;
                known(&id)?;
                Ok((id.clone(), Task::Replace { id, guard, content }))
            }
            Op::Delete { id, guard } => {
                known(&id)?;
                Ok((id.clone(), Task::Delete { id, guard }))
            }
            Op::Move { id, guard, to } => {
                known(&id)?;
                let to = href_of(&to).map_err(Outcome::Refused)?;
                if to.origin() != collection.origin() {
                    let why = "an item cannot be moved to another server";
                    return Err(refused(ErrorKind::Unsupported, why));
                }
                Ok((id.clone(), Task::Move { id, guard, to }))
            }
            Op::SetFlags { .. } => {
                let why = "events, tasks, notes and contacts have no flags";
                Err(refused(ErrorKind::Unsupported, why))
            }
        }
    }
}

impl Task {
    /// Whether it has to be seen before what is there. Servers that schedule mail because of what
    /// was there; a name may be taken although `If-None-Match` is sent, and not every DELETE and
    /// MOVE minds `If-Match` (SOGo, Radicale), nor every PUT to what is gone (SOGo's contacts).
    fn needs_look(&self, scheduling: bool) -> bool {
        match self {
            Self::Create { .. } | Self::Delete { .. } | Self::Move { .. } => true,
            Self::Replace { guard, .. } => scheduling || usable(guard).is_none() || is_sogos(guard),
        }
    }
}

/// Whether a revision is an ETag of SOGo, which alone has such.
pub(super) fn is_sogos(guard: &Revision) -> bool {
    guard.as_str().starts_with("\"gcs")
}

/// The ETag that a revision is, if it can be sent in `If-Match`.
pub(super) fn usable(guard: &Revision) -> Option<ETag> {
    ETag::parse(guard.as_str()).filter(ETag::is_usable)
}

impl Writer {
    /// Carries out the writes to one resource, one after the other.
    async fn run(
        &self,
        name: ItemId,
        look: Option<Option<Held>>,
        tasks: Vec<(usize, Task)>,
    ) -> Vec<(usize, Outcome)> {
        let mut look = look;
        let mut done = Vec::with_capacity(tasks.len());
        for (index, task) in tasks {
            if let Some(error) = self.stopped() {
                done.push((index, Outcome::Unknown(error)));
                continue;
            }
            // What was seen before the first write is not what the second one finds.
            let mut held = look.take();
            if held.is_none() && task.needs_look(self.reader.silenced) {
                held = match self.reader.look_at(&name).await {
                    Ok(held) => Some(held),
                    Err(error) => {
                        done.push((index, self.lost(error)));
                        continue;
                    }
                };
            }
            done.push((index, self.carry_out(task, held).await));
        }
        done
    }

    async fn carry_out(&self, task: Task, held: Option<Option<Held>>) -> Outcome {
        match task {
            Task::Create { uid, content } => self.create(&uid, &content, held.flatten()).await,
            Task::Replace { id, guard, content } => self.replace(&id, &guard, &content, held).await,
            Task::Delete { id, guard } => self.delete(&id, &guard, held).await,
            Task::Move { id, guard, to } => self.r#move(&id, &guard, &to, held.flatten()).await,
        }
    }

    /// Whether a write in the place of `held` makes the server mail somebody.
    pub(super) fn mails(&self, held: &Held, after: Option<&[u8]>) -> bool {
        if !self.reader.silenced {
            return false;
        }
        let before = Roles::of(&held.content);
        before.mails(&self.addresses, after.map(Roles::of).as_ref())
    }
}
