//! Calendars with events and tasks, and address books: in step after at most two runs, both ways.

use std::collections::{BTreeMap, BTreeSet};

use super::held::{agree, held, title};
use crate::pim::corpus::{self, card, event, series};
use crate::pim::items::{essence, uid, with};
use crate::pim::place::{Place, Service};
use crate::pim::world::{Seat, World};

/// What SOGo makes something else of, over ActiveSync or not: the UIDs in the corpus.
const BENT: [&str; 3] = ["floating", "meeting", "group-card"];

/// Items of every sort that ActiveSync can hold, each with more that it cannot.
fn items(service: Service) -> Vec<String> {
    let mut all = corpus::items(service, false);
    all.retain(|item| !BENT.contains(&uid(item).as_str()));
    // Titles are all that contacts and tasks are known by.
    let mut titles = BTreeSet::new();
    all.retain(|item| titles.insert(title(item)));
    all
}

/// Two places with such items, half of them on each side, in step.
struct Scene {
    world: World,
    service: Service,
    /// Which side is ActiveSync's.
    eas: usize,
}

impl Scene {
    fn new(service: Service, left: Seat, right: Seat) -> Self {
        let scene = Self {
            world: World::of(service, left, right),
            service,
            eas: usize::from(right == Seat::Eas),
        };
        for (number, item) in items(service).iter().enumerate() {
            let place = [scene.sogo(), scene.other()][number % 2];
            place.add(service, item);
        }
        let before = scene.contents();
        scene.settle("after two runs", items(service).len());
        for (title, content) in before {
            assert_eq!(
                scene.contents()[&title],
                content,
                "{title} is not what it was"
            );
        }
        scene
    }

    /// As others see it.
    fn sogo(&self) -> &dyn Place {
        self.world.sides()[self.eas].1
    }

    fn other(&self) -> &dyn Place {
        self.world.sides()[1 - self.eas].1
    }

    /// All that the items of the other side say, by title.
    fn contents(&self) -> BTreeMap<String, String> {
        let items = self.other().items(self.service).into_values();
        items.map(|item| (title(&item), essence(&item))).collect()
    }

    /// After two runs at the latest both sides agree, on so many items, and the next does nothing.
    #[track_caller]
    fn settle(&self, when: &str, count: usize) -> Vec<String> {
        self.world.sync();
        self.world.sync();
        let titles = agree(&self.world, self.service, when);
        assert_eq!(titles.len(), count, "{when}: {titles:?}");
        self.world.is_in_step();
        titles
    }

    #[track_caller]
    fn find(&self, place: &dyn Place, wanted: &str) -> (String, String) {
        let mut items = place.items(self.service).into_iter();
        let found = items.find(|(_, content)| title(content) == wanted);
        found.unwrap_or_else(|| panic!("there is no {wanted}"))
    }

    /// Puts one line in the place of those that begin so.
    #[track_caller]
    fn edit(&self, place: &dyn Place, title: &str, line: &str) {
        let (key, content) = self.find(place, title);
        let (name, _) = line.split_once(':').unwrap();
        place.put(self.service, &key, &with(&content, name, line));
    }

    fn add(&self, place: &dyn Place, title: &str) {
        let uid = title.to_lowercase();
        let item = match self.service {
            Service::Calendars => event(&uid, title),
            Service::Contacts => card(&uid, title),
        };
        place.add(self.service, &item);
    }
}

fn both_ways(service: Service, left: Seat, right: Seat) {
    let scene = Scene::new(service, left, right);
    let (sogo, other) = (scene.sogo(), scene.other());
    let before = scene.contents();
    let count = before.len();

    // An edit on one side leaves on the other what ActiveSync cannot hold.
    let edited = |content: &str| match (service, content.contains("BEGIN:VTODO")) {
        (Service::Calendars, true) => "DESCRIPTION",
        (Service::Calendars, false) => "LOCATION",
        (Service::Contacts, _) => "TITLE",
    };
    for (title, content) in &before {
        scene.edit(sogo, title, &format!("{}:Edited there", edited(content)));
    }
    scene.settle("after edits over there", count);
    let now = scene.contents();
    for (title, content) in &before {
        let without = |text: &str| {
            let lines = text
                .lines()
                .filter(|line| !line.starts_with(edited(content)));
            let mut lines: Vec<_> = lines.collect();
            lines.sort_unstable();
            lines.join("\n")
        };
        let now = &now[title];
        assert_eq!(without(now), without(content), "{title} has lost something");
        assert!(now.contains("Edited there"), "{title}: {now}");
    }

    // Both edit one item, each something else; each deletes one and adds one.
    let (name, here, there) = match service {
        Service::Calendars => ("SUMMARY", "LOCATION:Room 2", "DESCRIPTION:Edited here"),
        Service::Contacts => ("FN", "TITLE:Director", "NOTE:Edited here"),
    };
    scene.edit(sogo, "Plain", here);
    scene.edit(other, "Plain", there);
    scene.edit(other, "Plain", &format!("{name}:Not so plain"));
    scene.add(sogo, "New-There");
    scene.add(other, "New-Here");
    let [one, two] = match service {
        Service::Calendars => ["With alarms", "Done"],
        Service::Contacts => ["Labels", "Many Ways"],
    };
    sogo.remove(service, &scene.find(sogo, one).0);
    other.remove(service, &scene.find(other, two).0);
    let titles = scene.settle("after edits on both sides", count);
    for title in ["New-There", "New-Here", "Not so plain"] {
        assert!(
            titles.iter().any(|t| t == title),
            "{title} not in {titles:?}"
        );
    }
    let plain = &held(sogo, service)["Not so plain"];
    for line in [here, there] {
        let fact = line.replace(':', " ");
        assert!(plain[0].contains(&fact), "{fact} not in {plain:?}");
    }
}

#[test]
#[ignore = "needs the testbed"]
fn a_calendar_and_a_vdir() {
    both_ways(Service::Calendars, Seat::Eas, Seat::Vdir);
}

#[test]
#[ignore = "needs the testbed"]
fn a_calendar_and_radicale() {
    both_ways(Service::Calendars, Seat::Radicale, Seat::Eas);
}

#[test]
#[ignore = "needs the testbed"]
fn contacts_and_a_vdir() {
    both_ways(Service::Contacts, Seat::Eas, Seat::Vdir);
}

#[test]
#[ignore = "needs the testbed"]
fn contacts_and_radicale() {
    both_ways(Service::Contacts, Seat::Radicale, Seat::Eas);
}

/// SOGo puts a series into a zone of its own; its occurrences stay those of the series here.
#[test]
#[ignore = "needs the testbed"]
fn an_occurrence_is_edited_over_there() {
    let service = Service::Calendars;
    let scene = Scene {
        world: World::of(service, Seat::Vdir, Seat::Eas),
        service,
        eas: 1,
    };
    let (sogo, other) = (scene.sogo(), scene.other());
    other.add(service, &series("weekly", "Europe/Berlin"));
    scene.settle("at first", 1);
    let (_, before) = scene.find(other, "Weekly");
    let (key, there) = scene.find(sogo, "Weekly");
    sogo.put(service, &key, &there.replace("renamed", "changed"));
    scene.settle("after an edit of an occurrence", 1);
    let (_, now) = scene.find(other, "Weekly");
    let expected = before.replace("renamed", "changed");
    assert_eq!(essence(&now), essence(&expected));
}
