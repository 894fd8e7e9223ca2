use pop3::testing::{Fault, Profile};
use sync_core::model::{Body, Flags, Identity, ItemId, NewItem};
use sync_core::source::{Op, Outcome};
use sync_core::{ErrorKind, Source as _};

use crate::support::{
    KIND, apply, batch, count, delete, fetch, filled, ids, inbox, list, source, words,
};

#[tokio::test]
async fn a_deletion_is_done_when_quit_was_answered() {
    let server = filled(Profile::full(), 5);
    let mut source = source(&server);
    let page = list(&mut source, None).await;
    let all = ids(&page);
    let stale = Op::Delete {
        id: all[3].clone(),
        guard: "another".into(),
    };
    let gone = ItemId::from("never given");
    let ops = vec![
        delete(&all[1]),
        delete(&gone),
        stale,
        delete(&all[4]),
        delete(&all[1]),
        Op::Delete {
            id: all[2].clone(),
            guard: "".into(),
        },
    ];
    let outcomes = apply(&mut source, ops).await;
    assert_eq!(
        words(&outcomes),
        ["done", "gone", "stale", "done", "gone", "done"]
    );
    assert_eq!(server.maildrop().len(), 2);
    assert!(!server.maildrop().is_locked());
    // What is left is known without a new login.
    server.reset_stats();
    let after = list(&mut source, Some(&page.cursor)).await;
    assert_eq!(ids(&after), [all[0].clone(), all[3].clone()]);
    assert_eq!(server.stats().connections, 0);
    // Numbers are those of a new session.
    let read = crate::support::contents(&mut source, &ids(&after)[1..]).await;
    assert_eq!(read, [crate::support::text(4)]);
}

#[tokio::test]
async fn whatever_else_is_refused_with_a_reason() {
    let server = filled(Profile::full(), 1);
    let mut source = source(&server);
    let id = ids(&list(&mut source, None).await).remove(0);
    let guard = || "-".into();
    let new = NewItem {
        kind: KIND,
        flags: Flags::default(),
        date: None,
        identity: Identity::default(),
        body: Body::from("A: b\r\n\r\n"),
    };
    let ops = vec![
        Op::Create(new),
        Op::SetFlags {
            id: id.clone(),
            guard: guard(),
            add: Flags::parse("\\Seen"),
            remove: Flags::default(),
        },
        Op::Replace {
            id: id.clone(),
            guard: guard(),
            body: Body::from("x"),
        },
        Op::Move {
            id,
            guard: guard(),
            to: "Trash".into(),
        },
    ];
    for outcome in apply(&mut source, ops).await {
        let Outcome::Refused(error) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("POP3") || error.message().contains("content"));
    }
    assert_eq!(server.maildrop().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_to_quit_leaves_the_outcome_open() {
    for (fault, left) in [
        (Fault::on("QUIT").cut_after(), 3),
        (Fault::on("QUIT").cut_before(), 5),
        (
            Fault::on("QUIT").err("[SYS/TEMP] some deleted messages not removed"),
            5,
        ),
    ] {
        let server = filled(Profile::full(), 5);
        let mut source = source(&server);
        let page = list(&mut source, None).await;
        server.order(fault);
        let all = ids(&page);
        let ops = vec![delete(&all[0]), delete(&"none".into()), delete(&all[1])];
        let outcomes = apply(&mut source, ops).await;
        assert_eq!(words(&outcomes), ["unknown", "gone", "unknown"]);
        // The next listing tells.
        let after = list(&mut source, Some(&page.cursor)).await;
        assert_eq!(server.maildrop().len(), left);
        match left {
            5 => assert!(after.changed.is_empty()),
            _ => assert_eq!(ids(&after), all[2..]),
        }
    }
}

#[tokio::test]
async fn a_cut_before_quit_deletes_nothing() {
    let server = filled(Profile::full(), 5);
    let mut source = source(&server);
    let all = ids(&list(&mut source, None).await);
    server.order(Fault::on("DELE 2").times(2).cut_before());
    let ops = || batch(all.iter().map(delete).collect());
    let error = source.apply(&inbox(), None, ops()).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(server.maildrop().len(), 5);
    let applied = source.apply(&inbox(), None, ops()).await.unwrap();
    assert_eq!(words(&applied.outcomes), ["done"; 5]);
    assert!(server.maildrop().is_empty());
}

#[tokio::test]
async fn a_session_that_died_while_idle_is_replaced() {
    let server = filled(Profile::full(), 2);
    let mut source = source(&server);
    let all = ids(&list(&mut source, None).await);
    server.order(Fault::on("DELE").cut_before());
    let outcomes = apply(&mut source, all.iter().map(delete).collect()).await;
    assert_eq!(words(&outcomes), ["done"; 2]);
    assert!(server.maildrop().is_empty());
}

#[tokio::test]
async fn a_refused_deletion_is_the_one_message_s() {
    let server = filled(Profile::full(), 3);
    let mut source = source(&server);
    let all = ids(&list(&mut source, None).await);
    server.order(Fault::on("DELE 2").err("It is pinned"));
    let outcomes = apply(&mut source, all.iter().map(delete).collect()).await;
    assert_eq!(words(&outcomes), ["done", "refused", "done"]);
    assert_eq!(server.maildrop().len(), 1);

    // Refused for now: nothing is deleted, and all of it can be tried again.
    let all = ids(&list(&mut source, None).await);
    server.order(Fault::on("DELE").err("[SYS/TEMP] Not now"));
    let ops = batch(all.iter().map(delete).collect());
    let error = source.apply(&inbox(), None, ops).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(server.maildrop().len(), 1);
}

#[tokio::test]
async fn thousands_go_in_one_session() {
    let server = filled(Profile::full(), 3_000);
    let mut source = source(&server);
    assert!(source.capabilities().batch_items >= 3_000);
    let all = ids(&list(&mut source, None).await);
    server.reset_stats();
    let outcomes = apply(&mut source, all[..2_500].iter().map(delete).collect()).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Done(_)))
    );
    assert_eq!(server.maildrop().len(), 500);
    assert_eq!(count(&server, "QUIT"), 1);
    assert!(server.stats().round_trips < 10);
}

