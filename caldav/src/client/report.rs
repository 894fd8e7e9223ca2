//! Searches.

use bytes::Bytes;

use crate::wire::request::{self, CardFilter};
use crate::wire::{Component, Depth, Href, Property, TimeRange};

use super::error::Result;
use super::{Client, Multistatus};

impl Client {
    /// Objects of a calendar with such a component, of which some instance is in `range`
    /// (RFC 4791 section 7.8).
    ///
    /// # Errors
    /// As [`propfind`](Self::propfind); servers may refuse a filter
    /// ([`SupportedFilter`](crate::wire::Condition::SupportedFilter)).
    pub async fn calendar_query(
        &self,
        calendar: &Href,
        component: Option<Component>,
        range: Option<&TimeRange>,
        properties: &[Property],
    ) -> Result<Multistatus> {
        let body = request::calendar_query(component, range, &self.wanted(properties));
        self.multistatus("REPORT", calendar, Depth::One, body).await
    }

    /// Cards of an address book that meet all the filters, up to `limit` of them
    /// (RFC 6352 section 8.6).
    ///
    /// # Errors
    /// As [`calendar_query`](Self::calendar_query). That there are more than `limit` is no error but
    /// [`Summary::truncated`](crate::wire::Summary::truncated).
    pub async fn addressbook_query(
        &self,
        addressbook: &Href,
        filters: &[CardFilter<'_>],
        limit: Option<u64>,
        properties: &[Property],
    ) -> Result<Multistatus> {
        let body = request::addressbook_query(filters, limit, &self.wanted(properties));
        self.multistatus("REPORT", addressbook, Depth::One, body)
            .await
    }

    /// When the owner of a calendar or home is busy: an iCalendar object with VFREEBUSY
    /// (RFC 4791 section 7.10).
    ///
    /// # Errors
    /// As any request.
    pub async fn free_busy(&self, calendar: &Href, range: &TimeRange) -> Result<Bytes> {
        let request = self
            .xml_request("REPORT", calendar, request::free_busy_query(range))?
            .header(
                sync_core::net::http::header::HeaderName::from_static("depth"),
                Depth::One.as_str(),
            )?;
        let mut answer = self.send("REPORT", calendar, request).await?;
        Ok(answer.bytes().await?)
    }
}
