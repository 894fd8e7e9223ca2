//! ActiveSync: a real SOGo, whose own CalDAV, CardDAV and IMAP say what is really there.

mod account;
mod held;
mod kills;
mod lost;
mod mail;
mod mail_faults;
mod mailboxes;
mod shared;
mod steps;

pub(crate) use account::Account;
