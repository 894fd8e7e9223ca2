//! Listings: what they cost, and servers that are not to be believed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use imap_client::ImapSource;
use imap_client::testing::{Fault, Moment, Profile, Server};
use sync_core::Source as _;
use sync_core::model::Cursor;
use sync_core::source::Coverage;

use crate::support::{changed, config, inbox, list, server, source, text, uids};

fn filled(profile: Profile, count: usize) -> Server {
    let server = server(profile);
    let store = server.store();
    store.add_all("INBOX", (0..count).map(text)).unwrap();
    server
}

fn without_qresync() -> Profile {
    Profile::full().without("QRESYNC")
}

fn without_condstore() -> Profile {
    without_qresync().without("CONDSTORE")
}

/// A source that is connected and knows the mailbox.
async fn settled(server: &Server) -> (ImapSource, Cursor) {
    let mut source = source(server);
    let page = list(&mut source, None).await;
    server.reset_stats();
    (source, page.cursor)
}

#[tokio::test]
async fn nothing_new_costs_the_same_in_any_mailbox() {
    for profile in [Profile::full(), without_qresync(), Profile::gmail_like()] {
        let mut costs = Vec::new();
        for count in [10, 20_000] {
            let server = filled(profile.clone(), count);
            let (mut source, cursor) = settled(&server).await;
            let page = list(&mut source, Some(&cursor)).await;
            assert!(page.changed.is_empty() && page.present.is_empty());
            assert_eq!(page.coverage, Coverage::Delta);
            assert_eq!(page.cursor, cursor);
            let stats = server.stats();
            assert_eq!(stats.round_trips, 1, "{:?}", server.command_lines());
            costs.push(stats.bytes_sent + stats.bytes_received);
        }
        // The same but for a few digits.
        assert!(costs[1] < costs[0] + 40, "{costs:?}");
    }
}

#[tokio::test]
async fn one_flag_in_a_large_mailbox_costs_one_line() {
    for profile in [Profile::full(), without_qresync()] {
        let server = filled(profile, 20_000);
        let (mut source, cursor) = settled(&server).await;
        server
            .store()
            .add_flags("INBOX", 12_345, &["\\Seen"])
            .unwrap();
        let page = list(&mut source, Some(&cursor)).await;
        assert_eq!(changed(&page), [12_345]);
        assert_eq!(page.coverage, Coverage::Delta);
        let stats = server.stats();
        assert_eq!(stats.round_trips, 1, "{:?}", server.command_lines());
        assert!(stats.bytes_sent + stats.bytes_received < 1_200, "{stats:?}");
    }
}

#[tokio::test]
async fn what_list_status_shows_unchanged_is_not_asked_for() {
    for profile in [Profile::full(), Profile::full().without("LIST-STATUS")] {
        let server = filled(profile, 10);
        let (mut source, cursor) = settled(&server).await;
        source.collections().await.unwrap();
        server.reset_stats();
        let page = list(&mut source, Some(&cursor)).await;
        assert_eq!(page.cursor, cursor);
        assert_eq!(server.command_lines(), [""; 0]);
        // It counts once: what comes later is seen.
        server.store().add("INBOX", text(77)).unwrap();
        let page = list(&mut source, Some(&cursor)).await;
        assert_eq!(changed(&page), [11]);
    }
}

#[tokio::test]
async fn a_flag_is_seen_though_the_status_cannot_show_it() {
    let server = filled(without_condstore(), 10);
    let (mut source, cursor) = settled(&server).await;
    server.store().add_flags("INBOX", 3, &["\\Seen"]).unwrap();
    source.collections().await.unwrap();
    let page = list(&mut source, Some(&cursor)).await;
    assert_eq!(page.coverage, Coverage::Snapshot);
    let item = page.changed.iter().find(|i| uids([&i.id]) == [3]).unwrap();
    assert_eq!(item.flags.to_string(), "\\Seen");
    // And nothing is told again where nothing changed.
    let again = list(&mut source, Some(&page.cursor)).await;
    assert_eq!((again.changed.len(), again.coverage), (0, Coverage::Delta));
}

#[tokio::test]
async fn own_writes_make_the_status_stale() {
    let server = filled(Profile::full(), 3);
    let (mut source, cursor) = settled(&server).await;
    source.collections().await.unwrap();
    crate::support::apply(
        &mut source,
        vec![sync_core::source::Op::Create(crate::support::new_item(
            9, "",
        ))],
    )
    .await;
    let page = list(&mut source, Some(&cursor)).await;
    assert_eq!(changed(&page), [4]);
}

#[tokio::test]
async fn a_status_code_may_stand_between_the_lines_of_list_status() {
    let server = filled(Profile::full(), 3);
    let line = "* OK [HIGHESTMODSEQ 7] Highest";
    server.order(Fault::on("LIST").say(Moment::Completion, line));
    let mut source = source(&server);
    let collections = source.collections().await.unwrap();
    assert!(collections.iter().any(|c| c.path.is_inbox()));
}

