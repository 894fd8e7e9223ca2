//! A plan is what a sync then does, and writes nothing. A side that is only read is not written.

use testbed::mail::Generator;

use crate::support::{Pairing, Store, Way, World, few, fill, later, mail};

#[test]
#[ignore = "needs the testbed"]
fn of_two_accounts() {
    plan(Pairing::TwoAccounts);
}

#[test]
#[ignore = "needs the testbed"]
fn of_an_account_and_a_maildir() {
    plan(Pairing::AccountAndMaildir);
}

#[test]
fn of_two_maildirs() {
    plan(Pairing::TwoMaildirs);
}

fn plan(pairing: Pairing) {
    let world = World::new(pairing, Way::Plain);
    let mut expected = few(&world);
    for edited in [false, true] {
        if edited {
            later(&world, &mut expected);
        }
        let (before, files) = (world.fingerprint(), world.bridge.files());
        let plan = world.bridge.run(&["plan", "--json"]).code(0);
        before.are_still(&world.fingerprint());
        assert_eq!(world.bridge.files(), files, "state, too, is as it was");
        let again = world.bridge.run(&["plan", "--json"]).code(0);
        assert_eq!(again.out, plan.out);

        let done = world.bridge.sync();
        world.holds(&expected, "after what was planned");
        let (planned, done) = (plan.report(), done.report());
        assert_eq!(planned["pairs"], done["pairs"]);
        assert_eq!(planned["planned"], true);
        assert_eq!(done["planned"], false);
        // Each step is told.
        let steps = plan.of_type("plan");
        for side in ["left", "right"] {
            for (action, word) in [
                ("create", "created"),
                ("set-flags", "flagged"),
                ("delete", "deleted"),
                ("move", "moved"),
            ] {
                let told = steps
                    .iter()
                    .filter(|s| s["side"] == side && s["action"] == action);
                assert_eq!(
                    told.count() as u64,
                    plan.written(side, word),
                    "{action} {side}"
                );
            }
        }
    }
}

#[test]
#[ignore = "needs the testbed"]
fn one_way_between_two_accounts() {
    one_way(Pairing::TwoAccounts);
}

#[test]
#[ignore = "needs the testbed"]
fn one_way_between_an_account_and_a_maildir() {
    one_way(Pairing::AccountAndMaildir);
}

#[test]
fn one_way_between_two_maildirs() {
    one_way(Pairing::TwoMaildirs);
}

/// What is written goes one way: the other side stays as it is, through edits on both.
fn one_way(pairing: Pairing) {
    for (direction, at) in [("left-to-right", 0), ("right-to-left", 1)] {
        let world = World::new(pairing, Way::Plain);
        few(&world);
        world.bridge.rules(&format!("direction = {direction:?}"));
        let stores = [&*world.left, &*world.right];
        let (source, copy) = (stores[at], stores[1 - at]);
        carried(&world, at, source, copy);

        let held = source.list("INBOX");
        source.set_flags("INBOX", &held[0], &["\\Flagged", "todo"]);
        source.remove("INBOX", &held[1..2]);
        fill(
            source,
            &mail(Generator::new(31), 8, &["INBOX", "Neu/Größe"]),
        );
        let theirs = copy.find("INBOX", &held[2].entry);
        copy.set_flags("INBOX", &theirs, &["\\Answered"]);
        fill(copy, &mail(Generator::new(32), 4, &["INBOX", "Alt"]));
        carried(&world, at, source, copy);

        let there = copy.list("INBOX");
        let flagged = there.iter().find(|h| h.entry.is_copy_of(&held[0].entry));
        assert!(flagged.unwrap().entry.flags.contains("\\flagged"));
        assert!(!there.iter().any(|h| h.entry.is_copy_of(&held[1].entry)));
    }
}

/// Two runs leave the source as it is, and the copy with all that the source has.
fn carried(world: &World, at: usize, source: &dyn Store, copy: &dyn Store) {
    let before = world.fingerprint();
    for _ in 0..2 {
        world.bridge.sync();
        before.is_still(at, &world.fingerprint());
    }
    let there = copy.contents();
    for (folder, entries) in source.contents() {
        for entry in entries {
            let copied = there[&folder].iter().any(|other| entry.is_copy_of(other));
            assert!(copied, "side {at}, {folder}: {entry:?}");
        }
    }
}
