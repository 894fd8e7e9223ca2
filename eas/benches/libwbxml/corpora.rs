//! What is read and written.

use std::fs;
use std::path::Path;

use eas::wire::Version;
use eas::wire::class::{Body, BodyType, Class, Contact, Item, Values};
use eas::wire::command::{Change, Collection, Command as _, Sync};
use eas::wire::wbxml::Writer;
use eas::wire::wbxml::pages::{
    AirSync as A, AirSyncBase as B, Contacts as C, Contacts2 as C2, Email as E,
};
use testbed::{Random, mail::Generator};

/// Items in one Sync: the most that a window has.
const ITEMS: usize = 512;
/// Bytes of a body.
const BODY: usize = 8 << 10;

/// Documents of a kind.
pub(crate) struct Corpus {
    pub(crate) name: &'static str,
    pub(crate) documents: Vec<Vec<u8>>,
    /// The requests that the documents answer or are, one each; none where they are not all of Sync.
    pub(crate) requests: Vec<Sync>,
    pub(crate) is_request: bool,
    /// How much faster than libwbxml decoding shall be.
    pub(crate) decode: f64,
    /// How much faster than libwbxml encoding shall be.
    pub(crate) encode: f64,
}

impl Corpus {
    pub(crate) fn slices(&self) -> Vec<&[u8]> {
        self.documents.iter().map(Vec::as_slice).collect()
    }
}

fn asking(class: Class) -> Sync {
    Sync {
        collections: vec![Collection::new(class, "5", "1")],
        ..Sync::default()
    }
}

/// What was exchanged with a real SOGo, by the files' names.
fn recorded() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sogo");
    let files = fs::read_dir(folder).expect("recorded exchanges");
    let mut all: Vec<_> = files
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|e| e == "wbxml"))
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            (name.into_owned(), fs::read(&path).expect("a file"))
        })
        .collect();
    all.sort();
    all
}

fn class_of(name: &str) -> Class {
    let classes = [
        ("calendar", Class::Calendar),
        ("contacts", Class::Contacts),
        ("tasks", Class::Tasks),
    ];
    let found = classes.iter().find(|(word, _)| name.contains(word));
    found.map_or(Class::Email, |(_, class)| *class)
}

fn contact(random: &mut Random, number: usize) -> Contact {
    let n = |random: &mut Random| random.next_u64() % 10_000;
    let text = [
        (C::FileAs, format!("Doe, Jane {number}")),
        (C::FirstName, "Jane".into()),
        (C::LastName, format!("Doe {number}")),
        (C::MiddleName, "Q.".into()),
        (C::CompanyName, "Example Works Ltd.".into()),
        (C::Department, "Research".into()),
        (C::JobTitle, "Engineer".into()),
        (C::Email1Address, format!("jane.doe.{number}@example.org")),
        (C::Email2Address, format!("jane{number}@example.com")),
        (
            C::BusinessPhoneNumber,
            format!("+49 30 5550 {:04}", n(random)),
        ),
        (
            C::MobilePhoneNumber,
            format!("+49 171 555 {:04}", n(random)),
        ),
        (C::BusinessAddressStreet, format!("Lange Straße {number}")),
        (C::BusinessAddressCity, "Berlin".into()),
        (C::BusinessAddressPostalCode, format!("1{:04}", n(random))),
        (C::BusinessAddressCountry, "Germany".into()),
        (C::WebPage, format!("https://www.example.org/~jane{number}")),
        (C::Birthday, "1980-04-01T00:00:00.000Z".into()),
        (C2::NickName, "Jane".into()),
        (C2::IMAddress, format!("xmpp:jane{number}@example.org")),
    ];
    Contact {
        values: Values::from_iter(text),
        categories: Some(vec!["Business".into(), "Key customer".into()]),
        children: None,
        body: Some(Body::text("Met at the conference.\r\nCall again in May.")),
    }
}

