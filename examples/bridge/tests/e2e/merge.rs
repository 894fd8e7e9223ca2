//! In step after one run, silent in the next, and edits of both sides merged.

use testbed::mail::{Generator, Message};

use crate::support::{
    Contents, Entry, FOLDERS, Pairing, Run, Way, World, contents, edit, entry, fill, insert, mail,
};

#[test]
#[ignore = "needs the testbed"]
fn two_accounts() {
    play(&World::new(Pairing::TwoAccounts, Way::StartTls), 5000);
}

#[test]
#[ignore = "needs the testbed"]
fn an_account_and_a_maildir() {
    play(&World::new(Pairing::AccountAndMaildir, Way::Tls), 5000);
}

#[test]
fn two_maildirs() {
    play(&World::new(Pairing::TwoMaildirs, Way::Plain), 600);
}

fn play(world: &World, messages: usize) {
    let mut expected = first_run(world, messages);
    nothing_more(world);
    let lost = edits(world, &mut expected);
    nothing_more(world);
    undo(world, &mut expected, lost);
    nothing_more(world);
}

/// Mail on both sides, some of it on both.
fn first_run(world: &World, messages: usize) -> Contents {
    let left = mail(Generator::new(1), messages * 4 / 5, &FOLDERS);
    let right = mail(Generator::new(2), messages / 5 - 50, &FOLDERS);
    let both = mail(Generator::new(3).plain(), 50, &FOLDERS);
    for (store, own) in [(&world.left, &left), (&world.right, &right)] {
        fill(&**store, own);
        fill(&**store, &both);
    }
    let run = world.bridge.sync();
    let expected = contents(&[left, right, both].concat());
    world.holds(&expected, "after the first run");
    assert_eq!(count(&run, "created"), messages - 50, "{}", run.report());
    expected
}

/// Another run writes nothing, and says so.
#[track_caller]
fn nothing_more(world: &World) {
    let before = world.fingerprint();
    for store in [&world.left, &world.right] {
        if let Some(proxy) = store.proxy() {
            proxy.reset_counts();
        }
    }
    world.bridge.sync().is_quiet();
    before.are_still(&world.fingerprint());
    for store in [&world.left, &world.right] {
        if let Some(proxy) = store.proxy() {
            let counts = proxy.counts();
            assert!(counts.to_server < 4096, "{counts:?}");
            assert!(counts.to_client < 16384, "{counts:?}");
        }
    }
}

/// All sorts of edits at once; returns what was deleted.
fn edits(world: &World, expected: &mut Contents) -> Vec<(&'static str, Entry)> {
    let mut lost = Vec::new();
    for folder in ["INBOX", "Entwürfe & Größen"] {
        let gone = edit(world, expected, folder);
        lost.extend(gone.into_iter().map(|entry| (folder, entry)));
    }
    new_mail(world, expected);
    let run = world.bridge.sync();
    world.holds(expected, "after the edits");
    assert_eq!(count(&run, "deleted"), lost.len());
    copies(world, expected, &mut lost);
    moves(world, expected);
    lost
}

/// New mail on both sides, the same on both, new folders.
fn new_mail(world: &World, expected: &mut Contents) {
    let new: Vec<Message> = Generator::new(4).take(40).collect();
    let mut all = Vec::new();
    for (store, number, folder) in [
        (&world.left, 0, "INBOX"),
        (&world.right, 10, "台北/日本語"),
        (&world.left, 20, "recent/Größe & mehr"),
    ] {
        all.push((folder.to_owned(), new[number..number + 10].to_vec()));
        fill(&**store, &all[all.len() - 1..]);
    }
    world.right.create("empty & recent");
    let same = mail(Generator::new(5).plain(), 3, &["R&D"]);
    fill(&*world.left, &same);
    fill(&*world.right, &same);
    all.extend(same);
    for (folder, entries) in contents(&all) {
        insert(expected, &folder, entries);
    }
}

/// One of two equal messages goes; the other stays.
fn copies(world: &World, expected: &mut Contents, lost: &mut Vec<(&'static str, Entry)>) {
    let folder = "with space";
    let message = Generator::new(6).plain().next().unwrap();
    let one = entry(&message);
    world.left.add(folder, &[message.clone(), message]);
    world.bridge.sync();
    insert(expected, folder, [one.clone(), one.clone()]);
    world.holds(expected, "with two equal messages");

    world
        .right
        .remove(folder, &[world.right.find(folder, &one)]);
    world.bridge.sync();
    let there = expected.get_mut(folder).unwrap();
    there.remove(there.iter().position(|other| *other == one).unwrap());
    world.holds(expected, "with one of two equal messages");
    lost.push((folder, one));
}

/// Moves are carried out as moves: no content travels.
fn moves(world: &World, expected: &mut Contents) {
    const SIZE: usize = 200_000;
    let large: Vec<_> = Generator::new(7).plain().size(SIZE).take(2).collect();
    world.left.add("INBOX", &large);
    world.bridge.sync();
    let (one, two) = (entry(&large[0]), entry(&large[1]));
    world
        .left
        .relocate("INBOX", &world.left.find("INBOX", &one), "Archive/2024");
    world
        .right
        .relocate("INBOX", &world.right.find("INBOX", &two), "R&D");
    for store in [&world.left, &world.right] {
        if let Some(proxy) = store.proxy() {
            proxy.reset_counts();
        }
    }
    let run = world.bridge.sync();
    for (folder, entry) in [("Archive/2024", one), ("R&D", two)] {
        insert(expected, folder, [entry]);
    }
    world.holds(expected, "after moves");
    let report = run.report();
    assert_eq!(run.written("left", "moved"), 1, "{report}");
    assert_eq!(run.written("right", "moved"), 1, "{report}");
    assert_eq!(count(&run, "created"), 0, "{report}");
    for store in [&world.left, &world.right] {
        if let Some(proxy) = store.proxy() {
            let counts = proxy.counts();
            let bytes = counts.to_server + counts.to_client;
            assert!(bytes < SIZE as u64 / 2, "{counts:?}");
        }
    }
}

/// What was deleted comes back, on both sides.
fn undo(world: &World, expected: &mut Contents, lost: Vec<(&'static str, Entry)>) {
    let runs = world.bridge.run(&["history", "--json"]).code(0);
    let mut back = 0;
    for run in runs.of_type("run") {
        let id = run["run"].to_string();
        let entries = world.bridge.run(&["history", &id, "--json"]).code(0);
        for entry in entries.of_type("entry") {
            if entry["action"] == "deleted" {
                let id = entry["entry"].to_string();
                world.bridge.run(&["undo", "item", &id]).code(0);
                back += 1;
            }
        }
    }
    assert_eq!(back, lost.len());
    for (folder, entry) in lost {
        insert(expected, folder, [entry]);
    }
    world.bridge.sync();
    world.holds(expected, "after the undo");
}

fn count(run: &Run, what: &str) -> usize {
    let sum = run.written("left", what) + run.written("right", what);
    usize::try_from(sum).unwrap()
}
