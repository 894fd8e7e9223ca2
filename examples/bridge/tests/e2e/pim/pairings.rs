//! In step after one run, whatever is on the sides.

use std::fs;

use super::corpus;
use super::items::uid;
use super::place::{Place, Service};
use super::world::{Seat, World, contents};

/// Some items on the left, some on the right, some on both.
fn comes_in_step(left: Seat, right: Seat) {
    let world = World::new(left, right);
    let journals = left != Seat::Sogo && right != Seat::Sogo;
    for service in Service::BOTH {
        let items = corpus::items(service, journals);
        for (number, item) in items.iter().enumerate() {
            // What one server bends shall stay straight elsewhere.
            let bends = |place: &dyn Place| place.bends().contains(&uid(item).as_str());
            let (left, right) = (bends(&*world.left), bends(&*world.right));
            if right || !left && number % 3 != 1 {
                world.left.add(service, item);
            }
            if !right && (left || number % 3 != 0) {
                world.right.add(service, item);
            }
        }
    }
    world.sync();
    for service in Service::BOTH {
        let expected = contents(&corpus::items(service, journals));
        world.holds(service, &expected, "after one run");
    }
    world.is_in_step();
}

#[test]
fn two_vdirs() {
    comes_in_step(Seat::Vdir, Seat::Vdir);
}

#[test]
#[ignore = "needs the testbed"]
fn radicale_and_a_vdir() {
    comes_in_step(Seat::Radicale, Seat::Vdir);
}

#[test]
#[ignore = "needs the testbed"]
fn a_vdir_and_sogo() {
    comes_in_step(Seat::Vdir, Seat::Sogo);
}

#[test]
#[ignore = "needs the testbed"]
fn two_users_of_radicale() {
    comes_in_step(Seat::Radicale, Seat::Radicale);
}

#[test]
#[ignore = "needs the testbed"]
fn sogo_and_radicale() {
    comes_in_step(Seat::Sogo, Seat::Radicale);
}

#[test]
#[ignore = "needs the testbed"]
fn two_users_of_sogo() {
    comes_in_step(Seat::Sogo, Seat::Sogo);
}

/// A collection that a server lacks is made there, and holds what it shall.
fn is_made_on_a_server(server: Seat) {
    let world = World::new(Seat::Vdir, server);
    for service in Service::BOTH {
        world.right.remove(service, "");
        for item in corpus::items(service, false) {
            world.left.add(service, &item);
        }
    }
    world.sync();
    for service in Service::BOTH {
        let expected = contents(&corpus::items(service, false));
        world.holds(service, &expected, "in a new collection");
    }
    world.is_in_step();
}

#[test]
#[ignore = "needs the testbed"]
fn a_collection_is_made_on_radicale() {
    is_made_on_a_server(Seat::Radicale);
}

#[test]
#[ignore = "needs the testbed"]
fn a_collection_is_made_on_sogo() {
    is_made_on_a_server(Seat::Sogo);
}

#[test]
#[ignore = "needs the testbed"]
fn a_folder_is_made_and_bears_the_name_that_people_see() {
    let world = World::new(Seat::Radicale, Seat::Vdir);
    let root = world.bridge.path("vdir of bob");
    fs::remove_dir_all(&root).unwrap();
    for service in Service::BOTH {
        for item in corpus::items(service, true) {
            world.left.add(service, &item);
        }
    }
    world.sync();
    for service in Service::BOTH {
        let expected = contents(&corpus::items(service, true));
        world.holds(service, &expected, "in a new folder");
        let name = world.left.collection(service);
        let folder = root.join(service.extension()).join(&name);
        assert_eq!(
            fs::read_to_string(folder.join("displayname")).unwrap(),
            name
        );
    }
    world.is_in_step();
}
