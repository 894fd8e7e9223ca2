//! Reading and writing messages.

use std::io::Write as _;

use imap_client::ImapSource;
use imap_client::testing::{Fault, Moment, NewMessage, Profile, Server};
use sync_core::model::{BodyWriter, CollectionPath, Digest, Flags, NewCollection, Role, Timestamp};
use sync_core::source::{Depth, Op, Outcome};
use sync_core::{ErrorKind, Source as _};

use crate::support::{
    apply, config, delete, fetch, inbox, list, new_item, server, set_flags, source, text, uids,
    words,
};

fn filled(profile: Profile, count: usize) -> Server {
    let server = server(profile);
    let store = server.store();
    store.add_all("INBOX", (0..count).map(text)).unwrap();
    server
}

fn profiles() -> [Profile; 5] {
    [
        Profile::full(),
        Profile::gmail_like(),
        Profile::courier_like(),
        Profile::cyrus_like(),
        Profile::rev1_bare(),
    ]
}

fn count(server: &Server, prefix: &str) -> usize {
    let lines = server.command_lines();
    lines.iter().filter(|line| line.starts_with(prefix)).count()
}

#[tokio::test]
async fn a_batch_of_new_messages_is_one_round_trip() {
    let server = filled(Profile::full(), 1);
    let mut source = source(&server);
    list(&mut source, None).await;
    server.reset_stats();
    let ops = (10..210)
        .map(|n| Op::Create(new_item(n, "\\Seen")))
        .collect();
    let outcomes = apply(&mut source, ops).await;
    let ids = outcomes.iter().map(|outcome| match outcome {
        Outcome::Done(stored) => stored.id.clone().unwrap(),
        other => panic!("{other:?}"),
    });
    let ids: Vec<_> = ids.collect();
    assert_eq!(uids(&ids), (2..=201).collect::<Vec<_>>());
    assert_eq!(
        (count(&server, "APPEND"), server.stats().round_trips),
        (1, 1)
    );
}

#[tokio::test]
async fn one_refused_message_does_not_stop_the_others() {
    for profile in profiles() {
        let server = filled(profile.append_limit(5_000), 0);
        let mut source = source(&server);
        let mut large = new_item(2, "");
        large.body = "x".repeat(6_000).as_str().into();
        let mut empty = new_item(3, "");
        empty.body = "".into();
        let ops = vec![
            Op::Create(new_item(1, "")),
            Op::Create(large),
            Op::Create(empty),
            Op::Create(new_item(4, "")),
        ];
        let outcomes = apply(&mut source, ops).await;
        assert_eq!(words(&outcomes), ["done", "refused", "refused", "done"]);
        let Outcome::Refused(why) = &outcomes[1] else {
            panic!()
        };
        assert_eq!(why.kind(), ErrorKind::TooLarge, "{why}");
        assert_eq!(server.store().messages("INBOX").unwrap().len(), 2);
    }
}

#[tokio::test]
async fn over_quota_refuses_what_does_not_fit() {
    for profile in profiles() {
        let server = filled(profile, 0);
        server.store().set_quota(Some(250));
        let mut source = source(&server);
        let ops = (0..5).map(|n| Op::Create(new_item(n, ""))).collect();
        let outcomes = apply(&mut source, ops).await;
        assert_eq!(words(&outcomes)[0], "done");
        assert_eq!(words(&outcomes)[4], "refused");
        let stored = words(&outcomes).iter().filter(|w| **w == "done").count();
        assert_eq!(server.store().messages("INBOX").unwrap().len(), stored);
    }
}

#[tokio::test]
async fn a_refused_multiappend_is_tried_one_by_one() {
    let server = filled(Profile::full(), 0);
    let mut source = source(&server);
    list(&mut source, None).await;
    server.order(Fault::on("APPEND").no("[CANNOT] one of these is too odd"));
    let ops = vec![Op::Create(new_item(1, "")), Op::Create(new_item(2, ""))];
    assert_eq!(words(&apply(&mut source, ops).await), ["done", "done"]);
    assert_eq!(server.store().messages("INBOX").unwrap().len(), 2);
}

