//! One user's folders, and what each of the user's devices knows of them.

use std::collections::{BTreeMap, BTreeSet};

use super::element::Element;
use super::item::{Class, Item};
use super::keys::Keys;
use super::options::Options;
use crate::wire::wbxml::Tag;

/// Which wipe is ordered ([MS-ASPROV] section 3.1.5.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wipe {
    /// Everything on the device.
    Device,
    /// What belongs to the account, 16.1.
    Account,
}

/// What a folder looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) parent: String,
    pub(super) name: String,
    /// As in [MS-ASCMD] section 2.2.3.186.2.
    pub(super) folder_type: u8,
}

#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) place: Place,
    pub(super) items: BTreeMap<String, Item>,
}

impl Folder {
    pub(super) const fn class(&self) -> Option<Class> {
        Class::of_folder(self.place.folder_type)
    }
}

/// What was sent out ([MS-ASCMD] section 2.2.1.17).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// `SendMail`, `SmartReply`, `SmartForward`, `MeetingResponse`; `Sync` for drafts, and for what the
    /// server itself sent to the attendees of a meeting.
    pub command: String,
    /// Whom it went to, as far as no header says it.
    pub recipients: Vec<String>,
    /// Its bytes, as they went out.
    pub mime: Vec<u8>,
    /// Whether a copy was kept.
    pub saved: bool,
}

/// What a device knows of one folder, with a key.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Items with the version and the content version that were told.
    pub(super) items: BTreeMap<String, (u64, u64)>,
    /// What a request with this key already made, should it come again.
    pub(super) done: Done,
}

/// What a request did.
#[derive(Debug, Clone, Default)]
pub(super) struct Done {
    /// New items by the client's name.
    pub(super) added: BTreeMap<String, String>,
    /// Items with the version that was written.
    pub(super) wrote: BTreeMap<String, u64>,
    pub(super) deleted: BTreeSet<String>,
}

/// One folder of a device.
#[derive(Debug, Clone)]
pub(super) struct Synced {
    pub(super) keys: Keys<Known>,
    /// Kept until others are sent.
    pub(super) options: Options,
    /// The elements that the client takes care of; none said is all.
    pub(super) supported: Option<Vec<Tag>>,
}

/// One device of the user.
#[derive(Debug, Clone, Default)]
pub(super) struct Device {
    /// The key that was acknowledged, and the policy that it is of.
    pub(super) policy: Option<(String, u64)>,
    /// The key that waits to be acknowledged.
    pub(super) offered: Option<String>,
    /// What it said of itself.
    pub(super) information: Vec<Element>,
    pub(super) folders: Option<Keys<BTreeMap<String, Place>>>,
    pub(super) synced: BTreeMap<String, Synced>,
    /// The heartbeat in seconds and the folders of the last Ping.
    pub(super) ping: Option<(u64, Vec<String>)>,
    /// The last Sync that can be repeated by an empty one.
    pub(super) last_sync: Option<Element>,
    /// What was sent, by the client's name.
    pub(super) sent: BTreeSet<String>,
}

/// One user.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) address: String,
    pub(super) display_name: String,
    pub(super) folders: BTreeMap<String, Folder>,
    pub(super) devices: BTreeMap<String, Device>,
    /// The policy's document and how often it changed.
    pub(super) policy: Option<Vec<Element>>,
    pub(super) policy_version: u64,
    pub(super) demands_policy: bool,
    /// How the policy was last acknowledged: 1 applied, 2 partly, 3 refused, 4 handled elsewhere.
    pub(super) policy_answer: Option<u8>,
    pub(super) wipe: Option<Wipe>,
    /// Whether the wipe was done, as the device says.
    pub(super) wiped: Option<bool>,
    pub(super) sent: Vec<Sent>,
    /// `Oof` as it was set.
    pub(super) oof: Vec<Element>,
    /// People, with elements of the code page GAL.
    pub(super) directory: Vec<Vec<Element>>,
    clock: u64,
    numbers: u64,
}

/// Types and names of the folders that every account has.
const FOLDERS: [(u8, &str); 9] = [
    (2, "Inbox"),
    (3, "Drafts"),
    (4, "Deleted Items"),
    (5, "Sent Items"),
    (6, "Outbox"),
    (7, "Tasks"),
    (8, "Calendar"),
    (9, "Contacts"),
    (10, "Notes"),
];

