//! The test server, driven by literal bytes: logins and messages.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod support;

use imap_client::testing::{NewMessage, Profile, Server};
use support::{Raw, message, server};

#[test]
fn a_session_in_the_clear_must_upgrade_before_the_login() {
    let server = Server::start().unwrap();
    let mut raw = Raw::to(server.addr());
    let greeting = raw.line();
    assert!(
        greeting.starts_with("* OK [CAPABILITY IMAP4rev1 "),
        "{greeting}"
    );
    assert!(
        greeting.contains(" STARTTLS ") && greeting.contains(" LOGINDISABLED"),
        "{greeting}"
    );
    assert!(!greeting.contains("AUTH="), "{greeting}");
    assert!(
        raw.tagged("a LOGIN alice alicepw")
            .starts_with("a NO [PRIVACYREQUIRED]")
    );

    let (mut raw, behind) = Raw::starttls(&server);
    assert_eq!(behind, b"");
    let capability = raw.ok("a CAPABILITY");
    assert!(
        !capability[0].contains("STARTTLS") && capability[0].contains("AUTH=PLAIN"),
        "{capability:?}"
    );
    assert!(
        raw.tagged("b LOGIN alice wrong")
            .starts_with("b NO [AUTHENTICATIONFAILED]")
    );
    assert!(
        raw.tagged("c LOGIN {5+}\r\nalice \"alicepw\"")
            .starts_with("c OK [CAPABILITY ")
    );
    assert!(raw.tagged("d STARTTLS").starts_with("d BAD"));
    assert_eq!(
        server.command_lines()[3..6],
        ["LOGIN alice ***", "LOGIN {5+} ***", "STARTTLS"]
    );
}

#[test]
fn implicit_tls_and_logout() {
    let server = Server::start().unwrap();
    let mut raw = Raw::tls(&server);
    raw.ok("a LOGIN alice alicepw");
    assert_eq!(
        raw.command("b LOGOUT"),
        ["* BYE Logging out", "b OK Logout completed."]
    );
    assert_eq!(raw.rest(), "");
}

#[test]
fn sasl_with_and_without_an_initial_response() {
    let server = server(Profile::full());
    // RFC 4616: NUL alice NUL alicepw.
    let plain = "AGFsaWNlAGFsaWNlcHc=";
    let mut raw = Raw::plain(&server);
    assert!(
        raw.tagged(&format!("a AUTHENTICATE PLAIN {plain}"))
            .starts_with("a OK")
    );

    let mut raw = Raw::plain(&server);
    raw.send("a AUTHENTICATE PLAIN\r\n");
    assert_eq!(raw.line(), "+ ");
    raw.send(format!("{plain}\r\n"));
    assert!(raw.line().starts_with("a OK"));

    let mut raw = Raw::plain(&server);
    raw.send("a AUTHENTICATE PLAIN\r\n");
    assert_eq!(raw.line(), "+ ");
    raw.send("*\r\n");
    assert!(raw.line().starts_with("a BAD"));

    // user=alice ^A auth=Bearer token ^A ^A
    assert!(
        raw.tagged("b AUTHENTICATE XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciB0b2tlbgEB")
            .starts_with("b OK")
    );

    let mut raw = Raw::plain(&server);
    // The same with the token "stale".
    raw.send("c AUTHENTICATE XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciBzdGFsZQEB\r\n");
    assert!(raw.line().starts_with("+ eyJzdGF0dXMi"));
    raw.send("\r\n");
    assert!(raw.line().starts_with("c NO [AUTHENTICATIONFAILED]"));

    let courier = support::server(Profile::courier_like());
    let mut raw = Raw::plain(&courier);
    assert!(
        raw.tagged(&format!("a AUTHENTICATE PLAIN {plain}"))
            .starts_with("a BAD")
    );
}

#[test]
fn cram_md5() {
    let server = server(Profile::full());
    // HMAC-MD5 keyed with "alicepw" over the challenge (by Python's hmac); then its last digit changed.
    let right = "YWxpY2UgMGU1YWRjYTFkNmY5M2ExMjhkN2Y1ZjJlMjg4NWQ1NjQ=";
    let wrong = "YWxpY2UgMGU1YWRjYTFkNmY5M2ExMjhkN2Y1ZjJlMjg4NWQ1NjA=";
    for (response, status) in [(right, "a OK"), (wrong, "a NO")] {
        let mut raw = Raw::plain(&server);
        raw.send("a AUTHENTICATE CRAM-MD5\r\n");
        assert_eq!(raw.line(), "+ PDE4OTYuNjk3MTcwOTUyQGxvY2FsaG9zdD4=");
        raw.send(format!("{response}\r\n"));
        assert!(raw.line().starts_with(status));
    }
}

