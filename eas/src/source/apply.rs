//! Writing.

use std::collections::{HashMap, HashSet};

use sync_core::model::{
    Body, CollectionId, Cursor, Flags, Item as Seen, ItemId, ItemKind, SystemFlags,
};
use sync_core::source::{Applied, Mutation, Op, Outcome, Stored};
use sync_core::{Error, ErrorKind, Result};

use super::cursor::Place;
use super::{EasSource, complete, content};
use crate::mapping::{contact, event, note, task};
use crate::wire::class::{BodyType, Class, Email, Item, Values};
use crate::wire::command::{
    BodyPreference, Change, Collection, CollectionAnswer, Move, MoveItems, Name, Responded,
};
use crate::wire::wbxml::pages::Email as E;
use crate::wire::{Action, DateTime, Status, Version};

/// More than any calendar object or vCard.
const LARGEST: u64 = 16 << 20;
/// The flags that can be set.
const SETTABLE: SystemFlags = SystemFlags::SEEN.union(SystemFlags::FLAGGED);

/// One mutation on its way.
struct Job {
    /// Where it stands in the batch.
    index: usize,
    change: Change,
    /// Changes of single occurrences, which from 16.0 on need a request each.
    instances: Vec<Change>,
    /// What the server holds afterwards, if it need not be read.
    stored: Option<Stored>,
}

impl EasSource {
    pub(super) async fn write(
        &mut self,
        c: &CollectionId,
        at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied> {
        let class = self.class(c).await?;
        let version = self.version().await?;
        let mut place = match at {
            Some(cursor) => Place::parse(cursor, version.as_str())?,
            None => Place::new(self.prime(c, class).await?, version.as_str()),
        };
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut rest = batch.as_slice();
        while !rest.is_empty() {
            // One command an item and request: of two, servers carry out the first and refuse both.
            let (wave, later) = rest.split_at(wave(rest));
            outcomes.extend(self.write_wave(c, class, &mut place, wave).await?);
            rest = later;
        }
        Ok(Applied {
            outcomes,
            cursor: at.map(|_| place.cursor()),
        })
    }

    /// Carries out mutations of different items.
    async fn write_wave(
        &mut self,
        c: &CollectionId,
        class: Class,
        place: &mut Place,
        batch: &[Mutation],
    ) -> Result<Vec<Outcome>> {
        let version = self.version().await?;
        let mut outcomes: Vec<Option<Outcome>> = batch.iter().map(|_| None).collect();
        let now = self.now(c, class, batch).await?;
        let mut jobs = Vec::new();
        let mut moves = Vec::new();
        for (index, mutation) in batch.iter().enumerate() {
            if let Op::Move { id, guard, to } = &mutation.op {
                match now.get(id) {
                    None => set(&mut outcomes, index, Outcome::Gone),
                    Some((_, seen)) if seen.revision != *guard => {
                        set(&mut outcomes, index, Outcome::Stale);
                    }
                    // Servers were seen to move to where nothing is, and to say that it worked.
                    Some(_) => match self.class(to).await {
                        Ok(other) if other == class => moves.push((index, id.clone(), to.clone())),
                        Ok(_) => {
                            let why = "items do not move to a folder of another class";
                            let error = Error::new(ErrorKind::Refused, why);
                            set(&mut outcomes, index, Outcome::Refused(error));
                        }
                        Err(error) => set(&mut outcomes, index, Outcome::Refused(error)),
                    },
                }
                continue;
            }
            match self.job(index, mutation, class, version, &now) {
                Ok(job) => jobs.push(job),
                Err(outcome) => set(&mut outcomes, index, outcome),
            }
        }
        self.carry_out(c, class, place, jobs, &mut outcomes).await?;
        self.move_items(c, moves, &mut outcomes).await;
        self.read_written(c, class, &mut outcomes).await;
        let unsaid = || Outcome::Unknown(unsaid("says nothing of the item"));
        Ok(outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(unsaid))
            .collect())
    }

