//! The session as a whole, byte by byte against a scripted peer: events, IDLE, BYE, time-outs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use std::time::Duration;

use imap_client::Client;
use imap_client::client::{Call, ErrorKind, EventKind, Right, Upload};
use imap_client::wire::command::{ListOptions, MetadataDepth, SelectOptions, StatusItem};
use imap_client::wire::response::SpecialUse;
use imap_client::wire::{Command, MailboxName};
use script::{over, session};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

fn events(client: &mut Client) -> Vec<EventKind> {
    std::iter::from_fn(|| client.next_event())
        .map(|event| event.kind)
        .collect()
}

fn name(text: &str) -> MailboxName {
    MailboxName::from_wire(text)
}

#[tokio::test(start_paused = true)]
async fn odd_lines_are_events_and_the_session_goes_on() {
    let (mut client, peer) = session(
        "",
        "C: A1 NOOP
         S: * 23 EXISTS
         S: * 24 EXISTS
         S: garbage without a tag
         S: * 1 FETCH (FLAGS (
         S: * XYZZY nothing happens
         S: * OK [UNKNOWN \"a ] b\"] odd code
         S: * NO low disk
         S: *
         S:
         S: A9 OK whose is this
         S: A1 OK done
         C: A2 NOOP
         S: A2 OK",
    )
    .await;
    client.noop().await.unwrap();
    let events = events(&mut client);
    // EXISTS tells the latest number only.
    assert!(matches!(events[0], EventKind::Exists(24)));
    let unparsed = events
        .iter()
        .filter(|e| matches!(e, EventKind::Unparsed(_)));
    assert!(unparsed.count() >= 4, "{events:?}");
    assert!(
        events
            .iter()
            .any(|e| matches!(e, EventKind::Notice(n) if n.text == "low disk"))
    );
    client.noop().await.unwrap();
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn an_undecodable_completion_is_an_error_of_its_command_alone() {
    let (mut client, peer) = session(
        "",
        "C: A1 NOOP
         S: A1 PERHAPS
         C: A2 NOOP
         S: A2 OK",
    )
    .await;
    let error = client.noop().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.command()),
        (ErrorKind::Protocol, Some("NOOP"))
    );
    client.noop().await.unwrap();
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn bad_and_no_are_told_apart() {
    let (mut client, peer) = session(
        "",
        "C: A1 XFOO \"a b\"
         S: * BAD what
         S: A1 BAD Unknown command
         C: A2 DELETE INBOX
         S: A2 NO [CANNOT] never",
    )
    .await;
    let error = client
        .raw(Command::raw("XFOO").text(" ").astring("a b"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bad);
    let error = client.delete(&MailboxName::inbox()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::No);
    assert!(error.to_string().contains("never") && !error.is_retryable());
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_fails_all_that_is_in_flight() {
    let (mut client, peer) = session(
        "",
        "C: A1 NOOP
         C: A2 NOOP
         S: A1 OK
         S~ A2 O
         close",
    )
    .await;
    let one = client.send(Call::noop()).await.unwrap();
    let two = client.send(Call::noop()).await.unwrap();
    client.wait(one).await.unwrap();
    let error = client.wait(two).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(error.is_retryable() && error.is_connection_lost());
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up_and_a_slow_one_is_not() {
    let (mut client, peer) = session(
        "",
        "C: A1 NOOP
         hang",
    )
    .await;
    let started = Instant::now();
    assert_eq!(client.noop().await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(started.elapsed().as_secs(), 120);
    over(client, peer).await;

    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let peer = tokio::spawn(async move {
        theirs
            .write_all(b"* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n")
            .await
            .unwrap();
        theirs.read_exact(&mut [0; 9]).await.unwrap();
        for byte in b"* OK slow\r\nA1 OK\r\n" {
            tokio::time::sleep(Duration::from_secs(60)).await;
            theirs.write_all(&[*byte]).await.unwrap();
        }
        theirs
    });
    let stream = sync_core::net::Stream::from_io(ours);
    let mut client = Client::from_stream(stream, &script::options())
        .await
        .unwrap();
    client.noop().await.unwrap();
    peer.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fills_the_pipe_while_we_send_does_not_block() {
    // Neither end reads before it has written all: only who reads while writing gets through.
    let (ours, mut theirs) = tokio::io::duplex(1 << 10);
    let body = vec![b'x'; 3 << 20];
    let len = body.len();
    let peer = tokio::spawn(async move {
        theirs
            .write_all(b"* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] hi\r\n")
            .await
            .unwrap();
        let command = format!("A1 APPEND INBOX {{{len}+}}\r\n");
        theirs
            .read_exact(&mut vec![0; command.len()])
            .await
            .unwrap();
        for _ in 0..50_000 {
            theirs.write_all(b"* OK still alive\r\n").await.unwrap();
        }
        theirs.read_exact(&mut vec![0; len + 2]).await.unwrap();
        theirs.write_all(b"A1 OK\r\n").await.unwrap();
    });
    let stream = sync_core::net::Stream::from_io(ours);
    let mut client = Client::from_stream(stream, &script::options())
        .await
        .unwrap();
    let uploads = &mut [Upload::new(&body)];
    client.append(&MailboxName::inbox(), uploads).await.unwrap();
    peer.await.unwrap();
    // Nobody picked the notices up: they do not grow without bound.
    assert!(events(&mut client).len() < 20_000);
}

#[tokio::test(start_paused = true)]
async fn an_append_dropped_in_its_middle_ends_the_connection() {
    let (mut client, peer) = session(
        "",
        "C: A1 APPEND INBOX {5}
         hang",
    )
    .await;
    let inbox = MailboxName::inbox();
    let uploads = &mut [Upload::new(b"hello")];
    let append = client.append(&inbox, uploads);
    assert!(
        tokio::time::timeout(Duration::from_secs(1), append)
            .await
            .is_err()
    );
    assert_eq!(
        client.noop().await.unwrap_err().kind(),
        ErrorKind::Connection
    );
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn list_asks_only_for_what_is_offered() {
    let options = || ListOptions {
        return_special_use: true,
        return_subscribed: true,
        return_status: vec![StatusItem::Messages, StatusItem::HighestModSeq],
        ..ListOptions::default()
    };
    let (mut client, peer) = session(
        "LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE",
        r#"C: A1 LIST "" "*" RETURN (SUBSCRIBED SPECIAL-USE STATUS (MESSAGES HIGHESTMODSEQ))
         S: * LIST (\Subscribed \sent) "/" Sent
         S: * STATUS Sent (MESSAGES 4 HIGHESTMODSEQ 9)
         S: * OK [HIGHESTMODSEQ 7] in the middle
         S: * LIST (\Noselect) "/" "[Gmail]"
         S: * LIST () NIL {8}
         S: a "b\ c&
         S: * STATUS {8}
         S: a "b\ c& (MESSAGES 1)
         S: * STATUS Other (MESSAGES 1)
         S: A1 OK"#,
    )
    .await;
    let listed = client.list(&name(""), &name("*"), options()).await.unwrap();
    assert_eq!(listed.len(), 3);
    let uses: Vec<_> = listed[0].list.attributes.special_uses().collect();
    assert_eq!(uses, [SpecialUse::Sent]);
    assert_eq!(listed[0].status.as_ref().unwrap().highest_mod_seq, Some(9));
    assert!(listed[1].status.is_none());
    assert_eq!(
        (listed[2].list.delimiter, listed[2].list.name.as_bytes()),
        (None, &b"a \"b\\ c&"[..])
    );
    assert_eq!(listed[2].status.as_ref().unwrap().messages, Some(1));
    assert_eq!(events(&mut client).len(), 2);
    over(client, peer).await;

    let (mut client, peer) = session(
        "",
        r#"C: A1 LIST "" "*"
         S: * LIST (\HasNoChildren) "." INBOX
         S: * LIST (\HasNoChildren) "." Inbox.a
         S: * LIST (\HasNoChildren) "." INBOX.A
         S: A1 OK
         C: A2 STATUS INBOX.A (MESSAGES)
         S: * STATUS INBOX.A (MESSAGES 5)
         S: A2 OK
         C: A3 STATUS INBOX.A (MESSAGES)
         S: A3 OK"#,
    )
    .await;
    let listed = client.list(&name(""), &name("*"), options()).await.unwrap();
    // Names that differ by case are two mailboxes.
    assert_eq!(listed.len(), 3);
    assert_ne!(listed[1].list.name, listed[2].list.name);
    let items = [StatusItem::Messages, StatusItem::HighestModSeq];
    let status = client.status(&listed[2].list.name, &items).await.unwrap();
    assert_eq!(status.messages, Some(5));
    let error = client
        .status(&listed[2].list.name, &items)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn what_select_leaves_out_is_unknown() {
    // Courier: no UIDNEXT; this mailbox keeps no mod-sequences and takes no new keywords.
    let (mut client, peer) = session(
        "CONDSTORE",
        r#"C: A1 EXAMINE INBOX (CONDSTORE)
         S: * FLAGS (\Seen Junk junk)
         S: * OK [PERMANENTFLAGS (\Seen)] Limited
         S: * 2 EXISTS
         S: * OK [UIDVALIDITY 5] Ok
         S: * OK [NOMODSEQ] none
         S: A1 OK [READ-ONLY] Ok
         C: A2 SELECT Gone
         S: A2 NO [NONEXISTENT] gone"#,
    )
    .await;
    let condstore = SelectOptions {
        condstore: true,
        ..SelectOptions::default()
    };
    let selected = client
        .examine(&MailboxName::inbox(), condstore)
        .await
        .unwrap();
    assert_eq!((selected.uid_next, selected.uid_validity), (None, Some(5)));
    assert!(selected.read_only && selected.no_mod_seq && selected.highest_mod_seq.is_none());
    assert!(client.selected().is_some());
    let error = client
        .select(&name("Gone"), SelectOptions::default())
        .await
        .unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(
        client.selected(),
        None,
        "a SELECT that fails leaves none selected"
    );
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn enable_counts_what_the_server_says() {
    let (mut client, peer) = session(
        "ENABLE UTF8=ACCEPT CONDSTORE",
        "C: A1 ENABLE UTF8=ACCEPT CONDSTORE
         S: * ENABLED UTF8=ACCEPT
         S: A1 OK
         C: A2 CREATE \"Entwürfe\"
         S: A2 OK",
    )
    .await;
    let enabled = client
        .enable(&["UTF8=ACCEPT", "CONDSTORE", "QRESYNC"])
        .await
        .unwrap();
    assert!(enabled.has("UTF8=ACCEPT") && !enabled.has("CONDSTORE"));
    let encoding = client.session().name_encoding();
    let drafts = MailboxName::from_text("Entwürfe", encoding);
    client.create(&drafts, &["\\Drafts"]).await.unwrap();
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn quota_rights_and_annotations() {
    let (mut client, peer) = session(
        "QUOTA ACL METADATA",
        r#"C: A1 GETQUOTAROOT INBOX
         S: * QUOTAROOT INBOX "User quota"
         S: * QUOTA "User quota" (STORAGE 10 512)
         S: A1 OK
         C: A2 MYRIGHTS INBOX
         S: * MYRIGHTS INBOX lrswipd
         S: A2 OK
         C: A3 GETACL INBOX
         S: * ACL INBOX alice lrs bob l
         S: A3 OK
         C: A4 GETMETADATA (DEPTH infinity) "" (/shared)
         S: * METADATA "" (/shared/comment {5}
         S: hello /shared/x NIL)
         S: A4 OK
         C: A5 SETMETADATA INBOX (/private/comment NIL)
         S: A5 NO [METADATA TOOMANY] no"#,
    )
    .await;
    let inbox = MailboxName::inbox();
    let quota = client.get_quota_root(&inbox).await.unwrap();
    assert_eq!(
        (quota.roots.len(), quota.quotas[0].resources[0].limit),
        (1, 512)
    );
    let rights = client.my_rights(&inbox).await.unwrap();
    assert!(Right::DeleteMessages.is_in(&rights) && !Right::Administer.is_in(&rights));
    assert_eq!(
        client.get_acl(&inbox).await.unwrap().unwrap().entries.len(),
        2
    );
    let server = name("");
    let entries = client
        .get_metadata(&server, &["/shared"], MetadataDepth::Infinity, None)
        .await
        .unwrap();
    assert_eq!(entries[0].value.as_deref(), Some(&b"hello"[..]));
    let error = client
        .set_metadata(&inbox, &[("/private/comment", None)])
        .await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::No);
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn unselect_without_the_extension_expunges_nothing() {
    let (mut client, peer) = session(
        "",
        "C: A1 SELECT INBOX
         S: A1 OK [READ-WRITE]
         C: A2 EXAMINE INBOX
         S: A2 OK [READ-ONLY]
         C: A3 CLOSE
         S: A3 OK",
    )
    .await;
    client
        .select(&MailboxName::inbox(), SelectOptions::default())
        .await
        .unwrap();
    client.unselect().await.unwrap();
    assert_eq!(client.selected(), None);
    over(client, peer).await;
}

#[tokio::test(start_paused = true)]
async fn logout_takes_the_bye_and_waits_for_nobody_long() {
    let (client, peer) = session(
        "",
        "C: A1 LOGOUT
         S: * BYE Logging out
         S: A1 OK
         close",
    )
    .await;
    client.logout().await;
    peer.await.unwrap();
    let (client, peer) = session("", "C: A1 LOGOUT\nhang").await;
    let started = Instant::now();
    client.logout().await;
    assert!(started.elapsed() <= Duration::from_secs(10));
    peer.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn compression_begins_right_behind_the_consent() {
    use flate2::{Compress, Compression, FlushCompress};
    let mut deflate = Compress::new(Compression::default(), false);
    let mut compressed = Vec::with_capacity(4096);
    let lines = b"* 7 EXISTS\r\nA2 OK\r\n";
    deflate
        .compress_vec(lines, &mut compressed, FlushCompress::Sync)
        .unwrap();
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let peer = tokio::spawn(async move {
        let greeting = b"* PREAUTH [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] hi\r\n";
        theirs.write_all(greeting).await.unwrap();
        theirs
            .read_exact(&mut [0; b"A1 COMPRESS DEFLATE\r\n".len()])
            .await
            .unwrap();
        // The first compressed bytes come in the same packet as the consent.
        let answer = [&b"A1 OK go\r\n"[..], &compressed].concat();
        theirs.write_all(&answer).await.unwrap();
        let mut rest = Vec::new();
        theirs.read_to_end(&mut rest).await.unwrap();
        rest
    });
    let stream = sync_core::net::Stream::from_io(ours);
    let mut client = Client::from_stream(stream, &script::options().compress(true))
        .await
        .unwrap();
    assert!(client.is_compressed());
    client.noop().await.unwrap();
    assert!(matches!(events(&mut client)[..], [EventKind::Exists(7)]));
    drop(client);
    let sent = peer.await.unwrap();
    assert_ne!(sent, b"A2 NOOP\r\n");
    let mut plain = Vec::with_capacity(64);
    let mut inflate = flate2::Decompress::new(false);
    inflate
        .decompress_vec(&sent, &mut plain, flate2::FlushDecompress::Sync)
        .unwrap();
    assert_eq!(plain, b"A2 NOOP\r\n");
}
