//! The suite that every source passes.

use async_trait::async_trait;
use imap_client::testing::{Profile, Server};
use sync_core::model::CollectionId;
use sync_core::testing::conformance::{self, Harness};
use sync_core::{Result, Source};

use crate::support::{config, server};
use imap_client::ImapSource;

struct Account {
    server: Server,
    profile: conformance::Profile,
    page: usize,
}

#[async_trait]
impl Harness for Account {
    async fn connect(&mut self) -> Result<Box<dyn Source>> {
        Ok(Box::new(ImapSource::new(
            config(&self.server).page(self.page),
        )))
    }

    fn profile(&self) -> conformance::Profile {
        self.profile.clone()
    }

    async fn lose_cursors(&mut self, c: &CollectionId) -> Result<bool> {
        let store = self.server.store();
        store.reset_uid_validity(c.as_str()).unwrap();
        Ok(true)
    }
}

async fn run(profile: Profile, page: usize) {
    let mut account = Account {
        server: server(profile),
        profile: conformance::Profile {
            // IMAP has no way to send NUL in a message, and an empty one is refused.
            any_bytes: false,
            pages: page < 25,
            ..conformance::Profile::default()
        },
        page,
    };
    let report = conformance::run(&mut account).await;
    if let Err(report) = report.into_result() {
        panic!("{report}");
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
async fn gmail_like() {
    run(Profile::gmail_like(), 5_000).await;
}

#[tokio::test]
async fn courier_like() {
    run(Profile::courier_like(), 5_000).await;
}

#[tokio::test]
async fn courier_like_in_small_pages() {
    run(Profile::courier_like(), 7).await;
}

#[tokio::test]
async fn cyrus_like() {
    run(Profile::cyrus_like(), 5_000).await;
}

#[tokio::test]
async fn rev1_bare() {
    run(Profile::rev1_bare(), 5_000).await;
}
