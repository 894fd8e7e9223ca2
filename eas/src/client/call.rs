//! One command: its request, and what has to be done before its answer can be had.

use std::time::Duration;

use sync_core::net::http::header::{CONTENT_TYPE, HeaderName};
use sync_core::net::http::{Method, Request, Response, Url};

use super::options::with_path;
use super::{Client, Error, ErrorKind, Result};
use crate::wire::command::{Command, Name, parts};
use crate::wire::http::{MULTIPART, Offer, Parameter, Query, RFC822, WBXML};
use crate::wire::{Action, Status, Version};

const VERSION: HeaderName = HeaderName::from_static("ms-asprotocolversion");
const VERSIONS: HeaderName = HeaderName::from_static("ms-asprotocolversions");
const COMMANDS: HeaderName = HeaderName::from_static("ms-asprotocolcommands");
const POLICY_KEY: HeaderName = HeaderName::from_static("x-ms-policykey");
const LOCATION: HeaderName = HeaderName::from_static("x-ms-location");
const THROTTLE: HeaderName = HeaderName::from_static("x-ms-asthrottle");
const ACCEPT_MULTIPART: HeaderName = HeaderName::from_static("ms-asacceptmultipart");
const UPGRADE: HeaderName = HeaderName::from_static("x-ms-rp");

/// How often one command is provisioned for, and how often it is sent on to another server.
const MOST_PROVISIONS: usize = 2;
const MOST_MOVES: usize = 3;

/// What one command needs beside itself.
#[derive(Debug, Default)]
pub(super) struct Extras {
    /// What it adds to the request line.
    pub(super) parameters: Vec<(Parameter, String)>,
    /// How long the server may wait on purpose before it answers.
    pub(super) wait: Duration,
    /// Whether the answer may come in parts.
    pub(super) multipart: bool,
}

/// A body, in its parts; the first is WBXML.
pub(super) struct Parts {
    body: bytes::Bytes,
    multipart: bool,
}

impl Parts {
    /// The parts; one where the answer has none.
    pub(super) fn split(&self) -> Result<Vec<&[u8]>> {
        match self.multipart {
            true => Ok(parts(&self.body)?),
            false => Ok(vec![&self.body]),
        }
    }
}

impl Client {
    /// Asks which versions and commands the server offers, and settles on one
    /// ([MS-ASHTTP] section 2.2.3).
    ///
    /// # Errors
    /// [`ErrorKind::NotActiveSync`] where what answers offers none.
    pub async fn negotiate(&mut self) -> Result<Version> {
        let request = Request::new(Method::OPTIONS, self.url.clone()).timeout(self.options.timeout);
        let request = self.cookies.on(request)?;
        let response = self.http.send(request).await?;
        self.cookies.take(response.headers());
        if !response.status().is_success() {
            return Err(response.into_error().into());
        }
        let headers = response.headers();
        let values = |name| {
            let all = headers.get_all(name);
            all.iter().filter_map(|value| value.to_str().ok())
        };
        self.offer = Offer::new(values(&VERSIONS), values(&COMMANDS));
        let best = Version::best(&self.offer.versions).ok_or_else(|| {
            let why = format!("{}: offers no version of ActiveSync", self.url);
            Error::new(ErrorKind::NotActiveSync, why)
        })?;
        let version = match self.version {
            Some(kept) if self.offer.versions.contains(&kept) => kept,
            _ => best,
        };
        self.version = Some(version);
        Ok(version)
    }

    /// Sends a command until it has an answer of its own.
    pub(super) async fn call<C: Command>(&mut self, command: &C) -> Result<C::Answer> {
        self.call_with(command, &Extras::default()).await
    }

    /// [`call`](Self::call), with what the command needs beside itself.
    pub(super) async fn call_with<C: Command>(
        &mut self,
        command: &C,
        extras: &Extras,
    ) -> Result<C::Answer> {
        let parts = self.exchange(command, extras, 0).await?;
        let parts = parts.split()?;
        let answer = command.decode(parts.first().copied().unwrap_or_default());
        answer.map_err(|error| Error::from(error).of(C::NAME))
    }

    /// Sends a command and provisions, moves and renegotiates as the server asks for it. The answer's
    /// status is a success, or none that concerns the request as a whole.
    pub(super) async fn exchange<C: Command>(
        &mut self,
        command: &C,
        extras: &Extras,
        mut provisions: usize,
    ) -> Result<Parts> {
        let mut moves = 0;
        let mut renegotiated = false;
        loop {
            let version = match self.version {
                Some(version) => version,
                None => self.negotiate().await?,
            };
            let response = self.post(command, version, extras).await?;
            let status = response.status().as_u16();
            match status {
                200 => {}
                449 if provisions < MOST_PROVISIONS && C::NAME != Name::Provision => {
                    provisions += 1;
                    self.provision_inner().await?;
                    continue;
                }
                449 => return Err(provisioning_loop(C::NAME)),
                451 if moves < MOST_MOVES => {
                    moves += 1;
                    self.move_to(&response)?;
                    continue;
                }
                400 | 505 if !renegotiated && self.offer.versions.is_empty() => {
                    // The version may be one that the server has given up.
                    renegotiated = true;
                    self.negotiate().await?;
                    continue;
                }
                _ => return Err(refused(C::NAME, response).await),
            }
            let parts = self.body(response).await?;
            let answer = match parts.split()?.first().copied() {
                None | Some([]) => return Ok(parts),
                Some(wbxml) => command.decode(wbxml),
            };
            let answer = answer.map_err(|error| Error::from(error).of(C::NAME))?;
            let Some(status) = C::status(&answer) else {
                return Ok(parts);
            };
            match status.action(C::NAME) {
                Action::None => return Ok(parts),
                Action::Provision if C::NAME != Name::Provision => {
                    if provisions >= MOST_PROVISIONS {
                        return Err(provisioning_loop(C::NAME));
                    }
                    provisions += 1;
                    self.provision_inner().await?;
                }
                Action::Wipe => return Err(self.wipe().await?),
                Action::Renegotiate if !renegotiated => {
                    renegotiated = true;
                    self.negotiate().await?;
                }
                _ if carries_answer(C::NAME, status) => return Ok(parts),
                _ => return Err(Error::status_of(C::NAME, status)),
            }
        }
    }

