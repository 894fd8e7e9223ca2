//! What a test does behind the back of the client: fill, look, change.

use std::{path::Path, process::Command};

use sha2::{Digest, Sha256};

use super::{Dovecot, output, program};
use crate::{Error, Result, imap::Session, mail::Message, maildir};

/// A message as the server holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stored {
    /// Its UID (RFC 9051, 2.3.1.1).
    pub uid: u32,
    /// Flags and keywords, sorted, without `\Recent`.
    pub flags: Vec<String>,
    /// INTERNALDATE, as the server prints it.
    pub internal_date: String,
    /// The Message-ID header as it stands there, if it does.
    pub message_id: Option<String>,
    /// SHA-256 over all of the message, in hexadecimal.
    pub sha256: String,
    /// The size in bytes.
    pub size: usize,
}

/// How [`Dovecot::change_flags`] changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagChange {
    /// Adds the flags to those that are there.
    Add,
    /// Takes the flags away.
    Remove,
    /// Puts the flags in the place of those that are there.
    Replace,
}

impl Dovecot {
    /// Runs `doveadm` on this server and returns what it prints.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with what it wrote to standard error if it fails.
    pub fn doveadm(&self, args: &[&str]) -> Result<String> {
        let config = self.folder().join("dovecot.conf");
        output(
            Command::new(program("doveadm")?)
                .arg("-c")
                .arg(config)
                .args(args),
        )
    }

    /// An IMAP connection without TLS, logged in.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn session(&self, user: &str) -> Result<Session> {
        let mut session = Session::connect(self.imap_port)?;
        session.login(user, &Self::password(user))?;
        Ok(session)
    }

    /// The names of all mailboxes of a user, sorted.
    ///
    /// # Errors
    ///
    /// See [`Dovecot::doveadm`].
    pub fn mailboxes(&self, user: &str) -> Result<Vec<String>> {
        let list = self.doveadm(&["mailbox", "list", "-8", "-u", user])?;
        let mut names: Vec<_> = list.lines().map(str::to_owned).collect();
        names.sort();
        Ok(names)
    }

    /// Creates a mailbox, and its parents; `/` separates the levels. It may be there already.
    ///
    /// # Errors
    ///
    /// See [`Dovecot::doveadm`].
    pub fn create_mailbox(&self, user: &str, mailbox: &str) -> Result<()> {
        if self.mailboxes(user)?.iter().any(|name| name == mailbox) {
            return Ok(());
        }
        self.doveadm(&["mailbox", "create", "-s", "-u", user, mailbox])?;
        Ok(())
    }

    /// Adds messages by MULTIAPPEND (RFC 3502), with flags, keywords and internal dates. The
    /// mailbox is created if it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's words.
    pub fn append(&self, user: &str, mailbox: &str, messages: &[Message]) -> Result<()> {
        self.create_mailbox(user, mailbox)?;
        let mut session = self.session(user)?;
        for batch in messages.chunks(500) {
            session.append(mailbox, batch)?;
        }
        session.logout()
    }

    /// Writes messages as files of the Maildir and lets Dovecot index them: the fastest way to
    /// many. The mailbox is created if it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the mail is not stored as `maildir:%h/Maildir`.
    pub fn append_files(
        &self,
        user: &str,
        mailbox: &str,
        messages: impl IntoIterator<Item = Message>,
    ) -> Result<()> {
        if self.mail_location != "maildir:%h/Maildir" {
            return Err(Error::refused("writing files", "the mail is no Maildir"));
        }
        self.create_mailbox(user, mailbox)?;
        // Maildir++: "a/b" is the folder ".a.b".
        let root = self.home(user).join("Maildir");
        let folder = match mailbox {
            "INBOX" => root,
            _ => root.join(format!(".{}", mailbox.replace('/', "."))),
        };
        let own = |path: &Path| self.account.give_mail(path);
        maildir::fill(&folder, messages, own)?;
        self.doveadm(&["index", "-u", user, mailbox])?;
        Ok(())
    }

    /// How many messages a mailbox holds.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there is no such mailbox.
    pub fn count(&self, user: &str, mailbox: &str) -> Result<usize> {
        self.status(user, mailbox, "messages")
            .and_then(|number| as_number(&number))
    }

    /// The UIDVALIDITY of a mailbox.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there is no such mailbox.
    pub fn uid_validity(&self, user: &str, mailbox: &str) -> Result<u32> {
        self.status(user, mailbox, "uidvalidity")
            .and_then(|number| as_number(&number))
    }

    /// Changes the UIDVALIDITY of a mailbox, so that all its UIDs are void.
    ///
    /// # Errors
    ///
    /// See [`Dovecot::doveadm`].
    pub fn set_uid_validity(&self, user: &str, mailbox: &str, value: u32) -> Result<()> {
        let value = value.to_string();
        let args = ["mailbox", "update", "--uid-validity", &value, "-u", user];
        self.doveadm(&[&args[..], &[mailbox]].concat())?;
        Ok(())
    }

    /// Changes flags or keywords of messages, or of all when `uids` is empty.
    ///
    /// # Errors
    ///
    /// See [`Dovecot::doveadm`].
    pub fn change_flags(
        &self,
        user: &str,
        mailbox: &str,
        uids: &[u32],
        change: FlagChange,
        flags: &[&str],
    ) -> Result<()> {
        let change = match change {
            FlagChange::Add => "add",
            FlagChange::Remove => "remove",
            FlagChange::Replace => "replace",
        };
        let flags = flags.join(" ");
        let args = ["flags", change, "-u", user, &flags, "mailbox", mailbox];
        let uids = uid_set(uids);
        self.doveadm(&[&args[..], &["uid", &uids]].concat())?;
        Ok(())
    }

    /// Removes messages for good, or all when `uids` is empty.
    ///
    /// # Errors
    ///
    /// See [`Dovecot::doveadm`].
    pub fn expunge(&self, user: &str, mailbox: &str, uids: &[u32]) -> Result<()> {
        let uids = uid_set(uids);
        self.doveadm(&["expunge", "-u", user, "mailbox", mailbox, "uid", &uids])?;
        Ok(())
    }

    /// All messages of a mailbox in the order of their UIDs, with a hash of their content.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there is no such mailbox.
    pub fn list(&self, user: &str, mailbox: &str) -> Result<Vec<Stored>> {
        let mut session = self.session(user)?;
        session.select(mailbox)?;
        let responses =
            session.command("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")?;
        let mut list: Vec<_> = responses
            .iter()
            .filter_map(|response| {
                let body = response.literals.first()?;
                Some(Stored {
                    uid: response.value_of("UID")?.parse().ok()?,
                    flags: response
                        .list_of("FLAGS")
                        .into_iter()
                        .filter(|flag| flag != "\\Recent")
                        .collect(),
                    internal_date: response.value_of("INTERNALDATE")?.to_owned(),
                    message_id: message_id(body),
                    sha256: hexadecimal(&Sha256::digest(body)),
                    size: body.len(),
                })
            })
            .collect();
        list.sort();
        session.logout()?;
        Ok(list)
    }

    fn status(&self, user: &str, mailbox: &str, field: &str) -> Result<String> {
        let args = ["-f", "tab", "mailbox", "status", "-u", user, field, mailbox];
        let table = self.doveadm(&args)?;
        let value = table.lines().last().and_then(|row| row.split('\t').nth(1));
        value
            .map(str::to_owned)
            .ok_or_else(|| Error::refused(format!("status of {mailbox}"), table.clone()))
    }
}

