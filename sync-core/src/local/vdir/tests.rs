#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::fs;
use std::future::Future;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use super::*;
use crate::model::{
    CollectionPath, CollectionProperties, Identity, ItemKind, KindSet, NewItem, Revision,
};
use crate::source::{Op, Outcome, Stored};

fn run<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap().block_on(work)
}

struct Fixture {
    dir: tempfile::TempDir,
    source: Vdir,
    work: CollectionId,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = VdirOptions {
            poll: Duration::from_millis(2),
            ..VdirOptions::default()
        };
        let mut source = Vdir::open(dir.path(), options).unwrap();
        let work = run(source.create_collection(&folder("work"))).unwrap().id;
        Self { dir, source, work }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("work").join(name)
    }

    fn put(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.path("")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    fn list(&mut self, since: Option<&Cursor>) -> ChangePage {
        run(self.source.changes(&self.work, since)).unwrap()
    }

    fn revision(&mut self, name: &str) -> Revision {
        let page = self.list(None);
        let found = page.changed.into_iter().find(|i| i.id.as_str() == name);
        found.unwrap().revision
    }

    fn apply_at(&mut self, at: Option<&Cursor>, op: Op) -> (Outcome, Option<Cursor>) {
        let batch = vec![Mutation { key: 0, op }];
        let applied = run(self.source.apply(&self.work, at, batch)).unwrap();
        let outcome = applied.outcomes.into_iter().next().unwrap();
        (outcome, applied.cursor)
    }

    fn apply(&mut self, op: Op) -> Outcome {
        self.apply_at(None, op).0
    }

    fn done(&mut self, op: Op) -> Stored {
        match self.apply(op) {
            Outcome::Done(stored) => stored,
            other => panic!("{other:?}"),
        }
    }
}

fn folder(path: &str) -> NewCollection {
    NewCollection {
        path: CollectionPath::parse(path),
        kinds: KindSet::CALENDAR,
        role: None,
        properties: CollectionProperties::default(),
    }
}

fn event(uid: &str, title: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:{title}\r\nEND:VEVENT\r\n\
         END:VCALENDAR\r\n"
    )
}

fn new(uid: &str, title: &str) -> Op {
    Op::Create(NewItem {
        kind: ItemKind::Event,
        flags: Default::default(),
        date: None,
        identity: Identity::default(),
        body: event(uid, title).as_str().into(),
    })
}

fn replace(id: &str, guard: &Revision, body: &str) -> Op {
    Op::Replace {
        id: id.into(),
        guard: guard.clone(),
        body: body.into(),
    }
}

fn delete(id: &str, guard: &Revision) -> Op {
    Op::Delete {
        id: id.into(),
        guard: guard.clone(),
    }
}

#[test]
fn other_programs_find_what_they_expect() {
    let mut b = Fixture::new();
    b.done(new("1@host", "one"));
    assert_eq!(b.files(), ["1@host.ics"]);
    assert_eq!(b.text("1@host.ics"), event("1@host", "one"));
    fs::set_permissions(b.path("1@host.ics"), fs::Permissions::from_mode(0o640)).unwrap();
    let guard = b.revision("1@host.ics");
    b.done(replace("1@host.ics", &guard, &event("1@host", "two")));
    assert_eq!(b.text("1@host.ics"), event("1@host", "two"));
    let mode = fs::metadata(b.path("1@host.ics")).unwrap().mode();
    assert_eq!((mode & 0o777, b.files().len()), (0o640, 1));
}

#[test]
fn an_untouched_folder_is_not_read() {
    let mut b = Fixture::new();
    b.put("1.ics", &event("1", "one"));
    let first = b.list(None);
    assert_eq!(first.changed.len(), 1);
    // Reading it would fail, and not to read it is no failure.
    fs::set_permissions(b.path("1.ics"), fs::Permissions::from_mode(0o000)).unwrap();
    let again = b.list(Some(&first.cursor));
    assert_eq!((again.coverage, again.changed.len()), (Coverage::Delta, 0));
}

