//! One Sync with changes of ours, until it is known what became of it.

use std::time::Duration;

use sync_core::model::{CollectionId, ItemId};
use sync_core::source::{Outcome, Stored};
use sync_core::{Error, ErrorKind};

use super::EasSource;
use super::apply::{set, unsaid};
use super::changes::failed;
use super::cursor::Place;
use super::job::Job;
use crate::client;
use crate::wire::class::Class;
use crate::wire::command::{Change, Collection, CollectionAnswer, Name, Responded, Sync};
use crate::wire::{Action, Status};

/// How often a server may ask for the same once more, and for how long it is left alone before.
const MOST_RETRIES: u8 = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// How a request ended.
pub(super) enum Sent {
    /// With an answer for each item.
    Answered(CollectionAnswer),
    /// It was not carried out, and would not be the next time; perhaps for one of the items.
    Refused(Error),
    /// It was not carried out, and would not be with any item.
    RefusedAll(Error),
    /// It was not carried out: the key means nothing any more.
    KeyLost,
    /// It may have been carried out.
    Unknown(Error),
}

impl EasSource {
    /// Sends changes in one request. What a server refuses as a whole is halved until it is known
    /// which one it is; what it does not want together with others goes alone.
    ///
    /// Where the key is refused, all that is left is to be planned anew: the listing that follows
    /// shows what is there.
    pub(super) async fn carry_out(
        &mut self,
        c: &CollectionId,
        class: Class,
        place: &mut Place,
        jobs: Vec<Job>,
        outcomes: &mut [Option<Outcome>],
    ) {
        let mut parts = vec![jobs];
        while let Some(mut jobs) = parts.pop() {
            if jobs.is_empty() {
                continue;
            }
            let changes = jobs.iter().map(|job| job.change.clone()).collect();
            match self.send(c, class, place, changes, true).await {
                Sent::Answered(answer) => {
                    for job in jobs {
                        let again = self
                            .settle(c, class, place, job, &answer.responses, outcomes)
                            .await;
                        parts.extend(again.map(|job| vec![job]));
                    }
                }
                Sent::Refused(_) if jobs.len() > 1 => {
                    let half = jobs.split_off(jobs.len() / 2);
                    parts.push(half);
                    parts.push(jobs);
                }
                Sent::Refused(error) => {
                    if let Some(job) = jobs.pop() {
                        set(outcomes, job.index, Outcome::Refused(error));
                    }
                }
                Sent::KeyLost => {
                    for job in jobs.into_iter().chain(parts.drain(..).flatten()) {
                        set(outcomes, job.index, Outcome::Stale);
                    }
                }
                Sent::RefusedAll(error) => {
                    for job in jobs.into_iter().chain(parts.drain(..).flatten()) {
                        set(outcomes, job.index, Outcome::Refused(again(&error)));
                    }
                }
                Sent::Unknown(error) => {
                    for job in jobs.into_iter().chain(parts.drain(..).flatten()) {
                        set(outcomes, job.index, Outcome::Unknown(again(&error)));
                    }
                }
            }
        }
    }

