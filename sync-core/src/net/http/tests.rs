#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wiremock::matchers::{header, header_exists, method, path};
use wiremock::{Mock, MockServer, Request as Seen, ResponseTemplate};

use super::*;
use crate::net::{Credential, CredentialFn, Tls, TlsOptions};

fn options() -> HttpOptions {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::default();
    let ca = params.self_signed(&key).unwrap().pem().into_bytes();
    let tls = Tls::new(&TlsOptions {
        ca_pem: Some(ca),
        ..TlsOptions::default()
    });
    let mut options = HttpOptions::new(tls.unwrap());
    options.plaintext = true;
    options
}

fn url(server: &MockServer, path: &str) -> Url {
    format!("{}{path}", server.uri()).parse().unwrap()
}

fn alice() -> Credential {
    Credential::password("alice", "alicepw")
}

fn logged_in(server: &MockServer) -> Http {
    Http::new(options().login(alice(), &url(server, "/"))).unwrap()
}

fn get(url: Url) -> Request {
    Request::new(Method::GET, url)
}

async fn answers(server: &MockServer, at: &str, template: ResponseTemplate) {
    Mock::given(path(at))
        .respond_with(template)
        .mount(server)
        .await;
}

#[tokio::test]
async fn basic_is_sent_at_once_and_a_wrong_password_is_final() {
    let server = MockServer::start().await;
    Mock::given(header("authorization", "Basic YWxpY2U6YWxpY2Vwdw=="))
        .and(path("/"))
        .respond_with(ResponseTemplate::new(200).set_body_string("hello"))
        .expect(1)
        .mount(&server)
        .await;
    let refusal = ResponseTemplate::new(401).insert_header("www-authenticate", "Basic realm=x");
    Mock::given(path("/closed"))
        .respond_with(refusal)
        .expect(1)
        .mount(&server)
        .await;
    let http = logged_in(&server);
    let mut response = http.send(get(url(&server, "/"))).await.unwrap();
    assert_eq!(response.bytes().await.unwrap(), "hello");
    let error = http.send(get(url(&server, "/closed"))).await.unwrap_err();
    assert!(
        error.is_authentication() && !error.is_retryable(),
        "{error}"
    );
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
    assert!(!format!("{error:?} {http:?}").contains("alicepw"));
}

