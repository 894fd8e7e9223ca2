//! Mail for the suite that every source passes.

use std::time::Duration;

use async_trait::async_trait;
use eas::source::EasSource;
use futures_util::stream::BoxStream;
use sync_core::model::{
    Collection, CollectionId, Cursor, Item, ItemId, ItemKind, NewCollection, NewItem,
};
use sync_core::source::{Applied, Capabilities, ChangePage, Depth, Mutation, Op, Outcome, Stored};
use sync_core::{Result, Source};

/// Puts a message into a folder in another way.
pub(crate) type Deliver = Box<dyn Fn(&Collection, &NewItem) + Send>;

/// A source whose messages are delivered in another way, since ActiveSync cannot put them anywhere.
pub(crate) struct Postman {
    eas: EasSource,
    deliver: Deliver,
    folders: Vec<Collection>,
}

impl Postman {
    pub(crate) fn new(eas: EasSource, deliver: Deliver) -> Self {
        Self {
            eas,
            deliver,
            folders: Vec::new(),
        }
    }
}

#[async_trait]
impl Source for Postman {
    fn capabilities(&self) -> &Capabilities {
        self.eas.capabilities()
    }

    async fn collections(&mut self) -> Result<Vec<Collection>> {
        self.folders = self.eas.collections().await?;
        Ok(self.folders.clone())
    }

    async fn create_collection(&mut self, new: &NewCollection) -> Result<Collection> {
        self.eas.create_collection(new).await
    }

    async fn changes(&mut self, c: &CollectionId, since: Option<&Cursor>) -> Result<ChangePage> {
        self.eas.changes(c, since).await
    }

    fn fetch<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
        depth: Depth,
    ) -> BoxStream<'a, Result<Item>> {
        self.eas.fetch(c, ids, depth)
    }

    async fn apply(
        &mut self,
        c: &CollectionId,
        at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied> {
        if !self.folders.iter().any(|folder| folder.id == *c) {
            self.collections().await?;
        }
        let mut all = Applied::default();
        for mutation in batch {
            let folder = self.folders.iter().find(|folder| folder.id == *c);
            match (&mutation.op, folder) {
                (Op::Create(new), Some(folder)) if new.kind == ItemKind::Message => {
                    (self.deliver)(folder, new);
                    all.outcomes.push(Outcome::Done(Stored::default()));
                }
                _ => {
                    let applied = self.eas.apply(c, at, vec![mutation]).await?;
                    all.outcomes.extend(applied.outcomes);
                }
            }
        }
        Ok(all)
    }

    async fn watch(&mut self, c: &[CollectionId], timeout: Duration) -> Result<Vec<CollectionId>> {
        self.eas.watch(c, timeout).await
    }
}
