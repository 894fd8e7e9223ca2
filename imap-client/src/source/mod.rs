//! [`sync_core::Source`] over IMAP.
//!
//! [`ImapSource`] connects when it is first asked for something, and anew after a connection broke.
//!
//! A listing costs one round trip and tells what changed, whatever the size of the mailbox: by
//! CHANGEDSINCE and VANISHED where the server has QRESYNC (RFC 7162); by CHANGEDSINCE and, if the
//! count says that something is gone, a list of all UIDs where it has CONDSTORE alone; by the flags
//! of all messages where it has neither. Mailboxes whose numbers in a LIST-STATUS (RFC 5819) are as
//! they were cost nothing.
//!
//! What is written is guarded: the flags are read again, compared with those that the plan saw, and
//! changed with UNCHANGEDSINCE where that is offered. Only the messages meant are expunged, also
//! without UIDPLUS.

mod apply;
mod config;
mod connection;
mod cursor;
mod erase;
mod fetch;
mod header;
mod ident;
mod listing;
mod mailboxes;
mod names;
mod read;
mod trust;
mod upload;
mod watch;

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

use crate::client::Client;

pub use config::{Clock, ImapConfig};

use connection::Open;
use cursor::Mark;
use names::Layout;

/// How many mutations one command names: a line of them stays below 8 KiB.
const BATCH: usize = 250;

/// An IMAP account as a source of mail. See the [module](self).
///
/// ```no_run
/// # async fn f() -> sync_core::Result<()> {
/// use imap_client::client::ConnectOptions;
/// use imap_client::source::{ImapConfig, ImapSource};
/// use sync_core::Source as _;
/// use sync_core::net::Credential;
///
/// let credential = Credential::password("alice", "secret");
/// let connect = ConnectOptions::new("mail.example.org", credential);
/// let mut source = ImapSource::new(ImapConfig::new("alice", connect));
/// for collection in source.collections().await? {
///     println!("{} {:?}", collection.path, collection.role);
/// }
/// # Ok(()) }
/// ```
pub struct ImapSource {
    config: ImapConfig,
    capabilities: Capabilities,
    client: Option<Client>,
    /// A further connection, for reading.
    reader: Option<Client>,
    /// The mailbox that [`client`](Self::client) has selected.
    open: Option<Open>,
    layout: Option<Layout>,
    /// What the last LIST told, until a listing used it or something was written.
    statuses: HashMap<CollectionId, Mark>,
    /// The mailboxes when they were last listed.
    seen: HashMap<CollectionId, Mark>,
    /// The rest of a listing whose first pages were handed out.
    listing: Option<listing::Rest>,
}

impl ImapSource {
    /// A source that connects when it is first asked for something.
    #[must_use]
    pub fn new(config: ImapConfig) -> Self {
        let mut capabilities = Capabilities::new("imap", config.account(), KindSet::MAIL);
        capabilities.batch_items = BATCH;
        capabilities.refuses = vec![(
            KindSet::MAIL,
            Operation::Replace,
            "the content of a message cannot be changed",
        )];
        Self {
            config,
            capabilities,
            client: None,
            reader: None,
            open: None,
            layout: None,
            statuses: HashMap::new(),
            seen: HashMap::new(),
            listing: None,
        }
    }

    fn now(&self) -> i64 {
        (self.config.clock)()
    }
}

#[async_trait]
impl Source for ImapSource {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn collections(&mut self) -> Result<Vec<Collection>> {
        let fresh = !self.is_connected();
        match self.list_mailboxes().await {
            Err(error) if !fresh && self.was_cut(&error) => self.list_mailboxes().await,
            result => result,
        }
    }

    async fn create_collection(&mut self, new: &NewCollection) -> Result<Collection> {
        self.create_mailbox(new).await
    }

    async fn changes(&mut self, c: &CollectionId, since: Option<&Cursor>) -> Result<ChangePage> {
        let fresh = !self.is_connected();
        let page = match self.list_changes(c, since).await {
            Err(error) if !fresh && self.was_cut(&error) => self.list_changes(c, since).await,
            result => result,
        };
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
        _at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied> {
        let outcomes = self.write(c, batch).await?;
        // The next listing tells of these writes, too: that of another at the same time is not
        // lost.
        Ok(Applied {
            outcomes,
            cursor: None,
        })
    }

    async fn watch(&mut self, c: &[CollectionId], timeout: Duration) -> Result<Vec<CollectionId>> {
        self.wait_for_news(c, timeout).await
    }

    async fn close(&mut self) -> Result<()> {
        self.open = None;
        for client in [self.client.take(), self.reader.take()]
            .into_iter()
            .flatten()
        {
            client.logout().await;
        }
        Ok(())
    }
}

impl fmt::Debug for ImapSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImapSource")
            .field("account", &self.capabilities.account)
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

/// The kind of everything here.
const KIND: ItemKind = ItemKind::Message;
