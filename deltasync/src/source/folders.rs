//! Folders, and where they stand.

use std::collections::HashMap;

use sync_core::model::{Collection, CollectionPath, ItemKind, KindSet, NewCollection};
use sync_core::{Error, ErrorKind, Result};

use crate::mapping::{HIDDEN, SystemFolder, is_hidden};
use crate::wire::sync::{Class, CollectionRequest, Command, FolderData, NewFolder, ResponseKind};
use crate::wire::{ServerId, SyncKey, limits};

use super::DeltaSyncSource;

impl DeltaSyncSource {
    pub(super) async fn list_folders(&mut self) -> Result<Vec<Collection>> {
        let (folders, _) = self.client()?.folders().await?;
        Ok(collections(&folders))
    }

    /// Makes a folder and those that it stands in, one after the other.
    pub(super) async fn make_folder(&mut self, new: &NewCollection) -> Result<Collection> {
        if !new.kinds.contains(ItemKind::Message) && !new.kinds.is_empty() {
            let text = "DeltaSync has folders of mail and no others";
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        let (folders, mut key) = self.client()?.folders().await?;
        let there = collections(&folders);
        let same = |c: &&Collection| c.path == new.path || c.path.is_inbox() && new.path.is_inbox();
        if let Some(found) = there.iter().find(same) {
            return Ok(found.clone());
        }
        let mut parent = ServerId::root();
        let mut path = Vec::new();
        let mut made = None;
        for name in new.path.segments() {
            path.push(name.clone());
            let here = CollectionPath::new(path.iter().cloned());
            if let Some(found) = there.iter().find(|c| c.path == here) {
                parent = ServerId::new(found.id.as_str());
                made = Some(found.clone());
                continue;
            }
            (parent, key) = self.add_folder(name, parent, key).await?;
            made = Some(Collection::new(parent.as_str(), here, KindSet::MAIL));
        }
        made.ok_or_else(|| Error::new(ErrorKind::Refused, "a folder needs a name"))
    }

    async fn add_folder(
        &mut self,
        name: &str,
        parent: ServerId,
        key: SyncKey,
    ) -> Result<(ServerId, SyncKey)> {
        if name.starts_with(HIDDEN) {
            let text = format!("the service keeps names like {name:?} for itself");
            return Err(Error::new(ErrorKind::Refused, text));
        }
        let mut request = CollectionRequest::new(Class::Folder, None, key);
        request.commands.push(Command::AddFolder(NewFolder {
            client_id: "1".to_owned(),
            name: name.to_owned(),
            parent,
        }));
        let (key, answer) = self.client()?.sync_one(request).await?;
        let mut responses = answer.responses.into_iter();
        let response = responses.find(|response| response.kind == ResponseKind::Add);
        match response {
            Some(response) if response.status.is_success() => response.id.map(|id| (id, key)),
            Some(response) => {
                let text = format!("folder {name:?}: status {}", response.status);
                return Err(Error::new(ErrorKind::Refused, text));
            }
            None => None,
        }
        .ok_or_else(|| {
            let text = format!("folder {name:?}: no answer to its making");
            Error::new(ErrorKind::Protocol, text)
        })
    }
}

/// The folders that are shown.
fn collections(folders: &[FolderData]) -> Vec<Collection> {
    let by_id: HashMap<&ServerId, &FolderData> = folders.iter().map(|f| (&f.id, f)).collect();
    let mut all = Vec::new();
    for folder in folders {
        let mut names = Vec::new();
        let mut next = Some(folder);
        while let Some(here) = next {
            if is_hidden(&here.id, &here.name) || names.len() >= limits::DEPTH {
                names.clear();
                break;
            }
            names.push(match system(here) {
                Some(system) => system.name().to_owned(),
                None => here.name.clone(),
            });
            let parent = by_id.get(&here.parent).copied();
            next = parent.filter(|parent| parent.id.as_str() != ServerId::ROOT);
        }
        names.reverse();
        if names.is_empty() || names.iter().any(String::is_empty) {
            continue;
        }
        let path = CollectionPath::new(names);
        let mut collection = Collection::new(folder.id.as_str(), path, KindSet::MAIL);
        collection.role = system(folder).map(SystemFolder::role);
        all.push(collection);
    }
    all
}

fn system(folder: &FolderData) -> Option<SystemFolder> {
    SystemFolder::of(&folder.id, &folder.name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sync_core::model::Role;

    use super::*;

    fn folder(id: &str, name: &str, parent: &str) -> FolderData {
        FolderData {
            id: ServerId::new(id),
            name: name.to_owned(),
            parent: ServerId::new(parent),
        }
    }

    #[test]
    fn folders_stand_where_their_parents_do() {
        let all = collections(&[
            folder(
                "00000000-0000-0000-0000-000000000001",
                "ACTIVE",
                ServerId::ROOT,
            ),
            folder("b", "2024", "a"),
            folder("a", "Archive", ServerId::ROOT),
            folder("c", "HM_BuLkMail_", ""),
            folder("d", ".!!OIM", ServerId::ROOT),
            folder("e", "below the hidden", "d"),
            folder("f", "round", "g"),
            folder("g", "and round", "f"),
            folder("h", "", ServerId::ROOT),
            folder(ServerId::ROOT, "root", ""),
        ]);
        let found: Vec<_> = all.iter().map(|c| (c.path.to_string(), c.role)).collect();
        let expected = [
            ("INBOX", Some(Role::Inbox)),
            ("Archive/2024", None),
            ("Archive", None),
            ("Junk", Some(Role::Junk)),
        ];
        assert_eq!(found, expected.map(|(path, role)| (path.to_owned(), role)));
    }
}
