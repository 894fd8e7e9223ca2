//! GET, PUT, DELETE, MOVE, MKCOL and MKCALENDAR.

use super::account::{Account, Home, Refusal};
use super::message::{Reply, Request};
use super::place::Place;
use super::profile::Quirk;
use super::properties::content_type;
use super::propfind::{find, set_in};
use super::scheduling;
use super::xml::{CALDAV, CARDDAV, DAV, Name};

pub(super) fn get(request: &Request<'_>) -> Reply {
    let Place::Resource(homes, name, item) = request.urls.place(request.path) else {
        return Reply::status(405);
    };
    let account = request.store.account();
    let Some((_, collection)) = find(&account, &homes, &name) else {
        return Reply::status(404);
    };
    let Some(resource) = collection.resources.get(&item) else {
        return Reply::status(404);
    };
    if let Some(status) = resource.broken {
        return Reply::status(status);
    }
    let calendar = collection.home == Home::Calendars;
    let text = String::from_utf8_lossy(&resource.content);
    let kind = content_type(
        calendar,
        &text,
        request.profile.has(Quirk::BareContentTypes),
    );
    let reply = Reply::content(200, &kind, resource.content.clone());
    match request.profile.has(Quirk::NoEtags) {
        true => reply,
        false => reply.with("etag", resource.etag.clone()),
    }
}

/// Whether the preconditions of a request hold for what is there (RFC 9110 section 13).
fn holds(request: &Request<'_>, etag: Option<&str>) -> bool {
    let listed = |header: &str, etag: &str| {
        // Strong comparison: a weak one equals nothing.
        header == "*"
            || header
                .split(',')
                .any(|e| e.trim() == etag && !etag.starts_with("W/"))
    };
    let ignored = match request.method {
        "PUT" => etag.is_none() && request.profile.has(Quirk::CreatesDespiteIfMatch),
        _ => request.profile.has(Quirk::IgnoresIfMatch),
    };
    if let Some(header) = request.header("if-match").filter(|_| !ignored)
        && !etag.is_some_and(|etag| listed(header, etag))
    {
        return false;
    }
    let ignored = request.profile.has(Quirk::IgnoresIfNoneMatch);
    match (request.header("if-none-match"), etag) {
        (Some(header), Some(etag)) => ignored || !(header == "*" || header == etag),
        _ => true,
    }
}

pub(super) fn put(request: &Request<'_>) -> Reply {
    let Place::Resource(homes, name, item) = request.urls.place(request.path) else {
        return Reply::status(405);
    };
    let mut account = request.store.account();
    let Some((key, collection)) = find(&account, &homes, &name) else {
        return Reply::status(409);
    };
    let home = collection.home;
    let before = collection.resources.get(&item).cloned();
    if !holds(request, before.as_ref().map(|r| r.etag.as_str())) {
        return Reply::status(412);
    }
    if let Err(mut refusal) = account.check(&key, &item, request.body) {
        if let Some((name, other)) = &mut refusal.condition
            && name.local == "no-uid-conflict"
        {
            let (_, collection) = key.split_once('/').unwrap_or_default();
            *other = request.urls.resource(home, collection, other);
        }
        return request.refuse(&refusal);
    }
    let old = before.as_ref().map(|r| String::from_utf8_lossy(&r.content));
    mail(
        request,
        &mut account,
        home,
        old.as_deref(),
        Some(request.body),
    );
    let Some(etag) = account.put(&key, &item, request.body) else {
        return Reply::status(409);
    };
    let reply = Reply::status(if before.is_some() { 204 } else { 201 });
    let silent = [Quirk::NoEtags, Quirk::NoEtagAfterPut];
    match silent.into_iter().any(|quirk| request.profile.has(quirk)) {
        true => reply,
        false => reply.with("etag", etag),
    }
}

pub(super) fn delete(request: &Request<'_>) -> Reply {
    let mut account = request.store.account();
    let (homes, name, item) = match request.urls.place(request.path) {
        Place::Resource(homes, name, item) => (homes, name, Some(item)),
        Place::Collection(homes, name) => (homes, name, None),
        _ => return Reply::status(403),
    };
    let Some((key, collection)) = find(&account, &homes, &name) else {
        return Reply::status(404);
    };
    if collection.read_only {
        return request.condition(403, "need-privileges");
    }
    let Some(item) = item else {
        account.collections.remove(&key);
        return Reply::status(204);
    };
    let (home, before) = (collection.home, collection.resources.get(&item).cloned());
    let Some(before) = before else {
        return Reply::status(404);
    };
    if !holds(request, Some(&before.etag)) {
        return Reply::status(412);
    }
    let old = String::from_utf8_lossy(&before.content);
    mail(request, &mut account, home, Some(&old), None);
    account.delete(&key, &item);
    Reply::status(204)
}

