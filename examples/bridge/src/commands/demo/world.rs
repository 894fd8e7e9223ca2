//! The servers of the demo, and what happens on them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use imap_client::testing::{Message, NewMessage, Profile, Server, Store, StoreError};

use super::calendar::Calendar;
use super::exchange::Exchange;
use super::hotmail::Hotmail;
use crate::failure::Failure;
use crate::output::human::{bytes, count};

/// The sample messages, in the order of their numbers.
const MAIL: [&str; 14] = [
    include_str!("../../../demo/01-plain.eml"),
    include_str!("../../../demo/02-reply.eml"),
    include_str!("../../../demo/03-encoded-words.eml"),
    include_str!("../../../demo/04-utf8.eml"),
    include_str!("../../../demo/05-alternative.eml"),
    include_str!("../../../demo/06-attachment.eml"),
    include_str!("../../../demo/07-no-message-id.eml"),
    include_str!("../../../demo/08-no-message-id.eml"),
    include_str!("../../../demo/09-same-message-id.eml"),
    include_str!("../../../demo/10-same-message-id.eml"),
    include_str!("../../../demo/11-forwarded.eml"),
    include_str!("../../../demo/12-empty.eml"),
    include_str!("../../../demo/13-invitation.eml"),
    include_str!("../../../demo/14-draft.eml"),
];

const LAMP: usize = 1;
const TIMETABLE: usize = 3;
const NEWSLETTER: usize = 5;
const LENS: usize = 6;
const BUOY: usize = 8;
const CORRECTION: usize = 10;

/// 2026-03-02 00:00 UTC; message N came N hours later.
const MONDAY: i64 = 1_772_409_600;

/// Mailbox names of the second server by those of the first, where they differ.
const NAMES: [(&str, &str); 2] = [("Sent", "Sent Items"), ("Trash", "Deleted Items")];

/// The messages in the POP3 mailbox.
const SHARED: [usize; 2] = [4, 11];

const WORK_PASSWORD: &str = "wonderland";
const HOME_PASSWORD: &str = "looking-glass";
const SHARED_PASSWORD: &str = "jam tomorrow";

/// What a mailbox holds: content, flags and date of each message, sorted.
type Content = Vec<(Vec<u8>, Vec<String>, i64)>;

pub(super) struct World {
    work: Server,
    home: Server,
    shared: pop3::testing::Server,
    calendar: Calendar,
    exchange: Exchange,
    hotmail: Hotmail,
}

/// Something that the demo promised did not happen.
pub(super) fn failed(what: impl Into<String>) -> Failure {
    Failure::Io(io::Error::other(what.into()))
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        failed(error.to_string())
    }
}

/// Message `number` as it is sent: lines end with CRLF.
fn text(number: usize) -> String {
    let text = MAIL.get(number.saturating_sub(1)).copied();
    text.unwrap_or_default().replace('\n', "\r\n")
}

fn message(number: usize) -> NewMessage {
    let hours = i64::try_from(number).unwrap_or_default();
    NewMessage::new(text(number)).date(MONDAY.saturating_add(hours * 3600))
}

/// The messages of a mailbox that are message `number`, whatever their flags.
fn copies(store: &Store, mailbox: &str, number: usize) -> Result<Vec<Message>, StoreError> {
    let wanted = text(number);
    let mut found = store.messages(mailbox)?;
    found.retain(|message| *message.bytes == *wanted.as_bytes());
    Ok(found)
}

fn one(store: &Store, mailbox: &str, number: usize) -> Result<Message, Failure> {
    let found = copies(store, mailbox, number)?;
    match found.as_slice() {
        [one] => Ok(one.clone()),
        other => Err(failed(format!(
            "message {number} is {} times in {mailbox}",
            other.len()
        ))),
    }
}

