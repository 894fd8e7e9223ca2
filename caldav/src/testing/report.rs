//! REPORT: sync-collection (RFC 6578), multigets and queries (RFC 4791, RFC 6352).

use super::account::{Account, Home};
use super::message::{Reply, Request};
use super::place::Place;
use super::profile::Quirk;
use super::properties::{Target, respond, respond_status};
use super::propfind::find;
use super::query;
use super::xml::{CALDAV, CARDDAV, DAV, Element};

pub(super) fn report(request: &Request<'_>) -> Reply {
    let root = match request.xml() {
        Ok(Some(root)) => root,
        Ok(None) => return Reply::status(400),
        Err(reply) => return reply,
    };
    let Place::Collection(homes, name) = request.urls.place(request.path) else {
        return match request.urls.place(request.path) {
            Place::Nowhere => Reply::status(404),
            _ => request.condition(403, "supported-report"),
        };
    };
    let mut account = request.store.account();
    let Some((key, collection)) = find(&account, &homes, &name) else {
        return Reply::status(404);
    };
    let space = match collection.home {
        Home::Calendars => CALDAV,
        Home::AddressBooks => CARDDAV,
    };
    let fits = |local| root.is(space, local);
    if root.is(DAV, "sync-collection") && !request.profile.has(Quirk::NoSyncTokens) {
        sync_collection(request, &mut account, &key, &root)
    } else if fits("calendar-multiget") || fits("addressbook-multiget") {
        multiget(request, &mut account, &root)
    } else if fits("calendar-query") || fits("addressbook-query") {
        self::query(request, &mut account, &key, &root)
    } else {
        request.condition(403, "supported-report")
    }
}

fn sync_collection(
    request: &Request<'_>,
    account: &mut Account,
    key: &str,
    root: &Element,
) -> Reply {
    let profile = request.profile;
    let Some(collection) = account.collections.get(key) else {
        return Reply::status(404);
    };
    let token = root.child(DAV, "sync-token").map_or("", |t| t.text.trim());
    if root
        .child(DAV, "sync-level")
        .is_none_or(|l| l.text.trim() != "1")
    {
        return Reply::status(400);
    }
    let refused = || match profile.token_refusal {
        403 => request.condition(403, "valid-sync-token"),
        status => Reply::status(status),
    };
    // What is newer than the token, as (change, second).
    let since: Option<(u64, u64)> = if token.is_empty() {
        if profile.has(Quirk::RefusesEmptyToken) {
            return refused();
        }
        None
    } else if profile.has(Quirk::NumericTokens) {
        // What is no time is the beginning of time.
        Some((0, token.parse().unwrap_or(0)))
    } else {
        let prefix = format!("http://sync.example/ns/sync/{}-", collection.salt);
        let version: Option<u64> = token.strip_prefix(&prefix).and_then(|v| v.parse().ok());
        match version.filter(|v| *v >= collection.floor && *v <= collection.real_version) {
            Some(version) => Some((version, 0)),
            None => return refused(),
        }
    };
    let numeric = profile.has(Quirk::NumericTokens);
    let mut changes: Vec<(String, super::account::Change)> = collection
        .log
        .iter()
        .filter(|(_, change)| match since {
            None => !change.deleted,
            Some((_, second)) if numeric => change.second > second,
            Some((version, _)) => change.version > version,
        })
        .map(|(name, change)| (name.clone(), change.clone()))
        .collect();
    changes.sort_by_key(|(_, change)| change.version);
    let limit = limit_of(root).into_iter().chain(profile.page).min();
    let more = limit.is_some_and(|limit| changes.len() > limit);
    changes.truncate(limit.unwrap_or(usize::MAX));
    let (version, second) = match changes.last().filter(|_| more) {
        Some((_, last)) => (last.version, last.second),
        None => (collection.version, collection.second),
    };
    let token = collection.token(profile, version, second);
    let (home, name) = (collection.home, collection.name.clone());
    let asked = root.properties();
    let mut writer = request.writer("multistatus");
    for (item, change) in changes {
        let href = request.urls.resource(home, &name, &item);
        if change.deleted {
            respond_status(&mut writer, &href, 404);
        } else {
            let target = Target::Resource(key.to_owned(), item);
            respond(&mut writer, request, account, &target, &href, &asked);
        }
    }
    if more {
        writer.open("response");
        writer.text("href", &request.urls.same(request.path));
        writer.text("status", &super::properties::status_line(507));
        writer.open("error");
        let name = super::xml::Name::new(DAV, "number-of-matches-within-limits");
        writer.element(&name, "");
        writer.close("error");
        writer.close("response");
    }
    writer.text("sync-token", &token);
    Reply::xml(207, writer.finish("multistatus"))
}

fn limit_of(root: &Element) -> Option<usize> {
    let limit = root.child(DAV, "limit")?.child(DAV, "nresults")?;
    limit.text.trim().parse().ok()
}

fn multiget(request: &Request<'_>, account: &mut Account, root: &Element) -> Reply {
    let asked = root.properties();
    let mut writer = request.writer("multistatus");
    let mut hrefs: Vec<&str> = root.all(DAV, "href").map(|h| h.text.trim()).collect();
    if request.profile.has(Quirk::MultigetForgetsOne) {
        hrefs.pop();
    }
    for href in hrefs {
        let there = match request.urls.place(href) {
            Place::Resource(homes, name, item) => {
                find(account, &homes, &name).and_then(|(key, collection)| {
                    collection.resources.get(&item)?;
                    let href = request.urls.resource(collection.home, &name, &item);
                    Some((Target::Resource(key, item), href))
                })
            }
            _ => None,
        };
        match there {
            Some((target, href)) => {
                respond(&mut writer, request, account, &target, &href, &asked);
            }
            None => respond_status(&mut writer, href, 404),
        }
    }
    Reply::xml(207, writer.finish("multistatus"))
}

fn query(request: &Request<'_>, account: &mut Account, key: &str, root: &Element) -> Reply {
    let asked = root.properties();
    let Some(collection) = account.collections.get(key) else {
        return Reply::status(404);
    };
    let (home, name) = (collection.home, collection.name.clone());
    let space = match home {
        Home::Calendars => CALDAV,
        Home::AddressBooks => CARDDAV,
    };
    let Some(filter) = root.child(space, "filter") else {
        return Reply::status(400);
    };
    let items: Vec<String> = collection
        .resources
        .iter()
        .filter(|(_, r)| query::matches(home, filter, &String::from_utf8_lossy(&r.content)))
        .map(|(name, _)| name.clone())
        .collect();
    let mut writer = request.writer("multistatus");
    if request.profile.has(Quirk::ListsItself) {
        let href = request.urls.same(request.path);
        let target = Target::Collection(key.to_owned());
        respond(&mut writer, request, account, &target, &href, &asked);
    }
    for item in items {
        let href = request.urls.resource(home, &name, &item);
        let target = Target::Resource(key.to_owned(), item);
        respond(&mut writer, request, account, &target, &href, &asked);
    }
    Reply::xml(207, writer.finish("multistatus"))
}
