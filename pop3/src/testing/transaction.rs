//! The TRANSACTION state (RFC 1939 section 5), and the UPDATE behind it.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use super::maildrop::{Lock, Maildrop, Stored};
use super::session::{Command, Reply, Session, err, ok};

/// Bytes of a message that are put into the output at once.
const PIECE: usize = 256 * 1024;

/// A logged-in session's view of its mailbox.
pub(super) struct Transaction {
    lock: Lock,
    entries: Vec<Entry>,
}

struct Entry {
    stored: Arc<Stored>,
    deleted: bool,
    retrieved: bool,
}

impl Transaction {
    pub(super) fn new(lock: Lock) -> Self {
        let messages = lock.maildrop().snapshot();
        let entry = |stored| Entry {
            stored,
            deleted: false,
            retrieved: false,
        };
        Self {
            entries: messages.into_iter().map(entry).collect(),
            lock,
        }
    }

    pub(super) fn maildrop(&self) -> &Maildrop {
        self.lock.maildrop()
    }

    /// Removes what is marked (RFC 1939 section 6), and what was retrieved where the server keeps
    /// nothing (EXPIRE 0, RFC 2449 section 6.7).
    pub(super) fn update(&mut self, expires: bool) -> Reply {
        let goes = |entry: &&Entry| entry.deleted || (expires && entry.retrieved);
        let gone = self.entries.iter().filter(goes);
        let gone: HashSet<u64> = gone.map(|entry| entry.stored.key).collect();
        self.maildrop().remove_keys(&gone);
        ok(if gone.is_empty() {
            "Logging out."
        } else {
            "Logging out, messages deleted."
        })
    }

    /// The messages that are not marked as deleted, with their numbers.
    fn left(&self) -> impl Iterator<Item = (usize, &Stored)> {
        let numbered = (1..).zip(&self.entries);
        numbered
            .filter(|(_, entry)| !entry.deleted)
            .map(|(n, e)| (n, &*e.stored))
    }

    fn at(&mut self, number: &str) -> Result<&mut Entry, Reply> {
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        if !digits {
            return Err(err(format!("Invalid message number: {number}")));
        }
        let at = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        match at.and_then(|at| self.entries.get_mut(at)) {
            None => Err(err(format!("There's no message {number}."))),
            Some(entry) if entry.deleted => Err(err("Message is deleted.")),
            Some(entry) => Ok(entry),
        }
    }

    /// A message that can be read.
    fn readable(&mut self, number: &str) -> Result<(Arc<Stored>, &mut bool), Reply> {
        let maildrop = self.maildrop().clone();
        let entry = self.at(number)?;
        if let Some(text) = &entry.stored.refusal {
            return Err(err(text.clone()));
        }
        if !maildrop.holds(entry.stored.key) {
            return Err(err(format!("Message {number} is not there any more.")));
        }
        Ok((Arc::clone(&entry.stored), &mut entry.retrieved))
    }
}

/// Not called where nobody is logged in.
fn logged_out() -> Reply {
    err("Log in first")
}

impl Session {
    pub(super) async fn in_transaction(&mut self, command: Command<'_>) -> io::Result<Reply> {
        let reply = match command.name {
            "STAT" => self.stat(command),
            "LIST" => self.list(command, "LIST"),
            "UIDL" if self.has("UIDL") => self.list(command, "UIDL"),
            "RETR" => return self.retr(command).await,
            "TOP" if self.has("TOP") => return self.top(command).await,
            "DELE" => self.dele(command),
            "NOOP" => command.none().map(|()| ok("")),
            "RSET" => self.rset(command),
            name => Err(err(format!("Unknown command: {name}"))),
        };
        Ok(reply.unwrap_or_else(|refusal| refusal))
    }

    fn transaction(&mut self) -> Result<&mut Transaction, Reply> {
        self.transaction.as_mut().ok_or_else(logged_out)
    }

    fn stat(&mut self, command: Command<'_>) -> Result<Reply, Reply> {
        command.none()?;
        let (mut count, mut octets) = (0_usize, 0_u64);
        for (_, stored) in self.transaction()?.left() {
            count = count.saturating_add(1);
            octets = octets.saturating_add(stored.octets);
        }
        Ok(ok(format!("{count} {octets}")))
    }

    /// LIST and UIDL, of one message or of all.
    fn list(&mut self, command: Command<'_>, what: &str) -> Result<Reply, Reply> {
        let gap = self.shared.profile.id_gap.clone();
        let say = |number: usize, stored: &Stored| -> Option<Vec<u8>> {
            if what == "LIST" {
                return Some(format!("{number} {}", stored.octets).into_bytes());
            }
            let mut line = format!("{number}{gap}").into_bytes();
            line.extend_from_slice(stored.uidl.as_ref()?);
            Some(line)
        };
        if command.rest.is_some() {
            let number = command.one()?;
            let stored = Arc::clone(&self.transaction()?.at(number)?.stored);
            let line = say(number.parse().unwrap_or(0), &stored);
            let line = line.ok_or_else(|| err("This message has no unique id"))?;
            self.conn.out.extend_from_slice(b"+OK ");
            self.say(line);
            return Ok(Reply::Said);
        }
        let transaction = self.transaction()?;
        let mut out = Vec::new();
        let mut count = 0_usize;
        for (number, stored) in transaction.left() {
            count = count.saturating_add(1);
            if let Some(line) = say(number, stored) {
                out.extend_from_slice(&line);
                out.extend_from_slice(b"\r\n");
            }
        }
        match what {
            "LIST" => self.say(format!("+OK {count} messages:")),
            _ => self.say("+OK"),
        }
        self.conn.out.extend_from_slice(&out);
        self.say(".");
        Ok(Reply::Said)
    }

