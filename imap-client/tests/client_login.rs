//! Greeting, capabilities and login, byte by byte against a scripted peer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use imap_client::Client;
use imap_client::client::{ConnectOptions, ErrorKind, Security};
use script::{connect, options, peer};
use sync_core::net::{Credential, CredentialFn, Stream};
use tokio::io::duplex;

fn with(credential: Credential) -> ConnectOptions {
    ConnectOptions::new("imap.example.org", credential).port(993)
}

#[tokio::test(start_paused = true)]
async fn login_with_an_initial_response_takes_one_round_trip() {
    let client = connect(
        "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hello
         C: A1 AUTHENTICATE PLAIN AGFsaWNlAHBhInNz
         S: A1 OK [CAPABILITY IMAP4rev1 IDLE] in",
        &options(),
    )
    .await
    .unwrap();
    assert!(client.session().has("IDLE") && !client.session().has("SASL-IR"));
}

#[tokio::test(start_paused = true)]
async fn login_without_initial_response_answers_any_first_challenge() {
    for challenge in ["+", "+ ", "+ go ahead"] {
        let text = format!(
            "S: * OK hello
             C: A1 CAPABILITY
             S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
             S: A1 OK
             C: A2 AUTHENTICATE PLAIN
             S: {challenge}
             C: AGFsaWNlAHBhInNz
             S: * CAPABILITY IMAP4rev1 UNSELECT
             S: A2 OK in"
        );
        let client = connect(&text, &options()).await.unwrap();
        assert!(client.session().has("UNSELECT"));
    }
}

#[tokio::test(start_paused = true)]
async fn capabilities_are_asked_for_again_where_they_may_be_short_or_old() {
    // Cyrus names a part in its greeting, and keeps LOGINDISABLED after login.
    let client = connect(
        "S: * OK [CAPABILITY IMAP4rev1 ID] Cyrus ready
         C: A1 CAPABILITY
         S: * CAPABILITY IMAP4rev1 ID SASL-IR LOGINDISABLED AUTH=PLAIN
         S: A1 OK
         C: A2 AUTHENTICATE PLAIN AGFsaWNlAHBhInNz
         S: A2 OK in
         C: A3 CAPABILITY
         S: * CAPABILITY IMAP4rev1 ID LOGINDISABLED AUTH=PLAIN UIDPLUS
         S: A3 OK",
        &options(),
    )
    .await
    .unwrap();
    assert!(client.session().has("UIDPLUS"));
}

#[tokio::test(start_paused = true)]
async fn a_capability_line_that_a_proxy_rewrote_is_taken_as_it_is() {
    let client = connect(
        "S: * OK [CAPABILITY st0ck IMAP4rev1 AUTH=PLAIN SASL-IR XAPPLEPUSHSERVICE=,=\\ ] iSCREAM
         C: A1 AUTHENTICATE PLAIN AGFsaWNlAHBhInNz
         S: * CAPABILITY  IMAP4rev1   UIDPLUS X=(odd)
         S: A1 OK in",
        &options(),
    )
    .await
    .unwrap();
    assert!(client.session().has("uidplus"));
}

#[tokio::test(start_paused = true)]
async fn login_is_the_last_resort() {
    let mut client = connect(
        "S: * OK [CAPABILITY IMAP4rev1] hello
         C: A1 CAPABILITY
         S: * CAPABILITY IMAP4rev1
         S: A1 OK
         C: A2 LOGIN alice \"pa\\\"ss\"
         S: A2 OK [CAPABILITY IMAP4rev1] in
         C: A3 NOOP
         S: A3 OK",
        &options(),
    )
    .await
    .unwrap();
    client.noop().await.unwrap();

    let error = connect(
        "S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hello
         C: A1 CAPABILITY
         S: * CAPABILITY IMAP4rev1 LOGINDISABLED
         S: A1 OK",
        &options(),
    )
    .await
    .unwrap_err();
    assert!(error.is_authentication());
}

