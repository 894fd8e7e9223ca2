//! The test server's extensions for synchronisation: CONDSTORE, QRESYNC, MOVE, IDLE, COMPRESS.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod support;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use imap_client::testing::{NewMessage, Profile, Server};
use support::{Raw, message, server};

/// A server with `count` messages in INBOX; HIGHESTMODSEQ is then 2.
fn filled(profile: Profile, count: u32) -> Server {
    let server = server(profile);
    server
        .store()
        .add_all("INBOX", (1..=count).map(|n| message(&n.to_string())))
        .unwrap();
    server
}

#[test]
fn enabling_says_what_was_enabled() {
    let server = filled(Profile::full(), 1);
    let mut raw = Raw::inbox(&server);
    assert_eq!(
        raw.ok("a ENABLE QRESYNC X-NONE"),
        ["* OK [HIGHESTMODSEQ 2] Highest", "* ENABLED QRESYNC"]
    );
    assert_eq!(raw.ok("b ENABLE CONDSTORE"), ["* ENABLED CONDSTORE"]);
    let mut raw = Raw::alice(&server);
    assert!(
        raw.tagged("a SELECT INBOX (QRESYNC (1 1))")
            .starts_with("a BAD"),
        "not enabled"
    );
    assert!(
        raw.tagged("b UID FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)")
            .starts_with("b BAD")
    );
}

#[test]
fn changedsince_gives_the_changed_only() {
    let server = filled(Profile::full(), 4);
    let store = server.store();
    let mut raw = Raw::inbox(&server);
    store.add_flags("INBOX", 2, &["\\Seen"]).unwrap();
    store.expunge("INBOX", &[3]).unwrap();
    assert_eq!(
        raw.ok("a UID FETCH 1:* (FLAGS) (CHANGEDSINCE 2)"),
        [
            "* OK [HIGHESTMODSEQ 4] Highest",
            "* 2 FETCH (UID 2 FLAGS (\\Seen \\Recent) MODSEQ (3))",
            // Told once more, as an update that the client did not ask for.
            "* 3 EXPUNGE",
            "* 2 FETCH (MODSEQ (3) FLAGS (\\Seen \\Recent))",
            "* 3 RECENT",
        ]
    );
    raw.ok("b ENABLE QRESYNC");
    assert_eq!(
        raw.ok("c UID FETCH 1:* (FLAGS) (CHANGEDSINCE 2 VANISHED)"),
        [
            "* VANISHED (EARLIER) 3",
            "* 2 FETCH (UID 2 FLAGS (\\Seen \\Recent) MODSEQ (3))"
        ]
    );
    assert_eq!(
        raw.ok("d STATUS INBOX (MESSAGES HIGHESTMODSEQ SIZE DELETED MAILBOXID)")
            .len(),
        1
    );
}

#[test]
fn qresync_tells_what_went_and_what_changed() {
    let server = filled(Profile::full(), 10);
    let store = server.store();
    let validity = store.state("INBOX").unwrap().uid_validity;
    store.expunge("INBOX", &[2, 3, 4]).unwrap();
    store.expunge("INBOX", &[7]).unwrap();
    store.set_flags("INBOX", 9, &["\\Flagged"]).unwrap();
    let mut raw = Raw::alice(&server);
    raw.ok("a ENABLE QRESYNC");
    let changes = |lines: Vec<String>| -> Vec<String> {
        lines
            .into_iter()
            .filter(|l| l.contains("VANISHED") || l.contains("FETCH"))
            .collect()
    };
    let lines = raw.ok(&format!("b SELECT INBOX (QRESYNC ({validity} 2))"));
    assert!(
        lines.contains(&"* OK [HIGHESTMODSEQ 5] Highest".to_owned()),
        "{lines:?}"
    );
    assert_eq!(
        changes(lines),
        [
            "* VANISHED (EARLIER) 2:4,7",
            "* 5 FETCH (UID 9 FLAGS (\\Flagged \\Recent) MODSEQ (5))"
        ]
    );
    // Only what the client says it knows; only what came later; nothing under another UIDVALIDITY.
    let lines = raw.ok(&format!("c SELECT INBOX (QRESYNC ({validity} 2 3:5))"));
    assert_eq!(changes(lines), ["* VANISHED (EARLIER) 3:4"]);
    let lines = raw.ok(&format!("d SELECT INBOX (QRESYNC ({validity} 4))"));
    assert_eq!(changes(lines).len(), 1);
    let lines = raw.ok("e SELECT INBOX (QRESYNC (1 1))");
    assert_eq!(changes(lines).len(), 0);
    // Without a history all UIDs that do not exist are named, but for those the client proves.
    store.forget_expunged("INBOX").unwrap();
    let lines = raw.ok(&format!("f SELECT INBOX (QRESYNC ({validity} 2 1:12))"));
    assert_eq!(changes(lines)[0], "* VANISHED (EARLIER) 2:4,7");
    let lines = raw.ok(&format!(
        "g SELECT INBOX (QRESYNC ({validity} 2 1:12 (1:2 1,5)))"
    ));
    assert_eq!(changes(lines)[0], "* VANISHED (EARLIER) 7");
    store.set_no_modseq("INBOX", true).unwrap();
    let lines = raw.ok(&format!("h SELECT INBOX (QRESYNC ({validity} 2))"));
    assert!(
        lines.contains(&"* OK [NOMODSEQ] No permanent mod-sequences".to_owned()),
        "{lines:?}"
    );
    assert_eq!(changes(lines).len(), 0);
}

