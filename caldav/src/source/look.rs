//! What is there at this moment.

use std::collections::HashMap;

use bytes::Bytes;
use sync_core::merge;
use sync_core::model::{ItemId, Revision};

use crate::client::{Error, Fetched, Object};
use crate::wire::{ETag, Href};

use super::content::{revision_of, with_crlf};
use super::fetch::Reader;
use super::ident::item_href;

/// A resource as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) etag: Option<ETag>,
    /// As the server gives it; empty if it gives nothing.
    pub(super) content: Bytes,
}

impl Held {
    fn of(object: &Object) -> Self {
        let text = String::from_utf8_lossy(&object.data);
        Self {
            etag: object.etag.clone(),
            content: with_crlf(&text),
        }
    }

    pub(super) fn revision(&self) -> Revision {
        match &self.etag {
            Some(tag) => Revision::new(tag.as_str()),
            None => revision_of(&self.content),
        }
    }

    pub(super) fn uid(&self) -> Option<String> {
        merge::uid(&self.content)
    }
}

impl Reader {
    /// What is there under these ids now; what is missing in the answer is not there.
    pub(super) async fn look(&self, ids: &[ItemId]) -> Result<HashMap<ItemId, Held>, Error> {
        let mut wanted: HashMap<Href, &ItemId> = HashMap::new();
        for id in ids {
            wanted.extend(item_href(&self.collection, id).map(|href| (href, id)));
        }
        let hrefs: Vec<Href> = wanted.keys().cloned().collect();
        let mut found = HashMap::new();
        let mut answer = self.client.multiget(self.service, &self.collection, hrefs);
        loop {
            match answer.next().await {
                Ok(Some(Fetched::Found(object))) => {
                    if let Some(id) = wanted.remove(&object.href) {
                        found.insert(id.clone(), Held::of(&object));
                    }
                }
                Ok(Some(Fetched::Gone(href))) => {
                    wanted.remove(&href);
                }
                Ok(Some(Fetched::Failed(..))) => {}
                Ok(None) => break,
                Err(error) if error.is_retryable() || error.is_authentication() => {
                    return Err(error);
                }
                Err(_) => break,
            }
        }
        // What was left out gets a second look.
        for (href, id) in wanted {
            let held = match self.client.get(&href).await {
                Ok(object) => Held::of(&object),
                Err(error) if error.is_not_found() => continue,
                Err(error) if error.is_retryable() || error.is_authentication() => {
                    return Err(error);
                }
                // Something is there, whatever it is.
                Err(_) => Held {
                    etag: None,
                    content: Bytes::new(),
                },
            };
            found.insert(id.clone(), held);
        }
        Ok(found)
    }

    /// What is there under one id.
    pub(super) async fn look_at(&self, id: &ItemId) -> Result<Option<Held>, Error> {
        let mut found = self.look(std::slice::from_ref(id)).await?;
        Ok(found.remove(id))
    }
}