/// All pages, each asked of a source that just started.
async fn list_with_restarts(server: &Server, since: Option<&Cursor>) -> Vec<u32> {
    let mut told = Vec::new();
    let mut cursor = since.cloned();
    loop {
        let mut source = ImapSource::new(config(server).page(7));
        let page = source.changes(&inbox(), cursor.as_ref()).await.unwrap();
        told.extend(changed(&page));
        cursor = Some(page.cursor);
        if !page.more {
            return told;
        }
    }
}

#[tokio::test]
async fn pages_go_on_after_a_restart() {
    for profile in [Profile::full(), without_qresync(), without_condstore()] {
        let server = filled(profile, 50);
        let all: Vec<u32> = (1..=50).collect();
        assert_eq!(list_with_restarts(&server, None).await, all);
        let (_, cursor) = settled(&server).await;
        for uid in 1..=50 {
            let store = server.store();
            store.add_flags("INBOX", uid, &["\\Seen"]).unwrap();
        }
        assert_eq!(list_with_restarts(&server, Some(&cursor)).await, all);
    }
}

#[tokio::test]
async fn a_server_without_enable_counts_changes_all_the_same() {
    let server = filled(without_qresync().without("ENABLE").without("IMAP4rev2"), 10);
    let (mut source, cursor) = settled(&server).await;
    server.store().add_flags("INBOX", 3, &["\\Seen"]).unwrap();
    let page = list(&mut source, Some(&cursor)).await;
    assert_eq!((changed(&page), page.coverage), (vec![3], Coverage::Delta));
}

#[tokio::test]
async fn vanished_that_names_every_uid_deletes_nothing() {
    // nextcloud/mail#11908
    for claim in ["1:100", "1:*", "1:4294967295", "5,7,1000:2000"] {
        let server = filled(Profile::full(), 100);
        let (mut source, cursor) = settled(&server).await;
        server.store().add_flags("INBOX", 9, &["\\Seen"]).unwrap();
        let line = format!("* VANISHED (EARLIER) {claim}");
        server.order(Fault::on("UID FETCH").say(Moment::Completion, line));
        let page = list(&mut source, Some(&cursor)).await;
        assert_eq!(server.faults_waiting(), 0);
        assert_eq!(page.vanished, [], "{claim}");
        if page.coverage == Coverage::Snapshot {
            assert_eq!(page.changed.len() + page.present.len(), 100);
        }
        assert!(changed(&page).contains(&9));
    }
}

#[tokio::test]
async fn a_server_that_forgot_what_vanished_is_asked_for_all_uids() {
    let server = filled(Profile::full(), 100);
    let (mut source, cursor) = settled(&server).await;
    let store = server.store();
    store.expunge("INBOX", &[40, 41]).unwrap();
    store.forget_expunged("INBOX").unwrap();
    let page = list(&mut source, Some(&cursor)).await;
    let gone: Vec<u32> = match page.coverage {
        Coverage::Delta => uids(&page.vanished),
        Coverage::Snapshot => {
            let there = uids(&page.present);
            (1..=100).filter(|uid| !there.contains(uid)).collect()
        }
    };
    assert_eq!(gone, [40, 41]);
}

#[tokio::test]
async fn a_vanished_that_is_swallowed_is_noticed_by_the_count() {
    let server = filled(Profile::full(), 100);
    let (mut source, cursor) = settled(&server).await;
    let store = server.store();
    store.expunge("INBOX", &[40]).unwrap();
    // The server forgets, and says nothing of it.
    let before = store.state("INBOX").unwrap().highest_modseq;
    store.forget_expunged("INBOX").unwrap();
    store.set_highest_modseq("INBOX", before + 5).unwrap();
    let page = list(&mut source, Some(&cursor)).await;
    let told = uids(&page.present);
    assert!(uids(&page.vanished) == [40] || (told.len() == 99 && !told.contains(&40)));
}

#[tokio::test]
async fn a_highest_modseq_that_went_down_leads_to_a_full_listing() {
    let server = filled(Profile::full(), 20);
    let (mut source, _) = settled(&server).await;
    let store = server.store();
    for uid in 1..=5 {
        store.add_flags("INBOX", uid, &["\\Seen"]).unwrap();
    }
    let cursor = list(&mut source, None).await.cursor;
    store.set_highest_modseq("INBOX", 2).unwrap();
    store.add_flags("INBOX", 9, &["\\Flagged"]).unwrap();
    let page = list(&mut source, Some(&cursor)).await;
    assert_eq!(page.coverage, Coverage::Snapshot);
    assert_eq!(page.changed.len(), 20);
    let item = page.changed.iter().find(|i| uids([&i.id]) == [9]).unwrap();
    assert_eq!(item.flags.to_string(), "\\Flagged");
}

