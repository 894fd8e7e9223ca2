//! Finding, describing and making collections.

use caldav::client::{ClientOptions, Service};
use caldav::source::{DavConfig, DavSource};
use caldav::testing::{Auth, Fault, Profile, Quirk, Server};
use futures_util::future::BoxFuture;
use sync_core::Source as _;
use sync_core::model::{CollectionPath, CollectionProperties, ItemKind, KindSet, NewCollection};
use sync_core::net::dns::{Dns, Srv};
use sync_core::net::{Credential, Tls, TlsOptions};

use crate::support::{WORK, calendars, config, contacts, options, server};

fn new(name: &str, kinds: KindSet) -> NewCollection {
    NewCollection {
        path: CollectionPath::new([name]),
        kinds,
        role: None,
        properties: CollectionProperties::default(),
    }
}

/// A source whose URL is that of this path.
fn at(server: &Server, path: &str) -> DavSource {
    let mut config = config(server, Service::CalDav);
    let url = format!("http://{}{path}", server.addr());
    config.client = options(&url, Credential::password("alice", "alicepw"));
    DavSource::new(config)
}

#[tokio::test]
async fn they_are_found_from_any_url() {
    for (profile, paths) in [
        (
            Profile::full(),
            [
                "/",
                "/dav/",
                "/dav/calendars/alice/",
                "/dav/principals/alice/",
            ],
        ),
        (
            Profile::radicale_like(),
            ["/", "/alice/", "/alice", "/.well-known/caldav"],
        ),
        (
            Profile::sogo_like(),
            [
                "/SOGo/dav/alice/",
                "/",
                "/SOGo/dav/",
                "/SOGo/dav/alice/Calendar/",
            ],
        ),
        (
            Profile::cyrus_like(),
            [
                "/",
                "/dav/",
                "/dav/calendars/user/alice/",
                "/dav/principals/user/alice/",
            ],
        ),
    ] {
        let server = server(profile);
        for path in paths {
            let all = at(&server, path).collections().await.unwrap();
            let names: Vec<String> = all.iter().map(|c| c.path.to_string()).collect();
            assert_eq!(names, ["work"], "{path} of {server:?}");
        }
    }
}

#[tokio::test]
async fn a_url_may_be_that_of_one() {
    let server = server(Profile::full());
    server.store().create("calendars/home");
    let mut source = at(&server, "/dav/calendars/alice/work/");
    let all = source.collections().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].id.as_str(), "/dav/calendars/alice/work/");
    assert_eq!(server.stats().requests, 1);
    let error = source.create_collection(&new("x", KindSet::CALENDAR)).await;
    assert!(error.is_err());
}

#[tokio::test]
async fn they_are_described() {
    let server = server(Profile::full());
    let store = server.store();
    store.create_for("calendars/to do", &["VTODO"]);
    store.set_property("calendars/to do", "displayname", "Zu tun שלום");
    store.set_property("calendars/to do", "calendar-color", "#FF0000FF");
    store.set_property("calendars/to do", "calendar-order", "7");
    store.set_property("calendars/to do", "calendar-description", "a & <b>");
    store.set_read_only(WORK, true);
    let all = calendars(&server).collections().await.unwrap();
    let find = |name: &str| all.iter().find(|c| c.path.to_string() == name).unwrap();
    let tasks = find("to do");
    assert_eq!(tasks.kinds, KindSet::of(ItemKind::Task));
    assert!(!tasks.read_only && find("work").read_only);
    assert_eq!(find("work").kinds, KindSet::CALENDAR);
    let shown = &tasks.properties;
    assert_eq!(shown.display_name.as_deref(), Some("Zu tun שלום"));
    assert_eq!(shown.color.as_deref(), Some("#FF0000FF"));
    assert_eq!(
        (shown.order, shown.description.as_deref()),
        (Some(7), Some("a & <b>"))
    );
    let people = contacts(&server).collections().await.unwrap();
    assert_eq!(people.len(), 1);
    assert_eq!(people[0].kinds, KindSet::CONTACTS);
}

