//! Sync, the request ([MS-ASCMD] section 2.2.1.21). Its answer is in `sync_answer.rs`.

use std::time::Duration;

use super::{Command, Name, SyncAnswer};
use crate::wire::class::{BodyType, Class, Item};
use crate::wire::wbxml::pages::{AirSync as A, AirSyncBase as B, RightsManagement};
use crate::wire::wbxml::{Error, Tag, Writer};
use crate::wire::{DateTime, Status, Version};

/// Tells the server what changed here and asks what changed there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sync {
    /// The folders; none repeats the last request, by an empty body.
    pub collections: Vec<Collection>,
    /// Waits for a change before it answers.
    pub wait: Option<Wait>,
    /// How many changes all folders together may bring, 1 to 512.
    pub window: Option<u16>,
}

/// How long a [`Sync`] waits for a change. A version that cannot wait so answers at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// 1 to 59 minutes, from 12.1 on.
    Minutes(u8),
    /// 60 to 3,540 seconds, from 14.0 on.
    Heartbeat(Duration),
}

/// One folder of a [`Sync`].
#[derive(Debug, Clone, PartialEq)]
pub struct Collection {
    /// What its items are.
    pub class: Class,
    /// The last answer's key; `0` to begin.
    pub key: String,
    /// The folder.
    pub id: String,
    /// With key `0`: the elements that this client takes care of. Others stay when a change does
    /// not name them. None takes care of everything.
    pub supported: Option<Vec<Tag>>,
    /// Whether deleted mail goes to Deleted Items; the server's default is that it does.
    pub deletes_as_moves: Option<bool>,
    /// Whether the answer shall have the server's changes; its default is yes, but for key `0`.
    pub get_changes: Option<bool>,
    /// How many changes the answer may bring, 1 to 512.
    pub window: Option<u16>,
    /// What the items shall look like; the server keeps what it was told last.
    pub options: Option<Options>,
    /// What changed here; at most 200, and one for each item.
    pub changes: Vec<Change>,
}

impl Collection {
    /// Asks for what changed since `key`.
    pub fn new(class: Class, id: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            class,
            key: key.into(),
            id: id.into(),
            supported: None,
            deletes_as_moves: None,
            get_changes: None,
            window: None,
            options: None,
            changes: Vec::new(),
        }
    }
}

/// What items shall look like; always sent as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// How far back: 0 everything, 1 a day to 7 six months; 8 tasks that are not done.
    pub filter: Option<u8>,
    /// The forms of body that are wanted, one each.
    pub bodies: Vec<BodyPreference>,
    /// Who wins when both sides changed an item.
    pub conflict: Option<Conflict>,
    /// Whether MIME is wanted: 0 never, 1 of signed and encrypted mail, 2 always.
    pub mime_support: Option<u8>,
    /// How much of it: 0 nothing to 7 100 kB, 8 everything.
    pub mime_truncation: Option<u8>,
    /// Whether the server shall decrypt what rights management protects, from 14.1 on.
    pub rights_management: Option<bool>,
}

/// A form of body that is wanted ([MS-ASAIRS] section 2.2.2.12); from 12.0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyPreference {
    /// The form.
    pub body_type: BodyType,
    /// How many bytes of it; none for all.
    pub truncation: Option<u32>,
    /// Whether another form is better than a truncated one.
    pub all_or_none: Option<bool>,
}

/// Who wins when both sides changed an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// The client's change stays.
    ClientWins,
    /// The server's change stays, and the client's gets status 7.
    ServerWins,
}

/// One change that was made here.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new item.
    Add {
        /// Names it in the answer; at most 64 characters, unique. The same id again, with the same key, is
        /// the same item.
        client_id: String,
        /// Its content.
        item: Item,
        /// Whether a draft is sent, from 16.0 on.
        send: bool,
    },
    /// An item that changed.
    Change {
        /// The item.
        id: String,
        /// The occurrence of a series, from 16.0 on.
        instance: Option<DateTime>,
        /// What changed; more, for some classes and versions.
        item: Item,
        /// Whether a draft is sent, from 16.0 on.
        send: bool,
    },
    /// An item that is gone.
    Delete {
        /// The item.
        id: String,
        /// The occurrence of a series, from 16.0 on.
        instance: Option<DateTime>,
    },
    /// Asks for an item as a whole.
    Fetch {
        /// The item.
        id: String,
    },
}

impl Command for Sync {
    const NAME: Name = Name::Sync;
    type Answer = SyncAnswer;

