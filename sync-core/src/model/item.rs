use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Body, Flags, Identity};

/// Declares an opaque string that only its source understands.
macro_rules! opaque {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the source's own spelling.
            pub fn new(value: impl Into<String>) -> Self {
                Self(value.into())
            }

            /// The source's own spelling.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                Self(value.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self(value)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use opaque;

opaque! {
    /// Names one item within its collection, for as long as the item lives.
    ///
    /// An id is never reused for another item: an IMAP source joins UIDVALIDITY and UID, a WebDAV
    /// source takes the href, a Maildir the unique part of the file name.
    ItemId
}

opaque! {
    /// One state of one item: equal revisions mean an equal item.
    ///
    /// An ETag, a MODSEQ, a change key, or a rendering of what can change (the flags of a message).
    Revision
}

opaque! {
    /// Where a source stands in the history of one collection; its own secret.
    ///
    /// UIDVALIDITY and HIGHESTMODSEQ, a SyncKey, a sync-token. The engine stores it beside what it
    /// led to and never looks inside.
    Cursor
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ItemKind {
    /// An RFC 5322 message; its content never changes, its flags do.
    Message,
    /// A VEVENT with all its overrides (RFC 5545).
    Event,
    /// A VTODO (RFC 5545).
    Task,
    /// A VJOURNAL (RFC 5545).
    Note,
    /// A vCard (RFC 6350).
    Contact,
}

impl ItemKind {
    /// Every kind, in declaration order.
    pub const ALL: [Self; 5] = [
        Self::Message,
        Self::Event,
        Self::Task,
        Self::Note,
        Self::Contact,
    ];

    /// Whether the content can change under the same id.
    pub const fn is_mutable(self) -> bool {
        !matches!(self, Self::Message)
    }

    /// The word used in reports and in the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Event => "event",
            Self::Task => "task",
            Self::Note => "note",
            Self::Contact => "contact",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for ItemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of [`ItemKind`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KindSet(u8);

impl KindSet {
    /// No kind.
    pub const NONE: Self = Self(0);
    /// Mail.
    pub const MAIL: Self = Self::of(ItemKind::Message);
    /// Events, tasks and notes: what one CalDAV calendar may hold.
    pub const CALENDAR: Self = Self::of(ItemKind::Event)
        .with(ItemKind::Task)
        .with(ItemKind::Note);
    /// Contacts.
    pub const CONTACTS: Self = Self::of(ItemKind::Contact);

    /// The set of one kind.
    pub const fn of(kind: ItemKind) -> Self {
        Self(1 << kind as u8)
    }

    /// This set and one more kind.
    #[must_use]
    pub const fn with(self, kind: ItemKind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    /// What either set holds.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What only this set holds.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// How many kinds are in the set.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether the kind is in the set.
    pub const fn contains(self, kind: ItemKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// What both sets hold.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether no kind is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// One bit a kind, as stored.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The inverse of [`bits`](Self::bits); unknown bits are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b1_1111)
    }

    /// The kinds in the set.
    pub fn iter(self) -> impl Iterator<Item = ItemKind> {
        ItemKind::ALL
            .into_iter()
            .filter(move |kind| self.contains(*kind))
    }
}

/// A point in time with the zone it was written in (INTERNALDATE, RFC 9051 section 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Minutes east of UTC of the zone it is shown in.
    pub offset_minutes: i16,
}

impl Timestamp {
    /// A point in time shown in UTC.
    pub const fn utc(seconds: i64) -> Self {
        Self {
            seconds,
            offset_minutes: 0,
        }
    }
}

/// One message, event, task, note or contact as a source holds it.
///
/// A listing fills what the protocol gives for little; [`Depth`](crate::source::Depth) says what a
/// fetch must fill.
#[derive(Debug, Clone)]
pub struct Item {
    /// The item's name within its collection.
    pub id: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// Its present state; the guard of a later write.
    pub revision: Revision,
    /// Flags and keywords of a message; empty for every other kind.
    pub flags: Flags,
    /// INTERNALDATE of a message.
    pub date: Option<Timestamp>,
    /// Bytes of the content as fetched (RFC822.SIZE), where the source knows it without fetching.
    pub size: Option<u64>,
    /// What recognises the item when no link is known.
    pub identity: Identity,
    /// The content: RFC 5322 with CRLF, iCalendar or vCard.
    pub body: Option<Body>,
}

impl Item {
    /// An item of which only id, kind and revision are known.
    pub fn new(id: impl Into<ItemId>, kind: ItemKind, revision: impl Into<Revision>) -> Self {
        Self {
            id: id.into(),
            kind,
            revision: revision.into(),
            flags: Flags::default(),
            date: None,
            size: None,
            identity: Identity::default(),
            body: None,
        }
    }
}

/// An item about to be created.
#[derive(Debug, Clone)]
pub struct NewItem {
    /// What it is.
    pub kind: ItemKind,
    /// Flags and keywords it shall have.
    pub flags: Flags,
    /// INTERNALDATE it shall have; without it the server's clock decides.
    pub date: Option<Timestamp>,
    /// What recognises it: a PIM source names its resource after the UID.
    pub identity: Identity,
    /// Its content.
    pub body: Body,
}