impl World {
    /// Starts the servers and fills them.
    pub(super) fn start(directory: &Path) -> Result<Self, Failure> {
        let work = Server::builder().user("alice", WORK_PASSWORD).start()?;
        // Another kind of server: other names and separator, and no QRESYNC.
        let home = Profile::full()
            .without("QRESYNC")
            .separator('.')
            .special_mailboxes(&[
                ("Drafts", "\\Drafts"),
                ("Sent Items", "\\Sent"),
                ("Deleted Items", "\\Trash"),
                ("Junk", "\\Junk"),
            ]);
        let home = Server::builder()
            .profile(home)
            .user("bob", HOME_PASSWORD)
            .start()?;
        let shared = pop3::testing::Server::builder()
            .user("office", SHARED_PASSWORD)
            .start()?;
        let world = Self {
            work,
            home,
            shared,
            calendar: Calendar::start(directory)?,
            exchange: Exchange::start(directory)?,
            hotmail: Hotmail::start(directory)?,
        };
        world.fill()?;
        Ok(world)
    }

    fn work(&self) -> Result<Store, Failure> {
        self.work
            .store_of("alice")
            .ok_or_else(|| failed("no account on work"))
    }

    fn home(&self) -> Result<Store, Failure> {
        self.home
            .store_of("bob")
            .ok_or_else(|| failed("no account on home"))
    }

    fn shared(&self) -> Result<pop3::testing::Maildrop, Failure> {
        self.shared
            .maildrop_of("office")
            .ok_or_else(|| failed("no mailbox on shared"))
    }

    fn fill(&self) -> Result<(), Failure> {
        self.shared()?.add_all(SHARED.map(text));
        let work = self.work()?;
        for number in [LAMP, NEWSLETTER, LENS, 7, BUOY, 9, CORRECTION] {
            work.add("INBOX", message(number))?;
        }
        work.add("INBOX", message(TIMETABLE).flags(["\\Seen", "$Timetable"]))?;
        work.add("Sent", message(2).flags(["\\Seen"]))?;
        work.add("Sent", message(11).flags(["\\Seen"]))?;
        work.add("Drafts", message(14).flags(["\\Draft"]))?;
        work.create("Leuchtt\u{fc}rme/\u{706f}\u{53f0}")?;
        work.add("Leuchtt\u{fc}rme/\u{706f}\u{53f0}", message(4))?;
        let home = self.home()?;
        // Equal mail is there already; the same Message-ID twice is not the same mail.
        for number in [LAMP, 9, 13] {
            home.add("INBOX", message(number))?;
        }
        // Two equal messages are two messages.
        home.create("Ferry")?;
        home.add("Ferry", message(12))?;
        home.add("Ferry", message(12))?;
        home.add("Sent Items", message(2).flags(["\\Seen", "\\Answered"]))?;
        Ok(())
    }

