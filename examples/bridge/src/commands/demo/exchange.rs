//! The office account of the demo: on an ActiveSync server, and on servers of CalDAV, CardDAV and
//! IMAP.

use std::path::{Path, PathBuf};

use eas::testing::Element;
use eas::wire::wbxml::pages::{Calendar as C, Contacts as P};

use super::world::failed;
use crate::failure::Failure;

const USER: &str = "dave";
const PASSWORD: &str = "treacle well";
/// The folders, as the one server calls them, and the collections of the others.
const CALENDAR: &str = "Calendar";
const CONTACTS: &str = "Contacts";
const DIARY: &str = "calendars/diary";
const PEOPLE: &str = "addressbooks/people";

const DELIVERY: &str = include_str!("../../../demo/delivery.ics");
const KEEPER: &str = include_str!("../../../demo/keeper.vcf");
const LETTER: &str = "From: harbour@example.org\r\nTo: dave@example.org\r\n\
    Subject: Moorings\r\nMessage-ID: <moorings@example.org>\r\n\r\nThey are new.\r\n";

/// The servers.
pub(super) struct Exchange {
    server: eas::testing::Server,
    dav: caldav::testing::Server,
    post: imap_client::testing::Server,
    directory: PathBuf,
}

impl Exchange {
    /// Starts the servers; each has something that the others lack.
    pub(super) fn start(directory: &Path) -> Result<Self, Failure> {
        let exchange = Self {
            server: eas::testing::Server::builder()
                .user(USER, PASSWORD)
                .start()?,
            dav: caldav::testing::Server::builder()
                .user(USER, PASSWORD)
                .start()?,
            post: imap_client::testing::Server::builder()
                .user(USER, PASSWORD)
                .start()?,
            directory: directory.to_owned(),
        };
        let store = exchange.server.store();
        let inspection = [
            Element::text(C::AllDayEvent, "0"),
            Element::text(C::StartTime, "20260311T130000Z"),
            Element::text(C::EndTime, "20260311T140000Z"),
            Element::text(C::DtStamp, "20260301T080000Z"),
            Element::text(C::Subject, "Inspection of the buoys"),
            Element::text(C::UID, "inspection@example.org"),
            Element::text(C::BusyStatus, "2"),
            Element::text(C::MeetingStatus, "0"),
        ];
        let pilot = [
            Element::text(P::FileAs, "Pilot, Sam"),
            Element::text(P::FirstName, "Sam"),
            Element::text(P::LastName, "Pilot"),
        ];
        let added = [
            store.add(CALENDAR, inspection),
            store.add(CONTACTS, pilot),
            store.add_mail("Inbox", LETTER),
        ];
        if added.iter().any(Option::is_none) {
            return Err(failed("no folders in the office"));
        }
        let dav = exchange.dav.store();
        dav.create(DIARY);
        dav.create(PEOPLE);
        dav.put(DIARY, "delivery.ics", &DELIVERY.replace('\n', "\r\n"));
        dav.put(PEOPLE, "keeper.vcf", &KEEPER.replace('\n', "\r\n"));
        Ok(exchange)
    }