/// The Message-ID of a message, without unfolding more than a line.
fn message_id(message: &[u8]) -> Option<String> {
    let mut lines = message
        .split(|byte| *byte == b'\n')
        .map(|line| String::from_utf8_lossy(line.trim_ascii_end()).into_owned())
        .take_while(|line| !line.is_empty());
    let value = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.eq_ignore_ascii_case("Message-ID")).then(|| value.trim().to_owned())
    })?;
    if value.is_empty() {
        return lines.next().map(|folded| folded.trim().to_owned());
    }
    Some(value)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn uid_set(uids: &[u32]) -> String {
    if uids.is_empty() {
        return "1:*".into();
    }
    let uids: Vec<_> = uids.iter().map(u32::to_string).collect();
    uids.join(",")
}

fn as_number<N: std::str::FromStr>(text: &str) -> Result<N> {
    text.trim()
        .parse()
        .map_err(|_| Error::refused("reading a number", text))
}

#[cfg(test)]
mod tests {
    use super::message_id;

    #[test]
    fn a_message_id_is_found_in_the_header_alone() {
        let message = b"Subject: x\r\nmessage-id: <a@b>\r\n\r\nMessage-ID: <no@no>\r\n";
        assert_eq!(message_id(message).as_deref(), Some("<a@b>"));
        assert_eq!(message_id(b"Subject: x\r\n\r\nMessage-ID: <n@n>\r\n"), None);
        assert_eq!(
            message_id(b"Message-ID:\r\n <folded@b>\r\n\r\n").as_deref(),
            Some("<folded@b>")
        );
    }
}
