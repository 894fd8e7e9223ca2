//! What an account holds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::content::Node;
use super::profile::{Profile, Quirk};
use super::scheduling::Mail;
use super::xml::Name;

/// What a collection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    Calendars,
    AddressBooks,
}

impl Home {
    /// The word that begins the path of a collection in a [`Store`](super::Store).
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Calendars => "calendars",
            Self::AddressBooks => "addressbooks",
        }
    }
}

/// The collections of one user, by [`Home::as_str`] and name: `calendars/work`.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) profile: Profile,
    pub(super) collections: BTreeMap<String, Collection>,
    pub(super) mails: Vec<Mail>,
    /// Counts changes.
    now: u64,
}

#[derive(Debug)]
pub(super) struct Collection {
    pub(super) home: Home,
    pub(super) name: String,
    pub(super) components: Vec<String>,
    pub(super) properties: BTreeMap<Name, String>,
    pub(super) read_only: bool,
    pub(super) resources: BTreeMap<String, Resource>,
    pub(super) log: BTreeMap<String, Change>,
    /// Number of the last change that the log knows.
    pub(super) version: u64,
    /// Second of the last change that the log knows.
    pub(super) second: u64,
    /// Number of the last change.
    pub(super) real_version: u64,
    /// Tokens of changes before this one are unknown.
    pub(super) floor: u64,
    pub(super) salt: u64,
    trash: BTreeSet<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) version: u64,
    pub(super) second: u64,
    pub(super) deleted: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) content: Bytes,
    uid: Option<String>,
    pub(super) etag: String,
    /// The ETag before the last write, until it was listed once.
    pub(super) stale: Option<String>,
    writes: u64,
    /// Listings and multigets answer for it with this status.
    pub(super) broken: Option<u16>,
}

/// Why a write is not carried out: status and precondition.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) condition: Option<(Name, String)>,
}

impl Refusal {
    pub(super) fn plain(status: u16) -> Self {
        Self {
            status,
            condition: None,
        }
    }

    pub(super) fn condition(status: u16, namespace: &str, local: &str) -> Self {
        Self {
            status,
            condition: Some((Name::new(namespace, local), String::new())),
        }
    }
}

impl Account {
    pub(super) fn new(profile: Profile) -> Self {
        Self {
            profile,
            collections: BTreeMap::new(),
            mails: Vec::new(),
            now: 0,
        }
    }

    /// Adds a collection; `false` if there is one of that name.
    pub(super) fn create(&mut self, home: Home, name: &str, components: Vec<String>) -> bool {
        let key = format!("{}/{name}", home.as_str());
        if self.collections.contains_key(&key) {
            return false;
        }
        self.now = self.now.saturating_add(1);
        let salt = self.now;
        let collection = Collection {
            home,
            name: name.to_owned(),
            components,
            properties: BTreeMap::new(),
            read_only: false,
            resources: BTreeMap::new(),
            log: BTreeMap::new(),
            version: 0,
            second: seconds(),
            real_version: 0,
            floor: 0,
            salt,
            trash: BTreeSet::new(),
        };
        self.collections.insert(key, collection);
        true
    }

    /// Stores a content that was checked, rewritten if that is the server's manner; its ETag.
    pub(super) fn put(&mut self, key: &str, name: &str, content: &str) -> Option<String> {
        let stored = self.rewritten(content);
        let uid = Node::parse(&stored).and_then(|node| node.uid().map(str::to_owned));
        self.now = self.now.saturating_add(1);
        let now = self.now;
        let profile = self.profile.clone();
        let collection = self.collections.get_mut(key)?;
        let before = collection.resources.get(name);
        let writes = before.map_or(0, |r| r.writes.saturating_add(1));
        let etag = etag(&profile, &stored, writes, now);
        let stale = before.map(|r| r.etag.clone());
        let resource = Resource {
            content: stored.into(),
            uid,
            etag: etag.clone(),
            stale: stale.filter(|_| profile.has(Quirk::StaleEtags)),
            writes,
            broken: None,
        };
        collection.resources.insert(name.to_owned(), resource);
        collection.note(name, now, false, true);
        Some(etag)
    }

    /// Removes a resource; `false` if there is none.
    pub(super) fn delete(&mut self, key: &str, name: &str) -> bool {
        self.now = self.now.saturating_add(1);
        let now = self.now;
        let Some(collection) = self.collections.get_mut(key) else {
            return false;
        };
        let Some(gone) = collection.resources.remove(name) else {
            return false;
        };
        if let Some(uid) = gone.uid {
            collection.trash.insert(format!("{name} {uid}"));
        }
        collection.note(name, now, true, true);
        true
    }

