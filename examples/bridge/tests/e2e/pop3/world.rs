//! A POP3 mailbox, a place for its mail, and the program between them.

use std::path::Path;
use std::rc::Rc;

use testbed::mail::Message;
use testbed::{Dovecot, Proxy};

use crate::support::{Account, Bridge, Entry, Maildir, Server, Store, Way, entry};

/// Where the mail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Maildir,
    /// An IMAP account on the same server.
    Account,
}

pub(super) struct Pop3World {
    server: Rc<Server>,
    user: String,
    /// What the program reaches the mailbox through.
    pub(super) proxy: Proxy,
    /// Both ends over other ways than the program's.
    mailbox: Account,
    right: Box<dyn Store>,
    pub(super) bridge: Bridge,
}

impl Pop3World {
    /// A mailbox and a place of these names; `keys` go to the mailbox's `[source.NAME]`.
    pub(super) fn new(server: &Rc<Server>, place: Place, name: &str, keys: &str) -> Self {
        let bridge = Bridge::new();
        let right: Box<dyn Store> = match place {
            Place::Maildir => Box::new(Maildir::new(bridge.path("Mail"))),
            Place::Account => Box::new(Account::new(server, format!("{name}copy"))),
        };
        let mut world = Self {
            server: Rc::clone(server),
            user: name.to_owned(),
            proxy: Proxy::to(pop3_port(server)).unwrap(),
            mailbox: Account::new(server, name),
            right,
            bridge,
        };
        let source = world.source(world.proxy.port(), keys);
        world.bridge.with_sources(&source, &world.right.config());
        world
    }

    /// The lines of a `[source.NAME]` for the mailbox.
    pub(super) fn source(&self, port: u16, keys: &str) -> String {
        let (user, password) = (&self.user, Dovecot::password(&self.user));
        let (scheme, security) = match self.server.way {
            Way::Tls => ("pop3s", ca(&self.server.dovecot.ca_path)),
            Way::StartTls => ("pop3", ca(&self.server.dovecot.ca_path)),
            Way::Plain => ("pop3", "allow_plaintext = true".to_owned()),
        };
        format!(
            "type = \"pop3\"\nurl = \"{scheme}://{user}@localhost:{port}\"\n\
             password = {password:?}\n{security}\n{keys}\n"
        )
    }

    /// Mail arrives.
    pub(super) fn deliver(&self, messages: &[Message]) {
        self.mailbox.add("INBOX", messages);
    }

    /// Much mail arrives, as files.
    pub(super) fn deliver_many(&self, messages: impl Iterator<Item = Message>) {
        let dovecot = &self.server.dovecot;
        dovecot.append_files(&self.user, "INBOX", messages).unwrap();
    }

    /// What is in the mailbox.
    pub(super) fn left(&self) -> Vec<Content> {
        contents(&self.mailbox)
    }

    /// What has come to the other side.
    pub(super) fn right(&self) -> Vec<Content> {
        contents(&*self.right)
    }

    /// The owner deletes some of what has come.
    pub(super) fn delete_right(&self, count: usize) -> Vec<Content> {
        let mut held = self.right.list("INBOX");
        held.truncate(count);
        self.right.remove("INBOX", &held);
        held.iter().map(|held| content(&held.entry)).collect()
    }

    /// Waits until the server has ended what it did for clients that are gone.
    pub(super) fn settle(&self) {
        self.server.settle();
    }
}

pub(super) fn pop3_port(server: &Server) -> u16 {
    match server.way {
        Way::Tls => server.dovecot.pop3s_port,
        Way::StartTls | Way::Plain => server.dovecot.pop3_port,
    }
}

fn ca(path: &Path) -> String {
    format!("tls_ca = {path:?}")
}

/// Size and hash of a message: POP3 knows neither flags nor the date of arrival.
pub(super) type Content = (usize, u64);

pub(super) fn content(entry: &Entry) -> Content {
    (entry.size, entry.hash)
}

/// What these messages come to, sorted.
pub(super) fn expected(messages: &[Message]) -> Vec<Content> {
    let mut all: Vec<_> = messages.iter().map(|m| content(&entry(m))).collect();
    all.sort_unstable();
    all
}

/// What a store holds, sorted.
pub(super) fn contents(store: &dyn Store) -> Vec<Content> {
    let all = store.contents();
    let mut all: Vec<_> = all.values().flatten().map(content).collect();
    all.sort_unstable();
    all
}