#[tokio::test]
async fn a_new_one_is_as_it_was_asked_for() {
    for profile in [
        Profile::full(),
        Profile::radicale_like(),
        Profile::cyrus_like(),
    ] {
        let server = server(profile);
        let mut wanted = new("Büro", KindSet::of(ItemKind::Task).with(ItemKind::Event));
        wanted.properties.color = Some("#00ff00".into());
        wanted.properties.display_name = Some("Office".into());
        let made = calendars(&server).create_collection(&wanted).await.unwrap();
        assert_eq!((&made.path, made.kinds), (&wanted.path, wanted.kinds));
        assert_eq!(made.properties.color, wanted.properties.color);
        let name = server.store().property("calendars/Büro", "displayname");
        assert_eq!(name.as_deref(), Some("Office"));
    }
    let google = server(Profile::google_like().auth(Auth::Basic));
    let wanted = new("x", KindSet::CALENDAR);
    let result = calendars(&google).create_collection(&wanted).await;
    assert!(!result.unwrap_err().is_fatal());
}

#[tokio::test]
async fn they_do_not_stand_in_each_other() {
    let server = server(Profile::full());
    let mut nested = new("a", KindSet::CALENDAR);
    nested.path = CollectionPath::new(["a", "b"]);
    assert!(calendars(&server).create_collection(&nested).await.is_err());
    let mail = new("a", KindSet::MAIL);
    assert!(calendars(&server).create_collection(&mail).await.is_err());
}

#[tokio::test]
async fn a_login_that_is_refused_says_so() {
    let server = server(Profile::full());
    let mut config = config(&server, Service::CalDav);
    config.client = options(&server.url(), Credential::password("alice", "s3cret"));
    let error = DavSource::new(config).collections().await.unwrap_err();
    assert!(error.is_authentication(), "{error:?}");
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_told() {
    let server = server(Profile::full());
    server.order(Fault::on("PROPFIND").throttle(503, 17).always());
    let error = calendars(&server).collections().await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(error.retry_after().map(|pause| pause.as_secs()), Some(17));
}

/// DNS that knows one server.
struct OneServer(&'static str, u16);

impl Dns for OneServer {
    fn srv<'a>(&'a self, name: &'a str) -> BoxFuture<'a, sync_core::error::Result<Vec<Srv>>> {
        assert_eq!(name, "_caldavs._tcp.localhost");
        let server = Srv {
            priority: 1,
            weight: 1,
            port: self.1,
            target: self.0.to_owned(),
        };
        Box::pin(async { Ok(vec![server]) })
    }

    fn txt<'a>(&'a self, _: &'a str) -> BoxFuture<'a, sync_core::error::Result<Vec<String>>> {
        Box::pin(async { Ok(vec!["path=/dav/".to_owned()]) })
    }
}

#[tokio::test]
async fn an_address_leads_to_its_server() {
    let server = server(Profile::full());
    let tls = TlsOptions {
        ca_pem: Some(server.ca_pem().into()),
        ..TlsOptions::default()
    };
    let source = |target| {
        let login = Credential::password("alice", "alicepw");
        let tls = Tls::new(&tls).unwrap();
        let options = ClientOptions::new("https://localhost/", tls, login).unwrap();
        let dns = OneServer(target, server.tls_addr().port());
        let config = DavConfig::new(Service::CalDav, "alice@localhost", options);
        DavSource::new(config.locate("alice@localhost", dns))
    };
    let all = source("localhost").collections().await.unwrap();
    assert_eq!(all.len(), 1);
    server.reset_stats();
    // Somebody else's host gets no login; a person may give it as the url.
    let error = source("127.0.0.1").collections().await.unwrap_err();
    assert!(error.to_string().contains("https://127.0.0.1:"), "{error}");
    assert_eq!(server.stats().requests, 0);
}

#[tokio::test]
async fn a_home_on_another_host_gets_no_login() {
    let server = server(Profile::full().with(Quirk::HomesElsewhere));
    let result = calendars(&server).collections().await;
    let told: Vec<bool> = server
        .requests()
        .iter()
        .filter(|seen| seen.host.starts_with("localhost"))
        .map(|seen| seen.authorized)
        .collect();
    assert!(!told.contains(&true), "{result:?}");
    assert!(result.is_err());
}