    /// Sends one request. After a lost answer the same goes out once more, with the same key and
    /// names: the server recognises it, and says what became of it.
    pub(super) async fn send(
        &mut self,
        c: &CollectionId,
        class: Class,
        place: &mut Place,
        changes: Vec<Change>,
        with_options: bool,
    ) -> Sent {
        let mut collection = Collection::new(class, c.as_str(), place.key.as_str());
        collection.get_changes = Some(false);
        if class == Class::Email {
            collection.deletes_as_moves = Some(false);
        }
        // An occurrence is refused together with options.
        collection.options = with_options.then(|| self.options(class));
        collection.changes = changes;
        let mut lost: Option<Error> = None;
        let mut retries = 0;
        let mut listed = false;
        loop {
            let status = match self.ask(collection.clone()).await {
                Ok(answer) => match answer.status {
                    Some(status) if !status.is_ok(Name::Sync) => status,
                    _ => {
                        if let Some(key) = &answer.key {
                            place.take(key);
                        }
                        return Sent::Answered(answer);
                    }
                },
                Err(error) => match error.status() {
                    Some(status) if error.kind() == client::ErrorKind::Status => status,
                    _ if error.is_outcome_unknown() && lost.is_none() && place.keeps_requests() => {
                        tracing::debug!(%error, "the answer is lost; asking again");
                        lost = Some(error.into());
                        continue;
                    }
                    _ => return Sent::Unknown(error.into()),
                },
            };
            match status.action(Name::Sync) {
                Action::Reprime => {
                    return match lost {
                        Some(error) => Sent::Unknown(error),
                        None => Sent::KeyLost,
                    };
                }
                Action::Retry if retries < MOST_RETRIES => {
                    retries += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Action::SyncFolders if !listed => {
                    listed = true;
                    self.doubt_folders();
                    if let Err(error) = self.class(c).await {
                        return Sent::Unknown(error);
                    }
                }
                Action::Retry | Action::RetryLate | Action::SyncFolders => {
                    return Sent::Unknown(failed(status));
                }
                Action::Report => return Sent::RefusedAll(refusal(status)),
                _ => return Sent::Refused(refusal(status)),
            }
        }
    }

    /// One request about one folder, and what the server says of it; appointments with their files.
    pub(super) async fn ask(&mut self, collection: Collection) -> client::Result<CollectionAnswer> {
        let id = collection.id.clone();
        let request = Sync {
            collections: vec![collection],
            ..Sync::default()
        };
        let answer = self.client.sync(&request).await?;
        let mut found = answer.collections.into_iter().find(|c| c.id == id);
        if let Some(answer) = &mut found {
            self.complete_changes(&mut answer.changes).await?;
        }
        // Nothing said is nothing changed.
        Ok(found.unwrap_or(CollectionAnswer {
            id,
            status: Some(Status::OK),
            ..CollectionAnswer::default()
        }))
    }

    /// Notes what became of one change, and sends its single occurrences; gives the change back where
    /// it is to be sent again.
    async fn settle(
        &mut self,
        c: &CollectionId,
        class: Class,
        place: &mut Place,
        job: Job,
        responses: &[Responded],
        outcomes: &mut [Option<Outcome>],
    ) -> Option<Job> {
        let is_add = matches!(job.change, Change::Add { .. });
        let response = response_to(&job.change, responses);
        let status = match (response, is_add) {
            // Nothing said of a change is success; a new item has to be named. Should it be there all
            // the same, the next listing shows it.
            (None, true) => {
                let outcome = Outcome::Refused(unsaid("says nothing of the item"));
                set(outcomes, job.index, outcome);
                return None;
            }
            (None, false) => Status::OK,
            (Some(response), _) => response.status.unwrap_or(Status::OK),
        };
        let id = match &job.change {
            Change::Add { .. } => response.and_then(|response| response.id.clone()),
            Change::Change { id, .. } | Change::Delete { id, .. } | Change::Fetch { id } => {
                Some(id.clone())
            }
        };
        let is_delete = matches!(job.change, Change::Delete { .. });
        let outcome = match status.action(Name::Sync) {
            Action::None => Outcome::Done(job.stored.clone().unwrap_or(Stored {
                id: id.map(ItemId::new),
                revision: None,
                flags: None,
            })),
            // It was there a moment ago: this deletion is what took it away, or another one.
            Action::ItemGone if is_delete => Outcome::Done(job.stored.clone().unwrap_or_default()),
            Action::ItemGone => Outcome::Gone,
            Action::Conflict | Action::Reprime => Outcome::Stale,
            Action::Retry | Action::SyncFolders if !job.alone => {
                return Some(Job { alone: true, ..job });
            }
            Action::Retry | Action::RetryLate => Outcome::Unknown(failed(status)),
            _ => Outcome::Refused(refusal(status)),
        };
        let is_done = matches!(outcome, Outcome::Done(_));
        set(outcomes, job.index, outcome);
        if is_done {
            for instance in job.instances {
                if let Some(outcome) = self.send_instance(c, class, place, instance).await {
                    set(outcomes, job.index, outcome);
                    break;
                }
            }
        }
        None
    }

    /// Sends the change of one occurrence, after its series; says what became of it unless it is done.
    async fn send_instance(
        &mut self,
        c: &CollectionId,
        class: Class,
        place: &mut Place,
        change: Change,
    ) -> Option<Outcome> {
        let changes = vec![change.clone()];
        let answer = match self.send(c, class, place, changes, false).await {
            Sent::Answered(answer) => answer,
            Sent::Refused(error) | Sent::RefusedAll(error) => {
                return Some(Outcome::Refused(error));
            }
            Sent::KeyLost => return Some(Outcome::Stale),
            Sent::Unknown(error) => return Some(Outcome::Unknown(error)),
        };
        let status = response_to(&change, &answer.responses)?.status?;
        match status.action(Name::Sync) {
            // An occurrence that is not there any more need not be taken away.
            Action::None | Action::ItemGone => None,
            Action::Conflict => Some(Outcome::Stale),
            Action::Retry => Some(Outcome::Unknown(failed(status))),
            _ => Some(Outcome::Refused(refusal(status))),
        }
    }
}

/// The same error for one more item.
pub(super) fn again(error: &Error) -> Error {
    let copy = Error::new(error.kind(), error.message());
    match error.retry_after() {
        Some(pause) => copy.retry_in(pause),
        None => copy,
    }
}

/// What the server says of one change, if it says anything.
fn response_to<'a>(change: &Change, responses: &'a [Responded]) -> Option<&'a Responded> {
    responses.iter().find(|response| match change {
        Change::Add { client_id, .. } => response.client_id.as_deref() == Some(client_id),
        Change::Change { id, .. } | Change::Delete { id, .. } | Change::Fetch { id } => {
            response.client_id.is_none() && response.id.as_deref() == Some(id)
        }
    })
}

/// Why an item, or a request, is not taken ([MS-ASCMD] section 2.2.3.177.17).
fn refusal(status: Status) -> Error {
    let why = match status.0 {
        4 => ": the server cannot make sense of it",
        6 => ": the server does not take the item as it is",
        9 => ": there is no space left, or the change cannot be completed",
        12 => ": the folders changed",
        _ => "",
    };
    let kind = match status.0 {
        112 | 130 => ErrorKind::ReadOnly,
        _ => ErrorKind::Refused,
    };
    Error::new(kind, format!("Sync: {status}{why}"))
}
