//! The account as a third party sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::account::{Account, Place, Sent, Wipe};
use super::element::{Element, put, remove};
use super::item::{Attachment, Item};
use super::{mail, write};
use crate::wire::wbxml::Tag;
use crate::wire::wbxml::pages::{AirSyncBase as B, Calendar as C, Email as E};

#[derive(Debug)]
struct Inner {
    account: Mutex<Account>,
    news: watch::Sender<()>,
}

/// The folders of one user, to be read and changed past every protocol: what a colleague, a rule or a
/// web page does.
///
/// A folder goes by its id or by its name (`Inbox`, `Calendar`), an item by its `ServerId`. Clones are the
/// same account.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

impl Store {
    pub(super) fn new(account: Account) -> Self {
        Self(Arc::new(Inner {
            account: Mutex::new(account),
            news: watch::Sender::new(()),
        }))
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        let lock = self.0.account.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or changes the account; who waits for news hears of a change.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut Account) -> R) -> R {
        let mut account = self.account();
        let before = account.now();
        let result = work(&mut account);
        let changed = account.now() != before;
        drop(account);
        if changed {
            self.0.news.send_replace(());
        }
        result
    }

    /// Hears of changes from now on.
    pub(super) fn news(&self) -> watch::Receiver<()> {
        self.0.news.subscribe()
    }

    fn in_folder<R>(
        &self,
        folder: &str,
        work: impl FnOnce(&mut Account, &str) -> Option<R>,
    ) -> Option<R> {
        self.with(|account| {
            let id = account.find(folder)?;
            work(account, &id)
        })
    }

    /// Adds a folder of this type ([MS-ASCMD] section 2.2.3.186.2): 12 mail, 13 calendar, 14 contacts, 15
    /// tasks, 17 notes. Gives its id.
    pub fn create(&self, parent: &str, name: &str, folder_type: u8) -> String {
        self.with(|account| {
            let parent = account.find(parent).unwrap_or_else(|| "0".to_owned());
            account.create(&parent, name, folder_type)
        })
    }

    /// Renames a folder; `false` if there is none.
    pub fn rename(&self, folder: &str, name: &str) -> bool {
        let done = self.in_folder(folder, |account, id| {
            account.tick();
            let place: &mut Place = &mut account.folders.get_mut(id)?.place;
            name.clone_into(&mut place.name);
            Some(())
        });
        done.is_some()
    }

    /// Removes a folder and what is in it.
    pub fn remove(&self, folder: &str) -> bool {
        let done = self.in_folder(folder, |account, id| {
            account.tick();
            account.folders.remove(id)
        });
        done.is_some()
    }

    /// Ids, names and types of all folders.
    #[must_use]
    pub fn folders(&self) -> Vec<(String, String, u8)> {
        let account = self.account();
        let all = account.folders.iter();
        all.map(|(id, folder)| {
            let place = &folder.place;
            (id.clone(), place.name.clone(), place.folder_type)
        })
        .collect()
    }

    /// Puts a mail into a folder, as received now; gives its id.
    pub fn add_mail(&self, folder: &str, mime: impl AsRef<[u8]>) -> Option<String> {
        self.add_mail_at(folder, mime, super::clock::now())
    }

    /// Puts a mail into a folder, as received so many seconds after 1970.
    pub fn add_mail_at(
        &self,
        folder: &str,
        mime: impl AsRef<[u8]>,
        received: i64,
    ) -> Option<String> {
        let item = mail::item(mime.as_ref(), received);
        self.in_folder(folder, |account, id| account.add(id, item))
    }

    /// Puts an appointment, contact, task or note into a folder by its properties, in the elements of 14.1,
    /// `AirSyncBase:Body` among them. Nothing is checked or added. Gives its id.
    pub fn add(
        &self,
        folder: &str,
        properties: impl IntoIterator<Item = Element>,
    ) -> Option<String> {
        let mut item = Item::new(String::new(), properties.into_iter().collect());
        write::take_body(&mut item);
        self.in_folder(folder, |account, id| account.add(id, item))
    }

    /// Puts a property in the place of the one of its name; `false` if there is no such item.
    pub fn set(&self, folder: &str, id: &str, property: Element) -> bool {
        let flags = [E::Read, E::Flag, E::Categories].contains(&property.tag);
        self.edit(folder, id, flags, |item| {
            if property.tag == C::Location {
                remove(&mut item.properties, B::Location);
            }
            put(&mut item.properties, property);
            write::take_body(item);
        })
    }

    /// Takes a property away; `false` if there is no such item.
    pub fn unset(&self, folder: &str, id: &str, tag: Tag) -> bool {
        self.edit(folder, id, false, |item| match tag {
            B::Body => item.body = None,
            _ => remove(&mut item.properties, tag),
        })
    }

    /// Gives an appointment a file; `false` if there is no such item.
    pub fn attach(
        &self,
        folder: &str,
        id: &str,
        name: &str,
        content_type: &str,
        content: impl Into<Vec<u8>>,
    ) -> bool {
        let file = Attachment {
            reference: String::new(),
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            method: 1,
            content_id: None,
            content: content.into(),
        };
        self.edit(folder, id, false, |item| item.attachments.push(file))
    }

    /// Takes the files of this name away; `false` if there is no such item.
    pub fn detach(&self, folder: &str, id: &str, name: &str) -> bool {
        self.edit(folder, id, false, |item| {
            item.attachments.retain(|file| file.name != name);
        })
    }

    /// Marks a mail as read or unread.
    pub fn set_read(&self, folder: &str, id: &str, read: bool) -> bool {
        let value = if read { "1" } else { "0" };
        self.set(folder, id, Element::text(E::Read, value))
    }

    /// Flags a mail for a follow-up, or takes that back.
    pub fn set_flagged(&self, folder: &str, id: &str, flagged: bool) -> bool {
        let flag = match flagged {
            false => Element::empty(E::Flag),
            true => Element::new(
                E::Flag,
                [
                    Element::text(E::Status, "2"),
                    Element::text(E::FlagType, "Flag for follow up"),
                ],
            ),
        };
        self.set(folder, id, flag)
    }

    fn edit(&self, folder: &str, id: &str, flags: bool, edit: impl FnOnce(&mut Item)) -> bool {
        let done = self.in_folder(folder, |account, folder| {
            account.change(folder, id, flags, edit)
        });
        done.is_some()
    }

    /// Removes an item for good; `false` if there is none.
    pub fn delete(&self, folder: &str, id: &str) -> bool {
        let done = self.in_folder(folder, |account, folder| account.delete(folder, id));
        done.is_some()
    }

    /// Removes all items of a folder.
    pub fn clear(&self, folder: &str) {
        self.in_folder(folder, |account, id| {
            account.tick();
            account.folders.get_mut(id)?.items.clear();
            Some(())
        });
    }

    /// Moves an item to another folder, where it gets another id.
    pub fn move_to(&self, folder: &str, id: &str, other: &str) -> Option<String> {
        self.in_folder(folder, |account, folder| {
            let other = account.find(other)?;
            let item = account.delete(folder, id)?;
            account.add(&other, item)
        })
    }

    /// The items of a folder in the order of their ids.
    #[must_use]
    pub fn items(&self, folder: &str) -> Vec<Item> {
        let account = self.account();
        let folder = account.find(folder);
        let folder = folder.and_then(|id| account.folders.get(&id));
        folder.map_or_else(Vec::new, |folder| folder.items.values().cloned().collect())
    }

    /// One item.
    #[must_use]
    pub fn item(&self, folder: &str, id: &str) -> Option<Item> {
        let account = self.account();
        account.item(&account.find(folder)?, id).cloned()
    }

    /// Makes the keys of a folder void, for every device.
    pub fn forget_keys(&self, folder: &str) {
        self.in_folder(folder, |account, id| {
            for device in account.devices.values_mut() {
                device.synced.remove(id);
            }
            Some(())
        });
    }

    /// Makes the keys of the list of folders void, for every device.
    pub fn forget_folder_keys(&self) {
        self.with(|account| {
            for device in account.devices.values_mut() {
                device.folders = None;
            }
        });
    }

    /// What was sent out, in its order.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.account().sent.clone()
    }

    /// Changes the policy's document; every device has to acknowledge it anew.
    pub fn renew_policy(&self, document: impl IntoIterator<Item = Element>) {
        self.with(|account| {
            account.policy = Some(document.into_iter().collect());
            account.policy_version = account.policy_version.saturating_add(1);
        });
    }

    /// How the policy was last acknowledged: 1 applied, 2 partly, 3 refused, 4 handled elsewhere.
    #[must_use]
    pub fn policy_answer(&self) -> Option<u8> {
        self.account().policy_answer
    }

    /// Orders a wipe of every device that asks for something.
    pub fn order_wipe(&self, wipe: Wipe) {
        self.with(|account| {
            account.wipe = Some(wipe);
            account.wiped = None;
        });
    }

    /// Whether a device did what was ordered; none before it said so.
    #[must_use]
    pub fn wiped(&self) -> Option<bool> {
        self.account().wiped
    }

    /// What a device said of itself, as children of `DeviceInformation`.
    #[must_use]
    pub fn device_information(&self, device: &str) -> Vec<Element> {
        let account = self.account();
        let device = account.devices.get(device);
        device.map_or_else(Vec::new, |device| device.information.clone())
    }

    /// Adds a person to the directory, by elements of the code page `GAL`.
    pub fn add_person(&self, person: impl IntoIterator<Item = Element>) {
        self.with(|account| account.directory.push(person.into_iter().collect()));
    }

    /// The out-of-office message, as children of `Oof`.
    #[must_use]
    pub fn out_of_office(&self) -> Vec<Element> {
        self.account().oof.clone()
    }
}
