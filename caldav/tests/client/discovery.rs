//! Finding an account, and saying why it was not found.

use caldav::client::{Client, ErrorKind, Service};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::support::*;

const PRINCIPAL: &str = "<current-user-principal><href>/p/alice/</href></current-user-principal>";
const HOMES: &str = "<C:calendar-home-set><href>/cal/alice/</href></C:calendar-home-set>\
    <A:addressbook-home-set><href>/book/alice/</href></A:addressbook-home-set>\
    <C:calendar-user-address-set><href>mailto:alice@example.org</href></C:calendar-user-address-set>";

async fn discover(
    url: &str,
    service: Service,
) -> caldav::client::Result<caldav::client::Discovery> {
    Client::new(options(url)).unwrap().discover(service).await
}

#[tokio::test]
async fn by_the_root_and_the_principal() {
    let server = MockServer::start().await;
    answers(
        &server,
        "PROPFIND",
        "/",
        multistatus(&response("/", PRINCIPAL)),
    )
    .await;
    answers(
        &server,
        "PROPFIND",
        "/p/alice/",
        multistatus(&response("/p/alice/", HOMES)),
    )
    .await;
    let found = discover(&server.uri(), Service::CalDav).await.unwrap();
    assert_eq!(found.homes, [href("/cal/alice/")]);
    assert_eq!(found.principal, Some(href("/p/alice/")));
    assert_eq!(found.addresses, ["mailto:alice@example.org"]);
    assert_eq!(found.steps.len(), 2);
    let found = discover(&server.uri(), Service::CardDav).await.unwrap();
    assert_eq!(found.homes, [href("/book/alice/")]);
}

#[tokio::test]
async fn by_the_well_known_url() {
    let server = MockServer::start().await;
    let moved = ResponseTemplate::new(301).insert_header("location", "/dav/");
    answers(&server, "PROPFIND", "/.well-known/caldav", moved).await;
    answers(
        &server,
        "PROPFIND",
        "/dav/",
        multistatus(&response("/dav/", PRINCIPAL)),
    )
    .await;
    answers(
        &server,
        "PROPFIND",
        "/p/alice/",
        multistatus(&response("/p/alice/", HOMES)),
    )
    .await;
    let found = discover(&server.uri(), Service::CalDav).await.unwrap();
    assert_eq!(found.homes, [href("/cal/alice/")]);
    assert!(
        found.steps[0].to_string().contains("404"),
        "{:?}",
        found.steps
    );
}

#[tokio::test]
async fn by_a_usual_place_where_the_well_known_url_is_a_web_page() {
    let server = MockServer::start().await;
    // SOGo.
    let page = ResponseTemplate::new(200).set_body_raw("<!DOCTYPE html><html/>", "text/html");
    Mock::given(path("/.well-known/caldav"))
        .respond_with(page)
        .mount(&server)
        .await;
    answers(
        &server,
        "PROPFIND",
        "/SOGo/dav/",
        multistatus(&response("/SOGo/dav/", PRINCIPAL)),
    )
    .await;
    answers(
        &server,
        "PROPFIND",
        "/p/alice/",
        multistatus(&response("/p/alice/", HOMES)),
    )
    .await;
    let found = discover(&server.uri(), Service::CalDav).await.unwrap();
    assert_eq!(found.homes, [href("/cal/alice/")]);
}

#[tokio::test]
async fn by_the_url_of_one_calendar() {
    let server = MockServer::start().await;
    let calendar = "<resourcetype><collection/><C:calendar/></resourcetype>";
    answers(
        &server,
        "PROPFIND",
        "/shared/",
        multistatus(&response("/shared/", calendar)),
    )
    .await;
    let url = format!("{}/shared/", server.uri());
    let found = discover(&url, Service::CalDav).await.unwrap();
    assert_eq!(found.collection, Some(href("/shared/")));
    assert!(found.homes.is_empty());
    // It is no address book, and there is nothing else here.
    let error = discover(&url, Service::CardDav).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Discovery);
}

#[tokio::test]
async fn by_the_url_of_a_home_that_no_principal_names() {
    let server = MockServer::start().await;
    let inner = [
        response("/home/", "<resourcetype><collection/></resourcetype>"),
        response(
            "/home/a/",
            "<resourcetype><collection/><C:calendar/></resourcetype>",
        ),
    ];
    answers(&server, "PROPFIND", "/home/", multistatus(&inner.concat())).await;
    let found = discover(&format!("{}/home/", server.uri()), Service::CalDav).await;
    assert_eq!(found.unwrap().homes, [href("/home/")]);
}

