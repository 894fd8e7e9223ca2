//! Memory stays within bounds, whatever the size of a mailbox or a message.

use std::rc::Rc;

use testbed::mail::{Generator, Message};

use super::world::{Place, Pop3World, expected};
use crate::bounds::{MEBIBYTE, large, peak_memory};
use crate::support::{Server, Way, in_parallel};

#[test]
#[ignore = "needs the testbed"]
fn a_large_message() {
    in_parallel(2, |worker| {
        let place = [Place::Maildir, Place::Account][usize::try_from(worker).unwrap()];
        let server = Rc::new(Server::start(Way::Plain));
        let world = Pop3World::new(&server, place, "alice", "leave_on_server = false");
        let mut mail: Vec<Message> = Generator::new(6).take(20).collect();
        mail.insert(10, large(7));
        world.deliver(&mail);
        let peak = peak_memory(&world.bridge);
        assert!(world.right() == expected(&mail), "{place:?}");
        assert_eq!(world.left(), []);
        assert!(peak < 32 * MEBIBYTE, "{} KiB", peak / 1024);
        world.bridge.sync().is_quiet();
    });
}

#[test]
#[ignore = "needs the testbed"]
fn a_hundred_thousand_messages() {
    let server = Rc::new(Server::start(Way::Plain));
    let world = Pop3World::new(&server, Place::Maildir, "alice", "");
    world.deliver_many(Generator::new(8).plain().size(300).take(100_000));
    let peak = peak_memory(&world.bridge);
    assert!(peak < 64 * MEBIBYTE, "{} KiB", peak / 1024);
    assert_eq!(world.right().len(), 100_000);
    // Nor does a run that finds nothing need more.
    world.proxy.reset_counts();
    let peak = peak_memory(&world.bridge);
    assert!(peak < 64 * MEBIBYTE, "{} KiB", peak / 1024);
    let counts = world.proxy.counts();
    assert!(counts.to_client < 100_000 * 60, "{counts:?}");
}