#[test]
fn only_what_is_near_a_change_is_read() {
    let mut b = Fixture::new();
    for n in 0..500 {
        b.put(&format!("{n}.ics"), &event(&n.to_string(), "x"));
    }
    let first = b.list(None);
    // In place, as some editors do.
    b.put("7.ics", &event("7", "another title"));
    fs::remove_file(b.path("8.ics")).unwrap();
    let page = b.list(Some(&first.cursor));
    let changed: Vec<&str> = page.changed.iter().map(|item| item.id.as_str()).collect();
    assert!(
        changed.contains(&"7.ics") && changed.len() < 30,
        "{changed:?}"
    );
    assert_eq!(page.coverage, Coverage::Snapshot);
    assert_eq!(page.present.len() + changed.len(), 499);
}

#[test]
fn own_writes_are_reckoned_and_hide_no_foreign_one() {
    let mut b = Fixture::new();
    b.put("old.ics", &event("old", "x"));
    let before = b.list(None);
    let guard = before.changed[0].revision.clone();
    let (_, cursor) = b.apply_at(Some(&before.cursor), new("a", "x"));
    let op = replace("old.ics", &guard, &event("old", "new"));
    let (outcome, cursor) = b.apply_at(cursor.as_ref(), op);
    let Outcome::Done(stored) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(b.list(cursor.as_ref()).coverage, Coverage::Delta);
    let op = delete("old.ics", &stored.revision.unwrap());
    b.put("foreign.ics", &event("foreign", "x"));
    let (_, cursor) = b.apply_at(cursor.as_ref(), op);
    let page = b.list(cursor.as_ref());
    let told: Vec<&str> = page.changed.iter().map(|item| item.id.as_str()).collect();
    assert!(told.contains(&"foreign.ics"), "{told:?}");
}

#[test]
fn what_is_no_item_blocks_no_other() {
    let mut b = Fixture::new();
    b.put("1.ics", &event("1", "one"));
    b.put("2.ics", "half a file\n");
    b.put("3.ics", "BEGIN:VCARD\r\nFN:x\r\nEND:VCARD\r\n");
    b.put("4.ics", "");
    std::os::unix::fs::symlink("nowhere", b.path("5.ics")).unwrap();
    for name in [".6.ics", "7.ics~", "8.ics.tmp", "color", "displayname"] {
        b.put(name, "x");
    }
    let page = b.list(None);
    assert_eq!(page.changed.len(), 1);
    let bad: Vec<&str> = page
        .unreadable
        .iter()
        .map(|error| error.item().unwrap().as_str())
        .collect();
    assert_eq!(bad, ["2.ics", "3.ics", "4.ics", "5.ics"]);
    let ids: Vec<ItemId> = ["4.ics", "1.ics", "color", ".6.ics", "../work/1.ics"]
        .map(ItemId::from)
        .to_vec();
    let fetched: Vec<_> = run(b.source.fetch(&b.work, &ids, Depth::Full).collect());
    assert_eq!(fetched.len(), 2);
    assert!(fetched[0].is_err() && fetched[1].is_ok());
    // What is mended is told.
    b.put("2.ics", &event("2", "whole"));
    let page = b.list(Some(&page.cursor));
    assert!(page.changed.iter().any(|item| item.id.as_str() == "2.ics"));
}

#[test]
fn a_write_meets_only_what_the_plan_saw() {
    let mut b = Fixture::new();
    b.put("1.ics", &event("1", "one"));
    let guard = b.revision("1.ics");
    b.put("1.ics", &event("1", "edited meanwhile"));
    let body = event("1", "ours");
    assert!(matches!(
        b.apply(replace("1.ics", &guard, &body)),
        Outcome::Stale
    ));
    assert!(matches!(b.apply(delete("1.ics", &guard)), Outcome::Stale));
    assert_eq!(b.text("1.ics"), event("1", "edited meanwhile"));
    for id in ["2.ics", "../work/1.ics", "color"] {
        let outcome = b.apply(replace(id, &guard, &body));
        assert!(matches!(outcome, Outcome::Gone), "{id}: {outcome:?}");
    }
    let guard = b.revision("1.ics");
    b.done(delete("1.ics", &guard));
    assert_eq!(b.files(), [""; 0]);
}