    async fn retr(&mut self, command: Command<'_>) -> io::Result<Reply> {
        let found = command.one().and_then(|number| {
            let utf8 = self.utf8;
            let strict = self.shared.profile.refuses_utf8_headers;
            let (stored, retrieved) = self.transaction()?.readable(number)?;
            allowed(&stored, utf8 || !strict)?;
            *retrieved = true;
            Ok(stored)
        });
        match found {
            Ok(stored) => {
                self.say(format!("+OK {} octets", stored.octets));
                self.send(&stored.bytes).await?;
                Ok(Reply::Said)
            }
            Err(refusal) => Ok(refusal),
        }
    }

    async fn top(&mut self, command: Command<'_>) -> io::Result<Reply> {
        let arguments = command.rest.and_then(|rest| rest.split_once(' '));
        let found = arguments
            .and_then(|(number, lines)| Some((number, lines.parse::<usize>().ok()?)))
            .ok_or_else(|| err("A message number and a number of lines are expected"))
            .and_then(|(number, lines)| {
                let utf8 = self.utf8;
                let strict = self.shared.profile.refuses_utf8_headers;
                let (stored, _) = self.transaction()?.readable(number)?;
                allowed(&stored, utf8 || !strict)?;
                Ok((stored, lines))
            });
        match found {
            Ok((stored, lines)) => {
                self.say("+OK");
                let end = top_end(&stored.bytes, lines);
                self.send(stored.bytes.get(..end).unwrap_or_default())
                    .await?;
                Ok(Reply::Said)
            }
            Err(refusal) => Ok(refusal),
        }
    }

    /// A message as lines, dots doubled at their beginnings (RFC 1939 section 3).
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.starts_with(b".") {
            self.conn.out.push(b'.');
        }
        let mut from = 0;
        for end in memchr::memmem::find_iter(bytes, b"\r\n.") {
            let next = end.saturating_add(2);
            self.put(bytes.get(from..next).unwrap_or_default()).await?;
            self.conn.out.push(b'.');
            from = next;
        }
        self.put(bytes.get(from..).unwrap_or_default()).await?;
        if !bytes.is_empty() && !bytes.ends_with(b"\r\n") {
            self.conn.out.extend_from_slice(b"\r\n");
        }
        self.say(".");
        Ok(())
    }

    async fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(PIECE) {
            self.conn.out.extend_from_slice(piece);
            self.conn.flush_large().await?;
        }
        Ok(())
    }

    fn dele(&mut self, command: Command<'_>) -> Result<Reply, Reply> {
        let number = command.one()?;
        self.transaction()?.at(number)?.deleted = true;
        Ok(ok("Marked to be deleted."))
    }

    fn rset(&mut self, command: Command<'_>) -> Result<Reply, Reply> {
        command.none()?;
        for entry in &mut self.transaction()?.entries {
            entry.deleted = false;
        }
        Ok(ok(""))
    }
}

/// Whether a message may be shown: one with UTF-8 in its header to those only who know UTF-8.
fn allowed(stored: &Stored, utf8: bool) -> Result<(), Reply> {
    let header = stored.bytes.get(..top_end(&stored.bytes, 0));
    if utf8 || header.unwrap_or_default().is_ascii() {
        Ok(())
    } else {
        Err(err("[UTF8] This message has a header in UTF-8"))
    }
}

/// Where the answer to TOP ends: behind the header, the blank line, and so many lines.
fn top_end(bytes: &[u8], lines: usize) -> usize {
    let header = if bytes.starts_with(b"\r\n") {
        2
    } else {
        match memchr::memmem::find(bytes, b"\r\n\r\n") {
            Some(at) => at.saturating_add(4),
            None => return bytes.len(),
        }
    };
    let body = bytes.get(header..).unwrap_or_default();
    match lines.checked_sub(1) {
        None => header,
        Some(last) => match memchr::memchr_iter(b'\n', body).nth(last) {
            Some(at) => header.saturating_add(at).saturating_add(1),
            None => bytes.len(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::top_end;

    #[test]
    fn top_is_the_header_and_some_lines() {
        let message = b"A: b\r\nC: d\r\n\r\none\r\ntwo\r\nthree";
        for (lines, expected) in [(0, 14), (1, 19), (2, 24), (3, 29), (9, 29)] {
            assert_eq!(top_end(message, lines), expected, "{lines}");
        }
        assert_eq!(top_end(b"no body\r\n", 0), 9);
        assert_eq!(top_end(b"\r\none\r\n", 0), 2);
    }
}
