//! Calendars and address books: real Radicale, real SOGo and vdirs, in every pairing.

mod corpus;
mod dav;
mod faults;
mod guards;
mod invitations;
mod items;
mod kills;
mod merging;
mod pairings;
mod place;
mod world;
