//! Sync ([MS-ASCMD] section 2.2.1.21): keys, options, and who is told what.

use std::time::Duration;

use super::account::{Account, Done, Folder, Known, Synced};
use super::call::{Answer, Call, in_order};
use super::commands::Commands;
use super::element::Element;
use super::filter;
use super::item::Class;
use super::keys::Keys;
use super::options::Options;
use super::profile::Quirk;
use super::render;
use crate::wire::wbxml::pages::{AirSync as A, AirSyncBase as B};

/// The most commands of one request.
const MOST_COMMANDS: usize = 200;
const MOST_FOLDERS: usize = 300;

/// What becomes of one folder of a request.
enum Outcome {
    /// Nothing happened: it is not mentioned.
    Silent,
    /// This is said of it.
    Said(Element),
    /// The whole request fails.
    Failed(u16),
}

pub(super) fn sync(call: &Call<'_>, account: &mut Account) -> Answer {
    let root = match (&call.root, call.body.is_empty()) {
        (Some(root), _) if root.tag == A::Sync => root.clone(),
        (None, true) => match account.device(call.device()).last_sync.clone() {
            Some(root) => root,
            None => return status(13),
        },
        _ => return status(4),
    };
    if account.device(call.device()).folders.is_none() {
        return status(12);
    }
    let order = [
        A::Collections,
        A::Wait,
        A::HeartbeatInterval,
        A::WindowSize,
        A::Partial,
    ];
    if !in_order(&root, &order) {
        return status(4);
    }
    if root.child(A::Partial).is_some() {
        return status(13);
    }
    let wait = match wait(&root) {
        Ok(wait) => wait,
        Err(answer) => return answer,
    };
    let Some(collections) = root.child(A::Collections) else {
        return status(4);
    };
    if collections.children.len() > MOST_FOLDERS {
        let limit = Element::text(A::Limit, MOST_FOLDERS.to_string());
        let status = Element::text(A::Status, "15");
        return Answer::Tree(Element::new(A::Sync, [status, limit]));
    }
    let mut window = window(&root).unwrap_or(512);
    let mut said = Vec::new();
    for request in collections.children_of(A::Collection) {
        match collection(call, account, request, &mut window) {
            Outcome::Silent => {}
            Outcome::Said(element) => said.push(element),
            Outcome::Failed(code) => return status(code),
        }
    }
    if said.is_empty() {
        account.device(call.device()).last_sync = Some(root);
        return match wait {
            Some(time) if !call.is_late => Answer::Wait(time),
            _ => Answer::Nothing,
        };
    }
    account.device(call.device()).last_sync = None;
    Answer::Tree(Element::new(A::Sync, [Element::new(A::Collections, said)]))
}

fn status(code: u16) -> Answer {
    let status = Element::text(A::Status, code.to_string());
    Answer::Tree(Element::new(A::Sync, [status]))
}

/// How long to wait for a change.
fn wait(root: &Element) -> Result<Option<Duration>, Answer> {
    let limited = |limit: u32| {
        let status = Element::text(A::Status, "14");
        let limit = Element::text(A::Limit, limit.to_string());
        Err(Answer::Tree(Element::new(A::Sync, [status, limit])))
    };
    let seconds = root.number::<u64>(A::HeartbeatInterval);
    match (root.number::<u64>(A::Wait), seconds) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(status(4)),
        (Some(minutes @ 1..=59), None) => Ok(Some(Duration::from_secs(minutes.saturating_mul(60)))),
        (Some(0), None) => limited(1),
        (Some(_), None) => limited(59),
        (None, Some(seconds @ 60..=3540)) => Ok(Some(Duration::from_secs(seconds))),
        (None, Some(0..60)) => limited(60),
        (None, Some(_)) => limited(3540),
    }
}

fn window(element: &Element) -> Option<usize> {
    let size: usize = element.number(A::WindowSize)?;
    Some(if matches!(size, 1..=512) { size } else { 512 })
}

fn failure(request: &Element, code: u16) -> Outcome {
    let key = match code {
        3 => "0".to_owned(),
        _ => request.find(A::SyncKey).unwrap_or_default(),
    };
    Outcome::Said(answer(request, key, code))
}

