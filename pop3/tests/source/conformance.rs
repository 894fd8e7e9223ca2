//! The suite that every source passes, as far as one that cannot be written to can.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use pop3::testing::{Maildrop, Profile, Server};
use pop3::{Pop3Config, Pop3Source};
use sync_core::model::{
    Collection, CollectionId, CollectionPath, Cursor, Item, ItemId, NewCollection,
};
use sync_core::source::{
    Applied, Capabilities, ChangePage, Depth, Mutation, Op, Operation, Outcome, Stored,
};
use sync_core::testing::conformance::{self, Harness};
use sync_core::{Result, Source};

use crate::support::{KIND, config, server};

/// Where messages come from: the mailbox from behind.
pub(crate) trait Deliver: Clone + Send + Sync + 'static {
    /// Delivers a message; gives its unique id, if it is known.
    fn deliver(&self, content: Bytes) -> Option<String>;
}

impl Deliver for Maildrop {
    fn deliver(&self, content: Bytes) -> Option<String> {
        Some(self.add(content))
    }
}

/// A source that creates from behind, and lets the others in after each of its acts.
pub(crate) struct Seeded<D> {
    inner: Pop3Source,
    capabilities: Capabilities,
    mailbox: D,
    tells_ids: bool,
}

impl<D: Deliver> Seeded<D> {
    pub(crate) fn new(config: Pop3Config, mailbox: D, tells_ids: bool) -> Self {
        let inner = Pop3Source::new(config);
        let mut capabilities = inner.capabilities().clone();
        capabilities
            .refuses
            .retain(|(_, op, _)| *op != Operation::Create);
        Self {
            inner,
            capabilities,
            mailbox,
            tells_ids,
        }
    }
}

#[async_trait]
impl<D: Deliver> Source for Seeded<D> {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn collections(&mut self) -> Result<Vec<Collection>> {
        let all = self.inner.collections().await;
        self.inner.close().await?;
        all
    }

    async fn create_collection(&mut self, new: &NewCollection) -> Result<Collection> {
        self.inner.create_collection(new).await
    }

    async fn changes(&mut self, c: &CollectionId, since: Option<&Cursor>) -> Result<ChangePage> {
        let page = self.inner.changes(c, since).await;
        if !page.as_ref().is_ok_and(|page| page.more) {
            self.inner.close().await?;
        }
        page
    }

    fn fetch<'a>(
        &'a mut self,
        c: &'a CollectionId,
        ids: &'a [ItemId],
        depth: Depth,
    ) -> BoxStream<'a, Result<Item>> {
        let all = async move {
            let items: Vec<_> = self.inner.fetch(c, ids, depth).collect().await;
            self.inner.close().await.unwrap();
            stream::iter(items)
        };
        stream::once(all).flatten().boxed()
    }

    async fn apply(
        &mut self,
        c: &CollectionId,
        at: Option<&Cursor>,
        batch: Vec<Mutation>,
    ) -> Result<Applied> {
        let mut applied = Applied::default();
        for mutation in batch {
            match mutation.op {
                Op::Create(new) if c.as_str() == "INBOX" && new.kind == KIND => {
                    let content = new.body.read(u64::MAX)?;
                    let mailbox = self.mailbox.clone();
                    let deliver = move || mailbox.deliver(content);
                    let id = tokio::task::spawn_blocking(deliver).await.unwrap();
                    applied.outcomes.push(Outcome::Done(Stored {
                        id: id.filter(|_| self.tells_ids).map(ItemId::from),
                        revision: None,
                        flags: None,
                    }));
                }
                op => {
                    let key = mutation.key;
                    let one = self.inner.apply(c, at, vec![Mutation { key, op }]).await;
                    self.inner.close().await?;
                    applied.outcomes.extend(one?.outcomes);
                }
            }
        }
        Ok(applied)
    }

    async fn watch(&mut self, c: &[CollectionId], timeout: Duration) -> Result<Vec<CollectionId>> {
        let news = self.inner.watch(c, timeout).await;
        self.inner.close().await?;
        news
    }
}

/// What there is to ask of POP3.
pub(crate) fn profile(page: usize) -> conformance::Profile {
    conformance::Profile {
        keywords: false,
        dates: false,
        // A message is made of lines on its way.
        any_bytes: false,
        nested: false,
        pages: page < 25,
        skip: &[
            ("collections_do_not_mix", "there is one mailbox"),
            (
                "an_edit_between_pages_is_not_lost",
                "a session locks the mailbox",
            ),
        ],
        ..conformance::Profile::default()
    }
}

struct Account {
    server: Server,
    page: usize,
    tells_ids: bool,
}

#[async_trait]
impl Harness for Account {
    async fn connect(&mut self) -> Result<Box<dyn Source>> {
        let config = config(&self.server)
            .page(self.page)
            .poll(Duration::from_millis(20));
        let mailbox = self.server.maildrop();
        Ok(Box::new(Seeded::new(config, mailbox, self.tells_ids)))
    }

    fn profile(&self) -> conformance::Profile {
        profile(self.page)
    }

    async fn collection(
        &mut self,
        source: &mut dyn Source,
        _path: &CollectionPath,
    ) -> Result<Collection> {
        self.server.maildrop().clear();
        let mut all = source.collections().await?;
        Ok(all.pop().unwrap())
    }

    async fn lose_cursors(&mut self, _c: &CollectionId) -> Result<bool> {
        self.server.maildrop().renew_uidls();
        Ok(self.tells_ids)
    }
}

async fn run(profile: Profile, page: usize) {
    // Every act is a session of its own; most of the time would go to handshakes.
    let profile = profile.without("STLS");
    let mut account = Account {
        tells_ids: profile.has("UIDL"),
        server: server(profile),
        page,
    };
    let report = conformance::run(&mut account).await;
    match report.into_result() {
        Ok(report) => {
            let skipped: Vec<_> = report.skipped.iter().map(|(name, _)| *name).collect();
            assert!(report.passed.len() > 20, "{report} {skipped:?}");
        }
        Err(report) => panic!("{report}"),
    }
}

#[tokio::test]
async fn full() {
    run(Profile::full(), 5_000).await;
}

#[tokio::test]
async fn full_in_small_pages() {
    run(Profile::full(), 7).await;
}

#[tokio::test]
async fn dovecot_like() {
    run(Profile::dovecot_like(), 5_000).await;
}

#[tokio::test]
async fn cyrus_like() {
    run(Profile::cyrus_like(), 7).await;
}

#[tokio::test]
async fn courier_like() {
    run(Profile::courier_like(), 5_000).await;
}

#[tokio::test]
async fn without_uidl() {
    run(Profile::full().without("UIDL"), 7).await;
}

#[tokio::test]
async fn rfc1939_bare() {
    run(Profile::rfc1939_bare(), 5_000).await;
}
