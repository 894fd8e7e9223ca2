//! What the tests stand on: two places that hold mail, and the program between them.

mod account;
mod bridge;
mod contents;
mod edits;
pub(crate) mod mailboxes;
mod maildir;
mod server;
mod store;
mod world;

pub(crate) use account::Account;
pub(crate) use bridge::{Bridge, Run, finish};
pub(crate) use contents::{Contents, Entry, entry, insert};
pub(crate) use edits::edit;
pub(crate) use maildir::Maildir;
pub(crate) use server::{Server, Way};
pub(crate) use store::{Held, Store};
pub(crate) use world::{FOLDERS, Pairing, World, contents, few, fill, in_parallel, later, mail};
