//! A session with a scripted peer.
#![allow(dead_code, unreachable_pub, unused_imports, clippy::unwrap_used)]

use imap_client::client::{ConnectOptions, Security};
use imap_client::{Client, Result};
use sync_core::net::Credential;
pub use sync_core::testing::script::{Step, peer, play, play_part, script};
use tokio::task::JoinHandle;

/// Options for a connection that counts as protected; alice, `pa"ss`.
pub fn options() -> ConnectOptions {
    ConnectOptions::new("imap.example.org", Credential::password("alice", "pa\"ss"))
        .security(Security::Tls)
}

/// What a peer says that needs no login and has these capabilities.
pub fn greeting(capabilities: &str) -> String {
    format!("S: * PREAUTH [CAPABILITY IMAP4rev1 {capabilities}] hello\n")
}

/// A session that is logged in, with a peer that has these capabilities and plays `text`.
pub async fn session(capabilities: &str, text: &str) -> (Client, JoinHandle<()>) {
    let (stream, peer) = peer(&format!("{}{text}", greeting(capabilities)));
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

/// Ends a session without LOGOUT and sees that the script was played to its end.
pub async fn over(client: Client, peer: JoinHandle<()>) {
    drop(client);
    peer.await.unwrap();
}
