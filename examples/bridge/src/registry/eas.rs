use std::fmt::Write as _;
use std::path::Path;

use eas::client::{ClientOptions, Device, DiscoverOptions, discover};
use eas::source::{EasConfig, EasSource};
use sha2::{Digest as _, Sha256};
use sync_core::Source;
use sync_core::error::{Error, ErrorKind, Result};
use sync_core::net::http::Url;

use crate::config::WebServer;
use crate::credentials::{CONNECT_TIMEOUT, credentials, tls};

/// Mail, calendars, contacts, tasks and notes of an account.
pub(super) async fn open(web: &WebServer, state: &Path) -> Result<Box<dyn Source>> {
    let lacks = |what| Error::new(ErrorKind::Config, format!("there is no {what}"));
    // The config was read with all of them.
    let user = web.user.as_deref().ok_or_else(|| lacks("user"))?;
    let login = web.login.as_ref().ok_or_else(|| lacks("way to log in"))?;
    let login = credentials(user, login);
    let tls = tls(web.tls_ca.as_deref())?;
    let (place, url) = match (&web.url, &web.address) {
        (Some(url), _) => {
            let place = url.without_user();
            let url = Url::parse(&place);
            let url = url.map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;
            (place, url)
        }
        (None, Some(address)) => {
            let found =
                discover(address, login.clone(), &DiscoverOptions::new(tls.clone())).await?;
            (address.clone(), found.url)
        }
        (None, None) => return Err(lacks("url or address")),
    };
    let account = format!("{user} at {place}");
    let mut device = Device::new(device_id(&account, state));
    device.information.friendly_name = Some("bridge".into());
    // The config allowed it, or it would not be `http://`.
    let plaintext = url.scheme() == "http";
    let mut options = ClientOptions::new(url, user, login, device, tls);
    options.http.plaintext = plaintext;
    options.http.connect_timeout = CONNECT_TIMEOUT;
    Ok(Box::new(EasSource::new(EasConfig::new(account, options))?))
}

/// One device for each account and state: servers keep what a device was told, and a state of its
/// own was told nothing.
fn device_id(account: &str, state: &Path) -> String {
    let state = std::path::absolute(state).unwrap_or_else(|_| state.to_owned());
    let digest = Sha256::digest(format!("{account}\n{}", state.display()));
    let mut id = String::with_capacity(32);
    for byte in digest.iter().take(16) {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_of_one_account_and_one_state() {
        let id = device_id(
            "alice at https://mail.example.org/",
            Path::new("/a/state.db"),
        );
        assert_eq!(id.len(), 32);
        assert!(id.bytes().all(|b| b.is_ascii_hexdigit()));
        for (account, state) in [
            ("bob at https://mail.example.org/", "/a/state.db"),
            ("alice at https://mail.example.org/", "/b/state.db"),
        ] {
            assert_ne!(device_id(account, Path::new(state)), id);
        }
    }
}
