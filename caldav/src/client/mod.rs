//! The session: one method a request.
//!
//! A [`Client`] speaks to one server, which [`locate`] finds by a mail address.
//! [`discover`](Client::discover) finds the account's homes,
//! [`collections`](Client::collections) lists what is in them,
//! [`sync_collection`](Client::sync_collection) says what changed and [`multiget`](Client::multiget)
//! fetches it. Methods take `&self`: what runs at once is the caller's choice.
//!
//! Nothing is cached and nothing is written unasked; DELETE tells the server not to mail anybody
//! unless [`ClientOptions::schedule_reply`] says otherwise.

mod collection;
mod discover;
mod error;
mod locate;
mod make;
mod multiget;
mod multistatus;
mod object;
mod report;
mod sync;

use std::fmt;
use std::sync::Arc;

use sync_core::net::http::{Http, HttpOptions, Method, Request, Response as Answer, Url, header};
use sync_core::net::{CredentialSource, Tls};

use crate::wire::request::{self, Wanted};
use crate::wire::{Compliance, Depth, ErrorBody, Href, Limits, Precondition, Property, Response};

pub use collection::Collection;
pub use discover::{Discovery, Step};
pub use error::{Error, ErrorKind, Result};
pub use locate::{Located, Location, locate};
pub use make::NewCollection;
pub use multiget::{Fetched, Multiget};
pub use multistatus::Multistatus;
pub use object::{Object, Stored};
pub use sync::{SyncChange, SyncChanges, SyncPoint};

/// What a server is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Calendars (RFC 4791).
    CalDav,
    /// Address books (RFC 6352).
    CardDav,
}

impl Service {
    /// The media type of its objects.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::CalDav => "text/calendar; charset=utf-8",
            Self::CardDav => "text/vcard; charset=utf-8",
        }
    }

    /// The property that holds its objects.
    pub(crate) fn data(self) -> Property {
        match self {
            Self::CalDav => Property::CalendarData,
            Self::CardDav => Property::AddressData,
        }
    }
}

/// Where to connect, as whom, and within which limits.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    url: Url,
    /// Timeouts, redirects, what is trusted.
    pub http: HttpOptions,
    /// What an answer may hold. [`Limits::max_response`] bounds a GET too.
    pub limits: Limits,
    /// How many objects one multiget asks for. Default 250: Radicale takes 30 ms for each request,
    /// beside the objects.
    pub multiget_batch: usize,
    /// The version of vCard that is asked for, `4.0` or `3.0`; without it the server chooses.
    pub vcard_version: Option<String>,
    /// Whether the deletion of an event may make the server mail a reply or a cancellation
    /// (`Schedule-Reply`, RFC 6638 section 8.1). Default no.
    pub schedule_reply: bool,
}

impl ClientOptions {
    /// The server, home or collection at `url`. The login is shown to its origin and no other.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if `url` is none.
    pub fn new(url: &str, tls: Tls, login: impl CredentialSource + 'static) -> Result<Self> {
        let url = parse(url)?;
        let mut http = HttpOptions::new(tls).login(login, &url);
        http.user_agent = concat!("caldav/", env!("CARGO_PKG_VERSION")).into();
        Ok(Self {
            url,
            http,
            limits: Limits::default(),
            multiget_batch: 250,
            vcard_version: None,
            schedule_reply: false,
        })
    }

    /// The same at another URL. The login is shown to its origin, too.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if `url` is none.
    pub fn at(mut self, url: &str) -> Result<Self> {
        let url = parse(url)?;
        self.http = self.http.login_also_at(&url);
        self.url = url;
        Ok(self)
    }

    /// Allows `http://`, over which the password can be read by others.
    #[must_use]
    pub fn allow_plaintext(mut self) -> Self {
        self.http.plaintext = true;
        self
    }
}

fn parse(url: &str) -> Result<Url> {
    let url: Url = url.parse().map_err(|error| {
        // The text may hold a password.
        Error::new(ErrorKind::Config, format!("this is no URL: {error}"))
    })?;
    if !matches!(url.scheme(), "https" | "http") {
        let text = format!("{}:// is not spoken here, only https://", url.scheme());
        return Err(Error::new(ErrorKind::Config, text));
    }
    Ok(url)
}

/// A client of one server. Cheap to clone; clones share connections and login.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    options: ClientOptions,
    http: Http,
    /// `scheme://authority`.
    origin: String,
    start: Href,
}

impl Client {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the options cannot be used.
    pub fn new(options: ClientOptions) -> Result<Self> {
        let http = Http::new(options.http.clone())?;
        let start = Href::parse(options.url.path())
            .ok_or_else(|| Error::new(ErrorKind::Config, "the path of the URL is too long"))?;
        Ok(Self(Arc::new(Inner {
            origin: options.url.origin().ascii_serialization(),
            start,
            http,
            options,
        })))
    }

    /// The options it was made with.
    #[must_use]
    pub fn client_options(&self) -> &ClientOptions {
        &self.0.options
    }

    /// The path of the URL that it was made with.
    #[must_use]
    pub fn start(&self) -> &Href {
        &self.0.start
    }

    /// What the server can do at `href` (OPTIONS, RFC 4918 section 10.1).
    ///
    /// # Errors
    /// As any request; see [`Error`].
    pub async fn options(&self, href: &Href) -> Result<Compliance> {
        let request = self.request("OPTIONS", href)?;
        let answer = self.send("OPTIONS", href, request).await?;
        let values = answer.headers().get_all("dav");
        Ok(Compliance::parse(
            values.iter().filter_map(|value| value.to_str().ok()),
        ))
    }

