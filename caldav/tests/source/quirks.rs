//! What servers in the wild were seen to do: each is survived.

use caldav::testing::{Auth, Fault, Layout, Moment, Profile, Quirk, Server};
use sync_core::Source as _;
use sync_core::source::{Op, Outcome};

use crate::support::{
    PEOPLE, WORK, calendars, card, changed, contacts, event, fetch, fill, list, new_item, open,
    replace, server, text, word, write,
};

fn create(content: &str) -> Op {
    Op::Create(new_item(content))
}

/// Radicale 3: what is stored is not what was sent, under a strong ETag.
#[tokio::test]
async fn a_body_is_rewritten_and_its_strong_etag_returned() {
    let server = server(Profile::radicale_like());
    let mut source = calendars(&server);
    assert!(source.capabilities().rewrites);
    let work = open(&mut source, "work").await;
    let sent = event("1", "ATTENDEE;ROLE=CHAIR;CN=\"Bob\":mailto:b@x\r\n");
    let Outcome::Done(stored) = write(&mut source, &work, create(&sent)).await else {
        panic!("not done");
    };
    let item = fetch(&mut source, &work, &["1.ics"])
        .await
        .pop()
        .unwrap()
        .unwrap();
    assert_eq!(
        stored.revision,
        Some(item.revision.clone()),
        "it names the version all the same"
    );
    assert_ne!(text(&item), sent);
    assert!(sync_core::merge::equal(
        text(&item).as_bytes(),
        sent.as_bytes()
    ));
}

/// Google: properties of the server's own, and no ETag for what was sent.
#[tokio::test]
async fn a_put_may_be_answered_without_an_etag() {
    let server = server(Profile::google_like().auth(Auth::Basic));
    let mut source = calendars(&server);
    let work = open(&mut source, "work").await;
    let Outcome::Done(stored) = write(&mut source, &work, create(&event("1", ""))).await else {
        panic!("not done");
    };
    assert_eq!(stored.revision, None);
    let item = fetch(&mut source, &work, &["1.ics"])
        .await
        .pop()
        .unwrap()
        .unwrap();
    let outcome = write(
        &mut source,
        &work,
        replace(&item, &event("1", "LOCATION:x\r\n")),
    )
    .await;
    assert_eq!(word(&outcome), "done");
}

/// SOGo: a status of failure for a member is neither a value nor a deletion.
#[tokio::test]
async fn a_member_with_an_error_status_is_not_gone() {
    for status in [403, 500, 503] {
        let server = server(Profile::full());
        fill(&server, 2);
        let mut source = calendars(&server);
        let work = open(&mut source, "work").await;
        let first = list(&mut source, &work, None).await;
        server
            .store()
            .put(WORK, "0.ics", &event("0", "LOCATION:x\r\n"));
        server.store().break_item(WORK, "0.ics", status);
        let second = list(&mut source, &work, Some(&first.cursor)).await;
        assert!(second.vanished.is_empty() && second.changed.is_empty());
        assert_eq!(second.unreadable.len(), 1, "{status}");
        assert_eq!(list(&mut source, &work, None).await.unreadable.len(), 1);
    }
}

/// Zimbra, old Baikal: ETags that cannot be sent back are compared by us.
#[tokio::test]
async fn etags_may_be_weak_odd_or_missing() {
    for quirk in [Quirk::WeakEtags, Quirk::OddEtags, Quirk::NoEtags] {
        let server = server(Profile::full().with(quirk));
        let mut source = calendars(&server);
        let work = open(&mut source, "work").await;
        assert_eq!(
            word(&write(&mut source, &work, create(&event("1", ""))).await),
            "done"
        );
        let item = list(&mut source, &work, None).await.changed.pop().unwrap();
        let first = event("1", "LOCATION:first\r\n");
        assert_eq!(
            word(&write(&mut source, &work, replace(&item, &first)).await),
            "done"
        );
        let second = event("1", "LOCATION:second\r\n");
        let outcome = write(&mut source, &work, replace(&item, &second)).await;
        assert_eq!(word(&outcome), "stale", "{quirk:?}");
        let sent = server.requests();
        let illegal = |value: &str| value.starts_with("W/") || !value.is_ascii();
        assert!(
            !sent
                .iter()
                .any(|seen| seen.header("if-match").is_some_and(illegal))
        );
        assert!(server.store().get(WORK, "1.ics").unwrap().contains("first"));
    }
}

