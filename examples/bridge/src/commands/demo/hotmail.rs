//! The old account of the demo: on a DeltaSync server, and as a Maildir.

use std::path::{Path, PathBuf};

use deltasync::testing::{Account, Message, Server};

use super::world::failed;
use crate::failure::Failure;

const USER: &str = "carol@example.org";
const PASSWORD: &str = "jabberwocky";
/// The inbox, as the server calls it, and as a folder.
const INBOX: &str = "ACTIVE";
const FOLDER: &str = "old-mail/INBOX";

const LETTER: &str = "From: carol@example.org\r\nSubject: a letter\r\n\
    Message-ID: <letter@example.org>\r\n\r\nKept since 2012.\r\n";
const NOTE: &str = "From: carol@example.org\r\nSubject: a note\r\n\
    Message-ID: <note@example.org>\r\n\r\nPut here by hand.\r\n";

/// The server, and the Maildir beside the config.
pub(super) struct Hotmail {
    server: Server,
    account: Account,
    directory: PathBuf,
}

impl Hotmail {
    /// Starts the server; it has one message.
    pub(super) fn start(directory: &Path) -> Result<Self, Failure> {
        let server = Server::builder().user(USER, PASSWORD).start()?;
        let account = server.account_of(USER);
        let account = account.ok_or_else(|| failed("no account on old"))?;
        let letter = account.add(INBOX, Message::new(LETTER));
        letter.ok_or_else(|| failed("no inbox on old"))?;
        Ok(Self {
            server,
            account,
            directory: directory.to_owned(),
        })
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/", self.server.tls_addr().port())
    }

    /// Its part of the config, and what that names.
    pub(super) fn config(&self) -> Result<String, Failure> {
        std::fs::write(self.directory.join("old-ca.pem"), self.server.ca_pem())?;
        let url = self.url();
        Ok(format!(
            "
[source.old]
type = \"deltasync\"
url = \"{url}\"
user = \"{USER}\"
password = \"{PASSWORD}\"
tls_ca = \"old-ca.pem\"

[source.shelf]
type = \"maildir\"
path = \"old-mail\"

[sync.old]
left = \"old\"
right = \"shelf\"
"
        ))
    }

    /// What the server is.
    pub(super) fn describe(&self) -> String {
        format!("old: DeltaSync at {}, kept in a Maildir too", self.url())
    }

    /// The letter is read there, and a note is put into the Maildir; says so.
    pub(super) fn edit(&self) -> Result<String, Failure> {
        for message in self.account.messages(INBOX) {
            self.account.change(INBOX, &message.id, |m| m.read = true);
        }
        let path = self.directory.join(FOLDER).join("new/1772409600.demo.note");
        std::fs::write(path, NOTE)?;
        Ok("the letter in the old account is read; its Maildir gets a note".to_owned())
    }

    /// Whether both have both messages, and the letter is read.
    pub(super) fn expect_merged(&self) -> Result<String, Failure> {
        let messages = self.account.messages(INBOX);
        let has = |text: &str| messages.iter().any(|m| m.content == text.as_bytes());
        let mut read = false;
        for entry in std::fs::read_dir(self.directory.join(FOLDER).join("cur"))? {
            read |= entry?.file_name().to_string_lossy().ends_with(",S");
        }
        match has(LETTER) && has(NOTE) && messages.len() == 2 && read {
            true => Ok("letter and note: on both sides, the letter read".to_owned()),
            false => Err(failed("the old account and its Maildir differ")),
        }
    }

    /// Whether a run wrote nothing since [`begin_count`](Self::begin_count).
    pub(super) fn expect_quiet(&self) -> Result<(), Failure> {
        let seen = self.server.lines();
        let writes = [" Add", " Change", " Delete"];
        match seen
            .iter()
            .find(|line| writes.iter().any(|verb| line.contains(verb)))
        {
            Some(line) => Err(failed(format!("a run without changes wrote: {line}"))),
            None => Ok(()),
        }
    }

    /// Counts requests from here on.
    pub(super) fn begin_count(&self) {
        self.server.forget_lines();
    }
}
