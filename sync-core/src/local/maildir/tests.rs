#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::fs;
use std::future::Future;

use super::*;
use crate::error::ErrorKind;
use crate::model::{CollectionPath, Flags, Identity, ItemKind, NewItem, Revision, Timestamp};
use crate::source::{Op, Outcome, Stored};

fn run<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap().block_on(work)
}

struct Fixture {
    dir: tempfile::TempDir,
    source: Maildir,
    inbox: CollectionId,
}

impl Fixture {
    fn new() -> Self {
        Self::with(MaildirOptions::default())
    }

    fn with(options: MaildirOptions) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut source = Maildir::open(dir.path(), options).unwrap();
        let inbox = run(source.create_collection(&folder("INBOX"))).unwrap().id;
        Self { dir, source, inbox }
    }

    fn path(&self) -> PathBuf {
        resolve(self.dir.path(), &self.inbox).unwrap()
    }

    /// The files of `new`, `cur` and `tmp`, as `new/NAME`.
    fn files(&self) -> Vec<String> {
        let mut all = Vec::new();
        for part in ["cur", "new", "tmp"] {
            for entry in fs::read_dir(self.path().join(part)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                all.push(format!("{part}/{name}"));
            }
        }
        all.sort();
        all
    }

    fn put(&self, name: &str) {
        fs::write(self.path().join(name), "A: b\n\nc\n").unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path().join(from), self.path().join(to)).unwrap();
    }

    fn apply(&mut self, op: Op) -> Outcome {
        let batch = vec![Mutation { key: 0, op }];
        let applied = run(self.source.apply(&self.inbox, None, batch)).unwrap();
        applied.outcomes.into_iter().next().unwrap()
    }

    fn done(&mut self, op: Op) -> Stored {
        match self.apply(op) {
            Outcome::Done(stored) => stored,
            other => panic!("{other:?}"),
        }
    }

    fn list(&mut self) -> Vec<Item> {
        run(self.source.changes(&self.inbox, None)).unwrap().changed
    }

    fn fetch(&mut self, ids: &[ItemId], depth: Depth) -> Vec<Result<Item>> {
        run(self.source.fetch(&self.inbox, ids, depth).collect())
    }

    /// Lets the directories look as if nobody had touched them for long.
    fn age(&self) {
        for part in ["cur", "new"] {
            let dir = fs::File::open(self.path().join(part)).unwrap();
            let then = SystemTime::now() - Duration::from_secs(60);
            dir.set_modified(then).unwrap();
        }
    }
}

fn folder(path: &str) -> NewCollection {
    NewCollection {
        path: CollectionPath::parse(path),
        kinds: KindSet::MAIL,
        role: None,
        properties: Default::default(),
    }
}

fn mail(body: &str, flags: &str) -> NewItem {
    NewItem {
        kind: ItemKind::Message,
        flags: Flags::parse(flags),
        date: Some(Timestamp::utc(1_000_000_000)),
        identity: Identity::default(),
        body: body.into(),
    }
}

fn set(id: &str, guard: &str, add: &str, remove: &str) -> Op {
    Op::SetFlags {
        id: id.into(),
        guard: Revision::new(guard),
        add: Flags::parse(add),
        remove: Flags::parse(remove),
    }
}

#[test]
fn mail_is_delivered_as_other_programs_expect_it() {
    let mut b = Fixture::new();
    let plain = b.done(Op::Create(mail("A: b\r\n\r\nc\r\n", "")));
    let seen = b.done(Op::Create(mail(
        "A: b\r\n\r\n",
        "\\Seen \\Answered $Forwarded",
    )));
    let (plain, seen) = (plain.id.unwrap(), seen.id.unwrap());
    assert!(plain.as_str().ends_with(",S=8,W=11"), "{plain}");
    let expected = [format!("cur/{seen}:2,PRS"), format!("new/{plain}")];
    assert_eq!(b.files(), expected);
    let file = b.path().join(format!("new/{plain}"));
    assert_eq!(fs::read(&file).unwrap(), b"A: b\n\nc\n");
    let meta = fs::metadata(&file).unwrap();
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    assert_eq!(meta.modified().unwrap(), date);
    assert!(!b.path().join("dovecot-keywords").exists());
}

