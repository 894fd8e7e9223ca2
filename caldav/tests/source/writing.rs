//! Writes, their guards, and what became of them.

use caldav::client::Service;
use caldav::source::DavSource;
use caldav::testing::{Fault, Moment, Profile, Quirk, Server};
use sync_core::model::{CollectionId, Item};
use sync_core::source::{Op, Outcome};

use crate::support::{
    PEOPLE, WORK, apply, calendars, card, config, contacts, delete, event, fetch, fill, list,
    new_item, open, replace, server, task, word, words, write,
};

async fn ready(server: &Server) -> (DavSource, CollectionId) {
    let mut source = calendars(server);
    let work = open(&mut source, "work").await;
    (source, work)
}

async fn listed(source: &mut DavSource, c: &CollectionId, id: &str) -> Item {
    let page = list(source, c, None).await;
    page.changed
        .into_iter()
        .find(|item| item.id.as_str() == id)
        .unwrap()
}

fn create(content: &str) -> Op {
    Op::Create(new_item(content))
}

fn refusal(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Refused(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_batch_goes_over_several_connections_and_is_answered_in_order() {
    let server = Server::builder()
        .latency(std::time::Duration::from_millis(20))
        .start()
        .unwrap();
    server.store().create(WORK);
    let (mut source, work) = ready(&server).await;
    server.reset_stats();
    let creates = (0..40)
        .map(|n| create(&event(&format!("u{n}"), "")))
        .collect();
    let outcomes = apply(&mut source, &work, creates).await;
    for (n, outcome) in outcomes.iter().enumerate() {
        let Outcome::Done(stored) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(stored.id.as_ref().unwrap().as_str(), format!("u{n}.ics"));
        assert!(stored.revision.is_some());
    }
    let stats = server.stats();
    assert!((2..=6).contains(&stats.most_in_flight), "{stats:?}");
    // OPTIONS, one look, and the PUTs.
    assert_eq!(stats.requests, 42);
}

#[tokio::test]
async fn a_lost_answer_is_looked_up() {
    let server = server(Profile::radicale_like());
    let (mut source, work) = ready(&server).await;
    server.order(Fault::on("PUT").cut_after());
    let outcome = write(&mut source, &work, create(&event("1", "X-A;P=\"q\":1\r\n"))).await;
    let Outcome::Done(stored) = outcome else {
        panic!("{outcome:?}");
    };
    let item = listed(&mut source, &work, "1.ics").await;
    assert_eq!(
        (stored.id.as_ref(), stored.revision.as_ref()),
        (Some(&item.id), Some(&item.revision))
    );

    server.order(Fault::on("PUT").cut_after());
    let outcome = write(
        &mut source,
        &work,
        replace(&item, &event("1", "LOCATION:x\r\n")),
    )
    .await;
    assert_eq!(word(&outcome), "done");
    server.order(Fault::on("PUT").cut_before());
    let item = listed(&mut source, &work, "1.ics").await;
    let outcome = write(
        &mut source,
        &work,
        replace(&item, &event("1", "LOCATION:y\r\n")),
    )
    .await;
    assert_eq!(word(&outcome), "unknown");
    server.order(Fault::on("DELETE").cut_after());
    assert_eq!(
        word(&write(&mut source, &work, delete(&item)).await),
        "done"
    );
    assert!(server.store().names(WORK).is_empty());
    assert_eq!(server.faults_waiting(), 0);
}

#[tokio::test]
async fn a_server_that_asks_for_a_pause_gets_it() {
    let server = server(Profile::full());
    let mut config = config(&server, Service::CalDav);
    config.connections = 1;
    let mut source = DavSource::new(config);
    let work = open(&mut source, "work").await;
    server.order(Fault::on("PUT").nth(3).throttle(429, 30).always());
    let creates = (0..10)
        .map(|n| create(&event(&n.to_string(), "")))
        .collect();
    let outcomes = apply(&mut source, &work, creates).await;
    let expected = [vec!["done"; 2], vec!["unknown"; 8]].concat();
    assert_eq!(words(&outcomes), expected);
    for outcome in &outcomes[2..] {
        let Outcome::Unknown(error) = outcome else {
            continue;
        };
        assert!(error.is_retryable());
        assert_eq!(error.retry_after().map(|pause| pause.as_secs()), Some(30));
    }
    let puts = server.request_lines();
    let puts = puts.iter().filter(|line| line.starts_with("PUT")).count();
    assert_eq!(puts, 3, "nothing is begun after it");
}

#[tokio::test]
async fn somebody_who_is_faster_is_not_overwritten() {
    for profile in [
        Profile::full(),
        Profile::sogo_like(),
        Profile::full().with(Quirk::WeakEtags),
        Profile::full().with(Quirk::NoEtags),
        Profile::full().with(Quirk::OddEtags),
    ] {
        let server = server(profile);
        fill(&server, 2);
        let (mut source, work) = ready(&server).await;
        let (a, b) = (
            listed(&mut source, &work, "0.ics").await,
            listed(&mut source, &work, "1.ics").await,
        );
        server
            .store()
            .put(WORK, "0.ics", &event("0", "LOCATION:theirs\r\n"));
        server.store().delete(WORK, "1.ics");
        let mine = event("0", "LOCATION:mine\r\n");
        let ops = vec![replace(&a, &mine), replace(&b, &event("1", "")), delete(&b)];
        let outcomes = apply(&mut source, &work, ops).await;
        assert_eq!(words(&outcomes), ["stale", "gone", "gone"]);
        assert_eq!(word(&write(&mut source, &work, delete(&a)).await), "stale");
        assert!(
            server
                .store()
                .get(WORK, "0.ics")
                .unwrap()
                .contains("theirs")
        );
    }
}

#[tokio::test]
async fn a_race_between_look_and_write_is_lost_by_us() {
    let server = server(Profile::full());
    fill(&server, 1);
    let (mut source, work) = ready(&server).await;
    let item = listed(&mut source, &work, "0.ics").await;
    server.order(Fault::on("PUT").edit(Moment::Received, |store| {
        store.put(WORK, "0.ics", &event("0", "LOCATION:theirs\r\n"));
    }));
    let outcome = write(
        &mut source,
        &work,
        replace(&item, &event("0", "LOCATION:m\r\n")),
    )
    .await;
    assert_eq!(word(&outcome), "stale");
    server.order(Fault::on("PUT").edit(Moment::Received, |store| {
        store.put(WORK, "new.ics", &event("new", "LOCATION:theirs\r\n"));
    }));
    let outcome = write(
        &mut source,
        &work,
        create(&event("new", "LOCATION:mine\r\n")),
    )
    .await;
    assert_eq!(word(&outcome), "stale");
    assert!(
        server
            .store()
            .get(WORK, "new.ics")
            .unwrap()
            .contains("theirs")
    );
}

#[tokio::test]
async fn a_name_that_is_taken_by_another_item_is_left_alone() {
    for profile in [Profile::full(), Profile::sogo_like()] {
        let server = server(profile);
        server.store().put(WORK, "1.ics", &event("other", ""));
        let (mut source, work) = ready(&server).await;
        let outcome = write(&mut source, &work, create(&event("1", ""))).await;
        let Outcome::Done(stored) = outcome else {
            panic!("{outcome:?}");
        };
        assert_ne!(stored.id.unwrap().as_str(), "1.ics");
        assert_eq!(
            server.store().get(WORK, "1.ics").unwrap(),
            event("other", "")
        );
        assert_eq!(server.store().names(WORK).len(), 2);
    }
}

#[tokio::test]
async fn a_uid_that_is_taken_is_told_as_what_it_is() {
    // Under the name that it would have, and under any other.
    for (name, profile) in [
        ("1.ics", Profile::full()),
        ("1.ics", Profile::sogo_like()),
        ("elsewhere.ics", Profile::full()),
        ("elsewhere.ics", Profile::radicale_like()),
    ] {
        let server = server(profile);
        server
            .store()
            .put(WORK, name, &event("1", "LOCATION:theirs\r\n"));
        let (mut source, work) = ready(&server).await;
        // Somebody may have created it since the listing, which is then told anew.
        let outcome = write(&mut source, &work, create(&event("1", ""))).await;
        assert_eq!(word(&outcome), "stale", "{name}");
        // If that does not help, it is another item.
        let outcome = write(&mut source, &work, create(&event("1", ""))).await;
        assert!(refusal(&outcome).contains("UID"), "{outcome:?}");
        assert!(server.store().get(WORK, name).unwrap().contains("theirs"));
    }
}

#[tokio::test]
async fn two_of_one_batch_with_one_uid_are_two_answers() {
    let server = server(Profile::full());
    let (mut source, work) = ready(&server).await;
    let ops = vec![
        create(&event("1", "")),
        create(&event("1", "LOCATION:x\r\n")),
    ];
    assert_eq!(
        words(&apply(&mut source, &work, ops).await),
        ["done", "stale"]
    );
}

#[tokio::test]
async fn a_calendar_takes_only_what_it_is_for() {
    let server = server(Profile::full());
    server.store().create_for("calendars/events", &["VEVENT"]);
    let mut source = calendars(&server);
    let events = open(&mut source, "events").await;
    server.reset_stats();
    let ops = vec![create(&task("1")), create(&card("2"))];
    let outcomes = apply(&mut source, &events, ops).await;
    assert!(refusal(&outcomes[0]).contains("VEVENT"), "{outcomes:?}");
    assert_eq!(word(&outcomes[1]), "refused");
    assert_eq!(server.stats().requests, 0);
    let mut people = contacts(&server);
    let c = open(&mut people, "people").await;
    let ops = vec![create(&event("1", "")), create(&card("2"))];
    assert_eq!(
        words(&apply(&mut people, &c, ops).await),
        ["refused", "done"]
    );
    assert_eq!(server.store().names(PEOPLE), ["2.vcf"]);
}

#[tokio::test]
async fn what_is_refused_says_why_and_stops_no_other() {
    let server = server(Profile::full());
    server.store().set_read_only(WORK, true);
    let (mut source, work) = ready(&server).await;
    let outcome = write(&mut source, &work, create(&event("1", ""))).await;
    assert!(refusal(&outcome).contains("need-privileges"), "{outcome:?}");
    server.store().set_read_only(WORK, false);
    server.order(Fault::on("PUT /dav/calendars/alice/work/2.ics").status(507));
    let ops = ["1", "2", "3"].map(|uid| create(&event(uid, ""))).to_vec();
    let outcomes = apply(&mut source, &work, ops).await;
    assert_eq!(words(&outcomes), ["done", "refused", "done"]);
}

#[tokio::test]
async fn a_move_finds_a_name_that_is_free() {
    for profile in [Profile::full(), Profile::sogo_like()] {
        a_name_is_taken(server(profile)).await;
    }
}

async fn a_name_is_taken(server: Server) {
    fill(&server, 1);
    server.store().create("calendars/home");
    server
        .store()
        .put("calendars/home", "0.ics", &event("other", ""));
    let (mut source, work) = ready(&server).await;
    let home = open(&mut source, "home").await;
    let item = listed(&mut source, &work, "0.ics").await;
    let op = Op::Move {
        id: item.id.clone(),
        guard: item.revision.clone(),
        to: home.clone(),
    };
    let outcome = write(&mut source, &work, op).await;
    let Outcome::Done(stored) = outcome else {
        panic!("{outcome:?}");
    };
    let id = stored.id.unwrap();
    assert_ne!(id.as_str(), "0.ics");
    assert_eq!(fetch(&mut source, &home, &[id.as_str()]).await.len(), 1);
    assert!(server.store().names(WORK).is_empty());
    assert_eq!(server.store().names("calendars/home").len(), 2);
    // Back again, and the answer is lost.
    let item = listed(&mut source, &home, id.as_str()).await;
    server.order(Fault::on("MOVE").cut_after());
    let op = Op::Move {
        id: item.id,
        guard: item.revision,
        to: work.clone(),
    };
    assert_eq!(word(&write(&mut source, &home, op).await), "done");
    assert_eq!(server.store().names(WORK).len(), 1);
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_leaves_everything_unknown() {
    let server = server(Profile::full());
    let (mut source, work) = ready(&server).await;
    server.order(Fault::on("PUT").cut_before().always());
    server.order(Fault::on("GET").cut_before().always());
    server.order(Fault::on("REPORT").nth(2).cut_before().always());
    let creates = (0..20)
        .map(|n| create(&event(&n.to_string(), "")))
        .collect();
    let outcomes = apply(&mut source, &work, creates).await;
    assert_eq!(words(&outcomes), vec!["unknown"; 20]);
    assert!(server.store().names(WORK).is_empty());
}