    /// Asks for properties (RFC 4918 section 9.1).
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] if the answer is no multistatus, and as any request.
    pub async fn propfind(
        &self,
        href: &Href,
        depth: Depth,
        properties: &[Property],
    ) -> Result<Multistatus> {
        let body = request::propfind(properties);
        self.multistatus("PROPFIND", href, depth, body).await
    }

    /// The properties of `href` itself.
    ///
    /// # Errors
    /// As [`propfind`](Self::propfind).
    pub async fn properties(&self, href: &Href, properties: &[Property]) -> Result<Response> {
        self.propfind(href, Depth::Zero, properties)
            .await?
            .single()
            .await
    }

    /// Sets text properties, and removes those that are `None` (RFC 4918 section 9.2). Gives those
    /// that the server refuses, with their status; all others are written.
    ///
    /// # Errors
    /// As [`propfind`](Self::propfind).
    pub async fn proppatch(
        &self,
        href: &Href,
        changes: &[(Property, Option<&str>)],
    ) -> Result<Vec<(Property, u16)>> {
        let mut changes = changes.to_vec();
        let mut refused = Vec::new();
        while !changes.is_empty() {
            let answer = self.proppatch_once(href, &changes).await?;
            // One that is refused fails all others, with 424 (RFC 4918 section 9.2.1).
            let (held_up, culprits): (Vec<_>, Vec<_>) =
                answer.into_iter().partition(|(_, status)| *status == 424);
            changes.retain(|(name, _)| held_up.iter().any(|(other, _)| other == name));
            if culprits.is_empty() {
                refused.extend(held_up);
                break;
            }
            refused.extend(culprits);
        }
        Ok(refused)
    }

    async fn proppatch_once(
        &self,
        href: &Href,
        changes: &[(Property, Option<&str>)],
    ) -> Result<Vec<(Property, u16)>> {
        let body = request::proppatch(changes);
        let request = self.xml_request("PROPPATCH", href, body)?;
        let answer = self.send("PROPPATCH", href, request).await?;
        if answer.status().as_u16() != 207 {
            return Ok(Vec::new());
        }
        let response = self.read("PROPPATCH", href, answer).single().await?;
        match response.status {
            Some(status) if !response.is_success() => {
                Err(Error::refused(status, response.error).at("PROPPATCH", href))
            }
            _ => Ok(response.refused),
        }
    }

    /// One REPORT or PROPFIND.
    pub(crate) async fn multistatus(
        &self,
        method: &'static str,
        href: &Href,
        depth: Depth,
        body: String,
    ) -> Result<Multistatus> {
        let request = self
            .xml_request(method, href, body)?
            .header(header::HeaderName::from_static("depth"), depth.as_str())?;
        let answer = self.send(method, href, request).await?;
        if answer.status().as_u16() != 207 {
            let text = format!("answered {}, not as WebDAV does", answer.status());
            return Err(Error::new(ErrorKind::Protocol, text).at(method, href));
        }
        Ok(self.read(method, href, answer))
    }

    pub(crate) fn read(&self, method: &'static str, href: &Href, answer: Answer) -> Multistatus {
        let limits = self.0.options.limits;
        Multistatus::new(answer, method, href.clone(), &self.0.origin, limits)
    }

    pub(crate) fn wanted<'a>(&'a self, properties: &'a [Property]) -> Wanted<'a> {
        Wanted {
            properties,
            vcard_version: self.0.options.vcard_version.as_deref(),
        }
    }

    pub(crate) fn xml_request(
        &self,
        method: &'static str,
        href: &Href,
        body: String,
    ) -> Result<Request> {
        Ok(self
            .request(method, href)?
            .header(header::CONTENT_TYPE, "application/xml; charset=utf-8")?
            .body(body))
    }

    pub(crate) fn request(&self, method: &'static str, href: &Href) -> Result<Request> {
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| Error::new(ErrorKind::Usage, "no such method"))?;
        Ok(Request::new(method, self.url(href)?))
    }

    pub(crate) fn url(&self, href: &Href) -> Result<Url> {
        let text = match href.origin() {
            Some(_) => href.to_string(),
            None => format!("{}{href}", self.0.origin),
        };
        text.parse().map_err(|_| {
            let text = format!("{href} is no URL");
            Error::new(ErrorKind::Config, text)
        })
    }

    /// An answer of success, or the error that it is.
    pub(crate) async fn send(
        &self,
        method: &'static str,
        href: &Href,
        request: Request,
    ) -> Result<Answer> {
        let mut answer = self.0.http.send(request).await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let bytes = answer.excerpt(64 << 10).await;
        let base = Href::parse(answer.url().as_str()).unwrap_or_else(|| href.clone());
        let body = ErrorBody::read(&bytes, base, &self.0.origin);
        let error = Error::refused(answer.status().as_u16(), body);
        Err(error.retry_in(answer.retry_after()).at(method, href))
    }

    pub(crate) fn guarded(request: Request, precondition: &Precondition) -> Result<Request> {
        if let Precondition::Match(tag) = precondition
            && !tag.is_usable()
        {
            let text = format!("{tag} cannot guard a write: it is weak or no proper tag");
            return Err(Error::new(ErrorKind::Usage, text));
        }
        match precondition.header() {
            None => Ok(request),
            Some((name, value)) => {
                Ok(request.header(header::HeaderName::from_static(name), value)?)
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({}{})", self.0.origin, self.0.start)
    }
}
