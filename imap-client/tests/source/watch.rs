//! Waiting for news.

use std::time::Duration;

use imap_client::ImapSource;
use imap_client::testing::{Fault, Moment, Profile, Server};
use sync_core::Source as _;
use sync_core::model::CollectionId;

use crate::support::{config, inbox, list, server, source, text};

/// Reached only by a source that notices nothing.
const LONG: Duration = Duration::from_secs(60);

/// Two mailboxes, both listed.
async fn two(profile: Profile) -> (Server, ImapSource, [CollectionId; 2]) {
    let server = server(profile);
    server.store().create("Other").unwrap();
    let config = config(&server).poll(Duration::from_millis(20));
    let mut source = ImapSource::new(config);
    let both = [inbox(), CollectionId::new("Other")];
    for c in &both {
        source.changes(c, None).await.unwrap();
    }
    (server, source, both)
}

#[tokio::test]
async fn idle_tells_of_a_new_message() {
    let server = server(Profile::full());
    let mut source = source(&server);
    list(&mut source, None).await;
    server.order(Fault::on("IDLE").edit(Moment::Idling, |store| {
        store.add("INBOX", text(1)).unwrap();
    }));
    let woken = source.watch(&[inbox()], LONG).await.unwrap();
    assert_eq!(woken, [inbox()]);
    assert_eq!(server.faults_waiting(), 0);
}

#[tokio::test]
async fn idle_tells_of_a_flag_where_nothing_counts_changes() {
    let bare = Profile::full().without("QRESYNC").without("CONDSTORE");
    let server = server(bare);
    server.store().add("INBOX", text(1)).unwrap();
    let mut source = source(&server);
    list(&mut source, None).await;
    server.order(Fault::on("IDLE").edit(Moment::Idling, |store| {
        store.add_flags("INBOX", 1, &["\\Seen"]).unwrap();
    }));
    assert_eq!(source.watch(&[inbox()], LONG).await.unwrap(), [inbox()]);
}

#[tokio::test]
async fn other_mailboxes_are_looked_at_now_and_then() {
    for profile in [Profile::full(), Profile::rev1_bare()] {
        let (server, mut source, both) = two(profile).await;
        // The first look finds nothing, the second one does.
        server.order(Fault::on("STATUS").nth(2).edit(Moment::Received, |store| {
            store.add("Other", text(1)).unwrap();
        }));
        let woken = source.watch(&both, LONG).await.unwrap();
        assert_eq!(woken, [both[1].clone()]);
    }
}

#[tokio::test]
async fn what_changed_before_is_told_at_once() {
    let (server, mut source, both) = two(Profile::full()).await;
    server.store().add("Other", text(1)).unwrap();
    server.store().add("INBOX", text(1)).unwrap();
    assert_eq!(source.watch(&both, LONG).await.unwrap(), both);
    // A listing that follows takes no old status for an answer.
    let page = source.changes(&both[1], None).await.unwrap();
    assert_eq!(page.changed.len(), 1);
}

#[tokio::test]
async fn a_wait_makes_the_status_of_the_last_list_stale() {
    let (server, mut source, both) = two(Profile::full()).await;
    let cursor = source.changes(&both[1], None).await.unwrap().cursor;
    source.collections().await.unwrap();
    server.store().add("Other", text(1)).unwrap();
    let woken = source.watch(&both, LONG).await.unwrap();
    assert_eq!(woken, both[1..]);
    let page = source.changes(&both[1], Some(&cursor)).await.unwrap();
    assert_eq!(page.changed.len(), 1);
}

#[tokio::test]
async fn quiet_mailboxes_are_quiet() {
    let (_server, mut source, both) = two(Profile::full()).await;
    let short = Duration::from_millis(100);
    assert_eq!(source.watch(&both, short).await.unwrap(), []);
    assert_eq!(source.watch(&both[..1], short).await.unwrap(), []);
}

#[tokio::test]
async fn garbage_in_idle_is_no_end_and_bye_is_one() {
    // chatmail/core#5271
    let (server, mut source, both) = two(Profile::full()).await;
    server.order(
        Fault::on("IDLE")
            .say(Moment::Idling, "* what is this {")
            .edit(Moment::Idling, |store| {
                store.add("INBOX", text(1)).unwrap();
            }),
    );
    assert_eq!(source.watch(&both[..1], LONG).await.unwrap(), both[..1]);
    source.changes(&both[0], None).await.unwrap();
    server.order(Fault::on("IDLE").bye("shutting down"));
    let error = source.watch(&both[..1], LONG).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert!(source.changes(&both[0], None).await.is_ok());
}
