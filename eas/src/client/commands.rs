//! One method a command.

use std::time::Duration;

use super::call::Extras;
use super::{Client, Error, Result};
use crate::wire::class::Class;
use crate::wire::command::{
    Command, ComposeAnswer, Estimate, FetchOf, Find, FindAnswer, FolderCreate, FolderCreated,
    FolderDelete, FolderSync, FolderSyncAnswer, FolderUpdate, FoldersChanged, GetAttachment,
    GetItemEstimate, ItemOperations, ItemOperationsAnswer, MeetingResponse, MeetingResult,
    MoveItems, Moved, Name, Operation, Ping, PingAnswer, ResolveAnswer, ResolveRecipients, Search,
    SearchAnswer, SendMail, Settings, SettingsAnswer, SmartForward, SmartReply, Sync, SyncAnswer,
    ValidateCert, Validated, Wait,
};
use crate::wire::{Status, Version};

impl Client {
    /// What changed in the folders since `key`; `0` for all of them ([MS-ASCMD] section 2.2.1.5).
    ///
    /// # Errors
    /// With [`Action::ReprimeFolders`](crate::wire::Action::ReprimeFolders) if the key means nothing
    /// any more.
    pub async fn folder_sync(&mut self, key: &str) -> Result<FolderSyncAnswer> {
        let key = key.to_owned();
        self.call(&FolderSync { key }).await
    }

    /// Makes a folder ([MS-ASCMD] section 2.2.1.3).
    ///
    /// # Errors
    /// Any status but success.
    pub async fn folder_create(&mut self, folder: &FolderCreate) -> Result<FolderCreated> {
        self.call(folder).await
    }

    /// Renames or moves a folder ([MS-ASCMD] section 2.2.1.6).
    ///
    /// # Errors
    /// Any status but success.
    pub async fn folder_update(&mut self, folder: &FolderUpdate) -> Result<FoldersChanged> {
        self.call(folder).await
    }

    /// Deletes a folder with everything in it ([MS-ASCMD] section 2.2.1.4).
    ///
    /// # Errors
    /// Any status but success.
    pub async fn folder_delete(&mut self, folder: &FolderDelete) -> Result<FoldersChanged> {
        self.call(folder).await
    }

    /// Exchanges changes ([MS-ASCMD] section 2.2.1.21). Collections have statuses of their own.
    ///
    /// After an error whose outcome is unknown, the same request with the same keys asks what became
    /// of it: keys are advanced only once the answer is stored.
    ///
    /// # Errors
    /// A status of the whole request that is no success, but for a limit, which the answer tells.
    pub async fn sync(&mut self, request: &Sync) -> Result<SyncAnswer> {
        let wait = match request.wait {
            Some(Wait::Minutes(minutes)) => Duration::from_secs(60 * u64::from(minutes)),
            Some(Wait::Heartbeat(time)) => time,
            None => Duration::ZERO,
        };
        let extras = Extras {
            wait,
            ..Extras::default()
        };
        let answer = self.call_with(request, &extras).await?;
        // What concerns the whole session may be said of a collection.
        let status = answer.collections.iter().find_map(|c| c.status);
        if let Some(status @ Status(140 | 142..=144)) = status {
            return self.sync_after(request, &extras, status).await;
        }
        Ok(answer)
    }

    async fn sync_after(
        &mut self,
        request: &Sync,
        extras: &Extras,
        status: Status,
    ) -> Result<SyncAnswer> {
        if status == Status(140) {
            return Err(self.wipe().await?);
        }
        self.provision().await?;
        let answer = self.call_with(request, extras).await?;
        match answer.collections.iter().find_map(|c| c.status) {
            Some(status @ Status(140 | 142..=144)) => Err(Error::status_of(Name::Sync, status)),
            _ => Ok(answer),
        }
    }

    /// How many changes wait ([MS-ASCMD] section 2.2.1.9).
    ///
    /// # Errors
    /// None of a single folder; those have statuses of their own.
    pub async fn get_item_estimate(&mut self, request: &GetItemEstimate) -> Result<Vec<Estimate>> {
        self.call(request).await
    }

    /// Waits for a change ([MS-ASCMD] section 2.2.1.13).
    ///
    /// # Errors
    /// Any status but 1 and 2, and limits, which the answer tells.
    pub async fn ping(&mut self, request: &Ping) -> Result<PingAnswer> {
        let extras = Extras {
            wait: request.heartbeat,
            ..Extras::default()
        };
        self.call_with(request, &extras).await
    }

    /// Moves items ([MS-ASCMD] section 2.2.1.12). Each has a status of its own.
    ///
    /// # Errors
    /// None of a single item.
    pub async fn move_items(&mut self, request: &MoveItems) -> Result<Vec<Moved>> {
        self.call(request).await
    }