/// SOGo: one ETag for the first version of everything, `If-None-Match` ignored, every connection
/// closed without a word.
#[tokio::test]
async fn a_server_that_counts_overwrites_and_closes() {
    let server = server(Profile::sogo_like());
    fill(&server, 30);
    let mut source = calendars(&server);
    let work = open(&mut source, "work").await;
    let page = list(&mut source, &work, None).await;
    assert_eq!(fetch(&mut source, &work, &changed(&page)).await.len(), 30);
    // A colleague stores an event of the same UID while ours is on its way to the server.
    server.order(
        Fault::on("REPORT")
            .holding("mine")
            .edit(Moment::Received, |store| {
                store.put(WORK, "mine.ics", &event("mine", "LOCATION:theirs\r\n"));
            }),
    );
    let outcome = write(&mut source, &work, create(&event("mine", ""))).await;
    assert_eq!(word(&outcome), "stale");
    assert!(
        server
            .store()
            .get(WORK, "mine.ics")
            .unwrap()
            .contains("theirs")
    );
    let stats = server.stats();
    assert_eq!(stats.connections, stats.requests);
}

/// SOGo: a contact that is moved gets another UID, by which nobody would know it. It is created
/// and deleted instead.
#[tokio::test]
async fn a_contact_of_sogo_is_not_moved() {
    let server = server(Profile::sogo_like());
    server.store().create("addressbooks/friends");
    server.store().put(PEOPLE, "1.vcf", &card("1"));
    let mut source = contacts(&server);
    let people = open(&mut source, "people").await;
    let to = open(&mut source, "friends").await;
    let item = list(&mut source, &people, None)
        .await
        .changed
        .pop()
        .unwrap();
    let (id, guard) = (item.id, item.revision);
    let outcome = write(&mut source, &people, Op::Move { id, guard, to }).await;
    assert_eq!(word(&outcome), "refused");
    assert_eq!(server.store().names(PEOPLE), ["1.vcf"]);
}

/// SOGo: a PUT with If-Match to a contact that is gone makes a new one.
#[tokio::test]
async fn what_is_gone_is_not_made_again() {
    let server = server(Profile::sogo_like());
    server.store().put(PEOPLE, "1.vcf", &card("1"));
    let mut source = contacts(&server);
    let people = open(&mut source, "people").await;
    let item = list(&mut source, &people, None)
        .await
        .changed
        .pop()
        .unwrap();
    server.store().delete(PEOPLE, "1.vcf");
    let outcome = write(&mut source, &people, replace(&item, &card("1"))).await;
    assert_eq!(word(&outcome), "gone");
    assert!(server.store().names(PEOPLE).is_empty());
}

/// SSO fronts: a page to log in at, with 200.
#[tokio::test]
async fn a_web_page_is_no_answer() {
    let server = server(Profile::sogo_like());
    assert_eq!(calendars(&server).collections().await.unwrap().len(), 1);
    let nowhere = Profile::full().with(Quirk::WellKnownIsHtml);
    let server = crate::support::server(nowhere);
    assert_eq!(calendars(&server).collections().await.unwrap().len(), 1);
}

/// Radicale, Baikal, fruux, Google, Yandex, Cyrus: a token is refused in many ways, an empty one,
/// too.
#[tokio::test]
async fn a_refused_token_deletes_nothing() {
    for status in [400, 403, 415, 500, 507] {
        let profile = Profile::cyrus_like().token_refusal(status);
        let server = server(profile);
        fill(&server, 5);
        let mut source = calendars(&server);
        let work = open(&mut source, "work").await;
        let first = list(&mut source, &work, None).await;
        assert_eq!(first.changed.len(), 5);
        server.store().expire_tokens(WORK);
        let error = source
            .changes(&work, Some(&first.cursor))
            .await
            .unwrap_err();
        assert!(error.is_cursor_lost(), "{error:?}");
    }
}

/// Google, DAVx5's notes: the first listing comes in pages, and nothing is absent before the last.
#[tokio::test]
async fn a_first_listing_may_be_truncated() {
    let profile = Profile::full().page(3).with(Quirk::TruncatesListings);
    let server = server(profile);
    fill(&server, 8);
    let mut source = calendars(&server);
    let work = open(&mut source, "work").await;
    let first = source.changes(&work, None).await.unwrap();
    assert!(first.more && first.changed.len() == 3);
    let rest = list(&mut source, &work, Some(&first.cursor)).await;
    assert_eq!(rest.changed.len(), 5);
    let quiet = list(&mut source, &work, Some(&rest.cursor)).await;
    assert!(quiet.changed.is_empty());
}

