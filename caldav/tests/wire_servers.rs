//! Answers that real servers were seen to give.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use caldav::wire::{
    Component, Href, Limits, MultistatusReader, Privilege, Property, Report, ResourceType,
    Response, Summary,
};

fn read_at(base: &str, body: &str) -> (Vec<Response>, Summary) {
    let base = Href::parse(base).unwrap();
    let home = "https://dav.example.org";
    let mut reader = MultistatusReader::new(base, home, Limits::default());
    reader.push(body.as_bytes()).unwrap();
    let responses = std::iter::from_fn(|| reader.pop()).collect();
    (responses, reader.finish().unwrap())
}

fn read(body: &str) -> (Vec<Response>, Summary) {
    read_at("https://dav.example.org/alice/cal/", body)
}

fn one(body: &str) -> Response {
    let (mut responses, _) = read(body);
    assert_eq!(responses.len(), 1, "{responses:?}");
    responses.remove(0)
}

#[test]
fn sogo_multiget() {
    // The status stands behind what it is about, and tags are written with references.
    let found = one(r#"<?xml version="1.0" encoding="utf-8"?>
<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:response><D:href>/SOGo/dav/alice/Calendar/personal/caldav-made-1.ics</D:href><D:propstat><D:prop><C:calendar-data>BEGIN:VCALENDAR
SUMMARY:Made by CalDAV &amp; others
END:VCALENDAR</C:calendar-data><D:getetag>&quot;gcs00000001&quot;</D:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"#);
    assert_eq!(found.href.name(), "caldav-made-1.ics");
    assert_eq!(found.properties.etag().unwrap().as_str(), "\"gcs00000001\"");
    let data = "BEGIN:VCALENDAR\nSUMMARY:Made by CalDAV & others\nEND:VCALENDAR";
    assert_eq!(found.properties.text(Property::CalendarData), Some(data));
    assert!(!found.damaged && found.refused.is_empty());
}

#[test]
fn sogo_calendar_home() {
    // Prefixes are declared anew on every property, some of them the same one for another thing.
    let (found, _) = read(
        r#"<?xml version="1.0" encoding="utf-8"?>
<D:multistatus xmlns:D="DAV:" xmlns:b="urn:ietf:params:xml:ns:caldav" xmlns:a="http://calendarserver.org/ns/"><D:response><D:href>/SOGo/dav/alice/Calendar/</D:href><D:propstat><D:status>HTTP/1.1 200 OK</D:status><D:prop><D:displayname>Calendar</D:displayname><D:resourcetype><D:collection/></D:resourcetype><D:supported-report-set xmlns:D="DAV:" xmlns:n1="urn:inverse:params:xml:ns:inverse-dav" xmlns:n2="urn:ietf:params:xml:ns:carddav"><D:supported-report><D:report><D:expand-property/></D:report></D:supported-report><D:supported-report><D:report><n1:acl-query/></D:report></D:supported-report><D:supported-report><D:report><n2:addressbook-query/></D:report></D:supported-report></D:supported-report-set><n1:supported-calendar-component-set xmlns:n1="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><n1:comp name="VEVENT"/><n1:comp name="VTODO"/></n1:supported-calendar-component-set></D:prop></D:propstat><D:propstat><D:status>HTTP/1.1 404 Not Found</D:status><D:prop><a:getctag/><D:sync-token/></D:prop></D:propstat></D:response><D:response><D:href>/SOGo/dav/alice/Calendar/personal/</D:href><D:propstat><D:status>HTTP/1.1 200 OK</D:status><D:prop><D:displayname>Personal Calendar</D:displayname><D:resourcetype><D:collection/><calendar xmlns="urn:ietf:params:xml:ns:caldav"/><vevent-collection xmlns="http://groupdav.org/"/><vtodo-collection xmlns="http://groupdav.org/"/><schedule-outbox xmlns="urn:ietf:params:xml:ns:caldav"/></D:resourcetype><a:getctag>1795293343</a:getctag><D:sync-token>1795293343</D:sync-token></D:prop></D:propstat></D:response></D:multistatus>"#,
    );
    let home = &found[0];
    assert_eq!(home.properties.resource_types().iter().count(), 1);
    let reports: Vec<_> = home.properties.reports().unwrap().iter().collect();
    assert_eq!(reports, [Report::ExpandProperty, Report::AddressbookQuery]);
    let components: Vec<_> = home.properties.components().unwrap().iter().collect();
    assert_eq!(components, [Component::Event, Component::Todo]);
    assert_eq!(home.refusal(Property::GetCTag), Some(404));
    assert_eq!(home.properties.text(Property::SyncToken), None);
    let personal = &found[1].properties;
    assert!(personal.resource_types().contains(ResourceType::Calendar));
    assert_eq!(personal.text(Property::GetCTag), Some("1795293343"));
}

#[test]
fn sogo_changes() {
    let (found, summary) = read(
        r#"<?xml version="1.0" encoding="utf-8"?>
<D:multistatus xmlns:D="DAV:"><D:response><D:href>/SOGo/dav/alice/Calendar/personal/caldav-made-1.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response><D:sync-token>1795293348</D:sync-token></D:multistatus>"#,
    );
    assert!(found[0].is_gone() && !found[0].is_success());
    assert_eq!(summary.sync_token.as_deref(), Some("1795293348"));
    assert!(!summary.truncated && summary.unreadable == 0);
}

#[test]
fn sogo_puts_an_error_where_a_value_should_be() {
    let found = one(
        r#"<D:multistatus xmlns:D="DAV:"><D:response><D:href>/x.ics</D:href><D:propstat><D:status>HTTP/1.1 200 OK</D:status><D:prop><D:getetag>"1"</D:getetag><D:displayname>x<D:status>HTTP/1.1 403 Forbidden</D:status></D:displayname></D:prop></D:propstat></D:response></D:multistatus>"#,
    );
    assert_eq!(found.properties.text(Property::DisplayName), None);
    assert!(found.properties.etag().is_some());
}

#[test]
fn radicale_principal() {
    let found = one(r#"<?xml version='1.0' encoding='utf-8'?>
<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><response><href>/alice/</href><propstat><prop><current-user-principal><href>/alice/</href></current-user-principal><resourcetype><principal /><collection /></resourcetype><C:calendar-home-set><href>/alice/</href></C:calendar-home-set><current-user-privilege-set><privilege><read /></privilege><privilege><all /></privilege><privilege><write /></privilege><privilege><write-properties /></privilege><privilege><write-content /></privilege></current-user-privilege-set></prop><status>HTTP/1.1 200 OK</status></propstat><propstat><prop><principal-URL /></prop><status>HTTP/1.1 404 Not Found</status></propstat></response></multistatus>"#);
    let alice = Href::parse("/alice/").unwrap();
    assert_eq!(
        found.properties.href(Property::CurrentUserPrincipal),
        Some(&alice)
    );
    assert_eq!(found.properties.hrefs(Property::CalendarHomeSet), [alice]);
    assert!(
        found
            .properties
            .resource_types()
            .contains(ResourceType::Principal)
    );
    assert!(
        found
            .properties
            .privileges()
            .unwrap()
            .grants(Privilege::Bind)
    );
    assert_eq!(found.refused, [(Property::PrincipalUrl, 404)]);
}

#[test]
fn icloud_homes_are_elsewhere_and_have_a_port() {
    let found = one(
        r#"<?xml version="1.0" encoding="UTF-8"?><multistatus xmlns="DAV:"><response xmlns="DAV:"><href>/1234567890/principal/</href><propstat><prop><calendar-home-set xmlns="urn:ietf:params:xml:ns:caldav"><href xmlns="DAV:">https://p12-caldav.icloud.com:443/1234567890/calendars/</href></calendar-home-set></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"#,
    );
    let home = found.properties.href(Property::CalendarHomeSet).unwrap();
    assert_eq!(home.origin(), Some("https://p12-caldav.icloud.com"));
    assert_eq!(home.path(), "/1234567890/calendars/");
}

#[test]
fn own_url_in_full_is_a_path() {
    let body = r#"<d:multistatus xmlns:d="DAV:"><d:response><d:href>HTTPS://DAV.example.org/alice/cal/%253A.ics</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response></d:multistatus>"#;
    assert_eq!(one(body).href.as_str(), "/alice/cal/%253A.ics");
    // The same, after a redirect to another host.
    let (found, _) = read_at(
        "https://other.example.org/cal/",
        &body.replace("HTTPS://DAV.example.org", ""),
    );
    assert_eq!(found[0].href.origin(), Some("https://other.example.org"));
}

#[test]
fn truncated_by_507() {
    // RFC 6578 section 3.6.
    let (found, summary) = read(
        r#"<D:multistatus xmlns:D="DAV:"><D:response><D:href>/alice/cal/test.doc</D:href><D:propstat><D:prop><D:getetag>"00001-abcd1"</D:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response><D:response><D:href>/alice/cal/</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status><D:error><D:number-of-matches-within-limits/></D:error></D:response><D:sync-token>http://example.com/ns/sync/1233</D:sync-token></D:multistatus>"#,
    );
    assert_eq!(found.len(), 1);
    assert!(summary.truncated);
    assert_eq!(
        summary.sync_token.as_deref(),
        Some("http://example.com/ns/sync/1233")
    );
}

#[test]
fn rfc_4918_several_hrefs_share_a_status() {
    let (found, summary) = read(
        r#"<d:multistatus xmlns:d="DAV:"><d:response><d:href>a</d:href><d:href>b</d:href><d:status>HTTP/1.1 423 Locked</d:status><d:error><d:lock-token-submitted/></d:error></d:response><d:responsedescription> Not all </d:responsedescription></d:multistatus>"#,
    );
    let hrefs: Vec<_> = found.iter().map(|r| r.href.to_string()).collect();
    assert_eq!(hrefs, ["/alice/cal/a", "/alice/cal/b"]);
    assert!(
        found
            .iter()
            .all(|r| r.status == Some(423) && r.error.conditions.len() == 1)
    );
    assert_eq!(summary.description.as_deref(), Some("Not all"));
}

#[test]
fn a_propstat_without_success_gives_no_value() {
    for status in [
        "<status>HTTP/1.1 404 Not Found</status>",
        "<status>nonsense</status>",
        "",
    ] {
        let found = one(&format!(
            r#"<multistatus xmlns="DAV:"><response><href>a</href><propstat><prop><getetag>"1"</getetag><displayname>x</displayname></prop>{status}</propstat></response></multistatus>"#
        ));
        assert!(found.properties.is_empty(), "{status}");
        assert_eq!(found.refused.len(), 2);
    }
}

#[test]
fn propstats_of_success_add_up() {
    // vdirsyncer's case: 404 first, then 200 for the rest.
    let found = one(
        r#"<multistatus xmlns="DAV:"><response><href>a</href><propstat><prop><displayname/></prop><status>HTTP/1.1 404 Not Found</status></propstat><propstat><prop><getetag>"1"</getetag></prop><status>HTTP/1.1 200 OK</status></propstat><propstat><prop><getcontentlength> 17 </getcontentlength></prop><status>HTTP/2 200</status></propstat></response></multistatus>"#,
    );
    assert_eq!(
        found.properties.number(Property::GetContentLength),
        Some(17)
    );
    assert!(found.properties.etag().is_some());
    assert_eq!(found.refusal(Property::DisplayName), Some(404));
}

#[test]
fn a_response_about_nothing_is_counted() {
    let (found, summary) = read(
        r#"<multistatus xmlns="DAV:"><response><status>HTTP/1.1 404 Not Found</status></response><response><href> </href><status>HTTP/1.1 404 Not Found</status></response></multistatus>"#,
    );
    assert!(found.is_empty());
    assert_eq!(summary.unreadable, 2);
}

#[test]
fn extended_mkcol_has_no_href() {
    let found = one(
        r#"<D:mkcol-response xmlns:D="DAV:" xmlns:I="http://apple.com/ns/ical/"><D:propstat><D:prop><I:calendar-color/></D:prop><D:status>HTTP/1.1 403 Forbidden</D:status></D:propstat></D:mkcol-response>"#,
    );
    assert_eq!(found.href.as_str(), "/alice/cal/");
    assert_eq!(found.refused, [(Property::CalendarColor, 403)]);
    one(r#"<C:mkcalendar-response xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"/>"#);
}

#[test]
fn what_xml_cannot_carry_marks_the_one_response() {
    let response = |name: &str, data: &str| {
        format!(
            "<response><href>{name}</href><propstat><prop><C:calendar-data>{data}</C:calendar-data></prop><status>HTTP/1.1 200 OK</status></propstat></response>"
        )
    };
    let body = [
        r#"<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">"#,
        &response("good", "caf\u{e9} \u{fffd}"),
        &response("latin1", "caf@"),
        &response("nul", "a&#0;b"),
        &response("entity", "a&nbsp;b"),
        &response("amp", "R&D; a & b &#x41;&#10;"),
        &response("control", "a\u{1}b"),
        &response("cdata", "<![CDATA[a<b>&amp;]]>c"),
        &response("comment", "a<!-- > -->b<?pi > ?>c"),
        "</multistatus>",
    ]
    .concat();
    let mut bytes = body.into_bytes();
    let at = bytes.iter().position(|b| *b == b'@').unwrap();
    bytes[at] = 0xe9;
    let mut reader = MultistatusReader::new(Href::parse("/").unwrap(), "", Limits::default());
    reader.push(&bytes).unwrap();
    reader.finish().unwrap();
    let found: Vec<_> = std::iter::from_fn(|| reader.pop())
        .map(|mut r| {
            let data = r.properties.take_text(Property::CalendarData).unwrap();
            (r.href.name(), data, r.damaged)
        })
        .collect();
    let expected = [
        ("good", "caf\u{e9} \u{fffd}", false),
        ("latin1", "caf\u{fffd}", true),
        ("nul", "a\u{fffd}b", true),
        ("entity", "a&nbsp;b", true),
        ("amp", "R&D; a & b A\n", true),
        ("control", "a\u{1}b", false),
        ("cdata", "a<b>&amp;c", false),
        ("comment", "abc", false),
    ];
    let expected = expected.map(|(name, data, damaged)| (name.into(), data.into(), damaged));
    assert_eq!(found, expected);
}

#[test]
fn any_prefix_and_no_prefix() {
    for body in [
        r#"<x:multistatus xmlns:x="DAV:"><x:response><x:href>a</x:href><x:propstat><x:prop><y:displayname xmlns:y="DAV:">n</y:displayname><z:displayname xmlns:z="urn:other">m</z:displayname></x:prop><x:status>HTTP/1.1 200 OK</x:status></x:propstat></x:response></x:multistatus>"#,
        r#"<multistatus xmlns="DAV:"><response><href>a</href><propstat><prop><displayname xmlns="urn:other">m</displayname><displayname>n</displayname><u:displayname>k</u:displayname></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"#,
    ] {
        assert_eq!(one(body).properties.text(Property::DisplayName), Some("n"));
    }
}

#[test]
fn unknown_elements_are_skipped_with_all_that_is_in_them() {
    let found = one(
        r#"<D:multistatus xmlns:D="DAV:" xmlns:X="urn:x"><X:news><D:response><D:href>no</D:href></D:response></X:news><D:response><X:more><D:href>no</D:href></X:more><D:href>a</D:href><D:propstat><D:prop><X:thing><D:getetag>"no"</D:getetag></X:thing><D:getetag>"1"</D:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"#,
    );
    assert_eq!(found.href.name(), "a");
    assert_eq!(found.properties.etag().unwrap().as_str(), "\"1\"");
}

#[test]
fn media_types_and_addresses() {
    let found = one(
        r#"<D:multistatus xmlns:D="DAV:" xmlns:A="urn:ietf:params:xml:ns:carddav" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:response><D:href>a</D:href><D:propstat><D:prop><A:supported-address-data><A:address-data-type content-type="text/vcard" version="3.0"/><A:address-data-type content-type="text/vcard" version="4.0"/></A:supported-address-data><C:calendar-user-address-set><D:href>mailto:alice@example.test</D:href><D:href>/SOGo/dav/alice/</D:href></C:calendar-user-address-set><C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp><A:max-resource-size>100</A:max-resource-size><C:max-resource-size>200</C:max-resource-size></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"#,
    );
    let properties = &found.properties;
    let types = properties.media_types(Property::SupportedAddressData);
    let versions: Vec<_> = types.iter().map(|t| t.version.as_str()).collect();
    assert_eq!(versions, ["3.0", "4.0"]);
    assert_eq!(
        properties.addresses(),
        ["mailto:alice@example.test", "/SOGo/dav/alice/"]
    );
    assert_eq!(
        properties.text(Property::ScheduleCalendarTransp),
        Some("transparent")
    );
    assert_eq!(properties.number(Property::MaxCardSize), Some(100));
    assert_eq!(properties.number(Property::MaxResourceSize), Some(200));
}
