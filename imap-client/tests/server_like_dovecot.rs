//! The test server and a real Dovecot, asked the same, must answer the same.
//!
//! What may differ is masked: free text, mod-sequences, UIDVALIDITY, the order of flags and of FETCH
//! items, the lines of LIST, the items of STATUS. UIDs, message numbers, response codes, sets, literals,
//! and the order of all other lines are compared as they are.
//!
//! Not compared is where the test server is stricter on purpose: two spaces, text behind the end of a
//! command, STORE and EXPUNGE in a mailbox opened by EXAMINE; and the MODSEQ of a FETCH that sets
//! `\Seen`, which Dovecot sends in a line of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "support/pair.rs"]
mod pair;
mod support;

use std::net::{Ipv4Addr, SocketAddr};

use pair::{Pair, normal, profile};
use support::Raw;
use testbed::Dovecot;

/// An APPEND with a literal that needs no `+`.
fn append(tag: &str, mailbox: &str, flags: &str, text: &str) -> String {
    format!(
        "{tag} APPEND {mailbox} ({flags}) \"17-Jul-1996 02:44:25 +0000\" {{{}+}}\r\n{text}",
        text.len()
    )
}

const TEXT: &str = "Date: Wed, 17 Jul 1996 02:23:25 -0700\r\nFrom: \"Doe, J\" <j@example.org>\r\n\
    To: a@example.org, B <b@example.org>\r\nSubject: one\r\nMessage-ID: <1@example.org>\r\n\r\nText.\r\n";

#[test]
#[ignore = "needs the testbed"]
fn mailboxes() {
    let mut pair = Pair::new();
    pair.all(
        0,
        &[
            "a NAMESPACE",
            "a LIST \"\" \"\"",
            "a LIST \"\" *",
            // Only ours has subscribed to it.
            "a UNSUBSCRIBE Junk",
            "a LSUB \"\" *",
            "a CREATE Work/2024",
            "a CREATE Work/2024",
            "a CREATE inbox",
            "a LIST \"\" %",
            "a LIST \"\" Work*",
            "a LIST \"\" Work/%",
            "a LIST Work/ %",
            "a LIST \"\" inbox",
            "a LIST (SUBSCRIBED) \"\" *",
            "a LIST \"\" * RETURN (SUBSCRIBED)",
            "a LIST (SPECIAL-USE) \"\" *",
            "a LIST \"\" (Work/% Trash) RETURN (CHILDREN STATUS (MESSAGES UIDNEXT UNSEEN SIZE))",
            "a CREATE &U,BTFw-",
            "a LIST \"\" &*",
            "a STATUS &U,BTFw- (MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT HIGHESTMODSEQ)",
            "a STATUS Nowhere (MESSAGES)",
            "a STATUS INBOX (NONSENSE)",
            "a SELECT Nowhere",
            "a RENAME Work Play",
            "a LIST \"\" P*",
            "a RENAME Nowhere There",
            "a RENAME Play/2024 Trash",
            "a SUBSCRIBE Play/2024",
            "a LSUB \"\" P*",
            "a LSUB \"\" P%",
            "a UNSUBSCRIBE Play/2024",
            "a DELETE Play/2024",
            "a DELETE Nowhere",
            "a DELETE INBOX",
            "a FETCH 1 FLAGS",
            "a XYZZY",
            "a ENABLE X-NONE",
        ],
    );
}

