//! The client over real sockets, against servers of several manners.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use pop3::client::{ConnectOptions, Part, Security};
use pop3::testing::{Fault, Profile, Server};
use pop3::{Client, Result};
use sync_core::net::{Credential, CredentialSource, Tls, TlsOptions};

fn options(server: &Server, credential: impl CredentialSource + 'static) -> ConnectOptions {
    let tls = Tls::new(&TlsOptions {
        ca_pem: Some(server.ca_pem().into()),
        ..TlsOptions::default()
    });
    ConnectOptions::new("localhost", credential)
        .security(Security::Tls)
        .port(server.tls_addr().port())
        .tls(tls.unwrap())
}

fn alice(server: &Server) -> ConnectOptions {
    options(server, Credential::password("alice", "alicepw"))
}

const MAIL: [&str; 4] = [
    "Subject: one\r\n\r\nbody\r\n",
    "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n",
    "Subject: empty\r\n\r\n",
    "\r\n",
];

/// Downloads all there is.
async fn download(client: &mut Client) -> Result<Vec<String>> {
    let list = client.list().await?;
    let mut transfer = client.retrieve(&list);
    let mut mail = Vec::new();
    while let Some(part) = transfer.next().await? {
        match part {
            Part::Begin { .. } => mail.push(String::new()),
            Part::Chunk(bytes) => {
                let text = std::str::from_utf8(&bytes).unwrap();
                mail.last_mut().unwrap().push_str(text);
            }
            Part::End { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    Ok(mail)
}

#[tokio::test]
async fn a_mailbox_of_any_server_is_downloaded_and_emptied() {
    for (name, profile) in [
        ("full", Profile::full()),
        ("Dovecot", Profile::dovecot_like()),
        ("Cyrus", Profile::cyrus_like()),
        ("Courier", Profile::courier_like().without("LOGIN-DELAY")),
        ("bare", Profile::rfc1939_bare()),
    ] {
        let has_stls = profile.has("STLS");
        let server = Server::builder().profile(profile).start().unwrap();
        for security in [Security::Tls, Security::Stls] {
            let mut options = alice(&server).security(security);
            if security == Security::Stls {
                options = options.port(server.addr().port());
                if !has_stls {
                    let error = Client::connect(&options).await.unwrap_err();
                    assert!(error.is_authentication(), "{name}: {error}");
                    continue;
                }
            }
            server.maildrop().add_all(MAIL);
            let mut client = Client::connect(&options).await.unwrap();
            assert!(client.is_tls());
            assert_eq!(download(&mut client).await.unwrap(), MAIL, "{name}");
            let deleted = client.delete(&[1, 2, 3, 4]).await;
            assert!(deleted.iter().all(Result::is_ok), "{name}");
            assert_eq!(server.maildrop().len(), MAIL.len());
            client.quit().await.unwrap();
            assert!(server.maildrop().is_empty(), "{name}");
        }
    }
}

#[tokio::test]
async fn unique_ids_are_read_where_there_are_any() {
    for (profile, has) in [
        (Profile::cyrus_like().id_gap(" \t  "), true),
        (Profile::rfc1939_bare(), false),
    ] {
        let server = Server::builder().profile(profile).start().unwrap();
        server.maildrop().add_all(MAIL);
        server.maildrop().hide_uidl(2);
        server.maildrop().set_uidl(4, b"\xff odd \xfe");
        let mut client = Client::connect(&alice(&server)).await.unwrap();
        let (list, ids) = client.listings().await.unwrap();
        assert_eq!((list.len(), ids.is_some()), (4, has));
        if let Some(ids) = ids {
            let numbers: Vec<u32> = ids.iter().map(|entry| entry.number).collect();
            assert_eq!(numbers, [1, 3, 4]);
            assert_eq!(ids[2].unique_id, "\u{ff} odd \u{fe}");
        }
        client.quit().await.unwrap();
    }
}

#[tokio::test]
async fn round_trips_do_not_grow_with_the_mailbox() {
    let server = Server::start().unwrap();
    server
        .maildrop()
        .add_all((0..1000).map(|n| format!("Subject: {n}\r\n\r\n")));
    let mut client = Client::connect(&alice(&server)).await.unwrap();
    server.reset_stats();
    assert_eq!(download(&mut client).await.unwrap().len(), 1000);
    let numbers: Vec<u32> = (1..=1000).collect();
    assert!(client.delete(&numbers).await.iter().all(Result::is_ok));
    client.quit().await.unwrap();
    let stats = server.stats();
    assert_eq!(stats.commands, 2002);
    // The server may see one write of the client in pieces.
    assert!(stats.round_trips < 20, "{stats:?}");
}

#[tokio::test]
async fn a_maildrop_in_use_is_told_from_a_wrong_password() {
    for profile in [Profile::dovecot_like(), Profile::rfc1939_bare()] {
        let server = Server::builder().profile(profile).start().unwrap();
        let lock = server.maildrop().lock();
        let error = Client::connect(&alice(&server)).await.unwrap_err();
        assert!(error.is_in_use() && error.is_retryable(), "{error}");
        assert!(!error.is_authentication());
        drop(lock);
        let client = Client::connect(&alice(&server)).await.unwrap();
        client.quit().await.unwrap();
        let wrong = options(&server, Credential::password("alice", "wrong"));
        let error = Client::connect(&wrong).await.unwrap_err();
        assert!(error.is_authentication() && !error.is_in_use(), "{error}");
    }
}

#[tokio::test]
async fn a_lost_farewell_is_not_known_to_have_deleted() {
    let server = Server::start().unwrap();
    server.maildrop().add_all(MAIL);
    server.order(Fault::on("QUIT").cut_after());
    let mut client = Client::connect(&alice(&server)).await.unwrap();
    assert!(client.delete(&[1]).await[0].is_ok());
    let error = client.quit().await.unwrap_err();
    assert!(
        error.is_outcome_unknown() && error.is_retryable(),
        "{error}"
    );
}
