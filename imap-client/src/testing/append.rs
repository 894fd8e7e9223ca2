//! APPEND, with MULTIAPPEND (RFC 3502), UIDPLUS (RFC 4315) and UTF8 (RFC 6855).

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::account::Incoming;
use super::date::parse_date_time;
use super::parser::{Cursor, SyntaxError};
use super::session::{Command, Outcome, Reply, Session};
use super::set::format_set;

fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl Session {
    /// Why the literal of an APPEND is not read: the mailbox is missing, or the message too large.
    pub(super) fn refuse_append(&self, command: &Command, len: u64) -> Option<Reply> {
        let mut args = self.args(command);
        args.sp().ok()?;
        // The literal may be the name itself, which is then not there yet.
        let name = self.mailbox_name(args.astring().ok()?).ok()?;
        if let Some(limit) = self.shared.profile.max_append()
            && len > limit
        {
            return Some(Reply::no("[TOOBIG] The message is larger than APPENDLIMIT"));
        }
        let missing = self.store.as_ref()?.with(|a| a.mailbox(&name).is_err());
        missing.then(|| {
            Reply::no(format!(
                "[TRYCREATE] Mailbox doesn't exist: {}",
                self.encoded_name(&name)
            ))
        })
    }

    fn parse_message(&self, c: &mut Cursor<'_>) -> Result<Incoming, SyntaxError> {
        let mut flags = Vec::new();
        if c.peek() == Some(b'(') {
            flags = c.list(true, Cursor::flag)?;
            c.sp()?;
        }
        let mut date = None;
        if c.peek() == Some(b'"') {
            let text = c.text()?;
            date = Some(parse_date_time(&text).ok_or(SyntaxError("not a date-time"))?);
            c.sp()?;
        }
        let bytes = if c.eat_word("UTF8 (~") && self.utf8() {
            let bytes = c.literal()?;
            c.expect(b')', "the message has no end")?;
            bytes
        } else {
            c.literal()?
        };
        if bytes.contains(&0) {
            return Err(SyntaxError("a NUL in a message"));
        }
        Ok(Incoming {
            flags,
            date: date.unwrap_or_else(now),
            bytes: Arc::from(bytes),
            email_id: None,
        })
    }

    pub(super) fn append(&mut self, command: &Command) -> Outcome {
        let mut args = self.args(command);
        args.sp()?;
        let name = self.mailbox_name(args.astring()?)?;
        let mut messages = Vec::new();
        while !args.at_end() {
            if messages.len() == 1 && !self.has("MULTIAPPEND") {
                return Err(Reply::bad("This server has no MULTIAPPEND"));
            }
            args.sp()?;
            messages.push(self.parse_message(&mut args)?);
        }
        if messages.is_empty() {
            return Err(Reply::bad("A message was expected"));
        }
        if messages.iter().any(|m| m.bytes.is_empty()) {
            return Err(Reply::no("[CANNOT] An empty message cannot be saved"));
        }
        let store = self.store()?;
        let (validity, uids) = store.with(|account| {
            let mailbox = account
                .mailbox(&name)
                .map_err(|_| Reply::no("[TRYCREATE] Mailbox doesn't exist"))?;
            let validity = mailbox.uid_validity;
            for message in &mut messages {
                message.flags =
                    self.permitted(&mailbox.keywords, std::mem::take(&mut message.flags));
            }
            let uids = account.add(&name, messages)?;
            Ok::<_, Reply>((validity, uids))
        })?;
        let code = if self.has("UIDPLUS") {
            format!("[APPENDUID {validity} {}] ", format_set(&uids))
        } else {
            String::new()
        };
        Ok(Reply::ok(format!("{code}Append completed.")))
    }
}
