use std::time::Duration;

use deltasync::client::ClientOptions;
use deltasync::source::{DeltaSyncConfig, DeltaSyncSource};
use deltasync::testing::{Account, Profile, Server};
use sync_core::net::{Credential, Tls, TlsOptions};

pub(crate) const USER: &str = "alice@example.org";

pub(crate) fn server(profile: Profile) -> Server {
    Server::builder().profile(profile).start().unwrap()
}

pub(crate) fn account(server: &Server) -> Account {
    server.account_of(USER).unwrap()
}

pub(crate) fn options(server: &Server) -> ClientOptions {
    let tls = Tls::new(&TlsOptions {
        ca_pem: Some(server.ca_pem().into()),
        ..TlsOptions::default()
    });
    let url = format!("https://localhost:{}/", server.tls_addr().port());
    let credential = Credential::password(USER, "alicepw");
    ClientOptions::new(url.parse().unwrap(), credential, tls.unwrap())
}

pub(crate) fn config(server: &Server) -> DeltaSyncConfig {
    DeltaSyncConfig::new(USER, options(server)).poll(Duration::from_millis(20))
}

pub(crate) fn source(server: &Server) -> DeltaSyncSource {
    DeltaSyncSource::new(config(server))
}
