//! Ping ([MS-ASCMD] section 2.2.1.13).

use std::time::Duration;

use super::{Command, Name};
use crate::wire::wbxml::pages::Ping as P;
use crate::wire::wbxml::{Error, Reader, Writer};
use crate::wire::{Status, Version};

/// Waits until something changes in one of the folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// How long the server shall wait; servers take 60 s to 59 min.
    pub heartbeat: Duration,
    /// Folders and their classes (`Email`, `Calendar`); none to repeat the last request's, by an
    /// empty body.
    pub folders: Vec<(String, &'static str)>,
}

/// The answer to [`Ping`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PingAnswer {
    /// 1: nothing happened; 2: the folders changed.
    pub status: Option<Status>,
    /// The folders in which something changed.
    pub changed: Vec<String>,
    /// With status 5: the heartbeat that the server takes.
    pub heartbeat: Option<Duration>,
    /// With status 6: how many folders it takes.
    pub max_folders: Option<u32>,
}

impl Command for Ping {
    const NAME: Name = Name::Ping;
    type Answer = PingAnswer;

    fn encode(&self, _: Version) -> Vec<u8> {
        if self.folders.is_empty() {
            return Vec::new();
        }
        let mut w = Writer::new();
        w.element(P::Ping, |w| {
            let seconds = i64::try_from(self.heartbeat.as_secs()).unwrap_or(i64::MAX);
            w.number(P::HeartbeatInterval, seconds);
            w.element(P::Folders, |w| {
                for (id, class) in &self.folders {
                    w.element(P::Folder, |w| {
                        w.text(P::Id, id);
                        w.text(P::Class, class);
                    });
                }
            });
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<PingAnswer, Error> {
        let mut r = Reader::new(body)?;
        r.root(P::Ping)?;
        let mut answer = PingAnswer::default();
        while let Some(tag) = r.child()? {
            match tag {
                P::Status => answer.status = r.number()?.map(Status),
                P::HeartbeatInterval => answer.heartbeat = r.number()?.map(Duration::from_secs),
                P::MaxFolders => answer.max_folders = r.number()?,
                P::Folders => {
                    while let Some(tag) = r.child()? {
                        match tag {
                            P::Folder => answer.changed.push(r.text()?.into_owned()),
                            _ => r.skip()?,
                        }
                    }
                }
                _ => r.skip()?,
            }
        }
        Ok(answer)
    }

    fn status(answer: &PingAnswer) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        true
    }
}
