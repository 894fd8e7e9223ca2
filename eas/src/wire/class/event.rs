//! Appointments and meetings ([MS-ASCAL]).

use super::{Attachment, Body, NewAttachment, Recurrence, Values, read_list, write_list};
use crate::wire::wbxml::pages::{AirSyncBase as B, Calendar as C};
use crate::wire::wbxml::{Error, Reader, Tag, Writer};
use crate::wire::{DateTime, Version};

/// An appointment, or what an exception changes of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Event {
    /// `Subject`, `StartTime`, `Timezone` and so on.
    pub values: Values,
    /// Categories.
    pub categories: Option<Vec<String>>,
    /// Who takes part.
    pub attendees: Option<Vec<Attendee>>,
    /// How it recurs. `Some(None)` is an empty element: no longer, or by an unknown pattern.
    pub recurrence: Option<Option<Recurrence>>,
    /// Occurrences that differ from the series, or are not.
    pub exceptions: Option<Vec<Exception>>,
    /// Its text.
    pub body: Option<Body>,
    /// Attachments that the server has.
    pub attachments: Vec<Attachment>,
    /// Attachments to add or to take away, from 16.0 on.
    pub new_attachments: Vec<NewAttachment>,
    /// Where it is, from 16.0 on: `DisplayName`, `Street`, `Latitude` and so on.
    pub location: Option<Values>,
}

/// Somebody who takes part in a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attendee {
    /// The address.
    pub email: String,
    /// The name shown.
    pub name: String,
    /// 0 unknown, 2 tentative, 3 accepted, 4 declined, 5 no answer. Not sent from 16.0 on.
    pub status: Option<u8>,
    /// 1 required, 2 optional, 3 a resource.
    pub attendee_type: Option<u8>,
}

/// An occurrence that differs from its series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exception {
    /// The start that the series gives it: `ExceptionStartTime` up to 14.1, `InstanceId` from 16.0
    /// on.
    pub original_start: Option<DateTime>,
    /// Whether there is no such occurrence.
    pub deleted: bool,
    /// What differs; what is absent is as in the series.
    pub event: Event,
}

/// What belongs to a series as a whole; no exception has it.
const SERIES_ALONE: &[Tag] = &[
    C::Timezone,
    C::UID,
    C::ClientUid,
    C::OrganizerName,
    C::OrganizerEmail,
    C::ResponseRequested,
    C::DisallowNewTimeProposal,
];

/// Whether a client may send a value in this version.
fn is_sent(tag: Tag, version: Version) -> bool {
    match tag {
        C::DtStamp | C::UID | C::OrganizerName | C::OrganizerEmail | C::Location => {
            version < Version::V16_0
        }
        C::ClientUid => version >= Version::V16_0,
        C::ResponseRequested | C::DisallowNewTimeProposal => version >= Version::V14_0,
        _ => true,
    }
}

/// In the order of the schema.
const ORDER: &[Tag] = &[
    C::Timezone,
    C::DtStamp,
    C::StartTime,
    C::Subject,
    C::UID,
    C::ClientUid,
    C::OrganizerName,
    C::OrganizerEmail,
    C::Location,
    C::EndTime,
    C::Sensitivity,
    C::BusyStatus,
    C::AllDayEvent,
    C::Reminder,
    C::MeetingStatus,
    C::ResponseRequested,
    C::DisallowNewTimeProposal,
];