#[tokio::test]
async fn a_jump_of_highest_modseq_is_no_matter() {
    let server = filled(Profile::cyrus_like(), 20);
    let (mut source, cursor) = settled(&server).await;
    let store = server.store();
    store.set_highest_modseq("INBOX", 1_000_000).unwrap();
    store.expunge("INBOX", &[3]).unwrap();
    let page = list(&mut source, Some(&cursor)).await;
    assert_eq!(page.coverage, Coverage::Delta);
    assert_eq!(uids(&page.vanished), [3]);
}

#[tokio::test]
async fn a_mailbox_without_mod_sequences_is_listed_by_its_flags() {
    let server = filled(Profile::full(), 10);
    let (mut source, cursor) = settled(&server).await;
    let store = server.store();
    store.set_no_modseq("INBOX", true).unwrap();
    store.add_flags("INBOX", 3, &["\\Seen"]).unwrap();
    store.expunge("INBOX", &[4]).unwrap();
    let page = list(&mut source, Some(&cursor)).await;
    assert_eq!(page.coverage, Coverage::Snapshot);
    assert_eq!(changed(&page), [1, 2, 3, 5, 6, 7, 8, 9, 10]);
    store.add_flags("INBOX", 5, &["\\Seen"]).unwrap();
    let page = list(&mut source, Some(&page.cursor)).await;
    let item = page.changed.iter().find(|i| uids([&i.id]) == [5]).unwrap();
    assert_eq!(item.flags.to_string(), "\\Seen");
}

#[tokio::test]
async fn a_server_need_not_tell_uidnext() {
    for profile in [Profile::full(), without_qresync(), without_condstore()] {
        let server = filled(profile.uid_next_in_select(false), 10);
        let (mut source, cursor) = settled(&server).await;
        let store = server.store();
        store.add("INBOX", text(50)).unwrap();
        store.expunge("INBOX", &[2, 11]).unwrap();
        store.add("INBOX", text(51)).unwrap();
        let page = list(&mut source, Some(&cursor)).await;
        assert!(changed(&page).contains(&12));
        match page.coverage {
            Coverage::Delta => assert_eq!(uids(&page.vanished), [2]),
            Coverage::Snapshot => {
                let told = page.changed.len() + page.present.len();
                assert_eq!(told, 10);
                assert!(!uids(&page.present).contains(&2));
            }
        }
    }
}

#[tokio::test]
async fn without_qresync_a_deletion_is_seen_from_the_uids() {
    let server = filled(without_qresync(), 100);
    let (mut source, cursor) = settled(&server).await;
    let store = server.store();
    store.expunge("INBOX", &[10, 20]).unwrap();
    store.add("INBOX", text(500)).unwrap();
    let page = list(&mut source, Some(&cursor)).await;
    assert_eq!(page.coverage, Coverage::Snapshot);
    assert_eq!(changed(&page), [101]);
    let there = uids(&page.present);
    assert_eq!(there.len(), 98);
    assert!(!there.contains(&10) && !there.contains(&20));
    assert!(server.stats().bytes_sent < 1_500, "{:?}", server.stats());
}

#[tokio::test]
async fn an_expunge_between_the_commands_is_told_at_the_next_listing() {
    let server = filled(Profile::full(), 20);
    let (mut source, cursor) = settled(&server).await;
    server.store().add_flags("INBOX", 1, &["\\Seen"]).unwrap();
    server.order(Fault::on("UID FETCH").edit(Moment::Received, |store| {
        store.expunge("INBOX", &[5]).unwrap();
    }));
    let first = list(&mut source, Some(&cursor)).await;
    let second = list(&mut source, Some(&first.cursor)).await;
    let mut gone: Vec<u32> = Vec::new();
    let mut left: Vec<u32> = (1..=20).collect();
    for page in [&first, &second] {
        gone.extend(uids(&page.vanished));
        if page.coverage == Coverage::Snapshot {
            let told = [changed(page), uids(&page.present)].concat();
            left.retain(|uid| told.contains(uid));
        }
    }
    left.retain(|uid| !gone.contains(uid));
    assert_eq!(left, (1..=20).filter(|uid| *uid != 5).collect::<Vec<_>>());
}

