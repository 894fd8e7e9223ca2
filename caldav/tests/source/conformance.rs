//! The suite that every source passes.

use async_trait::async_trait;
use caldav::client::Service;
use caldav::source::DavSource;
use caldav::testing::{Auth, Profile, Quirk, Server};
use sync_core::model::{CollectionId, ItemKind};
use sync_core::testing::conformance::{self, Harness};
use sync_core::{Result, Source};

use crate::support::config;

struct Account {
    server: Server,
    service: Service,
    profile: conformance::Profile,
    /// Whether a cursor holds a token that the server can forget.
    tokens: bool,
}

#[async_trait]
impl Harness for Account {
    async fn connect(&mut self) -> Result<Box<dyn Source>> {
        Ok(Box::new(DavSource::new(config(&self.server, self.service))))
    }

    fn profile(&self) -> conformance::Profile {
        self.profile.clone()
    }

    async fn lose_cursors(&mut self, c: &CollectionId) -> Result<bool> {
        if !self.tokens {
            return Ok(false);
        }
        let store = self.server.store();
        let name = c.as_str().trim_end_matches('/').rsplit('/').next();
        let name = name.unwrap_or_default().replace("%20", " ");
        for home in ["calendars", "addressbooks"] {
            store.expire_tokens(&format!("{home}/{name}"));
        }
        Ok(true)
    }
}

async fn run(profile: Profile, kind: ItemKind) {
    let tokens = [Quirk::NoSyncTokens, Quirk::NumericTokens];
    let tokens = !tokens.into_iter().any(|quirk| profile.has(quirk));
    const MOVES: &str = "a contact of SOGo is not moved";
    let skip: &[(&str, &str)] = match profile.has(Quirk::RenamesWhatIsMoved) {
        true if kind == ItemKind::Contact => &[
            ("a_move_keeps_everything", MOVES),
            ("a_move_is_guarded", MOVES),
        ],
        _ => &[],
    };
    let pages = profile.has(Quirk::TruncatesListings);
    let service = match kind {
        ItemKind::Contact => Service::CardDav,
        _ => Service::CalDav,
    };
    let mut account = Account {
        server: Server::builder().profile(profile).start().unwrap(),
        service,
        tokens,
        profile: conformance::Profile {
            kind,
            nested: false,
            pages,
            bad_names: &[".."],
            skip,
            ..conformance::Profile::default()
        },
    };
    let report = conformance::run(&mut account).await;
    if let Err(report) = report.into_result() {
        panic!("{report}");
    }
}

#[tokio::test]
async fn events() {
    run(Profile::full(), ItemKind::Event).await;
}

#[tokio::test]
async fn tasks() {
    run(Profile::full(), ItemKind::Task).await;
}

#[tokio::test]
async fn notes() {
    run(Profile::full(), ItemKind::Note).await;
}

#[tokio::test]
async fn contacts() {
    run(Profile::full(), ItemKind::Contact).await;
}

#[tokio::test]
async fn events_in_pages() {
    let profile = Profile::full().page(7).with(Quirk::TruncatesListings);
    run(profile, ItemKind::Event).await;
}

#[tokio::test]
async fn events_of_radicale() {
    run(Profile::radicale_like(), ItemKind::Event).await;
}

#[tokio::test]
async fn contacts_of_radicale() {
    run(Profile::radicale_like(), ItemKind::Contact).await;
}

#[tokio::test]
async fn events_of_sogo() {
    run(Profile::sogo_like(), ItemKind::Event).await;
}

#[tokio::test]
async fn tasks_of_sogo() {
    run(Profile::sogo_like(), ItemKind::Task).await;
}

#[tokio::test]
async fn contacts_of_sogo() {
    run(Profile::sogo_like(), ItemKind::Contact).await;
}

#[tokio::test]
async fn events_of_cyrus() {
    run(Profile::cyrus_like(), ItemKind::Event).await;
}

#[tokio::test]
async fn tasks_of_a_bare_server() {
    run(Profile::bare().without(Quirk::NoMove), ItemKind::Task).await;
}

#[tokio::test]
async fn events_without_tokens() {
    run(Profile::full().with(Quirk::NoSyncTokens), ItemKind::Event).await;
}

#[tokio::test]
async fn events_like_googles() {
    // Collections are made by the test, which Google would not allow.
    let profile = Profile::google_like()
        .without(Quirk::NoMkcol)
        .without(Quirk::NoMove)
        .auth(Auth::Basic);
    run(profile, ItemKind::Event).await;
}

#[tokio::test]
async fn contacts_with_weak_etags() {
    run(Profile::full().with(Quirk::WeakEtags), ItemKind::Contact).await;
}

#[tokio::test]
async fn events_without_etags() {
    run(Profile::full().with(Quirk::NoEtags), ItemKind::Event).await;
}

#[tokio::test]
async fn events_with_odd_etags() {
    let profile = Profile::full().with(Quirk::OddEtags).auth(Auth::Digest);
    run(profile, ItemKind::Event).await;
}
