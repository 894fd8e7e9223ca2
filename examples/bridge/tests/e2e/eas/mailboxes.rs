//! The mail of a user of SOGo: the program reaches it over ActiveSync, everybody else over IMAP.

use std::collections::BTreeSet;

use testbed::imap::Session;
use testbed::mail::Message;
use testbed::{Proxy, Sogo};

use super::account::config;
use crate::support::{Held, Store, mailboxes};

pub(crate) struct Mailboxes {
    sogo: &'static Sogo,
    user: String,
    proxy: Proxy,
}

impl Mailboxes {
    /// Of a user of its own.
    pub(crate) fn new(sogo: &'static Sogo) -> Self {
        let new = Self {
            sogo,
            user: sogo.new_user().unwrap(),
            proxy: Proxy::to(sogo.port).unwrap(),
        };
        new.count_changes("INBOX");
        new
    }

    /// SOGo lists by MODSEQ, which Dovecot counts from when somebody first asks for it.
    fn count_changes(&self, folder: &str) {
        let mut session = self.session();
        session
            .command(&format!("SELECT {folder:?} (CONDSTORE)"))
            .unwrap();
        session.logout().unwrap();
    }

    fn session(&self) -> Session {
        self.sogo.imap(&self.user).unwrap()
    }
}

impl Store for Mailboxes {
    fn config(&self) -> String {
        config(&self.user, self.proxy.port())
    }

    fn folders(&self) -> BTreeSet<String> {
        mailboxes::folders(self.session())
    }

    /// Without what is deleted over ActiveSync: SOGo leaves it there, marked as such.
    fn list(&self, folder: &str) -> Vec<Held> {
        let mut all = mailboxes::list(self.session(), folder);
        all.retain(|held| !held.entry.flags.contains("\\deleted"));
        all
    }

    fn create(&self, folder: &str) {
        mailboxes::create(self.session(), folder);
        self.count_changes(folder);
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

    fn void_ids(&self, _: &str) {
        unimplemented!("SOGo's ids of messages are Dovecot's")
    }

    fn vanish(&self) {
        unimplemented!("nobody takes away a user of SOGo")
    }

    fn proxy(&self) -> Option<&Proxy> {
        Some(&self.proxy)
    }

    fn fingerprint(&self) -> BTreeSet<String> {
        mailboxes::fingerprint(self.session())
    }
}
