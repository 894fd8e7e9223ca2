//! IDLE and NOTIFY, byte by byte against a scripted peer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use std::time::Duration;

use imap_client::Client;
use imap_client::client::{ErrorKind, EventKind, Idled};
use imap_client::wire::command::{NotifyEvent, NotifyFilter};
use script::{over, session};
use tokio::time::Instant;

fn events(client: &mut Client) -> Vec<EventKind> {
    std::iter::from_fn(|| client.next_event())
        .map(|event| event.kind)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn idle_ends_with_the_first_change_and_takes_what_comes() {
    let (mut client, peer) = session(
        "IDLE",
        "C: A1 IDLE
         S: * OK before the plus
         S: + idling
         S: * OK Still here
         S: )(*&^
         S: + again
         S: * 4 EXISTS
         S: * VANISHED 3
         C: DONE
         S: * 5 EXISTS
         S: A1 OK idle over
         C: A2 NOOP
         S: A2 OK",
    )
    .await;
    let idled = client.idle(Duration::from_secs(3600)).await.unwrap();
    assert_eq!(idled, Idled::Changed);
    // What was not picked up is still news.
    assert_eq!(
        client.idle(Duration::from_secs(3600)).await.unwrap(),
        Idled::Changed
    );
    let changes: Vec<_> = events(&mut client)
        .into_iter()
        .filter(EventKind::is_change)
        .collect();
    assert!(matches!(
        &changes[..],
        [
            EventKind::Exists(4),
            EventKind::Vanished(_),
            EventKind::Exists(5)
        ]
    ));
    client.noop().await.unwrap();
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn idle_is_renewed_before_29_minutes() {
    let (mut client, peer) = session(
        "IDLE",
        "C: A1 IDLE
         S: +
         C: DONE
         S: A1 OK
         C: A2 IDLE
         S: +
         C: DONE
         S: A2 OK",
    )
    .await;
    let started = Instant::now();
    let limit = Duration::from_secs(40 * 60);
    assert_eq!(client.idle(limit).await.unwrap(), Idled::TimedOut);
    assert_eq!(started.elapsed().as_secs(), limit.as_secs());
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn idle_that_does_not_end_is_a_dead_connection() {
    let (mut client, peer) = session(
        "IDLE",
        "C: A1 IDLE
         S: +
         C: DONE
         hang",
    )
    .await;
    let started = Instant::now();
    let error = client.idle(Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(started.elapsed().as_secs(), 75);
    assert!(!client.is_usable() && client.noop().await.is_err());
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_idle_is_ended_by_the_next_command() {
    let (mut client, peer) = session(
        "IDLE",
        "C: A1 IDLE
         S: +
         C: DONE
         S: A1 OK
         C: A2 NOOP
         S: A2 OK",
    )
    .await;
    let idle = client.idle(Duration::from_secs(3600));
    assert!(
        tokio::time::timeout(Duration::from_secs(1), idle)
            .await
            .is_err()
    );
    client.noop().await.unwrap();
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_idle_is_an_error_and_no_idle_means_noop() {
    let (mut client, peer) = session(
        "IDLE",
        "C: A1 IDLE
         S: A1 NO [INUSE] not now",
    )
    .await;
    assert!(
        client
            .idle(Duration::from_secs(9))
            .await
            .unwrap_err()
            .is_retryable()
    );
    over(client, peer).await;
    let (mut client, peer) = session(
        "",
        "C: A1 NOOP
         S: A1 OK
         C: A2 NOOP
         S: * 1 EXISTS
         S: A2 OK",
    )
    .await;
    let started = Instant::now();
    let idled = client.idle(Duration::from_secs(3600)).await.unwrap();
    assert_eq!((idled, started.elapsed().as_secs()), (Idled::Changed, 240));
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_bye_in_idle_says_why() {
    let (mut client, peer) = session(
        "IDLE",
        "C: A1 IDLE
         S: +
         S: * BYE Server shutting down. Suggested Backoff Time: 5000 milliseconds
         close",
    )
    .await;
    let error = client.idle(Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bye);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(5)));
    assert!(error.to_string().contains("shutting down") && error.is_retryable());
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn notify_watches_other_mailboxes() {
    let (mut client, peer) = session(
        "NOTIFY IDLE",
        "C: A1 NOTIFY SET STATUS (PERSONAL (MessageNew MessageExpunge))
         S: * STATUS Work (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3)
         S: A1 OK
         C: A2 IDLE
         S: +
         S: * STATUS Work (MESSAGES 2 UIDNEXT 3)
         C: DONE
         S: A2 OK",
    )
    .await;
    let events_wanted = vec![
        NotifyEvent::MessageNew(Vec::new()),
        NotifyEvent::MessageExpunge,
    ];
    client
        .notify(true, &[(NotifyFilter::Personal, events_wanted)])
        .await
        .unwrap();
    assert!(matches!(
        &events(&mut client)[..],
        [EventKind::MailboxStatus(_)]
    ));
    client.idle(Duration::from_secs(60)).await.unwrap();
    let events = events(&mut client);
    let EventKind::MailboxStatus(status) = &events[0] else {
        panic!("{events:?}");
    };
    assert_eq!(
        (status.mailbox.as_bytes(), status.messages),
        (&b"Work"[..], Some(2))
    );
    over(client, peer).await;
}
