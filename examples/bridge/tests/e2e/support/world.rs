//! Two stores with mail in them, and the program between them.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::thread;

use testbed::mail::{Generator, Message};

use super::account::Account;
use super::bridge::Bridge;
use super::contents::{Contents, difference, entry, insert};
use super::edits::edit;
use super::maildir::Maildir;
use super::server::{Server, Way};
use super::store::Store;

/// Ten folders with names that need care.
pub(crate) const FOLDERS: [&str; 10] = [
    "INBOX",
    "Sent",
    "Archive",
    "Archive/2024",
    "Archive/2024/Q1 & Q2",
    "Entwürfe & Größen",
    "R&D",
    "with space",
    "台北/日本語",
    "peter/[x] (y) 100%",
];

/// Which two stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pairing {
    TwoAccounts,
    AccountAndMaildir,
    TwoMaildirs,
}

pub(crate) struct World {
    pub(crate) left: Box<dyn Store>,
    pub(crate) right: Box<dyn Store>,
    pub(crate) bridge: Bridge,
}

impl World {
    /// Two stores without mail.
    pub(crate) fn new(pairing: Pairing, way: Way) -> Self {
        match pairing {
            Pairing::TwoMaildirs => {
                let mut bridge = Bridge::new();
                let left = Maildir::new(bridge.path("Left"));
                let right = Maildir::new(bridge.path("Right"));
                bridge.between(&left, &right);
                Self {
                    left: Box::new(left),
                    right: Box::new(right),
                    bridge,
                }
            }
            Pairing::TwoAccounts | Pairing::AccountAndMaildir => {
                Self::on(&Rc::new(Server::start(way)), pairing, "alice", "bob")
            }
        }
    }

    /// Accounts of these names on a server; the right one may be a Maildir instead.
    pub(crate) fn on(server: &Rc<Server>, pairing: Pairing, left: &str, right: &str) -> Self {
        let mut bridge = Bridge::new();
        let left = Account::new(server, left);
        let right: Box<dyn Store> = match pairing {
            Pairing::TwoAccounts => Box::new(Account::new(server, right)),
            _ => Box::new(Maildir::new(bridge.path("Mail"))),
        };
        bridge.between(&left, &*right);
        Self {
            left: Box::new(left),
            right,
            bridge,
        }
    }

    /// Waits until the servers have noticed that the program is gone.
    pub(crate) fn settle(&self) {
        self.left.settle();
        self.right.settle();
    }

    /// What both sides are like, to be compared later.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint([&self.left, &self.right].map(|store| store.fingerprint()))
    }

    /// Fails unless both sides hold this.
    #[track_caller]
    pub(crate) fn holds(&self, expected: &Contents, when: &str) {
        for (side, store) in [("left", &self.left), ("right", &self.right)] {
            if let Some(difference) = difference(expected, &store.contents()) {
                panic!("{when}: on the {side}: {difference}");
            }
        }
    }
}

/// A little mail on both sides, some of it on both; what is to become of it.
pub(crate) fn few(world: &World) -> Contents {
    const FOLDERS: [&str; 3] = ["INBOX", "Archive/2024", "Entwürfe & Größen"];
    let left = mail(Generator::new(11), 60, &FOLDERS);
    let right = mail(Generator::new(12), 24, &FOLDERS);
    let both = mail(Generator::new(13).plain(), 12, &FOLDERS);
    for (store, own) in [(&world.left, &left), (&world.right, &right)] {
        fill(&**store, own);
        fill(&**store, &both);
    }
    contents(&[left, right, both].concat())
}

/// Edits after [`few`] were brought in step: flags, deletions, new mail, moves, a new folder.
pub(crate) fn later(world: &World, expected: &mut Contents) {
    edit(world, expected, "INBOX");
    let left = mail(Generator::new(14), 12, &["Archive/2024", "Neu/Größe"]);
    let right = mail(Generator::new(15), 6, &["Archive/2024"]);
    fill(&*world.left, &left);
    fill(&*world.right, &right);
    for (folder, entries) in contents(&[left, right].concat()) {
        insert(expected, &folder, entries);
    }
    let (from, to) = ("Entwürfe & Größen", "INBOX");
    let there = expected.get_mut(from).unwrap();
    let moved: Vec<_> = there.drain(..2).collect();
    for (store, entry) in [&world.left, &world.right].into_iter().zip(&moved) {
        store.relocate(from, &store.find(from, entry), to);
    }
    insert(expected, to, moved);
}

/// Works in threads, each with its number as a seed. Fails if one of them does.
pub(crate) fn in_parallel(workers: u64, work: impl Fn(u64) + Sync) {
    let work = &work;
    thread::scope(|scope| {
        for seed in 0..workers {
            scope.spawn(move || work(seed));
        }
    });
}

/// Changes with everything that is written to one of two stores.
pub(crate) struct Fingerprint([BTreeSet<String>; 2]);

impl Fingerprint {
    /// Fails if anything was written to the left (0) or the right (1) store.
    #[track_caller]
    pub(crate) fn is_still(&self, side: usize, now: &Self) {
        let (then, now) = (&self.0[side], &now.0[side]);
        let changes: Vec<_> = then.symmetric_difference(now).take(10).collect();
        assert!(changes.is_empty(), "side {side}: {changes:#?}");
    }

    /// Fails if anything was written to either.
    #[track_caller]
    pub(crate) fn are_still(&self, now: &Self) {
        self.is_still(0, now);
        self.is_still(1, now);
    }
}

/// `count` messages, spread over folders, as a seed gives them.
pub(crate) fn mail(
    generator: Generator,
    count: usize,
    folders: &[&str],
) -> Vec<(String, Vec<Message>)> {
    let mut mail: Vec<_> = folders
        .iter()
        .map(|folder| ((*folder).to_owned(), Vec::new()))
        .collect();
    for (number, message) in generator.take(count).enumerate() {
        let at = number % mail.len();
        mail[at].1.push(message);
    }
    mail
}

/// Puts mail into a store.
pub(crate) fn fill(store: &dyn Store, mail: &[(String, Vec<Message>)]) {
    let there = store.folders();
    for (folder, messages) in mail {
        if !there.contains(folder) {
            store.create(folder);
        }
        store.add(folder, messages);
    }
}

/// What a store with this mail holds.
pub(crate) fn contents(mail: &[(String, Vec<Message>)]) -> Contents {
    let mut contents = Contents::new();
    for (folder, messages) in mail {
        let entries = contents.entry(folder.clone()).or_default();
        entries.extend(messages.iter().map(entry));
        entries.sort();
    }
    contents.retain(|_, entries| !entries.is_empty());
    contents
}
