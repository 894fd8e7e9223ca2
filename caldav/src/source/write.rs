//! Single writes, and what became of them.

use std::borrow::Cow;
use std::sync::PoisonError;

use bytes::Bytes;
use sync_core::merge;
use sync_core::model::{ItemId, Revision};
use sync_core::source::{Outcome, Stored};
use sync_core::{Error, ErrorKind};

use crate::client::{self, Service};
use crate::wire::{ETag, Href, Precondition};

use super::apply::{Writer, is_sogos, usable};
use super::ident::{item_href, item_id, new_name};
use super::look::Held;
use super::schedule::{Roles, silence};

/// How many names are tried for a new item.
const NAMES: u32 = 3;

const MAILED: &str = "the server schedules this event and would mail its attendees or its \
                      organizer; make the change there, or let the server do so in the config";

impl Writer {
    /// Stores a new item under a name of its own; `held` is what was there under the first one.
    pub(super) async fn create(&self, uid: &str, content: &Bytes, held: Option<Held>) -> Outcome {
        let mut held = held;
        let mut refused = None;
        for attempt in 0..NAMES {
            let name = new_name(self.reader.service, uid, attempt);
            if attempt > 0 {
                held = match self.reader.look_at(&name).await {
                    Ok(held) => held,
                    Err(error) => return self.lost(error),
                };
            }
            if let Some(held) = held.take() {
                if held.uid().as_deref() == Some(uid) {
                    return self.is_taken(&name, uid, &held);
                }
                continue;
            }
            let sent = self.silent(content);
            let error = match self.put(&name, sent, &Precondition::New).await {
                Ok(stored) => return self.done(&stored, &name),
                Err(error) => error,
            };
            if error.is_outcome_unknown() {
                return self.settle_put(&name, content, None, error).await;
            }
            if error.is_stale() {
                match self.reader.look_at(&name).await {
                    Ok(Some(held)) if held.uid().as_deref() == Some(uid) => {
                        return self.is_taken(&name, uid, &held);
                    }
                    Ok(_) => {
                        refused.get_or_insert(error);
                        continue;
                    }
                    Err(error) => return self.lost(error),
                }
            }
            if error.is_uid_conflict() && error.body().href.is_some() {
                return self.conflicts(uid, error).await;
            }
            // A trash bin keeps the names, or the UIDs, of what was deleted (Nextcloud).
            let odd = matches!(error.status(), Some(400 | 403 | 409 | 500));
            if attempt > 0
                || !odd
                || !error.body().conditions.is_empty() && !error.is_uid_conflict()
            {
                return self.refusal(refused.unwrap_or(error));
            }
            refused.get_or_insert(error);
        }
        match refused {
            Some(error) => self.refusal(error),
            None => {
                let text = "all names that it could have are taken by others";
                Outcome::Refused(Error::new(ErrorKind::Refused, text))
            }
        }
    }

    /// The name of a new item is that of an item with the same UID: the next listing tells of it,
    /// unless that is what the last one did.
    fn is_taken(&self, name: &ItemId, uid: &str, held: &Held) -> Outcome {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let before = taken.insert(name.clone(), held.revision());
        if before == Some(held.revision()) {
            let text = format!("another item of this collection has the UID {uid}: {name}");
            return Outcome::Refused(Error::new(ErrorKind::Refused, text));
        }
        Outcome::Stale
    }

    /// The server says that another resource has the UID.
    async fn conflicts(&self, uid: &str, error: client::Error) -> Outcome {
        let there = error.body().href.as_ref();
        let id = there.and_then(|href| item_id(&self.reader.collection, href));
        if let Some(id) = id {
            match self.reader.look_at(&id).await {
                Ok(Some(held)) if held.uid().as_deref() == Some(uid) => {
                    return self.is_taken(&id, uid, &held);
                }
                Ok(_) => {}
                Err(error) => return self.lost(error),
            }
        }
        let text = match there {
            Some(href) => format!("its UID is in use by {href}: {error}"),
            None => format!("its UID is in use: {error}"),
        };
        Outcome::Refused(Error::new(ErrorKind::Refused, text).caused_by(error))
    }

