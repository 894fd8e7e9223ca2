//! What changed, and what it costs to know.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use caldav::client::Service;
use caldav::source::DavSource;
use caldav::testing::{Fault, Profile, Quirk, Server};
use sync_core::Source as _;
use sync_core::model::ItemKind;
use sync_core::net::Credential;
use sync_core::source::Coverage;

use crate::support::{
    WORK, calendars, changed, config, event, fetch, fill, list, open, options, seen, server, task,
    text,
};

#[tokio::test]
async fn nothing_new_costs_one_request() {
    let server = server(Profile::full());
    fill(&server, 50);
    let url = format!("{}dav/calendars/alice/work/", server.url());
    let source = || {
        let mut config = config(&server, Service::CalDav);
        config.client = options(&url, Credential::password("alice", "alicepw"));
        DavSource::new(config)
    };
    let mut first = source();
    let work = open(&mut first, "work").await;
    let all = list(&mut first, &work, None).await;
    assert_eq!((all.coverage, all.changed.len()), (Coverage::Snapshot, 50));
    server.reset_stats();
    let mut second = source();
    open(&mut second, "work").await;
    let none = list(&mut second, &work, Some(&all.cursor)).await;
    assert_eq!((none.coverage, none.changed.len()), (Coverage::Delta, 0));
    let stats = server.stats();
    assert_eq!(stats.requests, 1, "{:?}", server.request_lines());
    assert!(stats.bytes_sent + stats.bytes_received < 5_000, "{stats:?}");
    // Without the list of collections it is one request, too.
    list(&mut second, &work, Some(&all.cursor)).await;
    assert_eq!(seen(&server), ["PROPFIND", "REPORT sync-collection"]);
}

#[tokio::test]
async fn a_ctag_or_the_etags_do_where_there_is_no_token() {
    for (profile, quiet) in [
        (Profile::full().with(Quirk::NoSyncTokens), vec!["PROPFIND"]),
        (
            Profile::bare().components(&["VEVENT"]),
            vec!["PROPFIND", "PROPFIND"],
        ),
    ] {
        let server = server(profile);
        fill(&server, 3);
        let mut source = calendars(&server);
        let work = open(&mut source, "work").await;
        let first = list(&mut source, &work, None).await;
        assert_eq!(first.changed.len(), 3);
        server.reset_stats();
        list(&mut source, &work, Some(&first.cursor)).await;
        assert_eq!(seen(&server), quiet);
        server.store().delete(WORK, "1.ics");
        let second = list(&mut source, &work, Some(&first.cursor)).await;
        assert_eq!(second.coverage, Coverage::Snapshot);
        assert_eq!(changed(&second), ["0.ics", "2.ics"]);
    }
}

#[tokio::test]
async fn what_a_log_forgot_is_found_within_a_day() {
    let server = server(Profile::full().with(Quirk::ForgetsChanges));
    let now = Arc::new(AtomicI64::new(1_000_000));
    let clock = Arc::clone(&now);
    let config = config(&server, Service::CalDav);
    let mut source = DavSource::new(config.clock(Arc::new(move || clock.load(Ordering::Relaxed))));
    let work = open(&mut source, "work").await;
    let first = list(&mut source, &work, None).await;
    fill(&server, 2);
    now.fetch_add(3_600, Ordering::Relaxed);
    let hour = list(&mut source, &work, Some(&first.cursor)).await;
    assert!(hour.changed.is_empty());
    now.fetch_add(24 * 3_600, Ordering::Relaxed);
    let day = list(&mut source, &work, Some(&hour.cursor)).await;
    assert_eq!((day.coverage, day.changed.len()), (Coverage::Snapshot, 2));
    // And then it is quiet again.
    server.reset_stats();
    let again = list(&mut source, &work, Some(&day.cursor)).await;
    assert_eq!(again.coverage, Coverage::Delta);
    assert_eq!(seen(&server), ["REPORT sync-collection"]);
}

