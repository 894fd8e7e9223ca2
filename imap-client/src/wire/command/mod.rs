//! Commands: what a client says.
//!
//! A [`Command`] is made by one function a command, and holds what is to be
//! said; [`Command::encode`] then writes it for a tag and for what the session
//! has agreed on (literals without waiting, UTF-8 in quotes).
//!
//! ```
//! use imap_client::wire::command::{FetchItem, FetchModifiers, Messages};
//! use imap_client::wire::{Command, EncodeOptions, UidSet};
//!
//! let uids = UidSet::parse(b"1:*")?;
//! let items = [FetchItem::Uid, FetchItem::Flags];
//! let modifiers = FetchModifiers { changed_since: Some(715), ..FetchModifiers::default() };
//! let command = Command::fetch(Messages::Uid(&uids), &items, &modifiers);
//! let encoded = command.encode("A7", &EncodeOptions::default())?;
//! assert_eq!(encoded.to_vec(), b"A7 UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 715)\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod append;
mod encode;
mod fetch;
mod mailbox;
mod search;
mod session;

pub use account::{MetadataDepth, NotifyEvent, NotifyFilter};
pub use append::AppendMessage;
pub use encode::{EncodeError, EncodeOptions, Encoded, Fragment, LiteralMode};
pub use fetch::{FetchItem, FetchModifiers, FetchSection, SectionText, StoreAction};
pub use mailbox::{ListOptions, Qresync, SelectOptions, StatusItem};
pub use search::{SearchKey, SearchReturn, SortKey};
pub use session::{DONE, continuation};

use super::mailbox::MailboxName;
use super::set::SequenceSet;

/// Which messages a command is about.
#[derive(Debug, Clone, Copy)]
pub enum Messages<'a> {
    /// Those with these sequence numbers.
    Sequence(&'a SequenceSet),
    /// Those with these UIDs: the command gets the prefix `UID`.
    Uid(&'a SequenceSet),
    /// Those of the last saved search (`$`, RFC 5182), named by sequence number.
    Saved,
    /// As [`Messages::Saved`], with the prefix `UID`.
    UidSaved,
}

impl Messages<'_> {
    fn is_uid(self) -> bool {
        matches!(self, Self::Uid(_) | Self::UidSaved)
    }

    fn text(self) -> String {
        match self {
            Self::Sequence(set) | Self::Uid(set) => set.to_string(),
            Self::Saved | Self::UidSaved => "$".into(),
        }
    }
}

/// A command that is not written yet.
///
/// Its `Debug` shows the name alone: arguments may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    name: &'static str,
    parts: Vec<Part>,
}

/// A piece of a command.
#[derive(Clone, PartialEq, Eq)]
enum Part {
    /// Written as it is; must hold no line end.
    Text(String),
    /// An atom if it can be, else a quoted string, else a literal.
    Astring(Vec<u8>),
    /// A quoted string, else a literal.
    String(Vec<u8>),
    /// A literal.
    Literal { data: Vec<u8>, binary: bool },
    /// A literal whose data the caller holds.
    Stream { len: u64, binary: bool },
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Command")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Command {
    /// A command of this name, to which the functions below add arguments: the
    /// way to send what this module has no function for.
    ///
    /// ```
    /// use imap_client::wire::{Command, EncodeOptions};
    ///
    /// let command = Command::raw("XAPPLEPUSH").text(" ").astring("a b");
    /// let bytes = command.encode("A1", &EncodeOptions::default())?.to_vec();
    /// assert_eq!(bytes, b"A1 XAPPLEPUSH \"a b\"\r\n");
    /// # Ok::<(), imap_client::wire::EncodeError>(())
    /// ```
    #[must_use]
    pub fn raw(name: &'static str) -> Self {
        Self {
            name,
            parts: Vec::new(),
        }
    }

    /// A command on messages, `UID` in front if they are named by UID.
    fn on(messages: Messages<'_>, name: &'static str, uid_name: &'static str) -> Self {
        let name = if messages.is_uid() { uid_name } else { name };
        Self::raw(name).text(" ").text(messages.text())
    }

    /// The command's name, such as `UID FETCH`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Adds text as it is, spaces included. Encoding fails if it holds a line
    /// end or NUL.
    #[must_use]
    pub fn text(mut self, text: impl AsRef<str>) -> Self {
        self.push_text(text.as_ref());
        self
    }

    fn push_text(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    /// Adds an `astring`: an atom, a quoted string or a literal, as it needs.
    #[must_use]
    pub fn astring(mut self, value: impl AsRef<[u8]>) -> Self {
        self.parts.push(Part::Astring(value.as_ref().to_vec()));
        self
    }

    /// Adds a `string`: quoted or a literal, as it needs.
    #[must_use]
    pub fn string(mut self, value: impl AsRef<[u8]>) -> Self {
        self.parts.push(Part::String(value.as_ref().to_vec()));
        self
    }

    /// Adds a mailbox name.
    #[must_use]
    pub fn mailbox(self, name: &MailboxName) -> Self {
        self.astring(name.as_bytes())
    }

    /// Adds a literal; `binary`: a `literal8` (RFC 3516), which may hold NUL.
    #[must_use]
    pub fn literal(mut self, data: impl Into<Vec<u8>>, binary: bool) -> Self {
        let data = data.into();
        self.parts.push(Part::Literal { data, binary });
        self
    }

    /// Adds a literal of `len` bytes that the caller sends when
    /// [`Fragment::Stream`] says so.
    #[must_use]
    pub fn stream(mut self, len: u64, binary: bool) -> Self {
        self.parts.push(Part::Stream { len, binary });
        self
    }
}
