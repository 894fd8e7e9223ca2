use std::fmt;

use serde::{Deserialize, Serialize};

use super::KindSet;
use super::item::opaque;
use crate::source::Operation;

opaque! {
    /// Names one collection within its source: a mailbox name as sent on the wire, an href, a
    /// server id, a directory.
    CollectionId
}

/// Where a collection stands in its source's hierarchy, in Unicode and without a separator.
///
/// Prints with `/` between its segments; globs and renames of a config match that form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CollectionPath(Vec<String>);

impl CollectionPath {
    /// A path of these segments.
    pub fn new<S: Into<String>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self(segments.into_iter().map(Into::into).collect())
    }

    /// The inverse of printing.
    pub fn parse(text: &str) -> Self {
        Self(
            text.split('/')
                .filter(|s| !s.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }

    /// The segments from the root.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Whether this is the mailbox that every IMAP account has (RFC 9051 section 5.1).
    pub fn is_inbox(&self) -> bool {
        matches!(self.0.as_slice(), [only] if only.eq_ignore_ascii_case("INBOX"))
    }
}

impl fmt::Display for CollectionPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("/")?;
            }
            f.write_str(segment)?;
        }
        Ok(())
    }
}

impl fmt::Debug for CollectionPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// What a collection is for (SPECIAL-USE, RFC 6154; EAS folder types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// Where new mail arrives.
    Inbox,
    /// `\Drafts`
    Drafts,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
    /// `\Junk`
    Junk,
    /// `\Archive`
    Archive,
    /// What is put here is sent (EAS).
    Outbox,
    /// A view of what other collections hold (`\All`, `\Flagged`, `\Important`): never synchronised
    /// unless a config names it.
    View,
}

impl Role {
    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Drafts => "drafts",
            Self::Sent => "sent",
            Self::Trash => "trash",
            Self::Junk => "junk",
            Self::Archive => "archive",
            Self::Outbox => "outbox",
            Self::View => "view",
        }
    }
}

/// What people see of a collection beside its items.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CollectionProperties {
    /// The name shown; without it the last segment of the path.
    pub display_name: Option<String>,
    /// `#RRGGBB` or `#RRGGBBAA`.
    pub color: Option<String>,
    /// A description.
    pub description: Option<String>,
    /// The place in a list.
    pub order: Option<i64>,
}

/// A folder, calendar or address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// The source's name for it.
    pub id: CollectionId,
    /// Where it stands.
    pub path: CollectionPath,
    /// What it may hold; only collections that share a kind pair.
    pub kinds: KindSet,
    /// What it is for.
    pub role: Option<Role>,
    /// Whether the account may not write here.
    pub read_only: bool,
    /// What is never done here, beside what the source never does
    /// ([`Capabilities::refuses`](crate::source::Capabilities::refuses)), with the reason a person is
    /// shown.
    pub refuses: Vec<(Operation, &'static str)>,
    /// What people see of it.
    pub properties: CollectionProperties,
}

impl Collection {
    /// A writable collection without a role.
    pub fn new(id: impl Into<CollectionId>, path: CollectionPath, kinds: KindSet) -> Self {
        Self {
            id: id.into(),
            path,
            kinds,
            role: None,
            read_only: false,
            refuses: Vec::new(),
            properties: CollectionProperties::default(),
        }
    }
}

/// A collection about to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCollection {
    /// Where it shall stand.
    pub path: CollectionPath,
    /// What it shall hold.
    pub kinds: KindSet,
    /// What it shall be for, where the source can say so (CREATE-SPECIAL-USE, RFC 6154).
    pub role: Option<Role>,
    /// What people shall see of it.
    pub properties: CollectionProperties,
}
