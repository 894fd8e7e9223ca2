//! An account on a server.

use std::collections::BTreeSet;
use std::fs;
use std::rc::Rc;

use testbed::imap::{Session, decoded, encoded, quoted};
use testbed::mail::Message;
use testbed::{Dovecot, Proxy};

use super::contents::Entry;
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

    fn in_folder(&self, folder: &str, commands: &[String]) {
        let mut session = self.session();
        session.select(folder).unwrap();
        for command in commands {
            session.command(command).unwrap();
        }
        session.logout().unwrap();
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
        let mut session = self.session();
        let responses = session.command("LIST \"\" *").unwrap();
        session.logout().unwrap();
        let mut names = BTreeSet::new();
        for response in responses {
            let (attributes, name) = response.text.split_once(" \"/\" ").unwrap();
            // Not what only has folders below it.
            if !attributes.contains("\\NonExistent") && !attributes.contains("\\Noselect") {
                names.insert(decoded(name.trim_matches('"')).unwrap());
            }
        }
        names
    }

    fn list(&self, folder: &str) -> Vec<Held> {
        let mut session = self.session();
        session.select(folder).unwrap();
        let fetch = "UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])";
        let responses = session.command(fetch).unwrap();
        session.logout().unwrap();
        responses
            .iter()
            .filter_map(|response| {
                let body = response.literals.first()?;
                let date = unix_seconds(response.value_of("INTERNALDATE").unwrap());
                Some(Held {
                    key: response.value_of("UID").unwrap().to_owned(),
                    entry: Entry::new(body, response.list_of("FLAGS"), date),
                })
            })
            .collect()
    }

    fn create(&self, folder: &str) {
        let mut session = self.session();
        let name = quoted(&encoded(folder));
        session.command(&format!("CREATE {name}")).unwrap();
        session.logout().unwrap();
    }

    fn add(&self, folder: &str, messages: &[Message]) {
        let mut session = self.session();
        for batch in messages.chunks(500) {
            session.append(folder, batch).unwrap();
        }
        session.logout().unwrap();
    }

    fn set_flags(&self, folder: &str, held: &Held, flags: &[&str]) {
        let (uid, flags) = (&held.key, flags.join(" "));
        self.in_folder(folder, &[format!("UID STORE {uid} FLAGS.SILENT ({flags})")]);
    }

    fn remove(&self, folder: &str, held: &[Held]) {
        let uids: Vec<_> = held.iter().map(|held| held.key.as_str()).collect();
        let uids = uids.join(",");
        let store = format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)");
        self.in_folder(folder, &[store, format!("UID EXPUNGE {uids}")]);
    }

    fn relocate(&self, from: &str, held: &Held, to: &str) {
        let (uid, to) = (&held.key, quoted(&encoded(to)));
        self.in_folder(from, &[format!("UID MOVE {uid} {to}")]);
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
        let mut session = self.session();
        let list = "LIST \"\" * RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))";
        let responses = session.command(list).unwrap();
        session.logout().unwrap();
        // LIST itself says \\Marked or not, which is Dovecot's own affair.
        let lines = responses.into_iter().map(|response| response.text);
        lines.filter(|line| line.starts_with("STATUS ")).collect()
    }
}

/// An INTERNALDATE such as ` 1-Jan-2020 00:10:00 +0200`.
fn unix_seconds(date: &str) -> i64 {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let number = |from: usize, to: usize| date[from..to].trim().parse::<i64>().unwrap();
    let month = i64::try_from(MONTHS.find(&date[3..6]).unwrap() / 3).unwrap() + 1;
    let (day, year) = (number(0, 2), number(7, 11));
    // Days since 1970-01-01; the year begins in March, so that its leap day is the last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap = year / 4 - year / 100 + year / 400;
    let days = 365 * year + leap + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = number(12, 14) * 3600 + number(15, 17) * 60 + number(18, 20);
    let zone = number(22, 24) * 3600 + number(24, 26) * 60;
    let zone = if &date[21..22] == "-" { -zone } else { zone };
    days * 86_400 + seconds - zone
}

#[test]
fn internal_dates_are_read() {
    assert_eq!(unix_seconds("01-Jan-1970 00:00:00 +0000"), 0);
    assert_eq!(unix_seconds("29-Feb-2000 12:09:14 +0000"), 951_826_154);
    assert_eq!(unix_seconds(" 1-Mar-2020 02:00:00 +0200"), 1_583_020_800);
    assert_eq!(unix_seconds("29-Feb-2020 19:00:00 -0500"), 1_583_020_800);
}
