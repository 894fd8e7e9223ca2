//! Memory, bytes and round trips stay within bounds, whatever the size of a mailbox or a message.

use std::fs;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use testbed::mail::{Generator, Message};
use testbed::{Counts, Proxy};

use crate::support::{Bridge, Pairing, Server, Way, World, contents, fill, finish, mail};

pub(crate) const MEBIBYTE: usize = 1 << 20;

/// A message of 50 MB.
pub(crate) fn large(number: u64) -> Message {
    let mut message = Generator::new(number).plain().next().unwrap();
    let line = b"The quick brown fox jumps over the lazy dog, and no line of this is too long.\r\n";
    message.bytes.extend(line.repeat(50_000_000 / line.len()));
    message
}

#[test]
#[ignore = "needs the testbed"]
fn a_large_message_between_two_accounts() {
    large_messages(Pairing::TwoAccounts);
}

#[test]
#[ignore = "needs the testbed"]
fn a_large_message_between_an_account_and_a_maildir() {
    large_messages(Pairing::AccountAndMaildir);
}

/// One each way, with some small ones.
fn large_messages(pairing: Pairing) {
    let world = World::new(pairing, Way::Plain);
    let mut all = mail(Generator::new(1), 20, &["INBOX"]);
    all[0].1.push(large(2));
    fill(&*world.left, &all);
    let back = [("INBOX".to_owned(), vec![large(3)])];
    fill(&*world.right, &back);
    let peak = peak_memory(&world.bridge);
    all.extend(back);
    let expected = contents(&all);
    world.holds(&expected, "with large messages");
    assert!(peak < 32 * MEBIBYTE, "{} KiB", peak / 1024);
    world.bridge.sync().is_quiet();
}

/// Runs a sync to its end; the most memory that it held at once (`VmHWM`), in bytes.
pub(crate) fn peak_memory(bridge: &Bridge) -> usize {
    let mut child = bridge.command(&["sync", "--json"]).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let size = line.and_then(|line| line.trim().split(' ').next()?.parse::<usize>().ok());
        peak = peak.max(size.unwrap_or_default() * 1024);
        thread::sleep(Duration::from_millis(2));
    }
    finish(child).code(0);
    assert!(peak > 0);
    peak
}

/// What a run without changes costs does not depend on the size of the mailbox.
#[test]
#[ignore = "needs the testbed"]
fn a_run_without_changes() {
    let server = Rc::new(Server::start(Way::Plain));
    let [few, many] = [500, 20_000].map(|count| {
        let (left, right) = (format!("left{count}"), format!("right{count}"));
        let world = World::on(&server, Pairing::TwoAccounts, &left, &right);
        for user in [&left, &right] {
            let mail = Generator::new(1).plain().size(600).take(count);
            server.dovecot.append_files(user, "INBOX", mail).unwrap();
        }
        world.bridge.sync().is_quiet();
        quiet(&world)
    });
    for (few, many) in few.iter().zip(&many) {
        assert_eq!(few.connections, many.connections);
        assert_eq!(few.round_trips, many.round_trips);
        // Some numbers have more digits.
        assert!(
            few.to_server.abs_diff(many.to_server) < 64,
            "{few:?} {many:?}"
        );
        assert!(
            few.to_client.abs_diff(many.to_client) < 64,
            "{few:?} {many:?}"
        );
    }
}

fn quiet(world: &World) -> [Counts; 2] {
    let proxies = [&world.left, &world.right].map(|store| store.proxy().unwrap());
    for proxy in proxies {
        proxy.reset_counts();
    }
    let before = world.fingerprint();
    world.bridge.sync().is_quiet();
    let counts = proxies.map(Proxy::counts);
    before.are_still(&world.fingerprint());
    counts
}
