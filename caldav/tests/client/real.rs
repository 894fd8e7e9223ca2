//! Real servers: what they have in common, and what each does in its own way.

use bytes::Bytes;
use caldav::client::{
    Client, Collection, Fetched, NewCollection, Object, Service, SyncChange, SyncPoint,
};
use caldav::wire::request::CardFilter;
use caldav::wire::{
    Component, Components, Href, Precondition, Privilege, Property, TimeRange, UtcTime,
};
use testbed::{Radicale, Sogo};

use super::support::options;

fn event(uid: &str, summary: &str) -> Bytes {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20261121T100000Z\r\nDTSTART:20261215T090000Z\r\nDTEND:20261215T100000Z\r\n\
         SUMMARY:{summary}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    .into()
}

fn card(uid: &str, name: &str) -> Bytes {
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name}\r\nN:{name};;;;\r\n\
         EMAIL:{uid}@example.test\r\nEND:VCARD\r\n"
    )
    .into()
}

fn alice(port: u16, path: &str) -> Client {
    Client::new(options(&format!("http://127.0.0.1:{port}{path}"))).unwrap()
}

/// Changed and removed names, and where the collection stands.
async fn changes(
    client: &Client,
    collection: &Href,
    token: Option<&str>,
) -> (Vec<String>, Vec<String>, SyncPoint) {
    let asked = [Property::GetETag];
    let answer = client
        .sync_collection(collection, token, None, &asked)
        .await;
    let mut answer = answer.unwrap();
    let (mut changed, mut removed) = (Vec::new(), Vec::new());
    while let Some(change) = answer.next().await.unwrap() {
        match change {
            SyncChange::Changed(response) => {
                assert!(response.properties.etag().unwrap().is_usable());
                changed.push(response.href.name());
            }
            SyncChange::Removed(href) => removed.push(href.name()),
            SyncChange::Unknown(response) => panic!("{response:?}"),
        }
    }
    changed.sort();
    removed.sort();
    (changed, removed, answer.point().unwrap())
}

async fn objects(client: &Client, service: Service, at: &Href, names: &[&str]) -> Vec<Object> {
    let hrefs = names.iter().map(|name| at.member(name));
    let mut multiget = client.multiget(service, at, hrefs);
    let mut found = Vec::new();
    while let Some(fetched) = multiget.next().await.unwrap() {
        match fetched {
            Fetched::Found(object) => found.push(object),
            Fetched::Gone(href) => assert_eq!(href.name(), "gone.ics"),
            Fetched::Failed(href, error) => panic!("{href}: {error}"),
        }
    }
    found
}

async fn home(client: &Client, service: Service) -> Href {
    let found = client.discover(service).await.unwrap();
    assert!(found.principal.is_some());
    let [home] = found.homes.as_slice() else {
        panic!("{found:?}")
    };
    home.clone()
}

async fn listed(client: &Client, service: Service, at: &Href) -> Collection {
    let home = home(client, service).await;
    let all = client.collections(service, &home).await.unwrap();
    let found = all.into_iter().find(|one| one.href == *at);
    found.unwrap_or_else(|| panic!("{at} is not listed in {home}"))
}

/// How a server differs from what the standards say.
struct Quirks {
    /// `If-None-Match: *` is heeded.
    guards_new: bool,
    /// A name that comes back as it was given.
    name: &'static str,
}

