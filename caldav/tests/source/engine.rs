//! The engine between DAV accounts, and between one and memory.

use caldav::client::Service;
use caldav::source::DavSource;
use caldav::testing::{Fault, Profile, Server};
use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::model::{Both, Side};
use sync_core::reconcile::Rules;
use sync_core::state::SqliteState;

use crate::support::{PEOPLE, WORK, card, config, event, fill, server, task};

struct World {
    servers: Both<Server>,
    state: SqliteState,
    engine: Engine,
    service: Service,
}

impl World {
    fn new(left: Profile, right: Profile, service: Service) -> Self {
        Self {
            servers: Both::new(server(left), server(right)),
            state: SqliteState::in_memory().unwrap(),
            engine: Engine::new("dav", Rules::default()),
            service,
        }
    }

    /// Runs in new sources, as after a restart.
    async fn sync(&mut self) -> Report {
        let mut sides =
            Both::from_fn(|side| DavSource::new(config(&self.servers[side], self.service)));
        let sources = Both::new(
            &mut sides.left as &mut dyn sync_core::Source,
            &mut sides.right as &mut dyn sync_core::Source,
        );
        let report = self
            .engine
            .run(sources, &mut self.state, Mode::Sync, &Silent);
        report.await.unwrap()
    }

    /// Contents of both sides as sets of what they mean.
    fn is_in_step(&self, collection: &str) {
        let contents = Both::from_fn(|side| self.servers[side].store().contents(collection));
        assert_eq!(contents.left.len(), contents.right.len());
        for left in &contents.left {
            let uid = sync_core::merge::uid(left.as_bytes());
            let right = contents
                .right
                .iter()
                .find(|c| sync_core::merge::uid(c.as_bytes()) == uid);
            let silent = |text: &str| text.replace(";SCHEDULE-AGENT=NONE", "");
            let right = right.unwrap_or_else(|| panic!("{uid:?} is missing"));
            let (left, right) = (silent(left), silent(right));
            assert!(
                sync_core::merge::equal(left.as_bytes(), right.as_bytes()),
                "{left}\n{right}"
            );
        }
    }

    /// A further run writes nothing and reads no content.
    async fn settles(&mut self, collection: &str) {
        self.sync().await;
        self.is_in_step(collection);
        self.servers.left.reset_stats();
        self.servers.right.reset_stats();
        let report = self.sync().await;
        assert_eq!(report.writes(), 0, "{report}");
        for side in Side::BOTH {
            for seen in self.servers[side].requests() {
                let quiet = matches!(seen.method.as_str(), "PROPFIND" | "REPORT");
                assert!(quiet && !seen.body.contains("multiget"), "{seen:?}");
            }
        }
        self.is_in_step(collection);
    }
}

async fn live(left: Profile, right: Profile) {
    let mut world = World::new(left, right, Service::CalDav);
    let (l, r) = (world.servers.left.store(), world.servers.right.store());
    fill(&world.servers.left, 30);
    let meeting =
        "ORGANIZER:mailto:alice@example.org\r\nATTENDEE;CN=\"Bob\":mailto:bob@example.org\r\n";
    l.put(WORK, "meeting.ics", &event("meeting", meeting));
    l.put(
        WORK,
        "odd.ics",
        &event("a/b c@d", "DESCRIPTION;X=\"y\":long\\, text\r\n"),
    );
    r.put(WORK, "task.ics", &task("task"));
    let report = world.sync().await;
    assert_eq!(report.writes(), 33, "{report}");
    world.settles(WORK).await;

    l.put(WORK, "3.ics", &event("3", "LOCATION:here\r\n"));
    l.delete(WORK, "4.ics");
    l.put(WORK, "new.ics", &event("new", ""));
    let name = |uid: &str| {
        let found = r
            .names(WORK)
            .into_iter()
            .find(|n| r.get(WORK, n).unwrap().contains(uid));
        found.unwrap()
    };
    let five = name("UID:5\r\n");
    let text = r
        .get(WORK, &five)
        .unwrap()
        .replace("SUMMARY:5", "SUMMARY:five");
    r.put(WORK, &five, &text);
    r.delete(WORK, &name("UID:6\r\n"));
    let report = world.sync().await;
    assert!(report.writes() >= 5, "{report}");
    world.settles(WORK).await;
    assert_eq!(l.names(WORK).len(), 32);
    assert!(l.contents(WORK).iter().any(|c| c.contains("SUMMARY:five")));
    for store in [&l, &r] {
        let mails = store.mails();
        assert!(mails.is_empty(), "{mails:?}");
    }
}

