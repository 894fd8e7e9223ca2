//! What vdirsyncer asks of its own synchronisation (`tests/unit/sync/test_sync.py`), asked of ours.
//!
//! Each test is named after the case there. Left out is what has no counterpart: a mode that is not
//! known, a status without hashes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use sync_core::Source;
use sync_core::engine::{Engine, Mode, Report, Silent};
use sync_core::local::memory::{Call, Listing};
use sync_core::local::{MemoryOptions, MemoryStore, Vdir, VdirOptions};
use sync_core::model::{
    Both, CollectionId, Flags, Identity, ItemId, ItemKind, KindSet, NewItem, Side,
};
use sync_core::reconcile::{ConflictRule, Rules};
use sync_core::source::{Depth, Op, Operation};
use sync_core::state::{Links as _, Pairs as _, SqliteState};

/// One contact; `uid` may be nothing at all.
fn card(uid: &str, name: &str) -> String {
    let uid = match uid {
        "" => String::new(),
        uid => format!("UID:{uid}\r\n"),
    };
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{uid}FN:{name}\r\nEND:VCARD\r\n")
}

struct World {
    sides: Both<MemoryStore>,
    c: Both<CollectionId>,
    state: SqliteState,
    rules: Rules,
}

impl World {
    fn new() -> Self {
        Self::with(|_, _| {})
    }

    fn with(mut edit: impl FnMut(Side, &mut MemoryOptions)) -> Self {
        let sides = Both::from_fn(|side| {
            let mut options = MemoryOptions {
                account: side.to_string(),
                kinds: KindSet::CONTACTS,
                ..MemoryOptions::default()
            };
            edit(side, &mut options);
            MemoryStore::new(options)
        });
        Self {
            c: Both::from_fn(|side| sides[side].add_collection("Friends", KindSet::CONTACTS)),
            sides,
            state: SqliteState::in_memory().unwrap(),
            rules: Rules::default(),
        }
    }

    async fn sync(&mut self) -> Report {
        let (mut l, mut r) = (self.sides.left.source(), self.sides.right.source());
        Engine::new("test", self.rules.clone())
            .run(
                Both::new(&mut l, &mut r),
                &mut self.state,
                Mode::Sync,
                &Silent,
            )
            .await
            .unwrap()
    }

    fn add(&self, side: Side, uid: &str, name: &str) -> ItemId {
        let new = NewItem {
            kind: ItemKind::Contact,
            flags: Flags::default(),
            date: None,
            identity: Identity::default(),
            body: card(uid, name).as_str().into(),
        };
        self.sides[side].add(&self.c[side], &new).unwrap()
    }

    fn edit(&self, side: Side, uid: &str, content: &str) {
        let id = self.find(side, uid);
        self.sides[side]
            .edit(&self.c[side], &id, content.as_bytes())
            .unwrap();
    }

    fn delete(&self, side: Side, uid: &str) {
        let id = self.find(side, uid);
        self.sides[side].delete(&self.c[side], &id).unwrap();
    }

    fn find(&self, side: Side, uid: &str) -> ItemId {
        let wanted = format!("UID:{uid}\r\n");
        let mut all = self.sides[side].list(&self.c[side]).into_iter();
        let found = all.find(|held| text(&held.content).contains(&wanted));
        found.unwrap().id
    }

    fn contents(&self, side: Side) -> Vec<String> {
        let all = self.sides[side].list(&self.c[side]);
        let mut all: Vec<_> = all.iter().map(|held| text(&held.content)).collect();
        all.sort();
        all
    }

    #[track_caller]
    fn both_hold(&self, expected: &[String]) {
        let mut expected = expected.to_vec();
        expected.sort();
        for side in Side::BOTH {
            assert_eq!(self.contents(side), expected, "{side}");
        }
    }

    /// A run that neither writes nor fetches a content.
    #[track_caller]
    fn is_still(&mut self) -> impl Future<Output = ()> {
        let before = Both::from_fn(|side| self.contents(side));
        async move {
            for side in Side::BOTH {
                self.sides[side].clear_log();
            }
            let report = self.sync().await;
            assert_eq!(report.writes(), 0, "{report}");
            for side in Side::BOTH {
                let totals = self.sides[side].totals();
                assert_eq!((totals.writes(), totals.fetches()), (0, 0), "{side}");
                assert_eq!(self.contents(side), before[side]);
            }
        }
    }

    fn links(&mut self) -> u64 {
        let pairs = self.state.pairs("test").unwrap();
        let counts = pairs
            .iter()
            .map(|pair| self.state.count_links(pair.id).unwrap());
        counts.collect::<Vec<_>>().into_iter().sum()
    }
}