#[tokio::test]
async fn basic_can_wait_to_be_asked_for() {
    let server = MockServer::start().await;
    Mock::given(header_exists("authorization"))
        .respond_with(ResponseTemplate::new(204))
        .expect(2)
        .mount(&server)
        .await;
    let asks = ResponseTemplate::new(401).insert_header("www-authenticate", "Basic realm=x");
    Mock::given(path("/"))
        .respond_with(asks)
        .expect(1)
        .mount(&server)
        .await;
    let mut options = options().login(alice(), &url(&server, "/"));
    options.preemptive = false;
    let http = Http::new(options).unwrap();
    for _ in 0..2 {
        let response = http.send(get(url(&server, "/"))).await.unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn digest_takes_over_and_follows_new_nonces() {
    let server = MockServer::start().await;
    let requests = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&requests);
    Mock::given(method("PROPFIND"))
        .respond_with(move |seen: &Seen| {
            let n = count.fetch_add(1, Ordering::SeqCst);
            let sent = seen.headers.get("authorization").unwrap().to_str().unwrap();
            let nonce = if n < 3 { "one" } else { "two" };
            if sent.starts_with("Digest ")
                && sent.contains(&format!("nonce=\"{nonce}\""))
                && sent.contains("uri=\"/a%20b?x=1\"")
            {
                return ResponseTemplate::new(207);
            }
            ResponseTemplate::new(401).insert_header(
                "www-authenticate",
                format!("Digest realm=\"r\", qop=\"auth\", nonce=\"{nonce}\""),
            )
        })
        .mount(&server)
        .await;
    let http = logged_in(&server);
    let propfind = Method::from_bytes(b"PROPFIND").unwrap();
    let request = Request::new(propfind, url(&server, "/a b?x=1"));
    for _ in 0..3 {
        let response = http.send(request.clone()).await.unwrap();
        assert_eq!(response.status(), StatusCode::MULTI_STATUS);
    }
    // Basic refused, Digest, Digest, Digest with an old nonce refused, Digest.
    assert_eq!(requests.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_token_that_expired_is_asked_for_anew() {
    let server = MockServer::start().await;
    Mock::given(header("authorization", "Bearer token1"))
        .respond_with(ResponseTemplate::new(200))
        .expect(2)
        .mount(&server)
        .await;
    answers(&server, "/", ResponseTemplate::new(401)).await;
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let source = CredentialFn::new(move || {
        let n = count.fetch_add(1, Ordering::SeqCst);
        async move { Ok(Credential::bearer("alice", format!("token{n}"))) }
    });
    let http = Http::new(options().login(source, &url(&server, "/"))).unwrap();
    for _ in 0..2 {
        http.send(get(url(&server, "/"))).await.unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn redirects_are_followed_but_the_login_stays_at_its_origin() {
    let (home, abroad) = (MockServer::start().await, MockServer::start().await);
    let away = format!("{}/there", abroad.uri());
    let redirect = |to: &str| ResponseTemplate::new(302).insert_header("location", to);
    answers(&home, "/near", redirect("here#fragment")).await;
    answers(&home, "/far", redirect(&away)).await;
    answers(&home, "/loop", redirect("/loop")).await;
    Mock::given(path("/here"))
        .and(header_exists("authorization"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&home)
        .await;
    answers(&abroad, "/there", ResponseTemplate::new(200)).await;
    let http = logged_in(&home);
    let response = http.send(get(url(&home, "/near"))).await.unwrap();
    assert_eq!(response.url().path(), "/here");
    let response = http.send(get(url(&home, "/far"))).await.unwrap();
    assert_eq!(response.url().as_str(), away);
    let seen = abroad.received_requests().await.unwrap();
    assert!(seen[0].headers.get("authorization").is_none());
    let kept = get(url(&home, "/far")).keep_redirects();
    let kept = http.send(kept).await.unwrap();
    assert_eq!(kept.header("location"), Some(away.as_str()));
    let looping = http.send(get(url(&home, "/loop"))).await.unwrap_err();
    assert_eq!(looping.kind(), ErrorKind::Redirect);

    let put = Request::new(Method::PUT, url(&home, "/far")).body("private");
    let error = http.send(put.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    assert_eq!(abroad.received_requests().await.unwrap().len(), 1);
    http.trust(&away.parse().unwrap());
    http.send(put).await.unwrap();
    let seen = abroad.received_requests().await.unwrap();
    assert_eq!(seen[1].body, b"private");
    assert!(seen[1].headers.get("authorization").is_some());
}

#[tokio::test]
async fn a_foreign_origin_that_asks_for_a_login_gets_none() {
    let (home, abroad) = (MockServer::start().await, MockServer::start().await);
    let refusal = ResponseTemplate::new(401).insert_header("www-authenticate", "Basic realm=x");
    answers(&abroad, "/", refusal).await;
    let error = logged_in(&home)
        .send(get(url(&abroad, "/")))
        .await
        .unwrap_err();
    assert!(error.is_authentication(), "{error}");
    assert_eq!(abroad.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn plain_http_has_to_be_allowed() {
    let mut options = options();
    options.plaintext = false;
    let http = Http::new(options).unwrap();
    for text in ["http://127.0.0.1:9/", "ftp://example.org/", "data:x"] {
        let error = http.send(get(text.parse().unwrap())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        assert!(!error.is_outcome_unknown());
    }
}

#[tokio::test]
async fn a_gzip_bomb_ends_at_the_limit() {
    let server = MockServer::start().await;
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    zip.write_all(&vec![0; 10 << 20]).unwrap();
    let bomb = zip.finish().unwrap();
    assert!(bomb.len() < 20_000);
    let template = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_bytes(bomb);
    answers(&server, "/", template).await;
    let http = Http::new(options()).unwrap();
    let request = get(url(&server, "/")).limit(1 << 20);
    let mut response = http.send(request).await.unwrap();
    let error = response.bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let seen = server.received_requests().await.unwrap();
    assert_eq!(seen[0].headers.get("accept-encoding").unwrap(), "gzip");
}

#[tokio::test]
async fn a_pause_that_is_asked_for_reaches_the_error() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "17");
    answers(&server, "/", busy).await;
    let http = Http::new(options()).unwrap();
    let response = http
        .send(get(url(&server, "/?token=secret")))
        .await
        .unwrap();
    let error = response.into_error();
    assert!(error.is_throttled() && error.is_retryable());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(17)));
    assert!(!error.to_string().contains("secret"), "{error}");
    let core = crate::Error::from(error);
    assert_eq!(core.kind(), crate::ErrorKind::Throttled);
    assert_eq!(core.retry_after(), Some(Duration::from_secs(17)));
}

#[tokio::test]
async fn silence_is_an_error() {
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(600));
    answers(&server, "/", slow).await;
    let mut options = options();
    options.connect_timeout = Duration::from_millis(20);
    let http = Http::new(options).unwrap();
    let request = get(url(&server, "/")).timeout(Duration::from_millis(20));
    let error = http.send(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.is_outcome_unknown() && error.is_retryable());
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://{free}/").parse().unwrap();
    let put = Request::new(Method::PUT, url).body("x");
    let error = Http::new(options()).unwrap().send(put).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    assert!(!error.is_outcome_unknown());
}

/// Like SOGo: keeps the connection by the letter of HTTP/1.1, and lets go of it with the first bytes of the
/// next request. Answers each connection's first request with its number.
async fn closes_behind_your_back() -> (Url, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let n = count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut buffer = vec![0; 4096];
                let _ = socket.read(&mut buffer).await;
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}", n % 10);
                let _ = socket.write_all(answer.as_bytes()).await;
                let _ = socket.read(&mut buffer).await;
            });
        }
    });
    (url.parse().unwrap(), connections)
}

