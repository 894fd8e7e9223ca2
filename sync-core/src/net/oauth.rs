//! Access tokens by refresh (RFC 6749 section 6).

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, RETRY_AFTER};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Connector, Credential, CredentialSource, Secret};
use crate::error::{Error, ErrorKind, Result};

/// A token answer is far smaller.
const MAX_ANSWER: usize = 64 * 1024;
/// A request with its answer must be done within this.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A token this close to its end is not used any more.
const MARGIN: Duration = Duration::from_secs(60);
/// What a token lives if the server does not say (RFC 6749 section 5.1 only recommends to).
const DEFAULT_LIFE: Duration = Duration::from_secs(600);

/// Who asks whom for access tokens.
#[derive(Debug, Clone)]
pub struct OAuth2 {
    /// The login name that goes with the token.
    pub user: String,
    /// The token endpoint, `https://`.
    pub token_url: String,
    /// The registered client.
    pub client_id: String,
    /// The client's secret, if it has one.
    pub client_secret: Option<Secret>,
    /// What the user's consent once gave.
    pub refresh_token: Secret,
    /// Asks for less than the consent gave.
    pub scope: Option<String>,
}

/// Gives access tokens; each is kept until shortly before it expires or is [refused].
///
/// [refused]: CredentialSource::rejected
pub struct OAuth2Credentials {
    config: OAuth2,
    connector: Connector,
    loopback_http: bool,
    on_rotation: Option<Keep>,
    state: Mutex<State>,
}

type Keep = Box<dyn Fn(&Secret) + Send + Sync>;

struct State {
    refresh_token: Secret,
    access: Option<(Secret, Instant)>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
    error_description: Option<String>,
}

impl OAuth2Credentials {
    /// Asks over connections of `connector`.
    pub fn new(config: OAuth2, connector: Connector) -> Self {
        let state = State {
            refresh_token: config.refresh_token.clone(),
            access: None,
        };
        Self {
            config,
            connector,
            loopback_http: false,
            on_rotation: None,
            state: Mutex::new(state),
        }
    }

    /// Allows an `http://` token endpoint on a loopback address. For tests.
    #[must_use]
    pub fn allow_loopback_http(mut self) -> Self {
        self.loopback_http = true;
        self
    }

    /// Calls `keep` with each new refresh token: the server may void the old one
    /// (RFC 6749 section 6), so that a program that does not keep it locks itself out.
    #[must_use]
    pub fn on_rotation(mut self, keep: impl Fn(&Secret) + Send + Sync + 'static) -> Self {
        self.on_rotation = Some(Box::new(keep));
        self
    }

    async fn refresh(&self, state: &mut State) -> Result<Secret> {
        let mut form = Form::default();
        form.field("grant_type", b"refresh_token");
        form.field("refresh_token", state.refresh_token.expose());
        form.field("client_id", self.config.client_id.as_bytes());
        if let Some(secret) = &self.config.client_secret {
            form.field("client_secret", secret.expose());
        }
        if let Some(scope) = &self.config.scope {
            form.field("scope", scope.as_bytes());
        }
        let asked = Instant::now();
        let answer = tokio::time::timeout(TIMEOUT, self.post(form.0))
            .await
            .map_err(|_| {
                let text = format!("{}: no token within {TIMEOUT:?}", self.config.token_url);
                Error::new(ErrorKind::Timeout, text)
            })??;
        let granted: Granted = serde_json::from_slice(answer.expose())
            .map_err(|_| self.error(ErrorKind::Protocol, "the answer holds no token"))?;
        let life = granted.expires_in.map_or(DEFAULT_LIFE, Duration::from_secs);
        let token = Secret::from(granted.access_token);
        // A life without end is kept as one that is never cached rather than overflowing.
        state.access = asked
            .checked_add(life.saturating_sub(MARGIN))
            .map(|end| (token.clone(), end));
        if let Some(new) = granted.refresh_token.map(Secret::from)
            && new != state.refresh_token
        {
            if let Some(keep) = &self.on_rotation {
                keep(&new);
            }
            state.refresh_token = new;
        }
        tracing::debug!(token_url = %self.config.token_url, ?life, "new access token");
        Ok(token)
    }