fn answer(request: &Element, key: String, code: u16) -> Element {
    Element::new(
        A::Collection,
        [
            Element::text(A::SyncKey, key),
            Element::text(
                A::CollectionId,
                request.find(A::CollectionId).unwrap_or_default(),
            ),
            Element::text(A::Status, code.to_string()),
        ],
    )
}

fn collection(
    call: &Call<'_>,
    account: &mut Account,
    request: &Element,
    window_left: &mut usize,
) -> Outcome {
    let mut order = vec![
        A::SyncKey,
        A::CollectionId,
        A::Supported,
        A::DeletesAsMoves,
        A::GetChanges,
        A::WindowSize,
        A::ConversationMode,
        A::Options,
        A::Commands,
    ];
    if call.version < 140 {
        order.insert(0, A::Class);
    }
    let (Some(key), Some(id)) = (request.find(A::SyncKey), request.find(A::CollectionId)) else {
        return Outcome::Failed(4);
    };
    if !in_order(request, &order) || key.len() > 64 {
        return Outcome::Failed(4);
    }
    let Some(class) = account.folders.get(&id).and_then(Folder::class) else {
        return failure(request, 12);
    };
    let options = match request.child(A::Options).map(|o| Options::read(o, class)) {
        None => None,
        Some(Ok(options)) => Some(options),
        Some(Err(code)) => return failure(request, code),
    };
    let asks = request.flag(A::GetChanges);
    let commands = request.child(A::Commands);
    if key == "0" {
        return match (asks, commands) {
            (Some(true), _) | (_, Some(_)) => failure(request, 4),
            _ => prime(call, account, request, &id, options),
        };
    }
    // What a device knows is taken out while the account is changed.
    let Some(mut synced) = account.device(call.device()).synced.remove(&id) else {
        return failure(request, 3);
    };
    let Some(mut known) = synced.keys.take(&key).map(|known| known.clone()) else {
        account.device(call.device()).synced.insert(id, synced);
        return failure(request, 3);
    };
    if let Some(options) = options {
        synced.options = options;
    }
    let count = commands.map_or(0, |commands| commands.children.len());
    if count > MOST_COMMANDS {
        account.device(call.device()).synced.insert(id, synced);
        return failure(request, 4);
    }
    let mut done = std::mem::take(&mut known.done);
    let mut responses = Vec::new();
    if let Some(commands) = commands {
        let mut work = Commands {
            call,
            account,
            folder: &id,
            class,
            synced: &synced,
            known: &mut known,
            done: &mut done,
            discards: request.flag(A::DeletesAsMoves).unwrap_or(true),
            optioned: request.child(A::Options).is_some(),
        };
        responses = match work.carry_out(commands) {
            Ok(responses) => responses,
            Err(code) => {
                account.device(call.device()).synced.insert(id, synced);
                return failure(request, code);
            }
        };
    }
    let limit = window(request).unwrap_or(100).min(*window_left);
    let (changes, more) = match asks.unwrap_or(true) {
        true => changes(
            call,
            account,
            &id,
            class,
            &synced.options,
            &mut known,
            limit,
        ),
        false => (Vec::new(), false),
    };
    *window_left = window_left.saturating_sub(changes.len());
    let outcome = if count == 0 && changes.is_empty() {
        Outcome::Silent
    } else {
        if let Some(before) = synced.keys.take(&key) {
            before.done = done;
        }
        let mut said = answer(request, synced.keys.advance(known), 1);
        if more {
            said.push(Element::empty(A::MoreAvailable));
        }
        for (tag, children) in [(A::Responses, responses), (A::Commands, changes)] {
            if !children.is_empty() {
                said.push(Element::new(tag, children));
            }
        }
        Outcome::Said(said)
    };
    account.device(call.device()).synced.insert(id, synced);
    outcome
}

