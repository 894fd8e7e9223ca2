//! Killed at any moment, the program loses nothing and doubles nothing.

use std::time::{Duration, Instant};

use testbed::Random;

use super::held::{agree, plain};
use crate::pim::items::with;
use crate::pim::place::Service;
use crate::pim::world::{Seat, World};
use crate::support::in_parallel;

/// How many runs are killed in a row before one may come to its end.
const IN_A_ROW: u32 = 3;
/// More than one batch.
const ITEMS: usize = 60;

#[test]
#[ignore = "needs the testbed"]
fn events_and_tasks_to_activesync() {
    in_parallel(2, |seed| kill(3, seed, Service::Calendars));
}

#[test]
#[ignore = "needs the testbed"]
fn contacts_to_activesync() {
    in_parallel(2, |seed| kill(3, seed, Service::Contacts));
}

/// Many items over here, a few over there.
fn filled(service: Service) -> World {
    let world = World::of(service, Seat::Vdir, Seat::Eas);
    for n in 0..ITEMS {
        let (uid, title) = (format!("kill-{n}"), format!("Item {n}"));
        // Something that ActiveSync cannot hold.
        let item = plain(service, &uid, &title);
        let item = with(&item, "X-EXAMPLE", "X-EXAMPLE:kept");
        let place = if n % 7 == 0 {
            &world.right
        } else {
            &world.left
        };
        place.add(service, &item);
    }
    world
}

/// Kills runs until `wanted` of them were killed before their end.
fn kill(wanted: u32, seed: u64, service: Service) {
    let mut random = Random::new(seed);
    let world = filled(service);
    let begin = Instant::now();
    world.sync();
    let time = begin.elapsed();
    let mut kills = 0;
    while kills < wanted {
        let world = filled(service);
        for _ in 0..IN_A_ROW {
            let micros = u64::try_from(time.as_micros()).unwrap();
            let delay = Duration::from_micros(random.below(micros));
            println!("seed {seed}, {kills} kills: after {delay:?} of {time:?}");
            kills += u32::from(world.bridge.kill_after(delay));
        }
        // A conflict that nobody caused would end it with 3.
        world.rules("conflict = \"ask\"");
        world.sync();
        world.sync();
        let titles = agree(&world, service, "after the kills");
        assert_eq!(titles.len(), ITEMS);
        world.is_in_step();
    }
}
