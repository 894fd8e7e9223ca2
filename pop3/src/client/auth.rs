//! Login: AUTH (RFC 5034), APOP, USER and PASS (RFC 1939 section 7).

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use sync_core::net::sasl::{Context, Exchange, Mechanism, choose};
use sync_core::net::{Credential, Secret, Stream};

use crate::wire::{Command, MAX_COMMAND_LINE};

use super::Client;
use super::connect::{ConnectOptions, Security};
use super::driver::Heard;
use super::error::{Error, ErrorKind, Result};

/// A way to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Sasl(Mechanism),
    Apop,
    UserPass,
}

/// What the choice of a way depends on.
struct Situation<'s> {
    context: Context,
    /// The timestamp of the greeting, for APOP.
    timestamp: Option<&'s str>,
}

impl Client {
    /// Logs in with what the credential source gives now.
    pub(super) async fn authenticate(
        &mut self,
        options: &ConnectOptions,
        trusted: bool,
        timestamp: Option<&str>,
    ) -> Result<()> {
        let context = Context {
            host: options.host.clone(),
            port: options.effective_port(),
            tls: trusted,
            allow_plaintext: options.security == Security::AllowPlaintext,
            channel_binding: self.driver.stream().and_then(Stream::channel_binding),
            plus_offered: false,
        };
        let mut situation = Situation { context, timestamp };
        let credential = options.credentials.credential().await?;
        let error = match self.log_in(&mut situation, &credential).await {
            Err(error) if error.is_authentication() => error,
            other => return other,
        };
        options.credentials.rejected().await;
        // A token that was kept too long: the source may have a new one.
        if matches!(credential, Credential::Bearer { .. }) && self.is_usable() {
            let fresh = options.credentials.credential().await?;
            if fresh != credential {
                return self.log_in(&mut situation, &fresh).await;
            }
        }
        Err(error)
    }

    async fn log_in(
        &mut self,
        situation: &mut Situation<'_>,
        credential: &Credential,
    ) -> Result<()> {
        let way = self.choose(situation, credential)?;
        let result = self.go(way, situation, credential).await;
        let Err(error) = result else { return Ok(()) };
        if !error.is_authentication() || !self.is_usable() {
            return Err(error);
        }
        match way {
            // The server may know other channel bindings than we do (RFC 5802 section 6: which one is
            // not negotiated); without one SCRAM still proves both sides.
            Way::Sasl(mechanism) if mechanism.is_plus() => {
                situation.context.channel_binding = None;
                situation.context.plus_offered = true;
                match self.choose(situation, credential) {
                    Ok(Way::Sasl(other)) if other != mechanism && !other.shows_secret() => {
                        tracing::debug!(%mechanism, "refused; trying without channel binding");
                        self.go(Way::Sasl(other), situation, credential).await
                    }
                    _ => Err(error),
                }
            }
            // Many greetings have a timestamp though the password is stored as a hash, which APOP
            // cannot use.
            Way::Apop => {
                situation.timestamp = None;
                match self.choose(situation, credential) {
                    Ok(other) => {
                        tracing::debug!("APOP refused; trying {other:?}");
                        self.go(other, situation, credential).await
                    }
                    Err(_) => Err(error),
                }
            }
            _ => Err(error),
        }
    }