#[test]
fn select_tells_what_the_rfc_asks_for() {
    let server = server(Profile::full());
    let store = server.store();
    store
        .add("INBOX", NewMessage::new(message("1")).flags(["\\Seen"]))
        .unwrap();
    store
        .add("INBOX", NewMessage::new(message("2")).flags(["$Label1"]))
        .unwrap();
    let validity = store.state("INBOX").unwrap().uid_validity;
    let mut raw = Raw::alice(&server);
    let lines = raw.command("a SELECT inBox");
    assert_eq!(
        lines,
        [
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Label1)",
            "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Label1 \\*)] Flags permitted.",
            "* 2 EXISTS",
            "* 2 RECENT",
            "* OK [UNSEEN 2] First unseen.",
            &format!("* OK [UIDVALIDITY {validity}] UIDs valid"),
            "* OK [UIDNEXT 3] Predicted next UID",
            "* OK [MAILBOXID (M1)] Ok",
            "a OK [READ-WRITE] Select completed.",
        ]
    );
    let lines = raw.command("b EXAMINE INBOX (CONDSTORE)");
    assert_eq!(lines[0], "* OK [CLOSED] Previous mailbox is now closed.");
    assert!(
        lines.contains(&"* OK [PERMANENTFLAGS ()] Flags permitted.".to_owned()),
        "{lines:?}"
    );
    assert!(
        lines.contains(&"* OK [HIGHESTMODSEQ 3] Highest".to_owned()),
        "{lines:?}"
    );
    assert_eq!(lines.last().unwrap(), "b OK [READ-ONLY] Examine completed.");
    assert!(
        raw.tagged("c STORE 1 +FLAGS (\\Deleted)")
            .starts_with("c NO [READ-ONLY]")
    );
    assert!(raw.tagged("d SELECT Nowhere").starts_with("d NO "));
    assert!(
        raw.tagged("e FETCH 1 UID").starts_with("e BAD"),
        "a failed SELECT leaves no mailbox selected"
    );
}

#[test]
fn fetch_in_all_its_readings() {
    let server = server(Profile::full());
    let store = server.store();
    let text = "Subject: hello\r\nX: y\r\n z\r\n\r\nbody\r\n";
    store
        .add("INBOX", NewMessage::new(text).date(837_596_665))
        .unwrap();
    let mut raw = Raw::inbox(&server);
    assert_eq!(
        raw.ok("a FETCH 1 (UID FLAGS INTERNALDATE RFC822.SIZE EMAILID)"),
        [
            "* 1 FETCH (UID 1 FLAGS (\\Recent) INTERNALDATE \"17-Jul-1996 09:44:25 +0000\" RFC822.SIZE 34 EMAILID (E6))"
        ]
    );
    raw.send("b UID FETCH 1 BODY.PEEK[]\r\n");
    assert_eq!(raw.line(), "* 1 FETCH (UID 1 BODY[] {34}");
    assert_eq!(raw.bytes(34), text.as_bytes());
    assert_eq!(raw.line(), ")");
    assert_eq!(raw.line(), "b OK Fetch completed.");
    raw.send("c FETCH 1 BODY.PEEK[HEADER.FIELDS (x)]<2.6>\r\n");
    assert_eq!(
        raw.until("c"),
        [
            "* 1 FETCH (BODY[HEADER.FIELDS (X)]<2> {6}",
            " y",
            " z)",
            "c OK Fetch completed."
        ]
    );
    raw.send("d FETCH 1 BODY[TEXT]\r\n");
    assert_eq!(
        raw.until("d"),
        [
            "* 1 FETCH (FLAGS (\\Seen \\Recent) BODY[TEXT] {6}",
            "body",
            ")",
            "d OK Fetch completed."
        ]
    );
    assert!(store.message("INBOX", 1).unwrap().has("\\Seen"));
    raw.send("e FETCH 1 BODY[]<99.5>\r\n");
    assert_eq!(raw.until("e")[0], "* 1 FETCH (BODY[]<99> {0}");
    assert!(raw.tagged("f FETCH 2 FLAGS").starts_with("f BAD"));
    assert_eq!(raw.ok("g UID FETCH 7:9 FLAGS").len(), 0);
    assert_eq!(
        raw.ok("h UID FETCH 559:* FLAGS").len(),
        1,
        "RFC 9051: * is the last one, also below 559"
    );
    assert!(
        raw.tagged("i FETCH 1 (FLAGS  UID)").starts_with("i BAD"),
        "two spaces"
    );
    assert!(raw.tagged("j FETCH 1 NONSENSE").starts_with("j BAD"));
}

