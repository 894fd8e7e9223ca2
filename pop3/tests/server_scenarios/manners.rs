use std::time::{Duration, Instant};

use pop3::testing::{Profile, Server};

use crate::talk::{Talk, server};

/// As printed by the real ones (the testbed's notes).
#[test]
fn capabilities_are_those_of_the_real_servers() {
    let of = |profile| Talk::to(&server(profile)).lines("CAPA");
    assert_eq!(
        of(Profile::dovecot_like()),
        [
            "CAPA",
            "TOP",
            "UIDL",
            "RESP-CODES",
            "PIPELINING",
            "AUTH-RESP-CODE",
            "STLS",
            "USER",
            "SASL PLAIN LOGIN CRAM-MD5 OAUTHBEARER XOAUTH2"
        ]
    );
    assert_eq!(
        of(Profile::courier_like()),
        [
            "SASL PLAIN LOGIN CRAM-MD5",
            "STLS",
            "TOP",
            "USER",
            "LOGIN-DELAY 10",
            "PIPELINING",
            "UIDL",
            "UTF8 USER",
            "IMPLEMENTATION Courier Mail Server"
        ]
    );
    let dovecot = server(Profile::dovecot_like());
    assert_eq!(
        Talk::logged_in(&dovecot).lines("CAPA"),
        [
            "CAPA",
            "TOP",
            "UIDL",
            "RESP-CODES",
            "PIPELINING",
            "AUTH-RESP-CODE"
        ]
    );
    let raw = of(Profile::full().capability_text(&["TOP", "X-ODD  two  spaces"]));
    assert_eq!(raw, ["TOP", "X-ODD  two  spaces"]);
}

#[test]
fn a_bare_server_knows_the_minimum() {
    let server = server(Profile::rfc1939_bare());
    server.maildrop().add("A: b\r\n\r\n");
    let (mut talk, greeting) = Talk::greeted(server.addr());
    assert_eq!(greeting, "+OK POP3 server ready");
    for command in ["CAPA", "APOP alice x", "AUTH", "STLS", "UTF8", "LANG"] {
        assert_eq!(talk.ask(command), "-ERR Unknown command.", "{command}");
    }
    assert_eq!(talk.ask("USER alice"), "+OK");
    assert_eq!(talk.ask("PASS x"), "-ERR invalid password");
    talk.ask("USER alice");
    assert_eq!(talk.ask("PASS alicepw"), "+OK Logged in.");
    for command in ["UIDL", "TOP 1 0", "CAPA"] {
        assert!(talk.ask(command).starts_with("-ERR Unknown"), "{command}");
    }
    assert_eq!(talk.lines("RETR 1"), ["A: b", ""]);
}

#[test]
fn response_codes_are_sent_where_they_are_announced() {
    let locked = |profile| {
        let server = server(profile);
        let _held = server.maildrop().lock();
        let mut talk = Talk::to(&server);
        talk.ask("USER alice");
        talk.ask("PASS alicepw")
    };
    let text = "Do you have another POP session running?";
    assert_eq!(locked(Profile::full()), format!("-ERR [IN-USE] {text}"));
    assert_eq!(locked(Profile::courier_like()), format!("-ERR {text}"));
}

#[test]
fn commands_that_come_together_are_answered_together() {
    let server = server(Profile::full());
    let mut talk = Talk::to(&server);
    talk.send("USER alice\r\nPASS alicepw\r\nSTAT\r\nNOOP\r\nQUIT\r\n");
    assert_eq!(
        talk.rest(),
        "+OK\r\n+OK Logged in.\r\n+OK 0 0\r\n+OK\r\n+OK Logging out.\r\n"
    );
    assert_eq!(server.stats().round_trips, 1);
}

#[test]
fn without_pipelining_what_comes_ahead_is_lost() {
    let server = server(Profile::full().without("PIPELINING"));
    let mut talk = Talk::to(&server);
    talk.send("USER alice\r\nPASS alicepw\r\n");
    assert_eq!(talk.line(), "+OK");
    assert_eq!(talk.ask("PASS alicepw"), "+OK Logged in.");
    assert_eq!(server.command_lines(), ["USER alice", "PASS ***"]);
}

