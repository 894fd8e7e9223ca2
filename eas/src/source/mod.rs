//! [`sync_core::Source`] over ActiveSync: mail, calendars, contacts, tasks and notes of one account.
//!
//! A collection is a folder, its id the server's. Items come with their content, except mail, whose
//! bytes are fetched. A key (SyncKey) is the cursor; one that the server refuses is a lost cursor, and the
//! folder is listed anew. What leaves the window that a filter shows is released, not deleted.
//!
//! **An item's revision** is a hash of its content, or its flags. Before something is replaced or
//! deleted it is read and compared, since not every server minds `Conflict`; after it was written it
//! is read again, since every server makes something of its own of it.
//!
//! **Files of appointments**, from 16.0 on, come and go as ATTACH with the bytes in it, up to
//! [10 MiB](crate::mapping::event::LARGEST_FILE) each. An appointment with more than 64 MiB of them is not
//! read. A file above what the account's policy allows counts as not there: where the limit is lowered
//! later, that looks as if it had been taken away.
//!
//! **Nobody is invited** because something was written: from 16.0 on attendees are never sent.
//!
//! What ActiveSync cannot do is said before anything is planned: mail cannot be put into a folder, but
//! for drafts from 16.0 on, and of its flags only `\Seen` and `\Flagged` can be set. What another program
//! makes of a draft under its old id is not noticed: a message does not change.
//!
//! **What is put into the outbox is sent.** It is a collection of the source's own, with the role
//! [`Outbox`](sync_core::model::Role::Outbox), that takes part only where a config names it, and in which
//! nothing is ever listed.
//!
//! **A request whose answer was lost** is repeated with the same key and the same names, which tell the
//! server that it is the same. Where that does not help, or the process died, the next listing
//! begins at the old key and shows what was made; the engine knows it again.
//!
//! **SOGo begins anew** with address books, task lists and mail when a device asks for all folders: a
//! second device id, made from the first one, asks in its place. SOGo shows both.

mod alike;
mod apply;
mod changes;
mod complete;
mod config;
mod content;
mod cursor;
mod fetch;
mod files;
mod folders;
mod held;
mod job;
mod moves;
mod outbox;
mod rights;
mod send;
mod series;
mod watch;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use sync_core::model::{
    Collection, CollectionId, Cursor, Item, ItemId, ItemKind, KindSet, NewCollection,
};
use sync_core::source::{Absence, Applied, Capabilities, ChangePage, Depth, Mutation, Operation};
use sync_core::{Result, Source};
use tokio::time::Instant;

use crate::client::Client;
use crate::wire::Version;

pub use config::EasConfig;

use folders::Folders;

/// How many mutations one batch holds; servers take 200 and often fewer.
const BATCH: usize = 50;

const NO_UPLOAD: &str = "ActiveSync cannot put a message into a folder; it can only send one";

/// An ActiveSync account as a source. See the [module](self).
///
/// ```no_run
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// use eas::client::{ClientOptions, Device};
/// use eas::source::{EasConfig, EasSource};
/// use sync_core::Source as _;
/// use sync_core::net::{Credential, Tls, TlsOptions};
///
/// let login = Credential::password("alice", "secret");
/// let tls = Tls::new(&TlsOptions::default())?;
/// let url = "https://mail.example.org".parse()?;
/// let device = Device::new("rusteas0123456789");
/// let client = ClientOptions::new(url, "alice", login, device, tls);
/// let mut source = EasSource::new(EasConfig::new("alice@mail.example.org", client))?;
/// for folder in source.collections().await? {
///     println!("{}", folder.path);
/// }
/// # Ok(()) }
/// ```
pub struct EasSource {
    config: EasConfig,
    capabilities: Capabilities,
    client: Client,
    folders: Option<Folders>,
    /// The keys that the last listings ended with, to wait for what comes after.
    keys: HashMap<CollectionId, String>,
    /// Folders of which SOGo told all that it believes to have told. It does not after a lost answer, a
    /// deletion from here or a first listing.
    in_step: HashSet<CollectionId>,
    /// When to list folders once more though nothing changes: more may have been written in the second of
    /// the last listing.
    unsettled: HashMap<CollectionId, Instant>,
    /// How long the server was seen to wait.
    heartbeat: Option<Duration>,
    /// The person's own addresses, once they were asked for.
    addresses: Option<Vec<String>>,
}

impl EasSource {
    /// A source that connects when it is first asked for something.
    ///
    /// # Errors
    /// [`Config`](sync_core::ErrorKind::Config) if the client's options cannot be used.
    pub fn new(config: EasConfig) -> Result<Self> {
        let kinds = KindSet::from_bits(u8::MAX);
        let mut capabilities = Capabilities::new("eas", config.account.clone(), kinds);
        capabilities.rewrites = true;
        capabilities.alters_messages = true;
        capabilities.batch_items = BATCH;
        let no_edit = "the content of a message cannot be changed";
        capabilities.refuses = vec![(KindSet::MAIL, Operation::Replace, no_edit)];
        if config.mail_filter != 0 || config.calendar_filter != 0 {
            // What a listing from the beginning lacks may only be older than the filter shows.
            capabilities.absence = Absence::Nothing;
        }
        capabilities.makes_uids = held::MADE_UIDS;
        capabilities.held = held::held(Version::V14_1);
        Ok(Self {
            client: Client::new(config.client.clone())?,
            config,
            capabilities,
            folders: None,
            keys: HashMap::new(),
            in_step: HashSet::new(),
            unsettled: HashMap::new(),
            heartbeat: None,
            addresses: None,
        })
    }
}

#[async_trait]
impl Source for EasSource {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn collections(&mut self) -> Result<Vec<Collection>> {
        self.list_folders().await
    }

    async fn create_collection(&mut self, new: &NewCollection) -> Result<Collection> {
        self.create_folder(new).await
    }

    async fn changes(&mut self, c: &CollectionId, since: Option<&Cursor>) -> Result<ChangePage> {
        if outbox::is(c) {
            return Ok(outbox::changes(since));
        }
        let page = self.list_changes(c, since).await;
        page.map_err(|error| error.in_collection(c))
    }

    fn fetch<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
        depth: Depth,
    ) -> BoxStream<'a, Result<Item>> {
        if outbox::is(c) {
            return stream::empty().boxed();
        }
        self.fetch_items(c, ids, depth)
    }

    fn holds_alike(&self, kind: ItemKind, a: &[u8], b: &[u8]) -> bool {
        let version = self.client.version().unwrap_or(Version::V14_1);
        let addresses = self.addresses.as_deref().unwrap_or_default();
        alike::alike(kind, a, b, &self.account(version, addresses))
    }

    async fn apply(
        &mut self,
        c: &CollectionId,
        at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied> {
        if outbox::is(c) {
            return Ok(self.send_mails(at, batch).await);
        }
        let applied = self.write(c, at, batch).await;
        applied.map_err(|error| error.in_collection(c))
    }

    async fn watch(&mut self, c: &[CollectionId], timeout: Duration) -> Result<Vec<CollectionId>> {
        self.wait_for_news(c, timeout).await
    }
}

impl fmt::Debug for EasSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EasSource")
            .field("account", &self.capabilities.account)
            .field("version", &self.client.version())
            .finish_non_exhaustive()
    }
}