fn text(content: &[u8]) -> String {
    String::from_utf8_lossy(content).into_owned()
}

#[tokio::test]
async fn irrelevant_status() {
    let mut world = World::new();
    for uid in ["1", "2"] {
        world.add(Side::Left, uid, "x");
    }
    world.sync().await;
    for side in Side::BOTH {
        world.delete(side, "1");
    }
    world.sync().await;
    assert_eq!(world.links(), 1);
    world.is_still().await;
}

#[tokio::test]
async fn missing_status() {
    let mut world = World::new();
    for side in Side::BOTH {
        world.add(side, "1", "x");
    }
    let report = world.sync().await;
    assert_eq!((report.writes(), world.links()), (0, 1));
    world.is_still().await;
}

#[tokio::test]
async fn missing_status_and_different_items() {
    let mut world = World::new();
    world.add(Side::Left, "1", "left");
    world.add(Side::Right, "1", "right");
    world.rules.conflict = ConflictRule::Ask;
    let report = world.sync().await;
    assert_eq!((report.writes(), report.pairs[0].waiting), (0, 1));
    world.rules.conflict = ConflictRule::Left;
    world.edit(Side::Right, "1", &card("1", "right again"));
    world.sync().await;
    world.both_hold(&[card("1", "left")]);
    world.is_still().await;
}

#[tokio::test]
async fn read_only_and_partial_sync() {
    let mut world = World::new();
    for uid in ["1", "2"] {
        world.add(Side::Left, uid, "left");
        world.add(Side::Right, uid, "left");
    }
    world.sync().await;
    let right = world.c.right.clone();
    world
        .sides
        .right
        .edit_collection(&right, |c| c.read_only = true)
        .unwrap();
    world.add(Side::Left, "3", "new");
    world.edit(Side::Left, "1", &card("1", "edited"));
    world.delete(Side::Left, "2");
    let before = world.contents(Side::Right);
    for _ in 0..2 {
        world.sides.right.clear_log();
        world.sync().await;
        assert_eq!(world.sides.right.totals().writes(), 0);
        assert_eq!(world.contents(Side::Right), before);
        // What the left side has of its own stays, too.
        assert!(world.contents(Side::Left).contains(&card("1", "edited")));
        assert!(world.contents(Side::Left).contains(&card("3", "new")));
    }
    // What changes on the read-only side still comes over.
    world.edit(Side::Right, "2", &card("2", "from there"));
    world.sync().await;
    assert_eq!(
        world.contents(Side::Right),
        [card("1", "left"), card("2", "from there")]
    );
}

#[tokio::test]
async fn both_readonly() {
    let mut world = World::new();
    world.add(Side::Left, "1", "x");
    world.add(Side::Right, "2", "y");
    for side in Side::BOTH {
        let c = world.c[side].clone();
        world.sides[side]
            .edit_collection(&c, |c| c.read_only = true)
            .unwrap();
    }
    for _ in 0..2 {
        let report = world.sync().await;
        assert_eq!(report.writes(), 0);
    }
    assert_eq!(world.contents(Side::Left), [card("1", "x")]);
    assert_eq!(world.contents(Side::Right), [card("2", "y")]);
}

#[tokio::test]
async fn upload_and_update() {
    let mut world = World::new();
    for (from, uid) in [(Side::Left, "1"), (Side::Right, "2")] {
        world.add(from, uid, "new");
        world.sync().await;
        world.edit(from, uid, &card(uid, "changed"));
        world.sync().await;
        world.edit(from.other(), uid, &card(uid, "changed there"));
        world.sync().await;
    }
    world.both_hold(&[card("1", "changed there"), card("2", "changed there")]);
    world.is_still().await;
}

#[tokio::test]
async fn deletion() {
    let mut world = World::new();
    world.add(Side::Left, "stays", "x");
    for from in Side::BOTH {
        world.add(Side::Left, "1", "x");
        world.sync().await;
        world.delete(from, "1");
        world.sync().await;
        world.both_hold(&[card("stays", "x")]);
        // Made anew, it is an item like any other.
        world.add(from, "1", "again");
        world.sync().await;
        world.both_hold(&[card("1", "again"), card("stays", "x")]);
        world.delete(from, "1");
        world.sync().await;
    }
    world.is_still().await;
}

