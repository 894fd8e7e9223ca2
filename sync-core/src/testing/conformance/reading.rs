//! Cases about listings and fetches.

use std::collections::BTreeSet;

use super::world::World;
use super::{CaseResult, Harness, Verdict, ensure, same};
use crate::model::{Digest, ItemId, ItemKind};
use crate::source::{Depth, Op};

pub(super) async fn a_new_collection_is_empty(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a new collection is empty").await?;
    let known = w.us.know(&w.c).await?;
    same!(known.items.len(), 0, "items of a new collection");
    let again = w.us.list(&w.c, known.cursor.as_ref()).await?;
    ensure!(again.changed.is_empty(), "there is something: {again:?}");
    Ok(Verdict::Passed)
}

pub(super) async fn listing_and_fetch_agree(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "listing and fetch agree").await?;
    let ids: BTreeSet<ItemId> = w.fill(5).await?.into_iter().collect();
    let listing = w.us.list(&w.c, None).await?;
    let listed: BTreeSet<ItemId> = listing.changed.keys().cloned().collect();
    same!(listed, ids, "listed ids");
    let wanted: Vec<ItemId> = ids.iter().cloned().collect();
    for depth in [Depth::Identity, Depth::Full] {
        let items = w.us.fetch(&w.c, &wanted, depth).await?;
        let fetched: BTreeSet<ItemId> = items.iter().map(|item| item.id.clone()).collect();
        same!((items.len(), fetched), (5, ids.clone()), "ids at {depth:?}");
        for item in items {
            let Some(told) = listing.changed.get(&item.id) else {
                continue;
            };
            let id = &item.id;
            same!(item.kind, told.kind, "kind of {id} at {depth:?}");
            same!(
                item.revision,
                told.revision,
                "revision of {id} at {depth:?}"
            );
            same!(item.flags, told.flags, "flags of {id} at {depth:?}");
            if let (ItemKind::Message, Some(size)) = (item.kind, told.size) {
                same!(item.size, Some(size), "size of {id} at {depth:?}");
            }
            let body = item.body.as_ref();
            ensure!(depth != Depth::Full || body.is_some(), "{id} has no body");
            if let Some(body) = body {
                same!(item.size, Some(body.len()), "size of the body of {id}");
            }
        }
    }
    Ok(Verdict::Passed)
}

pub(super) async fn an_identity_recognises(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "an identity recognises").await?;
    for n in 0..3 {
        let new = w.item(n);
        let id = w.them.create(&w.c, new.clone()).await?;
        let mut items = w.us.fetch(&w.c, &[id], Depth::Identity).await?;
        let Some(item) = items.pop() else {
            ensure!(false, "the item is not there");
            continue;
        };
        if w.kind() == ItemKind::Message {
            let digest = Digest::of_body(&new.body)?;
            same!(item.identity.digest, Some(digest), "digest");
            same!(item.size, Some(new.body.len()), "size");
        } else {
            let uid = item.identity.uid.as_ref();
            if w.keeps_uids() {
                same!(uid, new.identity.uid.as_ref(), "UID");
            }
            ensure!(uid.is_some(), "the item has no UID");
            w.same_content(&new, &item)?;
        }
    }
    Ok(Verdict::Passed)
}

pub(super) async fn an_empty_fetch_gives_nothing(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "an empty fetch gives nothing").await?;
    w.fill(1).await?;
    let items = w.us.fetch(&w.c, &[], Depth::Full).await?;
    same!(items.len(), 0, "items for no id");
    Ok(Verdict::Passed)
}

pub(super) async fn unknown_ids_are_left_out(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "unknown ids are left out").await?;
    let ids = w.fill(3).await?;
    let [first, second, third] = ids.as_slice() else {
        return Ok(Verdict::Skipped("there are not three items"));
    };
    let guard = w.them.listed(&w.c, second).await?.revision;
    let id = second.clone();
    w.them.done(&w.c, Op::Delete { id, guard }).await?;
    let nonsense = ItemId::from("an id that was never given");
    let wanted = [first.clone(), second.clone(), nonsense, third.clone()];
    for depth in [Depth::Identity, Depth::Full] {
        let items = w.us.fetch(&w.c, &wanted, depth).await?;
        let got: BTreeSet<&ItemId> = items.iter().map(|item| &item.id).collect();
        same!(got, BTreeSet::from([first, third]), "ids at {depth:?}");
    }
    Ok(Verdict::Passed)
}

pub(super) async fn an_id_asked_twice_is_given_once(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "an id asked twice is given once").await?;
    let ids = w.fill(2).await?;
    let twice: Vec<ItemId> = ids.iter().chain(&ids).cloned().collect();
    let items = w.us.fetch(&w.c, &twice, Depth::Full).await?;
    same!(items.len(), 2, "items for two ids, each asked for twice");
    Ok(Verdict::Passed)
}

pub(super) async fn a_missing_collection_is_an_error(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a missing collection is an error").await?;
    let nowhere = "no such collection".into();
    match w.us.try_list(&nowhere, None).await? {
        Ok(listing) => ensure!(false, "it is listed: {listing:?}"),
        Err(error) => ensure!(
            !error.is_fatal() && !error.is_cursor_lost(),
            "this error stops more than the one collection: {error:?}"
        ),
    }
    let apply = w.us.apply(&nowhere, Op::Create(w.item(0))).await;
    ensure!(
        !matches!(apply, Ok(crate::source::Outcome::Done(_))),
        "an item was created there"
    );
    // The source serves on.
    w.us.list(&w.c, None).await?;
    Ok(Verdict::Passed)
}

pub(super) async fn two_sources_see_the_same(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "two sources see the same").await?;
    w.fill(4).await?;
    let (ours, theirs) = (w.us.know(&w.c).await?, w.them.know(&w.c).await?);
    same!(ours.items, theirs.items, "ids and revisions");
    Ok(Verdict::Passed)
}