    async fn post(&self, form: String) -> Result<Secret> {
        let uri: Uri = self
            .config
            .token_url
            .parse()
            .map_err(|_| self.error(ErrorKind::Config, "no URL"))?;
        let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else {
            return Err(self.error(ErrorKind::Config, "no host in it"));
        };
        let stream = match uri.scheme_str() {
            Some("https") => {
                let port = uri.port_u16().unwrap_or(443);
                self.connector.encrypted(host, port).await?
            }
            Some("http") if self.loopback_http && is_loopback(host) => {
                let port = uri.port_u16().unwrap_or(80);
                self.connector.plain(host, port).await?
            }
            _ => return Err(self.error(ErrorKind::Config, "must be https://")),
        };
        let broken = |error: hyper::Error| {
            self.error(ErrorKind::Connection, &error.to_string())
                .caused_by(error)
        };
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::post(path)
            // Without the user information that a URL may hold.
            .header(HOST, authority.as_str().rsplit('@').next().unwrap_or(host))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(form)))
            .map_err(|error| self.error(ErrorKind::Config, &error.to_string()))?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_ANSWER)
                .collect()
                .await
                .map_err(|error| self.error(ErrorKind::Protocol, &error.to_string()))?;
            let body = Secret::new(body.to_bytes());
            if head.status.is_success() {
                return Ok(body);
            }
            let retry_after = head
                .headers
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok())
                .and_then(|value| value.trim().parse().ok());
            Err(self.refusal(head.status, &body, retry_after))
        };
        tokio::pin!(exchange);
        tokio::select! {
            answer = &mut exchange => answer,
            // The connection may end with the last byte of the answer.
            _ = connection => exchange.await,
        }
    }

    fn refusal(&self, status: StatusCode, body: &Secret, retry_after: Option<u64>) -> Error {
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let error = self.error(ErrorKind::Throttled, status.as_str());
            return error.retry_in(retry_after.map(Duration::from_secs));
        }
        let short = |text: String| text.escape_default().take(200).collect::<String>();
        let text = match serde_json::from_slice::<Refused>(body.expose()) {
            Ok(refused) => match refused.error_description {
                Some(why) => format!("{} ({})", short(refused.error), short(why)),
                None => short(refused.error),
            },
            Err(_) => format!("status {status}"),
        };
        self.error(ErrorKind::Authentication, &text)
    }

    fn error(&self, kind: ErrorKind, text: &str) -> Error {
        Error::new(kind, format!("token_url {}: {text}", self.config.token_url))
    }
}

#[async_trait]
impl CredentialSource for OAuth2Credentials {
    async fn credential(&self) -> Result<Credential> {
        let mut state = self.state.lock().await;
        let token = match &state.access {
            Some((token, end)) if Instant::now() < *end => token.clone(),
            _ => self.refresh(&mut state).await?,
        };
        Ok(Credential::bearer(&self.config.user, token))
    }

    async fn rejected(&self) {
        self.state.lock().await.access = None;
    }
}

impl fmt::Debug for OAuth2Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OAuth2Credentials")
            .field(&self.config)
            .finish()
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// `application/x-www-form-urlencoded`.
#[derive(Default)]
struct Form(String);

