//! Two places, and the program between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use testbed::{Radicale, Sogo};

use super::dav::{Account, Server};
use super::items::{Contents, essence, uid};
use super::place::{Place, Service, Vdir};
use crate::eas;
use crate::support::{Bridge, Run};

/// What stands on a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seat {
    Radicale,
    Sogo,
    /// A SOGo that the program reaches over ActiveSync.
    Eas,
    Vdir,
}

pub(crate) struct World {
    pub(crate) left: Box<dyn Place>,
    pub(crate) right: Box<dyn Place>,
    pub(crate) bridge: Bridge,
    /// What is kept in step.
    pub(crate) services: &'static [Service],
}

impl World {
    /// Of one service alone.
    pub(crate) fn of(service: Service, left: Seat, right: Seat) -> Self {
        let services = match service {
            Service::Calendars => &[Service::Calendars],
            Service::Contacts => &[Service::Contacts],
        };
        let world = Self {
            services,
            ..Self::new(left, right)
        };
        world.rules("");
        world
    }

    /// Two places with an empty calendar and an empty address book each. On a Radicale, all sides
    /// are users of one.
    pub(crate) fn new(left: Seat, right: Seat) -> Self {
        let radicale = (left == Seat::Radicale || right == Seat::Radicale)
            .then(|| Rc::new(Radicale::start().unwrap()));
        Self::on(radicale.as_ref(), left, right)
    }

    /// On a Radicale that is there.
    pub(crate) fn on(radicale: Option<&Rc<Radicale>>, left: Seat, right: Seat) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (calendar, book) = (format!("work-{number}"), format!("friends-{number}"));
        let bridge = Bridge::new();
        let place = |seat: Seat, user: &str| -> Box<dyn Place> {
            let server = match seat {
                Seat::Radicale => Server::Radicale(Rc::clone(radicale.unwrap())),
                Seat::Sogo => Server::Sogo(sogo()),
                Seat::Eas => return Box::new(eas::Account::new(sogo())),
                Seat::Vdir => {
                    let root = bridge.path(format!("vdir of {user}"));
                    return Box::new(Vdir::new(root, &calendar, &book));
                }
            };
            Box::new(Account::new(&server, user, &calendar, &book))
        };
        let (left, right) = (place(left, "alice"), place(right, "bob"));
        let world = Self {
            left,
            right,
            bridge,
            services: &Service::BOTH,
        };
        world.rules("");
        world
    }

    /// Writes the config anew, with these lines in both `[sync.NAME]`.
    pub(crate) fn rules(&self, lines: &str) {
        let mut text = "state = \"state.db\"\n".to_owned();
        for service in self.services.iter().copied() {
            let name = format!("{service:?}").to_lowercase();
            let (left, right) = (self.left.config(service), self.right.config(service));
            let (only, there) = (
                self.left.collection(service),
                self.right.collection(service),
            );
            text += &format!(
                "[source.{name}-a]\n{left}[source.{name}-b]\n{right}[sync.{name}]\n\
                 left = \"{name}-a\"\nright = \"{name}-b\"\ncollections = [{only:?}]\n\
                 map = {{ {only:?} = {there:?} }}\n{lines}\n"
            );
        }
        fs::write(self.bridge.path("bridge.toml"), text).unwrap();
    }

    /// `bridge sync`, which has to end with 0.
    #[track_caller]
    pub(crate) fn sync(&self) -> Run {
        self.bridge.run(&["sync", "--json"]).code(0)
    }

    pub(crate) fn sides(&self) -> [(&'static str, &dyn Place); 2] {
        [("left", &*self.left), ("right", &*self.right)]
    }

    /// Fails unless both sides hold this and nothing else; what a side bends must be there.
    #[track_caller]
    pub(crate) fn holds(&self, service: Service, expected: &Contents, when: &str) {
        let mut wrong = String::new();
        for (side, place) in self.sides() {
            let found = place.contents(service);
            let uids: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
            for uid in uids {
                let (wanted, there) = (expected.get(uid), found.get(uid));
                let bent = place.bends().contains(&uid.as_str());
                if !(bent && wanted.is_some() && there.is_some()) {
                    wrong += &difference(side, uid, wanted, there);
                }
            }
        }
        assert!(wrong.is_empty(), "{when}:{wrong}");
    }

    /// Fails unless both sides say the same, and gives what they say.
    #[track_caller]
    pub(crate) fn agrees(&self, service: Service, when: &str) -> Contents {
        let contents = self.left.contents(service);
        self.holds(service, &contents, when);
        contents
    }

    /// Fails unless another run writes nothing, fetches no content and has nothing to tell.
    #[track_caller]
    pub(crate) fn is_in_step(&self) {
        let before = self.revisions();
        for (_, place) in self.sides() {
            if let Some(proxy) = place.proxy() {
                proxy.listen_in();
            }
        }
        let run = self.sync();
        for report in run.of_type("report") {
            assert_eq!(report["pairs"], Value::Array(Vec::new()), "{}", run.out);
        }
        for (side, place) in self.sides() {
            if let Some(proxy) = place.proxy() {
                let heard = String::from_utf8_lossy(&proxy.heard()).into_owned();
                for word in [
                    "multiget",
                    "GET /",
                    "PUT /",
                    "DELETE /",
                    "calendar-data",
                    "MKCOL",
                    "Cmd=ItemOperations",
                    "Cmd=MoveItems",
                ] {
                    assert!(!heard.contains(word), "{side}: {heard}");
                }
            }
        }
        assert_eq!(self.revisions(), before, "something was written");
    }

    /// Changes with everything that is written to either side.
    pub(crate) fn revisions(&self) -> Vec<BTreeMap<String, String>> {
        let places = self.sides().into_iter();
        places
            .flat_map(|(_, place)| Service::BOTH.map(|service| place.revisions(service)))
            .collect()
    }
}

/// In which lines an item is not what it should be.
fn difference(side: &str, uid: &str, wanted: Option<&String>, there: Option<&String>) -> String {
    if wanted == there {
        return String::new();
    }
    let (Some(wanted), Some(there)) = (wanted, there) else {
        let word = if there.is_some() {
            "there"
        } else {
            "not there"
        };
        return format!("\n{uid} is {word} on the {side}");
    };
    let without = |a: &str, b: &str, sign: char| {
        let lines = a.lines().filter(|line| !b.lines().any(|l| l == *line));
        lines
            .map(|line| format!("\n{sign} {line:.200}"))
            .collect::<String>()
    };
    let (lacks, more) = (without(wanted, there, '-'), without(there, wanted, '+'));
    format!("\n{uid} on the {side}:{lacks}{more}")
}

/// The one SOGo of all tests: it needs a while to start. Ended when they are done.
pub(crate) fn sogo() -> &'static Sogo {
    static SOGO: OnceLock<Sogo> = OnceLock::new();
    SOGO.get_or_init(|| Sogo::start().unwrap())
}

/// What items say.
pub(crate) fn contents<'a>(items: impl IntoIterator<Item = &'a String>) -> Contents {
    let items = items.into_iter();
    items.map(|item| (uid(item), essence(item))).collect()
}

/// The counts of one sort over all that a run reports, on a side.
pub(crate) fn written(run: &Run, side: &str, what: &str) -> u64 {
    let reports = run.of_type("report");
    let pairs = reports
        .iter()
        .flat_map(|report| report["pairs"].as_array().unwrap());
    pairs
        .map(|pair| pair["written"][side][what].as_u64().unwrap())
        .sum()
}
