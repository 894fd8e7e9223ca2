//! Where somebody's server is ([MS-OXDISCO], [MS-ASCMD] section 2.2.1.1).

use std::fmt;
use std::time::Duration;

use std::sync::Arc;
use sync_core::net::http::header::CONTENT_TYPE;
use sync_core::net::http::{Http, HttpOptions, Method, Request, Url};
use sync_core::net::{CredentialSource, Tls};

use super::options::with_path;
use super::{Error, ErrorKind, Result};
use crate::wire::command::{Autodiscover, decode_json, json_path};

/// A host that is not there shall not hold up the others for long.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_REDIRECTS: usize = 10;
const MOST_BYTES: u64 = 1 << 20;

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
/// login, then in JSON without one, then the places where servers usually are.
///
/// Credentials go, over TLS, to the address's domain and hosts below it; to another domain only where
/// a server of the first one, which was shown them, says that the address is another one.
///
/// # Errors
/// [`ErrorKind::NotActiveSync`] with every step that was tried.
pub async fn discover(
    email: &str,
    credentials: impl CredentialSource + 'static,
    tls: Tls,
) -> Result<Discovery> {
    let credentials: Arc<dyn CredentialSource> = Arc::new(credentials);
    let mut email = email.to_owned();
    let mut steps = Vec::new();
    let mut seen = Vec::new();
    for _ in 0..MOST_REDIRECTS {
        let Some((_, domain)) = email.rsplit_once('@') else {
            let why = format!("{email}: not a mail address");
            return Err(Error::new(ErrorKind::Config, why));
        };
        let domain = domain.to_owned();
        if seen.contains(&email) {
            break;
        }
        seen.push(email.clone());
        match ask_domain(&email, &domain, &credentials, &tls, &mut steps).await? {
            Found::Url(url) => return Ok(Discovery { url, email, steps }),
            Found::Address(other) => email = other,
            Found::Nothing => break,
        }
    }
    let tried: Vec<String> = steps.iter().map(ToString::to_string).collect();
    let why = format!(
        "no ActiveSync server found for {email}\n{}",
        tried.join("\n")
    );
    Err(Error::new(ErrorKind::NotActiveSync, why))
}

enum Found {
    Url(Url),
    Address(String),
    Nothing,
}

async fn ask_domain(
    email: &str,
    domain: &str,
    credentials: &Arc<dyn CredentialSource>,
    tls: &Tls,
    steps: &mut Vec<Step>,
) -> Result<Found> {
    let hosts = [format!("autodiscover.{domain}"), domain.to_owned()];
    for host in &hosts {
        for path in [
            "autodiscover/autodiscover.xml",
            "Autodiscover/Autodiscover.xml",
        ] {
            let Ok(url) = Url::parse(&format!("https://{host}/{path}")) else {
                continue;
            };
            match ask_xml(email, &url, credentials, tls).await {
                Ok(Found::Nothing) => note(steps, &url, "names no server"),
                Ok(found) => {
                    note(steps, &url, "answered");
                    return Ok(found);
                }
                Err(error) if error.is_authentication() => return Err(error),
                Err(error) => note(steps, &url, error),
            }
        }
    }
    let json = hosts.iter().map(String::as_str);
    for host in json.chain(["autodiscover-s.outlook.com"]) {
        let Ok(url) = Url::parse(&format!("https://{host}{}", json_path(email))) else {
            continue;
        };
        match ask_json(&url, tls).await {
            Ok(Some(found)) => {
                note(steps, &url, "answered");
                return Ok(Found::Url(found));
            }
            Ok(None) => note(steps, &url, "names no server"),
            Err(error) => note(steps, &url, error),
        }
    }
    for host in ["mail", "activesync"].map(|name| format!("{name}.{domain}")) {
        let Ok(url) = Url::parse(&format!("https://{host}/")) else {
            continue;
        };
        let url = with_path(url);
        match probe(&url, credentials, tls).await {
            Ok(true) => {
                note(steps, &url, "answered");
                return Ok(Found::Url(url));
            }
            Ok(false) => note(steps, &url, "is no ActiveSync server"),
            Err(error) => note(steps, &url, error),
        }
    }
    Ok(Found::Nothing)
}

fn note(steps: &mut Vec<Step>, url: &Url, outcome: impl fmt::Display) {
    let mut place = url.clone();
    place.set_query(None);
    steps.push(Step {
        place: place.to_string(),
        outcome: outcome.to_string(),
    });
}

fn http(url: &Url, credentials: Option<&Arc<dyn CredentialSource>>, tls: &Tls) -> Result<Http> {
    let mut options = HttpOptions::new(tls.clone());
    options.connect_timeout = PATIENCE;
    options.response_timeout = PATIENCE;
    if let Some(credentials) = credentials {
        options = options.login(Arc::clone(credentials), url);
    }
    Ok(Http::new(options)?)
}

async fn ask_xml(
    email: &str,
    url: &Url,
    credentials: &Arc<dyn CredentialSource>,
    tls: &Tls,
) -> Result<Found> {
    let question = Autodiscover {
        email: email.to_owned(),
    };
    let request = Request::new(Method::POST, url.clone())
        .header(CONTENT_TYPE, "text/xml; charset=utf-8")?
        .body(question.encode())
        .limit(MOST_BYTES)
        .repeatable();
    let mut response = http(url, Some(credentials), tls)?.send(request).await?;
    if !response.status().is_success() {
        return Err(response.into_error().into());
    }
    let answer = Autodiscover::decode(&response.bytes().await?)
        .map_err(|error| Error::new(ErrorKind::Protocol, error.to_string()))?;
    if let Some(address) = answer.redirect {
        return Ok(Found::Address(address));
    }
    let found = answer.mobile_sync().and_then(https);
    Ok(found.map_or(Found::Nothing, Found::Url))
}

async fn ask_json(url: &Url, tls: &Tls) -> Result<Option<Url>> {
    let request = Request::new(Method::GET, url.clone()).limit(MOST_BYTES);
    let mut response = http(url, None, tls)?.send(request).await?;
    if !response.status().is_success() {
        return Err(response.into_error().into());
    }
    let found = decode_json(&response.bytes().await?);
    Ok(found.as_deref().and_then(https))
}

async fn probe(url: &Url, credentials: &Arc<dyn CredentialSource>, tls: &Tls) -> Result<bool> {
    let request = Request::new(Method::OPTIONS, url.clone()).limit(MOST_BYTES);
    let response = http(url, Some(credentials), tls)?.send(request).await?;
    Ok(response.status().is_success() && response.headers().contains_key("ms-asprotocolversions"))
}

fn https(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    (url.scheme() == "https").then(|| with_path(url))
}
