//! A plain IMAP connection for tests: no TLS, no pipelining, nothing clever.
//!
//! It shares no code with `imap-client`, so that a mistake there does not hide itself.

use std::{
    io::{BufRead, BufReader, BufWriter, Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use base64::{
    Engine, alphabet,
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};

use crate::{Error, Result, error::Doing, mail::Message};

/// Longer than any answer takes, so that a test fails rather than hangs.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The largest literal that is taken from a server: twice the largest message of any test.
const LITERAL_LIMIT: usize = 256 << 20;

/// A connection to a server on loopback.
#[derive(Debug)]
pub struct Session {
    reader: BufReader<TcpStream>,
    writer: BufWriter<TcpStream>,
    tag: u32,
}

/// An untagged response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The text after `* `; literals are left out of it, their `{n}` stays.
    pub text: String,
    /// The literals in their order.
    pub literals: Vec<Vec<u8>>,
}

impl Response {
    /// The atom or quoted string that follows `name ` in the text, without the quotes.
    pub fn value_of(&self, name: &str) -> Option<&str> {
        let rest = self.after(name)?;
        if let Some(quoted) = rest.strip_prefix('"') {
            return quoted.split('"').next();
        }
        rest.split([' ', ')']).next()
    }

    /// The words of the list that follows `name ` in the text, sorted.
    pub fn list_of(&self, name: &str) -> Vec<String> {
        let list = self.after(name).and_then(|rest| rest.strip_prefix('('));
        let words = list.and_then(|list| list.split(')').next());
        let mut words: Vec<_> = words
            .unwrap_or_default()
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect();
        words.sort();
        words
    }

    fn after(&self, name: &str) -> Option<&str> {
        [format!("({name} "), format!(" {name} ")]
            .iter()
            .find_map(|name| self.text.split_once(name.as_str()))
            .map(|(_, rest)| rest)
    }
}

impl Session {
    /// Connects to 127.0.0.1 and reads the greeting.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if nothing answers there.
    pub fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .and_then(|stream| {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(TIMEOUT))?;
                stream.set_write_timeout(Some(TIMEOUT))?;
                Ok(stream)
            })
            .doing(|| format!("connecting to 127.0.0.1:{port}"))?;
        let reading = stream.try_clone().doing(|| "sharing a connection".into())?;
        let mut session = Self {
            reader: BufReader::with_capacity(1 << 16, reading),
            writer: BufWriter::with_capacity(1 << 16, stream),
            tag: 0,
        };
        session.line()?;
        Ok(session)
    }

    /// LOGIN.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's words.
    pub fn login(&mut self, user: &str, password: &str) -> Result<()> {
        self.run("LOGIN", &format!("LOGIN {user} {}", quoted(password)))?;
        Ok(())
    }

    /// SELECT.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there is no such mailbox.
    pub fn select(&mut self, mailbox: &str) -> Result<Vec<Response>> {
        self.command(&format!("SELECT {}", quoted(&encoded(mailbox))))
    }

    /// Sends one command and reads up to its completion.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's words if it does not end with OK.
    pub fn command(&mut self, command: &str) -> Result<Vec<Response>> {
        self.run(command, command)
    }

    /// One APPEND with all `messages` (RFC 3502, RFC 7888). All of them are stored or none.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's words.
    pub fn append(&mut self, mailbox: &str, messages: &[Message]) -> Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        let tag = self.next_tag();
        let sending = || "sending APPEND".to_owned();
        write!(self.writer, "{tag} APPEND {}", quoted(&encoded(mailbox))).doing(sending)?;
        for message in messages {
            let flags = message.flags.join(" ");
            let date = message.imap_date();
            let size = message.bytes.len();
            write!(self.writer, " ({flags}) \"{date}\" {{{size}+}}\r\n").doing(sending)?;
            self.writer.write_all(&message.bytes).doing(sending)?;
        }
        self.writer.write_all(b"\r\n").doing(sending)?;
        self.writer.flush().doing(sending)?;
        self.complete(&tag, "APPEND")?;
        Ok(())
    }

    /// LOGOUT.
    ///
    /// # Errors
    ///
    /// If the server does not say good-bye.
    pub fn logout(mut self) -> Result<()> {
        self.command("LOGOUT")?;
        Ok(())
    }

    fn run(&mut self, shown: &str, command: &str) -> Result<Vec<Response>> {
        let tag = self.next_tag();
        write!(self.writer, "{tag} {command}\r\n")
            .and_then(|()| self.writer.flush())
            .doing(|| format!("sending {shown}"))?;
        self.complete(&tag, shown)
    }

    fn next_tag(&mut self) -> String {
        self.tag = self.tag.wrapping_add(1);
        format!("t{}", self.tag)
    }

    /// Reads up to the tagged response.
    fn complete(&mut self, tag: &str, shown: &str) -> Result<Vec<Response>> {
        let mut untagged = Vec::new();
        loop {
            let response = self.response()?;
            if let Some(text) = response.text.strip_prefix("* ") {
                let text = text.to_owned();
                untagged.push(Response { text, ..response });
            } else if let Some(end) = response.text.strip_prefix(&format!("{tag} ")) {
                if end.starts_with("OK") {
                    return Ok(untagged);
                }
                return Err(Error::refused(shown, end));
            }
        }
    }

    fn response(&mut self) -> Result<Response> {
        let mut response = Response::default();
        loop {
            let line = self.line()?;
            response.text.push_str(&line);
            let size = line
                .strip_suffix('}')
                .and_then(|line| line.rsplit_once('{'))
                .and_then(|(_, size)| size.parse::<usize>().ok());
            let Some(size) = size else {
                return Ok(response);
            };
            if size > LITERAL_LIMIT {
                return Err(Error::refused("reading", format!("a literal of {size}")));
            }
            let mut literal = vec![0; size];
            self.reader
                .read_exact(&mut literal)
                .doing(|| "reading a literal".into())?;
            response.literals.push(literal);
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        let read = self
            .reader
            .read_until(b'\n', &mut line)
            .doing(|| "reading a response".into())?;
        if read == 0 {
            return Err(Error::refused(
                "reading",
                "the server closed the connection",
            ));
        }
        Ok(String::from_utf8_lossy(&line)
            .trim_end_matches(['\r', '\n'])
            .to_owned())
    }
}