#[tokio::test]
async fn a_listing_that_fails_deletes_nothing() {
    let server = server(Profile::full());
    fill(&server, 20);
    let mut source = calendars(&server);
    let work = open(&mut source, "work").await;
    let first = list(&mut source, &work, None).await;
    let breaks: [fn(Fault) -> Fault; 4] = [
        Fault::empty_multistatus,
        Fault::truncated_multistatus,
        |fault| fault.cut_answer(1_000),
        |fault| fault.status(500),
    ];
    for fail in breaks {
        let report = || fail(Fault::on("REPORT /dav/calendars/alice/work/")).times(9);
        // The tags come first and a listing second.
        let listing = || fail(Fault::on("PROPFIND /dav/calendars/alice/work/")).nth(2);
        let what = format!("{:?}", report());
        // Where one of the two ways fails, the other one tells of everything or neither does.
        server.order(report());
        let page = source.changes(&work, None).await;
        assert!(
            page.is_err() || changed(&page.unwrap()).len() == 20,
            "{what}"
        );
        server.order(listing());
        let error = source.changes(&work, None).await;
        assert!(error.is_err(), "{what}: {error:?}");
        server.clear_faults();
    }
    server.store().put(WORK, "new.ics", &event("new", ""));
    for fault in [
        Fault::on("REPORT").truncated_multistatus(),
        Fault::on("REPORT").cut_answer(150),
        Fault::on("REPORT").status(502),
    ] {
        let what = format!("{fault:?}");
        server.order(fault.times(9));
        let error = source.changes(&work, Some(&first.cursor)).await;
        let error = error.map_err(|error| error.is_cursor_lost());
        assert_eq!(error.err(), Some(false), "{what}");
        server.clear_faults();
    }
    let after = list(&mut source, &work, Some(&first.cursor)).await;
    assert_eq!(
        (changed(&after), after.vanished.len()),
        (vec!["new.ics"], 0)
    );
}

#[tokio::test]
async fn a_token_that_is_refused_is_a_lost_cursor() {
    for status in [400, 403, 409, 415, 500, 507] {
        let server = server(Profile::full().token_refusal(status));
        fill(&server, 2);
        let mut source = calendars(&server);
        let work = open(&mut source, "work").await;
        let first = list(&mut source, &work, None).await;
        server.store().expire_tokens(WORK);
        let error = source
            .changes(&work, Some(&first.cursor))
            .await
            .unwrap_err();
        assert!(error.is_cursor_lost(), "{status}: {error:?}");
        assert_eq!(list(&mut source, &work, None).await.changed.len(), 2);
    }
}

#[tokio::test]
async fn many_changes_come_in_pages() {
    let server = server(Profile::full().page(4));
    let mut source = calendars(&server);
    let work = open(&mut source, "work").await;
    let first = list(&mut source, &work, None).await;
    fill(&server, 10);
    let page = source.changes(&work, Some(&first.cursor)).await.unwrap();
    assert!(page.more && page.changed.len() == 4 && page.coverage == Coverage::Delta);
    // A run that stops here goes on from here.
    let mut later = calendars(&server);
    open(&mut later, "work").await;
    let rest = list(&mut later, &work, Some(&page.cursor)).await;
    assert_eq!((rest.changed.len(), rest.vanished.len()), (6, 0));
}

