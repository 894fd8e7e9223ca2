//! sync-collection, multiget, queries.

use std::time::Duration;

use caldav::client::{ErrorKind, Fetched, Service, SyncChange};
use caldav::wire::{Component, Condition, Depth, Property, TimeRange, UtcTime};
use wiremock::matchers::{body_string_contains, header, method};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::support::*;

const ETAG: &[Property] = &[Property::GetETag];

#[tokio::test]
async fn changes_and_removals_and_a_token() {
    let server = MockServer::start().await;
    let inner = [
        // The collection itself, which is no member.
        response("/cal/", "<getetag>\"c\"</getetag>"),
        response("/cal/a.ics", "<getetag>\"1\"</getetag>"),
        status("/cal/b.ics", 404),
        status("/cal/c.ics", 403),
        "<sync-token>t2</sync-token>".to_owned(),
    ];
    Mock::given(method("REPORT"))
        .and(header("depth", "0"))
        .and(body_string_contains("<D:sync-token>t1</D:sync-token>"))
        .respond_with(multistatus(&inner.concat()))
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&server);
    let mut changes = client
        .sync_collection(&href("/cal/"), Some("t1"), None, ETAG)
        .await
        .unwrap();
    assert_eq!(changes.point().unwrap_err().kind(), ErrorKind::Usage);
    let mut seen = Vec::new();
    while let Some(change) = changes.next().await.unwrap() {
        seen.push(match change {
            SyncChange::Changed(r) => {
                format!("changed {} {}", r.href, r.properties.etag().unwrap())
            }
            SyncChange::Removed(href) => format!("removed {href}"),
            SyncChange::Unknown(r) => format!("unknown {}", r.href),
        });
    }
    assert_eq!(
        seen,
        [
            "changed /cal/a.ics \"1\"",
            "removed /cal/b.ics",
            "unknown /cal/c.ics"
        ]
    );
    let point = changes.point().unwrap();
    assert_eq!(
        (point.token.as_str(), point.truncated, point.unreadable),
        ("t2", false, 0)
    );
}

#[tokio::test]
async fn a_truncated_answer_says_so() {
    let server = MockServer::start().await;
    let inner = [
        response("/cal/a.ics", "<getetag>\"1\"</getetag>"),
        status("/cal/", 507),
        "<sync-token>t2</sync-token>".to_owned(),
    ];
    answers(&server, "REPORT", "/cal/", multistatus(&inner.concat())).await;
    let client = client(&server);
    let changes = client
        .sync_collection(&href("/cal/"), None, Some(1), ETAG)
        .await;
    let mut changes = changes.unwrap();
    while changes.next().await.unwrap().is_some() {}
    assert!(changes.point().unwrap().truncated);
    assert!(
        last_body(&server)
            .await
            .contains("<D:nresults>1</D:nresults>")
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_has_no_end() {
    let server = MockServer::start().await;
    let whole = format!("<multistatus {PREFIXES}>{}", response("/cal/a.ics", ""));
    answers(
        &server,
        "REPORT",
        "/cal/",
        ResponseTemplate::new(207).set_body_raw(whole, "text/xml"),
    )
    .await;
    let client = client(&server);
    let mut changes = client
        .sync_collection(&href("/cal/"), None, None, ETAG)
        .await
        .unwrap();
    assert!(changes.next().await.unwrap().is_some());
    let error = changes.next().await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert!(changes.point().is_err());
}

#[tokio::test]
async fn a_void_token_is_told_from_trouble() {
    let server = MockServer::start().await;
    let client = client(&server);
    for (template, refused) in [
        (refusal(403, "<valid-sync-token/>"), true),
        (ResponseTemplate::new(500), true),
        (ResponseTemplate::new(415), true),
        (refusal(507, "<number-of-matches-within-limits/>"), true),
        (ResponseTemplate::new(503), false),
        (ResponseTemplate::new(401), false),
        (ResponseTemplate::new(404), false),
    ] {
        server.reset().await;
        let shown = format!("{template:?}");
        answers(&server, "REPORT", "/cal/", template).await;
        let changes = client
            .sync_collection(&href("/cal/"), Some("old"), None, ETAG)
            .await;
        let error = changes.unwrap_err();
        assert_eq!(error.is_token_refused(), refused, "{error} {shown}");
    }
}

#[tokio::test]
async fn a_web_page_is_no_answer() {
    let server = MockServer::start().await;
    let client = client(&server);
    for (status, page) in [
        (200, "<!DOCTYPE html><html>Log in</html>"),
        (207, "<!DOCTYPE html><html>Log in</html>"),
        (200, "Hello world"),
        (204, ""),
    ] {
        server.reset().await;
        let template = ResponseTemplate::new(status).set_body_raw(page, "text/html");
        answers(&server, "PROPFIND", "/", template).await;
        let answer = client.properties(&href("/"), ETAG).await;
        assert_eq!(
            answer.unwrap_err().kind(),
            ErrorKind::Protocol,
            "{status} {page}"
        );
    }
}

#[tokio::test]
async fn throttling_reaches_the_caller() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "33");
    answers(&server, "PROPFIND", "/", busy).await;
    let error = client(&server)
        .properties(&href("/"), ETAG)
        .await
        .unwrap_err();
    assert!(error.is_throttled() && error.is_retryable());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(33)));
    assert!(error.to_string().starts_with("PROPFIND /: "), "{error}");
}

