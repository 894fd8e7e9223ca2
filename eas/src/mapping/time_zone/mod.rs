//! Time zones: Windows' rules in a blob of 172 bytes ([MS-ASDTYPE] section 2.7.6) to and from IANA's
//! names and VTIMEZONE (RFC 5545 section 3.6.5).

mod blob;
mod rules;
mod vtimezone;
mod windows;

pub use blob::{SystemTime, ZoneBlob};
pub use rules::{blob_of, iana_of_windows, zone_of};
pub use vtimezone::{Observance, blob_of_vtimezone, vtimezone};
