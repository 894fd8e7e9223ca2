//! APPEND, of one message or several, streamed.

use std::fmt;
use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::wire::command::{AppendMessage, Fragment};
use crate::wire::{Code, Command, MailboxName, UidList};

use super::Client;
use super::call::{Call, Pending};
use super::driver::log_sent;
use super::error::{Error, ErrorKind, Result};
use super::session::tag_text;

/// Bytes read of a message at a time.
const CHUNK: usize = 64 << 10;

/// The UIDs that APPEND gave (APPENDUID, RFC 4315).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendUid {
    /// The validity of the UIDs.
    pub uid_validity: u32,
    /// The UIDs, in the order of the messages.
    pub uids: UidList,
}

/// A message to append: what is said of it, and its bytes.
#[derive(Debug)]
pub struct Upload<'a> {
    /// Flags, date and length.
    pub message: AppendMessage<'a>,
    /// The bytes; as many as [`AppendMessage::len`] says.
    pub body: UploadBody<'a>,
}

impl<'a> Upload<'a> {
    /// A message that is in memory, without flags and date.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            message: AppendMessage::new(bytes.len() as u64),
            body: UploadBody::Bytes(bytes),
        }
    }
}

/// Where the bytes of an [`Upload`] come from.
pub enum UploadBody<'a> {
    /// From memory.
    Bytes(&'a [u8]),
    /// Piece by piece, each at once.
    Chunks(Box<dyn Iterator<Item = io::Result<Bytes>> + Send + 'a>),
    /// As it can be read.
    Reader(Box<dyn AsyncRead + Send + Unpin + 'a>),
}

impl fmt::Debug for UploadBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Chunks(_) => f.write_str("Chunks"),
            Self::Reader(_) => f.write_str("Reader"),
        }
    }
}