#[test]
fn a_subject_as_a_literal_in_the_envelope() {
    let server = server(Profile::full().literal_in_envelope(true));
    server.store().add("INBOX", "Subject: hi\r\n\r\n").unwrap();
    let mut raw = Raw::inbox(&server);
    raw.send("a FETCH 1 ENVELOPE\r\n");
    assert_eq!(
        raw.until("a"),
        [
            "* 1 FETCH (ENVELOPE (NIL {2}",
            "hi NIL NIL NIL NIL NIL NIL NIL NIL))",
            "a OK Fetch completed."
        ]
    );
}

#[test]
fn store_tells_silences_and_refuses() {
    let server = server(Profile::full());
    for n in 1..=3 {
        server
            .store()
            .add("INBOX", message(&n.to_string()))
            .unwrap();
    }
    let mut raw = Raw::inbox(&server);
    assert_eq!(
        raw.ok("a STORE 1:2 +FLAGS (\\Flagged)"),
        [
            "* 1 FETCH (FLAGS (\\Flagged \\Recent))",
            "* 2 FETCH (FLAGS (\\Flagged \\Recent))"
        ]
    );
    assert_eq!(raw.ok("b UID STORE 3 FLAGS.SILENT (\\Seen)").len(), 0);
    // A keyword is told before it is used, and its first spelling stays.
    assert_eq!(
        raw.ok("c UID STORE 3 +FLAGS $Junk"),
        [
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk)",
            "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk \\*)] Flags permitted.",
            "* 3 FETCH (UID 3 FLAGS (\\Seen \\Recent $Junk))",
        ]
    );
    raw.ok("d UID STORE 1 +FLAGS.SILENT ($JUNK)");
    assert_eq!(
        server.store().message("INBOX", 1).unwrap().flags,
        ["\\Flagged", "$Junk"]
    );
    assert_eq!(
        raw.command("e UID STORE 1,2 (UNCHANGEDSINCE 5) +FLAGS.SILENT (\\Answered)")[1..],
        [
            "* 2 FETCH (UID 2 MODSEQ (9))",
            "e OK [MODIFIED 1] Conditional STORE failed"
        ]
    );
    assert!(
        raw.tagged("f STORE 1 FLAGS (\\Recent)")
            .starts_with("f BAD")
    );

    let fixed = support::server(Profile::full().keywords(false));
    fixed.store().add("INBOX", message("x")).unwrap();
    let mut raw = Raw::alice(&fixed);
    let lines = raw.ok("a SELECT INBOX");
    assert!(lines.iter().any(|l| l.contains("[PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)]")));
    assert_eq!(
        raw.ok("b STORE 1 FLAGS ($New \\Seen)"),
        ["* 1 FETCH (FLAGS (\\Seen \\Recent))"]
    );
}

#[test]
fn append_in_all_its_ways() {
    let server = server(Profile::full());
    let mut raw = Raw::inbox(&server);
    let validity = server.store().state("INBOX").unwrap().uid_validity;
    raw.send("a APPEND INBOX (\\Seen Work) \"17-Jul-1996 02:44:25 -0700\" {11}\r\n");
    assert_eq!(raw.line(), "+ Ready for literal data");
    raw.send("A: b\r\n\r\nhi!\r\n");
    let lines = raw.until("a");
    assert_eq!(
        lines.last().unwrap(),
        &format!("a OK [APPENDUID {validity} 1] Append completed.")
    );
    assert!(lines.contains(&"* 1 EXISTS".to_owned()), "{lines:?}");
    let stored = server.store().message("INBOX", 1).unwrap();
    assert_eq!(
        (stored.date, &*stored.bytes),
        (837_596_665, &b"A: b\r\n\r\nhi!"[..])
    );
    assert_eq!(stored.flags, ["\\Seen", "Work"]);

    let lines = raw.command("b APPEND INBOX {3+}\r\none (\\Draft) {3+}\r\ntwo {5+}\r\nthree");
    assert_eq!(
        lines.last().unwrap(),
        &format!("b OK [APPENDUID {validity} 2:4] Append completed.")
    );
    // No +: the refusal comes in its place.
    assert!(
        raw.tagged("c APPEND Nowhere {300000}")
            .starts_with("c NO [TRYCREATE]")
    );
    // With LITERAL+ the bytes come all the same, and are thrown away.
    assert!(
        raw.tagged("d APPEND Nowhere {6+}\r\nd NOOP")
            .starts_with("d NO [TRYCREATE]")
    );
    raw.ok("e NOOP");
    assert!(
        raw.tagged("f APPEND INBOX \"not a date\" {1+}\r\nx")
            .starts_with("f BAD")
    );
    server.store().set_quota(Some(40));
    assert!(
        raw.tagged("g APPEND INBOX {20+}\r\n01234567890123456789")
            .starts_with("g NO [OVERQUOTA]")
    );
    assert_eq!(
        raw.ok("h GETQUOTAROOT INBOX"),
        ["* QUOTAROOT \"INBOX\" \"\"", "* QUOTA \"\" (STORAGE 1 1)"]
    );
}

