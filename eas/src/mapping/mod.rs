//! ActiveSync's items to and from RFC 5322, iCalendar (RFC 5545) and vCard (RFC 6350); pure.

pub mod time_zone;