impl Client {
    /// APPEND (RFC 9051 section 6.3.12); of several messages by MULTIAPPEND (RFC 3502), all of which
    /// are then stored or none. The UIDs are known only with UIDPLUS (RFC 4315).
    ///
    /// Messages are sent as they are read; no more than a buffer of them is in memory. With LITERAL+
    /// or LITERAL- (RFC 7888) none waits for the server's consent; without, the server can refuse
    /// before the first byte of a message.
    ///
    /// # Errors
    /// As [`run`](Self::run). [`ErrorKind::TooLarge`] for a message above APPENDLIMIT (RFC 7889), and
    /// [`ErrorKind::Unsupported`] for several messages without MULTIAPPEND: nothing was sent then.
    /// [`ErrorKind::Local`] if a body cannot be read or is shorter than announced: the command
    /// cannot be taken back, so the connection is given up and nothing is stored.
    pub async fn append(
        &mut self,
        mailbox: &MailboxName,
        uploads: &mut [Upload<'_>],
    ) -> Result<Option<AppendUid>> {
        let pending = self.send_append(mailbox, uploads).await?;
        self.wait(pending).await
    }

    /// As [`append`](Self::append), without waiting for the completion: the way to have several APPENDs
    /// in flight where MULTIAPPEND is not offered.
    ///
    /// # Errors
    /// As [`append`](Self::append); a refusal comes with [`wait`](Self::wait).
    pub async fn send_append(
        &mut self,
        mailbox: &MailboxName,
        uploads: &mut [Upload<'_>],
    ) -> Result<Pending<Option<AppendUid>>> {
        self.leave_idle().await?;
        self.driver.check()?;
        self.check_uploads(uploads)?;
        self.driver.exclusive()?;
        let messages: Vec<AppendMessage<'_>> = uploads
            .iter()
            .map(|upload| upload.message.clone())
            .collect();
        let command = Command::append(mailbox, &messages);
        let call: Call<Option<AppendUid>> = Call::new(command, |_, _, response| Some(response));
        let call = call.done(|own, status| {
            if let Some(Code::AppendUid { uid_validity, uids }) = &status.code {
                *own = Some(AppendUid {
                    uid_validity: *uid_validity,
                    uids: uids.clone(),
                });
            }
            status.is_ok()
        });
        let (command, gather) = call.into_parts(self.session())?;
        let tag = self.driver.next_tag();
        let encoded = command.encode(&tag_text(tag), &self.session().encode_options())?;
        let (pending, claim) = Pending::new(tag);
        self.driver.make_room().await?;
        self.driver
            .register(tag, command.name(), Box::new(gather), claim);
        // Dropped in the middle of a literal, the connection would take the next command for mail.
        let mut guard = self.unfinished();
        let mut bodies = uploads.iter_mut().map(|upload| &mut upload.body);
        for fragment in encoded.fragments() {
            let driver = &mut guard.client.driver;
            match fragment {
                Fragment::Bytes(bytes) => {
                    log_sent(tag, command.name(), bytes);
                    driver.queue(bytes);
                }
                Fragment::AwaitContinuation => {
                    guard.armed = true;
                    if driver.continuation(tag).await?.is_none() {
                        break;
                    }
                }
                Fragment::Stream(len) => {
                    guard.armed = true;
                    if let Some(body) = bodies.next()
                        && let Err(error) = guard.client.send_body(body, *len).await
                    {
                        return Err(guard.client.driver.fail(error));
                    }
                }
            }
        }
        guard.armed = false;
        Ok(pending)
    }

    fn check_uploads(&self, uploads: &[Upload<'_>]) -> Result<()> {
        let session = self.session();
        if uploads.is_empty() {
            return Err(Error::new(ErrorKind::Usage, "nothing to append"));
        }
        if uploads.len() > 1 {
            session.require("MULTIAPPEND")?;
        }
        let largest = uploads.iter().map(|upload| upload.message.len).max();
        if let (Some(largest), Some(limit)) = (largest, session.append_limit())
            && largest > limit
        {
            let text = format!("{largest} bytes; the server takes {limit}");
            return Err(Error::new(ErrorKind::TooLarge, text).or_command("APPEND"));
        }
        if uploads.iter().any(|upload| upload.message.binary) {
            session.require("BINARY")?;
        }
        Ok(())
    }

    async fn send_body(&mut self, body: &mut UploadBody<'_>, len: u64) -> Result<()> {
        let mut left = len;
        let unreadable = |error: io::Error| {
            Error::new(ErrorKind::Local, error.to_string())
                .caused_by(error)
                .or_command("APPEND")
        };
        let mut room = Vec::new();
        while left > 0 {
            let limit = usize::try_from(left).unwrap_or(usize::MAX);
            let taken = match body {
                UploadBody::Bytes(bytes) => {
                    let piece = bytes.get(..bytes.len().min(CHUNK).min(limit));
                    let piece = piece.unwrap_or_default();
                    self.driver.queue(piece);
                    *bytes = bytes.get(piece.len()..).unwrap_or_default();
                    piece.len()
                }
                UploadBody::Chunks(chunks) => match chunks.next() {
                    Some(piece) => {
                        let piece = piece.map_err(unreadable)?;
                        let piece = piece.get(..piece.len().min(limit)).unwrap_or_default();
                        self.driver.queue(piece);
                        if piece.is_empty() {
                            continue;
                        }
                        piece.len()
                    }
                    None => 0,
                },
                UploadBody::Reader(reader) => {
                    room.resize(CHUNK, 0);
                    let part = room.get_mut(..CHUNK.min(limit)).unwrap_or_default();
                    let n = reader.read(part).await.map_err(unreadable)?;
                    self.driver.queue(part.get(..n).unwrap_or_default());
                    n
                }
            };
            if taken == 0 {
                let text = format!("a message ended {left} bytes too early");
                return Err(Error::new(ErrorKind::Local, text).or_command("APPEND"));
            }
            left = left.saturating_sub(taken as u64);
            self.driver.make_room().await?;
        }
        Ok(())
    }
}
