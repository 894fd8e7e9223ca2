//! FolderSync, FolderCreate, FolderUpdate and FolderDelete ([MS-ASCMD] sections 2.2.1.3 to 2.2.1.6).

use std::collections::BTreeMap;

use super::account::{Account, Place};
use super::call::{Answer, Call, in_order};
use super::element::Element;
use super::keys::Keys;
use super::profile::Quirk;
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::FolderHierarchy as F;

const NAME_EXISTS: u16 = 2;
const SYSTEM: u16 = 3;
const NOT_FOUND: u16 = 4;
const NO_PARENT: u16 = 5;
const BAD_KEY: u16 = 9;
const MALFORMED: u16 = 10;

fn status(tag: Tag, code: u16) -> Answer {
    Answer::Tree(Element::new(
        tag,
        [Element::text(F::Status, code.to_string())],
    ))
}

/// What changed since a key.
pub(super) fn sync(call: &Call<'_>, account: &mut Account) -> Answer {
    let key = call
        .root(F::FolderSync)
        .and_then(|root| root.find(F::SyncKey));
    let Some(key) = key else {
        return status(F::FolderSync, MALFORMED);
    };
    let now = account.places();
    let number = account.number();
    let forever = call.profile.has(Quirk::KeepsOldKeys);
    let device = account.device(call.device());
    let before = match key.as_str() {
        "0" => {
            device.folders = None;
            if call.profile.has(Quirk::BeginsAnew) {
                device.synced.clear();
            }
            BTreeMap::new()
        }
        key => match device
            .folders
            .as_mut()
            .and_then(|keys| keys.take(key).cloned())
        {
            Some(before) => before,
            None => return status(F::FolderSync, BAD_KEY),
        },
    };
    let key = match &mut device.folders {
        None => device
            .folders
            .insert(Keys::new(number, now.clone(), forever))
            .key(),
        Some(keys) if before == now => keys.key(),
        Some(keys) => keys.advance(now.clone()),
    };
    let changes = differences(&before, &now);
    let count = Element::text(F::Count, changes.len().to_string());
    let changes = std::iter::once(count).chain(changes);
    Answer::Tree(Element::new(
        F::FolderSync,
        [
            Element::text(F::Status, "1"),
            Element::text(F::SyncKey, key),
            Element::new(F::Changes, changes),
        ],
    ))
}

/// Updates, deletions, additions: the order of the schema.
fn differences(before: &BTreeMap<String, Place>, now: &BTreeMap<String, Place>) -> Vec<Element> {
    let shown = |tag: Tag, id: &str, place: &Place| {
        Element::new(
            tag,
            [
                Element::text(F::ServerId, id),
                Element::text(F::ParentId, &place.parent),
                Element::text(F::DisplayName, &place.name),
                Element::text(F::Type, place.folder_type.to_string()),
            ],
        )
    };
    let mut all = Vec::new();
    for (id, place) in now {
        if before.get(id).is_some_and(|old| old != place) {
            all.push(shown(F::Update, id, place));
        }
    }
    for id in before.keys().filter(|id| !now.contains_key(*id)) {
        all.push(Element::new(F::Delete, [Element::text(F::ServerId, id)]));
    }
    for (id, place) in now {
        if !before.contains_key(id) {
            all.push(shown(F::Add, id, place));
        }
    }
    all
}

/// What is asked for, by the names of the schema.
struct Asked {
    key: String,
    id: String,
    parent: String,
    name: String,
    folder_type: u8,
}

impl Asked {
    fn read(call: &Call<'_>, tag: Tag, order: &[Tag]) -> Option<Self> {
        let root = call.root(tag)?;
        let all = order.iter().all(|tag| root.child(*tag).is_some());
        (all && in_order(root, order)).then(|| Self {
            key: root.find(F::SyncKey).unwrap_or_default(),
            id: root.find(F::ServerId).unwrap_or_default(),
            parent: root.find(F::ParentId).unwrap_or_default(),
            name: root.find(F::DisplayName).unwrap_or_default(),
            folder_type: root.number(F::Type).unwrap_or(0),
        })
    }
}

