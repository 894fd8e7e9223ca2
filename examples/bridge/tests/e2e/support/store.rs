//! A place that holds mail, as its owner works on it behind the program's back.

use std::collections::BTreeSet;

use testbed::Proxy;
use testbed::mail::Message;

use super::contents::{Contents, Entry};

/// A message in a store.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// The UID, or the file's name.
    pub(crate) key: String,
    pub(crate) entry: Entry,
}

/// An account or a Maildir. All of it panics when something goes wrong.
pub(crate) trait Store {
    /// The lines of its `[source.NAME]`.
    fn config(&self) -> String;

    /// The paths of its folders; `/` separates the levels.
    fn folders(&self) -> BTreeSet<String>;

    /// The messages of a folder, the oldest first.
    fn list(&self, folder: &str) -> Vec<Held>;

    fn create(&self, folder: &str);

    /// Adds messages; the folder is there.
    fn add(&self, folder: &str, messages: &[Message]);

    /// Puts these flags and keywords in the place of those that are there.
    fn set_flags(&self, folder: &str, held: &Held, flags: &[&str]);

    fn remove(&self, folder: &str, held: &[Held]);

    fn relocate(&self, from: &str, held: &Held, to: &str);

    /// Gives the messages of a folder other ids, as a new UIDVALIDITY does.
    fn void_ids(&self, folder: &str);

    /// Takes away all of it, folders and all.
    fn vanish(&self);

    /// Lines that change with everything that is written to it.
    fn fingerprint(&self) -> BTreeSet<String>;

    /// What stands between it and the program.
    fn proxy(&self) -> Option<&Proxy> {
        None
    }

    /// Waits until a server has ended what it did for clients that are gone.
    fn settle(&self) {}

    /// All that it holds.
    fn contents(&self) -> Contents {
        let mut contents = Contents::new();
        for folder in self.folders() {
            let mut entries: Vec<_> = self.list(&folder).into_iter().map(|h| h.entry).collect();
            entries.sort();
            if !entries.is_empty() {
                contents.insert(folder, entries);
            }
        }
        contents
    }

    /// The one message of a folder that is a copy of `entry`.
    #[track_caller]
    fn find(&self, folder: &str, entry: &Entry) -> Held {
        let mut all = self.list(folder);
        all.retain(|held| held.entry.is_copy_of(entry));
        all.into_iter().next().expect("the message is there")
    }
}
