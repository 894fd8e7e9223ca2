//! A server of one folder of each class. A test answers what it cares for, as XML; the rest is
//! answered as a server does in which nothing happens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eas::client::{ClientOptions, Device};
use eas::source::{EasConfig, EasSource};
use eas::wire::wbxml::{Tag, Writer, to_xml};
use quick_xml::events::Event;
use sync_core::Source;
use sync_core::model::CollectionId;
use sync_core::net::{Credential, Tls, TlsOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) command: String,
    pub(super) device: String,
    /// Its body; empty where that is no WBXML.
    pub(super) xml: String,
}

impl Asked {
    /// The texts of all elements of this name.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        for piece in self.xml.split(&format!("<{name}")).skip(1) {
            let (attributes, rest) = piece.split_once('>').unwrap();
            if attributes.is_empty() || attributes.starts_with(' ') {
                found.push(rest.split('<').next().unwrap().to_owned());
            }
        }
        found
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.texts(name).into_iter().next().unwrap_or_default()
    }

    /// What stands in the first element of this name.
    pub(super) fn inside(&self, name: &str) -> String {
        let from = self.xml.find(&format!("<{name}"));
        let Some(rest) = from.map(|at| &self.xml[at..]) else {
            return String::new();
        };
        let to = rest.find(&format!("</{name}>")).unwrap();
        rest[..to].split_once('>').unwrap().1.to_owned()
    }

    /// Whether it is a Sync that changes something.
    pub(super) fn writes(&self) -> bool {
        self.command == "Sync" && self.xml.contains("<Commands>")
    }
}

/// What it is answered with.
pub(super) enum Reply {
    Xml(String),
    Empty,
    /// Nothing: the connection ends.
    Lost,
}

type Answers = Box<dyn FnMut(&Asked) -> Option<Reply> + Send>;

/// The server.
pub(super) struct Server {
    port: u16,
    log: Arc<Mutex<Vec<Asked>>>,
    items: Arc<Mutex<HashMap<String, String>>>,
}

const EVERY_COMMAND: &str =
    "Sync,SendMail,FolderSync,MoveItems,Ping,ItemOperations,Settings,Provision";

impl Server {
    /// One that speaks this version.
    pub(super) async fn new(
        version: &str,
        answers: impl FnMut(&Asked) -> Option<Reply> + Send + 'static,
    ) -> Self {
        Self::with_commands(version, EVERY_COMMAND, answers).await
    }

    pub(super) async fn with_commands(
        version: &str,
        commands: &'static str,
        answers: impl FnMut(&Asked) -> Option<Reply> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            log: Arc::default(),
            items: Arc::default(),
        };
        let (log, items) = (Arc::clone(&server.log), Arc::clone(&server.items));
        let version = version.to_owned();
        let mut answers: Answers = Box::new(answers);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // One after the other, in the order of their coming.
                serve(stream, &version, commands, &log, &items, &mut answers).await;
            }
        });
        server
    }

    /// What `ItemOperations` gives: the children of `Properties`.
    pub(super) fn put(&self, id: &str, item: &str) {
        let mut items = self.items.lock().unwrap();
        items.insert(id.to_owned(), item.to_owned());
    }

    pub(super) fn config(&self) -> EasConfig {
        let url = format!("http://127.0.0.1:{}", self.port);
        let login = Credential::password("alice@example.test", "secret");
        let tls = Tls::new(&TlsOptions::default()).unwrap();
        let (url, device) = (url.parse().unwrap(), Device::new("test01"));
        let mut options = ClientOptions::new(url, "alice@example.test", login, device, tls);
        options.http.plaintext = true;
        options.timeout = Duration::from_secs(20);
        let mut config = EasConfig::new("alice", options);
        config.zone = Some("Europe/Berlin".into());
        config
    }

    pub(super) fn source(&self) -> EasSource {
        EasSource::new(self.config()).unwrap()
    }

    /// Everything that was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }

    /// The requests that changed something.
    pub(super) fn writes(&self) -> Vec<Asked> {
        self.asked().into_iter().filter(Asked::writes).collect()
    }

    pub(super) fn count(&self, command: &str) -> usize {
        let all = self.asked();
        all.iter().filter(|asked| asked.command == command).count()
    }
}

/// The folder of a class, from a source that has listed its folders.
pub(super) async fn folder(source: &mut EasSource, path: &str) -> CollectionId {
    let all = source.collections().await.unwrap();
    let found = all.into_iter().find(|c| c.path.to_string() == path);
    found.unwrap().id
}

/// An answer to a Sync of one folder, with what stands behind its status.
pub(super) fn sync(folder: &str, key: &str, rest: &str) -> Option<Reply> {
    Some(Reply::Xml(format!(
        "<Sync xmlns=\"AirSync\"><Collections><Collection><SyncKey>{key}</SyncKey>\
         <CollectionId>{folder}</CollectionId><Status>1</Status>{rest}</Collection>\
         </Collections></Sync>"
    )))
}

/// A Sync of one folder that failed.
pub(super) fn failed(folder: &str, status: u16) -> Option<Reply> {
    Some(Reply::Xml(format!(
        "<Sync xmlns=\"AirSync\"><Collections><Collection><CollectionId>{folder}</CollectionId>\
         <Status>{status}</Status></Collection></Collections></Sync>"
    )))
}

