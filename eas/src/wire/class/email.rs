//! Mail ([MS-ASEMAIL]).

use super::{Attachment, Body, BodyType, NewAttachment, Recurrence, Values, read_list, write_list};
use crate::wire::Version;
use crate::wire::wbxml::pages::{AirSyncBase, Email as E};
use crate::wire::wbxml::{Error, Reader, Writer};

/// A mail, or what changed of one. A client may change `Read`, the flag and the categories; of a draft,
/// from 16.0 on, whom it goes to and what it says too.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Email {
    /// `Subject`, `From`, `Read`, `DateReceived` and so on.
    pub values: Values,
    /// Categories; an empty list clears them.
    pub categories: Option<Vec<String>>,
    /// The follow-up flag; one without values is none, and clears it.
    pub flag: Option<Values>,
    /// Its text, or the whole message.
    pub body: Option<Body>,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// Attachments to add to a draft or to take away from it, from 16.0 on.
    pub new_attachments: Vec<NewAttachment>,
    /// What a meeting request asks for: `StartTime`, `GlobalObjId` and so on.
    pub meeting: Option<Values>,
    /// How the meeting recurs.
    pub meeting_recurrence: Option<Recurrence>,
}

impl Email {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let mut email = Self::default();
        while let Some(tag) = r.child()? {
            match tag {
                E::Categories => email.categories = Some(read_list(r, E::Category)?),
                E::Flag => {
                    let mut flag = Values::default();
                    while let Some(tag) = r.child()? {
                        flag.read(tag, r)?;
                    }
                    email.flag = Some(flag);
                }
                E::MeetingRequest => email.read_meeting(r)?,
                AirSyncBase::Body => email.body = Some(Body::read(r)?),
                E::Body => Body::read_text(&mut email.body, r)?,
                E::MIMEData => {
                    Body::read_text(&mut email.body, r)?;
                    email.body.get_or_insert_default().body_type = BodyType::Mime;
                }
                E::BodyTruncated | E::MIMETruncated => {
                    Body::read_truncated(&mut email.body, r)?;
                }
                AirSyncBase::Attachments => email.attachments = Attachment::read_all(r)?,
                AirSyncBase::BodyPart => r.skip()?,
                _ => email.values.read(tag, r)?,
            }
        }
        Ok(email)
    }

    fn read_meeting(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        let mut meeting = Values::default();
        while let Some(tag) = r.child()? {
            match tag {
                E::Recurrences => {
                    while let Some(tag) = r.child()? {
                        match tag {
                            E::Recurrence => self.meeting_recurrence = Recurrence::read(r)?,
                            _ => r.skip()?,
                        }
                    }
                }
                AirSyncBase::Location => {
                    while let Some(tag) = r.child()? {
                        match tag {
                            AirSyncBase::DisplayName => meeting.read(tag, r)?,
                            _ => r.skip()?,
                        }
                    }
                }
                _ => meeting.read(tag, r)?,
            }
        }
        self.meeting = Some(meeting);
        Ok(())
    }

    pub(super) fn write(&self, w: &mut Writer, version: Version) {
        self.values.write_page(w, E::Subject.page());
        if let Some(flag) = &self.flag
            && version >= Version::V12_0
        {
            w.element(E::Flag, |w| {
                for (tag, text) in flag.iter() {
                    w.text(tag, text);
                }
            });
        }
        if version >= Version::V14_0 {
            write_list(w, E::Categories, E::Category, self.categories.as_deref());
        }
        if let Some(body) = &self.body {
            body.write(w);
        }
        if version >= Version::V16_0 {
            NewAttachment::write_all(&self.new_attachments, w);
        }
        for (tag, text) in self.values.iter() {
            if tag.page() != E::Subject.page() {
                w.text(tag, text);
            }
        }
    }
}