#[tokio::test]
async fn all_uids_are_looked_at_once_a_day() {
    let server = filled(Profile::full(), 10);
    let now = Arc::new(AtomicI64::new(1_000));
    let clock = Arc::clone(&now);
    let config = config(&server).clock(Arc::new(move || clock.load(Ordering::Relaxed)));
    let mut source = ImapSource::new(config);
    let mut cursor = list(&mut source, None).await.cursor;
    let store = server.store();
    for (hours, expected) in [
        (1, Coverage::Delta),
        (23, Coverage::Delta),
        (24, Coverage::Snapshot),
        (25, Coverage::Delta),
    ] {
        now.store(1_000 + hours * 3_600, Ordering::Relaxed);
        store
            .add("INBOX", text(usize::try_from(hours).unwrap()))
            .unwrap();
        let page = list(&mut source, Some(&cursor)).await;
        assert_eq!(page.coverage, expected, "after {hours} hours");
        assert_eq!(page.changed.len(), 1);
        cursor = page.cursor;
    }
}

#[tokio::test]
async fn a_new_uid_validity_is_a_lost_cursor_with_equal_and_with_other_mails() {
    for other in [false, true] {
        let server = filled(Profile::full(), 10);
        let (mut source, cursor) = settled(&server).await;
        let store = server.store();
        if other {
            store.clear("INBOX").unwrap();
            store.add_all("INBOX", (50..60).map(text)).unwrap();
        }
        store.reset_uid_validity("INBOX").unwrap();
        let error = source.changes(&inbox(), Some(&cursor)).await.unwrap_err();
        assert!(error.is_cursor_lost(), "{error:?}");
        let page = list(&mut source, None).await;
        assert_eq!(page.changed.len(), 10);
    }
}

#[tokio::test]
async fn an_undecodable_line_is_a_message_that_cannot_be_read() {
    let server = filled(Profile::full(), 5);
    server.store().expunge("INBOX", &[3]).unwrap();
    let line = "* 3 FETCH (UID 3 FLAGS (\\Seen RFC822.SIZE x";
    server.order(Fault::on("UID FETCH").say(Moment::Received, line));
    let mut source = source(&server);
    let page = list(&mut source, None).await;
    assert_eq!(changed(&page), [1, 2, 4, 5]);
    let named = page.unreadable.iter().filter_map(|error| error.item());
    assert_eq!(uids(named), [3]);
}

#[tokio::test]
async fn a_listing_that_is_refused_is_no_empty_mailbox() {
    for profile in [Profile::full(), without_condstore()] {
        let server = filled(profile, 5);
        let (mut source, cursor) = settled(&server).await;
        for since in [None, Some(&cursor)] {
            server.store().add("INBOX", text(9)).unwrap();
            server.order(Fault::on("UID FETCH").times(2).no("not now"));
            server.order(Fault::on("UID SEARCH").no("not now"));
            let error = source.changes(&inbox(), since).await.unwrap_err();
            assert!(!error.is_cursor_lost() && !error.is_fatal(), "{error:?}");
            server.clear_faults();
        }
    }
}

#[tokio::test]
async fn messages_that_exist_and_are_not_shown_are_asked_for() {
    let server = filled(Profile::full(), 5);
    server.order(Fault::on("SELECT").say(Moment::Completion, "* 7 EXISTS"));
    let mut source = source(&server);
    let page = list(&mut source, None).await;
    assert_eq!(changed(&page), [1, 2, 3, 4, 5]);
    let lines = server.command_lines();
    assert!(
        lines.iter().any(|l| l.starts_with("UID SEARCH")),
        "{lines:?}"
    );
    // The count that is remembered is that of the messages seen.
    server.store().add("INBOX", text(9)).unwrap();
    let page = list(&mut source, Some(&page.cursor)).await;
    assert_eq!((changed(&page), page.coverage), (vec![6], Coverage::Delta));
}

#[tokio::test]
async fn a_mailbox_that_is_gone_stops_itself_alone() {
    let server = filled(Profile::full(), 5);
    let mut source = source(&server);
    let error = source.changes(&"nowhere".into(), None).await.unwrap_err();
    assert!(!error.is_fatal(), "{error:?}");
    assert_eq!(list(&mut source, None).await.changed.len(), 5);
}

#[tokio::test]
async fn an_idle_connection_that_was_cut_is_replaced() {
    let server = filled(Profile::full(), 5);
    let (mut source, cursor) = settled(&server).await;
    server.cut_all();
    server.store().add("INBOX", text(9)).unwrap();
    let page = list(&mut source, Some(&cursor)).await;
    assert_eq!(changed(&page), [6]);
}

#[tokio::test]
async fn a_throttling_server_says_how_long_to_wait() {
    let server = filled(Profile::full(), 5);
    let (mut source, cursor) = settled(&server).await;
    server.order(Fault::on("SELECT").throttle(12_000));
    let error = source.changes(&inbox(), Some(&cursor)).await.unwrap_err();
    assert_eq!(error.kind(), sync_core::ErrorKind::Throttled);
    assert_eq!(
        error.retry_after(),
        Some(std::time::Duration::from_secs(12))
    );
    assert!(error.is_retryable());
}
