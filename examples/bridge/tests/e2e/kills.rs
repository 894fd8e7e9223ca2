//! Killed at any moment, the program loses nothing and doubles nothing.

use std::rc::Rc;
use std::time::{Duration, Instant};

use testbed::Random;

use crate::support::{Contents, Pairing, Server, Way, World, few, in_parallel, later};

/// How many runs are killed in a row before one may come to its end.
const IN_A_ROW: u32 = 3;

#[test]
#[ignore = "needs the testbed"]
fn two_accounts() {
    in_parallel(2, |seed| kill_on_server(seed, Pairing::TwoAccounts));
}

#[test]
#[ignore = "needs the testbed"]
fn an_account_and_a_maildir() {
    in_parallel(2, |seed| kill_on_server(seed, Pairing::AccountAndMaildir));
}

#[test]
fn two_maildirs() {
    kill(20, 0, |_| World::new(Pairing::TwoMaildirs, Way::Plain));
}

fn kill_on_server(seed: u64, pairing: Pairing) {
    let server = Rc::new(Server::start(Way::Plain));
    kill(50, seed, |round| {
        let (left, right) = (format!("left{round}"), format!("right{round}"));
        World::on(&server, pairing, &left, &right)
    });
}

/// Kills runs until `wanted` of them were killed before their end: in the first sync of a world,
/// and in the next.
fn kill(wanted: u32, seed: u64, world: impl Fn(u32) -> World) {
    let mut random = Random::new(seed);
    let times = undisturbed(&world(0));
    let mut kills = 0;
    for round in 1.. {
        println!("seed {seed}, round {round}, {kills} kills, of {times:?}");
        let world = world(round);
        let mut expected = few(&world);
        for (phase, time) in times.iter().enumerate() {
            if phase > 0 {
                later(&world, &mut expected);
            }
            for _ in 0..IN_A_ROW {
                let micros = u64::try_from(time.as_micros()).unwrap();
                let delay = Duration::from_micros(random.below(micros));
                println!("seed {seed}, phase {phase}: killed after {delay:?}");
                kills += u32::from(world.bridge.kill_after(delay));
                world.settle();
            }
            finish(&world, &expected);
        }
        if kills >= wanted {
            return;
        }
    }
}

/// How long the two syncs of a world take if nobody kills them.
fn undisturbed(world: &World) -> [Duration; 2] {
    let mut expected = few(world);
    [false, true].map(|edited| {
        if edited {
            later(world, &mut expected);
        }
        let begin = Instant::now();
        world.bridge.sync();
        let time = begin.elapsed();
        world.holds(&expected, "without any kill");
        time
    })
}

/// Runs to the end, and looks.
fn finish(world: &World, expected: &Contents) {
    world.bridge.sync();
    world.holds(expected, "after the kills");
    world.bridge.sync().is_quiet();
}
