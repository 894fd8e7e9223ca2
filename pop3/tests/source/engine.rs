//! Whole runs: out of a maildrop into memory.

use pop3::testing::{Fault, Maildrop, Profile, Server};
use pop3::{Pop3Config, Pop3Source};
use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::local::{MemoryOptions, MemoryStore};
use sync_core::model::{
    Both, CollectionId, Flags, Identity, KindSet, NewItem, Side, SystemFlags, Timestamp,
};
use sync_core::reconcile::{Deletes, Leave, Rules};
use sync_core::state::SqliteState;

use crate::support::{KIND, config, count, filled, large, server, text};

/// A maildrop, a store beside it, and what is known of both.
struct World {
    server: Server,
    store: MemoryStore,
    inbox: CollectionId,
    state: SqliteState,
    rules: Rules,
}

impl World {
    fn new(server: Server) -> Self {
        let store = MemoryStore::new(MemoryOptions::default());
        let inbox = store.add_collection("INBOX", KindSet::MAIL);
        let mut rules = Rules::default();
        rules.leave.left = Leave::Always;
        Self {
            server,
            store,
            inbox,
            state: SqliteState::in_memory().unwrap(),
            rules,
        }
    }

    fn drop(&self) -> Maildrop {
        self.server.maildrop()
    }

    async fn try_sync(&mut self) -> Report {
        self.sync_as(config(&self.server).page(40)).await
    }

    async fn sync_as(&mut self, config: Pop3Config) -> Report {
        let mut left = Pop3Source::new(config);
        let mut right = self.store.source();
        let sides = Both::new(
            &mut left as &mut dyn sync_core::Source,
            &mut right as &mut dyn sync_core::Source,
        );
        let engine = Engine::new("mail", self.rules.clone());
        let report = engine.run(sides, &mut self.state, Mode::Sync, &Silent);
        let report = report.await.unwrap();
        sync_core::Source::close(&mut left).await.unwrap();
        report
    }

    async fn sync(&mut self) -> Report {
        let report = self.try_sync().await;
        for pair in &report.pairs {
            assert_eq!((&pair.error, &pair.guard), (&None, &None), "{report}");
        }
        report
    }

    /// The contents on the right.
    fn held(&self) -> Vec<String> {
        let all = self.store.list(&self.inbox).into_iter();
        let text = all.map(|held| String::from_utf8(held.content.to_vec()).unwrap());
        let mut all: Vec<String> = text.collect();
        all.sort();
        all
    }

    fn holds(&self, numbers: impl IntoIterator<Item = usize>) {
        let mut expected: Vec<String> = numbers.into_iter().map(text).collect();
        expected.sort();
        assert_eq!(self.held(), expected);
    }

    /// A further run writes nothing, and no content travels.
    async fn is_in_step(&mut self) {
        self.server.reset_stats();
        let report = self.sync().await;
        assert_eq!(report.writes(), 0, "{report}");
        for command in ["RETR", "TOP", "DELE"] {
            assert_eq!(count(&self.server, command), 0, "{command}");
        }
    }
}

#[tokio::test]
async fn everything_is_copied_once() {
    let mut world = World::new(filled(Profile::full(), 300));
    world.drop().add(large(1_000, 400_000));
    let report = world.sync().await;
    assert_eq!(report.writes(), 301);
    assert_eq!(count(&world.server, "RETR"), 301);
    // In one session, with its second look at what is there.
    assert_eq!(world.server.stats().connections, 1);
    world.is_in_step().await;
    world.drop().add(text(301));
    assert_eq!(world.sync().await.writes(), 1);
    assert_eq!(world.drop().len(), 302);
}

#[tokio::test]
async fn two_places_both_get_everything() {
    let mut world = World::new(filled(Profile::full(), 20));
    world.sync().await;
    let (store, state) = (world.store.clone(), SqliteState::in_memory().unwrap());
    let first = std::mem::replace(&mut world.state, state);
    world.store = MemoryStore::new(MemoryOptions::default());
    world.inbox = world.store.add_collection("INBOX", KindSet::MAIL);
    world.sync().await;
    world.holds(1..=20);
    (world.store, world.state) = (store, first);
    world.is_in_step().await;
}

#[tokio::test]
async fn what_others_fetched_and_deleted_stays_here() {
    let mut world = World::new(filled(Profile::full(), 30));
    world.sync().await;
    (0..10).for_each(|_| assert!(world.drop().remove(5)));
    world.drop().add(text(31));
    world.sync().await;
    world.holds(1..=31);
    world.drop().clear();
    world.sync().await;
    world.sync().await;
    world.holds(1..=31);
}

#[tokio::test]
async fn new_names_double_nothing() {
    type Break = fn(&Maildrop);
    let renew: Break = Maildrop::renew_uidls;
    let repeat: Break = |drop| drop.set_uidl(3, "000000016b01fbff");
    let hide: Break = |drop| drop.hide_uidl(3);
    for break_names in [renew, repeat, hide] {
        let mut world = World::new(filled(Profile::full(), 60));
        world.sync().await;
        break_names(&world.drop());
        world.drop().add(text(61));
        world.sync().await;
        world.holds(1..=61);
        world.sync().await;
        world.holds(1..=61);
        // Equal names for ever after, whatever becomes of the ids.
        world.drop().renew_uidls();
        world.drop().add(text(62));
        world.sync().await;
        world.sync().await;
        world.holds(1..=62);
        assert_eq!(world.drop().len(), 62);
    }
}

#[tokio::test]
async fn other_numbers_double_nothing() {
    for profile in [Profile::full(), Profile::rfc1939_bare()] {
        let mut world = World::new(filled(profile, 30));
        world.sync().await;
        world.drop().reverse();
        world.drop().add(text(31));
        world.sync().await;
        world.holds(1..=31);
    }
}

