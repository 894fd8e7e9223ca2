//! Writes, and what became of them.

use bytes::Bytes;
use sync_core::model::{CollectionId, Cursor, ItemId, NewItem, Revision};
use sync_core::source::{Applied, Mutation, Op, Outcome, Stored};
use sync_core::{Error, ErrorKind, Result};

use crate::mapping::{Header, MessageState};
use crate::wire::sync::{Command, MessageChange, NewMessage};
use crate::wire::{ServerId, SyncKey};

use super::cursor::Place;
use super::view::{Seen, View};
use super::write::{Effect, Pending};
use super::{DeltaSyncSource, KIND};

/// What is to be done for one mutation.
pub(super) enum Step {
    /// Nothing more.
    Ended(Outcome),
    /// This is to be sent.
    Send(Box<Pending>),
}

impl DeltaSyncSource {
    pub(super) async fn write(
        &mut self,
        c: &CollectionId,
        at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied> {
        if batch.is_empty() {
            return Ok(Applied::default());
        }
        let at = at.and_then(Place::parse).map(|place| place.key);
        let guarded = batch.iter().any(|m| !matches!(m.op, Op::Create(_)));
        let view = self.stand(c, at.as_ref(), guarded).await?;
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut view = self.write_all(c, view, batch, &mut outcomes).await?;
        // A reader may only skip what we did ourselves, and only what the outcomes tell of.
        let tells_all = !outcomes
            .iter()
            .any(|outcome| matches!(outcome, Outcome::Unknown(_)));
        let cursor = at
            .filter(|at| tells_all && !view.has_news(at, false))
            .map(|_| {
                view.stand();
                Place::new(view.key.clone()).to_cursor()
            });
        self.views.insert(c.clone(), view);
        Ok(Applied { outcomes, cursor })
    }

    /// What is known of the folder, as new as it has to be.
    async fn stand(
        &mut self,
        c: &CollectionId,
        at: Option<&SyncKey>,
        guarded: bool,
    ) -> Result<View> {
        let view = match (at, self.views.remove(c)) {
            (Some(at), Some(view)) if !view.knows(at) => View::at(at.clone()),
            (Some(at), None) => View::at(at.clone()),
            (_, Some(view)) => view,
            (None, None) => View::empty(),
        };
        if guarded {
            return self.refresh(c, view).await;
        }
        match view.key == SyncKey::initial() {
            true => self.first_key(c).await,
            false => Ok(view),
        }
    }

    /// What would be sent for a mutation.
    pub(super) fn prepare(&self, c: &CollectionId, view: &View, mutation: Mutation) -> Step {
        match mutation.op {
            Op::Create(new) => self.prepare_message(c, mutation.key, &new),
            Op::SetFlags {
                id,
                guard,
                add,
                remove,
            } => {
                let id = ServerId::new(id.as_str());
                checked(view, &id, &guard).map_or_else(Step::Ended, |seen| {
                    let flags = seen.state.flags().union(&add).difference(&remove);
                    let state = MessageState::from_flags(&flags);
                    let told = (state.flags() != flags).then(|| state.flags());
                    if state == seen.state {
                        return Step::Ended(Outcome::Done(Stored {
                            id: Some(ItemId::new(id.as_str())),
                            revision: Some(state.revision()),
                            flags: told,
                        }));
                    }
                    let mut change = MessageChange::new(id.clone());
                    let old = seen.state;
                    change.read = (state.read != old.read).then_some(state.read);
                    change.reply_state = (state.reply != old.reply).then_some(state.reply);
                    change.flagged = (state.flagged != old.flagged).then_some(state.flagged);
                    Pending::step(
                        Command::ChangeMessage(change),
                        Effect::Changed(id, Seen { state, ..seen }, told),
                    )
                })
            }
            Op::Replace { .. } => refuse(ErrorKind::Unsupported, super::NO_EDIT),
            Op::Delete { id, guard } => {
                let id = ServerId::new(id.as_str());
                checked(view, &id, &guard).map_or_else(Step::Ended, |_| {
                    Pending::step(Command::Delete(id.clone()), Effect::Gone(id))
                })
            }
            Op::Move { id, guard, to } => {
                let id = ServerId::new(id.as_str());
                checked(view, &id, &guard).map_or_else(Step::Ended, |_| {
                    let mut change = MessageChange::new(id.clone());
                    change.folder = Some(ServerId::new(to.as_str()));
                    Pending::step(Command::ChangeMessage(change), Effect::Moved(id))
                })
            }
        }
    }

    fn prepare_message(&self, c: &CollectionId, key: u64, new: &NewItem) -> Step {
        if new.kind != KIND {
            let why = "DeltaSync has no class for it: folders hold mail alone";
            return refuse(ErrorKind::Unsupported, why);
        }
        if new.body.is_empty() {
            return refuse(ErrorKind::Refused, "HU01 cannot hold an empty message");
        }
        let content = match new.body.read(self.config.max_upload) {
            Ok(content) => content,
            Err(error) if new.body.len() > self.config.max_upload => {
                return refuse(ErrorKind::TooLarge, &error.to_string());
            }
            Err(error) => return Step::Ended(Outcome::Refused(error.into())),
        };
        let state = MessageState::from_flags(&new.flags);
        let told = (state.flags() != new.flags).then(|| state.flags());
        let received = new.date.map_or_else(now, |date| date.seconds);
        let message = message(c, key, content, state, received);
        let client_id = message.client_id.clone();
        Pending::step(
            Command::AddMessage(Box::new(message)),
            Effect::Added(
                client_id,
                Seen {
                    state,
                    received: Some(received),
                },
                told,
            ),
        )
    }
}

/// A message with what an upload says beside its content.
fn message(
    c: &CollectionId,
    key: u64,
    content: Bytes,
    state: MessageState,
    received: i64,
) -> NewMessage {
    let header = Header::read(&content);
    NewMessage {
        client_id: format!(
            "{:08x}-0000-4000-8000-{:012x}",
            key >> 48,
            key & 0xffff_ffff_ffff
        ),
        folder: ServerId::new(c.as_str()),
        content,
        read: state.read,
        reply_state: state.reply,
        flagged: state.flagged,
        received,
        topic: header.topic().to_owned(),
        from: header.from,
        subject: header.subject,
        attachments: header.attachments,
    }
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}

/// The message as it is, if it is as the plan saw it. Of one that is not known, nothing was told since:
/// then it is.
fn checked(view: &View, id: &ServerId, guard: &Revision) -> Result<Seen, Outcome> {
    match view.get(id) {
        Some(seen) if seen.state.revision() == *guard => Ok(seen),
        Some(_) => Err(Outcome::Stale),
        None if view.is_complete || view.is_gone(id) => Err(Outcome::Gone),
        None => match MessageState::parse(guard) {
            Some(state) => Ok(Seen {
                state,
                received: None,
            }),
            None => Err(Outcome::Stale),
        },
    }
}

fn refuse(kind: ErrorKind, why: &str) -> Step {
    Step::Ended(Outcome::Refused(Error::new(kind, why)))
}
