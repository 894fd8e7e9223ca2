//! What the log holds. Alone in its process: which places log at all is settled for all threads
//! together.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use imap_client::client::ConnectOptions;
use sync_core::net::Credential;
use sync_core::testing::Written;

#[tokio::test(start_paused = true)]
async fn the_wire_log_holds_no_secret() {
    let log = Written::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let offers = [
        (
            "AUTH=PLAIN SASL-IR",
            "C: A1 AUTHENTICATE PLAIN AGFsaWNlAHMzY3IzdC13w7ZyZA==",
        ),
        (
            "AUTH=PLAIN",
            "C: A1 AUTHENTICATE PLAIN\nS: +\nC: AGFsaWNlAHMzY3IzdC13w7ZyZA==",
        ),
        (
            "AUTH=LOGIN",
            "C: A1 AUTHENTICATE LOGIN\nS: + VQ==\nC: YWxpY2U=\nS: + UA==\nC: czNjcjN0LXfDtnJk",
        ),
        (
            "LITERAL+ X",
            "C: A1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 LITERAL+\nS: A1 OK\nC: A2 LOGIN alice {12+}\nC: s3cr3t-wörd",
        ),
    ];
    for (capabilities, login) in offers {
        let tag = if login.contains("A2") { "A2" } else { "A1" };
        let text = format!(
            "S: * OK [CAPABILITY IMAP4rev1 {capabilities}] hi\n{login}\nS: {tag} OK [CAPABILITY IMAP4rev1] in\n"
        );
        let options = ConnectOptions::new("h", Credential::password("alice", "s3cr3t-wörd"));
        script::connect(&text, &options).await.unwrap();
    }
    let log = log.text();
    assert!(
        log.contains("AUTHENTICATE") && log.contains("LOGIN"),
        "{log}"
    );
    for secret in ["s3cr3t", "czNjcjN0", "MzY3IzdC"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
