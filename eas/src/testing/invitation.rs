//! An invitation in a mail (RFC 6047), as a meeting.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::element::Element;
use crate::wire::wbxml::pages::{AirSyncBase as B, Calendar as C, Email as E, Email2 as E2};

/// Who invites to what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Invitation {
    pub(super) uid: String,
    start: String,
    end: String,
    subject: String,
    location: Option<String>,
    organizer: String,
}

impl Invitation {
    /// Reads the event of a `METHOD:REQUEST`, whose times are in UTC.
    pub(super) fn parse(ical: &str) -> Option<Self> {
        let unfolded = ical.replace("\r\n", "\n").replace("\n ", "");
        if !unfolded.contains("METHOD:REQUEST") {
            return None;
        }
        let value = |name: &str| {
            let inside = unfolded.split("BEGIN:VEVENT").nth(1)?;
            inside.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                let key = key.split(';').next()?;
                (key == name).then(|| value.to_owned())
            })
        };
        let organizer = value("ORGANIZER").unwrap_or_default();
        Some(Self {
            uid: value("UID")?,
            start: value("DTSTART").filter(|time| time.ends_with('Z'))?,
            end: value("DTEND").filter(|time| time.ends_with('Z'))?,
            subject: value("SUMMARY").unwrap_or_default(),
            location: value("LOCATION"),
            organizer: organizer.trim_start_matches("mailto:").to_owned(),
        })
    }

    /// What a mail tells of it ([MS-ASEMAIL] section 2.2.2.48), in the form of 14.1.
    pub(super) fn meeting_request(&self) -> Element {
        let mut all = vec![
            Element::text(E::AllDayEvent, "0"),
            Element::text(E::StartTime, extended(&self.start)),
            Element::text(E::DtStamp, extended(&self.start)),
            Element::text(E::EndTime, extended(&self.end)),
            Element::text(E::InstanceType, "0"),
        ];
        all.extend(self.location.iter().map(|l| Element::text(E::Location, l)));
        all.extend([
            Element::text(E::Organizer, &self.organizer),
            Element::text(E::ResponseRequested, "1"),
            Element::text(E::Sensitivity, "0"),
            Element::text(E::BusyStatus, "2"),
            Element::text(E::TimeZone, STANDARD.encode([0; 172])),
            Element::text(E::GlobalObjId, STANDARD.encode(global_object_id(&self.uid))),
            Element::text(E2::MeetingMessageType, "1"),
        ]);
        Element::new(E::MeetingRequest, all)
    }

    /// What stands in the calendar of who was invited and answered 1 accepted, 2 tentative.
    pub(super) fn event(&self, answer: u8) -> Vec<Element> {
        let mut all = vec![
            Element::text(C::Timezone, STANDARD.encode([0; 172])),
            Element::text(C::AllDayEvent, "0"),
            Element::text(C::StartTime, &self.start),
            Element::text(C::EndTime, &self.end),
            Element::text(C::DtStamp, &self.start),
            Element::text(C::Subject, &self.subject),
            Element::text(C::UID, &self.uid),
            Element::text(C::OrganizerEmail, &self.organizer),
            Element::text(C::Sensitivity, "0"),
            Element::text(C::BusyStatus, if answer == 1 { "2" } else { "1" }),
            Element::text(C::MeetingStatus, "3"),
            Element::text(C::ResponseType, if answer == 1 { "3" } else { "2" }),
        ];
        all.extend(self.location.iter().map(|l| Element::text(C::Location, l)));
        all
    }
}

/// Turns a meeting of a mail into the form of 16.0 and later.
pub(super) fn modern(meeting: &mut Element, uid: &str) {
    for child in &mut meeting.children {
        match child.tag {
            tag if tag == E::Location => {
                let name = Element::text(B::DisplayName, child.string());
                *child = Element::new(B::Location, [name]);
            }
            tag if tag == E::GlobalObjId => *child = Element::text(C::UID, uid),
            _ => {}
        }
    }
}

/// `2026-12-01T09:00:00.000Z` of `20261201T090000Z`.
fn extended(compact: &str) -> String {
    super::clock::parse_compact(compact).map_or_else(String::new, super::clock::extended)
}

/// An id with the UID in it ([MS-ASEMAIL] section 2.2.2.37).
fn global_object_id(uid: &str) -> Vec<u8> {
    let mut id = vec![
        0x04, 0, 0, 0, 0x82, 0, 0xE0, 0, 0x74, 0xC5, 0xB7, 0x10, 0x1A, 0x82,
    ];
    id.extend([0xE0, 0x08]);
    id.resize(36, 0);
    let length = u32::try_from(uid.len()).unwrap_or(0).saturating_add(13);
    id.extend(length.to_le_bytes());
    id.extend(b"vCal-Uid\x01\0\0\0");
    id.extend(uid.as_bytes());
    id.push(0);
    id
}
