//! Connections that break, answers that are lost, keys that are refused, a state that is gone:
//! nothing is lost for that, nothing doubled, and nobody caused a conflict.

use testbed::{Counts, Direction, Fault, Proxy, Random};

use super::held::{agree, plain, title};
use crate::pim::items::with;
use crate::pim::place::{Place, Service};
use crate::pim::world::{Seat, World};
use crate::support::{Run, in_parallel};

/// How many items there are over here at first; a few are over there.
const HERE: usize = 20;
const THERE: usize = 4;

struct Scene {
    world: World,
    service: Service,
    count: usize,
}

impl Scene {
    fn new(service: Service) -> Self {
        Self::with(service, THERE)
    }

    /// A vdir on the left, ActiveSync on the right with a few items, and nothing in step yet.
    fn with(service: Service, there: usize) -> Self {
        let world = World::of(service, Seat::Vdir, Seat::Eas);
        // A conflict that nobody caused would end a run with 3.
        world.rules("conflict = \"ask\"");
        let scene = Self {
            world,
            service,
            count: HERE + there,
        };
        for n in 0..HERE {
            scene.add(&*scene.world.left, &format!("Here {n}"));
        }
        for n in 0..there {
            scene.add(&*scene.world.right, &format!("There {n}"));
        }
        scene
    }

    fn add(&self, place: &dyn Place, title: &str) {
        let uid = title.replace(' ', "-").to_lowercase();
        let item = plain(self.service, &uid, title);
        // Something that ActiveSync cannot hold.
        place.add(self.service, &with(&item, "X-EXAMPLE", "X-EXAMPLE:kept"));
    }

    #[track_caller]
    fn find(&self, place: &dyn Place, wanted: &str) -> (String, String) {
        let mut items = place.items(self.service).into_iter();
        let found = items.find(|(_, content)| title(content) == wanted);
        found.unwrap_or_else(|| panic!("there is no {wanted}"))
    }

    fn edit(&self, place: &dyn Place, title: &str, text: &str) {
        let name = match self.service {
            Service::Calendars => "DESCRIPTION",
            Service::Contacts => "NOTE",
        };
        let (key, content) = self.find(place, title);
        let content = with(&content, name, &format!("{name}:{text}"));
        place.put(self.service, &key, &content);
    }

    /// Edits, a deletion and a new item on each side.
    fn later(&mut self) {
        let (left, right) = (&*self.world.left, &*self.world.right);
        for (place, side) in [(left, "here"), (right, "there")] {
            for n in [side.len(), side.len() + 3] {
                self.edit(place, &format!("Here {n}"), &format!("edited {side}"));
            }
            self.add(place, &format!("New {side}"));
            let gone = self.find(place, &format!("Here {}", 10 + side.len())).0;
            place.remove(self.service, &gone);
        }
    }

    fn proxy(&self) -> &Proxy {
        self.world.right.proxy().unwrap()
    }

    /// One run, which may fail, and two that must not: then both sides agree.
    #[track_caller]
    fn settle(&self, when: &str) -> Run {
        let first = self.world.bridge.run(&["sync", "--json", "-v"]);
        assert!(matches!(first.code, Some(0 | 1)), "{when}: {first:?}");
        self.proxy().heal();
        self.world.sync();
        self.world.sync();
        let titles = agree(&self.world, self.service, when);
        assert_eq!(titles.len(), self.count, "{when}: {titles:?}");
        for (key, content) in self.world.left.items(self.service) {
            let own = content.contains("X-EXAMPLE:kept");
            assert!(
                own || title(&content).contains("here"),
                "{when}: {key}: {content}"
            );
        }
        self.world.is_in_step();
        first
    }
}

/// Whether the server refused the key of a collection.
fn is_key_lost(run: &Run) -> bool {
    run.err.contains("cursor lost")
}

#[test]
#[ignore = "needs the testbed"]
fn answers_to_adds_and_changes() {
    for (service, new) in [
        (Service::Calendars, "Here 2"),
        // A task.
        (Service::Calendars, "Here 3"),
        (Service::Contacts, "Here 3"),
    ] {
        let mut scene = Scene::new(service);
        for (words, when) in [
            (new, "after a lost answer to Adds"),
            ("edited here", "after a lost answer to Changes"),
        ] {
            if words != new {
                scene.later();
            }
            scene.proxy().arm(Fault::SwallowAnswerTo {
                words: words.as_bytes().to_vec(),
            });
            scene.settle(when);
            assert!(scene.proxy().has_fired(), "{when}");
        }
    }
}

/// SOGo may forget what it told a device: then it refuses the keys, and only then, though it has a new
/// one for a folder that was empty.
#[test]
#[ignore = "needs the testbed"]
fn keys() {
    for service in Service::BOTH {
        let mut scene = Scene::with(service, 0);
        for when in ["from an empty folder", "with the keys of it"] {
            let run = scene.settle(when);
            assert!(!is_key_lost(&run), "{when}: {}", run.err);
        }
        scene.later();
        scene.world.right.forget();
        let run = scene.settle("after all is forgotten");
        assert!(is_key_lost(&run), "no key was refused: {}", run.err);
    }
}

#[test]
#[ignore = "needs the testbed"]
fn the_state() {
    for service in Service::BOTH {
        let scene = Scene::new(service);
        scene.settle("at first");
        scene.world.bridge.forget();
        scene.settle("without the state");
        scene.add(&*scene.world.left, "New here");
        scene.world.bridge.forget();
        let scene = Scene {
            count: scene.count + 1,
            ..scene
        };
        scene.settle("without the state, and with something new");
    }
}

#[test]
#[ignore = "needs the testbed"]
fn connections() {
    in_parallel(2, |seed| {
        for service in Service::BOTH {
            cut(seed, service);
        }
    });
}

/// Cuts connections at random bytes, in the first sync and in the next.
fn cut(seed: u64, service: Service) {
    let mut random = Random::new(seed);
    let mut first = Scene::new(service);
    let passed = [false, true].map(|later| {
        if later {
            first.later();
        }
        first.proxy().reset_counts();
        first.world.sync();
        first.proxy().counts()
    });
    let mut scene = Scene::new(service);
    for (phase, counts) in passed.iter().enumerate() {
        if phase > 0 {
            scene.later();
        }
        let fault = fault(&mut random, *counts);
        println!("seed {seed}, {service:?}, phase {phase}: {fault:?}");
        scene.proxy().arm(fault);
        scene.settle("after a cut");
    }
}

/// Any cut, or a lost answer, within so many bytes.
pub(super) fn fault(random: &mut Random, counts: Counts) -> Fault {
    match random.below(3) {
        0 => Fault::Cut {
            direction: Direction::ToServer,
            after: random.below(counts.to_server),
        },
        1 => Fault::Cut {
            direction: Direction::ToClient,
            after: random.below(counts.to_client),
        },
        _ => Fault::Swallow {
            after: random.below(counts.to_client),
        },
    }
}
