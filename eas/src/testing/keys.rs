//! Synchronisation keys, as a server keeps them.

/// What a device knew when it was given a key.
#[derive(Debug, Clone)]
struct Generation<T> {
    number: u64,
    state: T,
}

/// The keys of one folder, or of the folders as such, that a device may still use: the last one, and the
/// one before it, in case that the last answer was lost.
#[derive(Debug, Clone)]
pub(super) struct Keys<T> {
    /// Tells this beginning from the ones before.
    prime: u64,
    kept: Vec<Generation<T>>,
    /// Whether no key is ever given up.
    forever: bool,
}

impl<T: Clone> Keys<T> {
    /// The first key.
    pub(super) fn new(prime: u64, state: T, forever: bool) -> Self {
        Self {
            prime,
            kept: vec![Generation { number: 1, state }],
            forever,
        }
    }

    /// The last key that was given.
    pub(super) fn key(&self) -> String {
        let number = self.kept.last().map_or(0, |last| last.number);
        format!("{}-{number}", self.prime)
    }

    /// What the device knows that uses this key; none for a key that is void. What came after it was not
    /// heard of by the device, and is forgotten.
    pub(super) fn take(&mut self, key: &str) -> Option<&mut T> {
        let at = self.find(key)?;
        if !self.forever {
            self.kept.truncate(at.saturating_add(1));
        }
        self.kept.get_mut(at).map(|found| &mut found.state)
    }

    /// [`take`](Self::take), without a consequence.
    pub(super) fn peek(&self, key: &str) -> Option<&T> {
        let at = self.find(key)?;
        self.kept.get(at).map(|found| &found.state)
    }

    /// Goes on to the next key and gives it.
    pub(super) fn advance(&mut self, state: T) -> String {
        let number = self.kept.last().map_or(0, |last| last.number);
        let number = number.saturating_add(1);
        self.kept.push(Generation { number, state });
        if !self.forever && self.kept.len() > 2 {
            self.kept.remove(0);
        }
        self.key()
    }

    fn find(&self, key: &str) -> Option<usize> {
        let (prime, number) = key.split_once('-')?;
        let (prime, number): (u64, u64) = (prime.parse().ok()?, number.parse().ok()?);
        if prime != self.prime {
            return None;
        }
        self.kept.iter().position(|one| one.number == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_key_and_the_one_before_it_are_good() {
        let mut keys = Keys::new(7, "a", false);
        let first = keys.key();
        let second = keys.advance("b");
        let third = keys.advance("c");
        assert_eq!(keys.peek(&first), None);
        assert_eq!(keys.peek(&second), Some(&"b"));
        assert_eq!(keys.take(&second).copied(), Some("b"));
        assert_eq!(keys.peek(&third), None, "its answer was not heard");
        assert_eq!(keys.advance("d"), third, "the same request, the same key");
        assert_eq!(keys.take(&third).copied(), Some("d"));
        assert_eq!(Keys::new(8, "a", false).take(&first), None);
    }

    #[test]
    fn a_server_may_keep_all_of_them() {
        let mut keys = Keys::new(1, 0, true);
        let first = keys.key();
        let second = keys.advance(1);
        keys.advance(2);
        assert_eq!(keys.take(&first).copied(), Some(0));
        assert_eq!(keys.take(&second).copied(), Some(1));
    }
}
