//! The session: connects, logs in, and has one method a command.
//!
//! [`Client::connect`] makes a session from [`ConnectOptions`]. Where the server offers PIPELINING
//! (RFC 2449 section 6.6), many commands are in flight at once: [`retrieve`](Client::retrieve) keeps
//! enough of them under way that the connection is never idle, whatever the round trip takes.
//!
//! A refusal (`-ERR`) befalls one command, and the session goes on. After a timeout, a broken
//! connection or an answer that is none every method says so at once ([`Client::is_usable`]): make a
//! new session. Any future here may be dropped; answers that are still to come are then read and
//! ignored by the next command.
//!
//! # Deleting
//!
//! DELE only marks. The server removes what is marked when it has answered QUIT with `+OK`, and
//! forgets the marks if the connection ends in another way (RFC 1939 section 6). So a deletion counts
//! once [`quit`](Client::quit) gave `Ok`; if its error
//! [says so](Error::is_outcome_unknown), it may have been carried out or not.

mod auth;
mod connect;
mod driver;
mod error;
mod transfer;

use crate::wire::{Capabilities, Command, Language, ListEntry, Stat, UidlEntry};

pub use connect::{ConnectOptions, Security, Timeouts};
pub use error::{Error, ErrorKind, Result};
pub use transfer::{Part, Transfer};

use driver::{Driver, Heard};

/// DELEs that are in flight at once.
const DELETES: usize = 1000;

/// A session with a server. See the [module](self).
pub struct Client {
    driver: Driver,
    capabilities: Capabilities,
    timeouts: Timeouts,
    /// Some messages may be marked as deleted.
    marked: bool,
}