#[tokio::test]
async fn exists_between_append_and_its_continuation_is_no_answer() {
    let server = filled(Profile::courier_like(), 0);
    server.order(
        Fault::on("APPEND")
            .say(Moment::Continuation, "* 7 EXISTS")
            .say(Moment::Continuation, "* OK still here"),
    );
    let mut source = source(&server);
    let outcomes = apply(&mut source, vec![Op::Create(new_item(1, ""))]).await;
    assert_eq!(words(&outcomes), ["done"]);
    assert_eq!(server.store().messages("INBOX").unwrap().len(), 1);
}

#[tokio::test]
async fn a_missing_mailbox_is_an_error_of_the_batch() {
    let server = filled(Profile::full(), 0);
    let mut source = source(&server);
    let batch = vec![sync_core::source::Mutation {
        key: 1,
        op: Op::Create(new_item(1, "")),
    }];
    let error = source
        .apply(&"nowhere".into(), None, batch)
        .await
        .unwrap_err();
    assert!(!error.is_fatal() && !error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn a_mailbox_without_new_keywords_says_which_it_keeps() {
    for profile in [Profile::full(), Profile::courier_like()] {
        let server = server(profile.keywords(false));
        let store = server.store();
        let known = NewMessage::new(text(0)).flags(["$Known"]);
        store.add("INBOX", known).unwrap();
        let mut source = source(&server);
        let item = list(&mut source, None).await.changed.remove(0);
        let outcomes = apply(
            &mut source,
            vec![
                Op::Create(new_item(1, "\\Seen $known $Other")),
                set_flags(&item, "$Another \\Flagged", ""),
            ],
        )
        .await;
        let kept: Vec<Flags> = outcomes
            .into_iter()
            .map(|outcome| match outcome {
                Outcome::Done(stored) => stored.flags.unwrap(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(kept[0], Flags::parse("\\Seen $Known"));
        assert_eq!(kept[1], Flags::parse("\\Flagged $Known"));
        let messages = store.messages("INBOX").unwrap();
        let held: Vec<Flags> = messages
            .iter()
            .map(|m| Flags::parse(&m.flags.join(" ")))
            .collect();
        assert_eq!(held, [kept[1].clone(), kept[0].clone()]);
    }
}

#[tokio::test]
async fn equal_changes_share_a_command() {
    let server = filled(Profile::full(), 100);
    let mut source = source(&server);
    let items = list(&mut source, None).await.changed;
    server.reset_stats();
    let ops = items.iter().enumerate().map(|(n, item)| match n % 2 {
        0 => set_flags(item, "\\Seen", ""),
        _ => set_flags(item, "\\Flagged $Work", ""),
    });
    let outcomes = apply(&mut source, ops.collect()).await;
    assert!(words(&outcomes).iter().all(|w| *w == "done"));
    assert_eq!(count(&server, "UID STORE"), 2);
    assert!(
        server.stats().round_trips <= 3,
        "{:?}",
        server.command_lines()
    );
    let page = list(&mut source, None).await;
    for (outcome, item) in outcomes.iter().zip(&page.changed) {
        let Outcome::Done(stored) = outcome else {
            panic!()
        };
        assert_eq!(stored.revision.as_ref(), Some(&item.revision));
    }
}

#[tokio::test]
async fn a_flag_that_somebody_sets_during_the_write_makes_it_stale() {
    for profile in [Profile::full(), Profile::gmail_like()] {
        let server = filled(profile, 3);
        let mut source = source(&server);
        let items = list(&mut source, None).await.changed;
        server.order(Fault::on("UID STORE").edit(Moment::Received, |store| {
            store.add_flags("INBOX", 2, &["\\Answered"]).unwrap();
        }));
        let ops = items.iter().map(|item| set_flags(item, "\\Seen", ""));
        let outcomes = apply(&mut source, ops.collect()).await;
        assert_eq!(words(&outcomes), ["done", "stale", "done"]);
        let message = server.store().message("INBOX", 2).unwrap();
        assert_eq!(message.flags, ["\\Answered"]);
    }
}

#[tokio::test]
async fn a_flag_that_somebody_sets_during_a_deletion_keeps_the_message() {
    for profile in [
        Profile::full(),
        Profile::gmail_like(),
        Profile::cyrus_like(),
    ] {
        let server = filled(profile, 3);
        let mut source = source(&server);
        let items = list(&mut source, None).await.changed;
        server.order(Fault::on("UID STORE").edit(Moment::Received, |store| {
            store.add_flags("INBOX", 2, &["\\Flagged"]).unwrap();
        }));
        let outcomes = apply(&mut source, items.iter().map(delete).collect()).await;
        assert_eq!(words(&outcomes), ["done", "stale", "done"]);
        let left = server.store().messages("INBOX").unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(
            (left[0].uid, &left[0].flags[..]),
            (2, &["\\Flagged".to_owned()][..])
        );
    }
}

#[tokio::test]
async fn only_the_messages_meant_are_expunged() {
    for profile in profiles() {
        let server = filled(profile, 6);
        let store = server.store();
        for uid in [2, 5] {
            store.add_flags("INBOX", uid, &["\\Deleted"]).unwrap();
        }
        let mut source = source(&server);
        let items = list(&mut source, None).await.changed;
        let outcomes = apply(&mut source, vec![delete(&items[0]), delete(&items[3])]).await;
        assert_eq!(words(&outcomes), ["done", "done"]);
        let left = store.messages("INBOX").unwrap();
        let marked: Vec<(u32, bool)> = left.iter().map(|m| (m.uid, m.has("\\Deleted"))).collect();
        assert_eq!(marked, [(2, true), (3, false), (5, true), (6, false)]);
    }
}

#[tokio::test]
async fn a_move_keeps_its_message_and_marks_no_other() {
    for profile in profiles() {
        let server = filled(profile, 4);
        let store = server.store();
        store.create("Elsewhere").unwrap();
        store.add_flags("INBOX", 4, &["\\Deleted"]).unwrap();
        let mut source = source(&server);
        let items = list(&mut source, None).await.changed;
        let op = |n: usize| Op::Move {
            id: items[n].id.clone(),
            guard: items[n].revision.clone(),
            to: "Elsewhere".into(),
        };
        let outcomes = apply(&mut source, vec![op(0), op(2)]).await;
        assert_eq!(words(&outcomes), ["done", "done"]);
        let left: Vec<u32> = store
            .messages("INBOX")
            .unwrap()
            .iter()
            .map(|m| m.uid)
            .collect();
        assert_eq!(left, [2, 4]);
        let there = store.messages("Elsewhere").unwrap();
        assert_eq!(there.len(), 2);
        assert!(there.iter().all(|m| !m.has("\\Deleted")));
        let told: Vec<_> = outcomes
            .iter()
            .filter_map(|outcome| match outcome {
                Outcome::Done(stored) => stored.id.clone(),
                _ => None,
            })
            .collect();
        if !told.is_empty() {
            assert_eq!(uids(&told), [1, 2]);
        }
    }
}

#[tokio::test]
async fn capabilities_that_a_proxy_made_up_are_done_without() {
    let server = filled(Profile::full(), 4);
    let store = server.store();
    store.create("Elsewhere").unwrap();
    store.add_flags("INBOX", 4, &["\\Deleted"]).unwrap();
    let mut source = source(&server);
    let items = list(&mut source, None).await.changed;
    for command in ["UID MOVE", "UID EXPUNGE"] {
        server.order(Fault::on(command).always().bad("what is that?"));
    }
    let go = Op::Move {
        id: items[0].id.clone(),
        guard: items[0].revision.clone(),
        to: "Elsewhere".into(),
    };
    let outcomes = apply(&mut source, vec![go, delete(&items[1])]).await;
    assert_eq!(words(&outcomes), ["done", "done"]);
    let left = store.messages("INBOX").unwrap();
    let marked: Vec<(u32, bool)> = left.iter().map(|m| (m.uid, m.has("\\Deleted"))).collect();
    assert_eq!(marked, [(3, false), (4, true)]);
    assert_eq!(store.messages("Elsewhere").unwrap().len(), 1);
}

#[tokio::test]
async fn a_connection_lost_in_a_write_is_an_error_and_the_next_call_works() {
    for fault in ["APPEND", "UID STORE", "UID EXPUNGE"] {
        let server = filled(Profile::full(), 3);
        let mut source = source(&server);
        let items = list(&mut source, None).await.changed;
        server.order(Fault::on(fault).cut_after());
        let ops = [
            Op::Create(new_item(9, "")),
            set_flags(&items[0], "\\Seen", ""),
            delete(&items[1]),
        ];
        let batch = ops
            .into_iter()
            .map(|op| sync_core::source::Mutation { key: 1, op });
        let error = source
            .apply(&inbox(), None, batch.collect())
            .await
            .unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
        assert!(!list(&mut source, None).await.changed.is_empty());
    }
}

#[tokio::test]
async fn many_messages_are_read_over_two_connections() {
    let server = filled(Profile::full(), 2_000);
    let mut source = ImapSource::new(config(&server).connections(2));
    let page = list(&mut source, None).await;
    let ids: Vec<_> = page.changed.iter().map(|item| item.id.clone()).collect();
    server.reset_stats();
    let items = fetch(&mut source, &ids, Depth::Full).await;
    let mut read: Vec<_> = items.into_iter().map(Result::unwrap).collect();
    read.sort_by_key(|item| uids([&item.id]));
    assert_eq!(read.len(), 2_000);
    for (n, item) in read.iter().enumerate() {
        let body = item.body.as_ref().unwrap().read(u64::MAX).unwrap();
        assert_eq!(body, text(n));
        assert_eq!(item.identity.message_id, Some(format!("{n}@example.org")));
        assert_eq!(item.identity.digest, Some(Digest::of(text(n).as_bytes())));
    }
    let users = |n| {
        let seen = server.commands();
        seen.iter()
            .filter(|c| c.connection == n && c.line.starts_with("UID FETCH"))
            .count()
    };
    assert!(users(1) > 0 && users(2) > 0);
}

#[tokio::test]
async fn a_second_connection_that_fails_is_no_loss() {
    for strike in [
        Fault::on("GREETING").bye("too many connections"),
        Fault::on("EXAMINE").no("[LIMIT] one mailbox at a time"),
        Fault::on("UID FETCH").nth(6).cut_answer(3_000),
    ] {
        let server = filled(Profile::full(), 2_000);
        let mut source = ImapSource::new(config(&server).connections(2));
        let page = list(&mut source, None).await;
        let ids: Vec<_> = page.changed.iter().map(|item| item.id.clone()).collect();
        server.order(strike);
        let items = fetch(&mut source, &ids, Depth::Full).await;
        let (good, bad): (Vec<_>, Vec<_>) = items.into_iter().partition(Result::is_ok);
        let mut good = uids(good.iter().map(|item| &item.as_ref().unwrap().id));
        good.dedup();
        // The connection that was cut may have been the first one: then the stream ends so.
        match bad.first() {
            None => assert_eq!(good.len(), 2_000),
            Some(error) => assert!(error.as_ref().unwrap_err().is_retryable()),
        }
    }
}

#[tokio::test]
async fn a_large_message_passes_through_a_file_both_ways() {
    let server = filled(Profile::full(), 0);
    let mut source = source(&server);
    let mut writer = BodyWriter::new(0);
    writer.write_all(b"Subject: large\r\n\r\n").unwrap();
    for n in 0..100_000_u32 {
        writer
            .write_all(format!("line {n} of many\r\n").as_bytes())
            .unwrap();
    }
    let body = writer.finish().unwrap();
    let mut item = new_item(1, "");
    item.body = body.clone();
    item.date = Some(Timestamp::utc(1_700_000_000));
    assert_eq!(
        words(&apply(&mut source, vec![Op::Create(item)]).await),
        ["done"]
    );
    let ids: Vec<_> = list(&mut source, None)
        .await
        .changed
        .into_iter()
        .map(|i| i.id)
        .collect();
    for depth in [Depth::Identity, Depth::Full] {
        server.reset_stats();
        let mut items = fetch(&mut source, &ids, depth).await;
        let item = items.remove(0).unwrap();
        assert_eq!(item.identity.digest, Some(Digest::of_body(&body).unwrap()));
        assert_eq!(item.date.unwrap().seconds, 1_700_000_000);
        match depth {
            Depth::Identity => assert!(server.stats().bytes_sent < 70_000),
            Depth::Full => {
                let read = item.body.unwrap();
                assert_eq!(read.memory(), 0);
                assert_eq!(read.read(u64::MAX).unwrap(), body.read(u64::MAX).unwrap());
            }
        }
    }
}

#[tokio::test]
async fn a_server_may_answer_several_fetches_at_once() {
    let server = filled(Profile::full(), 400);
    let mut source = source(&server);
    let ids: Vec<_> = list(&mut source, None)
        .await
        .changed
        .into_iter()
        .map(|i| i.id)
        .collect();
    // Dovecot does so: a message of the second set arrives with those of the first.
    server.store().expunge("INBOX", &[300]).unwrap();
    let text = text(299);
    let early = format!(
        "* 300 FETCH (UID 300 FLAGS () BODY[] {{{}}}\r\n{text})",
        text.len()
    );
    server.order(Fault::on("UID FETCH").say(Moment::Received, early));
    let items = fetch(&mut source, &ids, Depth::Full).await;
    let mut read = uids(items.iter().map(|item| &item.as_ref().unwrap().id));
    read.dedup();
    assert_eq!(read, (1..=400).collect::<Vec<_>>());
}

#[tokio::test]
async fn one_undecodable_message_is_an_error_and_the_others_come() {
    let server = filled(Profile::full(), 5);
    let mut source = source(&server);
    let ids: Vec<_> = list(&mut source, None)
        .await
        .changed
        .into_iter()
        .map(|i| i.id)
        .collect();
    server.store().expunge("INBOX", &[3]).unwrap();
    let line = "* 3 FETCH (UID 3 FLAGS (\\Seen RFC822.SIZE x";
    server.order(Fault::on("UID FETCH").say(Moment::Received, line));
    let items = fetch(&mut source, &ids, Depth::Full).await;
    let (good, bad): (Vec<_>, Vec<_>) = items.into_iter().partition(Result::is_ok);
    assert_eq!(good.len(), 4);
    let bad: Vec<_> = bad.into_iter().map(Result::unwrap_err).collect();
    assert_eq!(uids(bad.iter().filter_map(|error| error.item())), [3]);
}

#[tokio::test]
async fn a_refused_set_is_asked_for_one_by_one() {
    let server = filled(Profile::full(), 5);
    let mut source = source(&server);
    let ids: Vec<_> = list(&mut source, None)
        .await
        .changed
        .into_iter()
        .map(|i| i.id)
        .collect();
    server.order(Fault::on("UID FETCH 1:5 ").no("some messages could not be fetched"));
    server.order(Fault::on("UID FETCH 4 ").no("corrupted"));
    let items = fetch(&mut source, &ids, Depth::Full).await;
    let (good, bad): (Vec<_>, Vec<_>) = items.into_iter().partition(Result::is_ok);
    assert_eq!(good.len(), 4);
    assert_eq!(bad.len(), 1);
    assert_eq!(bad[0].as_ref().unwrap_err().kind(), ErrorKind::Item);
}

#[tokio::test]
async fn a_role_is_asked_for_and_a_mailbox_that_is_there_is_taken() {
    let server = server(Profile::full().special_mailboxes(&[]));
    let mut source = source(&server);
    let new = |path: &str, role| NewCollection {
        path: CollectionPath::parse(path),
        kinds: sync_core::model::KindSet::MAIL,
        role,
        properties: sync_core::model::CollectionProperties::default(),
    };
    source
        .create_collection(&new("Gesendet", Some(Role::Sent)))
        .await
        .unwrap();
    let again = source
        .create_collection(&new("Gesendet", Some(Role::Sent)))
        .await;
    assert_eq!(again.unwrap().role, Some(Role::Sent));
    let all = source.collections().await.unwrap();
    let sent = all.iter().find(|c| c.role == Some(Role::Sent)).unwrap();
    assert_eq!(sent.path.to_string(), "Gesendet");
    let lines = server.command_lines();
    assert!(
        lines.iter().any(|l| l.starts_with("SUBSCRIBE")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn two_mailboxes_that_differ_by_case_are_two() {
    let server = server(Profile::full().special_mailboxes(&[]));
    let store = server.store();
    for name in ["Work", "work", "Inbox/a"] {
        store.create(name).unwrap();
    }
    let all = source(&server).collections().await.unwrap();
    let mut paths: Vec<String> = all.iter().map(|c| c.path.to_string()).collect();
    paths.sort();
    assert_eq!(paths, ["INBOX", "Inbox/a", "Work", "work"]);
}

#[tokio::test]
async fn a_login_that_is_refused_says_so() {
    let server = filled(Profile::full(), 0);
    let mut config = config(&server);
    let wrong = sync_core::net::Credential::password("alice", "wrong");
    config.connect.credentials = std::sync::Arc::new(wrong);
    let error = ImapSource::new(config).collections().await.unwrap_err();
    assert!(error.is_authentication(), "{error:?}");
    assert!(!format!("{error:?}").contains("wrong"));
}
