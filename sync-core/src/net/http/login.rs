use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderMap, HeaderValue};
use tokio::sync::Mutex;

use super::Origin;
use super::challenge::Challenge;
use super::digest::{Digest, hex};
use super::error::{Error, ErrorKind, Result};
use super::request::Request;
use crate::net::{Credential, CredentialSource};

/// The credential and the schemes by which it is shown; one for all origins that are trusted.
pub(super) struct Login {
    source: Arc<dyn CredentialSource>,
    preemptive: bool,
    origins: RwLock<HashSet<Origin>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Rises with every new credential.
    generation: u64,
    credential: Option<Credential>,
    schemes: HashMap<Origin, Scheme>,
}

#[derive(Clone)]
enum Scheme {
    Basic,
    Digest(Arc<Digest>),
}

/// What one request was sent with.
#[derive(Default)]
pub(super) struct Ticket {
    pub(super) header: Option<HeaderValue>,
    generation: u64,
    sent: Sent,
}

#[derive(Default, PartialEq, Eq)]
enum Sent {
    #[default]
    Nothing,
    Basic,
    Bearer,
    Digest {
        nonce: String,
        proven: bool,
    },
}

/// What a 401 means.
pub(super) enum Verdict {
    /// Something else can be tried.
    Again,
    /// It is final, for this reason.
    Refused(String),
}

impl Login {
    pub(super) fn new(
        source: Arc<dyn CredentialSource>,
        preemptive: bool,
        origins: Vec<Origin>,
    ) -> Self {
        Self {
            source,
            preemptive,
            origins: RwLock::new(origins.into_iter().collect()),
            state: Mutex::default(),
        }
    }

    pub(super) fn trusts(&self, origin: &Origin) -> bool {
        let origins = self.origins.read();
        origins
            .unwrap_or_else(PoisonError::into_inner)
            .contains(origin)
    }

    pub(super) fn trust(&self, origin: Origin) {
        let origins = self.origins.write();
        origins
            .unwrap_or_else(PoisonError::into_inner)
            .insert(origin);
    }

    /// What to send with a request to an origin that is trusted.
    pub(super) async fn authorize(&self, origin: &Origin, request: &Request) -> Result<Ticket> {
        let mut state = self.state.lock().await;
        let credential = match state.credential.clone() {
            Some(credential) => credential,
            None => {
                let credential = self.source.credential().await?;
                state.credential = Some(credential.clone());
                credential
            }
        };
        let (value, sent) = match (&credential, state.schemes.get(origin)) {
            (Credential::Bearer { token, .. }, _) => {
                let value = [b"Bearer ".as_slice(), token.expose()].concat();
                (value, Sent::Bearer)
            }
            (Credential::Password { user, secret }, Some(Scheme::Digest(digest))) => {
                let target = target(request);
                let method = request.method.as_str();
                let value =
                    digest.authorization(user, secret.expose(), method, &target, &cnonce()?);
                let nonce = digest.nonce().to_owned();
                let proven = digest.is_proven();
                (value.into_bytes(), Sent::Digest { nonce, proven })
            }
            (Credential::Password { user, secret }, scheme)
                if scheme.is_some() || self.preemptive =>
            {
                (basic(user, secret.expose())?, Sent::Basic)
            }
            _ => (Vec::new(), Sent::Nothing),
        };
        let header = if sent == Sent::Nothing {
            None
        } else {
            let mut value = HeaderValue::from_bytes(&value).map_err(|_| {
                let text = "the credential holds characters that no header may hold";
                Error::new(ErrorKind::Config, text)
            })?;
            value.set_sensitive(true);
            Some(value)
        };
        Ok(Ticket {
            header,
            generation: state.generation,
            sent,
        })
    }

    /// What to make of a 401 to a request that was sent with `ticket`.
    pub(super) async fn refused(
        &self,
        origin: &Origin,
        ticket: &Ticket,
        headers: &HeaderMap,
    ) -> Result<Verdict> {
        let challenges = Challenge::all(headers);
        let mut state = self.state.lock().await;
        if state.generation != ticket.generation {
            // Another request has seen to it meanwhile.
            return Ok(Verdict::Again);
        }
        if let Some(Credential::Password { .. }) = &state.credential
            && let Some(scheme) = other_scheme(&challenges, &ticket.sent)
        {
            state.schemes.insert(origin.clone(), scheme);
            return Ok(Verdict::Again);
        }
        if ticket.sent == Sent::Nothing {
            let names: Vec<_> = challenges.iter().map(|c| c.scheme.as_str()).collect();
            return Ok(Verdict::Refused(match state.credential {
                Some(Credential::External { .. }) => "the client certificate is not enough".into(),
                _ if names.is_empty() => "the server names no way to log in".into(),
                _ => format!("none of the ways offered is known: {}", names.join(", ")),
            }));
        }
        self.source.rejected().await;
        let old = state.credential.take();
        let new = self.source.credential().await?;
        if old.as_ref() == Some(&new) {
            return Ok(Verdict::Refused(match new {
                Credential::Bearer { .. } => "the token is not accepted".into(),
                _ => "user name or password is wrong".into(),
            }));
        }
        state.credential = Some(new);
        state.generation = state.generation.wrapping_add(1);
        Ok(Verdict::Again)
    }
}

/// A scheme for passwords that was not tried yet, Digest before Basic.
fn other_scheme(challenges: &[Challenge], sent: &Sent) -> Option<Scheme> {
    let digest = Digest::choose(challenges).map(|digest| Scheme::Digest(Arc::new(digest)));
    let basic = challenges.iter().any(|c| c.scheme == "basic");
    match sent {
        Sent::Nothing => digest.or_else(|| basic.then_some(Scheme::Basic)),
        // Where Basic is offered and was sent, it is the password that is wrong.
        Sent::Basic if !basic => digest,
        // A nonce that has come of age, whether or not the server says so.
        Sent::Digest { nonce, proven } => digest.filter(|scheme| {
            let stale = challenges.iter().any(|c| {
                c.param("stale")
                    .is_some_and(|flag| flag.eq_ignore_ascii_case("true"))
            });
            matches!(scheme, Scheme::Digest(new) if (stale || *proven) && new.nonce() != nonce)
        }),
        Sent::Basic | Sent::Bearer => None,
    }
}

fn basic(user: &str, password: &[u8]) -> Result<Vec<u8>> {
    if user.contains(':') {
        let text = "Basic cannot carry a user name with a colon in it (RFC 7617 section 2)";
        return Err(Error::new(ErrorKind::Config, text));
    }
    let pair = zeroize::Zeroizing::new([user.as_bytes(), b":", password].concat());
    let mut value = b"Basic ".to_vec();
    value.extend_from_slice(STANDARD.encode(&*pair).as_bytes());
    Ok(value)
}

fn target(request: &Request) -> String {
    match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    }
}

fn cnonce() -> Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Error::new(ErrorKind::Config, format!("no random numbers: {error}")))?;
    Ok(hex(&random))
}
