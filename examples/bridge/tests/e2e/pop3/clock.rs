//! `leave_on_server = "14d"`, with a clock that the test moves.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use pop3::client::{ConnectOptions, Security};
use pop3::source::{Pop3Config, Pop3Source};
use sync_core::Source;
use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::local::{Maildir, MaildirOptions};
use sync_core::model::{Both, Side};
use sync_core::net::Credential;
use sync_core::reconcile::{Deletes, Leave, Rules};
use sync_core::state::SqliteState;
use testbed::mail::{Generator, Message};

use super::world::{Place, Pop3World, expected};
use crate::support::{Server, Way};

const DAY: i64 = 86_400;

/// A run at a moment, by a program that has only its files.
fn run(port: u16, directory: &Path, now: i64) -> Report {
    let credential = Credential::password("alice", "alicepw");
    let connect = ConnectOptions::new("localhost", credential)
        .security(Security::AllowPlaintext)
        .port(port);
    let mut left = Pop3Source::new(Pop3Config::new("alice", connect));
    let maildir = directory.join("Mail");
    let mut right = Maildir::open(&maildir, MaildirOptions::default()).unwrap();
    let mut state = SqliteState::open(&directory.join("state.db")).unwrap();
    let rules = Rules {
        deletes: Deletes::Keep,
        leave: Both::new(Leave::For(Duration::from_secs(14 * 86_400)), Leave::Always),
        ..Rules::default()
    };
    let engine = Engine::new("mail", rules).with_clock(Arc::new(move || now));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let sources = Both::new(&mut left as &mut dyn Source, &mut right as &mut dyn Source);
        let report = engine.run(sources, &mut state, Mode::Sync, &Silent).await;
        left.close().await.unwrap();
        report.unwrap()
    })
}

#[test]
#[ignore = "needs the testbed"]
fn a_message_leaves_a_fortnight_after_it_was_first_seen() {
    let server = Rc::new(Server::start(Way::Plain));
    let world = Pop3World::new(&server, Place::Maildir, "alice", "");
    let directory = world.bridge.path("");
    let at = |day: i64, second: i64| {
        let report = run(
            world.proxy.port(),
            &directory,
            1_000 * DAY + day * DAY + second,
        );
        report.written(Side::Left).released
    };
    let first: Vec<Message> = Generator::new(9).take(20).collect();
    let second: Vec<Message> = Generator::new(10).take(10).collect();
    world.deliver(&first);
    assert_eq!(at(0, 0), 0);
    world.deliver(&second);
    assert_eq!(at(5, 0), 0);
    // What the owner deletes meanwhile stays on the server until its time is up, as all do.
    let deleted = world.delete_right(2);
    assert_eq!(at(14, -1), 0);
    let all = [&first[..], &second].concat();
    assert_eq!(world.left(), expected(&all));
    assert_eq!(at(14, 0), 20);
    assert_eq!(world.left(), expected(&second));
    assert_eq!(at(19, -1), 0);
    assert_eq!(at(19, 0), 10);
    assert_eq!(world.left(), []);
    let mut kept = expected(&all);
    kept.retain(|content| !deleted.contains(content));
    assert_eq!(world.right(), kept);
}
