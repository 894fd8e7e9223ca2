//! What the log holds. Alone in its process: which places log at all is settled for all threads
//! together.
#![cfg(feature = "source")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use deltasync::client::{Client, ClientOptions};
use deltasync::testing::{Fault, Server};
use deltasync::wire::sync::{Class, CollectionRequest};
use deltasync::wire::{ServerId, SyncKey};
use sync_core::net::{Credential, Tls, TlsOptions};
use sync_core::testing::Written;

const INBOX: &str = "00000000-0000-0000-0000-000000000001";

fn client(server: &Server, password: &str) -> Client {
    let tls = Tls::new(&TlsOptions {
        ca_pem: Some(server.ca_pem().into()),
        ..TlsOptions::default()
    });
    let url = format!("https://localhost:{}/", server.tls_addr().port());
    let credential = Credential::password("alice@example.org", password);
    let options = ClientOptions::new(url.parse().unwrap(), credential, tls.unwrap());
    Client::new(options).unwrap()
}

#[test]
fn neither_password_nor_ticket_is_logged() {
    let log = Written::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = Server::start().unwrap();
    let _guard = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);
    let shown = runtime.block_on(async {
        let mut client = client(&server, "alicepw");
        client.folders().await.unwrap();
        server.order(Fault::on("Sync").cut_answer(20));
        let error = client.sync_one(CollectionRequest::new(
            Class::Email,
            Some(ServerId::new(INBOX)),
            SyncKey::initial(),
        ));
        let error = error.await;
        let mut wrong = self::client(&server, "alicewrong");
        let refused = wrong.folders().await.unwrap_err();
        format!("{client:?} {error:?} {refused:?} {wrong:?}")
    });
    let logged = log.text();
    assert!(logged.contains("answered"), "{logged}");
    for text in [&shown, &logged] {
        for secret in ["alicepw", "alicewrong", "EwAIA", "t="] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