    /// What is there now of the items that will be replaced or deleted.
    async fn now(
        &mut self,
        c: &CollectionId,
        class: Class,
        batch: &[Mutation],
    ) -> Result<HashMap<ItemId, (Item, Seen)>> {
        let guarded: Vec<ItemId> = batch
            .iter()
            .filter_map(|mutation| match &mutation.op {
                Op::Replace { id, .. }
                | Op::Delete { id, .. }
                | Op::SetFlags { id, .. }
                | Op::Move { id, .. } => Some(id.clone()),
                Op::Create(_) => None,
            })
            .collect();
        let addresses = self.own_addresses().await?;
        let version = self.version().await?;
        let body = match class {
            Class::Email => BodyPreference {
                body_type: BodyType::Text,
                truncation: Some(0),
                all_or_none: None,
            },
            _ => BodyPreference::whole(BodyType::Text),
        };
        let mut now = HashMap::new();
        for (id, fetched) in self.operate(c, class, &guarded, body).await? {
            let Some(item) = fetched.item else { continue };
            let account = self.account(version, &addresses);
            if let Ok(seen) = content::seen(id.as_str(), &item, &account, self.owner()) {
                now.insert(id, (item, seen));
            }
        }
        Ok(now)
    }

    /// What is sent for a mutation, or what becomes of it without anything sent.
    fn job(
        &self,
        index: usize,
        mutation: &Mutation,
        class: Class,
        version: Version,
        now: &HashMap<ItemId, (Item, Seen)>,
    ) -> Result<Job, Outcome> {
        let job = |change: Change| Job {
            index,
            change,
            instances: Vec::new(),
            stored: None,
        };
        match &mutation.op {
            Op::Create(new) => {
                let item = self.item(new.kind, &new.body, class, version)?;
                Ok(job(Change::Add {
                    client_id: format!("{:016x}{index:02x}", mutation.key),
                    item,
                    send: false,
                }))
            }
            Op::SetFlags {
                id, add, remove, ..
            } => {
                let (_, seen) = now.get(id).ok_or(Outcome::Gone)?;
                let mut made = job(flag_change(id, add, remove));
                let held = settable(add);
                let flags = seen.flags.union(&held).difference(&settable(remove));
                made.stored = Some(Stored {
                    id: Some(id.clone()),
                    revision: Some(flags.names().collect::<Vec<_>>().join(" ").into()),
                    flags: Some(flags),
                });
                Ok(made)
            }
            Op::Replace { id, guard, body } => {
                let (old, seen) = now.get(id).ok_or(Outcome::Gone)?;
                if seen.revision != *guard {
                    return Err(Outcome::Stale);
                }
                let mut item = self.item(seen.kind, body, class, version)?;
                complete::clear(&mut item, old, version);
                let instances = take_instances(&mut item, id, version);
                let mut made = job(Change::Change {
                    id: id.as_str().to_owned(),
                    instance: None,
                    item,
                    send: false,
                });
                made.instances = instances;
                Ok(made)
            }
            Op::Delete { id, guard } => {
                let (_, seen) = now.get(id).ok_or(Outcome::Gone)?;
                if seen.revision != *guard {
                    return Err(Outcome::Stale);
                }
                let mut made = job(Change::Delete {
                    id: id.as_str().to_owned(),
                    instance: None,
                });
                made.stored = Some(Stored {
                    id: Some(id.clone()),
                    revision: Some(guard.clone()),
                    flags: None,
                });
                Ok(made)
            }
            Op::Move { .. } => Err(Outcome::Refused(unsaid("moves by another command"))),
        }
    }