#[test]
fn search_and_esearch() {
    let server = server(Profile::full());
    for (n, flags) in [
        (1, vec!["\\Seen"]),
        (2, vec![]),
        (3, vec!["\\Seen", "Work"]),
        (4, vec!["\\Deleted"]),
    ] {
        server
            .store()
            .add(
                "INBOX",
                NewMessage::new(message(&n.to_string()))
                    .flags(flags)
                    .date(n * 86_400),
            )
            .unwrap();
    }
    server.store().expunge("INBOX", &[1]).unwrap();
    let mut raw = Raw::inbox(&server);
    for (keys, found) in [
        ("ALL", "* SEARCH 2 3 4"),
        ("SEEN", "* SEARCH 3"),
        ("UNSEEN UNDELETED", "* SEARCH 2"),
        ("UID 3:*", "* SEARCH 3 4"),
        ("1", "* SEARCH 2"),
        ("KEYWORD work", "* SEARCH 3"),
        ("NOT (OR SEEN DELETED)", "* SEARCH 2"),
        ("HEADER Message-ID <3@example.org>", "* SEARCH 3"),
        ("SUBJECT 9", "* SEARCH"),
        ("SINCE 4-Jan-1970", "* SEARCH 3 4"),
        ("BEFORE 4-Jan-1970", "* SEARCH 2"),
        ("CHARSET UTF-8 TEXT \"text of 4\"", "* SEARCH 4"),
    ] {
        assert_eq!(raw.ok(&format!("a UID SEARCH {keys}")), [found], "{keys}");
    }
    assert_eq!(raw.ok("b SEARCH ALL"), ["* SEARCH 1 2 3"]);
    assert_eq!(
        raw.ok("c UID SEARCH RETURN (MIN MAX COUNT ALL) ALL"),
        ["* ESEARCH (TAG \"c\") UID MIN 2 MAX 4 ALL 2:4 COUNT 3"]
    );
    assert_eq!(
        raw.ok("d UID SEARCH RETURN () SUBJECT nothing"),
        ["* ESEARCH (TAG \"d\") UID"]
    );
    assert_eq!(
        raw.ok("e UID SEARCH MODSEQ 5")[1..],
        ["* SEARCH 4 (MODSEQ 5)"]
    );
    assert!(
        raw.tagged(&format!("f SEARCH {}ALL", "NOT ".repeat(60)))
            .starts_with("f BAD")
    );
}

#[test]
fn five_thousand_messages_at_once() {
    let server = server(Profile::full());
    let mut raw = Raw::alice(&server);
    let mut command = b"a APPEND INBOX".to_vec();
    for n in 0..5_000 {
        let text = message(&n.to_string());
        command.extend_from_slice(format!(" {{{}+}}\r\n{text}", text.len()).as_bytes());
    }
    command.extend_from_slice(b"\r\n");
    raw.send(command);
    assert!(raw.until("a").last().unwrap().contains(" 1:5000] "));
    raw.ok("b SELECT INBOX");
    assert_eq!(raw.ok("c UID FETCH 1:* (FLAGS)").len(), 5_000);
    assert_eq!(
        raw.ok("d UID STORE 1:2500 +FLAGS.SILENT (\\Deleted)").len(),
        0
    );
    assert_eq!(raw.ok("e EXPUNGE").len(), 2_501, "and RECENT");
    assert_eq!(server.store().state("INBOX").unwrap().messages, 2_500);
}
