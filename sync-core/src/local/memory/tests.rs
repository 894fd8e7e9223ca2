#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use futures_util::TryStreamExt as _;

use super::*;
use crate::model::{Flags, Identity, ItemKind, KindSet, NewItem};
use crate::source::{Absence, Coverage, Op, Stored};

fn run<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap().block_on(work)
}

fn mail(n: usize, flags: &str) -> NewItem {
    NewItem {
        kind: ItemKind::Message,
        flags: Flags::parse(flags),
        date: None,
        identity: Identity::default(),
        body: format!("Message-ID: <{n}@example.org>\r\n\r\nmail {n}\r\n")
            .as_str()
            .into(),
    }
}

fn event(uid: &str) -> NewItem {
    NewItem {
        kind: ItemKind::Event,
        body: format!("BEGIN:VEVENT\r\nUID:{uid}\r\nX-ROOM:12\r\nEND:VEVENT\r\n")
            .as_str()
            .into(),
        ..mail(0, "")
    }
}

fn mutation(op: Op) -> Mutation {
    Mutation { key: 0, op }
}

/// Ids by how all pages of one listing told them.
#[derive(Debug, Default, PartialEq)]
struct Told {
    changed: BTreeSet<ItemId>,
    present: BTreeSet<ItemId>,
    vanished: BTreeSet<ItemId>,
    released: BTreeSet<ItemId>,
    pages: usize,
    snapshot: bool,
}

async fn listed(source: &mut Memory, c: &CollectionId, since: Option<&Cursor>) -> (Told, Cursor) {
    let mut told = Told::default();
    let mut cursor = since.cloned();
    loop {
        let page = source.changes(c, cursor.as_ref()).await.unwrap();
        told.changed.extend(page.changed.into_iter().map(|i| i.id));
        told.present.extend(page.present);
        told.vanished.extend(page.vanished);
        told.released.extend(page.released);
        told.pages += 1;
        told.snapshot = page.coverage == Coverage::Snapshot;
        if !page.more {
            return (told, page.cursor);
        }
        cursor = Some(page.cursor);
    }
}

fn filled(options: MemoryOptions) -> (MemoryStore, CollectionId, Vec<ItemId>) {
    let store = MemoryStore::new(options);
    let inbox = store.add_collection("INBOX", KindSet::MAIL.with(ItemKind::Event));
    let ids = (0..7).map(|n| store.add(&inbox, &mail(n, "")).unwrap());
    let ids = ids.collect();
    (store, inbox, ids)
}

fn paged(listing: Listing) -> MemoryOptions {
    MemoryOptions {
        listing,
        page_items: 3,
        ..MemoryOptions::default()
    }
}

#[test]
fn each_way_of_listing_tells_the_same_difference() {
    for listing in [Listing::Snapshot, Listing::Presence, Listing::Delta] {
        let (store, inbox, ids) = filled(paged(listing));
        let mut source = store.source();
        let (first, cursor) = run(listed(&mut source, &inbox, None));
        assert_eq!((first.changed.len(), first.pages), (7, 3));
        assert!(first.snapshot);
        let flags = Flags::parse("\\Seen");
        store.set_flags(&inbox, &ids[1], &flags).unwrap();
        store.delete(&inbox, &ids[2]).unwrap();
        let new = store.add(&inbox, &mail(8, "")).unwrap();
        let (told, after) = run(listed(&mut source, &inbox, Some(&cursor)));
        let hot = BTreeSet::from([ids[1].clone(), new]);
        assert!(told.changed.is_superset(&hot), "{listing:?} {told:?}");
        assert_eq!(told.snapshot, listing != Listing::Delta);
        match listing {
            Listing::Snapshot => assert_eq!(told.changed.len(), 7),
            Listing::Presence => assert_eq!((told.changed, told.present.len()), (hot, 5)),
            Listing::Delta => {
                assert_eq!(told.changed, hot);
                assert_eq!(told.vanished, BTreeSet::from([ids[2].clone()]));
            }
        }
        let (again, _) = run(listed(&mut source, &inbox, Some(&after)));
        assert_eq!(again.changed.is_empty(), listing != Listing::Snapshot);
    }
}

#[test]
fn an_edit_between_two_pages_is_told_by_this_listing_or_the_next() {
    for listing in [Listing::Presence, Listing::Delta] {
        let (store, inbox, ids) = filled(paged(listing));
        let mut source = store.source();
        let first = run(source.changes(&inbox, None)).unwrap();
        store.delete(&inbox, &ids[0]).unwrap();
        let (_, cursor) = run(listed(&mut source, &inbox, Some(&first.cursor)));
        let (next, _) = run(listed(&mut source, &inbox, Some(&cursor)));
        assert!(!next.changed.contains(&ids[0]) && !next.present.contains(&ids[0]));
        assert!(next.snapshot || next.vanished.contains(&ids[0]));
    }
}

