//! Sync: folders and messages, what changed there, and changes to them.

mod answer;
mod request;

pub use answer::{
    CollectionAnswer, FolderData, MessageData, Response, ResponseKind, ServerCommand, SyncAnswer,
};
pub use request::{
    CollectionRequest, Command, Conflict, Encoded, MessageChange, NewFolder, NewMessage,
    SyncRequest,
};

use super::error::{DecodeError, Fault};
use super::status::Status;
use super::xml::Element;

/// What a collection holds. Others than these two are documented nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Folders.
    Folder,
    /// Messages.
    Email,
}

impl Class {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "Folder",
            Self::Email => "Email",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        let known = [Self::Folder, Self::Email].into_iter();
        known
            .into_iter()
            .find(|class| class.as_str().eq_ignore_ascii_case(word))
    }
}

/// Whether a message was replied to or forwarded; one of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReplyState {
    /// Neither.
    #[default]
    None,
    /// Replied to.
    Replied,
    /// Forwarded.
    Forwarded,
}

impl ReplyState {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Replied => 1,
            Self::Forwarded => 2,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::None, Self::Replied, Self::Forwarded];
        let number: u8 = text.parse().ok()?;
        all.into_iter().find(|state| state.number() == number)
    }
}

/// Looks whether the request as a whole failed. The status is looked up in whatever namespace, as the
/// commands differ in theirs.
pub(super) fn fault(root: &Element) -> Result<(), DecodeError> {
    let status = root.local_value("Status").and_then(Status::parse);
    let status = status.ok_or_else(|| DecodeError::content("no status"))?;
    if status.is_success() {
        return Ok(());
    }
    let fault = root.local("Fault");
    let said = |name| {
        let text = fault?.local_value(name)?;
        Some(text.to_owned())
    };
    Err(Fault {
        status,
        code: said("Faultcode"),
        text: said("Faultstring"),
        detail: said("Detail"),
    }
    .into())
}
