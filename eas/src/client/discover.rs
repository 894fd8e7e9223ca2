//! Where somebody's server is ([MS-OXDISCO], [MS-ASCMD] section 2.2.1.1).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sync_core::net::dns::{Dns, SystemDns, in_order, is_within};
use sync_core::net::http::header::{CONTENT_TYPE, LOCATION};
use sync_core::net::http::{Http, HttpOptions, Method, Request, Response, Url};
use sync_core::net::{CredentialSource, Tls};

use super::options::with_path;
use super::{Error, ErrorKind, Result};
use crate::wire::command::{Autodiscover, decode_json, json_path};

/// A host that is not there shall not hold up the others for long.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_REDIRECTS: usize = 10;
const MOST_SERVERS: usize = 5;
const MOST_BYTES: u64 = 1 << 20;
const PATH: &str = "autodiscover/autodiscover.xml";

/// Whether the login may be shown to the host of a URL. Asked of hosts outside the address's domain
/// that DNS or a redirect named: both can be forged, so that a person should agree.
pub type Consent = Arc<dyn Fn(&Url) -> bool + Send + Sync>;

/// How [`discover`] asks.
#[derive(Clone)]
pub struct DiscoverOptions {
    /// How requests are sent; without a login, which is set for each host.
    pub http: HttpOptions,
    /// What knows the SRV records. Default the system's name servers.
    pub dns: Arc<dyn Dns>,
    /// Default never.
    pub consent: Consent,
}

impl DiscoverOptions {
    /// The defaults.
    #[must_use]
    pub fn new(tls: Tls) -> Self {
        let mut http = HttpOptions::new(tls);
        http.connect_timeout = PATIENCE;
        http.response_timeout = PATIENCE;
        Self {
            http,
            dns: Arc::new(SystemDns::new()),
            consent: Arc::new(|_| false),
        }
    }
}

impl fmt::Debug for DiscoverOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiscoverOptions")
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

/// What was found, and how.
#[derive(Debug, Clone)]
pub struct Discovery {
    /// The server.
    pub url: Url,
    /// The address that it knows the user by, if it said another one.
    pub email: String,
    /// What was tried.
    pub steps: Vec<Step>,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub place: String,
    /// What came of it.
    pub outcome: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.outcome)
    }
}

/// Asks the hosts of an address's domain where its server is: Autodiscover in XML with the user's
/// login, at the usual hosts, where a redirect without TLS leads, and where an SRV record
/// (`_autodiscover._tcp`) leads; then in JSON without a login; then the places where servers
/// usually are.
///
/// Credentials go, over TLS, to the address's domain and hosts below it; to another domain where
/// [consent](DiscoverOptions::consent) is given, or where a server of the first one, which was shown
/// them, says that the address is another one.
///
/// # Errors
/// [`ErrorKind::NotActiveSync`] with every step that was tried, and the hosts that nobody agreed to.
pub async fn discover(
    email: &str,
    credentials: impl CredentialSource + 'static,
    options: &DiscoverOptions,
) -> Result<Discovery> {
    let mut search = Search {
        options,
        credentials: Arc::new(credentials),
        steps: Vec::new(),
        elsewhere: Vec::new(),
    };
    let mut email = email.to_owned();
    let mut seen = Vec::new();
    for _ in 0..MOST_REDIRECTS {
        let Some(domain) = domain_of(&email) else {
            let why = format!("{email}: not a mail address");
            return Err(Error::new(ErrorKind::Config, why));
        };
        if seen.contains(&email) {
            break;
        }
        seen.push(email.clone());
        match search.ask_domain(&email, &domain).await? {
            Found::Url(url) => {
                let steps = search.steps;
                return Ok(Discovery { url, email, steps });
            }
            Found::Address(other) => email = other,
            Found::Nothing => break,
        }
    }
    Err(search.failed(&email))
}

enum Found {
    Url(Url),
    Address(String),
    Nothing,
}

struct Search<'a> {
    options: &'a DiscoverOptions,
    credentials: Arc<dyn CredentialSource>,
    steps: Vec<Step>,
    /// Where nobody agreed to show the login.
    elsewhere: Vec<String>,
}