#[test]
fn an_idle_collection_is_answered_by_an_empty_delta_if_so_ordered() {
    let mut options = paged(Listing::Snapshot);
    options.notices_idle = true;
    let (store, inbox, _) = filled(options);
    let mut source = store.source();
    let (_, cursor) = run(listed(&mut source, &inbox, None));
    let page = run(source.changes(&inbox, Some(&cursor))).unwrap();
    assert_eq!((page.coverage, page.changed.len()), (Coverage::Delta, 0));
}

#[test]
fn lost_cursors_are_said_and_ids_may_change() {
    for (kind, kept) in [(Ids::Kept, true), (Ids::Renewed, false)] {
        let (store, inbox, ids) = filled(MemoryOptions::default());
        let mut source = store.source();
        let (_, cursor) = run(listed(&mut source, &inbox, None));
        store.lose_cursors(kind);
        let error = run(source.changes(&inbox, Some(&cursor))).unwrap_err();
        assert!(error.is_cursor_lost());
        let (told, _) = run(listed(&mut source, &inbox, None));
        assert_eq!(told.changed.contains(&ids[0]), kept);
        let guard = store.list(&inbox)[0].revision.clone();
        let delete = Op::Delete {
            id: ids[0].clone(),
            guard,
        };
        let answer = run(source.apply(&inbox, None, vec![mutation(delete)]));
        assert_eq!(answer.is_ok(), kept);
        assert_eq!(store.list(&inbox).len(), if kept { 6 } else { 7 });
    }
}

fn done(outcome: &Outcome) -> &Stored {
    match outcome {
        Outcome::Done(stored) => stored,
        other => panic!("{other:?}"),
    }
}

#[test]
fn guards_hold() {
    let (store, inbox, ids) = filled(MemoryOptions::default());
    let mut source = store.source();
    let old = store.list(&inbox)[0].revision.clone();
    store
        .set_flags(&inbox, &ids[0], &Flags::parse("\\Flagged"))
        .unwrap();
    store.delete(&inbox, &ids[1]).unwrap();
    let set = |id: &ItemId| {
        mutation(Op::SetFlags {
            id: id.clone(),
            guard: old.clone(),
            add: Flags::parse("\\Seen $a"),
            remove: Flags::parse("\\Flagged"),
        })
    };
    let batch = ids.iter().take(3).map(set).collect();
    let applied = run(source.apply(&inbox, None, batch)).unwrap();
    assert!(matches!(applied.outcomes[0], Outcome::Stale));
    assert!(matches!(applied.outcomes[1], Outcome::Gone));
    let stored = done(&applied.outcomes[2]);
    let now = store.get(&inbox, &ids[2]).unwrap();
    assert_eq!(stored.revision, Some(now.revision));
    assert_eq!(now.flags, Flags::parse("$a \\Seen"));
    assert_eq!(
        store.get(&inbox, &ids[0]).unwrap().flags,
        Flags::parse("\\Flagged")
    );
    let counters = store.counters(&inbox);
    assert_eq!(
        (counters.flags, counters.writes(), counters.done),
        (3, 3, 1)
    );
}

#[test]
fn a_poor_server_rewrites_drops_and_says_so() {
    let (store, inbox, _) = filled(MemoryOptions {
        flags_filter: Some(Arc::new(|flags: &Flags| Flags::of(flags.system))),
        rewrite: Some(Arc::new(|_, content| {
            let text = String::from_utf8_lossy(content);
            let kept = text.lines().filter(|line| !line.starts_with("X-"));
            kept.flat_map(|line| [line, "\r\n"])
                .collect::<String>()
                .into()
        })),
        returns_ids: false,
        ..MemoryOptions::default()
    });
    let mut source = store.source();
    assert!(source.capabilities().rewrites);
    let batch = vec![
        mutation(Op::Create(mail(9, "\\Seen $Work"))),
        mutation(Op::Create(event("e1"))),
    ];
    let applied = run(source.apply(&inbox, None, batch)).unwrap();
    let stored = done(&applied.outcomes[0]);
    assert_eq!(stored.id, None);
    assert_eq!(stored.flags, Some(Flags::parse("\\Seen")));
    let held = store.list(&inbox).pop().unwrap();
    assert_eq!(
        held.content.as_ref(),
        b"BEGIN:VEVENT\r\nUID:e1\r\nEND:VEVENT\r\n"
    );
}

