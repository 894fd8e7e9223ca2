//! Files of appointments, from 16.0 on.

use super::EasSource;
use crate::client;
use crate::mapping::event::{LARGEST_FILE, retain_files};
use crate::wire::class::{Attachment, Class, Event, Item, NewAttachment};
use crate::wire::command::{
    Fetch, FetchOf, Fetched, ItemOperations, Name, Operation, ServerChange,
};
use crate::wire::{Action, Status, Version};

/// How many files one request asks for.
const BATCH: usize = 5;
/// The most bytes of one appointment's files.
const MOST: u64 = 64 << 20;
/// The file is above what the account's policy allows, or empty ([MS-ASCMD] section 2.2.3.177.8).
const TOO_LARGE: Status = Status(11);
const EMPTY: Status = Status(10);
const BYTES: &str = "application/octet-stream";

impl EasSource {
    /// Fetches the bytes of the files of these items, as far as they are carried along. What cannot
    /// be fetched stays without.
    pub(super) async fn read_files(&mut self, mut items: Vec<&mut Item>) -> client::Result<()> {
        let version = self.client.version();
        let has_files = version.is_some_and(|version| version >= Version::V16_0);
        let mut files = Vec::new();
        for item in &mut items {
            if let Item::Event(event) = item {
                match has_files {
                    true => retain_files(event),
                    false => event.attachments.clear(),
                }
                let sizes = event.attachments.iter().map(|file| file.size.unwrap_or(0));
                if sizes.fold(0, u64::saturating_add) <= MOST {
                    files.extend(event.attachments.iter_mut());
                }
            }
        }
        for batch in files.chunks_mut(BATCH) {
            self.read_batch(batch).await?;
        }
        for item in items {
            if let Item::Event(event) = item {
                event.attachments.retain(|file| !file.reference.is_empty());
            }
        }
        Ok(())
    }

    /// One request. A file that is too large loses its reference.
    async fn read_batch(&mut self, files: &mut [&mut Attachment]) -> client::Result<()> {
        let fetch = |file: &&mut Attachment| {
            let what = FetchOf::Attachment(file.reference.clone());
            Operation::Fetch(Fetch::new(what, Class::Calendar))
        };
        let request = ItemOperations(files.iter().map(fetch).collect());
        let answer = self.client.item_operations(&request).await?;
        // Answers are in the order of the request.
        for (file, fetched) in files.iter_mut().zip(answer.fetched) {
            let status = fetched.status.unwrap_or(Status::OK);
            match status.action(Name::ItemOperations) {
                Action::None => take(file, fetched),
                _ if status == EMPTY => file.content = Some(Vec::new()),
                _ if status == TOO_LARGE => file.reference.clear(),
                Action::Retry | Action::RetryLate => {
                    return Err(client::Error::status_of(Name::ItemOperations, status));
                }
                _ => tracing::warn!(name = file.name, %status, "a file cannot be fetched"),
            }
        }
        Ok(())
    }

    /// Fetches the files of the appointments in a listing. One whose files cannot be fetched cannot
    /// be read: without them it would look as if they had been taken away.
    pub(super) async fn complete_changes(
        &mut self,
        changes: &mut [ServerChange],
    ) -> client::Result<()> {
        let items = changes.iter_mut().filter_map(told).collect();
        self.read_files(items).await?;
        for change in changes {
            if told(change).is_some_and(|item| !is_complete(item)) {
                let id = change.id().to_owned();
                *change = ServerChange::Unreadable { id };
            }
        }
        Ok(())
    }
}

fn told(change: &mut ServerChange) -> Option<&mut Item> {
    match change {
        ServerChange::Add { item, .. }
        | ServerChange::Change {
            item,
            instance: None,
            ..
        } if !files(item).is_empty() => Some(item),
        _ => None,
    }
}

fn files(item: &Item) -> &[Attachment] {
    match item {
        Item::Event(event) => &event.attachments,
        _ => &[],
    }
}

/// Whether all files of an item are there.
pub(super) fn is_complete(item: &Item) -> bool {
    files(item).iter().all(|file| file.content.is_some())
}

fn take(file: &mut Attachment, fetched: Fetched) {
    let content = fetched.data.unwrap_or_default();
    let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
    // Sizes that are told beforehand are rough.
    if size > LARGEST_FILE {
        return file.reference.clear();
    }
    file.content_type = fetched.content_type.or(file.content_type.take());
    file.content = Some(content);
}

/// Turns the files that an appointment shall have into what is added to and taken from those that it
/// has. `name` tells this appointment from others of the request.
pub(super) fn change(event: &mut Event, old: &[Attachment], name: &str) {
    let is_same = |a: &Attachment, b: &Attachment| a.name == b.name && a.content == b.content;
    let wanted = std::mem::take(&mut event.attachments);
    // What was not read was not taken away either.
    let gone = old
        .iter()
        .filter(|there| there.content.is_some() && !wanted.iter().any(|file| is_same(file, there)));
    let mut changes: Vec<_> = gone
        .map(|there| NewAttachment::Delete(there.reference.clone()))
        .collect();
    let new = wanted
        .into_iter()
        .filter(|file| !old.iter().any(|there| is_same(file, there)));
    changes.extend(new.enumerate().map(|(index, file)| NewAttachment::Add {
        client_id: format!("{name}-{index}"),
        name: file.name,
        content_type: file.content_type.unwrap_or_else(|| BYTES.to_owned()),
        content: file.content.unwrap_or_default(),
    }));
    event.new_attachments = changes;
}