impl Search<'_> {
    async fn ask_domain(&mut self, email: &str, domain: &str) -> Result<Found> {
        let hosts = [format!("autodiscover.{domain}"), domain.to_owned()];
        for host in &hosts {
            for path in [PATH, "Autodiscover/Autodiscover.xml"] {
                let Ok(url) = Url::parse(&format!("https://{host}/{path}")) else {
                    continue;
                };
                match self.ask_xml(email, domain, url).await? {
                    Found::Nothing => {}
                    found => return Ok(found),
                }
            }
        }
        if let Some(url) = self.redirect(domain).await {
            match self.ask_xml(email, domain, url).await? {
                Found::Nothing => {}
                found => return Ok(found),
            }
        }
        for url in self.servers(domain).await {
            match self.ask_xml(email, domain, url).await? {
                Found::Nothing => {}
                found => return Ok(found),
            }
        }
        let json = hosts.iter().map(String::as_str);
        for host in json.chain(["autodiscover-s.outlook.com"]) {
            let Ok(url) = Url::parse(&format!("https://{host}{}", json_path(email))) else {
                continue;
            };
            match self.ask_json(&url).await {
                Ok(Some(found)) => {
                    self.note(&url, "answered");
                    return Ok(Found::Url(found));
                }
                Ok(None) => self.note(&url, "names no server"),
                Err(error) => self.note(&url, error),
            }
        }
        for host in ["mail", "activesync"].map(|name| format!("{name}.{domain}")) {
            let Ok(url) = Url::parse(&format!("https://{host}/")) else {
                continue;
            };
            let url = with_path(url);
            match self.probe(&url).await {
                Ok(true) => {
                    self.note(&url, "answered");
                    return Ok(Found::Url(url));
                }
                Ok(false) => self.note(&url, "is no ActiveSync server"),
                Err(error) => self.note(&url, error),
            }
        }
        Ok(Found::Nothing)
    }

    /// Asks one place and where it redirects to, with the login. Only a login that is refused is an
    /// error: it would be refused elsewhere too.
    async fn ask_xml(&mut self, email: &str, domain: &str, mut url: Url) -> Result<Found> {
        for _ in 0..=MOST_REDIRECTS {
            if !self.may_log_in(&url, domain) {
                break;
            }
            match self.post(email, &url).await {
                Ok(Answer::Found(Found::Nothing)) => self.note(&url, "names no server"),
                Ok(Answer::Found(found)) => {
                    self.note(&url, "answered");
                    return Ok(found);
                }
                Ok(Answer::Redirect(target)) => {
                    self.note(&url, format_args!("redirects to {}", place(&target)));
                    url = target;
                    continue;
                }
                Err(error) if error.is_authentication() => return Err(error),
                Err(error) => self.note(&url, error),
            }
            break;
        }
        Ok(Found::Nothing)
    }

    fn may_log_in(&mut self, url: &Url, domain: &str) -> bool {
        let host = url.host_str().unwrap_or_default();
        if is_within(host, domain) || (self.options.consent)(url) {
            return true;
        }
        if !self.elsewhere.iter().any(|known| known == host) {
            self.elsewhere.push(host.to_owned());
        }
        self.note(url, format_args!("is not of {domain}, and gets no login"));
        false
    }

    async fn post(&self, email: &str, url: &Url) -> Result<Answer> {
        let question = Autodiscover {
            email: email.to_owned(),
        };
        let request = Request::new(Method::POST, url.clone())
            .header(CONTENT_TYPE, "text/xml; charset=utf-8")?
            .body(question.encode())
            .limit(MOST_BYTES)
            .keep_redirects()
            .repeatable();
        let mut response = self.http(Some(url))?.send(request).await?;
        if let Some(target) = secure_redirect(&response) {
            return Ok(Answer::Redirect(target));
        }
        if !response.status().is_success() {
            return Err(response.into_error().into());
        }
        let answer = Autodiscover::decode(&response.bytes().await?)
            .map_err(|error| Error::new(ErrorKind::Protocol, error.to_string()))?;
        if let Some(address) = answer.redirect {
            return Ok(Answer::Found(Found::Address(address)));
        }
        let found = answer.mobile_sync().and_then(https);
        Ok(Answer::Found(found.map_or(Found::Nothing, Found::Url)))
    }

    /// Where the domain's host without TLS says that Autodiscover is.
    async fn redirect(&mut self, domain: &str) -> Option<Url> {
        let url = Url::parse(&format!("http://autodiscover.{domain}/{PATH}")).ok()?;
        let found = self.ask_redirect(&url).await;
        match &found {
            Ok(Some(target)) => self.note(&url, format_args!("redirects to {}", place(target))),
            Ok(None) => self.note(&url, "redirects nowhere under TLS"),
            Err(error) => self.note(&url, error),
        }
        found.ok().flatten()
    }

    async fn ask_redirect(&self, url: &Url) -> Result<Option<Url>> {
        // Nothing is told to whoever listens.
        let mut options = self.options.http.clone();
        options.plaintext = true;
        let request = Request::new(Method::GET, url.clone()).limit(MOST_BYTES);
        let response = Http::new(options)?.send(request.keep_redirects()).await?;
        Ok(secure_redirect(&response))
    }

    /// Where the domain's SRV records say that Autodiscover is.
    async fn servers(&mut self, domain: &str) -> Vec<Url> {
        let name = format!("_autodiscover._tcp.{domain}");
        let found = self.options.dns.srv(&name).await.map(in_order);
        let outcome = match &found {
            Ok(servers) if servers.is_empty() => "none".to_owned(),
            Ok(servers) => {
                let hosts: Vec<_> = servers.iter().map(|srv| srv.target.as_str()).collect();
                hosts.join(", ")
            }
            Err(error) => error.to_string(),
        };
        self.steps.push(Step {
            place: format!("{name} SRV"),
            outcome,
        });
        let servers = found.unwrap_or_default().into_iter().take(MOST_SERVERS);
        servers
            .filter_map(|srv| {
                Url::parse(&format!("https://{}:{}/{PATH}", srv.target, srv.port)).ok()
            })
            .collect()
    }

    async fn ask_json(&self, url: &Url) -> Result<Option<Url>> {
        let request = Request::new(Method::GET, url.clone()).limit(MOST_BYTES);
        let mut response = self.http(None)?.send(request).await?;
        if !response.status().is_success() {
            return Err(response.into_error().into());
        }
        let found = decode_json(&response.bytes().await?);
        Ok(found.as_deref().and_then(https))
    }

    async fn probe(&self, url: &Url) -> Result<bool> {
        let request = Request::new(Method::OPTIONS, url.clone()).limit(MOST_BYTES);
        let response = self.http(Some(url))?.send(request).await?;
        let known = response.headers().contains_key("ms-asprotocolversions");
        Ok(response.status().is_success() && known)
    }

    fn http(&self, login_at: Option<&Url>) -> Result<Http> {
        let mut options = self.options.http.clone();
        if let Some(url) = login_at {
            options = options.login(Arc::clone(&self.credentials), url);
        }
        Ok(Http::new(options)?)
    }

    fn note(&mut self, url: &Url, outcome: impl fmt::Display) {
        self.steps.push(Step {
            place: place(url),
            outcome: outcome.to_string(),
        });
    }

    fn failed(&self, email: &str) -> Error {
        let tried: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        let hint = match self.elsewhere.as_slice() {
            [] => String::new(),
            hosts => format!(
                "; its domain names {}: if that is right, give the server's url",
                hosts.join(" and ")
            ),
        };
        let why = format!(
            "no ActiveSync server found for {email}{hint}\n{}",
            tried.join("\n")
        );
        Error::new(ErrorKind::NotActiveSync, why)
    }
}

enum Answer {
    Found(Found),
    Redirect(Url),
}

/// The domain of an address, as DNS writes it.
fn domain_of(email: &str) -> Option<String> {
    let (_, domain) = email.trim().rsplit_once('@')?;
    if domain.contains(['/', ':', '?', '#', '\\', '[', ' ']) {
        return None;
    }
    let url = Url::parse(&format!("https://{domain}/")).ok()?;
    Some(url.domain()?.trim_end_matches('.').to_owned())
}

/// Where a redirect leads, if it does and that is under TLS.
fn secure_redirect(response: &Response) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 307 | 308) {
        return None;
    }
    let target = response.url().join(response.header(LOCATION)?).ok()?;
    (target.scheme() == "https").then_some(target)
}

fn place(url: &Url) -> String {
    let mut place = url.clone();
    place.set_query(None);
    place.to_string()
}

fn https(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    (url.scheme() == "https").then(|| with_path(url))
}