#[test]
fn refusals_and_read_only_collections_concern_one_mutation() {
    let (store, inbox, ids) = filled(MemoryOptions::default());
    let mut source = store.source();
    store.refuse(Some(Arc::new(|attempt: &Attempt<'_>| {
        let bad = matches!(attempt.op, Op::Create(_));
        bad.then(|| "too ugly".to_owned())
    })));
    let guard = store.list(&inbox)[0].revision.clone();
    let id = ids[0].clone();
    let batch = vec![
        mutation(Op::Create(mail(9, ""))),
        mutation(Op::Delete { id, guard }),
    ];
    let applied = run(source.apply(&inbox, None, batch.clone())).unwrap();
    assert!(matches!(&applied.outcomes[0], Outcome::Refused(e) if e.message() == "too ugly"));
    done(&applied.outcomes[1]);
    store
        .edit_collection(&inbox, |c| c.read_only = true)
        .unwrap();
    let applied = run(source.apply(&inbox, None, batch)).unwrap();
    assert!(matches!(&applied.outcomes[0], Outcome::Refused(e) if e.kind() == ErrorKind::ReadOnly));
    assert_eq!(store.list(&inbox).len(), 6);
}

#[test]
fn faults_strike_where_they_are_ordered() {
    let creates = || (0..3).map(|n| mutation(Op::Create(mail(n, "")))).collect();
    for (when, held) in [
        (When::Before, 0),
        (When::Within(1), 1),
        (When::Within(9), 3),
        (When::After, 3),
    ] {
        let store = MemoryStore::default();
        let c = store.add_collection("a", KindSet::MAIL);
        store.set_faults(FaultPlan::once(1, when));
        let error = run(store.source().apply(&c, None, creates())).unwrap_err();
        assert!(error.is_retryable());
        assert_eq!(store.list(&c).len(), held, "{when:?}");
        run(store.source().apply(&c, None, creates())).unwrap();
    }
    for (when, held) in [(When::UnknownDone(1), 3), (When::UnknownNotDone(1), 2)] {
        let store = MemoryStore::default();
        let c = store.add_collection("a", KindSet::MAIL);
        store.set_faults(FaultPlan::once(1, when));
        let applied = run(store.source().apply(&c, None, creates())).unwrap();
        assert!(matches!(applied.outcomes[1], Outcome::Unknown(_)));
        done(&applied.outcomes[2]);
        assert_eq!(store.list(&c).len(), held, "{when:?}");
    }
}

#[test]
fn a_fault_in_a_fetch_ends_the_stream() {
    let (store, inbox, ids) = filled(MemoryOptions::default());
    store.set_faults(FaultPlan::once(1, When::Within(2)));
    let mut source = store.source();
    let items: Vec<_> = run(source.fetch(&inbox, &ids, Depth::Full).collect());
    assert_eq!(items.len(), 3);
    assert!(items[..2].iter().all(Result::is_ok));
    assert!(items[2].as_ref().unwrap_err().is_retryable());
    assert_eq!(store.counters(&inbox).bodies, 2);
}

#[test]
fn an_unreachable_store_stays_so() {
    let (store, inbox, _) = filled(MemoryOptions::default());
    store.set_faults(FaultPlan {
        down_from: Some(2),
        ..FaultPlan::default()
    });
    let mut source = store.source();
    assert!(run(source.collections()).is_ok());
    assert!(run(source.changes(&inbox, None)).is_err());
    assert!(run(source.collections()).is_err());
    assert_eq!(store.requests(), 3);
}

#[test]
fn the_hook_edits_between_two_mutations() {
    let (store, inbox, ids) = filled(MemoryOptions::default());
    let target = (inbox.clone(), ids[1].clone());
    store.set_hook(Some(Arc::new(move |store, request| {
        if request.step == Some(1) {
            store.delete(&target.0, &target.1).unwrap();
        }
    })));
    let guard = store.list(&inbox)[0].revision.clone();
    let deletes = ids.iter().take(2).map(|id| {
        mutation(Op::Delete {
            id: id.clone(),
            guard: guard.clone(),
        })
    });
    let applied = run(store.source().apply(&inbox, None, deletes.collect())).unwrap();
    done(&applied.outcomes[0]);
    assert!(matches!(applied.outcomes[1], Outcome::Gone));
}

