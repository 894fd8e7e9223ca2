//! Greeting, capabilities and login, byte by byte against a scripted peer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pop3::client::{ConnectOptions, ErrorKind, Security};
use pop3::{Client, Error};
use script::{capa, connect, options};
use sync_core::net::{Credential, CredentialFn};

fn with(credential: Credential) -> ConnectOptions {
    ConnectOptions::new("pop.example.org", credential).port(995)
}

/// What a refused connect says.
async fn refused(text: &str, options: &ConnectOptions) -> Error {
    connect(text, options).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn an_initial_response_saves_a_round_trip() {
    let text = format!(
        "S: +OK Dovecot ready.\n{}C: AUTH PLAIN AGFsaWNlAHBhInNz\nS: +OK Logged in.\n{}",
        capa(
            "CAPA, TOP, UIDL, RESP-CODES, PIPELINING, AUTH-RESP-CODE, STLS, USER, SASL PLAIN LOGIN"
        ),
        capa("CAPA, TOP, UIDL, RESP-CODES, PIPELINING, AUTH-RESP-CODE"),
    );
    let client = connect(&text, &options()).await.unwrap();
    let capabilities = client.capabilities();
    assert!(capabilities.pipelining && capabilities.sasl.is_empty() && !capabilities.stls);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_overlooks_the_initial_response_gets_it_again() {
    for challenge in ["+", "+ "] {
        let text = format!(
            "S: +OK\n{}C: AUTH PLAIN AGFsaWNlAHBhInNz\nS: {challenge}\nC: AGFsaWNlAHBhInNz\nS: +OK\n{}",
            capa("SASL PLAIN"),
            capa("TOP"),
        );
        assert!(connect(&text, &options()).await.unwrap().capabilities().top);
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_initial_response_waits_for_the_first_challenge() {
    // As Microsoft's tokens are; the whole line would be above 255 bytes.
    let token = "t".repeat(400);
    let response = STANDARD.encode(format!("user=alice\x01auth=Bearer {token}\x01\x01"));
    let text = format!(
        "S: +OK\n{}C: AUTH XOAUTH2\nS: + \nC: {response}\nS: +OK User successfully authenticated.\n{}",
        capa("TOP, UIDL, SASL PLAIN XOAUTH2, USER"),
        capa("TOP, UIDL"),
    );
    let options = with(Credential::bearer("alice", token.as_str()));
    connect(&text, &options).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_line_with_an_initial_response_may_have_255_bytes() {
    // "AUTH PLAIN " + base64 of "\0alice\0" and the password + CRLF.
    for (password, fits) in [("x".repeat(173), true), ("x".repeat(174), false)] {
        let response = STANDARD.encode(format!("\0alice\0{password}"));
        let login = if fits {
            assert_eq!(format!("AUTH PLAIN {response}\r\n").len(), 253);
            format!("C: AUTH PLAIN {response}")
        } else {
            format!("C: AUTH PLAIN\nS: + go ahead\nC: {response}")
        };
        let text = format!(
            "S: +OK\n{}{login}\nS: +OK\n{}",
            capa("SASL PLAIN"),
            capa("")
        );
        let options = with(Credential::password("alice", password.as_str()));
        connect(&text, &options).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn cram_md5_and_login_answer_challenges() {
    // RFC 2195 section 2.
    let text = format!(
        "S: +OK\n{}C: AUTH CRAM-MD5
         S: + PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
         C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
         S: +OK CRAM authentication successful\n{}",
        capa("SASL PLAIN LOGIN CRAM-MD5"),
        capa("TOP"),
    );
    let tim = with(Credential::password("tim", "tanstaaftanstaaf"));
    connect(&text, &tim).await.unwrap();

    let text = format!(
        "S: +OK\n{}C: AUTH LOGIN
         S: + VXNlcm5hbWU6
         C: YWxpY2U=
         S: + UGFzc3dvcmQ6
         C: cGEic3M=
         S: +OK\n{}",
        capa("SASL LOGIN"),
        capa("TOP"),
    );
    connect(&text, &options()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_challenge_that_is_none_is_cancelled() {
    let text = format!(
        "S: +OK\n{}C: AUTH CRAM-MD5
         S: + !!!
         C: *
         S: -ERR cancelled",
        capa("SASL CRAM-MD5"),
    );
    let error = refused(&text, &options()).await;
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test(start_paused = true)]
async fn scram_sees_through_a_server_that_does_not_know_the_password() {
    let text = format!(
        "S: +OK\n{}C~ AUTH SCRAM-SHA-256 \nhang",
        capa("SASL PLAIN SCRAM-SHA-256"),
    );
    let (stream, peer) = script::peer(&text);
    let options = options();
    let connecting = Client::from_stream(stream, &options);
    let late = tokio::time::timeout(Duration::from_secs(1), connecting).await;
    assert!(late.is_err(), "SCRAM goes before PLAIN");
    peer.abort();
    // A +OK too early proves nothing.
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let peer = tokio::spawn(async move {
        use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
        let mut io = BufReader::new(theirs);
        io.write_all(b"+OK\r\n").await.unwrap();
        let mut line = String::new();
        io.read_line(&mut line).await.unwrap();
        io.write_all(b"+OK\r\nSASL SCRAM-SHA-256\r\n.\r\n")
            .await
            .unwrap();
        io.read_line(&mut line).await.unwrap();
        io.write_all(b"+OK come in\r\n").await.unwrap();
        line.clear();
        assert_eq!(io.read_line(&mut line).await.unwrap_or(0), 0, "{line}");
    });
    let stream = sync_core::net::Stream::from_io(ours);
    let error = Client::from_stream(stream, &options).await.unwrap_err();
    assert!(error.is_authentication(), "{error}");
    peer.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_sasl_it_is_user_and_pass() {
    // A server without CAPA; USER and PASS each wait.
    let text = "S: +OK POP3 server ready
         C: CAPA
         S: -ERR Unknown command
         C: USER alice
         S: +OK Password required
         C: PASS pa\"ss
         S: +OK maildrop locked and ready
         C: CAPA
         S: -ERR Unknown command";
    let client = connect(text, &options()).await.unwrap();
    assert!(!client.capabilities().is_announced());

    let text = format!(
        "S: +OK\n{}C: USER alice\nC: PASS pa\"ss\nS: +OK\nS: +OK\n{}",
        capa("USER, PIPELINING"),
        capa("PIPELINING"),
    );
    connect(&text, &options()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refused_user_is_a_refused_login() {
    let text = "S: +OK
         C: CAPA
         S: -ERR what?
         C: USER alice
         S: -ERR sorry, no mailbox for alice here";
    let error = refused(text, &options()).await;
    assert!(
        error.is_authentication() && error.command() == Some("USER"),
        "{error}"
    );
    let text = format!(
        "S: +OK\n{}C: USER alice\nC: PASS pa\"ss\nS: -ERR no such user\nS: -ERR USER first",
        capa("USER, PIPELINING"),
    );
    let error = refused(&text, &options()).await;
    assert!(
        error.is_authentication() && error.command() == Some("USER"),
        "{error}"
    );
}

const APOP: &str = "C: APOP mrose c4c9334bac560ecc979e58001b3e22fb";

fn mrose(security: Security) -> ConnectOptions {
    with(Credential::password("mrose", "tanstaaf")).security(security)
}

fn rfc_greeting(capabilities: &str) -> String {
    let greeting = "S: +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>";
    format!("{greeting}\n{}", capa(capabilities))
}

#[tokio::test(start_paused = true)]
async fn apop_goes_before_what_shows_the_password() {
    let lax = mrose(Security::AllowPlaintext);
    let text = format!(
        "{}{APOP}\nS: +OK maildrop has 1 message (369 octets)\n{}",
        rfc_greeting("USER, SASL PLAIN LOGIN"),
        capa("UIDL"),
    );
    connect(&text, &lax).await.unwrap();
    // The timestamp may be there though the server cannot do APOP for this user.
    let text = format!(
        "{}{APOP}\nS: -ERR [AUTH] Authentication failed.\nC: AUTH PLAIN AG1yb3NlAHRhbnN0YWFm\nS: +OK\n{}",
        rfc_greeting("USER, SASL PLAIN"),
        capa("UIDL"),
    );
    connect(&text, &lax).await.unwrap();
    // But not where the server is in trouble.
    let text = format!("{}{APOP}\nS: -ERR [IN-USE] busy", rfc_greeting("USER"));
    assert!(refused(&text, &lax).await.is_in_use());
    // And what hides the password without MD5 of a guessable form goes first.
    let text = format!(
        "{}C: AUTH CRAM-MD5\nS: -ERR no",
        rfc_greeting("SASL CRAM-MD5")
    );
    assert!(refused(&text, &lax).await.is_authentication());
}

#[tokio::test(start_paused = true)]
async fn under_tls_apop_is_the_last_resort() {
    let tls = mrose(Security::Tls);
    let text = format!(
        "{}C: USER mrose\nS: +OK\nC: PASS tanstaaf\nS: +OK\n{}",
        rfc_greeting("USER"),
        capa("")
    );
    connect(&text, &tls).await.unwrap();
    let text = format!("{}{APOP}\nS: +OK\n{}", rfc_greeting("TOP"), capa(""));
    connect(&text, &tls).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_password_without_tls_unless_allowed() {
    let strict = options().security(Security::Stls);
    // A server that does not do TLS is not asked for anything else.
    for answer in ["-ERR Unknown command.", "-ERR TLS not available"] {
        let error = refused(&format!("S: +OK\nC: STLS\nS: {answer}"), &strict).await;
        assert!(
            error.is_authentication() && !error.is_retryable(),
            "{error}"
        );
        assert!(error.to_string().contains("pop3s://"), "{error}");
    }
    let busy = refused("S: +OK\nC: STLS\nS: -ERR [SYS/TEMP] not now", &strict).await;
    assert!(busy.is_retryable());
    let lax = options().security(Security::AllowPlaintext);
    let text = format!(
        "S: +OK\n{}C: AUTH PLAIN AGFsaWNlAHBhInNz\nS: +OK\n{}",
        capa("SASL PLAIN"),
        capa("TOP"),
    );
    let client = connect(&text, &lax).await.unwrap();
    assert!(!client.is_tls());
}

#[tokio::test(start_paused = true)]
async fn a_refused_password_is_told_from_a_server_in_trouble() {
    let text = |answer: &str| {
        let capabilities = capa("SASL PLAIN, LOGIN-DELAY 10, RESP-CODES");
        format!("S: +OK\n{capabilities}C: AUTH PLAIN AGFsaWNlAHBhInNz\nS: {answer}")
    };
    let answer = "-ERR [AUTH] Authentication failed.";
    let error = refused(&text(answer), &options()).await;
    assert!(error.is_authentication() && !error.is_retryable());
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("pa\"ss") && !shown.contains("AGFsaWNl"));

    let error = refused(&text("-ERR [IN-USE] busy"), &options()).await;
    assert!(error.is_in_use() && error.is_retryable() && error.retry_after().is_none());
    let error = refused(&text("-ERR [LOGIN-DELAY] wait"), &options()).await;
    assert!(error.is_retryable() && !error.is_authentication());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(10)));
    let error = refused(&text("-ERR [SYS/TEMP] wait"), &options()).await;
    assert!(error.is_retryable() && error.is_throttled());
    let error = refused(&text("-ERR [SYS/PERM] closed"), &options()).await;
    assert!(error.is_permanent() && !error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn odd_greetings() {
    let error = refused("S: -ERR [SYS/TEMP] too many connections\nclose", &options()).await;
    assert!(error.is_retryable() && error.is_throttled(), "{error:?}");
    let error = refused("S: -ERR Maximum number of connections reached", &options()).await;
    assert!(error.is_retryable());
    for odd in [
        "S: * OK IMAP4rev1 ready",
        "S: HTTP/1.1 400 Bad Request",
        "S: 220 ESMTP",
    ] {
        let error = refused(odd, &options()).await;
        assert_eq!(error.kind(), ErrorKind::Protocol, "{odd}");
    }
    assert_eq!(
        refused("close", &options()).await.kind(),
        ErrorKind::Connection
    );
    assert_eq!(refused("hang", &options()).await.kind(), ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_is_asked_for_anew() {
    let line = |token: &str| {
        let response = format!(
            "n,a=alice,\x01host=pop.example.org\x01port=995\x01auth=Bearer {token}\x01\x01"
        );
        format!("AUTH OAUTHBEARER {}", STANDARD.encode(response))
    };
    // {"status":"invalid_token"}, answered by 0x01, as Dovecot does it.
    let text = format!(
        "S: +OK\n{}C: {}
         S: + eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=
         C: AQ==
         S: -ERR [AUTH] Authentication failed.
         C: {}
         S: +OK\n{}",
        capa("SASL PLAIN OAUTHBEARER XOAUTH2"),
        line("token0"),
        line("token1"),
        capa("TOP"),
    );
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let source = CredentialFn::new(move || {
        let n = count.fetch_add(1, Ordering::SeqCst);
        async move { Ok(Credential::bearer("alice", format!("token{n}"))) }
    });
    let options = ConnectOptions::new("pop.example.org", source);
    connect(&text, &options).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 2);

    let text = format!(
        "S: +OK\n{}C: {}
         S: + eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=
         C: AQ==
         S: -ERR [AUTH] Authentication failed.",
        capa("SASL OAUTHBEARER"),
        line("token0"),
    );
    let error = refused(&text, &with(Credential::bearer("alice", "token0"))).await;
    assert!(
        error.is_authentication() && error.to_string().contains("invalid_token"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_fits_no_offer_says_what_the_server_has() {
    let text = format!("S: +OK\n{}", capa("SASL PLAIN, USER"));
    let error = refused(&text, &with(Credential::bearer("alice", "token"))).await;
    assert!(
        error.is_authentication() && error.to_string().contains("PLAIN"),
        "{error}"
    );
    let error = refused(
        "S: +OK\nC: CAPA\nS: -ERR",
        &with(Credential::bearer("a", "t")),
    )
    .await;
    assert!(error.is_authentication());
}

#[tokio::test(start_paused = true)]
async fn a_name_cannot_smuggle_a_command() {
    let text = "S: +OK\nC: CAPA\nS: -ERR";
    let evil = with(Credential::password("alice\r\nDELE 1", "x"));
    assert_eq!(refused(text, &evil).await.kind(), ErrorKind::Usage);
}

#[tokio::test(start_paused = true)]
async fn utf8_is_agreed_on_before_login_where_it_is_offered() {
    for answer in ["+OK UTF8 enabled", "-ERR not today"] {
        let text = format!(
            "S: +OK\n{}C: UTF8\nS: {answer}\nC: AUTH PLAIN AGFsaWNlAHBhInNz\nS: +OK\n{}",
            capa("UTF8 USER, SASL PLAIN"),
            capa("UTF8 USER"),
        );
        connect(&text, &options()).await.unwrap();
    }
    let text = format!(
        "S: +OK\n{}C: AUTH PLAIN AGFsaWNlAHBhInNz\nS: +OK\n{}",
        capa("UTF8 USER, SASL PLAIN"),
        capa("UTF8 USER"),
    );
    connect(&text, &options().utf8(false)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_out_behind_a_login_before_it_is_answered() {
    // Courier announces PIPELINING and drops what came in one write with PASS.
    let text = format!(
        "S: +OK Hello there.\n{}C: USER alice\nC: PASS pa\"ss\nS: +OK Password required.\nhang",
        capa("USER, PIPELINING, UIDL"),
    );
    let error = refused(&text, &options()).await;
    assert_eq!(error.kind(), ErrorKind::Timeout);
}
