//! What becomes of elements that a change does not name, by class, version and server.

use eas::testing::{Element, Profile, Quirk, Server};
use eas::wire::Status;
use eas::wire::class::{Class, Contact, Item};
use eas::wire::command::Change;
use eas::wire::wbxml::Tag;
use eas::wire::wbxml::pages::{Calendar as C, Contacts as P};

use crate::world::{Folder, client, folder, tea};

fn person() -> Vec<Element> {
    vec![
        Element::text(P::FirstName, "Ann"),
        Element::text(P::LastName, "Doe"),
        Element::text(P::JobTitle, "Captain"),
        Element::text(P::Picture, "AAAA"),
    ]
}

fn renamed(id: &str, more: &[(Tag, &str)]) -> Change {
    let mut contact = Contact::default();
    contact.values.set(P::FirstName, "Amy");
    for (tag, value) in more {
        contact.values.set(*tag, value);
    }
    Change::Change {
        id: id.to_owned(),
        instance: None,
        item: Item::Contact(Box::new(contact)),
        send: false,
    }
}

/// A change of the first name alone: its status, and what is left of the other elements.
async fn left(
    profile: Profile,
    supported: Option<Vec<Tag>>,
    more: &[(Tag, &str)],
) -> (Option<Status>, Vec<&'static str>) {
    let server = Server::builder().profile(profile).start().unwrap();
    let id = server.store().add("Contacts", person()).unwrap();
    let mut client = client(&server);
    let mut people = Folder {
        class: Class::Contacts,
        id: folder(&mut client, "Contacts").await,
        key: "0".into(),
        options: None,
    };
    let mut request = people.request(Vec::new(), None);
    request.collections[0].supported = supported;
    let answer = client.sync(&request).await.unwrap();
    people.key = answer.collections[0].key.clone().unwrap();
    people.pull(&mut client).await;
    let answer = people.push(&mut client, vec![renamed(&id, more)]).await;
    let item = server.store().item("Contacts", &id).unwrap();
    let names = [
        (P::LastName, "name"),
        (P::JobTitle, "title"),
        (P::Picture, "picture"),
    ];
    let kept = names
        .into_iter()
        .filter(|(tag, _)| item.property(*tag).is_some());
    let status = answer
        .responses
        .first()
        .and_then(|response| response.status);
    (status, kept.map(|(_, name)| name).collect())
}

#[tokio::test]
async fn what_is_not_named_goes_where_the_client_takes_care_of_it() {
    let old = || Profile::full().versions(&["14.1"]);
    let all = left(old(), None, &[]).await;
    assert_eq!(all, (None, vec!["picture"]), "nothing is ghosted");
    let none = left(old(), Some(Vec::new()), &[]).await;
    assert_eq!(
        none,
        (None, vec!["name", "title", "picture"]),
        "everything is"
    );
    let some = vec![P::FirstName, P::LastName];
    let some = left(old(), Some(some), &[]).await;
    assert_eq!(some, (None, vec!["title", "picture"]));
    let measured = left(old().with(Quirk::KeepsOmitted), None, &[]).await;
    assert_eq!(measured, (None, vec!["name", "title", "picture"]));
    let cleared = left(old().with(Quirk::KeepsOmitted), None, &[(P::JobTitle, "")]).await;
    assert_eq!(cleared, (None, vec!["name", "picture"]));
}

#[tokio::test]
async fn sixteen_replaces_a_contact_and_takes_no_empty_elements() {
    let new = || Profile::full().versions(&["16.1"]);
    assert_eq!(left(new(), None, &[]).await, (None, vec!["picture"]));
    let empty = left(new(), None, &[(P::JobTitle, "")]).await;
    let everything = vec!["name", "title", "picture"];
    assert_eq!(empty, (Some(Status(6)), everything));
    let picture = left(new(), None, &[(P::Picture, "")]).await;
    assert_eq!(picture, (None, Vec::new()));
}

#[tokio::test]
async fn sixteen_keeps_what_an_appointment_is_not_told() {
    for (version, keeps) in [("14.1", false), ("16.1", true)] {
        let server = crate::world::server(version);
        let mut properties = tea("tea");
        properties.push(Element::text(C::Reminder, "15"));
        let id = server.store().add("Calendar", properties).unwrap();
        let mut client = client(&server);
        let mut calendar = Folder::open(&mut client, "Calendar", Class::Calendar).await;
        calendar.pull(&mut client).await;
        let mut event = eas::wire::class::Event::default();
        event.values.set(C::Subject, "more tea");
        let change = Change::Change {
            id: id.clone(),
            instance: None,
            item: Item::Event(Box::new(event)),
            send: false,
        };
        let answer = calendar.push(&mut client, vec![change]).await;
        assert!(answer.responses.is_empty(), "{answer:?}");
        let item = server.store().item("Calendar", &id).unwrap();
        assert_eq!(item.property(C::Reminder).is_some(), keeps, "{version}");
        assert_eq!(item.text(C::UID).as_deref(), Some("tea@example.org"));
    }
}
