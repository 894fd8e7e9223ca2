use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::header::{self, HeaderValue};
use reqwest::{Method, StatusCode, Url, Version};

use super::error::{Error, ErrorKind, Result};
use super::login::{Login, Verdict};
use super::request::{Request, place};
use super::response::Response;
use crate::net::{CredentialSource, Tls};

/// How often one request may be sent with another authorization.
const MAX_LOGINS: usize = 4;

/// How [`Http`] connects and what it tolerates.
#[derive(Clone)]
pub struct HttpOptions {
    /// What is trusted and shown under TLS. ALPN is set to HTTP/2 and HTTP/1.1.
    pub tls: Tls,
    /// Whether `http://` is allowed at all. Default no.
    pub plaintext: bool,
    /// Whether HTTP/2 is offered. Default yes.
    pub http2: bool,
    /// Until a connection stands, TLS included. Default 30 s.
    pub connect_timeout: Duration,
    /// Until the head of the answer is there, and between two pieces of its body. Bodies sent get
    /// one more second for each 16 KiB. Default 2 minutes.
    pub response_timeout: Duration,
    /// The most bytes of one answer's body after decompression. Default 1 GiB, for those who read
    /// in pieces; who reads it whole sets [`Request::limit`].
    pub max_body: u64,
    /// How many redirects one request follows. Default 5.
    pub max_redirects: usize,
    /// Whether a password is sent by Basic before the server asked for it, which spares a round
    /// trip. Default yes.
    pub preemptive: bool,
    /// What we call ourselves.
    pub user_agent: String,
    /// Hosts whose addresses are given, by name; no resolver is asked for them. A port holds for
    /// URLs without one; 0 is the scheme's.
    pub hosts: Vec<(String, SocketAddr)>,
    login: Option<(Arc<dyn CredentialSource>, Vec<Origin>)>,
}

impl HttpOptions {
    /// The defaults, without a login.
    #[must_use]
    pub fn new(tls: Tls) -> Self {
        Self {
            tls,
            plaintext: false,
            http2: true,
            connect_timeout: Duration::from_secs(30),
            response_timeout: Duration::from_secs(120),
            max_body: 1 << 30,
            max_redirects: 5,
            preemptive: true,
            user_agent: concat!("sync-core/", env!("CARGO_PKG_VERSION")).into(),
            hosts: Vec::new(),
            login: None,
        }
    }

    /// Logs in with what `source` gives, at the origin of `url` and nowhere else.
    #[must_use]
    pub fn login(mut self, source: impl CredentialSource + 'static, url: &Url) -> Self {
        self.login = Some((Arc::new(source), vec![Origin::of(url)]));
        self
    }

    /// Logs in at the origin of `url` too.
    #[must_use]
    pub fn login_also_at(mut self, url: &Url) -> Self {
        if let Some((_, origins)) = &mut self.login {
            origins.push(Origin::of(url));
        }
        self
    }
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins = self.login.as_ref().map(|(_, origins)| origins);
        f.debug_struct("HttpOptions")
            .field("plaintext", &self.plaintext)
            .field("login_at", &origins)
            .finish_non_exhaustive()
    }
}

/// Scheme, host and port (RFC 6454).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// The origin of this URL.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Sends requests. Cheap to clone; clones share connections and login.
#[derive(Clone)]
pub struct Http(Arc<Inner>);

struct Inner {
    options: HttpOptions,
    login: Option<Login>,
    /// Keeps connections.
    pooled: reqwest::Client,
    /// Connects anew for each request.
    fresh: reqwest::Client,
    connections: Mutex<HashMap<Origin, Connections>>,
}

/// What is known of an origin's HTTP/1.1 connections.
#[derive(Default)]
struct Connections {
    /// Local ports of the last ones: one that is seen twice was kept.
    ports: VecDeque<u16>,
    kept: bool,
}

impl Http {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the options cannot be used.
    pub fn new(options: HttpOptions) -> Result<Self> {
        let pooled = build(&options, true)?;
        let fresh = build(&options, false)?;
        let login = options
            .login
            .clone()
            .map(|(source, origins)| Login::new(source, options.preemptive, origins));
        Ok(Self(Arc::new(Inner {
            options,
            login,
            pooled,
            fresh,
            connections: Mutex::default(),
        })))
    }

    /// The options it was made with.
    #[must_use]
    pub fn options(&self) -> &HttpOptions {
        &self.0.options
    }

