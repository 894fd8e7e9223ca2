//! What is sent, to the byte.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use caldav::wire::request::{self, CardFilter, CollectionBody, Wanted};
use caldav::wire::{Component, Components, Href, Property, ResourceType, TimeRange, UtcTime};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

const NAMESPACES: &str = " xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" \
    xmlns:A=\"urn:ietf:params:xml:ns:carddav\" xmlns:S=\"http://calendarserver.org/ns/\" \
    xmlns:I=\"http://apple.com/ns/ical/\"";

fn is(body: &str, expected: &str) {
    let plain = body.replace(NAMESPACES, "");
    let plain = plain
        .strip_prefix("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n")
        .unwrap();
    assert_eq!(plain, expected);
}

fn hrefs() -> Vec<Href> {
    ["/cal/a%20b.ics", "https://dav.example.org/cal/R&D.ics"]
        .map(|text| Href::parse(text).unwrap())
        .to_vec()
}

#[test]
fn propfind_and_proppatch() {
    is(
        &request::propfind(&[
            Property::GetETag,
            Property::GetCTag,
            Property::CalendarColor,
        ]),
        "<D:propfind><D:prop><D:getetag/><S:getctag/><I:calendar-color/></D:prop></D:propfind>",
    );
    is(
        &request::proppatch(&[
            (Property::DisplayName, Some("R&D <\"x\">\u{1}")),
            (Property::CalendarOrder, None),
        ]),
        "<D:propertyupdate><D:set><D:prop><D:displayname>R&amp;D &lt;\"x\"&gt;</D:displayname>\
         </D:prop></D:set><D:remove><D:prop><I:calendar-order/></D:prop></D:remove>\
         </D:propertyupdate>",
    );
}

#[test]
fn collections() {
    let new = CollectionBody {
        kind: Some(ResourceType::Calendar),
        components: Components::from_iter([Component::Todo]),
        properties: vec![(Property::DisplayName, "Tasks")],
    };
    let set = "<C:supported-calendar-component-set><C:comp name=\"VTODO\"/>\
         </C:supported-calendar-component-set><D:displayname>Tasks</D:displayname>";
    is(
        &request::mkcalendar(&new),
        &format!("<C:mkcalendar><D:set><D:prop>{set}</D:prop></D:set></C:mkcalendar>"),
    );
    is(
        &request::mkcol(&new),
        &format!(
            "<D:mkcol><D:set><D:prop><D:resourcetype><D:collection/><C:calendar/>\
             </D:resourcetype>{set}</D:prop></D:set></D:mkcol>"
        ),
    );
}

#[test]
fn reports() {
    let etag: Wanted<'_> = (&[Property::GetETag]).into();
    is(
        &request::sync_collection(None, None, &etag),
        "<D:sync-collection><D:sync-token></D:sync-token><D:sync-level>1</D:sync-level>\
         <D:prop><D:getetag/></D:prop></D:sync-collection>",
    );
    is(
        &request::sync_collection(Some("http://x/?a&b"), Some(50), &etag),
        "<D:sync-collection><D:sync-token>http://x/?a&amp;b</D:sync-token>\
         <D:sync-level>1</D:sync-level><D:limit><D:nresults>50</D:nresults></D:limit>\
         <D:prop><D:getetag/></D:prop></D:sync-collection>",
    );
    let list = "<D:href>/cal/a%20b.ics</D:href><D:href>/cal/R&amp;D.ics</D:href>";
    is(
        &request::calendar_multiget(&hrefs(), &(&[Property::CalendarData]).into()),
        &format!(
            "<C:calendar-multiget><D:prop><C:calendar-data/></D:prop>{list}</C:calendar-multiget>"
        ),
    );
    let four = Wanted {
        properties: &[Property::AddressData],
        vcard_version: Some("4.0"),
    };
    is(
        &request::addressbook_multiget(&hrefs(), &four),
        &format!(
            "<A:addressbook-multiget><D:prop>\
             <A:address-data content-type=\"text/vcard\" version=\"4.0\"/></D:prop>{list}\
             </A:addressbook-multiget>"
        ),
    );
}

#[test]
fn queries() {
    let etag: Wanted<'_> = (&[Property::GetETag]).into();
    let range = TimeRange::between(UtcTime::from_unix(0), UtcTime::from_unix(86_400));
    let written = "<C:time-range start=\"19700101T000000Z\" end=\"19700102T000000Z\"/>";
    is(
        &request::calendar_query(Some(Component::Event), Some(&range), &etag),
        &format!(
            "<C:calendar-query><D:prop><D:getetag/></D:prop><C:filter>\
             <C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">{written}\
             </C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
        ),
    );
    is(
        &request::calendar_query(None, None, &etag),
        "<C:calendar-query><D:prop><D:getetag/></D:prop><C:filter>\
         <C:comp-filter name=\"VCALENDAR\"/></C:filter></C:calendar-query>",
    );
    let filter = CardFilter {
        property: "EMAIL",
        contains: "@example",
    };
    is(
        &request::addressbook_query(&[filter], Some(10), &etag),
        "<A:addressbook-query><D:prop><D:getetag/></D:prop><A:filter test=\"allof\">\
         <A:prop-filter name=\"EMAIL\"><A:text-match match-type=\"contains\">@example\
         </A:text-match></A:prop-filter></A:filter><A:limit><A:nresults>10</A:nresults></A:limit>\
         </A:addressbook-query>",
    );
    is(
        &request::free_busy_query(&range),
        &format!("<C:free-busy-query>{written}</C:free-busy-query>"),
    );
}

/// The text content of a well-formed document; panics if it is none.
fn text_of(body: &str) -> String {
    let mut reader = Reader::from_str(body);
    let mut text = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Text(part) => text.push_str(&part),
            Event::GeneralRef(name) => {
                let reference = format!("&{};", &*name);
                text.push_str(&quick_xml::escape::unescape(&reference).unwrap());
            }
            Event::Eof => return text.strip_prefix('\n').unwrap().to_owned(),
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_in_them_bodies_are_well_formed(name in "\\PC{0,40}", token in "[ -~]{0,40}") {
        let body = request::proppatch(&[(Property::DisplayName, Some(&name))]);
        prop_assert_eq!(text_of(&body), name.as_str());
        let body = request::sync_collection(Some(&token), None, &Wanted::default());
prop_assert_eq!(text_of(&body), format!("{token}1"));
        let filter = CardFilter { property: &name, contains: &token };
        let _ = text_of(&request::addressbook_query(&[filter], None, &Wanted::default()));
    }
}
