//! Waiting for news: by Ping, or by a Sync that waits where there is no Ping.

use std::time::Duration;

use sync_core::model::CollectionId;
use sync_core::{Error, ErrorKind, Result};
use tokio::time::Instant;

use super::{EasSource, outbox};
use crate::client;
use crate::wire::class::Class;
use crate::wire::command::{Collection, Name, Ping, Sync, Wait};
use crate::wire::{Action, Status, Version};

/// What servers take; some networks drop a connection that is silent for longer.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(8 * 60);
/// The bounds of `HeartbeatInterval` and `Wait` in a Sync ([MS-ASCMD] sections 2.2.3.79 and 2.2.3.198).
const LONGEST_SYNC: Duration = Duration::from_secs(3540);
/// How often in succession a server may name another limit.
const MOST_LIMITS: u8 = 4;

const CHANGED: Status = Status(2);

/// Folders to wait for, and how long at a time.
struct Watched {
    folders: Vec<(CollectionId, Class)>,
    /// How many of them one request may name.
    most: usize,
    heartbeat: Duration,
    limits: u8,
}

impl Watched {
    fn now(&self) -> &[(CollectionId, Class)] {
        let count = self.most.min(self.folders.len());
        self.folders.get(..count).unwrap_or_default()
    }

    fn all(&self) -> Vec<CollectionId> {
        self.folders.iter().map(|(id, _)| id.clone()).collect()
    }

    /// Takes a limit that the server tells.
    fn limit(&mut self, heartbeat: Option<Duration>, folders: Option<u32>) -> Result<()> {
        self.limits += 1;
        let folders = folders.map(|most| usize::try_from(most).unwrap_or(usize::MAX).max(1));
        let heartbeat = heartbeat.filter(|limit| !limit.is_zero());
        if self.limits > MOST_LIMITS || (heartbeat.is_none() && folders.is_none()) {
            let why = "the server refuses to wait, and names no limit that it keeps to";
            return Err(Error::new(ErrorKind::Protocol, why));
        }
        if let Some(limit) = heartbeat {
            self.heartbeat = limit.min(LONGEST_SYNC);
        }
        if let Some(most) = folders {
            self.most = most;
        }
        Ok(())
    }

    /// Nothing happened: the next folders have their turn, where not all fit into a request.
    fn turn(&mut self) {
        self.limits = 0;
        if self.most < self.folders.len() {
            self.folders.rotate_left(self.most);
            self.heartbeat = self.heartbeat.min(SHORTEST);
        }
    }
}

impl EasSource {
    pub(super) async fn wait_for_news(
        &mut self,
        c: &[CollectionId],
        timeout: Duration,
    ) -> Result<Vec<CollectionId>> {
        let mut folders = Vec::new();
        for id in c.iter().filter(|id| !outbox::is(id)) {
            if let Ok(class) = self.class(id).await {
                folders.push((id.clone(), class));
            }
        }
        let longest = self.heartbeat.unwrap_or(LONGEST);
        let watched = Watched {
            most: folders.len(),
            folders,
            heartbeat: timeout.clamp(SHORTEST, LONGEST).min(longest),
            limits: 0,
        };
        let named = |(id, _): &(CollectionId, Class)| self.unsettled.get_key_value(id);
        let unsettled = watched.folders.iter().filter_map(named);
        let first = unsettled.min_by_key(|(_, at)| **at);
        let first = first.map(|(id, at)| (id.clone(), at.duration_since(Instant::now())));
        let Some((id, pause)) = first.filter(|(_, pause)| *pause < timeout) else {
            let wait = tokio::time::timeout(timeout, self.wait(watched));
            return wait.await.unwrap_or(Ok(Vec::new()));
        };
        let wait = tokio::time::timeout(pause, self.wait(watched)).await;
        wait.unwrap_or_else(|_| {
            self.unsettled.remove(&id);
            Ok(vec![id])
        })
    }

