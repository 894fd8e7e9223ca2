//! What was known is lost, on one side or here: nothing is deleted for that, nothing doubled.

use testbed::mail::Generator;

use crate::support::{
    Contents, Held, Pairing, Store, Way, World, contents, few, fill, insert, mail,
};

#[test]
#[ignore = "needs the testbed"]
fn uid_validity() {
    for pairing in [Pairing::TwoAccounts, Pairing::AccountAndMaildir] {
        let world = World::new(pairing, Way::Plain);
        let mut expected = in_step(&world);
        new_mail(&world, &mut expected);
        world.left.void_ids("INBOX");
        if pairing == Pairing::TwoAccounts {
            world.right.void_ids("INBOX");
            world.right.void_ids("Archive/2024");
        }
        world.bridge.sync();
        world.holds(&expected, "after new UIDVALIDITYs");
        world.bridge.sync().is_quiet();
    }
}

#[test]
#[ignore = "needs the testbed"]
fn the_state_between_two_accounts() {
    the_state(Pairing::TwoAccounts);
}

#[test]
#[ignore = "needs the testbed"]
fn the_state_between_an_account_and_a_maildir() {
    the_state(Pairing::AccountAndMaildir);
}

#[test]
fn the_state_between_two_maildirs() {
    the_state(Pairing::TwoMaildirs);
}

/// Without the state both sides join again, and what one side deleted meanwhile comes back.
fn the_state(pairing: Pairing) {
    let world = World::new(pairing, Way::Plain);
    let mut expected = in_step(&world);
    new_mail(&world, &mut expected);
    for store in [&world.left, &world.right] {
        let mut held = store.list("Archive/2024");
        held.truncate(2);
        store.remove("Archive/2024", &held);
    }
    world.bridge.forget();
    world.bridge.sync();
    world.holds(&expected, "without the state");
    world.bridge.sync().is_quiet();

    // And where nothing happened, nothing does.
    let before = world.fingerprint();
    world.bridge.forget();
    world.bridge.sync().is_quiet();
    before.are_still(&world.fingerprint());
}

#[test]
#[ignore = "needs the testbed"]
fn all_mail_of_an_account() {
    emptied(Pairing::TwoAccounts);
}

#[test]
#[ignore = "needs the testbed"]
fn all_mail_of_an_account_or_a_maildir() {
    emptied(Pairing::AccountAndMaildir);
}

#[test]
fn all_mail_of_a_maildir() {
    emptied(Pairing::TwoMaildirs);
}

/// An emptied side is guarded, until somebody says that it is meant.
fn emptied(pairing: Pairing) {
    for (side, other) in [(0, 1), (1, 0)] {
        let world = World::new(pairing, Way::Plain);
        in_step(&world);
        let stores = [&*world.left, &*world.right];
        empty(stores[side]);
        let before = world.fingerprint();
        for _ in 0..2 {
            let run = world.bridge.run(&["sync", "--json"]).code(3);
            let report = run.report();
            let pairs = report["pairs"].as_array().unwrap();
            let guards = pairs.iter().filter_map(|pair| pair["guard"].as_str());
            let lifted = |why: &str| why.contains("max_deletes = \"100%\"");
            assert_eq!(guards.filter(|why| lifted(why)).count(), 3, "{report}");
        }
        before.is_still(other, &world.fingerprint());
        world.bridge.rules("max_deletes = \"100%\"");
        world.bridge.sync();
        world.holds(&Contents::new(), "with max_deletes = 100%");
        world.bridge.sync().is_quiet();
    }
}

#[test]
#[ignore = "needs the testbed"]
fn an_account_as_a_whole() {
    let world = World::new(Pairing::AccountAndMaildir, Way::Plain);
    in_step(&world);
    world.left.vanish();
    let before = world.fingerprint();
    world.bridge.run(&["sync", "--json"]).code(3);
    before.is_still(1, &world.fingerprint());
    // It comes back by a fresh start.
    let kept = world.right.contents();
    world.bridge.run(&["sync", "--json", "--rejoin"]).code(0);
    world.holds(&kept, "after a fresh start");
}

#[test]
#[ignore = "needs the testbed"]
fn a_maildir_as_a_whole() {
    let world = World::new(Pairing::AccountAndMaildir, Way::Plain);
    let expected = in_step(&world);
    world.right.vanish();
    let before = world.fingerprint();
    world.bridge.run(&["sync", "--json"]).code(3);
    before.is_still(0, &world.fingerprint());
    assert_eq!(world.right.contents(), Contents::new());
    world.bridge.run(&["sync", "--json", "--rejoin"]).code(0);
    world.holds(&expected, "after a fresh start");
}

fn in_step(world: &World) -> Contents {
    let expected = few(world);
    world.bridge.sync();
    world.holds(&expected, "after the first run");
    expected
}

fn new_mail(world: &World, expected: &mut Contents) {
    let left = mail(Generator::new(21), 6, &["INBOX", "Archive/2024"]);
    let right = mail(Generator::new(22), 6, &["INBOX", "Archive/2024"]);
    fill(&*world.left, &left);
    fill(&*world.right, &right);
    for (folder, entries) in contents(&[left, right].concat()) {
        insert(expected, &folder, entries);
    }
}

fn empty(store: &dyn Store) {
    for folder in store.folders() {
        let held: Vec<Held> = store.list(&folder);
        if !held.is_empty() {
            store.remove(&folder, &held);
        }
    }
}