    /// The item that a document is.
    fn item(
        &self,
        kind: ItemKind,
        body: &Body,
        class: Class,
        version: Version,
    ) -> Result<Item, Outcome> {
        let refused = |why: String| Outcome::Refused(Error::new(ErrorKind::Refused, why));
        let content = body.read(LARGEST);
        let content = content
            .map_err(|error| Outcome::Refused(Error::new(ErrorKind::Local, error.to_string())))?;
        let addresses = self.addresses.clone().unwrap_or_default();
        let account = self.account(version, &addresses);
        let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let seconds = clock.map_or(0, |time| time.as_secs());
        let now = DateTime::new(i64::try_from(seconds).unwrap_or(0));
        let item = match (class, kind) {
            (Class::Calendar, ItemKind::Event) => {
                event::from_ical(&content, &account).map(|event| Item::Event(Box::new(event)))
            }
            (Class::Tasks, ItemKind::Task) => {
                task::from_ical(&content, &account, now).map(|task| Item::Task(Box::new(task)))
            }
            (Class::Notes, ItemKind::Note) => {
                note::from_ical(&content).map(|note| Item::Note(Box::new(note)))
            }
            (Class::Contacts, ItemKind::Contact) => {
                let contact = contact::from_vcard(&content);
                let contact = contact.map(|contact| Item::Contact(Box::new(contact)));
                return contact.ok_or_else(|| refused("not a vCard".into()));
            }
            _ => {
                return Err(refused(format!(
                    "a folder of {} takes no {kind}",
                    class.as_str()
                )));
            }
        };
        item.map_err(|error| refused(error.to_string()))
    }