#[test]
#[ignore = "needs the testbed"]
fn messages() {
    let mut pair = Pair::new();
    let two = TEXT.replace("one", "two");
    pair.all(
        0,
        &[
            &append("a", "INBOX", "\\Seen", TEXT),
            &append("a", "INBOX", "$Label", &two),
            &append("a", "Nowhere", "", TEXT),
            "a APPEND Nowhere {10}",
            "a APPEND INBOX {3+}\r\nA:1 (\\Flagged) {3+}\r\nB:2",
            "a SELECT INBOX",
            "a FETCH 1:4 (UID FLAGS INTERNALDATE RFC822.SIZE)",
            "a FETCH 1:* FAST",
            "a UID FETCH 1 BODY.PEEK[]",
            "a UID FETCH 1 BODY.PEEK[]<5.20>",
            "a UID FETCH 1 BODY.PEEK[HEADER]",
            "a UID FETCH 1 BODY.PEEK[TEXT]",
            "a UID FETCH 1 BODY.PEEK[1]",
            "a UID FETCH 1 BODY.PEEK[HEADER.FIELDS (subject To)]",
            "a UID FETCH 1 BODY.PEEK[HEADER.FIELDS.NOT (subject To)]",
            "a UID FETCH 1 ENVELOPE",
            "a UID FETCH 1 BODYSTRUCTURE",
            "a UID FETCH 1 BODY",
            "a FETCH 2 BODY[TEXT]",
            "a FETCH 2 BODY[TEXT]",
            "a FETCH 9 FLAGS",
            "a FETCH 0 FLAGS",
            "a UID FETCH 9 FLAGS",
            "a UID FETCH 9:* FLAGS",
            "a FETCH 1 NONSENSE",
            "a STORE 1:2 +FLAGS (\\Flagged)",
            "a STORE 1 -FLAGS (\\Flagged)",
            "a STORE 1 -FLAGS (\\Flagged)",
            "a UID STORE 1 FLAGS.SILENT (\\Draft)",
            "a UID STORE 1 +FLAGS (Work)",
            "a UID STORE 1 +FLAGS (WORK)",
            "a UID STORE 9 +FLAGS (\\Seen)",
            "a STORE 1 FLAGS (\\Recent)",
            "a SEARCH ALL",
            "a UID SEARCH UNSEEN",
            "a UID SEARCH OR KEYWORD Work SUBJECT two",
            "a UID SEARCH HEADER Message-ID <1@example.org>",
            "a UID SEARCH SINCE 18-Jul-1996",
            "a UID SEARCH NOT 1:2",
            "a UID SEARCH UID 2:*",
            "a UID SEARCH RETURN (ALL COUNT MIN MAX) ALL",
            "a UID SEARCH RETURN () SUBJECT nothing",
            "a SEARCH NONSENSE",
            "a UID COPY 1:2 Trash",
            "a UID COPY 9 Trash",
            "a UID COPY 1 Nowhere",
            "a UID MOVE 1,3 Trash",
            "a UID STORE 2 +FLAGS.SILENT (\\Deleted)",
            "a UID EXPUNGE 4",
            "a EXPUNGE",
            "a EXPUNGE",
            "a EXAMINE Trash",
            "a CLOSE",
            "a SELECT Trash",
            "a STORE 1 +FLAGS.SILENT (\\Deleted)",
            "a CLOSE",
            "a STATUS Trash (MESSAGES UIDNEXT UNSEEN)",
            "a UNSELECT",
            "a SELECT Junk",
            "a FETCH 1:* FLAGS",
            "a UID FETCH 1:* FLAGS",
        ],
    );
}

#[test]
#[ignore = "needs the testbed"]
fn two_sessions_and_their_numbers() {
    let mut pair = Pair::new();
    for n in 0..5 {
        pair.same(
            0,
            &append("a", "INBOX", "", &TEXT.replace("one", &n.to_string())),
        );
    }
    pair.same(0, "a SELECT INBOX");
    pair.same(1, "a SELECT INBOX");
    pair.same(0, "a UID STORE 2,4 +FLAGS.SILENT (\\Deleted)");
    pair.same(1, "a NOOP");
    pair.same(0, "a EXPUNGE");
    pair.same(1, "a FETCH 5 (UID)");
    pair.same(1, "a FETCH 2 (UID)");
    pair.same(1, "a UID FETCH 2 (UID)");
    pair.same(1, "a FETCH 3 (UID)");
    pair.same(1, &append("a", "INBOX", "Work", TEXT));
    pair.same(0, "a NOOP");
    pair.same(0, "a UID STORE 6 -FLAGS.SILENT (Work)");
    pair.same(1, "a NOOP");
}