    /// The best way: what hides the password; under TLS, or where plain text is allowed, what shows
    /// it. APOP comes first where nothing else hides it from listeners. Under TLS it comes last:
    /// there it hides nothing, and a server that stores hashes counts it as a wrong password.
    fn choose(&self, situation: &Situation<'_>, credential: &Credential) -> Result<Way> {
        let Situation { context, timestamp } = situation;
        let offered = self.capabilities.sasl.iter().map(String::as_str);
        let sasl = choose(offered, credential, context);
        let password = matches!(credential, Credential::Password { .. });
        let apop = password && timestamp.is_some();
        let shown = context.tls || context.allow_plaintext;
        match sasl {
            Ok(mechanism) if !mechanism.shows_secret() => Ok(Way::Sasl(mechanism)),
            _ if apop && !context.tls => Ok(Way::Apop),
            Ok(mechanism) => Ok(Way::Sasl(mechanism)),
            Err(_) if password && shown && self.has_user() => Ok(Way::UserPass),
            Err(_) if apop => Ok(Way::Apop),
            Err(_) if password && shown => Ok(Way::UserPass),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether USER is offered; of a server without CAPA it is taken to be.
    fn has_user(&self) -> bool {
        self.capabilities.user || !self.capabilities.is_announced()
    }

    async fn go(
        &mut self,
        way: Way,
        situation: &Situation<'_>,
        credential: &Credential,
    ) -> Result<()> {
        tracing::debug!(?way, "logging in");
        let result = match (way, credential) {
            (Way::Sasl(mechanism), _) => self.sasl(mechanism, credential, &situation.context).await,
            (Way::Apop, Credential::Password { user, secret }) => {
                let digest = digest(situation.timestamp.unwrap_or_default(), secret);
                let digest = digest.as_str();
                self.driver.call(&Command::Apop { user, digest }).await
            }
            (Way::UserPass, Credential::Password { user, secret }) => {
                self.user_pass(user, secret).await
            }
            _ => {
                let text = "APOP and PASS take passwords only";
                Err(Error::new(ErrorKind::Authentication, text))
            }
        };
        result.map_err(|error| error.at_login(self.login_delay()))
    }

    fn login_delay(&self) -> Option<Duration> {
        let delay = self.capabilities.login_delay?;
        Some(Duration::from_secs(delay.seconds.into()))
    }

    /// In one write where that is offered: two could wait for each other's acknowledgement.
    async fn user_pass(&mut self, user: &str, secret: &Secret) -> Result<()> {
        let pass = Command::Pass(secret.expose());
        self.driver.send(&Command::User(user)).await?;
        if self.capabilities.pipelining {
            self.driver.send_behind(&pass)?;
            let user = self.driver.accepted().await;
            let pass = self.driver.accepted().await;
            return user.and(pass);
        }
        self.driver.accepted().await?;
        self.driver.call(&pass).await
    }

    async fn sasl(
        &mut self,
        mechanism: Mechanism,
        credential: &Credential,
        context: &Context,
    ) -> Result<()> {
        let mut exchange = Exchange::new(mechanism, credential, context)?;
        let first = exchange.initial()?;
        let initial = first.as_ref().map(encode).filter(|initial| {
            // RFC 5034 section 4: one that makes the line too long waits for the first challenge.
            let len = "AUTH  \r\n".len() + mechanism.name().len();
            len.saturating_add(initial.len()) <= MAX_COMMAND_LINE
        });
        let command = Command::Auth {
            mechanism: mechanism.name(),
            initial: initial.as_deref(),
        };
        self.driver.send(&command).await?;
        let begun = initial.is_some() || !mechanism.is_client_first();
        let error = match self.converse(&mut exchange, first, begun).await? {
            Ok(()) => {
                // A server that did not prove itself is not to be talked to.
                return exchange
                    .finish(None)
                    .map_err(|e| self.driver.fail(e.into()));
            }
            Err(error) => error,
        };
        Err(match exchange.refusal() {
            Some(reason) => error.with_reason(reason),
            None => error,
        })
    }

    /// Answers challenges until the command is over; gives the server's verdict.
    async fn converse(
        &mut self,
        exchange: &mut Exchange,
        mut first: Option<Secret>,
        mut begun: bool,
    ) -> Result<Result<()>> {
        loop {
            let challenge = match self.driver.heard().await? {
                Heard::Ok => return Ok(Ok(())),
                Heard::Refused(error) => return Ok(Err(error)),
                Heard::Challenge(challenge) => challenge,
            };
            // Servers put all sorts of text into the first, empty challenge. It comes once more where the
            // server overlooked the initial response, as one of RFC 1734 does.
            let answer = match first.take() {
                Some(first) if !begun || challenge.is_empty() => Ok(first),
                _ => respond(exchange, &challenge),
            };
            begun = true;
            match answer {
                Ok(answer) => self.driver.respond(&STANDARD.encode(answer.expose())),
                Err(trouble) => {
                    // RFC 5034 section 4: a lone `*` cancels.
                    self.driver.respond("*");
                    self.driver.ready().await?;
                    return Err(trouble);
                }
            }
        }
    }
}

fn respond(exchange: &mut Exchange, challenge: &[u8]) -> Result<Secret> {
    let challenge = STANDARD
        .decode(challenge)
        .map_err(|_| Error::new(ErrorKind::Protocol, "a challenge is no base64"))?;
    Ok(exchange.respond(&challenge)?)
}

/// An empty initial response is `=` (RFC 5034 section 4).
fn encode(response: &Secret) -> String {
    if response.is_empty() {
        return "=".into();
    }
    STANDARD.encode(response.expose())
}

/// RFC 1939 section 7.
fn digest(timestamp: &str, secret: &Secret) -> String {
    let mut md5 = Md5::new();
    md5.update(timestamp.as_bytes());
    md5.update(secret.expose());
    let mut digest = String::with_capacity(32);
    for byte in md5.finalize() {
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_the_rfc() {
        let timestamp = "<1896.697170952@dbc.mtview.ca.us>";
        let digest = digest(timestamp, &Secret::from("tanstaaf"));
        assert_eq!(digest, "c4c9334bac560ecc979e58001b3e22fb");
    }
}
