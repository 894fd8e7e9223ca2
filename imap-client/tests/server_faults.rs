//! Faults that a test orders from the test server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod support;

use std::time::Duration;

use imap_client::testing::{Fault, Moment, Profile, Server};
use support::{Raw, message, server};

#[test]
fn cut_before_and_after_a_command() {
    let server = server(Profile::full());
    server.order(Fault::on("append").nth(2).cut_before());
    server.order(Fault::on("APPEND").nth(2).cut_after());
    let mut raw = Raw::alice(&server);
    raw.ok("a APPEND INBOX {1+}\r\na");
    raw.send("b NOOP\r\nc APPEND INBOX {1+}\r\nb\r\n");
    assert_eq!(raw.rest(), "b OK NOOP completed.\r\n");
    assert_eq!(
        server.store().messages("INBOX").unwrap().len(),
        1,
        "not carried out"
    );

    let mut raw = Raw::alice(&server);
    raw.send("d APPEND INBOX {1}\r\n");
    assert_eq!(raw.line(), "+ Ready for literal data");
    raw.send("c\r\n");
    assert_eq!(raw.rest(), "", "carried out, the answer swallowed");
    assert_eq!(server.store().messages("INBOX").unwrap().len(), 2);
    assert_eq!(server.faults_waiting(), 0);
}

#[test]
fn cut_within_an_answer() {
    let server = server(Profile::full());
    server.order(Fault::on("UID FETCH").cut_answer(10));
    let mut raw = Raw::tls(&server);
    raw.ok("a LOGIN alice alicepw");
    server.store().add("INBOX", message("1")).unwrap();
    raw.ok("b SELECT INBOX");
    raw.send("c UID FETCH 1 FLAGS\r\n");
    assert_eq!(raw.rest(), "* 1 FETCH ");
}

#[test]
fn cut_at_every_byte_sent_and_received() {
    let server = server(Profile::full());
    let script = "a LOGIN alice alicepw\r\nb SELECT INBOX\r\nc LOGOUT\r\n";
    let whole = {
        let mut raw = Raw::to(server.addr());
        raw.send(script);
        raw.rest()
    };
    for n in 1..whole.len() {
        server.cut_after_sent(u64::try_from(n).unwrap());
        let mut raw = Raw::to(server.addr());
        raw.send(script);
        assert_eq!(raw.rest(), whole[..n]);
    }
    let answers = |n: usize| {
        server.cut_after_received(u64::try_from(n).unwrap());
        let mut raw = Raw::to(server.addr());
        raw.send(script);
        raw.rest()
    };
    let greeting = answers(10);
    assert!(greeting.starts_with("* OK ") && greeting.ends_with("ready\r\n"));
    let logged_in = answers(script.find('b').unwrap());
    assert!(logged_in.ends_with("Logged in\r\n"), "{logged_in}");
    // Once struck, it is spent.
    let mut raw = Raw::to(server.addr());
    raw.send(script);
    assert_eq!(raw.rest(), whole);
}

#[test]
fn refusals_in_place_of_the_command() {
    let server = server(Profile::full());
    let mut raw = Raw::alice(&server);
    server.order(Fault::on("APPEND").times(2).throttle(100_000));
    assert_eq!(
        raw.tagged("a APPEND INBOX {300000}"),
        "a NO Request is throttled. Suggested Backoff Time: 100000 milliseconds",
        "in place of the +"
    );
    assert!(
        raw.tagged("b APPEND INBOX {1+}\r\nx")
            .starts_with("b NO Request is throttled.")
    );
    raw.ok("c APPEND INBOX {1+}\r\nx");
    server.order(Fault::on("SELECT").no("[UNAVAILABLE] Try later"));
    assert_eq!(raw.tagged("d SELECT INBOX"), "d NO [UNAVAILABLE] Try later");
    server.order(Fault::on("").bad("What?"));
    assert_eq!(raw.tagged("e NOOP"), "e BAD What?");
    server.order(
        Fault::on("NOOP")
            .delay(Duration::from_millis(1))
            .bye("Going down"),
    );
    raw.send("f NOOP\r\n");
    assert_eq!(raw.rest(), "* BYE Going down\r\n");
    server.order(Fault::on("GREETING").bye("Too many connections"));
    assert_eq!(
        Raw::to(server.addr()).rest(),
        "* BYE Too many connections\r\n"
    );
    server.order(Fault::on("GREETING").cut_before());
    assert_eq!(Raw::to(server.addr()).rest(), "");
    server.order(Fault::on("NOOP").always().no("never"));
    server.clear_faults();
    Raw::alice(&server).ok("a NOOP");
}