#[test]
#[ignore = "needs the testbed"]
fn condstore_and_qresync() {
    let mut pair = Pair::new();
    for n in 0..6 {
        pair.same(
            0,
            &append("a", "INBOX", "", &TEXT.replace("one", &n.to_string())),
        );
    }
    pair.remember_validity("INBOX");
    pair.all(
        0,
        &[
            "a SELECT INBOX",
            "a SELECT INBOX (CONDSTORE)",
            "a SELECT INBOX (QRESYNC ($V 1))",
            "a UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)",
            "a UID FETCH 1 (FLAGS MODSEQ)",
            "a UID STORE 1 +FLAGS.SILENT (\\Seen)",
            "a UID STORE 1 (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Flagged)",
            "a STORE 1 (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Flagged)",
            "a UID STORE 1 (UNCHANGEDSINCE 9999) +FLAGS.SILENT (\\Flagged)",
            "a UID STORE 1 (UNCHANGEDSINCE 9999) +FLAGS (\\Draft)",
            "a UID SEARCH MODSEQ 1",
            "a UID SEARCH MODSEQ 99999",
            "a UNSELECT",
            "a ENABLE QRESYNC",
            "a SELECT INBOX",
            "a UID STORE 2:4 +FLAGS.SILENT (\\Deleted)",
            "a UID EXPUNGE 2:3",
            "a EXPUNGE",
            "a UID MOVE 5 Trash",
            "a UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)",
            "a UID FETCH 1:3 FLAGS (CHANGEDSINCE 1 VANISHED)",
            "a UID FETCH 1:* FLAGS (CHANGEDSINCE 99999 VANISHED)",
            "a SELECT INBOX (QRESYNC ($V 1))",
            "a SELECT INBOX (QRESYNC ($V 1 1:3))",
            "a SELECT INBOX (QRESYNC (1 1))",
            "a SELECT INBOX (QRESYNC ($V 99999))",
            "a EXPUNGE",
            "a SELECT INBOX (QRESYNC)",
            "a STATUS Trash (HIGHESTMODSEQ UIDNEXT)",
            "a CLOSE",
        ],
    );
    pair.same(1, "a SELECT INBOX");
    pair.same(0, "a SELECT INBOX");
    pair.same(1, "a UID STORE 1 FLAGS (\\Deleted)");
    pair.same(0, "a NOOP");
    pair.same(1, "a EXPUNGE");
    pair.same(0, "a NOOP");
}

#[test]
#[ignore = "needs the testbed"]
fn commands_on_messages_that_are_gone() {
    let gone = |after: &str| {
        let mut pair = Pair::new();
        for n in 0..3 {
            pair.same(
                0,
                &append("a", "INBOX", "", &TEXT.replace("one", &n.to_string())),
            );
        }
        pair.same(0, "a SELECT INBOX");
        pair.same(1, "a SELECT INBOX");
        pair.same(0, "a UID STORE 2 +FLAGS.SILENT (\\Deleted)");
        pair.same(0, "a EXPUNGE");
        pair.same(1, after);
        pair.same(1, "a NOOP");
        pair.same(1, "a UID FETCH 1:* (UID FLAGS)");
    };
    for command in [
        "a FETCH 2 (UID)",
        "a FETCH 1:3 (UID)",
        "a UID FETCH 2 (UID)",
        "a UID FETCH 2 BODY.PEEK[]",
        "a FETCH 1:3 BODY.PEEK[TEXT]",
        "a STORE 1:3 +FLAGS (\\Seen)",
        "a UID STORE 1:3 +FLAGS.SILENT (\\Seen)",
        "a UID COPY 1:3 Trash",
        "a UID MOVE 1:3 Trash",
        "a SEARCH ALL",
        "a UID SEARCH ALL",
        "a SEARCH 3",
    ] {
        gone(command);
    }
}

#[test]
#[ignore = "needs the testbed"]
fn condstore_without_qresync() {
    let mut pair = Pair::new();
    for n in 0..3 {
        pair.same(
            0,
            &append("a", "INBOX", "", &TEXT.replace("one", &n.to_string())),
        );
    }
    pair.all(
        0,
        &[
            "a SELECT INBOX (CONDSTORE)",
            "a UID STORE 1:2 +FLAGS.SILENT (\\Deleted)",
            "a UID STORE 1:2 +FLAGS.SILENT (\\Deleted)",
            "a UID EXPUNGE 1",
            "a EXPUNGE",
            "a UID MOVE 3 Trash",
            "a STATUS Trash (MESSAGES HIGHESTMODSEQ)",
            "a UNSELECT",
            "a SELECT Trash",
            "a FETCH 1 (MODSEQ)",
        ],
    );
}

