//! Listing, making and changing collections.

use caldav::client::{NewCollection, Service};
use caldav::wire::{Component, Components, Property};
use wiremock::matchers::{body_string_contains, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::support::*;

fn tasks() -> NewCollection {
    NewCollection {
        display_name: Some("Tasks".into()),
        color: Some("#FF0000".into()),
        components: Components::from_iter([Component::Todo]),
        ..NewCollection::default()
    }
}

#[tokio::test]
async fn what_is_in_a_home() {
    let server = MockServer::start().await;
    let inner = [
        response("/home/", "<resourcetype><collection/></resourcetype>"),
        response(
            "/home/work/",
            "<resourcetype><collection/><C:calendar/></resourcetype>\
             <displayname>Work</displayname><I:calendar-color>#00FF00FF</I:calendar-color>\
             <I:calendar-order>3.0</I:calendar-order><S:getctag>7</S:getctag>\
             <sync-token>t</sync-token><C:supported-calendar-component-set>\
             <C:comp name='VEVENT'/></C:supported-calendar-component-set>\
             <current-user-privilege-set><privilege><read/></privilege></current-user-privilege-set>",
        ),
        response(
            "/home/feed/",
            "<resourcetype><collection/><S:subscribed/></resourcetype>",
        ),
        response(
            "/home/book/",
            "<resourcetype><collection/><A:addressbook/></resourcetype>",
        ),
        response(
            "/home/inbox/",
            "<resourcetype><collection/><C:schedule-inbox/></resourcetype>",
        ),
        status("/home/secret/", 403),
    ];
    answers(&server, "PROPFIND", "/home/", multistatus(&inner.concat())).await;
    let client = client(&server);
    let calendars = client
        .collections(Service::CalDav, &href("/home/"))
        .await
        .unwrap();
    let [work, feed] = calendars.as_slice() else {
        panic!("{calendars:?}")
    };
    assert_eq!(work.display_name.as_deref(), Some("Work"));
    assert_eq!((work.order, work.ctag.as_deref()), (Some(3), Some("7")));
    assert!(work.is_read_only() && work.has_sync());
    assert!(feed.is_read_only() && feed.subscribed && !feed.has_sync());
    let books = client
        .collections(Service::CardDav, &href("/home/"))
        .await
        .unwrap();
    assert_eq!(books.len(), 1);
    assert!(!books[0].is_read_only());
}

#[tokio::test]
async fn a_calendar_is_made_with_its_properties() {
    let server = MockServer::start().await;
    answers(
        &server,
        "MKCALENDAR",
        "/home/tasks/",
        ResponseTemplate::new(201),
    )
    .await;
    let client = client(&server);
    let made = client
        .make_collection(Service::CalDav, &href("/home/tasks/"), &tasks())
        .await;
    assert!(made.unwrap());
    let sent = last_body(&server).await;
    assert!(
        sent.contains("<I:calendar-color>#FF0000</I:calendar-color>"),
        "{sent}"
    );
    assert!(sent.contains("<C:comp name=\"VTODO\"/>"), "{sent}");
    assert_eq!(count(&server).await, 1);
}

#[tokio::test]
async fn properties_that_hinder_are_set_afterwards() {
    let server = MockServer::start().await;
    Mock::given(method("MKCALENDAR"))
        .and(body_string_contains("calendar-color"))
        .respond_with(ResponseTemplate::new(403))
        .mount(&server)
        .await;
    answers(
        &server,
        "MKCALENDAR",
        "/home/tasks/",
        ResponseTemplate::new(201),
    )
    .await;
    let color = "<response><href>/home/tasks/</href>\
        <propstat><prop><I:calendar-color/></prop><status>HTTP/1.1 403 X</status></propstat>\
        <propstat><prop><displayname/></prop><status>HTTP/1.1 424 X</status></propstat></response>";
    Mock::given(method("PROPPATCH"))
        .and(body_string_contains("calendar-color"))
        .respond_with(multistatus(color))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("PROPPATCH"))
        .respond_with(multistatus(&response("/home/tasks/", "<displayname/>")))
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&server);
    let made = client
        .make_collection(Service::CalDav, &href("/home/tasks/"), &tasks())
        .await;
    assert!(made.unwrap());
}

#[tokio::test]
async fn without_mkcalendar_there_is_extended_mkcol() {
    let server = MockServer::start().await;
    answers(
        &server,
        "MKCALENDAR",
        "/home/tasks/",
        ResponseTemplate::new(501),
    )
    .await;
    Mock::given(method("MKCOL"))
        .and(body_string_contains("<C:calendar/>"))
        .respond_with(ResponseTemplate::new(201))
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&server);
    let made = client
        .make_collection(Service::CalDav, &href("/home/tasks/"), &tasks())
        .await;
    assert!(made.unwrap());
}

#[tokio::test]
async fn one_that_is_there_is_left_alone() {
    let server = MockServer::start().await;
    answers(&server, "MKCOL", "/home/book/", ResponseTemplate::new(405)).await;
    let book = "<resourcetype><collection/><A:addressbook/></resourcetype>";
    answers(
        &server,
        "PROPFIND",
        "/home/book/",
        multistatus(&response("/home/book/", book)),
    )
    .await;
    let client = client(&server);
    let new = NewCollection::default();
    let made = client
        .make_collection(Service::CardDav, &href("/home/book/"), &new)
        .await;
    assert!(!made.unwrap());
    let calendar = client
        .make_collection(Service::CalDav, &href("/home/book/"), &new)
        .await;
    assert!(calendar.is_err());
}

#[tokio::test]
async fn trouble_is_no_reason_to_try_another_way() {
    let server = MockServer::start().await;
    answers(
        &server,
        "MKCALENDAR",
        "/home/tasks/",
        ResponseTemplate::new(503),
    )
    .await;
    let client = client(&server);
    let made = client
        .make_collection(Service::CalDav, &href("/home/tasks/"), &tasks())
        .await;
    assert!(made.unwrap_err().is_throttled());
    assert_eq!(count(&server).await, 1);
}

#[tokio::test]
async fn refused_properties_are_named() {
    let server = MockServer::start().await;
    let inner = "<response><href>/cal/</href><propstat><prop><I:calendar-order/></prop>\
        <status>HTTP/1.1 403 X</status></propstat></response>";
    answers(&server, "PROPPATCH", "/cal/", multistatus(inner)).await;
    let refused = client(&server)
        .proppatch(&href("/cal/"), &[(Property::CalendarOrder, Some("1"))])
        .await
        .unwrap();
    assert_eq!(refused, [(Property::CalendarOrder, 403)]);
}