    /// Logs in at the origin of `url` too, from now on.
    pub fn trust(&self, url: &Url) {
        if let Some(login) = &self.0.login {
            login.trust(Origin::of(url));
        }
    }

    /// Whether the login is shown to the origin of `url`.
    #[must_use]
    pub fn trusts(&self, url: &Url) -> bool {
        self.0
            .login
            .as_ref()
            .is_some_and(|login| login.trusts(&Origin::of(url)))
    }

    /// Sends `request`, logs in where the server asks for it, and follows redirects.
    ///
    /// # Errors
    /// Any [`ErrorKind`] but [`Status`](ErrorKind::Status): other answers than 401 are answers.
    pub async fn send(&self, mut request: Request) -> Result<Response> {
        let mut redirects = 0;
        let mut logins = 0;
        loop {
            self.check(&request.url)?;
            let origin = Origin::of(&request.url);
            let login = self.0.login.as_ref().filter(|login| login.trusts(&origin));
            let ticket = match login {
                Some(login) => login.authorize(&origin, &request).await?,
                None => Default::default(),
            };
            let mut response = self.exchange(&request, ticket.header.as_ref()).await?;
            let status = response.status();
            tracing::debug!(request = %request.place(), status = status.as_u16(), "answered");
            if status == StatusCode::UNAUTHORIZED {
                let Some(login) = login else {
                    return Err(self.no_login(response));
                };
                logins += 1;
                let verdict = login.refused(&origin, &ticket, response.headers()).await?;
                match verdict {
                    Verdict::Again if logins < MAX_LOGINS => {
                        response.drain().await;
                        continue;
                    }
                    Verdict::Again => return Err(response.into_error()),
                    Verdict::Refused(why) => {
                        let text = format!("{}: login refused: {why}", request.place());
                        return Err(Error::new(ErrorKind::Authentication, text).with_status(status));
                    }
                }
            }
            if !request.follows {
                return Ok(response);
            }
            let Some(target) = redirect_target(&response)? else {
                return Ok(response);
            };
            redirects += 1;
            if redirects > self.0.options.max_redirects {
                let text = format!("{}: more than {} redirects", request.place(), redirects - 1);
                return Err(Error::new(ErrorKind::Redirect, text).with_status(status));
            }
            self.redirect(&mut request, target, status)?;
            response.drain().await;
        }
    }

    fn check(&self, url: &Url) -> Result<()> {
        let why = match url.scheme() {
            _ if url.host_str().is_none_or(str::is_empty) => "no host in it",
            "https" => return Ok(()),
            "http" if self.0.options.plaintext => return Ok(()),
            "http" => "must be https:// (plain http is not allowed)",
            _ => "must be https://",
        };
        Err(Error::new(ErrorKind::Config, format!("{}: {why}", place(url))).unsent())
    }

    fn no_login(&self, response: Response) -> Error {
        if self.0.login.is_none() {
            return response.into_error();
        }
        let text = format!(
            "{}: asks for a login, but the origin {} is not the one that the login is for",
            response.place,
            Origin::of(response.url())
        );
        Error::new(ErrorKind::Authentication, text).with_status(response.status())
    }

    fn redirect(&self, request: &mut Request, target: Url, status: StatusCode) -> Result<()> {
        let refuse = |why: &str| {
            let text = format!(
                "{}: redirected to {}: {why}",
                request.place(),
                place(&target)
            );
            Err(Error::new(ErrorKind::Redirect, text).with_status(status))
        };
        if request.url.scheme() == "https" && target.scheme() != "https" {
            return refuse("this would leave TLS");
        }
        if status == StatusCode::SEE_OTHER {
            let mut new = Request::new(Method::GET, target);
            new.timeout = request.timeout;
            new.limit = request.limit;
            *request = new;
            return Ok(());
        }
        let same = Origin::of(&request.url) == Origin::of(&target);
        if !request.repeatable && !same && !self.trusts(&target) {
            return refuse("nothing is written to another origin");
        }
        tracing::debug!(from = %request.place(), to = %place(&target), "redirected");
        let clean = Request::new(Method::GET, target);
        request.url = clean.url;
        Ok(())
    }

