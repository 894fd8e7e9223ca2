//! Mail out of a POP3 mailbox of Dovecot.

mod bounds;
mod clock;
mod disturbed;
mod runs;
mod world;