#[test]
fn a_new_item_replaces_no_file() {
    let mut b = Fixture::new();
    b.put("1.ics", &event("another", "theirs"));
    let stored = b.done(new("1", "ours"));
    let id = stored.id.unwrap();
    assert_eq!((b.files().len(), id.as_str().len()), (2, 36));
    assert_eq!(b.text("1.ics"), event("another", "theirs"));
    assert!(matches!(b.apply(new("1", "again")), Outcome::Refused(_)));
    assert_eq!(b.files().len(), 2);
}

#[test]
fn what_could_not_be_read_again_is_refused() {
    let mut b = Fixture::new();
    let guard = b.done(new("1", "one")).revision.unwrap();
    let two = event("1", "x").replace("END:VCALENDAR\r\n", "") + &event("2", "y");
    let outcome = b.apply(replace("1.ics", &guard, &two));
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    assert_eq!(b.text("1.ics"), event("1", "one"));
}

#[test]
fn contacts_do_not_come_among_events() {
    let mut b = Fixture::new();
    b.done(new("1", "one"));
    let Op::Create(mut card) = new("2", "two") else {
        return;
    };
    card.kind = ItemKind::Contact;
    card.body = "BEGIN:VCARD\r\nUID:2\r\nFN:x\r\nEND:VCARD\r\n".into();
    let outcome = b.apply(Op::Create(card));
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    let all = run(b.source.collections()).unwrap();
    assert_eq!(all[0].kinds, KindSet::CALENDAR);
}

#[test]
fn a_move_finds_a_free_name() {
    let mut b = Fixture::new();
    let home = run(b.source.create_collection(&folder("home"))).unwrap().id;
    fs::write(b.dir.path().join("home/1.ics"), event("another", "x")).unwrap();
    let guard = b.done(new("1", "ours")).revision.unwrap();
    let stored = b.done(Op::Move {
        id: "1.ics".into(),
        guard: guard.clone(),
        to: home.clone(),
    });
    assert_eq!(stored.revision, Some(guard));
    let name = stored.id.unwrap();
    let moved = fs::read_to_string(b.dir.path().join("home").join(name.as_str()));
    assert_eq!(moved.unwrap(), event("1", "ours"));
    assert_eq!(b.files(), [""; 0]);
}

#[test]
fn what_a_killed_run_left_is_removed_one_day() {
    let mut b = Fixture::new();
    for (name, hours) in [
        (".bridge-old.tmp", 48),
        (".bridge-new.tmp", 1),
        (".other.tmp", 48),
    ] {
        b.put(name, "x");
        let file = fs::File::options().write(true).open(b.path(name)).unwrap();
        let then = std::time::SystemTime::now() - Duration::from_secs(hours * 3600);
        file.set_modified(then).unwrap();
    }
    b.done(new("1", "one"));
    assert_eq!(b.files(), [".bridge-new.tmp", ".other.tmp", "1.ics"]);
}

#[test]
fn watch_notices_files_that_are_written_in_place() {
    let mut b = Fixture::new();
    b.put("1.ics", &event("1", "one"));
    b.list(None);
    let all = [b.work.clone()];
    assert_eq!(
        run(b.source.watch(&all, Duration::from_millis(5))).unwrap(),
        []
    );
    b.put(".1.ics.swp", "x");
    fs::remove_file(b.path(".1.ics.swp")).unwrap();
    assert_eq!(run(b.source.watch(&all, Duration::ZERO)).unwrap(), []);
    b.put("1.ics", &event("1", "another title"));
    let woken = run(b.source.watch(&all, Duration::from_secs(3600))).unwrap();
    assert_eq!(woken, all);
}
