//! Mailboxes: listing and creating them.

use std::collections::{BTreeSet, HashMap};

use sync_core::model::{Collection, CollectionId, KindSet, NewCollection, Role};
use sync_core::{Error, ErrorKind, Result};

use crate::client::{Call, Client, Listed};
use crate::wire::MailboxName;
use crate::wire::command::{ListOptions, StatusItem};
use crate::wire::response::MailboxStatus;

use super::ImapSource;
use super::connection::not_connected;
use super::cursor::Mark;
use super::ident::{collection_id, mailbox_name};
use super::names::{Layout, role_by_name, role_of, special_use};

/// What tells whether a mailbox changed.
pub(super) const NUMBERS: [StatusItem; 4] = [
    StatusItem::UidValidity,
    StatusItem::UidNext,
    StatusItem::Messages,
    StatusItem::HighestModSeq,
];

/// The numbers that STATUS gave.
pub(super) fn mark_of(status: &MailboxStatus) -> Mark {
    Mark {
        uid_validity: status.uid_validity.unwrap_or(0),
        uid_next: status.uid_next.unwrap_or(0),
        mod_seq: status.highest_mod_seq.unwrap_or(0),
        messages: status.messages.unwrap_or(0),
    }
}

fn list_all() -> Call<Vec<Listed>> {
    let options = ListOptions {
        return_special_use: true,
        return_status: NUMBERS.to_vec(),
        ..ListOptions::default()
    };
    Call::list(
        &MailboxName::from_wire(""),
        &MailboxName::from_wire("*"),
        options,
    )
}

impl ImapSource {
    pub(super) async fn list_mailboxes(&mut self) -> Result<Vec<Collection>> {
        let first = if self.is_connected() {
            None
        } else {
            self.connect(Some(list_all())).await?
        };
        let client = self.client.as_mut().ok_or_else(not_connected)?;
        let listed = match first {
            Some(listed) => listed,
            None => client.run(list_all()).await?,
        };
        let layout = self.layout.as_ref().ok_or_else(not_connected)?;
        let mailboxes = shown(listed, layout, self.config.foreign);
        self.statuses = statuses(client, &mailboxes).await?;
        Ok(collections(client, &mailboxes, layout))
    }

