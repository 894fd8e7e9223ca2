use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sync_core::net::http::{HttpOptions, Url};
use sync_core::net::{CredentialSource, Tls};

use crate::hu01;
use crate::wire::rst2;

/// Where a [`Client`](super::Client) goes, and as whom.
#[derive(Clone)]
pub struct ClientOptions {
    /// The front door, which sends on to the mailbox's host. Its path and query are not looked at.
    pub url: Url,
    /// Where tickets are had.
    pub login_url: Url,
    /// The site that tickets are for.
    pub site: String,
    /// User name and password; asked for at every login.
    pub credentials: Arc<dyn CredentialSource>,
    /// How requests are sent. The `User-Agent` is that of Windows Live Mail unless it is changed here.
    pub http: HttpOptions,
    /// The most bytes of a message. Default 256 MiB.
    pub max_message: u32,
    /// How long an answer may take. Default 60 s.
    pub timeout: Duration,
}

impl ClientOptions {
    /// Logs in at the `RST2.srf` that belongs to `url`: that of `login.live.com` for the hosts that
    /// Microsoft had, and for any other, which is somebody's own server, the one that it has itself.
    #[must_use]
    pub fn new(url: Url, credentials: impl CredentialSource + 'static, tls: Tls) -> Self {
        let mut http = HttpOptions::new(tls);
        "WindowsLiveMail/1.0".clone_into(&mut http.user_agent);
        Self {
            login_url: login_url(&url),
            url,
            site: rst2::SITE.to_owned(),
            credentials: Arc::new(credentials),
            http,
            max_message: 256 << 20,
            timeout: Duration::from_secs(60),
        }
    }

    /// Logs in there.
    #[must_use]
    pub fn login_url(mut self, url: Url) -> Self {
        self.login_url = url;
        self
    }

    /// Allows `http://`, which shows password and mail to everybody on the way.
    #[must_use]
    pub fn allow_plaintext(mut self, allowed: bool) -> Self {
        self.http.plaintext = allowed;
        self
    }

    pub(super) fn stream_limits(&self) -> hu01::Limits {
        hu01::Limits {
            max_size: self.max_message,
        }
    }
}

fn login_url(url: &Url) -> Url {
    let host = url.host_str().unwrap_or_default();
    let mut login = url.clone();
    if host == "live.com" || host.ends_with(".live.com") {
        // A URL with a name for a host takes any other.
        let _ = login.set_host(Some("login.live.com"));
        let _ = login.set_port(None);
        let _ = login.set_scheme("https");
    }
    login.set_path("/RST2.srf");
    login.set_query(None);
    login.set_fragment(None);
    login
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("url", &self.url.as_str())
            .field("login_url", &self.login_url.as_str())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn tickets_are_had_where_they_belong() {
        for (url, expected) in [
            (
                "http://mail.services.live.com/",
                "https://login.live.com/RST2.srf",
            ),
            (
                "https://localhost:4433/x?y",
                "https://localhost:4433/RST2.srf",
            ),
            ("https://notlive.com", "https://notlive.com/RST2.srf"),
        ] {
            assert_eq!(login_url(&url.parse().unwrap()).as_str(), expected);
        }
    }
}
