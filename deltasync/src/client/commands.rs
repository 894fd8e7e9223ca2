//! One method a command.

use super::call::Call;
use super::{Client, Error, ErrorKind, Result};
use crate::wire::send::{Send, SendAnswer};
use crate::wire::settings::{self, Settings};
use crate::wire::sync::{
    Class, CollectionAnswer, CollectionRequest, Encoded, FolderData, ServerCommand, SyncAnswer,
    SyncRequest,
};
use crate::wire::{Action, Command, DecodeError, SyncKey, limits, mtom};

/// More pages than any list of folders has.
const MOST_PAGES: usize = 1_000;

impl Client {
    /// Asks for changes, makes some, or both.
    ///
    /// # Errors
    /// The request failed as a whole. What befell a collection or a command is in the answer.
    pub async fn sync(&mut self, request: &SyncRequest) -> Result<SyncAnswer> {
        let call = Call {
            command: Command::Sync,
            content: request.encode(),
            repeatable: request.is_reading(),
            limit: limits::DOCUMENT as u64,
        };
        self.call(&call, |body| Ok(SyncAnswer::decode(body)?)).await
    }

    /// [`sync`](Self::sync) of one collection, which must have gone well.
    ///
    /// # Errors
    /// The request or the collection failed: [`Error::is_key_lost`].
    pub async fn sync_one(
        &mut self,
        request: CollectionRequest,
    ) -> Result<(SyncKey, CollectionAnswer)> {
        self.sync_within(SyncRequest::of(request)).await
    }

    /// [`sync_one`](Self::sync_one), of the one collection of a request.
    pub(crate) async fn sync_within(
        &mut self,
        request: SyncRequest,
    ) -> Result<(SyncKey, CollectionAnswer)> {
        let class = request
            .collections
            .first()
            .map_or(Class::Email, |c| c.class);
        let answer = self.sync(&request).await?.only(class)?;
        if answer.status.action() != Action::None {
            return Err(Error::of_status(Command::Sync, answer.status));
        }
        let key = answer.key.clone();
        let key = key.ok_or_else(|| DecodeError::content("a collection without a key"))?;
        Ok((key, answer))
    }

    /// All folders but the root, in the server's order, and the key with which one can be made.
    ///
    /// # Errors
    /// As [`sync_one`](Self::sync_one).
    pub async fn folders(&mut self) -> Result<(Vec<FolderData>, SyncKey)> {
        let mut folders: Vec<FolderData> = Vec::new();
        let mut key = SyncKey::initial();
        for _ in 0..MOST_PAGES {
            let mut request = CollectionRequest::new(Class::Folder, None, key);
            request.get_changes = true;
            let (next, answer) = self.sync_one(request).await?;
            for command in answer.commands {
                match command {
                    ServerCommand::Folder(folder) => {
                        folders.retain(|known| known.id != folder.id);
                        folders.push(folder);
                    }
                    ServerCommand::Delete(id) => folders.retain(|known| known.id != id),
                    ServerCommand::Message(_) => {}
                }
            }
            key = next;
            if !answer.more {
                return Ok((folders, key));
            }
        }
        let why = "the list of folders has no end";
        Err(Error::new(ErrorKind::Protocol, why))
    }

    /// Sends a message (clean-room notes alone).
    ///
    /// # Errors
    /// The request failed as a whole. Whether the message went out is in the answer.
    pub async fn send(&mut self, message: &Send) -> Result<SendAnswer> {
        let call = Call {
            command: Command::Send,
            content: message.encode(),
            repeatable: false,
            limit: limits::DOCUMENT as u64,
        };
        self.call(&call, |body| Ok(SendAnswer::decode(body)?)).await
    }

    /// What the service and the account allow (content by clean-room notes alone).
    ///
    /// # Errors
    /// The request failed.
    pub async fn settings(&mut self) -> Result<Settings> {
        let call = Call {
            command: Command::Settings,
            content: Encoded {
                content_type: mtom::XML,
                body: settings::REQUEST.into(),
            },
            repeatable: true,
            limit: limits::DOCUMENT as u64,
        };
        self.call(&call, |body| Ok(Settings::decode(body)?)).await
    }
}