fn contacts() -> Vec<Change> {
    let mut random = Random::new(1);
    (0..ITEMS)
        .map(|number| Change::Add {
            client_id: format!("5:{number}"),
            item: Item::Contact(Box::new(contact(&mut random, number))),
            send: false,
        })
        .collect()
}

/// A request that adds these.
fn adding(class: Class, changes: Vec<Change>) -> Sync {
    let mut collection = Collection::new(class, "5", "1");
    collection.changes = changes;
    Sync {
        collections: vec![collection],
        ..Sync::default()
    }
}

/// A server's answer with these mails.
fn mails() -> Vec<u8> {
    let lines = Generator::new(1).take(2_000).flat_map(|mail| mail.bytes);
    let text: Vec<u8> = lines.filter(|b| *b != 0).collect();
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut w = Writer::new();
    let mut rest = text.as_str();
    w.element(A::Sync, |w| {
        w.element(A::Collections, |w| {
            w.element(A::Collection, |w| {
                w.text(A::SyncKey, "2");
                w.text(A::CollectionId, "5");
                w.text(A::Status, "1");
                w.element(A::Commands, |w| {
                    for number in 0..ITEMS {
                        let end = (BODY..rest.len()).find(|at| rest.is_char_boundary(*at));
                        let (body, tail) = rest.split_at(end.unwrap_or(rest.len()));
                        rest = if tail.len() > 2 * BODY { tail } else { &text };
                        w.element(A::Add, |w| mail(w, number, body));
                    }
                });
            });
        });
    });
    w.finish()
}

fn mail(w: &mut Writer, number: usize, body: &str) {
    w.text(A::ServerId, &format!("5:{number}"));
    w.element(A::ApplicationData, |w| {
        w.text(E::To, "\"Jane Doe\" <jane@example.org>");
        w.text(E::From, "\"Al Example\" <al@example.com>");
        w.text(E::Subject, &format!("Minutes of meeting {number}"));
        w.text(E::DateReceived, "2026-11-22T09:30:00.000Z");
        w.text(E::DisplayTo, "Jane Doe");
        w.text(E::ThreadTopic, "Minutes of meeting");
        w.text(E::Importance, "1");
        w.text(E::Read, "0");
        w.text(E::MessageClass, "IPM.Note");
        w.element(B::Body, |w| {
            w.number(B::Type, BodyType::Text.number());
            w.text(B::EstimatedDataSize, &body.len().to_string());
            w.text(B::Data, body);
        });
    });
}

pub(crate) fn corpora() -> Vec<Corpus> {
    let all = recorded();
    let is_answer = |name: &str| name.contains("-sync-") && name.ends_with(".resp.wbxml");
    let answers: Vec<_> = all.iter().filter(|(name, _)| is_answer(name)).collect();
    let request = adding(Class::Contacts, contacts());
    // What a server tells of these contacts has their names where a request has ours.
    let told = request.encode(Version::V14_1);
    vec![
        Corpus {
            name: "all bodies of SOGo",
            documents: all.iter().map(|(_, body)| body.clone()).collect(),
            requests: Vec::new(),
            is_request: false,
            decode: 5.0,
            encode: 10.0,
        },
        Corpus {
            name: "SOGo's answers to Sync",
            documents: answers.iter().map(|(_, body)| body.clone()).collect(),
            requests: answers
                .iter()
                .map(|(name, _)| asking(class_of(name)))
                .collect(),
            is_request: false,
            decode: 5.0,
            encode: 10.0,
        },
        Corpus {
            name: "a Sync of 512 contacts",
            documents: vec![told.clone()],
            requests: vec![asking(Class::Contacts)],
            is_request: false,
            decode: 5.0,
            encode: 10.0,
        },
        Corpus {
            name: "512 mails of 8 KB",
            documents: vec![mails()],
            requests: vec![asking(Class::Email)],
            is_request: false,
            decode: 1.0,
            encode: 10.0,
        },
        Corpus {
            name: "a request: 512 contacts",
            documents: vec![told],
            requests: vec![request],
            is_request: true,
            decode: 5.0,
            encode: 10.0,
        },
    ]
}
