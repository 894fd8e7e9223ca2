//! [`sync_core::Source`] over DeltaSync.
//!
//! [`DeltaSyncSource`] shows the folders of an account and the messages in them, with what the protocol
//! has of flags: read, flagged, and one of replied to and forwarded. Calendars and contacts have no class
//! in any source that documents the protocol, so there are none here either.
//!
//! The cursor of a folder is its sync key. A key that the server does not take (4104) is a lost cursor:
//! everything is listed anew, and recognised. A message that is gone when it is to be deleted (4403) is
//! deleted; one that is gone when it is to be changed is reported so. Each write looks at what changed
//! before, as the server has no conditions, and asks that the server win where both changed a message.
//!
//! # How sure it is
//!
//! Nobody runs the real service any more. What is known of it has different grounds:
//!
//! | what | known from |
//! | --- | --- |
//! | login, listing, deleting, fetching | clients that worked with the service |
//! | marking as read or replied to | clean-room notes about another client |
//! | uploading, making folders | clean-room notes about another client |
//! | flagging, moving, folders in folders | inferred: the schema has room for it, nobody was seen to do it |
//!
//! Whether what was uploaded comes back as it was is not known, so that
//! [`alters_messages`](Capabilities::alters_messages) holds; whether a deletion is for good is not, either.

mod apply;
mod config;
mod cursor;
mod fetch;
mod folders;
mod listing;
mod view;
mod watch;
mod write;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use sync_core::model::{
    Collection, CollectionId, Cursor, Item, ItemId, ItemKind, KindSet, NewCollection,
};
use sync_core::source::{Applied, Capabilities, ChangePage, Depth, Mutation, Operation};
use sync_core::{Result, Source};

pub use config::DeltaSyncConfig;

use crate::client::Client;
use view::View;

/// The kind of everything here.
const KIND: ItemKind = ItemKind::Message;

const NO_EDIT: &str = "the content of a message cannot be changed";

/// A DeltaSync account as a source of mail. See the [module](self).
///
/// ```no_run
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// use deltasync::client::ClientOptions;
/// use deltasync::source::{DeltaSyncConfig, DeltaSyncSource};
/// use sync_core::Source as _;
/// use sync_core::net::{Credential, Tls, TlsOptions};
///
/// let url = "https://mail.example.org/".parse()?;
/// let credential = Credential::password("alice@example.org", "secret");
/// let client = ClientOptions::new(url, credential, Tls::new(&TlsOptions::default())?);
/// let mut source = DeltaSyncSource::new(DeltaSyncConfig::new("alice@example.org", client));
/// for folder in source.collections().await? {
///     println!("{}", folder.path);
/// }
/// # Ok(()) }
/// ```
pub struct DeltaSyncSource {
    config: DeltaSyncConfig,
    capabilities: Capabilities,
    client: Option<Client>,
    views: HashMap<CollectionId, View>,
}

impl DeltaSyncSource {
    /// A source that connects when it is first asked for something.
    #[must_use]
    pub fn new(config: DeltaSyncConfig) -> Self {
        let mut capabilities = Capabilities::new("deltasync", config.account(), KindSet::MAIL);
        capabilities.alters_messages = true;
        capabilities.refuses = vec![(KindSet::MAIL, Operation::Replace, NO_EDIT)];
        Self {
            config,
            capabilities,
            client: None,
            views: HashMap::new(),
        }
    }

    fn client(&mut self) -> Result<&mut Client> {
        let client = match self.client.take() {
            Some(client) => client,
            None => Client::new(self.config.client.clone())?,
        };
        Ok(self.client.insert(client))
    }
}

#[async_trait]
impl Source for DeltaSyncSource {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn collections(&mut self) -> Result<Vec<Collection>> {
        self.list_folders().await
    }

    async fn create_collection(&mut self, new: &NewCollection) -> Result<Collection> {
        self.make_folder(new).await
    }

    async fn changes(&mut self, c: &CollectionId, since: Option<&Cursor>) -> Result<ChangePage> {
        let page = self.list_changes(c, since).await;
        page.map_err(|error| error.in_collection(c))
    }

    fn fetch<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
        depth: Depth,
    ) -> BoxStream<'a, Result<Item>> {
        self.fetch_items(c, ids, depth)
    }

    async fn apply(
        &mut self,
        c: &CollectionId,
        at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied> {
        let applied = self.write(c, at, batch).await;
        applied.map_err(|error| error.in_collection(c))
    }

    async fn watch(&mut self, c: &[CollectionId], timeout: Duration) -> Result<Vec<CollectionId>> {
        self.wait_for_news(c, timeout).await
    }
}

impl fmt::Debug for DeltaSyncSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeltaSyncSource")
            .field("account", &self.capabilities.account)
            .finish_non_exhaustive()
    }
}
