//! Login: SASL (RFC 9051 section 6.2.2) or the LOGIN command (section 6.2.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sync_core::net::sasl::{Context, Exchange, Mechanism, choose};
use sync_core::net::{Credential, Secret};

use crate::wire::Command;
use crate::wire::command::continuation;

use super::call::{Call, RawAnswer};
use super::connect::{ConnectOptions, Security};
use super::driver::log_sent;
use super::error::{Error, ErrorKind, Result};
use super::{Client, Pending};

impl Client {
    /// Logs in with what the credential source gives now.
    pub(super) async fn authenticate(
        &mut self,
        options: &ConnectOptions,
        trusted: bool,
    ) -> Result<()> {
        let credential = options.credentials.credential().await?;
        let error = match self.log_in(options, &credential, trusted).await {
            Ok(()) => return Ok(()),
            Err(error) if error.is_authentication() => error,
            Err(error) => return Err(error),
        };
        options.credentials.rejected().await;
        // A token that was kept too long: the source may have a new one.
        if matches!(credential, Credential::Bearer { .. }) && self.is_usable() {
            let fresh = options.credentials.credential().await?;
            if fresh != credential {
                // A login that failed changed nothing.
                self.driver.router.session.capabilities_fresh = true;
                return self.log_in(options, &fresh, trusted).await;
            }
        }
        Err(error)
    }

    async fn log_in(
        &mut self,
        options: &ConnectOptions,
        credential: &Credential,
        trusted: bool,
    ) -> Result<()> {
        // Told before TLS or login they are worth nothing now.
        self.refresh_capabilities().await?;
        let mut context = Context {
            host: options.host.clone(),
            port: options.effective_port(),
            tls: trusted,
            allow_plaintext: options.security == Security::AllowPlaintext,
            channel_binding: self
                .driver
                .stream()
                .and_then(sync_core::net::Stream::channel_binding),
            plus_offered: false,
        };
        let mut chosen = self.choose(credential, &context);
        if matches!(chosen, Err(_) | Ok(None)) {
            // The greeting may have named a part of the capabilities only.
            self.ask_capabilities().await?;
            chosen = self.choose(credential, &context);
        }
        let Some(mechanism) = chosen? else {
            return self.login(credential).await;
        };
        let result = self.exchange(mechanism, credential, &context).await;
        match result {
            // The server may know other channel bindings than we do (RFC 5802 section 6: which one is
            // not negotiated); without one SCRAM still proves both sides.
            Err(error) if error.is_authentication() && mechanism.is_plus() && self.is_usable() => {
                tracing::debug!(%mechanism, "refused; trying without channel binding");
                context.channel_binding = None;
                context.plus_offered = true;
                match self.choose(credential, &context) {
                    Ok(Some(other)) if other != mechanism && !other.shows_secret() => {
                        self.exchange(other, credential, &context).await
                    }
                    _ => Err(error),
                }
            }
            other => other,
        }
    }

    /// A mechanism; `None` for the LOGIN command.
    fn choose(&self, credential: &Credential, context: &Context) -> Result<Option<Mechanism>> {
        let capabilities = self.session().capabilities();
        match choose(capabilities.values("AUTH"), credential, context) {
            Ok(mechanism) => Ok(Some(mechanism)),
            Err(error) => {
                let password = matches!(credential, Credential::Password { .. });
                let shown = context.tls || context.allow_plaintext;
                if password && shown && !capabilities.has("LOGINDISABLED") {
                    return Ok(None);
                }
                Err(error.into())
            }
        }
    }

    async fn login(&mut self, credential: &Credential) -> Result<()> {
        let Credential::Password { user, secret } = credential else {
            let text = "LOGIN takes passwords only";
            return Err(Error::new(ErrorKind::Authentication, text));
        };
        let Some(password) = secret.expose_str() else {
            let text = "the password is no UTF-8";
            return Err(Error::new(ErrorKind::Authentication, text));
        };
        self.driver.router.session.capabilities_fresh = false;
        let call = Call::plain(Command::login(user, password));
        self.run(call).await.map_err(as_authentication)
    }

    async fn exchange(
        &mut self,
        mechanism: Mechanism,
        credential: &Credential,
        context: &Context,
    ) -> Result<()> {
        let mut exchange = Exchange::new(mechanism, credential, context)?;
        let mut first = None;
        if self.session().has("SASL-IR") && mechanism.is_client_first() {
            first = exchange.initial()?.as_ref().map(encode);
        }
        self.driver.router.session.capabilities_fresh = false;
        let begun = first.is_some() || !mechanism.is_client_first();
        let command = Command::authenticate(mechanism.name(), first.as_deref());
        let pending = self.send(Call::raw(command)).await?;
        tracing::debug!(%mechanism, "logging in");
        match self.converse(&mut exchange, begun, &pending).await {
            Ok(()) => {}
            Err(trouble) => {
                // RFC 9051 section 6.2.2: a lone `*` cancels.
                if self.is_usable() && self.driver.router.is_in_flight(pending.tag) {
                    self.driver.queue(&continuation("*"));
                    let _ = self.wait(pending).await;
                }
                return Err(trouble);
            }
        }
        match self.wait(pending).await {
            // A server that did not prove itself is not to be talked to.
            Ok(_) => exchange
                .finish(None)
                .map_err(|e| self.driver.fail(e.into())),
            Err(error) => Err(match exchange.refusal() {
                Some(reason) if !error.is_retryable() => {
                    let text = format!("{} ({reason})", error.message());
                    Error::new(ErrorKind::Authentication, text).or_command("AUTHENTICATE")
                }
                _ => as_authentication(error),
            }),
        }
    }

    /// Answers challenges until the command is over.
    async fn converse(
        &mut self,
        exchange: &mut Exchange,
        mut begun: bool,
        pending: &Pending<RawAnswer>,
    ) -> Result<()> {
        while let Some(challenge) = self.driver.continuation(pending.tag).await? {
            let answer = if begun {
                exchange.respond(&decode(&challenge)?)?
            } else {
                // Servers put all sorts of text into the empty challenge.
                begun = true;
                exchange.initial()?.unwrap_or_default()
            };
            log_sent(pending.tag, "AUTHENTICATE", b"");
            self.driver
                .queue(&continuation(&STANDARD.encode(answer.expose())));
        }
        Ok(())
    }
}

/// RFC 4959 section 3: an empty initial response is `=`.
fn encode(response: &Secret) -> String {
    if response.is_empty() {
        return "=".into();
    }
    STANDARD.encode(response.expose())
}

/// The challenge of a `+`.
fn decode(text: &[u8]) -> Result<Vec<u8>> {
    STANDARD
        .decode(text.trim_ascii())
        .map_err(|_| Error::new(ErrorKind::Protocol, "a challenge is no base64"))
}

/// A refused login, unless it may pass by.
fn as_authentication(error: Error) -> Error {
    match error.kind() {
        ErrorKind::No | ErrorKind::Bad if !error.is_retryable() => {
            error.with_kind(ErrorKind::Authentication)
        }
        _ => error,
    }
}
