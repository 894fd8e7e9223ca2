//! FolderCreate, FolderUpdate and FolderDelete ([MS-ASCMD] sections 2.2.1.3, 2.2.1.6, 2.2.1.4). All
//! share the key of FolderSync: one at a time.

use super::folder_sync::FolderType;
use super::{Command, Name};
use crate::wire::wbxml::pages::FolderHierarchy as F;
use crate::wire::wbxml::{Error, Reader, Tag, Writer};
use crate::wire::{Status, Version};

/// Makes a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderCreate {
    /// The key of the folders.
    pub key: String,
    /// The folder above; `0` for the top.
    pub parent: String,
    /// At most 256 characters, unlike its siblings' names in any case.
    pub name: String,
    /// One of the types that a user can make.
    pub folder_type: FolderType,
}

/// The answer to [`FolderCreate`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderCreated {
    /// Whether it worked.
    pub status: Option<Status>,
    /// The next key; none after an error.
    pub key: Option<String>,
    /// The new folder's id.
    pub id: Option<String>,
}

/// Renames or moves a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderUpdate {
    /// The key of the folders.
    pub key: String,
    /// The folder.
    pub id: String,
    /// The folder above; `0` for the top.
    pub parent: String,
    /// Its name.
    pub name: String,
}

/// Deletes a folder with everything in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderDelete {
    /// The key of the folders.
    pub key: String,
    /// The folder.
    pub id: String,
}

/// The answer to [`FolderUpdate`] and [`FolderDelete`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoldersChanged {
    /// Whether it worked.
    pub status: Option<Status>,
    /// The next key; none after an error.
    pub key: Option<String>,
}

impl Command for FolderCreate {
    const NAME: Name = Name::FolderCreate;
    type Answer = FolderCreated;

    fn encode(&self, _: Version) -> Vec<u8> {
        let mut w = Writer::new();
        w.element(F::FolderCreate, |w| {
            w.text(F::SyncKey, &self.key);
            w.text(F::ParentId, &self.parent);
            w.text(F::DisplayName, &self.name);
            w.number(F::Type, self.folder_type.0);
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<FolderCreated, Error> {
        decode(body, F::FolderCreate)
    }

    fn status(answer: &FolderCreated) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        false
    }
}

impl Command for FolderUpdate {
    const NAME: Name = Name::FolderUpdate;
    type Answer = FoldersChanged;

    fn encode(&self, _: Version) -> Vec<u8> {
        let mut w = Writer::new();
        w.element(F::FolderUpdate, |w| {
            w.text(F::SyncKey, &self.key);
            w.text(F::ServerId, &self.id);
            w.text(F::ParentId, &self.parent);
            w.text(F::DisplayName, &self.name);
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<FoldersChanged, Error> {
        decode(body, F::FolderUpdate).map(FoldersChanged::from)
    }

    fn status(answer: &FoldersChanged) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        false
    }
}

impl Command for FolderDelete {
    const NAME: Name = Name::FolderDelete;
    type Answer = FoldersChanged;

    fn encode(&self, _: Version) -> Vec<u8> {
        let mut w = Writer::new();
        w.element(F::FolderDelete, |w| {
            w.text(F::SyncKey, &self.key);
            w.text(F::ServerId, &self.id);
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<FoldersChanged, Error> {
        decode(body, F::FolderDelete).map(FoldersChanged::from)
    }

    fn status(answer: &FoldersChanged) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        false
    }
}

impl From<FolderCreated> for FoldersChanged {
    fn from(answer: FolderCreated) -> Self {
        Self {
            status: answer.status,
            key: answer.key,
        }
    }
}

fn decode(body: &[u8], root: Tag) -> Result<FolderCreated, Error> {
    let mut r = Reader::new(body)?;
    r.root(root)?;
    let mut answer = FolderCreated::default();
    while let Some(tag) = r.child()? {
        match tag {
            F::Status => answer.status = r.number()?.map(Status),
            F::SyncKey => answer.key = Some(r.text()?.into_owned()),
            F::ServerId => answer.id = Some(r.text()?.into_owned()),
            _ => r.skip()?,
        }
    }
    Ok(answer)
}
