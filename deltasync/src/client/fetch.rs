//! A message, unpacked as it arrives.

use std::io::Write;

use sync_core::net::http::Response;
use sync_core::net::http::header::CONTENT_TYPE;

use super::call::Call;
use super::{Client, Error, ErrorKind, Result};
use crate::hu01::{Decoder, Event};
use crate::wire::item_operations::{Fetch, FetchAnswer};
use crate::wire::mtom::{self, FetchPart, FetchReader};
use crate::wire::sync::Encoded;
use crate::wire::{Command, ServerId, Status};

/// More than compression can add, and room for what is around it.
const FRAMING: u64 = 1 << 20;

impl Client {
    /// Writes a message to `out`, as the server holds it, block by block; gives its length in bytes.
    ///
    /// After an error `out` may hold a part of it.
    ///
    /// # Errors
    /// [`Error::is_item_gone`] if it is not there, [`Error::is_of_message`] if it cannot be unpacked.
    pub async fn fetch(&mut self, id: &ServerId, out: &mut (impl Write + Send)) -> Result<u64> {
        let fetch = Fetch { id: id.clone() };
        let call = Call {
            command: Command::ItemOperations,
            content: Encoded {
                content_type: mtom::XML,
                body: fetch.encode().into(),
            },
            repeatable: true,
            limit: u64::from(self.options.max_message).saturating_add(FRAMING),
        };
        for attempt in 0.. {
            let fresh = self.ensure_ticket().await?;
            let result = async {
                let response = self.post(&call).await?;
                self.unpack(response, out).await
            };
            match result.await {
                Err(error) if error.status() == Some(Status::TICKET) && attempt == 0 && !fresh => {
                    self.ticket = None;
                }
                other => return other.map_err(|error| error.of(Command::ItemOperations)),
            }
        }
        Err(Error::new(ErrorKind::Authentication, "the ticket is void"))
    }

    async fn unpack(&self, mut response: Response, out: &mut impl Write) -> Result<u64> {
        let kind = response.header(CONTENT_TYPE).unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with(mtom::CONTENT_TYPE) {
            let body = response.bytes().await?;
            let answer = FetchAnswer::decode(&body)?;
            check(&answer)?;
            return Err(Error::new(
                ErrorKind::Protocol,
                "an answer without a message",
            ));
        }
        let mut reader = FetchReader::new();
        let mut decoder = Decoder::new(self.options.stream_limits());
        let mut length = 0_u64;
        while let Some(chunk) = response.chunk().await? {
            for part in reader.push(&chunk)? {
                let data = match part {
                    FetchPart::Answer(answer) => {
                        check(&answer)?;
                        continue;
                    }
                    FetchPart::Data(data) => data,
                };
                let mut data = &data[..];
                while let Some(event) = decoder.decode(&mut data)? {
                    match event {
                        Event::Block { bytes, .. } => {
                            out.write_all(bytes).map_err(Error::local)?;
                            length = length.saturating_add(bytes.len() as u64);
                        }
                        // What follows is no part of the message.
                        Event::End => {
                            // Read to its end, the connection can be used again.
                            while let Ok(Some(_)) = response.chunk().await {}
                            return Ok(length);
                        }
                        Event::Header(_) => {}
                    }
                }
            }
        }
        reader.finish()?;
        decoder.finish()?;
        Ok(length)
    }
}

fn check(answer: &FetchAnswer) -> Result<()> {
    match answer.status.is_success() {
        true => Ok(()),
        false => Err(Error::of_status("the message", answer.status)),
    }
}
