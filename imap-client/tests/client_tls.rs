//! STARTTLS and channel binding, against a scripted peer under real TLS.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imap_client::Client;
use imap_client::client::{ConnectOptions, Security};
use script::{play, play_part, script};
use sync_core::net::{Credential, Stream, Tls, TlsOptions};
use sync_core::testing::server::Identity;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, duplex};

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
        .security(Security::StartTls)
        .tls(tls)
}

#[tokio::test]
async fn what_came_before_the_handshake_is_thrown_away() {
    let (identity, tls) = authority();
    let (ours, mut theirs) = duplex(1 << 16);
    let peer = tokio::spawn(async move {
        let before = "S: * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=EVIL] hi
             C: A1 STARTTLS";
        assert!(play_part(&mut theirs, script(before)).await);
        // One packet: the consent, and what somebody in the middle adds.
        let injected = b"A1 OK begin\r\n* CAPABILITY IMAP4rev1 XEVIL AUTH=PLAIN\r\n* 666 EXISTS\r\nA2 OK in\r\n";
        theirs.write_all(injected).await.unwrap();
        let mut io = identity.accept(theirs).await.unwrap();
        let after = "C: A2 CAPABILITY
             S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR
             S: A2 OK
             C: A3 AUTHENTICATE PLAIN AGFsaWNlAHBhInNz
             S: A3 OK [CAPABILITY IMAP4rev1 IDLE] in
             C: A4 NOOP
             S: A4 OK";
        play(&mut io, script(after)).await;
    });
    let mut client = Client::from_stream(Stream::from_io(ours), &options(tls))
        .await
        .unwrap();
    assert!(client.is_tls() && !client.session().has("XEVIL"));
    client.noop().await.unwrap();
    assert!(client.next_event().is_none());
    drop(client);
    peer.await.unwrap();
}

#[tokio::test]
async fn plain_where_allowed_still_upgrades_where_offered() {
    let (identity, tls) = authority();
    let (ours, mut theirs) = duplex(1 << 16);
    let peer = tokio::spawn(async move {
        let before = "S: * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hi
             C: A1 STARTTLS
             S: A1 OK";
        assert!(play_part(&mut theirs, script(before)).await);
        let mut io = identity.accept(theirs).await.unwrap();
        let after = "C: A2 CAPABILITY
             S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR
             S: A2 OK
             C: A3 AUTHENTICATE PLAIN AGFsaWNlAHBhInNz
             S: A3 OK [CAPABILITY IMAP4rev1] in";
        play(&mut io, script(after)).await;
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
        let before = "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi
             C: A1 STARTTLS
             S: A1 OK";
        assert!(play_part(&mut theirs, script(before)).await);
        assert!(identity.accept(theirs).await.is_err());
    });
    let error = Client::from_stream(Stream::from_io(ours), &options(other))
        .await
        .unwrap_err();
    assert!(!error.is_retryable(), "{error}");
    peer.await.unwrap();
}

/// What a client said first in SCRAM, from its AUTHENTICATE line.
fn client_first(line: &str) -> (String, String) {
    let mut words = line.split(' ').skip(2);
    let mechanism = words.next().unwrap().to_owned();
    let message = STANDARD.decode(words.next().unwrap()).unwrap();
    (mechanism, String::from_utf8(message).unwrap())
}

#[tokio::test]
async fn scram_binds_to_the_channel_and_goes_on_without_where_the_server_cannot() {
    let (identity, tls) = authority();
    let (ours, theirs) = duplex(1 << 16);
    let peer = tokio::spawn(async move {
        let io = identity.accept(theirs).await.unwrap();
        let mut io = BufReader::new(io);
        let offer = "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-256-PLUS] hi\r\n";
        io.write_all(offer.as_bytes()).await.unwrap();
        io.flush().await.unwrap();
        let mut line = String::new();
        io.read_line(&mut line).await.unwrap();
        let (mechanism, message) = client_first(line.trim_end());
        assert_eq!(mechanism, "SCRAM-SHA-256-PLUS");
        assert!(message.starts_with("p=tls-exporter,,n=alice,"), "{message}");
        io.write_all(b"A1 NO channel binding type is not supported\r\n")
            .await
            .unwrap();
        io.flush().await.unwrap();
        line.clear();
        io.read_line(&mut line).await.unwrap();
        let (mechanism, message) = client_first(line.trim_end());
        assert_eq!(mechanism, "SCRAM-SHA-256");
        // Not `y`, which would accuse the connection of a man in the middle.
        assert!(message.starts_with("n,,n=alice,"), "{message}");
        io.write_all(b"A2 NO [AUTHENTICATIONFAILED] no\r\n")
            .await
            .unwrap();
        io.flush().await.unwrap();
        line.clear();
        // The password is not shown as a last resort.
        assert_eq!(io.read_line(&mut line).await.unwrap_or(0), 0, "{line}");
    });
    let connector = tls.clone();
    let stream = Stream::from_io(ours)
        .upgrade(&connector, "localhost")
        .await
        .unwrap();
    let error = Client::from_stream(stream, &options(tls))
        .await
        .unwrap_err();
    assert!(error.is_authentication());
    peer.await.unwrap();
}
