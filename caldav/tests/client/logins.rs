//! Ways to log in, under TLS, at the server of the crate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use caldav::client::{Client, ClientOptions, Service};
use caldav::testing::{Auth, Profile, Server};
use caldav::wire::Precondition;
use sync_core::net::{Credential, CredentialFn, CredentialSource, Tls, TlsOptions};

fn server(auth: Auth) -> Server {
    let server = Server::builder().profile(Profile::full().auth(auth));
    let server = server.start().unwrap();
    server.store().create("calendars/work");
    server
}

fn client(server: &Server, login: impl CredentialSource + 'static) -> Client {
    let tls = Tls::new(&TlsOptions {
        ca_pem: Some(server.ca_pem().into()),
        ..TlsOptions::default()
    });
    let options = ClientOptions::new(&server.tls_url(), tls.unwrap(), login);
    Client::new(options.unwrap()).unwrap()
}

async fn calendars(client: &Client) -> usize {
    let account = client.discover(Service::CalDav).await.unwrap();
    let home = &account.homes[0];
    client
        .collections(Service::CalDav, home)
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn passwords_by_basic_and_by_digest() {
    for auth in [Auth::Basic, Auth::Digest] {
        let server = server(auth);
        let client = client(&server, Credential::password("alice", "alicepw"));
        assert_eq!(calendars(&client).await, 1, "{auth:?}");
        let refused = server
            .requests()
            .iter()
            .filter(|r| r.status == Some(401))
            .count();
        // Digest costs one refusal, once.
        assert_eq!(refused, usize::from(auth == Auth::Digest));
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_once() {
    for auth in [Auth::Basic, Auth::Digest] {
        let server = server(auth);
        let client = client(&server, Credential::password("alice", "wrong"));
        let error = client.discover(Service::CalDav).await.unwrap_err();
        assert!(error.is_authentication(), "{auth:?}: {error}");
        let asked = server.requests().len();
        assert!(asked <= 2, "{auth:?}: {asked} requests");
    }
}

#[tokio::test]
async fn a_token_is_renewed() {
    let server = server(Auth::Bearer);
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let client = client(
        &server,
        CredentialFn::new(move || {
            let token = match count.fetch_add(1, Ordering::SeqCst) {
                0 => "expired",
                _ => "token",
            };
            async move { Ok(Credential::bearer("alice", token)) }
        }),
    );
    assert_eq!(calendars(&client).await, 1);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_write_is_sent_again_with_a_better_login() {
    let server = server(Auth::Digest);
    let client = client(&server, Credential::password("alice", "alicepw"));
    let home = caldav::wire::Href::parse("/dav/calendars/alice/work/a.ics").unwrap();
    let event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:a\r\n\
        DTSTAMP:20261121T100000Z\r\nDTSTART:20261121T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let put = client.put(&home, Service::CalDav, event.into(), &Precondition::New);
    put.await.unwrap();
    assert_eq!(client.get(&home).await.unwrap().data, event);
}
