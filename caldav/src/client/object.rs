//! Single objects: GET, PUT, POST, DELETE, MOVE.

use bytes::Bytes;
use sync_core::net::http::{Response as Answer, header};

use crate::wire::{ETag, Href, Precondition, Property};

use super::error::{Error, ErrorKind, Result};
use super::{Client, Service};

const SCHEDULE_TAG: header::HeaderName = header::HeaderName::from_static("schedule-tag");

/// A calendar object or card as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Where it is.
    pub href: Href,
    /// Its version.
    pub etag: Option<ETag>,
    /// Its version as far as scheduling goes (RFC 6638 section 3.2.10).
    pub schedule_tag: Option<ETag>,
    /// iCalendar or vCard.
    pub data: Bytes,
    /// Whether it came as XML that was not all text, so that `data` may differ from what is stored.
    pub damaged: bool,
}

/// What a server says of an object that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Where it is: elsewhere than was asked if the server says so.
    pub href: Href,
    /// Its version. That a tag is given does not mean that what was sent is what is stored, as
    /// RFC 4791 section 5.3.4 would have it: Radicale gives one and rewrites.
    pub etag: Option<ETag>,
    /// Its version as far as scheduling goes.
    pub schedule_tag: Option<ETag>,
}

impl Client {
    /// Reads an object.
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found), [`ErrorKind::TooLarge`], and as any request.
    pub async fn get(&self, href: &Href) -> Result<Object> {
        let limit = u64::try_from(self.0.options.limits.max_response).unwrap_or(u64::MAX);
        let request = self.request("GET", href)?.limit(limit);
        let mut answer = self.send("GET", href, request).await?;
        let etag = tag(&answer, header::ETAG);
        let schedule_tag = tag(&answer, SCHEDULE_TAG);
        Ok(Object {
            data: answer.bytes().await?,
            href: href.clone(),
            etag,
            schedule_tag,
            damaged: false,
        })
    }

    /// Writes an object, a new one or in place of another.
    ///
    /// # Errors
    /// [`is_stale`](Error::is_stale), [`is_uid_conflict`](Error::is_uid_conflict) and the other
    /// refusals; [`is_outcome_unknown`](Error::is_outcome_unknown) if it may be stored all the same.
    pub async fn put(
        &self,
        href: &Href,
        service: Service,
        data: Bytes,
        precondition: &Precondition,
    ) -> Result<Stored> {
        let request = self
            .request("PUT", href)?
            .header(header::CONTENT_TYPE, service.content_type())?
            .body(data);
        let request = Self::guarded(request, precondition)?;
        let answer = self.send("PUT", href, request).await?;
        self.stored(href, answer).await
    }

    /// Adds an object under a name that the server chooses (RFC 5995); `add_member` is what
    /// DAV:add-member of the collection says.
    ///
    /// # Errors
    /// As [`put`](Self::put), and [`ErrorKind::Protocol`] if the server keeps the name to itself.
    pub async fn add(&self, add_member: &Href, service: Service, data: Bytes) -> Result<Stored> {
        let request = self
            .request("POST", add_member)?
            .header(header::CONTENT_TYPE, service.content_type())?
            .body(data);
        let answer = self.send("POST", add_member, request).await?;
        if answer.headers().get(header::LOCATION).is_none() {
            let error = Error::new(ErrorKind::Protocol, "the server does not say where it is");
            return Err(error.at("POST", add_member));
        }
        self.stored(add_member, answer).await
    }

    /// Removes an object or a collection.
    ///
    /// SOGo does not heed If-Match here; its tags are known, and compared before.
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found), [`is_stale`](Error::is_stale), and as any request.
    pub async fn delete(&self, href: &Href, precondition: &Precondition) -> Result<()> {
        let request = Self::guarded(self.request("DELETE", href)?, precondition)?;
        if let Some(tag) = unheeded(precondition) {
            self.compare("DELETE", href, tag).await?;
        }
        let reply = if self.0.options.schedule_reply {
            "T"
        } else {
            "F"
        };
        let request = request.header(header::HeaderName::from_static("schedule-reply"), reply)?;
        let mut answer = self.send("DELETE", href, request).await?;
        if answer.status().as_u16() != 207 {
            answer.drain().await;
            return Ok(());
        }
        // Members that could not be removed (RFC 4918 section 9.6.1).
        let mut failed = self.read("DELETE", href, answer);
        while let Some(response) = failed.next().await? {
            if let Some(status) = response.status.filter(|_| !response.is_success()) {
                return Err(Error::refused(status, response.error).at("DELETE", &response.href));
            }
        }
        Ok(())
    }

    /// An error if another version is there.
    async fn compare(&self, method: &'static str, href: &Href, tag: &ETag) -> Result<()> {
        let found = self.properties(href, &[Property::GetETag]).await?;
        let status = match (found.properties.etag(), found.status) {
            (Some(found), _) if found == tag => return Ok(()),
            (None, Some(status)) if !found.is_success() => status,
            _ => 412,
        };
        Err(Error::refused(status, found.error).at(method, href))
    }

    /// Moves an object to where nothing is yet (RFC 4918 section 9.9). The precondition is about
    /// the object that is moved.
    ///
    /// SOGo heeds neither the precondition nor that nothing is to be overwritten; with a tag of its
    /// own as precondition both are looked at before.
    ///
    /// # Errors
    /// [`is_stale`](Error::is_stale) if the object changed, or something is at `to` already;
    /// [`is_unsupported`](Error::is_unsupported) at servers that cannot (Google).
    pub async fn move_to(
        &self,
        from: &Href,
        to: &Href,
        precondition: &Precondition,
    ) -> Result<Stored> {
        let request = self
            .request("MOVE", from)?
            .header(
                header::HeaderName::from_static("destination"),
                self.url(to)?.as_str(),
            )?
            .header(header::HeaderName::from_static("overwrite"), "F")?;
        let request = Self::guarded(request, precondition)?;
        if let Some(tag) = unheeded(precondition) {
            self.compare("MOVE", from, tag).await?;
            let there = self.properties(to, &[Property::GetETag]).await;
            match there {
                Ok(there) if !there.is_gone() => {
                    return Err(Error::refused(412, there.error).at("MOVE", to));
                }
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
        }
        let answer = self.send("MOVE", from, request).await?;
        if answer.status().as_u16() == 207 {
            let response = self.read("MOVE", from, answer).single().await?;
            let status = response.status.unwrap_or_default();
            return Err(Error::refused(status, response.error).at("MOVE", from));
        }
        self.stored(to, answer).await
    }

    async fn stored(&self, href: &Href, mut answer: Answer) -> Result<Stored> {
        let base = Href::parse(self.url(href)?.as_str());
        let location = answer.header(header::LOCATION);
        let stored = Stored {
            href: base
                .zip(location)
                .and_then(|(base, location)| base.resolve(location))
                .map(|href| href.relative_to(&self.0.origin))
                .unwrap_or_else(|| href.clone()),
            etag: tag(&answer, header::ETAG),
            schedule_tag: tag(&answer, SCHEDULE_TAG),
        };
        answer.drain().await;
        Ok(stored)
    }
}

/// The tag of a precondition that SOGo, which alone has such tags, does not heed but for PUT.
fn unheeded(precondition: &Precondition) -> Option<&ETag> {
    match precondition {
        Precondition::Match(tag) if tag.as_str().starts_with("\"gcs") => Some(tag),
        _ => None,
    }
}

fn tag(answer: &Answer, name: header::HeaderName) -> Option<ETag> {
    let value = answer.headers().get(name)?;
    ETag::parse(&String::from_utf8_lossy(value.as_bytes()))
}