#[test]
fn lines_at_every_moment_of_a_command() {
    let server = server(Profile::full());
    let mut raw = Raw::inbox(&server);
    server.order(
        Fault::on("APPEND")
            .say(Moment::Continuation, "* 5 EXISTS")
            .say(Moment::Completion, "* VANISHED 3")
            .say(Moment::Answered, "* garbage ((("),
    );
    raw.send("a APPEND INBOX {1}\r\n");
    assert_eq!(
        [raw.line(), raw.line()],
        ["* 5 EXISTS", "+ Ready for literal data"]
    );
    raw.send("x\r\n");
    let lines = raw.until("a");
    assert_eq!(lines[0], "* VANISHED 3");
    assert_eq!(raw.line(), "* garbage (((");
    server.order(
        Fault::on("IDLE")
            .say(Moment::Received, "* 1 FETCH")
            .say(Moment::Idling, b"\x00\xff"),
    );
    raw.send("b IDLE\r\n");
    assert_eq!([raw.line(), raw.line()], ["* 1 FETCH", "+ idling"]);
    assert_eq!(raw.bytes(4), b"\x00\xff\r\n");
    server.say_to_all("* BYE");
    assert_eq!(raw.line(), "* BYE");
    server.bye_to_all("Shutting down");
    assert_eq!(raw.rest(), "* BYE Shutting down\r\n");
}

#[test]
fn bytes_slipped_in_before_the_handshake() {
    let server = server(Profile::full());
    server.order(Fault::on("STARTTLS").say(
        Moment::Answered,
        "x OK [CAPABILITY IMAP4rev1 X-FORGED] Logged in",
    ));
    let (mut raw, behind) = Raw::starttls(&server);
    assert_eq!(
        behind,
        b"x OK [CAPABILITY IMAP4rev1 X-FORGED] Logged in\r\n"
    );
    assert!(!raw.ok("a CAPABILITY")[0].contains("X-FORGED"));
}

#[test]
fn a_third_party_edits_at_the_worst_moment() {
    let server = server(Profile::full());
    let store = server.store();
    store
        .add_all("INBOX", [message("1"), message("2")])
        .unwrap();
    let mut raw = Raw::inbox(&server);
    raw.ok("a ENABLE QRESYNC");
    server.order(Fault::on("UID STORE").edit(Moment::Received, |store| {
        store.expunge("INBOX", &[1]).unwrap();
    }));
    assert_eq!(
        raw.command("b UID STORE 1:2 +FLAGS.SILENT (\\Seen)"),
        [
            "* 1 FETCH (UID 1 MODSEQ (4))",
            "* 2 FETCH (UID 2 MODSEQ (4))",
            "* VANISHED 1",
            "* 1 RECENT",
            "b OK [HIGHESTMODSEQ 4] Store completed."
        ]
    );
    server.order(Fault::on("APPEND").edit(Moment::Continuation, |store| {
        store.add("INBOX", message("theirs")).unwrap();
    }));
    raw.send("c APPEND INBOX {1}\r\n");
    assert_eq!([raw.line(), raw.line()], ["* 2 EXISTS", "* 2 RECENT"]);
    assert_eq!(raw.line(), "+ Ready for literal data");
    raw.send("x\r\n");
    assert!(
        raw.until("c").last().unwrap().contains(" 4] "),
        "theirs took UID 3"
    );
}

#[test]
fn vanished_names_every_uid() {
    let server = server(Profile::full());
    let validity = server.store().state("INBOX").unwrap().uid_validity;
    server.order(Fault::on("SELECT").say(Moment::Completion, "* VANISHED (EARLIER) 1:4294967295"));
    let mut raw = Raw::alice(&server);
    raw.ok("a ENABLE QRESYNC");
    let lines = raw.command(&format!("b SELECT INBOX (QRESYNC ({validity} 1))"));
    assert_eq!(lines[lines.len() - 2], "* VANISHED (EARLIER) 1:4294967295");
}

