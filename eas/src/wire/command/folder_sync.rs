//! FolderSync ([MS-ASCMD] section 2.2.1.5).

use super::{Command, Name};
use crate::wire::wbxml::pages::FolderHierarchy as F;
use crate::wire::wbxml::{Error, Reader, Writer};
use crate::wire::{Status, Version};

/// Asks what changed in the folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderSync {
    /// The key of the last answer; `0` for the first time.
    pub key: String,
}

/// What changed in the folders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderSyncAnswer {
    /// Whether it worked.
    pub status: Option<Status>,
    /// The next request's key; none after an error.
    pub key: Option<String>,
    /// In the server's order, which need not put parents first.
    pub changes: Vec<FolderChange>,
}

/// One change of the folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderChange {
    /// A folder that is there; it may be one that was told before.
    Add(Folder),
    /// A folder with another name or parent.
    Update(Folder),
    /// The id of one that is gone.
    Delete(String),
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folder {
    /// Its id, at most 64 characters; opaque.
    pub id: String,
    /// The id of the folder above; `0` at the top.
    pub parent: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub folder_type: FolderType,
}

/// What a folder is for ([MS-ASCMD] section 2.2.3.186.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FolderType(pub u8);

impl FolderType {
    /// The inbox.
    pub const INBOX: Self = Self(2);
    /// Drafts.
    pub const DRAFTS: Self = Self(3);
    /// Deleted items.
    pub const DELETED: Self = Self(4);
    /// Sent items.
    pub const SENT: Self = Self(5);
    /// The outbox.
    pub const OUTBOX: Self = Self(6);
    /// The user's own tasks.
    pub const TASKS: Self = Self(7);
    /// The user's own calendar.
    pub const CALENDAR: Self = Self(8);
    /// The user's own contacts.
    pub const CONTACTS: Self = Self(9);
    /// The user's own notes.
    pub const NOTES: Self = Self(10);
    /// A mail folder that a user made.
    pub const USER_MAIL: Self = Self(12);
    /// A calendar that a user made.
    pub const USER_CALENDAR: Self = Self(13);
    /// Contacts that a user made.
    pub const USER_CONTACTS: Self = Self(14);
    /// Tasks that a user made.
    pub const USER_TASKS: Self = Self(15);
    /// Notes that a user made.
    pub const USER_NOTES: Self = Self(17);
    /// Whom the user wrote to: suggestions, read only.
    pub const RECIPIENT_CACHE: Self = Self(19);
}

impl Command for FolderSync {
    const NAME: Name = Name::FolderSync;
    type Answer = FolderSyncAnswer;

    fn encode(&self, _: Version) -> Vec<u8> {
        let mut w = Writer::new();
        w.element(F::FolderSync, |w| w.text(F::SyncKey, &self.key));
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<FolderSyncAnswer, Error> {
        let mut r = Reader::new(body)?;
        r.root(F::FolderSync)?;
        let mut answer = FolderSyncAnswer::default();
        while let Some(tag) = r.child()? {
            match tag {
                F::Status => answer.status = r.number()?.map(Status),
                F::SyncKey => answer.key = Some(r.text()?.into_owned()),
                F::Changes => {
                    while let Some(tag) = r.child()? {
                        match tag {
                            F::Add => answer.changes.push(FolderChange::Add(folder(&mut r)?)),
                            F::Update => answer.changes.push(FolderChange::Update(folder(&mut r)?)),
                            F::Delete => {
                                answer
                                    .changes
                                    .push(FolderChange::Delete(folder(&mut r)?.id));
                            }
                            _ => r.skip()?,
                        }
                    }
                }
                _ => r.skip()?,
            }
        }
        Ok(answer)
    }

    fn status(answer: &FolderSyncAnswer) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        true
    }
}

fn folder(r: &mut Reader<'_>) -> Result<Folder, Error> {
    let mut folder = Folder::default();
    while let Some(tag) = r.child()? {
        match tag {
            F::ServerId => folder.id = r.text()?.into_owned(),
            F::ParentId => folder.parent = r.text()?.into_owned(),
            F::DisplayName => folder.name = r.text()?.into_owned(),
            F::Type => folder.folder_type = FolderType(r.number()?.unwrap_or_default()),
            _ => r.skip()?,
        }
    }
    Ok(folder)
}
