//! GET, PUT, POST, DELETE, MOVE.

use bytes::Bytes;
use caldav::client::{ErrorKind, Service};
use caldav::wire::{Condition, ETag, Precondition};
use wiremock::matchers::{body_string, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::support::*;

const EVENT: &[u8] = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";

fn event() -> Bytes {
    Bytes::from_static(EVENT)
}

fn tag(text: &str) -> ETag {
    ETag::parse(text).unwrap()
}

#[tokio::test]
async fn an_object_is_written_on_conditions() {
    let server = MockServer::start().await;
    let stored = ResponseTemplate::new(201)
        .insert_header("etag", "\"1\"")
        .insert_header("schedule-tag", "\"s1\"");
    Mock::given(method("PUT"))
        .and(path("/cal/new.ics"))
        .and(header("if-none-match", "*"))
        .and(header("content-type", "text/calendar; charset=utf-8"))
        .and(body_string(String::from_utf8(EVENT.to_vec()).unwrap()))
        .respond_with(stored)
        .mount(&server)
        .await;
    for (name, value) in [("if-match", "\"1\""), ("if-schedule-tag-match", "\"s1\"")] {
        Mock::given(method("PUT"))
            .and(path("/cal/old.ics"))
            .and(header(name, value))
            .respond_with(ResponseTemplate::new(204))
            .expect(1)
            .mount(&server)
            .await;
    }
    let client = client(&server);
    let put = async |at: &str, precondition: Precondition| {
        client
            .put(&href(at), Service::CalDav, event(), &precondition)
            .await
    };
    let stored = put("/cal/new.ics", Precondition::New).await.unwrap();
    assert_eq!(stored.href, href("/cal/new.ics"));
    assert_eq!(stored.etag, Some(tag("\"1\"")));
    assert_eq!(stored.schedule_tag, Some(tag("\"s1\"")));
    let stored = put("/cal/old.ics", Precondition::Match(tag("\"1\"")))
        .await
        .unwrap();
    assert_eq!(stored.etag, None);
    put("/cal/old.ics", Precondition::ScheduleTag(tag("\"s1\"")))
        .await
        .unwrap();

    let before = count(&server).await;
    for weak in ["W/\"1\"", "1", "\"\u{e9}\""] {
        let error = put("/cal/old.ics", Precondition::Match(tag(weak)))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{weak}");
    }
    assert_eq!(count(&server).await, before);
}

#[tokio::test]
async fn refusals_say_why() {
    let server = MockServer::start().await;
    let client = client(&server);
    let uid = "<C:no-uid-conflict><href>/cal/other.ics</href></C:no-uid-conflict>";
    for (template, condition) in [
        (refusal(409, uid), Condition::NoUidConflict),
        (
            refusal(403, "<C:unique-scheduling-object-resource/>"),
            Condition::UniqueSchedulingObjectResource,
        ),
        (
            refusal(403, "<C:supported-calendar-data/>"),
            Condition::SupportedCalendarData,
        ),
        (
            refusal(403, "<C:max-resource-size/>"),
            Condition::MaxResourceSize,
        ),
        (
            refusal(403, "<need-privileges/>"),
            Condition::NeedPrivileges,
        ),
        (
            refusal(507, "<quota-not-exceeded/>"),
            Condition::QuotaNotExceeded,
        ),
    ] {
        server.reset().await;
        answers(&server, "PUT", "/cal/a.ics", template).await;
        let error = client
            .put(
                &href("/cal/a.ics"),
                Service::CalDav,
                event(),
                &Precondition::New,
            )
            .await
            .unwrap_err();
        assert!(error.has(condition), "{error}");
        assert!(!error.is_outcome_unknown() && !error.is_stale(), "{error}");
        assert!(error.to_string().contains(condition.name().1), "{error}");
        if error.is_uid_conflict() && error.status() == Some(409) {
            assert_eq!(error.body().href, Some(href("/cal/other.ics")));
        }
    }
    server.reset().await;
    answers(&server, "PUT", "/cal/a.ics", ResponseTemplate::new(412)).await;
    let put = client
        .put(
            &href("/cal/a.ics"),
            Service::CalDav,
            event(),
            &Precondition::New,
        )
        .await;
    assert!(put.unwrap_err().is_stale());
}

#[tokio::test]
async fn a_gateway_leaves_it_open() {
    let server = MockServer::start().await;
    answers(&server, "PUT", "/cal/a.ics", ResponseTemplate::new(504)).await;
    let client = client(&server);
    let put = client
        .put(
            &href("/cal/a.ics"),
            Service::CalDav,
            event(),
            &Precondition::New,
        )
        .await;
    let error = put.unwrap_err();
    assert!(
        error.is_outcome_unknown() && error.is_retryable(),
        "{error}"
    );
}

#[tokio::test]
async fn a_name_that_the_server_chooses() {
    let server = MockServer::start().await;
    let made = ResponseTemplate::new(201)
        .insert_header("location", format!("{}/cal/x%40y.ics", server.uri()));
    answers(&server, "POST", "/cal/", made).await;
    let client = client(&server);
    let stored = client
        .add(&href("/cal/"), Service::CalDav, event())
        .await
        .unwrap();
    assert_eq!(stored.href.to_string(), "/cal/x%40y.ics");
    server.reset().await;
    answers(&server, "POST", "/cal/", ResponseTemplate::new(201)).await;
    let error = client
        .add(&href("/cal/"), Service::CalDav, event())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn an_object_is_read_to_a_limit() {
    let server = MockServer::start().await;
    let object = ResponseTemplate::new(200)
        .insert_header("etag", "W/\"1\"")
        .set_body_bytes(EVENT);
    answers(&server, "GET", "/cal/a.ics", object).await;
    let object = client(&server).get(&href("/cal/a.ics")).await.unwrap();
    assert_eq!(object.data, EVENT);
    assert!(object.etag.unwrap().is_weak());
    let mut options = options(&server.uri());
    options.limits.max_response = EVENT.len() - 1;
    let small = caldav::client::Client::new(options).unwrap();
    let error = small.get(&href("/cal/a.ics")).await.unwrap_err();
    assert!(error.is_too_large(), "{error}");
}

#[tokio::test]
async fn nobody_is_told_of_a_deletion() {
    let server = MockServer::start().await;
    Mock::given(method("DELETE"))
        .and(header("schedule-reply", "F"))
        .and(header("if-match", "\"1\""))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&server);
    let guard = Precondition::Match(tag("\"1\""));
    client.delete(&href("/cal/a.ics"), &guard).await.unwrap();
}

#[tokio::test]
async fn where_if_match_is_not_heeded_the_tag_is_compared() {
    let server = MockServer::start().await;
    let current = response("/cal/a.ics", "<getetag>\"gcs00000002\"</getetag>");
    answers(&server, "PROPFIND", "/cal/a.ics", multistatus(&current)).await;
    answers(
        &server,
        "PROPFIND",
        "/cal/b.ics",
        multistatus(&status("/cal/b.ics", 404)),
    )
    .await;
    answers(&server, "DELETE", "/cal/a.ics", ResponseTemplate::new(204)).await;
    let client = client(&server);
    let delete = async |name: &str, text: &str| {
        client
            .delete(&href(name), &Precondition::Match(tag(text)))
            .await
    };
    let stale = delete("/cal/a.ics", "\"gcs00000001\"").await.unwrap_err();
    assert!(stale.is_stale(), "{stale}");
    let gone = delete("/cal/b.ics", "\"gcs00000001\"").await.unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
    delete("/cal/a.ics", "\"gcs00000002\"").await.unwrap();
    let move_to = async |to: &str| {
        let guard = Precondition::Match(tag("\"gcs00000002\""));
        let (from, to) = (href("/cal/a.ics"), href(to));
        client.move_to(&from, &to, &guard).await
    };
    answers(&server, "MOVE", "/cal/a.ics", ResponseTemplate::new(201)).await;
    assert!(move_to("/cal/a.ics").await.unwrap_err().is_stale());
    move_to("/cal/b.ics").await.unwrap();
    move_to("/cal/c.ics").await.unwrap();
    let seen = server.received_requests().await.unwrap();
    let methods = seen.iter().map(|request| request.method.as_str());
    let writes: Vec<_> = methods.filter(|method| *method != "PROPFIND").collect();
    assert_eq!(writes, ["DELETE", "MOVE", "MOVE"]);
}

#[tokio::test]
async fn a_deletion_that_left_something_failed() {
    let server = MockServer::start().await;
    answers(
        &server,
        "DELETE",
        "/cal/",
        multistatus(&status("/cal/a.ics", 423)),
    )
    .await;
    let client = client(&server);
    let error = client
        .delete(&href("/cal/"), &Precondition::None)
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(423));
    assert!(error.to_string().contains("/cal/a.ics"), "{error}");
}

#[tokio::test]
async fn a_move_overwrites_nothing() {
    let server = MockServer::start().await;
    Mock::given(method("MOVE"))
        .and(path("/cal/a.ics"))
        .and(header(
            "destination",
            format!("{}/other/a.ics", server.uri()),
        ))
        .and(header("overwrite", "F"))
        .respond_with(ResponseTemplate::new(201).insert_header("etag", "\"1\""))
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&server);
    let (from, to) = (href("/cal/a.ics"), href("/other/a.ics"));
    let stored = client
        .move_to(&from, &to, &Precondition::None)
        .await
        .unwrap();
    assert_eq!(stored.href, to);
    server.reset().await;
    answers(&server, "MOVE", "/cal/a.ics", ResponseTemplate::new(501)).await;
    let error = client
        .move_to(&from, &to, &Precondition::None)
        .await
        .unwrap_err();
    assert!(error.is_unsupported());
}