    pub(super) async fn replace(
        &self,
        id: &ItemId,
        guard: &Revision,
        content: &Bytes,
        held: Option<Option<Held>>,
    ) -> Outcome {
        let (precondition, held) = match self.guard(guard, held) {
            Ok(guarded) => guarded,
            Err(outcome) => return outcome,
        };
        let mut sent = self.silent(content);
        if let Some(held) = &held {
            if self.mails(held, Some(content)) {
                return Outcome::Refused(Error::new(ErrorKind::Refused, MAILED));
            }
            if self.reader.silenced && Roles::of(&held.content).is_scheduled() {
                // To take an attendee from the server would be mailed, too.
                sent = content.clone();
            }
        }
        for _ in 0..2 {
            let error = match self.put(id, sent.clone(), &precondition).await {
                Ok(stored) => return self.done(&stored, id),
                Err(error) => error,
            };
            if error.is_outcome_unknown() {
                return self.settle_put(id, content, Some(guard), error).await;
            }
            if error.is_not_found() {
                return Outcome::Gone;
            }
            if !error.is_stale() {
                return match error.is_uid_conflict() {
                    true => self.conflicts("", error).await,
                    false => self.refusal(error),
                };
            }
            // 412 says that the guard does not hold, not why; and a server may have been behind.
            if let Some(outcome) = self.why_not(id, guard).await {
                return outcome;
            }
        }
        self.stubborn()
    }

    pub(super) async fn delete(
        &self,
        id: &ItemId,
        guard: &Revision,
        held: Option<Option<Held>>,
    ) -> Outcome {
        let (precondition, held) = match self.guard(guard, held) {
            Ok(guarded) => guarded,
            Err(outcome) => return outcome,
        };
        if held.is_some_and(|held| self.mails(&held, None)) {
            return Outcome::Refused(Error::new(ErrorKind::Refused, MAILED));
        }
        let Some(href) = item_href(&self.reader.collection, id) else {
            return Outcome::Gone;
        };
        for _ in 0..2 {
            let error = match self.reader.client.delete(&href, &precondition).await {
                Ok(()) => return Outcome::Done(Stored::default()),
                Err(error) => error,
            };
            if error.is_not_found() {
                return Outcome::Gone;
            }
            if error.is_outcome_unknown() {
                return match self.reader.look_at(id).await {
                    Ok(None) => Outcome::Done(Stored::default()),
                    _ => self.lost(error),
                };
            }
            if !error.is_stale() {
                return self.refusal(error);
            }
            if let Some(outcome) = self.why_not(id, guard).await {
                return outcome;
            }
        }
        self.stubborn()
    }

