//! Edits on both sides.

use super::corpus::{card, event, series};
use super::items::{Contents, essence, value, with};
use super::place::{Place, Service};
use super::world::{Seat, World, written};

const EVENT: &str = "merged@example.org";
const CARD: &str = "merged-card";

/// An event and a contact on both sides, and others so that no side is ever emptied.
fn in_step(left: Seat, right: Seat) -> World {
    let world = World::new(left, right);
    world
        .left
        .add(Service::Calendars, &event("another", "Another"));
    world
        .left
        .add(Service::Contacts, &card("another", "Another"));
    world.left.add(Service::Calendars, &event(EVENT, "Title"));
    world.left.add(Service::Contacts, &card(CARD, "Name"));
    world.sync();
    world
}

/// Puts a value in the place of what one property has.
fn set(place: &dyn Place, service: Service, uid: &str, name: &str, value: &str) {
    let line = format!("{name}:{value}");
    place.edit(service, uid, &|content| with(content, name, &line));
}

/// Of the item of this UID on each side, one property.
fn held(world: &World, service: Service, uid: &str, name: &str) -> [String; 2] {
    world.sides().map(|(_, place)| {
        let (_, content) = place.find(service, uid);
        value(&content, name).unwrap_or_default()
    })
}

/// Different properties of one item, an override and its master, and lines of one text.
fn merges(left: Seat, right: Seat) {
    let world = in_step(left, right);
    let weekly = series("weekly", "Europe/Berlin");
    world.left.add(Service::Calendars, &weekly);
    world.sync();
    world.is_in_step();

    let (calendars, contacts) = (Service::Calendars, Service::Contacts);
    set(&*world.left, calendars, EVENT, "SUMMARY", "Left title");
    set(&*world.left, calendars, EVENT, "CATEGORIES", "Left");
    set(&*world.right, calendars, EVENT, "LOCATION", "Right room");
    set(&*world.left, contacts, CARD, "FN", "Left name");
    set(&*world.right, contacts, CARD, "NOTE", "Right note");
    world.left.edit(calendars, "weekly", &|content| {
        content.replace("SUMMARY:Weekly\r\n", "SUMMARY:Renamed\r\n")
    });
    world.right.edit(calendars, "weekly", &|content| {
        content.replace(":20270119T140000", ":20270120T160000")
    });
    world.sync();

    let both = |service, uid, name, wanted: &str| {
        assert_eq!(held(&world, service, uid, name), [wanted, wanted], "{name}");
    };
    both(calendars, EVENT, "SUMMARY", "Left title");
    both(calendars, EVENT, "CATEGORIES", "Left");
    both(calendars, EVENT, "LOCATION", "Right room");
    both(contacts, CARD, "FN", "Left name");
    both(contacts, CARD, "NOTE", "Right note");
    for (side, place) in world.sides() {
        let (_, content) = place.find(calendars, "weekly");
        let kept = [
            "SUMMARY:Renamed",
            ":20270120T160000",
            "SUMMARY:Weekly\\, renamed",
        ];
        for part in kept {
            assert!(content.contains(part), "{part} on the {side}: {content}");
        }
    }
    for service in Service::BOTH {
        world.agrees(service, "after the merge");
    }
    world.is_in_step();
}

#[test]
fn different_properties_in_vdirs() {
    merges(Seat::Vdir, Seat::Vdir);
}

#[test]
#[ignore = "needs the testbed"]
fn different_properties_on_radicale_and_in_a_vdir() {
    merges(Seat::Radicale, Seat::Vdir);
}

#[test]
#[ignore = "needs the testbed"]
fn different_properties_on_sogo_and_radicale() {
    merges(Seat::Sogo, Seat::Radicale);
}

/// Both sides change the title, the right one last.
fn conflict(world: &World, rule: &str) {
    world.rules(&format!("conflict = {rule:?}"));
    for (place, title, time) in [
        (&*world.left, "Left title", "20260301T000000Z"),
        (&*world.right, "Right title", "20260302T000000Z"),
    ] {
        place.edit(Service::Calendars, EVENT, &|content| {
            let line = format!("LAST-MODIFIED:{time}");
            let stamped = with(content, "LAST-MODIFIED", &line);
            with(&stamped, "SUMMARY", &format!("SUMMARY:{title}"))
        });
        place.edit(Service::Contacts, CARD, &|content| {
            let stamped = with(content, "REV", &format!("REV:{time}"));
            with(&stamped, "FN", &format!("FN:{title}"))
        });
    }
}