/// Begins with a folder: a key, and nothing else.
fn prime(
    call: &Call<'_>,
    account: &mut Account,
    request: &Element,
    id: &str,
    options: Option<Options>,
) -> Outcome {
    let number = account.number();
    let keys = Keys::new(
        number,
        Known::default(),
        call.profile.has(Quirk::KeepsOldKeys),
    );
    let first = keys.key();
    let supported = request.child(A::Supported);
    let supported = supported.map(|all| all.children.iter().map(|e| e.tag).collect());
    let synced = Synced {
        keys,
        options: options.unwrap_or_default(),
        supported,
    };
    let device = account.device(call.device());
    device.synced.insert(id.to_owned(), synced);
    Outcome::Said(answer(request, first, 1))
}

/// What the device does not know yet, as many as the window lets through, and whether there is more.
fn changes(
    call: &Call<'_>,
    account: &Account,
    id: &str,
    class: Class,
    options: &Options,
    known: &mut Known,
    limit: usize,
) -> (Vec<Element>, bool) {
    let Some(folder) = account.folders.get(id) else {
        return (Vec::new(), false);
    };
    let shown = |item: &super::item::Item| filter::shows(item, class, options.filter);
    let mut pending: Vec<(u64, String)> = Vec::new();
    for id in known.items.keys() {
        if !folder.items.get(id).is_some_and(shown) {
            pending.push((0, id.clone()));
        }
    }
    for item in folder.items.values().filter(|item| shown(item)) {
        let told = known.items.get(&item.id).map(|(version, _)| *version);
        if told != Some(item.version) {
            pending.push((item.version, item.id.clone()));
        }
    }
    pending.sort();
    let more = pending.len() > limit;
    let mut said = Vec::new();
    for (_, id) in pending.into_iter().take(limit) {
        let server_id = Element::text(A::ServerId, &id);
        let Some(item) = folder.items.get(&id) else {
            known.items.remove(&id);
            said.push(Element::new(A::Delete, [server_id]));
            continue;
        };
        if !shown(item) {
            known.items.remove(&id);
            said.push(Element::new(A::SoftDelete, [server_id]));
            continue;
        }
        let before = known.items.insert(id, (item.version, item.content));
        let data = match before {
            Some((_, content)) if class == Class::Email && content == item.content => {
                render::flags(item, call.version)
            }
            _ => render::properties(item, class, call.version, options),
        };
        let tag = if before.is_some() { A::Change } else { A::Add };
        let data = Element::new(A::ApplicationData, data);
        said.push(Element::new(tag, [server_id, data]));
    }
    (said, more)
}

/// How many changes wait for a device that has this key; a status where it has none.
pub(super) fn estimate(
    account: &mut Account,
    call: &Call<'_>,
    id: &str,
    key: &str,
    options: Option<Options>,
) -> Result<usize, u16> {
    let Some(class) = account.folders.get(id).and_then(Folder::class) else {
        return Err(2);
    };
    let device = account.device(call.device());
    let synced = device.synced.get(id).ok_or(3_u16)?;
    let mut known = synced.keys.peek(key).cloned().ok_or(4_u16)?;
    known.done = Done::default();
    let options = options.unwrap_or_else(|| synced.options.clone());
    let (all, _) = changes(call, account, id, class, &options, &mut known, usize::MAX);
    Ok(all.len())
}

/// Whether a device that has the last key of a folder would be told something.
pub(super) fn has_news(account: &mut Account, call: &Call<'_>, id: &str) -> bool {
    let device = account.device(call.device());
    let key = device.synced.get(id).map(|synced| synced.keys.key());
    key.is_some_and(|key| estimate(account, call, id, &key, None).is_ok_and(|n| n > 0))
}

/// The reference of each new file, by the client's name for it.
pub(super) fn uploaded(data: &Element, references: &[String]) -> Option<Element> {
    let files = data.child(B::Attachments)?;
    let added = files.children_of(B::Add).zip(references);
    let all: Vec<Element> = added
        .map(|(add, reference)| {
            let mut one = vec![Element::text(B::FileReference, reference)];
            one.extend(add.child(B::ClientId).cloned());
            Element::new(B::Attachment, one)
        })
        .collect();
    (!all.is_empty()).then(|| Element::new(B::Attachments, all))
}
