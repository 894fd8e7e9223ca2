//! One session: reads commands, lets faults strike, carries out, answers.

use std::io;
use std::sync::Arc;

use sync_core::testing::server::line::{Connection, cut};

use super::fault::{End, Fault};
use super::profile::Moment;
use super::server::Shared;
use super::transaction::Transaction;

/// The longest command with its CRLF (RFC 2449 section 4).
const COMMAND: usize = 255;

/// The longest line that is read at all; a response of a SASL exchange may have 12,288 octets
/// (RFC 5034 section 4).
const LINE: usize = 16 * 1024;

/// An answer without further lines: `+OK` or `-ERR` and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    Ok(String),
    Err(String),
    /// Already in the output.
    Said,
}

pub(super) fn ok(text: impl Into<String>) -> Reply {
    Reply::Ok(text.into())
}

/// A refusal; a response code at its beginning is left out where the profile has none.
pub(super) fn err(text: impl Into<String>) -> Reply {
    Reply::Err(text.into())
}

/// What becomes of the connection behind an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Tls,
    Close,
}

/// A command, split in keyword and arguments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Command<'a> {
    /// In upper case.
    pub(super) name: &'a str,
    /// All behind the first space; `None` without one.
    pub(super) rest: Option<&'a str>,
}

impl<'a> Command<'a> {
    /// The one argument, which has no space in it.
    pub(super) fn one(&self) -> Result<&'a str, Reply> {
        match self.rest {
            Some(rest) if !rest.is_empty() && !rest.contains(' ') => Ok(rest),
            _ => Err(err("One argument is expected")),
        }
    }

    pub(super) fn none(&self) -> Result<(), Reply> {
        match self.rest {
            None => Ok(()),
            Some(_) => Err(err("No argument is expected")),
        }
    }
}

