//! Making a session: TCP, TLS, STLS, login.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sync_core::net::{Connector, CredentialSource, Stream, Tls, TlsOptions};

use crate::wire::{Capabilities, Command, Limits};

use super::Client;
use super::driver::Driver;
use super::error::{Error, ErrorKind, Result};

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Security {
    /// TLS from the first byte (RFC 8314): `pop3s://`, port 995.
    Tls,
    /// STLS, without which nothing further is said (RFC 2595 section 4): `pop3://`, port 110.
    Stls,
    /// STLS where it is offered, else plain text, password and all.
    AllowPlaintext,
}

/// How long each wait may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Until the connection stands, TLS included. Default 30 s.
    pub connect: Duration,
    /// The longest silence while an answer is expected. Default 2 minutes.
    pub response: Duration,
    /// For closing the connection after QUIT was answered. Default 5 s.
    pub close: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            response: Duration::from_secs(120),
            close: Duration::from_secs(5),
        }
    }
}

/// Where to connect, and as whom.
#[derive(Clone)]
pub struct ConnectOptions {
    /// Name or address; the certificate must bear it.
    pub host: String,
    /// Default 995 or 110, by [`Security`].
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: Security,
    /// Certificates; `None`: the system's authorities.
    pub tls: Option<Tls>,
    /// Asked at every connect.
    pub credentials: Arc<dyn CredentialSource>,
    /// How long each wait may take.
    pub timeouts: Timeouts,
    /// How much the server may make us hold.
    pub limits: Limits,
    /// UTF8 (RFC 6856 section 2) where it is offered: messages with UTF-8 in their headers then come as
    /// they are, else the server may rewrite or refuse them. Default true.
    pub utf8: bool,
}

impl ConnectOptions {
    /// To a host under TLS.
    pub fn new(host: impl Into<String>, credentials: impl CredentialSource + 'static) -> Self {
        Self {
            host: host.into(),
            port: None,
            security: Security::Tls,
            tls: None,
            credentials: Arc::new(credentials),
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            utf8: true,
        }
    }

    /// Protected like this.
    #[must_use]
    pub fn security(mut self, security: Security) -> Self {
        self.security = security;
        self
    }

    /// At this port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// With this TLS configuration.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// With these timeouts.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// With these limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With UTF8 where it is offered, or without.
    #[must_use]
    pub fn utf8(mut self, utf8: bool) -> Self {
        self.utf8 = utf8;
        self
    }

    /// The port in use.
    #[must_use]
    pub fn effective_port(&self) -> u16 {
        let standard = match self.security {
            Security::Tls => 995,
            Security::Stls | Security::AllowPlaintext => 110,
        };
        self.port.unwrap_or(standard)
    }

    fn tls_or_system(&self) -> Result<Tls> {
        match &self.tls {
            Some(tls) => Ok(tls.clone()),
            None => Ok(Tls::new(&TlsOptions::default())?),
        }
    }
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("host", &self.host)
            .field("port", &self.effective_port())
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Connects and logs in.
    ///
    /// Capabilities are asked for anew after STLS and after login, as both change them. How a way to
    /// log in is chosen says the [front page](crate#security).
    ///
    /// # Errors
    /// [`ErrorKind::Authentication`] if login is refused or cannot be done without showing the password;
    /// [`ErrorKind::Config`] if the certificate is not trusted; what [`Error::is_retryable`] holds for,
    /// such as another session that has the maildrop, may pass by.
    pub async fn connect(options: &ConnectOptions) -> Result<Self> {
        let (host, port) = (options.host.as_str(), options.effective_port());
        let timeout = options.timeouts.connect;
        let stream = match options.security {
            Security::Tls => {
                let connector = Connector::new(options.tls_or_system()?, timeout);
                connector.encrypted(host, port).await?
            }
            Security::Stls | Security::AllowPlaintext => {
                Stream::connect(host, port, timeout).await?
            }
        };
        Self::from_stream(stream, options).await
    }