#[tokio::test]
async fn one_that_cannot_be_read_is_named_and_stops_no_other() {
    let server = server(Profile::full());
    fill(&server, 3);
    server.store().break_item(WORK, "1.ics", 500);
    server.store().put(
        WORK,
        "cut.ics",
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\n",
    );
    let mut source = calendars(&server);
    let work = open(&mut source, "work").await;
    let page = list(&mut source, &work, None).await;
    let unreadable: Vec<_> = page.unreadable.iter().map(|e| e.item().unwrap()).collect();
    assert!(
        unreadable.iter().any(|id| id.as_str() == "1.ics"),
        "{unreadable:?}"
    );
    let ids = ["0.ics", "1.ics", "2.ics", "cut.ics", "gone.ics"];
    let items = fetch(&mut source, &work, &ids).await;
    let good = items.iter().filter(|item| item.is_ok()).count();
    let bad: Vec<&str> = items
        .iter()
        .filter_map(|item| Some(item.as_ref().err()?.item()?.as_str()))
        .collect();
    assert_eq!(good, 2, "{items:?}");
    assert!(
        bad.contains(&"1.ics") && bad.contains(&"cut.ics"),
        "{bad:?}"
    );
}

#[tokio::test]
async fn kinds_are_told_apart_however_little_the_server_says() {
    for profile in [
        Profile::full(),
        Profile::sogo_like(),
        Profile::full().with(Quirk::BareContentTypes),
    ] {
        let server = server(profile);
        fill(&server, 2);
        server.store().put(WORK, "task.ics", &task("task"));
        let mut source = calendars(&server);
        let work = open(&mut source, "work").await;
        let page = list(&mut source, &work, None).await;
        let kind = |page: &sync_core::source::ChangePage, id: &str| {
            let found = page.changed.iter().find(|item| item.id.as_str() == id);
            found.unwrap_or_else(|| panic!("{id} in {page:?}")).kind
        };
        assert_eq!(kind(&page, "task.ics"), ItemKind::Task);
        assert_eq!(kind(&page, "0.ics"), ItemKind::Event);
        server.store().put(WORK, "later.ics", &task("later"));
        let more = list(&mut source, &work, Some(&page.cursor)).await;
        assert_eq!(kind(&more, "later.ics"), ItemKind::Task);
    }
}

#[tokio::test]
async fn contents_come_by_multiget_and_with_crlf() {
    let server = server(Profile::full());
    fill(&server, 130);
    server
        .store()
        .put(WORK, "lf.ics", &event("lf", "").replace("\r\n", "\n"));
    let mut config = config(&server, Service::CalDav);
    config.client.multiget_batch = 60;
    let mut source = DavSource::new(config);
    let work = open(&mut source, "work").await;
    let page = list(&mut source, &work, None).await;
    server.reset_stats();
    let items = fetch(&mut source, &work, &changed(&page)).await;
    assert_eq!(items.len(), 131);
    let lf = items
        .iter()
        .flatten()
        .find(|item| item.id.as_str() == "lf.ics");
    assert_eq!(text(lf.unwrap()), event("lf", ""));
    let reports = seen(&server)
        .iter()
        .filter(|line| *line == "REPORT multiget")
        .count();
    assert_eq!(
        (reports, server.stats().requests),
        (3, 4),
        "and OPTIONS once"
    );
}

#[tokio::test]
async fn a_stream_that_is_dropped_does_no_harm() {
    let server = server(Profile::full());
    fill(&server, 200);
    let mut source = calendars(&server);
    let work = open(&mut source, "work").await;
    let page = list(&mut source, &work, None).await;
    let ids: Vec<_> = page.changed.iter().map(|item| item.id.clone()).collect();
    {
        use futures_util::StreamExt as _;
        let mut items = source.fetch(&work, &ids, sync_core::source::Depth::Full);
        assert!(items.next().await.unwrap().is_ok());
    }
    assert_eq!(fetch(&mut source, &work, &["7.ics"]).await.len(), 1);
}

/// A listing that silently lacks what it held before is for the engine's guard; one without even
/// the collection is a failure.
#[tokio::test]
async fn an_empty_collection_names_itself() {
    let server: Server = server(Profile::full());
    let mut source = calendars(&server);
    let work = open(&mut source, "work").await;
    let page = list(&mut source, &work, None).await;
    assert!(page.changed.is_empty() && page.coverage == Coverage::Snapshot);
}
