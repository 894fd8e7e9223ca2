//! Messages with their content.

use futures_util::stream::{self, BoxStream, StreamExt as _};
use sync_core::model::{BodyWriter, CollectionId, Digest, Identity, Item, ItemId};
use sync_core::source::Depth;
use sync_core::{Error, Result};

use crate::mapping::message_id;
use crate::wire::ServerId;

use super::DeltaSyncSource;
use super::view::{Seen, View, item};

/// What is left to do of a fetch.
struct Work<'a> {
    source: &'a mut DeltaSyncSource,
    wanted: std::vec::IntoIter<(ServerId, Seen)>,
    depth: Depth,
}

impl DeltaSyncSource {
    /// One request a message: the protocol has no more.
    pub(super) fn fetch_items<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
        depth: Depth,
    ) -> BoxStream<'a, Result<Item>> {
        let start = async move {
            let wanted = self.look_up(c, ids).await;
            let wanted = match wanted {
                Ok(wanted) => wanted,
                Err(error) => {
                    return stream::once(async { Err(error.in_collection(c)) }).boxed();
                }
            };
            let work = Work {
                source: self,
                wanted: wanted.into_iter(),
                depth,
            };
            stream::unfold(Some(work), move |work| async move {
                let mut work = work?;
                loop {
                    let (id, seen) = work.wanted.next()?;
                    let depth = work.depth;
                    match work.source.fetch_one(&id, seen, depth).await {
                        Ok(None) => {}
                        Ok(Some(item)) => return Some((Ok(item), Some(work))),
                        Err(error) => {
                            let error = error.in_collection(c);
                            // What befalls one message stops no other.
                            let goes_on = error.item().is_some();
                            return Some((Err(error), goes_on.then_some(work)));
                        }
                    }
                }
            })
            .boxed()
        };
        stream::once(start).flatten().boxed()
    }

    /// The messages that are there, as last listed: a Fetch says nothing of their state.
    async fn look_up(&mut self, c: &CollectionId, ids: &[ItemId]) -> Result<Vec<(ServerId, Seen)>> {
        let mut ids: Vec<ServerId> = ids.iter().map(|id| ServerId::new(id.as_str())).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let view = self.views.remove(c).unwrap_or_else(View::empty);
        let misses = |view: &View| ids.iter().any(|id| view.get(id).is_none());
        let mut view = match misses(&view) {
            true => self.refresh(c, view).await?,
            false => view,
        };
        if misses(&view) && !view.is_complete {
            let all = self.refresh(c, View::empty()).await?;
            for id in &ids {
                if let Some(seen) = all.get(id) {
                    view.remember(id.clone(), seen);
                }
            }
        }
        let found = ids
            .into_iter()
            .filter_map(|id| Some((id.clone(), view.get(&id)?)));
        let found = found.collect();
        self.views.insert(c.clone(), view);
        Ok(found)
    }

    async fn fetch_one(&mut self, id: &ServerId, seen: Seen, depth: Depth) -> Result<Option<Item>> {
        let mut item = item(id, seen);
        let mut writer = BodyWriter::new(0);
        match self.client()?.fetch(id, &mut writer).await {
            Ok(_) => {}
            Err(error) if error.is_item_gone() => return Ok(None),
            Err(error) => {
                // What is of a message alone, or too large: the next may do.
                let alone = error.is_of_message()
                    || error.kind() == crate::client::ErrorKind::TooLarge
                    || error.kind() == crate::client::ErrorKind::Status;
                let error = Error::from(error);
                return Err(if alone {
                    error.at_item(&item.id)
                } else {
                    error
                });
            }
        }
        let body = writer.finish()?;
        item.size = Some(body.len());
        let first = match body.chunks().next() {
            Some(chunk) => message_id(&chunk?),
            None => None,
        };
        item.identity = Identity {
            digest: Some(Digest::of_body(&body)?),
            message_id: first,
            ..Identity::default()
        };
        if depth == Depth::Full {
            item.body = Some(body);
        }
        Ok(Some(item))
    }
}
