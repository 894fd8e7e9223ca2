//! The suite that every source passes.

use async_trait::async_trait;
use deltasync::source::DeltaSyncSource;
use deltasync::testing::{Profile, Server};
use sync_core::model::CollectionId;
use sync_core::testing::conformance::{self, Harness};
use sync_core::{Result, Source};

use crate::support::{account, config, server};

struct Mailbox {
    server: Server,
    page: u32,
}

#[async_trait]
impl Harness for Mailbox {
    async fn connect(&mut self) -> Result<Box<dyn Source>> {
        let config = config(&self.server).page(self.page);
        Ok(Box::new(DeltaSyncSource::new(config)))
    }

    fn profile(&self) -> conformance::Profile {
        conformance::Profile {
            keywords: false,
            // HU01 cannot hold an empty message.
            any_bytes: false,
            pages: self.page < 25,
            skip: &[(
                "flags_are_kept",
                "there is no \\Draft and no \\Deleted; see the states in `mapping`",
            )],
            ..conformance::Profile::default()
        }
    }

    async fn lose_cursors(&mut self, _: &CollectionId) -> Result<bool> {
        account(&self.server).void_keys();
        Ok(true)
    }
}

async fn run(profile: Profile, page: u32) {
    let mut mailbox = Mailbox {
        server: server(profile),
        page,
    };
    let report = conformance::run(&mut mailbox).await;
    if let Err(report) = report.into_result() {
        panic!("{report}");
    }
}

#[tokio::test]
async fn by_the_sheet() {
    run(Profile::default(), 256).await;
}

#[tokio::test]
async fn in_small_pages() {
    run(Profile::default(), 7).await;
}

#[tokio::test]
async fn with_a_key_that_is_refused_at_the_root() {
    let profile = Profile {
        key_errors_at_root: true,
        redirects: false,
        ..Profile::default()
    };
    run(profile, 256).await;
}
