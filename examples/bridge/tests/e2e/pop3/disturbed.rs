//! Killed at any moment and cut off at any byte, the program loses no message, doubles none, and
//! removes none from the server before it is elsewhere.

use std::rc::Rc;
use std::time::{Duration, Instant};

use testbed::mail::{Generator, Message};
use testbed::{Counts, Direction, Fault, Random};

use super::world::{Content, Place, Pop3World, expected};
use crate::support::{Server, Way, in_parallel};

/// How many messages arrive before each of the syncs of a world.
const ARRIVALS: [usize; 2] = [60, 15];

#[test]
#[ignore = "needs the testbed"]
fn killed() {
    in_parallel(2, |seed| {
        disturb(25, seed, |random, world, phase, passed| {
            let mut kills = 0;
            for _ in 0..2 {
                let micros = u64::try_from(passed[phase].0.as_micros()).unwrap();
                let delay = Duration::from_micros(random.below(micros));
                println!("seed {seed}: killed after {delay:?}");
                kills += u32::from(world.bridge.kill_after(delay));
                world.settle();
                world.loses_nothing();
            }
            kills
        });
    });
}

#[test]
#[ignore = "needs the testbed"]
fn cut_off() {
    in_parallel(4, |seed| {
        disturb(13, seed, |random, world, phase, passed| {
            let fault = fault(random, passed[phase].1);
            println!("seed {seed}: {fault:?}");
            world.pop3.proxy.arm(fault);
            let run = world.bridge.run(&["sync", "--json"]);
            assert!(matches!(run.code, Some(0 | 1)), "{run:?}");
            let cuts = u32::from(world.pop3.proxy.has_fired());
            world.pop3.proxy.heal();
            world.settle();
            world.loses_nothing();
            cuts
        });
    });
}

fn fault(random: &mut Random, counts: Counts) -> Fault {
    let (direction, all) = match random.below(2) {
        0 => (Direction::ToServer, counts.to_server),
        _ => (Direction::ToClient, counts.to_client),
    };
    let after = random.below(all);
    match random.below(3) {
        0 => Fault::Swallow {
            after: random.below(counts.to_client),
        },
        _ => Fault::Cut { direction, after },
    }
}

/// How long each sync of a world takes if nobody disturbs it, and what passes.
type Passed = [(Duration, Counts); 2];

/// Disturbs runs, in worlds of all kinds, until `wanted` of them were.
fn disturb(
    wanted: u32,
    seed: u64,
    mut once: impl FnMut(&mut Random, &Disturbed, usize, &Passed) -> u32,
) {
    let mut random = Random::new(seed);
    let server = Rc::new(Server::start(Way::Plain));
    let place = [Place::Maildir, Place::Account][usize::try_from(seed % 2).unwrap()];
    let passed = [true, false].map(|leave| {
        let mut world = Disturbed::new(&server, place, &format!("calm{leave}"), leave);
        [0, 1].map(|phase| {
            world.arrive(phase);
            world.pop3.proxy.reset_counts();
            let begin = Instant::now();
            world.bridge.sync();
            let passed = (begin.elapsed(), world.pop3.proxy.counts());
            world.is_right();
            passed
        })
    });
    let mut disturbed = 0;
    for round in 0.. {
        let leave = round % 2 == 0;
        println!("seed {seed}, round {round}, {disturbed} times disturbed");
        let mut world = Disturbed::new(&server, place, &format!("user{round}"), leave);
        for phase in 0..ARRIVALS.len() {
            world.arrive(phase);
            disturbed += once(&mut random, &world, phase, &passed[round % 2]);
            world.bridge.sync();
            world.is_right();
            world.bridge.sync().is_quiet();
        }
        if disturbed >= wanted {
            return;
        }
    }
}

/// A mailbox whose messages stay, or leave once they are copied.
struct Disturbed {
    pop3: Pop3World,
    leave: bool,
    arrived: Vec<Message>,
    /// Deleted by the owner after it was copied.
    deleted: Vec<Content>,
}

impl std::ops::Deref for Disturbed {
    type Target = Pop3World;

    fn deref(&self) -> &Pop3World {
        &self.pop3
    }
}

impl Disturbed {
    fn new(server: &Rc<Server>, place: Place, name: &str, leave: bool) -> Self {
        let keys = format!("leave_on_server = {leave}");
        Self {
            pop3: Pop3World::new(server, place, name, &keys),
            leave,
            arrived: Vec::new(),
            deleted: Vec::new(),
        }
    }

    fn arrive(&mut self, phase: usize) {
        let seed = u64::try_from(phase).unwrap() + 20;
        let new: Vec<Message> = Generator::new(seed).take(ARRIVALS[phase]).collect();
        self.pop3.deliver(&new);
        self.arrived.extend(new);
        if phase > 0 {
            self.deleted.extend(self.pop3.delete_right(3));
        }
    }

    fn wanted(&self) -> Vec<Content> {
        let mut wanted = expected(&self.arrived);
        wanted.retain(|content| !self.deleted.contains(content));
        wanted
    }

    /// Each message is on one side at least, and on none twice.
    fn loses_nothing(&self) {
        let (left, right) = (self.left(), self.right());
        let missing: Vec<_> = self
            .wanted()
            .into_iter()
            .filter(|content| !left.contains(content) && !right.contains(content))
            .collect();
        assert!(missing.is_empty(), "on neither side: {missing:?}");
        if self.leave {
            assert_eq!(left, expected(&self.arrived), "removed from the server");
        }
    }

    /// Every message has come, once, and is on the server as long as it shall be.
    fn is_right(&self) {
        assert_eq!(self.right(), self.wanted(), "on the right");
        match self.leave {
            true => assert_eq!(self.left(), expected(&self.arrived)),
            false => assert_eq!(self.left(), []),
        }
    }
}