const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::IMAP_MUTF7, NO_PAD);

/// A mailbox name in modified UTF-7 (RFC 3501, 5.1.3).
pub fn encoded(mailbox: &str) -> String {
    let is_direct = |c: char| matches!(c, ' '..='~');
    let mut name = String::with_capacity(mailbox.len());
    let mut rest = mailbox;
    while let Some(first) = rest.chars().next() {
        let direct = is_direct(first);
        let end = rest.find(|c| is_direct(c) != direct).unwrap_or(rest.len());
        let (run, later) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = later;
        if direct {
            name.push_str(&run.replace('&', "&-"));
        } else {
            let utf16: Vec<u8> = run.encode_utf16().flat_map(u16::to_be_bytes).collect();
            name.push_str(&format!("&{}-", BASE64.encode(utf16)));
        }
    }
    name
}

/// The mailbox name that `name` stands for in modified UTF-7; `None` if it is none.
pub fn decoded(name: &str) -> Option<String> {
    let mut parts = name.split('&');
    let mut mailbox = parts.next()?.to_owned();
    for part in parts {
        let (run, direct) = part.split_once('-')?;
        if run.is_empty() {
            mailbox.push('&');
        }
        let bytes = BASE64.decode(run).ok()?;
        let utf16 = bytes.chunks(2).map(|pair| match pair {
            [high, low] => u16::from_be_bytes([*high, *low]),
            _ => 0xdc00,
        });
        mailbox.push_str(&String::from_utf16(&utf16.collect::<Vec<_>>()).ok()?);
        mailbox.push_str(direct);
    }
    Some(mailbox)
}

/// A quoted string (RFC 9051, 4.3).
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::{Response, decoded, encoded, quoted};

    #[test]
    fn values_and_lists_are_found() {
        let response = Response {
            text:
                r#"3 FETCH (UID 7 FLAGS (\Seen $Junk) INTERNALDATE "01-Jan-2026 00:00:00 +0000")"#
                    .into(),
            literals: vec![],
        };
        assert_eq!(response.value_of("UID"), Some("7"));
        assert_eq!(
            response.value_of("INTERNALDATE"),
            Some("01-Jan-2026 00:00:00 +0000")
        );
        assert_eq!(response.list_of("FLAGS"), ["$Junk", "\\Seen"]);
        assert_eq!(response.value_of("MODSEQ"), None);
    }

    #[test]
    fn quoting_escapes() {
        assert_eq!(quoted(r#"a"\b"#), r#""a\"\\b""#);
    }

    #[test]
    fn names_are_encoded_as_in_the_rfc() {
        assert_eq!(
            encoded("~peter/mail/台北/日本語"),
            "~peter/mail/&U,BTFw-/&ZeVnLIqe-"
        );
        assert_eq!(encoded("Q&A"), "Q&-A");
        for name in ["~peter/mail/台北/日本語", "Q&A & B", "plain", "🦀"] {
            assert_eq!(decoded(&encoded(name)).as_deref(), Some(name));
        }
        assert_eq!(decoded("a&b"), None);
        assert_eq!(decoded("&AA-"), None);
    }
}