    pub(super) async fn create_mailbox(&mut self, new: &NewCollection) -> Result<Collection> {
        if new.kinds.and(KindSet::MAIL).is_empty() {
            let text = format!("{}: a mailbox holds mail only", new.path);
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        self.client().await?;
        let client = self.client.as_mut().ok_or_else(not_connected)?;
        let layout = self.layout.as_ref().ok_or_else(not_connected)?;
        let Some(name) = layout.name(&new.path) else {
            let text = format!("{}: a level of the path has no name", new.path);
            return Err(Error::new(ErrorKind::Refused, text));
        };
        let attribute = new.role.and_then(special_use);
        let attributes: Vec<&str> = attribute.into_iter().collect();
        let mut made = create(client, &name, &attributes).await;
        if made.is_err() {
            // Some servers make no parents; a parent that is there refuses, which is fine.
            let segments = new.path.segments();
            for depth in 1..segments.len() {
                let parent = segments.get(..depth).unwrap_or_default().iter().cloned();
                let parent = sync_core::model::CollectionPath::new(parent);
                if let Some(parent) = layout.name(&parent) {
                    let _ = create(client, &parent, &[]).await;
                }
            }
            if new.path.segments().len() > 1 {
                made = create(client, &name, &attributes).await;
            }
        }
        made.map_err(|error| error.in_collection(&collection_id(&name)))?;
        let mut collection = Collection::new(collection_id(&name), new.path.clone(), KindSet::MAIL);
        collection.path = layout.path(&name);
        collection.role = match new.path.is_inbox() {
            true => Some(Role::Inbox),
            false => new.role,
        };
        Ok(collection)
    }
}

/// CREATE and SUBSCRIBE; a mailbox that is there is no error.
async fn create(client: &mut Client, name: &MailboxName, attributes: &[&str]) -> Result<()> {
    let mut made = client.create(name, attributes).await.map(drop);
    if made.as_ref().is_err_and(is_refusal) && !attributes.is_empty() {
        // The use may be taken already (USEATTR).
        made = client.create(name, &[]).await.map(drop);
    }
    if let Err(error) = made {
        let there =
            error.is_already_there() || (is_refusal(&error) && exists(client, name).await?);
        if !there {
            return Err(error.into());
        }
    }
    match client.subscribe(name).await {
        Err(error) if !is_refusal(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

fn is_refusal(error: &crate::client::Error) -> bool {
    use crate::client::ErrorKind::{Bad, No};
    matches!(error.kind(), No | Bad) && !error.is_throttled()
}

async fn exists(client: &mut Client, name: &MailboxName) -> Result<bool> {
    let listed = client
        .list(&MailboxName::from_wire(""), name, ListOptions::default())
        .await?;
    Ok(listed
        .iter()
        .any(|l| l.list.name == *name && l.list.attributes.is_selectable()))
}

/// Those that can be opened and are the user's.
fn shown(listed: Vec<Listed>, layout: &Layout, foreign: bool) -> Vec<Listed> {
    let mut names = BTreeSet::new();
    let wanted = |l: &Listed| {
        l.list.attributes.is_selectable() && (foreign || !layout.is_foreign(&l.list.name))
    };
    listed
        .into_iter()
        .filter(|l| wanted(l) && names.insert(l.list.name.clone()))
        .collect()
}

/// The numbers of mailboxes, where they can tell that nothing changed.
async fn statuses(
    client: &mut Client,
    mailboxes: &[Listed],
) -> Result<HashMap<CollectionId, Mark>> {
    let session = client.session();
    if !session.has("CONDSTORE") && !session.has("QRESYNC") {
        return Ok(HashMap::new());
    }
    let told = |l: &Listed| l.status.as_ref().map(|s| (s.mailbox.clone(), mark_of(s)));
    let mut marks: Vec<_> = mailboxes.iter().filter_map(told).collect();
    if !session.has("LIST-STATUS") {
        let names = mailboxes.iter().map(|l| &l.list.name);
        marks = status_of(client, names).await?;
    }
    Ok(marks
        .into_iter()
        .map(|(name, mark)| (collection_id(&name), mark))
        .collect())
}

/// STATUS of many mailboxes in one flight; those that refuse it are left out.
pub(super) async fn status_of<'a>(
    client: &mut Client,
    names: impl Iterator<Item = &'a MailboxName>,
) -> Result<Vec<(MailboxName, Mark)>> {
    let names: Vec<&MailboxName> = names.collect();
    let mut marks = Vec::with_capacity(names.len());
    // More in flight would fill both directions of the connection.
    for some in names.chunks(100) {
        let mut pending = Vec::with_capacity(some.len());
        for name in some {
            pending.push(client.send(Call::status(name, &NUMBERS)).await?);
        }
        for (name, pending) in some.iter().zip(pending) {
            match client.wait(pending).await {
                Ok(Some(status)) => marks.push((MailboxName::clone(name), mark_of(&status))),
                Ok(None) => {}
                Err(error) if is_refusal(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(marks)
}

fn collections(client: &Client, mailboxes: &[Listed], layout: &Layout) -> Vec<Collection> {
    let told = mailboxes
        .iter()
        .any(|l| role_of(&l.list.attributes).is_some());
    let by_name = !told && !client.session().has("SPECIAL-USE");
    let mut taken = BTreeSet::new();
    let mut collections: Vec<Collection> = mailboxes
        .iter()
        .map(|listed| {
            let name = &listed.list.name;
            let path = layout.path(name);
            let mut collection = Collection::new(collection_id(name), path, KindSet::MAIL);
            collection.role = if name.is_inbox() {
                Some(Role::Inbox)
            } else if by_name {
                role_by_name(&collection.path)
            } else {
                role_of(&listed.list.attributes)
            };
            collection
        })
        .collect();
    // A role has one mailbox, the same one at every listing.
    collections.sort_by(|a, b| a.path.cmp(&b.path));
    for collection in &mut collections {
        let single = collection.role.filter(|role| *role != Role::View);
        if single.is_some_and(|role| !taken.insert(role)) {
            collection.role = None;
        }
    }
    collections
}

/// The mailboxes by name.
pub(super) fn names_of(collections: &[CollectionId]) -> Vec<MailboxName> {
    collections.iter().map(mailbox_name).collect()
}