#[tokio::test]
async fn by_the_url_of_somebody_elses_home() {
    let server = MockServer::start().await;
    let inner = [
        response(
            "/cal/bob/",
            &format!("<resourcetype><collection/></resourcetype>{PRINCIPAL}"),
        ),
        response(
            "/cal/bob/a/",
            "<resourcetype><collection/><C:calendar/></resourcetype>",
        ),
    ];
    answers(
        &server,
        "PROPFIND",
        "/cal/bob/",
        multistatus(&inner.concat()),
    )
    .await;
    answers(
        &server,
        "PROPFIND",
        "/p/alice/",
        multistatus(&response("/p/alice/", HOMES)),
    )
    .await;
    let found = discover(&format!("{}/cal/bob/", server.uri()), Service::CalDav).await;
    let found = found.unwrap();
    assert_eq!(found.homes, [href("/cal/bob/")]);
    assert_eq!(found.principal, Some(href("/p/alice/")));
    // No address books are there: those of the principal are meant.
    let found = discover(&format!("{}/cal/bob/", server.uri()), Service::CardDav).await;
    assert_eq!(found.unwrap().homes, [href("/book/alice/")]);
}

#[tokio::test]
async fn a_failure_tells_every_step() {
    let server = MockServer::start().await;
    answers(
        &server,
        "PROPFIND",
        "/",
        multistatus(&response("/", PRINCIPAL)),
    )
    .await;
    answers(
        &server,
        "PROPFIND",
        "/dav/",
        refusal(403, "<need-privileges/>"),
    )
    .await;
    let nothing = response("/p/alice/", "<displayname>Alice</displayname>");
    answers(&server, "PROPFIND", "/p/alice/", multistatus(&nothing)).await;
    let error = discover(&server.uri(), Service::CalDav).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Discovery);
    let text = error.to_string();
    for step in [
        "PROPFIND /: has current-user-principal",
        "PROPFIND /p/alice/: has displayname",
        "PROPFIND /.well-known/caldav: ",
        "need-privileges",
    ] {
        assert!(text.contains(step), "{step} not in {text}");
    }
}

#[tokio::test]
async fn a_wrong_password_ends_the_search() {
    let server = MockServer::start().await;
    let refusal = ResponseTemplate::new(401).insert_header("www-authenticate", "Basic realm=x");
    Mock::given(method("PROPFIND"))
        .respond_with(refusal)
        .expect(1)
        .mount(&server)
        .await;
    let error = discover(&server.uri(), Service::CalDav).await.unwrap_err();
    assert!(error.is_authentication());
}

#[tokio::test]
async fn a_home_elsewhere_gets_no_login() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    let homes = format!(
        "<C:calendar-home-set><href>{}/cal/</href></C:calendar-home-set>",
        other.uri()
    );
    answers(
        &server,
        "PROPFIND",
        "/",
        multistatus(&response("/", PRINCIPAL)),
    )
    .await;
    answers(
        &server,
        "PROPFIND",
        "/p/alice/",
        multistatus(&response("/p/alice/", &homes)),
    )
    .await;
    let error = discover(&server.uri(), Service::CalDav).await.unwrap_err();
    assert!(error.to_string().contains("another origin"), "{error}");
    assert_eq!(count(&other).await, 0);
    // Unless it is allowed to.
    let mut options = options(&server.uri());
    options.http = options.http.login_also_at(&other.uri().parse().unwrap());
    let client = Client::new(options).unwrap();
    let found = client.discover(Service::CalDav).await.unwrap();
    assert_eq!(found.homes[0].origin(), Some(other.uri().as_str()));
    let calendar = "<resourcetype><collection/><C:calendar/></resourcetype>";
    answers(
        &other,
        "PROPFIND",
        "/cal/",
        multistatus(&response("/cal/a/", calendar)),
    )
    .await;
    let calendars = client
        .collections(Service::CalDav, &found.homes[0])
        .await
        .unwrap();
    assert_eq!(
        calendars[0].href.to_string(),
        format!("{}/cal/a/", other.uri())
    );
}

#[test]
fn urls_that_are_none() {
    for url in ["example.org", "ftp://example.org/", "", "mailto:a@b"] {
        let login = sync_core::net::Credential::password("a", "b");
        let error = caldav::client::ClientOptions::new(url, tls(), login).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
    }
}
