//! What must not be deleted is not.

use std::fs;

use super::corpus::{card, event, items};
use super::items::uid;
use super::place::{Place, Service};
use super::world::{Seat, World, contents};

/// So many events and contacts on both sides.
fn with_many(left: Seat, right: Seat, count: usize) -> World {
    let world = World::new(left, right);
    for number in 0..count {
        let title = format!("Item {number}");
        let uid = format!("many-{number}@example.org");
        // The left side is the vdir, which takes them faster.
        world.left.add(Service::Calendars, &event(&uid, &title));
        world.left.add(Service::Contacts, &card(&uid, &title));
    }
    world.sync();
    world.is_in_step();
    world
}

fn remove(place: &dyn Place, but: usize) {
    for service in Service::BOTH {
        for (key, _) in place.items(service).into_iter().skip(but) {
            place.remove(service, &key);
        }
    }
}

/// The run is stopped by the guard, and says so; this side still holds so many.
#[track_caller]
fn is_guarded(world: &World, side: &dyn Place, count: usize) {
    let run = world.bridge.run(&["sync", "--json"]).code(3);
    for report in run.of_type("report") {
        let pairs = report["pairs"].as_array().unwrap();
        assert!(
            pairs.iter().all(|pair| pair["guard"].is_string()),
            "{}",
            run.out
        );
        assert!(!pairs.is_empty(), "{}", run.out);
    }
    for service in Service::BOTH {
        assert_eq!(side.revisions(service).len(), count);
    }
}

/// 99 of 100 deleted, then all, on either side.
fn mass_deletion(left: Seat, right: Seat) {
    let world = with_many(left, right, 100);
    remove(&*world.left, 1);
    is_guarded(&world, &*world.right, 100);
    is_guarded(&world, &*world.right, 100);
    remove(&*world.left, 0);
    is_guarded(&world, &*world.right, 100);
    // What the owner means, he can say.
    world.rules("max_deletes = \"100%\"");
    world.sync();
    for service in Service::BOTH {
        assert_eq!(world.right.revisions(service).len(), 0);
    }
    world.is_in_step();
}

#[test]
fn mass_deletion_in_vdirs() {
    mass_deletion(Seat::Vdir, Seat::Vdir);
}

#[test]
#[ignore = "needs the testbed"]
fn mass_deletion_in_a_vdir_beside_radicale() {
    mass_deletion(Seat::Vdir, Seat::Radicale);
}

#[test]
#[ignore = "needs the testbed"]
fn mass_deletion_on_radicale_and_sogo() {
    for (left, right) in [(Seat::Vdir, Seat::Radicale), (Seat::Vdir, Seat::Sogo)] {
        let world = with_many(left, right, 30);
        remove(&*world.right, 1);
        is_guarded(&world, &*world.left, 30);
        remove(&*world.right, 0);
        is_guarded(&world, &*world.left, 30);
    }
}

/// A collection that is gone is no deletion of what was in it.
#[test]
#[ignore = "needs the testbed"]
fn a_collection_that_is_gone() {
    let world = with_many(Seat::Vdir, Seat::Radicale, 3);
    for service in Service::BOTH {
        world.right.remove(service, "");
    }
    is_guarded(&world, &*world.left, 3);
}

/// A disk that is not mounted, whose mount point is there.
#[test]
fn a_vdir_that_is_gone() {
    let world = with_many(Seat::Vdir, Seat::Vdir, 3);
    let root = world.bridge.path("vdir of alice");
    fs::rename(&root, world.bridge.path("elsewhere")).unwrap();
    is_guarded(&world, &*world.right, 3);
    fs::remove_dir_all(&root).unwrap_or_default();
    fs::create_dir(&root).unwrap();
    is_guarded(&world, &*world.right, 3);
    fs::remove_dir_all(&root).unwrap();
    fs::rename(world.bridge.path("elsewhere"), &root).unwrap();
    world.is_in_step();
}

/// Without its state a run joins again: nothing twice, nothing deleted, nothing written.
fn state_is_lost(left: Seat, right: Seat) {
    let world = World::new(left, right);
    let straight = |service| {
        let bent = |item: &String| {
            let uid = uid(item);
            world
                .sides()
                .iter()
                .any(|(_, place)| place.bends().contains(&uid.as_str()))
        };
        let all = items(service, false).into_iter();
        all.filter(|item| !bent(item)).collect::<Vec<_>>()
    };
    for service in Service::BOTH {
        for item in straight(service) {
            world.left.add(service, &item);
        }
    }
    world.sync();
    world.is_in_step();
    world.bridge.forget();
    let before = world.revisions();
    world.sync();
    assert_eq!(world.revisions(), before, "something was written");
    for service in Service::BOTH {
        let expected = contents(&straight(service));
        world.holds(service, &expected, "after the state was lost");
    }
    world.is_in_step();
}

#[test]
fn without_state_between_vdirs() {
    state_is_lost(Seat::Vdir, Seat::Vdir);
}

#[test]
#[ignore = "needs the testbed"]
fn without_state_between_a_vdir_and_radicale() {
    state_is_lost(Seat::Vdir, Seat::Radicale);
}

#[test]
#[ignore = "needs the testbed"]
fn without_state_between_sogo_and_a_vdir() {
    state_is_lost(Seat::Sogo, Seat::Vdir);
}
