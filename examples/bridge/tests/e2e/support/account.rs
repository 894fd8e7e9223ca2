//! An account on a server.

use std::collections::BTreeSet;
use std::fs;
use std::rc::Rc;

use testbed::imap::Session;
use testbed::mail::Message;
use testbed::{Dovecot, Proxy};

use super::mailboxes;
use super::server::{Server, Way};
use super::store::{Held, Store};

/// A user, whom the program reaches through a proxy.
pub(crate) struct Account {
    pub(crate) server: Rc<Server>,
    pub(crate) user: String,
    pub(crate) proxy: Proxy,
}

impl Account {
    pub(crate) fn new(server: &Rc<Server>, user: impl Into<String>) -> Self {
        Self {
            server: Rc::clone(server),
            user: user.into(),
            proxy: Proxy::to(server.port()).unwrap(),
        }
    }

    fn session(&self) -> Session {
        self.server.dovecot.session(&self.user).unwrap()
    }
}

impl Store for Account {
    fn config(&self) -> String {
        let (user, password) = (&self.user, Dovecot::password(&self.user));
        let port = self.proxy.port();
        let scheme = match self.server.way {
            Way::Tls => "imaps",
            Way::StartTls | Way::Plain => "imap",
        };
        let security = match self.server.way {
            Way::Plain => "allow_plaintext = true".to_owned(),
            Way::Tls | Way::StartTls => format!("tls_ca = {:?}", self.server.dovecot.ca_path),
        };
        format!(
            "type = \"imap\"\nurl = \"{scheme}://{user}@localhost:{port}\"\n\
             password = {password:?}\n{security}\n"
        )
    }

    fn folders(&self) -> BTreeSet<String> {
        mailboxes::folders(self.session())
    }

    fn list(&self, folder: &str) -> Vec<Held> {
        mailboxes::list(self.session(), folder)
    }

    fn create(&self, folder: &str) {
        mailboxes::create(self.session(), folder);
    }

    fn add(&self, folder: &str, messages: &[Message]) {
        mailboxes::add(self.session(), folder, messages);
    }

    fn set_flags(&self, folder: &str, held: &Held, flags: &[&str]) {
        mailboxes::set_flags(self.session(), folder, held, flags);
    }

    fn remove(&self, folder: &str, held: &[Held]) {
        mailboxes::remove(self.session(), folder, held);
    }

    fn relocate(&self, from: &str, held: &Held, to: &str) {
        mailboxes::relocate(self.session(), from, held, to);
    }

    fn void_ids(&self, folder: &str) {
        let dovecot = &self.server.dovecot;
        let validity = dovecot.uid_validity(&self.user, folder).unwrap();
        dovecot
            .set_uid_validity(&self.user, folder, validity + 1000)
            .unwrap();
    }

    fn vanish(&self) {
        self.settle();
        fs::remove_dir_all(self.server.dovecot.home(&self.user)).unwrap();
    }

    fn proxy(&self) -> Option<&Proxy> {
        Some(&self.proxy)
    }

    fn settle(&self) {
        self.server.settle();
    }

    fn fingerprint(&self) -> BTreeSet<String> {
        mailboxes::fingerprint(self.session())
    }
}
