use std::fmt;

use sha2::{Digest as _, Sha256};

use super::Body;

/// How many bytes of a content its [`Digest`] reads.
pub const IDENTITY_PREFIX: u64 = 64 * 1024;

/// Recognises a content: its length and the SHA-256 of its first [`IDENTITY_PREFIX`] bytes.
///
/// One partial fetch (`BODY.PEEK[]<0.65536>`) is enough to compute it, so that joining two large
/// mailboxes does not download their attachments. It pairs items; nothing is ever deleted because
/// of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    /// Length of the whole content in bytes.
    pub size: u64,
    /// SHA-256 of the first [`IDENTITY_PREFIX`] bytes.
    pub sha256: [u8; 32],
}

impl Digest {
    /// The digest of a content of `size` bytes that begins with `prefix`.
    ///
    /// Bytes of `prefix` beyond [`IDENTITY_PREFIX`] are not read.
    pub fn new(size: u64, prefix: &[u8]) -> Self {
        let end = prefix
            .len()
            .min(usize::try_from(IDENTITY_PREFIX).unwrap_or(usize::MAX));
        let head = prefix.get(..end).unwrap_or(prefix);
        Self {
            size,
            sha256: Sha256::digest(head).into(),
        }
    }

    /// The digest of a content in memory.
    pub fn of(content: &[u8]) -> Self {
        Self::new(content.len() as u64, content)
    }

    /// The digest of a body.
    ///
    /// # Errors
    /// Reading a spooled body failed.
    pub fn of_body(body: &Body) -> std::io::Result<Self> {
        let mut hasher = Sha256::new();
        let mut left = usize::try_from(IDENTITY_PREFIX).unwrap_or(usize::MAX);
        for chunk in body.chunks() {
            let chunk = chunk?;
            let head = chunk.get(..left).unwrap_or(&chunk);
            hasher.update(head);
            left = left.saturating_sub(head.len());
            if left == 0 {
                break;
            }
        }
        Ok(Self {
            size: body.len(),
            sha256: hasher.finalize().into(),
        })
    }

    /// As stored: 40 bytes, size first (big endian).
    pub fn to_bytes(self) -> [u8; 40] {
        let mut out = [0; 40];
        let (size, hash) = out.split_at_mut(8);
        size.copy_from_slice(&self.size.to_be_bytes());
        hash.copy_from_slice(&self.sha256);
        out
    }

    /// The inverse of [`to_bytes`](Self::to_bytes).
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (size, hash) = bytes.split_first_chunk::<8>()?;
        Some(Self {
            size: u64::from_be_bytes(*size),
            sha256: hash.try_into().ok()?,
        })
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.size)?;
        self.sha256
            .iter()
            .take(6)
            .try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// What recognises an item when no link is known: on a first run, after lost state, a lost cursor
/// or a crash.
///
/// Pairing counts and does not fold: two equal messages stay two.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The content's digest. A message is recognised by it; a source that computes it reads at most
    /// [`IDENTITY_PREFIX`] bytes.
    pub digest: Option<Digest>,
    /// `Message-ID` of a message, without its angle brackets. Never enough by itself: equal and
    /// missing ones are common.
    pub message_id: Option<String>,
    /// `UID` of an event, task, note or contact.
    pub uid: Option<String>,
    /// A name that stays when the item moves within its source (EMAILID of RFC 8474, X-GM-MSGID).
    pub object_id: Option<String>,
}