impl Account {
    pub(super) fn new(user: &str, policy: Option<Vec<Element>>, demands_policy: bool) -> Self {
        let address = match user.contains('@') {
            true => user.to_owned(),
            false => format!("{user}@example.org"),
        };
        let mut account = Self {
            address,
            display_name: user.to_owned(),
            folders: BTreeMap::new(),
            devices: BTreeMap::new(),
            policy,
            policy_version: 1,
            demands_policy,
            policy_answer: None,
            wipe: None,
            wiped: None,
            sent: Vec::new(),
            oof: Vec::new(),
            directory: Vec::new(),
            clock: 0,
            numbers: 0,
        };
        for (folder_type, name) in FOLDERS {
            account.create("0", name, folder_type);
        }
        account
    }

    /// The next moment of this account's own clock.
    pub(super) fn tick(&mut self) -> u64 {
        self.clock = self.clock.saturating_add(1);
        self.clock
    }

    /// The moment of the last change.
    pub(super) const fn now(&self) -> u64 {
        self.clock
    }

    /// A number that nothing else has.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers = self.numbers.saturating_add(1);
        self.numbers
    }

    /// Makes a folder and gives its id.
    pub(super) fn create(&mut self, parent: &str, name: &str, folder_type: u8) -> String {
        let id = self.number().to_string();
        let folder = Folder {
            place: Place {
                parent: parent.to_owned(),
                name: name.to_owned(),
                folder_type,
            },
            items: BTreeMap::new(),
        };
        self.folders.insert(id.clone(), folder);
        self.tick();
        id
    }

    /// A folder by its id, or by its name.
    pub(super) fn find(&self, name: &str) -> Option<String> {
        if self.folders.contains_key(name) {
            return Some(name.to_owned());
        }
        let mut all = self.folders.iter();
        let found = all.find(|(_, folder)| folder.place.name == name);
        found.map(|(id, _)| id.clone())
    }

    /// The first folder of this type.
    pub(super) fn of_type(&self, folder_type: u8) -> Option<String> {
        let mut all = self.folders.iter();
        let found = all.find(|(_, folder)| folder.place.folder_type == folder_type);
        found.map(|(id, _)| id.clone())
    }

    pub(super) fn item(&self, folder: &str, id: &str) -> Option<&Item> {
        self.folders.get(folder)?.items.get(id)
    }

    /// Puts a new item into a folder and gives its id.
    pub(super) fn add(&mut self, folder: &str, mut item: Item) -> Option<String> {
        let (number, now) = (self.number(), self.tick());
        let place = self.folders.get_mut(folder)?;
        item.id = format!("{folder}:{number}");
        item.version = now;
        item.content = now;
        for (n, attachment) in item.attachments.iter_mut().enumerate() {
            attachment.reference = format!("{}:{now}.{n}", item.id);
        }
        let id = item.id.clone();
        place.items.insert(id.clone(), item);
        Some(id)
    }

    /// Changes an item; `flags` says that nothing but a mail's flags changes. The item's new version.
    pub(super) fn change(
        &mut self,
        folder: &str,
        id: &str,
        flags: bool,
        change: impl FnOnce(&mut Item),
    ) -> Option<u64> {
        let now = self.tick();
        let item = self.folders.get_mut(folder)?.items.get_mut(id)?;
        change(item);
        for (n, attachment) in item.attachments.iter_mut().enumerate() {
            if attachment.reference.is_empty() {
                attachment.reference = format!("{id}:{now}.{n}");
            }
        }
        item.version = now;
        if !flags {
            item.content = now;
        }
        Some(now)
    }

    pub(super) fn delete(&mut self, folder: &str, id: &str) -> Option<Item> {
        self.tick();
        self.folders.get_mut(folder)?.items.remove(id)
    }

    /// Deletes a mail into Deleted Items, and what is there, or is no mail, for good.
    pub(super) fn discard(&mut self, folder: &str, id: &str, moves: bool) -> bool {
        let trash = self.of_type(4);
        let class = self.folders.get(folder).and_then(Folder::class);
        let Some(item) = self.delete(folder, id) else {
            return false;
        };
        if let Some(trash) = trash
            && moves
            && trash != folder
            && class == Some(Class::Email)
        {
            self.add(&trash, item);
        }
        true
    }

    pub(super) fn device(&mut self, id: &str) -> &mut Device {
        self.devices.entry(id.to_owned()).or_default()
    }

    /// What the folders look like.
    pub(super) fn places(&self) -> BTreeMap<String, Place> {
        let all = self.folders.iter();
        all.map(|(id, folder)| (id.clone(), folder.place.clone()))
            .collect()
    }
}
