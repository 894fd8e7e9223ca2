//! The one error of sources and engine.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::model::{CollectionId, ItemId};

/// What a source or the engine could not do.
///
/// Callers act on the predicates, people read the text: it names the side, the collection and the
/// item as far as they are known.
pub struct Error(Box<Inner>);

/// The result of a source's or the engine's work.
pub type Result<T, E = Error> = std::result::Result<T, E>;

struct Inner {
    kind: ErrorKind,
    message: String,
    side: Option<String>,
    collection: Option<CollectionId>,
    item: Option<ItemId>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The class of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Login refused.
    Authentication,
    /// Stopped by the caller.
    Cancelled,
    /// The server knows the cursor no longer (UIDVALIDITY changed, SyncKey refused, token expired).
    CursorLost,
    /// The configuration asks for something impossible.
    Config,
    /// The connection broke or was never made.
    Connection,
    /// A guard stopped the work; a person must allow it.
    Guard,
    /// One item cannot be read; the others can.
    Item,
    /// A local file or directory could not be read or written.
    Local,
    /// There is no such item or collection.
    NotFound,
    /// The other end did not keep to the protocol.
    Protocol,
    /// The account may not write here.
    ReadOnly,
    /// The server refuses this one request for good.
    Refused,
    /// The state database is damaged, newer, in use, or of other accounts.
    State,
    /// The server asks for a pause.
    Throttled,
    /// No answer in time.
    Timeout,
    /// Beyond a size limit.
    TooLarge,
    /// The source cannot do this at all.
    Unsupported,
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            side: None,
            collection: None,
            item: None,
            retry_after: None,
            source: None,
        }))
    }

    /// Adds what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the side, unless it is named already.
    #[must_use]
    pub fn on_side(mut self, side: impl fmt::Display) -> Self {
        self.0.side.get_or_insert_with(|| side.to_string());
        self
    }

    /// Names the collection, unless it is named already.
    #[must_use]
    pub fn in_collection(mut self, collection: &CollectionId) -> Self {
        self.0.collection.get_or_insert_with(|| collection.clone());
        self
    }

    /// Names the item, unless it is named already.
    #[must_use]
    pub fn at_item(mut self, item: &ItemId) -> Self {
        self.0.item.get_or_insert_with(|| item.clone());
        self
    }

    /// Says how long to wait before the next try, if that is known.
    #[must_use]
    pub fn retry_in(mut self, pause: impl Into<Option<Duration>>) -> Self {
        self.0.retry_after = pause.into();
        self
    }

    /// The class.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The text alone, without the places.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The side it happened on.
    pub fn side(&self) -> Option<&str> {
        self.0.side.as_deref()
    }

    /// The collection it happened in.
    pub fn collection(&self) -> Option<&CollectionId> {
        self.0.collection.as_ref()
    }

    /// The item it concerns.
    pub fn item(&self) -> Option<&ItemId> {
        self.0.item.as_ref()
    }

    /// The pause that the server asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the same work may succeed when tried again later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Connection | ErrorKind::Throttled | ErrorKind::Timeout
        )
    }

    /// Whether the session cannot go on: nothing further can be asked of this source now.
    pub fn is_fatal(&self) -> bool {
        self.is_retryable()
            || matches!(
                self.kind(),
                ErrorKind::Authentication | ErrorKind::Cancelled | ErrorKind::State
            )
    }

    /// Whether the source wants a snapshot since its cursor is void.
    pub fn is_cursor_lost(&self) -> bool {
        self.kind() == ErrorKind::CursorLost
    }

    /// Whether a login was refused.
    pub fn is_authentication(&self) -> bool {
        self.kind() == ErrorKind::Authentication
    }

    /// Whether a guard stopped the work.
    pub fn is_guard(&self) -> bool {
        self.kind() == ErrorKind::Guard
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(side) = &self.0.side {
            write!(f, "{side}: ")?;
        }
        if let Some(collection) = &self.0.collection {
            write!(f, "{collection}: ")?;
        }
        if let Some(item) = &self.0.item {
            write!(f, "item {item}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.kind())?;
        self.source()
            .map_or(Ok(()), |source| write!(f, " ({source})"))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<std::io::Error> for Error {
    /// A failed file operation; network sources say [`ErrorKind::Connection`] themselves.
    fn from(error: std::io::Error) -> Self {
        Self::new(ErrorKind::Local, error.to_string()).caused_by(error)
    }
}