#[test]
fn expunges_wait_while_numbers_are_in_use() {
    for snapshots in [true, false] {
        let server = filled(Profile::full().snapshots(snapshots), 5);
        let mut raw = Raw::inbox(&server);
        server.store().expunge("INBOX", &[2, 4]).unwrap();
        server.store().add("INBOX", message("new")).unwrap();
        // The numbers stand: 5 is still the fifth, and the new one comes behind it.
        assert_eq!(
            raw.ok("a FETCH 5 (UID)"),
            ["* 5 FETCH (UID 5)", "* 6 EXISTS", "* 6 RECENT"]
        );
        let lines = raw.command("b FETCH 2 (UID BODY.PEEK[])");
        if snapshots {
            assert_eq!(lines[0], "* 2 FETCH (UID 2 BODY[] NIL)");
            assert!(lines[1].starts_with("b OK [EXPUNGEISSUED]"), "{lines:?}");
        } else {
            assert!(lines[0].starts_with("b NO [EXPUNGEISSUED]"), "{lines:?}");
        }
        assert_eq!(
            raw.ok("c NOOP"),
            ["* 4 EXPUNGE", "* 2 EXPUNGE", "* 4 RECENT"]
        );
        assert_eq!(raw.ok("d FETCH 4 (UID)"), ["* 4 FETCH (UID 6)"]);
    }
}

#[test]
fn silence_is_about_ones_own_change() {
    let server = filled(Profile::full(), 1);
    let mut raw = Raw::inbox(&server);
    server
        .store()
        .add_flags("INBOX", 1, &["\\Flagged"])
        .unwrap();
    assert_eq!(
        raw.ok("a UID STORE 1 +FLAGS.SILENT (\\Seen)"),
        ["* 1 FETCH (FLAGS (\\Flagged \\Seen \\Recent))"]
    );
    assert_eq!(raw.ok("b NOOP").len(), 0);
}

#[test]
fn a_copy_is_of_all_or_of_none() {
    let server = filled(Profile::full(), 3);
    let mut raw = Raw::inbox(&server);
    server.store().expunge("INBOX", &[2]).unwrap();
    assert!(
        raw.tagged("a UID MOVE 1:3 Trash")
            .starts_with("a NO [EXPUNGEISSUED]")
    );
    assert_eq!(server.store().messages("Trash").unwrap().len(), 0);
    raw.ok("b UID MOVE 1:3 Trash");
    assert_eq!(server.store().messages("Trash").unwrap().len(), 2);
}

