//! Contents.

use std::collections::HashSet;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use sync_core::model::{Body, CollectionId, Digest, Item as Seen, ItemId};
use sync_core::source::Depth;
use sync_core::{Error, ErrorKind, Result};

use super::{EasSource, content, files};
use crate::client;
use crate::mapping::Account;
use crate::wire::class::{BodyType, Class, Item};
use crate::wire::command::{
    BodyPreference, Fetch, FetchOf, Fetched, ItemOperations, Name, Operation, Settings,
};
use crate::wire::{Action, Status, Version};

/// How many items one request asks for, and how many messages with all their bytes.
const BATCH: usize = 50;
const MESSAGES: usize = 5;

impl EasSource {
    pub(super) fn fetch_items<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
        depth: Depth,
    ) -> BoxStream<'a, Result<Seen>> {
        let batches = stream::unfold((self, ids), move |(source, rest)| async move {
            if rest.is_empty() {
                return None;
            }
            let class = match source.class(c).await {
                Ok(class) => class,
                Err(error) => return Some((vec![Err(error)], (source, &[][..]))),
            };
            let most = match class {
                Class::Email => MESSAGES,
                _ => BATCH,
            };
            let (now, later) = rest.split_at(rest.len().min(most));
            let items = match class {
                Class::Email => source.read_messages(c, now, depth).await,
                _ => source.read_items(c, class, now).await,
            };
            Some(match items {
                Ok(items) => (items, (source, later)),
                Err(error) => (vec![Err(error)], (source, &[][..])),
            })
        });
        batches.flat_map(stream::iter).boxed()
    }

    /// Items with their content, or messages with their flags. Those that are gone are left out.
    pub(super) async fn read_items(
        &mut self,
        c: &CollectionId,
        class: Class,
        ids: &[ItemId],
    ) -> Result<Vec<Result<Seen>>> {
        let addresses = self.own_addresses().await?;
        let version = self.version().await?;
        let mut items = Vec::with_capacity(ids.len());
        for batch in ids.chunks(BATCH) {
            let body = match class {
                Class::Email => BodyPreference {
                    body_type: BodyType::Text,
                    truncation: Some(0),
                    all_or_none: None,
                },
                _ => BodyPreference::whole(BodyType::Text),
            };
            let mut fetched = self.operate(c, class, batch, body).await?;
            self.read_files(items_of(&mut fetched)).await?;
            for (id, fetched) in fetched {
                let Some(item) = fetched.item else { continue };
                if !files::is_complete(&item) {
                    let why = "a file of the appointment cannot be fetched";
                    items.push(Err(Error::new(ErrorKind::Item, why).at_item(&id)));
                    continue;
                }
                let account = self.account(version, &addresses);
                items.push(content::seen(id.as_str(), &item, &account, self.owner()));
            }
        }
        Ok(items)
    }

    pub(super) async fn read_messages(
        &mut self,
        c: &CollectionId,
        ids: &[ItemId],
        depth: Depth,
    ) -> Result<Vec<Result<Seen>>> {
        let version = self.version().await?;
        let whole = BodyPreference::whole(BodyType::Mime);
        let mut items = Vec::with_capacity(ids.len());
        for (id, fetched) in self.operate(c, Class::Email, ids, whole).await? {
            let Some(mut item) = fetched.item else {
                continue;
            };
            let account = self.account(version, &[]);
            let mime = content::mime(&mut item);
            let seen = content::seen(id.as_str(), &item, &account, self.owner());
            items.push(match (seen, mime) {
                (Ok(mut seen), Some(mime)) => {
                    seen.size = Some(mime.len() as u64);
                    seen.identity.digest = Some(Digest::of(&mime));
                    seen.identity.message_id = content::message_id(&mime);
                    seen.body = matches!(depth, Depth::Full).then(|| Body::from(mime));
                    Ok(seen)
                }
                (Ok(_), None) => {
                    let why = "the server gives no bytes of the message";
                    Err(Error::new(ErrorKind::Item, why).at_item(&id))
                }
                (Err(error), _) => Err(error),
            });
        }
        Ok(items)
    }

    /// Fetches items in as few requests as may be; by their ids, without those that are gone.
    pub(super) async fn operate(
        &mut self,
        c: &CollectionId,
        class: Class,
        ids: &[ItemId],
        body: BodyPreference,
    ) -> Result<Vec<(ItemId, Fetched)>> {
        let mut all = Vec::with_capacity(ids.len());
        let mut seen = HashSet::new();
        let ids: Vec<ItemId> = ids.iter().filter(|id| seen.insert(*id)).cloned().collect();
        let mut parts = vec![ids.as_slice()];
        while let Some(ids) = parts.pop() {
            if ids.is_empty() {
                continue;
            }
            match self.operate_on(c, class, ids, body).await {
                Ok(fetched) => all.extend(fetched),
                // SOGo refuses a request for items one of which is gone.
                Err(error) if error.kind() == client::ErrorKind::Unsupported => {
                    let (first, second) = ids.split_at(ids.len() / 2);
                    if !first.is_empty() {
                        parts.extend([second, first]);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(all)
    }

    async fn operate_on(
        &mut self,
        c: &CollectionId,
        class: Class,
        ids: &[ItemId],
        body: BodyPreference,
    ) -> client::Result<Vec<(ItemId, Fetched)>> {
        let fetch = |id: &ItemId| {
            let what = FetchOf::Item {
                collection: c.as_str().to_owned(),
                id: id.as_str().to_owned(),
            };
            let mut fetch = Fetch::new(what, class);
            fetch.bodies = vec![body];
            fetch.mime_support = matches!(body.body_type, BodyType::Mime).then_some(2);
            Operation::Fetch(fetch)
        };
        let request = ItemOperations(ids.iter().map(fetch).collect());
        let answer = self.client.item_operations(&request).await?;
        let mut all = Vec::with_capacity(ids.len());
        for (position, fetched) in answer.fetched.into_iter().enumerate() {
            // Answers are in the order of the request; the id is told, too, as a rule.
            let told = fetched.id.as_deref().map(ItemId::new);
            let asked = told
                .filter(|id| ids.contains(id))
                .or(ids.get(position).cloned());
            let Some(id) = asked else { continue };
            let status = fetched.status.unwrap_or(Status::OK);
            match status.action(Name::ItemOperations) {
                Action::None => all.push((id, fetched)),
                Action::ItemGone => {}
                Action::Retry | Action::RetryLate => {
                    return Err(client::Error::status_of(Name::ItemOperations, status));
                }
                _ => tracing::warn!(%id, %status, "an item cannot be fetched"),
            }
        }
        Ok(all)
    }

    /// The version that is spoken.
    pub(super) async fn version(&mut self) -> Result<Version> {
        match self.client.version() {
            Some(version) => Ok(version),
            None => Ok(self.client.negotiate().await?),
        }
    }

    /// The person's own addresses; asked for once. A server that does not tell them has the name to
    /// log in with instead, if that is an address.
    pub(super) async fn own_addresses(&mut self) -> Result<Vec<String>> {
        if let Some(known) = &self.addresses {
            return Ok(known.clone());
        }
        let mut all = Vec::new();
        if self.version().await? >= Version::V12_0 {
            match self.client.settings(&Settings::GetUserInformation).await {
                Ok(answer) => {
                    all.extend(
                        answer
                            .accounts
                            .into_iter()
                            .flat_map(|account| account.addresses),
                    );
                }
                Err(error) if error.is_retryable() => return Err(error.into()),
                Err(error) => tracing::debug!(%error, "the server tells no addresses"),
            }
        }
        let user = &self.config.client.user;
        if user.contains('@') && !all.iter().any(|address| address.eq_ignore_ascii_case(user)) {
            all.push(user.clone());
        }
        self.addresses = Some(all.clone());
        Ok(all)
    }

    /// What tells this account from others.
    pub(super) fn owner(&self) -> &str {
        &self.config.account
    }

    pub(super) fn account<'a>(&'a self, version: Version, addresses: &'a [String]) -> Account<'a> {
        Account {
            version,
            zone: self.config.zone.as_deref(),
            addresses,
        }
    }
}

/// The items that were fetched.
pub(super) fn items_of(fetched: &mut [(ItemId, Fetched)]) -> Vec<&mut Item> {
    let items = fetched.iter_mut();
    items.filter_map(|(_, one)| one.item.as_mut()).collect()
}
