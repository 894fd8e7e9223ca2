//! Reading commands: lines, and literals with their continuation requests.

use std::io;

use super::fault::{End, Moment};
use super::parser::{self, Announced};
use super::session::{Command, Reply, Session};

/// The longest line that is read, in bytes; a UID set of some 100,000 numbers fits.
const MAX_LINE: usize = 1024 * 1024;

impl Session {
    /// Reads one line into `into`, its CRLF included; says whether it ended in CRLF.
    pub(super) async fn read_line(&mut self, into: &mut Vec<u8>) -> io::Result<bool> {
        let mut seen = 0;
        loop {
            let buffered = self.conn.buffered();
            if let Some(at) = memchr::memchr(b'\n', buffered.get(seen..).unwrap_or_default()) {
                let line = self.conn.take(seen.saturating_add(at).saturating_add(1));
                into.extend_from_slice(line);
                return Ok(line.ends_with(b"\r\n"));
            }
            seen = buffered.len();
            if seen > MAX_LINE {
                self.say("* BYE The line is too long");
                self.conn.flush().await?;
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.wait().await?;
        }
    }

    /// Reads the bytes of a literal; `None` throws them away.
    async fn read_literal(&mut self, len: u64, mut into: Option<&mut Vec<u8>>) -> io::Result<()> {
        let mut left = len;
        while left > 0 {
            if self.conn.buffered().is_empty() {
                self.wait().await?;
            }
            let bytes = self.conn.take(usize::try_from(left).unwrap_or(usize::MAX));
            left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(0));
            if let Some(into) = into.as_deref_mut() {
                into.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    /// Reads one command with its literals. `None` if it was answered on the way.
    pub(super) async fn read_command(&mut self) -> io::Result<Option<Command>> {
        let mut bytes = Vec::new();
        self.wait_for_line().await?;
        if !self.read_line(&mut bytes).await? {
            self.say("* BAD A line ends with CRLF");
            return Ok(None);
        }
        bytes.truncate(bytes.len().saturating_sub(2));
        let (tag, name, args_at) = match parser::command_name(&bytes) {
            Ok(parts) => parts,
            Err(error) => {
                self.shared.log_command(
                    self.conn.number(),
                    String::from_utf8_lossy(&bytes).into_owned(),
                );
                if let Some(Announced { len, plus: true }) = parser::announced_literal(&bytes) {
                    self.read_literal(len, None).await?;
                    self.read_line(&mut bytes).await?;
                }
                self.say(format!("* BAD {}", error.0));
                return Ok(None);
            }
        };
        let line =
            String::from_utf8_lossy(bytes.get(tag.len().saturating_add(1)..).unwrap_or_default())
                .into_owned();
        let mut shown = line.clone();
        let entry = self
            .shared
            .log_command(self.conn.number(), masked(&name, &shown));
        self.fault = self.shared.faults.strike(|fault| fault.fits(&line));
        let mut command = Command {
            tag,
            name,
            bytes,
            args_at,
        };
        let mut line_at = 0;
        while let Some(literal) =
            parser::announced_literal(command.bytes.get(line_at..).unwrap_or_default())
        {
            if let Some(reply) = self.refuse_literal(&command, literal) {
                if literal.plus {
                    self.discard(literal).await?;
                }
                self.tagged(&command, &reply);
                self.give_fault_back();
                return Ok(None);
            }
            if !literal.plus {
                match self.fault.as_ref().and_then(|f| f.end.clone()) {
                    Some(End::Refuse(status, text)) => {
                        self.tagged(&command, &Reply { status, text });
                        self.give_fault_back();
                        return Ok(None);
                    }
                    Some(End::Bye(text)) => {
                        self.say(format!("* BYE {text}"));
                        self.conn.flush().await?;
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                    _ => {}
                }
                self.deeds(Moment::Continuation);
                self.update(false);
                self.say("+ Ready for literal data");
                self.conn.flush().await?;
            }
            command.bytes.extend_from_slice(b"\r\n");
            self.read_literal(literal.len, Some(&mut command.bytes))
                .await?;
            line_at = command.bytes.len();
            if !self.read_line(&mut command.bytes).await? {
                self.tagged(&command, &Reply::bad("A line ends with CRLF"));
                self.give_fault_back();
                return Ok(None);
            }
            command
                .bytes
                .truncate(command.bytes.len().saturating_sub(2));
            shown.push_str(&String::from_utf8_lossy(
                command.bytes.get(line_at..).unwrap_or_default(),
            ));
            self.shared
                .complete_log(entry, masked(&command.name, &shown));
        }
        Ok(Some(command))
    }

    /// Throws away a literal that is not waited for, and all that follows it in its command.
    async fn discard(&mut self, literal: Announced) -> io::Result<()> {
        let mut literal = Some(literal);
        while let Some(Announced { len, .. }) = literal {
            self.read_literal(len, None).await?;
            let mut line = Vec::new();
            self.read_line(&mut line).await?;
            let line = line.strip_suffix(b"\r\n").unwrap_or(&line);
            // A literal that the client would wait for is never sent: the answer is a refusal.
            literal = parser::announced_literal(line).filter(|l| l.plus);
        }
        Ok(())
    }

    /// Why this literal is not read, if it is not.
    fn refuse_literal(&self, command: &Command, literal: Announced) -> Option<Reply> {
        if literal.plus && !self.has("LITERAL+") {
            if !self.has("LITERAL-") && !self.has("IMAP4rev2") {
                return Some(Reply::bad("This server has no non-synchronizing literals"));
            }
            if literal.len > 4_096 {
                return Some(Reply::bad("[TOOBIG] LITERAL- allows 4096 bytes"));
            }
        }
        if literal.len > self.shared.max_literal {
            return Some(Reply::no("[TOOBIG] The literal is too large"));
        }
        if command.name == "APPEND" && self.user.is_some() {
            return self.refuse_append(command, literal.len);
        }
        None
    }
}

/// A command's line without its secrets.
fn masked(name: &str, line: &str) -> String {
    if !matches!(name, "LOGIN" | "AUTHENTICATE") {
        return line.to_owned();
    }
    let mut words = line.splitn(3, ' ');
    let (command, first, rest) = (words.next().unwrap_or_default(), words.next(), words.next());
    match (first, rest) {
        (Some(first), Some(_)) => format!("{command} {first} ***"),
        (Some(first), None) => format!("{command} {first}"),
        _ => command.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn secrets_are_masked() {
        assert_eq!(
            masked("LOGIN", "login alice \"s3 cret\""),
            "login alice ***"
        );
        assert_eq!(
            masked("AUTHENTICATE", "AUTHENTICATE PLAIN AGEAYg=="),
            "AUTHENTICATE PLAIN ***"
        );
        assert_eq!(
            masked("AUTHENTICATE", "AUTHENTICATE PLAIN"),
            "AUTHENTICATE PLAIN"
        );
        assert_eq!(masked("SELECT", "SELECT a b c"), "SELECT a b c");
    }
}
