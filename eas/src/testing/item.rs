//! Items, as they are stored.

use super::element::{self, Element};
use crate::wire::wbxml::Tag;

/// What the items of a folder are ([MS-ASCMD] section 2.2.3.27).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Class {
    Email,
    Calendar,
    Contacts,
    Tasks,
    Notes,
}

impl Class {
    /// By the type of the folder ([MS-ASCMD] section 2.2.3.186.2); none for what is not synchronised.
    pub(super) const fn of_folder(folder_type: u8) -> Option<Self> {
        Some(match folder_type {
            1..=6 | 12 => Self::Email,
            7 | 15 => Self::Tasks,
            8 | 13 => Self::Calendar,
            9 | 14 => Self::Contacts,
            10 | 17 => Self::Notes,
            _ => return None,
        })
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "Email",
            Self::Calendar => "Calendar",
            Self::Contacts => "Contacts",
            Self::Tasks => "Tasks",
            Self::Notes => "Notes",
        }
    }
}

/// A body that is no mail's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// 1 plain text, 2 HTML, 3 RTF.
    pub body_type: u8,
    /// Its text.
    pub data: String,
}

/// A file of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What fetches it.
    pub reference: String,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// 1 a file, 5 a message.
    pub method: u8,
    /// Its Content-ID.
    pub content_id: Option<String>,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// An item, as a test sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Item {
    /// The server's name for it.
    pub id: String,
    /// Its properties, as children of `ApplicationData`. An appointment has its location and the start of
    /// its exceptions in the elements of 14.1.
    pub properties: Vec<Element>,
    /// Its body, unless it is a mail.
    pub body: Option<Body>,
    /// Its files; a mail's are in its MIME too.
    pub attachments: Vec<Attachment>,
    /// A mail's bytes.
    pub mime: Option<Vec<u8>>,
    /// When it was received or written, in seconds since 1970.
    pub received: i64,
    /// Moves on with each change.
    pub(super) version: u64,
    /// Moves on with each change that is not of a mail's flags alone.
    pub(super) content: u64,
    pub(super) client_uid: Option<String>,
}

impl Item {
    pub(super) fn new(id: String, properties: Vec<Element>) -> Self {
        Self {
            id,
            properties,
            body: None,
            attachments: Vec::new(),
            mime: None,
            received: super::clock::now(),
            version: 0,
            content: 0,
            client_uid: None,
        }
    }

    /// The text of a property.
    #[must_use]
    pub fn text(&self, tag: Tag) -> Option<String> {
        element::text(&self.properties, tag)
    }

    /// A property.
    #[must_use]
    pub fn property(&self, tag: Tag) -> Option<&Element> {
        element::find(&self.properties, tag)
    }
}
