//! The sync-collection report (RFC 6578).

use crate::wire::request;
use crate::wire::{Depth, Href, Property, Response};

use super::error::{Error, ErrorKind, Result};
use super::{Client, Multistatus};

/// One change of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncChange {
    /// A member is new or another one than before.
    Changed(Response),
    /// A member is gone.
    Removed(Href),
    /// The server cannot say anything of a member, which may well be there.
    Unknown(Response),
}

/// The changes of a collection, read as they arrive.
#[derive(Debug)]
pub struct SyncChanges {
    answer: Multistatus,
    collection: Href,
}

/// Where a collection stands after its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncPoint {
    /// What to ask with next time.
    pub token: String,
    /// Whether there are more changes, to be asked for with this token at once
    /// (RFC 6578 section 3.6).
    pub truncated: bool,
    /// How many members of the answer could not be understood.
    pub unreadable: u64,
}

impl SyncChanges {
    /// The next change; `None` after the last one.
    ///
    /// # Errors
    /// If the answer breaks off, in which case nothing may be concluded from it but what was told;
    /// [`is_not_found`](Error::is_not_found) if the collection is gone.
    pub async fn next(&mut self) -> Result<Option<SyncChange>> {
        while let Some(response) = self.answer.next().await? {
            if response.href == self.collection {
                match response.status {
                    Some(status) if !response.is_success() => {
                        let error = Error::refused(status, response.error);
                        return Err(error.at("REPORT", &self.collection));
                    }
                    // Some servers list the collection among its members.
                    _ => continue,
                }
            }
            return Ok(Some(if response.is_gone() {
                SyncChange::Removed(response.href)
            } else if response.is_success() {
                SyncChange::Changed(response)
            } else {
                SyncChange::Unknown(response)
            }));
        }
        Ok(None)
    }

    /// Where the collection stands, once [`next`](Self::next) has said `None`.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] earlier, [`ErrorKind::Protocol`] if the server gave no token.
    pub fn point(&self) -> Result<SyncPoint> {
        let summary = self.answer.summary()?;
        let token = summary.sync_token.clone().ok_or_else(|| {
            let error = Error::new(ErrorKind::Protocol, "an answer without a sync-token");
            error.at("REPORT", &self.collection)
        })?;
        Ok(SyncPoint {
            token,
            truncated: summary.truncated,
            unreadable: summary.unreadable,
        })
    }
}

impl Client {
    /// What changed in a collection after `token`, or all there is without one; at most `limit`
    /// members at a time, if the server heeds that.
    ///
    /// # Errors
    /// [`is_token_refused`](Error::is_token_refused) if the token means nothing any more: then
    /// everything has to be listed anew, and nothing is deleted.
    pub async fn sync_collection(
        &self,
        collection: &Href,
        token: Option<&str>,
        limit: Option<u64>,
        properties: &[Property],
    ) -> Result<SyncChanges> {
        let body = request::sync_collection(token, limit, &self.wanted(properties));
        let answer = self.multistatus("REPORT", collection, Depth::Zero, body);
        Ok(SyncChanges {
            answer: answer.await?,
            collection: collection.clone(),
        })
    }
}