#[test]
fn an_untouched_folder_is_not_looked_through() {
    let mut b = Fixture::new();
    b.put("cur/1.a:2,");
    b.age();
    let page = run(b.source.changes(&b.inbox, None)).unwrap();
    assert_eq!(page.changed.len(), 1);
    // If it were looked through, this would be seen.
    b.put("cur/2.b:2,");
    b.age();
    let stamp = Stamp::take(&b.path()).unwrap();
    let page = run(b.source.changes(&b.inbox, Some(&cursor_of(&stamp)))).unwrap();
    assert_eq!((page.changed.len(), page.coverage), (0, Coverage::Delta));
    b.put("new/3.c");
    let page = run(b.source.changes(&b.inbox, Some(&cursor_of(&stamp)))).unwrap();
    assert_eq!((page.changed.len(), page.coverage), (3, Coverage::Snapshot));
}

#[test]
fn what_changed_just_now_is_looked_through_again() {
    let mut b = Fixture::new();
    b.put("cur/1.a:2,");
    let first = run(b.source.changes(&b.inbox, None)).unwrap();
    b.put("cur/2.b:2,");
    let second = run(b.source.changes(&b.inbox, Some(&first.cursor))).unwrap();
    assert_eq!(second.changed.len(), 2);
    let third = run(b.source.changes(&b.inbox, Some(&second.cursor))).unwrap();
    assert_eq!(third.coverage, Coverage::Snapshot);
}

#[test]
fn a_new_message_stays_new_until_it_has_a_flag() {
    let mut b = Fixture::new();
    b.put("new/1.a");
    let stored = b.done(set("1.a", "", "", "\\Seen"));
    assert_eq!(
        (stored.revision, stored.flags),
        (Some(Revision::new("")), None)
    );
    assert_eq!(b.files(), ["new/1.a"]);
    b.done(set("1.a", "", "\\Seen", ""));
    assert_eq!(b.files(), ["cur/1.a:2,S"]);
    b.done(set("1.a", "\\Seen", "\\Flagged", "\\Seen"));
    b.done(set("1.a", "\\Flagged", "", "\\Flagged"));
    assert_eq!(b.files(), ["cur/1.a:2,"]);
}

#[test]
fn keywords_are_letters_and_those_beyond_26_are_not_held() {
    let mut b = Fixture::new();
    fs::write(b.path().join("dovecot-keywords"), "0 Old\n").unwrap();
    b.put("cur/1.a:2,Sa");
    let listed = b.list().remove(0);
    assert_eq!(listed.flags, Flags::parse("\\Seen old"));
    let many: String = (10..40).map(|i| format!("k{i} ")).collect();
    let stored = b.done(set("1.a", listed.revision.as_str(), &many, "old \\Seen"));
    let held = stored.flags.unwrap();
    assert_eq!(held.keywords.len(), 25);
    let listed = b.list().remove(0);
    assert_eq!(
        (listed.flags, Some(listed.revision)),
        (held, stored.revision)
    );
    assert_eq!(b.files(), ["cur/1.a:2,bcdefghijklmnopqrstuvwxyz"]);
    // Another source reads them from the file.
    let mut other = Maildir::open(b.dir.path(), MaildirOptions::default()).unwrap();
    let page = run(other.changes(&b.inbox, None)).unwrap();
    assert_eq!(page.changed[0].flags.keywords.len(), 25);
}

