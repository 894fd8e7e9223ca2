//! APPEND, of one message or several.

use crate::wire::date::DateTime;
use crate::wire::flag::Flags;
use crate::wire::mailbox::MailboxName;

use super::Command;

/// A message to append. The caller holds its bytes: each message is one
/// [`Fragment::Stream`](super::Fragment::Stream) of the encoded command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendMessage<'a> {
    /// Flags it gets.
    pub flags: Flags<'a>,
    /// Its internal date; `None`: now.
    pub date: Option<DateTime>,
    /// Its length in bytes.
    pub len: u64,
    /// Whether it is sent as `literal8` (BINARY, RFC 3516), which may hold NUL.
    pub binary: bool,
    /// Whether it is sent as `UTF8 (...)` (UTF8=ACCEPT, RFC 6855 section 4):
    /// its header holds UTF-8.
    pub utf8: bool,
}

impl<'a> AppendMessage<'a> {
    /// A message of `len` bytes without flags and date.
    #[must_use]
    pub fn new(len: u64) -> Self {
        Self {
            flags: Flags::new(),
            date: None,
            len,
            binary: false,
            utf8: false,
        }
    }

    /// With these flags. `\Recent` is left out: no client can set it.
    #[must_use]
    pub fn flags(mut self, flags: Flags<'a>) -> Self {
        self.flags = flags;
        self
    }

    /// With this internal date.
    #[must_use]
    pub fn date(mut self, date: DateTime) -> Self {
        self.date = Some(date);
        self
    }
}

impl Command {
    /// `APPEND`; of more than one message, by MULTIAPPEND (RFC 3502).
    #[must_use]
    pub fn append(mailbox: &MailboxName, messages: &[AppendMessage<'_>]) -> Self {
        let mut command = Self::raw("APPEND").text(" ").mailbox(mailbox);
        for message in messages {
            let mut flags = message.flags.clone();
            flags.remove(super::fetch::NOT_SETTABLE);
            if !flags.is_empty() {
                command = command.text(format!(" ({flags})"));
            }
            if let Some(date) = &message.date {
                command = command.text(format!(" \"{date}\""));
            }
            command = if message.utf8 {
                command.text(" UTF8 (").stream(message.len, true).text(")")
            } else {
                command.text(" ").stream(message.len, message.binary)
            };
        }
        command
    }
}
