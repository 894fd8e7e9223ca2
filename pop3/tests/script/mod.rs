//! A session with a scripted peer.
#![allow(dead_code, unreachable_pub, unused_imports, clippy::unwrap_used)]

use pop3::client::{ConnectOptions, Security};
use pop3::{Client, Result};
use sync_core::net::Credential;
pub use sync_core::testing::script::{Step, peer, play, play_part, script};
use tokio::task::JoinHandle;

/// Options for a connection that counts as protected; alice, `pa"ss`.
pub fn options() -> ConnectOptions {
    ConnectOptions::new("pop.example.org", Credential::password("alice", "pa\"ss"))
        .security(Security::Tls)
}

/// An exchange of CAPA, with these lines, which commas separate, as the answer.
pub fn capa(capabilities: &str) -> String {
    let lines = capabilities.split(',').map(str::trim);
    let lines = lines.filter(|line| !line.is_empty());
    let lines: String = lines.map(|line| format!("S: {line}\n")).collect();
    format!("C: CAPA\nS: +OK capabilities follow\n{lines}S: .\n")
}

/// A greeting and a login, with these capabilities, which commas separate, before and after it.
pub fn login(capabilities: &str) -> String {
    format!(
        "S: +OK ready\n{}C: AUTH PLAIN AGFsaWNlAHBhInNz\nS: +OK Logged in.\n{}",
        capa(&format!("SASL PLAIN, {capabilities}")),
        capa(capabilities),
    )
}

/// A session that is logged in, with a peer that has these capabilities and plays `text`.
pub async fn session(capabilities: &str, text: &str) -> (Client, JoinHandle<()>) {
    let (stream, peer) = peer(&format!("{}{text}", login(capabilities)));
    let client = Client::from_stream(stream, &options()).await.unwrap();
    (client, peer)
}

/// A connect with a peer that plays all of `text`.
pub async fn connect(text: &str, options: &ConnectOptions) -> Result<Client> {
    let (stream, peer) = peer(text);
    let result = Client::from_stream(stream, options).await;
    if result.is_err() {
        peer.await.unwrap();
    }
    result
}

/// Ends a session without QUIT and sees that the script was played to its end.
pub async fn over(client: Client, peer: JoinHandle<()>) {
    drop(client);
    peer.await.unwrap();
}
