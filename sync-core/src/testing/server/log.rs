//! What a server saw.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a server saw, in the order of its arrival.
#[derive(Debug)]
pub struct Log<T>(Mutex<Entries<T>>);

#[derive(Debug)]
struct Entries<T> {
    /// How many were forgotten: numbers go on, so that none is another entry's.
    forgotten: u64,
    kept: Vec<T>,
}

impl<T> Entries<T> {
    fn len(&self) -> u64 {
        u64::try_from(self.kept.len()).unwrap_or(u64::MAX)
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self(Mutex::new(Entries {
            forgotten: 0,
            kept: Vec::new(),
        }))
    }
}

impl<T> Log<T> {
    fn entries(&self) -> MutexGuard<'_, Entries<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry and says by which number it goes.
    pub fn push(&self, entry: T) -> u64 {
        let mut entries = self.entries();
        let number = entries.forgotten.saturating_add(entries.len());
        entries.kept.push(entry);
        number
    }

    /// Changes an entry, unless it was forgotten since.
    pub fn amend(&self, number: u64, change: impl FnOnce(&mut T)) {
        let mut entries = self.entries();
        let index = number.checked_sub(entries.forgotten);
        let index = index.and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| entries.kept.get_mut(index)) {
            change(entry);
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.entries().len()
    }

    /// The entries, as `show` shows them.
    pub fn map<U>(&self, show: impl FnMut(&T) -> U) -> Vec<U> {
        self.entries().kept.iter().map(show).collect()
    }

    /// Forgets all entries.
    pub fn clear(&self) {
        let mut entries = self.entries();
        entries.forgotten = entries.forgotten.saturating_add(entries.len());
        entries.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_forgotten_is_not_amended() {
        let log = Log::default();
        let first = log.push("first".to_owned());
        log.clear();
        let second = log.push("second".to_owned());
        log.amend(first, |entry| entry.push('!'));
        log.amend(second, |entry| entry.push('?'));
        assert_eq!(log.map(String::clone), ["second?"]);
        assert_eq!(log.count(), 1);
    }
}