    /// One request, and the head of its answer.
    async fn post<C: Command>(
        &mut self,
        command: &C,
        version: Version,
        extras: &Extras,
    ) -> Result<Response> {
        let query = Query {
            command: C::NAME,
            user: self.options.user.clone(),
            device_id: self.options.device.id.clone(),
            device_type: self.options.device.device_type.clone(),
            multipart: extras.multipart,
            parameters: extras.parameters.clone(),
        };
        let mut url = self.url.clone();
        url.set_query(Some(&query.plain()));
        let body = command.encode(version);
        let wait = self.options.timeout.saturating_add(extras.wait);
        let mut request = Request::new(Method::POST, url)
            .timeout(wait)
            .limit(self.options.max_answer)
            .header(VERSION, version.as_str())?;
        if !body.is_empty() {
            let rfc822 = version < Version::V14_0
                && matches!(
                    C::NAME,
                    Name::SendMail | Name::SmartReply | Name::SmartForward
                );
            request = request.header(CONTENT_TYPE, if rfc822 { RFC822 } else { WBXML })?;
        }
        // Asking for a policy is the one command that goes without the old one's key.
        let key = match C::NAME {
            Name::Provision => Some(self.policy_key.as_deref().unwrap_or("0")),
            _ => self.policy_key.as_deref(),
        };
        if let Some(key) = key {
            request = request.header(POLICY_KEY, key)?;
        }
        if extras.multipart {
            request = request.header(ACCEPT_MULTIPART, "T")?;
        }
        if command.is_repeatable(version) {
            request = request.repeatable();
        }
        let request = self.cookies.on(request)?.body(body);
        let response = self.http.send(request).await;
        let response = response.map_err(|error| Error::from(error).of(C::NAME))?;
        self.cookies.take(response.headers());
        self.upgraded |= response.headers().contains_key(UPGRADE);
        Ok(response)
    }

    async fn body(&self, mut response: Response) -> Result<Parts> {
        let content_type = response.header(CONTENT_TYPE).unwrap_or_default();
        let multipart = content_type.starts_with(MULTIPART);
        Ok(Parts {
            body: response.bytes().await?,
            multipart,
        })
    }

    /// The mailbox is elsewhere (451). The server that holds the login says where, over TLS, so the
    /// login is shown there too.
    fn move_to(&mut self, response: &Response) -> Result<()> {
        let target = response
            .header(LOCATION)
            .and_then(|location| Url::parse(location).ok())
            .map(with_path)
            .filter(|url| url.scheme() == "https" || self.url.scheme() == "http")
            .filter(|url| *url != self.url);
        let Some(target) = target else {
            let why = format!("{}: the mailbox is elsewhere, but not said where", self.url);
            return Err(Error::new(ErrorKind::Protocol, why));
        };
        tracing::debug!(from = %self.url, to = %target, "the mailbox is elsewhere");
        self.http.trust(&target);
        self.url = target;
        Ok(())
    }
}

/// Statuses that are no success, and whose answer says more that the caller needs.
fn carries_answer(command: Name, status: Status) -> bool {
    match command {
        // Limits, and folders that changed.
        Name::Ping => matches!(status.action(command), Action::TakeLimit),
        Name::Sync => matches!(status.action(command), Action::TakeLimit),
        Name::ItemOperations | Name::MeetingResponse => status.0 < 100,
        Name::Provision => true,
        _ => false,
    }
}

/// What an HTTP status other than 200 means.
async fn refused(command: Name, response: Response) -> Error {
    let throttled = response
        .header(THROTTLE)
        .map(|reason| format!(" (throttled: {reason})"));
    let pause = response.retry_after();
    let is_throttled = throttled.is_some();
    let error = Error::from(response.into_error());
    let kind = match is_throttled {
        true => ErrorKind::Throttled,
        false => error.kind(),
    };
    let text = format!("{command}: {error}{}", throttled.unwrap_or_default());
    Error::new(kind, text).of(command).retry_in(pause)
}

fn provisioning_loop(command: Name) -> Error {
    let why = "the server demands a policy again and again";
    Error::new(ErrorKind::Policy, format!("{command}: {why}")).of(command)
}
