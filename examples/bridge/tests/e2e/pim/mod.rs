//! Calendars and address books: real Radicale, real SOGo and vdirs, in every pairing.

pub(crate) mod corpus;
mod dav;
mod faults;
mod guards;
mod invitations;
pub(crate) mod items;
mod kills;
mod merging;
mod pairings;
pub(crate) mod place;
pub(crate) mod world;
