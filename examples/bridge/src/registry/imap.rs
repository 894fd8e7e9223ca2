use imap_client::client::{ConnectOptions, Security, Timeouts};
use imap_client::source::{ImapConfig, ImapSource};
use sync_core::Source;
use sync_core::error::Result;

use crate::config::MailServer;
use crate::credentials::{CONNECT_TIMEOUT, credentials, tls};

/// An IMAP account; nothing is connected yet.
pub(super) fn open(server: &MailServer) -> Result<Box<dyn Source>> {
    let security = match (server.implicit_tls, server.allow_plaintext) {
        (true, _) => Security::Tls,
        (false, false) => Security::StartTls,
        (false, true) => Security::AllowPlaintext,
    };
    let mut timeouts = Timeouts::default();
    timeouts.connect = CONNECT_TIMEOUT;
    let mut options = ConnectOptions::new(&server.host, credentials(&server.user, &server.login))
        .security(security)
        .timeouts(timeouts)
        .tls(tls(server.tls_ca.as_deref())?);
    if let Some(port) = server.port {
        options = options.port(port);
    }
    let config = ImapConfig::new(&server.user, options);
    Ok(Box::new(ImapSource::new(config)))
}
