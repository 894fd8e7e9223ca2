//! Many objects with few requests.

use std::collections::{HashSet, VecDeque};

use crate::wire::request;
use crate::wire::{Depth, Href, Property};

use super::error::{Error, ErrorKind, Result};
use super::{Client, Multistatus, Object, Service};

/// What became of one object that was asked for.
#[derive(Debug)]
pub enum Fetched {
    /// Here it is.
    Found(Object),
    /// There is none any more.
    Gone(Href),
    /// The server refuses this one, or does not mention it; it may well be there.
    Failed(Href, Error),
}

/// Objects that were asked for, read as they arrive; a batch is requested when the one before it
/// has been read.
#[derive(Debug)]
pub struct Multiget {
    client: Client,
    service: Service,
    collection: Href,
    waiting: VecDeque<Href>,
    /// Of the batch that is being read.
    pending: HashSet<Href>,
    answer: Option<Multistatus>,
}

impl Multiget {
    /// The next object, in any order; `None` when each one asked for has been told of.
    ///
    /// # Errors
    /// If a whole batch is refused or breaks off; nothing more is to be read then.
    pub async fn next(&mut self) -> Result<Option<Fetched>> {
        loop {
            if self.answer.is_none() {
                if let Some(href) = self.pending.iter().next().cloned() {
                    self.pending.remove(&href);
                    let error = Error::new(ErrorKind::Protocol, "the server says nothing of it");
                    return Ok(Some(Fetched::Failed(
                        href.clone(),
                        error.at("REPORT", &href),
                    )));
                }
                if self.waiting.is_empty() {
                    return Ok(None);
                }
                self.answer = Some(self.request().await?);
            }
            let Some(answer) = &mut self.answer else {
                continue;
            };
            let Some(mut response) = answer.next().await? else {
                self.answer = None;
                continue;
            };
            // Named as the caller named it, however the server writes it.
            let Some(href) = self.pending.take(&response.href) else {
                tracing::debug!(href = %response.href, "an object that nobody asked for");
                continue;
            };
            if response.is_gone() {
                return Ok(Some(Fetched::Gone(href)));
            }
            let data = response.properties.take_text(self.service.data());
            let Some(data) = data.filter(|_| response.is_success()) else {
                let refusal = response.refusal(self.service.data());
                // Servers write a missing object as a missing property, too.
                if response.status.is_none() && response.properties.is_empty() {
                    let all_gone = response.refused.iter().all(|(_, status)| *status == 404);
                    if all_gone && refusal.is_some() {
                        return Ok(Some(Fetched::Gone(href)));
                    }
                }
                let status = response.status.or(refusal).unwrap_or_default();
                let error = Error::refused(status, response.error).at("REPORT", &href);
                return Ok(Some(Fetched::Failed(href, error)));
            };
            return Ok(Some(Fetched::Found(Object {
                href,
                etag: response.properties.etag().cloned(),
                schedule_tag: response.properties.schedule_tag().cloned(),
                data: data.into(),
                damaged: response.damaged,
            })));
        }
    }

    async fn request(&mut self) -> Result<Multistatus> {
        let size = self.client.0.options.multiget_batch.max(1);
        let batch: Vec<_> = self.waiting.drain(..size.min(self.waiting.len())).collect();
        self.pending = batch.iter().cloned().collect();
        let data = self.service.data();
        let body = match self.service {
            Service::CalDav => {
                let properties = [Property::GetETag, Property::ScheduleTag, data];
                request::calendar_multiget(&batch, &self.client.wanted(&properties))
            }
            Service::CardDav => {
                let properties = [Property::GetETag, data];
                request::addressbook_multiget(&batch, &self.client.wanted(&properties))
            }
        };
        let answer = self
            .client
            .multistatus("REPORT", &self.collection, Depth::Zero, body);
        answer.await
    }
}

impl Client {
    /// Reads members of a collection (RFC 4791 section 7.9, RFC 6352 section 8.7), in batches of
    /// [`ClientOptions::multiget_batch`](super::ClientOptions::multiget_batch).
    ///
    /// Nothing is asked for where nothing is to be read.
    #[must_use]
    pub fn multiget(
        &self,
        service: Service,
        collection: &Href,
        hrefs: impl IntoIterator<Item = Href>,
    ) -> Multiget {
        Multiget {
            client: self.clone(),
            service,
            collection: collection.clone(),
            waiting: hrefs.into_iter().collect(),
            pending: HashSet::new(),
            answer: None,
        }
    }
}
