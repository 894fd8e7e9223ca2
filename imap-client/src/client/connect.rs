//! Making a session: TCP, TLS, STARTTLS, login, COMPRESS.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sync_core::net::{Connector, CredentialSource, Stream, Tls, TlsOptions, excerpt};

use crate::wire::{Code, Command, Limits, StatusKind};

use super::Client;
use super::call::Call;
use super::driver::Driver;
use super::error::{Error, ErrorKind, Result};

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Security {
    /// TLS from the first byte (RFC 8314): `imaps://`, port 993.
    Tls,
    /// STARTTLS, without which nothing further is said (RFC 9051 section 6.2.1): `imap://`, port 143.
    StartTls,
    /// STARTTLS where it is offered, else plain text, password and all.
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
    /// How long one IDLE lasts; below 29 minutes (RFC 2177). Default 25 minutes.
    pub idle_renewal: Duration,
    /// Until the server ends IDLE. Default 15 s.
    pub idle_end: Duration,
    /// Between two NOOPs, where IDLE is not offered. Default 2 minutes.
    pub poll: Duration,
    /// Until LOGOUT is given up. Default 5 s.
    pub logout: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            response: Duration::from_secs(120),
            idle_renewal: Duration::from_secs(25 * 60),
            idle_end: Duration::from_secs(15),
            poll: Duration::from_secs(120),
            logout: Duration::from_secs(5),
        }
    }
}

/// Where to connect, and as whom.
#[derive(Clone)]
pub struct ConnectOptions {
    /// Name or address; the certificate must bear it.
    pub host: String,
    /// Default 993 or 143, by [`Security`].
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
    /// COMPRESS=DEFLATE (RFC 4978) where it is offered.
    pub compress: bool,
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
            compress: false,
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

    /// Compressed where that is offered.
    #[must_use]
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// The port in use.
    #[must_use]
    pub fn effective_port(&self) -> u16 {
        let standard = match self.security {
            Security::Tls => 993,
            Security::StartTls | Security::AllowPlaintext => 143,
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
    /// Capabilities are asked for anew after STARTTLS and after login, as both change them.
    ///
    /// # Errors
    /// [`ErrorKind::Authentication`] if login is refused or cannot be done without showing the password;
    /// [`ErrorKind::Config`] if the certificate is not trusted; what [`Error::is_retryable`] holds for may
    /// pass by.
    pub async fn connect(options: &ConnectOptions) -> Result<Self> {
        let tls = options.tls_or_system()?;
        let connector = Connector::new(tls.clone(), options.timeouts.connect);
        let (host, port) = (options.host.as_str(), options.effective_port());
        let stream = match options.security {
            Security::Tls => connector.encrypted(host, port).await?,
            Security::StartTls | Security::AllowPlaintext => connector.plain(host, port).await?,
        };
        Self::handshake(stream, options, Some(&tls)).await
    }

    /// As [`connect`](Self::connect), over a connection that stands already. With
    /// [`Security::Tls`] it is taken to be protected by other means.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn from_stream(stream: Stream, options: &ConnectOptions) -> Result<Self> {
        let tls = match options.security {
            Security::Tls => None,
            Security::StartTls | Security::AllowPlaintext => Some(options.tls_or_system()?),
        };
        Self::handshake(stream, options, tls.as_ref()).await
    }

    async fn handshake(
        stream: Stream,
        options: &ConnectOptions,
        tls: Option<&Tls>,
    ) -> Result<Self> {
        let mut client = Self {
            driver: Driver::new(stream, options.limits, options.timeouts.response),
            timeouts: options.timeouts,
            idle: None,
        };
        let preauthenticated = client.greet().await?;
        let mut trusted = options.security == Security::Tls || client.is_tls();
        if !trusted {
            trusted = client.secure(options, tls, preauthenticated).await?;
        }
        if !preauthenticated {
            client.authenticate(options, trusted).await?;
        }
        client.driver.router.session.authenticated = true;
        client.refresh_capabilities().await?;
        if options.compress && client.session().has("COMPRESS=DEFLATE") && !client.is_compressed() {
            client.compress().await?;
        }
        Ok(client)
    }

    /// Reads the greeting; says whether the connection is logged in by it.
    async fn greet(&mut self) -> Result<bool> {
        self.driver.greeting().await?;
        match self.driver.router.greeting.take() {
            Some(status) if status.kind == StatusKind::PreAuth => Ok(true),
            Some(status) if status.kind == StatusKind::Ok => Ok(false),
            other => {
                let text = other.map(|status| excerpt(status.text.as_bytes()));
                let text = format!("no IMAP greeting: {}", text.unwrap_or_default());
                Err(self.driver.fail(Error::new(ErrorKind::Protocol, text)))
            }
        }
    }

    /// STARTTLS as the options have it; says whether TLS runs.
    async fn secure(
        &mut self,
        options: &ConnectOptions,
        tls: Option<&Tls>,
        preauthenticated: bool,
    ) -> Result<bool> {
        let required = options.security == Security::StartTls;
        if preauthenticated {
            // RFC 9051 section 6.2.1: STARTTLS is not possible any more; whoever wants to read along
            // would say PREAUTH.
            if required {
                let text = "the server says PREAUTH before TLS can begin";
                return Err(self
                    .driver
                    .fail(Error::new(ErrorKind::Authentication, text)));
            }
            return Ok(false);
        }
        // The greeting may name a part of the capabilities only.
        if !self.session().capabilities().has("STARTTLS") {
            self.ask_capabilities().await?;
        }
        let Some(tls) = tls.filter(|_| self.session().capabilities().has("STARTTLS")) else {
            if required {
                let text = "the server offers no STARTTLS; \
                            use imaps://, or allow_plaintext = true";
                return Err(self
                    .driver
                    .fail(Error::new(ErrorKind::Authentication, text)));
            }
            return Ok(false);
        };
        self.run(Call::plain(Command::start_tls())).await?;
        self.driver.start_tls(tls, &options.host).await?;
        Ok(true)
    }

    /// CAPABILITY, unless the server told them since the state last changed.
    pub(super) async fn refresh_capabilities(&mut self) -> Result<()> {
        if !self.driver.router.session.capabilities_fresh {
            self.ask_capabilities().await?;
        }
        Ok(())
    }

    pub(super) async fn ask_capabilities(&mut self) -> Result<()> {
        self.run(Call::plain(Command::capability())).await
    }

    /// COMPRESS DEFLATE (RFC 4978), where it is offered. Where it is on already that is no error.
    ///
    /// # Errors
    /// As [`run`](Self::run); [`ErrorKind::Usage`] if commands are in flight.
    pub async fn compress(&mut self) -> Result<()> {
        if self.is_compressed() {
            return Ok(());
        }
        self.session().require("COMPRESS=DEFLATE")?;
        if !self.driver.router.in_flight.is_empty() {
            let text = "commands are in flight; wait for them first";
            return Err(Error::new(ErrorKind::Usage, text));
        }
        let mut guard = self.unfinished();
        guard.armed = true;
        let result = match guard.client.run(Call::plain(Command::compress())).await {
            Ok(()) => guard.client.driver.start_deflate().await,
            // TLS compresses, or a proxy does.
            Err(error) if error.response_code() == Some(&Code::CompressionActive) => Ok(()),
            Err(error) => Err(error),
        };
        guard.armed = false;
        result
    }
}