    /// Waits until something changes, however often it has to ask.
    async fn wait(&mut self, mut watched: Watched) -> Result<Vec<CollectionId>> {
        let version = self.version().await?;
        let commands = &self.client.offer().commands;
        let ping = Name::Ping.as_str();
        let has = |all: &[String]| all.iter().any(|name| name.eq_ignore_ascii_case(ping));
        let pings = commands.is_empty() || has(commands);
        if !pings {
            // A folder that was not listed has no key to wait with.
            watched.folders.retain(|(id, _)| self.keys.contains_key(id));
        }
        while !watched.folders.is_empty() {
            let changed = match pings {
                true => self.ping(&mut watched).await,
                false => self.wait_in_sync(&mut watched, version).await,
            };
            match changed {
                Ok(Some(changed)) => return Ok(changed),
                Ok(None) => self.heartbeat = Some(watched.heartbeat),
                Err(error) if error.kind() == ErrorKind::Timeout => {
                    if watched.heartbeat <= SHORTEST {
                        return Err(error);
                    }
                    watched.heartbeat = (watched.heartbeat / 2).max(SHORTEST);
                }
                Err(error) => return Err(error),
            }
        }
        std::future::pending().await
    }

    /// The folders in which something changed; none where the server has only waited, or named a limit.
    async fn ping(&mut self, watched: &mut Watched) -> Result<Option<Vec<CollectionId>>> {
        let named = |(id, class): &(CollectionId, Class)| (id.as_str().to_owned(), class.as_str());
        let request = Ping {
            heartbeat: watched.heartbeat,
            folders: watched.now().iter().map(named).collect(),
        };
        let answer = match self.client.ping(&request).await {
            Ok(answer) => answer,
            Err(error) => return self.unless_folders(error, watched),
        };
        match answer.status {
            Some(CHANGED) => {
                let mut changed = watched.all();
                changed.retain(|id| answer.changed.iter().any(|name| name == id.as_str()));
                // A server that does not say where means anywhere.
                Ok(Some(match changed.is_empty() {
                    true => watched.all(),
                    false => changed,
                }))
            }
            Some(status) if status.action(Name::Ping) == Action::TakeLimit => {
                watched.limit(answer.heartbeat, answer.max_folders)?;
                Ok(None)
            }
            _ => {
                watched.turn();
                Ok(None)
            }
        }
    }

    /// The same by Sync, which brings changes that the next listing brings again: its key stays.
    async fn wait_in_sync(
        &mut self,
        watched: &mut Watched,
        version: Version,
    ) -> Result<Option<Vec<CollectionId>>> {
        let mut request = Sync::default();
        for (id, class) in watched.now() {
            let Some(key) = self.keys.get(id) else {
                continue;
            };
            let mut collection = Collection::new(*class, id.as_str(), key.as_str());
            collection.get_changes = Some(true);
            collection.window = Some(1);
            collection.options = Some(self.options(*class));
            request.collections.push(collection);
        }
        request.wait = Some(match version >= Version::V14_0 {
            true => Wait::Heartbeat(watched.heartbeat),
            false => {
                let minutes = (watched.heartbeat.as_secs() / 60).clamp(1, 59);
                Wait::Minutes(u8::try_from(minutes).unwrap_or(1))
            }
        });
        let answer = match self.client.sync(&request).await {
            Ok(answer) => answer,
            Err(error) => return self.unless_folders(error, watched),
        };
        match answer.status {
            Some(Status(14)) => {
                let unit = if version >= Version::V14_0 { 1 } else { 60 };
                let seconds = answer.limit.map(|limit| u64::from(limit) * unit);
                watched.limit(seconds.map(Duration::from_secs), None)?;
                return Ok(None);
            }
            Some(Status(15)) => {
                watched.limit(None, answer.limit)?;
                return Ok(None);
            }
            _ => {}
        }
        // A folder that the server tells of changed, or its key did: a listing finds out which.
        let mut changed = watched.all();
        changed.retain(|id| {
            let mut told = answer.collections.iter().filter(|c| c.id == id.as_str());
            told.any(|told| {
                !told.changes.is_empty()
                    || told.more
                    || told.status.is_some_and(|status| !status.is_ok(Name::Sync))
            })
        });
        if changed.is_empty() {
            watched.turn();
            return Ok(None);
        }
        Ok(Some(changed))
    }

    /// News of every folder, if the folders changed; else the error.
    fn unless_folders(
        &mut self,
        error: client::Error,
        watched: &Watched,
    ) -> Result<Option<Vec<CollectionId>>> {
        match error.action() {
            Action::SyncFolders => {
                self.doubt_folders();
                Ok(Some(watched.all()))
            }
            _ => Err(error.into()),
        }
    }
}