#[test]
fn expunge_close_and_their_codes() {
    let server = filled(Profile::full(), 6);
    let store = server.store();
    for uid in [1, 2, 5] {
        store.add_flags("INBOX", uid, &["\\Deleted"]).unwrap();
    }
    let mut raw = Raw::inbox(&server);
    assert_eq!(raw.ok("a UID EXPUNGE 2:4"), ["* 2 EXPUNGE", "* 5 RECENT"]);
    raw.ok("b ENABLE QRESYNC");
    assert_eq!(
        raw.command("c EXPUNGE"),
        [
            "* VANISHED 1,5",
            "* 3 RECENT",
            "c OK [HIGHESTMODSEQ 7] Expunge completed."
        ]
    );
    raw.ok("d UID STORE 3 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(raw.ok("e CLOSE").len(), 0);
    assert_eq!(store.messages("INBOX").unwrap().len(), 2);
    raw.ok("f SELECT INBOX");
    raw.ok("g UID STORE 4 +FLAGS.SILENT (\\Deleted)");
    raw.ok("h UNSELECT");
    assert_eq!(store.messages("INBOX").unwrap().len(), 2);
}

#[test]
fn copy_and_move_say_where_to() {
    let server = filled(Profile::full(), 4);
    let store = server.store();
    store.add_flags("INBOX", 2, &["\\Flagged", "Work"]).unwrap();
    let validity = store.state("Trash").unwrap().uid_validity;
    let mut raw = Raw::inbox(&server);
    assert_eq!(
        raw.command("a UID COPY 2,4 Trash"),
        [format!("a OK [COPYUID {validity} 2,4 1:2] Copy completed.")]
    );
    let copied = store.message("Trash", 1).unwrap();
    assert_eq!(copied.flags, ["\\Flagged", "Work"]);
    assert_eq!(copied.email_id, store.message("INBOX", 2).unwrap().email_id);
    assert_eq!(
        raw.command("b UID MOVE 1:2 Trash"),
        [
            &format!("* OK [COPYUID {validity} 1:2 3:4] Moved UIDs."),
            "* 2 EXPUNGE",
            "* 1 EXPUNGE",
            "* 2 RECENT",
            "b OK Move completed.",
        ]
    );
    assert!(
        raw.tagged("c UID COPY 3 Nowhere")
            .starts_with("c NO [TRYCREATE]")
    );
    assert_eq!(raw.tagged("d UID COPY 99 Trash"), "d OK Copy completed.");
    raw.ok("e MOVE 1 Trash");
    assert_eq!(store.messages("INBOX").unwrap().len(), 1);
}

#[test]
fn idle_is_told_of_every_change_at_once() {
    let server = filled(Profile::full(), 3);
    let store = server.store();
    let mut raw = Raw::inbox(&server);
    raw.send("a IDLE\r\n");
    assert_eq!(raw.line(), "+ idling");
    store.add("INBOX", message("4")).unwrap();
    assert_eq!([raw.line(), raw.line()], ["* 4 EXISTS", "* 4 RECENT"]);
    store.add_flags("INBOX", 4, &["\\Seen"]).unwrap();
    assert_eq!(raw.line(), "* 4 FETCH (FLAGS (\\Seen \\Recent))");
    store.expunge("INBOX", &[2]).unwrap();
    assert_eq!([raw.line(), raw.line()], ["* 2 EXPUNGE", "* 3 RECENT"]);
    // Changes of another mailbox are no matter of this session's.
    store.add("Trash", message("5")).unwrap();
    raw.send("DONE\r\n");
    assert_eq!(raw.line(), "a OK Idle completed.");

    raw.ok("b ENABLE QRESYNC");
    raw.send("c IDLE\r\n");
    assert_eq!(raw.line(), "+ idling");
    store.move_to("INBOX", &[1, 3], "Trash").unwrap();
    assert_eq!([raw.line(), raw.line()], ["* VANISHED 1,3", "* 1 RECENT"]);
    raw.send("nonsense\r\n");
    assert!(raw.line().starts_with("c BAD"));
}

#[test]
fn sessions_hear_of_each_other() {
    let server = filled(Profile::full(), 2);
    let (mut one, mut two) = (Raw::inbox(&server), Raw::inbox(&server));
    one.ok("a UID STORE 1 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(two.ok("b NOOP"), ["* 1 FETCH (FLAGS (\\Deleted))"]);
    assert_eq!(
        one.ok("c NOOP").len(),
        0,
        "its own change, and it asked for silence"
    );
    one.ok("d EXPUNGE");
    assert_eq!(two.ok("e NOOP"), ["* 1 EXPUNGE"]);
    two.ok("f APPEND INBOX {3+}\r\nabc");
    assert_eq!(one.ok("g NOOP")[0], "* 2 EXISTS");
}

#[test]
fn a_mailbox_that_is_no_longer_the_same_ends_the_session() {
    let server = filled(Profile::full(), 2);
    let store = server.store();
    let mut raw = Raw::inbox(&server);
    let before = store.state("INBOX").unwrap();
    store.expunge("INBOX", &[1]).unwrap();
    let validity = store.reset_uid_validity("INBOX").unwrap();
    assert!(validity > before.uid_validity);
    assert_eq!(store.messages("INBOX").unwrap()[0].uid, 1);
    raw.send("a NOOP\r\n");
    assert!(raw.rest().starts_with("* BYE "));

    let mut raw = Raw::alice(&server);
    store.create("Gone").unwrap();
    raw.ok("a SELECT Gone");
    store.rename("Gone", "Kept").unwrap();
    raw.ok("b NOOP");
    raw.send("c IDLE\r\n");
    assert_eq!(raw.line(), "+ idling");
    store.delete("Kept").unwrap();
    assert!(raw.rest().starts_with("* BYE "));
}

#[test]
fn mod_sequences_jump_and_are_shared_where_ordered() {
    let server = filled(Profile::full(), 1);
    let store = server.store();
    store.set_highest_modseq("INBOX", 90_000).unwrap();
    store.add_flags("INBOX", 1, &["\\Seen"]).unwrap();
    assert_eq!(store.message("INBOX", 1).unwrap().modseq, 90_001);

    let cyrus = filled(Profile::cyrus_like(), 1);
    let inbox = cyrus.store().state("INBOX").unwrap().highest_modseq;
    cyrus.store().add("Trash", NewMessage::new("x")).unwrap();
    assert!(cyrus.store().state("Trash").unwrap().highest_modseq > inbox);
}

#[test]
fn compress_deflates_both_ways() {
    let server = filled(Profile::full(), 200);
    let mut raw = Raw::inbox(&server);
    assert_eq!(raw.command("a COMPRESS DEFLATE"), ["a OK DEFLATE active"]);
    let (mut deflate, mut inflate) = (
        Compress::new(Compression::default(), false),
        Decompress::new(false),
    );
    server.reset_stats();
    let mut wire = Vec::with_capacity(1_000);
    deflate
        .compress_vec(
            b"b UID FETCH 1:* FLAGS\r\nc LOGOUT\r\n",
            &mut wire,
            FlushCompress::Sync,
        )
        .unwrap();
    raw.send(&wire);
    let mut text = String::with_capacity(100_000);
    let mut bytes = Vec::with_capacity(100_000);
    while !text.contains("c OK") {
        let chunk = raw.bytes(1);
        inflate
            .decompress_vec(&chunk, &mut bytes, FlushDecompress::Sync)
            .unwrap();
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    assert!(text.contains("* 200 FETCH (UID 200 FLAGS (\\Recent))\r\n"));
    let stats = server.stats();
    assert!(
        stats.bytes_sent < 3_000 && bytes.len() > 6_000,
        "{stats:?} {}",
        bytes.len()
    );
}

#[test]
fn notify_tells_without_being_asked() {
    let server = filled(Profile::full(), 1);
    let store = server.store();
    let mut raw = Raw::inbox(&server);
    let status = raw.ok(
        "a NOTIFY SET STATUS (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (From)]) MessageExpunge)) \
         (subtree Work (MessageNew MessageExpunge FlagChange MailboxName)) (mailboxes (Junk Sent) NONE) \
         (personal (MessageNew MessageExpunge))",
    );
    // Junk and Sent are meant to be silent, and INBOX is selected.
    assert_eq!(status.len(), 2, "{status:?}");
    assert!(status[0].starts_with("* STATUS Drafts (MESSAGES 0 UIDNEXT 1 UIDVALIDITY "));
    store.add("INBOX", message("2")).unwrap();
    assert_eq!([raw.line(), raw.line()], ["* 2 EXISTS", "* 2 RECENT"]);
    store.add("Sent", message("3")).unwrap();
    store.add("Trash", message("4")).unwrap();
    assert!(
        raw.line()
            .starts_with("* STATUS Trash (MESSAGES 1 UIDNEXT 2 ")
    );
    // Nobody asked for flags in Trash.
    store.add_flags("Trash", 1, &["\\Seen"]).unwrap();
    store.create("Work").unwrap();
    assert_eq!(raw.line(), "* LIST () \"/\" Work");
    store.create("Work/a").unwrap();
    assert_eq!(raw.line(), "* LIST () \"/\" Work/a");
    store.rename("Work/a", "Work/b").unwrap();
    assert_eq!(raw.line(), "* LIST () \"/\" Work/b (\"OLDNAME\" (Work/a))");
    store.add("Work/b", message("5")).unwrap();
    assert!(raw.line().contains(" UNSEEN 1)"));
    store.add_flags("Work/b", 1, &["\\Seen"]).unwrap();
    assert!(raw.line().contains(" UNSEEN 0)"));
    store.delete("Work/b").unwrap();
    assert_eq!(raw.line(), "* LIST (\\NonExistent) \"/\" Work/b");
    store.expunge("INBOX", &[1]).unwrap();
    assert_eq!([raw.line(), raw.line()], ["* 1 EXPUNGE", "* 1 RECENT"]);
    raw.ok("b NOTIFY NONE");
    store.add("Trash", message("6")).unwrap();
    assert_eq!(raw.ok("c NOOP").len(), 0);
    assert!(
        raw.tagged("d NOTIFY SET (personal (FlagChange))")
            .starts_with("d BAD")
    );
    assert!(
        raw.tagged("e NOTIFY SET (personal (Phase))")
            .starts_with("e NO [BADEVENT (")
    );
}
