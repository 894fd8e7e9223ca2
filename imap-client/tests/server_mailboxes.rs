//! The test server, driven by literal bytes: mailboxes, profiles, IMAP4rev2.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod support;

use imap_client::testing::Profile;
use support::{Raw, message, server};

#[test]
fn list_shows_roles_children_and_levels_that_do_not_exist() {
    let server = server(Profile::full());
    server.store().create("Work/2024").unwrap();
    let mut raw = Raw::alice(&server);
    assert_eq!(
        raw.ok("a LIST \"\" *"),
        [
            "* LIST (\\HasNoChildren \\Drafts) \"/\" Drafts",
            "* LIST (\\HasNoChildren \\Junk) \"/\" Junk",
            "* LIST (\\HasNoChildren \\Sent) \"/\" Sent",
            "* LIST (\\HasNoChildren \\Trash) \"/\" Trash",
            "* LIST (\\Noselect \\HasChildren) \"/\" Work",
            "* LIST (\\HasNoChildren) \"/\" Work/2024",
            "* LIST (\\HasNoChildren) \"/\" INBOX",
        ]
    );
    assert_eq!(
        raw.ok("b LIST \"\" \"\""),
        ["* LIST (\\Noselect) \"/\" \"\""]
    );
    assert_eq!(
        raw.ok("c LIST Work/ %"),
        ["* LIST (\\HasNoChildren) \"/\" Work/2024"]
    );
    assert_eq!(raw.ok("d LIST (SPECIAL-USE) \"\" (S* T*)").len(), 2);
    assert_eq!(
        raw.ok("e LIST \"\" inbox RETURN (CHILDREN STATUS (MESSAGES UIDNEXT))"),
        [
            "* LIST (\\HasNoChildren) \"/\" INBOX",
            "* STATUS INBOX (MESSAGES 0 UIDNEXT 1)"
        ]
    );
    assert_eq!(raw.ok("f LSUB \"\" D*"), ["* LSUB (\\Drafts) \"/\" Drafts"]);
    assert_eq!(
        raw.ok("g NAMESPACE"),
        ["* NAMESPACE ((\"\" \"/\")) NIL NIL"]
    );
}

#[test]
fn mailboxes_come_change_their_names_and_go() {
    let server = server(Profile::full());
    let mut raw = Raw::alice(&server);
    assert!(
        raw.tagged("a CREATE Entw&APw-rfe")
            .starts_with("a OK [MAILBOXID (")
    );
    raw.ok("b CREATE Entw&APw-rfe/alt");
    assert!(
        raw.tagged("c CREATE Entw&APw-rfe")
            .starts_with("c NO [ALREADYEXISTS]")
    );
    raw.ok("d RENAME Entw&APw-rfe Neu");
    let names = server.store().mailboxes();
    assert!(
        names.contains(&"Neu/alt".to_owned()) && !names.contains(&"Entwürfe".to_owned()),
        "{names:?}"
    );
    raw.ok("e CREATE Archive (USE (\\Archive))");
    assert_eq!(
        raw.ok("f LIST \"\" Archive"),
        ["* LIST (\\HasNoChildren \\Archive) \"/\" Archive"]
    );
    raw.ok("g DELETE Neu");
    assert!(raw.tagged("h DELETE Neu").starts_with("h NO [NONEXISTENT]"));
    assert!(raw.tagged("i DELETE inbox").starts_with("i NO "));
    assert!(raw.tagged("j SELECT &AGE-").starts_with("j NO [CANNOT]"));
    raw.ok("k ENABLE UTF8=ACCEPT");
    raw.ok("l CREATE \"Entwürfe\"");
    assert_eq!(
        raw.ok("m LIST \"\" Entw*"),
        ["* LIST (\\HasNoChildren) \"/\" \"Entwürfe\""]
    );
}

