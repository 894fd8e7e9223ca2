//! Folders and what they hold.

use std::collections::HashMap;

use sync_core::model::{
    Collection, CollectionId, CollectionPath, ItemKind, KindSet, NewCollection, Role,
};
use sync_core::source::Operation;
use sync_core::{Error, ErrorKind, Result};

use super::{EasSource, NO_UPLOAD, held, outbox};
use crate::client::{self, Client};
use crate::wire::class::Class;
use crate::wire::command::{
    Folder, FolderChange, FolderCreate, FolderSyncAnswer, FolderType, Name,
};
use crate::wire::{Action, Version};

/// The key that asks for all folders.
const FIRST: &str = "0";
/// SOGo takes any other from a device that it knows.
const ANY: &str = "1";

/// What the server showed, by id.
#[derive(Debug, Clone, Default)]
pub(super) struct Folders {
    key: String,
    /// The server said that something changed.
    stale: bool,
    all: HashMap<String, Folder>,
}

/// The class of a folder's items; none for what cannot be synchronised.
const fn class_of(folder: &Folder) -> Option<Class> {
    Some(match folder.folder_type {
        FolderType(1) | FolderType::INBOX | FolderType::DRAFTS | FolderType::DELETED => {
            Class::Email
        }
        FolderType::SENT | FolderType::USER_MAIL => Class::Email,
        FolderType::CALENDAR | FolderType::USER_CALENDAR => Class::Calendar,
        FolderType::CONTACTS | FolderType::USER_CONTACTS => Class::Contacts,
        FolderType::TASKS | FolderType::USER_TASKS => Class::Tasks,
        FolderType::NOTES | FolderType::USER_NOTES => Class::Notes,
        // The outbox is a place of our own; the cache of recipients is nobody's address book.
        _ => return None,
    })
}

/// The kind of a class's items.
pub(super) const fn kind_of(class: Class) -> ItemKind {
    match class {
        Class::Email => ItemKind::Message,
        Class::Calendar => ItemKind::Event,
        Class::Contacts => ItemKind::Contact,
        Class::Tasks => ItemKind::Task,
        Class::Notes => ItemKind::Note,
    }
}

const fn role_of(folder: &Folder) -> Option<Role> {
    Some(match folder.folder_type {
        FolderType::INBOX => Role::Inbox,
        FolderType::DRAFTS => Role::Drafts,
        FolderType::DELETED => Role::Trash,
        FolderType::SENT => Role::Sent,
        _ => return None,
    })
}

/// From 16.0 on drafts can be put into their folder ([MS-ASEMAIL] section 2.2.2).
fn takes_drafts(folder: &Folder, version: Version) -> bool {
    folder.folder_type == FolderType::DRAFTS && version >= Version::V16_0
}

impl Folders {
    /// Where a folder stands. One whose parent is not there stands at the top, and so does one in a
    /// circle.
    fn path(&self, folder: &Folder) -> CollectionPath {
        if folder.folder_type == FolderType::INBOX {
            return CollectionPath::new(["INBOX"]);
        }
        let mut segments = vec![folder.name.clone()];
        let mut above = &folder.parent;
        while let Some(parent) = self.all.get(above) {
            if segments.len() > self.all.len() {
                return CollectionPath::new([folder.name.clone()]);
            }
            match parent.folder_type {
                FolderType::INBOX => segments.push("INBOX".into()),
                // What a user makes stands below the first calendar, or beside it, as servers please.
                FolderType::TASKS
                | FolderType::CALENDAR
                | FolderType::CONTACTS
                | FolderType::NOTES => {}
                _ => segments.push(parent.name.clone()),
            }
            above = &parent.parent;
        }
        segments.reverse();
        CollectionPath::new(segments)
    }

    /// The key to ask for changes with.
    fn key(&self) -> &str {
        match self.key.as_str() {
            "" => FIRST,
            key => key,
        }
    }

    fn collection(&self, folder: &Folder, version: Version) -> Option<Collection> {
        let class = class_of(folder)?;
        let kinds = KindSet::of(kind_of(class));
        let mut collection = Collection::new(folder.id.as_str(), self.path(folder), kinds);
        collection.role = role_of(folder);
        collection.properties.display_name = Some(folder.name.clone());
        if class == Class::Email && !takes_drafts(folder, version) {
            collection.refuses = vec![(Operation::Create, NO_UPLOAD)];
        }
        Some(collection)
    }

    /// The folder for this purpose.
    pub(super) fn of_type(&self, folder_type: FolderType) -> Option<&Folder> {
        let mut all = self.all.values();
        all.find(|folder| folder.folder_type == folder_type)
    }
}

impl EasSource {
    /// Every folder that can be synchronised.
    pub(super) async fn list_folders(&mut self) -> Result<Vec<Collection>> {
        let stale = self.folders.as_ref().is_some_and(|known| known.stale);
        self.list(stale && self.is_sogo()).await
    }

