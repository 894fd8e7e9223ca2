//! What goes wrong on order.

use caldav::testing::{Fault, Moment, Profile};

use crate::support::{WORK, ask, event, propfind, put, server, try_ask};

#[test]
fn a_cut_before_does_nothing_and_one_after_does_it() {
    let server = server(Profile::full());
    let path = format!("{WORK}1.ics");
    server.order(Fault::on("PUT").cut_before());
    assert!(try_ask(&server, "PUT", &path, &[], &event("1", "")).is_none());
    assert!(server.store().names("calendars/work").is_empty());
    server.order(Fault::on("PUT").cut_after());
    assert!(try_ask(&server, "PUT", &path, &[], &event("1", "")).is_none());
    assert_eq!(server.store().names("calendars/work"), ["1.ics"]);
    assert_eq!(server.faults_waiting(), 0);
}

#[test]
fn an_answer_may_end_in_the_middle() {
    let server = server(Profile::full());
    server.order(Fault::on("PROPFIND").cut_answer(60));
    let cut = propfind(&server, WORK, "1", &["D:getetag"]);
    assert_eq!(cut.body.len(), 60);
    assert!(
        cut.header("content-length")
            .unwrap()
            .parse::<usize>()
            .unwrap()
            > 60
    );
    server.order(Fault::on("PROPFIND").truncated_multistatus());
    let half = propfind(&server, WORK, "1", &["D:getetag"]);
    let length = half.header("content-length").unwrap().to_owned();
    assert_eq!(length.parse::<usize>().unwrap(), half.body.len());
    assert!(!half.body.contains("</D:multistatus>"));
}

#[test]
fn a_multistatus_may_lack_responses() {
    let server = server(Profile::full());
    for n in ["1", "2", "3"] {
        let name = format!("{n}.ics");
        server.store().put("calendars/work", &name, &event(n, ""));
    }
    for (fault, count) in [
        (Fault::on("PROPFIND").empty_multistatus(), 0),
        (Fault::on("PROPFIND").short_multistatus(2), 2),
    ] {
        server.order(fault);
        let told = propfind(&server, WORK, "1", &["D:getetag"]);
        assert_eq!((told.status, told.count("<D:response>")), (207, count));
        assert!(told.body.ends_with("</D:multistatus>"), "{}", told.body);
    }
    assert_eq!(
        propfind(&server, WORK, "1", &["D:getetag"]).count("<D:response>"),
        4
    );
}

#[test]
fn a_status_may_come_with_a_pause() {
    let server = server(Profile::full());
    server.order(Fault::on("PUT").nth(2).throttle(429, 7));
    let path = format!("{WORK}1.ics");
    assert_eq!(put(&server, &path, &[], &event("1", "")).status, 201);
    let busy = put(&server, &path, &[], &event("1", ""));
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("7")));
}

#[test]
fn somebody_else_may_be_faster() {
    let server = server(Profile::full());
    let path = format!("{WORK}1.ics");
    let etag = put(&server, &path, &[], &event("1", "")).etag();
    let theirs = event("1", "LOCATION:theirs\r\n");
    let fault = Fault::on("PUT").holding("mine");
    server.order(fault.edit(Moment::Received, move |store| {
        store.put("calendars/work", "1.ics", &theirs);
    }));
    let mine = event("1", "LOCATION:mine\r\n");
    assert_eq!(
        put(&server, &path, &[("If-Match", &etag)], &mine).status,
        412
    );
    assert!(ask(&server, "GET", &path, &[], "").body.contains("theirs"));
}

#[test]
fn what_was_asked_is_on_record() {
    let server = server(Profile::full());
    propfind(&server, WORK, "1", &["D:getetag"]);
    let seen = server.requests();
    assert_eq!(server.request_lines(), [format!("PROPFIND {WORK}")]);
    assert_eq!(
        (seen[0].header("depth"), seen[0].status),
        (Some("1"), Some(207))
    );
    let stats = server.stats();
    assert_eq!((stats.requests, stats.connections), (1, 1));
    assert!(stats.bytes_received > 200 && stats.bytes_sent > 200);
    server.reset_stats();
    assert_eq!(server.stats().requests, 0);
}