    fn encode(&self, version: Version) -> Vec<u8> {
        if self.collections.is_empty() {
            return Vec::new();
        }
        let mut w = Writer::with_capacity(1024);
        w.element(A::Sync, |w| {
            w.element(A::Collections, |w| {
                for collection in &self.collections {
                    w.element(A::Collection, |w| collection.encode(w, version));
                }
            });
            match self.wait {
                Some(Wait::Minutes(minutes)) if version >= Version::V12_1 => {
                    w.number(A::Wait, minutes);
                }
                Some(Wait::Heartbeat(time)) if version >= Version::V14_0 => {
                    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
                    w.number(A::HeartbeatInterval, seconds);
                }
                _ => {}
            }
            if let Some(window) = self.window {
                w.number(A::WindowSize, window);
            }
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<SyncAnswer, Error> {
        SyncAnswer::decode(body, &self.collections)
    }

    fn status(answer: &SyncAnswer) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        // Who repeats a change has to know what the server makes of it.
        self.collections.iter().all(|c| c.changes.is_empty())
    }
}

impl Collection {
    fn encode(&self, w: &mut Writer, version: Version) {
        if version <= Version::V12_0 {
            w.text(A::Class, self.class.as_str());
        }
        w.text(A::SyncKey, &self.key);
        w.text(A::CollectionId, &self.id);
        if let Some(supported) = &self.supported {
            w.element(A::Supported, |w| {
                supported.iter().for_each(|tag| w.empty(*tag));
            });
        }
        if let Some(moves) = self.deletes_as_moves {
            w.flag(A::DeletesAsMoves, moves);
        }
        if let Some(changes) = self.get_changes {
            w.flag(A::GetChanges, changes);
        }
        if let Some(window) = self.window {
            w.number(A::WindowSize, window);
        }
        if let Some(options) = &self.options {
            w.element(A::Options, |w| options.encode(w, version));
        }
        if !self.changes.is_empty() {
            w.element(A::Commands, |w| {
                self.changes
                    .iter()
                    .for_each(|change| change.encode(w, version));
            });
        }
    }
}

impl Options {
    fn encode(&self, w: &mut Writer, version: Version) {
        if let Some(filter) = self.filter {
            w.number(A::FilterType, filter);
        }
        if version >= Version::V12_0 {
            self.bodies.iter().for_each(|body| body.encode(w));
        }
        if let Some(conflict) = self.conflict {
            w.flag(A::Conflict, conflict == Conflict::ServerWins);
        }
        if let Some(mime) = self.mime_support {
            w.number(A::MIMESupport, mime);
        }
        if let Some(truncation) = self.mime_truncation {
            w.number(A::MIMETruncation, truncation);
        }
        if let Some(rights) = self.rights_management
            && version >= Version::V14_1
        {
            w.flag(RightsManagement::RightsManagementSupport, rights);
        }
    }
}

impl BodyPreference {
    /// Everything in this form.
    pub const fn whole(body_type: BodyType) -> Self {
        Self {
            body_type,
            truncation: None,
            all_or_none: None,
        }
    }

    pub(super) fn encode(&self, w: &mut Writer) {
        w.element(B::BodyPreference, |w| {
            w.number(B::Type, self.body_type.number());
            if let Some(truncation) = self.truncation {
                w.number(B::TruncationSize, truncation);
            }
            if let Some(all) = self.all_or_none {
                w.flag(B::AllOrNone, all);
            }
        });
    }
}

impl Change {
    fn encode(&self, w: &mut Writer, version: Version) {
        let instance_id = |w: &mut Writer, instance: &Option<DateTime>| {
            if let Some(instance) = instance {
                w.text(B::InstanceId, &instance.compact().to_string());
            }
        };
        let sends = |w: &mut Writer, send: bool| {
            if send {
                w.empty(crate::wire::wbxml::pages::Email2::Send);
            }
        };
        match self {
            Self::Add {
                client_id,
                item,
                send,
            } => w.element(A::Add, |w| {
                w.text(A::ClientId, client_id);
                sends(w, *send);
                item.write(w, version);
            }),
            Self::Change {
                id,
                instance,
                item,
                send,
            } => w.element(A::Change, |w| {
                w.text(A::ServerId, id);
                instance_id(w, instance);
                sends(w, *send);
                item.write(w, version);
            }),
            Self::Delete { id, instance } => w.element(A::Delete, |w| {
                w.text(A::ServerId, id);
                instance_id(w, instance);
            }),
            Self::Fetch { id } => w.element(A::Fetch, |w| w.text(A::ServerId, id)),
        }
    }
}