#[tokio::test]
async fn already_synced() {
    for listing in [Listing::Snapshot, Listing::Delta, Listing::Presence] {
        let mut world = World::with(|_, options| options.listing = listing);
        world.add(Side::Left, "1", "x");
        world.sync().await;
        world.is_still().await;
        world.is_still().await;
        assert_eq!(world.links(), 1);
    }
}

#[tokio::test]
async fn conflict_resolution_both_etags_new() {
    for (rule, winner) in [(ConflictRule::Left, "left"), (ConflictRule::Right, "right")] {
        let mut world = World::new();
        world.add(Side::Left, "1", "x");
        world.sync().await;
        world.edit(Side::Left, "1", &card("1", "left"));
        world.edit(Side::Right, "1", &card("1", "right"));
        world.rules.conflict = ConflictRule::Ask;
        let report = world.sync().await;
        assert_eq!((report.writes(), report.pairs[0].waiting), (0, 1));
        world.edit(Side::Left, "1", &card("1", "left"));
        world.rules.conflict = rule;
        world.sync().await;
        world.both_hold(&[card("1", winner)]);
        world.is_still().await;
    }
}

#[tokio::test]
async fn updated_and_deleted() {
    for edited in Side::BOTH {
        let mut world = World::new();
        for uid in ["1", "stays"] {
            world.add(Side::Left, uid, "x");
        }
        world.sync().await;
        world.edit(edited, "1", &card("1", "edited"));
        world.delete(edited.other(), "1");
        world.sync().await;
        world.both_hold(&[card("1", "edited"), card("stays", "x")]);
        world.is_still().await;
    }
}

#[tokio::test]
async fn conflict_resolution_new_etags_without_changes() {
    let mut world = World::new();
    world.add(Side::Left, "1", "x");
    world.sync().await;
    for side in Side::BOTH {
        world.edit(side, "1", &card("1", "x"));
    }
    let report = world.sync().await;
    assert_eq!(report.writes(), 0);
    world.is_still().await;
}

#[tokio::test]
async fn bogus_etag_change() {
    let mut world = World::new();
    world.add(Side::Left, "1", "x");
    world.sync().await;
    world.edit(Side::Left, "1", &card("1", "x"));
    world.edit(Side::Right, "1", &card("1", "changed"));
    world.sides.right.clear_log();
    world.sync().await;
    world.both_hold(&[card("1", "changed")]);
    assert_eq!(world.sides.right.totals().writes(), 0);
    world.is_still().await;
}

#[tokio::test]
async fn uses_get_multi() {
    let mut world = World::new();
    for n in 0..50 {
        world.add(Side::Left, &n.to_string(), "x");
    }
    world.sync().await;
    let fetches = world.sides.left.log().into_iter();
    let fetches = fetches.filter(|request| request.call == Call::Fetch(Depth::Full));
    assert_eq!(fetches.count(), 1);
    assert_eq!(world.sides.left.totals().bodies, 50);
}

#[tokio::test]
async fn empty_storage_dataloss() {
    for emptied in Side::BOTH {
        let mut world = World::new();
        for uid in ["1", "2"] {
            world.add(Side::Left, uid, "x");
        }
        world.sync().await;
        for uid in ["1", "2"] {
            world.delete(emptied, uid);
        }
        let report = world.sync().await;
        assert!(report.pairs[0].guard.is_some(), "{report}");
        assert_eq!(world.contents(emptied.other()).len(), 2);
    }
}

#[tokio::test]
async fn no_uids() {
    let mut world = World::new();
    world.add(Side::Left, "", "one");
    world.add(Side::Right, "", "two");
    world.sync().await;
    world.both_hold(&[card("", "one"), card("", "two")]);
    world.is_still().await;
}

#[tokio::test]
async fn changed_uids() {
    let mut world = World::new();
    world.add(Side::Left, "1", "x");
    world.add(Side::Right, "2", "y");
    world.sync().await;
    world.edit(Side::Left, "1", &card("3", "x"));
    world.sync().await;
    world.both_hold(&[card("2", "y"), card("3", "x")]);
    world.is_still().await;
}

#[tokio::test]
async fn ident_conflict() {
    for sync_between in [false, true] {
        let mut world = World::with(|side, options| {
            options.unique_uids = side == Side::Right;
        });
        for uid in ["1", "2", "3"] {
            world.add(Side::Left, uid, uid);
        }
        if sync_between {
            world.sync().await;
        }
        world.edit(Side::Left, "2", &card("1", "2"));
        world.edit(Side::Left, "3", &card("3", "changed"));
        // One is in the way of the other, and of nothing else.
        let report = world.sync().await;
        let uids = |world: &World| {
            world
                .contents(Side::Right)
                .join("")
                .matches("UID:1\r")
                .count()
        };
        if !sync_between {
            assert_eq!(report.pairs[0].refused.len(), 1, "{report}");
            assert_eq!(uids(&world), 1);
        }
        assert!(world.contents(Side::Right).contains(&card("3", "changed")));
        assert_eq!(world.contents(Side::Left).len(), 3);
        world.is_still().await;
    }
}

