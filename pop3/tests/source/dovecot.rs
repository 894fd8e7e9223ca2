//! The source against a real Dovecot.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pop3::client::{ConnectOptions, Security};
use pop3::{Pop3Config, Pop3Source};
use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::local::{MemoryOptions, MemoryStore};
use sync_core::model::{Both, Collection, CollectionId, CollectionPath, KindSet};
use sync_core::net::{Credential, Tls, TlsOptions};
use sync_core::reconcile::{Leave, Rules};
use sync_core::source::{Coverage, Depth};
use sync_core::state::SqliteState;
use sync_core::testing::conformance::{self, Harness};
use sync_core::{ErrorKind, Result, Source};
use testbed::mail::{Generator, Message};
use testbed::{Direction, Dovecot, Fault, Proxy};

use crate::conformance::{Deliver, Seeded, profile};
use crate::support::{apply, delete, fetch, ids, inbox, list, words};

/// How a user logs in there.
fn config(server: &Dovecot, user: &str) -> Pop3Config {
    let tls = TlsOptions {
        ca_pem: Some(std::fs::read(&server.ca_path).unwrap()),
        ..TlsOptions::default()
    };
    let credential = Credential::password(user, Dovecot::password(user));
    let connect = ConnectOptions::new("localhost", credential)
        .security(Security::Tls)
        .port(server.pop3s_port)
        .tls(Tls::new(&tls).unwrap());
    Pop3Config::new(user, connect)
}

/// In plain text, through a proxy.
fn through(server: &Dovecot, proxy: &Proxy) -> Pop3Config {
    let mut config = config(server, "alice");
    config.connect.host = "127.0.0.1".to_owned();
    config.connect = config
        .connect
        .security(Security::AllowPlaintext)
        .port(proxy.port());
    config
}

fn plain() -> (Dovecot, Proxy) {
    let server = Dovecot::builder().without_tls().in_memory().start();
    let server = server.unwrap();
    let proxy = Proxy::to(server.pop3_port).unwrap();
    (server, proxy)
}

fn message(content: &[u8]) -> Message {
    let mut message = Generator::new(1).next().unwrap();
    message.bytes = content.to_vec();
    message
}

#[derive(Clone)]
struct Mailbox(Arc<Dovecot>);

impl Deliver for Mailbox {
    fn deliver(&self, content: Bytes) -> Option<String> {
        self.0
            .append("alice", "INBOX", &[message(&content)])
            .unwrap();
        None
    }
}

struct Account {
    server: Arc<Dovecot>,
    page: usize,
}

#[async_trait]
impl Harness for Account {
    async fn connect(&mut self) -> Result<Box<dyn Source>> {
        let config = config(&self.server, "alice")
            .page(self.page)
            .poll(Duration::from_millis(100));
        let mailbox = Mailbox(Arc::clone(&self.server));
        Ok(Box::new(Seeded::new(config, mailbox, false)))
    }

    fn profile(&self) -> conformance::Profile {
        profile(self.page)
    }

    async fn collection(
        &mut self,
        source: &mut dyn Source,
        _path: &CollectionPath,
    ) -> Result<Collection> {
        let server = Arc::clone(&self.server);
        let empty = move || {
            let all = server.list("alice", "INBOX").unwrap();
            let uids: Vec<u32> = all.iter().map(|stored| stored.uid).collect();
            if !uids.is_empty() {
                server.expunge("alice", "INBOX", &uids).unwrap();
            }
        };
        tokio::task::spawn_blocking(empty).await.unwrap();
        Ok(source.collections().await?.pop().unwrap())
    }

    async fn lose_cursors(&mut self, _c: &CollectionId) -> Result<bool> {
        let server = Arc::clone(&self.server);
        let order = move || {
            let now = server.uid_validity("alice", "INBOX").unwrap();
            server.set_uid_validity("alice", "INBOX", now + 7).unwrap();
        };
        tokio::task::spawn_blocking(order).await.unwrap();
        Ok(true)
    }
}

