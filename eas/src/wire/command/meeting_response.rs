//! MeetingResponse ([MS-ASCMD] section 2.2.1.11).

use super::{Command, Name};
use crate::wire::class::Body;
use crate::wire::wbxml::pages::{MeetingResponse as M, Search};
use crate::wire::wbxml::{Error, Reader, Writer};
use crate::wire::{DateTime, Status, Version};

/// Answers an invitation. Up to 14.1 the answer's mail is the client's to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingResponse {
    /// The answer.
    pub response: UserResponse,
    /// What is answered.
    pub request: MeetingRequestId,
    /// One occurrence of a series, from 14.1 on.
    pub instance: Option<DateTime>,
    /// What the server mails to the organizer, from 16.0 on; without it, nothing.
    pub send: Option<SendResponse>,
}

/// Whether somebody comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum UserResponse {
    Accept,
    Tentative,
    Decline,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeetingRequestId {
    /// The mail, or from 14.1 on the appointment.
    Item {
        /// Its folder.
        collection: String,
        /// The item.
        id: String,
    },
    /// As a search found it.
    Found(String),
}

/// What is mailed to the organizer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SendResponse {
    /// A text.
    pub text: Option<String>,
    /// Another start and end, from 16.1 on.
    pub proposed: Option<(DateTime, DateTime)>,
}

/// The answer to [`MeetingResponse`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MeetingResult {
    /// Whether it worked.
    pub status: Option<Status>,
    /// The appointment that came of it; none when declined.
    pub appointment: Option<String>,
}

impl Command for MeetingResponse {
    const NAME: Name = Name::MeetingResponse;
    type Answer = MeetingResult;

    fn encode(&self, version: Version) -> Vec<u8> {
        let mut w = Writer::new();
        w.element(M::MeetingResponse, |w| {
            w.element(M::Request, |w| {
                let response: u8 = match self.response {
                    UserResponse::Accept => 1,
                    UserResponse::Tentative => 2,
                    UserResponse::Decline => 3,
                };
                w.number(M::UserResponse, response);
                match &self.request {
                    MeetingRequestId::Item { collection, id } => {
                        w.text(M::CollectionId, collection);
                        w.text(M::RequestId, id);
                    }
                    MeetingRequestId::Found(id) => w.text(Search::LongId, id),
                }
                if let Some(instance) = self.instance
                    && version >= Version::V14_1
                {
                    w.text(M::InstanceId, &instance.extended().to_string());
                }
                if let Some(send) = &self.send
                    && version >= Version::V16_0
                {
                    w.element(M::SendResponse, |w| send.encode(w, version));
                }
            });
        });
        w.finish()
    }

    fn decode(&self, body: &[u8]) -> Result<MeetingResult, Error> {
        let mut r = Reader::new(body)?;
        r.root(M::MeetingResponse)?;
        let mut answer = MeetingResult::default();
        while let Some(tag) = r.child()? {
            match tag {
                M::Status => answer.status = r.number()?.map(Status),
                M::Result => {
                    while let Some(tag) = r.child()? {
                        match tag {
                            M::Status => answer.status = r.number()?.map(Status),
                            M::CalendarId => answer.appointment = Some(r.text()?.into_owned()),
                            _ => r.skip()?,
                        }
                    }
                }
                _ => r.skip()?,
            }
        }
        Ok(answer)
    }

    fn status(answer: &MeetingResult) -> Option<Status> {
        answer.status
    }

    fn is_repeatable(&self, _: Version) -> bool {
        false
    }
}

impl SendResponse {
    fn encode(&self, w: &mut Writer, version: Version) {
        if let Some(text) = &self.text {
            Body::text(text).write(w);
        }
        if let Some((start, end)) = self.proposed
            && version >= Version::V16_1
        {
            w.text(M::ProposedStartTime, &start.compact().to_string());
            w.text(M::ProposedEndTime, &end.compact().to_string());
        }
    }
}
