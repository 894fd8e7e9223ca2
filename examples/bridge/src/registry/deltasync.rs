use deltasync::client::ClientOptions;
use deltasync::source::{DeltaSyncConfig, DeltaSyncSource};
use sync_core::Source;
use sync_core::error::{Error, ErrorKind, Result};

use crate::config::WebServer;
use crate::credentials::{CONNECT_TIMEOUT, credentials, tls};

/// A DeltaSync account; nothing is connected yet.
pub(super) fn open(web: &WebServer) -> Result<Box<dyn Source>> {
    let config = |message: &str| Error::new(ErrorKind::Config, message);
    let Some(url) = &web.url else {
        let message = "a deltasync source needs a url: the service itself was switched off in 2016, \
                       and there is nothing to discover another one by";
        return Err(config(message));
    };
    let Some(login) = &web.login else {
        return Err(config("a deltasync source needs a way to log in"));
    };
    let user = web.user.as_deref().unwrap_or_default();
    let tls = tls(web.tls_ca.as_deref())?;
    let parsed = url.without_user().parse();
    let parsed = parsed.map_err(|error| config(&format!("url: {error}")))?;
    // The config allowed it, or it would not be `http://`.
    let plaintext = url.scheme == "http";
    let mut options = ClientOptions::new(parsed, credentials(user, login), tls);
    options = options.allow_plaintext(plaintext);
    options.http.connect_timeout = CONNECT_TIMEOUT;
    Ok(Box::new(DeltaSyncSource::new(DeltaSyncConfig::new(
        user, options,
    ))))
}
