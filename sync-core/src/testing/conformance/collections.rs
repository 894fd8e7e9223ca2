//! Cases about collections.

use std::collections::BTreeSet;

use super::world::World;
use super::{CaseResult, Harness, Verdict, ensure, same};
use crate::model::{CollectionPath, CollectionProperties, KindSet, NewCollection};
use crate::source::Op;

const NONE: &str = "collections cannot be created";

fn new(path: CollectionPath, w: &World<'_>) -> NewCollection {
    NewCollection {
        path,
        kinds: KindSet::of(w.kind()),
        role: None,
        properties: CollectionProperties::default(),
    }
}

pub(super) async fn a_created_collection_is_found(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a created collection is found").await?;
    for party in [&mut w.us, &mut w.them] {
        let all = party.0.collections().await?;
        let ids: BTreeSet<_> = all.iter().map(|c| &c.id).collect();
        same!(ids.len(), all.len(), "different ids of all collections");
        let Some(found) = all.iter().find(|c| c.id == w.c) else {
            ensure!(false, "{} is not among {all:?}", w.c);
            continue;
        };
        ensure!(
            found.kinds.contains(w.profile.kind),
            "{} says that it cannot hold a {}",
            w.c,
            w.profile.kind
        );
        ensure!(!found.read_only, "{} says that it is read-only", w.c);
    }
    Ok(Verdict::Passed)
}

pub(super) async fn creating_what_is_there_is_no_error(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "creating what is there is no error").await?;
    if !w.capabilities().creates_collections {
        return Ok(Verdict::Skipped(NONE));
    }
    let path = CollectionPath::new(["made twice"]);
    let made = w.us.0.create_collection(&new(path.clone(), &w)).await?;
    same!(made.path, path, "path of what was made");
    w.us.create(&made.id, w.item(1)).await?;
    let again = w.us.0.create_collection(&new(path.clone(), &w)).await?;
    same!(again.id, made.id, "id of what was there");
    let other = w.them.0.create_collection(&new(path, &w)).await?;
    same!(other.id, made.id, "id of what another source had made");
    same!(w.us.know(&made.id).await?.items.len(), 1, "items left");
    Ok(Verdict::Passed)
}

pub(super) async fn collections_do_not_mix(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "collections do not mix").await?;
    let other = w.another().await?;
    let here = w.fill(2).await?;
    let there = w.them.create(&other, w.item(9)).await?;
    same!(w.us.know(&w.c).await?.items.len(), 2, "items here");
    let items = w.us.know(&other).await?.items;
    same!(
        items.into_keys().collect::<Vec<_>>(),
        [there],
        "items there"
    );
    let first =
        w.us.listed(&w.c, here.first().unwrap_or(&"".into()))
            .await?;
    let (id, guard) = (first.id, first.revision);
    w.us.done(&w.c, Op::Delete { id, guard }).await?;
    same!(w.us.know(&other).await?.items.len(), 1, "items left there");
    Ok(Verdict::Passed)
}

pub(super) async fn special_names_come_back(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "special names come back").await?;
    if !w.capabilities().creates_collections {
        return Ok(Verdict::Skipped(NONE));
    }
    let long = "n".repeat(200);
    let names = [
        "test @ foo ät bar град сатану",
        "100%",
        "%2e%2E%0a",
        "a & b",
        "&-",
        "&AOQ-",
        "\"quoted\"",
        "back\\slash",
        "\\2e",
        "a.b",
        "..",
        ".hidden",
        " blank ",
        "star*",
        "question?",
        "tilde~",
        "(list) {3}",
        "日本語 \u{1f600}",
        "שלום",
        "cur",
        "Inbox2",
        long.as_str(),
    ];
    let bad = w.profile.bad_names;
    let mut made = Vec::new();
    for (n, name) in names.into_iter().enumerate() {
        if bad.contains(&name) {
            continue;
        }
        let path = CollectionPath::new([name]);
        let one = match w.us.0.create_collection(&new(path.clone(), &w)).await {
            Ok(one) => one,
            Err(error) => {
                ensure!(false, "{name:?} cannot be created: {error:?}");
                continue;
            }
        };
        same!(one.path, path, "path of what was made");
        w.us.create(&one.id, w.item(n)).await?;
        made.push(one);
    }
    let all = w.them.0.collections().await?;
    for one in &made {
        let found = all.iter().filter(|c| c.path == one.path);
        let ids: Vec<_> = found.map(|c| &c.id).collect();
        same!(ids, [&one.id], "collections named {:?}", one.path);
        let items = w.them.know(&one.id).await?.items.len();
        same!(items, 1, "items in {:?}", one.path);
    }
    Ok(Verdict::Passed)
}

pub(super) async fn a_collection_stands_in_another(h: &mut dyn Harness) -> CaseResult {
    let mut w = World::new(h, "a collection stands in another").await?;
    if !w.capabilities().creates_collections || !w.profile.nested {
        return Ok(Verdict::Skipped("collections do not stand in others"));
    }
    let path = CollectionPath::new(["outer", "middle", "inner ö"]);
    let made = w.us.0.create_collection(&new(path.clone(), &w)).await?;
    same!(made.path, path, "path of what was made");
    let outer = CollectionPath::new(["outer"]);
    let outer = w.us.0.create_collection(&new(outer, &w)).await?;
    ensure!(outer.id != made.id, "outer and inner have one id");
    w.us.create(&made.id, w.item(1)).await?;
    same!(w.us.know(&outer.id).await?.items.len(), 0, "items in outer");
    let all = w.them.0.collections().await?;
    let found = all.iter().find(|c| c.path == path);
    same!(found.map(|c| &c.id), Some(&made.id), "id of the inner one");
    Ok(Verdict::Passed)
}