/// Two vdirs.
struct Folders {
    root: tempfile::TempDir,
    state: SqliteState,
}

impl Folders {
    fn new() -> Self {
        let new = Self {
            root: tempfile::tempdir().unwrap(),
            state: SqliteState::in_memory().unwrap(),
        };
        for side in Side::BOTH {
            fs::create_dir_all(new.folder(side)).unwrap();
        }
        new
    }

    fn folder(&self, side: Side) -> PathBuf {
        self.root.path().join(side.to_string()).join("friends")
    }

    fn files(&self, side: Side) -> Vec<String> {
        let files = fs::read_dir(self.folder(side)).unwrap();
        let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<_> = files.collect();
        files.sort();
        files
    }

    async fn sync(&mut self) -> Report {
        let root = self.root.path();
        let open = |side: Side| Vdir::open(root.join(side.to_string()), VdirOptions::default());
        let mut left = open(Side::Left).unwrap();
        let mut right = open(Side::Right).unwrap();
        let sources = Both::new(&mut left as &mut dyn Source, &mut right as &mut dyn Source);
        Engine::new("test", Rules::default())
            .run(sources, &mut self.state, Mode::Sync, &Silent)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn moved_href() {
    let mut world = Folders::new();
    fs::write(world.folder(Side::Left).join("1.vcf"), card("1", "x")).unwrap();
    world.sync().await;
    let right = world.folder(Side::Right);
    fs::rename(right.join("1.vcf"), right.join("moved.vcf")).unwrap();
    let report = world.sync().await;
    assert_eq!(report.writes(), 0, "{report}");
    assert_eq!(world.files(Side::Left), ["1.vcf"]);
    assert_eq!(world.files(Side::Right), ["moved.vcf"]);
    // It is the same item still.
    fs::write(world.folder(Side::Left).join("1.vcf"), card("1", "edited")).unwrap();
    world.sync().await;
    assert_eq!(
        fs::read_to_string(right.join("moved.vcf")).unwrap(),
        card("1", "edited")
    );
}

#[tokio::test]
async fn unicode_hrefs() {
    let mut world = Folders::new();
    fs::write(world.folder(Side::Left).join("äää.vcf"), card("äää", "x")).unwrap();
    world.sync().await;
    assert_eq!(world.files(Side::Right).len(), 1);
    assert_eq!(world.sync().await.writes(), 0);
}

#[tokio::test]
async fn rollback() {
    let mut world = World::new();
    world.add(Side::Left, "1", "x");
    world.add(Side::Right, "2", "y");
    world.sides.right.refuse(Some(Arc::new(|attempt| {
        matches!(attempt.op, Op::Create(_)).then(|| "not today".to_owned())
    })));
    let report = world.sync().await;
    assert_eq!(report.written(Side::Left).created, 1);
    assert_eq!(report.pairs[0].refused.len(), 1);
    // What was done stays done, what was refused waits for a change.
    assert_eq!((world.links(), world.contents(Side::Left).len()), (1, 2));
    world.sides.right.refuse(None);
    world.edit(Side::Left, "1", &card("1", "changed"));
    world.sync().await;
    world.both_hold(&[card("1", "changed"), card("2", "y")]);
}

#[tokio::test]
async fn actions_fail_all() {
    let mut world = World::new();
    for n in 0..5 {
        world.add(Side::Left, &n.to_string(), "x");
    }
    world
        .sides
        .right
        .refuse(Some(Arc::new(|_| Some("never".to_owned()))));
    let report = world.sync().await;
    assert_eq!(report.pairs[0].refused.len(), 5);
    assert_eq!(world.contents(Side::Left).len(), 5);
    let never = world.sides.right.source();
    assert!(
        never
            .capabilities()
            .refuse(ItemKind::Contact, Operation::Create)
            .is_none()
    );
    world.sides.right.refuse(None);
    for n in 0..5 {
        world.edit(Side::Left, &n.to_string(), &card(&n.to_string(), "y"));
    }
    world.sync().await;
    assert_eq!(world.contents(Side::Right), world.contents(Side::Left));
    world.is_still().await;
}