    /// One request and the head of its answer.
    async fn exchange(&self, request: &Request, login: Option<&HeaderValue>) -> Result<Response> {
        // A server may close a connection without having said so, and the request that was just
        // sent on it is lost. What may be repeated is; the rest goes over a connection that is
        // new, or to a server that was seen to keep connections.
        let pooled = request.repeatable || self.keeps_connections(&request.url);
        let client = if pooled {
            &self.0.pooled
        } else {
            &self.0.fresh
        };
        match self.exchange_over(client, request, login).await {
            Err(error)
                if request.repeatable
                    && error.kind() == ErrorKind::Connection
                    && error.is_outcome_unknown() =>
            {
                tracing::debug!(request = %request.place(), %error, "sent again");
                self.exchange_over(&self.0.fresh, request, login).await
            }
            other => other,
        }
    }

    async fn exchange_over(
        &self,
        client: &reqwest::Client,
        request: &Request,
        login: Option<&HeaderValue>,
    ) -> Result<Response> {
        let options = &self.0.options;
        let mut out = reqwest::Request::new(request.method.clone(), request.url.clone());
        *out.headers_mut() = request.headers.clone();
        if let Some(login) = login {
            out.headers_mut()
                .insert(header::AUTHORIZATION, login.clone());
        }
        // Some servers (SOGo) want a length even of nothing.
        let bodiless = matches!(request.method, Method::GET | Method::HEAD | Method::DELETE);
        if !bodiless || !request.body.is_empty() {
            *out.body_mut() = Some(request.body.clone().into());
        }
        let upload = Duration::from_secs(request.body.len() as u64 >> 14);
        let silence = request.timeout.unwrap_or(options.response_timeout);
        let wait = silence
            .saturating_add(upload)
            .saturating_add(options.connect_timeout);
        let inner = tokio::time::timeout(wait, client.execute(out))
            .await
            .map_err(|_| {
                let text = format!("{}: no answer within {wait:?}", request.place());
                Error::new(ErrorKind::Timeout, text)
            })?
            .map_err(|error| Error::transport(&request.place(), error))?;
        self.observe(&request.url, &inner);
        Ok(Response {
            inner,
            place: request.place(),
            limit: request.limit.unwrap_or(options.max_body),
            silence,
            read: 0,
        })
    }

    pub(super) fn keeps_connections(&self, url: &Url) -> bool {
        let connections = self.0.connections.lock();
        let connections = connections.unwrap_or_else(PoisonError::into_inner);
        connections
            .get(&Origin::of(url))
            .is_some_and(|known| known.kept)
    }

    fn observe(&self, url: &Url, response: &reqwest::Response) {
        let connections = self.0.connections.lock();
        let mut connections = connections.unwrap_or_else(PoisonError::into_inner);
        let known = connections.entry(Origin::of(url)).or_default();
        if response.version() == Version::HTTP_2 {
            known.kept = true;
        } else if let Some(info) = response.extensions().get::<HttpInfo>() {
            let port = info.local_addr().port();
            if known.ports.contains(&port) {
                known.kept = true;
            } else {
                known.ports.truncate(7);
                known.ports.push_front(port);
            }
        }
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Http").field(&self.0.options).finish()
    }
}

/// Where a 3xx leads, if it is one that can be followed.
fn redirect_target(response: &Response) -> Result<Option<Url>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(header::LOCATION) else {
        return Ok(None);
    };
    let target = std::str::from_utf8(location.as_bytes())
        .ok()
        .and_then(|location| response.url().join(location).ok());
    target.map(Some).ok_or_else(|| {
        let text = format!("{}: redirected to no URL", response.place);
        Error::new(ErrorKind::Redirect, text).with_status(response.status())
    })
}

fn build(options: &HttpOptions, pooled: bool) -> Result<reqwest::Client> {
    let alpn: &[&[u8]] = if options.http2 {
        &[b"h2", b"http/1.1"]
    } else {
        &[b"http/1.1"]
    };
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(options.tls.config_with_alpn(alpn))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(options.connect_timeout)
        .pool_idle_timeout(Duration::from_secs(60))
        .http2_adaptive_window(true)
        .user_agent(&options.user_agent);
    if !pooled {
        builder = builder.pool_max_idle_per_host(0);
    }
    for (host, address) in &options.hosts {
        builder = builder.resolve(host, *address);
    }
    builder.build().map_err(|error| {
        let text = format!("HTTP: {}", error.without_url());
        Error::new(ErrorKind::Config, text)
    })
}