    /// Fetches items and attachments, empties folders ([MS-ASCMD] section 2.2.1.10). Asks for the raw
    /// bytes of messages and attachments in parts instead of base64, and puts them in their places.
    ///
    /// # Errors
    /// None of a single operation; those have statuses of their own.
    pub async fn item_operations(
        &mut self,
        request: &ItemOperations,
    ) -> Result<ItemOperationsAnswer> {
        // SOGo knows parts of messages alone.
        let is_binary = |operation: &Operation| match operation {
            Operation::Fetch(fetch) => {
                fetch.class == Class::Email || matches!(fetch.what, FetchOf::Attachment(_))
            }
            _ => false,
        };
        let extras = Extras {
            multipart: request.0.iter().any(is_binary),
            ..Extras::default()
        };
        let parts = self.exchange(request, &extras, 0).await?;
        let parts = parts.split()?;
        let mut answer = request.decode(parts.first().copied().unwrap_or_default())?;
        answer.take_parts(&parts);
        Ok(answer)
    }

    /// An attachment's bytes, up to 12.1 ([MS-ASCMD] section 2.2.1.8).
    ///
    /// # Errors
    /// [`ErrorKind::Server`](super::ErrorKind::Server) where there is none of this name.
    pub async fn get_attachment(&mut self, request: &GetAttachment) -> Result<Vec<u8>> {
        let extras = Extras {
            parameters: request.parameters(),
            ..Extras::default()
        };
        self.call_with(request, &extras).await
    }

    /// Sends a message ([MS-ASCMD] section 2.2.1.17).
    ///
    /// # Errors
    /// A message that is not sent. From 14.0 on, the same
    /// [`client_id`](SendMail::client_id) again sends nothing twice.
    pub async fn send_mail(&mut self, mail: &SendMail) -> Result<()> {
        let parameters = mail.parameters(self.settled().await?);
        self.compose(mail, parameters).await
    }

    /// Answers a message ([MS-ASCMD] section 2.2.1.20).
    ///
    /// # Errors
    /// As [`send_mail`](Self::send_mail).
    pub async fn smart_reply(&mut self, reply: &SmartReply) -> Result<()> {
        let parameters = reply.parameters(self.settled().await?);
        self.compose(reply, parameters).await
    }

    /// Passes a message on ([MS-ASCMD] section 2.2.1.19).
    ///
    /// # Errors
    /// As [`send_mail`](Self::send_mail).
    pub async fn smart_forward(&mut self, forward: &SmartForward) -> Result<()> {
        let parameters = forward.parameters(self.settled().await?);
        self.compose(forward, parameters).await
    }

    async fn compose<C: Command<Answer = ComposeAnswer>>(
        &mut self,
        command: &C,
        parameters: Vec<(crate::wire::http::Parameter, String)>,
    ) -> Result<()> {
        let extras = Extras {
            parameters,
            ..Extras::default()
        };
        self.call_with(command, &extras).await.map(drop)
    }

    async fn settled(&mut self) -> Result<Version> {
        match self.version {
            Some(version) => Ok(version),
            None => self.negotiate().await,
        }
    }

    /// Answers an invitation ([MS-ASCMD] section 2.2.1.11).
    ///
    /// # Errors
    /// Statuses above 100; the others are in the answer.
    pub async fn meeting_response(&mut self, request: &MeetingResponse) -> Result<MeetingResult> {
        self.call(request).await
    }

    /// Searches mail or the directory ([MS-ASCMD] section 2.2.1.16).
    ///
    /// # Errors
    /// Any status but success; there being no more is one.
    pub async fn search(&mut self, request: &Search) -> Result<SearchAnswer> {
        self.call(request).await
    }

    /// Searches mail or the directory, 16.1 ([MS-ASCMD] section 2.2.1.2).
    ///
    /// # Errors
    /// Any status but success.
    pub async fn find(&mut self, request: &Find) -> Result<FindAnswer> {
        self.call(request).await
    }

    /// Asks for settings or makes them ([MS-ASCMD] section 2.2.1.18).
    ///
    /// # Errors
    /// A status of the whole request that is no success.
    pub async fn settings(&mut self, request: &Settings) -> Result<SettingsAnswer> {
        self.call(request).await
    }

    /// Finds people ([MS-ASCMD] section 2.2.1.15).
    ///
    /// # Errors
    /// A status of the whole request that is no success.
    pub async fn resolve_recipients(
        &mut self,
        request: &ResolveRecipients,
    ) -> Result<ResolveAnswer> {
        self.call(request).await
    }

    /// Has certificates checked ([MS-ASCMD] section 2.2.1.22).
    ///
    /// # Errors
    /// A status of the whole request that is no success.
    pub async fn validate_cert(&mut self, request: &ValidateCert) -> Result<Validated> {
        self.call(request).await
    }
}
