//! An answer that is read while it arrives.

use std::fmt;

use sync_core::net::http;

use crate::wire::{Href, Limits, MultistatusReader, Response, Summary};

use super::error::{Error, ErrorKind, Result};

/// The responses of a multistatus, one after the other, and what stands beside them.
///
/// Nothing may be concluded from what is absent before [`next`](Self::next) has said `None`: until
/// then the answer is not complete.
pub struct Multistatus {
    body: http::Response,
    reader: MultistatusReader,
    summary: Option<Summary>,
    method: &'static str,
    href: Href,
}

impl Multistatus {
    pub(crate) fn new(
        body: http::Response,
        method: &'static str,
        href: Href,
        home: &str,
        limits: Limits,
    ) -> Self {
        // References are relative to where the answer came from, after redirects.
        let base = Href::parse(body.url().as_str()).unwrap_or_else(|| href.clone());
        Self {
            reader: MultistatusReader::new(base, home, limits),
            body,
            summary: None,
            method,
            href,
        }
    }

    /// The next response; `None` after the last one.
    ///
    /// # Errors
    /// If the connection breaks, or the answer is none or beyond the limits.
    pub async fn next(&mut self) -> Result<Option<Response>> {
        loop {
            if let Some(response) = self.reader.pop() {
                return Ok(Some(response));
            }
            if self.summary.is_some() {
                return Ok(None);
            }
            let done = match self.body.chunk().await? {
                Some(bytes) => self.reader.push(&bytes),
                None => self.reader.finish().map(|summary| {
                    self.summary = Some(summary);
                }),
            };
            done.map_err(|error| Error::from(error).at(self.method, &self.href))?;
        }
    }

    /// What stands beside the responses.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] before the last response was read.
    pub fn summary(&self) -> Result<&Summary> {
        let early = || Error::new(ErrorKind::Usage, "the answer has not been read to its end");
        self.summary.as_ref().ok_or_else(early)
    }

    /// All that is left, held at once.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn collect(mut self) -> Result<(Vec<Response>, Summary)> {
        let mut all = Vec::new();
        while let Some(response) = self.next().await? {
            all.push(response);
        }
        Ok((all, self.summary.unwrap_or_default()))
    }

    /// The only response that is expected.
    pub(crate) async fn single(self) -> Result<Response> {
        let (method, href) = (self.method, self.href.clone());
        let (responses, _) = self.collect().await?;
        let mut own = None;
        for response in responses {
            // Servers are known to add others; ours is the one asked for, else the first.
            if response.href == href || own.is_none() {
                own = Some(response);
            }
        }
        own.ok_or_else(|| {
            let error = Error::new(ErrorKind::Protocol, "an answer about nothing");
            error.at(method, &href)
        })
    }
}

impl fmt::Debug for Multistatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Multistatus({} {})", self.method, self.href)
    }
}
