//! Appointments to and from iCalendar ([MS-ASCAL]; RFC 5545): a series with all its exceptions is one
//! VCALENDAR.
//!
//! What ActiveSync cannot hold: PRIORITY, URL, GEO, COMMENT, CONTACT, RESOURCES, RDATE, RELATED-TO,
//! SEQUENCE, STATUS:CONFIRMED, alarms but the first one before the start, what an alarm says, parameters
//! of texts, RSVP and most other parameters of ATTENDEE, an end in another zone than the start, ATTACH up to
//! 14.1, later ATTACH that only points to something, that of an override and a file above
//! [10 MiB](LARGEST_FILE), properties of one's own; from 16.0 on, also ATTENDEE and ORGANIZER when written, since the
//! server would mail invitations. None of them is written, and so none is ever missed: the merge takes
//! only what changed here.
//!
//! What comes back in another form: DURATION as DTEND, an end that was left out, what a rule takes from
//! the start (`FREQ=WEEKLY` names its day), UNTIL as a moment, a cancelled override as EXDATE, EXDATE and
//! RECURRENCE-ID in the zone of the series, a zone of one's own that has the rules of one that is known.

mod files;
mod from_ical;
pub(super) mod times;
mod to_ical;

pub use files::{LARGEST_FILE, retain_files};
pub use from_ical::from_ical;
pub use to_ical::to_ical;

const BUSY_STATUS: &str = "X-MICROSOFT-CDO-BUSYSTATUS";
const NO_COUNTER: &str = "X-MICROSOFT-DISALLOW-COUNTER";