#[test]
fn limits_hold() {
    let server = Server::builder()
        .allow_plaintext(true)
        .max_literal(1_000)
        .start()
        .unwrap();
    let mut raw = Raw::alice(&server);
    assert!(
        raw.tagged("a APPEND INBOX {1001}")
            .starts_with("a NO [TOOBIG]")
    );
    assert!(
        raw.tagged(&format!(
            "b APPEND INBOX {{1001+}}\r\n{}",
            "x".repeat(1_001)
        ))
        .starts_with("b NO [TOOBIG]")
    );
    assert!(
        raw.tagged("c APPEND INBOX {99999999999999999999}")
            .starts_with("c NO [TOOBIG]")
    );
    assert!(
        raw.tagged("d LOGIN {4294967295}")
            .starts_with("d NO [TOOBIG]")
    );
    raw.send("e NOOP\n");
    assert_eq!(raw.line(), "* BAD A line ends with CRLF");
    raw.send(vec![b'x'; 1_200_000]);
    assert!(raw.rest().starts_with("* BYE "));
}

#[test]
fn counting() {
    let server = server(Profile::full());
    let mut raw = Raw::plain(&server);
    server.reset_stats();
    raw.send("a LOGIN alice alicepw\r\n");
    raw.until("a");
    raw.send("b SELECT INBOX\r\nc NOOP\r\n");
    raw.until("c");
    let stats = server.stats();
    assert_eq!((stats.commands, stats.round_trips), (3, 2));
    assert_eq!(stats.bytes_received, 23 + 16 + 8);
    assert_eq!(
        server.command_lines(),
        ["LOGIN alice ***", "SELECT INBOX", "NOOP"]
    );
    assert!(server.commands().iter().all(|c| c.connection == 1));
}

#[test]
fn latency_is_no_matter_of_what_is_said() {
    let server = Server::builder()
        .allow_plaintext(true)
        .latency(Duration::from_millis(2))
        .user("bob", "bobpw")
        .user("alice", "alicepw")
        .start()
        .unwrap();
    let mut raw = Raw::alice(&server);
    raw.send("a SELECT INBOX\r\nb IDLE\r\n");
    raw.until("a");
    assert_eq!(raw.line(), "+ idling");
    // The store without a name is that of the user named first.
    server.store().add("INBOX", message("bob's")).unwrap();
    server
        .store_of("alice")
        .unwrap()
        .add("INBOX", message("alice's"))
        .unwrap();
    assert_eq!(raw.line(), "* 1 EXISTS");
    raw.send("DONE\r\nc UID FETCH 1 (FLAGS)\r\n");
    assert_eq!(raw.until("c").len(), 4);
    assert!(server.store_of("carol").is_none());
}

#[test]
fn no_nonsense_ends_a_session() {
    let server = server(Profile::full());
    server
        .store()
        .add_all("INBOX", [message("1"), message("2")])
        .unwrap();
    let mut raw = Raw::inbox(&server);
    let pieces = [
        "a",
        "UID",
        "FETCH",
        "STORE",
        "SEARCH",
        "LIST",
        "STATUS",
        "SELECT",
        "NOTIFY",
        "SET",
        "RETURN",
        "ENABLE",
        "CREATE",
        "COPY",
        "INBOX",
        "1:*",
        "*",
        "4294967295",
        "4294967296",
        "0",
        ",",
        ":",
        " ",
        "  ",
        "(",
        ")",
        "((((",
        "\"",
        "\"x\"",
        "\\",
        "[",
        "]",
        "BODY",
        "BODY[",
        "HEADER.FIELDS",
        "<0.1>",
        "<",
        ">",
        "%",
        "&AGE-",
        "FLAGS",
        "+FLAGS",
        "\\Seen",
        "NOT",
        "OR",
        "NIL",
        "CHANGEDSINCE",
        "\u{fc}",
        "\u{1}",
        "+",
        "~",
        "QRESYNC",
        "MODSEQ",
        "$",
    ];
    // A fixed sequence (xorshift), so that a failure comes again.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    for _ in 0..3_000 {
        let mut line = String::new();
        for _ in 0..=next(12) {
            line.push_str(pieces[next(pieces.len())]);
            if next(2) == 0 {
                line.push(' ');
            }
        }
        raw.send(format!("a {line}\r\nzz CAPABILITY\r\n"));
        let answer = raw.until("zz");
        assert!(
            answer.last().unwrap().starts_with("zz OK"),
            "{line}: {answer:?}"
        );
    }
}
