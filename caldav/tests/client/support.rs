//! A client for a scripted server.

use caldav::client::{Client, ClientOptions};
use caldav::wire::Href;
use sync_core::net::{Credential, Tls, TlsOptions};
use sync_core::testing::server::Identity;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) fn tls() -> Tls {
    let ca_pem = Identity::generate().unwrap().ca_pem().to_owned();
    Tls::new(&TlsOptions {
        ca_pem: Some(ca_pem.into_bytes()),
        ..TlsOptions::default()
    })
    .unwrap()
}

pub(crate) fn options(url: &str) -> ClientOptions {
    let login = Credential::password("alice", "alicepw");
    ClientOptions::new(url, tls(), login)
        .unwrap()
        .allow_plaintext()
}

pub(crate) fn client(server: &MockServer) -> Client {
    Client::new(options(&server.uri())).unwrap()
}

pub(crate) fn href(text: &str) -> Href {
    Href::parse(text).unwrap()
}

pub(crate) const PREFIXES: &str = "xmlns='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav' \
    xmlns:A='urn:ietf:params:xml:ns:carddav' xmlns:S='http://calendarserver.org/ns/' \
    xmlns:I='http://apple.com/ns/ical/'";

/// A 207 with this in it.
pub(crate) fn multistatus(inner: &str) -> ResponseTemplate {
    let body = format!("<?xml version='1.0'?><multistatus {PREFIXES}>{inner}</multistatus>");
    ResponseTemplate::new(207).set_body_raw(body, "application/xml")
}

/// One response with properties that are there.
pub(crate) fn response(href: &str, properties: &str) -> String {
    format!(
        "<response><href>{href}</href><propstat><prop>{properties}</prop>\
         <status>HTTP/1.1 200 OK</status></propstat></response>"
    )
}

/// One response that is a status only.
pub(crate) fn status(href: &str, status: u16) -> String {
    format!("<response><href>{href}</href><status>HTTP/1.1 {status} X</status></response>")
}

/// A refusal that names a condition.
pub(crate) fn refusal(status: u16, condition: &str) -> ResponseTemplate {
    let body = format!("<error {PREFIXES}>{condition}</error>");
    ResponseTemplate::new(status).set_body_raw(body, "application/xml")
}

pub(crate) async fn answers(server: &MockServer, verb: &str, at: &str, template: ResponseTemplate) {
    Mock::given(method(verb))
        .and(path(at))
        .respond_with(template)
        .mount(server)
        .await;
}

/// The body of the last request.
pub(crate) async fn last_body(server: &MockServer) -> String {
    let requests = server.received_requests().await.unwrap();
    String::from_utf8(requests.last().unwrap().body.clone()).unwrap()
}

pub(crate) async fn count(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}
