//! A user of a Radicale or a SOGo.

use std::collections::BTreeMap;
use std::rc::Rc;

use testbed::dav::Session;
use testbed::{Proxy, Radicale, Sogo};

use super::corpus::BENT;
use super::place::{Place, Service};

/// A server that the tests of a world share.
#[derive(Clone)]
pub(crate) enum Server {
    Radicale(Rc<Radicale>),
    Sogo(&'static Sogo),
}

/// A user, whom the program reaches through a proxy.
pub(crate) struct Account {
    user: String,
    session: Session,
    proxy: Proxy,
    /// Where the program begins.
    start: String,
    homes: [String; 2],
    names: [String; 2],
    server: Server,
}

impl Account {
    /// With a new calendar and a new address book.
    pub(crate) fn new(server: &Server, user: &str, calendar: &str, book: &str) -> Self {
        let (session, port, start, homes) = match server {
            Server::Radicale(radicale) => {
                let home = format!("/{user}/");
                let homes = [home.clone(), home.clone()];
                (radicale.session(user), radicale.port, home, homes)
            }
            Server::Sogo(sogo) => {
                let homes = [Sogo::calendars(user), Sogo::address_books(user)];
                let start = format!("/SOGo/dav/{user}/");
                (sogo.session(user), sogo.port, start, homes)
            }
        };
        let new = Self {
            user: user.to_owned(),
            session,
            proxy: Proxy::to(port).unwrap(),
            start,
            homes,
            names: [calendar.to_owned(), book.to_owned()],
            server: server.clone(),
        };
        let [calendar, book] = Service::BOTH.map(|service| new.path(service, ""));
        new.session.make_calendar(&calendar, &new.names[0]).unwrap();
        new.session.make_address_book(&book, &new.names[1]).unwrap();
        new
    }

    fn path(&self, service: Service, key: &str) -> String {
        let name = self.collection(service);
        format!("{}{name}/{key}", self.homes[service as usize])
    }

    fn key(href: &str) -> String {
        href.rsplit('/').next().unwrap().to_owned()
    }
}

impl Place for Account {
    fn config(&self, service: Service) -> String {
        let kind = match service {
            Service::Calendars => "caldav",
            Service::Contacts => "carddav",
        };
        let (user, port, start) = (&self.user, self.proxy.port(), &self.start);
        format!(
            "type = \"{kind}\"\nurl = \"http://{user}@127.0.0.1:{port}{start}\"\n\
             password = \"{user}pw\"\nallow_plaintext = true\n"
        )
    }

    fn collection(&self, service: Service) -> String {
        self.names[service as usize].clone()
    }

    fn items(&self, service: Service) -> BTreeMap<String, String> {
        let items = self.session.items(&self.path(service, "")).unwrap();
        let items = items
            .into_iter()
            .map(|(href, item)| (Self::key(&href), item));
        items.collect()
    }

    fn put(&self, service: Service, key: &str, content: &str) {
        self.session.put(&self.path(service, key), content).unwrap();
    }

    fn remove(&self, service: Service, key: &str) {
        self.session.delete(&self.path(service, key)).unwrap();
    }

    fn revisions(&self, service: Service) -> BTreeMap<String, String> {
        let etags = self.session.etags(&self.path(service, "")).unwrap();
        let etags = etags
            .into_iter()
            .map(|(href, etag)| (Self::key(&href), etag));
        etags.filter(|(key, _)| !key.is_empty()).collect()
    }

    fn bends(&self) -> &'static [&'static str] {
        match self.server {
            Server::Radicale(_) => &[],
            Server::Sogo(_) => &BENT,
        }
    }

    fn proxy(&self) -> Option<&Proxy> {
        Some(&self.proxy)
    }
}