#[tokio::test]
async fn plain_with_radicale() {
    live(Profile::full(), Profile::radicale_like()).await;
}

#[tokio::test]
async fn radicale_with_sogo() {
    live(Profile::radicale_like(), Profile::sogo_like()).await;
}

#[tokio::test]
async fn cyrus_with_a_bare_server() {
    live(Profile::cyrus_like(), Profile::bare()).await;
}

#[tokio::test]
async fn contacts() {
    let mut world = World::new(
        Profile::radicale_like(),
        Profile::sogo_like(),
        Service::CardDav,
    );
    for n in 0..10 {
        let uid = n.to_string();
        let store = world.servers.left.store();
        store.put(PEOPLE, &format!("{uid}.vcf"), &card(&uid));
    }
    world.sync().await;
    world.settles(PEOPLE).await;
}

#[tokio::test]
async fn a_lost_state_doubles_nothing() {
    let (left, right) = (Profile::cyrus_like(), Profile::radicale_like());
    let mut world = World::new(left, right, Service::CalDav);
    fill(&world.servers.left, 10);
    let meeting = "ORGANIZER:mailto:alice@example.org\r\nATTENDEE:mailto:bob@example.org\r\n";
    world
        .servers
        .right
        .store()
        .put(WORK, "m.ics", &event("m", meeting));
    world.sync().await;
    world.state = SqliteState::in_memory().unwrap();
    let report = world.sync().await;
    assert_eq!(report.writes(), 0, "{report}");
    world.settles(WORK).await;
    assert_eq!(world.servers.left.store().names(WORK).len(), 11);
}

#[tokio::test]
async fn an_emptied_side_and_an_expired_token_delete_nothing() {
    let mut world = World::new(Profile::full(), Profile::full(), Service::CalDav);
    fill(&world.servers.left, 60);
    world.sync().await;
    world.servers.left.store().expire_tokens(WORK);
    world.settles(WORK).await;
    world.servers.right.store().clear(WORK);
    let report = world.sync().await;
    assert!(
        report.pairs.iter().any(|pair| pair.guard.is_some()),
        "{report}"
    );
    assert_eq!(world.servers.left.store().names(WORK).len(), 60);
}

#[tokio::test]
async fn a_cut_at_any_request_loses_and_doubles_nothing() {
    for after in [true, false] {
        for n in 1..=14 {
            let (left, right) = (Profile::full(), Profile::radicale_like());
            let mut world = World::new(left, right, Service::CalDav);
            world.engine = Engine::new("dav", Rules::default()).with_tries(0);
            fill(&world.servers.left, 6);
            world
                .servers
                .right
                .store()
                .put(WORK, "r.ics", &event("r", ""));
            let fault = Fault::on("").nth(n);
            world.servers.right.order(match after {
                true => fault.cut_after(),
                false => fault.cut_before(),
            });
            let mut sides =
                Both::from_fn(|side| DavSource::new(config(&world.servers[side], world.service)));
            let sources = Both::new(
                &mut sides.left as &mut dyn sync_core::Source,
                &mut sides.right as &mut dyn sync_core::Source,
            );
            // It may fail; what counts is what the next ones make of it.
            let _ = world
                .engine
                .run(sources, &mut world.state, Mode::Sync, &Silent)
                .await;
            world.servers.right.clear_faults();
            world.sync().await;
            world.settles(WORK).await;
            let names = world.servers.left.store().names(WORK);
            assert_eq!(names.len(), 7, "{n} {after}: {names:?}");
        }
    }
}