impl Form {
    fn field(&mut self, name: &str, value: &[u8]) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        for &byte in value {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    self.0.push(char::from(byte));
                }
                _ => self.0.push_str(&format!("%{byte:02X}")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::net::{Tls, TlsOptions};
    use serde_json::json;
    use std::sync::{Arc, Mutex};
    use wiremock::matchers::{body_string_contains, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    fn source(url: String) -> OAuth2Credentials {
        let key = rcgen::KeyPair::generate().unwrap();
        let ca = rcgen::CertificateParams::default()
            .self_signed(&key)
            .unwrap();
        let options = TlsOptions {
            ca_pem: Some(ca.pem().into_bytes()),
            ..TlsOptions::default()
        };
        let connector = Connector::new(Tls::new(&options).unwrap(), Duration::from_secs(10));
        let config = OAuth2 {
            user: "alice@example.org".into(),
            token_url: url,
            client_id: "client".into(),
            client_secret: Some("s&cret".into()),
            refresh_token: "refresh-1".into(),
            scope: None,
        };
        OAuth2Credentials::new(config, connector)
    }

    fn grants(with: &str, answer: serde_json::Value) -> Mock {
        Mock::given(method("POST"))
            .and(path("/token"))
            .and(body_string_contains(with.to_owned()))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
    }

    #[tokio::test]
    async fn a_token_is_kept_until_it_expires_or_is_refused() {
        let server = MockServer::start().await;
        let answer = json!({"access_token": "a1", "token_type": "Bearer", "expires_in": 3600});
        grants("client_secret=s%26cret", answer)
            .expect(2)
            .mount(&server)
            .await;
        let source = source(format!("{}/token", server.uri())).allow_loopback_http();
        let expected = Credential::bearer("alice@example.org", "a1");
        assert_eq!(source.credential().await.unwrap(), expected);
        assert_eq!(source.credential().await.unwrap(), expected);
        source.rejected().await;
        assert_eq!(source.credential().await.unwrap(), expected);
    }

    #[tokio::test]
    async fn a_short_lived_token_is_not_kept() {
        let server = MockServer::start().await;
        let answer = json!({"access_token": "a1", "expires_in": 30});
        grants("grant_type=refresh_token", answer)
            .expect(2)
            .mount(&server)
            .await;
        let source = source(format!("{}/token", server.uri())).allow_loopback_http();
        let _ = source.credential().await.unwrap();
        let _ = source.credential().await.unwrap();
    }

    #[tokio::test]
    async fn a_new_refresh_token_is_used_and_handed_out() {
        let server = MockServer::start().await;
        let first = json!({"access_token": "a1", "expires_in": 1, "refresh_token": "refresh-2"});
        grants("refresh_token=refresh-1", first)
            .expect(1)
            .mount(&server)
            .await;
        let second = json!({"access_token": "a2", "expires_in": 1, "refresh_token": "refresh-2"});
        grants("refresh_token=refresh-2", second)
            .expect(1)
            .mount(&server)
            .await;
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&kept);
        let source = source(format!("{}/token", server.uri()))
            .allow_loopback_http()
            .on_rotation(move |token| keep.lock().unwrap().push(token.clone()));
        let _ = source.credential().await.unwrap();
        let second = source.credential().await.unwrap();
        assert_eq!(second, Credential::bearer("alice@example.org", "a2"));
        assert_eq!(*kept.lock().unwrap(), [Secret::from("refresh-2")]);
    }

    #[tokio::test]
    async fn refusals_and_troubles_are_told_apart() {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(400).set_body_json(
            json!({"error": "invalid_grant", "error_description": "Token has been revoked."}),
        );
        Mock::given(path("/revoked"))
            .respond_with(answer)
            .mount(&server)
            .await;
        let busy = ResponseTemplate::new(503).insert_header("retry-after", "17");
        Mock::given(path("/busy"))
            .respond_with(busy)
            .mount(&server)
            .await;
        let huge = ResponseTemplate::new(200).set_body_bytes(vec![b' '; MAX_ANSWER + 1]);
        Mock::given(path("/huge"))
            .respond_with(huge)
            .mount(&server)
            .await;
        let ask = async |path| {
            let source = source(format!("{}/{path}", server.uri())).allow_loopback_http();
            source.credential().await.unwrap_err()
        };
        let revoked = ask("revoked").await;
        assert!(revoked.is_authentication(), "{revoked}");
        assert!(revoked.message().contains("invalid_grant"), "{revoked}");
        let busy = ask("busy").await;
        assert!(busy.is_retryable());
        assert_eq!(busy.retry_after(), Some(Duration::from_secs(17)));
        assert_eq!(ask("huge").await.kind(), ErrorKind::Protocol);
    }

    #[tokio::test]
    async fn plain_http_is_refused_unless_allowed_and_on_loopback() {
        for (source, url) in [
            (source("http://127.0.0.1:9/token".into()), "not allowed"),
            (
                source("http://192.0.2.1/token".into()).allow_loopback_http(),
                "not loopback",
            ),
        ] {
            let error = source.credential().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", source("https://example.org/token".into()));
        assert!(
            !shown.contains("refresh-1") && !shown.contains("cret\""),
            "{shown}"
        );
    }
}
