//! PROPFIND and PROPPATCH (RFC 4918 sections 9.1 and 9.2).

use super::account::{Account, Home};
use super::message::{Reply, Request};
use super::place::Place;
use super::profile::Quirk;
use super::properties::{Target, respond, respond_status, status_line};
use super::xml::{DAV, Element, Name};

/// Tells properties of a URL, and of what is below.
pub(super) fn propfind(request: &Request<'_>) -> Reply {
    let root = match request.xml() {
        Ok(root) => root,
        Err(reply) => return reply,
    };
    if root.as_ref().is_some_and(|root| !root.is(DAV, "propfind")) {
        return Reply::status(400);
    }
    let mut asked = root.map(|root| root.properties()).unwrap_or_default();
    if asked.is_empty() {
        // allprop
        asked = ["resourcetype", "displayname", "getetag", "getcontenttype"]
            .map(|local| Name::new(DAV, local))
            .to_vec();
    }
    let mut account = request.store.account();
    let Some(targets) = targets(request, &account) else {
        return Reply::status(404);
    };
    let limit = request.profile.page.filter(|_| {
        let collection = matches!(request.urls.place(request.path), Place::Collection(..));
        collection && request.profile.has(Quirk::TruncatesListings)
    });
    let limit = limit.unwrap_or(usize::MAX);
    let mut writer = request.writer("multistatus");
    for (target, href) in targets.iter().take(limit) {
        respond(&mut writer, request, &mut account, target, href, &asked);
    }
    if targets.len() > limit {
        let href = request.urls.same(request.path);
        respond_status(&mut writer, &href, 507);
    }
    Reply::xml(207, writer.finish("multistatus"))
}

/// What a PROPFIND is about, the URL itself first.
fn targets(request: &Request<'_>, account: &Account) -> Option<Vec<(Target, String)>> {
    let (urls, deep) = (request.urls, request.is_deep());
    let own = urls.same(request.path);
    let mut targets = Vec::new();
    match urls.place(request.path) {
        Place::Root => targets.push((Target::Root, own)),
        Place::Principal => targets.push((
            Target::Upper {
                principal: true,
                homes: Vec::new(),
            },
            own,
        )),
        Place::Home(homes) => {
            let principal = urls.is_flat();
            if deep {
                for (key, collection) in &account.collections {
                    if homes.contains(&collection.home) {
                        let href = urls.collection(collection.home, &collection.name);
                        targets.push((Target::Collection(key.clone()), href));
                    }
                }
                if request.profile.has(Quirk::Schedules) && homes.contains(&Home::Calendars) {
                    for kind in ["inbox", "outbox"] {
                        let href = urls.collection(Home::Calendars, kind);
                        targets.push((Target::Inbox(kind), href));
                    }
                }
            }
            targets.insert(0, (Target::Upper { principal, homes }, own));
        }
        Place::Collection(homes, name) => {
            let (key, collection) = find(account, &homes, &name)?;
            targets.push((Target::Collection(key.clone()), own));
            if deep {
                let twice = request.profile.has(Quirk::ListsTwice);
                for item in collection.resources.keys() {
                    let href = urls.resource(collection.home, &collection.name, item);
                    let target = Target::Resource(key.clone(), item.clone());
                    targets.push((target, href));
                    targets.extend(targets.last().filter(|_| twice).cloned());
                }
            }
        }
        Place::Resource(homes, name, item) => {
            let (key, collection) = find(account, &homes, &name)?;
            collection.resources.get(&item)?;
            targets.push((Target::Resource(key, item), own));
        }
        Place::Inbox => targets.push((Target::Inbox("inbox"), own)),
        Place::Nowhere => return None,
    }
    Some(targets)
}

/// The collection of this name in one of the homes.
pub(super) fn find<'a>(
    account: &'a Account,
    homes: &[Home],
    name: &str,
) -> Option<(String, &'a super::account::Collection)> {
    homes.iter().find_map(|home| {
        let key = format!("{}/{name}", home.as_str());
        let collection = account.collections.get(&key)?;
        Some((key, collection))
    })
}

/// Sets and removes properties of a collection.
pub(super) fn proppatch(request: &Request<'_>) -> Reply {
    let root = match request.xml() {
        Ok(Some(root)) if root.is(DAV, "propertyupdate") => root,
        Ok(_) => return Reply::status(400),
        Err(reply) => return reply,
    };
    let Place::Collection(homes, name) = request.urls.place(request.path) else {
        return Reply::status(403);
    };
    let mut account = request.store.account();
    let Some((key, _)) = find(&account, &homes, &name) else {
        return Reply::status(404);
    };
    let Some(collection) = account.collections.get_mut(&key) else {
        return Reply::status(404);
    };
    if collection.read_only || request.profile.has(Quirk::NoMkcol) {
        return request.condition(403, "need-privileges");
    }
    let mut names = Vec::new();
    for change in &root.children {
        for property in set_in(change) {
            names.push(property.name.clone());
            match change.is(DAV, "remove") {
                true => collection.properties.remove(&property.name),
                false => {
                    let value = property.text.clone();
                    collection.properties.insert(property.name.clone(), value)
                }
            };
        }
    }
    let mut writer = request.writer("multistatus");
    writer.open("response");
    writer.text("href", &request.urls.same(request.path));
    writer.open("propstat");
    writer.open("prop");
    for name in &names {
        writer.element(name, "");
    }
    writer.close("prop");
    writer.text("status", &status_line(200));
    writer.close("propstat");
    writer.close("response");
    Reply::xml(207, writer.finish("multistatus"))
}

/// The properties in a `set` or `remove`.
pub(super) fn set_in(change: &Element) -> impl Iterator<Item = &Element> {
    change.all(DAV, "prop").flat_map(|prop| &prop.children)
}
