//! How long a session lasts, and what is waited for without one.

use std::time::Duration;

use pop3::Pop3Source;
use pop3::testing::{Fault, Profile};
use sync_core::source::Coverage;
use sync_core::{ErrorKind, Source as _};

use crate::support::{apply, config, count, delete, filled, ids, inbox, list, source, text, words};

const LONG: Duration = Duration::from_secs(120);
const SHORT: Duration = Duration::from_millis(20);

#[tokio::test]
async fn a_run_is_one_session_and_close_ends_it() {
    let server = filled(Profile::full(), 3);
    let mut source = source(&server);
    source.collections().await.unwrap();
    let page = list(&mut source, None).await;
    list(&mut source, Some(&page.cursor)).await;
    crate::support::contents(&mut source, &ids(&page)).await;
    assert_eq!(server.stats().connections, 1);
    assert!(server.maildrop().is_locked());
    source.close().await.unwrap();
    assert!(!server.maildrop().is_locked());
    // The next run sees what came.
    server.maildrop().add(text(4));
    assert_eq!(list(&mut source, Some(&page.cursor)).await.changed.len(), 4);
}

#[tokio::test]
async fn an_old_session_is_not_asked_for_news() {
    let server = filled(Profile::full(), 3);
    let mut source = Pop3Source::new(config(&server).session_age(Duration::ZERO));
    let page = list(&mut source, None).await;
    server.maildrop().add(text(4));
    assert_eq!(list(&mut source, Some(&page.cursor)).await.changed.len(), 4);
    assert_eq!(server.stats().connections, 2);
}

#[tokio::test]
async fn another_client_at_the_mailbox_is_waited_for() {
    let server = filled(Profile::full(), 3);
    let held = server.maildrop().lock();
    let mut source = source(&server);
    for _ in 0..2 {
        let error = source.changes(&inbox(), None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled);
        assert!(
            error.is_retryable() && error.to_string().contains("IN-USE"),
            "{error}"
        );
    }
    drop(held);
    assert_eq!(list(&mut source, None).await.changed.len(), 3);
}

#[tokio::test]
async fn a_login_delay_is_heeded() {
    let server = filled(Profile::full().login_delay(600), 3);
    let mut source = Pop3Source::new(config(&server).session_age(Duration::ZERO));
    let page = list(&mut source, None).await;
    let all = ids(&page);
    let outcomes = apply(&mut source, vec![delete(&all[0])]).await;
    assert_eq!(words(&outcomes), ["done"]);
    // Known without a login.
    let after = list(&mut source, Some(&page.cursor)).await;
    assert_eq!(ids(&after), all[1..]);
    assert_eq!(server.stats().connections, 1);
    // Not to be had without one.
    let error = source
        .apply(&inbox(), None, crate::support::batch(vec![delete(&all[1])]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(600)));
    // There is no look before the time is over.
    let before = server.stats().connections;
    let news = source.watch(&[inbox()], SHORT).await.unwrap();
    assert!(news.is_empty());
    assert_eq!(server.stats().connections, before);
}

#[tokio::test]
async fn others_get_in_while_news_are_waited_for() {
    let server = filled(Profile::full(), 3);
    let mut source = Pop3Source::new(config(&server).poll(SHORT));
    let page = list(&mut source, None).await;
    assert!(server.maildrop().is_locked());
    let drop = server.maildrop();
    let other = async {
        let lock = loop {
            match drop.lock() {
                Some(lock) => break lock,
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        };
        // Long enough for some looks, which find the mailbox in use.
        while count(&server, "AUTH") < 4 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop.add(text(4));
        std::mem::drop(lock);
    };
    let inboxes = [inbox()];
    let (news, ()) = tokio::join!(source.watch(&inboxes, LONG), other);
    assert_eq!(news.unwrap(), inboxes);
    let connections = server.stats().connections;
    assert_eq!(list(&mut source, Some(&page.cursor)).await.changed.len(), 4);
    // By the session that found the news.
    assert_eq!(server.stats().connections, connections);
}

#[tokio::test]
async fn a_watch_ends_in_time_and_may_be_dropped() {
    for profile in [Profile::full(), Profile::full().without("UIDL")] {
        let server = filled(profile, 3);
        let mut source = Pop3Source::new(config(&server).poll(Duration::from_millis(1)));
        // Never listed: what is there at first is no news.
        let news = source.watch(&[inbox()], 3 * SHORT).await.unwrap();
        assert!(news.is_empty());
        assert!(!server.maildrop().is_locked());
        let page = list(&mut source, None).await;
        assert!(source.watch(&[], SHORT).await.unwrap().is_empty());
        let inboxes = [inbox()];
        for _ in 0..20 {
            let watch = source.watch(&inboxes, LONG);
            let _ = tokio::time::timeout(Duration::from_millis(3), watch).await;
        }
        server.maildrop().remove(2);
        let news = source.watch(&inboxes, LONG).await;
        // A connection of a dropped watch may hold the mailbox for a moment.
        assert_eq!(news.unwrap(), inboxes);
        let page = list(&mut source, Some(&page.cursor)).await;
        assert_eq!((page.coverage, page.changed.len()), (Coverage::Snapshot, 2));
        let elsewhere = source.watch(&["elsewhere".into()], SHORT).await;
        assert_eq!(elsewhere.unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn a_refused_login_is_no_reason_to_try_again() {
    let server = filled(Profile::full(), 1);
    server.order(
        Fault::on("AUTH")
            .always()
            .err("[AUTH] Authentication failed."),
    );
    let mut source = source(&server);
    let error = source.collections().await.unwrap_err();
    assert!(
        error.is_authentication() && !error.is_retryable(),
        "{error:?}"
    );
    server.clear_faults();
    server.order(Fault::on("GREETING").err("[SYS/TEMP] Too many connections"));
    let error = source.collections().await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    source.collections().await.unwrap();
}

#[tokio::test]
async fn under_tls_it_is_the_same() {
    use pop3::client::Security;

    let server = pop3::testing::Server::start().unwrap();
    server.maildrop().add(text(1));
    for (security, port) in [
        (Security::Stls, server.addr().port()),
        (Security::Tls, server.tls_addr().port()),
    ] {
        let mut config = config(&server);
        config.connect = config.connect.security(security).port(port);
        let mut source = Pop3Source::new(config);
        let page = list(&mut source, None).await;
        let read = crate::support::contents(&mut source, &ids(&page)).await;
        assert_eq!(read, [text(1)]);
        assert_eq!(source.capabilities().account, "alice@127.0.0.1");
        source.close().await.unwrap();
    }
}
