//! Commands on their way.

use std::collections::{HashMap, HashSet};

use sync_core::model::{CollectionId, Flags, ItemId};
use sync_core::source::{Mutation, Outcome, Stored};
use sync_core::{Error, ErrorKind, Result};

use crate::client;
use crate::wire::sync::{
    Class, CollectionAnswer, CollectionRequest, Command, Conflict, ResponseKind, SyncRequest,
};
use crate::wire::{Action, ServerId, Status, SyncKey, limits};

use super::DeltaSyncSource;
use super::apply::Step;
use super::view::{Seen, View};

/// How many messages, and of how many bytes together, one request uploads. What servers take is unknown.
const UPLOADS: usize = 16;
const UPLOAD_BYTES: usize = 4 << 20;

/// A command with what it does.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    command: Command,
    effect: Effect,
}

/// What a command does if it goes well.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    /// A message is new; the client's name for it, and its flags where they are not those asked for.
    Added(String, Seen, Option<Flags>),
    /// A message has another state.
    Changed(ServerId, Seen, Option<Flags>),
    Gone(ServerId),
    /// It is in another folder, under a name that is not told.
    Moved(ServerId),
}

impl Pending {
    pub(super) fn step(command: Command, effect: Effect) -> Step {
        Step::Send(Box::new(Self { command, effect }))
    }

    fn id(&self) -> Option<&ServerId> {
        match &self.effect {
            Effect::Added(..) => None,
            Effect::Changed(id, ..) | Effect::Gone(id) | Effect::Moved(id) => Some(id),
        }
    }

    fn upload(&self) -> Option<usize> {
        match &self.command {
            Command::AddMessage(message) => Some(message.content.len()),
            _ => None,
        }
    }
}

/// Commands that go together, each with the place of its outcome.
#[derive(Default)]
struct Group {
    commands: Vec<(usize, Pending)>,
    ids: HashSet<ServerId>,
    uploads: usize,
    bytes: usize,
}

impl Group {
    fn takes(&self, next: &Pending) -> bool {
        let fresh = next.id().is_none_or(|id| !self.ids.contains(id));
        let uploads = match next.upload() {
            Some(_) if self.uploads == 0 => true,
            Some(size) => self.uploads < UPLOADS && self.bytes.saturating_add(size) <= UPLOAD_BYTES,
            None => true,
        };
        fresh && uploads && self.commands.len() < limits::COMMANDS
    }

    fn push(&mut self, at: usize, next: Pending) {
        self.ids.extend(next.id().cloned());
        if let Some(size) = next.upload() {
            self.uploads = self.uploads.saturating_add(1);
            self.bytes = self.bytes.saturating_add(size);
        }
        self.commands.push((at, next));
    }
}