/// A calendar from its making to its end.
async fn calendar(client: &Client, quirks: Quirks) {
    let home = home(client, Service::CalDav).await;
    let at = Href::parse(&format!("{}/", home.member("w\u{f6}rk"))).unwrap();
    let new = NewCollection {
        display_name: Some("W\u{f6}rk & <more>".into()),
        color: Some("#FF8800FF".into()),
        components: Components::from_iter([Component::Event]),
        ..NewCollection::default()
    };
    assert!(
        client
            .make_collection(Service::CalDav, &at, &new)
            .await
            .unwrap()
    );
    assert!(
        !client
            .make_collection(Service::CalDav, &at, &new)
            .await
            .unwrap()
    );
    let made = listed(client, Service::CalDav, &at).await;
    assert_eq!(made.display_name, new.display_name);
    assert!(
        !made.is_read_only() && made.has_sync() && made.ctag.is_some(),
        "{made:?}"
    );

    let (changed, _, empty) = changes(client, &at, None).await;
    assert!(changed.is_empty());
    let one = at.member(quirks.name);
    let put = async |href: &Href, body: Bytes, precondition: Precondition| {
        client.put(href, Service::CalDav, body, &precondition).await
    };
    put(&one, event("one", "First"), Precondition::New)
        .await
        .unwrap();
    put(
        &at.member("two.ics"),
        event("two", "Second"),
        Precondition::New,
    )
    .await
    .unwrap();
    if quirks.guards_new {
        let again = put(&one, event("one", "Again"), Precondition::New).await;
        assert!(again.unwrap_err().is_stale());
    }
    // SOGo's tokens are seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let (changed, removed, first) = changes(client, &at, Some(&empty.token)).await;
    assert_eq!(changed, [quirks.name, "two.ics"]);
    assert!(removed.is_empty() && !first.truncated && first.unreadable == 0);

    let names = [quirks.name, "two.ics", "gone.ics"];
    let found = objects(client, Service::CalDav, &at, &names).await;
    assert_eq!(found.len(), 2);
    let two = found
        .iter()
        .find(|object| object.href.name() == "two.ics")
        .unwrap();
    assert!(String::from_utf8_lossy(&two.data).contains("SUMMARY:Second"));
    let got = client.get(&two.href).await.unwrap();
    assert_eq!(got.etag, two.etag);
    let guard = Precondition::Match(got.etag.unwrap());
    put(&two.href, event("two", "Changed"), guard.clone())
        .await
        .unwrap();
    let stale = put(&two.href, event("two", "Lost"), guard.clone()).await;
    assert!(stale.unwrap_err().is_stale());
    let stale = client.delete(&two.href, &guard).await;
    assert!(stale.unwrap_err().is_stale());
    client.delete(&one, &Precondition::None).await.unwrap();
    assert!(
        client
            .delete(&one, &Precondition::None)
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(client.get(&one).await.unwrap_err().is_not_found());
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let (changed, removed, last) = changes(client, &at, Some(&first.token)).await;
    assert_eq!(
        (changed, removed),
        (vec!["two.ics".into()], vec![one.name()])
    );
    let (changed, removed, _) = changes(client, &at, Some(&last.token)).await;
    assert!(changed.is_empty() && removed.is_empty());

    let range = |from, to| TimeRange::between(UtcTime::from_unix(from), UtcTime::from_unix(to));
    for (range, expected) in [
        (range(1_797_292_800, 1_797_379_200), 1), // 2026-12-15
        (range(1_797_379_200, 1_797_465_600), 0),
    ] {
        let found = client
            .calendar_query(
                &at,
                Some(Component::Event),
                Some(&range),
                &[Property::GetETag],
            )
            .await
            .unwrap();
        assert_eq!(found.collect().await.unwrap().0.len(), expected);
    }
    let renamed = [(Property::DisplayName, Some("Renamed"))];
    assert_eq!(client.proppatch(&at, &renamed).await.unwrap(), []);
    let renamed = listed(client, Service::CalDav, &at).await.display_name;
    assert_eq!(renamed.as_deref(), Some("Renamed"));
    client.delete(&at, &Precondition::None).await.unwrap();
    assert!(
        client
            .properties(&at, &[Property::GetETag])
            .await
            .unwrap_err()
            .is_not_found()
    );
}

async fn address_book(client: &Client, at: &Href) {
    let href = at.member("ada.vcf");
    let book = listed(client, Service::CardDav, at).await;
    assert!(!book.is_read_only() && book.has_sync());
    let data = card("ada", "Ada");
    client
        .put(&href, Service::CardDav, data, &Precondition::New)
        .await
        .unwrap();
    let (changed, ..) = changes(client, at, None).await;
    assert_eq!(changed, ["ada.vcf"]);
    let found = objects(client, Service::CardDav, at, &["ada.vcf"]).await;
    assert!(String::from_utf8_lossy(&found[0].data).contains("FN:Ada"));
    let filter = |contains| CardFilter {
        property: "EMAIL",
        contains,
    };
    for (text, expected) in [("ada@", 1), ("bob@", 0)] {
        let asked = [Property::GetETag];
        let found = client
            .addressbook_query(at, &[filter(text)], None, &asked)
            .await;
        assert_eq!(
            found.unwrap().collect().await.unwrap().0.len(),
            expected,
            "{text}"
        );
    }
    client.delete(&href, &Precondition::None).await.unwrap();
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn radicale() {
    let server = Radicale::start().unwrap();
    let client = alice(server.port, "/");
    let compliance = client.options(client.start()).await.unwrap();
    assert!(compliance.has_calendars() && compliance.has_addressbooks());
    let quirks = Quirks {
        guards_new: true,
        name: "one & \u{e4}%3A.ics",
    };
    calendar(&client, quirks).await;
    let home = home(&client, Service::CardDav).await;
    let book = Href::parse(&format!("{}/", home.member("book"))).unwrap();
    let new = NewCollection::default();
    assert!(
        client
            .make_collection(Service::CardDav, &book, &new)
            .await
            .unwrap()
    );
    address_book(&client, &book).await;

    let error = client
        .sync_collection(&book, Some("http://radicale.org/ns/sync/void"), None, &[])
        .await
        .unwrap_err();
    assert!(error.is_token_refused(), "{error}");
    let other = Href::parse(&format!("{}/", home.member("other"))).unwrap();
    assert!(
        client
            .make_collection(Service::CardDav, &other, &new)
            .await
            .unwrap()
    );
    let (from, to) = (book.member("bob.vcf"), other.member("bob.vcf"));
    client
        .put(
            &from,
            Service::CardDav,
            card("bob", "Bob"),
            &Precondition::New,
        )
        .await
        .unwrap();
    client
        .move_to(&from, &to, &Precondition::None)
        .await
        .unwrap();
    assert!(client.get(&from).await.unwrap_err().is_not_found());
    assert!(client.get(&to).await.is_ok());
    client
        .put(
            &from,
            Service::CardDav,
            card("bob2", "Bob"),
            &Precondition::New,
        )
        .await
        .unwrap();
    assert!(
        client
            .move_to(&from, &to, &Precondition::None)
            .await
            .unwrap_err()
            .is_stale()
    );
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn radicale_and_a_wrong_password() {
    let server = Radicale::start().unwrap();
    let login = sync_core::net::Credential::password("alice", "wrong");
    let url = format!("http://127.0.0.1:{}/", server.port);
    let options = caldav::client::ClientOptions::new(&url, super::support::tls(), login);
    let client = Client::new(options.unwrap().allow_plaintext()).unwrap();
    let error = client.discover(Service::CalDav).await.unwrap_err();
    assert!(error.is_authentication(), "{error}");
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn sogo() {
    let server = Sogo::start().unwrap();
    // It answers a web page at the well-known URL; the usual place is found all the same.
    let client = alice(server.port, "/");
    let found = client.discover(Service::CalDav).await.unwrap();
    assert_eq!(found.addresses[0], "mailto:alice@example.test");
    // It decodes what was not encoded, and overwrites what is there.
    let quirks = Quirks {
        guards_new: false,
        name: "one & \u{e4}.ics",
    };
    calendar(&client, quirks).await;
    let book = Href::parse(&format!("{}personal/", Sogo::address_books("alice"))).unwrap();
    address_book(&client, &book).await;
    let personal = Href::parse(&format!("{}personal/", Sogo::calendars("alice"))).unwrap();
    let other = Href::parse(&format!("{}other/", Sogo::calendars("alice"))).unwrap();
    let new = NewCollection::default();
    let made = client.make_collection(Service::CalDav, &other, &new).await;
    assert!(made.unwrap());
    let (from, to) = (personal.member("a.ics"), other.member("a.ics"));
    let put = async |summary: &str| {
        let data = event("a", summary);
        let put = client.put(&from, Service::CalDav, data, &Precondition::None);
        put.await.unwrap();
        Precondition::Match(client.get(&from).await.unwrap().etag.unwrap())
    };
    let stale = put("First").await;
    let current = put("Second").await;
    let refused = client.move_to(&from, &to, &stale).await.unwrap_err();
    assert!(refused.is_stale(), "{refused}");
    client.move_to(&from, &to, &current).await.unwrap();
    let again = put("Third").await;
    let refused = client.move_to(&from, &to, &again).await.unwrap_err();
    assert!(refused.is_stale(), "{refused}");
    let privileges = listed(&client, Service::CalDav, &personal).await.privileges;
    assert!(privileges.is_none_or(|set| set.grants(Privilege::Bind)));
}