impl Event {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let mut event = Self::default();
        while let Some(tag) = r.child()? {
            event.read_child(tag, r)?;
        }
        Ok(event)
    }

    fn read_child(&mut self, tag: Tag, r: &mut Reader<'_>) -> Result<(), Error> {
        match tag {
            C::Categories => self.categories = Some(read_list(r, C::Category)?),
            C::Attendees => self.attendees = Some(Attendee::read_all(r)?),
            C::Recurrence => self.recurrence = Some(Recurrence::read(r)?),
            C::Exceptions => self.exceptions = Some(Exception::read_all(r)?),
            B::Body => self.body = Some(Body::read(r)?),
            C::Body => Body::read_text(&mut self.body, r)?,
            C::BodyTruncated => Body::read_truncated(&mut self.body, r)?,
            B::Attachments => self.attachments = Attachment::read_all(r)?,
            B::Location => {
                let mut location = Values::default();
                while let Some(tag) = r.child()? {
                    location.read(tag, r)?;
                }
                self.location = Some(location);
            }
            _ => self.values.read(tag, r)?,
        }
        Ok(())
    }

    pub(super) fn write(&self, w: &mut Writer, version: Version) {
        let sent = ORDER.iter().filter(|tag| is_sent(**tag, version));
        self.values.write(w, sent);
        write_list(w, C::Categories, C::Category, self.categories.as_deref());
        if let Some(attendees) = &self.attendees {
            w.element(C::Attendees, |w| {
                attendees
                    .iter()
                    .for_each(|attendee| attendee.write(w, version));
            });
        }
        match &self.recurrence {
            None => {}
            Some(None) => w.empty(C::Recurrence),
            Some(Some(recurrence)) => recurrence.write_calendar(w),
        }
        if let Some(exceptions) = &self.exceptions {
            w.element(C::Exceptions, |w| {
                exceptions
                    .iter()
                    .for_each(|exception| exception.write(w, version));
            });
        }
        if let Some(body) = &self.body {
            body.write_in(w, version, C::Body);
        }
        if version < Version::V16_0 {
            return;
        }
        NewAttachment::write_all(&self.new_attachments, w);
        if let Some(location) = &self.location {
            w.element(B::Location, |w| {
                for (tag, text) in location.iter() {
                    w.text(tag, text);
                }
            });
        }
    }
}

impl Attendee {
    fn read_all(r: &mut Reader<'_>) -> Result<Vec<Self>, Error> {
        let mut all = Vec::new();
        while let Some(tag) = r.child()? {
            if tag != C::Attendee {
                r.skip()?;
                continue;
            }
            let mut attendee = Self::default();
            while let Some(tag) = r.child()? {
                match tag {
                    C::Email => attendee.email = r.text()?.into_owned(),
                    C::Name => attendee.name = r.text()?.into_owned(),
                    C::AttendeeStatus => attendee.status = r.number()?,
                    C::AttendeeType => attendee.attendee_type = r.number()?,
                    _ => r.skip()?,
                }
            }
            all.push(attendee);
        }
        Ok(all)
    }

    fn write(&self, w: &mut Writer, version: Version) {
        w.element(C::Attendee, |w| {
            w.text(C::Email, &self.email);
            w.text(C::Name, &self.name);
            if let Some(status) = self.status
                && version >= Version::V12_0
                && version < Version::V16_0
            {
                w.number(C::AttendeeStatus, status);
            }
            if let Some(kind) = self.attendee_type
                && version >= Version::V12_0
            {
                w.number(C::AttendeeType, kind);
            }
        });
    }
}

impl Exception {
    fn read_all(r: &mut Reader<'_>) -> Result<Vec<Self>, Error> {
        let mut all = Vec::new();
        while let Some(tag) = r.child()? {
            if tag != C::Exception {
                r.skip()?;
                continue;
            }
            let mut exception = Self::default();
            while let Some(tag) = r.child()? {
                match tag {
                    C::Deleted => exception.deleted = r.flag()?,
                    C::ExceptionStartTime | B::InstanceId => {
                        exception.original_start = DateTime::parse(&r.text()?);
                    }
                    // An exception has none of its own.
                    C::Exceptions => r.skip()?,
                    _ => exception.event.read_child(tag, r)?,
                }
            }
            all.push(exception);
        }
        Ok(all)
    }

    fn write(&self, w: &mut Writer, version: Version) {
        w.element(C::Exception, |w| {
            if self.deleted {
                w.flag(C::Deleted, true);
            }
            if let Some(start) = self.original_start {
                let start = start.compact().to_string();
                if version < Version::V16_0 {
                    w.text(C::ExceptionStartTime, &start);
                } else {
                    w.text(B::InstanceId, &start);
                }
            }
            if !self.deleted {
                let mut event = Event {
                    recurrence: None,
                    exceptions: None,
                    ..self.event.clone()
                };
                for tag in SERIES_ALONE {
                    event.values.remove(*tag);
                }
                event.write(w, version);
            }
        });
    }
}