#[test]
#[ignore = "needs the testbed"]
fn idling() {
    let mut pair = Pair::new();
    pair.same(0, "a SELECT INBOX");
    for raw in [&mut pair.dovecot[0], &mut pair.ours[0]] {
        raw.send("a IDLE\r\n");
        assert_eq!(raw.line(), "+ idling");
    }
    let heard = |pair: &mut Pair, count: usize| {
        let theirs: Vec<String> = (0..count)
            .map(|_| normal(&pair.dovecot[0].line()))
            .collect();
        let ours: Vec<String> = (0..count).map(|_| normal(&pair.ours[0].line())).collect();
        assert_eq!(ours, theirs);
    };
    pair.same(1, &append("b", "INBOX", "\\Seen", TEXT));
    heard(&mut pair, 2);
    pair.same(1, "b SELECT INBOX");
    pair.same(1, "b STORE 1 +FLAGS.SILENT (\\Flagged)");
    heard(&mut pair, 1);
    pair.same(1, "b STORE 1 +FLAGS.SILENT (\\Deleted)");
    heard(&mut pair, 1);
    pair.same(1, "b EXPUNGE");
    heard(&mut pair, 2);
    for raw in [&mut pair.dovecot[0], &mut pair.ours[0]] {
        raw.send("DONE\r\n");
        assert!(raw.until("a").last().unwrap().starts_with("a OK"));
    }
}

#[test]
#[ignore = "needs the testbed"]
fn notifying() {
    let mut pair = Pair::new();
    for raw in [&mut pair.dovecot[0], &mut pair.ours[0]] {
        raw.ok("a ENABLE CONDSTORE");
        raw.ok("a NOTIFY SET (personal (MessageNew MessageExpunge FlagChange MailboxName))");
    }
    // Dovecot also tells of what did not change: the line we say must be one of those that it says.
    let heard = |pair: &mut Pair| {
        let ours = normal(&pair.ours[0].line());
        while normal(&pair.dovecot[0].line()) != ours {}
    };
    for command in [
        &append("b", "Trash", "", TEXT),
        "b CREATE New",
        "b RENAME New Newer",
        "b DELETE Newer",
    ] {
        pair.same(1, command);
        heard(&mut pair);
    }
    pair.same(1, "b SELECT Trash");
    for command in [
        "b STORE 1 +FLAGS.SILENT (\\Seen)",
        "b STORE 1 +FLAGS.SILENT (\\Deleted)",
        "b EXPUNGE",
    ] {
        pair.same(1, command);
        heard(&mut pair);
    }
}

#[test]
#[ignore = "needs the testbed"]
fn logins() {
    let dovecot = Dovecot::start().unwrap();
    let ours = support::server(profile());
    let there = SocketAddr::from((Ipv4Addr::LOCALHOST, dovecot.imap_port));
    let ask = |address, lines: &[&str]| -> Vec<String> {
        let mut raw = Raw::to(address);
        let mut answers = vec![normal(&raw.line())];
        for line in lines {
            raw.send(format!("{line}\r\n"));
            answers.push(normal(&raw.line()));
        }
        answers
    };
    for script in [
        &["a LOGIN alice wrong", "b LOGIN alice \"alicepw\""][..],
        &["a AUTHENTICATE PLAIN AGFsaWNlAGFsaWNlcHc="],
        &["a AUTHENTICATE PLAIN", "AGFsaWNlAGFsaWNlcHc="],
        &["a AUTHENTICATE PLAIN AGFsaWNlAHdyb25n", "b NOOP"],
        &["a AUTHENTICATE PLAIN", "*"],
        &["a AUTHENTICATE LOGIN", "YWxpY2U=", "YWxpY2Vwdw=="],
        &["a SELECT INBOX"],
        &["a XYZZY"],
        &["a LOGIN {5}", "alice {7}", "alicepw"],
        &["a LOGIN {5+}\r\nalice {7+}\r\nalicepw"],
    ] {
        // The text of a continuation request is free, but for a challenge.
        let free = |answers: Vec<String>| -> Vec<String> {
            let text = |a: String| {
                if a.starts_with("+ OK") || a.starts_with("+ Ready") {
                    "+".to_owned()
                } else {
                    a
                }
            };
            answers.into_iter().map(text).collect()
        };
        assert_eq!(
            free(ask(ours.addr(), script)),
            free(ask(there, script)),
            "{script:?}"
        );
    }
    // What ours advertises Dovecot has.
    let mut raw = Raw::to(there);
    raw.line();
    let mut known = raw.ok("a CAPABILITY").concat();
    raw.ok("b LOGIN alice alicepw");
    known += &raw.ok("c CAPABILITY").concat();
    let mut raw = Raw::alice(&ours);
    for capability in raw.ok("a CAPABILITY")[0].split(' ').skip(2) {
        assert!(known.split(' ').any(|k| k == capability), "{capability}");
    }
}