/// SOGo, failing logins: 207 with nothing in it.
#[tokio::test]
async fn an_empty_listing_is_a_failure() {
    let server = server(Profile::sogo_like());
    fill(&server, 5);
    let mut source = calendars(&server);
    let work = open(&mut source, "work").await;
    for method in ["PROPFIND", "REPORT"] {
        let line = format!("{method} /SOGo/dav/alice/Calendar/work/");
        server.order(Fault::on(&line).empty_multistatus().always());
    }
    assert!(source.changes(&work, None).await.is_err());
}

/// Nextcloud: what was deleted lies in a trash bin, and its name or UID cannot be used again.
#[tokio::test]
async fn a_trash_bin_keeps_a_name() {
    for status in [400, 403, 500] {
        let server = server(Profile::full().trash_refusal(status));
        fill(&server, 1);
        server.store().delete(WORK, "0.ics");
        let mut source = calendars(&server);
        let work = open(&mut source, "work").await;
        let outcome = write(&mut source, &work, create(&event("0", ""))).await;
        assert_eq!(word(&outcome), "done", "{status}: {outcome:?}");
        assert_eq!(server.store().names(WORK).len(), 1);
    }
}

/// Open-Xchange: the listing after a write tells the ETag before it.
#[tokio::test]
async fn an_etag_may_be_behind() {
    let server = server(Profile::full().with(Quirk::StaleEtags));
    fill(&server, 1);
    server
        .store()
        .put(WORK, "0.ics", &event("0", "LOCATION:x\r\n"));
    let mut source = calendars(&server);
    let work = open(&mut source, "work").await;
    let old = list(&mut source, &work, None).await.changed.pop().unwrap();
    let outcome = write(&mut source, &work, replace(&old, &event("0", ""))).await;
    assert_eq!(word(&outcome), "stale");
    let new = list(&mut source, &work, None).await.changed.pop().unwrap();
    assert_eq!(
        word(&write(&mut source, &work, replace(&new, &event("0", ""))).await),
        "done"
    );
}

/// Any server: a PUT that was carried out and not answered must not look like a conflict.
#[tokio::test]
async fn a_lost_answer_is_no_conflict() {
    for profile in [
        Profile::radicale_like(),
        Profile::cyrus_like(),
        Profile::bare(),
    ] {
        let server = server(profile);
        let mut source = calendars(&server);
        let work = open(&mut source, "work").await;
        server.order(Fault::on("PUT").cut_after());
        let outcome = write(&mut source, &work, create(&event("1", ""))).await;
        assert_eq!(word(&outcome), "done", "{outcome:?}");
        let item = list(&mut source, &work, None).await.changed.pop().unwrap();
        server.order(Fault::on("PUT").cut_after());
        let outcome = write(
            &mut source,
            &work,
            replace(&item, &event("1", "LOCATION:x\r\n")),
        )
        .await;
        assert_eq!(word(&outcome), "done", "{outcome:?}");
    }
}

/// Google: no If-None-Match, no MOVE, no new collections, 403 with a pause, 409 to series.
#[tokio::test]
async fn google_does_little_of_it() {
    let server = server(Profile::google_like().auth(Auth::Basic));
    server.store().put(WORK, "1.ics", &event("1", ""));
    let mut source = calendars(&server);
    let work = open(&mut source, "work").await;
    assert_eq!(
        word(&write(&mut source, &work, create(&event("1", "X:1\r\n"))).await),
        "stale"
    );
    let item = list(&mut source, &work, None).await.changed.pop().unwrap();
    server.order(Fault::on("PUT").status(409));
    let series = event("1", "RRULE:FREQ=DAILY\r\n");
    assert_eq!(
        word(&write(&mut source, &work, replace(&item, &series)).await),
        "refused"
    );
    server.order(Fault::on("PUT").throttle(403, 60));
    let outcome = write(&mut source, &work, replace(&item, &series)).await;
    let Outcome::Unknown(error) = &outcome else {
        panic!("{outcome:?}");
    };
    assert!(error.is_retryable() && error.retry_after().is_some());
}

