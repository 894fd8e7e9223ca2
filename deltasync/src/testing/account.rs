//! What an account holds, and what the world around does to it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// The root of all folders.
pub(super) const ROOT: &str = "00000000-0000-0000-0000-000000000000";

/// The folders that every account has: the last digit of the id, and the raw name.
const SYSTEM: [(u8, &str); 5] = [
    (1, "ACTIVE"),
    (2, "trAsH"),
    (3, "sAVeD"),
    (4, "drAfT"),
    (5, "HM_BuLkMail_"),
];

/// Where deleted messages are moved to, if they are.
pub(super) const DELETED: &str = "00000000-0000-0000-0000-000000000002";

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its GUID, in upper case; given by the account.
    pub id: String,
    /// The content.
    pub content: Bytes,
    /// `Read`
    pub read: bool,
    /// `ReplyToOrForwardState`: 1 replied to, 2 forwarded.
    pub reply_state: u8,
    /// `Flag/State`
    pub flag: u8,
    /// `DateReceived`, in seconds since 1970.
    pub received: i64,
    pub(super) subject: String,
    pub(super) from: String,
    pub(super) version: u64,
}

impl Message {
    /// An unread message of 2012-05-02.
    pub fn new(content: impl Into<Bytes>) -> Self {
        Self {
            id: String::new(),
            content: content.into(),
            read: false,
            reply_state: 0,
            flag: 0,
            received: 1_335_951_537,
            subject: "a subject & more".to_owned(),
            from: "\"Alice\" <alice@example.org>".to_owned(),
            version: 0,
        }
    }
}

/// A folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) name: String,
    pub(super) parent: String,
    pub(super) version: u64,
    /// In the order of their coming.
    pub(super) messages: Vec<Message>,
}

/// What the holder of a key knows: a version of each folder or message.
pub(super) type Known = BTreeMap<String, u64>;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) folders: BTreeMap<String, Folder>,
    /// Of each collection, the empty name being that of the folders: keys, the newest last.
    keys: HashMap<String, VecDeque<(String, Known)>>,
    /// How many keys of a collection are remembered.
    pub(super) keys_kept: usize,
    pub(super) tickets: Vec<String>,
    pub(super) sent: Vec<Bytes>,
    counter: u64,
}

impl State {
    pub(super) fn next(&mut self) -> u64 {
        self.counter = self.counter.saturating_add(1);
        self.counter
    }

    /// A GUID as the service made them.
    pub(super) fn guid(&mut self) -> String {
        format!("E631966A-9439-11E1-8E7B-{:012X}", self.next())
    }

    /// What the holder of a key knows; `None` if the key is void.
    pub(super) fn known(&self, collection: &str, key: &str) -> Option<Known> {
        if key == "0" {
            return Some(Known::new());
        }
        let keys = self.keys.get(collection)?;
        let found = keys.iter().find(|(known, _)| known == key);
        found.map(|(_, known)| known.clone())
    }

    /// A new key.
    pub(super) fn key(&mut self, collection: &str, known: Known) -> String {
        let key = format!("{}|AQ+/==", self.next());
        let kept = self.keys_kept.max(1);
        let keys = self.keys.entry(collection.to_owned()).or_default();
        keys.push_back((key.clone(), known));
        while keys.len() > kept {
            keys.pop_front();
        }
        key
    }

    pub(super) fn add_folder(&mut self, name: &str, parent: &str) -> String {
        let (id, version) = (self.guid(), self.next());
        let folder = Folder {
            name: name.to_owned(),
            parent: parent.to_owned(),
            version,
            messages: Vec::new(),
        };
        self.folders.insert(id.clone(), folder);
        id
    }

    pub(super) fn put(&mut self, folder: &str, mut message: Message) -> Option<String> {
        if message.id.is_empty() {
            message.id = self.guid();
        }
        message.version = self.next();
        let id = message.id.clone();
        self.folders.get_mut(folder)?.messages.push(message);
        Some(id)
    }

    pub(super) fn take(&mut self, folder: &str, id: &str) -> Option<Message> {
        let messages = &mut self.folders.get_mut(folder)?.messages;
        let at = messages
            .iter()
            .position(|message| message.id.eq_ignore_ascii_case(id))?;
        Some(messages.remove(at))
    }

    pub(super) fn find_mut(&mut self, folder: &str, id: &str) -> Option<&mut Message> {
        let messages = &mut self.folders.get_mut(folder)?.messages;
        messages
            .iter_mut()
            .find(|message| message.id.eq_ignore_ascii_case(id))
    }

