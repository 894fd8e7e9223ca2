//! The account as a third party sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::account::{Account, Home};
use super::profile::Quirk;
use super::scheduling::Mail;
use super::xml::{APPLE, CALDAV, DAV, Name};

/// Calendars and address books of one user, to be read and changed past every protocol: what a
/// colleague or a web page does.
///
/// Collections are named `calendars/NAME` and `addressbooks/NAME`, items by the last segment of
/// their URL, unescaped. Clones are the same account.
#[derive(Debug, Clone)]
pub struct Store(Arc<Mutex<Account>>);

impl Store {
    pub(super) fn new(account: Account) -> Self {
        Self(Arc::new(Mutex::new(account)))
    }

    pub(super) fn account(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a collection: `calendars/work`, `addressbooks/people`. Calendars hold the profile's
    /// components. `false` if it is there already, or its name is of neither kind.
    pub fn create(&self, collection: &str) -> bool {
        let mut account = self.account();
        let components = account.profile.components.clone();
        match collection.split_once('/') {
            Some(("calendars", name)) => account.create(Home::Calendars, name, components),
            Some(("addressbooks", name)) => account.create(Home::AddressBooks, name, Vec::new()),
            _ => false,
        }
    }

    /// Adds a calendar for these components: `VEVENT`, `VTODO`, `VJOURNAL`.
    pub fn create_for(&self, collection: &str, components: &[&str]) -> bool {
        let components = components.iter().map(|c| (*c).to_owned()).collect();
        let name = collection.rsplit('/').next().unwrap_or_default();
        self.account().create(Home::Calendars, name, components)
    }

    /// Removes a collection and what is in it.
    pub fn remove(&self, collection: &str) -> bool {
        self.account().collections.remove(collection).is_some()
    }

    /// The names of all collections.
    #[must_use]
    pub fn collections(&self) -> Vec<String> {
        self.account().collections.keys().cloned().collect()
    }

    /// Writes an item as it is, unchecked; `false` if there is no such collection.
    pub fn put(&self, collection: &str, name: &str, content: &str) -> bool {
        let mut account = self.account();
        let before = logged(&account, collection);
        let done = account.put(collection, name, content).is_some();
        forget(&mut account, collection, name, before);
        done
    }

    /// Removes an item; `false` if there is none.
    pub fn delete(&self, collection: &str, name: &str) -> bool {
        let mut account = self.account();
        let before = logged(&account, collection);
        let done = account.delete(collection, name);
        forget(&mut account, collection, name, before);
        done
    }

    /// Removes all items of a collection.
    pub fn clear(&self, collection: &str) {
        for name in self.names(collection) {
            self.delete(collection, &name);
        }
    }

    /// The content of an item.
    #[must_use]
    pub fn get(&self, collection: &str, name: &str) -> Option<String> {
        let account = self.account();
        let resource = account.collections.get(collection)?.resources.get(name)?;
        Some(String::from_utf8_lossy(&resource.content).into_owned())
    }

    /// The names of the items of a collection.
    #[must_use]
    pub fn names(&self, collection: &str) -> Vec<String> {
        let account = self.account();
        let collection = account.collections.get(collection);
        collection.map_or_else(Vec::new, |c| c.resources.keys().cloned().collect())
    }

    /// The contents of a collection in the order of their names.
    #[must_use]
    pub fn contents(&self, collection: &str) -> Vec<String> {
        let names = self.names(collection);
        names
            .iter()
            .filter_map(|name| self.get(collection, name))
            .collect()
    }

    /// Whether writing to a collection is refused, and its privileges say so.
    pub fn set_read_only(&self, collection: &str, read_only: bool) {
        if let Some(collection) = self.account().collections.get_mut(collection) {
            collection.read_only = read_only;
        }
    }

    /// Answers for one item with this status in listings and multigets, as if it could not be read.
    pub fn break_item(&self, collection: &str, name: &str, status: u16) {
        let mut account = self.account();
        let Some(collection) = account.collections.get_mut(collection) else {
            return;
        };
        if let Some(resource) = collection.resources.get_mut(name) {
            resource.broken = Some(status);
        }
    }

    /// Makes every sync-token that was given out void.
    pub fn expire_tokens(&self, collection: &str) {
        let mut account = self.account();
        if let Some(collection) = account.collections.get_mut(collection) {
            collection.salt = collection.salt.saturating_add(1_000);
            collection.floor = collection.version;
        }
    }

    /// Sets what people see of a collection: `displayname`, `calendar-color`, `calendar-order`,
    /// `calendar-description`.
    pub fn set_property(&self, collection: &str, property: &str, value: &str) {
        if let Some(collection) = self.account().collections.get_mut(collection) {
            let name = Name::new(space_of(property), property);
            collection.properties.insert(name, value.to_owned());
        }
    }

    /// What people see of a collection.
    #[must_use]
    pub fn property(&self, collection: &str, property: &str) -> Option<String> {
        let account = self.account();
        let collection = account.collections.get(collection)?;
        let name = Name::new(space_of(property), property);
        collection.properties.get(&name).cloned()
    }

    /// The components that a calendar may hold.
    #[must_use]
    pub fn components(&self, collection: &str) -> Vec<String> {
        let account = self.account();
        let collection = account.collections.get(collection);
        collection.map_or_else(Vec::new, |c| c.components.clone())
    }

    /// The messages that writes made the server send, in their order.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.account().mails.clone()
    }
}

fn space_of(property: &str) -> &'static str {
    match property {
        "calendar-color" | "calendar-order" => APPLE,
        "calendar-description" => CALDAV,
        "addressbook-description" => super::xml::CARDDAV,
        _ => DAV,
    }
}

fn logged(account: &Account, collection: &str) -> (u64, u64) {
    let collection = account.collections.get(collection);
    collection.map_or((0, 0), |c| (c.version, c.second))
}

fn forget(account: &mut Account, collection: &str, name: &str, before: (u64, u64)) {
    if account.profile.has(Quirk::ForgetsChanges) {
        account.unlog(collection, name, before);
    }
}