/// mail.ru, others: the collection among its members, members twice, whole URLs, other escapes.
#[tokio::test]
async fn hrefs_come_in_many_spellings() {
    for quirk in [
        Quirk::ListsItself,
        Quirk::ListsTwice,
        Quirk::AbsoluteHrefs,
        Quirk::EscapedHrefs,
        Quirk::DefaultNamespace,
    ] {
        let profile = Profile::full().with(quirk).with(Quirk::BareContentTypes);
        let server = server(profile);
        let names = ["a@b.ics", "ä ö.ics", "%41%3A.ics", "(x)+~'.ics"];
        for (n, name) in names.iter().enumerate() {
            server.store().put(WORK, name, &event(&n.to_string(), ""));
        }
        let mut source = calendars(&server);
        let work = open(&mut source, "work").await;
        let page = list(&mut source, &work, None).await;
        let expected = [
            "%2541%253A.ics",
            "%C3%A4%20%C3%B6.ics",
            "(x)+~'.ics",
            "a@b.ics",
        ];
        assert_eq!(changed(&page), expected, "{quirk:?}");
        let items = fetch(&mut source, &work, &expected).await;
        assert!(
            items.len() == 4 && items.iter().all(Result::is_ok),
            "{quirk:?} {items:?}"
        );
        for item in page.changed {
            let uid = items.iter().flatten().find(|i| i.id == item.id).unwrap();
            let new = event(uid.identity.uid.as_ref().unwrap(), "LOCATION:x\r\n");
            assert_eq!(
                word(&write(&mut source, &work, replace(&item, &new)).await),
                "done"
            );
        }
    }
}

/// Servers whose multiget is not complete, or fails for one item's sake.
#[tokio::test]
async fn what_a_multiget_leaves_out_is_looked_at_again() {
    let forgetful = server(Profile::full().with(Quirk::MultigetForgetsOne));
    fill(&forgetful, 5);
    let mut source = calendars(&forgetful);
    let work = open(&mut source, "work").await;
    let ids = ["0.ics", "1.ics", "2.ics", "3.ics", "4.ics"];
    assert_eq!(
        fetch(&mut source, &work, &ids)
            .await
            .iter()
            .flatten()
            .count(),
        5
    );
    let failing = server(Profile::full());
    fill(&failing, 5);
    let mut source = calendars(&failing);
    for fault in [
        Fault::on("REPORT").status(500),
        Fault::on("REPORT").truncated_multistatus(),
        Fault::on("REPORT").short_multistatus(2),
    ] {
        failing.order(fault);
        let items = fetch(&mut source, &work, &ids).await;
        let good = items.iter().flatten().count();
        let lost = items
            .iter()
            .any(|item| item.as_ref().is_err_and(sync_core::Error::is_retryable));
        assert!(good == 5 || lost, "{items:?}");
    }
}

/// Control characters in a content are no reason to lose the others.
#[tokio::test]
async fn control_characters_spoil_one_item_only() {
    let server = server(Profile::full().with(Quirk::ControlCharacters));
    fill(&server, 3);
    server
        .store()
        .put(WORK, "odd.ics", &event("odd", "X:a\u{b}b\u{1}c\r\n"));
    let mut source = calendars(&server);
    let work = open(&mut source, "work").await;
    let page = list(&mut source, &work, None).await;
    let items = fetch(&mut source, &work, &changed(&page)).await;
    let good: Vec<&str> = items
        .iter()
        .flatten()
        .map(|item| item.id.as_str())
        .collect();
    for id in ["0.ics", "1.ics", "2.ics"] {
        assert!(good.contains(&id), "{items:?}");
    }
}

/// A redirect to where a home moved is followed at every request.
#[tokio::test]
async fn layouts_differ() {
    for layout in [Layout::Plain, Layout::Radicale, Layout::Sogo, Layout::Cyrus] {
        let profile = match layout {
            Layout::Radicale => Profile::radicale_like(),
            Layout::Sogo => Profile::sogo_like().without(Quirk::Schedules),
            Layout::Cyrus => Profile::cyrus_like(),
            _ => Profile::full(),
        };
        let server: Server = server(profile);
        fill(&server, 2);
        let mut source = calendars(&server);
        let work = open(&mut source, "work").await;
        assert_eq!(list(&mut source, &work, None).await.changed.len(), 2);
    }
}
