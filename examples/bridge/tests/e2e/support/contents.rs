//! What a store holds, in a form in which two stores can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use testbed::mail::Message;

/// A message without the name that its store gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) size: usize,
    pub(crate) hash: u64,
    /// Flags and keywords, in lower case.
    pub(crate) flags: BTreeSet<String>,
    /// INTERNALDATE, in Unix seconds.
    pub(crate) date: i64,
}

impl Entry {
    pub(crate) fn new(
        content: &[u8],
        flags: impl IntoIterator<Item = impl AsRef<str>>,
        date: i64,
    ) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        Self {
            size: content.len(),
            hash: hasher.finish(),
            flags: flags
                .into_iter()
                .map(|flag| flag.as_ref().to_ascii_lowercase())
                .filter(|flag| flag != "\\recent")
                .collect(),
            date,
        }
    }

    /// Whether both are the same message, whatever their flags.
    pub(crate) fn is_copy_of(&self, other: &Self) -> bool {
        (self.size, self.hash) == (other.size, other.hash)
    }
}

/// The entry that a message makes.
pub(crate) fn entry(message: &Message) -> Entry {
    let date = i64::try_from(message.internal_date).unwrap();
    Entry::new(&message.bytes, &message.flags, date)
}

/// The messages of each folder, sorted. Folders without any are left out.
pub(crate) type Contents = BTreeMap<String, Vec<Entry>>;

/// How many messages these are.
pub(crate) fn count(contents: &Contents) -> usize {
    contents.values().map(Vec::len).sum()
}

/// What only one of both has; nothing if they are equal.
pub(crate) fn difference(expected: &Contents, found: &Contents) -> Option<String> {
    if expected == found {
        return None;
    }
    let mut text = format!("expected {}, found {}", count(expected), count(found));
    let names: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    for name in names {
        let empty = Vec::new();
        let expected = expected.get(name).unwrap_or(&empty);
        let found = found.get(name).unwrap_or(&empty);
        for (what, here, there) in [("missing", expected, found), ("too much", found, expected)] {
            for entry in without(here, there).iter().take(5) {
                let _ = write!(text, "\n  {name}: {what}: {entry:?}");
            }
        }
    }
    Some(text)
}

/// What `here` has more of than `there`.
fn without(here: &[Entry], there: &[Entry]) -> Vec<Entry> {
    let mut rest = here.to_vec();
    for entry in there {
        if let Some(at) = rest.iter().position(|other| other == entry) {
            rest.swap_remove(at);
        }
    }
    rest
}

/// Adds messages to a folder.
pub(crate) fn insert(
    contents: &mut Contents,
    folder: &str,
    entries: impl IntoIterator<Item = Entry>,
) {
    let there = contents.entry(folder.to_owned()).or_default();
    there.extend(entries);
    there.sort();
}