    /// As [`connect`](Self::connect), over a connection that stands already. With
    /// [`Security::Tls`] it is taken to be protected by other means.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn from_stream(stream: Stream, options: &ConnectOptions) -> Result<Self> {
        let mut client = Self {
            driver: Driver::new(stream, options.limits, options.timeouts.response),
            capabilities: Capabilities::default(),
            timeouts: options.timeouts,
            marked: false,
        };
        client.driver.accepted().await?;
        let mut timestamp = timestamp(client.driver.text());
        let mut trusted = options.security == Security::Tls || client.is_tls();
        if !trusted && client.secure(options).await? {
            trusted = true;
            // Anybody could have put it into the greeting.
            timestamp = None;
        }
        if !client.capabilities.is_announced() {
            client.ask_capabilities().await?;
        }
        if options.utf8 && client.capabilities.utf8.is_some() {
            match client.driver.call(&Command::Utf8).await {
                Err(error) if error.kind() != ErrorKind::Refused => return Err(error),
                Err(error) => tracing::debug!(%error, "without UTF8"),
                Ok(()) => {}
            }
        }
        client
            .authenticate(options, trusted, timestamp.as_deref())
            .await?;
        client.ask_capabilities().await?;
        Ok(client)
    }

    /// STLS as the options have it; says whether TLS runs.
    async fn secure(&mut self, options: &ConnectOptions) -> Result<bool> {
        let required = options.security == Security::Stls;
        if !required {
            self.ask_capabilities().await?;
        }
        // Where TLS is required there is no use in asking whether it is offered.
        if !required && !self.capabilities.stls {
            return Ok(false);
        }
        // Not before it is known to be needed: to read the system's authorities takes time.
        let tls = options.tls_or_system()?;
        match self.driver.call(&Command::Stls).await {
            Err(error) if error.kind() == ErrorKind::Refused && !error.is_retryable() => {
                let text = format!(
                    "the server does not begin TLS ({}); use pop3s://, or allow_plaintext = true",
                    error.message()
                );
                let error = Error::new(ErrorKind::Authentication, text).caused_by(error);
                return Err(self.driver.fail(error));
            }
            other => other?,
        }
        self.driver.start_tls(&tls, &options.host).await?;
        self.capabilities = Capabilities::default();
        Ok(true)
    }

    /// CAPA (RFC 2449 section 5). A server that refuses it keeps the capabilities that it told before.
    async fn ask_capabilities(&mut self) -> Result<()> {
        match self.driver.call(&Command::Capa).await {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Refused => return Ok(()),
            Err(error) => return Err(error),
        }
        let mut capabilities = Capabilities::default();
        capabilities.announce();
        self.driver.listing(|line| capabilities.learn(line)).await?;
        self.capabilities = capabilities;
        Ok(())
    }
}

/// The timestamp in a greeting (RFC 1939 section 7): a message id. Anything else is not signed, since
/// a choice of bytes helps to find the password out of MD5 digests.
fn timestamp(greeting: &[u8]) -> Option<String> {
    let begin = memchr::memchr(b'<', greeting)?;
    let from = greeting.get(begin..)?;
    let end = memchr::memchr(b'>', from)?;
    let id = from.get(..=end)?;
    let inside = id.get(1..id.len().checked_sub(1)?)?;
    let (left, right) = inside.split_at_checked(memchr::memchr(b'@', inside)?)?;
    let graphic = inside.iter().all(u8::is_ascii_graphic);
    let whole = !left.is_empty() && right.len() > 1 && memchr::memchr(b'<', inside).is_none();
    (graphic && whole).then(|| String::from_utf8_lossy(id).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_a_message_id() {
        let found = |greeting: &[u8]| timestamp(greeting);
        assert_eq!(
            found(b"POP3 server ready <1896.697170952@dbc.mtview.ca.us>").as_deref(),
            Some("<1896.697170952@dbc.mtview.ca.us>")
        );
        for odd in [
            &b"ready"[..],
            b"ready <>",
            b"ready <@>",
            b"ready <a@>",
            b"ready <@b>",
            b"ready <not an id>",
            b"ready <a@b",
            b"ready <\x80\x81@b>",
            b"ready <a b@c>",
            b"<<a@b>",
        ] {
            assert_eq!(found(odd), None, "{}", odd.escape_ascii());
        }
    }
}
