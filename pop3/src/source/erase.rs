//! Deletions: DELE and QUIT.

use std::collections::HashSet;

use sync_core::model::{ItemId, Revision};
use sync_core::source::{Mutation, Op, Outcome, Stored};
use sync_core::{Error, ErrorKind, Result};

use super::cursor::Naming;
use super::listing::REVISION;
use super::names::naming_of;
use super::session::{Session, not_connected};
use super::{NO_EDIT, NO_FLAGS, NO_UPLOAD, Pop3Source};

impl Pop3Source {
    /// Carries out a batch in one session.
    pub(super) async fn write(&mut self, batch: Vec<Mutation>) -> Result<Vec<Outcome>> {
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(batch.len());
        let mut deletes: Vec<(usize, ItemId)> = Vec::new();
        for (at, mutation) in batch.into_iter().enumerate() {
            outcomes.push(match mutation.op {
                Op::Delete { id, guard } if guard_holds(&guard) => {
                    deletes.push((at, id));
                    None
                }
                Op::Delete { id, .. } => {
                    let there = self.is_there(&id).await?;
                    Some(if there { Outcome::Stale } else { Outcome::Gone })
                }
                Op::Create(_) => Some(refused(NO_UPLOAD)),
                Op::SetFlags { .. } => Some(refused(NO_FLAGS)),
                Op::Replace { .. } => Some(refused(NO_EDIT)),
                Op::Move { .. } => Some(refused("POP3 has one mailbox")),
            });
        }
        if !deletes.is_empty() {
            let ids: Vec<&ItemId> = deletes.iter().map(|(_, id)| id).collect();
            let ended = self.delete(&ids).await?;
            for ((at, _), outcome) in deletes.into_iter().zip(ended) {
                if let Some(slot) = outcomes.get_mut(at) {
                    *slot = Some(outcome);
                }
            }
        }
        Ok(outcomes.into_iter().flatten().collect())
    }

    async fn is_there(&mut self, id: &ItemId) -> Result<bool> {
        Ok(self.open(wanted([id])).await?.find(id).is_some())
    }

    async fn delete(&mut self, ids: &[&ItemId]) -> Result<Vec<Outcome>> {
        if self
            .session
            .as_ref()
            .is_some_and(Session::quit_deletes_more)
        {
            self.leave().await;
        }
        let idle = self.session.is_some();
        match self.try_delete(ids).await {
            // Without QUIT nothing was deleted.
            Err(error) if idle && error.kind() == ErrorKind::Connection => {
                tracing::debug!(%error, "the session was dead");
                self.try_delete(ids).await
            }
            result => result,
        }
    }

    async fn try_delete(&mut self, ids: &[&ItemId]) -> Result<Vec<Outcome>> {
        let view = self.open(wanted(ids.iter().copied())).await?;
        let mut seen = HashSet::with_capacity(ids.len());
        let mut numbers = Vec::with_capacity(ids.len());
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(ids.len());
        for id in ids {
            let found = view.find(id).filter(|_| seen.insert(*id));
            numbers.extend(found.map(|entry| entry.number));
            outcomes.push(found.is_none().then_some(Outcome::Gone));
        }
        if numbers.is_empty() {
            return Ok(outcomes.into_iter().flatten().collect());
        }
        // A connection that ends without QUIT takes all marks back: whoever drops this future
        // deletes nothing, nor does an error.
        let (Some(mut session), Some(mut view)) = (self.session.take(), self.view.take()) else {
            return Err(not_connected());
        };
        let mut marked = session.client.delete(&numbers).await.into_iter();
        let mut deleted = Vec::with_capacity(numbers.len());
        for (outcome, id) in outcomes.iter_mut().zip(ids) {
            if outcome.is_some() {
                continue;
            }
            match marked.next().ok_or_else(not_connected)? {
                Ok(()) => deleted.push((*id).clone()),
                Err(error) if error.is_connection_lost() || error.is_retryable() => {
                    return Err(error.into());
                }
                Err(error) => {
                    let text = format!("the server does not delete it: {error}");
                    let error = Error::new(ErrorKind::Refused, text).at_item(id);
                    *outcome = Some(Outcome::Refused(error));
                }
            }
        }
        let lost = match session.client.quit().await {
            Ok(()) => {
                // Still what a new login would show, but for the deleted.
                view.remove(&deleted);
                self.view = Some(view);
                None
            }
            Err(error) if error.is_outcome_unknown() => Some(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        let ended = |outcome| match (outcome, &lost) {
            (Some(outcome), _) => outcome,
            (None, None) => Outcome::Done(Stored::default()),
            (None, Some(why)) => {
                let text = format!("whether it was deleted is not known: {why}");
                Outcome::Unknown(Error::new(ErrorKind::Connection, text))
            }
        };
        Ok(outcomes.into_iter().map(ended).collect())
    }
}

fn wanted<'a>(ids: impl IntoIterator<Item = &'a ItemId>) -> Option<Naming> {
    let mut ids = ids.into_iter();
    ids.any(|id| naming_of(id) == Naming::Header)
        .then_some(Naming::Header)
}

fn refused(why: &str) -> Outcome {
    Outcome::Refused(Error::new(ErrorKind::Unsupported, why))
}

/// A message never changes; the empty guard asks for nothing.
fn guard_holds(guard: &Revision) -> bool {
    matches!(guard.as_str(), "" | REVISION)
}