#[tokio::test]
async fn a_connection_that_was_closed_silently_costs_no_request() {
    let (url, connections) = closes_behind_your_back().await;
    let http = Http::new(options()).unwrap();
    for n in 0..3 {
        let mut response = http.send(get(url.clone())).await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), format!("{n}"));
    }
    // A write is not repeated, so it must not meet a connection that is about to end.
    for _ in 0..3 {
        let put = Request::new(Method::PUT, url.clone()).body("x");
        http.send(put).await.unwrap().bytes().await.unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn a_lost_answer_to_a_write_is_reported_and_not_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let connections = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = socket.read(&mut [0; 4096]).await;
        }
    });
    let http = Http::new(options()).unwrap();
    let put = Request::new(Method::PUT, url.clone()).body("x");
    let error = http.send(put.clone()).await.unwrap_err();
    assert!(
        error.is_outcome_unknown() && error.is_retryable(),
        "{error}"
    );
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    assert!(http.send(put.repeatable()).await.is_err());
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn writes_use_connections_that_are_known_to_be_kept() {
    let server = MockServer::start().await;
    answers(
        &server,
        "/",
        ResponseTemplate::new(200).set_body_string("x"),
    )
    .await;
    let http = Http::new(options()).unwrap();
    let target = url(&server, "/");
    assert!(!http.keeps_connections(&target));
    for _ in 0..2 {
        http.send(get(target.clone()))
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
    }
    assert!(http.keeps_connections(&target));
}

/// A server under TLS that speaks HTTP/2 if it is offered and `http2` allows it, and says in each
/// answer's body on which connection the request came. Its URL and its certificate.
async fn under_tls(http2: bool) -> (Url, Vec<u8>) {
    use hyper::server::conn;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".into()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let alpn: &[&[u8]] = if http2 {
        &[b"h2", b"http/1.1"]
    } else {
        &[b"http/1.1"]
    };
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for n in 0.. {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(tls) = acceptor.accept(socket).await else {
                continue;
            };
            let service = hyper::service::service_fn(move |_| async move {
                let body = http_body_util::Full::new(bytes::Bytes::from(format!("{n}")));
                Ok::<_, std::convert::Infallible>(hyper::Response::new(body))
            });
            let is_http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
            let io = TokioIo::new(tls);
            tokio::spawn(async move {
                if is_http2 {
                    let http2 = conn::http2::Builder::new(TokioExecutor::new());
                    http2.serve_connection(io, service).await
                } else {
                    conn::http1::Builder::new()
                        .serve_connection(io, service)
                        .await
                }
            });
        }
    });
    (url.parse().unwrap(), certificate.pem().into_bytes())
}

fn trusting(pem: Vec<u8>) -> Http {
    let tls = TlsOptions {
        ca_pem: Some(pem),
        ..TlsOptions::default()
    };
    Http::new(HttpOptions::new(Tls::new(&tls).unwrap())).unwrap()
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_a_matter_of_config() {
    let (url, _) = under_tls(true).await;
    let error = Http::new(options())
        .unwrap()
        .send(get(url))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(!error.is_retryable() && !error.is_outcome_unknown());
}

#[tokio::test]
async fn http2_where_it_is_spoken_and_http1_where_not() {
    for (http2, version) in [(true, Version::HTTP_2), (false, Version::HTTP_11)] {
        let (url, pem) = under_tls(http2).await;
        let http = trusting(pem);
        let mut response = http.send(get(url)).await.unwrap();
        assert_eq!(response.version(), version);
        response.bytes().await.unwrap();
    }
}

#[tokio::test]
async fn requests_share_one_connection_of_http2() {
    let (url, pem) = under_tls(true).await;
    let http = trusting(pem);
    http.send(get(url.clone())).await.unwrap();
    assert!(http.keeps_connections(&url));
    let one = async || {
        let put = Request::new(Method::PUT, url.clone()).body("x");
        http.send(put).await.unwrap().bytes().await.unwrap()
    };
    let (a, b, c) = tokio::join!(one(), one(), one());
    assert_eq!([a, b, c], ["0", "0", "0"]);
}
