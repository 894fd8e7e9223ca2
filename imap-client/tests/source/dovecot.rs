//! The source against a real Dovecot.

use std::sync::Arc;

use async_trait::async_trait;
use imap_client::client::{ConnectOptions, Security};
use imap_client::{ImapConfig, ImapSource};
use sync_core::model::CollectionId;
use sync_core::net::{Credential, Tls, TlsOptions};
use sync_core::testing::conformance::{self, Harness};
use sync_core::{Result, Source};
use testbed::Dovecot;

/// How a user logs in there.
pub(crate) fn config(server: &Dovecot, user: &str) -> ImapConfig {
    let tls = TlsOptions {
        ca_pem: Some(std::fs::read(&server.ca_path).unwrap()),
        ..TlsOptions::default()
    };
    let credential = Credential::password(user, Dovecot::password(user));
    let connect = ConnectOptions::new("localhost", credential)
        .security(Security::Tls)
        .port(server.imaps_port)
        .tls(Tls::new(&tls).unwrap());
    ImapConfig::new(user, connect)
}

struct Account {
    server: Arc<Dovecot>,
    page: usize,
}

#[async_trait]
impl Harness for Account {
    async fn connect(&mut self) -> Result<Box<dyn Source>> {
        let config = config(&self.server, "alice").page(self.page);
        Ok(Box::new(ImapSource::new(config)))
    }

    fn profile(&self) -> conformance::Profile {
        conformance::Profile {
            any_bytes: false,
            pages: self.page < 25,
            skip: &[("dates_are_kept", "Dovecot takes no date of the future")],
            ..conformance::Profile::default()
        }
    }

    async fn lose_cursors(&mut self, c: &CollectionId) -> Result<bool> {
        let server = Arc::clone(&self.server);
        let name = c.as_str().to_owned();
        let order = move || {
            let now = server.uid_validity("alice", &name).unwrap();
            server.set_uid_validity("alice", &name, now + 7).unwrap();
        };
        tokio::task::spawn_blocking(order).await.unwrap();
        Ok(true)
    }
}

