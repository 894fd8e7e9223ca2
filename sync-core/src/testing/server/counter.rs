use std::sync::atomic::{AtomicU64, Ordering};

/// A number that all connections of a server count up.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// How far it has come since the last [`reset`](Self::reset).
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Counts from 0 again.
    pub fn reset(&self) {
        self.0.store(0, Ordering::SeqCst);
    }

    /// Counts one more and says how many there are.
    pub(super) fn one(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst).saturating_add(1)
    }

    pub(super) fn add(&self, n: usize) {
        self.0.fetch_add(n as u64, Ordering::SeqCst);
    }

    /// Takes back what was counted too early; after a reset there is nothing to take back.
    #[cfg(feature = "testing-http-server")]
    pub(super) fn take_back(&self, n: usize) {
        let less = |count: u64| Some(count.saturating_sub(n as u64));
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
    }

    /// Rises to `n` if it is lower.
    #[cfg(feature = "testing-http-server")]
    pub(super) fn at_least(&self, n: u64) {
        self.0.fetch_max(n, Ordering::SeqCst);
    }
}