#[test]
fn a_write_meets_only_what_the_plan_saw() {
    let mut b = Fixture::new();
    for name in ["cur/1.a:2,", "new/2.b", "cur/3.c:2,", "cur/4.d:2,"] {
        b.put(name);
    }
    b.list();
    b.rename("cur/1.a:2,", "cur/1.a:2,F");
    b.rename("new/2.b", "cur/2.b:2,");
    fs::remove_file(b.path().join("cur/3.c:2,")).unwrap();
    assert!(matches!(
        b.apply(set("1.a", "", "\\Seen", "")),
        Outcome::Stale
    ));
    b.list();
    b.rename("cur/1.a:2,F", "cur/1.a:2,R");
    let delete = |id: &str, guard: &str| Op::Delete {
        id: id.into(),
        guard: Revision::new(guard),
    };
    assert!(matches!(
        b.apply(delete("1.a", "\\Flagged")),
        Outcome::Stale
    ));
    // The same flags in another place are the same message.
    b.done(set("2.b", "", "\\Seen", ""));
    assert!(matches!(
        b.apply(set("3.c", "", "\\Seen", "")),
        Outcome::Gone
    ));
    b.done(delete("4.d", ""));
    assert!(matches!(b.apply(delete("4.d", "")), Outcome::Gone));
    assert!(matches!(b.apply(delete("../cur/1.a", "")), Outcome::Gone));
    assert_eq!(b.files(), ["cur/1.a:2,R", "cur/2.b:2,S"]);
}

#[test]
fn a_write_looks_again_before_it_gives_up() {
    let mut b = Fixture::new();
    b.put("cur/1.a:2,");
    b.list();
    // What was kept in mind is out of date, the guard is not.
    b.rename("cur/1.a:2,", "cur/1.a:2,F");
    b.put("cur/2.b:2,");
    b.done(set("1.a", "\\Flagged", "\\Seen", ""));
    b.done(set("2.b", "", "\\Seen", ""));
    assert_eq!(b.files(), ["cur/1.a:2,FS", "cur/2.b:2,S"]);
}

#[test]
fn a_rename_replaces_no_other_file() {
    let mut b = Fixture::new();
    b.put("cur/1.a:2,S");
    b.put("cur/1.a:2,F");
    assert!(matches!(
        b.apply(set("1.a", "\\Seen", "\\Flagged", "\\Seen")),
        Outcome::Refused(_)
    ));
    assert_eq!(b.files().len(), 2);
}

#[test]
fn a_move_speaks_the_letters_of_the_other_folder() {
    let mut b = Fixture::new();
    let archive = run(b.source.create_collection(&folder("Archive/2024"))).unwrap();
    fs::write(b.path().join("dovecot-keywords"), "4 Work\n").unwrap();
    let body = "A: b\nbare\r\n";
    let id = b.done(Op::Create(mail(body, "\\Seen Work"))).id.unwrap();
    let target = resolve(b.dir.path(), &archive.id).unwrap();
    fs::write(target.join("dovecot-keywords"), "0 Other\n").unwrap();
    let stored = b.done(Op::Move {
        id: id.clone(),
        guard: Revision::new("\\Seen Work"),
        to: archive.id.clone(),
    });
    let moved = stored.id.unwrap();
    assert_ne!(moved, id);
    assert!(target.join(format!("cur/{moved}:2,Sb")).is_file());
    assert_eq!(b.files(), [""; 0]);
    let fetched = b
        .source
        .fetch(&archive.id, std::slice::from_ref(&moved), Depth::Full);
    let item = run(fetched.collect::<Vec<_>>()).remove(0).unwrap();
    assert_eq!(item.body.unwrap().read(99).unwrap(), body);
    assert_eq!(item.flags, Flags::parse("\\Seen Work"));
    assert_eq!(item.date, Some(Timestamp::utc(1_000_000_000)));
}