    pub(super) fn find(&self, id: &str) -> Option<&Message> {
        let mut all = self.folders.values().flat_map(|folder| &folder.messages);
        all.find(|message| message.id.eq_ignore_ascii_case(id))
    }

    /// Names from the root.
    fn path(&self, id: &str) -> String {
        let mut names = Vec::new();
        let mut next = self.folders.get(id);
        while let Some(folder) = next {
            names.push(folder.name.as_str());
            next = self.folders.get(&folder.parent);
        }
        names.reverse();
        names.join("/")
    }

    fn folder_at(&self, path: &str) -> Option<String> {
        let mut ids = self.folders.keys();
        ids.find(|id| self.path(id) == path).cloned()
    }
}

/// An account as its owner and the world around see it. A folder is named by its raw name and those of
/// the folders that it stands in, with `/` between: `ACTIVE`, `Archive/2024`.
#[derive(Clone)]
pub struct Account(Arc<Mutex<State>>);

impl Account {
    pub(super) fn new(keys_kept: usize) -> Self {
        let mut state = State {
            keys_kept,
            ..State::default()
        };
        for (number, name) in SYSTEM {
            let folder = Folder {
                name: name.to_owned(),
                parent: ROOT.to_owned(),
                version: 0,
                messages: Vec::new(),
            };
            let id = format!("00000000-0000-0000-0000-{number:012}");
            state.folders.insert(id, folder);
        }
        state.add_folder(".!!OIM", ROOT);
        Self(Arc::new(Mutex::new(state)))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folders, hidden ones included.
    #[must_use]
    pub fn folders(&self) -> Vec<String> {
        let state = self.state();
        state.folders.keys().map(|id| state.path(id)).collect()
    }

    /// Makes a folder and those that it stands in.
    pub fn create(&self, path: &str) {
        let mut state = self.state();
        let mut parent = ROOT.to_owned();
        let mut here = String::new();
        for name in path.split('/') {
            here.push_str(name);
            parent = match state.folder_at(&here) {
                Some(id) => id,
                None => state.add_folder(name, &parent),
            };
            here.push('/');
        }
    }

    /// Removes a folder with all that is in it.
    pub fn remove_folder(&self, path: &str) {
        let mut state = self.state();
        if let Some(id) = state.folder_at(path) {
            state.folders.remove(&id);
        }
    }

    /// Puts a message into a folder; gives its id, or nothing if there is no such folder.
    pub fn add(&self, folder: &str, message: Message) -> Option<String> {
        let mut state = self.state();
        let folder = state.folder_at(folder)?;
        state.put(&folder, message)
    }

    /// The messages of a folder, in the order of their coming.
    #[must_use]
    pub fn messages(&self, folder: &str) -> Vec<Message> {
        let state = self.state();
        let folder = state.folder_at(folder);
        let folder = folder.and_then(|id| state.folders.get(&id));
        folder.map_or_else(Vec::new, |folder| folder.messages.clone())
    }

    /// Changes a message; whether it was there.
    pub fn change(&self, folder: &str, id: &str, change: impl FnOnce(&mut Message)) -> bool {
        let mut state = self.state();
        let version = state.next();
        let Some(folder) = state.folder_at(folder) else {
            return false;
        };
        let Some(message) = state.find_mut(&folder, id) else {
            return false;
        };
        change(message);
        message.version = version;
        true
    }

    /// Removes a message; whether it was there.
    pub fn remove(&self, folder: &str, id: &str) -> bool {
        let mut state = self.state();
        let folder = state.folder_at(folder);
        folder.is_some_and(|folder| state.take(&folder, id).is_some())
    }

    /// Moves a message; whether that could be done. It keeps its id.
    pub fn relocate(&self, from: &str, id: &str, to: &str) -> bool {
        let mut state = self.state();
        let (Some(from), Some(to)) = (state.folder_at(from), state.folder_at(to)) else {
            return false;
        };
        let message = state.take(&from, id);
        message.is_some_and(|message| state.put(&to, message).is_some())
    }

    /// Makes all keys void.
    pub fn void_keys(&self) {
        self.state().keys.clear();
    }

    /// Makes all tickets void.
    pub fn void_tickets(&self) {
        self.state().tickets.clear();
    }

    /// The messages that were sent from here.
    #[must_use]
    pub fn sent(&self) -> Vec<Bytes> {
        self.state().sent.clone()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}
