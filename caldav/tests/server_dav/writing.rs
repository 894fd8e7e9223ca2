//! PUT, DELETE, MOVE, their preconditions, and whom they mail.

use caldav::testing::{Profile, Quirk};

use crate::support::{WORK, ask, event, put, server};

#[test]
fn writes_are_guarded_by_etags() {
    let server = server(Profile::full());
    let path = format!("{WORK}1.ics");
    let made = put(&server, &path, &[("If-None-Match", "*")], &event("1", ""));
    assert_eq!(made.status, 201);
    let again = put(&server, &path, &[("If-None-Match", "*")], &event("1", ""));
    assert_eq!(again.status, 412);
    let etag = made.etag();
    let changed = event("1", "LOCATION:x\r\n");
    let second = put(&server, &path, &[("If-Match", &etag)], &changed);
    assert_eq!(second.status, 204);
    assert_ne!(second.etag(), etag);
    assert_eq!(
        put(&server, &path, &[("If-Match", &etag)], &changed).status,
        412
    );
    assert_eq!(
        ask(&server, "DELETE", &path, &[("If-Match", &etag)], "").status,
        412
    );
    let got = ask(&server, "GET", &path, &[], "");
    assert_eq!(
        (got.body.as_str(), got.etag()),
        (changed.as_str(), second.etag())
    );
    let etag = second.etag();
    assert_eq!(
        ask(&server, "DELETE", &path, &[("If-Match", &etag)], "").status,
        204
    );
    assert_eq!(
        ask(&server, "DELETE", &path, &[("If-Match", &etag)], "").status,
        404
    );
    assert_eq!(
        put(&server, &path, &[("If-Match", &etag)], &changed).status,
        412
    );
}

#[test]
fn sogo_overwrites_and_counts() {
    let server = server(Profile::sogo_like());
    let path = "/SOGo/dav/alice/Calendar/work/1.ics";
    let guard = [("If-None-Match", "*")];
    let first = put(&server, path, &guard, &event("1", ""));
    assert_eq!(
        (first.status, first.etag().as_str()),
        (201, "\"gcs00000000\"")
    );
    let second = put(&server, path, &guard, &event("1", ""));
    assert_eq!(
        (second.status, second.etag().as_str()),
        (204, "\"gcs00000001\"")
    );
    let stale = put(&server, path, &[("If-Match", "\"bogus\"")], &event("1", ""));
    assert_eq!(stale.status, 412);
    let other = "/SOGo/dav/alice/Calendar/work/2.ics";
    assert_eq!(
        put(&server, other, &guard, &event("2", "")).etag(),
        first.etag()
    );
}

#[test]
fn a_weak_etag_guards_nothing() {
    let server = server(Profile::full().with(Quirk::WeakEtags));
    let path = format!("{WORK}1.ics");
    let etag = put(&server, &path, &[], &event("1", "")).etag();
    assert!(etag.starts_with("W/"));
    assert_eq!(
        put(&server, &path, &[("If-Match", &etag)], &event("1", "")).status,
        412
    );
}

#[test]
fn content_is_stored_as_the_server_likes_it() {
    let server = server(Profile::radicale_like());
    let text = event("1", "ATTENDEE;ROLE=CHAIR;CN=\"Bob\":mailto:b@x\r\n");
    let made = put(&server, "/alice/work/1.ics", &[], &text);
    let got = ask(&server, "GET", "/alice/work/1.ics", &[], "");
    assert_eq!(made.etag(), got.etag());
    assert!(
        got.body.contains("ATTENDEE;CN=Bob;ROLE=CHAIR:mailto:b@x"),
        "{}",
        got.body
    );
    let google = Profile::google_like().auth(caldav::testing::Auth::Basic);
    let server = crate::support::server(google);
    let path = format!("{WORK}1.ics");
    let made = put(&server, &path, &[], &event("1", ""));
    assert_eq!(made.header("etag"), None);
    assert!(
        ask(&server, "GET", &path, &[], "")
            .body
            .contains("STATUS:CONFIRMED")
    );
}

#[test]
fn a_uid_has_one_resource() {
    let server = server(Profile::radicale_like());
    put(&server, "/alice/work/1.ics", &[], &event("1", ""));
    let refused = put(&server, "/alice/work/2.ics", &[], &event("1", ""));
    assert_eq!(refused.status, 409);
    assert!(
        refused.body.contains("<C:no-uid-conflict>"),
        "{}",
        refused.body
    );
    assert!(
        refused.body.contains("/alice/work/1.ics"),
        "{}",
        refused.body
    );
    assert_eq!(
        put(&server, "/alice/work/1.ics", &[], &event("other", "")).status,
        409
    );
    assert_eq!(
        put(&server, "/alice/nowhere/1.ics", &[], &event("1", "")).status,
        409
    );
    assert_eq!(
        put(&server, "/alice/work/x.ics", &[], "nonsense").status,
        403
    );
    assert_eq!(
        put(
            &server,
            "/alice/work/x.ics",
            &[],
            &crate::support::card("1")
        )
        .status,
        403
    );
}

#[test]
fn a_trash_bin_keeps_names_from_being_used_again() {
    let server = server(Profile::full().trash_refusal(400));
    let path = format!("{WORK}1.ics");
    put(&server, &path, &[], &event("1", ""));
    ask(&server, "DELETE", &path, &[], "");
    assert_eq!(put(&server, &path, &[], &event("1", "")).status, 400);
    let other = format!("{WORK}1-again.ics");
    assert_eq!(put(&server, &other, &[], &event("1", "")).status, 201);
}

#[test]
fn a_move_keeps_what_is_there() {
    let server = server(Profile::full());
    server.store().create("calendars/home");
    let path = format!("{WORK}1.ics");
    let etag = put(&server, &path, &[], &event("1", "")).etag();
    let to = format!("{}dav/calendars/alice/home/1.ics", server.url());
    let headers = [("Destination", to.as_str()), ("If-Match", "\"no\"")];
    assert_eq!(ask(&server, "MOVE", &path, &headers, "").status, 412);
    let headers = [
        ("Destination", to.as_str()),
        ("If-Match", &etag),
        ("Overwrite", "F"),
    ];
    assert_eq!(ask(&server, "MOVE", &path, &headers, "").status, 201);
    assert_eq!(server.store().names("calendars/work").len(), 0);
    assert_eq!(server.store().names("calendars/home"), ["1.ics"]);
}

#[test]
fn attendees_are_mailed_unless_the_event_says_otherwise() {
    let server = server(Profile::cyrus_like());
    let work = "/dav/calendars/user/alice/work/";
    let invited = |agent: &str| {
        format!("ORGANIZER:mailto:alice@example.org\r\nATTENDEE{agent}:mailto:bob@example.org\r\n")
    };
    let quiet = event("1", &invited(";SCHEDULE-AGENT=NONE"));
    put(&server, &format!("{work}1.ics"), &[], &quiet);
    assert!(server.store().mails().is_empty());
    put(
        &server,
        &format!("{work}2.ics"),
        &[],
        &event("2", &invited("")),
    );
    let mails = server.store().mails();
    assert_eq!((mails.len(), mails[0].method), (1, "REQUEST"));
    assert_eq!(mails[0].to, "mailto:bob@example.org");
    let options = ask(&server, "OPTIONS", work, &[], "");
    assert!(
        options
            .header("dav")
            .unwrap()
            .contains("calendar-auto-schedule")
    );
}