    /// Sends changes in one request. What a server refuses as a whole is halved until it is known
    /// which one it is; the key stays until something is taken.
    async fn carry_out(
        &mut self,
        c: &CollectionId,
        class: Class,
        place: &mut Place,
        jobs: Vec<Job>,
        outcomes: &mut [Option<Outcome>],
    ) -> Result<()> {
        let mut parts = vec![jobs];
        while let Some(mut jobs) = parts.pop() {
            if jobs.is_empty() {
                continue;
            }
            let changes = jobs.iter().map(|job| job.change.clone()).collect();
            match self.send(c, class, place, changes, true).await {
                Ok(answer) => {
                    for job in jobs {
                        self.settle(c, class, place, job, &answer.responses, outcomes)
                            .await;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Refused && jobs.len() > 1 => {
                    let half = jobs.split_off(jobs.len() / 2);
                    parts.push(half);
                    parts.push(jobs);
                }
                Err(error) if error.kind() == ErrorKind::Refused => {
                    if let Some(job) = jobs.pop() {
                        set(outcomes, job.index, Outcome::Refused(error));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn send(
        &mut self,
        c: &CollectionId,
        class: Class,
        place: &mut Place,
        changes: Vec<Change>,
        with_options: bool,
    ) -> Result<CollectionAnswer> {
        let mut collection = Collection::new(class, c.as_str(), place.key.as_str());
        collection.get_changes = Some(false);
        if class == Class::Email {
            collection.deletes_as_moves = Some(false);
        }
        if with_options {
            collection.options = Some(self.options(class));
        }
        collection.changes = changes;
        let answer = self.sync_one(collection).await?;
        if let Some(key) = &answer.key {
            place.key.clone_from(key);
        }
        Ok(answer)
    }

    /// What became of one change; its single occurrences follow.
    async fn settle(
        &mut self,
        c: &CollectionId,
        class: Class,
        place: &mut Place,
        job: Job,
        responses: &[Responded],
        outcomes: &mut [Option<Outcome>],
    ) {
        let (response, id) = match &job.change {
            Change::Add { client_id, .. } => {
                let found = responses
                    .iter()
                    .find(|r| r.client_id.as_deref() == Some(client_id));
                (found, found.and_then(|r| r.id.clone()))
            }
            Change::Change { id, .. } | Change::Delete { id, .. } | Change::Fetch { id } => {
                let found = responses
                    .iter()
                    .find(|r| r.client_id.is_none() && r.id.as_deref() == Some(id));
                (found, Some(id.clone()))
            }
        };
        let is_add = matches!(job.change, Change::Add { .. });
        let status = match (response, is_add) {
            // Nothing said of a change is success; a new item has to be named.
            (None, true) => return,
            (None, false) => Status::OK,
            (Some(response), _) => response.status.unwrap_or(Status::OK),
        };
        let outcome = match status.action(Name::Sync) {
            Action::None => Outcome::Done(job.stored.unwrap_or(Stored {
                id: id.map(ItemId::new),
                revision: None,
                flags: None,
            })),
            Action::Conflict => Outcome::Stale,
            Action::ItemGone => Outcome::Gone,
            _ => Outcome::Refused(Error::new(ErrorKind::Refused, format!("Sync: {status}"))),
        };
        let is_done = matches!(outcome, Outcome::Done(_));
        set(outcomes, job.index, outcome);
        if is_done {
            for instance in job.instances {
                let sent = self.send(c, class, place, vec![instance], false).await;
                if let Err(error) = sent {
                    set(outcomes, job.index, Outcome::Unknown(error));
                    return;
                }
            }
        }
    }

    async fn move_items(
        &mut self,
        c: &CollectionId,
        moves: Vec<(usize, ItemId, CollectionId)>,
        outcomes: &mut [Option<Outcome>],
    ) {
        if moves.is_empty() {
            return;
        }
        let all = moves.iter().map(|(_, id, to)| Move {
            item: id.as_str().to_owned(),
            from: c.as_str().to_owned(),
            to: to.as_str().to_owned(),
        });
        let answer = self.client.move_items(&MoveItems(all.collect())).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let why = error.to_string();
                for (index, ..) in moves {
                    let error = Error::new(ErrorKind::Connection, why.as_str());
                    set(outcomes, index, Outcome::Unknown(error));
                }
                return;
            }
        };
        for (index, id, _) in moves {
            let Some(moved) = answer.iter().find(|moved| moved.item == id.as_str()) else {
                continue;
            };
            let outcome = match moved.status.action(Name::MoveItems) {
                Action::None => Outcome::Done(Stored {
                    id: moved.new_id.as_deref().map(ItemId::new),
                    revision: None,
                    flags: None,
                }),
                Action::ItemGone => Outcome::Gone,
                _ => {
                    let why = format!("MoveItems: status {}", moved.status.0);
                    Outcome::Refused(Error::new(ErrorKind::Refused, why))
                }
            };
            set(outcomes, index, outcome);
        }
    }

    /// Reads what the server made of what was written, for its revision. What cannot be read now is
    /// found by the next listing.
    async fn read_written(
        &mut self,
        c: &CollectionId,
        class: Class,
        outcomes: &mut [Option<Outcome>],
    ) {
        let ids: Vec<ItemId> = outcomes
            .iter()
            .filter_map(|outcome| match outcome {
                Some(Outcome::Done(stored)) if stored.revision.is_none() => stored.id.clone(),
                _ => None,
            })
            .collect();
        if class == Class::Email || ids.is_empty() {
            return;
        }
        let found = match self.read_items(c, class, &ids).await {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(%error, "what was written cannot be read");
                return;
            }
        };
        for seen in found.into_iter().flatten() {
            for outcome in outcomes.iter_mut() {
                if let Some(Outcome::Done(stored)) = outcome
                    && stored.id.as_ref() == Some(&seen.id)
                {
                    stored.revision = Some(seen.revision.clone());
                }
            }
        }
    }
}

/// How many mutations, from the first on, are of different items.
fn wave(batch: &[Mutation]) -> usize {
    let mut seen = HashSet::new();
    let fresh = |mutation: &&Mutation| match &mutation.op {
        Op::Create(_) => true,
        Op::SetFlags { id, .. }
        | Op::Replace { id, .. }
        | Op::Delete { id, .. }
        | Op::Move { id, .. } => seen.insert(id.clone()),
    };
    batch.iter().take_while(fresh).count().max(1)
}

fn set(outcomes: &mut [Option<Outcome>], index: usize, outcome: Outcome) {
    if let Some(place) = outcomes.get_mut(index) {
        *place = Some(outcome);
    }
}

fn unsaid(why: &str) -> Error {
    Error::new(ErrorKind::Protocol, format!("the server {why}"))
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
        Some(true) => {
            let flag = [(E::Status, "2"), (E::FlagType, "Flag for follow up")];
            email.flag = Some(flag.into_iter().collect());
        }
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

/// From 16.0 on a change of a series does not hold its occurrences; each is a change of its own.
fn take_instances(item: &mut Item, id: &ItemId, version: Version) -> Vec<Change> {
    let Item::Event(event) = item else {
        return Vec::new();
    };
    if version < Version::V16_0 {
        return Vec::new();
    }
    let id = id.as_str().to_owned();
    let exceptions = event.exceptions.take().unwrap_or_default();
    exceptions
        .into_iter()
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