async fn run(builder: testbed::Builder, page: usize) {
    let server = Arc::new(builder.start().unwrap());
    let report = conformance::run(&mut Account { server, page }).await;
    if let Err(report) = report.into_result() {
        panic!("{report}");
    }
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn conformance() {
    run(Dovecot::builder(), 5_000).await;
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn conformance_in_small_pages() {
    run(Dovecot::builder(), 7).await;
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn conformance_with_condstore_alone() {
    let offered = "IMAP4rev1 SASL-IR ENABLE IDLE LITERAL- CONDSTORE UIDPLUS ESEARCH MOVE NAMESPACE";
    run(Dovecot::builder().imap_capability(offered), 5_000).await;
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn conformance_as_an_old_server() {
    run(Dovecot::builder().imap_capability("IMAP4rev1 IDLE"), 5_000).await;
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn conformance_on_sdbox() {
    run(Dovecot::builder().mail_location("sdbox:%h/sdbox"), 5_000).await;
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn internal_dates_are_kept() {
    let server = Dovecot::start().unwrap();
    let mut source = ImapSource::new(config(&server, "alice"));
    for seconds in [0, 86_399, 1_000_000_000, 1_709_164_800] {
        let mut new = crate::support::new_item(1, "");
        new.date = Some(sync_core::model::Timestamp {
            seconds,
            offset_minutes: 330,
        });
        let op = sync_core::source::Op::Create(new);
        crate::support::apply(&mut source, vec![op]).await;
    }
    let page = crate::support::list(&mut source, None).await;
    let dates: Vec<_> = page.changed.iter().map(|item| item.date.unwrap()).collect();
    let seconds: Vec<_> = dates.iter().map(|date| date.seconds).collect();
    assert_eq!(seconds, [0, 86_399, 1_000_000_000, 1_709_164_800]);
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn notify_tells_of_any_mailbox() {
    let server = Dovecot::start().unwrap();
    server.create_mailbox("alice", "Other").unwrap();
    let mut source = ImapSource::new(config(&server, "alice"));
    let mut other = ImapSource::new(config(&server, "alice"));
    let both: [CollectionId; 2] = ["INBOX".into(), "Other".into()];
    for c in &both {
        source.changes(c, None).await.unwrap();
    }
    let long = std::time::Duration::from_secs(120);
    let write = async {
        // After the wait has begun, most likely; before is as good.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let op = sync_core::source::Op::Create(crate::support::new_item(1, ""));
        let batch = vec![sync_core::source::Mutation { key: 1, op }];
        other.apply(&both[1], None, batch).await.unwrap();
    };
    let (woken, ()) = tokio::join!(source.watch(&both, long), write);
    assert_eq!(woken.unwrap(), [both[1].clone()]);
    let page = source.changes(&both[1], None).await.unwrap();
    assert_eq!(page.changed.len(), 1);
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn every_message_is_read() {
    let server = Dovecot::start().unwrap();
    let mail: Vec<_> = testbed::mail::Generator::new(1).take(2_000).collect();
    server.append("alice", "INBOX", &mail).unwrap();
    for connections in [1, 2] {
        let config = config(&server, "alice").connections(connections);
        let mut source = ImapSource::new(config);
        let page = crate::support::list(&mut source, None).await;
        let ids: Vec<_> = page.changed.into_iter().map(|item| item.id).collect();
        assert_eq!(ids.len(), 2_000);
        let depth = sync_core::source::Depth::Full;
        let items = crate::support::fetch(&mut source, &ids, depth).await;
        let read = items.iter().map(|item| &item.as_ref().unwrap().id);
        let mut read = crate::support::uids(read);
        read.dedup();
        let missing: Vec<u32> = (1..=2_000).filter(|uid| !read.contains(uid)).collect();
        assert_eq!(missing, Vec::<u32>::new());
    }
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn two_accounts_are_kept_in_step() {
    use sync_core::engine::{Engine, Mode, Silent};
    use sync_core::model::Both;

    let server = Dovecot::start().unwrap();
    let mail: Vec<_> = testbed::mail::Generator::new(2).take(700).collect();
    server.append("alice", "INBOX", &mail[..500]).unwrap();
    server.append("bob", "INBOX", &mail[400..]).unwrap();
    server.create_mailbox("alice", "Archive").unwrap();
    let mut state = sync_core::state::SqliteState::in_memory().unwrap();
    let engine = Engine::new("mail", sync_core::reconcile::Rules::default());
    let mut run = async || {
        let mut left = ImapSource::new(config(&server, "alice"));
        let mut right = ImapSource::new(config(&server, "bob"));
        let sides = Both::new(&mut left as &mut dyn Source, &mut right as &mut dyn Source);
        let report = engine.run(sides, &mut state, Mode::Sync, &Silent).await;
        report.unwrap()
    };
    let in_step = || {
        let of = |user| {
            let list = server.list(user, "INBOX").unwrap();
            let travels = |m: &testbed::Stored| {
                let (flags, date) = (m.flags.clone(), m.internal_date.clone());
                (m.sha256.clone(), m.size, flags, date)
            };
            let mut list: Vec<_> = list.iter().map(travels).collect();
            list.sort();
            list
        };
        assert_eq!(of("alice"), of("bob"));
    };
    run().await;
    assert_eq!(run().await.writes(), 0);
    assert_eq!(server.count("alice", "INBOX").unwrap(), 700);
    in_step();

    let uids: Vec<u32> = server
        .list("alice", "INBOX")
        .unwrap()
        .iter()
        .map(|m| m.uid)
        .collect();
    server.expunge("alice", "INBOX", &uids[10..15]).unwrap();
    run().await;
    assert_eq!(run().await.writes(), 0);
    assert_eq!(server.count("bob", "INBOX").unwrap(), 695);
    in_step();
}