#[test]
fn a_write_moves_the_cursor_unless_somebody_else_wrote() {
    let (store, inbox, _) = filled(MemoryOptions {
        writes_move_cursor: true,
        ..MemoryOptions::default()
    });
    let mut source = store.source();
    let (_, cursor) = run(listed(&mut source, &inbox, None));
    let create = vec![mutation(Op::Create(mail(9, "")))];
    let applied = run(source.apply(&inbox, Some(&cursor), create.clone())).unwrap();
    let after = applied.cursor.unwrap();
    let (told, _) = run(listed(&mut source, &inbox, Some(&after)));
    assert_eq!(told.changed.len(), 0);
    store.add(&inbox, &mail(10, "")).unwrap();
    let applied = run(source.apply(&inbox, Some(&after), create)).unwrap();
    assert_eq!(applied.cursor, None);
}

#[test]
fn a_move_keeps_everything_but_the_id() {
    let (store, inbox, ids) = filled(MemoryOptions {
        object_ids: true,
        ..MemoryOptions::default()
    });
    let archive = store.add_collection("Archive", KindSet::MAIL);
    let mut source = store.source();
    let before = store.get(&inbox, &ids[3]).unwrap();
    let (_, cursor) = run(listed(&mut source, &inbox, None));
    let op = Op::Move {
        id: ids[3].clone(),
        guard: before.revision,
        to: archive.clone(),
    };
    let applied = run(source.apply(&inbox, None, vec![mutation(op)])).unwrap();
    let id = done(&applied.outcomes[0]).id.clone().unwrap();
    let moved = store.get(&archive, &id).unwrap();
    assert_eq!((moved.content, moved.date), (before.content, before.date));
    let (told, _) = run(listed(&mut source, &inbox, Some(&cursor)));
    assert_eq!(told.vanished, BTreeSet::from([ids[3].clone()]));
    let fetched = source.fetch(&archive, std::slice::from_ref(&id), Depth::Identity);
    let items: Vec<Item> = run(fetched.try_collect()).unwrap();
    assert_eq!(items[0].identity.object_id.as_deref(), Some("4"));
    assert_eq!(
        items[0].identity.message_id.as_deref(),
        Some("3@example.org")
    );
    assert!(items[0].identity.digest.is_some() && items[0].body.is_none());
}

#[test]
fn damaged_items_are_told_apart() {
    let (store, inbox, ids) = filled(MemoryOptions::default());
    let mut source = store.source();
    store
        .set_broken(&inbox, &ids[0], Some(Broken::Listing))
        .unwrap();
    store
        .set_broken(&inbox, &ids[1], Some(Broken::Fetch))
        .unwrap();
    let page = run(source.changes(&inbox, None)).unwrap();
    assert_eq!((page.changed.len(), page.unreadable.len()), (6, 1));
    assert_eq!(page.unreadable[0].item(), Some(&ids[0]));
    let items: Vec<_> = run(source.fetch(&inbox, &ids, Depth::Full).collect());
    let bad = items.iter().filter_map(|item| item.as_ref().err());
    let bad: Vec<_> = bad.map(|error| error.item().unwrap()).collect();
    assert_eq!((bad, items.len()), (vec![&ids[0], &ids[1]], 7));
}

#[test]
fn a_uid_is_unique_where_so_ordered() {
    let store = MemoryStore::new(MemoryOptions {
        unique_uids: true,
        absence: Absence::Nothing,
        ..MemoryOptions::default()
    });
    let c = store.add_collection("Calendar", KindSet::CALENDAR);
    let batch = vec![
        mutation(Op::Create(event("a"))),
        mutation(Op::Create(event("a"))),
    ];
    let mut source = store.source();
    assert_eq!(source.capabilities().absence, Absence::Nothing);
    let applied = run(source.apply(&c, None, batch)).unwrap();
    done(&applied.outcomes[0]);
    assert!(matches!(applied.outcomes[1], Outcome::Refused(_)));
}

#[test]
fn watch_returns_when_somebody_writes() {
    let (store, inbox, _) = filled(MemoryOptions::default());
    let mut source = store.source();
    run(async {
        let all = [inbox.clone()];
        let idle = source.watch(&all, Duration::from_millis(5)).await.unwrap();
        assert_eq!(idle, []);
        let wait = source.watch(&all, Duration::from_secs(3600));
        let edit = async {
            tokio::task::yield_now().await;
            store.add(&inbox, &mail(9, "")).unwrap();
        };
        let (woken, ()) = tokio::join!(wait, edit);
        assert_eq!(woken.unwrap(), all);
    });
}

#[test]
fn a_namesake_of_a_removed_collection_reuses_no_id() {
    let (store, inbox, ids) = filled(MemoryOptions::default());
    store.remove_collection(&inbox).unwrap();
    assert!(run(store.source().changes(&inbox, None)).is_err());
    store.add_collection("INBOX", KindSet::MAIL);
    let id = store.add(&inbox, &mail(1, "")).unwrap();
    assert!(!ids.contains(&id));
}
