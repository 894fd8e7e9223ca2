//! Runs to their end.

use std::rc::Rc;

use testbed::mail::{Generator, Message};

use super::world::{Place, Pop3World, contents, expected, pop3_port};
use crate::support::{Bridge, Maildir, Server, Store as _, Way, finish, in_parallel};

#[test]
#[ignore = "needs the testbed"]
fn five_thousand_messages_come_once() {
    in_parallel(2, |worker| {
        let (place, way) = match worker {
            0 => (Place::Maildir, Way::Plain),
            _ => (Place::Account, Way::Tls),
        };
        let server = Rc::new(Server::start(way));
        let world = Pop3World::new(&server, place, "alice", "");
        let mail: Vec<Message> = Generator::new(1).size(2048).take(5_000).collect();
        world.deliver_many(mail.iter().cloned());
        let run = world.bridge.sync();
        assert_eq!(run.written("right", "created"), 5_000);
        let first = world.proxy.counts();
        assert!(world.right() == expected(&mail), "{place:?}");

        // Ids and sizes at most, and no message.
        world.proxy.reset_counts();
        world.bridge.sync().is_quiet();
        let second = world.proxy.counts();
        assert!(first.to_client > 5_000 * 2_000, "{first:?}");
        assert!(second.to_client < 5_000 * 60, "{second:?}");
        assert!(second.to_server < 2_000, "{second:?}");
        assert!(world.left() == expected(&mail), "the mailbox is as it was");
    });
}

#[test]
#[ignore = "needs the testbed"]
fn by_stls_with_an_apop_timestamp_in_sight() {
    let server = Rc::new(Server::start(Way::StartTls));
    let world = Pop3World::new(&server, Place::Maildir, "alice", "leave_on_server = false");
    let mail: Vec<Message> = Generator::new(2).take(50).collect();
    world.deliver(&mail);
    world.bridge.sync();
    assert_eq!(world.right(), expected(&mail));
    assert_eq!(world.left(), []);
}

/// Two machines fetch from one mailbox, also at the same time.
#[test]
#[ignore = "needs the testbed"]
fn two_bridges_both_get_everything() {
    let server = Rc::new(Server::start(Way::Plain));
    let first = Pop3World::new(&server, Place::Maildir, "alice", "");
    let mut second = Bridge::new();
    let maildir = Maildir::new(second.path("Mail"));
    let source = first.source(pop3_port(&server), "");
    second.with_sources(&source, &maildir.config());

    let mut mail = Vec::new();
    let mut deleted = Vec::new();
    for (seed, count) in [(3, 300), (4, 20), (5, 20)] {
        let new: Vec<Message> = Generator::new(seed).take(count).collect();
        first.deliver(&new);
        mail.extend(new);
        let both = [&first.bridge, &second].map(|bridge| {
            let mut command = bridge.command(&["sync", "--json"]);
            command.spawn().unwrap()
        });
        for child in both {
            finish(child).code(0);
        }
        let mut expected = expected(&mail);
        assert_eq!(contents(&maildir), expected);
        // What one of them deletes is its own affair.
        deleted.extend(first.delete_right(3));
        first.bridge.sync().is_quiet();
        assert_eq!(first.left(), expected);
        expected.retain(|content| !deleted.contains(content));
        assert_eq!(first.right(), expected);
    }
}