/// Mails whom a write concerns.
fn mail(
    request: &Request<'_>,
    account: &mut Account,
    home: Home,
    before: Option<&str>,
    after: Option<&str>,
) {
    if home == Home::Calendars && request.profile.has(Quirk::Schedules) {
        let reply = request.header("schedule-reply") != Some("F");
        let address = request.urls.address();
        let mails = scheduling::mails(&address, before, after, reply);
        account.mails.extend(mails);
    }
}

pub(super) fn r#move(request: &Request<'_>) -> Reply {
    if request.profile.has(Quirk::NoMove) {
        return Reply::status(405);
    }
    let Some(destination) = request.header("destination") else {
        return Reply::status(400);
    };
    let (from, to) = (
        request.urls.place(request.path),
        request.urls.place(destination),
    );
    let (Place::Resource(homes, name, item), Place::Resource(to_homes, to_name, to_item)) =
        (from, to)
    else {
        return Reply::status(403);
    };
    let mut account = request.store.account();
    let Some((key, collection)) = find(&account, &homes, &name) else {
        return Reply::status(404);
    };
    let Some(resource) = collection.resources.get(&item).cloned() else {
        return Reply::status(404);
    };
    if !holds(request, Some(&resource.etag)) {
        return Reply::status(412);
    }
    if collection.read_only {
        return request.condition(403, "need-privileges");
    }
    let Some((to_key, target)) = find(&account, &to_homes, &to_name) else {
        return Reply::status(409);
    };
    let taken = target.resources.contains_key(&to_item);
    let heeded = !request.profile.has(Quirk::IgnoresOverwrite);
    if taken && heeded && request.header("overwrite") == Some("F") {
        return Reply::status(412);
    }
    let content = String::from_utf8_lossy(&resource.content).into_owned();
    if taken && !heeded {
        account.delete(&to_key, &to_item);
    }
    if key != to_key
        && let Err(refusal) = account.check(&to_key, &to_item, &content)
    {
        return request.refuse(&refusal);
    }
    account.delete(&key, &item);
    let contact = to_key.starts_with(Home::AddressBooks.as_str());
    match contact && request.profile.has(Quirk::RenamesWhatIsMoved) {
        true => {
            let renamed = content.replace("\nUID:", "\nUID:moved-");
            account.put(&to_key, &format!("moved-{to_item}"), &renamed)
        }
        false => account.put(&to_key, &to_item, &content),
    };
    Reply::status(if taken { 204 } else { 201 })
}

/// MKCALENDAR (RFC 4791 section 5.3.1) and extended MKCOL (RFC 5689).
pub(super) fn make(request: &Request<'_>) -> Reply {
    if request.profile.has(Quirk::NoMkcol) {
        return Reply::status(403);
    }
    let Place::Collection(homes, name) = request.urls.place(request.path) else {
        return Reply::status(403);
    };
    let root = match request.xml() {
        Ok(root) => root,
        Err(reply) => return reply,
    };
    let mut account = request.store.account();
    if find(&account, &homes, &name).is_some() {
        return request.refuse(&Refusal::condition(405, DAV, "resource-must-be-null"));
    }
    let sets = root.iter().flat_map(|root| root.all(DAV, "set"));
    let properties: Vec<_> = sets.flat_map(set_in).cloned().collect();
    let of = |name: &Name| properties.iter().find(|p| p.name == *name);
    let types = of(&Name::new(DAV, "resourcetype"));
    let is_type = |space, local| types.is_some_and(|t| t.child(space, local).is_some());
    let home = match request.method {
        "MKCALENDAR" => Home::Calendars,
        _ if is_type(CALDAV, "calendar") => Home::Calendars,
        _ if is_type(CARDDAV, "addressbook") => Home::AddressBooks,
        _ => return request.condition(403, "valid-resourcetype"),
    };
    if !homes.contains(&home) {
        return request.refuse(&Refusal::condition(
            403,
            CALDAV,
            "calendar-collection-location-ok",
        ));
    }
    let asked = of(&Name::new(CALDAV, "supported-calendar-component-set"));
    let components: Vec<String> = asked.map_or_else(
        || account.profile.components.clone(),
        |set| {
            let comps = set.all(CALDAV, "comp").filter_map(|c| c.attribute("name"));
            comps.map(str::to_owned).collect()
        },
    );
    let known = |c: &String| account.profile.components.contains(c);
    if home == Home::Calendars && !components.iter().all(known) {
        let local = "supported-calendar-component";
        return request.refuse(&Refusal::condition(403, CALDAV, local));
    }
    account.create(home, &name, components);
    let key = format!("{}/{name}", home.as_str());
    if let Some(collection) = account.collections.get_mut(&key) {
        for property in properties {
            let live = ["resourcetype", "supported-calendar-component-set"];
            if !live.contains(&property.name.local.as_str()) {
                collection.properties.insert(property.name, property.text);
            }
        }
    }
    Reply::status(201)
}
