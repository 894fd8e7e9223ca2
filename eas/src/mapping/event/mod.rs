//! Appointments to and from iCalendar ([MS-ASCAL]; RFC 5545): a series with all its exceptions is one
//! VCALENDAR.
//!
//! What ActiveSync cannot hold: PRIORITY, URL, GEO, COMMENT, RDATE, RELATED-TO, SEQUENCE, alarms but the
//! first one before the start, RSVP and most other parameters of ATTENDEE, ATTACH (up to 14.1),
//! properties of one's own; from 16.0 on, also ATTENDEE and ORGANIZER when written, since the server
//! would mail invitations. None of them is written, and so none is ever missed: the merge takes only
//! what changed here.

mod from_ical;
pub(super) mod times;
mod to_ical;

pub use from_ical::from_ical;
pub use to_ical::to_ical;

const BUSY_STATUS: &str = "X-MICROSOFT-CDO-BUSYSTATUS";
const NO_COUNTER: &str = "X-MICROSOFT-DISALLOW-COUNTER";
