//! Listings.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sync_core::model::{CollectionId, Cursor, ItemId};
use sync_core::source::{ChangePage, Coverage};
use sync_core::{Error, ErrorKind, Result};
use tokio::time::Instant;

use super::cursor::{OVER, Place};
use super::{EasSource, content};
use crate::wire::class::{BodyType, Class, Item};
use crate::wire::command::{
    BodyPreference, Collection, CollectionAnswer, Conflict, Name, Options, ServerChange,
};
use crate::wire::wbxml::pages::{Calendar, Contacts, Notes, Tasks};
use crate::wire::{Action, Status};

/// How many times a server may say that there is more and give nothing.
const MOST_IDLE: usize = 3;

impl EasSource {
    pub(super) async fn list_changes(
        &mut self,
        c: &CollectionId,
        since: Option<&Cursor>,
    ) -> Result<ChangePage> {
        let class = self.class(c).await?;
        let version = self.version().await?;
        if since.is_some() && self.client.take_upgraded() {
            let why = "the server was upgraded";
            return Err(Error::new(ErrorKind::CursorLost, why));
        }
        let mut place = match since {
            Some(cursor) => Place::parse(cursor, version.as_str())?,
            None => Place::new(self.prime(c, class).await?, version.as_str()),
        };
        let coverage = match place.first {
            true => Coverage::Snapshot,
            false => Coverage::Delta,
        };
        let key = self.keys.remove(c);
        let goes_on = !place.has_pages() || key.as_ref() == Some(&place.key);
        let in_step = self.in_step.remove(c) && goes_on;
        let was_first = place.first;
        let answer = match place.latest().filter(|_| !in_step) {
            Some(latest) => self.list_after(c, class, &mut place, latest).await?,
            None => self.list_page(c, class, &mut place).await?,
        };
        place.first &= answer.more;
        self.keys.insert(c.clone(), place.key.clone());
        self.note_settled(c, &place);
        let mut page = ChangePage::new(coverage, place.cursor());
        page.more = answer.more;
        self.fill(c, class, answer.changes, &mut page).await?;
        if place.first == was_first {
            self.in_step.insert(c.clone());
        }
        Ok(page)
    }

    /// One page, after a request for what is later than any time. The answer to that often says that
    /// there is nothing new.
    async fn list_after(
        &mut self,
        c: &CollectionId,
        class: Class,
        place: &mut Place,
        latest: &str,
    ) -> Result<CollectionAnswer> {
        let ended = self.page(c, class, latest).await?;
        if ended.key.as_ref() == Some(&place.key) && place.is_settled() {
            return Ok(ended);
        }
        let mut answer = self.list_page(c, class, place).await?;
        // What left the window of a filter.
        answer.changes.extend(ended.changes);
        Ok(answer)
    }

    /// Notes when what was written in the second of the last listing can be asked for.
    fn note_settled(&mut self, c: &CollectionId, place: &Place) {
        match place.is_settled() || place.has_pages() {
            true => self.unsettled.remove(c),
            false => self
                .unsettled
                .insert(c.clone(), Instant::now() + Duration::from_secs(OVER)),
        };
    }

    /// One page, and the key of the next one.
    pub(super) async fn list_page(
        &mut self,
        c: &CollectionId,
        class: Class,
        place: &mut Place,
    ) -> Result<CollectionAnswer> {
        for _ in 0..MOST_IDLE {
            let begun = now();
            let asked = place.question();
            let answer = self.page(c, class, &asked).await?;
            // An answer without a key says that the last one is still good.
            let key = answer.key.clone().unwrap_or_else(|| place.key.clone());
            place.listed(&key, answer.more, begun, now());
            if !answer.more || !answer.changes.is_empty() {
                return Ok(answer);
            }
            if key == asked {
                break;
            }
        }
        let why = "the server says that there is more, and gives nothing";
        Err(Error::new(ErrorKind::Protocol, why))
    }

    /// Begins with a folder: a key, and nothing else yet.
    pub(super) async fn prime(&mut self, c: &CollectionId, class: Class) -> Result<String> {
        let mut collection = Collection::new(class, c.as_str(), "0");
        collection.options = Some(self.options(class));
        self.in_step.remove(c);
        let answer = self.sync_one(collection).await?;
        answer.key.filter(|key| key != "0").ok_or_else(|| {
            let why = "the server gives no key for the folder";
            Error::new(ErrorKind::Protocol, why)
        })
    }