#[test]
fn profiles_refuse_what_they_do_not_advertise() {
    let courier = server(Profile::courier_like());
    let mut raw = Raw::alice(&courier);
    assert_eq!(
        raw.ok("a NAMESPACE"),
        ["* NAMESPACE ((\"INBOX.\" \".\")) NIL NIL"]
    );
    assert_eq!(raw.tagged("b UNSELECT"), "b BAD Select a mailbox first");
    assert_eq!(raw.tagged("b XYZZY"), "b NO Error in IMAP command");
    assert_eq!(raw.ok("b ENABLE CONDSTORE"), ["* ENABLED"]);
    let select = raw.ok("c SELECT INBOX");
    assert!(
        !select
            .iter()
            .any(|l| l.contains("UIDNEXT") || l.contains("MODSEQ")),
        "{select:?}"
    );
    assert!(
        raw.tagged("d APPEND INBOX {3+}\r\nabc")
            .starts_with("d BAD")
    );
    raw.send("e APPEND INBOX {3}\r\n");
    raw.line();
    raw.send("abc\r\n");
    assert_eq!(raw.until("e").last().unwrap(), "e OK Append completed.");
    assert!(raw.tagged("f CREATE Sent").starts_with("f NO"));
    raw.ok("g CREATE INBOX.Sent");
    assert_eq!(
        raw.ok("h LIST \"\" *"),
        [
            "* LIST (\\HasNoChildren) \".\" \"INBOX.Sent\"",
            "* LIST (\\HasChildren) \".\" \"INBOX\""
        ]
    );
    assert!(raw.tagged("i UID MOVE 1 INBOX.Sent").starts_with("i NO"));
    assert!(raw.tagged("j FETCH 1 MODSEQ").starts_with("j BAD"));

    let gmail = server(Profile::gmail_like());
    let mut raw = Raw::alice(&gmail);
    let select = raw.ok("a SELECT INBOX");
    assert!(
        select.iter().any(|l| l.contains("HIGHESTMODSEQ")),
        "{select:?}"
    );
    assert_eq!(raw.ok("b ENABLE QRESYNC").len(), 0);
    assert!(
        raw.tagged("c APPEND INBOX {1+}\r\nx {1+}\r\ny")
            .starts_with("c BAD"),
        "no MULTIAPPEND"
    );
    assert!(
        raw.tagged(&format!(
            "d APPEND INBOX {{5000+}}\r\n{}",
            "x".repeat(5_000)
        ))
        .starts_with("d BAD [TOOBIG]")
    );
    assert!(
        raw.tagged("e APPEND INBOX {35651585}")
            .starts_with("e NO [TOOBIG]")
    );

    let cyrus = server(Profile::cyrus_like());
    let mut raw = Raw::alice(&cyrus);
    assert!(raw.ok("a CAPABILITY")[0].contains("LOGINDISABLED"));
    assert_eq!(
        raw.ok("b LIST \"\" Sent"),
        ["* LIST (\\HasNoChildren \\sent) \"/\" Sent"]
    );

    let bare = server(Profile::rev1_bare());
    let mut raw = Raw::alice(&bare);
    assert_eq!(raw.ok("a CAPABILITY"), ["* CAPABILITY IMAP4rev1"]);
    for line in [
        "b IDLE",
        "b ENABLE CONDSTORE",
        "b ID NIL",
        "b LIST (SUBSCRIBED) \"\" *",
        "b STATUS INBOX (HIGHESTMODSEQ)",
    ] {
        assert!(raw.tagged(line).starts_with("b BAD"), "{line}");
    }
    let odd = server(Profile::full().capability_text("IMAP4rev1 \u{1}ODD  NIL"));
    assert_eq!(
        Raw::plain(&odd).ok("a CAPABILITY"),
        ["* CAPABILITY IMAP4rev1 \u{1}ODD  NIL"]
    );
}

#[test]
fn imap4rev2_speaks_utf8_and_esearch() {
    let server = server(Profile::full());
    server.store().add("INBOX", message("1")).unwrap();
    let mut raw = Raw::alice(&server);
    assert_eq!(raw.ok("a ENABLE IMAP4rev2"), ["* ENABLED IMAP4rev2"]);
    let select = raw.ok("b SELECT INBOX");
    assert!(!select.iter().any(|l| l.contains("RECENT")), "{select:?}");
    assert!(
        select.contains(&"* LIST () \"/\" INBOX".to_owned()),
        "{select:?}"
    );
    assert_eq!(raw.ok("c SEARCH ALL"), ["* ESEARCH (TAG \"c\") ALL 1"]);
    assert_eq!(raw.ok("d FETCH 1 FLAGS"), ["* 1 FETCH (FLAGS ())"]);
}

#[test]
fn messages_with_utf8_headers() {
    let server = server(Profile::full());
    let mut raw = Raw::alice(&server);
    assert!(
        raw.tagged("a APPEND INBOX UTF8 (~{3+}\r\nabc)")
            .starts_with("a BAD")
    );
    raw.ok("b ENABLE UTF8=ACCEPT");
    let text = "Subject: Grüße\r\n\r\n";
    raw.ok(&format!(
        "c APPEND INBOX (\\Seen) UTF8 (~{{{}+}}\r\n{text})",
        text.len()
    ));
    assert_eq!(
        &*server.store().message("INBOX", 1).unwrap().bytes,
        text.as_bytes()
    );
    raw.ok("d SELECT INBOX");
    let lines = raw.ok("e FETCH 1 ENVELOPE");
    assert!(
        lines[0].starts_with("* 1 FETCH (ENVELOPE (NIL \"Grüße\" NIL "),
        "{lines:?}"
    );
}
