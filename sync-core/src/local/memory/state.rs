//! The data behind a store: folders, entries, change log.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::fault::{FaultPlan, Request};
use super::log::OpLog;
use super::options::MemoryOptions;
use super::store::MemoryStore;
use crate::error::{Error, ErrorKind, Result};
use crate::local::header;
use crate::model::{
    Body, Collection, CollectionId, Digest, Flags, Identity, Item, ItemId, ItemKind, NewItem,
    Revision, Timestamp,
};
use crate::source::Op;

/// Called before each request and before each mutation of a batch, while the store is not locked.
pub type Hook = Arc<dyn Fn(&MemoryStore, &Request) + Send + Sync>;

/// A mutation that a refusal rule looks at.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// Where it shall be carried out.
    pub collection: &'a CollectionId,
    /// What it shall do.
    pub op: &'a Op,
    /// The present content of the item it concerns, if there is one.
    pub content: Option<&'a [u8]>,
}

/// Says why a mutation is refused for good, if it is.
pub type RefuseRule = Arc<dyn Fn(&Attempt<'_>) -> Option<String> + Send + Sync>;

/// How an item is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Listings report it as unreadable, and so do fetches.
    Listing,
    /// Listings name it; only fetches fail.
    Fetch,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) kind: ItemKind,
    pub(super) content: Bytes,
    pub(super) flags: Flags,
    pub(super) date: Timestamp,
    /// Place in the folder's change log; for what is no message also the revision.
    pub(super) changed: u64,
    pub(super) object: u64,
    pub(super) broken: Option<Broken>,
}

impl Entry {
    pub(super) fn revision(&self) -> Revision {
        if self.kind.is_mutable() {
            Revision::new(format!("\"{}\"", self.changed))
        } else {
            Revision::new(self.flags.to_string())
        }
    }
}

/// An item that left a folder.
#[derive(Debug, Clone)]
pub(super) struct Left {
    pub(super) id: ItemId,
    pub(super) released: bool,
}

#[derive(Debug)]
pub(super) struct Folder {
    pub(super) collection: Collection,
    pub(super) validity: u32,
    pub(super) epoch: u32,
    pub(super) next_uid: u64,
    pub(super) seq: u64,
    pub(super) entries: BTreeMap<u64, Entry>,
    pub(super) left: BTreeMap<u64, Left>,
}

impl Folder {
    pub(super) fn id(&self, uid: u64) -> ItemId {
        ItemId::new(format!("{}.{uid}", self.validity))
    }

    /// The uid of an id of this folder; an error if the id is of a validity that is over.
    pub(super) fn uid(&self, id: &ItemId) -> Result<Option<u64>> {
        let Some((validity, uid)) = id.as_str().split_once('.') else {
            return Ok(None);
        };
        match (validity.parse::<u32>(), uid.parse::<u64>()) {
            (Ok(validity), Ok(_)) if validity != self.validity => Err(Error::new(
                ErrorKind::CursorLost,
                "all ids have been given anew",
            )
            .in_collection(&self.collection.id)),
            (Ok(_), Ok(uid)) => Ok(Some(uid)),
            _ => Ok(None),
        }
    }

    pub(super) fn find(&self, id: &ItemId) -> Result<Option<(u64, &Entry)>> {
        Ok(self
            .uid(id)?
            .and_then(|uid| self.entries.get(&uid).map(|entry| (uid, entry))))
    }

    pub(super) fn step(&mut self) -> u64 {
        self.seq = self.seq.saturating_add(1);
        self.seq
    }

    pub(super) fn insert(&mut self, mut entry: Entry) -> u64 {
        entry.changed = self.step();
        let uid = self.next_uid;
        self.next_uid = uid.saturating_add(1);
        self.entries.insert(uid, entry);
        uid
    }

    pub(super) fn remove(&mut self, uid: u64, released: bool) -> Option<Entry> {
        let entry = self.entries.remove(&uid)?;
        let id = self.id(uid);
        let seq = self.step();
        self.left.insert(seq, Left { id, released });
        Some(entry)
    }
}

pub(super) struct State {
    pub(super) options: MemoryOptions,
    pub(super) folders: BTreeMap<CollectionId, Folder>,
    /// The next validity of collections that were removed, so that a namesake reuses no id.
    pub(super) validities: HashMap<CollectionId, u32>,
    pub(super) objects: u64,
    pub(super) requests: u64,
    pub(super) faults: FaultPlan,
    pub(super) hook: Option<Hook>,
    pub(super) refuse: Option<RefuseRule>,
    pub(super) log: OpLog,
    pub(super) version: watch::Sender<u64>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("options", &self.options)
            .field("folders", &self.folders)
            .field("requests", &self.requests)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

impl State {
    pub(super) fn new(options: MemoryOptions) -> Self {
        Self {
            options,
            folders: BTreeMap::new(),
            validities: HashMap::new(),
            objects: 0,
            requests: 0,
            faults: FaultPlan::default(),
            hook: None,
            refuse: None,
            log: OpLog::default(),
            version: watch::Sender::new(0),
        }
    }

    pub(super) fn folder(&self, c: &CollectionId) -> Result<&Folder> {
        self.folders.get(c).ok_or_else(|| no_collection(c))
    }

    pub(super) fn folder_mut(&mut self, c: &CollectionId) -> Result<&mut Folder> {
        self.folders.get_mut(c).ok_or_else(|| no_collection(c))
    }

