//! Accounts to test with.

use eas::client::{Client, ClientOptions, Device};
use eas::testing::Server;
use sync_core::net::{Credential, Tls, TlsOptions};

pub(crate) fn options(server: &Server, device: &str) -> ClientOptions {
    let login = Credential::password("alice", "alicepw");
    let tls = Tls::new(&TlsOptions::default()).unwrap();
    let url = server.url().parse().unwrap();
    let mut options = ClientOptions::new(url, "alice", login, Device::new(device), tls);
    options.http.plaintext = true;
    options
}

pub(crate) fn client(server: &Server) -> Client {
    Client::new(options(server, "device1")).unwrap()
}
