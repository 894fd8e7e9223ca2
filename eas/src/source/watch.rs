//! Waiting for news by Ping.

use std::time::Duration;

use sync_core::Result;
use sync_core::model::CollectionId;

use super::EasSource;
use crate::client::ErrorKind;
use crate::wire::command::Ping;
use crate::wire::{Action, Status};

/// What servers take; some networks drop a connection that is silent for longer.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(8 * 60);
const CHANGED: Status = Status(2);

impl EasSource {
    pub(super) async fn wait_for_news(
        &mut self,
        c: &[CollectionId],
        timeout: Duration,
    ) -> Result<Vec<CollectionId>> {
        let mut folders = Vec::new();
        for id in c {
            if let Ok(class) = self.class(id).await {
                folders.push((id.as_str().to_owned(), class.as_str()));
            }
        }
        let wait = tokio::time::timeout(timeout, self.ping(folders));
        match wait.await {
            Err(_) => Ok(Vec::new()),
            Ok(changed) => {
                let changed = changed?;
                Ok(c.iter()
                    .filter(|id| changed.iter().any(|name| name == id.as_str()))
                    .cloned()
                    .collect())
            }
        }
    }

    /// Waits until something changes, however often it has to ask.
    async fn ping(&mut self, mut folders: Vec<(String, &'static str)>) -> Result<Vec<String>> {
        let mut heartbeat = LONGEST;
        while !folders.is_empty() {
            let request = Ping {
                heartbeat,
                folders: folders.clone(),
            };
            let answer = match self.client.ping(&request).await {
                Ok(answer) => answer,
                Err(error) if error.kind() == ErrorKind::Timeout && heartbeat > SHORTEST => {
                    heartbeat = (heartbeat / 2).max(SHORTEST);
                    continue;
                }
                Err(error) if error.action() == Action::SyncFolders => {
                    // A folder that is gone is news of every folder.
                    self.folders = None;
                    return Ok(folders.into_iter().map(|(id, _)| id).collect());
                }
                Err(error) => return Err(error.into()),
            };
            if answer.status == Some(CHANGED) {
                return Ok(match answer.changed.is_empty() {
                    true => folders.into_iter().map(|(id, _)| id).collect(),
                    false => answer.changed,
                });
            }
            if let Some(limit) = answer.heartbeat.filter(|limit| !limit.is_zero()) {
                heartbeat = limit.min(LONGEST);
            }
            if let Some(most) = answer.max_folders {
                folders.truncate(usize::try_from(most).unwrap_or(usize::MAX).max(1));
            }
        }
        std::future::pending().await
    }
}
