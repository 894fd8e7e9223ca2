//! [`sync_core::Source`] over POP3.
//!
//! [`Pop3Source`] shows the maildrop as one collection, `INBOX`, out of which messages can be copied
//! and deleted; nothing can be put into it. A message that is not there any more was fetched by
//! somebody else ([`Absence::Nothing`]).
//!
//! A listing is the unique ids and the sizes, and nothing else; where they are those of the last
//! listing nothing has changed. A server without UIDL, or one that gives two messages one id, is
//! asked for all headers instead (TOP; RETR where that is missing, too), and a message is named by
//! the digest of its header. Where a server comes to need that later, and where none of its messages
//! has the name that it had, cursors are lost: messages are recognised by their contents, and none
//! comes twice.
//!
//! A session locks the maildrop, and sees it as it was at login. So it is ended as soon as it has
//! done its work: by [`close`](Source::close), by [`watch`](Source::watch) before it waits, and by a
//! deletion, which counts when the server has answered QUIT. A listing is taken from a session of
//! less than [`Pop3Config::session_age`], or of less than the LOGIN-DELAY that the server asks for.
//! To a server that deletes by itself what was retrieved (`EXPIRE 0`) QUIT is said for deletions
//! only.

mod config;
mod cursor;
mod erase;
mod fetch;
mod header;
mod listing;
mod names;
mod session;
mod view;
mod watch;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use sync_core::model::{
    Collection, CollectionId, CollectionPath, Cursor, Item, ItemId, ItemKind, KindSet,
    NewCollection, Role,
};
use sync_core::source::{Absence, Applied, Capabilities, ChangePage, Depth, Mutation, Operation};
use sync_core::{Error, ErrorKind, Result, Source};

pub use config::Pop3Config;

use cursor::Sizes;
use fetch::Kept;
use session::{Login, Session};
use view::View;
use watch::Told;

/// The one collection.
const INBOX: &str = "INBOX";

/// The kind of everything here.
const KIND: ItemKind = ItemKind::Message;

/// How many deletions one session carries out.
const BATCH: usize = 5_000;

const NO_UPLOAD: &str = "POP3 has no way to put a message into a mailbox";
const NO_FLAGS: &str = "POP3 keeps no flags";
const NO_EDIT: &str = "the content of a message cannot be changed";

/// A POP3 account as a source of mail. See the [module](self).
///
/// ```no_run
/// # async fn f() -> sync_core::Result<()> {
/// use pop3::client::ConnectOptions;
/// use pop3::source::{Pop3Config, Pop3Source};
/// use sync_core::Source as _;
/// use sync_core::net::Credential;
///
/// let credential = Credential::password("alice", "secret");
/// let connect = ConnectOptions::new("mail.example.org", credential);
/// let mut source = Pop3Source::new(Pop3Config::new("alice", connect));
/// let page = source.changes(&"INBOX".into(), None).await?;
/// println!("{} messages", page.changed.len());
/// source.close().await
/// # }
/// ```
pub struct Pop3Source {
    config: Pop3Config,
    capabilities: Capabilities,
    session: Option<Session>,
    /// The maildrop as the last session saw it; its numbers hold for that session.
    view: Option<View>,
    last_login: Option<Login>,
    /// Whether the sizes of the server are right.
    sizes: Sizes,
    /// The maildrop when it was last listed.
    told: Option<Told>,
    /// Messages that were read to be recognised.
    kept: Kept,
}

impl Pop3Source {
    /// A source that connects when it is first asked for something.
    #[must_use]
    pub fn new(config: Pop3Config) -> Self {
        let mut capabilities = Capabilities::new("pop3", config.account(), KindSet::MAIL);
        capabilities.absence = Absence::Nothing;
        capabilities.moves = false;
        capabilities.creates_collections = false;
        capabilities.batch_items = BATCH;
        capabilities.refuses = vec![
            (KindSet::MAIL, Operation::Create, NO_UPLOAD),
            (KindSet::MAIL, Operation::SetFlags, NO_FLAGS),
            (KindSet::MAIL, Operation::Replace, NO_EDIT),
        ];
        Self {
            config,
            capabilities,
            session: None,
            view: None,
            last_login: None,
            sizes: Sizes::Unknown,
            told: None,
            kept: Kept::default(),
        }
    }
}

#[async_trait]
impl Source for Pop3Source {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn collections(&mut self) -> Result<Vec<Collection>> {
        if self.session.is_none() && self.view.is_none() {
            self.connect().await?;
        }
        let path = CollectionPath::new([INBOX]);
        let mut inbox = Collection::new(INBOX, path, KindSet::MAIL);
        inbox.role = Some(Role::Inbox);
        Ok(vec![inbox])
    }

    async fn create_collection(&mut self, new: &NewCollection) -> Result<Collection> {
        let mut all = self.collections().await?;
        match all.pop().filter(|_| new.path.is_inbox()) {
            Some(inbox) => Ok(inbox),
            None => {
                let text = "POP3 has one mailbox and no way to make another";
                Err(Error::new(ErrorKind::Unsupported, text))
            }
        }
    }

    async fn changes(&mut self, c: &CollectionId, since: Option<&Cursor>) -> Result<ChangePage> {
        check(c)?;
        let page = self.list_changes(since).await;
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
        check(c)?;
        let outcomes = self.write(batch).await;
        Ok(Applied {
            outcomes: outcomes.map_err(|error| error.in_collection(c))?,
            cursor: None,
        })
    }

    async fn watch(&mut self, c: &[CollectionId], timeout: Duration) -> Result<Vec<CollectionId>> {
        self.wait_for_news(c, timeout).await
    }

    async fn close(&mut self) -> Result<()> {
        self.leave().await;
        Ok(())
    }
}

/// There is one collection.
fn check(c: &CollectionId) -> Result<()> {
    if c.as_str() == INBOX {
        return Ok(());
    }
    let text = "a POP3 account has INBOX and no other collection";
    Err(Error::new(ErrorKind::NotFound, text).in_collection(c))
}

impl fmt::Debug for Pop3Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pop3Source")
            .field("account", &self.capabilities.account)
            .field("connected", &self.session.is_some())
            .finish_non_exhaustive()
    }
}