    async fn page(
        &mut self,
        c: &CollectionId,
        class: Class,
        key: &str,
    ) -> Result<CollectionAnswer> {
        let mut collection = Collection::new(class, c.as_str(), key);
        collection.get_changes = Some(true);
        collection.window = Some(self.config.window.clamp(1, 512));
        collection.options = Some(self.options(class));
        self.sync_one(collection).await
    }

    /// Exchanges changes of one folder, whose status becomes an error.
    pub(super) async fn sync_one(&mut self, collection: Collection) -> Result<CollectionAnswer> {
        let answer = self.ask(collection).await?;
        match answer.status {
            Some(status) if !status.is_ok(Name::Sync) => Err(failed(status)),
            _ => Ok(answer),
        }
    }

    pub(super) fn options(&self, class: Class) -> Options {
        let body = match class {
            // Of a listed message only the flags count.
            Class::Email => BodyPreference {
                body_type: BodyType::Text,
                truncation: Some(0),
                all_or_none: None,
            },
            _ => BodyPreference::whole(BodyType::Text),
        };
        Options {
            filter: match class {
                Class::Email => Some(self.config.mail_filter),
                Class::Calendar => Some(self.config.calendar_filter),
                Class::Tasks => Some(0),
                Class::Contacts | Class::Notes => None,
            },
            bodies: vec![body],
            conflict: Some(Conflict::ServerWins),
            mime_support: matches!(class, Class::Email).then_some(0),
            ..Options::default()
        }
    }

    async fn fill(
        &mut self,
        c: &CollectionId,
        class: Class,
        changes: Vec<ServerChange>,
        page: &mut ChangePage,
    ) -> Result<()> {
        let addresses = self.own_addresses().await?;
        let version = self.version().await?;
        let mut partial: Vec<ItemId> = Vec::new();
        for change in changes {
            match change {
                ServerChange::Add { id, item } => {
                    let account = self.account(version, &addresses);
                    match content::seen(&id, &item, &account, self.owner()) {
                        Ok(seen) => page.changed.push(seen),
                        Err(error) => page.unreadable.push(error),
                    }
                }
                ServerChange::Change {
                    id,
                    instance: None,
                    item,
                } if is_whole(&item) => {
                    let account = self.account(version, &addresses);
                    match content::seen(&id, &item, &account, self.owner()) {
                        Ok(seen) => page.changed.push(seen),
                        Err(error) => page.unreadable.push(error),
                    }
                }
                // Some of it, or one occurrence: the rest is what it was, and has to be asked for.
                ServerChange::Change { id, .. }
                | ServerChange::Delete {
                    id,
                    instance: Some(_),
                } => partial.push(id.into()),
                ServerChange::Delete { id, .. } => page.vanished.push(id.into()),
                ServerChange::SoftDelete { id } => page.released.push(id.into()),
                ServerChange::Unreadable { id } => {
                    let why = "the server tells nothing of the item";
                    let error = Error::new(ErrorKind::Item, why).at_item(&id.into());
                    page.unreadable.push(error);
                }
            }
        }
        partial.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        partial.dedup();
        for found in self.read_items(c, class, &partial).await? {
            match found {
                Ok(seen) => page.changed.push(seen),
                Err(error) => page.unreadable.push(error),
            }
        }
        Ok(())
    }
}

/// Seconds since 1970 by the clock here.
pub(super) fn now() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    time.map_or(0, |time| time.as_secs())
}

/// Whether a change tells everything of an item. Of a message it never does.
fn is_whole(item: &Item) -> bool {
    match item {
        Item::Email(_) => false,
        Item::Event(event) => {
            event.values.get(Calendar::StartTime).is_some()
                && event.values.get(Calendar::Subject).is_some()
        }
        Item::Contact(contact) => [Contacts::FileAs, Contacts::FirstName, Contacts::LastName]
            .into_iter()
            .any(|tag| contact.values.get(tag).is_some()),
        Item::Task(task) => task.values.get(Tasks::Subject).is_some(),
        Item::Note(note) => note.values.get(Notes::Subject).is_some(),
    }
}

/// What the status of a folder means to the engine.
pub(super) fn failed(status: Status) -> Error {
    let kind = match status.action(Name::Sync) {
        Action::Reprime => ErrorKind::CursorLost,
        Action::SyncFolders => ErrorKind::NotFound,
        Action::Retry | Action::RetryLate => ErrorKind::Throttled,
        _ => ErrorKind::Refused,
    };
    Error::new(kind, format!("Sync: {status}"))
}