/// Answers a multiget in a way of its own for each name.
fn object(request: &Request) -> ResponseTemplate {
    let body = String::from_utf8(request.body.clone()).unwrap();
    let asked = |name: &str| body.contains(&format!("<D:href>{name}</D:href>"));
    let mut inner = String::new();
    for n in 0..5 {
        let name = format!("/cal/{n}%40x.ics");
        if asked(&name) {
            // Not quite as it was asked for.
            let data = format!("<C:calendar-data>BEGIN:{n}\r\n</C:calendar-data>");
            let tags = "<getetag>\"1\"</getetag><C:schedule-tag>\"s\"</C:schedule-tag>";
            inner += &response(&format!("/cal/{n}@x.ics"), &(data + tags));
        }
    }
    if asked("/cal/gone.ics") {
        inner += &status("/cal/gone.ics", 404);
    }
    if asked("/cal/gone2.ics") {
        inner += "<response><href>/cal/gone2.ics</href><propstat><prop><C:calendar-data/>\
            <getetag/></prop><status>HTTP/1.1 404 Not Found</status></propstat></response>";
    }
    if asked("/cal/secret.ics") {
        inner += "<response><href>/cal/secret.ics</href><propstat><prop><C:calendar-data/></prop>\
            <status>HTTP/1.1 403 Forbidden</status></propstat></response>";
    }
    inner += &response("/cal/unasked.ics", "<C:calendar-data>x</C:calendar-data>");
    multistatus(&inner)
}

#[tokio::test]
async fn every_object_that_was_asked_for_is_told_of_once() {
    let server = MockServer::start().await;
    Mock::given(method("REPORT"))
        .and(body_string_contains("C:calendar-multiget"))
        .respond_with(object)
        .expect(3)
        .mount(&server)
        .await;
    let mut options = options(&server.uri());
    options.multiget_batch = 4;
    let client = caldav::client::Client::new(options).unwrap();
    let names = ["gone", "gone2", "secret", "silent"].map(str::to_owned);
    let names = (0..5).map(|n| format!("{n}%40x")).chain(names);
    let hrefs = names.map(|name| href(&format!("/cal/{name}.ics")));
    let mut multiget = client.multiget(Service::CalDav, &href("/cal/"), hrefs);
    let mut seen = Vec::new();
    while let Some(fetched) = multiget.next().await.unwrap() {
        seen.push(match fetched {
            Fetched::Found(object) => {
                assert_eq!(object.schedule_tag.unwrap().as_str(), "\"s\"");
                assert!(object.etag.is_some());
                let data = String::from_utf8(object.data.to_vec()).unwrap();
                format!("{} {}", object.href, data.trim())
            }
            Fetched::Gone(href) => format!("{href} gone"),
            Fetched::Failed(href, error) => format!("{href} {:?}", error.status()),
        });
    }
    seen.sort();
    assert_eq!(
        seen,
        [
            "/cal/0%40x.ics BEGIN:0",
            "/cal/1%40x.ics BEGIN:1",
            "/cal/2%40x.ics BEGIN:2",
            "/cal/3%40x.ics BEGIN:3",
            "/cal/4%40x.ics BEGIN:4",
            "/cal/gone.ics gone",
            "/cal/gone2.ics gone",
            "/cal/secret.ics Some(403)",
            "/cal/silent.ics None",
        ]
    );
}

#[tokio::test]
async fn nothing_is_asked_for_nothing() {
    let server = MockServer::start().await;
    let client = client(&server);
    let mut none = client.multiget(Service::CardDav, &href("/book/"), []);
    assert!(none.next().await.unwrap().is_none());
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn cards_come_in_the_version_asked_for() {
    let server = MockServer::start().await;
    let data = "<A:address-data>BEGIN:VCARD</A:address-data>";
    answers(
        &server,
        "REPORT",
        "/book/",
        multistatus(&response("/book/a.vcf", data)),
    )
    .await;
    let mut options = options(&server.uri());
    options.vcard_version = Some("4.0".into());
    let client = caldav::client::Client::new(options).unwrap();
    let mut cards = client.multiget(Service::CardDav, &href("/book/"), [href("/book/a.vcf")]);
    let Some(Fetched::Found(card)) = cards.next().await.unwrap() else {
        panic!("no card");
    };
    assert_eq!(card.data, "BEGIN:VCARD");
    let sent = last_body(&server).await;
    assert!(sent.contains("<A:address-data content-type=\"text/vcard\" version=\"4.0\"/>"));
}

#[tokio::test]
async fn queries() {
    let server = MockServer::start().await;
    Mock::given(method("REPORT"))
        .and(header("depth", "1"))
        .and(body_string_contains("C:calendar-query"))
        .respond_with(multistatus(&response(
            "/cal/a.ics",
            "<getetag>\"1\"</getetag>",
        )))
        .mount(&server)
        .await;
    let busy = ResponseTemplate::new(200).set_body_raw("BEGIN:VCALENDAR", "text/calendar");
    Mock::given(method("REPORT"))
        .and(body_string_contains("C:free-busy-query"))
        .respond_with(busy)
        .mount(&server)
        .await;
    Mock::given(method("REPORT"))
        .and(body_string_contains("A:addressbook-query"))
        .respond_with(refusal(403, "<A:supported-filter/>"))
        .mount(&server)
        .await;
    let client = client(&server);
    let range = TimeRange::from(UtcTime::from_unix(0));
    let cal = href("/cal/");
    let found = client
        .calendar_query(&cal, Some(Component::Event), Some(&range), ETAG)
        .await
        .unwrap();
    assert_eq!(found.collect().await.unwrap().0.len(), 1);
    assert_eq!(
        client.free_busy(&cal, &range).await.unwrap(),
        "BEGIN:VCALENDAR"
    );
    let error = client
        .addressbook_query(&cal, &[], None, ETAG)
        .await
        .unwrap_err();
    assert!(error.has(Condition::SupportedCardFilter));
    let listed = client.propfind(&cal, Depth::One, ETAG).await.unwrap_err();
    assert!(listed.is_not_found());
}
