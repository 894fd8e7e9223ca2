//! The maildrop as one session sees it.

use sync_core::model::ItemId;
use tokio::time::Instant;

use crate::wire::ListEntry;

use super::cursor::{Fingerprint, Mark, Naming, Sample, Sizes};

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: Box<str>,
    pub(super) entry: ListEntry,
}

/// All messages that have a name, in the order of the maildrop.
#[derive(Debug)]
pub(super) struct View {
    pub(super) naming: Naming,
    pub(super) fingerprint: Fingerprint,
    /// When the session saw it: at its login.
    pub(super) seen: Instant,
    messages: Vec<Named>,
    /// Places in `messages`, in the order of the names.
    by_name: Vec<u32>,
    /// What could not be given a name, and why.
    pub(super) nameless: Vec<(u32, String)>,
}

impl View {
    pub(super) fn new(naming: Naming, seen: Instant, messages: Vec<Named>) -> Self {
        let mut view = Self {
            naming,
            fingerprint: Fingerprint::default(),
            seen,
            messages,
            by_name: Vec::new(),
            nameless: Vec::new(),
        };
        view.index();
        view
    }

    fn index(&mut self) {
        let messages = &self.messages;
        let count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        let name = |at: &u32| messages.get(place(*at)).map(|named| &*named.name);
        self.by_name = (0..count).collect();
        self.by_name.sort_unstable_by(|a, b| name(a).cmp(&name(b)));
        self.fingerprint = Fingerprint::of(messages.iter().map(|named| named.name.as_bytes()));
    }

    /// How many messages there are.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Number and size of a message, if it is there.
    pub(super) fn find(&self, id: &ItemId) -> Option<ListEntry> {
        let name = |at: &u32| self.messages.get(place(*at)).map(|named| &*named.name);
        let at = self
            .by_name
            .binary_search_by(|at| name(at).cmp(&Some(id.as_str())))
            .ok()?;
        let at = *self.by_name.get(at)?;
        Some(self.messages.get(place(at))?.entry)
    }

    /// What a cursor remembers of it.
    pub(super) fn mark(&self, sizes: Sizes) -> Mark {
        let name = |at| self.messages.get(at).map(|named: &Named| &*named.name);
        Mark {
            naming: self.naming,
            sizes,
            fingerprint: self.fingerprint,
            sample: Sample::of(self.messages.len(), name),
        }
    }

    /// Whether a cursor remembers just this.
    pub(super) fn is(&self, mark: &Mark) -> bool {
        (self.naming, self.fingerprint) == (mark.naming, mark.fingerprint)
    }

    /// Whether a name is that of two messages, or of none.
    pub(super) fn is_ambiguous(&self) -> bool {
        let name = |at: &u32| self.messages.get(place(*at)).map(|named| &*named.name);
        let twice = |pair: &[u32]| pair.first().and_then(name) == pair.last().and_then(name);
        self.by_name.first().and_then(name) == Some("") || self.by_name.windows(2).any(twice)
    }

    /// Whether there are messages, and none of those in a sample.
    pub(super) fn is_foreign_to(&self, sample: &Sample) -> bool {
        let known = || self.messages.iter().any(|named| sample.has(&named.name));
        !self.messages.is_empty() && !sample.is_empty() && !known()
    }

    /// Tells apart what LIST says.
    pub(super) fn octets(&self) -> Fingerprint {
        octets(self.messages.iter().map(|named| &named.entry))
    }

    /// Up to `count` messages from the place `from` on.
    pub(super) fn page(&self, from: usize, count: usize) -> &[Named] {
        let rest = self.messages.get(from..).unwrap_or_default();
        rest.get(..count).unwrap_or(rest)
    }

    /// The message that takes the fewest bytes to read, of those whose size is told.
    pub(super) fn smallest(&self) -> Option<&Named> {
        let told = self.messages.iter().filter(|named| named.entry.octets > 0);
        told.min_by_key(|named| named.entry.octets)
    }

    /// Leaves out messages that were removed.
    pub(super) fn remove(&mut self, ids: &[ItemId]) {
        let mut gone: Vec<&str> = ids.iter().map(ItemId::as_str).collect();
        gone.sort_unstable();
        self.messages
            .retain(|named| gone.binary_search(&&*named.name).is_err());
        self.index();
    }
}

/// Of the sizes of messages, without their numbers: they change when another one goes.
pub(super) fn octets<'a>(entries: impl Iterator<Item = &'a ListEntry>) -> Fingerprint {
    Fingerprint::of(entries.map(|entry| entry.octets.to_string()))
}

fn place(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(names: &[&str]) -> View {
        let named = |(number, name): (u32, &&str)| Named {
            name: (*name).into(),
            entry: ListEntry {
                number,
                octets: u64::from(number % 3),
            },
        };
        let messages = (1..).zip(names).map(named).collect();
        View::new(Naming::Uidl, Instant::now(), messages)
    }

    #[test]
    fn messages_are_found_by_name_and_listed_in_order() {
        let mut view = view(&["d", "b", "c", "a"]);
        let number = |view: &View, name: &str| view.find(&name.into()).map(|e| e.number);
        assert_eq!(number(&view, "d"), Some(1));
        assert_eq!(number(&view, "a"), Some(4));
        assert_eq!(number(&view, "e"), None);
        let names = |page: &[Named]| -> Vec<String> {
            page.iter().map(|named| named.name.to_string()).collect()
        };
        assert_eq!(names(view.page(0, 3)), ["d", "b", "c"]);
        assert_eq!(names(view.page(3, 3)), ["a"]);
        assert!(view.page(4, 3).is_empty() && view.page(9, 1).is_empty());
        // Number 3 has no size.
        assert_eq!(view.smallest().map(|named| named.entry.number), Some(1));
        let other = self::view(&["x", "y"]).mark(Sizes::Exact);
        let mark = view.mark(Sizes::Exact);
        assert!(view.is(&mark) && !view.is_foreign_to(&mark.sample));
        assert!(!view.is(&other) && view.is_foreign_to(&other.sample));
        assert!(!view.is_foreign_to(&Sample::default()));
        for (names, ambiguous) in [
            (&["a", "b"][..], false),
            (&["a", "b", "a"], true),
            (&["a", ""], true),
            (&[], false),
        ] {
            assert_eq!(self::view(names).is_ambiguous(), ambiguous, "{names:?}");
        }
        let before = view.fingerprint;
        view.remove(&["b".into(), "x".into(), "a".into()]);
        assert_eq!(names(view.page(0, 9)), ["d", "c"]);
        assert_eq!(number(&view, "c"), Some(3));
        assert_eq!(number(&view, "a"), None);
        assert_ne!(view.fingerprint, before);
    }
}