/// Whether the key is the last one, or the one before it.
fn has_key(call: &Call<'_>, account: &mut Account, key: &str) -> bool {
    let folders = &mut account.device(call.device()).folders;
    folders
        .as_mut()
        .is_some_and(|keys| keys.take(key).is_some())
}

/// The next key, with which the device knows what it just changed.
fn advance(call: &Call<'_>, account: &mut Account, key: &str, changed: &str) -> Element {
    let now = account
        .folders
        .get(changed)
        .map(|folder| folder.place.clone());
    let folders = &mut account.device(call.device()).folders;
    let key = folders.as_mut().map(|keys| {
        let mut known = keys.take(key).cloned().unwrap_or_default();
        match now {
            Some(place) => drop(known.insert(changed.to_owned(), place)),
            None => drop(known.remove(changed)),
        }
        keys.advance(known)
    });
    Element::text(F::SyncKey, key.unwrap_or_default())
}

pub(super) fn create(call: &Call<'_>, account: &mut Account) -> Answer {
    let tag = F::FolderCreate;
    let order = [F::SyncKey, F::ParentId, F::DisplayName, F::Type];
    let Some(asked) = Asked::read(call, tag, &order) else {
        return status(tag, MALFORMED);
    };
    if !has_key(call, account, &asked.key) {
        return status(tag, BAD_KEY);
    }
    if !matches!(asked.folder_type, 1 | 12..=17) || asked.name.is_empty() {
        return status(tag, MALFORMED);
    }
    if asked.parent != "0" && !account.folders.contains_key(&asked.parent) {
        return status(tag, NO_PARENT);
    }
    if is_taken(account, &asked) {
        return status(tag, NAME_EXISTS);
    }
    let id = account.create(&asked.parent, &asked.name, asked.folder_type);
    let key = advance(call, account, &asked.key, &id);
    let ok = Element::text(F::Status, "1");
    Answer::Tree(Element::new(tag, [ok, key, Element::text(F::ServerId, id)]))
}

/// Names are unique in a folder, whatever their case.
fn is_taken(account: &Account, asked: &Asked) -> bool {
    account.folders.iter().any(|(id, folder)| {
        *id != asked.id
            && folder.place.parent == asked.parent
            && folder.place.name.to_lowercase() == asked.name.to_lowercase()
    })
}

pub(super) fn update(call: &Call<'_>, account: &mut Account) -> Answer {
    let tag = F::FolderUpdate;
    let order = [F::SyncKey, F::ServerId, F::ParentId, F::DisplayName];
    let Some(asked) = Asked::read(call, tag, &order) else {
        return status(tag, MALFORMED);
    };
    if !has_key(call, account, &asked.key) {
        return status(tag, BAD_KEY);
    }
    if asked.parent != "0" && !account.folders.contains_key(&asked.parent) {
        return status(tag, NO_PARENT);
    }
    if is_taken(account, &asked) {
        return status(tag, NAME_EXISTS);
    }
    let Some(folder) = account.folders.get_mut(&asked.id) else {
        return status(tag, NOT_FOUND);
    };
    if matches!(folder.place.folder_type, 2..=11) {
        return status(tag, SYSTEM);
    }
    folder.place.parent.clone_from(&asked.parent);
    folder.place.name.clone_from(&asked.name);
    account.tick();
    let key = advance(call, account, &asked.key, &asked.id);
    Answer::Tree(Element::new(tag, [Element::text(F::Status, "1"), key]))
}

pub(super) fn delete(call: &Call<'_>, account: &mut Account) -> Answer {
    let tag = F::FolderDelete;
    let Some(asked) = Asked::read(call, tag, &[F::SyncKey, F::ServerId]) else {
        return status(tag, MALFORMED);
    };
    if !has_key(call, account, &asked.key) {
        return status(tag, BAD_KEY);
    }
    let Some(folder) = account.folders.get(&asked.id) else {
        return status(tag, NOT_FOUND);
    };
    if matches!(folder.place.folder_type, 2..=11) {
        return status(tag, SYSTEM);
    }
    account.folders.remove(&asked.id);
    account.tick();
    let key = advance(call, account, &asked.key, &asked.id);
    Answer::Tree(Element::new(tag, [Element::text(F::Status, "1"), key]))
}
