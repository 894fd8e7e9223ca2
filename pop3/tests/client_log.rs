//! What the log holds. Alone in its process: which places log at all is settled for all threads
//! together.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod script;

use pop3::client::ConnectOptions;
use script::capa;
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
        ("SASL PLAIN", "C: AUTH PLAIN AGFsaWNlAHMzY3IzdC13w7ZyZA=="),
        (
            "SASL LOGIN",
            "C: AUTH LOGIN\nS: + VQ==\nC: YWxpY2U=\nS: + UA==\nC: czNjcjN0LXfDtnJk",
        ),
        ("USER", "C: USER alice\nS: +OK\nC: PASS s3cr3t-wörd"),
        (
            "USER, PIPELINING",
            "C: USER alice\nC: PASS s3cr3t-wörd\nS: +OK",
        ),
        ("TOP", "C: APOP alice ee2b48a4c31d770616fb99992ca5214b"),
    ];
    for (offer, login) in offers {
        let text = format!(
            "S: +OK <1@h>\n{}{login}\nS: +OK in\n{}",
            capa(offer),
            capa("TOP")
        );
        let options = ConnectOptions::new("h", Credential::password("alice", "s3cr3t-wörd"));
        script::connect(&text, &options).await.unwrap();
    }
    let log = log.text();
    for word in ["AUTH", "PASS", "APOP", "alice"] {
        assert!(log.contains(word), "{log}");
    }
    for secret in ["s3cr3t", "czNjcjN0", "MzY3IzdC", "ee2b48a4"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
