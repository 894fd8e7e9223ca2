//! What a client finds out before it reads.

use caldav::testing::{Auth, Profile, Quirk, Server};

use crate::support::{ask, propfind, server};

#[test]
fn well_known_leads_to_principal_homes_and_collections() {
    for (profile, context, home) in [
        (Profile::full(), "/dav/", "/dav/calendars/alice/"),
        (Profile::radicale_like(), "/", "/alice/"),
        (Profile::cyrus_like(), "/dav/", "/dav/calendars/user/alice/"),
    ] {
        let server = server(profile);
        let moved = ask(&server, "PROPFIND", "/.well-known/caldav", &[], "");
        assert_eq!(
            (moved.status, moved.header("location")),
            (301, Some(context))
        );
        let root = propfind(&server, context, "0", &["D:current-user-principal"]);
        assert_eq!(root.status, 207);
        let dav = if root.body.contains("<D:href>") {
            "D:"
        } else {
            ""
        };
        let (_, inner) = root.body.split_once("current-user-principal>").unwrap();
        let principal = inner
            .split_once("href>")
            .unwrap()
            .1
            .split_once('<')
            .unwrap()
            .0;
        let homes = ["C:calendar-home-set", "R:addressbook-home-set"];
        let told = propfind(&server, principal, "0", &homes);
        assert!(
            told.body
                .contains(&format!("<{dav}href>{home}</{dav}href>")),
            "{}",
            told.body
        );
        let all = propfind(&server, home, "1", &["D:resourcetype", "D:sync-token"]);
        assert!(all.body.contains("<C:calendar/>"), "{}", all.body);
        assert!(
            all.body.contains(&format!("<{dav}href>{home}work/")),
            "{}",
            all.body
        );
    }
}

#[test]
fn sogo_answers_well_known_with_a_page() {
    let server = server(Profile::sogo_like());
    let page = ask(&server, "PROPFIND", "/.well-known/caldav", &[], "");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<html>"));
    let all = propfind(
        &server,
        "/SOGo/dav/alice/Calendar/",
        "1",
        &["D:resourcetype"],
    );
    assert!(all.body.contains("<C:schedule-inbox/>"), "{}", all.body);
}

#[test]
fn homes_may_be_elsewhere() {
    let server = server(Profile::full().with(Quirk::HomesElsewhere));
    let told = propfind(
        &server,
        "/dav/principals/alice/",
        "0",
        &["C:calendar-home-set"],
    );
    let home = format!(
        "http://localhost:{}/dav/calendars/alice/",
        server.addr().port()
    );
    assert!(told.body.contains(&home), "{}", told.body);
}

#[test]
fn a_property_that_is_not_there_is_said_to_be_missing() {
    let server = server(Profile::full());
    let asked = ["D:displayname", "D:no-such-thing"];
    let told = propfind(&server, crate::support::WORK, "0", &asked);
    let (found, missing) = told.body.split_once("200 OK").unwrap();
    assert!(found.contains("<D:displayname>work</D:displayname>"));
    assert!(missing.contains("<D:no-such-thing/>") && missing.contains("404"));
}

#[test]
fn privileges_tell_what_may_be_written() {
    let server = server(Profile::full());
    let asked = ["D:current-user-privilege-set"];
    assert!(
        propfind(&server, crate::support::WORK, "0", &asked)
            .body
            .contains("<D:write/>")
    );
    server.store().set_read_only("calendars/work", true);
    let told = propfind(&server, crate::support::WORK, "0", &asked);
    assert!(told.body.contains("<D:read/>") && !told.body.contains("<D:write/>"));
    let refused = crate::support::put(
        &server,
        "/dav/calendars/alice/work/1.ics",
        &[],
        &crate::support::event("1", ""),
    );
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("need-privileges"));
}

#[test]
fn who_is_not_known_gets_nothing() {
    for (auth, challenge) in [
        (Auth::Basic, "Basic"),
        (Auth::Digest, "Digest"),
        (Auth::Bearer, "Bearer"),
    ] {
        let server = server(Profile::full().auth(auth));
        let headers = [("Authorization", "Basic YWxpY2U6d3Jvbmc=")];
        let refused = ask(&server, "PROPFIND", "/dav/", &headers, "");
        assert_eq!(refused.status, 401);
        assert!(
            refused
                .header("www-authenticate")
                .unwrap()
                .starts_with(challenge)
        );
        let headers = [("Authorization", "Bearer token")];
        let answer = ask(&server, "PROPFIND", "/dav/", &headers, "");
        assert_eq!(answer.status == 207, auth == Auth::Bearer);
    }
}

#[test]
fn collections_are_made_with_what_they_are_to_show() {
    let server = Server::start().unwrap();
    let body = "<C:mkcalendar xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:set>\
                <D:prop><D:displayname>To do</D:displayname><C:supported-calendar-component-set>\
                <C:comp name=\"VTODO\"/></C:supported-calendar-component-set></D:prop></D:set>\
                </C:mkcalendar>";
    let path = "/dav/calendars/alice/a%20b/";
    assert_eq!(ask(&server, "MKCALENDAR", path, &[], body).status, 201);
    assert_eq!(ask(&server, "MKCALENDAR", path, &[], body).status, 405);
    let store = server.store();
    assert_eq!(store.components("calendars/a b"), ["VTODO"]);
    let name = store.property("calendars/a b", "displayname");
    assert_eq!(name.as_deref(), Some("To do"));
    let event = crate::support::event("1", "");
    let refused = crate::support::put(&server, &format!("{path}1.ics"), &[], &event);
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("<C:supported-calendar-component/>"));
    let body = "<D:mkcol xmlns:D=\"DAV:\" xmlns:R=\"urn:ietf:params:xml:ns:carddav\"><D:set><D:prop>\
                <D:resourcetype><D:collection/><R:addressbook/></D:resourcetype></D:prop></D:set>\
                </D:mkcol>";
    let path = "/dav/addressbooks/alice/friends/";
    assert_eq!(ask(&server, "MKCOL", path, &[], body).status, 201);
    let all = store.collections();
    assert_eq!(all, ["addressbooks/friends", "calendars/a b"]);
}
