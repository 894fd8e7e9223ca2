//! A user of SOGo, whom the program reaches over ActiveSync.

use std::collections::BTreeMap;

use testbed::dav::Session;
use testbed::{Proxy, Sogo};

use crate::pim::place::{Place, Service};

/// The calendar and the address book of a user; read and edited as other programs do it, over
/// CalDAV and CardDAV.
pub(crate) struct Account {
    sogo: &'static Sogo,
    user: String,
    session: Session,
    proxy: Proxy,
}

impl Account {
    /// Of a user of its own.
    pub(crate) fn new(sogo: &'static Sogo) -> Self {
        let user = sogo.new_user().unwrap();
        Self {
            sogo,
            session: sogo.session(&user),
            proxy: Proxy::to(sogo.port).unwrap(),
            user,
        }
    }

    fn path(&self, service: Service, key: &str) -> String {
        let home = match service {
            Service::Calendars => Sogo::calendars(&self.user),
            Service::Contacts => Sogo::address_books(&self.user),
        };
        format!("{home}personal/{key}")
    }

    fn by_key(found: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let key = |href: String| href.rsplit('/').next().unwrap().to_owned();
        let found = found.into_iter().map(|(href, text)| (key(href), text));
        found.filter(|(key, _)| !key.is_empty()).collect()
    }
}

/// The lines of a `[source.NAME]` for a user.
pub(crate) fn config(user: &str, port: u16) -> String {
    let password = Sogo::password(user);
    format!(
        "type = \"eas\"\n\
         url = \"http://{user}@127.0.0.1:{port}/SOGo/Microsoft-Server-ActiveSync\"\n\
         password = {password:?}\nallow_plaintext = true\n"
    )
}

impl Place for Account {
    fn config(&self, _: Service) -> String {
        config(&self.user, self.proxy.port())
    }

    fn collection(&self, service: Service) -> String {
        match service {
            Service::Calendars => "Personal Calendar".into(),
            Service::Contacts => "Personal Address Book".into(),
        }
    }

    fn items(&self, service: Service) -> BTreeMap<String, String> {
        Self::by_key(self.session.items(&self.path(service, "")).unwrap())
    }

    fn put(&self, service: Service, key: &str, content: &str) {
        self.session.put(&self.path(service, key), content).unwrap();
    }

    fn remove(&self, service: Service, key: &str) {
        self.session.delete(&self.path(service, key)).unwrap();
    }

    fn revisions(&self, service: Service) -> BTreeMap<String, String> {
        Self::by_key(self.session.etags(&self.path(service, "")).unwrap())
    }

    fn forget(&self) {
        self.sogo.forget_devices(&self.user).unwrap();
    }

    fn proxy(&self) -> Option<&Proxy> {
        Some(&self.proxy)
    }
}
