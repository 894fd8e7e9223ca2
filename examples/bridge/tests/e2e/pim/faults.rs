//! Answers that are wrong, and answers that mean less than they seem to.

use std::collections::BTreeMap;
use std::rc::Rc;

use caldav::testing::{Fault, Profile, Server};

use super::corpus::{card, event};
use super::items::with;
use super::place::{Place, Service, Vdir};
use super::world::World;
use crate::support::Bridge;

const ITEMS: usize = 5;

/// A server in this process, which goes wrong when it is told to.
struct InProcess(Rc<Server>);

impl InProcess {
    fn path(service: Service) -> &'static str {
        match service {
            Service::Calendars => "calendars/work",
            Service::Contacts => "addressbooks/friends",
        }
    }
}

impl Place for InProcess {
    fn config(&self, service: Service) -> String {
        let kind = match service {
            Service::Calendars => "caldav",
            Service::Contacts => "carddav",
        };
        let port = self.0.addr().port();
        format!(
            "type = \"{kind}\"\nurl = \"http://alice@127.0.0.1:{port}/\"\npassword = \"alicepw\"\n\
             allow_plaintext = true\n"
        )
    }

    fn collection(&self, service: Service) -> String {
        let (_, name) = Self::path(service).split_once('/').unwrap();
        name.to_owned()
    }

    fn items(&self, service: Service) -> BTreeMap<String, String> {
        let (store, path) = (self.0.store(), Self::path(service));
        let names = store.names(path).into_iter();
        names
            .map(|name| {
                let content = store.get(path, &name).unwrap();
                (name, content)
            })
            .collect()
    }

    fn put(&self, service: Service, key: &str, content: &str) {
        assert!(self.0.store().put(Self::path(service), key, content));
    }

    fn remove(&self, service: Service, key: &str) {
        assert!(self.0.store().delete(Self::path(service), key));
    }

    fn revisions(&self, service: Service) -> BTreeMap<String, String> {
        self.items(service)
    }
}

/// A few items on such a server and in a vdir.
fn in_step(profile: Profile) -> (World, Rc<Server>) {
    let server = Rc::new(Server::builder().profile(profile).start().unwrap());
    for service in Service::BOTH {
        server.store().create(InProcess::path(service));
    }
    let bridge = Bridge::new();
    let vdir = Vdir::new(bridge.path("vdir"), "work", "friends");
    let world = World {
        left: Box::new(InProcess(Rc::clone(&server))),
        right: Box::new(vdir),
        bridge,
        services: &Service::BOTH,
    };
    world.rules("");
    for number in 0..ITEMS {
        let uid = format!("item-{number}");
        world.left.add(Service::Calendars, &event(&uid, "Title"));
        world.left.add(Service::Contacts, &card(&uid, "Name"));
    }
    world.sync();
    world.is_in_step();
    (world, server)
}

fn profiles() -> [Profile; 4] {
    [
        Profile::radicale_like(),
        Profile::sogo_like(),
        Profile::full(),
        // Neither sync-tokens nor CTags.
        Profile::bare(),
    ]
}

/// Nothing was deleted, on either side.
#[track_caller]
fn nothing_is_deleted(world: &World, when: &str) {
    for (side, place) in world.sides() {
        for service in Service::BOTH {
            let count = place.revisions(service).len();
            assert_eq!(count, ITEMS, "{when}: {service:?} on the {side}");
        }
    }
}

/// One item changes on the server.
fn edit(world: &World, title: &str) {
    for (service, name) in [(Service::Calendars, "SUMMARY"), (Service::Contacts, "FN")] {
        let line = format!("{name}:{title}");
        world
            .left
            .edit(service, "item-1", &|item| with(item, name, &line));
    }
}

/// Makes a fault of an occasion.
type Spoil = fn(Fault) -> Fault;

#[test]
fn answers_that_are_empty_or_cut_short_delete_nothing() {
    let faults: [(&str, Spoil); 6] = [
        ("an empty 207", Fault::empty_multistatus),
        ("half an XML", Fault::truncated_multistatus),
        ("one of all responses", |fault| fault.short_multistatus(1)),
        ("403", |fault| fault.status(403)),
        ("404", |fault| fault.status(404)),
        ("half an answer", |fault| fault.cut_answer(300)),
    ];
    for profile in profiles() {
        let (world, server) = in_step(profile);
        for (number, (name, fault)) in faults.into_iter().enumerate() {
            for request in ["REPORT", "PROPFIND"] {
                let when = format!("{name} to {request}");
                edit(&world, &format!("Title {number} {request}"));
                // The second look that an empty listing gets is no better.
                server.order(fault(Fault::on(request)).times(2));
                world.bridge.run(&["sync", "--json"]);
                nothing_is_deleted(&world, &when);
                server.clear_faults();
            }
        }
        world.sync();
        for service in Service::BOTH {
            world.agrees(service, "when all is well again");
        }
        nothing_is_deleted(&world, "when all is well again");
        world.is_in_step();
    }
}

#[test]
fn an_expired_token_deletes_nothing_and_writes_nothing() {
    let tokens = [403, 400, 409, 415, 507, 500].map(|status| Profile::full().token_refusal(status));
    for profile in tokens {
        let (world, server) = in_step(profile);
        let expire = || {
            for service in Service::BOTH {
                server.store().expire_tokens(InProcess::path(service));
            }
        };
        expire();
        let before = world.revisions();
        world.sync();
        assert_eq!(world.revisions(), before);
        nothing_is_deleted(&world, "after the tokens expired");
        world.is_in_step();
        // What changed meanwhile is seen.
        expire();
        edit(&world, "Changed");
        world.right.remove(Service::Calendars, "item-4.ics");
        world.sync();
        let events = world.agrees(Service::Calendars, "after an edit");
        assert_eq!(events.len(), ITEMS - 1);
        assert!(events["item-1"].contains("Changed"), "{events:?}");
        world.is_in_step();
    }
}

#[test]
fn an_emptied_server_deletes_nothing() {
    for profile in profiles() {
        let (world, server) = in_step(profile);
        for service in Service::BOTH {
            server.store().clear(InProcess::path(service));
        }
        for _ in 0..2 {
            world.bridge.run(&["sync", "--json"]).code(3);
            for service in Service::BOTH {
                assert_eq!(world.right.revisions(service).len(), ITEMS);
            }
        }
    }
}

#[test]
fn an_answer_that_is_lost_doubles_nothing() {
    for profile in profiles() {
        let (world, server) = in_step(profile);
        for (number, request) in ["PUT", "PUT", "DELETE"].into_iter().enumerate() {
            let uid = format!("new-{number}");
            world.right.add(Service::Calendars, &event(&uid, "New"));
            world.right.add(Service::Contacts, &card(&uid, "New"));
            world.right.edit(Service::Calendars, "item-2", &|item| {
                with(item, "LOCATION", &format!("LOCATION:Room {number}"))
            });
            world
                .right
                .remove(Service::Contacts, &format!("item-{number}.vcf"));
            server.order(Fault::on(request).cut_after());
            server.order(Fault::on(request).nth(2).cut_after());
            world.rules("conflict = \"ask\"");
            world.sync();
            server.clear_faults();
            world.sync();
            let events = world.agrees(Service::Calendars, "after a lost answer");
            assert_eq!(events.len(), ITEMS + number + 1, "{events:?}");
            let cards = world.agrees(Service::Contacts, "after a lost answer");
            assert_eq!(cards.len(), ITEMS, "{cards:?}");
            world.is_in_step();
        }
    }
}
