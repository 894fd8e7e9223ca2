//! Accounts to test with.

use imap_client::ImapConfig;
use imap_client::client::{ConnectOptions, Security};
use imap_client::testing::{Profile, Server};
use sync_core::net::Credential;

/// A server of this profile that takes logins without TLS.
pub(crate) fn server(profile: Profile) -> Server {
    Server::builder()
        .profile(profile)
        .allow_plaintext(true)
        .start()
        .unwrap()
}

/// How alice logs in there.
pub(crate) fn config(server: &Server) -> ImapConfig {
    let connect = ConnectOptions::new("127.0.0.1", Credential::password("alice", "alicepw"))
        .security(Security::AllowPlaintext)
        .port(server.addr().port());

    let tls = sync_core::net::TlsOptions {
        ca_pem: Some(server.ca_pem().as_bytes().to_vec()),
        ..Default::default()
    };
    let connect = connect.tls(sync_core::net::Tls::new(&tls).unwrap());
    ImapConfig::new("alice", connect)
}