#[test]
fn courier_loses_what_comes_with_pass() {
    let server = server(Profile::courier_like());
    let mut talk = Talk::to(&server);
    talk.send("USER alice\r\nPASS alicepw\r\nSTAT\r\nLIST\r\n");
    assert_eq!(talk.line(), "+OK");
    assert_eq!(talk.line(), "+OK Logged in.");
    talk.send("STAT\r\nNOOP\r\n");
    assert_eq!(talk.line(), "+OK 0 0");
    assert_eq!(talk.line(), "+OK");
    let lines = server.command_lines();
    assert_eq!(lines, ["USER alice", "PASS ***", "STAT", "NOOP"]);
}

#[test]
fn nothing_is_kept_where_mail_expires_at_once() {
    let server = server(Profile::full().with("EXPIRE 0"));
    let drop = server.maildrop();
    drop.add_all(["A: 1\r\n\r\n", "A: 2\r\n\r\n"]);
    let mut talk = Talk::logged_in(&server);
    talk.lines("RETR 1");
    talk.lines("TOP 2 1");
    talk.ask("QUIT");
    assert_eq!(drop.messages()[0].bytes, "A: 2\r\n\r\n");
    assert_eq!(drop.len(), 1);
}

#[test]
fn utf8_is_switched_on_before_the_login() {
    let server = Server::builder()
        .profile(Profile::full().refuses_utf8_headers(true))
        .user("jörg", "pässwörd")
        .allow_plaintext(true)
        .start()
        .unwrap();
    let drop = server.maildrop();
    drop.add("Subject: Grüße\r\n\r\nx\r\n");
    drop.add("Subject: greetings\r\n\r\nGrüße\r\n");
    for utf8 in [true, false] {
        let mut talk = Talk::to(&server);
        assert_eq!(talk.ask("UTF8"), "+OK UTF8 enabled");
        assert_eq!(talk.ask("STLS"), "-ERR STLS is not allowed after UTF8");
        if !utf8 {
            talk = Talk::to(&server);
            let answer = talk.ask("USER jörg");
            assert_eq!(answer, "-ERR Only ASCII is known here");
            continue;
        }
        assert_eq!(talk.ask("USER jörg"), "+OK");
        assert_eq!(talk.ask("PASS pässwörd"), "+OK Logged in.");
        assert_eq!(talk.lines("RETR 1"), ["Subject: Grüße", "", "x"]);
    }
    let server = server_with_utf8_mail();
    let mut talk = Talk::logged_in(&server);
    let answer = talk.ask("RETR 1");
    assert!(answer.starts_with("-ERR [UTF8]"), "{answer}");
    assert!(talk.ask("TOP 1 0").starts_with("-ERR [UTF8]"));
}

fn server_with_utf8_mail() -> Server {
    let server = server(Profile::full().refuses_utf8_headers(true));
    server.maildrop().add("Subject: Grüße\r\n\r\nx\r\n");
    server
}

#[test]
fn languages_are_listed_and_changed() {
    let server = server(Profile::full());
    let mut talk = Talk::to(&server);
    assert_eq!(talk.lines("LANG"), ["en English", "de German"]);
    assert_eq!(talk.ask("LANG DE"), "+OK de Sprache gewechselt");
    assert_eq!(talk.ask("LANG *"), "+OK en Language changed");
    assert!(talk.ask("LANG uga").starts_with("-ERR"));
}

#[test]
fn a_round_trip_takes_the_ordered_time() {
    let latency = Duration::from_millis(60);
    let server = Server::builder()
        .allow_plaintext(true)
        .latency(latency)
        .start()
        .unwrap();
    let start = Instant::now();
    let mut talk = Talk::to(&server);
    talk.send("USER alice\r\nPASS alicepw\r\nNOOP\r\n");
    (0..3).for_each(|_| drop(talk.line()));
    talk.ask("QUIT");
    assert!(start.elapsed() >= latency * 2);
    assert_eq!(server.stats().round_trips, 2);
}
