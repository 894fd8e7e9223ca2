//! FETCH, read as it arrives.

use crate::wire::command::{FetchItem, FetchModifiers, Messages};
use crate::wire::response::SectionData;
use crate::wire::{Command, Fetch, Frame, Response, UidSet};

use super::Client;
use super::call::{Call, Pending};
use super::driver::Step;
use super::error::Result;
use super::session::Session;

/// A FETCH whose answer is read piece by piece.
///
/// Nothing is read ahead beyond one buffer: a slow reader slows the server down, and memory stays
/// within [`Limits`](crate::wire::Limits) whatever the size of a message. Dropping it gives up what was
/// not read; the session then skips it.
///
/// ```no_run
/// # async fn f(client: &mut imap_client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use imap_client::client::FetchPart;
/// use imap_client::wire::{UidSet, command::{FetchItem, FetchModifiers}};
///
/// let items = [FetchItem::Uid, FetchItem::message()];
/// let mut fetch = client.uid_fetch(&UidSet::all(), &items, &FetchModifiers::default()).await?;
/// let mut large = Vec::new();
/// while let Some(part) = fetch.next().await? {
///     match part {
///         FetchPart::Message(message) => {
///             let section = message.sections.full();
///             // Inline up to 64 KiB; above, what the chunks before this brought.
///             let body = section.and_then(|s| s.bytes()).unwrap_or(&large);
///             println!("{:?}: {} bytes", message.uid, body.len());
///             large.clear();
///         }
///         FetchPart::Chunk(bytes) => large.extend_from_slice(bytes),
///         _ => {}
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct FetchStream<'c> {
    client: &'c mut Client,
    pending: Option<Pending<FetchEnd>>,
    end: FetchEnd,
}

/// A piece of a FETCH answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchPart<'a> {
    /// All that the server sent of a message in one response. A section that came in chunks is
    /// [`SectionData::Streamed`].
    ///
    /// A server may tell changed flags of any message at any time: not every response has what was
    /// asked for.
    Message(Fetch<'a>),
    /// A section above [`Limits::stream_threshold`](crate::wire::Limits::stream_threshold) begins.
    /// Chunks and [`SectionEnd`](Self::SectionEnd) follow, at last the [`Message`](Self::Message).
    SectionStart {
        /// The attributes so far; the section that begins is the last of its sections. What the
        /// server sends behind it, maybe the UID, is in the message alone.
        head: Fetch<'a>,
        /// The section's length in bytes.
        len: u64,
    },
    /// Bytes of the section.
    Chunk(&'a [u8]),
    /// The section is complete.
    SectionEnd,
    /// One message that cannot be decoded: its bytes, without what came in chunks. The others can
    /// still be read.
    Undecodable(&'a [u8]),
}

/// What a FETCH told besides the messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct FetchEnd {
    /// UIDs that are gone (`CHANGEDSINCE` with `VANISHED`, RFC 7162 section 3.2.6).
    pub vanished: UidSet,
}

impl Call<FetchEnd> {
    /// See [`Client::uid_fetch`]. Read it by [`Client::read_fetch`].
    #[must_use]
    pub fn uid_fetch(uids: &UidSet, items: &[FetchItem], modifiers: &FetchModifiers) -> Self {
        Self::fetching(
            Command::fetch(Messages::Uid(uids), items, modifiers),
            modifiers,
        )
    }

    /// FETCH of any messages, by sequence number or by `$` (RFC 5182).
    #[must_use]
    pub fn fetch(on: Messages<'_>, items: &[FetchItem], modifiers: &FetchModifiers) -> Self {
        Self::fetching(Command::fetch(on, items, modifiers), modifiers)
    }

    fn fetching(command: Command, modifiers: &FetchModifiers) -> Self {
        let FetchModifiers {
            changed_since,
            partial,
            ..
        } = *modifiers;
        let build = move |session: &Session| {
            if changed_since.is_some() && !session.has("QRESYNC") {
                session.require("CONDSTORE")?;
            }
            if partial.is_some() {
                session.require("PARTIAL")?;
            }
            Ok(command)
        };
        Self::build(build, |own, _, response| match response {
            Response::Vanished(vanished) if vanished.earlier => {
                own.vanished.union_with(&vanished.uids);
                None
            }
            other => Some(other),
        })
        .streaming()
    }
}

impl Client {
    /// UID FETCH (RFC 9051 section 6.4.5), with CHANGEDSINCE and VANISHED (RFC 7162) and PARTIAL
    /// (RFC 9394) as modifiers.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn uid_fetch(
        &mut self,
        uids: &UidSet,
        items: &[FetchItem],
        modifiers: &FetchModifiers,
    ) -> Result<FetchStream<'_>> {
        let pending = self.send(Call::uid_fetch(uids, items, modifiers)).await?;
        Ok(self.read_fetch(pending))
    }

    /// Reads a FETCH that was [sent](Self::send) before. Several FETCHes in flight are read in the
    /// order in which they were sent.
    pub fn read_fetch(&mut self, pending: Pending<FetchEnd>) -> FetchStream<'_> {
        FetchStream {
            client: self,
            pending: Some(pending),
            end: FetchEnd::default(),
        }
    }
}

impl FetchStream<'_> {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// The server refuses the command, or the connection is lost. What was given before remains
    /// valid.
    #[allow(clippy::should_implement_trait)] // a lending iterator
    pub async fn next(&mut self) -> Result<Option<FetchPart<'_>>> {
        let Some(pending) = &self.pending else {
            return Ok(None);
        };
        let tag = pending.tag;
        let driver = &mut self.client.driver;
        loop {
            if !driver.router.is_in_flight(tag) {
                let pending = self.pending.take();
                if let Some(pending) = pending {
                    self.end = self.client.wait(pending).await?;
                }
                return Ok(None);
            }
            if driver.router.is_behind_stream(tag) {
                return Err(super::Error::new(
                    super::ErrorKind::Usage,
                    "a FETCH that was sent before is to be read first",
                ));
            }
            match driver.process(Some(tag), Some(tag))? {
                Step::Show => break,
                Step::Starved => driver.io().await?,
                Step::Over => {}
            }
        }
        Ok(self.client.driver.frame().and_then(part))
    }

    /// Reads on to the end; what is left of the messages is skipped.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn finish(mut self) -> Result<FetchEnd> {
        while self.next().await?.is_some() {}
        Ok(std::mem::take(&mut self.end))
    }
}

fn part(frame: Frame<'_>) -> Option<FetchPart<'_>> {
    Some(match frame {
        Frame::Response(raw) => match Response::decode(raw) {
            Response::Fetch(fetch) => FetchPart::Message(fetch),
            _ => FetchPart::Undecodable(raw.bytes()),
        },
        Frame::LiteralStart { head, len } => match Fetch::decode_head(head) {
            Ok(head) => FetchPart::SectionStart { head, len },
            Err(_) => FetchPart::Undecodable(head.bytes()),
        },
        Frame::LiteralChunk(bytes) => FetchPart::Chunk(bytes),
        Frame::LiteralEnd => FetchPart::SectionEnd,
        Frame::LongLine { .. } => return None,
    })
}

impl FetchPart<'_> {
    /// Of a message: whether its only full section came in chunks.
    #[must_use]
    pub fn is_streamed_message(&self) -> bool {
        match self {
            Self::Message(fetch) => fetch
                .sections
                .full()
                .is_some_and(|s| matches!(s.data, SectionData::Streamed(_))),
            _ => false,
        }
    }
}