    /// Writes the config of the servers, and what it names.
    pub(super) fn write_config(&self, file: &Path) -> Result<(), Failure> {
        let directory = file.parent().unwrap_or(Path::new(""));
        std::fs::write(directory.join("work-ca.pem"), self.work.ca_pem())?;
        std::fs::write(directory.join("home-ca.pem"), self.home.ca_pem())?;
        std::fs::write(directory.join("shared-ca.pem"), self.shared.ca_pem())?;
        let (work, home) = (self.work.tls_addr(), self.home.tls_addr());
        let shared = self.shared.tls_addr();
        let text = format!(
            "\
# Written by `bridge demo`; its servers end with it.
state = \"state.db\"

[source.work]
type = \"imap\"
url = \"imaps://alice@{work}\"
password = \"{WORK_PASSWORD}\"
tls_ca = \"work-ca.pem\"

[source.home]
type = \"imap\"
url = \"imaps://bob@{home}\"
password_command = \"echo {HOME_PASSWORD}\"
tls_ca = \"home-ca.pem\"

[source.shared]
type = \"pop3\"
url = \"pop3s://office@{shared}\"
password = \"{SHARED_PASSWORD}\"
tls_ca = \"shared-ca.pem\"
leave_on_server = false

# What comes to the POP3 mailbox goes on from work.
[sync.office]
left = \"shared\"
right = \"work\"
direction = \"left-to-right\"

[sync.mail]
left = \"work\"
right = \"home\"
{}{}{}",
            self.calendar.config()?,
            self.exchange.config()?,
            self.hotmail.config()?
        );
        let mut options = std::fs::OpenOptions::new();
        let mut config = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)?;
        io::Write::write_all(&mut config, text.as_bytes())?;
        Ok(())
    }

    /// A line for each server.
    pub(super) fn describe(&self) -> Vec<String> {
        let line = |name: &str, user: &str, server: &Server, what: &str| {
            format!("{name}: imaps://{user}@{}, {what}", server.tls_addr())
        };
        let shared = self.shared.tls_addr();
        vec![
            line("work", "alice", &self.work, "separator /, QRESYNC"),
            line(
                "home",
                "bob",
                &self.home,
                "separator ., CONDSTORE without QRESYNC",
            ),
            format!("shared: pop3s://office@{shared}, whose mail goes to work"),
            self.calendar.describe(),
            self.exchange.describe(),
            self.hotmail.describe(),
        ]
    }

    /// What people do on both sides between two runs; a line for each.
    pub(super) fn edit(&self) -> Result<Vec<String>, Failure> {
        let (work, home) = (self.work()?, self.home()?);
        let at_work = one(&work, "INBOX", LAMP)?.uid;
        work.add_flags("INBOX", at_work, &["\\Seen", "$Important"])?;
        let at_home = one(&home, "INBOX", LAMP)?.uid;
        home.add_flags("INBOX", at_home, &["\\Flagged"])?;
        let at_work = one(&work, "INBOX", NEWSLETTER)?.uid;
        work.expunge("INBOX", &[at_work])?;
        let at_home = one(&home, "INBOX", LENS)?.uid;
        home.expunge("INBOX", &[at_home])?;
        let at_work = one(&work, "INBOX", LENS)?.uid;
        work.add_flags("INBOX", at_work, &["\\Answered"])?;
        home.create("Archive.2026")?;
        let at_home = one(&home, "INBOX", TIMETABLE)?.uid;
        home.move_to("INBOX", &[at_home], "Archive.2026")?;
        work.add("INBOX", "Subject: new at work\r\n\r\nHello.\r\n")?;
        home.add("INBOX", "Subject: new at home\r\n\r\nHello.\r\n")?;
        let calendar = self.calendar.edit()?;
        let exchange = self.exchange.edit()?;
        let hotmail = self.hotmail.edit()?;
        let lines = [
            "work reads the message about the lamp room and marks it $Important; home flags it",
            "work deletes the newsletter; nobody touches it at home",
            "home deletes the picture of the lens; work answers it: an edit against a deletion",
            "home moves the timetable from INBOX to a new folder, Archive.2026",
            "each side gets a new message",
            &calendar,
            &exchange,
            &hotmail,
        ];
        Ok(lines.map(str::to_owned).to_vec())
    }

    /// Whether the edits met as promised; a line for each.
    pub(super) fn expect_merged(&self) -> Result<Vec<String>, Failure> {
        let work = self.work()?;
        let lamp = one(&work, "INBOX", LAMP)?;
        if !["\\Seen", "\\Flagged", "$Important"]
            .iter()
            .all(|flag| lamp.has(flag))
        {
            return Err(failed(format!("the flags did not merge: {:?}", lamp.flags)));
        }
        if !copies(&self.home()?, "INBOX", NEWSLETTER)?.is_empty() {
            return Err(failed("the newsletter is still there"));
        }
        if !one(&work, "INBOX", LENS)?.has("\\Answered") {
            return Err(failed("the answered picture lost its flag"));
        }
        one(&work, "Archive/2026", TIMETABLE)?;
        Ok(vec![
            format!("lamp room: {} on both sides", lamp.flags.join(" ")),
            "newsletter: deleted on both sides, and kept in the history".to_owned(),
            "picture of the lens: on both sides, since an edit wins over a deletion".to_owned(),
            "timetable: in Archive/2026 on both sides, with its flags and its date".to_owned(),
            self.calendar.expect_merged()?,
            self.exchange.expect_merged()?,
            self.hotmail.expect_merged()?,
        ])
    }

    /// Whether the undo brought the newsletter back on both sides.
    pub(super) fn expect_newsletter(&self) -> Result<(), Failure> {
        one(&self.work()?, "INBOX", NEWSLETTER)?;
        one(&self.home()?, "INBOX", NEWSLETTER)?;
        Ok(())
    }

    /// Whether the mail of the POP3 mailbox is at work and at home, and there no more.
    pub(super) fn expect_fetched(&self) -> Result<(), Failure> {
        for number in SHARED {
            one(&self.work()?, "INBOX", number)?;
            one(&self.home()?, "INBOX", number)?;
        }
        match self.shared()?.len() {
            0 => Ok(()),
            left => Err(failed(format!(
                "{left} messages are still in the POP3 mailbox"
            ))),
        }
    }

    /// Whether both sides hold the same: every byte, flag and date in every mailbox.
    pub(super) fn expect_same(&self) -> Result<(), Failure> {
        let (work, home) = (content(&self.work()?, '/')?, content(&self.home()?, '.')?);
        for name in work.keys().chain(home.keys()) {
            if work.get(name) != home.get(name) {
                let number = |side: &BTreeMap<String, Content>| side.get(name).map_or(0, Vec::len);
                return Err(failed(format!(
                    "{name} differs: {} at work, {} at home",
                    count(number(&work) as u64, "message"),
                    count(number(&home) as u64, "message"),
                )));
            }
        }
        Ok(())
    }

    /// Counts commands and bytes from here on.
    pub(super) fn begin_count(&self) {
        self.work.reset_stats();
        self.home.reset_stats();
        self.calendar.begin_count();
        self.exchange.begin_count();
        self.hotmail.begin_count();
    }

    /// Whether nothing was written since [`begin_count`](Self::begin_count).
    pub(super) fn expect_quiet(&self) -> Result<(), Failure> {
        let writes = [
            "APPEND", "STORE", "EXPUNGE", "COPY", "MOVE", "CREATE", "DELETE",
        ];
        let seen = [&self.work, &self.home].map(Server::command_lines).concat();
        let wrote = seen.iter().find(|line| {
            let mut words = line.split(' ');
            let verb = words
                .next()
                .filter(|word| *word != "UID")
                .or_else(|| words.next());
            verb.is_some_and(|verb| writes.contains(&verb))
        });
        match wrote {
            Some(line) => Err(failed(format!("a run without changes wrote: {line}"))),
            None => {
                self.calendar.expect_quiet()?;
                self.exchange.expect_quiet()?;
                self.hotmail.expect_quiet()
            }
        }
    }

    /// What the servers counted.
    pub(super) fn count(&self) -> String {
        let mut text = String::new();
        for (name, server) in [("work", &self.work), ("home", &self.home)] {
            let stats = server.stats();
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "   {name} saw {} in {} and sent {}",
                count(stats.commands, "command"),
                count(stats.round_trips, "round trip"),
                bytes(stats.bytes_sent),
            );
        }
        text.trim_end().to_owned()
    }

    /// Writes both accounts to files; says what lies where.
    pub(super) fn save(&self, directory: &Path) -> Result<Vec<String>, Failure> {
        let mut lines = Vec::new();
        for (name, store, separator) in [("work", self.work()?, '/'), ("home", self.home()?, '.')] {
            let mut messages = 0_u64;
            let mut index = String::new();
            for mailbox in store.mailboxes() {
                let folder = mailbox.replace(separator, "/");
                let path = directory.join(name).join(&folder);
                std::fs::create_dir_all(&path)?;
                for message in store.messages(&mailbox)? {
                    let file = format!("{}.eml", message.uid);
                    std::fs::write(path.join(&file), &message.bytes)?;
                    // Writing to a string does not fail.
                    let _ = writeln!(index, "{folder}/{file}: {}", message.flags.join(" "));
                    messages = messages.saturating_add(1);
                }
            }
            std::fs::write(directory.join(name).join("flags.txt"), index)?;
            lines.push(format!(
                "{name}/        {}, their flags in flags.txt",
                count(messages, "message")
            ));
        }
        Ok(lines)
    }
}

/// All mailboxes of an account, by the names of the first server.
fn content(store: &Store, separator: char) -> Result<BTreeMap<String, Content>, Failure> {
    let mut all = BTreeMap::new();
    for mailbox in store.mailboxes() {
        let mut messages: Content = Vec::new();
        for message in store.messages(&mailbox)? {
            let mut flags = message.flags;
            flags.retain(|flag| flag != "\\Recent");
            flags.sort();
            messages.push((message.bytes.to_vec(), flags, message.date));
        }
        messages.sort();
        let name = mailbox.replace(separator, "/");
        let here = NAMES.iter().find(|(_, there)| *there == name);
        all.insert(here.map_or(name, |(here, _)| (*here).to_owned()), messages);
    }
    Ok(all)
}
