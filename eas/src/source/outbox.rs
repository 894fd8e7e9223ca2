//! Sending.

use sync_core::model::{
    Collection, CollectionId, CollectionPath, Cursor, ItemId, ItemKind, KindSet, NewItem, Role,
};
use sync_core::source::{Applied, ChangePage, Coverage, Mutation, Op, Operation, Outcome, Stored};
use sync_core::{Error, ErrorKind, Result};

use super::cursor::Place;
use super::folders::Folders;
use super::send::again;
use super::{EasSource, content, job};
use crate::wire::Version;
use crate::wire::class::Class;
use crate::wire::command::{self, FolderType, SendMail, ServerChange};
use crate::wire::wbxml::pages::Email as E;

/// No server's id: those have no control characters.
const ID: &str = "\u{1}outbox";
const NO_FLAGS: &str = "what is sent has no flags";

/// How many of the messages that were sent last are looked at.
const RECENT: usize = 10;
/// A day, as a value of `FilterType`.
const ONE_DAY: u8 = 1;
const MOST_PAGES: usize = 20;

pub(super) fn is(c: &CollectionId) -> bool {
    c.as_str() == ID
}

/// The outbox, by the name that the server has for its own.
pub(super) fn collection(folders: &Folders) -> Collection {
    let name = folders.of_type(FolderType::OUTBOX);
    let name = name.map_or("Outbox", |folder| folder.name.as_str());
    let mut collection = Collection::new(ID, CollectionPath::new([name]), KindSet::MAIL);
    collection.role = Some(Role::Outbox);
    collection.refuses = vec![(Operation::SetFlags, NO_FLAGS)];
    collection
}

/// Nothing, ever.
pub(super) fn changes(since: Option<&Cursor>) -> ChangePage {
    let coverage = match since {
        None => Coverage::Snapshot,
        Some(_) => Coverage::Delta,
    };
    ChangePage::new(coverage, Cursor::new(ID))
}

impl EasSource {
    /// Sends what is created here, each once.
    pub(super) async fn send_mails(
        &mut self,
        at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Applied {
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut broken: Option<Error> = None;
        for Mutation { key, op } in batch {
            outcomes.push(match (op, &broken) {
                (Op::Create(_), Some(error)) => Outcome::Unknown(again(error)),
                (Op::Create(new), None) => {
                    let outcome = self.send_mail(key, &new).await;
                    let outcome = outcome.unwrap_or_else(|outcome| outcome);
                    if let Outcome::Unknown(error) = &outcome {
                        broken = Some(again(error));
                    }
                    outcome
                }
                (Op::SetFlags { .. }, _) => job::refused(NO_FLAGS),
                (Op::Replace { .. }, _) => job::refused("what is sent cannot be changed"),
                // It went out, and is not here any more.
                (Op::Delete { .. } | Op::Move { .. }, _) => Outcome::Gone,
            });
        }
        Applied {
            outcomes,
            cursor: at.cloned(),
        }
    }

    async fn send_mail(&mut self, key: u64, new: &NewItem) -> Result<Outcome, Outcome> {
        if new.kind != ItemKind::Message {
            return Err(job::refused("only messages can be sent"));
        }
        let mime = job::content(&new.body, new.kind)?;
        let version = self.version().await.map_err(Outcome::Unknown)?;
        let mail = SendMail {
            // By the content alone: the same message is sent once, also after a state that was lost.
            client_id: self.client_id(None, &mime),
            account: None,
            save: true,
            mime: mime.to_vec(),
        };
        let sent = || {
            Outcome::Done(Stored {
                id: Some(ItemId::new(format!("{key:016x}-{}", mail.client_id))),
                revision: Some("".into()),
                flags: None,
            })
        };
        let lost = match self.client.send_mail(&mail).await {
            Ok(()) => return Ok(sent()),
            Err(error) if error.is_outcome_unknown() => Error::from(error),
            Err(error) => return Err(not_sent(error.into())),
        };
        // Not every server knows a message again that it sent before; so look before.
        match self.is_in_sent(&mime).await {
            Ok(true) => Ok(sent()),
            Ok(false) if version >= Version::V14_0 => match self.client.send_mail(&mail).await {
                Ok(()) => Ok(sent()),
                Err(error) if error.is_outcome_unknown() => Err(Outcome::Unknown(error.into())),
                Err(error) => Err(not_sent(error.into())),
            },
            Err(_) if version >= Version::V14_0 => Err(Outcome::Unknown(lost)),
            _ => {
                let why = format!("the answer was lost; see whether it was sent: {lost}");
                Err(job::refused(why))
            }
        }
    }

    /// Whether this message is among those that were sent last.
    async fn is_in_sent(&mut self, mime: &[u8]) -> Result<bool> {
        let Some(wanted) = content::message_id(mime) else {
            return Ok(false);
        };
        if self.folders.is_none() {
            self.list_folders().await?;
        }
        let folders = self.folders.as_ref();
        let Some(folder) = folders.and_then(|all| all.of_type(FolderType::SENT)) else {
            return Ok(false);
        };
        let c = CollectionId::new(folder.id.as_str());
        let mut sent = Vec::new();
        let version = self.version().await?;
        let mut place = Place::new(self.prime(&c, Class::Email).await?, version.as_str());
        for _ in 0..MOST_PAGES {
            let mut collection =
                command::Collection::new(Class::Email, c.as_str(), place.key.as_str());
            collection.get_changes = Some(true);
            collection.window = Some(512);
            let mut options = self.options(Class::Email);
            options.filter = Some(ONE_DAY);
            collection.options = Some(options);
            let answer = self.sync_one(collection).await?;
            for change in answer.changes {
                if let ServerChange::Add { id, item } = change
                    && let crate::wire::class::Item::Email(email) = item
                {
                    let date = email.values.date(E::DateReceived);
                    sent.push((date, ItemId::new(id)));
                }
            }
            match answer.key {
                Some(key) if answer.more => place.key = key,
                _ => break,
            }
        }
        sent.sort_by_key(|(date, _)| std::cmp::Reverse(*date));
        let ids: Vec<ItemId> = sent.into_iter().take(RECENT).map(|(_, id)| id).collect();
        let found = self
            .read_messages(&c, &ids, sync_core::source::Depth::Identity)
            .await?;
        Ok(found
            .into_iter()
            .flatten()
            .any(|seen| seen.identity.message_id.as_ref() == Some(&wanted)))
    }
}

/// What becomes of a message that the server does not send.
fn not_sent(error: Error) -> Outcome {
    match error.is_fatal() {
        true => Outcome::Unknown(error),
        false => Outcome::Refused(Error::new(ErrorKind::Refused, error.message())),
    }
}
