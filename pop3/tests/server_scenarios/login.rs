use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use md5::{Digest as _, Md5};
use pop3::testing::{Profile, Server};

use crate::talk::{Talk, server};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The text of the challenge.
fn challenge(line: &str) -> String {
    let text = line.strip_prefix("+ ").expect(line);
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

#[test]
fn a_password_with_spaces_logs_in() {
    let server = Server::builder()
        .user("bob", "two words ")
        .allow_plaintext(true)
        .start()
        .unwrap();
    let mut talk = Talk::to(&server);
    assert_eq!(talk.ask("PASS two words "), "-ERR No username given.");
    assert_eq!(talk.ask("user bob"), "+OK");
    assert_eq!(
        talk.ask("PASS two words"),
        "-ERR [AUTH] Authentication failed."
    );
    // The name has to be said again (RFC 1939 section 7).
    assert_eq!(talk.ask("PASS two words "), "-ERR No username given.");
    assert_eq!(talk.ask("USER nobody"), "+OK");
    assert_eq!(talk.ask("PASS x"), "-ERR [AUTH] Authentication failed.");
    assert_eq!(talk.ask("USER bob"), "+OK");
    assert_eq!(talk.ask("pass two words "), "+OK Logged in.");
    assert_eq!(talk.ask("USER bob"), "-ERR Unknown command: USER");
    let shown = server.command_lines();
    assert!(!shown.iter().any(|line| line.contains("two")), "{shown:?}");
}

#[test]
fn apop_takes_the_digest_of_timestamp_and_password() {
    let server = server(Profile::full());
    let (mut talk, greeting) = Talk::greeted(server.addr());
    let timestamp = &greeting[greeting.find('<').unwrap()..];
    let (mut other, second) = Talk::greeted(server.addr());
    assert!(!second.contains(timestamp), "{timestamp} came twice");
    let digest = hex(&Md5::digest(format!("{timestamp}alicepw")));
    let command = format!("APOP alice {digest}");
    assert_eq!(other.ask(&command), "-ERR [AUTH] Authentication failed.");
    assert_eq!(talk.ask(&command), "+OK Logged in.");
}

#[test]
fn plain_comes_with_the_command_or_after_it() {
    let server = server(Profile::full());
    let plain = STANDARD.encode("\0alice\0alicepw");
    let mut talk = Talk::to(&server);
    assert_eq!(talk.ask("AUTH PLAIN"), "+ ");
    assert_eq!(talk.ask("*"), "-ERR Authentication cancelled");
    assert_eq!(
        talk.ask("AUTH PLAIN ***"),
        "-ERR Invalid base64 data in initial response"
    );
    assert_eq!(
        talk.ask("AUTH NTLM"),
        "-ERR [AUTH] Unsupported authentication mechanism."
    );
    assert_eq!(talk.ask("AUTH PLAIN"), "+ ");
    assert_eq!(talk.ask(&plain), "+OK Logged in.");
    assert_eq!(talk.ask("QUIT"), "+OK Logging out.");
    let mut talk = Talk::to(&server);
    let wrong = STANDARD.encode("\0alice\0bobpw");
    assert_eq!(
        talk.ask(&format!("auth plain {wrong}")),
        "-ERR [AUTH] Authentication failed."
    );
    assert_eq!(talk.ask(&format!("auth plain {plain}")), "+OK Logged in.");
}

#[test]
fn login_and_cram_md5_answer_challenges() {
    let server = server(Profile::full());
    let mut talk = Talk::to(&server);
    assert_eq!(challenge(&talk.ask("AUTH LOGIN")), "Username:");
    assert_eq!(challenge(&talk.ask(&STANDARD.encode("alice"))), "Password:");
    assert_eq!(talk.ask(&STANDARD.encode("alicepw")), "+OK Logged in.");
    talk.ask("QUIT");

    let mut talk = Talk::to(&server);
    let said = challenge(&talk.ask("AUTH CRAM-MD5"));
    let mac = Hmac::<Md5>::new_from_slice(b"alicepw").unwrap();
    let digest = hex(&mac.chain_update(said).finalize().into_bytes());
    let response = STANDARD.encode(format!("alice {digest}"));
    assert_eq!(talk.ask(&response), "+OK Logged in.");
}

#[test]
fn a_token_is_refused_with_a_reason_first() {
    let server = server(Profile::full());
    for (mechanism, head) in [("XOAUTH2", "user=alice"), ("OAUTHBEARER", "n,a=alice,")] {
        let response = |token| STANDARD.encode(format!("{head}\x01auth=Bearer {token}\x01\x01"));
        let mut talk = Talk::to(&server);
        let why = talk.ask(&format!("AUTH {mechanism} {}", response("old")));
        assert!(challenge(&why).contains("status"), "{why}");
        assert_eq!(talk.ask("AQ=="), "-ERR [AUTH] Authentication failed.");
        assert_eq!(talk.ask(&format!("AUTH {mechanism}")), "+ ");
        assert_eq!(talk.ask(&response("token")), "+OK Logged in.");
        talk.ask("QUIT");
    }
}

#[test]
fn without_tls_no_password_is_shown() {
    let server = Server::start().unwrap();
    let (mut talk, greeting) = Talk::greeted(server.addr());
    let list = talk.lines("CAPA");
    assert!(list.contains(&"STLS".to_owned()), "{list:?}");
    assert!(list.contains(&"SASL CRAM-MD5".to_owned()), "{list:?}");
    assert!(!list.contains(&"USER".to_owned()), "{list:?}");
    for command in ["USER alice", "PASS alicepw", "AUTH PLAIN", "AUTH XOAUTH2"] {
        let answer = talk.ask(command);
        assert!(answer.starts_with("-ERR [AUTH] Plaintext"), "{answer}");
    }
    // APOP shows none.
    let timestamp = &greeting[greeting.find('<').unwrap()..];
    let digest = hex(&Md5::digest(format!("{timestamp}alicepw")));
    assert_eq!(talk.ask(&format!("APOP alice {digest}")), "+OK Logged in.");
    assert_eq!(talk.ask("STLS"), "-ERR Unknown command: STLS");
}

#[test]
fn one_session_at_a_time() {
    let server = server(Profile::full());
    let mut first = Talk::logged_in(&server);
    let mut second = Talk::to(&server);
    for _ in 0..2 {
        second.ask("USER alice");
        assert_eq!(
            second.ask("PASS alicepw"),
            "-ERR [IN-USE] Do you have another POP session running?"
        );
    }
    assert!(server.maildrop().is_locked());
    assert!(server.maildrop().lock().is_none());
    first.ask("QUIT");
    let held = server.maildrop().lock().expect("the mailbox is free");
    second.ask("USER alice");
    assert!(second.ask("PASS alicepw").starts_with("-ERR [IN-USE]"));
    drop(held);
    second.ask("USER alice");
    assert_eq!(second.ask("PASS alicepw"), "+OK Logged in.");
}

#[test]
fn who_comes_again_too_early_is_refused() {
    let server = server(Profile::full().login_delay(600));
    let mut talk = Talk::logged_in(&server);
    assert!(talk.lines("CAPA").contains(&"LOGIN-DELAY 600".to_owned()));
    talk.ask("QUIT");
    let mut again = Talk::to(&server);
    again.ask("USER alice");
    let answer = again.ask("PASS alicepw");
    assert!(answer.starts_with("-ERR [LOGIN-DELAY]"), "{answer}");
}

#[test]
fn silence_ends_the_session_and_removes_nothing() {
    let server = Server::builder()
        .allow_plaintext(true)
        .autologout(Duration::from_millis(100))
        .start()
        .unwrap();
    server.maildrop().add("A: b\r\n\r\n");
    let mut talk = Talk::logged_in(&server);
    assert_eq!(talk.ask("DELE 1"), "+OK Marked to be deleted.");
    assert_eq!(talk.rest(), "");
    assert_eq!(server.maildrop().len(), 1);
    assert!(!server.maildrop().is_locked());
}
