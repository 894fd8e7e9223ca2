//! The state: refused if it cannot be used, used by one at a time, saved when interrupted.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command};
use std::rc::Rc;
use std::time::Duration;

use testbed::Proxy;
use testbed::mail::Generator;

use crate::support::{
    Account, Bridge, Maildir, Pairing, Server, Store, Way, World, contents, few, fill, finish, mail,
};

#[test]
#[ignore = "needs the testbed"]
fn what_cannot_be_used_is_refused_and_left_as_it_is() {
    let world = World::new(Pairing::AccountAndMaildir, Way::Plain);
    let expected = few(&world);
    world.bridge.sync();
    let path = world.bridge.state();
    let good = fs::read(&path).unwrap();
    let mut newer = good.clone();
    // `user_version` (SQLite file format, section 1.3).
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let mut damaged = good.clone();
    damaged[4096..].fill(0x5a);
    let before = world.fingerprint();
    for (bytes, why) in [
        (b"no database".to_vec(), "is damaged or no state database"),
        (newer, "was written by a newer version"),
        (damaged, "is damaged"),
    ] {
        fs::write(&path, &bytes).unwrap();
        let run = world.bridge.run(&["sync"]).code(1);
        assert!(run.err.contains(why), "{}", run.err);
        assert!(run.err.contains("bridge sync --rejoin"), "{}", run.err);
        assert_eq!(fs::read(&path).unwrap(), bytes, "{why}");
        before.are_still(&world.fingerprint());
    }
    let damaged = fs::read(&path).unwrap();
    let run = world.bridge.run(&["sync", "--json", "--rejoin"]).code(0);
    run.is_quiet();
    let aside = run.of_type("set-aside").remove(0);
    let aside = world.bridge.path(aside["aside"].as_str().unwrap());
    assert_eq!(fs::read(aside).unwrap(), damaged);
    world.holds(&expected, "after a fresh start");
    before.are_still(&world.fingerprint());
}

#[test]
#[ignore = "needs the testbed"]
fn of_other_accounts() {
    let server = Rc::new(Server::start(Way::Plain));
    let mut world = World::on(&server, Pairing::TwoAccounts, "alice", "bob");
    few(&world);
    world.bridge.sync();
    let carol = Account::new(&server, "carol");
    let before = carol.fingerprint();
    world.bridge.between(&*world.left, &carol);
    let state = fs::read(world.bridge.state()).unwrap();
    let run = world.bridge.run(&["sync"]).code(1);
    assert!(run.err.contains("other accounts"), "{}", run.err);
    assert_eq!(fs::read(world.bridge.state()).unwrap(), state);
    assert_eq!(carol.fingerprint(), before);
    world.bridge.between(&*world.left, &*world.right);
    world.bridge.sync().is_quiet();
}

/// A first sync of two folders that waits long for its server, and its right side.
fn slow() -> (Bridge, Account, Maildir) {
    let server = Rc::new(Server::start(Way::Plain));
    let mut bridge = Bridge::new();
    let mut left = Account::new(&server, "alice");
    left.proxy = Proxy::with_round_trip(server.port(), Duration::from_millis(400)).unwrap();
    let right = Maildir::new(bridge.path("Mail"));
    fill(
        &left,
        &mail(Generator::new(1), 60, &["INBOX", "Archive", "R&D"]),
    );
    bridge.between(&left, &right);
    (bridge, left, right)
}

/// Reads what a child says on standard error, up to this event; returns what is to come.
fn wait_for(child: &mut Child, event: &str) -> BufReader<ChildStderr> {
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let event = format!("\"event\":{event:?}");
    let mut line = String::new();
    while !line.contains(&event) {
        line.clear();
        assert_ne!(err.read_line(&mut line).unwrap(), 0, "it ended");
    }
    err
}

#[test]
#[ignore = "needs the testbed"]
fn two_at_once() {
    let (bridge, left, right) = slow();
    let mut first = bridge.command(&["sync", "--json"]).spawn().unwrap();
    let mut err = wait_for(&mut first, "listing");
    for arguments in [&["sync"][..], &["sync", "--rejoin"]] {
        let second = bridge.run(arguments).code(1);
        assert!(second.err.contains("in use by another"), "{}", second.err);
    }
    std::io::copy(&mut err, &mut std::io::sink()).unwrap();
    finish(first).code(0);
    assert_eq!(left.contents(), right.contents());
    bridge.sync().is_quiet();
}

#[test]
#[ignore = "needs the testbed"]
fn an_interrupt_saves_what_was_done() {
    let (bridge, left, right) = slow();
    let mut child = bridge.command(&["sync", "--json"]).spawn().unwrap();
    let mut err = wait_for(&mut child, "copied");
    let id = child.id().to_string();
    let kill = Command::new("kill").args(["-INT", &id]).status();
    assert!(kill.unwrap().success());
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    let run = finish(child).code(1);
    assert_eq!(run.report()["cancelled"], true, "{}", run.out);
    assert!(rest.contains("Finishing the batch in hand"), "{rest}");
    let copied: usize = right.contents().values().map(Vec::len).sum();
    assert!((1..60).contains(&copied), "{copied}");

    let run = bridge.sync();
    assert_eq!(run.written("right", "created"), 60 - copied as u64);
    let all = contents(&mail(Generator::new(1), 60, &["INBOX", "Archive", "R&D"]));
    assert_eq!(left.contents(), all);
    assert_eq!(right.contents(), all);
    bridge.sync().is_quiet();
}
