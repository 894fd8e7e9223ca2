//! Killed at any moment of the first upload, the program loses nothing and doubles nothing.

use std::rc::Rc;
use std::time::{Duration, Instant};

use testbed::{Radicale, Random};

use super::corpus::{card, event, items};
use super::items::Contents;
use super::place::Service;
use super::world::{Seat, World, contents};
use crate::support::in_parallel;

/// How many runs are killed in a row before one may come to its end.
const IN_A_ROW: u32 = 3;

#[test]
fn between_vdirs() {
    kill(30, 0, || World::new(Seat::Vdir, Seat::Vdir));
}

#[test]
#[ignore = "needs the testbed"]
fn from_a_vdir_to_radicale() {
    in_parallel(2, |seed| {
        let radicale = Rc::new(Radicale::start().unwrap());
        kill(50, seed, || {
            World::on(Some(&radicale), Seat::Vdir, Seat::Radicale)
        });
    });
}

/// A few dozen items on the left, some of them on the right too, as a server may have them.
fn filled(world: &World) -> [Contents; 2] {
    Service::BOTH.map(|service| {
        let mut all = items(service, false);
        all.extend((0..10).map(|n| match service {
            Service::Calendars => event(&format!("kill-{n}"), &format!("Event {n}")),
            Service::Contacts => card(&format!("kill-{n}"), &format!("Contact {n}")),
        }));
        for (number, item) in all.iter().enumerate() {
            world.left.add(service, item);
            if number % 8 == 0 {
                world.right.add(service, item);
            }
        }
        contents(&all)
    })
}

/// Kills runs until `wanted` of them were killed before their end.
fn kill(wanted: u32, seed: u64, world: impl Fn() -> World) {
    let mut random = Random::new(seed);
    let first = world();
    filled(&first);
    let begin = Instant::now();
    first.sync();
    let time = begin.elapsed();
    discard(&first);
    let mut kills = 0;
    while kills < wanted {
        let world = world();
        let expected = filled(&world);
        for _ in 0..IN_A_ROW {
            let micros = u64::try_from(time.as_micros()).unwrap();
            let delay = Duration::from_micros(random.below(micros));
            println!("seed {seed}, {kills} kills: after {delay:?} of {time:?}");
            kills += u32::from(world.bridge.kill_after(delay));
        }
        // A conflict that nobody caused would end it with 3.
        world.rules("conflict = \"ask\"");
        world.sync();
        for (service, expected) in Service::BOTH.into_iter().zip(&expected) {
            world.holds(service, expected, "after the kills");
        }
        world.is_in_step();
        discard(&world);
    }
}

/// A home with a hundred collections is slow.
fn discard(world: &World) {
    for (_, place) in world
        .sides()
        .into_iter()
        .filter(|(_, p)| p.proxy().is_some())
    {
        for service in Service::BOTH {
            place.remove(service, "");
        }
    }
}
