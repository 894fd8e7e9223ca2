//! SASL (RFC 4422): the client's half of each mechanism, without I/O.
//!
//! A protocol chooses by [`choose`], begins an [`Exchange`], hands in each challenge and
//! sends what comes back, base64 and framing being its own affair:
//!
//! ```
//! use sync_core::net::Credential;
//! use sync_core::net::sasl::{Context, Exchange, Mechanism, choose};
//!
//! let credential = Credential::password("tim", "tanstaaftanstaaf");
//! let context = Context { tls: true, ..Context::default() };
//! let mechanism = choose(["PLAIN", "LOGIN"], &credential, &context)?;
//! assert_eq!(mechanism, Mechanism::Plain);
//! let mut exchange = Exchange::new(mechanism, &credential, &context)?;
//! let first = exchange.initial()?.expect("PLAIN begins by itself");
//! assert_eq!(first.expose(), b"\0tim\0tanstaaftanstaaf");
//! exchange.finish(None)?;
//! # Ok::<(), sync_core::Error>(())
//! ```

mod bearer;
mod scram;
mod simple;

use std::fmt;

use super::{ChannelBinding, Credential, Secret};
use crate::error::{Error, ErrorKind, Result};
use scram::Scram;

/// A mechanism that this crate speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// RFC 2195: a keyed MD5 over the server's challenge.
    CramMd5,
    /// RFC 4422 appendix A: what another layer proved.
    External,
    /// draft-murchison-sasl-login: user and password, each on request.
    Login,
    /// RFC 7628: an OAuth 2.0 token.
    OAuthBearer,
    /// RFC 4616: user and password.
    Plain,
    /// RFC 5802.
    ScramSha1,
    /// RFC 5802, bound to the TLS channel.
    ScramSha1Plus,
    /// RFC 7677.
    ScramSha256,
    /// RFC 7677, bound to the TLS channel.
    ScramSha256Plus,
    /// Google's and Microsoft's OAuth 2.0 mechanism.
    XOAuth2,
}

/// For a password, strongest first.
const FOR_PASSWORD: [Mechanism; 7] = [
    Mechanism::ScramSha256Plus,
    Mechanism::ScramSha1Plus,
    Mechanism::ScramSha256,
    Mechanism::ScramSha1,
    Mechanism::CramMd5,
    Mechanism::Plain,
    Mechanism::Login,
];

impl Mechanism {
    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::CramMd5 => "CRAM-MD5",
            Self::External => "EXTERNAL",
            Self::Login => "LOGIN",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::Plain => "PLAIN",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    /// Whether it binds to the TLS channel.
    pub fn is_plus(self) -> bool {
        matches!(self, Self::ScramSha1Plus | Self::ScramSha256Plus)
    }

    /// Whether an eavesdropper learns the password or token.
    pub fn shows_secret(self) -> bool {
        matches!(
            self,
            Self::Login | Self::OAuthBearer | Self::Plain | Self::XOAuth2
        )
    }

    /// Whether the client speaks first.
    pub fn is_client_first(self) -> bool {
        !matches!(self, Self::CramMd5 | Self::Login)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a mechanism must know of the connection.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The server's name as the user gave it; OAUTHBEARER sends it.
    pub host: String,
    /// The server's port; OAUTHBEARER sends it.
    pub port: u16,
    /// The connection is under TLS.
    pub tls: bool,
    /// Secrets may be shown to whoever listens on a connection without TLS.
    pub allow_plaintext: bool,
    /// What -PLUS mechanisms bind to.
    pub channel_binding: Option<ChannelBinding>,
    /// The server offers a -PLUS mechanism, or did so before one failed: SCRAM without binding then
    /// must not claim that the server has none (RFC 5802 section 6).
    pub plus_offered: bool,
}

impl Context {
    fn may_show_secret(&self) -> bool {
        self.tls || self.allow_plaintext
    }
}

/// The strongest mechanism among those `offered` that fits the credential and the connection.
///
/// -PLUS is taken only with a channel binding. One that shows the secret is taken only under TLS or
/// where the context allows it. A bearer token takes OAUTHBEARER, else XOAUTH2.
///
/// # Errors
/// [`ErrorKind::Authentication`] if none fits; the text says what would.
pub fn choose<'a>(
    offered: impl IntoIterator<Item = &'a str>,
    credential: &Credential,
    context: &Context,
) -> Result<Mechanism> {
    let offered: Vec<&str> = offered.into_iter().collect();
    let is_offered = |m: &Mechanism| offered.iter().any(|o| o.eq_ignore_ascii_case(m.name()));
    let wanted: &[Mechanism] = match credential {
        Credential::Password { .. } => &FOR_PASSWORD,
        Credential::Bearer { .. } => &[Mechanism::OAuthBearer, Mechanism::XOAuth2],
        Credential::External { .. } => &[Mechanism::External],
    };
    let fits = |m: &Mechanism| !m.is_plus() || context.channel_binding.is_some();
    let mut found = wanted.iter().copied().filter(is_offered).filter(fits);
    let hidden = found.find(|m| context.may_show_secret() || !m.shows_secret());
    hidden.ok_or_else(|| {
        let text = if wanted.iter().copied().any(|m| is_offered(&m) && fits(&m)) {
            "without TLS the server takes the secret in plain text only; \
             use TLS, or allow_plaintext = true"
                .to_owned()
        } else {
            format!(
                "the server offers no mechanism for this credential (it has {})",
                shown(&offered)
            )
        };
        Error::new(ErrorKind::Authentication, text)
    })
}