async fn run(page: usize) {
    let server = Arc::new(Dovecot::builder().in_memory().start().unwrap());
    let report = conformance::run(&mut Account { server, page }).await;
    if let Err(report) = report.into_result() {
        panic!("{report}");
    }
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn conformance() {
    run(5_000).await;
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn conformance_in_small_pages() {
    run(7).await;
}

/// A store that is filled from Dovecot.
struct World {
    store: MemoryStore,
    inbox: CollectionId,
    state: SqliteState,
    leave: Leave,
}

impl World {
    fn new() -> Self {
        let store = MemoryStore::new(MemoryOptions::default());
        Self {
            inbox: store.add_collection("INBOX", KindSet::MAIL),
            store,
            state: SqliteState::in_memory().unwrap(),
            leave: Leave::Always,
        }
    }

    async fn sync(&mut self, config: Pop3Config) -> sync_core::Result<Report> {
        let mut left = Pop3Source::new(config);
        let mut right = self.store.source();
        let sides = Both::new(&mut left as &mut dyn Source, &mut right as &mut dyn Source);
        let mut rules = Rules::default();
        rules.leave.left = self.leave;
        let engine = Engine::new("mail", rules);
        let report = engine.run(sides, &mut self.state, Mode::Sync, &Silent);
        let report = report.await;
        left.close().await.unwrap();
        report
    }

    fn contents(&self) -> Vec<Vec<u8>> {
        let all = self.store.list(&self.inbox).into_iter();
        let mut all: Vec<_> = all.map(|held| held.content.to_vec()).collect();
        all.sort();
        all
    }
}

fn sorted(mail: &[Message]) -> Vec<Vec<u8>> {
    let mut all: Vec<_> = mail.iter().map(|message| message.bytes.clone()).collect();
    all.sort();
    all
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn a_second_run_downloads_nothing() {
    let (server, proxy) = plain();
    let mail: Vec<_> = Generator::new(1).take(5_000).collect();
    server.append_files("alice", "INBOX", mail.clone()).unwrap();
    let mut world = World::new();
    let first = world.sync(through(&server, &proxy)).await.unwrap();
    assert_eq!(first.writes(), 5_000);
    assert_eq!(world.contents(), sorted(&mail));
    proxy.reset_counts();
    let second = world.sync(through(&server, &proxy)).await.unwrap();
    assert_eq!(second.writes(), 0);
    let counts = proxy.counts();
    eprintln!("a run without news, 5,000 messages: {counts:?}");
    assert_eq!(counts.connections, 1);
    // Two lines a message, with a number each.
    assert!(counts.to_client < 5_000 * 40 + 2_000, "{counts:?}");
    assert!(
        counts.to_server < 1_000 && counts.round_trips < 8,
        "{counts:?}"
    );
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn renewed_names_double_nothing() {
    let (server, proxy) = plain();
    let mail: Vec<_> = Generator::new(2).take(300).collect();
    server.append("alice", "INBOX", &mail).unwrap();
    let mut world = World::new();
    world.sync(through(&server, &proxy)).await.unwrap();
    let now = server.uid_validity("alice", "INBOX").unwrap();
    server.set_uid_validity("alice", "INBOX", now + 7).unwrap();
    for _ in 0..2 {
        let report = world.sync(through(&server, &proxy)).await.unwrap();
        assert_eq!(report.writes(), 0, "{report}");
    }
    assert_eq!(world.contents(), sorted(&mail));
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn a_mailbox_in_use_is_no_failure_for_good() {
    let lock = "protocol pop3 {\n  pop3_lock_session = yes\n}";
    let server = Dovecot::builder().in_memory().extra(lock).start().unwrap();
    server
        .append("alice", "INBOX", &[message(b"A: b\r\n\r\n")])
        .unwrap();
    let mut first = Pop3Source::new(config(&server, "alice"));
    let mut second = Pop3Source::new(config(&server, "alice"));
    list(&mut first, None).await;
    let error = second.changes(&inbox(), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert!(error.is_retryable());
    // While the one waits for news the other gets in.
    let news = first.watch(&[inbox()], Duration::ZERO).await.unwrap();
    assert!(news.is_empty());
    assert_eq!(list(&mut second, None).await.changed.len(), 1);
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn a_cut_in_a_message_costs_no_other() {
    let (server, proxy) = plain();
    let mail: Vec<_> = Generator::new(3).take(200).collect();
    server.append("alice", "INBOX", &mail).unwrap();
    let mut source = Pop3Source::new(through(&server, &proxy));
    let page = list(&mut source, None).await;
    let total: usize = mail.iter().map(|message| message.bytes.len()).sum();
    proxy.arm(Fault::Cut {
        direction: Direction::ToClient,
        after: total as u64 / 2,
    });
    let items = fetch(&mut source, &ids(&page), Depth::Full).await;
    let (good, bad): (Vec<_>, Vec<_>) = items.into_iter().partition(Result::is_ok);
    assert!(good.len() > 20 && good.len() < 180, "{}", good.len());
    assert!(bad[0].as_ref().unwrap_err().is_retryable());
    let read: Vec<_> = good.into_iter().map(|item| item.unwrap().id).collect();
    let rest: Vec<_> = ids(&page)
        .into_iter()
        .filter(|id| !read.contains(id))
        .collect();
    let items = fetch(&mut source, &rest, Depth::Full).await;
    assert_eq!(items.iter().filter(|item| item.is_ok()).count(), rest.len());
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn a_lost_answer_to_quit_is_found_out_about() {
    let (server, proxy) = plain();
    let mail: Vec<_> = Generator::new(4).take(20).collect();
    server.append("alice", "INBOX", &mail).unwrap();
    let mut source = Pop3Source::new(through(&server, &proxy));
    let page = list(&mut source, None).await;
    let all = ids(&page);
    let marked = "+OK Marked to be deleted.\r\n".len() as u64;
    proxy.arm(Fault::Swallow { after: 5 * marked });
    let outcomes = apply(&mut source, all[..5].iter().map(delete).collect()).await;
    assert_eq!(words(&outcomes), ["unknown"; 5]);
    assert!(proxy.has_fired());
    assert_eq!(server.count("alice", "INBOX").unwrap(), 15);
    let after = list(&mut source, Some(&page.cursor)).await;
    assert_eq!(after.coverage, Coverage::Snapshot);
    assert_eq!(ids(&after), all[5..]);
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn a_connection_cut_anywhere_loses_and_doubles_nothing() {
    let (server, proxy) = plain();
    let mail: Vec<_> = Generator::new(5).take(60).collect();
    let total: usize = mail.iter().map(|message| message.bytes.len()).sum();
    for round in 0..12_u64 {
        server.append("alice", "INBOX", &mail).unwrap();
        let mut world = World::new();
        world.leave = if round % 2 == 0 {
            Leave::Always
        } else {
            Leave::Never
        };
        let after = (total as u64 + 6_000) * (round + 1) / 13;
        proxy.arm(Fault::Cut {
            direction: Direction::ToClient,
            after,
        });
        // Tried again within the run, or by the next one.
        let _ = world.sync(through(&server, &proxy)).await;
        proxy.heal();
        world.sync(through(&server, &proxy)).await.unwrap();
        world.sync(through(&server, &proxy)).await.unwrap();
        assert_eq!(world.contents(), sorted(&mail), "round {round}");
        let left = server.list("alice", "INBOX").unwrap();
        let uids: Vec<u32> = left.iter().map(|stored| stored.uid).collect();
        if world.leave == Leave::Never {
            assert!(uids.is_empty());
        } else {
            assert_eq!(uids.len(), 60);
            server.expunge("alice", "INBOX", &uids).unwrap();
        }
    }
}
