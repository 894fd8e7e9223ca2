use futures_util::StreamExt as _;
use pop3::testing::{Fault, Profile, Server};
use sync_core::model::{Digest, ItemId};
use sync_core::source::Depth;
use sync_core::{ErrorKind, Source as _};

use crate::support::{
    contents, count, fetch, filled, ids, inbox, large, list, server, source, text,
};

#[tokio::test]
async fn a_message_is_read_with_its_date_and_id() {
    let server = server(Profile::full());
    let message = "Received: from x by y; Sat, 22 Nov 1997 00:00:00 +0100\r\n\
                   Date: Thu, 20 Nov 1997 00:00:00 +0000\r\nMessage-ID: <a@b>\r\n\r\n.dot\r\n";
    let id = ItemId::from(server.maildrop().add(message));
    let item = fetch(&mut source(&server), &[id], Depth::Full).await.pop();
    let item = item.unwrap().unwrap();
    assert_eq!(item.date.unwrap().seconds, 880_153_200);
    assert_eq!(item.date.unwrap().offset_minutes, 60);
    assert_eq!(item.identity.message_id.as_deref(), Some("a@b"));
    assert_eq!(item.identity.digest, Some(Digest::of(message.as_bytes())));
    assert_eq!(item.body.unwrap().read(u64::MAX).unwrap(), message);
}

#[tokio::test]
async fn what_was_read_to_be_recognised_is_not_read_again() {
    let server = filled(Profile::full(), 30);
    let mut source = source(&server);
    let page = list(&mut source, None).await;
    for round in 0..2 {
        let items = fetch(&mut source, &ids(&page), Depth::Identity).await;
        assert_eq!(items.len(), 30, "{round}");
        for item in items {
            let item = item.unwrap();
            assert!(item.body.is_none() && item.identity.digest.is_some());
        }
    }
    assert_eq!(contents(&mut source, &ids(&page)).await.len(), 30);
    assert_eq!(count(&server, "RETR"), 30);
}

#[tokio::test]
async fn large_messages_are_recognised_by_their_beginnings() {
    let server = filled(Profile::full(), 1);
    let bodies = [large(2, 5_000_000), large(3, 300_000)];
    server.maildrop().add_all(bodies.clone());
    // Too long lines, and too few of them, for TOP to give enough.
    let short = format!("{}\r\n{}", text(4), "x\r\n".repeat(150_000));
    server.maildrop().add(short.clone());
    let mut source = source(&server);
    let page = list(&mut source, None).await;
    server.reset_stats();
    let items = fetch(&mut source, &ids(&page)[1..3], Depth::Identity).await;
    for (item, body) in items.into_iter().zip(bodies) {
        let digest = item.unwrap().identity.digest.unwrap();
        assert_eq!(digest, Digest::of(body.as_bytes()));
    }
    assert_eq!((count(&server, "TOP"), count(&server, "RETR")), (2, 0));
    assert!(server.stats().bytes_sent < 200_000);
    let item = fetch(&mut source, &ids(&page)[3..], Depth::Identity).await;
    let digest = item[0].as_ref().unwrap().identity.digest.unwrap();
    assert_eq!(digest, Digest::of(short.as_bytes()));
    assert_eq!((count(&server, "TOP"), count(&server, "RETR")), (3, 1));
}

#[tokio::test]
async fn a_very_large_message_is_spooled() {
    let server = server(Profile::full());
    let body = large(1, 50 << 20);
    let id = ItemId::from(server.maildrop().add(body.clone()));
    let item = fetch(&mut source(&server), &[id], Depth::Full).await.pop();
    let content = item.unwrap().unwrap().body.unwrap();
    assert_eq!((content.memory(), content.len()), (0, body.len() as u64));
    let mut rest = body.as_bytes();
    for chunk in content.chunks() {
        let chunk = chunk.unwrap();
        assert!(rest.starts_with(&chunk));
        rest = &rest[chunk.len()..];
    }
}

#[tokio::test]
async fn a_cut_in_a_message_loses_that_one_and_those_behind_it() {
    let server = filled(Profile::full(), 10);
    let mut source = source(&server);
    let page = list(&mut source, None).await;
    // The first one was read by the listing, for its size.
    server.order(Fault::on("RETR").nth(3).cut_answer(60));
    let items = fetch(&mut source, &ids(&page), Depth::Full).await;
    let (good, bad): (Vec<_>, Vec<_>) = items.into_iter().partition(Result::is_ok);
    assert_eq!((good.len(), bad.len()), (3, 1));
    let error = bad[0].as_ref().unwrap_err();
    assert!(error.is_retryable() && error.item().is_none(), "{error:?}");
    let rest: Vec<ItemId> = ids(&page).split_off(3);
    let read = contents(&mut source, &rest).await;
    assert_eq!(read, (4..=10).map(text).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_session_that_died_while_idle_is_replaced() {
    let server = filled(Profile::full(), 3);
    let mut source = source(&server);
    let page = list(&mut source, None).await;
    server.order(Fault::on("RETR").cut_before());
    assert_eq!(contents(&mut source, &ids(&page)).await.len(), 3);
    assert_eq!(server.stats().connections, 2);
}

#[tokio::test]
async fn a_refused_message_does_not_keep_the_others_back() {
    let server = filled(Profile::full(), 10);
    server.maildrop().refuse(4, "broken index");
    let mut source = source(&server);
    let page = list(&mut source, None).await;
    let items = fetch(&mut source, &ids(&page), Depth::Full).await;
    assert_eq!(items.len(), 10);
    let errors: Vec<_> = items
        .iter()
        .filter_map(|item| item.as_ref().err())
        .collect();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].kind(), ErrorKind::Item);
    assert_eq!(errors[0].item(), Some(&ids(&page)[3]));
    assert!(errors[0].to_string().contains("broken index"));
}

#[tokio::test]
async fn what_is_refused_for_now_is_asked_for_again_later() {
    let server = filled(Profile::full(), 10);
    server.order(Fault::on("RETR 4").err("[SYS/TEMP] I/O error"));
    let mut source = source(&server);
    let page = list(&mut source, None).await;
    let items = fetch(&mut source, &ids(&page), Depth::Full).await;
    // The others come first.
    assert_eq!(items.iter().filter(|item| item.is_ok()).count(), 9);
    let error = items.last().unwrap().as_ref().unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    let read = contents(&mut source, &ids(&page)[3..4]).await;
    assert_eq!(read, [text(4)]);
}

#[tokio::test]
async fn a_fetch_that_is_given_up_leaves_the_source_usable() {
    let server: Server = server(Profile::full());
    server
        .maildrop()
        .add_all((1..=60).map(|n| large(n, 100_000)));
    let mut source = source(&server);
    let page = list(&mut source, None).await;
    let (inbox, all) = (inbox(), ids(&page));
    let mut items = source.fetch(&inbox, &all, Depth::Full);
    for _ in 0..3 {
        items.next().await.unwrap().unwrap();
    }
    drop(items);
    let read = contents(&mut source, &all[58..]).await;
    assert_eq!(read, [large(59, 100_000), large(60, 100_000)]);
    assert_eq!(server.stats().connections, 1);
}

#[tokio::test]
async fn commands_are_sent_together_where_that_is_allowed() {
    let trips = async |profile| {
        let server = filled(profile, 300);
        let mut source = source(&server);
        let page = list(&mut source, None).await;
        server.reset_stats();
        assert_eq!(contents(&mut source, &ids(&page)).await.len(), 300);
        server.stats().round_trips
    };
    assert!(trips(Profile::full()).await < 10);
    assert_eq!(trips(Profile::full().without("PIPELINING")).await, 299);
}