#[tokio::test(start_paused = true)]
async fn a_refused_password_is_told_from_a_server_in_trouble() {
    let refused = |answer: &str| {
        format!(
            "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hello
             C: A1 AUTHENTICATE PLAIN AGFsaWNlAHBhInNz
             S: A1 {answer}"
        )
    };
    let text = refused("NO [AUTHENTICATIONFAILED] Authentication failed.");
    let error = connect(&text, &options()).await.unwrap_err();
    assert!(error.is_authentication() && !error.is_retryable());
    let text = refused("NO [UNAVAILABLE] Internal authentication failure");
    let error = connect(&text, &options()).await.unwrap_err();
    assert!(!error.is_authentication() && error.is_retryable());
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("pa\"ss") && !shown.contains("AGFsaWNl"));
}

#[tokio::test(start_paused = true)]
async fn a_bye_instead_of_a_greeting_says_why() {
    let text = "S: * BYE [UNAVAILABLE] Too many connections
         close";
    let error = connect(text, &options()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bye);
    assert!(error.is_retryable() && error.to_string().contains("Too many connections"));
    for odd in [
        "S: +OK POP3 ready",
        "S: HTTP/1.1 400 Bad Request",
        "S: * CAPABILITY IMAP4rev1",
    ] {
        let error = connect(odd, &options()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{odd}");
    }
    let error = connect("close", &options()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    let error = connect("hang", &options()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn no_password_without_tls_unless_allowed() {
    let strict = options().security(Security::StartTls);
    let error = connect(
        "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hello
         C: A1 CAPABILITY
         S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR
         S: A1 OK",
        &strict,
    )
    .await
    .unwrap_err();
    assert!(
        error.is_authentication() && error.to_string().contains("STARTTLS"),
        "{error}"
    );
    // A server that says PREAUTH leaves no room for STARTTLS.
    let error = connect("S: * PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi", &strict).await;
    assert!(error.unwrap_err().is_authentication());
    // A refusal of STARTTLS is no reason to go on in the clear.
    let error = connect(
        "S: * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hello
         C: A1 STARTTLS
         S: A1 NO not now",
        &strict,
    )
    .await;
    assert!(error.is_err());
    let lax = options().security(Security::AllowPlaintext);
    let client = connect(
        "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hello
         C: A1 CAPABILITY
         S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR
         S: A1 OK
         C: A2 AUTHENTICATE PLAIN AGFsaWNlAHBhInNz
         S: A2 OK [CAPABILITY IMAP4rev1] in",
        &lax,
    )
    .await
    .unwrap();
    assert!(!client.is_tls());
}

#[tokio::test(start_paused = true)]
async fn cram_md5_hides_the_password() {
    let lax = ConnectOptions::new("h", Credential::password("tim", "tanstaaftanstaaf"))
        .security(Security::AllowPlaintext);
    connect(
        "S: * OK [CAPABILITY IMAP4rev1 AUTH=CRAM-MD5 AUTH=PLAIN SASL-IR STARTTLSX] hello
         C: A1 CAPABILITY
         S: * CAPABILITY IMAP4rev1 AUTH=CRAM-MD5 AUTH=PLAIN SASL-IR
         S: A1 OK
         C: A2 AUTHENTICATE CRAM-MD5
         S: + PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
         C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
         S: A2 OK [CAPABILITY IMAP4rev1] in",
        &lax,
    )
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn login_mechanism_answers_two_questions() {
    connect(
        "S: * OK [CAPABILITY IMAP4rev1 AUTH=LOGIN SASL-IR] hello
         C: A1 AUTHENTICATE LOGIN
         S: + VXNlciBOYW1lAA==
         C: YWxpY2U=
         S: + UGFzc3dvcmQA
         C: cGEic3M=
         S: A1 OK [CAPABILITY IMAP4rev1] in",
        &options(),
    )
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_challenge_that_is_no_base64_cancels() {
    let error = connect(
        "S: * OK [CAPABILITY IMAP4rev1 AUTH=CRAM-MD5] hello
         C: A1 AUTHENTICATE CRAM-MD5
         S: + !!!
         C: *
         S: A1 BAD cancelled",
        &options(),
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test(start_paused = true)]
async fn external_without_a_name_is_an_equals_sign() {
    connect(
        "S: * OK [CAPABILITY IMAP4rev1 AUTH=EXTERNAL AUTH=PLAIN SASL-IR] hello
         C: A1 AUTHENTICATE EXTERNAL =
         S: A1 OK [CAPABILITY IMAP4rev1] in",
        &with(Credential::External { user: None }),
    )
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once() {
    // n,a=alice,^Ahost=imap.example.org^Aport=993^Aauth=Bearer t0^A^A
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let source = CredentialFn::new(move || {
        let n = count.fetch_add(1, Ordering::SeqCst);
        async move { Ok(Credential::bearer("alice", format!("t{n}"))) }
    });
    let options = ConnectOptions::new("imap.example.org", source);
    connect(
        "S: * OK [CAPABILITY IMAP4rev1 AUTH=OAUTHBEARER AUTH=XOAUTH2 SASL-IR] hello
         C: A1 AUTHENTICATE OAUTHBEARER bixhPWFsaWNlLAFob3N0PWltYXAuZXhhbXBsZS5vcmcBcG9ydD05OTMBYXV0aD1CZWFyZXIgdDABAQ==
         S: + eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=
         C: AQ==
         S: A1 NO [AUTHENTICATIONFAILED] Authentication failed.
         C: A2 AUTHENTICATE OAUTHBEARER bixhPWFsaWNlLAFob3N0PWltYXAuZXhhbXBsZS5vcmcBcG9ydD05OTMBYXV0aD1CZWFyZXIgdDEBAQ==
         S: A2 OK [CAPABILITY IMAP4rev1] in",
        &options,
    )
    .await
    .unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn xoauth2_answers_the_error_and_tells_the_status() {
    let error = connect(
        "S: * OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR] hello
         C: A1 AUTHENTICATE XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciB0AQE=
         S: + eyJzdGF0dXMiOiI0MDEifQ==
         C: 
         S: A1 NO [AUTHENTICATIONFAILED] (Failure)",
        &with(Credential::bearer("alice", "t")),
    )
    .await
    .unwrap_err();
    assert!(
        error.is_authentication() && error.to_string().contains("401"),
        "{error}"
    );
}

/// A peer that plays the server's half of SCRAM without knowing the password.
#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_prove_itself_is_left() {
    let (ours, mut theirs) = duplex(1 << 16);
    let server = tokio::spawn(async move {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
        let (read, mut write) = tokio::io::split(&mut theirs);
        let mut lines = BufReader::new(read).lines();
        let hello = "* OK [CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-256 SASL-IR] hi\r\n";
        write.write_all(hello.as_bytes()).await.unwrap();
        let first = lines.next_line().await.unwrap().unwrap();
        let message = STANDARD.decode(first.rsplit(' ').next().unwrap()).unwrap();
        let message = String::from_utf8(message).unwrap();
        let nonce = message.split("r=").nth(1).unwrap();
        let challenge = STANDARD.encode(format!("r={nonce}xyz,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
        write
            .write_all(format!("+ {challenge}\r\n").as_bytes())
            .await
            .unwrap();
        lines.next_line().await.unwrap().unwrap();
        // Straight to success, without a verifier.
        write
            .write_all(b"A1 OK [CAPABILITY IMAP4rev1] in\r\n")
            .await
            .unwrap();
        lines.next_line().await.unwrap()
    });
    let error = Client::from_stream(Stream::from_io(ours), &options())
        .await
        .unwrap_err();
    assert!(error.is_authentication(), "{error}");
    assert_eq!(server.await.unwrap(), None, "nothing more is said to it");
}

#[tokio::test(start_paused = true)]
async fn the_credential_is_asked_for_at_every_connect() {
    let seen = Arc::new(Mutex::new(0));
    let count = Arc::clone(&seen);
    let source = CredentialFn::new(move || {
        *count.lock().unwrap() += 1;
        async { Ok(Credential::password("alice", "pa\"ss")) }
    });
    let options = ConnectOptions::new("imap.example.org", source);
    for _ in 0..3 {
        let (stream, _peer) = peer(
            "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hello
             C: A1 AUTHENTICATE PLAIN AGFsaWNlAHBhInNz
             S: A1 OK [CAPABILITY IMAP4rev1] in",
        );
        Client::from_stream(stream, &options).await.unwrap();
    }
    assert_eq!(*seen.lock().unwrap(), 3);
}