fn shown(offered: &[&str]) -> String {
    if offered.is_empty() {
        return "none".into();
    }
    let names: Vec<String> = offered
        .iter()
        .take(20)
        .map(|name| name.escape_default().take(32).collect())
        .collect();
    names.join(" ")
}

/// One authentication in progress.
pub struct Exchange {
    mechanism: Mechanism,
    state: State,
}

enum State {
    /// Everything is in the first response.
    OneShot(Option<Secret>),
    Bearer(bearer::Bearer),
    CramMd5 {
        user: String,
        secret: Secret,
    },
    Login {
        answers: std::array::IntoIter<Secret, 2>,
    },
    Scram(Box<Scram>),
    Done,
}

impl Exchange {
    /// Begins one.
    ///
    /// # Errors
    /// [`ErrorKind::Authentication`] if the credential does not fit the mechanism, holds what
    /// SASLprep (RFC 4013) forbids, or would be shown to listeners against the context.
    pub fn new(mechanism: Mechanism, credential: &Credential, context: &Context) -> Result<Self> {
        if mechanism.shows_secret() && !context.may_show_secret() {
            return Err(refused(format!("{mechanism} without TLS is not allowed")));
        }
        let state = match (mechanism, credential) {
            (Mechanism::Plain, Credential::Password { user, secret }) => {
                State::OneShot(Some(simple::plain(user, secret)?))
            }
            (Mechanism::Login, Credential::Password { user, secret }) => State::Login {
                answers: [Secret::from(user.as_str()), secret.clone()].into_iter(),
            },
            (Mechanism::CramMd5, Credential::Password { user, secret }) => State::CramMd5 {
                user: user.clone(),
                secret: secret.clone(),
            },
            (
                Mechanism::ScramSha1
                | Mechanism::ScramSha1Plus
                | Mechanism::ScramSha256
                | Mechanism::ScramSha256Plus,
                Credential::Password { user, secret },
            ) => {
                let nonce = scram::nonce()?;
                State::Scram(Box::new(Scram::new(
                    mechanism, user, secret, context, nonce,
                )?))
            }
            (Mechanism::OAuthBearer, Credential::Bearer { user, token }) => {
                State::Bearer(bearer::Bearer::oauthbearer(user, token, context)?)
            }
            (Mechanism::XOAuth2, Credential::Bearer { user, token }) => {
                State::Bearer(bearer::Bearer::xoauth2(user, token)?)
            }
            (Mechanism::External, Credential::External { user }) => {
                State::OneShot(Some(user.as_deref().unwrap_or_default().into()))
            }
            _ => return Err(refused(format!("{mechanism} does not fit the credential"))),
        };
        Ok(Self { mechanism, state })
    }

    /// The mechanism.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The initial response; `None` if the server speaks first.
    ///
    /// Without an initial response in the protocol (no SASL-IR), it answers the first, empty
    /// challenge instead.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] if it was taken already.
    pub fn initial(&mut self) -> Result<Option<Secret>> {
        match &mut self.state {
            State::OneShot(response) => response.take().map(Some).ok_or_else(out_of_order),
            State::Bearer(bearer) => bearer.initial().map(Some).ok_or_else(out_of_order),
            State::Scram(scram) => scram.initial().map(Some).ok_or_else(out_of_order),
            State::CramMd5 { .. } | State::Login { .. } => Ok(None),
            State::Done => Err(out_of_order()),
        }
    }

    /// Answers a challenge.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] if the challenge is not of the mechanism,
    /// [`ErrorKind::Authentication`] if the server does not prove that it knows the password.
    /// The exchange must then be cancelled.
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Secret> {
        match &mut self.state {
            State::OneShot(_) | State::Done => Err(out_of_order()),
            State::Bearer(bearer) => bearer.respond(challenge),
            State::CramMd5 { user, secret } => {
                let answer = simple::cram_md5(user, secret, challenge)?;
                self.state = State::Done;
                Ok(answer)
            }
            State::Login { answers } => answers.next().ok_or_else(out_of_order),
            State::Scram(scram) => scram.respond(challenge),
        }
    }

    /// The server says that we are in, with `data` if the protocol carries any along.
    ///
    /// # Errors
    /// [`ErrorKind::Authentication`] if the mechanism authenticates the server too and it did not.
    pub fn finish(&mut self, data: Option<&[u8]>) -> Result<()> {
        if let State::Scram(scram) = &mut self.state {
            scram.finish(data)?;
        }
        self.state = State::Done;
        Ok(())
    }

    /// What the server said of its refusal within the exchange (OAuth status, SCRAM's `e=`).
    pub fn refusal(&self) -> Option<&str> {
        match &self.state {
            State::Bearer(bearer) => bearer.refusal(),
            State::Scram(scram) => scram.refusal(),
            _ => None,
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exchange").field(&self.mechanism).finish()
    }
}

fn refused(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Authentication, text)
}

fn bent(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Protocol, text)
}

fn out_of_order() -> Error {
    bent("the server asks for more than the mechanism has")
}

#[cfg(test)]
mod tests;
