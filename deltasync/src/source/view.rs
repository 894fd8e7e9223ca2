//! What this session knows of a folder.

use std::collections::{BTreeMap, VecDeque};

use sync_core::model::{Item, ItemId, Timestamp};

use crate::mapping::MessageState;
use crate::wire::sync::ServerCommand;
use crate::wire::{ServerId, SyncKey};

use super::KIND;

/// How many places are remembered that a reader of listings may stand at.
const POINTS: usize = 8;

/// How much news is kept for readers that do not ask for it.
const NEWS: usize = 10_000;

/// What a session learned of a folder, and which of it readers of listings were not told.
///
/// A write needs a key, and a look at the folder before it moves the key on. Whether a server takes an
/// older key nobody knows, so that what such a look shows is kept here for the next listing.
#[derive(Debug)]
pub(super) struct View {
    /// Where the session stands.
    pub(super) key: SyncKey,
    /// The messages that were listed. About 100 bytes each.
    known: BTreeMap<ServerId, Seen>,
    /// Whether `known` is all that there is.
    pub(super) is_complete: bool,
    /// Rises with every piece of news.
    now: u64,
    news: BTreeMap<ServerId, News>,
    /// Keys that readers hold, and when they got them.
    points: VecDeque<(SyncKey, u64)>,
}

/// A message as last listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) state: MessageState,
    /// In seconds since 1970.
    pub(super) received: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct News {
    at: u64,
    /// Whether it is our own doing.
    own: bool,
}

/// The messages that changed.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) changed: Vec<Item>,
    pub(super) vanished: Vec<ItemId>,
}

impl View {
    /// Nothing is known.
    pub(super) fn empty() -> Self {
        let mut view = Self::at(SyncKey::initial());
        view.is_complete = true;
        view.points.clear();
        view
    }

    /// A reader stands at this key, and nothing is known of what there is.
    pub(super) fn at(key: SyncKey) -> Self {
        Self {
            points: VecDeque::from([(key.clone(), 0)]),
            key,
            known: BTreeMap::new(),
            is_complete: false,
            now: 0,
            news: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, id: &ServerId) -> Option<Seen> {
        self.known.get(id).copied()
    }

    /// Takes what the server says. `false` if the state of a message remains unknown.
    pub(super) fn learn(&mut self, commands: Vec<ServerCommand>) -> bool {
        let mut clear = true;
        for command in commands {
            match command {
                ServerCommand::Message(data) => {
                    let before = self.get(&data.id);
                    let Some(state) = MessageState::of(&data, before.map(|seen| seen.state)) else {
                        clear = false;
                        continue;
                    };
                    let received = data.received.or(before.and_then(|seen| seen.received));
                    let seen = Seen { state, received };
                    if before != Some(seen) {
                        self.put(data.id, Some(seen), false);
                    }
                }
                ServerCommand::Delete(id) => self.put(id, None, false),
                ServerCommand::Folder(_) => {}
            }
        }
        clear
    }

    /// Notes how a message is now; `None` if it is gone.
    pub(super) fn put(&mut self, id: ServerId, seen: Option<Seen>, own: bool) {
        match seen {
            Some(seen) => self.known.insert(id.clone(), seen),
            None => self.known.remove(&id),
        };
        if self.points.is_empty() {
            return;
        }
        self.now = self.now.saturating_add(1);
        self.news.insert(id, News { at: self.now, own });
        if self.news.len() > NEWS {
            // They will have to ask the server.
            self.points.clear();
            self.news.clear();
        }
    }

    /// Notes what a look beside the listings found, which is no news.
    pub(super) fn remember(&mut self, id: ServerId, seen: Seen) {
        self.known.entry(id).or_insert(seen);
    }

    /// Whether it was there and is gone.
    pub(super) fn is_gone(&self, id: &ServerId) -> bool {
        self.news.contains_key(id) && !self.known.contains_key(id)
    }

    fn point(&self, key: &SyncKey) -> Option<u64> {
        let mut points = self.points.iter().rev();
        points.find(|(known, _)| known == key).map(|(_, at)| *at)
    }

    /// Whether what a reader at this key was not told is known here.
    pub(super) fn knows(&self, key: &SyncKey) -> bool {
        self.point(key).is_some()
    }

    /// Whether a reader at this key was not told something, if this is known.
    pub(super) fn has_news(&self, key: &SyncKey, own: bool) -> bool {
        let Some(point) = self.point(key) else {
            return true;
        };
        let mut news = self.news.values();
        news.any(|news| news.at > point && (own || !news.own))
    }

    /// Whether something happened that the reader who was told last does not know.
    pub(super) fn has_untold(&self) -> bool {
        match self.points.back() {
            Some((key, _)) => self.has_news(key, true),
            None => true,
        }
    }

    /// What a reader at this key was not told. It stands where the session stands from now on.
    pub(super) fn tell(&mut self, key: &SyncKey) -> Told {
        let point = self.point(key).unwrap_or_default();
        let mut told = Told::default();
        for (id, news) in &self.news {
            if news.at <= point {
                continue;
            }
            match self.known.get(id) {
                Some(seen) => told.changed.push(item(id, *seen)),
                None => told.vanished.push(ItemId::new(id.as_str())),
            }
        }
        self.stand();
        told
    }

    /// A reader stands where the session does.
    pub(super) fn stand(&mut self) {
        self.points.retain(|(key, _)| *key != self.key);
        self.points.push_back((self.key.clone(), self.now));
        if self.points.len() > POINTS {
            self.points.pop_front();
        }
        let oldest = self.points.front().map_or(0, |(_, at)| *at);
        self.news.retain(|_, news| news.at > oldest);
    }
}

/// A message as a listing tells it.
pub(super) fn item(id: &ServerId, seen: Seen) -> Item {
    let mut item = Item::new(id.as_str(), KIND, seen.state.revision());
    item.flags = seen.state.flags();
    item.date = seen.received.map(Timestamp::utc);
    item
}
