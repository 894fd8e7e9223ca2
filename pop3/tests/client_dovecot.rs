//! The client against a real Dovecot.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use pop3::client::{ConnectOptions, Part, Security, Transfer};
use pop3::wire::{Code, ListEntry};
use pop3::{Client, Result};
use sync_core::net::{Credential, CredentialSource, Tls, TlsOptions};
use testbed::mail::{Generator, Message};
use testbed::{Dovecot, Proxy};

fn tls(server: &Dovecot) -> Tls {
    Tls::new(&TlsOptions {
        ca_pem: Some(std::fs::read(&server.ca_path).unwrap()),
        ..TlsOptions::default()
    })
    .unwrap()
}

fn as_user(server: &Dovecot, credential: impl CredentialSource + 'static) -> ConnectOptions {
    ConnectOptions::new("localhost", credential)
        .security(Security::Stls)
        .port(server.pop3_port)
        .tls(tls(server))
}

fn password(user: &str) -> Credential {
    Credential::password(user, Dovecot::password(user))
}

async fn alice(server: &Dovecot) -> Client {
    Client::connect(&as_user(server, password("alice")))
        .await
        .unwrap()
}

async fn collect(mut transfer: Transfer<'_>) -> Result<Vec<Vec<u8>>> {
    let mut messages = Vec::new();
    while let Some(part) = transfer.next().await? {
        match part {
            Part::Begin { .. } => messages.push(Vec::new()),
            Part::Chunk(bytes) => messages.last_mut().unwrap().extend_from_slice(&bytes),
            Part::End { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    Ok(messages)
}

/// As Dovecot gives it: each line ends in CRLF, the last one too.
fn as_sent(message: &[u8]) -> Vec<u8> {
    let mut sent = Vec::new();
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        sent.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        sent.extend_from_slice(b"\r\n");
    }
    sent
}

fn message(bytes: &[u8]) -> Message {
    let mut message = Generator::new(1).next().unwrap();
    message.bytes = bytes.to_vec();
    message
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn all_ways_to_connect_and_log_in() {
    let server = Dovecot::start().unwrap();
    let client = alice(&server).await;
    assert!(client.is_tls());
    let capabilities = client.capabilities();
    assert!(capabilities.pipelining && capabilities.uidl && capabilities.top);
    assert!(capabilities.resp_codes && capabilities.sasl.is_empty());
    client.quit().await.unwrap();
    let pop3s = as_user(&server, password("bob"))
        .security(Security::Tls)
        .port(server.pop3s_port);
    let client = Client::connect(&pop3s).await.unwrap();
    assert!(client.is_tls());
    client.quit().await.unwrap();
    let bearer = Credential::bearer("alice", Dovecot::bearer_token("alice"));
    let client = Client::connect(&as_user(&server, bearer)).await.unwrap();
    client.quit().await.unwrap();

    let wrong = Credential::password("alice", "wrong");
    let error = Client::connect(&as_user(&server, wrong)).await.unwrap_err();
    assert!(error.is_authentication(), "{error}");
    assert_eq!(error.response_code(), Some(&Code::Auth), "{error}");
    let expired = Credential::bearer("alice", Dovecot::expired_token("alice"));
    let error = Client::connect(&as_user(&server, expired))
        .await
        .unwrap_err();
    assert!(error.is_authentication(), "{error}");
    let system = ConnectOptions::new("localhost", password("alice"))
        .security(Security::Stls)
        .port(server.pop3_port);
    let error = Client::connect(&system).await.unwrap_err();
    assert!(!error.is_retryable(), "{error}");
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn each_mechanism_alone() {
    for mechanisms in ["plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"] {
        let extra = format!("auth_mechanisms = {mechanisms}");
        let server = Dovecot::builder().extra(extra).start().unwrap();
        alice(&server).await.quit().await.unwrap();
        let wrong = as_user(&server, Credential::password("alice", "wrong"));
        let error = Client::connect(&wrong).await.unwrap_err();
        assert!(error.is_authentication(), "{mechanisms}: {error}");
    }
    for mechanism in ["oauthbearer", "xoauth2"] {
        let extra = format!("auth_mechanisms = plain {mechanism}");
        let server = Dovecot::builder().extra(extra).start().unwrap();
        let bearer = Credential::bearer("alice", Dovecot::bearer_token("alice"));
        let client = Client::connect(&as_user(&server, bearer)).await.unwrap();
        client.quit().await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn apop_without_tls() {
    let server = Dovecot::builder()
        .without_tls()
        .extra("auth_mechanisms = plain login apop")
        .start()
        .unwrap();
    let options = as_user(&server, password("alice")).security(Security::AllowPlaintext);
    let client = Client::connect(&options).await.unwrap();
    assert!(!client.is_tls());
    client.quit().await.unwrap();
    assert!(server.log().contains("method=APOP"), "{}", server.log());
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn a_mailbox_is_downloaded_and_emptied() {
    let server = Dovecot::start().unwrap();
    let mut mail: Vec<Message> = Generator::new(7).take(300).collect();
    mail.push(message(
        b"Subject: dots\r\n\r\n.\r\n..\r\n...\r\n.\r\n.dots.\r\n",
    ));
    mail.push(message(b".\r\n\r\n.\r\n..\r\n...dots\r\n.\r\n"));
    mail.push(message(b".Dot: first\r\n\r\n.\r\n"));
    mail.push(message(b"Subject: no end"));
    mail.push(message(b".\r\n"));
    mail.push(message(
        &[b"Subject: long\r\n\r\n", &[b'x'; 100_000][..]].concat(),
    ));
    server.append("alice", "INBOX", &mail).unwrap();

    let mut client = alice(&server).await;
    let stat = client.stat().await.unwrap();
    assert_eq!(stat.messages as usize, mail.len());
    let (list, ids) = client.listings().await.unwrap();
    let ids = ids.unwrap();
    assert_eq!((list.len(), ids.len()), (mail.len(), mail.len()));
    assert_eq!(list.iter().map(|e| e.octets).sum::<u64>(), stat.octets);
    let mut unique: Vec<&str> = ids.iter().map(|e| e.unique_id.as_str()).collect();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), mail.len());

    let messages = collect(client.retrieve(&list)).await.unwrap();
    assert_eq!(messages.len(), mail.len());
    for (got, sent) in messages.iter().zip(&mail) {
        assert_eq!(
            got.escape_ascii().to_string(),
            as_sent(&sent.bytes).escape_ascii().to_string()
        );
    }
    let tops = collect(client.top(&list, 0)).await.unwrap();
    for (top, whole) in tops.iter().zip(&messages) {
        assert!(whole.starts_with(top) && top.len() <= whole.len());
    }

    let gone = ListEntry {
        number: 9999,
        octets: 1,
    };
    let mut transfer = client.retrieve(&[gone, list[0]]);
    assert!(matches!(
        transfer.next().await.unwrap(),
        Some(Part::Failed { number: 9999, .. })
    ));
    assert_eq!(collect(transfer).await.unwrap().len(), 1);

    let numbers: Vec<u32> = list.iter().map(|e| e.number).collect();
    assert!(client.delete(&numbers).await.iter().all(Result::is_ok));
    client.reset().await.unwrap();
    assert_eq!(client.stat().await.unwrap(), stat);
    assert!(client.delete(&numbers).await.iter().all(Result::is_ok));
    client.quit().await.unwrap();
    assert_eq!(server.count("alice", "INBOX").unwrap(), 0);
    let mut client = alice(&server).await;
    assert_eq!(client.listings().await.unwrap(), (vec![], Some(vec![])));
    client.quit().await.unwrap();
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn deletions_without_quit_are_forgotten() {
    let server = Dovecot::start().unwrap();
    let mail: Vec<Message> = Generator::new(3).take(10).collect();
    server.append("alice", "INBOX", &mail).unwrap();
    let proxy = Proxy::to(server.pop3_port).unwrap();
    let options = as_user(&server, password("alice")).port(proxy.port());
    let mut client = Client::connect(&options).await.unwrap();
    assert!(client.delete(&[1, 2, 3]).await.iter().all(Result::is_ok));
    proxy.cut();
    let error = client.quit().await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert_eq!(server.count("alice", "INBOX").unwrap(), 10);
}
