use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sync_core::net::http::{HttpOptions, Url};
use sync_core::net::{CredentialSource, Tls};

use super::policy::{Policy, RefuseWhatIsNotEnforced};
use super::{Error, ErrorKind, Result};
use crate::wire::command::DeviceInformation;
use crate::wire::{Version, http};

/// Whom a [`Client`](super::Client) talks to, and as what.
#[derive(Clone)]
pub struct ClientOptions {
    /// The whole URL, or that of the server, whose usual path is then taken.
    pub url: Url,
    /// The name to log in with.
    pub user: String,
    /// What the server takes us for.
    pub device: Device,
    /// How requests are sent.
    pub http: HttpOptions,
    /// The version to speak; without it the best that both sides know. An account's items and keys
    /// are the version's, so that it is kept and passed here.
    pub version: Option<Version>,
    /// The key of the policy that was acknowledged last.
    pub policy_key: Option<String>,
    /// The mailbox that Microsoft's own hosts route by (`DefaultAnchorMailbox`).
    pub anchor_mailbox: Option<String>,
    /// What answers policies and wipes.
    pub policy: Arc<dyn Policy>,
    /// The most bytes of an answer. Default 256 MiB.
    pub max_answer: u64,
    /// How long an ordinary answer may take. Default 100 s.
    pub timeout: Duration,
}

/// A device, as a server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// 1 to 32 letters and digits. Another id is another device, for which everything is synchronised
    /// anew, and a server takes only so many of them.
    pub id: String,
    /// Letters and digits.
    pub device_type: String,
    /// The program. Exchange blocks a device that changes it often.
    pub user_agent: String,
    /// What people see in a list of devices.
    pub information: DeviceInformation,
}

impl Device {
    /// A device with this id.
    pub fn new(id: impl Into<String>) -> Self {
        let mut information = DeviceInformation::new("Computer");
        information.friendly_name = Some("eas for Rust".into());
        information.os = Some(std::env::consts::OS.into());
        let user_agent = concat!("eas/", env!("CARGO_PKG_VERSION"));
        information.user_agent = Some(user_agent.into());
        Self {
            id: id.into(),
            device_type: "RustEas".into(),
            user_agent: user_agent.into(),
            information,
        }
    }
}

impl ClientOptions {
    /// Logs in at `url` as `user`.
    pub fn new(
        url: Url,
        user: impl Into<String>,
        credentials: impl CredentialSource + 'static,
        device: Device,
        tls: Tls,
    ) -> Self {
        let url = with_path(url);
        Self {
            http: HttpOptions::new(tls).login(credentials, &url),
            url,
            user: user.into(),
            device,
            version: None,
            policy_key: None,
            anchor_mailbox: None,
            policy: Arc::new(RefuseWhatIsNotEnforced),
            max_answer: 256 << 20,
            timeout: Duration::from_secs(100),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let fits = |text: &str| {
            (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        for (what, text) in [
            ("device id", &self.device.id),
            ("device type", &self.device.device_type),
        ] {
            if !fits(text) {
                let why = format!("{what} {text:?}: must be 1 to 32 letters and digits");
                return Err(Error::new(ErrorKind::Config, why));
            }
        }
        Ok(())
    }
}

/// Adds the usual path where there is none.
pub(super) fn with_path(mut url: Url) -> Url {
    if matches!(url.path(), "" | "/") {
        url.set_path(http::PATH);
    }
    url.set_query(None);
    url
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("url", &self.url.as_str())
            .field("device", &self.device.id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