    pub(super) async fn r#move(
        &self,
        id: &ItemId,
        guard: &Revision,
        to: &Href,
        held: Option<Held>,
    ) -> Outcome {
        let Some(held) = held else {
            return Outcome::Gone;
        };
        if held.revision() != *guard {
            return Outcome::Stale;
        }
        if self.reader.service == Service::CardDav && is_sogos(guard) {
            let text = "SOGo gives a contact that is moved another UID";
            return Outcome::Refused(Error::new(ErrorKind::Unsupported, text));
        }
        let Some(from) = item_href(&self.reader.collection, id) else {
            return Outcome::Gone;
        };
        let precondition = usable(guard).map_or(Precondition::None, Precondition::Match);
        let uid = held.uid().unwrap_or_default();
        let other = new_name(self.reader.service, &uid, 1);
        for name in [id, &other] {
            let Some(target) = item_href(to, name) else {
                continue;
            };
            let moved = self.reader.client.move_to(&from, &target, &precondition);
            let error = match moved.await {
                Ok(stored) => {
                    let id = item_id(to, &stored.href).unwrap_or_else(|| name.clone());
                    // A server may have given it a name of its own (SOGo's contacts): then the next
                    // listing shows it.
                    let there = matches!(self.reader.at(to).look_at(&id).await, Ok(Some(_)));
                    return Outcome::Done(Stored {
                        id: there.then_some(id),
                        revision: revision(stored.etag.as_ref()).filter(|_| there),
                        flags: None,
                    });
                }
                Err(error) => error,
            };
            if error.is_outcome_unknown() {
                return match self.moved(id, name, to).await {
                    true => Outcome::Done(Stored {
                        id: Some(name.clone()),
                        ..Stored::default()
                    }),
                    false => self.lost(error),
                };
            }
            let refused = !error.is_stale() && !error.is_not_found();
            if refused {
                return self.refusal(error);
            }
            // Either the item is another one by now, or the name is taken there.
            if let Some(outcome) = self.why_not(id, guard).await {
                return outcome;
            }
            if error.is_not_found() {
                return self.refusal(error);
            }
        }
        let text = "all names that it could have there are taken";
        Outcome::Refused(Error::new(ErrorKind::Refused, text))
    }

    /// Whether an item is no longer here, and there.
    async fn moved(&self, id: &ItemId, name: &ItemId, to: &Href) -> bool {
        let there = self.reader.at(to);
        matches!(self.reader.look_at(id).await, Ok(None))
            && matches!(there.look_at(name).await, Ok(Some(_)))
    }

    /// What makes a write depend on the revision that the plan saw: an ETag that can be sent; else
    /// what is there now is compared, which leaves a moment to be lost, and its ETag sent if that
    /// can be.
    fn guard(
        &self,
        guard: &Revision,
        held: Option<Option<Held>>,
    ) -> Result<(Precondition, Option<Held>), Outcome> {
        let sent = usable(guard);
        match (held, sent) {
            (None, Some(tag)) => Ok((Precondition::Match(tag), None)),
            (None, None) | (Some(None), _) => Err(Outcome::Gone),
            (Some(Some(held)), _) if held.revision() != *guard => Err(Outcome::Stale),
            (Some(Some(held)), sent) => {
                let tag = sent.or_else(|| held.etag.clone().filter(ETag::is_usable));
                let precondition = tag.map_or(Precondition::None, Precondition::Match);
                Ok((precondition, Some(held)))
            }
        }
    }

    /// Why a guard did not hold; `None` if it should have.
    async fn why_not(&self, id: &ItemId, guard: &Revision) -> Option<Outcome> {
        match self.reader.look_at(id).await {
            Ok(None) => Some(Outcome::Gone),
            Ok(Some(held)) if held.revision() != *guard => Some(Outcome::Stale),
            Ok(Some(_)) => None,
            Err(error) => Some(self.lost(error)),
        }
    }

    /// The answer to a PUT was lost: what is there says whether it was carried out.
    async fn settle_put(
        &self,
        id: &ItemId,
        content: &Bytes,
        guard: Option<&Revision>,
        error: client::Error,
    ) -> Outcome {
        if let Ok(Some(held)) = self.reader.look_at(id).await {
            let revision = held.revision();
            let shown = self.reader.shown(held.content);
            if guard != Some(&revision) && merge::equal(&shown, content) {
                return Outcome::Done(Stored {
                    id: Some(id.clone()),
                    revision: Some(revision),
                    flags: None,
                });
            }
        }
        self.lost(error)
    }

    async fn put(
        &self,
        id: &ItemId,
        content: Bytes,
        precondition: &Precondition,
    ) -> Result<client::Stored, client::Error> {
        let href = item_href(&self.reader.collection, id);
        let href = href.unwrap_or_else(|| self.reader.collection.member(id.as_str()));
        let client = &self.reader.client;
        client
            .put(&href, self.reader.service, content, precondition)
            .await
    }

    /// A content as it is sent, so that nobody is mailed because of it.
    fn silent(&self, content: &Bytes) -> Bytes {
        if !self.reader.silenced {
            return content.clone();
        }
        match silence(content) {
            Cow::Borrowed(_) => content.clone(),
            Cow::Owned(silent) => silent.into(),
        }
    }

    fn done(&self, stored: &client::Stored, id: &ItemId) -> Outcome {
        let named = item_id(&self.reader.collection, &stored.href);
        Outcome::Done(Stored {
            id: named.or_else(|| Some(id.clone())),
            revision: revision(stored.etag.as_ref()),
            flags: None,
        })
    }

    /// The server does not want this one, or nothing at all now.
    fn refusal(&self, error: client::Error) -> Outcome {
        if error.is_retryable() || error.is_authentication() {
            return self.lost(error);
        }
        Outcome::Refused(error.into())
    }

    /// Nothing is known of this one, and nothing further is begun.
    pub(super) fn lost(&self, error: client::Error) -> Outcome {
        let error = Error::from(error);
        self.stop(&error);
        Outcome::Unknown(error)
    }

    fn stubborn(&self) -> Outcome {
        let text = "the server says 412 to the ETag that it gives itself";
        Outcome::Refused(Error::new(ErrorKind::Protocol, text))
    }
}

fn revision(etag: Option<&ETag>) -> Option<Revision> {
    etag.map(|tag| Revision::new(tag.as_str()))
}