/// What each rule makes of a conflict.
fn rules(left: Seat, right: Seat) {
    for (rule, winner) in [
        ("left", "Left title"),
        ("right", "Right title"),
        ("newest", "Right title"),
    ] {
        let world = in_step(left, right);
        conflict(&world, rule);
        world.sync();
        for (service, uid, name) in [
            (Service::Calendars, EVENT, "SUMMARY"),
            (Service::Contacts, CARD, "FN"),
        ] {
            assert_eq!(held(&world, service, uid, name), [winner, winner], "{rule}");
        }
        world.is_in_step();
    }

    let world = in_step(left, right);
    conflict(&world, "duplicate");
    world.sync();
    for service in Service::BOTH {
        let all: Contents = world.agrees(service, "keeping both");
        assert_eq!(all.len(), 3, "{all:?}");
        for title in ["Left title", "Right title"] {
            assert!(all.values().any(|item| item.contains(title)), "{all:?}");
        }
    }
    world.is_in_step();

    let world = in_step(left, right);
    conflict(&world, "ask");
    let run = world.bridge.run(&["sync", "--json"]).code(3);
    for side in ["left", "right"] {
        assert_eq!(written(&run, side, "replaced"), 0);
    }
    let titles = held(&world, Service::Calendars, EVENT, "SUMMARY");
    assert_eq!(titles, ["Left title", "Right title"]);
    let waiting = world.bridge.run(&["conflicts", "--json"]).code(3);
    assert_eq!(waiting.out.lines().count(), 2, "{}", waiting.out);
}

#[test]
fn each_rule_in_vdirs() {
    rules(Seat::Vdir, Seat::Vdir);
}

#[test]
#[ignore = "needs the testbed"]
fn each_rule_on_radicale_and_in_a_vdir() {
    rules(Seat::Radicale, Seat::Vdir);
}

/// An edit against a deletion, either way.
fn edit_beats_deletion(left: Seat, right: Seat) {
    let world = in_step(left, right);
    let (calendars, contacts) = (Service::Calendars, Service::Contacts);
    set(&*world.left, calendars, EVENT, "SUMMARY", "Edited");
    let (key, _) = world.right.find(calendars, EVENT);
    world.right.remove(calendars, &key);
    set(&*world.right, contacts, CARD, "FN", "Edited");
    let (key, _) = world.left.find(contacts, CARD);
    world.left.remove(contacts, &key);
    world.sync();
    assert_eq!(
        held(&world, calendars, EVENT, "SUMMARY"),
        ["Edited", "Edited"]
    );
    assert_eq!(held(&world, contacts, CARD, "FN"), ["Edited", "Edited"]);
    world.is_in_step();

    for (place, service, uid) in [
        (&*world.left, calendars, EVENT),
        (&*world.right, contacts, CARD),
    ] {
        let (key, _) = place.find(service, uid);
        place.remove(service, &key);
    }
    world.sync();
    for service in Service::BOTH {
        let left: Contents = world.agrees(service, "after deletions");
        assert_eq!(left.keys().collect::<Vec<_>>(), ["another"]);
    }
    world.is_in_step();
}

#[test]
fn an_edit_beats_a_deletion_in_vdirs() {
    edit_beats_deletion(Seat::Vdir, Seat::Vdir);
}

#[test]
#[ignore = "needs the testbed"]
fn an_edit_beats_a_deletion_in_a_vdir_and_on_radicale() {
    edit_beats_deletion(Seat::Vdir, Seat::Radicale);
}

#[test]
#[ignore = "needs the testbed"]
fn an_edit_beats_a_deletion_on_radicale_and_sogo() {
    edit_beats_deletion(Seat::Radicale, Seat::Sogo);
}

#[test]
fn what_nobody_changed_keeps_its_bytes() {
    let world = World::new(Seat::Vdir, Seat::Vdir);
    let odd = event(EVENT, "Title")
        .replace("SUMMARY:", "SUMMARY;X-ODD=\"a:b\";LANGUAGE=en:")
        .replace(
            "LOCATION:Room 1",
            "X-FOLDED:one\r\n\t two\r\nLOCATION:Room 1",
        );
    world.left.add(Service::Calendars, &odd);
    world.sync();
    let set = |place: &dyn Place, from: &str, to: &str| {
        place.edit(Service::Calendars, EVENT, &|content| {
            content.replace(from, to)
        });
    };
    set(&*world.left, "DESCRIPTION:none", "DESCRIPTION:left");
    set(&*world.right, "Room 1", "Room 2");
    world.sync();
    let wanted = odd
        .replace("Room 1", "Room 2")
        .replace("DESCRIPTION:none", "DESCRIPTION:left");
    for (_, place) in world.sides() {
        assert_eq!(place.find(Service::Calendars, EVENT).1, wanted);
        assert_eq!(place.contents(Service::Calendars)[EVENT], essence(&wanted));
    }
}
