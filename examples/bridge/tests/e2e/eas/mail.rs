//! Mail: flags, moves and deletions both ways; new mail comes from the server alone.

use std::collections::BTreeSet;
use std::rc::Rc;

use testbed::mail::{Generator, Message};

use super::mailboxes::Mailboxes;
use crate::pim::world::sogo;
use crate::support::{
    Account, Bridge, Contents, Entry, Held, Maildir, Server, Store, Way, entry, fill, insert, mail,
};

const FOLDERS: [&str; 2] = ["INBOX", "Projects"];

/// What SOGo tells of a message over ActiveSync: two flags, and the date that its header has.
fn told(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    entry
        .flags
        .retain(|flag| ["\\seen", "\\flagged"].contains(&flag.as_str()));
    entry.date = 0;
    entry
}

pub(super) struct World {
    pub(super) sogo: Mailboxes,
    other: Box<dyn Store>,
    pub(super) bridge: Bridge,
}

impl World {
    /// With a Maildir on the other side.
    pub(super) fn with_maildir() -> Self {
        Self::new(|bridge| Box::new(Maildir::new(bridge.path("Mail"))))
    }

    fn new(other: impl FnOnce(&Bridge) -> Box<dyn Store>) -> Self {
        let mut bridge = Bridge::new();
        let sogo = Mailboxes::new(sogo());
        let other = other(&bridge);
        bridge.between(&sogo, &*other);
        bridge.rules("collections = [\"INBOX\", \"Projects\"]");
        Self {
            sogo,
            other,
            bridge,
        }
    }

    /// Both sides hold this, as far as ActiveSync tells it.
    #[track_caller]
    fn holds(&self, expected: &Contents, when: &str) {
        for (side, store) in [("SOGo", &self.sogo as &dyn Store), ("other", &*self.other)] {
            for folder in FOLDERS {
                let mut found: Vec<_> = store.list(folder).iter().map(|h| told(&h.entry)).collect();
                found.sort();
                let mut wanted = expected.get(folder).cloned().unwrap_or_default();
                wanted.sort();
                assert_eq!(found, wanted, "{when}: {folder} of the {side} side");
            }
        }
    }

    #[track_caller]
    pub(super) fn settle(&self, expected: &Contents, when: &str) {
        self.bridge.sync();
        self.bridge.sync();
        self.holds(expected, when);
        let before = (self.sogo.fingerprint(), self.other.fingerprint());
        self.bridge.sync().is_quiet();
        let after = (self.sogo.fingerprint(), self.other.fingerprint());
        assert_eq!(before, after, "{when}: something was written");
    }
}

/// Mail of a seed, as ActiveSync tells it.
fn arrives(world: &World, seed: u64, count: usize, expected: &mut Contents) {
    let new: Vec<(String, Vec<Message>)> = mail(Generator::new(seed), count, &FOLDERS);
    fill(&world.sogo, &new);
    for (folder, messages) in &new {
        insert(
            expected,
            folder,
            messages.iter().map(entry).map(|e| told(&e)),
        );
    }
}

/// Sets the flags of a message that nobody touched before.
fn flag(store: &dyn Store, expected: &mut Contents, flags: &[&str]) {
    let mut one = expected.get_mut("INBOX").unwrap().remove(0);
    let held: Held = store.find("INBOX", &one);
    store.set_flags("INBOX", &held, flags);
    one.flags = flags
        .iter()
        .map(|flag| flag.to_ascii_lowercase())
        .collect::<BTreeSet<_>>();
    // Behind those that nobody touched.
    expected.get_mut("INBOX").unwrap().push(one);
}

fn relocate(store: &dyn Store, expected: &mut Contents, from: &str, to: &str) {
    let one = expected.get_mut(from).unwrap().remove(0);
    store.relocate(from, &store.find(from, &one), to);
    expected.get_mut(to).unwrap().push(one);
}

fn remove(store: &dyn Store, expected: &mut Contents, folder: &str) {
    let one = expected.get_mut(folder).unwrap().remove(0);
    store.remove(folder, &[store.find(folder, &one)]);
}

/// Flags, moves and deletions on both sides, and new mail.
pub(super) fn edit(world: &World, expected: &mut Contents) {
    for store in [&world.sogo as &dyn Store, &*world.other] {
        flag(store, expected, &["\\Seen", "\\Flagged"]);
        flag(store, expected, &[]);
        relocate(store, expected, "INBOX", "Projects");
        relocate(store, expected, "Projects", "INBOX");
        remove(store, expected, "INBOX");
        remove(store, expected, "Projects");
    }
    arrives(world, 32, 4, expected);
}

/// A few messages that are new on the server.
pub(super) fn fresh(world: &World) -> Contents {
    world.sogo.create("Projects");
    let mut expected = Contents::new();
    arrives(world, 31, 24, &mut expected);
    expected
}

fn both_ways(world: &World) {
    let mut expected = fresh(world);
    world.settle(&expected, "after new mail");

    edit(world, &mut expected);
    world.settle(&expected, "after edits of both sides");

    // What is new over here cannot go there: said when it is planned, and nothing is held up.
    let mine: Vec<_> = Generator::new(33).plain().take(1).collect();
    world.other.add("INBOX", &mine);
    flag(&*world.other, &mut expected, &["\\Flagged"]);
    let plan = world.bridge.run(&["plan", "--json"]);
    let run = world.bridge.run(&["sync", "--json"]).code(3);
    for run in [&plan, &run] {
        assert!(
            run.out.contains("cannot put a message into a folder"),
            "{}",
            run.out
        );
    }
    let there = world.other.find("INBOX", &entry(&mine[0]));
    world.other.remove("INBOX", &[there]);
    world.settle(&expected, "after mail that cannot go there");
}

#[test]
#[ignore = "needs the testbed"]
fn activesync_and_a_maildir() {
    both_ways(&World::with_maildir());
}

#[test]
#[ignore = "needs the testbed"]
fn activesync_and_dovecot() {
    let server = Rc::new(Server::start(Way::Plain));
    both_ways(&World::new(|_| Box::new(Account::new(&server, "carol"))));
}
