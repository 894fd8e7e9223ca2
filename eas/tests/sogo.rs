//! The client and the source against a real SOGo.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "sogo/client.rs"]
mod client;
#[path = "sogo/conformance.rs"]
mod conformance;
#[path = "sogo/contacts.rs"]
mod contacts;
#[path = "sogo/keys.rs"]
mod keys;
#[path = "sogo/mail.rs"]
mod mail;
#[path = "support/postman.rs"]
mod postman;
#[path = "sogo/shared.rs"]
mod shared;
#[path = "sogo/source.rs"]
mod source;
#[path = "sogo/tasks.rs"]
mod tasks;
#[path = "sogo/watch.rs"]
mod watch;
#[path = "sogo/world.rs"]
mod world;

use eas::client::{Client, ClientOptions, Device};
use eas::source::{EasConfig, EasSource};
use sync_core::net::{Credential, Tls, TlsOptions};
use testbed::Sogo;

fn options(sogo: &Sogo, user: &str, device: &str) -> ClientOptions {
    let url = format!(
        "http://127.0.0.1:{}/SOGo/Microsoft-Server-ActiveSync",
        sogo.port
    );
    let login = Credential::password(user, Sogo::password(user).as_str());
    let tls = Tls::new(&TlsOptions::default()).unwrap();
    let mut options =
        ClientOptions::new(url.parse().unwrap(), user, login, Device::new(device), tls);
    options.http.plaintext = true;
    options
}

fn client(sogo: &Sogo, user: &str) -> Client {
    Client::new(options(sogo, user, "test01")).unwrap()
}

fn source(sogo: &Sogo, user: &str, device: &str) -> EasSource {
    windowed(sogo, user, device, 100)
}

/// With so many items a page.
fn windowed(sogo: &Sogo, user: &str, device: &str, window: u16) -> EasSource {
    let mut config = EasConfig::new("alice@sogo", options(sogo, user, device));
    config.zone = Some("Europe/Paris".into());
    config.window = window;
    EasSource::new(config).unwrap()
}