    /// Takes what a third party just did out of the log of changes.
    pub(super) fn unlog(&mut self, key: &str, name: &str, before: (u64, u64)) {
        if let Some(collection) = self.collections.get_mut(key) {
            collection.log.remove(name);
            (collection.version, collection.second) = before;
        }
    }

    /// Whether a content may be stored there, and what stands against it.
    pub(super) fn check(&self, key: &str, name: &str, content: &str) -> Result<(), Refusal> {
        use super::xml::{CALDAV, CARDDAV, DAV};
        let collection = self.collections.get(key).ok_or(Refusal::plain(409))?;
        if collection.read_only {
            return Err(Refusal::condition(403, DAV, "need-privileges"));
        }
        let (space, valid, supported, outer) = match collection.home {
            Home::Calendars => (
                CALDAV,
                "valid-calendar-data",
                "supported-calendar-data",
                "VCALENDAR",
            ),
            Home::AddressBooks => (
                CARDDAV,
                "valid-address-data",
                "supported-address-data",
                "VCARD",
            ),
        };
        let node = Node::parse(content).ok_or_else(|| Refusal::condition(403, space, valid))?;
        if node.name != outer {
            return Err(Refusal::condition(403, space, supported));
        }
        if collection.home == Home::Calendars {
            let kinds = node.kinds();
            if kinds.len() != 1 {
                let local = "valid-calendar-object-resource";
                return Err(Refusal::condition(403, CALDAV, local));
            }
            let known = |kind: &&str| collection.components.iter().any(|c| c == kind);
            if !kinds.iter().all(known) {
                let local = "supported-calendar-component";
                return Err(Refusal::condition(403, CALDAV, local));
            }
        }
        let Some(uid) = node.uid() else {
            return Err(Refusal::condition(403, space, valid));
        };
        if let Some(status) = self.profile.trash_refusal
            && !collection.resources.contains_key(name)
            && collection.trash.contains(&format!("{name} {uid}"))
        {
            return Err(Refusal::plain(status));
        }
        // One UID has one resource, and a resource keeps its UID (RFC 4791 section 5.3.2.1).
        let taken = collection.resources.iter().find(|(other, resource)| {
            let same_uid = resource.uid.as_deref() == Some(uid);
            let same_name = other.as_str() == name;
            same_uid != same_name && resource.uid.is_some()
        });
        match taken {
            Some((other, _)) => Err(Refusal {
                status: self.profile.uid_conflict,
                condition: Some((Name::new(space, "no-uid-conflict"), other.clone())),
            }),
            None => Ok(()),
        }
    }

    /// A content as this server stores it.
    fn rewritten(&self, content: &str) -> String {
        let rewrites = self.profile.has(Quirk::Rewrites);
        let adds = self.profile.has(Quirk::AddsProperties);
        let Some(mut node) = Node::parse(content).filter(|_| rewrites || adds) else {
            return content.to_owned();
        };
        if rewrites {
            node.rewrite();
        }
        if adds {
            node.add_properties();
        }
        node.print()
    }
}

impl Collection {
    /// Remembers that something changed.
    pub(super) fn note(&mut self, name: &str, version: u64, deleted: bool, logged: bool) {
        self.real_version = version;
        if logged {
            self.version = version;
            self.second = seconds();
            let change = Change {
                version,
                second: self.second,
                deleted,
            };
            self.log.insert(name.to_owned(), change);
        }
    }

    /// The token that stands for a change.
    pub(super) fn token(&self, profile: &Profile, version: u64, second: u64) -> String {
        match profile.has(Quirk::NumericTokens) {
            true if version == 0 => "-1".to_owned(),
            true => second.to_string(),
            false => format!("http://sync.example/ns/sync/{}-{version}", self.salt),
        }
    }

    /// The tag of the whole collection.
    pub(super) fn ctag(&self) -> String {
        format!("\"ctag-{}-{}\"", self.salt, self.real_version)
    }
}

fn etag(profile: &Profile, content: &str, writes: u64, now: u64) -> String {
    if profile.has(Quirk::CountingEtags) {
        format!("\"gcs{writes:08}\"")
    } else if profile.has(Quirk::WeakEtags) {
        format!("W/\"{now}\"")
    } else if profile.has(Quirk::OddEtags) {
        format!("\"été-{now}\"")
    } else if profile.has(Quirk::Rewrites) {
        let hash = Sha256::digest(content);
        let hex: String = hash.iter().map(|b| format!("{b:02x}")).collect();
        format!("\"{hex}\"")
    } else {
        format!("\"{now}-{}\"", content.len())
    }
}

fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}