#[tokio::test]
async fn where_nothing_is_kept_only_what_is_meant_goes() {
    use sync_core::source::Depth;

    // The server deletes at QUIT what was retrieved (RFC 2449 section 6.7).
    let server = filled(Profile::full().with("EXPIRE 0"), 5);
    let mut source = source(&server);
    let page = list(&mut source, None).await;
    let all = ids(&page);
    assert_eq!(fetch(&mut source, &all, Depth::Full).await.len(), 5);
    source.close().await.unwrap();
    assert_eq!(server.maildrop().len(), 5);
    while server.maildrop().is_locked() {
        tokio::task::yield_now().await;
    }
    assert_eq!(fetch(&mut source, &all[..3], Depth::Full).await.len(), 3);
    // The old connection may be there still for a moment.
    let outcomes = loop {
        let ops = batch(vec![delete(&all[0])]);
        match source.apply(&inbox(), None, ops).await {
            Ok(applied) => break applied.outcomes,
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
    };
    assert_eq!(words(&outcomes), ["done"]);
    assert_eq!(server.maildrop().len(), 4);
}

#[tokio::test]
async fn a_deletion_that_is_given_up_deletes_nothing() {
    let server = filled(Profile::full(), 3);
    let mut source = source(&server);
    let all = ids(&list(&mut source, None).await);
    // Its answer is waited for in vain.
    server.order(Fault::on("DELE 3").swallow());
    let (inbox, ops) = (inbox(), batch(all.iter().map(delete).collect()));
    let work = source.apply(&inbox, None, ops);
    let limit = std::time::Duration::from_millis(50);
    assert!(tokio::time::timeout(limit, work).await.is_err());
    source.close().await.unwrap();
    while server.maildrop().is_locked() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(server.maildrop().len(), 3);
    assert_eq!(list(&mut source, None).await.changed.len(), 3);
}