impl Client {
    /// What the server can do, as it said after login.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Whether the bytes travel under TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.driver
            .stream()
            .is_some_and(sync_core::net::Stream::is_tls)
    }

    /// Whether the connection is alive as far as is known.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !self.driver.is_failed()
    }

    /// STAT (RFC 1939 section 5): how many messages there are, and how large they are together.
    ///
    /// # Errors
    /// The server refuses, or the connection is lost.
    pub async fn stat(&mut self) -> Result<Stat> {
        self.driver.call(&Command::Stat).await?;
        Stat::decode(self.driver.text()).map_err(|error| self.driver.fail(error.into()))
    }

    /// LIST (RFC 1939 section 5): number and size of each message that is not marked as deleted, in
    /// the order of the server. A line that cannot be read is left out.
    ///
    /// # Errors
    /// The server refuses, the connection is lost, or the listing is beyond the
    /// [limits](crate::wire::Limits).
    pub async fn list(&mut self) -> Result<Vec<ListEntry>> {
        self.driver.send(&Command::List(None)).await?;
        self.read_list().await
    }

    /// UIDL (RFC 1939 section 7): the unique id of each message that is not marked as deleted, in the
    /// order of the server; `None` if the server has no UIDL. A message without an id is left out.
    ///
    /// Numbers and ids are as the server gives them; some give one id to several messages.
    ///
    /// # Errors
    /// The server is in trouble, the connection is lost, or the listing is beyond the
    /// [limits](crate::wire::Limits).
    pub async fn uidl(&mut self) -> Result<Option<Vec<UidlEntry>>> {
        self.driver.send(&Command::Uidl(None)).await?;
        self.read_uidl().await
    }

    /// [`list`](Self::list) and [`uidl`](Self::uidl), in one round trip where the server offers PIPELINING.
    ///
    /// # Errors
    /// Those of both.
    pub async fn listings(&mut self) -> Result<(Vec<ListEntry>, Option<Vec<UidlEntry>>)> {
        if !self.capabilities.pipelining {
            return Ok((self.list().await?, self.uidl().await?));
        }
        self.driver.send(&Command::List(None)).await?;
        self.driver.send_behind(&Command::Uidl(None))?;
        Ok((self.read_list().await?, self.read_uidl().await?))
    }

    async fn read_list(&mut self) -> Result<Vec<ListEntry>> {
        self.driver.accepted().await?;
        let mut entries = Vec::new();
        let each = |line: &[u8]| match ListEntry::decode(line) {
            Ok(entry) => entries.push(entry),
            Err(error) => tracing::debug!(%error, "left out a line of LIST"),
        };
        self.driver.listing(each).await?;
        Ok(entries)
    }

    async fn read_uidl(&mut self) -> Result<Option<Vec<UidlEntry>>> {
        match self.driver.accepted().await {
            Ok(()) => {}
            // With a code it is trouble of another kind.
            Err(error) if error.kind() == ErrorKind::Refused && error.response_code().is_none() => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        let mut entries = Vec::new();
        let each = |line: &[u8]| match UidlEntry::decode(line) {
            Ok(entry) => entries.extend(entry),
            Err(error) => tracing::debug!(%error, "left out a line of UIDL"),
        };
        self.driver.listing(each).await?;
        Ok(Some(entries))
    }

    /// RETR (RFC 1939 section 5): the messages, in the given order, as they arrive. The sizes say how
    /// many to ask for at once; they need not be right.
    pub fn retrieve(&mut self, messages: &[ListEntry]) -> Transfer<'_> {
        Transfer::new(self, messages, None)
    }

    /// TOP (RFC 1939 section 7): of each message the header, the empty line, and as many lines of the
    /// body. A server without TOP refuses each.
    pub fn top(&mut self, messages: &[ListEntry], lines: u32) -> Transfer<'_> {
        Transfer::new(self, messages, Some(lines))
    }

    /// DELE (RFC 1939 section 5): marks messages as deleted; says for each whether it is, in the
    /// given order. They are removed by [`quit`](Self::quit).
    pub async fn delete(&mut self, numbers: &[u32]) -> Vec<Result<()>> {
        let at_once = if self.capabilities.pipelining {
            DELETES
        } else {
            1
        };
        let mut results = Vec::with_capacity(numbers.len());
        for batch in numbers.chunks(at_once) {
            let mut sent = self.driver.ready().await;
            for number in batch {
                sent = sent.and_then(|()| self.driver.send_behind(&Command::Dele(*number)));
            }
            self.marked |= sent.is_ok();
            for _ in batch {
                results.push(match &sent {
                    Ok(()) => self.driver.accepted().await,
                    Err(error) => Err(error.again()),
                });
            }
        }
        results
    }

    /// RSET (RFC 1939 section 5): no message is marked as deleted any more.
    ///
    /// # Errors
    /// The server refuses, or the connection is lost.
    pub async fn reset(&mut self) -> Result<()> {
        self.driver.call(&Command::Rset).await?;
        self.marked = false;
        Ok(())
    }

    /// NOOP (RFC 1939 section 5): keeps the session from being ended for inactivity, which servers may
    /// do after ten minutes.
    ///
    /// # Errors
    /// The server refuses, or the connection is lost.
    pub async fn noop(&mut self) -> Result<()> {
        self.driver.call(&Command::Noop).await
    }

    /// LANG (RFC 6856 section 3): the languages in which the server can put its texts.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] without LANG; the server refuses, or the connection is lost.
    pub async fn languages(&mut self) -> Result<Vec<Language>> {
        self.require_lang()?;
        self.driver.call(&Command::Lang(None)).await?;
        let mut languages = Vec::new();
        let each = |line: &[u8]| languages.extend(Language::decode(line));
        self.driver.listing(each).await?;
        Ok(languages)
    }

    /// LANG (RFC 6856 section 3): texts in the language of this tag from now on; `*` for the server's choice.
    ///
    /// # Errors
    /// As [`languages`](Self::languages).
    pub async fn lang(&mut self, tag: &str) -> Result<()> {
        self.require_lang()?;
        self.driver.call(&Command::Lang(Some(tag))).await
    }

    fn require_lang(&self) -> Result<()> {
        if self.capabilities.lang {
            return Ok(());
        }
        let text = "the server does not offer LANG";
        Err(Error::new(ErrorKind::Unsupported, text))
    }

    /// QUIT (RFC 1939 section 6): removes what is marked as deleted, and ends the session.
    ///
    /// # Errors
    /// The server refuses, or its answer is lost. If messages were marked as deleted and they may be
    /// gone or not, [`Error::is_outcome_unknown`] holds.
    pub async fn quit(mut self) -> Result<()> {
        self.driver.send(&Command::Quit).await?;
        let result = match self.driver.heard().await {
            Ok(Heard::Ok) => Ok(()),
            Ok(Heard::Refused(error)) | Err(error) => Err(error),
            Ok(Heard::Challenge(_)) => Err(Error::out_of_step()),
        };
        self.driver.shut_down(self.timeouts.close).await;
        result.map_err(|error| error.with_outcome_unknown(self.marked))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("tls", &self.is_tls())
            .field("usable", &self.is_usable())
            .finish_non_exhaustive()
    }
}