    /// Its part of the config, and what that names.
    pub(super) fn config(&self) -> Result<String, Failure> {
        for (name, ca) in [
            ("office", self.server.ca_pem()),
            ("dav", self.dav.ca_pem()),
            ("post", self.post.ca_pem()),
        ] {
            std::fs::write(self.directory.join(format!("{name}-ca.pem")), ca)?;
        }
        let with_user = |url: String| url.replace("://", &format!("://{USER}@"));
        let office = with_user(self.server.tls_url());
        let dav = with_user(self.dav.tls_url());
        let post = self.post.tls_addr();
        Ok(format!(
            "
[source.office-account]
type = \"eas\"
url = \"{office}\"
password = \"{PASSWORD}\"
tls_ca = \"office-ca.pem\"

[source.diary]
type = \"caldav\"
url = \"{dav}\"
password = \"{PASSWORD}\"
tls_ca = \"dav-ca.pem\"

[source.people]
type = \"carddav\"
url = \"{dav}\"
password = \"{PASSWORD}\"
tls_ca = \"dav-ca.pem\"

[source.post]
type = \"imap\"
url = \"imaps://{USER}@{post}\"
password = \"{PASSWORD}\"
tls_ca = \"post-ca.pem\"

[sync.diary]
left = \"office-account\"
right = \"diary\"
collections = [\"Calendar\"]
map = {{ \"Calendar\" = \"diary\" }}

[sync.people]
left = \"office-account\"
right = \"people\"
collections = [\"Contacts\"]
map = {{ \"Contacts\" = \"people\" }}

[sync.post]
left = \"office-account\"
right = \"post\"
collections = [\"INBOX\"]
"
        ))
    }

    /// What the servers are.
    pub(super) fn describe(&self) -> String {
        format!(
            "office: ActiveSync 16.1 at {}, kept on servers of CalDAV, CardDAV and IMAP too",
            self.server.tls_url()
        )
    }

    /// The item with this text in a property.
    fn find(&self, folder: &str, word: &str) -> Result<eas::testing::Item, Failure> {
        let items = self.server.store().items(folder).into_iter();
        let mut found = items.filter(|item| {
            let mut all = item.properties.iter();
            all.any(|property| property.string() == word)
        });
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            _ => Err(failed(format!("{word} is not once in the office"))),
        }
    }

    /// People in the office move an event and add a number; the letter is read elsewhere. Says so.
    pub(super) fn edit(&self) -> Result<String, Failure> {
        let store = self.server.store();
        let delivery = self.find(CALENDAR, "Delivery of oil")?;
        let keeper = self.find(CONTACTS, "Edith")?;
        let start = Element::text(C::StartTime, "20260312T090000Z");
        let end = Element::text(C::EndTime, "20260312T100000Z");
        let number = Element::text(P::MobilePhoneNumber, "+1 555 0100");
        let done = store.set(CALENDAR, &delivery.id, start)
            && store.set(CALENDAR, &delivery.id, end)
            && store.set(CONTACTS, &keeper.id, number);
        let post = self.post.store_of(USER);
        let post = post.ok_or_else(|| failed("no account on post"))?;
        for message in post.messages("INBOX")? {
            post.add_flags("INBOX", message.uid, &["\\Seen"])?;
        }
        match done {
            true => Ok(
                "the office puts the delivery off and notes Edith's number; its letter is read by IMAP"
                    .to_owned(),
            ),
            false => Err(failed("the office cannot be edited")),
        }
    }

    /// Whether every side has everything, and what ActiveSync cannot hold is where it was.
    pub(super) fn expect_merged(&self) -> Result<String, Failure> {
        let dav = self.dav.store();
        let (events, cards) = (dav.contents(DIARY), dav.contents(PEOPLE));
        let has = |all: &[String], words: &[&str]| {
            all.iter()
                .any(|text| words.iter().all(|word| text.contains(word)))
        };
        let diary = events.len() == 2
            && has(
                &events,
                &["20260312T090000Z", "PRIORITY:1", "URL:", "Quay 1"],
            )
            && has(&events, &["Inspection of the buoys"]);
        let people = cards.len() == 2
            && has(&cards, &["+1 555 0100", "ROLE:Keeper of the lamp"])
            && has(&cards, &["Pilot"]);
        if !diary || !people {
            return Err(failed(format!(
                "the office did not merge: {events:?} {cards:?}"
            )));
        }
        let store = self.server.store();
        let letters = store.items("Inbox");
        let read = letters
            .iter()
            .all(|item| item.text(eas::wire::wbxml::pages::Email::Read).as_deref() == Some("1"));
        let counts = (store.items(CALENDAR).len(), store.items(CONTACTS).len());
        if counts != (2, 2) || letters.len() != 1 || !read || !store.sent().is_empty() {
            return Err(failed(format!("the office holds {counts:?}")));
        }
        Ok(
            "delivery of oil: two days later, with its priority and its link; nobody was invited"
                .to_owned(),
        )
    }

    /// Whether a run wrote nothing since [`begin_count`](Self::begin_count).
    pub(super) fn expect_quiet(&self) -> Result<(), Failure> {
        let office = self.server.requests().into_iter();
        let mut office = office.filter(|seen| {
            let writes = ["FolderCreate", "MoveItems", "SendMail"];
            writes.contains(&seen.command.as_str()) || seen.body.contains("<Commands>")
        });
        let dav = self.dav.request_lines().into_iter();
        let writes = ["PUT", "DELETE", "MKCALENDAR", "MKCOL", "PROPPATCH", "MOVE"];
        let mut dav = dav.filter(|line| writes.iter().any(|verb| line.starts_with(verb)));
        let wrote = office.next().map(|seen| seen.command);
        match wrote.or_else(|| dav.next()) {
            Some(line) => Err(failed(format!("a run without changes wrote: {line}"))),
            None => Ok(()),
        }
    }

    /// Counts requests from here on.
    pub(super) fn begin_count(&self) {
        self.server.reset_stats();
        self.dav.reset_stats();
        self.post.reset_stats();
    }
}
