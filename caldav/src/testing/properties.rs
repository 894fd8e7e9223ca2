//! Live and dead properties.

use std::collections::BTreeSet;

use super::account::{Account, Collection, Home};
use super::message::Request;
use super::profile::Quirk;
use super::xml::{CALDAV, CALENDARSERVER, CARDDAV, DAV, Name, Writer};

/// What a response of a multistatus tells of.
#[derive(Debug, Clone)]
pub(super) enum Target {
    Root,
    /// Principal, homes or both.
    Upper {
        principal: bool,
        homes: Vec<Home>,
    },
    Collection(String),
    Resource(String, String),
    Inbox(&'static str),
}

/// Writes one response with what was asked for.
pub(super) fn respond(
    writer: &mut Writer,
    request: &Request<'_>,
    account: &mut Account,
    target: &Target,
    href: &str,
    asked: &[Name],
) {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    let broken = match target {
        Target::Resource(key, name) => account
            .collections
            .get(key)
            .and_then(|c| c.resources.get(name))
            .and_then(|r| r.broken),
        _ => None,
    };
    for name in asked {
        match value(writer, request, account, target, name).filter(|_| broken.is_none()) {
            Some(inner) => found.push((name, inner)),
            None => missing.push((name, String::new())),
        }
    }
    writer.open("response");
    writer.text("href", href);
    let lack = broken.unwrap_or(404);
    for (properties, status) in [(found, 200), (missing, lack)] {
        if properties.is_empty() {
            continue;
        }
        writer.open("propstat");
        writer.open("prop");
        for (name, inner) in properties {
            writer.element(name, &inner);
        }
        writer.close("prop");
        writer.text("status", &status_line(status));
        writer.close("propstat");
    }
    writer.close("response");
}

/// Writes one response that is a status only.
pub(super) fn respond_status(writer: &mut Writer, href: &str, status: u16) {
    writer.open("response");
    writer.text("href", href);
    writer.text("status", &status_line(status));
    writer.close("response");
}

pub(super) fn status_line(status: u16) -> String {
    let reason = hyper::StatusCode::from_u16(status)
        .ok()
        .and_then(|code| code.canonical_reason());
    format!("HTTP/1.1 {status} {}", reason.unwrap_or("Error"))
}

/// A property's markup; `None` if there is no such property.
fn value(
    writer: &Writer,
    request: &Request<'_>,
    account: &mut Account,
    target: &Target,
    name: &Name,
) -> Option<String> {
    let urls = request.urls;
    if name.is(DAV, "current-user-principal") {
        let href = writer.markup(&urls.principal());
        return Some(writer.wrap("href", &href));
    }
    match target {
        Target::Root => name
            .is(DAV, "resourcetype")
            .then(|| writer.empty(DAV, "collection")),
        Target::Upper { principal, homes } => upper(writer, request, name, *principal, homes),
        Target::Inbox(kind) => name.is(DAV, "resourcetype").then(|| {
            let kind = format!("schedule-{kind}");
            writer.empty(DAV, "collection") + &writer.empty(CALDAV, &kind)
        }),
        Target::Collection(key) => {
            let collection = account.collections.get(key)?;
            of_collection(writer, request, collection, name)
        }
        Target::Resource(key, item) => of_resource(writer, request, account, key, item, name),
    }
}

fn upper(
    writer: &Writer,
    request: &Request<'_>,
    name: &Name,
    principal: bool,
    homes: &[Home],
) -> Option<String> {
    let urls = request.urls;
    let href = |href: &str| writer.wrap("href", &writer.markup(href));
    if name.is(DAV, "resourcetype") {
        let kind = match principal {
            true => writer.empty(DAV, "principal"),
            false => String::new(),
        };
        return Some(writer.empty(DAV, "collection") + &kind);
    }
    if name.is(DAV, "current-user-privilege-set") && !homes.is_empty() {
        return privileges(writer, request, false);
    }
    if !principal {
        return None;
    }
    let user = urls.user();
    if name.is(CALDAV, "calendar-home-set") {
        Some(href(&urls.home(Home::Calendars)))
    } else if name.is(CARDDAV, "addressbook-home-set") {
        Some(href(&urls.home(Home::AddressBooks)))
    } else if name.is(DAV, "principal-URL") {
        Some(href(&urls.principal()))
    } else if name.is(DAV, "displayname") {
        Some(writer.markup(user))
    } else if name.is(CALDAV, "calendar-user-address-set") {
        Some(href(&urls.address()) + &href(&urls.principal()))
    } else if request.profile.has(Quirk::Schedules) && name.is(CALDAV, "schedule-inbox-URL") {
        Some(href(&format!("{}inbox/", urls.home(Home::Calendars))))
    } else if request.profile.has(Quirk::Schedules) && name.is(CALDAV, "schedule-outbox-URL") {
        Some(href(&format!("{}outbox/", urls.home(Home::Calendars))))
    } else {
        None
    }
}

fn of_collection(
    writer: &Writer,
    request: &Request<'_>,
    collection: &Collection,
    name: &Name,
) -> Option<String> {
    let profile = request.profile;
    let calendar = collection.home == Home::Calendars;
    let tokens = !profile.has(Quirk::NoSyncTokens);
    if name.is(DAV, "resourcetype") {
        let kind = match calendar {
            true => writer.empty(CALDAV, "calendar"),
            false => writer.empty(CARDDAV, "addressbook"),
        };
        Some(writer.empty(DAV, "collection") + &kind)
    } else if name.is(DAV, "sync-token") && tokens {
        let token = collection.token(profile, collection.version, collection.second);
        Some(writer.markup(&token))
    } else if name.is(CALENDARSERVER, "getctag") && !profile.has(Quirk::NoCtag) {
        Some(writer.markup(&collection.ctag()))
    } else if name.is(DAV, "current-user-privilege-set") {
        privileges(writer, request, collection.read_only)
    } else if name.is(DAV, "supported-report-set") {
        let (space, kinds) = match calendar {
            true => (CALDAV, ["calendar-multiget", "calendar-query"]),
            false => (CARDDAV, ["addressbook-multiget", "addressbook-query"]),
        };
        let mut reports: Vec<String> = kinds.map(|kind| writer.empty(space, kind)).to_vec();
        if tokens {
            reports.push(writer.empty(DAV, "sync-collection"));
        }
        let wrapped = reports.iter().map(|report| {
            let report = writer.wrap("report", report);
            writer.wrap("supported-report", &report)
        });
        Some(wrapped.collect())
    } else if name.is(CALDAV, "supported-calendar-component-set") && calendar {
        let comps = collection.components.iter();
        Some(comps.map(|c| format!("<C:comp name=\"{c}\"/>")).collect())
    } else if name.is(DAV, "owner") {
        Some(writer.wrap("href", &writer.markup(&request.urls.principal())))
    } else if let Some(value) = collection.properties.get(name) {
        Some(writer.markup(value))
    } else {
        // By which name it was created is what it is called until somebody says otherwise.
        name.is(DAV, "displayname")
            .then(|| writer.markup(&collection.name))
    }
}

fn of_resource(
    writer: &Writer,
    request: &Request<'_>,
    account: &mut Account,
    key: &str,
    item: &str,
    name: &Name,
) -> Option<String> {
    let profile = request.profile;
    let collection = account.collections.get_mut(key)?;
    let calendar = collection.home == Home::Calendars;
    let resource = collection.resources.get_mut(item)?;
    if name.is(DAV, "getetag") && !profile.has(Quirk::NoEtags) {
        let etag = resource.stale.take();
        Some(writer.markup(&etag.unwrap_or_else(|| resource.etag.clone())))
    } else if name.is(DAV, "resourcetype") {
        Some(String::new())
    } else if name.is(DAV, "getcontenttype") {
        let text = String::from_utf8_lossy(&resource.content).into_owned();
        Some(writer.markup(&content_type(
            calendar,
            &text,
            profile.has(Quirk::BareContentTypes),
        )))
    } else if name.is(DAV, "getcontentlength") {
        Some(resource.content.len().to_string())
    } else if name.is(CALDAV, "calendar-data") && calendar
        || name.is(CARDDAV, "address-data") && !calendar
    {
        Some(writer.markup(&String::from_utf8_lossy(&resource.content)))
    } else {
        None
    }
}

/// A content type, with the component of a calendar object unless that is left out.
pub(super) fn content_type(calendar: bool, content: &str, bare: bool) -> String {
    if !calendar {
        return "text/vcard; charset=utf-8".to_owned();
    }
    let node = super::content::Node::parse(content);
    let kinds: BTreeSet<&str> = node.as_ref().map(|n| n.kinds()).unwrap_or_default();
    match kinds.first().filter(|_| !bare) {
        Some(kind) => format!("text/calendar; charset=utf-8; component={kind}"),
        None => "text/calendar; charset=utf-8".to_owned(),
    }
}

fn privileges(writer: &Writer, request: &Request<'_>, read_only: bool) -> Option<String> {
    if request.profile.has(Quirk::NoPrivileges) {
        return None;
    }
    let mut names = vec!["read", "read-current-user-privilege-set"];
    if !read_only {
        names.extend([
            "write",
            "write-properties",
            "write-content",
            "bind",
            "unbind",
        ]);
    }
    let wrapped = names.into_iter().map(|name| {
        let empty = writer.empty(DAV, name);
        writer.wrap("privilege", &empty)
    });
    Some(wrapped.collect())
}