    /// The same; `anew` from the beginning, whatever the server then forgets.
    async fn list(&mut self, anew: bool) -> Result<Vec<Collection>> {
        let version = self.version().await?;
        // From the beginning once: some servers then begin anew with what is in the folders, too.
        let known = self
            .folders
            .take()
            .filter(|known| !anew && !known.key.is_empty());
        let mut folders = known.unwrap_or_default();
        let answer = match folders.key.is_empty() && !anew && self.is_sogo() {
            true => self.folders_as_another().await,
            false => self.client.folder_sync(folders.key()).await,
        };
        let answer = match answer {
            Err(error) if error.action() == Action::ReprimeFolders => {
                folders = Folders::default();
                self.client.folder_sync(FIRST).await?
            }
            answer => answer?,
        };
        if let Some(key) = answer.key {
            folders.key = key;
        }
        folders.stale = false;
        for change in answer.changes {
            match change {
                FolderChange::Add(folder) | FolderChange::Update(folder) => {
                    folders.all.insert(folder.id.clone(), folder);
                }
                FolderChange::Delete(id) => drop(folders.all.remove(&id)),
            }
        }
        let mut all: Vec<_> = folders
            .all
            .values()
            .filter_map(|folder| folders.collection(folder, version))
            .collect();
        all.push(outbox::collection(&folders));
        all.sort_by(|a, b| (&a.path, a.id.as_str()).cmp(&(&b.path, b.id.as_str())));
        if version >= Version::V16_0 {
            // The server gives appointments UIDs of its own.
            self.capabilities.makes_uids = held::MADE_UIDS.with(ItemKind::Event);
        }
        self.capabilities.held = held::held(version);
        self.folders = Some(folders);
        Ok(all)
    }

    /// Whether the server is SOGo, by the command that it has and does not name.
    pub(super) fn is_sogo(&self) -> bool {
        let commands = &self.client.offer().commands;
        let provision = Name::Provision.as_str();
        let has = |name: &String| name.eq_ignore_ascii_case(provision);
        !commands.is_empty() && !commands.iter().any(has)
    }

    /// All folders as another device is told them, with a key of this one, which is told what is new:
    /// SOGo begins anew with address books, task lists and mail of a device that asks for all folders.
    async fn folders_as_another(&mut self) -> client::Result<FolderSyncAnswer> {
        let own = self.client.folder_sync(ANY).await?;
        let mut options = self.config.client.clone();
        options.version = self.client.version();
        options.device.id = self.client_id(None, options.device.id.as_bytes());
        let mut answer = Client::new(options)?.folder_sync(FIRST).await?;
        answer.key = own.key;
        Ok(answer)
    }

    /// What a folder holds. Servers want the folders to be listed before anything in them is.
    pub(super) async fn class(&mut self, c: &CollectionId) -> Result<Class> {
        let known = |source: &Self| {
            let folders = source.folders.as_ref().filter(|known| !known.stale)?;
            folders.all.get(c.as_str()).and_then(class_of)
        };
        if known(self).is_none() {
            self.list_folders().await?;
        }
        known(self).ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such folder"))
    }

    /// The server said that something changed: the folders are listed before they are needed next.
    pub(super) fn doubt_folders(&mut self) {
        if let Some(folders) = &mut self.folders {
            folders.stale = true;
        }
    }

    /// Whether messages can be put into this folder.
    pub(super) fn takes_drafts(&self, c: &CollectionId) -> bool {
        let folder = self.folders.as_ref().and_then(|f| f.all.get(c.as_str()));
        let version = self.client.version();
        folder.is_some_and(|folder| version.is_some_and(|version| takes_drafts(folder, version)))
    }

    /// Makes a folder, and those above it.
    pub(super) async fn create_folder(&mut self, new: &NewCollection) -> Result<Collection> {
        let folder_type = match new.kinds.iter().next() {
            Some(ItemKind::Event) => FolderType::USER_CALENDAR,
            Some(ItemKind::Contact) => FolderType::USER_CONTACTS,
            Some(ItemKind::Task) => FolderType::USER_TASKS,
            Some(ItemKind::Note) => FolderType::USER_NOTES,
            _ => FolderType::USER_MAIL,
        };
        let segments = new.path.segments();
        let mut parent = "0".to_owned();
        for depth in 1..=segments.len() {
            let path = CollectionPath::new(segments.iter().take(depth).cloned());
            let there = self.list_folders().await?;
            let is_last = depth == segments.len();
            let found = there
                .iter()
                .find(|c| c.path == path && (!is_last || !c.kinds.and(new.kinds).is_empty()));
            if let Some(found) = found {
                if is_last {
                    return Ok(found.clone());
                }
                found.id.as_str().clone_into(&mut parent);
                continue;
            }
            let key = self.folders.as_ref().map(|f| f.key.clone());
            let created = self
                .client
                .folder_create(&FolderCreate {
                    key: key.unwrap_or_default(),
                    parent: parent.clone(),
                    name: path.segments().last().cloned().unwrap_or_default(),
                    folder_type,
                })
                .await?;
            parent = created.id.unwrap_or_default();
            if let (Some(folders), Some(key)) = (&mut self.folders, created.key) {
                folders.key = key;
            }
        }
        // SOGo makes a calendar and a folder of tasks of one name, and tells the calendar's id.
        let is_it = |c: &Collection| {
            let same = c.id.as_str() == parent || c.path == new.path;
            same && !c.kinds.and(new.kinds).is_empty()
        };
        let mut found = self.list_folders().await?.into_iter().find(is_it);
        if found.is_none() {
            // What a device made itself is not told to it as a change.
            found = self.list(true).await?.into_iter().find(is_it);
        }
        found.ok_or_else(|| {
            let why = format!("the server made {} and does not show it", new.path);
            Error::new(ErrorKind::Protocol, why)
        })
    }
}
