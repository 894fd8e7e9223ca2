//! sync-collection, multigets and queries.

use caldav::testing::{Profile, Quirk};

use crate::support::{PEOPLE, WORK, ask, card, event, propfind, put, server, sync};

fn fill(server: &caldav::testing::Server, count: usize) {
    for n in 0..count {
        let uid = n.to_string();
        let name = format!("{uid}.ics");
        server
            .store()
            .put("calendars/work", &name, &event(&uid, ""));
    }
}

#[test]
fn a_token_tells_what_changed_since() {
    let server = server(Profile::full());
    fill(&server, 3);
    let first = sync(&server, WORK, "");
    assert_eq!((first.status, first.count("<D:response>")), (207, 3));
    let token = first.text("D:sync-token");
    let told = propfind(&server, WORK, "0", &["D:sync-token"]);
    assert_eq!(told.text("D:sync-token"), token);
    assert_eq!(sync(&server, WORK, &token).count("<D:response>"), 0);
    server.store().delete("calendars/work", "1.ics");
    put(&server, &format!("{WORK}9.ics"), &[], &event("9", ""));
    let second = sync(&server, WORK, &token);
    assert_eq!(second.count("<D:response>"), 2);
    assert!(
        second
            .body
            .contains("1.ics</D:href><D:status>HTTP/1.1 404 Not Found")
    );
    assert!(second.body.contains("9.ics</D:href><D:propstat>"));
}

#[test]
fn many_changes_come_in_pages() {
    let server = server(Profile::full().page(2));
    fill(&server, 5);
    let mut token = String::new();
    let mut seen = 0;
    for (more, count) in [(true, 3), (true, 3), (false, 1)] {
        let page = sync(&server, WORK, &token);
        assert_eq!(page.count("<D:response>"), count);
        assert_eq!(page.body.contains("507"), more, "{}", page.body);
        seen += page.count(".ics</D:href>");
        token = page.text("D:sync-token");
    }
    assert_eq!(seen, 5);
}

#[test]
fn tokens_are_refused_in_many_ways() {
    let server = server(Profile::full());
    fill(&server, 1);
    let token = sync(&server, WORK, "").text("D:sync-token");
    server.store().expire_tokens("calendars/work");
    let refused = sync(&server, WORK, &token);
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("valid-sync-token"));
    for status in [400, 409, 415, 500, 507] {
        let server = crate::support::server(Profile::full().token_refusal(status));
        assert_eq!(sync(&server, WORK, "http://nonsense").status, status);
    }
    let cyrus = crate::support::server(Profile::cyrus_like());
    assert_eq!(
        sync(&cyrus, "/dav/calendars/user/alice/work/", "").status,
        403
    );
    let sogo = crate::support::server(Profile::sogo_like());
    let work = "/SOGo/dav/alice/Calendar/work/";
    sogo.store().put("calendars/work", "1.ics", &event("1", ""));
    for token in ["999", "http://x.invalid/"] {
        let all = sync(&sogo, work, token);
        assert_eq!((all.status, all.count("<D:response>")), (207, 1));
    }
    // What happens in the second of the token is missed.
    let token = sync(&sogo, work, "").text("D:sync-token");
    assert_eq!(sync(&sogo, work, &token).count("<D:response>"), 0);
}

#[test]
fn a_multiget_says_what_is_not_there() {
    let server = server(Profile::full());
    server
        .store()
        .put("addressbooks/people", "ä b.vcf", &card("1"));
    let body = format!(
        "<R:addressbook-multiget xmlns:D=\"DAV:\" xmlns:R=\"urn:ietf:params:xml:ns:carddav\">\
         <D:prop><D:getetag/><R:address-data/></D:prop><D:href>{PEOPLE}%c3%a4%20b.vcf</D:href>\
         <D:href>{PEOPLE}gone.vcf</D:href></R:addressbook-multiget>"
    );
    let got = ask(&server, "REPORT", PEOPLE, &[], &body);
    assert_eq!((got.status, got.count("<D:response>")), (207, 2));
    assert!(
        got.body
            .contains("<D:href>/dav/addressbooks/alice/people/%C3%A4%20b.vcf</D:href>")
    );
    assert!(got.body.contains("FN:1&#13;\n"), "{}", got.body);
    assert!(got.body.contains("gone.vcf</D:href><D:status>HTTP/1.1 404"));
}

#[test]
fn a_query_filters_by_component_and_time() {
    let server = server(Profile::full());
    fill(&server, 2);
    let task = "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:t\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
    server.store().put("calendars/work", "t.ics", task);
    let query = |inner: &str| {
        let body = format!(
            "<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop>\
             <D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">{inner}\
             </C:comp-filter></C:filter></C:calendar-query>"
        );
        ask(&server, "REPORT", WORK, &[], &body).count("<D:response>")
    };
    assert_eq!(query(""), 3);
    assert_eq!(query("<C:comp-filter name=\"VTODO\"/>"), 1);
    for (from, to, count) in [
        ("20260301T103000Z", "20260301T120000Z", 2),
        ("20260301T110000Z", "20260301T120000Z", 0),
        ("20260201T000000Z", "20260301T100000Z", 0),
    ] {
        let range = format!(
            "<C:comp-filter name=\"VEVENT\"><C:time-range start=\"{from}\" end=\"{to}\"/>\
             </C:comp-filter>"
        );
        assert_eq!(query(&range), count, "{from}");
    }
}

#[test]
fn what_cannot_be_read_has_a_status_of_its_own() {
    let server = server(Profile::full());
    fill(&server, 2);
    server.store().break_item("calendars/work", "1.ics", 500);
    let all = propfind(&server, WORK, "1", &["D:getetag"]);
    assert!(all.body.contains("HTTP/1.1 500"), "{}", all.body);
    assert_eq!(all.count("<D:getetag>"), 1);
}

#[test]
fn a_log_may_forget_and_a_listing_not() {
    let server = server(Profile::full().with(Quirk::ForgetsChanges));
    let token = sync(&server, WORK, "").text("D:sync-token");
    fill(&server, 2);
    assert_eq!(sync(&server, WORK, &token).count("<D:response>"), 0);
    assert_eq!(
        propfind(&server, WORK, "1", &["D:getetag"]).count(".ics</D:href>"),
        2
    );
}
