//! Accounts to test with.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use eas::client::{Client, ClientOptions, Device};
use eas::source::{EasConfig, EasSource};
use eas::testing::{Element, Profile, Server};
use eas::wire::class::{Class, Event, Item};
use eas::wire::command::{
    BodyPreference, Change, Collection, CollectionAnswer, FolderChange, Options, Sync,
};
use eas::wire::wbxml::pages::Calendar as C;
use sync_core::net::{Credential, Tls, TlsOptions};

/// A server that offers one version.
pub(crate) fn server(version: &'static str) -> Server {
    let profile = Profile::full().versions(&[version]);
    Server::builder().profile(profile).start().unwrap()
}

pub(crate) fn options(server: &Server, device: &str) -> ClientOptions {
    let login = Credential::password("alice", "alicepw");
    let tls = Tls::new(&TlsOptions::default()).unwrap();
    let url = server.url().parse().unwrap();
    let mut options = ClientOptions::new(url, "alice", login, Device::new(device), tls);
    options.http.plaintext = true;
    options
}

pub(crate) fn client(server: &Server) -> Client {
    Client::new(options(server, "device1")).unwrap()
}

pub(crate) fn source(server: &Server, device: &str) -> EasSource {
    let account = format!("alice@{}", server.addr());
    let mut config = EasConfig::new(account, options(server, device));
    config.zone = Some("Europe/Paris".into());
    config.window = 10;
    EasSource::new(config).unwrap()
}

/// A request byte by byte, and the head and the body of its answer.
pub(crate) fn post(server: &Server, path: &str, headers: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Authorization: Basic YWxpY2U6YWxpY2Vwdw==\r\n{headers}\r\n",
        server.addr(),
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let at = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..at].to_vec()).unwrap();
    (head, answer[at + 4..].to_vec())
}

/// The id of the folder of this name.
pub(crate) async fn folder(client: &mut Client, name: &str) -> String {
    let changes = client.folder_sync("0").await.unwrap().changes;
    let found = changes.into_iter().find_map(|change| match change {
        FolderChange::Add(folder) if folder.name == name => Some(folder.id),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no folder {name}"))
}

/// A folder from the client's side, as a session keeps it.
pub(crate) struct Folder {
    pub(crate) class: Class,
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) options: Option<Options>,
}

impl Folder {
    /// Begins with a folder.
    pub(crate) async fn open(client: &mut Client, name: &str, class: Class) -> Self {
        let mut folder = Self {
            class,
            id: folder(client, name).await,
            key: "0".into(),
            options: Some(Options {
                bodies: vec![BodyPreference::whole(eas::wire::class::BodyType::Text)],
                ..Options::default()
            }),
        };
        let answer = folder.exchange(client, Vec::new(), None).await;
        assert!(answer.changes.is_empty(), "{answer:?}");
        folder
    }

    pub(crate) fn request(&self, changes: Vec<Change>, asks: Option<bool>) -> Sync {
        let mut collection = Collection::new(self.class, &self.id, &self.key);
        collection.changes = changes;
        collection.get_changes = asks;
        collection.options.clone_from(&self.options);
        Sync {
            collections: vec![collection],
            ..Sync::default()
        }
    }

    /// One request, after which the new key holds.
    pub(crate) async fn exchange(
        &mut self,
        client: &mut Client,
        changes: Vec<Change>,
        asks: Option<bool>,
    ) -> CollectionAnswer {
        let request = self.request(changes, asks);
        let mut answer = client.sync(&request).await.unwrap();
        let answer = answer.collections.pop().unwrap_or_default();
        if let Some(key) = &answer.key {
            self.key.clone_from(key);
        }
        answer
    }

    /// What the server has to tell.
    pub(crate) async fn pull(&mut self, client: &mut Client) -> CollectionAnswer {
        self.exchange(client, Vec::new(), Some(true)).await
    }

    /// Sends changes and asks for none.
    pub(crate) async fn push(
        &mut self,
        client: &mut Client,
        changes: Vec<Change>,
    ) -> CollectionAnswer {
        self.exchange(client, changes, Some(false)).await
    }
}

/// An appointment of an hour, by its properties.
pub(crate) fn tea(subject: &str) -> Vec<Element> {
    vec![
        Element::text(C::AllDayEvent, "0"),
        Element::text(C::StartTime, "20261201T090000Z"),
        Element::text(C::EndTime, "20261201T100000Z"),
        Element::text(C::DtStamp, "20261101T090000Z"),
        Element::text(C::Subject, subject),
        Element::text(C::UID, format!("{subject}@example.org")),
        Element::text(C::BusyStatus, "2"),
        Element::text(C::MeetingStatus, "0"),
    ]
}

/// An appointment as a client of 16.1 or 14.1 sends it.
pub(crate) fn event(subject: &str, version: &str) -> Event {
    let mut event = Event::default();
    let uid = if version < "16.0" {
        C::UID
    } else {
        C::ClientUid
    };
    for (tag, value) in [
        (C::StartTime, "20261202T090000Z"),
        (C::EndTime, "20261202T100000Z"),
        (C::Subject, subject),
        (uid, subject),
    ] {
        event.values.set(tag, value);
    }
    event
}

/// A new appointment.
pub(crate) fn add(subject: &str, version: &str) -> Change {
    Change::Add {
        client_id: format!("c-{subject}"),
        item: Item::Event(Box::new(event(subject, version))),
        send: false,
    }
}