#[test]
fn a_message_that_cannot_be_read_concerns_no_other() {
    let mut b = Fixture::new();
    for name in ["cur/1.a:2,", "cur/3.c:2,"] {
        b.put(name);
    }
    std::os::unix::fs::symlink("nowhere", b.path().join("cur/2.b:2,")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        b.path().join("cur/4.d:2,"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let ids: Vec<ItemId> = b.list().into_iter().map(|item| item.id).collect();
    assert_eq!(ids.len(), 4);
    for depth in [Depth::Identity, Depth::Full] {
        let items = b.fetch(&ids, depth);
        let bad: Vec<&ItemId> = items
            .iter()
            .filter_map(|item| item.as_ref().err()?.item())
            .collect();
        assert_eq!(bad, [&ids[1], &ids[3]]);
        assert_eq!(items.len(), 4);
    }
}

#[test]
fn a_wrong_size_in_a_name_is_not_believed() {
    let mut b = Fixture::new();
    let long = "x\n".repeat(50_000);
    for base in ["1.a,S=3,W=4", "2.b", "3.c,S=100000,W=150000"] {
        fs::write(b.path().join(format!("cur/{base}:2,")), &long).unwrap();
        let item = b.fetch(&[base.into()], Depth::Identity).remove(0).unwrap();
        assert_eq!(item.size, Some(150_000));
        let full = b.fetch(&[base.into()], Depth::Full).remove(0).unwrap();
        assert_eq!(full.identity, item.identity);
    }
}

#[test]
fn pages_belong_to_one_listing() {
    let mut b = Fixture::with(MaildirOptions {
        page_items: 2,
        ..MaildirOptions::default()
    });
    for i in 0..5 {
        b.put(&format!("cur/{i}.a:2,"));
    }
    let first = run(b.source.changes(&b.inbox, None)).unwrap();
    assert!(first.more);
    let second = run(b.source.changes(&b.inbox, Some(&first.cursor))).unwrap();
    let again = run(b.source.changes(&b.inbox, Some(&first.cursor)));
    assert!(again.unwrap_err().is_cursor_lost());
    let third = run(b.source.changes(&b.inbox, Some(&second.cursor)));
    assert!(third.unwrap_err().is_cursor_lost());
    let mut other = Maildir::open(b.dir.path(), MaildirOptions::default()).unwrap();
    let foreign = run(other.changes(&b.inbox, Some(&first.cursor)));
    assert!(foreign.unwrap_err().is_cursor_lost());
}

#[test]
fn a_missing_path_is_empty_until_a_folder_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("deep/mail");
    let mut source = Maildir::open(&root, MaildirOptions::default()).unwrap();
    assert_eq!(run(source.collections()).unwrap(), []);
    let error = run(source.changes(&"INBOX".into(), None)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!root.exists());
    let made = run(source.create_collection(&folder("INBOX"))).unwrap();
    let again = run(source.create_collection(&folder("inbox"))).unwrap();
    assert_eq!(made, again);
    assert!(root.join("INBOX/cur").is_dir());
}

#[test]
fn watch_returns_when_something_arrives() {
    let mut b = Fixture::with(MaildirOptions {
        poll: Duration::from_millis(2),
        ..MaildirOptions::default()
    });
    b.list();
    let all = [b.inbox.clone()];
    assert_eq!(
        run(b.source.watch(&all, Duration::from_millis(5))).unwrap(),
        []
    );
    b.put("new/1.a");
    let woken = run(b.source.watch(&all, Duration::from_secs(3600))).unwrap();
    assert_eq!(woken, all);
}

#[test]
fn a_batch_that_fails_leaves_nothing_behind() {
    let mut b = Fixture::new();
    fs::remove_dir(b.path().join("tmp")).unwrap();
    fs::write(b.path().join("tmp"), "in the way").unwrap();
    let batch = vec![Mutation {
        key: 0,
        op: Op::Create(mail("A: b\r\n\r\n", "")),
    }];
    let error = run(b.source.apply(&b.inbox, None, batch)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
    fs::remove_file(b.path().join("tmp")).unwrap();
    b.done(Op::Create(mail("A: b\r\n\r\n", "")));
    assert_eq!(b.files().len(), 1);
}