    /// Wakes those who watch.
    pub(super) fn announce(&self) {
        self.version.send_modify(|v| *v = v.wrapping_add(1));
    }

    pub(super) fn add_folder(&mut self, collection: Collection) {
        let id = collection.id.clone();
        if self.folders.contains_key(&id) {
            return;
        }
        let validity = self.validities.get(&id).copied().unwrap_or(1);
        self.folders.insert(
            id,
            Folder {
                collection,
                validity,
                epoch: 0,
                next_uid: 1,
                seq: 0,
                entries: BTreeMap::new(),
                left: BTreeMap::new(),
            },
        );
        self.announce();
    }

    pub(super) fn rewritten(&self, kind: ItemKind, content: Bytes) -> Bytes {
        let content = match self.options.makes_uids.contains(kind) {
            true => without_uid(&content),
            false => content,
        };
        match &self.options.rewrite {
            Some(rewrite) if kind.is_mutable() => rewrite(kind, &content).into(),
            _ => content,
        }
    }

    /// The content as it is told.
    pub(super) fn shown(&self, folder: &Folder, uid: u64, entry: &Entry) -> Bytes {
        if !self.options.makes_uids.contains(entry.kind) {
            return entry.content.clone();
        }
        let made = format!("made-{}-{}", folder.collection.id, folder.id(uid));
        with_uid(&entry.content, &made)
    }

    pub(super) fn held_flags(&self, kind: ItemKind, asked: &Flags) -> Flags {
        if kind != ItemKind::Message {
            return Flags::default();
        }
        self.options
            .flags_filter
            .as_ref()
            .map_or_else(|| asked.clone(), |filter| filter(asked))
    }

    /// The entry that a new item becomes.
    pub(super) fn entry(&mut self, new: &NewItem) -> std::io::Result<Entry> {
        let content = self.rewritten(new.kind, new.body.read(u64::MAX)?);
        self.objects = self.objects.saturating_add(1);
        let tick = i64::try_from(self.objects).unwrap_or(0);
        Ok(Entry {
            kind: new.kind,
            content,
            flags: self.held_flags(new.kind, &new.flags),
            date: new
                .date
                .unwrap_or_else(|| Timestamp::utc(1_700_000_000_i64.saturating_add(tick))),
            changed: 0,
            object: self.objects,
            broken: None,
        })
    }

    /// What a listing tells of an entry.
    pub(super) fn listed(&self, folder: &Folder, uid: u64, entry: &Entry) -> Item {
        let mut item = Item::new(folder.id(uid), entry.kind, entry.revision());
        if entry.kind == ItemKind::Message {
            item.flags = entry.flags.clone();
            item.date = Some(entry.date);
            item.size = Some(entry.content.len() as u64);
        }
        if self.options.object_ids {
            item.identity.object_id = Some(entry.object.to_string());
        }
        if self.options.inline_bodies {
            let content = self.shown(folder, uid, entry);
            recognise(&mut item.identity, entry.kind, &content);
            item.size = Some(content.len() as u64);
            item.body = Some(Body::from(content));
        }
        item
    }
}

/// Fills what only the content tells.
pub(super) fn recognise(identity: &mut Identity, kind: ItemKind, content: &[u8]) {
    if kind == ItemKind::Message {
        identity.digest = Some(Digest::of(content));
        identity.message_id = header::message_id(content);
    } else {
        identity.uid = field(content, "uid");
    }
}

/// Without the lines that begin with UID.
fn without_uid(content: &[u8]) -> Bytes {
    let lines = content.split_inclusive(|b| *b == b'\n');
    let kept = lines.filter(|line| {
        !line
            .get(..4)
            .is_some_and(|l| l.eq_ignore_ascii_case(b"uid:"))
    });
    kept.flatten().copied().collect()
}

/// With this UID in each component that may have one.
fn with_uid(content: &[u8], uid: &str) -> Bytes {
    let mut out = Vec::with_capacity(content.len().saturating_add(64));
    for line in content.split_inclusive(|b| *b == b'\n') {
        out.extend_from_slice(line);
        let begins = [
            "BEGIN:VCARD",
            "BEGIN:VEVENT",
            "BEGIN:VTODO",
            "BEGIN:VJOURNAL",
        ];
        if begins
            .iter()
            .any(|begin| line.trim_ascii() == begin.as_bytes())
        {
            out.extend_from_slice(format!("UID:{uid}\r\n").as_bytes());
        }
    }
    out.into()
}

/// The value of the first line that begins with this name, up to an empty line.
pub(super) fn field(content: &[u8], name: &str) -> Option<String> {
    content
        .split(|b| *b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .take_while(|line| !line.is_empty())
        .find_map(|line| {
            let (head, rest) = line.split_at_checked(name.len())?;
            if !head.eq_ignore_ascii_case(name.as_bytes())
                || !matches!(rest.first(), Some(b':' | b';'))
            {
                return None;
            }
            let colon = rest.iter().position(|b| *b == b':')?;
            let value = rest.get(colon.saturating_add(1)..)?;
            Some(String::from_utf8_lossy(value).trim().to_owned())
        })
}

pub(super) fn no_collection(c: &CollectionId) -> Error {
    Error::new(ErrorKind::NotFound, "there is no such collection").in_collection(c)
}