impl DeltaSyncSource {
    /// Carries out a batch, in groups; the outcomes are in its order.
    pub(super) async fn write_all(
        &mut self,
        c: &CollectionId,
        mut view: View,
        batch: Vec<Mutation>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<View> {
        let mut done: HashMap<usize, Outcome> = HashMap::new();
        let count = batch.len();
        let mut group = Group::default();
        for (at, mutation) in batch.into_iter().enumerate() {
            // What is still to be sent may concern the same message.
            let id = concerned(&mutation);
            if id.is_some_and(|id| group.ids.contains(&id)) {
                view = self
                    .send(c, view, std::mem::take(&mut group), &mut done)
                    .await?;
            }
            match self.prepare(c, &view, mutation) {
                Step::Ended(outcome) => {
                    done.insert(at, outcome);
                }
                Step::Send(pending) => {
                    if !group.takes(&pending) {
                        view = self
                            .send(c, view, std::mem::take(&mut group), &mut done)
                            .await?;
                    }
                    group.push(at, *pending);
                }
            }
        }
        view = self.send(c, view, group, &mut done).await?;
        for at in 0..count {
            outcomes.push(done.remove(&at).unwrap_or_else(unanswered));
        }
        Ok(view)
    }

    /// Sends a group; one by one where the server refuses all for the sake of one.
    async fn send(
        &mut self,
        c: &CollectionId,
        mut view: View,
        group: Group,
        done: &mut HashMap<usize, Outcome>,
    ) -> Result<View> {
        if group.commands.is_empty() {
            return Ok(view);
        }
        match self.send_once(c, &mut view, &group.commands, done).await {
            Ok(()) => return Ok(view),
            Err(error) if error.is_key_lost() => {
                // Nothing was carried out. What is there now has to be looked at first.
                return self.send_anew(c, group, done).await;
            }
            Err(error) if !concerns_commands(&error) => return Err(error.into()),
            Err(_) => {}
        }
        for (at, pending) in group.commands {
            let single = [(at, pending)];
            match self.send_once(c, &mut view, &single, done).await {
                Ok(()) => {}
                Err(error) if concerns_commands(&error) => {
                    done.insert(at, ended(error));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(view)
    }

    /// Sends a group to a server that did not take the key, once.
    async fn send_anew(
        &mut self,
        c: &CollectionId,
        group: Group,
        done: &mut HashMap<usize, Outcome>,
    ) -> Result<View> {
        let mut view = self.refresh(c, View::empty()).await?;
        let mut valid = Vec::new();
        for (at, pending) in group.commands {
            let before = match &pending.command {
                Command::ChangeMessage(_) | Command::Delete(_) => pending.id().cloned(),
                _ => None,
            };
            match before.map(|id| view.get(&id).is_some()) {
                Some(false) => {
                    done.insert(at, Outcome::Gone);
                }
                // The state that the plan saw is not known here any more.
                Some(true) => {
                    done.insert(at, Outcome::Stale);
                }
                None => valid.push((at, pending)),
            }
        }
        if !valid.is_empty() {
            self.send_once(c, &mut view, &valid, done).await?;
        }
        Ok(view)
    }

    /// One request.
    async fn send_once(
        &mut self,
        c: &CollectionId,
        view: &mut View,
        commands: &[(usize, Pending)],
        done: &mut HashMap<usize, Outcome>,
    ) -> client::Result<()> {
        let folder = Some(ServerId::new(c.as_str()));
        let mut collection = CollectionRequest::new(Class::Email, folder, view.key.clone());
        collection.commands = commands.iter().map(|(_, p)| p.command.clone()).collect();
        let changes = collection.commands.iter();
        let changes = changes.filter(|command| matches!(command, Command::ChangeMessage(_)));
        let conflict = (changes.count() > 0).then_some(Conflict::Server);
        let mut request = SyncRequest::of(collection);
        request.conflict = conflict;
        let client = match self.client() {
            Ok(client) => client,
            Err(error) => return Err(error.into()),
        };
        let (key, mut answer) = client.sync_within(request).await?;
        view.key = key;
        // None were asked for.
        view.learn(std::mem::take(&mut answer.commands));
        for (at, pending) in commands {
            let outcome = outcome(view, pending, &answer);
            done.insert(*at, outcome);
        }
        Ok(())
    }

    /// A key for a folder of which nothing is known, without listing it.
    pub(super) async fn first_key(&mut self, c: &CollectionId) -> Result<View> {
        let folder = Some(ServerId::new(c.as_str()));
        let request = CollectionRequest::new(Class::Email, folder, SyncKey::initial());
        let (key, _) = self.client()?.sync_one(request).await?;
        Ok(View::at(key))
    }
}

/// The message that a mutation is about, if it is there already.
fn concerned(mutation: &Mutation) -> Option<ServerId> {
    use sync_core::source::Op;

    match &mutation.op {
        Op::Create(_) => None,
        Op::SetFlags { id, .. }
        | Op::Replace { id, .. }
        | Op::Delete { id, .. }
        | Op::Move { id, .. } => Some(ServerId::new(id.as_str())),
    }
}

/// Whether a request failed for what a command of it asks.
fn concerns_commands(error: &client::Error) -> bool {
    match error.action() {
        Action::ItemGone | Action::Conflict | Action::Settings | Action::Refused => {
            error.status().is_some()
        }
        _ => false,
    }
}

/// What became of the one command of a request that failed.
fn ended(error: client::Error) -> Outcome {
    match error.action() {
        Action::ItemGone => Outcome::Gone,
        Action::Conflict => Outcome::Stale,
        _ => Outcome::Refused(error.into()),
    }
}

fn unanswered() -> Outcome {
    let text = "the server does not say what became of it";
    Outcome::Unknown(Error::new(ErrorKind::Protocol, text))
}

fn outcome(view: &mut View, pending: &Pending, answer: &CollectionAnswer) -> Outcome {
    let mut responses = answer.responses.iter();
    let response = match &pending.effect {
        Effect::Added(client_id, ..) => responses.find(|response| {
            let id = response.client_id.as_deref();
            id.is_some_and(|id| id.eq_ignore_ascii_case(client_id))
        }),
        Effect::Changed(id, ..) | Effect::Moved(id) => {
            responses.find(|r| r.kind == ResponseKind::Change && r.id.as_ref() == Some(id))
        }
        Effect::Gone(id) => {
            responses.find(|r| r.kind == ResponseKind::Delete && r.id.as_ref() == Some(id))
        }
    };
    // Of what was there already silence may be consent; not of what is new.
    let status = match (response, &pending.effect) {
        (Some(response), _) => response.status,
        (None, Effect::Added(..)) => return unanswered(),
        (None, _) => Status::SUCCESS,
    };
    match status.action() {
        Action::None => {}
        Action::ItemGone => {
            if let Some(id) = pending.id() {
                view.put(id.clone(), None, false);
            }
            return Outcome::Gone;
        }
        Action::Conflict => return Outcome::Stale,
        Action::LogIn | Action::Resync => return unanswered(),
        Action::Retry if status != Status::QUOTA => return unanswered(),
        _ => return Outcome::Refused(client::Error::of_status("the message", status).into()),
    }
    let stored = match &pending.effect {
        Effect::Added(_, seen, flags) => {
            let Some(id) = response.and_then(|response| response.id.clone()) else {
                return unanswered();
            };
            view.put(id.clone(), Some(*seen), true);
            stored(&id, *seen, flags.clone())
        }
        Effect::Changed(id, seen, flags) => {
            view.put(id.clone(), Some(*seen), true);
            stored(id, *seen, flags.clone())
        }
        Effect::Gone(id) => {
            view.put(id.clone(), None, true);
            Stored::default()
        }
        Effect::Moved(id) => {
            view.put(id.clone(), None, true);
            Stored::default()
        }
    };
    Outcome::Done(stored)
}

fn stored(id: &ServerId, seen: Seen, flags: Option<Flags>) -> Stored {
    Stored {
        id: Some(ItemId::new(id.as_str())),
        revision: Some(seen.state.revision()),
        flags,
    }
}
