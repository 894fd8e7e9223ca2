//! Bytes into typed requests and answers, and back. No I/O, no clock; total on any input.
//!
//! Answers are XML documents that are read by namespace and name, within [`limits`]. What a document says
//! of itself is parsed here and once. What no source documents is not made up: the sheet of facts that
//! this follows has two kinds, and what rests on clean-room notes about another client alone says so.
//!
//! | what | where |
//! | --- | --- |
//! | login | [`rst2`] |
//! | folders and messages, changes | [`sync`] |
//! | a message as it is | [`item_operations`], [`mtom`] |
//! | messages that go out | [`send`] |
//! | limits of the server | [`settings`] |
//! | statuses and what they ask for | [`Status`], [`Action`] |

mod error;
pub mod item_operations;
pub mod limits;
pub mod mtom;
pub mod rst2;
pub mod send;
pub mod settings;
mod status;
pub mod sync;
mod value;
mod xml;

pub use error::{DecodeError, DecodeErrorKind, Fault};
pub use status::{Action, Status};
pub use value::{ServerId, SyncKey};

/// The paths of the commands below a server's origin. Those of Sync, ItemOperations and Settings are
/// known, that of Send is inferred from theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// [`sync`]
    Sync,
    /// [`item_operations`]
    ItemOperations,
    /// [`send`]
    Send,
    /// [`settings`]
    Settings,
}

impl Command {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "Sync",
            Self::ItemOperations => "ItemOperations",
            Self::Send => "Send",
            Self::Settings => "Settings",
        }
    }

    /// Its path.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Sync => "/DeltaSync_v2.0.0/Sync.aspx",
            Self::ItemOperations => "/DeltaSync_v2.0.0/ItemOperations.aspx",
            Self::Send => "/DeltaSync_v2.0.0/Send.aspx",
            Self::Settings => "/DeltaSync_v2.0.0/Settings.aspx",
        }
    }
}

impl std::fmt::Display for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
