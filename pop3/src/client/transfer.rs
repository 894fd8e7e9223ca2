//! Messages as they arrive, with the next ones asked for in time.

use bytes::Bytes;

use crate::wire::{Command, ListEntry, Text};

use super::driver::Heard;
use super::{Client, Error, Result};

/// What may be under way at once. At a round trip of 40 ms it takes 400 MB/s to get to its end before
/// the next commands arrive.
const WINDOW_BYTES: u64 = 16 << 20;
const WINDOW_MESSAGES: usize = 2000;
/// What a message takes beside its text.
const OVERHEAD: u64 = 64;
/// What TOP is taken to give of a header, and of a line.
const HEADER: u64 = 4 << 10;
const LINE: u64 = 80;

/// Messages as they arrive: [`Client::retrieve`], [`Client::top`].
///
/// Where the server offers PIPELINING, commands are in flight for about 4 MiB of messages, 2,000 at
/// the most and two at the least. A refused message does not keep the others back.
///
/// A transfer may be dropped before its end: what is under way is then read and ignored by the next
/// command of the session.
#[derive(Debug)]
pub struct Transfer<'c> {
    client: &'c mut Client,
    messages: Box<[ListEntry]>,
    /// Of TOP.
    lines: Option<u32>,
    /// How many were asked for, and how many of these are over.
    sent: usize,
    over: usize,
    /// What the messages between the two were taken to be large.
    bytes: u64,
    at: At,
    begun: bool,
    /// A NOOP is in flight between two messages.
    noop: bool,
}

/// Where in the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before a status line.
    Status,
    /// In a message of which nothing came yet.
    Start,
    Text,
    /// After a lone dot that may be the first line of the message and not its end.
    Doubt,
}

/// A part of a [`Transfer`]. For each message there is `Begin`, any number of `Chunk`s, and `End`; or
/// `Failed` alone.
#[derive(Debug)]
#[non_exhaustive]
pub enum Part {
    /// A message begins.
    Begin {
        /// Its number in this session.
        number: u32,
    },
    /// More of the message, as the server sent it, dots that were stuffed in taken out. A slice of
    /// the read buffer (256 KiB): who keeps it for long copies it.
    Chunk(Bytes),
    /// The message is complete.
    End {
        /// Its number in this session.
        number: u32,
    },
    /// The server refuses the message.
    Failed {
        /// Its number in this session.
        number: u32,
        /// Why.
        error: Error,
    },
}

impl<'c> Transfer<'c> {
    pub(super) fn new(client: &'c mut Client, messages: &[ListEntry], lines: Option<u32>) -> Self {
        Self {
            client,
            messages: messages.into(),
            lines,
            sent: 0,
            over: 0,
            bytes: 0,
            at: At::Status,
            begun: false,
            noop: false,
        }
    }

    /// The next part; `None` after the last. A future that is dropped loses nothing.
    ///
    /// # Errors
    /// The connection is lost; a message that had begun is then incomplete.
    pub async fn next(&mut self) -> Result<Option<Part>> {
        if !self.begun {
            self.client.driver.ready().await?;
            self.begun = true;
        }
        loop {
            let Some(message) = self.messages.get(self.over).copied() else {
                return Ok(None);
            };
            if let Some(part) = self.step(message)? {
                return Ok(Some(part));
            }
            self.client.driver.io().await?;
        }
    }

    /// The next part of `message`, if it is there.
    fn step(&mut self, message: ListEntry) -> Result<Option<Part>> {
        match self.at {
            At::Status => self.status(message),
            At::Start | At::Text => match self.client.driver.try_text()? {
                Some(Text::Chunk(bytes)) => {
                    self.at = At::Text;
                    Ok(Some(Part::Chunk(bytes)))
                }
                Some(Text::End) if self.at == At::Start && message.octets > 1 => {
                    self.doubt()?;
                    self.step(message)
                }
                Some(Text::End) => Ok(Some(self.end(message))),
                None => Ok(None),
            },
            At::Doubt => match self.client.driver.try_end()? {
                Some(true) => Ok(Some(self.end(message))),
                Some(false) => {
                    self.at = At::Text;
                    Ok(Some(Part::Chunk(Bytes::from_static(b".\r\n"))))
                }
                None => Ok(None),
            },
        }
    }

    fn status(&mut self, message: ListEntry) -> Result<Option<Part>> {
        let number = message.number;
        if self.noop {
            // What it is answered does not matter.
            self.noop = self.client.driver.try_heard()?.is_none();
            if self.noop {
                return Ok(None);
            }
        }
        self.refill()?;
        match self.client.driver.try_heard()? {
            Some(Heard::Ok) => {
                self.at = At::Start;
                Ok(Some(Part::Begin { number }))
            }
            Some(Heard::Refused(error)) => {
                self.count(message);
                Ok(Some(Part::Failed { number, error }))
            }
            Some(Heard::Challenge(_)) => Err(self.client.driver.fail(Error::out_of_step())),
            None => Ok(None),
        }
    }

    /// Dovecot does not stuff a dot that begins a message. If LIST says that there is more, what follows
    /// tells: the next status line or the next line of the message. If nothing will follow, a NOOP
    /// makes it.
    fn doubt(&mut self) -> Result<()> {
        self.at = At::Doubt;
        if self.sent.saturating_sub(self.over) == 1 {
            self.client.driver.send_behind(&Command::Noop)?;
            self.noop = true;
        }
        Ok(())
    }

    fn end(&mut self, message: ListEntry) -> Part {
        self.at = At::Status;
        self.count(message);
        let number = message.number;
        Part::End { number }
    }

    fn count(&mut self, message: ListEntry) {
        self.over = self.over.saturating_add(1);
        self.bytes = self.bytes.saturating_sub(self.estimate(message));
    }

    /// Asks for the next messages, many at a time so that they leave in one write.
    fn refill(&mut self) -> Result<()> {
        let (most, bytes) = if self.client.capabilities.pipelining {
            (WINDOW_MESSAGES, WINDOW_BYTES)
        } else {
            (1, 0)
        };
        let least = most.min(2);
        let under_way = self.sent.saturating_sub(self.over);
        let is_low =
            under_way < least || (under_way <= most / 4 * 3 && self.bytes <= bytes / 4 * 3);
        if !is_low {
            return Ok(());
        }
        let mut room = most.saturating_sub(under_way);
        let mut urgent = least.saturating_sub(under_way);
        while let Some(message) = self.messages.get(self.sent).copied() {
            let total = self.bytes.saturating_add(self.estimate(message));
            if room == 0 || (urgent == 0 && total > bytes) {
                break;
            }
            let number = message.number;
            self.client.driver.send_behind(&match self.lines {
                Some(lines) => Command::Top { number, lines },
                None => Command::Retr(number),
            })?;
            self.sent = self.sent.saturating_add(1);
            self.bytes = total;
            room = room.saturating_sub(1);
            urgent = urgent.saturating_sub(1);
        }
        Ok(())
    }

    fn estimate(&self, message: ListEntry) -> u64 {
        let text = match self.lines {
            None => message.octets,
            Some(lines) => {
                let most = HEADER.saturating_add(LINE.saturating_mul(lines.into()));
                message.octets.min(most)
            }
        };
        text.saturating_add(OVERHEAD)
    }
}