async fn serve(
    mut stream: TcpStream,
    version: &str,
    commands: &str,
    log: &Mutex<Vec<Asked>>,
    items: &Mutex<HashMap<String, String>>,
    answers: &mut Answers,
) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut piece = [0; 8192];
        let count = stream.read(&mut piece).await.unwrap_or(0);
        bytes.extend_from_slice(&piece[..count]);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let found = name.eq_ignore_ascii_case("content-length");
                found.then(|| value.trim().parse::<usize>().unwrap())
            });
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                break (head, bytes.split_off(end + 4));
            }
        }
        if count == 0 {
            return;
        }
    };
    let line = head.lines().next().unwrap();
    let command = line.split_once("Cmd=").map_or("OPTIONS", |(_, rest)| {
        rest.split(['&', ' ']).next().unwrap()
    });
    let device = line
        .split_once("DeviceId=")
        .map_or("", |(_, rest)| rest.split(['&', ' ']).next().unwrap());
    let asked = Asked {
        command: command.to_owned(),
        device: device.to_owned(),
        xml: to_xml(&body).unwrap_or_default(),
    };
    log.lock().unwrap().push(asked.clone());
    let reply = match answers(&asked) {
        Some(reply) => reply,
        None => usual(&asked, &items.lock().unwrap()),
    };
    let body = match reply {
        Reply::Xml(xml) => wbxml(&xml),
        Reply::Empty => Vec::new(),
        Reply::Lost => return,
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/vnd.ms-sync.wbxml\r\nMS-ASProtocolVersions: {version}\r\n\
         MS-ASProtocolCommands: {commands}\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
    let _ = stream.shutdown().await;
}

fn usual(asked: &Asked, items: &HashMap<String, String>) -> Reply {
    match asked.command.as_str() {
        "FolderSync" => {
            let folders = [
                ("inbox", "Inbox", 2),
                ("drafts", "Drafts", 3),
                ("sent", "Sent Items", 5),
                ("outbox", "Outgoing", 6),
                ("cal", "Calendar", 8),
                ("con", "Contacts", 9),
                ("task", "Tasks", 7),
                ("note", "Notes", 10),
                ("other", "Other", 12),
                ("cache", "RecipientInfo", 19),
            ];
            let mut all = String::new();
            for (id, name, kind) in folders {
                all.push_str(&format!(
                    "<Add><ServerId>{id}</ServerId><ParentId>0</ParentId>\
                     <DisplayName>{name}</DisplayName><Type>{kind}</Type></Add>"
                ));
            }
            Reply::Xml(format!(
                "<FolderSync xmlns=\"FolderHierarchy\"><Status>1</Status><SyncKey>1</SyncKey>\
                 <Changes><Count>10</Count>{all}</Changes></FolderSync>"
            ))
        }
        "Settings" => Reply::Xml(
            "<Settings xmlns=\"Settings\"><Status>1</Status><UserInformation><Status>1</Status>\
             <Get/></UserInformation></Settings>"
                .into(),
        ),
        "Sync" => match asked.text("SyncKey").as_str() {
            "0" => sync(&asked.text("CollectionId"), "k1", "").unwrap(),
            _ => Reply::Empty,
        },
        "ItemOperations" => {
            let fetched = asked.texts("ServerId").into_iter().map(|id| {
                let item = match items.get(&id) {
                    Some(item) => format!("<Status>1</Status><Properties>{item}</Properties>"),
                    None => "<Status>6</Status>".into(),
                };
                format!("<Fetch><ServerId xmlns=\"AirSync\">{id}</ServerId>{item}</Fetch>")
            });
            Reply::Xml(format!(
                "<ItemOperations xmlns=\"ItemOperations\"><Status>1</Status><Response>{}\
                 </Response></ItemOperations>",
                fetched.collect::<String>()
            ))
        }
        _ => Reply::Empty,
    }
}

/// XML as WBXML. An element stands in the namespace that it or one above it names.
fn wbxml(xml: &str) -> Vec<u8> {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut writer = Writer::new();
    let mut events = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => break,
            event => events.push(event.into_owned()),
        }
    }
    let mut events = events.into_iter();
    write(&mut writer, &mut events, "AirSync");
    writer.finish()
}

/// Writes elements up to the end of the one above; gives back its text.
fn write(
    w: &mut Writer,
    events: &mut std::vec::IntoIter<Event<'static>>,
    namespace: &str,
) -> String {
    let mut text = String::new();
    while let Some(event) = events.next() {
        match event {
            Event::Start(start) => {
                let (tag, inner) = named(&start, namespace);
                // What a leaf holds is known at its end; elements hold no text beside others.
                let mut children = Writer::new();
                let before = children.len();
                let mut rest = events.clone();
                let held = write(&mut children, &mut rest, &inner);
                if children.len() > before {
                    w.element(tag, |w| {
                        write(w, events, &inner);
                    });
                } else {
                    *events = rest;
                    w.text(tag, &held);
                }
            }
            Event::Empty(start) => w.empty(named(&start, namespace).0),
            Event::Text(piece) => text.push_str(&piece),
            Event::GeneralRef(piece) => text.push_str(match &*piece {
                "lt" => "<",
                "amp" => "&",
                "#13" => "\r",
                other => panic!("&{other};"),
            }),
            Event::End(_) => break,
            other => panic!("{other:?}"),
        }
    }
    text
}

fn named(start: &quick_xml::events::BytesStart<'_>, above: &str) -> (Tag, String) {
    let own = start.try_get_attribute("xmlns").unwrap();
    let namespace = own.map_or_else(|| above.to_owned(), |own| own.value.into_owned());
    let name = start.name().as_ref().to_owned();
    for page in 0..26 {
        for id in 5..64 {
            let tag = Tag::new(page, id);
            if tag.namespace() == Some(namespace.as_str()) && tag.name() == Some(name.as_str()) {
                return (tag, namespace);
            }
        }
    }
    panic!("{namespace}:{name}");
}
