//! STLS and channel binding, against a scripted peer under real TLS.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pop3::Client;
use pop3::client::{ConnectOptions, Security};
use script::{capa, play, play_part, script};
use sync_core::net::{Credential, Stream, Tls, TlsOptions};
use sync_core::testing::server::Identity;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, duplex,
};

/// A server's identity and what a client must trust.
fn authority() -> (Identity, Tls) {
    let identity = Identity::generate().unwrap();
    let tls = Tls::new(&TlsOptions {
        ca_pem: Some(identity.ca_pem().as_bytes().to_vec()),
        ..TlsOptions::default()
    });
    (identity, tls.unwrap())
}

fn options(tls: Tls) -> ConnectOptions {
    ConnectOptions::new("localhost", Credential::password("alice", "pa\"ss"))
        .security(Security::Stls)
        .tls(tls)
}

#[tokio::test]
async fn what_came_before_the_handshake_is_thrown_away() {
    let (identity, tls) = authority();
    let (ours, mut theirs) = duplex(1 << 16);
    let peer = tokio::spawn(async move {
        // A timestamp that somebody in the middle may have chosen, and answers that he adds to the consent.
        let before = "S: +OK ready <chosen@attacker.example>
             C: STLS
             S: +OK Begin TLS
             S: +OK
             S: SASL LOGIN EVIL
             S: PIPELINING
             S: .
             S~ +OK half";
        assert!(play_part(&mut theirs, script(before)).await);
        let mut io = identity.accept(theirs).await.unwrap();
        let after = format!(
            "{}C: AUTH PLAIN AGFsaWNlAHBhInNz\nS: +OK\n{}C: STAT\nS: +OK 1 5",
            capa("SASL PLAIN"),
            capa("TOP"),
        );
        play(&mut io, script(&after)).await;
    });
    let mut client = Client::from_stream(Stream::from_io(ours), &options(tls))
        .await
        .unwrap();
    assert!(client.is_tls() && !client.capabilities().pipelining);
    assert_eq!(client.stat().await.unwrap().messages, 1);
    drop(client);
    peer.await.unwrap();
}

#[tokio::test]
async fn a_timestamp_from_before_the_handshake_is_not_signed() {
    let (identity, tls) = authority();
    let (ours, mut theirs) = duplex(1 << 16);
    let peer = tokio::spawn(async move {
        let before = "S: +OK ready <chosen@attacker.example>
             C: STLS
             S: +OK Begin TLS";
        assert!(play_part(&mut theirs, script(before)).await);
        let mut io = identity.accept(theirs).await.unwrap();
        let after = format!("{}C: USER alice\nS: -ERR no", capa("TOP"));
        play(&mut io, script(&after)).await;
    });
    let error = Client::from_stream(Stream::from_io(ours), &options(tls))
        .await
        .unwrap_err();
    assert!(error.is_authentication());
    peer.await.unwrap();
}

#[tokio::test]
async fn plain_where_allowed_still_upgrades_where_offered() {
    let (identity, tls) = authority();
    let (ours, mut theirs) = duplex(1 << 16);
    let peer = tokio::spawn(async move {
        let before = format!("S: +OK\n{}C: STLS\nS: +OK", capa("STLS, SASL PLAIN"));
        assert!(play_part(&mut theirs, script(&before)).await);
        let mut io = identity.accept(theirs).await.unwrap();
        let after = format!(
            "{}C: AUTH PLAIN AGFsaWNlAHBhInNz\nS: +OK\n{}",
            capa("SASL PLAIN"),
            capa("TOP"),
        );
        play(&mut io, script(&after)).await;
    });
    let options = options(tls).security(Security::AllowPlaintext);
    let client = Client::from_stream(Stream::from_io(ours), &options)
        .await
        .unwrap();
    assert!(client.is_tls());
    drop(client);
    peer.await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_ends_it_for_good() {
    let (identity, _) = authority();
    let (_, other) = authority();
    let (ours, mut theirs) = duplex(1 << 16);
    let peer = tokio::spawn(async move {
        let before = "S: +OK\nC: STLS\nS: +OK";
        assert!(play_part(&mut theirs, script(before)).await);
        assert!(identity.accept(theirs).await.is_err());
    });
    let error = Client::from_stream(Stream::from_io(ours), &options(other))
        .await
        .unwrap_err();
    assert!(!error.is_retryable(), "{error}");
    peer.await.unwrap();
}

async fn line(io: &mut (impl AsyncBufRead + Unpin)) -> String {
    let mut line = String::new();
    io.read_line(&mut line).await.unwrap_or(0);
    line.trim_end().to_owned()
}

async fn say(io: &mut (impl AsyncWrite + Unpin), text: &str) {
    io.write_all(text.as_bytes()).await.unwrap();
    io.flush().await.unwrap();
}

/// The mechanism of an AUTH line, and what the client says first in it.
fn client_first(line: &str) -> (String, String) {
    let mut words = line.split(' ').skip(1);
    let mechanism = words.next().unwrap().to_owned();
    let message = STANDARD.decode(words.next().unwrap()).unwrap();
    (mechanism, String::from_utf8(message).unwrap())
}

#[tokio::test]
async fn scram_binds_to_the_channel_and_goes_on_without_where_the_server_cannot() {
    let (identity, tls) = authority();
    let (ours, theirs) = duplex(1 << 16);
    let peer = tokio::spawn(async move {
        let mut io = BufReader::new(identity.accept(theirs).await.unwrap());
        say(&mut io, "+OK\r\n").await;
        assert_eq!(line(&mut io).await, "CAPA");
        say(
            &mut io,
            "+OK\r\nSASL PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS\r\n.\r\n",
        )
        .await;
        let (mechanism, message) = client_first(&line(&mut io).await);
        assert_eq!(mechanism, "SCRAM-SHA-256-PLUS");
        assert!(message.starts_with("p=tls-exporter,,n=alice,"), "{message}");
        say(&mut io, "-ERR channel binding type is not supported\r\n").await;
        let (mechanism, message) = client_first(&line(&mut io).await);
        assert_eq!(mechanism, "SCRAM-SHA-256");
        // Not `y`, which would accuse the connection of a man in the middle.
        assert!(message.starts_with("n,,n=alice,"), "{message}");
        say(&mut io, "-ERR [AUTH] no\r\n").await;
        // The password is not shown as a last resort.
        assert_eq!(line(&mut io).await, "");
    });
    let stream = Stream::from_io(ours)
        .upgrade(&tls, "localhost")
        .await
        .unwrap();
    let error = Client::from_stream(stream, &options(tls))
        .await
        .unwrap_err();
    assert!(error.is_authentication());
    peer.await.unwrap();
}
