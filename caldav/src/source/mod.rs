//! [`sync_core::Source`] over CalDAV and CardDAV.
//!
//! [`DavSource`] finds the account's collections when it is first asked for something. A collection
//! is named by the last segment of its URL, which stays when people rename what they see.
//!
//! **What changed** costs nothing where the sync-token that came with the list of collections is
//! the known one; else one request: sync-collection (RFC 6578), or the CTag, or the ETags of
//! everything. What a log of changes forgot is found by listing everything now and then
//! ([`DavConfig::audit`]). Nothing is taken for deleted unless a listing names the collection
//! itself and has come to its end; a token that means nothing any more is a lost cursor.
//!
//! **An item** is a resource: its id the last segment of its href, in one spelling; its revision
//! the ETag, or a hash of its content where there is none. Contents come by multiget, what that
//! leaves out by GET.
//!
//! **Writes** are guarded by `If-None-Match: *` and `If-Match`; before them it is looked whether a
//! new name is free, since some servers do not mind the former, and, where the ETag is none that
//! can be sent, what is there now. Several are under way at once. A PUT whose answer is lost is
//! looked for before anything is concluded. Servers rewrite what they are given and still return a
//! strong ETag, so what was written has to be read once ([`Capabilities::rewrites`]). The
//! Schedule-Tag (RFC 6638 section 3.2.10) is not used: it would let a write pass over replies that
//! arrived meanwhile, which are to be merged instead. SOGo counts the versions of an item from 0,
//! also of one that is deleted and made again under its old name: that goes unnoticed until the
//! next edit.
//!
//! **Nobody is mailed** because something was written ([`Invitations`]): on servers that schedule,
//! attendees get SCHEDULE-AGENT=NONE on the way there and lose it on the way back.

mod apply;
mod config;
mod content;
mod cursor;
mod fetch;
mod home;
mod ident;
mod listing;
mod look;
mod schedule;
mod watch;
mod write;

use std::collections::HashMap;
use std::fmt;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use sync_core::model::{
    Collection, CollectionId, Cursor, Item, ItemId, KindSet, NewCollection, Revision,
};
use sync_core::source::{Applied, Capabilities, ChangePage, Depth, Mutation};
use sync_core::{Error, ErrorKind, Result, Source};

use crate::client::{Client, Service};
use crate::wire::Href;

pub use config::{Clock, DavConfig, Invitations};

use home::{Homes, Known, Tags};

/// How many mutations one batch holds.
const BATCH: usize = 100;

/// The calendars or address books of an account as a source. See the [module](self).
///
/// ```no_run
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// use caldav::client::{ClientOptions, Service};
/// use caldav::source::{DavConfig, DavSource};
/// use sync_core::Source as _;
/// use sync_core::net::{Credential, Tls, TlsOptions};
///
/// let login = Credential::password("alice", "secret");
/// let tls = Tls::new(&TlsOptions::default())?;
/// let client = ClientOptions::new("https://dav.example.org/", tls, login)?;
/// let config = DavConfig::new(Service::CalDav, "alice@dav.example.org", client);
/// let mut source = DavSource::new(config);
/// for calendar in source.collections().await? {
///     println!("{} {:?}", calendar.path, calendar.properties.display_name);
/// }
/// # Ok(()) }
/// ```
pub struct DavSource {
    config: DavConfig,
    capabilities: Capabilities,
    client: Option<Client>,
    homes: Option<Homes>,
    known: HashMap<CollectionId, Known>,
    /// What the last list of collections told, until a listing used it or something was written.
    fresh: HashMap<CollectionId, Tags>,
    /// The tags of the collections when they were last listed.
    seen: HashMap<CollectionId, Tags>,
    /// Whether the server mails attendees, once it was asked.
    schedules: Option<bool>,
    /// The addresses by which the account is invited, once they were asked for.
    addresses: Option<Vec<String>>,
    /// Names of new items that were found taken by an item of the same UID, and its revision then.
    taken: HashMap<CollectionId, HashMap<ItemId, Revision>>,
}

impl DavSource {
    /// A source that connects when it is first asked for something.
    #[must_use]
    pub fn new(config: DavConfig) -> Self {
        let (protocol, kinds) = match config.service {
            Service::CalDav => ("caldav", KindSet::CALENDAR),
            Service::CardDav => ("carddav", KindSet::CONTACTS),
        };
        let mut capabilities = Capabilities::new(protocol, config.account.clone(), kinds);
        capabilities.rewrites = true;
        capabilities.batch_items = BATCH;
        Self {
            config,
            capabilities,
            client: None,
            homes: None,
            known: HashMap::new(),
            fresh: HashMap::new(),
            seen: HashMap::new(),
            schedules: None,
            addresses: None,
            taken: HashMap::new(),
        }
    }

    fn service(&self) -> Service {
        self.config.service
    }

    fn now(&self) -> i64 {
        (self.config.clock)()
    }

    /// How many requests may be under way at once.
    fn width(&self) -> usize {
        self.config.connections.max(1)
    }

    /// Whether attendees have to be kept from being mailed here: whether the server does it
    /// (RFC 6638 section 2), which is asked once and only where it matters.
    async fn schedules(&mut self, collection: &Href) -> Result<bool> {
        if self.config.service != Service::CalDav || self.config.invitations == Invitations::Server
        {
            return Ok(false);
        }
        if let Some(schedules) = self.schedules {
            return Ok(schedules);
        }
        let schedules = match self.client().await?.options(collection).await {
            Ok(compliance) => compliance.schedules(),
            Err(error) if error.is_retryable() || error.is_authentication() => {
                return Err(error.into());
            }
            // Who does not say what it can do may be able to.
            Err(_) => true,
        };
        self.schedules = Some(schedules);
        Ok(schedules)
    }
}

/// Where a collection is.
fn href_of(c: &CollectionId) -> Result<Href> {
    ident::collection_href(c).ok_or_else(|| {
        let text = "there is no such collection here";
        Error::new(ErrorKind::NotFound, text).in_collection(c)
    })
}

#[async_trait]
impl Source for DavSource {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn collections(&mut self) -> Result<Vec<Collection>> {
        self.list_collections().await
    }

    async fn create_collection(&mut self, new: &NewCollection) -> Result<Collection> {
        self.make_collection(new).await
    }

    async fn changes(&mut self, c: &CollectionId, since: Option<&Cursor>) -> Result<ChangePage> {
        let page = self.list_changes(c, since).await;
        page.map_err(|error| error.in_collection(c))
    }

    fn fetch<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
        _depth: Depth,
    ) -> BoxStream<'a, Result<Item>> {
        // What recognises an event or a contact is its UID, which stands in its content.
        self.fetch_items(c, ids)
    }

    async fn apply(
        &mut self,
        c: &CollectionId,
        _at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied> {
        let outcomes = self.write_batch(c, batch).await;
        // The next listing tells of these writes, too: that of another at the same time is not
        // lost.
        Ok(Applied {
            outcomes: outcomes.map_err(|error| error.in_collection(c))?,
            cursor: None,
        })
    }

    async fn watch(
        &mut self,
        c: &[CollectionId],
        timeout: std::time::Duration,
    ) -> Result<Vec<CollectionId>> {
        self.wait_for_news(c, timeout).await
    }

    async fn close(&mut self) -> Result<()> {
        self.client = None;
        Ok(())
    }
}

impl fmt::Debug for DavSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DavSource")
            .field("account", &self.capabilities.account)
            .field("service", &self.config.service)
            .finish_non_exhaustive()
    }
}
