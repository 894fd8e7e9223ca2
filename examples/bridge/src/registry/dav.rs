use caldav::client::{ClientOptions, Service};
use caldav::source::{DavConfig, DavSource};
use sync_core::Source;
use sync_core::error::{Error, ErrorKind, Result};
use sync_core::net::Credential;
use sync_core::net::dns::SystemDns;
use sync_core::net::http::HttpOptions;

use crate::config::WebServer;
use crate::credentials::{CONNECT_TIMEOUT, credentials, tls};

/// The calendars or address books of an account; nothing is connected yet.
pub(super) fn open(service: Service, web: &WebServer) -> Result<Box<dyn Source>> {
    let url = start(web)?;
    let user = web.user.as_deref().unwrap_or_default();
    let tls = tls(web.tls_ca.as_deref())?;
    let mut options = match &web.login {
        Some(login) => ClientOptions::new(&url, tls, credentials(user, login))?,
        None => {
            // What anybody may read.
            let mut options = ClientOptions::new(&url, tls.clone(), Credential::password("", ""))?;
            options.http = HttpOptions::new(tls);
            options
        }
    };
    // The config allowed it, or it would not be `http://`.
    options.http.plaintext = url.starts_with("http://");
    options.http.connect_timeout = CONNECT_TIMEOUT;
    options.http.user_agent = concat!("bridge/", env!("CARGO_PKG_VERSION")).to_owned();
    let account = match web.user.is_some() {
        true => format!("{user} at {url}"),
        false => url,
    };
    let mut config = DavConfig::new(service, account, options);
    if let (None, Some(address)) = (&web.url, &web.address) {
        config = config.locate(address, SystemDns::new());
    }
    Ok(Box::new(DavSource::new(config)))
}

/// The url, or that of the address's domain, where its server is looked for.
fn start(web: &WebServer) -> Result<String> {
    if let Some(url) = &web.url {
        return Ok(url.without_user());
    }
    let address = web.address.as_deref().unwrap_or_default();
    match address.rsplit_once('@') {
        Some((_, domain)) => Ok(format!("https://{domain}/")),
        // The config was read with one of them.
        None => Err(Error::new(
            ErrorKind::Config,
            "there is neither a url nor an address",
        )),
    }
}
