//! One command: its request, and what has to be done before its answer can be had.

use bytes::Bytes;
use sync_core::net::http::header::{CONTENT_TYPE, HeaderName, LOCATION};
use sync_core::net::http::{Method, Request, Response, Url};

use super::{Client, Error, ErrorKind, Result};
use crate::wire::rst2::Ticket;
use crate::wire::sync::Encoded;
use crate::wire::{Command, Status};

/// How often one command is sent on to another host.
const MOST_REDIRECTS: usize = 5;

const HYDRA: HeaderName = HeaderName::from_static("x-windowslive-hydra");
const TRANSACTION: HeaderName = HeaderName::from_static("x-transactionid");

/// A command on its way.
pub(super) struct Call {
    pub(super) command: Command,
    pub(super) content: Encoded,
    /// Whether it may be sent again where a connection broke before its answer.
    pub(super) repeatable: bool,
    /// The most bytes of its answer.
    pub(super) limit: u64,
}

impl Client {
    /// Sends a command and reads its answer; after a new login, if the ticket has become void.
    pub(super) async fn call<T>(
        &mut self,
        call: &Call,
        decode: impl Fn(&Bytes) -> Result<T>,
    ) -> Result<T> {
        let command = call.command;
        for attempt in 0.. {
            let fresh = self.ensure_ticket().await?;
            let answer = async {
                let mut response = self.post(call).await?;
                let body = response.bytes().await?;
                decode(&body)
            };
            match answer.await {
                Err(error) if error.status() == Some(Status::TICKET) && attempt == 0 && !fresh => {
                    tracing::debug!(%command, "the ticket is void");
                    self.ticket = None;
                }
                other => return other.map_err(|error| error.of(command)),
            }
        }
        Err(Error::new(ErrorKind::Authentication, "the ticket is void"))
    }

    /// Makes sure that there is a ticket; whether it is new.
    pub(super) async fn ensure_ticket(&mut self) -> Result<bool> {
        match self.ticket {
            Some(_) => Ok(false),
            None => self.log_in().await.map(|()| true),
        }
    }

    /// Sends a request, to the mailbox's host or until that is found, and gives the head of the answer.
    pub(super) async fn post(&mut self, call: &Call) -> Result<Response> {
        let ticket = self.ticket.clone();
        let query = ticket.as_ref().map(Ticket::query);
        let mut url = self
            .host
            .clone()
            .unwrap_or_else(|| self.options.url.clone());
        url.set_path(call.command.path());
        for _ in 0..=MOST_REDIRECTS {
            // `Location` comes without the ticket.
            url.set_query(query);
            let mut request = Request::new(Method::POST, url.clone())
                .header(CONTENT_TYPE, call.content.content_type)?
                .body(call.content.body.clone())
                .timeout(self.options.timeout)
                .limit(call.limit)
                .keep_redirects();
            request = self.cookies.on(request)?;
            if call.repeatable {
                request = request.repeatable();
            }
            let response = self.http.send(request).await?;
            self.cookies.take(response.headers());
            tracing::debug!(
                command = %call.command,
                status = response.status().as_u16(),
                host = response.header(HYDRA),
                transaction = response.header(TRANSACTION),
                "answered",
            );
            match redirect(&response)? {
                Some(target) => url = self.moved(&url, target)?,
                None if response.status().as_u16() == 200 => {
                    let mut host = url;
                    host.set_query(None);
                    host.set_path("/");
                    self.host = Some(host);
                    return Ok(response);
                }
                None => return Err(response.into_error().into()),
            }
        }
        // The host that was known may be the one that is wrong now.
        self.host = None;
        Err(Error::new(ErrorKind::Redirect, "too many redirects"))
    }

    /// The mailbox is elsewhere: the same is sent there.
    fn moved(&self, from: &Url, to: Url) -> Result<Url> {
        if from.scheme() == "https" && to.scheme() != "https" {
            let why = "redirected to a place without TLS";
            return Err(Error::new(ErrorKind::Redirect, why));
        }
        tracing::debug!(host = to.host_str(), "the mailbox is elsewhere");
        Ok(to)
    }
}

/// Where an answer sends us; a relative `Location` is refused, as other clients did.
pub(super) fn redirect(response: &Response) -> Result<Option<Url>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307) {
        return Ok(None);
    }
    let target = response.header(LOCATION).map(Url::parse);
    match target {
        None => Ok(None),
        Some(Ok(url)) if matches!(url.scheme(), "http" | "https") => Ok(Some(url)),
        Some(_) => Err(Error::new(ErrorKind::Redirect, "redirected to no URL")),
    }
}