/// A client's session.
pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
    pub(super) conn: Connection,
    pub(super) tls: bool,
    /// What the greeting shows for APOP.
    pub(super) timestamp: String,
    /// The argument of USER.
    pub(super) user: Option<String>,
    pub(super) transaction: Option<Transaction>,
    /// Whether UTF8 was sent (RFC 6856 section 2).
    pub(super) utf8: bool,
    pub(super) next: Option<Next>,
    fault: Option<Fault>,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, conn: Connection, tls: bool) -> Self {
        // Differs from session to session and from server to server (RFC 1939 section 7).
        let port = Arc::as_ptr(&shared).addr();
        let timestamp = format!("<{}.{port}@localhost>", conn.number());
        Self {
            shared,
            conn,
            tls,
            timestamp,
            user: None,
            transaction: None,
            utf8: false,
            next: None,
            fault: None,
        }
    }

    pub(super) async fn run(mut self) {
        let orderly = self.serve().await.is_ok();
        self.give_fault_back();
        // The mailbox is free before the client can see that the connection is gone.
        self.transaction = None;
        self.conn.close(orderly).await;
    }

    pub(super) fn has(&self, capability: &str) -> bool {
        self.shared.profile.has(capability)
    }

    pub(super) fn moment(&self) -> Moment {
        Moment {
            tls: self.tls,
            authenticated: self.transaction.is_some(),
            login_allowed: self.tls || self.shared.allow_plaintext,
        }
    }

    /// Adds a line to the output.
    pub(super) fn say(&mut self, line: impl AsRef<[u8]>) {
        self.conn.out.extend_from_slice(line.as_ref());
        self.conn.out.extend_from_slice(b"\r\n");
    }

    fn reply(&mut self, reply: Reply) {
        match reply {
            Reply::Ok(text) if text.is_empty() => self.say("+OK"),
            Reply::Ok(text) => self.say(format!("+OK {text}")),
            Reply::Err(text) => {
                let text = self.without_code(&text).to_owned();
                self.say(format!("-ERR {text}"));
            }
            Reply::Said => {}
        }
    }

    /// RFC 2449 section 8, RFC 3206: codes are sent where they are announced.
    fn without_code<'a>(&self, text: &'a str) -> &'a str {
        let Some((code, rest)) = text.strip_prefix('[').and_then(|t| t.split_once("] ")) else {
            return text;
        };
        let of_auth = code == "AUTH" || code.starts_with("SYS/");
        let announced = if of_auth {
            "AUTH-RESP-CODE"
        } else {
            "RESP-CODES"
        };
        if self.has(announced) { text } else { rest }
    }

    async fn serve(&mut self) -> io::Result<()> {
        let apop = if self.has("APOP") {
            format!(" {}", self.timestamp)
        } else {
            String::new()
        };
        let greeting = ok(format!("{}{apop}", self.shared.profile.banner));
        if !self.strike("GREETING").await? {
            return self.finish().await;
        }
        self.reply(greeting);
        self.finish().await?;
        loop {
            let Some(line) = self.read_line().await? else {
                self.reply(err("The line is too long"));
                self.conn.flush().await?;
                return Ok(());
            };
            self.answer(&line).await?;
            match self.next.take() {
                Some(Next::Close) => return Ok(()),
                Some(Next::Tls) => {
                    self.conn.start_tls(&self.shared.identity).await?;
                    self.tls = true;
                    // What the client knows of us it has to ask again (RFC 2595 section 4).
                    self.user = None;
                }
                None => {}
            }
        }
    }

    /// Reads one line with its end; `None` if it is too long.
    pub(super) async fn read_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut seen = 0;
        loop {
            let buffered = self.conn.buffered();
            if let Some(at) = memchr::memchr(b'\n', buffered.get(seen..).unwrap_or_default()) {
                let end = seen.saturating_add(at).saturating_add(1);
                return Ok(Some(self.conn.take(end).to_vec()));
            }
            seen = buffered.len();
            if seen > LINE {
                return Ok(None);
            }
            self.conn.flush().await?;
            let read = self.conn.fill();
            match tokio::time::timeout(self.shared.autologout, read).await {
                Ok(read) => read?,
                Err(_) => return Err(io::ErrorKind::TimedOut.into()),
            }
            if self.conn.take_round_trip() && !self.shared.latency.is_zero() {
                tokio::time::sleep(self.shared.latency).await;
            }
        }
    }

    async fn answer(&mut self, line: &[u8]) -> io::Result<()> {
        let Some(text) = line.strip_suffix(b"\r\n") else {
            self.log(&String::from_utf8_lossy(line));
            self.reply(err("A line ends with CRLF"));
            return Ok(());
        };
        let shown = String::from_utf8_lossy(text).into_owned();
        self.log(&shown);
        if !self.has("PIPELINING") || (self.shared.profile.drops_after_pass && is_pass(text)) {
            self.conn.forget_input();
        }
        if !self.strike(&shown).await? {
            if shown.eq_ignore_ascii_case("QUIT") {
                self.next = Some(Next::Close);
            }
            return self.finish().await;
        }
        let readable = match std::str::from_utf8(text) {
            Ok(text) if self.utf8 || text.is_ascii() => Some(text),
            _ => None,
        };
        let reply = match readable {
            Some(_) if line.len() > COMMAND => err("The command is too long"),
            Some(text) => self.carry_out(text).await?,
            None => err("Only ASCII is known here"),
        };
        self.reply(reply);
        if self.next == Some(Next::Close) {
            // The mailbox is free before the client can know that it is.
            self.transaction = None;
        }
        self.finish().await
    }

    /// Lets a fault strike; `false` if the command was answered by that.
    async fn strike(&mut self, line: &str) -> io::Result<bool> {
        let fault = self.shared.faults.strike(|fault| fault.fits(line));
        let Some(mut fault) = fault else {
            return Ok(true);
        };
        if let Some(time) = fault.delay {
            tokio::time::sleep(time).await;
        }
        if let (Some(edit), Some(transaction)) = (&mut fault.edit, &self.transaction) {
            edit(transaction.maildrop());
        }
        self.conn.out.extend_from_slice(&fault.before);
        let end = fault.end.clone();
        self.fault = Some(fault);
        match end {
            Some(End::CutBefore) => return Err(cut()),
            Some(End::CutAnswer(bytes)) => {
                // What was answered before is no part of this answer.
                self.conn.flush().await?;
                self.conn.allow(bytes);
            }
            Some(End::Swallow) => {
                self.conn.flush().await?;
                self.conn.mute(true);
            }
            Some(End::Refuse(text)) => {
                self.say(format!("-ERR {text}"));
                return Ok(false);
            }
            None => {}
        }
        Ok(true)
    }

    /// Ends a command. Answers to commands that came together go out together.
    async fn finish(&mut self) -> io::Result<()> {
        let ahead = !self.conn.buffered().is_empty() && self.next.is_none();
        if self.give_fault_back() || !ahead {
            self.conn.flush().await?;
        }
        self.conn.flush_large().await?;
        self.conn.mute(false);
        Ok(())
    }

    /// Says whether there was one.
    fn give_fault_back(&mut self) -> bool {
        let fault = self.fault.take();
        let struck = fault.is_some();
        if let Some(fault) = fault {
            self.shared.faults.restore(fault);
        }
        struck
    }

    fn log(&self, line: &str) {
        self.shared.log_command(self.conn.number(), masked(line));
    }

    async fn carry_out(&mut self, text: &str) -> io::Result<Reply> {
        let (name, rest) = match text.split_once(' ') {
            Some((name, rest)) => (name, Some(rest)),
            None => (text, None),
        };
        let upper = name.to_ascii_uppercase();
        let command = Command { name: &upper, rest };
        let known = match command.name {
            "QUIT" => Some(self.quit(command)),
            "CAPA" if self.has("CAPA") => Some(self.capa(command)),
            "LANG" if self.has("LANG") => Some(self.lang(command)),
            _ => None,
        };
        if let Some(reply) = known {
            return Ok(reply.unwrap_or_else(|refusal| refusal));
        }
        if self.transaction.is_some() {
            self.in_transaction(command).await
        } else {
            self.in_authorization(command).await
        }
    }

    fn quit(&mut self, command: Command<'_>) -> Result<Reply, Reply> {
        command.none()?;
        self.next = Some(Next::Close);
        let expires = self.shared.profile.arguments("EXPIRE").next() == Some("0");
        Ok(match &mut self.transaction {
            Some(transaction) => transaction.update(expires),
            None => ok("Logging out"),
        })
    }

    /// RFC 2449 section 5.
    fn capa(&mut self, command: Command<'_>) -> Result<Reply, Reply> {
        command.none()?;
        let list = self.shared.profile.capability_list(self.moment());
        self.say("+OK Capability list follows");
        for line in list {
            self.say(line);
        }
        self.say(".");
        Ok(Reply::Said)
    }

    /// RFC 6856 section 3.
    fn lang(&mut self, command: Command<'_>) -> Result<Reply, Reply> {
        match command.rest {
            None => {
                for line in ["+OK Language listing follows:", "en English", "de German"] {
                    self.say(line);
                }
                self.say(".");
                Ok(Reply::Said)
            }
            Some("*") => Ok(ok("en Language changed")),
            Some(tag) if tag.eq_ignore_ascii_case("en") => Ok(ok("en Language changed")),
            Some(tag) if tag.eq_ignore_ascii_case("de") => Ok(ok("de Sprache gewechselt")),
            Some(_) => Err(err("This language is not supported")),
        }
    }
}

fn is_pass(line: &[u8]) -> bool {
    line.get(..5)
        .is_some_and(|word| word.eq_ignore_ascii_case(b"PASS "))
}

/// A command's line without its secrets.
fn masked(line: &str) -> String {
    let mut words = line.splitn(3, ' ');
    let (name, first, rest) = (words.next().unwrap_or_default(), words.next(), words.next());
    match (name.to_ascii_uppercase().as_str(), first, rest) {
        ("PASS", Some(_), _) => format!("{name} ***"),
        ("APOP" | "AUTH", Some(first), Some(_)) => format!("{name} {first} ***"),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn secrets_are_masked() {
        assert_eq!(masked("pass s3 cret"), "pass ***");
        assert_eq!(masked("APOP alice 0123"), "APOP alice ***");
        assert_eq!(masked("AUTH PLAIN AGEAYg=="), "AUTH PLAIN ***");
        assert_eq!(masked("AUTH PLAIN"), "AUTH PLAIN");
        assert_eq!(masked("TOP 1 2"), "TOP 1 2");
    }
}