#[tokio::test]
async fn lost_state_doubles_nothing() {
    for wrong_sizes in [false, true] {
        let mut world = World::new(filled(Profile::full(), 40));
        world.drop().add_all([text(7), text(7)]);
        if wrong_sizes {
            for n in 1..=42 {
                world.drop().set_octets(n, 10 + n as u64);
            }
        }
        world.sync().await;
        world.state = SqliteState::in_memory().unwrap();
        let report = world.sync().await;
        assert_eq!(report.writes(), 0, "{report}");
        world.holds((1..=40).chain([7, 7]));
    }
}

#[tokio::test]
async fn what_the_other_side_has_of_its_own_stays_there() {
    let mut world = World::new(filled(Profile::full(), 10));
    for n in 100..110 {
        let new = NewItem {
            kind: KIND,
            flags: Flags::of(SystemFlags::SEEN),
            date: Some(Timestamp::utc(1_600_000_000)),
            identity: Identity::default(),
            body: text(n).as_str().into(),
        };
        world.store.add(&world.inbox, &new).unwrap();
    }
    world.sync().await;
    world.holds((1..=10).chain(100..110));
    world.drop().add(text(11));
    world.server.reset_stats();
    world.sync().await;
    world.holds((1..=11).chain(100..110));
    // Read once, though it had to be recognised first.
    assert!(count(&world.server, "RETR") <= 1);
    assert_eq!(world.drop().len(), 11);
}

#[tokio::test]
async fn deletions_of_the_owner_reach_the_server_where_the_rules_say_so() {
    for deletes in [Deletes::Propagate, Deletes::Keep] {
        let mut world = World::new(filled(Profile::full(), 30));
        world.rules.deletes = deletes;
        world.sync().await;
        let held = world.store.list(&world.inbox);
        for item in &held[..5] {
            world.store.delete(&world.inbox, &item.id).unwrap();
        }
        world.sync().await;
        let left = match deletes {
            Deletes::Propagate => 25,
            _ => 30,
        };
        assert_eq!(world.drop().len(), left);
        world.sync().await;
        assert_eq!(world.store.list(&world.inbox).len(), 25);
    }
}

#[tokio::test]
async fn nothing_is_left_on_the_server_if_so_ordered() {
    for profile in [Profile::full(), Profile::full().with("EXPIRE 0")] {
        let mut world = World::new(filled(profile, 50));
        world.rules.leave.left = Leave::Never;
        world.sync().await;
        world.sync().await;
        assert!(world.drop().is_empty());
        world.holds(1..=50);
        world.drop().add(text(51));
        world.sync().await;
        world.holds(1..=51);
        assert!(world.drop().is_empty());
    }
}

#[tokio::test]
async fn a_lost_answer_to_quit_deletes_nothing_here() {
    for fault in [
        Fault::on("QUIT").cut_after(),
        Fault::on("QUIT").cut_before(),
        Fault::on("DELE").nth(3).cut_before(),
    ] {
        let mut world = World::new(filled(Profile::full(), 30));
        world.rules.leave.left = Leave::Never;
        world.server.order(fault);
        world.try_sync().await;
        world.server.clear_faults();
        world.sync().await;
        world.sync().await;
        world.holds(1..=30);
        assert!(world.drop().is_empty());
    }
}

#[tokio::test]
async fn a_connection_cut_anywhere_loses_and_doubles_nothing() {
    for leave in [Leave::Always, Leave::Never] {
        for cut in (1..5_000).step_by(211) {
            let server = filled(Profile::full().without("STLS"), 12);
            let mut world = World::new(server);
            world.rules.leave.left = leave;
            world.server.cut_after_sent(cut);
            world.try_sync().await;
            world.server.clear_faults();
            world.sync().await;
            world.holds(1..=12);
            world.drop().add(text(13));
            world.server.cut_after_received(cut / 8);
            world.try_sync().await;
            world.server.clear_faults();
            world.sync().await;
            world.sync().await;
            world.holds(1..=13);
            let left = world.drop().len();
            assert_eq!(left, if leave == Leave::Always { 13 } else { 0 }, "{cut}");
        }
    }
}

#[tokio::test]
async fn one_broken_message_keeps_no_other_back() {
    let mut world = World::new(filled(Profile::full(), 20));
    world.drop().refuse(7, "broken index");
    let report = world.try_sync().await;
    assert_eq!(report.writes(), 19);
    let refused = &report.pairs[0].refused;
    assert!(
        refused.iter().any(|why| why.contains("broken index")),
        "{report}"
    );
    world.holds((1..=20).filter(|n| *n != 7));
}

#[tokio::test]
async fn a_mailbox_in_use_is_tried_again() {
    let mut world = World::new(filled(Profile::full(), 5));
    let text = "[IN-USE] Do you have another POP session running?";
    world.server.order(Fault::on("AUTH").times(2).err(text));
    world.sync().await;
    world.holds(1..=5);
}

#[tokio::test]
async fn without_pipelining_top_or_uidl_it_is_slower_and_the_same() {
    for profile in [
        Profile::courier_like(),
        Profile::cyrus_like(),
        Profile::rfc1939_bare(),
        Profile::full().without("PIPELINING").without("TOP"),
    ] {
        let server = server(profile);
        server.maildrop().add_all((1..=25).map(text));
        let mut world = World::new(server);
        world.sync().await;
        world.holds(1..=25);
        let report = world.sync().await;
        assert_eq!(report.writes(), 0, "{report}");
        assert_eq!(
            report
                .pairs
                .iter()
                .map(|p| p.written[Side::Right].total())
                .sum::<u64>(),
            0
        );
    }
}
