//! A calendar of somebody else, which may be read and not written.

use std::fs;
use std::path::PathBuf;

use testbed::Sogo;

use super::account::config;
use super::held::title;
use crate::pim::corpus::event;
use crate::pim::world::sogo;
use crate::support::Bridge;

/// A vdir with two calendars, and the same two over ActiveSync: one's own, and one to read.
struct World {
    bridge: Bridge,
    owner: String,
    reader: String,
}

impl World {
    fn new() -> Self {
        let owner = sogo().new_user().unwrap();
        let reader = sogo().new_reader(&owner).unwrap();
        let world = Self {
            bridge: Bridge::new(),
            owner,
            reader,
        };
        for name in ["Mine", "Theirs"] {
            fs::create_dir_all(world.folder(name)).unwrap();
        }
        let number = world.owner.trim_start_matches("user");
        let theirs = format!(
            "Personal Calendar (User {number} <{}>)",
            Sogo::address(&world.owner)
        );
        let text = format!(
            "state = \"state.db\"\n[source.a]\ntype = \"vdir\"\npath = \"vdir\"\n[source.b]\n{}\
             [sync.calendars]\nleft = \"a\"\nright = \"b\"\ncollections = [\"Mine\", \"Theirs\"]\n\
             map = {{ \"Mine\" = \"Personal Calendar\", \"Theirs\" = {theirs:?} }}\n",
            config(&world.reader, sogo().port),
        );
        fs::write(world.bridge.path("bridge.toml"), text).unwrap();
        world
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.bridge.path("vdir").join(name)
    }

    fn write(&self, name: &str, uid: &str, title: &str) {
        let path = self.folder(name).join(format!("{uid}.ics"));
        fs::write(path, event(uid, title)).unwrap();
    }

    /// The titles over here.
    fn here(&self, name: &str) -> Vec<String> {
        let files = fs::read_dir(self.folder(name)).unwrap();
        let files = files.map(|file| file.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|ext| ext == "ics"));
        let mut all: Vec<_> = files
            .map(|path| title(&fs::read_to_string(path).unwrap()))
            .collect();
        all.sort();
        all
    }

    /// And over there.
    fn there(&self, user: &str) -> Vec<String> {
        let path = format!("{}personal/", Sogo::calendars(user));
        let items = sogo().session(user).items(&path).unwrap();
        let mut all: Vec<_> = items.into_values().map(|item| title(&item)).collect();
        all.sort();
        all
    }
}

#[test]
#[ignore = "needs the testbed"]
fn what_may_not_be_written_stays_here() {
    let world = World::new();
    let dav = sogo().session(&world.owner);
    let path = format!("{}personal/", Sogo::calendars(&world.owner));
    for uid in ["one", "two", "three"] {
        dav.put(&format!("{path}{uid}.ics"), &event(uid, uid))
            .unwrap();
    }
    world.bridge.sync();
    assert_eq!(world.here("Theirs"), ["one", "three", "two"]);

    world.write("Theirs", "one", "edited");
    world.write("Theirs", "new", "new");
    fs::remove_file(world.folder("Theirs").join("three.ics")).unwrap();
    world.write("Mine", "own", "own");
    let run = world.bridge.run(&["sync", "--json"]).code(3);
    assert!(run.out.contains("no right to do this"), "{}", run.out);
    for _ in 0..2 {
        assert_eq!(world.there(&world.owner), ["one", "three", "two"]);
        assert_eq!(world.there(&world.reader), ["own"]);
        let here = world.here("Theirs");
        for title in ["edited", "new"] {
            assert!(here.iter().any(|t| t == title), "{title} is lost: {here:?}");
        }
        // It was said once.
        world.bridge.sync().is_quiet();
    }
    // What its owner writes still comes.
    dav.put(&format!("{path}two.ics"), &event("two", "later"))
        .unwrap();
    world.bridge.sync();
    assert!(world.here("Theirs").iter().any(|title| title == "later"));
}
