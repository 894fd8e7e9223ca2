//! Mailboxes: listing and creating them.

use std::collections::{BTreeSet, HashMap};

use sync_core::model::{Collection, CollectionId, CollectionPath, KindSet, NewCollection, Role};
use sync_core::{Error, ErrorKind, Result};

use crate::client::{Call, Client, Listed};
use crate::wire::MailboxName;
use crate::wire::command::{ListOptions, StatusItem};
use crate::wire::response::MailboxStatus;

use super::ImapSource;
use super::connection::not_connected;
use super::cursor::Mark;
use super::ident::{collection_id, mailbox_name};
use super::names::{Layout, Spelling, role_by_name, role_of, special_use};
use super::read::{answer, unless_refused};

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
        let attribute = new.role.and_then(special_use);
        let attributes: Vec<&str> = attribute.into_iter().collect();
        let mut refused = None;
        for spelling in [Spelling::Plain, Spelling::Safe] {
            let Some(name) = layout.name(&new.path, spelling) else {
                let text = format!("{}: a level of the path has no name", new.path);
                return Err(Error::new(ErrorKind::Refused, text));
            };
            match create_below(client, layout, &new.path, &name, spelling, &attributes).await? {
                Ok(()) => {
                    let path = layout.path(&name);
                    let mut made = Collection::new(collection_id(&name), path, KindSet::MAIL);
                    made.role = match name.is_inbox() {
                        true => Some(Role::Inbox),
                        false => new.role,
                    };
                    return Ok(made);
                }
                Err(error) => {
                    refused.get_or_insert(error);
                }
            }
        }
        let text = format!("{}: it cannot be created", new.path);
        Err(refused.map_or_else(|| Error::new(ErrorKind::Refused, text), Error::from))
    }
}

/// Creates a mailbox, and what it stands in if the server does not do so itself.
async fn create_below(
    client: &mut Client,
    layout: &Layout,
    path: &CollectionPath,
    name: &MailboxName,
    spelling: Spelling,
    attributes: &[&str],
) -> Result<std::result::Result<(), crate::client::Error>> {
    let first = create(client, name, attributes).await?;
    let levels = path.segments().len();
    if first.is_ok() || levels < 2 {
        return Ok(first);
    }
    for level in 1..levels {
        let parent = path.segments().get(..level).unwrap_or_default();
        let parent = CollectionPath::new(parent.iter().cloned());
        if let Some(parent) = layout.name(&parent, spelling) {
            // What matters is whether the mailbox itself can be made then.
            create(client, &parent, &[]).await?.ok();
        }
    }
    create(client, name, attributes).await
}

/// CREATE and SUBSCRIBE; a mailbox that is there is no error.
async fn create(
    client: &mut Client,
    name: &MailboxName,
    attributes: &[&str],
) -> Result<std::result::Result<(), crate::client::Error>> {
    let mut made = answer(client.create(name, attributes).await)?;
    if made.is_err() && !attributes.is_empty() {
        // The use may be taken already (USEATTR).
        made = answer(client.create(name, &[]).await)?;
    }
    if let Err(error) = made
        && !error.is_already_there()
        && !exists(client, name).await?
    {
        return Ok(Err(error));
    }
    // A server without subscriptions holds the mailbox all the same.
    answer(client.subscribe(name).await)?.ok();
    Ok(Ok(()))
}

async fn exists(client: &mut Client, name: &MailboxName) -> Result<bool> {
    let nothing = MailboxName::from_wire("");
    let listed = client.list(&nothing, name, ListOptions::default()).await;
    let listed = unless_refused(listed)?;
    Ok(listed
        .iter()
        .flatten()
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
            if let Some(Some(status)) = unless_refused(client.wait(pending).await)? {
                marks.push((MailboxName::clone(name), mark_of(&status)));
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
